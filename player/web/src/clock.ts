/**
 * The only room that says now: wall time, corrected if the device's clock is plainly wrong, beside monotonic time. The rules are
 * those of player/src/clock.rs.
 */

/** One instant, on both clocks. */
export interface Moment {
  /** UTC milliseconds as the player believes it. */
  readonly wall: number
  /** Milliseconds since the page was opened; never jumps. */
  readonly monotonic: number
}

/** A signed time that differs by less than this changes nothing. */
const BELIEVED_ERROR = 2_000

export class Clock {
  private correction = 0

  now(): Moment {
    return { wall: Date.now() + this.correction, monotonic: Math.round(performance.now()) }
  }

  /** By how much the device's clock is corrected, in milliseconds. */
  get correctedBy(): number {
    return Math.round(this.correction)
  }

  /** The server signed that it is `server` now. Whether that changed the correction. */
  learn(server: number): boolean {
    const error = server - Date.now()
    const needed = Math.abs(error) < BELIEVED_ERROR ? 0 : Math.round(error)
    if (Math.abs(needed - this.correction) < BELIEVED_ERROR && (needed === 0) === (this.correction === 0)) return false
    this.correction = needed
    return true
  }

  /** It cannot be earlier than something already verified was signed: for a clock that was never set. */
  notBefore(signed: number): void {
    const behind = signed - this.now().wall
    if (behind > 3_600_000) this.correction += behind
  }
}
