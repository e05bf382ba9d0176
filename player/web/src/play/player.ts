/**
 * What the page is doing: follows the newest manifest and playlist, has each zone show what `onWall` says, and keeps the record of
 * what really was. The counterpart of player/src/state; no network in here.
 */
import type { Moment } from "../clock.ts"
import {
  brightnessAt,
  coversTheWall,
  keptDark,
  onEvent,
  onScreen,
  onWall,
  standIn,
  volumeAt,
  wallSize,
  type Digest,
  type Id,
  type Item,
  type Manifest,
  type Playlist,
  type Transition,
  type Trigger,
  type WallReason,
  type WallState,
  type ZoneName,
} from "../core/index.ts"
import { Evidence, type Answer, type Cause, type Picture, type Up } from "./evidence.ts"
import type { Identity } from "./painting.ts"
import type { Content } from "./picture.ts"
import type { Shelf } from "./shelf.ts"
import type { Layer } from "./stage.ts"
import { isMedia, ZoneState, type Journal, type Planned } from "./zoneState.ts"

/** A new playlist whose first files are not here yet is followed at the latest after so many milliseconds. */
const PATIENCE = 15_000
/** What a zone shows while nothing may be shown. */
const BLACK: Planned = { is: "nothing", black: true, until: null }
/** A page that was not run for longer than this was off: what should have been on is not made up afterwards. */
const ASLEEP = 600_000

export interface Named {
  readonly digest: Digest
  readonly playlist: Playlist
}

/** A file to be downloaded. */
export interface Want {
  readonly asset: Digest
  readonly bytes: number
}

/** What the whole wall looks like. */
export type Scene = { readonly is: "zones"; readonly layers: readonly Layer[] } | { readonly is: "standby" | "dark" } | { readonly is: "identity"; readonly identity: Identity }

export class Player {
  manifest: Manifest | null = null
  playing: Named | null = null
  private arriving: (Named & { readonly since: Moment }) | null = null
  private readonly zones = new Map<ZoneName, ZoneState>()
  private visible = true
  private dark = false
  private readonly evidence = new Evidence()
  /** What the wall says of itself, and until when on the monotonic clock. */
  private identity: { readonly identity: Identity; readonly until: number } | null = null
  private wall: { readonly state: WallState; readonly why: WallReason } | null = null
  /** When it was last looked at. */
  private last: Moment | null = null

  constructor(
    readonly shelf: Shelf,
    private readonly journal: Journal,
  ) {}

  /** A manifest whose signature was checked. Answers the playlist that must be had, if any. */
  follow(manifest: Manifest): Digest | null {
    if (this.manifest !== null && manifest.version <= this.manifest.version) return null
    this.manifest = manifest
    const { playlist } = manifest
    if (playlist === null) this.playing = this.arriving = null
    else if (this.playing?.digest === playlist) this.arriving = null
    else if (this.arriving?.digest !== playlist) this.arriving = null
    return playlist !== null && this.playing?.digest !== playlist && this.arriving === null ? playlist : null
  }

  /** A playlist whose digest was checked. */
  arrived(named: Named, now: Moment): void {
    if (this.manifest?.playlist === named.digest && this.playing?.digest !== named.digest) this.arriving = { ...named, since: now }
  }

  see(visible: boolean, now: Moment): void {
    if (visible === this.visible) return
    // First whatever ended before.
    this.step(now)
    this.visible = visible
    for (const zone of this.zones.values()) {
      if (visible) zone.reveal()
      else zone.hide(now)
    }
  }

  /** The office wants to see who this screen is; nothing counts meanwhile. */
  identify(identity: Identity, seconds: number, now: Moment): void {
    this.identity = { identity, until: now.monotonic + seconds * 1_000 }
  }

  /** The office wants an evidence picture, before this instant. */
  wantPicture(instruction: Id, until: number, now: Moment): void {
    this.evidence.asked(instruction, until, now)
  }

  /** What came of such pictures since this was asked last. */
  answers(): readonly Answer[] {
    return this.evidence.takeAnswers()
  }

  /** Somebody at the machine makes the wall black, or lets it be lit again. */
  darken(dark: boolean): void {
    this.dark = dark
    for (const zone of this.zones.values()) zone.events.clear()
  }

  get isDark(): boolean {
    return this.dark
  }

  /** What is booked for an event is shown as soon as no takeover has the wall; how many showings that are. */
  insert(trigger: Trigger, show: Id, now: Moment): number {
    const { playing } = this
    if (playing === null || this.dark) return 0
    let count = 0
    for (const [name, zone] of this.zones) {
      const items = onEvent(playing.playlist, name, trigger, now.wall)
      zone.events.add(items, playing.digest, show, now)
      count += items.length
    }
    return count
  }

  /** How many showings an event would ask for now. */
  dueAtEvent(trigger: Trigger, now: Moment): number {
    const { playing } = this
    if (playing === null || this.dark) return 0
    return [...this.zones.keys()].reduce((sum, name) => sum + onEvent(playing.playlist, name, trigger, now.wall).length, 0)
  }

