/** What a playlist shows at an instant: the very rules of core/src/playlist/on_air.rs, checked by the same vectors. */
import { isStill, type Day, type Daypart, type Playlist, type Slot, type ZoneName, type ZoneProgramme } from "./playlist.ts"
import { DAY, type Interval, type Zone } from "./zone.ts"

export type OnAir =
  | {
      readonly is: "play"
      readonly item: number
      readonly start: number
      readonly end: number
      readonly daypart: readonly [number, number]
      readonly looped: number
      readonly slot: number
    }
  | { readonly is: "hold"; readonly item: number; readonly until: number }
  | { readonly is: "nothing"; readonly until: number | null }

/** The rest of a division that is never negative. */
export const remainder = (a: number, b: number): number => ((a % b) + b) % b

export function onAir(playlist: Playlist, zone: ZoneName, at: number): OnAir {
  const programme = playlist.zones.find((one) => one.zone === zone)
  const last = programme?.days.at(-1)
  if (!programme || !last) return { is: "nothing", until: null }
  let next: number | null = null
  for (const { dayparts } of programme.days) {
    for (const part of dayparts) {
      if (part.start <= at && at < part.end) return atDaypart(playlist, part, at, false)
      if (next === null && part.start > at) next = part.start
    }
  }
  const horizonEnd = playlist.zone.start((last.date + 1) * DAY)
  if (at < horizonEnd) {
    return { is: "nothing", until: next ?? repeatedAfter(playlist, programme, horizonEnd, at)?.start ?? null }
  }
  const part = repeatedAfter(playlist, programme, at, at)
  if (part && part.start <= at) return atDaypart(playlist, part, at, true)
  return { is: "nothing", until: part?.start ?? null }
}

/** The first repeated daypart that has not ended at `at` and still shows something, from the local day of `from` on. */
function repeatedAfter(playlist: Playlist, programme: ZoneProgramme, from: number, at: number): Daypart | undefined {
  const today = playlist.zone.dateOf(from)
  for (let ahead = 0; ahead <= 8; ahead++) {
    const parts = repeatedDay(programme, today + ahead, playlist.zone)
    const found = parts.find((part) => at < part.end && running(playlist, part, true).slots.length > 0)
    if (found) return found
  }
  return undefined
}

interface Running {
  readonly slots: readonly (readonly [number, Slot])[]
  readonly hold: number | null
}

/** What a daypart plays: its loop, in a repeated daypart without what has ended by the daypart's end. */
function running({ items, loops }: Playlist, part: Daypart, repeated: boolean): Running {
  const loop = loops[part.looped]
  if (!loop) return { slots: [], hold: null }
  const lasts = (index: number) => {
    const item = items[index]
    return item !== undefined && (!repeated || item.ends === null || part.end <= item.ends)
  }
  const slots = loop.slots.map((slot, n) => [n, slot] as const).filter(([, slot]) => lasts(slot.item))
  let hold = loop.hold !== null && lasts(loop.hold) ? loop.hold : null
  if (hold === null && repeated) {
    const still = slots.find(([, slot]) => {
      const item = items[slot.item]
      return item !== undefined && isStill(item)
    })
    hold = still ? still[1].item : null
  }
  return { slots, hold }
}

function atDaypart(playlist: Playlist, part: Daypart, at: number, repeated: boolean): OnAir {
  const { slots, hold } = running(playlist, part, repeated)
  const nothing: OnAir = { is: "nothing", until: part.end }
  const length = slots.reduce((sum, [, slot]) => sum + slot.duration, 0)
  if (length === 0) return nothing
  let start = at - remainder(at - part.start, length)
  for (const [number, slot] of slots) {
    const end = start + slot.duration
    if (at < end && end <= part.end) {
      const daypart = [part.start, part.end] as const
      return { is: "play", item: slot.item, start, end, daypart, looped: part.looped, slot: number }
    }
    if (at < end) return hold === null ? nothing : { is: "hold", item: hold, until: part.end }
    start = end
  }
  return nothing
}

/** The dayparts of `zone` as far as they lie within a local day, past the horizon those of the day that it repeats. */
export function daypartsWithin(playlist: Playlist, zone: ZoneName, day: Interval): Interval[] {
  const programme = playlist.zones.find((one) => one.zone === zone)
  if (!programme) return []
  const own = programme.days.flatMap((one) => one.dayparts)
  return [...own, ...repeatedDay(programme, playlist.zone.dateOf(day.start), playlist.zone)]
    .map((part) => ({ start: Math.max(part.start, day.start), end: Math.min(part.end, day.end) }))
    .filter((part) => part.start < part.end)
}

/** The day that a day past the horizon repeats, and how much earlier it is in local time; null for a day within the horizon. */
export function repeatedBy({ days }: ZoneProgramme, date: number): { source: Day; later: number } | null {
  const last = days.at(-1)
  if (!last || date <= last.date) return null
  // 7 days later: the same day of the week again.
  const beforeLast = (7 - ((date - last.date) % 7)) % 7
  const source = days.at(-1 - beforeLast) ?? last
  return { source, later: (date - source.date) * DAY }
}

/** A stretch of time, later by so much in local time; it may be that the clocks' change leaves nothing of it. */
export function moved({ start, end }: Interval, later: number, zone: Zone): Interval {
  const move = (at: number) => zone.start(zone.local(at) + later)
  return { start: move(start), end: move(end) }
}

/** The dayparts of a day past the horizon: those of the day it repeats, at the same local times. */
function repeatedDay(programme: ZoneProgramme, date: number, zone: Zone): Daypart[] {
  const repeated = repeatedBy(programme, date)
  if (repeated === null) return []
  return repeated.source.dayparts
    .map((part) => ({ ...moved(part, repeated.later, zone), looped: part.looped }))
    .filter((part) => part.start < part.end)
}
