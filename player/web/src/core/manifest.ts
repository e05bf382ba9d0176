/** The manifest: verified, understood, for this screen, and not older than the one followed; see core/src/playlist/manifest.rs. */
import { toHex, toId, type Digest, type Id } from "./bytes.ts"
import { asArray, asBytes, asInt, asMap, asOneOf, asText, asTuple, asUint, decode, Malformed, optional, type Cbor } from "./cbor.ts"
import { readItem, readSize, ZONES, type Item, type Size, type ZoneName } from "./playlist.ts"
import { readEvidence, type EvidenceOrders } from "./evidence.ts"
import { readInstructions, type Instruction } from "./instruction.ts"
import { BadSignature, verify, type Verifier } from "./sign.ts"
import { isUsual, readWall, type WallSettings } from "./wall.ts"

export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface ZoneOrder {
  readonly name: ZoneName
  readonly rect: Rect
}

export const LEVELS = ["notice", "warning", "emergency"] as const

export interface Takeover {
  readonly id: Id
  readonly level: (typeof LEVELS)[number]
  readonly starts: number
  readonly expires: number
  readonly items: readonly (readonly [ZoneName, Item])[]
}

/** How the screen is set up. */
export interface Orders {
  readonly name: string
  readonly timezone: string
  readonly zones: readonly ZoneOrder[]
  readonly wall: WallSettings
  /** The pictures that it takes of itself; null: none. */
  readonly evidence: EvidenceOrders | null
  /** The pixels of the whole wall, where its zones do not reach all its edges; else null. */
  readonly size: Size | null
}

export interface Manifest {
  readonly screen: Id
  readonly version: number
  readonly issued: number
  readonly expires: number
  readonly playlist: Digest | null
  readonly orders: Orders
  readonly takeovers: readonly Takeover[]
  readonly instructions: readonly Instruction[]
}

export type Refusal = "signature" | "malformed" | "other screen" | "rollback"

/** Why a manifest is not followed. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal, message: string) {
    super(message)
  }
}

/** Signed, and of a format that is not understood here: something is ordered that must not be left out silently. */
export class UnknownFormat extends Refused {
  constructor(format: number) {
    super("malformed", `manifest format ${format} is not known here`)
  }
}

/** The formats that are understood: 2 if and only if the manifest says something that came with it. */
const FORMATS = [1, 2]
const U32 = 0xffff_ffff
/** The longest edge of a wall. */
const MAX_EDGE = 16_384

/** Checks signature, format and addressee, and that it is not older than `followed`. Throws `Refused`. */
export async function acceptManifest(signed: Uint8Array, publisher: Verifier, screen: Id, followed: number | null): Promise<Manifest> {
  const manifest = await opened(signed, publisher)
  if (manifest.screen !== screen) throw new Refused("other screen", `manifest is for screen ${manifest.screen}`)
  if (followed !== null && manifest.version < followed) throw new Refused("rollback", "an older manifest than the one followed")
  return manifest
}

async function opened(signed: Uint8Array, publisher: Verifier): Promise<Manifest> {
  try {
    return readManifest(await verify(publisher, "manifest", signed))
  } catch (error) {
    if (error instanceof BadSignature) throw new Refused("signature", error.message)
    if (error instanceof Malformed) throw new Refused("malformed", error.message)
    throw error
  }
}

/** Reads the payload of a manifest whose signature was checked; throws `Malformed` or `UnknownFormat`. */
export function readManifest(payload: Uint8Array): Manifest {
  const map = asMap(decode(payload))
  const format = asUint(map.get(0))
  if (!FORMATS.includes(format)) throw new UnknownFormat(format)
  const said = asMap(map.get(6))
  const orders: Orders = {
    name: asText(said.get(0)),
    timezone: asText(said.get(1)),
    zones: asArray(said.get(2)).map(readZone),
    wall: readWall(said.get(3)),
    evidence: optional(said.get(7), readEvidence),
    size: optional(said.get(8), readSize),
  }
  if (orders.size !== null && !isWall(orders.size)) throw new Malformed("a wall of no size")
  const instructions = readInstructions(map.get(8))
  const usual = isUsual(orders.wall) && orders.evidence === null && instructions.length === 0
  if (format !== (usual ? 1 : 2)) throw new Malformed("the format does not fit what is said")
  return {
    screen: toId(asBytes(map.get(1), 16)),
    version: asUint(map.get(2)),
    issued: asInt(map.get(3)),
    expires: asInt(map.get(4)),
    playlist: optional(map.get(5), (digest) => toHex(asBytes(digest, 32))),
    orders,
    takeovers: asArray(map.get(7)).map(readTakeover),
    instructions,
  }
}

const isWall = ({ width, height }: Size): boolean => [width, height].every((edge) => edge >= 1 && edge <= MAX_EDGE)

/** The pixels of the whole wall. */
export function wallSize({ size, zones }: Pick<Orders, "size" | "zones">): Size {
  const reach = (end: (rect: Rect) => number) => Math.max(0, ...zones.map(({ rect }) => end(rect)))
  return size ?? { width: reach(({ x, width }) => x + width), height: reach(({ y, height }) => y + height) }
}

/** Whether every pixel of the wall is in some zone. Zones share none. */
export function coversTheWall(orders: Pick<Orders, "size" | "zones">): boolean {
  const { width, height } = wallSize(orders)
  return orders.zones.reduce((sum, { rect }) => sum + rect.width * rect.height, 0) >= width * height
}

function readZone(value: Cbor): ZoneOrder {
  const [name, rect] = asTuple(value, 2)
  const [x, y, width, height] = asTuple(rect, 4).map((edge) => asUint(edge, U32))
  return { name: asOneOf(name, ZONES), rect: { x: x ?? 0, y: y ?? 0, width: width ?? 0, height: height ?? 0 } }
}

function readTakeover(value: Cbor): Takeover {
  const map = asMap(value)
  const items = asArray(map.get(4)).map((item) => {
    const [zone, shown] = asTuple(item, 2)
    return [asOneOf(zone, ZONES), readItem(shown)] as const
  })
  return {
    id: toId(asBytes(map.get(0), 16)),
    level: asOneOf(map.get(1), LEVELS),
    starts: asInt(map.get(2)),
    expires: asInt(map.get(3)),
    items,
  }
}
