/** A screen's day to scale, expected against actual: gaps coloured by their likely cause, listed under it. */
import { LeftOutlined, RightOutlined } from "@ant-design/icons"
import { useQuery } from "@tanstack/react-query"
import { Button, DatePicker, Segmented, Select } from "antd"
import dayjs from "dayjs"
import { useEffect, useRef, useState } from "react"
import { Link, useSearchParams } from "react-router"
import { answered, api, type Schemas } from "../api/client"
import { clockTime, dateTime, duration, hourMinute, today } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useScreens } from "../screens/screens"
import { Loaded, Nothing } from "../shell/Page"
import { Enlarged, EvidenceStrip } from "./Evidence"
import { pictureAddress, useEvidence, type EvidenceDay, type EvidencePicture } from "./evidence"
import { evidenceWords } from "./evidenceWords"
import { recordsAt, type PlayFilter } from "./filter"
import { lookbackWords } from "./lookbackWords"
import { words } from "./words"
import "./lookback.css"

type ShownDay = Schemas["ShownDay"]
type ZoneDay = Schemas["ZoneDay"]
type Gap = Schemas["Gap"]

export function DayCompared() {
  const t = useWords(lookbackWords)
  const common = useWords(words)
  const screens = useScreens({}, 60_000)
  const [params, setParams] = useSearchParams()
  const screen = params.get("screen") ?? undefined
  const date = params.get("date") ?? today()
  const go = (to: { screen?: string | undefined; date?: string }) => {
    const next = { screen, date, ...to }
    setParams({ tab: "day", date: next.date, ...(next.screen ? { screen: next.screen } : {}) })
  }
  const move = (days: number) => go({ date: dayjs(date).add(days, "day").format("YYYY-MM-DD") })
  const day = useQuery({
    queryKey: ["shown-day", screen, date],
    queryFn: () => answered(api.GET("/api/v1/screens/{id}/shown", { params: { path: { id: screen ?? "" }, query: { date } } })),
    enabled: screen !== undefined,
    refetchInterval: 30_000,
  })
  const evidence = useEvidence(screen, date)
  return (
    <>
      <div className="filters">
        <Select allowClear showSearch optionFilterProp="label" placeholder={common.screen} aria-label={common.screen} value={screen} onChange={(chosen?: string) => go({ screen: chosen })} options={screens.data?.map((s) => ({ value: s.id, label: `${s.venue.name} ${s.name}` }))} style={{ width: 320 }} />
        <Button icon={<LeftOutlined />} aria-label={t.dayBefore} title={t.dayBefore} onClick={() => move(-1)} />
        <DatePicker aria-label={t.date} allowClear={false} value={dayjs(date)} onChange={(chosen) => chosen && go({ date: chosen.format("YYYY-MM-DD") })} disabledDate={(d) => d.format("YYYY-MM-DD") > today()} />
        <Button icon={<RightOutlined />} aria-label={t.dayAfter} title={t.dayAfter} disabled={date >= today()} onClick={() => move(1)} />
        {screen && <Link to={recordsAt({ screen, day_from: date, day_to: date })}>{t.records}</Link>}
      </div>
      {screen === undefined ? <Nothing inTable title={t.chooseScreen}>{t.chooseScreenHint}</Nothing> : (
        <Loaded query={day}>
          {(data) => (
            <div style={{ padding: 16 }}>
              <Compared key={`${screen} ${date}`} screen={screen} day={data} evidence={evidence.data} at={Number(params.get("at"))} />
              <Loaded query={evidence}>{(pictures) => <EvidenceStrip screen={screen} day={pictures} />}</Loaded>
            </div>
          )}
        </Loaded>
      )}
    </>
  )
}

/** What of the day the ribbon shows. */
interface View {
  start: number
  end: number
}

const HOUR = 3_600_000
/** Hours that the ribbon shows: a minute is hardly a point of a day, and a hand's breadth of an hour. */
const SPANS = [24, 6, 1] as const
type Span = (typeof SPANS)[number]

/** So much of a day around an instant, within the day. */
function viewOf(day: ShownDay, span: Span, around: number): View {
  const length = Math.min(span * HOUR, day.day.end - day.day.start)
  if (span === 24) return day.day
  const start = Math.min(Math.max(around - length / 2, day.day.start), day.day.end - length)
  // From whole ten minutes on (whole hours for six of them), so that the ruler reads well.
  const step = span === 1 ? HOUR / 6 : HOUR
  const from = Math.floor((start - day.day.start) / step) * step + day.day.start
  return { start: from, end: from + length }
}

