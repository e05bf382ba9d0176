/** Local clocks of an IANA time zone; the rules for days on which clocks change are those of core/src/recurrence/local.rs. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** From `start` until, and without, `end`; UTC milliseconds. */
export interface Interval {
  readonly start: number
  readonly end: number
}

/** As far as dates are asked about, either way of 1970; far beyond any programme. */
const CALENDAR = 8e15
/** The longest gap looked across, in minutes: Samoa once skipped a whole day. */
const LONGEST_GAP = 26 * 60

/**
 * A local date and time is written as the milliseconds that UTC would have at it; a date as the days since 1970-01-01.
 */
export class Zone {
  private readonly format: Intl.DateTimeFormat
  private readonly known = new Map<number, number>()

  /** Throws a `RangeError` if there is no such zone. */
  constructor(readonly name: string) {
    // `Intl` would take an offset such as +08:00 for a zone; a playlist names one of the world's.
    if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(name)) throw new RangeError("no such time zone")
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    })
  }

  /** How far the local clock is ahead of UTC, in milliseconds. */
  private offset(at: number): number {
    // Offsets change on whole minutes, and one minute is asked about many times. Beyond its calendar `Intl` throws.
    const minute = Math.floor(Math.min(Math.max(at, -CALENDAR), CALENDAR) / MINUTE)
    let offset = this.known.get(minute)
    if (offset === undefined) {
      const part: Record<string, number> = {}
      for (const { type, value } of this.format.formatToParts(minute * MINUTE)) part[type] = Number(value)
      const { year = 0, month = 1, day = 1, hour = 0, minute: minutes = 0, second = 0 } = part
      offset = Date.UTC(year, month - 1, day, hour, minutes, second) - minute * MINUTE
      if (this.known.size > 20_000) this.known.clear()
      this.known.set(minute, offset)
    }
    return offset
  }

  /** What the local clock shows. */
  local(at: number): number {
    return at + this.offset(at)
  }

  /** The local date. */
  dateOf(at: number): number {
    return Math.floor(this.local(at) / DAY)
  }

  /** The first instant at which the local clock shows `local` or later. */
  start(local: number): number {
    return this.instant(local, (all) => Math.min(...all))
  }

  /** The instant after the last one at which the local clock shows earlier than `local`. */
  end(local: number): number {
    // A time that opens the repeated hour ends the hour before it, not the repetition.
    const opensTheRepetition = this.showing(local - MINUTE, this.offsetsAround(local - MINUTE)).length < 2
    return this.instant(local, (all) => (opensTheRepetition ? Math.min(...all) : Math.max(...all)))
  }

  /** The first instant of a local day, and of the next one. */
  day(date: number): Interval {
    return { start: this.start(date * DAY), end: this.start((date + 1) * DAY) }
  }

  private instant(local: number, choose: (all: readonly number[]) => number): number {
    const offsets = this.offsetsAround(local)
    for (let minutes = 0; minutes <= LONGEST_GAP; minutes++) {
      const wanted = local + minutes * MINUTE
      const all = this.showing(wanted, offsets)
      if (all.length > 0) return choose(all)
      // Across the gap other offsets may hold.
      if (minutes % 120 === 119) for (const hours of [-16, 0, 16]) offsets.add(this.offset(wanted + hours * HOUR))
    }
    return local
  }

  private offsetsAround(local: number): Set<number> {
    const offsets = new Set<number>()
    for (let hours = -16; hours <= 16; hours += 2) offsets.add(this.offset(local + hours * HOUR))
    return offsets
  }

  /** The instants at which the local clock shows just this. */
  private showing(local: number, offsets: ReadonlySet<number>): number[] {
    return [...offsets].map((offset) => local - offset).filter((at) => this.local(at) === local)
  }
}
