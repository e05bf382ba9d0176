/** Bytes, digests and ids, and how they are written. */
import { Malformed } from "./cbor.ts"

/** SHA-256 in 64 hexadecimal digits: the name of everything that never changes. */
export type Digest = string
/** A UUID as text. */
export type Id = string

/** The "batch before" of a first batch. */
export const ZERO: Digest = "0".repeat(64)

export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0")
  return text
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Malformed("not hexadecimal")
  return Uint8Array.from({ length: text.length / 2 }, (_, n) => parseInt(text.slice(2 * n, 2 * n + 2), 16))
}

export function toId(bytes: Uint8Array): Id {
  const hex = toHex(bytes)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}

export function fromId(id: Id): Uint8Array<ArrayBuffer> {
  const bytes = fromHex(id.replaceAll("-", ""))
  if (bytes.length !== 16) throw new Malformed("an id is 16 bytes")
  return bytes
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n])
}

/** A copy on memory of its own, as WebCrypto wants it. */
export const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", own(bytes)))
}

export const digestOf = async (bytes: Uint8Array): Promise<Digest> => toHex(await sha256(bytes))

/** Throws `Malformed`. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))
  } catch {
    throw new Malformed("not base64")
  }
}

export function toBase64(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
