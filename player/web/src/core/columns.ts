/**
 * Columns of numbers that are mostly zero, as core/src/playlog/FORMAT.md has them: an even token 2k stands for k zeros, an odd one
 * 2v + 1 for the number v; tokens are unsigned LEB128, and zeros at the end are not written.
 */
export class Column {
  private readonly bytes: number[] = []
  private zeros = 0n

  push(value: bigint): void {
    if (value === 0n) {
      this.zeros += 1n
      return
    }
    if (this.zeros > 0n) {
      this.token(this.zeros << 1n)
      this.zeros = 0n
    }
    this.token((value << 1n) | 1n)
  }

  /** A number of either sign, of 64 bits: 0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 … */
  pushSigned(value: bigint): void {
    const wrapped = BigInt.asIntN(64, value)
    this.push(wrapped < 0n ? -2n * wrapped - 1n : 2n * wrapped)
  }

  private token(rest: bigint): void {
    while (rest >= 0x80n) {
      this.bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.bytes.push(Number(rest))
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.bytes)
  }
}