/** Where a stretch lies in what is shown of the day; none if it does not. */
function placed(view: View, from: number, to: number): { left: string; width: string } | null {
  const [start, end] = [Math.max(from, view.start), Math.min(to, view.end)]
  if (end <= start) return null
  const percent = (ms: number) => `${(ms / (view.end - view.start)) * 100}%`
  return { left: percent(start - view.start), width: percent(end - start) }
}

/** A gap by its place in the day: answers that come later have the same ones as other objects. */
const nameOf = (zone: ZoneDay, gap: Gap) => `${zone.zone} ${gap.start}`

function Compared({ screen, day, evidence, at }: { screen: string; day: ShownDay; evidence: EvidenceDay | undefined; at: number }) {
  const t = useWords(lookbackWords)
  const common = useWords(words)
  const { language } = useLanguage()
  const zones = day.zones.filter((zone) => zone.expected_ms > 0)
  const gaps = zones.flatMap((zone) => zone.gaps.map((gap) => ({ zone, gap }))).sort((a, b) => a.gap.start - b.gap.start)
  // A link to a gap marks what is missing from then on.
  const asked = gaps.find(({ gap }) => gap.start <= at && at < gap.end)
  const [chosen, setChosen] = useState<string | null>(asked ? nameOf(asked.zone, asked.gap) : null)
  const mark = gaps.find(({ zone, gap }) => nameOf(zone, gap) === chosen)?.gap
  const [span, setSpan] = useState<Span>(asked ? 1 : 24)
  const [around, setAround] = useState(asked ? (asked.gap.start + asked.gap.end) / 2 : Math.min(day.reported_until ?? day.day.start, day.day.end))
  const view = viewOf(day, span, around)
  const ticks = span === 24 ? 8 : 6
  const zoom = (to: Span) => {
    if (mark) setAround((mark.start + mark.end) / 2)
    setSpan(to)
  }
  const shift = (way: number) => setAround((view.start + view.end) / 2 + way * (view.end - view.start))
  const marked = useRef<HTMLTableRowElement>(null)
  useEffect(() => marked.current?.scrollIntoView({ block: "nearest" }), [chosen])
  if (zones.length === 0) return <Nothing inTable title={t.noneExpected}>{t.noneExpectedHint}</Nothing>
  const causes = [...new Set(gaps.map(({ gap }) => gap.cause))]
  return (
    <>
      <div className="day-zoom">
        <Segmented size="small" aria-label={t.span} value={span} onChange={zoom} options={SPANS.map((value) => ({ value, label: t.spans[value] }))} />
        {span < 24 && (
          <>
            <Button size="small" icon={<LeftOutlined />} aria-label={t.earlier} title={t.earlier} disabled={view.start <= day.day.start} onClick={() => shift(-1)} />
            <span className="mono">{hourMinute(view.start, day.timezone)} – {hourMinute(view.end, day.timezone)}</span>
            <Button size="small" icon={<RightOutlined />} aria-label={t.later} title={t.later} disabled={view.end >= day.day.end} onClick={() => shift(1)} />
          </>
        )}
      </div>
      <div className="day-grid">
        <div className="day-ruler" aria-hidden>
          {Array.from({ length: ticks + 1 }, (_, nth) => view.start + ((view.end - view.start) / ticks) * nth).map((at, nth) => (
            <span key={at} style={{ left: `${(nth / ticks) * 100}%` }}>{nth === ticks && view.end === day.day.end ? "24:00" : hourMinute(at, day.timezone)}</span>
          ))}
        </div>
        {zones.map((zone) => <Lanes key={zone.zone} day={day} view={view} zone={zone} chosen={chosen} onChoose={setChosen} />)}
        {evidence && <PictureMarks screen={screen} day={day} view={view} evidence={evidence} />}
      </div>
      <div className="day-legend">
        <span><i style={{ background: "#c3d0dc" }} />{t.expected}</span>
        <span><i style={{ background: "#3d8b6b" }} />{t.shown}</span>
        {causes.map((cause) => <span key={cause}><i className={`gap-${cause}`} />{t.causes[cause]}</span>)}
        <span className="quiet">{day.reported_until ? t.reportedUntil(dateTime(day.reported_until, day.timezone)) : t.neverReported}</span>
      </div>
      <h2 className="section-title" style={{ marginTop: 20 }}>{t.gaps}</h2>
      {gaps.length === 0 ? <p className="quiet">{t.noGaps}</p> : (
        <table className="ribbon-table">
          <thead><tr><th>{t.from}</th><th>{t.lasts}</th><th>{t.cause}</th></tr></thead>
          <tbody>
            {gaps.slice(0, 200).map(({ zone, gap }) => {
              const mine = chosen === nameOf(zone, gap)
              return (
              <tr key={nameOf(zone, gap)} ref={mine ? marked : undefined} aria-selected={mine} style={mine ? { background: "#eef4f9" } : {}}>
                <td className="mono">{clockTime(gap.start, day.timezone)} – {clockTime(gap.end, day.timezone)}{zones.length > 1 && <span className="quiet"> {common.zones[zone.zone]}</span>}</td>
                <td>{duration(gap.end - gap.start, language)}</td>
                <td><span className={`swatch gap-${gap.cause}`} />{t.causes[gap.cause]}<div className="quiet small">{t.causeHints[gap.cause]} <BehindGap screen={screen} day={day} cause={gap.cause} /></div></td>
              </tr>
              )
            })}
          </tbody>
        </table>
      )}
    </>
  )
}

