/**
 * What is written one after the other, in the order in which things happened. A store that refuses is asked again until it does not:
 * a full disk that is emptied in the morning has cost no play of the night.
 */

/** Between two tries, in milliseconds. */
const AGAIN = 5_000
/** What waits at most: two nights of a busy wall. Beyond, the oldest is lost. */
const MOST = 20_000
/** What is refused for what it is would be refused for ever. */
const FOR_EVER = ["DataError", "DataCloneError", "ConstraintError"]

export class Writing {
  private readonly waiting: (() => Promise<void>)[] = []
  private running: Promise<void> | null = null
  /** What was given up. */
  lost = 0

  /** `trouble`: whether the store refuses just now. */
  constructor(
    private readonly trouble: (refuses: boolean) => void,
    private readonly sleep: (ms: number) => Promise<void>,
  ) {}

  get idle(): boolean {
    return this.running === null
  }

  add(act: () => Promise<void>): void {
    this.waiting.push(act)
    if (this.waiting.length > MOST) {
      // The first may be being written just now.
      this.waiting.splice(1, 1)
      this.lost += 1
    }
    this.running ??= this.run()
  }

  /** Resolves when nothing waits any more, or the store refuses. */
  async settled(): Promise<void> {
    await Promise.race([this.running, this.sleep(AGAIN)])
  }

  private async run(): Promise<void> {
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      try {
        await next()
        this.trouble(false)
      } catch (error) {
        this.trouble(true)
        if (!FOR_EVER.includes((error as { name?: string } | null)?.name ?? "")) {
          await this.sleep(AGAIN)
          continue
        }
        console.error("something that the store will never take was given up", error)
        this.lost += 1
      }
      this.waiting.shift()
    }
    this.running = null
  }
}