  /** Makes the zones be what they should be now. */
  step(now: Moment): void {
    this.wake(now)
    this.adopt(now)
    if (this.identity !== null && now.monotonic >= this.identity.until) this.identity = null
    const { manifest } = this
    if (manifest === null) return
    const orders = new Map(manifest.orders.zones.map((zone) => [zone.name, zone.rect]))
    for (const [name, zone] of this.zones) {
      if (orders.has(name)) continue
      zone.finish(now)
      this.zones.delete(name)
    }
    const needed: (readonly [ZoneName, Item])[] = []
    for (const [name, rect] of orders) {
      let zone = this.zones.get(name)
      if (zone === undefined) this.zones.set(name, (zone = new ZoneState(name, rect, this.journal)))
      zone.rect = rect
      this.catchUp(zone, now)
      this.turn(zone, now)
      const coming = zone.until === null ? null : this.shows(manifest, name, zone.until)
      const stands = this.findStandIn(zone, now)
      for (const item of [stands, zone.waitsFor(), zone.events.next(), coming !== null && coming.is !== "nothing" ? coming.item : null]) {
        if (item !== null) needed.push([name, item])
      }
    }
    const audible = orders.has("audio")
    this.shelf.need(needed, audible, () => now)
    const off = keptDark(manifest.orders, manifest.takeovers, "main", now.wall).dark
    this.evidence.turn(manifest, this.playing, { dark: this.dark, off }, now)
    this.noteWall(manifest, now)
  }

  /** A page that did not run for long was off, whatever its clocks say: what was up then ends where it was last seen. */
  private wake(now: Moment): void {
    const { last } = this
    this.last = now
    if (last === null || now.monotonic - last.monotonic <= ASLEEP) return
    for (const zone of this.zones.values()) zone.finish(last)
    this.setWall("unknown", "not_known", last)
  }

  private shows(manifest: Manifest, zone: ZoneName, at: number) {
    return onScreen(manifest.orders, this.playing?.playlist ?? null, manifest.takeovers, zone, at)
  }

  /** Browsers run hidden pages rarely: what changed since is gone through at the instants at which it did. */
  private catchUp(zone: ZoneState, now: Moment): void {
    for (let rounds = 0; rounds < 1_000 && zone.until !== null && zone.until < now.wall; rounds++) {
      const late = now.wall - zone.until
      if (late > ASLEEP || late > now.monotonic) return
      this.turn(zone, { wall: zone.until, monotonic: now.monotonic - late })
    }
  }

  private turn(zone: ZoneState, at: Moment): void {
    const { manifest, playing } = this
    if (manifest === null) return
    let planned = BLACK
    // Nothing is shown, nothing is heard, and nothing counts.
    if (this.dark || this.identity !== null) zone.events.wait()
    else planned = zone.withEvents(this.shows(manifest, zone.name, at.wall), at)
    zone.follow(planned, playing?.digest ?? null, at, this.visible)
  }

  /** Has something stand in for what is not here; its item, to be made ready. */
  private findStandIn(zone: ZoneState, now: Moment): Item | null {
    const item = zone.scheduled()
    zone.standIn = null
    if (this.playing === null || item === null || !this.shelf.lacks(item.asset)) return null
    const stands = standIn(this.playing.playlist, zone.name, now.wall, (item) => !isMedia(item) && !this.shelf.lacks(item.asset))
    const bitmap = stands === null ? null : this.shelf.bitmap(stands.asset)
    if (stands !== null && bitmap instanceof ImageBitmap) {
      const { show } = stands
      zone.standIn = show.is === "strip" ? { is: "strip", bitmap, pixelsPerSecond: show.pixelsPerSecond, start: null } : ({ is: "picture", bitmap } satisfies Content)
    }
    return stands
  }

  /** Whether the wall gives light, as far as a page can know: it does not while nobody can see the page, and in its off hours. */
  private noteWall({ orders, takeovers }: Manifest, now: Moment): void {
    const before = this.wall?.state === "off" ? this.wall.why : "not_known"
    if (!this.visible) this.setWall("off", "fault", now)
    else if (this.dark) this.setWall("off", "order", now)
    else if (keptDark(orders, takeovers, "main", now.wall).dark) this.setWall("off", "hours", now)
    else if (this.wall?.state !== "on") this.setWall("on", before, now)
  }

  private setWall(state: WallState, why: WallReason, { wall: from }: Moment): void {
    if (this.wall?.state === state && this.wall.why === why) return
    this.wall = { state, why }
    this.journal.wall({ from, state, why })
  }

  /** Puts up what is ready; only while a frame is about to be drawn. */
  begin(now: Moment): void {
    if (!this.visible) return
    const { manifest } = this
    const volume = manifest === null ? 0 : volumeAt(manifest.orders, now.wall)
    for (const zone of this.zones.values()) {
      zone.begin(this.shelf, now)
      zone.sound(volume)
    }
  }

