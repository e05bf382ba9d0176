/**
 * What the office tells this screen to do once; see player/src/run/instructions.rs. Every instruction comes in a verified manifest; that
 * it was done is kept before it is done, so that neither a reload nor the same manifest again does it a second time. A picture alone is
 * done when a play names it, or said to be none; a change of key when the server has signed for it.
 */
import type { Moment } from "./clock.ts"
import type { Id, Instruction } from "./core/index.ts"
import type { Answer } from "./play/evidence.ts"
import type { Player } from "./play/player.ts"
import type { Obeyed, Store } from "./store.ts"

/** So many are remembered: a manifest has eight at most, and none of them for longer than minutes. */
const MOST = 64
/** So many are told to the server. */
const TOLD = 8

export class Instructions {
  private constructor(
    private readonly store: Store,
    private done: Obeyed[],
  ) {}

  static async open(store: Store): Promise<Instructions> {
    return new Instructions(store, await store.obeyed())
  }

  /** What the server is told: the newest that were done. */
  told(): readonly Obeyed[] {
    return this.done.slice(-TOLD)
  }

  /** Does what was not done before. `does.restart`: the page is loaded anew; `does.changeKey`: whether the office may mean this key. */
  async obey(
    instructions: readonly Instruction[],
    player: Player,
    now: Moment,
    does: { restart: () => Promise<void>; changeKey: (id: Id, permit: string) => Promise<boolean> },
  ): Promise<void> {
    for (const { id, expires, what } of instructions) {
      if (expires <= now.wall || this.done.some((done) => done.id === id)) continue
      if (what.is === "capture") {
        player.wantPicture(id, expires, now)
        continue
      }
      if (what.is === "change_key") {
        // It is done when the server has signed for it.
        const meant = await does.changeKey(id, what.permit)
        if (!meant && !this.done.some((done) => done.id === id)) await this.note({ id, at: now.wall, could_not: "other" })
        continue
      }
      const kept = await this.note({ id, at: now.wall })
      if (what.is === "identify") player.identify({ code: what.code, lines: what.lines }, what.seconds, now)
      // What is not kept would be done again after the reload, for ever.
      else if (kept) await does.restart()
    }
  }

  /** A play names the picture that the office wanted, or there was none to be had. */
  async answered({ id, couldNot }: Answer, now: Moment): Promise<void> {
    if (this.done.some((done) => done.id === id)) return
    if (couldNot !== null) console.warn("what the office wanted could not be done", id, couldNot)
    await this.note(couldNot === null ? { id, at: now.wall } : { id, at: now.wall, could_not: couldNot })
  }

  /** The server has signed for the change of key that this one was for. */
  async keyChanged(id: Id, now: Moment): Promise<void> {
    if (!this.done.some((done) => done.id === id)) await this.note({ id, at: now.wall })
  }

  /** Whether it is kept. */
  private note(obeyed: Obeyed): Promise<boolean> {
    this.done = [...this.done, obeyed].slice(-MOST)
    return this.store.keepObeyed(this.done).then(
      () => true,
      (error: unknown) => (console.warn("an instruction could not be noted as done", error), false),
    )
  }
}
