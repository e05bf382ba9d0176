/** One zone: what it should show, whether that really is up, and the play record that comes of it; see player/src/state/showing.rs. */
import type { Moment } from "../clock.ts"
import { TOLERANCE, type Digest, type Entry, type Id, type Item, type OnWall, type PlayStatus, type Rect, type WallChange, type ZoneName } from "../core/index.ts"
import type { Picture, Up } from "./evidence.ts"
import { Queue } from "./events.ts"
import type { Shelf } from "./shelf.ts"
import type { Content, Fault } from "./picture.ts"
import type { Reel } from "./reel.ts"

/** While the right picture is being decoded, the one before stays, at the longest for so many milliseconds. */
const LINGER = 2_000

/** Where plays are written. */
export interface Journal {
  opened(key: number, entry: Entry): void
  showing(key: number, entry: Entry, shown: number): void
  finished(key: number, entry: Entry): void
  /** A play that is up names this picture from now on. */
  pictured(key: number, entry: Entry, shown: number, picture: Picture): void
  /** The wall gives light from now on, or none. */
  wall(change: WallChange): void
}

/** What a zone should show; an event's showing begins when it is ready, and not at an appointed time. */
export type Planned = OnWall & { readonly event?: { readonly show: Id; readonly playlist: Digest } }

type Progress =
  | { readonly is: "waiting" }
  | { readonly is: "starting"; readonly reel: Reel }
  | { readonly is: "up"; readonly since: Moment; readonly key: number | null; readonly bitmap: ImageBitmap | null; readonly reel: Reel | null }

const WAITING: Progress = { is: "waiting" }
const NOTHING: Planned = { is: "nothing", black: false, until: null }

const STATUS_OF: Readonly<Record<Fault, PlayStatus>> = {
  missing: "content_failure",
  damaged: "content_failure",
  unplayable: "content_failure",
  hardware: "hardware_failure",
}

export const isMedia = (item: Item): boolean => item.show.is === "clip" || item.show.is === "sound"

let nextKey = 1

export class ZoneState {
  /** When to ask again what it shows. */
  until: number | null = null
  /** What events asked for. */
  readonly events = new Queue()
  /** What is shown, without counting as anything, while the right thing is not there. */
  standIn: Content | null = null
  private planned: Planned = NOTHING
  private playlist: Digest | null = null
  private entered: Moment | null = null
  private progress: Progress = WAITING
  private fault: Fault | null = null
  /** This showing is in the journal already: it was hidden in the middle of it. */
  private recorded = false
  private before: Content = { is: "standby" }
  /** Pictures taken of what is up. */
  private evidence: Digest[] = []

  constructor(
    readonly name: ZoneName,
    public rect: Rect,
    private readonly journal: Journal,
  ) {}

  /** What must be ready for this zone now. A clip that runs needs nothing any more; a picture stays decoded. */
  waitsFor(): Item | null {
    if (this.planned.is === "nothing") return null
    return !isMedia(this.planned.item) || this.progress.is === "waiting" ? this.planned.item : null
  }

  /** What is planned, unless an event asks for something else and nothing above it has the wall. */
  withEvents(planned: OnWall, now: Moment): Planned {
    const taken = planned.is === "nothing" ? planned.black : planned.is === "play" && planned.takeover !== null
    if (taken) {
      this.events.wait()
      return planned
    }
    const event = this.events.turn(this.eventUp(), now)
    if (event === null) return planned
    const until = Math.min(event.until ?? Infinity, planned.until ?? Infinity)
    return event.is === "nothing" ? planned : { ...event, until }
  }

  /** Since when what an event asked for is on the wall, if that is what has its turn. */
  private eventUp(): Moment | null {
    return this.planned.event !== undefined && this.progress.is === "up" ? this.progress.since : null
  }

  /** The item of the playlist that should be shown. */
  scheduled(): Item | null {
    const { planned } = this
    return planned.is === "nothing" || planned.event !== undefined || (planned.is === "play" && planned.takeover !== null) ? null : planned.item
  }

  item(): Item | null {
    return this.planned.is === "nothing" ? null : this.planned.item
  }

