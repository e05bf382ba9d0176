/**
 * A screen's day to scale: for each zone its dayparts, banded by how much airtime each booking has, one colour each;
 * under it one round of the chosen daypart's loop, and what every booking gets in the day.
 */
import { useMemo, useState } from "react"
import type { Schemas } from "../api/client"
import { modeText, type Mode } from "../campaigns/modes"
import { modeWords } from "../campaigns/modeWords"
import { useCreativeTitles } from "../content/creatives"
import { duration, hourMinute, instantOf } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useNow } from "../screens/screens"
import { words } from "./words"
import "./ribbon.css"

export type DayTimeline = Schemas["DayTimeline"]
type Daypart = Schemas["DaypartView"]

// One hue per campaign, distinct at small sizes and calm beside each other; red is not among them: it means takeover.
const COLOURS = ["#2f6f9f", "#3d8b6b", "#8a6fb0", "#b5803a", "#4f7f8c", "#7a8a3c", "#a4627f", "#5d6f9e", "#96705a", "#557a55"]

/** More than ten campaigns get hues far from each other's neighbours, lighter and darker by turns. */
const hue = (nth: number) => COLOURS[nth] ?? `oklch(${nth % 2 ? 0.44 : 0.6} 0.09 ${40 + ((nth * 137.5) % 290)})`

/** One hue per campaign, in the order in which the day names them; a campaign's bookings are shades of it. */
function colouring(day: DayTimeline): (booking: string) => string {
  const hues = new Map<string, string>()
  const seen = new Map<string, number>()
  const of = new Map<string, string>()
  for (const b of day.bookings) {
    const campaign = b.campaign ?? b.booking
    if (!hues.has(campaign)) hues.set(campaign, hue(hues.size))
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

/** The instants at which a local day begins and ends: 23 or 25 hours apart where clocks change. */
function bounds(date: string, timezone: string): [number, number] {
  const next = new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  return [instantOf(`${date} 00:00`, timezone), instantOf(`${next} 00:00`, timezone)]
}

export function Ribbon({ day }: { day: DayTimeline }) {
  const t = useWords(words)
  const modes = useWords(modeWords)
  const { language } = useLanguage()
  const now = useNow(30_000)
  const colour = useMemo(() => colouring(day), [day])
  const [midnight, end] = bounds(day.date, day.timezone)
  const along = (ms: number) => `${((ms - midnight) / (end - midnight)) * 100}%`
  const hour = (h: number) => (h === 24 ? end : instantOf(`${day.date} ${String(h).padStart(2, "0")}:00`, day.timezone))
  const zones = day.zones.filter((z) => z.dayparts.length > 0 || z.events.length > 0)
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
  const time = (ms: number) => (ms >= end ? "24:00" : hourMinute(ms, day.timezone))
  return (
    <div className="ribbon" role="group" aria-label={t.ribbon(day.date)}>
      <div className="ribbon-grid">
        <div className="ribbon-ruler" aria-hidden>
          {[0, 3, 6, 9, 12, 15, 18, 21, 24].map((h) => (
            <span key={h} style={{ left: along(hour(h)) }}>{String(h).padStart(2, "0")}:00</span>
          ))}
        </div>
        {zones.map((zone) => (
          <Lane key={zone.zone} name={t.zones[zone.zone]}>
            {zone.dayparts.map((p, index) => p.single ? (
              <span key={p.start} className="ribbon-single" style={{ left: along(p.start) }} title={t.single(p.slots[0]?.title ?? "", time(p.start))} />
            ) : (
              <button
                key={p.start}
                className={`ribbon-part${at?.zone === zone.zone && at.index === index ? " chosen" : ""}`}
                style={{ left: along(p.start), width: `${((p.end - p.start) / (end - midnight)) * 100}%` }}
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
            {now >= midnight && now < end && <span className="ribbon-now" title={t.now} style={{ left: along(now) }} />}
          </Lane>
        ))}
      </div>
      {zones.map((zone) => <OneByOne key={zone.zone} zone={zone} time={time} colour={colour} />)}
      {part && at && !part.single && (
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
                <td className="num">{b.plays > 0 ? t.times(b.plays_per_hour.toFixed(1)) : "—"}</td>
                <td className="num">{b.worst_gap ? duration(b.worst_gap, language) : "—"}</td>
                <td className="num">{b.plays === 0 ? "—" : b.target == null ? percent(b.share) : t.shareOf(percent(b.share), percent(b.target))}</td>
                <td className="num">{b.plays > 0 ? t.times(String(b.plays)) : t.onEvent}</td>
                <td className="num">{b.plays > 0 ? duration(b.airtime, language) : "—"}</td>
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

/** What has its own instant, and what waits for events: it is in no loop. */
function OneByOne({ zone, time, colour }: { zone: DayTimeline["zones"][number]; time: (ms: number) => string; colour: (booking: string) => string }) {
  const t = useWords(words)
  const singles = zone.dayparts.filter((p) => p.single)
  if (singles.length + zone.events.length === 0) return null
  return (
    <div className="small one-by-one" role="list" aria-label={t.oneByOne(t.zones[zone.zone])}>
      <b>{t.oneByOne(t.zones[zone.zone])}</b>
      {singles.slice(0, MOST_SINGLES).map((p) => (
        <span key={p.start} role="listitem"><span className="swatch" style={{ background: colour(p.slots[0]?.booking ?? "") }} />{time(p.start)} {p.slots[0]?.title}</span>
      ))}
      {singles.length > MOST_SINGLES && <span className="quiet">{t.more(singles.length - MOST_SINGLES)}</span>}
      {zone.events.map((e) => (
        <span key={`${e.start}${e.creative}`} role="listitem"><span className="swatch" style={{ background: colour(e.booking) }} />{t.event(time(e.start), time(e.end), e.title)}</span>
      ))}
    </div>
  )
}

/** So many showings are listed one by one. */
const MOST_SINGLES = 24

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
