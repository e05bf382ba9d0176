/** For one screen and any minute: what plays, which booking put it there, and why the others did not. */
import { useQuery } from "@tanstack/react-query"
import { Button, DatePicker } from "antd"
import type { Dayjs } from "dayjs"
import { useState } from "react"
import { answered, api, type Schemas } from "../api/client"
import { modeText, type Mode } from "../campaigns/modes"
import { modeWords } from "../campaigns/modeWords"
import { clockTime, dateTime, instantOf } from "../i18n/format"
import { useWords } from "../i18n/language"
import { Loaded } from "../shell/Page"
import { explainWords } from "./explainWords"
import { words } from "./words"

type Explanation = Schemas["ExplanationView"]
type Zone = Schemas["ZoneExplanation"]

/** `timezone` is the screen's; the time chosen is taken as its local time. */
export function Explain({ screen, timezone }: { screen: string; timezone: string }) {
  const t = useWords(explainWords)
  const [at, setAt] = useState<Dayjs | null>(null)
  const instant = at ? instantOf(at.format("YYYY-MM-DD HH:mm"), timezone) : null
  const explained = useQuery({
    queryKey: ["explain", screen, instant ?? "now"],
    queryFn: () => answered(api.GET("/api/v1/screens/{id}/explain", { params: { path: { id: screen }, query: instant ? { at: instant } : {} } })),
    placeholderData: (before) => before,
    refetchInterval: at ? false : 10_000,
  })
  return (
    <section aria-label={t.title}>
      <div className="row" style={{ marginBottom: 8 }}>
        <DatePicker aria-label={t.at} showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" value={at} placeholder={t.now} onChange={setAt} />
        {at && <Button type="link" size="small" onClick={() => setAt(null)}>{t.now}</Button>}
        {explained.data && <span className="quiet small">{dateTime(explained.data.at, timezone)}</span>}
      </div>
      <Loaded query={explained}>{(data) => <Answer data={data} />}</Loaded>
    </section>
  )
}

function Answer({ data }: { data: Explanation }) {
  const t = useWords(explainWords)
  const time = (ms: number) => clockTime(ms, data.timezone)
  return (
    <>
      {data.replanned && <p className="dot wait">{t.replanned}</p>}
      {data.takeover && <p className="dot bad">{t.takenOver(data.takeover.title, time(data.takeover.expires))}</p>}
      {data.zones.map((zone) => <ZoneAnswer key={zone.zone} zone={zone} timezone={data.timezone} />)}
      {data.absent.length > 0 && (
        <>
          <b className="small">{t.absent}</b>
          <ul className="quiet small" style={{ margin: "4px 0 8px", paddingInlineStart: 18 }}>
            {data.absent.map((b) => <li key={b.booking}>{b.name}：{b.why ? t.unplayable[b.why] : t.noCreatives}</li>)}
          </ul>
        </>
      )}
      {data.elsewhere.length > 0 && (
        <p className="faint small" style={{ margin: 0 }} title={data.elsewhere.map((b) => b.name).join("\n")}>{t.elsewhere(data.elsewhere.length)}</p>
      )}
    </>
  )
}

function ZoneAnswer({ zone, timezone }: { zone: Zone; timezone: string }) {
  const t = useWords(explainWords)
  const common = useWords(words)
  const modes = useWords(modeWords)
  const { shows } = zone
  const time = (ms: number) => clockTime(ms, timezone)
  return (
    <div style={{ marginBottom: 12 }}>
      <div style={{ marginBottom: 4 }}>
        <b>{common.zones[zone.zone]}</b>{" "}
        {shows ? (
          <>
            {shows.title}
            <span className="quiet small" style={{ marginInlineStart: 8 }}>
              {shows.start ? t.span(time(shows.start), time(shows.end)) : `${t.held} ${time(shows.end)}`}
              {shows.booking && ` · ${shows.booking.name}`}
              {shows.slot && shows.slots ? ` · ${t.place(shows.slot, shows.slots)}` : ""}
            </span>
          </>
        ) : (
          <span className="quiet">{zone.zone === "audio" ? t.silent : t.nothing}</span>
        )}
      </div>
      {zone.bookings.length === 0 ? (
        <p className="faint small" style={{ margin: 0 }}>{t.none}</p>
      ) : (
        <table className="ribbon-table" style={{ marginTop: 0 }}>
          <thead>
            <tr><th>{t.booking}</th><th>{t.mode}</th><th>{t.why}</th><th className="num">{t.next}</th></tr>
          </thead>
          <tbody>
            {zone.bookings.map((b) => (
              <tr key={b.booking}>
                <td title={b.campaign_name ?? undefined}>{b.name}</td>
                <td className="quiet small">{b.mode ? modeText(modes, b.mode as Mode, null) : ""}</td>
                <td><span className={`dot ${DOT[b.why]}`}>{t.whys[b.why]}{b.detail && `：${b.detail}`}</span>{b.catching_up && <div className="quiet small">{b.catching_up}</div>}
                  {b.left_out.map((one) => <div key={one.creative} className="quiet small">{t.leftOut(one.title, t.unplayable[one.why])}</div>)}
                </td>
                <td className="num">{b.next ? time(b.next) : b.why === "waits" ? t.notToday : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

const DOT: Record<Schemas["Why"], string> = {
  on_air: "good",
  taken_over: "bad",
  wall_off: "wait",
  waits: "info",
  waits_for_event: "info",
  out_of_window: "off",
  closed: "off",
  not_valid: "wait",
  unscheduled: "wait",
}