  /** Turns to what is planned now, finishing what was. */
  follow(planned: Planned, playlist: Digest | null, now: Moment, visible: boolean): void {
    this.until = planned.until
    if (this.entered !== null && continues(this.planned, planned)) return
    const shown = this.content(now)
    this.record(now)
    this.release()
    this.before = shown.is === "reel" ? { is: "standby" } : shown
    this.planned = planned
    this.playlist = playlist
    this.entered = now
    this.progress = WAITING
    this.recorded = false
    this.evidence = []
    // Nobody can see a page that is hidden: what begins meanwhile has failed for want of a display.
    this.fault = visible ? null : "hardware"
  }

  /** Ends whatever is on the wall. */
  finish(now: Moment): void {
    this.record(now)
    this.release()
    this.planned = NOTHING
    this.entered = null
    this.progress = WAITING
    this.evidence = []
  }

  /** The page went out of sight: what was up ends here for the record. */
  hide(now: Moment): void {
    if (this.planned.is === "play" && this.progress.is === "up") {
      this.record(now)
      this.recorded = true
    }
    this.release()
    this.progress = WAITING
    this.fault = "hardware"
  }

  /** It is in sight again. */
  reveal(): void {
    this.fault = null
  }

  private release(): void {
    if (this.progress.is === "starting") this.progress.reel.drop()
    if (this.progress.is === "up") this.progress.reel?.drop()
  }

  /** Puts it up if it is ready; called just before the frame is drawn. */
  begin(shelf: Shelf, now: Moment): void {
    if (this.planned.is === "nothing") return
    const { item } = this.planned
    if (this.progress.is === "starting") {
      const { reel } = this.progress
      if (reel.fault !== null) this.broke(shelf, item, reel.fault, now)
      else if (reel.playing) this.up(now, null, reel)
      return
    }
    if (this.progress.is === "up") {
      const { reel } = this.progress
      reel?.watch(now.monotonic)
      if (reel && reel.fault !== null) this.broke(shelf, item, reel.fault, now)
      return
    }
    const ready = isMedia(item) ? shelf.takeReel(this.name, item.asset, now) : shelf.bitmap(item.asset)
    if (ready === null) return
    if (typeof ready === "string") {
      this.fault = ready
      return
    }
    this.fault = null
    if (ready instanceof ImageBitmap) {
      this.up(now, ready, null)
    } else {
      const { planned } = this
      ready.start(planned.is === "play" && planned.event === undefined ? Math.max(0, now.wall - planned.start) : 0)
      this.progress = { is: "starting", reel: ready }
    }
  }

  private up(now: Moment, bitmap: ImageBitmap | null, reel: Reel | null): void {
    const entry = this.recorded ? null : this.entry(now, 0, "interrupted")
    const key = entry === null ? null : nextKey++
    this.progress = { is: "up", since: now, key, bitmap, reel }
    if (entry !== null && key !== null) this.journal.opened(key, entry)
  }

  /** The browser gave up what this zone plays. */
  private broke(shelf: Shelf, item: Item, fault: Fault, now: Moment): void {
    shelf.failed(item.asset, fault, now)
    const { progress } = this
    if (progress.is === "up" && progress.key !== null) {
      const entry = this.entry(progress.since, this.shown(progress.since, progress.reel, now), STATUS_OF[fault])
      if (entry !== null) this.journal.finished(progress.key, entry)
      this.recorded = true
    }
    this.release()
    this.progress = WAITING
    this.fault = fault
  }

  /** Records the showing that ends now. */
  private record(now: Moment): void {
    if (this.planned.is !== "play" || this.recorded || this.entered === null) return
    const planned = this.planned.item.duration
    const { progress } = this
    if (progress.is === "up") {
      if (progress.key === null) return
      const shown = this.shown(progress.since, progress.reel, now)
      const entry = this.entry(progress.since, shown, shown + TOLERANCE >= planned ? "success" : "interrupted")
      if (entry !== null) this.journal.finished(progress.key, entry)
      return
    }
    // Whoever joins in the middle and is not ready before the end has not failed, only started late.
    const onTime = this.entered.wall - this.planned.start <= TOLERANCE
    const over = now.monotonic - this.entered.monotonic + TOLERANCE >= planned
    const fault = this.fault ?? (onTime && over ? "missing" : null)
    const entry = fault === null ? null : this.entry(this.entered, 0, STATUS_OF[fault])
    if (entry !== null) this.journal.finished(nextKey++, entry)
  }

