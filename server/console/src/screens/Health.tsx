/** What a player says of the machine it runs on: a few facts beside the others, worrying ones marked. */
import { bytes, duration } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { healthWords } from "./healthWords"
import type { Screen } from "./screens"

/** From here on a machine behind a wall needs air. */
const HOT = 80
/** With less of its disk left, plays can soon not be recorded any more. */
const TIGHT = 0.05
/** From so many frames left out on, people see that what scrolls stumbles. */
const STUMBLING = 0.02
/** A correction smaller than this is the journey of a message. */
const WORTH_SAYING = 2_000

export function Health({ screen }: { screen: Screen }) {
  const t = useWords(healthWords)
  const { language } = useLanguage()
  const health = screen.status?.health
  if (!health) return null
  const unknown = <span className="faint">{t.unknown}</span>
  const known = (value: string, bad: boolean) => (bad ? <span className="dot bad">{value}</span> : value)
  const { temperature, disk_free: free, disk_total: total, memory, display, clock_synchronised: kept, clock_correction: correction = 0, damaged_files: damaged = 0 } = health
  const { cache_bytes: cached, frames_shown: shown = 0, frames_dropped: dropped = 0, frame_p99: p99, decoding } = health
  const { clip_frames_shown: moving = 0, clip_frames_dropped: missed = 0 } = health
  const lost = shown + dropped > 0 ? dropped / (shown + dropped) : 0
  return (
    <>
      <dt>{t.temperature}</dt><dd>{temperature == null ? unknown : known(t.degrees(temperature), temperature >= HOT)}</dd>
      <dt>{t.display}</dt><dd>{display ? known(t.displays[display], display !== "on") : unknown}</dd>
      <dt>{t.disk}</dt><dd>{free == null || !total ? unknown : known(t.of(bytes(free), bytes(total)), free < total * TIGHT)}</dd>
      <dt>{t.memory}</dt><dd>{memory == null ? unknown : bytes(memory)}</dd>
      <dt>{t.clockKept}</dt>
      <dd>
        {kept == null ? unknown : known(kept ? t.kept : t.notKept, !kept)}
        {Math.abs(correction) >= WORTH_SAYING && <div className="quiet small">{t.corrected(duration(Math.abs(correction), language))}</div>}
      </dd>
      {cached != null && <><dt>{t.cache}</dt><dd>{bytes(cached)}</dd></>}
      {p99 != null && (
        <>
          <dt>{t.pace}</dt><dd>{known(t.paceWords(`${(lost * 100).toFixed(2)}%`, (p99 / 1000).toFixed(1)), lost > STUMBLING)}</dd>
        </>
      )}
      {decoding && <><dt>{t.decoding}</dt><dd>{decoding.hardware ? t.hardware : t.software} <span className="quiet small">{decoding.decoder}</span></dd></>}
      {moving + missed > 0 && <><dt>{t.clipPace}</dt><dd>{known(t.clipPaceWords(`${((missed / (moving + missed)) * 100).toFixed(2)}%`), missed / (moving + missed) > STUMBLING)}</dd></>}
      <dt>{t.damaged}</dt><dd>{damaged ? known(t.damagedCount(damaged), true) : <span className="faint">{t.fine}</span>}</dd>
    </>
  )
}
