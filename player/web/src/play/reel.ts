/** A clip or sound that the browser plays. It is given verified bytes only, as an object URL of them. */
import type { Item } from "../core/index.ts"
import type { Fault } from "./picture.ts"

/** Without any progress for so long, what plays is given up, in milliseconds. */
const STALLED = 5_000

export class Reel {
  readonly element: HTMLMediaElement
  ready = false
  playing = false
  ended = false
  fault: Fault | null = null
  /** Where it was started, in seconds. */
  private from = 0
  private readonly url: string
  private moved: { at: number; time: number } | null = null

  constructor(
    readonly item: Item,
    bytes: Uint8Array<ArrayBuffer>,
    audible: boolean,
    private readonly silenced: () => void,
  ) {
    const clip = item.show.is === "clip"
    this.url = URL.createObjectURL(new Blob([bytes], { type: clip ? "video/mp4" : "" }))
    this.element = document.createElement(clip ? "video" : "audio")
    this.element.preload = "auto"
    this.element.muted = !audible
    this.element.oncanplay = () => (this.ready = true)
    this.element.onplaying = () => (this.playing = true)
    this.element.onended = () => (this.ended = true)
    this.element.onerror = () => (this.fault ??= "unplayable")
    this.element.src = this.url
  }

  /** In percent. */
  set volume(percent: number) {
    const volume = percent / 100
    if (this.element.volume !== volume) this.element.volume = volume
  }

  /** Starts it, `late` milliseconds into it. */
  start(late: number): void {
    this.from = late / 1000
    if (late > 200) this.element.currentTime = this.from
    else this.from = 0
    this.play()
  }

  private play(): void {
    this.element.play().catch((error: unknown) => {
      const refused = error instanceof DOMException && error.name === "NotAllowedError"
      if (refused && !this.element.muted && this.item.show.is === "clip") {
        // This browser lets no page be heard before somebody touched it: the picture is shown all the same.
        this.silenced()
        this.element.muted = true
        this.play()
      } else if (refused) {
        this.silenced()
        this.fault ??= "hardware"
      } else if (!(error instanceof DOMException && error.name === "AbortError")) {
        this.fault ??= "unplayable"
      }
    })
  }

  /** How much of it was presented, in milliseconds. */
  presented(): number {
    return Math.max(0, Math.round((this.element.currentTime - this.from) * 1000))
  }

  /** A browser that says "playing" and does not move is found out by time alone. */
  watch(now: number): void {
    const time = this.element.currentTime
    if (this.moved === null || this.moved.time !== time) this.moved = { at: now, time }
    else if (!this.ended && now - this.moved.at > STALLED) this.fault ??= "hardware"
  }

  drop(): void {
    this.element.pause()
    this.element.removeAttribute("src")
    this.element.load()
    this.element.remove()
    URL.revokeObjectURL(this.url)
  }
}
