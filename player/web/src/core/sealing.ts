/** When finished plays are sealed into a batch: the rules of player/src/journal/seal.rs. The fewer the batches, the fewer the bytes of a play. */
import type { Play } from "./playlog.ts"

export interface SealRules {
  /** Plays are sealed after so many milliseconds. */
  readonly interval: number
  /** Or as soon as there are so many. */
  readonly plays: number
  /** Or after so many milliseconds, if they are news: the first since the start, takeovers, events, failures, pictures; or if somebody watches. */
  readonly soon: number
}

export const SEAL_RULES: SealRules = { interval: 3_600_000, plays: 512, soon: 15_000 }

/** While the server does not answer, small batches would only pile up: they then wait so long, in milliseconds. */
const OFFLINE_INTERVAL = 600_000
/** From so many batches without a receipt on, the server counts as not answering. */
const OFFLINE_BATCHES = 4
/** News that goes on is no news: each time in turn it waits twice as long, up to so many times `soon`. */
const PATIENCE = 64

export const isNews = ({ trigger, status, evidence }: Pick<Play, "trigger" | "status" | "evidence">): boolean =>
  trigger === "takeover" || trigger === "event" || evidence.length > 0 || status === "hardware_failure" || status === "content_failure"

/** What waits to be sealed. Times are of the monotonic clock. */
export class Sealing {
  private count: number
  private news = false
  private reported = false
  private patience = 1

  /** `left`: plays that the run before finished or was interrupted in. */
  constructor(
    private readonly rules: SealRules,
    left: number,
    private last: number,
  ) {
    this.count = left
  }

  finished(play: Pick<Play, "trigger" | "status" | "evidence">, now: number): void {
    if (this.count === 0) this.last = now
    this.count += 1
    this.news ||= isNews(play)
  }

  /** Whether it is time; `waiting`: batches without a receipt. If so, everything is taken to be sealed now. */
  due(watched: boolean, waiting: number, now: number): boolean {
    const { interval, plays, soon } = this.rules
    const news = this.news || !this.reported
    let patience = interval
    if (waiting >= OFFLINE_BATCHES) patience = Math.max(OFFLINE_INTERVAL, interval)
    else if (watched) patience = Math.min(interval, soon)
    else if (news) patience = Math.min(interval, soon * this.patience)
    if (this.count === 0 || (this.count < plays && now - this.last < patience)) return false
    this.last = now
    this.patience = news ? Math.min(this.patience * 2, PATIENCE) : 1
    this.reported = true
    this.count = 0
    this.news = false
    return true
  }
}
