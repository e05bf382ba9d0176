/**
 * When a picture of the wall is to be taken; see player/src/state/evidence.rs. A picture is taken of a play that has been up for a
 * while and must still be up when the picture is packed, for that play names it.
 */
import type { Moment } from "../clock.ts"
import { EVIDENCE_PATIENCE, moments, zoneOf, type Digest, type Id, type Manifest } from "../core/index.ts"
import type { Named } from "./player.ts"

/** A play is pictured when it has been up for so long, in milliseconds: whatever it gave way to is gone by then. */
const SETTLED = 1_000
/** How often a picture may fail, or come when its play was over, before it is given up. */
const TRIES = 5
/** A picture that the office wants is given up when nothing could be pictured for so long, in milliseconds. */
const ASKED_FOR = 150_000
/** Pictures that wait at most. */
const MOST = 32

/** Why a picture is taken: because of a moment of the orders, or of an instruction. */
export type Cause = { readonly moment: number } | { readonly instruction: Id }

/** Why there was none; see `CouldNot` in core/src/wire/messages.rs. */
export type CouldNot = "nothing_shown" | "wall_off" | "no_picture"

/** What came of an instruction to take one; `couldNot: null`: a play names it. */
export interface Answer {
  readonly id: Id
  readonly couldNot: CouldNot | null
}

interface Waiting {
  readonly cause: Cause
  /** On the monotonic clock. */
  readonly until: number
  tries: number
}

/** The play that is up in the main zone. */
export interface Up {
  readonly key: number
  readonly since: Moment
}

export class Evidence {
  /** What the moments were worked out from; they follow a moment later. */
  private basis: string | null = null
  private known: readonly number[] | null = null
  /** Moments until then, and this one, are over. */
  private turned: number | null = null
  private waiting: Waiting[] = []
  private taking: number | null = null
  private answers: Answer[] = []

  /**
   * Turns to `now`: what became due waits, unless the wall was made dark; what waited in vain is given up. What is asked of a wall
   * that is off, by its hours or by somebody at the machine, is given up at once.
   */
  turn(manifest: Manifest, playing: Named | null, { dark, off }: { dark: boolean; off: boolean }, now: Moment): void {
    this.workOut(manifest, playing, now)
    if (this.known !== null) {
      // A clock that was set back lives a stretch again; a moment in it is one more picture, not a missing one.
      const from = Math.min(this.turned ?? now.wall, now.wall)
      this.turned = now.wall
      for (const moment of this.known) {
        if (from < moment && moment <= now.wall) this.want({ moment }, now.monotonic + EVIDENCE_PATIENCE - (now.wall - moment))
      }
    }
    if (dark || off) this.giveUp("wall_off", () => true)
    this.giveUp("nothing_shown", (waiting) => now.monotonic >= waiting.until)
    this.waiting = dark ? [] : this.waiting.filter((waiting) => now.monotonic < waiting.until)
  }

  private giveUp(couldNot: CouldNot, which: (waiting: Waiting) => boolean): void {
    this.waiting = this.waiting.filter((waiting) => {
      if (!("instruction" in waiting.cause) || !which(waiting)) return true
      this.answers.push({ id: waiting.cause.instruction, couldNot })
      return false
    })
  }

  /** The office wants one, before this instant. */
  asked(instruction: Id, until: number, now: Moment): void {
    // The next manifest has it too.
    if (this.waiting.some(({ cause }) => "instruction" in cause && cause.instruction === instruction)) return
    if (this.waiting.length >= MOST) this.answers.push({ id: instruction, couldNot: "no_picture" })
    this.want({ instruction }, now.monotonic + Math.min(ASKED_FOR, Math.max(0, until - now.wall)))
  }

  /** What came of instructions since this was asked last. */
  takeAnswers(): readonly Answer[] {
    const { answers } = this
    this.answers = []
    return answers
  }

  private want(cause: Cause, until: number): void {
    if (this.waiting.length < MOST) this.waiting.push({ cause, until, tries: 0 })
  }

  private workOut(manifest: Manifest, playing: Named | null, now: Moment): void {
    const date = zoneOf(manifest.orders).dateOf(now.wall)
    const basis = manifest.orders.evidence === null || playing === null ? "none" : `${manifest.version} ${playing.digest} ${date}`
    if (basis === this.basis) return
    this.basis = basis
    if (playing === null || basis === "none") {
      this.known = []
      return
    }
    // Until they are known, none is missed: `turn` goes on from where it was.
    this.known = null
    this.turned ??= now.wall
    void moments(manifest, playing.playlist, date).then((known) => {
      if (this.basis === basis) this.known = known
    })
  }

  /** The picture to be taken now of the play that is up, if any is. It is being taken from now on. */
  begin(up: Up | null, now: Moment): (Up & { readonly cause: Cause }) | null {
    const [first] = this.waiting
    if (up === null || first === undefined || this.taking !== null || now.monotonic - up.since.monotonic < SETTLED) return null
    this.taking = up.key
    return { ...up, cause: first.cause }
  }

  /** A picture came, or did not; `named`: a play names it. Otherwise it is tried again, but not for ever. */
  came(cause: Cause, named: boolean): void {
    this.taking = null
    const place = this.waiting.findIndex((waiting) => waiting.cause === cause)
    const waiting = this.waiting[place]
    if (waiting === undefined) return
    waiting.tries += 1
    if (!named && waiting.tries < TRIES) return
    this.waiting.splice(place, 1)
    if ("instruction" in cause) this.answers.push({ id: cause.instruction, couldNot: named ? null : "no_picture" })
  }
}

/** A picture that a play names, until the server has it. */
export interface Picture {
  readonly digest: Digest
  /** UTC milliseconds. */
  readonly taken: number
  readonly cause: Cause
  readonly bytes: Uint8Array<ArrayBuffer>
}
