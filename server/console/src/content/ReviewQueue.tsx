/** What waits for review: the list on the left, the chosen one large on the right, the two answers below it. */
import { Button } from "antd"
import { useEffect, useMemo, useState } from "react"
import { useMay } from "../accounts/session"
import { ago } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useNow } from "../screens/screens"
import { Loaded, Nothing } from "../shell/Page"
import { words as shell } from "../shell/words"
import { useCreative, useCreatives, useFraudTypes, type Creative } from "./creatives"
import { Facts, History } from "./CreativeFacts"
import { Decide } from "./Decide"
import { Original } from "./Original"
import { RenditionsSection } from "./Renditions"
import { Thumbnail } from "./Thumbnail"
import { words } from "./words"

/** `first` is the creative to begin with. */
export function ReviewQueue({ first }: { first: string | null }) {
  const t = useWords(words)
  const pages = useCreatives({ state: "in_review" }, 10_000)
  // Longest waiting first.
  const waiting = useMemo(() => [...(pages.data?.pages.flatMap((page) => page.items) ?? [])].sort((a, b) => a.updated_at - b.updated_at), [pages.data])
  const [chosen, setChosen] = useState<string | null>(first)
  const at = Math.max(0, waiting.findIndex((c) => c.id === chosen))
  const current = waiting[at]
  useEffect(() => {
    if (current && current.id !== chosen) setChosen(current.id)
  }, [current, chosen])
  // After an answer the next one in the list comes up.
  const next = () => setChosen((waiting[at + 1] ?? waiting[at - 1])?.id ?? null)
  return (
    <Loaded query={pages}>
      {() =>
        current ? (
          <div className="review">
            <List waiting={waiting} current={current.id} onChoose={setChosen} more={pages.hasNextPage ? () => void pages.fetchNextPage() : undefined} />
            <Chosen key={current.id} id={current.id} onDone={next} />
          </div>
        ) : (
          <section className="panel"><Nothing title={t.reviewEmpty}>{t.reviewEmptyHint}</Nothing></section>
        )
      }
    </Loaded>
  )
}

function List({ waiting, current, onChoose, more }: { waiting: Creative[]; current: string; onChoose: (id: string) => void; more: (() => void) | undefined }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { language } = useLanguage()
  const now = useNow(30_000)
  const fraudTypes = useFraudTypes()
  return (
    <section className="panel flush" aria-label={t.reviewList}>
      <ul className="review-list">
        {waiting.map((c) => (
          <li key={c.id}>
            <button onClick={() => onChoose(c.id)} aria-current={c.id === current}>
              <Thumbnail creative={c} small />
              <span className="grow">
                <b>{c.title}</b>
                <span className="quiet small clip-text">{t.kinds[c.kind]} · {fraudTypes.data?.find((f) => f.code === c.fraud_type)?.name}</span>
                <span className="faint small">{c.author} · {t.waitingSince(ago(c.updated_at, now, language))}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {more && <div style={{ textAlign: "center", padding: 8 }}><Button size="small" onClick={more}>{common.more}</Button></div>}
    </section>
  )
}

function Chosen({ id, onDone }: { id: string; onDone: () => void }) {
  const t = useWords(words)
  const creative = useCreative(id)
  const mayReview = useMay("review")
  return (
    <section className="panel flush" aria-label={t.reviewing}>
      <Loaded query={creative}>
        {(data) => (
          <>
            <div className="review-body stack" style={{ gap: 18 }}>
              <h2 style={{ margin: 0, fontSize: 18 }}>{data.title}</h2>
              <div style={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr) 260px", gap: 20, alignItems: "start" }}>
                <div><Original creative={data} maxHeight={420} /></div>
                <Facts creative={data} />
              </div>
              <RenditionsSection creative={data} maxHeight={360} />
              <section>
                <h2 className="section-title">{t.history}</h2>
                <History creative={data} />
              </section>
            </div>
            <div className="review-foot">
              <span className="quiet small">{mayReview ? t.seen : t.notReviewer}</span>
              <Decide creative={data} onDone={onDone} />
            </div>
          </>
        )}
      </Loaded>
    </section>
  )
}
