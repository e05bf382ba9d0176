/** Playlist ↔ bytes: read and checked as core/src/playlist/codec.rs does, so that whoever holds one need not check again. */
import { toHex, toId, type Digest, type Id } from "./bytes.ts"
import { asArray, asBytes, asInt, asMap, asOneOf, asText, asTuple, asUint, decode, Malformed, optional, type Cbor } from "./cbor.ts"
import { Zone } from "./zone.ts"

export const ZONES = ["main", "ticker", "audio"] as const
export type ZoneName = (typeof ZONES)[number]
export const KINDS = ["slogan", "poster", "clip", "audio"] as const
export type CreativeKind = (typeof KINDS)[number]
const TRIGGERS = ["pre_show"] as const
/** What can make a player show something besides its loops. */
export type Trigger = (typeof TRIGGERS)[number]

export interface Size {
  readonly width: number
  readonly height: number
}

export type Show =
  | { readonly is: "picture"; readonly size: Size }
  | { readonly is: "strip"; readonly size: Size; readonly pixelsPerSecond: number }
  | { readonly is: "clip"; readonly size: Size }
  | { readonly is: "sound" }

export interface Item {
  readonly booking: Id
  readonly creative: Id
  readonly asset: Digest
  readonly bytes: number
  readonly show: Show
  /** Milliseconds. */
  readonly duration: number
  readonly kind: CreativeKind
  /** UTC milliseconds. */
  readonly ends: number | null
}

export interface Slot {
  readonly item: number
  readonly duration: number
}

export interface Loop {
  readonly slots: readonly Slot[]
  readonly hold: number | null
}

export interface Daypart {
  readonly start: number
  readonly end: number
  readonly looped: number
}

export interface EventItem {
  readonly trigger: Trigger
  readonly item: number
  readonly start: number
  readonly end: number
}

export interface Day {
  /** Days since 1970-01-01. */
  readonly date: number
  readonly dayparts: readonly Daypart[]
  readonly events: readonly EventItem[]
}

export interface ZoneProgramme {
  readonly zone: ZoneName
  readonly days: readonly Day[]
}

export interface Playlist {
  readonly version: number
  readonly zone: Zone
  readonly items: readonly Item[]
  readonly loops: readonly Loop[]
  readonly zones: readonly ZoneProgramme[]
}

const U32 = 0xffff_ffff
/** Bytes of the largest playlist that is read. */
const MAX_BYTES = 8 << 20
/** The last day that the core's calendar has, far beyond any playlist. */
const LAST_DAY = 95_000_000

export const isStill = (item: Item): boolean => item.kind === "poster" || item.kind === "slogan"

export function readSize(value: Cbor | undefined): Size {
  const [width, height] = asTuple(value, 2)
  return { width: asUint(width, U32), height: asUint(height, U32) }
}

function readShow(value: Cbor | undefined): Show {
  const parts = asArray(value)
  const [is, size, speed] = parts
  switch (is) {
    case 0:
      asTuple(value, 2)
      return { is: "picture", size: readSize(size) }
    case 1:
      asTuple(value, 3)
      return { is: "strip", size: readSize(size), pixelsPerSecond: asUint(speed, U32) }
    case 2:
      asTuple(value, 2)
      return { is: "clip", size: readSize(size) }
    case 3:
      asTuple(value, 1)
      return { is: "sound" }
  }
  throw new Malformed("an item that is shown in no way we know")
}

export function readItem(value: Cbor | undefined): Item {
  const map = asMap(value)
  return {
    booking: toId(asBytes(map.get(0), 16)),
    creative: toId(asBytes(map.get(1), 16)),
    asset: toHex(asBytes(map.get(2), 32)),
    bytes: asUint(map.get(3)),
    show: readShow(map.get(4)),
    duration: asUint(map.get(5), U32),
    kind: asOneOf(map.get(6), KINDS),
    ends: optional(map.get(7), asInt),
  }
}

function readLoop(value: Cbor): Loop {
  const map = asMap(value)
  const slots = asArray(map.get(0)).map((slot) => {
    const [item, duration] = asTuple(slot, 2)
    return { item: asUint(item, U32), duration: asUint(duration, U32) }
  })
  return { slots, hold: optional(map.get(1), (hold) => asUint(hold, U32)) }
}

function readDay(value: Cbor): Day {
  const map = asMap(value)
  const dayparts = asArray(map.get(1)).map((part) => {
    const [start, end, looped] = asTuple(part, 3)
    return { start: asInt(start), end: asInt(end), looped: asUint(looped, U32) }
  })
  const events = asArray(map.get(2) ?? []).map((event) => {
    const [trigger, item, start, end] = asTuple(event, 4)
    return { trigger: asOneOf(trigger, TRIGGERS), item: asUint(item, U32), start: asInt(start), end: asInt(end) }
  })
  return { date: asUint(map.get(0), LAST_DAY), dayparts, events }
}

/** Reads and checks a playlist; throws `Malformed`. */
export function readPlaylist(bytes: Uint8Array): Playlist {
  if (bytes.length > MAX_BYTES) throw new Malformed("a playlist too large")
  const map = asMap(decode(bytes))
  const version = asUint(map.get(0), U32)
  const timezone = asText(map.get(1))
  const playlist: Playlist = {
    version,
    zone: zoneNamed(timezone),
    items: asArray(map.get(2)).map(readItem),
    loops: asArray(map.get(3)).map(readLoop),
    zones: asArray(map.get(4)).map((zone) => {
      const programme = asMap(zone)
      return { zone: asOneOf(programme.get(0), ZONES), days: asArray(programme.get(1)).map(readDay) }
    }),
  }
  check(playlist)
  return playlist
}

function zoneNamed(name: string): Zone {
  try {
    return new Zone(name)
  } catch {
    throw new Malformed("the time zone is not known")
  }
}

function require(holds: boolean, what: string): void {
  if (!holds) throw new Malformed(what)
}

function check({ version, items, loops, zones }: Playlist): void {
  require(version === 1 || version === 2, "a version not known here")
  for (const item of items) require(item.duration > 0, "an item lasts no time")
  for (const { slots, hold } of loops) {
    require(slots.length > 0, "a loop is empty")
    let length = 0
    for (const slot of slots) {
      const shown = items[slot.item]
      require(shown !== undefined && slot.duration >= shown.duration, "a slot names no item or is shorter than it")
      length += slot.duration
    }
    require(length <= U32, "a loop is longer than 49 days")
    const held = hold === null ? null : items[hold]
    require(held === null || (held !== undefined && isStill(held)), "a hold names no still")
  }
  const events = zones.some((zone) => zone.days.some((day) => day.events.length > 0))
  require(version === (events ? 2 : 1), "the version does not fit its events")
  require(new Set(zones.map((zone) => zone.zone)).size === zones.length, "a zone occurs twice")
  for (const { days } of zones) {
    require(days.every((day, n) => n === 0 || day.date === (days[n - 1]?.date ?? 0) + 1), "days are not consecutive")
    let before = -Infinity
    for (const part of days.flatMap((day) => day.dayparts)) {
      require(part.start < part.end, "a daypart ends before it starts")
      require(part.looped < loops.length, "a daypart names no loop")
      require(before <= part.start, "dayparts overlap")
      before = part.end
    }
    for (const event of days.flatMap((day) => day.events)) {
      require(event.item < items.length, "an event names no item")
      require(event.start < event.end, "an event ends before it starts")
    }
  }
}
