/** What an event asked for: each item once in its zone, above the loops and below takeovers; see player/src/state/shows.rs. */
import type { Moment } from "../clock.ts"
import { EVENT_PATIENCE, type Digest, type Id, type Item } from "../core/index.ts"
import type { Planned } from "./zoneState.ts"

/** An item that is not ready is waited for so long before the next has its turn, in milliseconds. */
const READY = 10_000
/** How often it is looked whether it is up, in milliseconds. */
const LOOK = 200

interface Inserted {
  readonly item: Item
  readonly playlist: Digest
  readonly show: Id
  readonly asked: Moment
  turn: Moment | null
}

export class Queue {
  private all: Inserted[] = []

  /** These shall be shown. */
  add(items: readonly Item[], playlist: Digest, show: Id, asked: Moment): void {
    this.all.push(...items.map((item) => ({ item, playlist, show, asked, turn: null })))
  }

  /** Nothing of it shall be shown any more. */
  clear(): void {
    this.all = []
  }

  /** Something above it has the wall: what was cut short is shown anew, whole. */
  wait(): void {
    const [first] = this.all
    if (first) first.turn = null
  }

  /** Whose turn it is; `up`: since when what has the turn is on the wall. What waited too long is left out: the film has begun. */
  turn(up: Moment | null, now: Moment): Planned | null {
    for (;;) {
      const [first] = this.all
      if (!first) return null
      const begun = first.turn
      if (begun === null) {
        if (now.monotonic - first.asked.monotonic > EVENT_PATIENCE) this.all.shift()
        else first.turn = now
        up = null
        continue
      }
      const lasts = first.item.duration
      const end = up === null ? begun.monotonic + Math.max(lasts, READY) : up.monotonic + lasts
      if (now.monotonic < end) {
        // What is not up yet ends later than it seems: only once it is up, its end is known.
        const wake = up === null ? Math.min(end, now.monotonic + LOOK) : end
        const until = now.wall + wake - now.monotonic
        const event = { show: first.show, playlist: first.playlist }
        return { is: "play", item: first.item, takeover: null, start: begun.wall, end: until, until, event }
      }
      this.all.shift()
      up = null
    }
  }

  /** What comes after the one that has its turn. */
  next(): Item | null {
    return this.all.find((inserted) => inserted.turn === null)?.item ?? null
  }

  /** Everything in it. */
  items(): Item[] {
    return this.all.map((inserted) => inserted.item)
  }
}
