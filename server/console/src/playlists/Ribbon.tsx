/**
 * A screen's day to scale: for each zone its dayparts, banded by how much airtime each booking has, one colour each;
 * under it one round of the chosen daypart's loop, and what every booking gets in the day.
 */
import { useMemo, useState } from "react"
import type { Schemas } from "../api/client"
import { modeText, type Mode } from "../campaigns/modes"
import { modeWords } from "../campaigns/modeWords"
import { useCreativeTitles } from "../content/creatives"
import { duration, hourMinute } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useNow } from "../screens/screens"
import { words } from "./words"
import "./ribbon.css"

export type DayTimeline = Schemas["DayTimeline"]
type Daypart = Schemas["DaypartView"]

// One hue per campaign, distinct at small sizes and calm beside each other; red is not among them: it means takeover.
const COLOURS = ["#2f6f9f", "#3d8b6b", "#8a6fb0", "#b5803a", "#4f7f8c", "#7a8a3c", "#a4627f", "#5d6f9e", "#96705a", "#557a55"]

const DAY = 24 * 3600_000

/** One hue per campaign, in the order in which the day names them; a campaign's bookings are shades of it. */
function colouring(day: DayTimeline): (booking: string) => string {
  const hues = new Map<string, string>()
  const seen = new Map<string, number>()
  const of = new Map<string, string>()
  for (const b of day.bookings) {
    const campaign = b.campaign ?? b.booking
    if (!hues.has(campaign)) hues.set(campaign, COLOURS[hues.size % COLOURS.length] ?? "#8592a1")
    const nth = seen.get(campaign) ?? 0
    seen.set(campaign, nth + 1)
    // 100, 72, 86, 58 … percent: neighbours in the list are told apart.
    const strength = [100, 66, 83, 52, 92, 74][nth % 6]
    of.set(b.booking, `color-mix(in oklab, ${hues.get(campaign)} ${strength}%, ${nth % 2 ? "#dfe7ee" : "#22303c"})`)
  }
  return (booking) => of.get(booking) ?? "#8592a1"
}

/** What a slot is marked with besides its colour. */
type Kind = NonNullable<Schemas["TimelineSlot"]["kind"]>

/** The local midnight that begins the day, from the date and the zone's offset at noon. */
function startOf(date: string, timezone: string): number {
  const noon = Date.parse(`${date}T12:00:00Z`)
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: timezone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(noon)
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value)
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"))
  return Date.parse(`${date}T00:00:00Z`) - (shown - noon)
}

