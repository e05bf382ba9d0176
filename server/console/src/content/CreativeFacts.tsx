/** What is known of a creative, and what happened to it. */
import { bytes, dateTime, duration, today } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { originalOf, STATE_DOT, useFraudTypes, type Creative, type CreativeDetail, type CreativeState } from "./creatives"
import { words } from "./words"

export function StateDot({ state }: { state: CreativeState }) {
  const t = useWords(words)
  return <span className={`dot ${STATE_DOT[state]}`}>{t.states[state]}</span>
}

/** From when until when it may be shown, marked if that is not now. */
export function Validity({ creative: { valid_from: from, valid_until: until } }: { creative: Pick<Creative, "valid_from" | "valid_until"> }) {
  const t = useWords(words)
  const day = today()
  const text = from && until ? `${from} – ${until}` : from ? t.from(from) : until ? t.until(until) : t.always
  return (
    <>
      {text}
      {until && until < day && <span className="dot bad small" style={{ marginInlineStart: 8 }}>{t.expired}</span>}
      {from && from > day && <span className="dot wait small" style={{ marginInlineStart: 8 }}>{t.notYet}</span>}
    </>
  )
}

/** `wide` puts two facts on a line. */
export function Facts({ creative, wide }: { creative: CreativeDetail; wide?: boolean }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const fraudTypes = useFraudTypes()
  const { media } = creative
  return (
    <dl className={`facts${wide ? " two" : ""}`}>
      <dt>{t.state}</dt><dd><StateDot state={creative.state} /></dd>
      <dt>{t.kind}</dt><dd>{t.kinds[creative.kind]}</dd>
      <dt>{t.fraudType}</dt><dd>{fraudTypes.data?.find((f) => f.code === creative.fraud_type)?.name ?? creative.fraud_type}</dd>
      {creative.kind !== "slogan" && <><dt>{t.length}</dt><dd>{duration(creative.duration_ms, language)}</dd></>}
      {creative.kind === "poster" && <><dt>{t.fit}</dt><dd>{t.fits[creative.fit]}</dd></>}
      <dt>{t.validity}</dt><dd><Validity creative={creative} /></dd>
      {creative.file_name && <><dt>{t.fileName}</dt><dd><a href={originalOf(creative)} download={creative.file_name} title={t.download}>{creative.file_name}</a></dd></>}
      {creative.file_bytes != null && <><dt>{t.fileSize}</dt><dd>{bytes(creative.file_bytes)}</dd></>}
      {media?.width && <><dt>{t.pixels}</dt><dd>{media.width}×{media.height}</dd></>}
      {media && (
        <>
          <dt>{t.format}</dt>
          <dd>
            {[media.format, media.codec].filter((part, i, all) => part && all.indexOf(part) === i).join(" · ").toUpperCase()}
            {media.kind === "clip" && ` · ${media.sound ? t.withSound : t.silent}`}
          </dd>
        </>
      )}
      <dt>{t.author}</dt><dd>{creative.author}</dd>
      <dt>{t.updated}</dt><dd>{dateTime(creative.updated_at)}</dd>
    </dl>
  )
}

/** Who did what with it and when, the newest first. */
export function History({ creative }: { creative: CreativeDetail }) {
  const t = useWords(words)
  return (
    <ol className="history" aria-label={t.history}>
      {[...creative.history].reverse().map((line) => (
        <li key={`${line.at} ${line.step}`}>
          <span className="quiet">{dateTime(line.at)}</span>
          <b>{t.steps[line.step]}</b>
          <span>
            {line.by}
            {line.reason && <div>{t.reasonIs(line.reason)}</div>}
          </span>
        </li>
      ))}
    </ol>
  )
}

/** Why it was sent back the last time, while it still is. */
export function SentBack({ creative }: { creative: CreativeDetail }) {
  const t = useWords(words)
  const last = creative.history.at(-1)
  if (creative.state !== "rejected" || last?.step !== "reject") return null
  return (
    <div className="note-box bad" role="note">
      <b>{t.rejectedBecause(last.by)}</b>
      {last.reason}
    </div>
  )
}
