/** What the office tells this screen to do once; see core/src/playlist/instruction.rs. */
import { toHex, toId, type Id } from "./bytes.ts"
import { asArray, asBytes, asInt, asMap, asText, asTuple, asUint, Malformed, type Cbor } from "./cbor.ts"

/** A line of text as lamps that are lit or dark, 16 rows high; each row begins a byte, the leftmost lamp is the highest bit. */
export interface Lamps {
  readonly width: number
  /** Hexadecimal. */
  readonly bits: string
}

export type Errand =
  | { readonly is: "identify"; readonly seconds: number; readonly code: string; readonly lines: readonly Lamps[] }
  | { readonly is: "capture" }
  | { readonly is: "restart" }
  /** `permit`: the office's, as it signed it, in hexadecimal. */
  | { readonly is: "change_key"; readonly permit: string }

export interface Instruction {
  readonly id: Id
  /** From this instant on it is not done any more. */
  readonly expires: number
  readonly what: Errand
}

/** Rows of a line. */
export const LAMP_ROWS = 16
const WIDEST = 2_048
const MOST = 8
const MOST_LINES = 4
const LONGEST = 120
const LARGEST_PERMIT = 512
const CODE = /^[0-9]{1,8}$/

const stride = (width: number): number => Math.ceil(width / 8)

export function isLit({ width, bits }: Lamps, x: number, y: number): boolean {
  const byte = 2 * (y * stride(width) + (x >> 3))
  return x < width && (parseInt(bits.slice(byte, byte + 2), 16) & (0x80 >> x % 8)) !== 0
}

/** Throws `Malformed`. */
export function readInstructions(value: Cbor | undefined): Instruction[] {
  const all = asArray(value ?? []).map((each) => {
    const map = asMap(each)
    return { id: toId(asBytes(map.get(0), 16)), expires: asInt(map.get(1)), what: readErrand(map.get(2)) }
  })
  if (all.length > MOST) throw new Malformed("more instructions than anybody means")
  return all
}

function readErrand(value: Cbor | undefined): Errand {
  const [is, first, code, lines] = asArray(value)
  switch (is) {
    case 0: {
      asTuple(value, 4)
      const errand = { is: "identify", seconds: asUint(first, LONGEST), code: asText(code), lines: asArray(lines).map(readLamps) } as const
      if (errand.seconds === 0 || !CODE.test(errand.code) || errand.lines.length > MOST_LINES) throw new Malformed("nobody means to identify like that")
      return errand
    }
    case 1:
      asTuple(value, 1)
      return { is: "capture" }
    case 2:
      asTuple(value, 1)
      return { is: "restart" }
    case 3: {
      asTuple(value, 2)
      const permit = asBytes(first)
      if (permit.length === 0 || permit.length > LARGEST_PERMIT) throw new Malformed("no permit is like that")
      return { is: "change_key", permit: toHex(permit) }
    }
  }
  throw new Malformed("an instruction that we do not know")
}

function readLamps(value: Cbor): Lamps {
  const [columns, bits] = asTuple(value, 2)
  const width = asUint(columns, WIDEST)
  return { width, bits: toHex(asBytes(bits, LAMP_ROWS * stride(width))) }
}
