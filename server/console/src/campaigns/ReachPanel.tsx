/** Whom a selector reaches right now, and what cannot be shown there and why. */
import { useDeferredValue } from "react"
import { useLanguage, useWords } from "../i18n/language"
import { useCreativeTitles } from "../content/creatives"
import { useVenueTypes } from "../screens/places"
import { Refused, Waiting } from "../shell/Page"
import { useReach, type Reach, type Selector } from "./campaigns"
import { words } from "./words"

/** So many names are written out; of the rest, their number. */
const NAMED = 6

export function ReachPanel({ selector, creatives }: { selector: Selector; creatives: string[] }) {
  const t = useWords(words)
  const reach = useReach(useDeferredValue(selector), useDeferredValue(creatives))
  return (
    <section aria-label={t.reach} aria-live="polite">
      <h2>{t.reach}</h2>
      {reach.data ? <Found reach={reach.data} /> : reach.error ? <Refused error={reach.error} retry={() => void reach.refetch()} /> : <Waiting />}
    </section>
  )
}

function Found({ reach }: { reach: Reach }) {
  const t = useWords(words)
  const types = useVenueTypes()
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
      </div>
      <ul className="reach-list" aria-label={t.byType}>
        {reach.by_type.map((one) => (
          <li key={one.type}>
            <span>{types.data?.find((x) => x.code === one.type)?.name ?? one.name}</span>
            <span>{one.screens}</span>
          </li>
        ))}
      </ul>
      <div className="reach-sample">
        {reach.sample.slice(0, 50).map((s) => (
          <div key={s.id} className="clip-text" title={`${s.venue} ${s.name}`}>{s.venue} <span className="quiet">{s.name}</span></div>
        ))}
      </div>
      <Unplayable reach={reach} />
    </>
  )
}

/** What of the content cannot be shown where. */
export function Unplayable({ reach }: { reach: Reach }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const titles = useCreativeTitles()
  if (reach.unplayable.length === 0 && reach.empty_handed.length === 0) return null
  const names = reach.empty_handed.slice(0, NAMED).join(language === "zh" ? "、" : ", ")
  return (
    <div className="reach-warn">
      <b>{t.unplayable}</b>
      <ul>
        {reach.unplayable.map((one) => (
          <li key={one.creative + one.reason}>{t.unplayableOn(titles.get(one.creative) ?? "…", one.screens, one.detail)}</li>
        ))}
        {reach.empty_handed.length > 0 && (
          <li>{t.emptyHanded(names + (reach.empty_handed.length > NAMED ? t.more(reach.empty_handed.length) : ""), reach.empty_handed.length)}</li>
        )}
      </ul>
    </div>
  )
}
