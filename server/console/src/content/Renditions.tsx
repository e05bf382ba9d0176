/** What each class of screens is given of a creative: the file itself, and how long and how fast. */
import { Spin } from "antd"
import { duration } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { Refused } from "../shell/Page"
import { byZone, isMade, renditionFile, thumbnailOf, useRenditions, type Creative, type Rendition } from "./creatives"
import { words } from "./words"
import { ZonePreview } from "./ZonePreview"

interface Props {
  creative: Creative
  /** Most that a picture may be high when it is fitted. */
  maxHeight?: number
}

export function RenditionsSection(props: Props) {
  const t = useWords(words)
  const sound = props.creative.kind === "audio"
  const title = sound ? t.renditionsSound : t.renditions
  return (
    <section aria-label={title}>
      <h2 className="section-title">{title} <span className="quiet small" style={{ fontWeight: 400 }}>{sound ? t.renditionsSoundLead : t.renditionsLead}</span></h2>
      <Renditions {...props} />
    </section>
  )
}

function Renditions({ creative, maxHeight }: Props) {
  const t = useWords(words)
  const renditions = useRenditions(creative)
  const made = isMade(creative.state)
  if (renditions.error && !renditions.data) return <Refused error={renditions.error} retry={() => void renditions.refetch()} />
  const items = byZone(renditions.data ?? [])
  if (items.length === 0) {
    if (creative.state === "withdrawn") return <p className="quiet">{t.renditionsWithdrawn}</p>
    if (!made) return <p className="quiet">{t.renditionsDraft}</p>
    // A minute after the step something should be there, unless no screen plays this kind at all.
    const waiting = creative.kind === "clip" || Date.now() - creative.updated_at < 60_000
    return waiting ? (
      <p className="quiet row" role="status"><Spin size="small" /> {t.renditionsWaiting}</p>
    ) : (
      <p className="quiet">{t.renditionsNone}</p>
    )
  }
  return (
    <div className="class-list">
      {items.map((item) => (
        <OneClass creative={creative} key={`${item.screen_kind} ${item.zone} ${item.zone_size.width}×${item.zone_size.height}`} item={item} maxHeight={maxHeight} />
      ))}
    </div>
  )
}

function OneClass({ creative, item, maxHeight }: { creative: Creative; item: Rendition; maxHeight: number | undefined }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const name = t.className(t.screenKinds[item.screen_kind], t.zones[item.zone])
  const led = item.screen_kind === "led_strip" || item.screen_kind === "led_wall"
  return (
    <section aria-label={name}>
      <div className="class-head">
        <b>{name}</b>
        {item.zone !== "audio" && <span className="quiet">{item.zone_size.width}×{item.zone_size.height}</span>}
        {item.show === "strip" && <span className="quiet">{item.scrolls ? t.scrolls(item.pixels_per_second ?? 0) : t.stands}</span>}
        {item.duration_ms != null && <span className="quiet">{t.oncePer(duration(item.duration_ms, language))}</span>}
      </div>
      {item.problem && <div className="class-problem">{item.problem}</div>}
      {item.digest && item.size && (item.show === "picture" || item.show === "strip") && (
        <ZonePreview
          src={renditionFile(item.digest)}
          zone={item.zone_size}
          size={item.size}
          speed={item.scrolls ? item.pixels_per_second : null}
          led={led}
          label={t.previewOf(name)}
          maxHeight={maxHeight}
        />
      )}
      {item.digest && item.show === "clip" && (
        <div className="original">
          <video src={renditionFile(item.digest)} poster={thumbnailOf(creative)} controls preload="metadata" aria-label={t.previewOf(name)} style={{ maxHeight: maxHeight ?? 260 }} />
        </div>
      )}
      {item.digest && item.show === "sound" && <audio src={renditionFile(item.digest)} controls preload="metadata" aria-label={t.previewOf(name)} style={{ width: "100%" }} />}
    </section>
  )
}