/** What the screen recorded of a cause, if it did: the plays of that day. */
function BehindGap({ screen, day, cause }: { screen: string; day: ShownDay; cause: Gap["cause"] }) {
  const t = useWords(lookbackWords)
  const recorded: Partial<Record<Gap["cause"], PlayFilter>> = {
    not_believed: { counted_as: "not_counted" },
    content: { status: "content_failure" },
    display: { status: "hardware_failure" },
    takeover: { takeover: true },
  }
  const filter = recorded[cause]
  return filter && <Link to={recordsAt({ screen, day_from: day.date, day_to: day.date, ...filter })}>{t.seeRecords}</Link>
}

/** Each picture under the minute at which it was taken, and a mark where one should have been. */
function PictureMarks({ screen, day, view, evidence }: { screen: string; day: ShownDay; view: View; evidence: EvidenceDay }) {
  const t = useWords(evidenceWords)
  const [open, setOpen] = useState<EvidencePicture | null>(null)
  const within = (at: number) => view.start <= at && at < view.end
  const place = (at: number) => ({ left: `${((at - view.start) / (view.end - view.start)) * 100}%` })
  const untaken = evidence.moments.filter((moment) => moment.state !== "taken")
  if (evidence.pictures.length + untaken.length === 0) return null
  return (
    <>
      <span className="day-name">{t.title}</span>
      <div className="day-pictures">
        {evidence.pictures.filter((p) => within(p.taken)).map((p) => {
          const label = `${hourMinute(p.taken, day.timezone)} ${p.proof ? t.proven : t.unproven}`
          return (
            <button key={`${p.taken}${p.digest}`} type="button" className={p.proof ? "" : "wait"} style={place(p.taken)} title={label} aria-label={label} onClick={() => setOpen(p)}>
              <img src={pictureAddress(screen, p.digest)} alt="" loading="lazy" />
            </button>
          )
        })}
        {untaken.filter(({ at }) => within(at)).map(({ at, state }) => <i key={at} className={state} style={place(at)} title={`${hourMinute(at, day.timezone)} ${state === "missing" ? t.missing : t.waiting}`} />)}
      </div>
      {open && <Enlarged screen={screen} picture={open} timezone={day.timezone} onClose={() => setOpen(null)} />}
    </>
  )
}

function Lanes({ day, view, zone, chosen, onChoose }: { day: ShownDay; view: View; zone: ZoneDay; chosen: string | null; onChoose: (gap: string) => void }) {
  const t = useWords(lookbackWords)
  const common = useWords(words)
  const percent = zone.expected_ms > 0 ? `${((zone.kept_ms / zone.expected_ms) * 100).toFixed(1)}%` : "—"
  return (
    <>
      <span className="day-name">{t.expected}</span>
      <div className="day-lane">
        {zone.expected.map((e) => {
          const style = placed(view, e.start, e.end)
          return style && <i key={e.start} className="expected" style={style} />
        })}
      </div>
      <span className="day-name">{common.zones[zone.zone]}</span>
      <div className="day-lane actual">
        {zone.shown.map((s) => {
          const style = placed(view, s.start, s.end)
          return style && <i key={s.start} className="shown" style={style} />
        })}
        {zone.gaps.map((gap) => {
          const style = placed(view, gap.start, gap.end)
          const label = `${hourMinute(gap.start, day.timezone)}–${hourMinute(gap.end, day.timezone)} ${t.causes[gap.cause]}`
          return style && <button key={gap.start} type="button" className={`gap-${gap.cause}${chosen === nameOf(zone, gap) ? " chosen" : ""}`} style={style} title={label} aria-label={label} onClick={() => onChoose(nameOf(zone, gap))} />
        })}
      </div>
      <b>{t.kept(percent)}</b>
    </>
  )
}