  /** How long it was shown: by the clock that does not jump, or what the browser really presented of a clip or sound. */
  private shown(since: Moment, reel: Reel | null, now: Moment): number {
    const up = Math.max(0, now.monotonic - since.monotonic)
    return reel === null ? up : Math.min(up, reel.presented())
  }

  private entry(since: Moment, actual: number, status: PlayStatus): Entry | null {
    if (this.planned.is !== "play") return null
    const { item, takeover, event } = this.planned
    return {
      item: [event ? event.playlist : takeover === null ? this.playlist : null, item.booking, item.creative, item.asset],
      play: {
        zone: this.name,
        start: since.wall,
        monotonic: since.monotonic,
        planned: item.duration,
        actual,
        status,
        trigger: event ? "event" : takeover === null ? "loop" : "takeover",
        show: event?.show ?? null,
        evidence: [...this.evidence],
      },
    }
  }

  /** The play that is up, and since when. */
  playing(): Up | null {
    const { progress } = this
    return progress.is === "up" && progress.key !== null && this.planned.is === "play" ? { key: progress.key, since: progress.since } : null
  }

  /** A picture of this play was taken: it names it from now on. False: the play is over. */
  showsIn(key: number, picture: Picture, now: Moment): boolean {
    if (this.progress.is !== "up" || this.progress.key !== key || this.recorded) return false
    this.evidence.push(picture.digest)
    const entry = this.entry(this.progress.since, 0, "interrupted")
    if (entry === null) return false
    this.journal.pictured(key, entry, this.shown(this.progress.since, this.progress.reel, now), picture)
    return true
  }

  /** How loud it may be, in percent. */
  sound(volume: number): void {
    const { progress } = this
    const reel = progress.is === "waiting" ? null : progress.reel
    if (reel !== null) reel.volume = volume
  }

  /** Notes how far the play is that is up. */
  note(now: Moment): void {
    if (this.progress.is !== "up" || this.progress.key === null) return
    const entry = this.entry(this.progress.since, 0, "interrupted")
    if (entry !== null) this.journal.showing(this.progress.key, entry, this.shown(this.progress.since, this.progress.reel, now))
  }

  /** What is to be seen. */
  content(now: Moment): Content {
    const { planned, progress } = this
    if (planned.is === "nothing") return { is: planned.black ? "black" : "standby" }
    if (progress.is === "up" && progress.bitmap !== null) {
      const { show } = planned.item
      if (show.is === "strip") {
        const start = planned.is !== "play" ? null : planned.event ? progress.since.wall : planned.start
        return { is: "strip", bitmap: progress.bitmap, pixelsPerSecond: show.pixelsPerSecond, start }
      }
      return { is: "picture", bitmap: progress.bitmap }
    }
    if (progress.is === "up" && progress.reel !== null && planned.item.show.is === "clip") return { is: "reel", reel: progress.reel }
    const lingers = this.entered !== null && now.monotonic - this.entered.monotonic < LINGER
    if (progress.is !== "up" && this.fault === null && lingers) return this.before
    return (progress.is === "waiting" ? this.standIn : null) ?? { is: "standby" }
  }

  /** The creative that really is up. */
  creative(): string | null {
    return this.progress.is === "up" && this.planned.is !== "nothing" ? this.planned.item.creative : null
  }
}

/** Whether both are one and the same showing; a new playlist that goes on with it does not interrupt it. */
function continues(a: Planned, b: Planned): boolean {
  if (a.is === "play" && b.is === "play") {
    const one = a.item.asset === b.item.asset && a.item.booking === b.item.booking && a.item.creative === b.item.creative
    return one && a.takeover === b.takeover && a.event?.show === b.event?.show && a.start === b.start
  }
  if (a.is === "hold" && b.is === "hold") return a.item.asset === b.item.asset && a.item.show.is === b.item.show.is
  return a.is === "nothing" && b.is === "nothing" && a.black === b.black
}
