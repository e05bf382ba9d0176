/** How a wall runs over the local day: the rules of core/src/playlist/wall.rs. */
import { asArray, asMap, asOneOf, asTuple, asUint, Malformed, type Cbor } from "./cbor.ts"
import type { Orders, Takeover } from "./manifest.ts"
import { remainder } from "./onAir.ts"
import { inForce, onWall, type OnWall } from "./onWall.ts"
import type { Playlist, ZoneName } from "./playlist.ts"
import { DAY, Zone, type Interval } from "./zone.ts"

export const TRANSITIONS = ["cut", "fade", "slide"] as const
export type Transition = (typeof TRANSITIONS)[number]

/** Part of a day, in minutes after midnight; into the next day if `to` is not later than `from`. */
export interface DayWindow {
  readonly from: number
  readonly to: number
}

/** A level in percent from a minute of the day on. */
export interface DayLevel {
  readonly from: number
  readonly percent: number
}

export interface WallSettings {
  /** The wall is black then, every day. */
  readonly off: readonly DayWindow[]
  readonly brightness: readonly DayLevel[]
  readonly volume: readonly DayLevel[]
  /** How one still of a zone gives way to the next. */
  readonly transition: Transition
}

/** Always on, as bright and loud as can be. */
export const USUAL: WallSettings = { off: [], brightness: [], volume: [], transition: "cut" }
export const isUsual = ({ off, brightness, volume, transition }: WallSettings): boolean =>
  off.length === 0 && brightness.length === 0 && volume.length === 0 && transition === "cut"

const MINUTE = 60_000
const MINUTES = 24 * 60
const MOST_LEVELS = 24
const FULL = 100

/** Reads and checks it; throws `Malformed`. */
export function readWall(value: Cbor | undefined): WallSettings {
  if (value === undefined) return USUAL
  const map = asMap(value)
  const windows = asArray(map.get(0) ?? []).map((window) => {
    const [from, to] = asTuple(window, 2)
    return { from: asUint(from, MINUTES), to: asUint(to, MINUTES) }
  })
  const levels = (key: number) =>
    asArray(map.get(key) ?? []).map((level) => {
      const [from, percent] = asTuple(level, 2)
      return { from: asUint(from, MINUTES), percent: asUint(percent, FULL) }
    })
  const wall = { off: windows, brightness: levels(1), volume: levels(2), transition: asOneOf(map.get(3) ?? 0, TRANSITIONS) }
  check(wall)
  return wall
}

function check({ off, brightness, volume }: WallSettings): void {
  for (const window of off) if (window.from === window.to || window.from === MINUTES) throw new Malformed("off for no time")
  const overlap = off.some((a, n) => off.slice(n + 1).some((b) => a.from < spanEnd(b) && b.from < spanEnd(a)))
  if (overlap) throw new Malformed("off twice at once")
  if (off.reduce((sum, window) => sum + spanEnd(window) - window.from, 0) >= MINUTES) throw new Malformed("off for ever")
  for (const levels of [brightness, volume]) {
    const ascending = levels.every((level, n) => level.from < MINUTES && (n === 0 || (levels[n - 1]?.from ?? 0) < level.from))
    if (levels.length > MOST_LEVELS || !ascending) throw new Malformed("levels that do not ascend")
  }
}

/** Minutes since the midnight that begins the window's day. */
const spanEnd = ({ from, to }: DayWindow): number => (to <= from ? to + MINUTES : to)

const zones = new Map<string, Zone>()

/** The zone of the screen's days; the county's if the manifest's is not known here. */
export function zoneOf({ timezone }: Pick<Orders, "timezone">): Zone {
  let zone = zones.get(timezone)
  if (zone === undefined) {
    try {
      zone = new Zone(timezone)
    } catch {
      zone = new Zone("Asia/Shanghai")
    }
    zones.set(timezone, zone)
  }
  return zone
}

/** When the wall is off on a local date, those stretches into the next day that begin on it. */
export function offOn({ off }: WallSettings, date: number, zone: Zone): Interval[] {
  const local = (minutes: number) => date * DAY + minutes * MINUTE
  return off
    .map((window) => ({ start: zone.start(local(window.from)), end: zone.end(local(spanEnd(window))) }))
    .filter((stretch) => stretch.start < stretch.end)
}

