/** A screen's day to scale, expected against actual: gaps coloured by their likely cause, listed under it. */
import { useQuery } from "@tanstack/react-query"
import { Button, DatePicker, Select } from "antd"
import dayjs from "dayjs"
import { useState } from "react"
import { answered, api, type Schemas } from "../api/client"
import { clockTime, dateTime, duration, hourMinute, today } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useScreens } from "../screens/screens"
import { Loaded, Nothing } from "../shell/Page"
import { EvidenceStrip } from "./Evidence"
import { useEvidence, type EvidenceDay } from "./evidence"
import { evidenceWords } from "./evidenceWords"
import { lookbackWords } from "./lookbackWords"
import { words } from "./words"
import "./lookback.css"

type ShownDay = Schemas["ShownDay"]
type ZoneDay = Schemas["ZoneDay"]
type Gap = Schemas["Gap"]

export function DayCompared({ screen, onScreen, onRecords }: { screen: string | undefined; onScreen: (id: string | undefined) => void; onRecords: (day: string) => void }) {
  const t = useWords(lookbackWords)
  const common = useWords(words)
  const screens = useScreens({}, 60_000)
  const [date, setDate] = useState(today())
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
        <Select allowClear showSearch optionFilterProp="label" placeholder={common.screen} aria-label={common.screen} value={screen} onChange={onScreen} options={screens.data?.map((s) => ({ value: s.id, label: `${s.venue.name} ${s.name}` }))} style={{ width: 320 }} />
        <DatePicker aria-label={t.date} allowClear={false} value={dayjs(date)} onChange={(chosen) => chosen && setDate(chosen.format("YYYY-MM-DD"))} disabledDate={(d) => d.format("YYYY-MM-DD") > today()} />
        {screen && <Button type="link" onClick={() => onRecords(date)}>{t.records}</Button>}
      </div>
      {screen === undefined ? <Nothing inTable title={t.chooseScreen}>{t.chooseScreenHint}</Nothing> : (
        <Loaded query={day}>
          {(data) => (
            <div style={{ padding: 16 }}>
              <Compared day={data} evidence={evidence.data} />
              <Loaded query={evidence}>{(pictures) => <EvidenceStrip screen={screen} day={pictures} />}</Loaded>
            </div>
          )}
        </Loaded>
      )}
    </>
  )
}

function Compared({ day, evidence }: { day: ShownDay; evidence: EvidenceDay | undefined }) {
  const t = useWords(lookbackWords)
  const common = useWords(words)
  const { language } = useLanguage()
  const zones = day.zones.filter((zone) => zone.expected_ms > 0)
  const gaps = zones.flatMap((zone) => zone.gaps.map((gap) => ({ zone, gap }))).sort((a, b) => a.gap.start - b.gap.start)
  const [chosen, setChosen] = useState<Gap | null>(null)
  if (zones.length === 0) return <Nothing inTable title={t.noneExpected}>{t.noneExpectedHint}</Nothing>
  const causes = [...new Set(gaps.map(({ gap }) => gap.cause))]
  return (
    <>
      <div className="day-grid">
        <div className="day-ruler" aria-hidden>
          {[0, 3, 6, 9, 12, 15, 18, 21, 24].map((h) => (
            <span key={h} style={{ left: `${(h / 24) * 100}%` }}>{String(h).padStart(2, "0")}:00</span>
          ))}
        </div>
        {zones.map((zone) => <Lanes key={zone.zone} day={day} zone={zone} chosen={chosen} onChoose={setChosen} />)}
        {evidence && <PictureMarks day={day} evidence={evidence} />}
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
            {gaps.slice(0, 200).map(({ zone, gap }) => (
              <tr key={`${zone.zone}-${gap.start}`} style={chosen === gap ? { background: "#eef4f9" } : {}}>
                <td className="mono">{clockTime(gap.start, day.timezone)} – {clockTime(gap.end, day.timezone)}{zones.length > 1 && <span className="quiet"> {common.zones[zone.zone]}</span>}</td>
                <td>{duration(gap.end - gap.start, language)}</td>
                <td><span className={`swatch gap-${gap.cause}`} />{t.causes[gap.cause]}<div className="quiet small">{t.causeHints[gap.cause]}</div></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}

/** A mark at each minute at which a picture was taken, or should have been. */
function PictureMarks({ day, evidence }: { day: ShownDay; evidence: EvidenceDay }) {
  const t = useWords(evidenceWords)
  const place = (at: number) => ({ left: `${((at - day.day.start) / (day.day.end - day.day.start)) * 100}%` })
  const untaken = evidence.moments.filter((moment) => moment.state !== "taken")
  if (evidence.pictures.length + untaken.length === 0) return null
  return (
    <>
      <span className="day-name">{t.title}</span>
      <div className="day-lane pictures">
        {evidence.pictures.map((p) => <i key={`${p.taken}${p.digest}`} className={p.proof ? "" : "wait"} style={place(p.taken)} title={`${hourMinute(p.taken, day.timezone)} ${p.proof ? t.proven : t.unproven}`} />)}
        {untaken.map(({ at, state }) => <i key={at} className={state} style={place(at)} title={`${hourMinute(at, day.timezone)} ${state === "missing" ? t.missing : t.waiting}`} />)}
      </div>
    </>
  )
}

function Lanes({ day, zone, chosen, onChoose }: { day: ShownDay; zone: ZoneDay; chosen: Gap | null; onChoose: (gap: Gap) => void }) {
  const t = useWords(lookbackWords)
  const common = useWords(words)
  const length = day.day.end - day.day.start
  const place = (from: number, to: number) => ({ left: `${((from - day.day.start) / length) * 100}%`, width: `${((to - from) / length) * 100}%` })
  const percent = zone.expected_ms > 0 ? `${((zone.kept_ms / zone.expected_ms) * 100).toFixed(1)}%` : "—"
  return (
    <>
      <span className="day-name">{t.expected}</span>
      <div className="day-lane">{zone.expected.map((e) => <i key={e.start} className="expected" style={place(e.start, e.end)} />)}</div>
      <span className="day-name">{common.zones[zone.zone]}</span>
      <div className="day-lane actual">
        {zone.shown.map((s) => <i key={s.start} className="shown" style={place(Math.max(s.start, day.day.start), Math.min(s.end, day.day.end))} />)}
        {zone.gaps.map((gap) => (
          <button key={gap.start} className={`gap-${gap.cause}${chosen === gap ? " chosen" : ""}`} style={place(gap.start, gap.end)} title={`${hourMinute(gap.start, day.timezone)}–${hourMinute(gap.end, day.timezone)} ${t.causes[gap.cause]}`} aria-label={`${hourMinute(gap.start, day.timezone)}–${hourMinute(gap.end, day.timezone)} ${t.causes[gap.cause]}`} onClick={() => onChoose(gap)} />
        ))}
      </div>
      <b>{t.kept(percent)}</b>
    </>
  )
}