export function Ribbon({ day }: { day: DayTimeline }) {
  const t = useWords(words)
  const modes = useWords(modeWords)
  const { language } = useLanguage()
  const now = useNow(30_000)
  const colour = useMemo(() => colouring(day), [day])
  const midnight = startOf(day.date, day.timezone)
  const zones = day.zones.filter((z) => z.dayparts.length > 0)
  const [chosen, setChosen] = useState<{ zone: string; index: number } | null>(null)
  // Without a choice: what runs now, else the first daypart of the first zone.
  const current = useMemo(() => {
    for (const zone of zones) {
      const index = zone.dayparts.findIndex((p) => !p.single && p.start <= now && now < p.end)
      if (index >= 0) return { zone: zone.zone as string, index }
    }
    return zones[0] ? { zone: zones[0].zone as string, index: Math.max(0, zones[0].dayparts.findIndex((p) => !p.single)) } : null
  }, [zones, now])
  const at = chosen ?? current
  const part = zones.find((z) => z.zone === at?.zone)?.dayparts[at?.index ?? 0]
  if (zones.length === 0 && day.not_played.length === 0) return <p className="quiet">{t.nothing}</p>
  const time = (ms: number) => (ms >= midnight + DAY ? "24:00" : hourMinute(ms, day.timezone))
  return (
    <div className="ribbon" role="group" aria-label={t.ribbon(day.date)}>
      <div className="ribbon-grid">
        <div className="ribbon-ruler" aria-hidden>
          {[0, 3, 6, 9, 12, 15, 18, 21, 24].map((h) => (
            <span key={h} style={{ left: `${(h / 24) * 100}%` }}>{String(h).padStart(2, "0")}:00</span>
          ))}
        </div>
        {zones.map((zone) => (
          <Lane key={zone.zone} name={t.zones[zone.zone]}>
            {zone.dayparts.map((p, index) => p.single ? (
              <span key={p.start} className="ribbon-single" style={{ left: `${((p.start - midnight) / DAY) * 100}%` }} title={t.single(p.slots[0]?.title ?? "", time(p.start))} />
            ) : (
              <button
                key={p.start}
                className={`ribbon-part${at?.zone === zone.zone && at.index === index ? " chosen" : ""}`}
                style={{ left: `${((p.start - midnight) / DAY) * 100}%`, width: `${((p.end - p.start) / DAY) * 100}%` }}
                title={t.daypart(time(p.start), time(p.end))}
                aria-label={t.daypartLabel(t.zones[zone.zone], time(p.start), time(p.end))}
                aria-pressed={at?.zone === zone.zone && at.index === index}
                onClick={() => setChosen({ zone: zone.zone, index })}
              >
                {shares(p).map(([booking, share]) => (
                  <i key={booking} style={{ background: colour(booking), flex: `${share} 0 0` }} />
                ))}
              </button>
            ))}
            {now >= midnight && now < midnight + DAY && <span className="ribbon-now" title={t.now} style={{ left: `${((now - midnight) / DAY) * 100}%` }} />}
          </Lane>
        ))}
      </div>
      {part && at && (
        <>
          <div className="loop-head">
            <b>{t.loop(t.zones[at.zone as keyof typeof t.zones], time(part.start), time(part.end))}</b>
            <span className="quiet small">{t.loopLength(duration(part.loop_length, language), Math.max(1, Math.round((part.end - part.start) / Math.max(1, part.loop_length))))}</span>
          </div>
          <div className="loop-bar" role="list">
            {part.slots.map((slot, i) => (
              <span key={i} role="listitem" className={`slot-${slot.kind ?? "share"}`} style={{ flex: `${slot.duration} 0 0`, background: colour(slot.booking) }} title={t.slot(i + 1, slot.title, duration(slot.duration, language))} aria-label={t.slot(i + 1, slot.title, duration(slot.duration, language))}>
                {slot.title}
              </span>
            ))}
          </div>
          <div className="row small quiet loop-legend">
            {[...new Set(part.slots.map((slot) => slot.kind).filter((kind): kind is Kind => !!kind))].map((kind) => (
              <span key={kind}><i className={`slot-${kind}`} />{t.kinds[kind]}</span>
            ))}
          </div>
        </>
      )}
      {day.bookings.length > 0 && (
        <table className="ribbon-table">
          <thead>
            <tr>
              <th>{t.campaign} · {t.booking}</th>
              <th className="num">{t.playsPerHour}</th>
              <th className="num">{t.worstGap}</th>
              <th className="num">{t.share}</th>
              <th className="num">{t.plays}</th>
              <th className="num">{t.airtime}</th>
            </tr>
          </thead>
          <tbody>
            {day.bookings.map((b) => (
              <tr key={b.booking}>
                <td>
                  <span className="swatch" style={{ background: colour(b.booking) }} />
                  {b.campaign_name && <span className="quiet">{b.campaign_name} · </span>}
                  {b.name}
                  {b.mode && <span className="quiet small" style={{ marginInlineStart: 8 }}>{modeText(modes, b.mode as Mode, null)}</span>}
                  {b.catching_up && <div className="quiet small">{b.catching_up}</div>}
                  {b.kept != null && <span className={`dot small ${b.kept ? "good" : "bad"}`} style={{ marginInlineStart: 8 }}>{b.kept ? t.kept : t.broken}</span>}
                </td>
                <td className="num">{t.times(b.plays_per_hour.toFixed(1))}</td>
                <td className="num">{b.worst_gap ? duration(b.worst_gap, language) : "—"}</td>
                <td className="num">{b.target == null ? percent(b.share) : t.shareOf(percent(b.share), percent(b.target))}</td>
                <td className="num">{t.times(String(b.plays))}</td>
                <td className="num">{duration(b.airtime, language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {day.not_played.length > 0 && <NotPlayed day={day} />}
    </div>
  )
}

const percent = (n: number) => `${n.toFixed(n < 10 ? 1 : 0)}%`

function Lane({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <div className="ribbon-zone">{name}</div>
      <div className="ribbon-lane">{children}</div>
    </>
  )
}

/** What each booking has of a daypart's loop. */
function shares(part: Daypart): [string, number][] {
  const sums = new Map<string, number>()
  for (const slot of part.slots) sums.set(slot.booking, (sums.get(slot.booking) ?? 0) + slot.duration)
  return [...sums]
}

function NotPlayed({ day }: { day: DayTimeline }) {
  const t = useWords(words)
  const titles = useCreativeTitles()
  return (
    <div style={{ marginTop: 10 }}>
      <b className="small">{t.notPlayed}</b>
      <ul style={{ margin: "4px 0 0", paddingInlineStart: 18 }} className="quiet small">
        {day.not_played.map((n, i) => (
          <li key={i}>
            {t.notPlayedItem(n.name, (n.creative && titles.get(n.creative)) ?? "", n.reason)}
          </li>
        ))}
      </ul>
    </div>
  )
}