/** What was worked out last for these settings: it is asked for with every frame, and changes once a day. */
const worked = new WeakMap<WallSettings, { readonly date: number; readonly zone: Zone; readonly stretches: readonly Interval[] }>()

function offAround(wall: WallSettings, today: number, zone: Zone): readonly Interval[] {
  const known = worked.get(wall)
  if (known?.date === today && known.zone === zone) return known.stretches
  const stretches = [today - 1, today, today + 1].flatMap((date) => offOn(wall, date, zone))
  worked.set(wall, { date: today, zone, stretches })
  return stretches
}

/** Whether the wall is off at `at`, and until when what is said here holds. */
function offAt(wall: WallSettings, at: number, zone: Zone): { off: boolean; until: number | null } {
  const stretches = offAround(wall, zone.dateOf(at), zone)
  // Two windows may touch: what follows at once goes on.
  let until: number | null = null
  for (;;) {
    const asked: number = until ?? at
    const found = stretches.find((stretch) => stretch.start <= asked && asked < stretch.end)
    if (found === undefined) break
    until = found.end
  }
  if (until !== null) return { off: true, until }
  return { off: false, until: earliest(stretches.map((stretch) => stretch.start).filter((start) => start > at)) }
}

const earliest = (all: readonly number[]): number | null => (all.length > 0 ? Math.min(...all) : null)

function levelAt(levels: readonly DayLevel[], at: number, zone: Zone): number {
  const minute = Math.floor(remainder(zone.local(at), DAY) / MINUTE)
  // Before the first row of the day, yesterday's last one goes on.
  return (levels.findLast((level) => level.from <= minute) ?? levels.at(-1))?.percent ?? FULL
}

/** How bright at `at`, in percent. */
export const brightnessAt = ({ wall, ...orders }: Orders, at: number): number => levelAt(wall.brightness, at, zoneOf(orders))

/** How loud at `at`, in percent. */
export const volumeAt = ({ wall, ...orders }: Orders, at: number): number => levelAt(wall.volume, at, zoneOf(orders))

/** When brightness or volume may be another next; null: never. */
export function nextLevel(orders: Orders, at: number): number | null {
  const zone = zoneOf(orders)
  const today = zone.dateOf(at)
  const rows = [...orders.wall.brightness, ...orders.wall.volume]
  const starts = [today, today + 1].flatMap((date) => rows.map((row) => zone.start(date * DAY + row.from * MINUTE)))
  return earliest(starts.filter((start) => start > at))
}

/** Whether a zone is kept from being seen or heard at `at`, and until when that holds. */
export function keptDark(orders: Orders, takeovers: readonly Takeover[], zone: ZoneName, at: number): { dark: boolean; until: number | null } {
  const { wall } = orders
  if (zone === "audio" && wall.volume.length > 0 && volumeAt(orders, at) === 0) return { dark: true, until: nextLevel(orders, at) }
  if (wall.off.length === 0) return { dark: false, until: null }
  const { off, until } = offAt(wall, at, zoneOf(orders))
  if (!off || inForce(takeovers, at)?.level === "emergency") return { dark: false, until }
  // An emergency that is announced lights the wall when it begins.
  const announced = takeovers.map((takeover) => takeover.starts).filter((start) => start > at)
  return { dark: true, until: earliest(until === null ? announced : [...announced, until]) }
}

/** What a zone of a screen shows at `at`: `onWall` for a wall that is on, black for one that is off. */
export function onScreen(orders: Orders, playlist: Playlist | null, takeovers: readonly Takeover[], zone: ZoneName, at: number): OnWall {
  const { dark, until } = keptDark(orders, takeovers, zone, at)
  if (dark) return { is: "nothing", black: true, until }
  const answer = onWall(playlist, takeovers, zone, at)
  if (until === null) return answer
  if (answer.is === "nothing") return { ...answer, until: answer.until === null ? until : Math.min(answer.until, until) }
  return { ...answer, until: Math.min(answer.until, until) }
}

