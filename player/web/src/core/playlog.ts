/** Plays, batches, receipts: bytes as core/src/playlog/FORMAT.md has them. */
import { fromBase64, fromHex, fromId, toHex, toId, type Digest, type Id } from "./bytes.ts"
import { asBytes, asInt, asMap, asUint, decode, encode, Malformed, type Cbor } from "./cbor.ts"
import { ZONES, type ZoneName } from "./playlist.ts"
import { Column } from "./columns.ts"
import { BadSignature, openSigned, sign, verify, type Signer, type Verifier } from "./sign.ts"

const BATCH_VERSION = 2

export const STATUSES = ["success", "hardware_failure", "content_failure", "interrupted"] as const
export type PlayStatus = (typeof STATUSES)[number]
export const CAUSES = ["loop", "takeover", "event", "fixed", "local"] as const
export type Cause = (typeof CAUSES)[number]
export const WALL_STATES = ["on", "off", "unknown"] as const
export type WallState = (typeof WALL_STATES)[number]
export const WALL_REASONS = ["not_known", "hours", "order", "fault"] as const
export type WallReason = (typeof WALL_REASONS)[number]

/** A play is complete if it was shown its full length within this tolerance, in milliseconds. */
export const TOLERANCE = 500

/** What was shown: playlist (null: a takeover's), booking, creative, asset. */
export type ItemRef = readonly [Digest | null, Id, Id, Digest]

export interface Play {
  readonly item: number
  readonly zone: ZoneName
  readonly start: number
  readonly monotonic: number
  readonly planned: number
  readonly actual: number
  readonly status: PlayStatus
  readonly trigger: Cause
  /** Of an event: for which show. */
  readonly show: Id | null
  readonly evidence: readonly Digest[]
}

/** From when on the wall gave light, or did not. */
export interface WallChange {
  readonly from: number
  readonly state: WallState
  readonly why: WallReason
}

export interface Batch {
  readonly screen: Id
  /** The run of the page that showed the plays. */
  readonly boot: Id
  readonly sequence: number
  readonly previous: Digest
  readonly sealed: number
  readonly items: readonly ItemRef[]
  /** By zone, in each as they ended. */
  readonly plays: readonly Play[]
  /** Ascending. */
  readonly walls: readonly WallChange[]
  /** The run of the machine that monotonic times count from; null: not known. */
  readonly machine: Id | null
}

/** A play with what it showed; its own `item` number means nothing until it is sealed into a batch. */
export interface Entry {
  readonly item: ItemRef
  readonly play: Omit<Play, "item">
}

/** A batch of version 2. */
export function batchBytes(batch: Batch): Uint8Array {
  const playlists: Digest[] = []
  const items = batch.items.map(([playlist, booking, creative, asset]): Cbor => {
    if (playlist !== null && !playlists.includes(playlist)) playlists.push(playlist)
    return [playlist === null ? null : playlists.indexOf(playlist), fromId(booking), fromId(creative), fromHex(asset)]
  })
  const expected = new ExpectedItem()
  const zones = ZONES.map((zone) => batch.plays.filter((play) => play.zone === zone))
  const columns = zones.filter((plays) => plays.length > 0).map((plays) => zoneColumns(plays, batch.sealed, expected))
  const pictures = zones.flat().flatMap((play, place) => play.evidence.map((picture): Cbor => [place, fromHex(picture)]))
  const walls = batch.walls.map(({ from, state, why }): Cbor => [from, WALL_STATES.indexOf(state), WALL_REASONS.indexOf(why)])
  const fields = new Map<number, Cbor>([
    [0, BATCH_VERSION],
    [1, fromId(batch.screen)],
    [2, fromId(batch.boot)],
    [3, batch.sequence],
    [4, fromHex(batch.previous)],
    [5, batch.sealed],
    [6, playlists.map(fromHex)],
    [7, items],
    [8, columns],
  ])
  if (pictures.length > 0) fields.set(9, pictures)
  if (walls.length > 0) fields.set(10, walls)
  if (batch.machine !== null) fields.set(11, fromId(batch.machine))
  return encode(fields)
}

