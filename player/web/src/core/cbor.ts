/**
 * The CBOR (RFC 8949) that this system writes, and no other: integers, byte strings, UTF-8 texts, arrays, maps with ascending
 * unsigned keys, null; definite lengths, everything in its shortest form. Whatever else comes is refused.
 */

export type Cbor = number | Uint8Array | string | readonly Cbor[] | CborMap | null
export type CborMap = ReadonlyMap<number, Cbor>

/** The bytes are not CBOR as we write it, or not what was expected in that place. */
export class Malformed extends Error {}

/** Deeper than anything we write. */
const DEEPEST = 16

const TEXT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

class Reader {
  private at = 0
  private readonly view: DataView

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  value(depth: number): Cbor {
    if (depth > DEEPEST) throw new Malformed("nested too deeply")
    const first = this.byte()
    const info = first & 31
    switch (first >> 5) {
      case 0:
        return this.argument(info)
      case 1:
        return -1 - this.argument(info)
      case 2:
        return this.take(this.argument(info)).slice()
      case 3:
        return this.text(this.argument(info))
      case 4:
        return this.array(this.argument(info), depth)
      case 5:
        return this.map(this.argument(info), depth)
      case 7:
        if (first === 0xf6) return null
    }
    throw new Malformed(`byte ${first.toString(16)} is nothing we write`)
  }

  private byte(): number {
    return this.take(1)[0] ?? 0
  }

  private take(count: number): Uint8Array {
    if (count > this.left) throw new Malformed("cut short")
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }

  private argument(info: number): number {
    if (info < 24) return info
    const from = this.at
    switch (info) {
      case 24:
        return shortest(this.byte(), 24)
      case 25:
        this.take(2)
        return shortest(this.view.getUint16(from), 0x100)
      case 26:
        this.take(4)
        return shortest(this.view.getUint32(from), 0x1_0000)
      case 27: {
        this.take(8)
        const wide = this.view.getBigUint64(from)
        // Beyond 2^53 a number would lose digits: nothing that we count gets there.
        if (wide > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed("a number too large")
        return shortest(Number(wide), 0x1_0000_0000)
      }
    }
    throw new Malformed("an indefinite or reserved length")
  }

  private text(length: number): string {
    try {
      return TEXT.decode(this.take(length))
    } catch {
      throw new Malformed("a text that is not UTF-8")
    }
  }

  private array(length: number, depth: number): Cbor[] {
    // An element has a byte at least: a length cannot make us reserve what is not there.
    if (length > this.left) throw new Malformed("cut short")
    const all: Cbor[] = []
    for (let n = 0; n < length; n++) all.push(this.value(depth + 1))
    return all
  }

  private map(length: number, depth: number): CborMap {
    if (length * 2 > this.left) throw new Malformed("cut short")
    const all = new Map<number, Cbor>()
    let before = -1
    for (let n = 0; n < length; n++) {
      const key = this.value(depth + 1)
      if (typeof key !== "number" || key <= before) throw new Malformed("keys that do not ascend")
      before = key
      all.set(key, this.value(depth + 1))
    }
    return all
  }
}

function shortest(value: number, least: number): number {
  if (value < least) throw new Malformed("not the shortest form")
  return value
}

/** Reads one value and nothing after it. */
export function decode(bytes: Uint8Array): Cbor {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  if (reader.left > 0) throw new Malformed("bytes after the end")
  return value
}

/** Writes a value in its shortest form. */
export function encode(value: Cbor): Uint8Array {
  const out: number[] = []
  write(value, out)
  return Uint8Array.from(out)
}

function write(value: Cbor, out: number[]): void {
  if (value === null) {
    out.push(0xf6)
  } else if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Malformed("not a whole number")
    if (value < 0) head(1, -1 - value, out)
    else head(0, value, out)
  } else if (typeof value === "string") {
    const text = new TextEncoder().encode(value)
    head(3, text.length, out)
    for (const byte of text) out.push(byte)
  } else if (value instanceof Uint8Array) {
    head(2, value.length, out)
    for (const byte of value) out.push(byte)
  } else if (isArray(value)) {
    head(4, value.length, out)
    for (const one of value) write(one, out)
  } else {
    head(5, value.size, out)
    for (const [key, one] of [...value].sort(([a], [b]) => a - b)) {
      write(key, out)
      write(one, out)
    }
  }
}

function isArray(value: Cbor): value is readonly Cbor[] {
  return Array.isArray(value)
}

function head(major: number, argument: number, out: number[]): void {
  const first = major << 5
  if (argument < 24) out.push(first | argument)
  else if (argument < 0x100) out.push(first | 24, argument)
  else if (argument < 0x1_0000) out.push(first | 25, argument >> 8, argument & 255)
  else if (argument < 0x1_0000_0000) out.push(first | 26, ...bigEndian(argument, 4))
  else out.push(first | 27, ...bigEndian(argument, 8))
}

function bigEndian(value: number, bytes: number): number[] {
  const all: number[] = []
  for (let n = 0; n < bytes; n++) {
    all.unshift(value % 256)
    value = Math.floor(value / 256)
  }
  return all
}

// What is expected in a place. Each answers the value or throws `Malformed`.

export function asMap(value: Cbor | undefined): CborMap {
  if (value instanceof Map) return value
  throw new Malformed("not a map")
}

export function asArray(value: Cbor | undefined): readonly Cbor[] {
  if (value !== undefined && isArray(value)) return value
  throw new Malformed("not an array")
}

/** An array of exactly so many. */
export function asTuple(value: Cbor | undefined, length: number): readonly Cbor[] {
  const all = asArray(value)
  if (all.length !== length) throw new Malformed(`not an array of ${length}`)
  return all
}

export function asBytes(value: Cbor | undefined, length?: number): Uint8Array {
  if (value instanceof Uint8Array && (length === undefined || value.length === length)) return value
  throw new Malformed("not a byte string of its length")
}

export function asText(value: Cbor | undefined): string {
  if (typeof value === "string") return value
  throw new Malformed("not a text")
}

export function asInt(value: Cbor | undefined): number {
  if (typeof value === "number") return value
  throw new Malformed("not a number")
}

/** A number from 0 to `most`. */
export function asUint(value: Cbor | undefined, most = Number.MAX_SAFE_INTEGER): number {
  const number = asInt(value)
  if (number >= 0 && number <= most) return number
  throw new Malformed("a number out of its range")
}

/** The word that a number stands for. */
export function asOneOf<T extends string>(value: Cbor | undefined, words: readonly T[]): T {
  const word = words[asUint(value)]
  if (word === undefined) throw new Malformed("a number that stands for nothing")
  return word
}

export function optional<T>(value: Cbor | undefined, read: (value: Cbor) => T): T | null {
  return value === undefined || value === null ? null : read(value)
}
