/** Whom a selector reaches right now, and what cannot be shown there and why. */
import { Segmented } from "antd"
import { useState } from "react"
import { useLanguage, useWords } from "../i18n/language"
import { useCreativeTitles } from "../content/creatives"
import { words as content } from "../content/words"
import { useVenueTypes } from "../screens/places"
import { Refused, Waiting } from "../shell/Page"
import { useReach, type Reach, type Selector } from "./campaigns"
import { words } from "./words"

/** So many names are shown of a list, the rest by scrolling. */
const NAMED = 50

export function ReachPanel({ selector, creatives }: { selector: Selector; creatives: string[] }) {
  const t = useWords(words)
  const reach = useReach(selector, creatives)
  return (
    <section aria-label={t.reach} aria-live="polite" aria-busy={reach.isPlaceholderData}>
      <h2>{t.reach}</h2>
      {reach.data ? <Found reach={reach.data} several={creatives.length > 1} /> : reach.error ? <Refused error={reach.error} retry={() => void reach.refetch()} /> : <Waiting />}
    </section>
  )
}

function Found({ reach, several }: { reach: Reach; several: boolean }) {
  const t = useWords(words)
  if (reach.screens === 0) {
    return (
      <div className="reach-warn" style={{ marginTop: 0 }}>
        <b>{t.reachNone}</b>
        <div>{t.reachNoneHint}</div>
      </div>
    )
  }
  return (
    <>
      <div className="reach-figure">
        <div><b>{reach.screens}</b>{t.reachScreens}</div>
        <div><b>{reach.venues}</b>{t.reachVenues}</div>
        {reach.empty_handed_screens > 0 && <div className="reach-nothing"><b>{reach.empty_handed_screens}</b>{t.reachNothing}</div>}
      </div>
      <EmptyHanded reach={reach} />
      <Counts reach={reach} />
      <div className="reach-sample">
        {reach.sample.slice(0, NAMED).map((s) => (
          <div key={s.id} className="clip-text" title={`${s.venue} ${s.name}`}>{s.venue} <span className="quiet">{s.name}</span></div>
        ))}
        {reach.screens > NAMED && <div className="quiet">{t.andMore(reach.screens - Math.min(NAMED, reach.sample.length))}</div>}
      </div>
      {several && <Unplayable reach={reach} />}
    </>
  )
}

/** How many screens by venue type or by township. */
function Counts({ reach }: { reach: Reach }) {
  const t = useWords(words)
  const types = useVenueTypes()
  const [by, setBy] = useState<"type" | "area">("type")
  const rows =
    by === "type"
      ? reach.by_type.map((one) => ({ key: one.type as string, name: types.data?.find((x) => x.code === one.type)?.name ?? one.name, screens: one.screens }))
      : reach.by_area.map((one) => ({ key: one.code, name: one.name, screens: one.screens }))
  return (
    <>
      <Segmented size="small" value={by} onChange={setBy} aria-label={t.countBy} options={[{ value: "type", label: t.byType }, { value: "area", label: t.byArea }]} />
      <ul className="reach-list" aria-label={by === "type" ? t.byType : t.byArea}>
        {rows.map((row) => (
          <li key={row.key}>
            <span>{row.name}</span>
            <span>{row.screens}</span>
          </li>
        ))}
      </ul>
    </>
  )
}

/** Screens that would have nothing to show: how many, why, and which. */
function EmptyHanded({ reach }: { reach: Reach }) {
  const t = useWords(words)
  const c = useWords(content)
  const { language } = useLanguage()
  if (reach.empty_handed_screens === 0) return null
  return (
    <div className="reach-warn" role="status">
      <b>{t.emptyHanded(reach.empty_handed_screens)}</b>
      {reach.empty_handed.map((alike) => (
        <details key={alike.reasons.map((r) => r.kind + r.reason).join()}>
          <summary>
            {t.emptyHandedHere(alike.screens)}
            <ul>
              {alike.reasons.map((r) => (
                <li key={r.kind + r.reason}>{c.kinds[r.kind]}{language === "zh" ? "：" : ": "}{t.reasons[r.reason]}</li>
              ))}
            </ul>
          </summary>
          <div className="reach-sample">
            {alike.sample.map((s) => (
              <div key={s.id} className="clip-text" title={`${s.venue} ${s.name}`}>{s.venue} {s.name}</div>
            ))}
            {alike.screens > alike.sample.length && <div>{t.andMore(alike.screens - alike.sample.length)}</div>}
          </div>
        </details>
      ))}
    </div>
  )
}

/** What of the content cannot be shown where. Of a single creative it would say what `EmptyHanded` has said. */
function Unplayable({ reach }: { reach: Reach }) {
  const t = useWords(words)
  const titles = useCreativeTitles()
  if (reach.unplayable.length === 0) return null
  return (
    <div className="reach-warn">
      <b>{t.unplayable}</b>
      <ul>
        {reach.unplayable.map((one) => (
          <li key={one.creative + one.reason}>{t.unplayableOn(titles.get(one.creative) ?? "…", one.screens, t.reasons[one.reason])}</li>
        ))}
      </ul>
    </div>
  )
}