/** The plays of one zone, each number as what differs from what the plays before let expect. */
function zoneColumns(plays: readonly Play[], sealed: number, items: ExpectedItem): Cbor {
  const columns = Array.from({ length: 6 }, () => new Column())
  const [item, planned, starts, monotonics, actuals, outcomes] = columns as [Column, Column, Column, Column, Column, Column]
  const lengths = new Map<number, number>()
  items.beginZone()
  plays.forEach((play, n) => {
    const before = plays[n - 1]
    const next = plays[n + 1]
    item.push(play.item === items.next() ? 0n : BigInt(play.item) + 1n)
    items.was(play.item)
    planned.pushSigned(BigInt(play.planned - (lengths.get(play.item) ?? before?.planned ?? 0)))
    starts.pushSigned(BigInt(play.start - (before ? before.start + before.planned : sealed)))
    monotonics.pushSigned(BigInt(play.monotonic - (before ? before.monotonic + play.start - before.start : 0)))
    // Shown until the next one began, if that is within half a second of its length; else its length.
    const until = next ? next.monotonic - play.monotonic : play.planned
    actuals.pushSigned(BigInt(play.actual - (Math.abs(until - play.planned) <= TOLERANCE ? until : play.planned)))
    outcomes.push(BigInt(STATUSES.indexOf(play.status) | (CAUSES.indexOf(play.trigger) << 2)))
    lengths.set(play.item, play.planned)
  })
  const shows = plays.flatMap((play) => (play.trigger === "event" && play.show !== null ? [fromId(play.show)] : []))
  return [ZONES.indexOf(plays[0]?.zone ?? "main"), plays.length, ...columns.map((column) => column.finish()), shows]
}

/** Which item is to be expected: the one that came the last time after the same three, or else the first one not shown yet. */
class ExpectedItem {
  private followed = new Map<string, number>()
  private last: number[] = []
  private readonly shown = new Set<number>()
  private unseen = 0

  /** What was seen in other zones says nothing of the order in this one; only which items are still to come. */
  beginZone(): void {
    this.followed = new Map()
    this.last = []
  }

  next(): number {
    return (this.last.length === 3 ? this.followed.get(this.last.join()) : undefined) ?? this.unseen
  }

  was(item: number): void {
    if (this.last.length === 3) this.followed.set(this.last.join(), item)
    this.last = [...this.last.slice(-2), item]
    this.shown.add(item)
    while (this.shown.has(this.unseen)) this.unseen += 1
  }
}

export const signBatch = (batch: Batch, signer: Signer) => sign(signer, "playBatch2", batchBytes(batch))

/** Moves what the plays showed into a table without duplicates. */
export function tabulate(entries: readonly Entry[]): Pick<Batch, "items" | "plays"> {
  const items: ItemRef[] = []
  const places = new Map<string, number>()
  const plays = entries.map(({ item, play }) => {
    const name = item.join()
    let place = places.get(name)
    if (place === undefined) {
      place = items.push(item) - 1
      places.set(name, place)
    }
    return { ...play, item: place }
  })
  return { items, plays }
}

export interface Receipt {
  readonly screen: Id
  readonly sequence: number
  readonly batch: Digest
  readonly received: number
}

/** The server's word that a batch is stored for good; throws `BadSignature` if it is not. */
export const openReceipt = (signed: Uint8Array, publisher: Verifier): Promise<Receipt> =>
  openSigned(publisher, "receipt", signed, (map) => ({
    screen: toId(asBytes(map.get(0), 16)),
    sequence: asUint(map.get(1)),
    batch: toHex(asBytes(map.get(2), 32)),
    received: asInt(map.get(3)),
  }))

/** The server's clock as it answered `nonce`; throws `BadSignature`. */
export async function openTime(signed: Uint8Array, publisher: Verifier, nonce: Digest): Promise<number> {
  const time = await openSigned(publisher, "time", signed, (map) => ({
    nonce: toHex(asBytes(map.get(0), 32)),
    now: asInt(map.get(1)),
  }))
  if (time.nonce !== nonce) throw new BadSignature("an answer to another question")
  return time.now
}

/** Whether the server signed that the screen with this device key is out of service: only for that is anything forgotten. */
export async function isRetirement(text: unknown, publisher: Verifier, key: Digest): Promise<boolean> {
  try {
    const signed = fromBase64(typeof text === "string" ? text : "")
    return toHex(asBytes(asMap(decode(await verify(publisher, "retirement", signed))).get(1), 32)) === key
  } catch (error) {
    if (error instanceof BadSignature || error instanceof Malformed) return false
    throw error
  }
}
