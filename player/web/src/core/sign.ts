/** Signed statements: COSE_Sign1 with Ed25519, one context text per kind; see core/src/sign.rs. */
import { concat, fromHex, own, same, sha256, toHex, type Digest } from "./bytes.ts"
import { asMap, decode, encode, Malformed, type CborMap } from "./cbor.ts"

export const CONTEXTS = {
  manifest: "xuanping/manifest/1",
  playBatch2: "xuanping/play-batch/2",
  receipt: "xuanping/receipt/1",
  time: "xuanping/time/1",
  request: "xuanping/request/1",
  retirement: "xuanping/retirement/1",
  keyPermit: "xuanping/key-permit/1",
  keyChange: "xuanping/key-change/1",
  newKey: "xuanping/new-key/1",
  keyReceipt: "xuanping/key-receipt/1",
} as const
export type Context = keyof typeof CONTEXTS

/** The bytes are not what that key signed for that purpose. */
export class BadSignature extends Error {}

/** A public key of somebody whose word counts. */
export interface Verifier {
  /** 64 hexadecimal digits. */
  readonly key: string
  readonly fingerprint: Uint8Array
  readonly crypto: CryptoKey
}

/** A key of one's own. */
export interface Signer {
  /** 64 hexadecimal digits. */
  readonly key: string
  readonly fingerprint: Digest
  readonly secret: CryptoKey
}

const text = (context: Context) => new TextEncoder().encode(CONTEXTS[context])

export async function verifierOf(key: string): Promise<Verifier> {
  const raw = fromHex(key)
  if (raw.length !== 32) throw new Malformed("a key is 32 bytes")
  const imported = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"])
  return { key, fingerprint: await sha256(raw), crypto: imported }
}

/** A key of one's own as WebCrypto has it, which is also how it is kept. */
export interface OwnKey {
  readonly signer: Signer
  readonly pair: CryptoKeyPair
}

/** Draws a key that never leaves this browser: its secret half cannot be exported, by us neither. */
export async function drawSigner(): Promise<OwnKey> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair
  return { signer: await signerOf(pair), pair }
}

export async function signerOf(pair: CryptoKeyPair): Promise<Signer> {
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))
  return { key: toHex(raw), fingerprint: toHex(await sha256(raw)), secret: pair.privateKey }
}

/** What stands before the payload of a COSE_Sign1 by this key: `{1: -8, 4: fingerprint}` as a byte string. */
const protectedHeader = (fingerprint: Uint8Array) => concat(Uint8Array.of(0xa2, 0x01, 0x27, 0x04), encode(fingerprint))

const toBeSigned = (header: Uint8Array, context: Context, payload: Uint8Array) =>
  own(encode(["Signature1", header, text(context), payload]))

/** `payload` inside a COSE_Sign1. */
export async function sign(signer: Signer, context: Context, payload: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const header = protectedHeader(fromHex(signer.fingerprint))
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, signer.secret, toBeSigned(header, context, payload))
  return own(encode([header, new Map(), payload, new Uint8Array(signature)]))
}

/** The payload, if `verifier` signed it for this purpose and it is written in the one way there is. */
export async function verify(verifier: Verifier, context: Context, signed: Uint8Array): Promise<Uint8Array> {
  const [header, unprotected, payload, signature, more] = partsOf(signed)
  const shaped =
    more === undefined &&
    header instanceof Uint8Array &&
    unprotected instanceof Map &&
    unprotected.size === 0 &&
    payload instanceof Uint8Array &&
    signature instanceof Uint8Array &&
    signature.length === 64
  if (!shaped) throw new BadSignature("not a COSE_Sign1 message as we write it")
  if (!same(header, protectedHeader(verifier.fingerprint))) throw new BadSignature("signed by another key or algorithm")
  const input = toBeSigned(header, context, payload)
  if (!(await crypto.subtle.verify({ name: "Ed25519" }, verifier.crypto, own(signature), input))) {
    throw new BadSignature("the signature does not match")
  }
  return payload
}

/** What `verifier` signed for this purpose, as `read` understands it; throws `BadSignature`, also for what it does not. */
export async function openSigned<T>(verifier: Verifier, context: Context, signed: Uint8Array, read: (map: CborMap) => T): Promise<T> {
  const payload = await verify(verifier, context, signed)
  try {
    return read(asMap(decode(payload)))
  } catch (error) {
    if (error instanceof Malformed) throw new BadSignature(error.message)
    throw error
  }
}

/** The payload *without* any check of the signature: to learn who should have signed it, never to believe it. */
export function payloadOf(signed: Uint8Array): Uint8Array {
  const payload = partsOf(signed)[2]
  if (!(payload instanceof Uint8Array)) throw new BadSignature("not a COSE_Sign1 message as we write it")
  return payload
}

function partsOf(signed: Uint8Array) {
  try {
    const parts = decode(signed)
    return Array.isArray(parts) ? parts : []
  } catch (error) {
    if (error instanceof Malformed) throw new BadSignature(error.message)
    throw error
  }
}

/** A bare 64-byte signature over the context, a zero byte and the message. */
export async function signRaw(signer: Signer, context: Context, message: Uint8Array): Promise<Uint8Array> {
  const input = concat(text(context), Uint8Array.of(0), message)
  return new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, signer.secret, input))
}

/** Checks what `signRaw` signed; throws `BadSignature`. */
export async function verifyRaw(verifier: Verifier, context: Context, message: Uint8Array, signature: Uint8Array): Promise<void> {
  const input = concat(text(context), Uint8Array.of(0), message)
  if (!(await crypto.subtle.verify({ name: "Ed25519" }, verifier.crypto, own(signature), input))) throw new BadSignature("the signature does not match")
}
