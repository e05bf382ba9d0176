/** At which moments a screen takes a picture of its own wall: the rules of core/src/playlist/evidence.rs. */
import { concat, fromHex, fromId, sha256, toHex, type Digest, type Id } from "./bytes.ts"
import { asBytes, asMap, asUint, Malformed, type Cbor } from "./cbor.ts"
import type { Manifest } from "./manifest.ts"
import { daypartsWithin } from "./onAir.ts"
import type { Playlist } from "./playlist.ts"
import { offOn, zoneOf } from "./wall.ts"
import type { Interval } from "./zone.ts"

export interface EvidenceOrders {
  readonly nonce: Digest
  /** How many on a day. */
  readonly perDay: number
}

/** A picture still is one of its moment if it is taken so much later, in milliseconds. */
export const EVIDENCE_PATIENCE = 600_000

const MOST = 24
const DOMAIN = new TextEncoder().encode("xuanping/evidence/1")
const DRAWS = 2_048
/** Two moments of a day are so far apart, in milliseconds. */
const APART = 60_000
/** Days from the first of January of the year 1 to that of 1970, the former counted as 1. */
const SINCE_COMMON_ERA = 719_163

export function readEvidence(value: Cbor): EvidenceOrders {
  const map = asMap(value)
  const orders = { nonce: toHex(asBytes(map.get(0), 32)), perDay: asUint(map.get(1), MOST) }
  if (orders.perDay === 0) throw new Malformed("evidence pictures, but none a day")
  return orders
}

/** The moments of a local day, ascending, of a screen that plays this and runs as its manifest says. */
export async function moments(manifest: Manifest, playlist: Playlist, date: number): Promise<number[]> {
  const { orders, screen } = manifest
  if (orders.evidence === null) return []
  const zone = zoneOf(orders)
  const day = zone.day(date)
  const nights = [...offOn(orders.wall, date - 1, zone), ...offOn(orders.wall, date, zone)]
  const due = without(daypartsWithin(playlist, "main", day), nights)
  return drawn(orders.evidence, screen, date, day, due)
}

async function drawn({ nonce, perDay }: EvidenceOrders, screen: Id, date: number, day: Interval, due: readonly Interval[]): Promise<number[]> {
  const found: number[] = []
  const length = BigInt(day.end - day.start)
  for (let draw = 0; draw < DRAWS; draw++) {
    const digest = await sha256(concat(DOMAIN, fromHex(nonce), fromId(screen), bigEndian(date + SINCE_COMMON_ERA), bigEndian(draw)))
    const numbers = new DataView(digest.buffer)
    for (let place = 0; place < 32; place += 8) {
      if (found.length >= perDay || due.length === 0) return found.sort((a, b) => a - b)
      // The same part of the day as the number is of all numbers.
      const at = day.start + Number((numbers.getBigUint64(place) * length) >> 64n)
      const free = found.every((moment) => Math.abs(moment - at) >= APART)
      if (free && due.some((stretch) => stretch.start <= at && at < stretch.end)) found.push(at)
    }
  }
  return found.sort((a, b) => a - b)
}

function bigEndian(number: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setInt32(0, number)
  return bytes
}

/** What of `all` is left where nothing of `taken` is. */
function without(all: readonly Interval[], taken: readonly Interval[]): Interval[] {
  let left = [...all]
  for (const gone of taken) {
    left = left.flatMap((one) => [
      { start: one.start, end: Math.min(one.end, gone.start) },
      { start: Math.max(one.start, gone.end), end: one.end },
    ])
    left = left.filter(({ start, end }) => start < end)
  }
  return left
}