  /** The picture to be taken of what was just drawn, if any is due: what came of it is told to `pictured`. */
  photograph(now: Moment): (Up & { readonly cause: Cause }) | null {
    return this.visible ? this.evidence.begin(this.zones.get("main")?.playing() ?? null, now) : null
  }

  /** A picture came, or none could be taken. If its play is still up, that play names it; else another has to be taken. */
  pictured(key: number, cause: Cause, picture: Picture | null, now: Moment): void {
    const named = picture !== null && this.visible && (this.zones.get("main")?.showsIn(key, picture, now) ?? false)
    this.evidence.came(cause, named)
  }

  /** Follows the newest playlist as soon as what it shows now is here, or patience is over. */
  private adopt(now: Moment): void {
    const { arriving, manifest } = this
    if (arriving === null) return
    const present = arriving.playlist.zones.every(({ zone }) => {
      const answer = onWall(arriving.playlist, manifest?.takeovers ?? [], zone, now.wall)
      return answer.is === "nothing" || this.shelf.stored.has(answer.item.asset)
    })
    if (this.playing === null || present || now.monotonic - arriving.since.monotonic >= PATIENCE) {
      this.playing = arriving
      this.arriving = null
    }
  }

  /** Every file of the programme, most urgent first, each once. */
  wants(now: Moment): Want[] {
    const items: Item[] = (this.manifest?.takeovers ?? []).flatMap((takeover) => takeover.items.map(([, item]) => item))
    for (const zone of this.zones.values()) {
      const item = zone.item()
      if (item !== null) items.push(item)
      items.push(...zone.events.items())
    }
    for (const named of [this.arriving, this.playing]) {
      if (named === null) continue
      for (const { zone } of named.playlist.zones) {
        const answer = onWall(named.playlist, [], zone, now.wall)
        if (answer.is !== "nothing") items.push(answer.item)
      }
      items.push(...named.playlist.items)
    }
    const wants = new Map(items.map((item) => [item.asset, { asset: item.asset, bytes: item.bytes }]))
    return [...wants.values()]
  }

  /** Everything that must stay; null while it is not known. */
  keeps(now: Moment): Set<Digest> | null {
    const newest = this.manifest?.playlist ?? null
    const known = [this.playing?.digest, this.arriving?.digest].filter((digest) => digest !== undefined)
    if (newest !== null && !known.includes(newest)) return null
    return new Set([...this.wants(now).map((want) => want.asset), ...known])
  }

  finish(now: Moment): void {
    for (const zone of this.zones.values()) zone.finish(now)
  }

  note(now: Moment): void {
    for (const zone of this.zones.values()) zone.note(now)
  }

  /** The wall's pixels; null before the first manifest, or if it has none. */
  size(): { width: number; height: number } | null {
    if (this.manifest === null) return null
    const { width, height } = wallSize(this.manifest.orders)
    return width > 0 && height > 0 && width <= 16_384 && height <= 16_384 ? { width, height } : null
  }

  /** What the whole wall looks like now. */
  scene(now: Moment): Scene {
    if (this.dark) return { is: "dark" }
    if (this.identity !== null) return { is: "identity", identity: this.identity.identity }
    const seen = [...this.zones.values()].filter((zone) => zone.rect.width > 0 && zone.rect.height > 0)
    const layers = seen.map((zone) => ({ zone: zone.name, rect: zone.rect, content: zone.content(now) }))
    // Where some of the wall is to stay free, the standby picture is in the zones alone.
    const covered = this.manifest === null || layers.length === 0 || coversTheWall(this.manifest.orders)
    return covered && layers.every((layer) => layer.content.is === "standby") ? { is: "standby" } : { is: "zones", layers }
  }

  /** How bright the wall is, in percent, and how one still gives way to the next. */
  light(now: Moment): { brightness: number; transition: Transition } {
    const orders = this.manifest?.orders
    // A wall that is to be dark has off hours: at no brightness plays would count that nobody sees.
    return orders ? { brightness: Math.max(1, brightnessAt(orders, now.wall)), transition: orders.wall.transition } : { brightness: 100, transition: "cut" }
  }

  zoneStates(): { zone: ZoneName; creative: string | null }[] {
    return [...this.zones.values()].map((zone) => ({ zone: zone.name, creative: zone.creative() }))
  }

  /** What a person should know of, in Chinese. */
  trouble(now: Moment): string | null {
    if (this.dark) return "现场人员已手动熄屏，期间不播放、不计数；由嵌入页面发送 resume 恢复。"
    const bad = this.shelf.troubled()
    if (bad > 0) return `有 ${bad} 个素材文件损坏或无法播放，已跳过。`
    const expired = this.manifest !== null && this.manifest.expires < now.wall
    return expired ? "播放指令已过期，正按最后一份有效播放单继续播放，请检查网络。" : null
  }
}
