/** Which files are here, which are decoded, and which are bad: a bad one is tried again ever more rarely; see player/src/state/assets.rs. */
import type { Moment } from "../clock.ts"
import type { Digest, Item, ZoneName } from "../core/index.ts"
import type { Files } from "../files.ts"
import type { Fault } from "./picture.ts"
import { Reel } from "./reel.ts"
import { isMedia } from "./zoneState.ts"

/** Wait after the second failure of one file, in milliseconds; doubled with each further one. */
const FIRST_WAIT = 30_000
const LONGEST_WAIT = 3_600_000

interface Bad {
  readonly fault: Fault
  readonly times: number
  readonly retry: number
}

export class Shelf {
  readonly stored = new Set<Digest>()
  private readonly bitmaps = new Map<Digest, ImageBitmap | "loading">()
  private readonly reels = new Map<string, Reel | "loading">()
  private readonly bad = new Map<Digest, Bad>()
  /** Files found damaged since the start. */
  damaged = 0

  constructor(
    private readonly files: Files,
    private readonly changed: () => void,
    private readonly silenced: () => void,
  ) {}

  failed(asset: Digest, fault: Fault, now: Moment): void {
    const times = (this.bad.get(asset)?.times ?? 0) + 1
    if (fault === "damaged") this.damaged += 1
    const gone = fault === "missing" || fault === "damaged"
    if (gone) this.stored.delete(asset)
    const wait = times === 1 && gone ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(times - 1, 12))
    this.bad.set(asset, { fault, times, retry: now.monotonic + wait })
  }

  /** Whether a file that failed should not be tried yet. */
  waits(asset: Digest, now: Moment): boolean {
    return (this.bad.get(asset)?.retry ?? 0) > now.monotonic
  }

  /** How many files are bad, for people. */
  troubled(): number {
    return [...this.bad.values()].filter((bad) => bad.times > 1 || bad.fault === "unplayable").length
  }

  /** Whether it cannot be shown as things are: it is not here, or it is bad. */
  lacks(asset: Digest): boolean {
    return !this.stored.has(asset) || this.bad.has(asset)
  }

  /** The picture, if it is decoded, or what is wrong with it. */
  bitmap(asset: Digest): ImageBitmap | Fault | null {
    const found = this.bitmaps.get(asset)
    if (found === "loading") return null
    return found ?? this.bad.get(asset)?.fault ?? null
  }

  /** What the browser has ready for the zone: given away, the next showing needs it anew. */
  takeReel(zone: ZoneName, asset: Digest, now: Moment): Reel | Fault | null {
    const name = `${zone} ${asset}`
    const found = this.reels.get(name)
    if (found === undefined) return this.bad.get(asset)?.fault ?? null
    if (found === "loading" || (!found.ready && found.fault === null)) return null
    this.reels.delete(name)
    if (found.fault === null) {
      // The browser can play it, not only read it.
      this.bad.delete(asset)
      return found
    }
    found.drop()
    this.failed(asset, found.fault, now)
    return found.fault
  }

  /** These are on the wall or come next: has them decoded, and forgets the others. */
  need(needed: readonly (readonly [ZoneName, Item])[], audible: boolean, moment: () => Moment): void {
    const pictures = new Set(needed.filter(([, item]) => !isMedia(item)).map(([, item]) => item.asset))
    for (const asset of this.bitmaps.keys()) if (!pictures.has(asset)) this.bitmaps.delete(asset)
    const names = new Set(needed.filter(([, item]) => isMedia(item)).map(([zone, item]) => `${zone} ${item.asset}`))
    for (const [name, reel] of this.reels) {
      if (names.has(name)) continue
      if (reel !== "loading") reel.drop()
      this.reels.delete(name)
    }
    for (const [zone, item] of needed) {
      if (!this.stored.has(item.asset) || this.waits(item.asset, moment())) continue
      if (isMedia(item)) this.prepare(zone, item, audible, moment)
      else this.decode(item, moment)
    }
  }

  private decode(item: Item, moment: () => Moment): void {
    const { asset, show } = item
    if (this.bitmaps.has(asset)) return
    this.bitmaps.set(asset, "loading")
    const load = async () => {
      const bytes = await this.files.read(asset)
      if (bytes === null) throw new Unusable("damaged")
      const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" } as const
      const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), options)
      const fits = "size" in show && bitmap.width === show.size.width && bitmap.height === show.size.height
      if (!fits) throw new Unusable("unplayable")
      // Otherwise it was given up meanwhile, and would only take memory.
      if (this.bitmaps.has(asset)) this.bitmaps.set(asset, bitmap)
      this.bad.delete(asset)
    }
    void load()
      .catch((error: unknown) => {
        this.bitmaps.delete(asset)
        this.failed(asset, error instanceof Unusable ? error.fault : "unplayable", moment())
      })
      .then(this.changed)
  }

  private prepare(zone: ZoneName, item: Item, audible: boolean, moment: () => Moment): void {
    const name = `${zone} ${item.asset}`
    if (this.reels.has(name)) return
    this.reels.set(name, "loading")
    const load = async () => {
      const bytes = await this.files.read(item.asset)
      if (bytes === null) throw new Unusable("damaged")
      if (!this.reels.has(name)) return
      this.reels.set(name, new Reel(item, bytes, audible, this.silenced))
    }
    void load()
      .catch((error: unknown) => {
        this.reels.delete(name)
        this.failed(item.asset, error instanceof Unusable ? error.fault : "missing", moment())
      })
      .then(this.changed)
  }
}

class Unusable extends Error {
  constructor(readonly fault: Fault) {
    super(fault)
  }
}
