/** Plays, batches, receipts: bytes as core/src/playlog/FORMAT.md has them. */
import { fromBase64, fromHex, fromId, toHex, toId, type Digest, type Id } from "./bytes.ts"
import { asBytes, asInt, asMap, asUint, decode, encode, Malformed, type Cbor } from "./cbor.ts"
import { ZONES, type ZoneName } from "./playlist.ts"
import { BadSignature, sign, verify, type Signer, type Verifier } from "./sign.ts"

const BATCH_VERSION = 1

export const STATUSES = ["success", "hardware_failure", "content_failure", "interrupted"] as const
export type PlayStatus = (typeof STATUSES)[number]
export const CAUSES = ["loop", "takeover"] as const
export type Cause = (typeof CAUSES)[number]

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
  readonly evidence: readonly Digest[]
}

export interface Batch {
  readonly screen: Id
  readonly boot: Id
  readonly sequence: number
  readonly previous: Digest
  readonly sealed: number
  readonly items: readonly ItemRef[]
  readonly plays: readonly Play[]
}

/** A play with what it showed; its own `item` number means nothing until it is sealed into a batch. */
export interface Entry {
  readonly item: ItemRef
  readonly play: Omit<Play, "item">
}

export function batchBytes(batch: Batch): Uint8Array {
  const items = batch.items.map(([playlist, booking, creative, asset]): Cbor => [
    playlist === null ? null : fromHex(playlist),
    fromId(booking),
    fromId(creative),
    fromHex(asset),
  ])
  const plays = batch.plays.map((play): Cbor => [
    play.item,
    ZONES.indexOf(play.zone),
    play.start,
    play.monotonic,
    play.planned,
    play.actual,
    STATUSES.indexOf(play.status),
    CAUSES.indexOf(play.trigger),
    play.evidence.map(fromHex),
  ])
  const fields: Cbor[] = [BATCH_VERSION, fromId(batch.screen), fromId(batch.boot), batch.sequence, fromHex(batch.previous), batch.sealed, items, plays]
  return encode(new Map(fields.map((field, key) => [key, field])))
}

export const signBatch = (batch: Batch, signer: Signer) => sign(signer, "playBatch", batchBytes(batch))

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
export async function openReceipt(signed: Uint8Array, publisher: Verifier): Promise<Receipt> {
  return believed(await verify(publisher, "receipt", signed), (map) => ({
    screen: toId(asBytes(map.get(0), 16)),
    sequence: asUint(map.get(1)),
    batch: toHex(asBytes(map.get(2), 32)),
    received: asInt(map.get(3)),
  }))
}

/** The server's clock as it answered `nonce`; throws `BadSignature`. */
export async function openTime(signed: Uint8Array, publisher: Verifier, nonce: Digest): Promise<number> {
  const time = believed(await verify(publisher, "time", signed), (map) => ({
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

function believed<T>(payload: Uint8Array, read: (map: ReadonlyMap<number, Cbor>) => T): T {
  try {
    return read(asMap(decode(payload)))
  } catch (error) {
    if (error instanceof Malformed) throw new BadSignature(error.message)
    throw error
  }
}
