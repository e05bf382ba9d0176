/** 更换密钥: one key of a screen gives way to another, within one chain of batches; see core/src/playlog/succession.rs. */
import { digestOf, fromHex, fromId, own, toHex, toId, ZERO, type Digest, type Id } from "./bytes.ts"
import { asBytes, asInt, asMap, asTuple, asUint, decode, encode, Malformed, type Cbor } from "./cbor.ts"
import { BadSignature, openSigned, payloadOf, sign, signRaw, verify, verifierOf, verifyRaw, type Signer, type Verifier } from "./sign.ts"

/** The office's word that a screen is to change its key. */
export interface KeyPermit {
  readonly screen: Id
  /** Fingerprint of the key that is to go: so it permits one change, and no second. */
  readonly key: Digest
  /** The instruction that it came with. */
  readonly instruction: Id
}

export interface KeyChange {
  readonly screen: Id
  /** The key that goes, and the one that comes: 64 hexadecimal digits each. */
  readonly old: string
  readonly new: string
  /** Number of the first batch that the new key signs. */
  readonly from: number
  /** Name of the batch before that one. */
  readonly previous: Digest
  /** The player's clock. */
  readonly at: number
}

/** A change that both keys signed and the office permitted: there is no other way to get one. */
export interface SignedKeyChange {
  readonly change: KeyChange
  readonly permit: KeyPermit
  readonly signed: Uint8Array<ArrayBuffer>
  readonly digest: Digest
}

/** Where a screen's chain ends. */
export interface ChainHead {
  readonly screen: Id
  readonly sequence: number
  readonly digest: Digest
}

export interface KeyReceipt {
  readonly screen: Id
  /** Name of the change. */
  readonly change: Digest
  readonly recorded: number
}

/** What does not hold: the bytes, one of the three signatures, or what the office permitted. */
export type KeyChangeFault = "malformed" | "old" | "new" | "permit" | "other permit"

/** Why a change of key is not believed. */
export class BadKeyChange extends Error {
  constructor(readonly fault: KeyChangeFault) {
    super(`not a change of key: ${fault}`)
  }
}

const MOST_BYTES = 2_048
/** Members of a change. */
const MEMBERS = 7

/** Throws `BadSignature`. */
export const openKeyPermit = (signed: Uint8Array, publisher: Verifier): Promise<KeyPermit> =>
  openSigned(publisher, "keyPermit", signed, (map) => ({
    screen: toId(asBytes(map.get(0), 16)),
    key: toHex(asBytes(map.get(1), 32)),
    instruction: toId(asBytes(map.get(2), 16)),
  }))

/** The server's word that a change is recorded: from then on the old key opens nothing. Throws `BadSignature`. */
export const openKeyReceipt = (signed: Uint8Array, publisher: Verifier): Promise<KeyReceipt> =>
  openSigned(publisher, "keyReceipt", signed, (map) => ({
    screen: toId(asBytes(map.get(0), 16)),
    change: toHex(asBytes(map.get(1), 32)),
    recorded: asInt(map.get(2)),
  }))

/** Changes the key of a screen whose newest batch is `head`. `permit`: the office's, as it signed it. */
export async function signKeyChange(head: ChainHead, at: number, permit: Uint8Array, old: Signer, next: Signer): Promise<Uint8Array<ArrayBuffer>> {
  const change = new Map<number, Cbor>([
    [0, fromId(head.screen)],
    [1, fromHex(old.key)],
    [2, fromHex(next.key)],
    [3, head.sequence + 1],
    [4, fromHex(head.digest)],
    [5, at],
    [6, permit],
  ])
  const bytes = encode(change)
  return sign(old, "keyChange", encode([bytes, await signRaw(next, "newKey", bytes)]))
}

/** Checks all three signatures, and that they are about the same change. Throws `BadKeyChange`. */
export async function openKeyChange(signed: Uint8Array, publisher: Verifier): Promise<SignedKeyChange> {
  // What the bytes say of themselves is believed only as far as to choose the key that has to have signed them.
  const { change, bytes, proof, signedPermit } = claimed(signed)
  await holds("old", async () => verify(await verifierOf(change.old), "keyChange", signed))
  await holds("new", async () => verifyRaw(await verifierOf(change.new), "newKey", bytes, proof))
  const permit = await holds("permit", () => openKeyPermit(signedPermit, publisher))
  if (permit.screen !== change.screen || permit.key !== (await digestOf(fromHex(change.old)))) throw new BadKeyChange("other permit")
  return { change, permit, signed: own(signed), digest: await digestOf(signed) }
}

async function holds<T>(fault: KeyChangeFault, check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (error) {
    if (error instanceof BadSignature) throw new BadKeyChange(fault)
    throw error
  }
}

/** There is exactly one way to write a change: what is written otherwise is none. */
function claimed(signed: Uint8Array) {
  try {
    if (signed.length > MOST_BYTES) throw new Malformed("longer than any change")
    const [change, proof] = asTuple(decode(payloadOf(signed)), 2)
    const bytes = asBytes(change)
    const map = asMap(decode(bytes))
    const said: KeyChange = {
      screen: toId(asBytes(map.get(0), 16)),
      old: toHex(asBytes(map.get(1), 32)),
      new: toHex(asBytes(map.get(2), 32)),
      from: asUint(map.get(3)),
      previous: toHex(asBytes(map.get(4), 32)),
      at: asInt(map.get(5)),
    }
    const begins = said.from === 1 && said.previous === ZERO
    const goesOn = said.from > 1 && said.previous !== ZERO
    if (map.size !== MEMBERS || said.old === said.new || !(begins || goesOn)) throw new Malformed("it contradicts itself")
    return { change: said, bytes, proof: asBytes(proof), signedPermit: asBytes(map.get(6)) }
  } catch (error) {
    if (error instanceof Malformed || error instanceof BadSignature) throw new BadKeyChange("malformed")
    throw error
  }
}
