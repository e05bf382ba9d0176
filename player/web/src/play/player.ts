/**
 * What the page is doing: follows the newest manifest and playlist, has each zone show what `onWall` says, and keeps the record of
 * what really was. The counterpart of player/src/state; no network in here.
 */
import type { Moment } from "../clock.ts"
import { onWall, type Digest, type Item, type Manifest, type Playlist, type ZoneName } from "../core/index.ts"
import type { Shelf } from "./shelf.ts"
import type { Layer } from "./stage.ts"
import { ZoneState, type Journal } from "./zoneState.ts"

/** A new playlist whose first files are not here yet is followed at the latest after so many milliseconds. */
const PATIENCE = 15_000
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

export class Player {
  manifest: Manifest | null = null
  playing: Named | null = null
  private arriving: (Named & { readonly since: Moment }) | null = null
  private readonly zones = new Map<ZoneName, ZoneState>()
  private visible = true

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

  /** Makes the zones be what they should be now. */
  step(now: Moment): void {
    this.adopt(now)
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
      const coming = zone.until === null ? null : onWall(this.playing?.playlist ?? null, manifest.takeovers, name, zone.until)
      const current = zone.waitsFor()
      if (current !== null) needed.push([name, current])
      if (coming !== null && coming.is !== "nothing") needed.push([name, coming.item])
    }
    const audible = orders.has("audio")
    this.shelf.need(needed, audible, () => now)
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
    const answer = onWall(playing?.playlist ?? null, manifest.takeovers, zone.name, at.wall)
    zone.follow(answer, playing?.digest ?? null, at, this.visible)
  }

  /** Puts up what is ready; only while a frame is about to be drawn. */
  begin(now: Moment): void {
    if (this.visible) for (const zone of this.zones.values()) zone.begin(this.shelf, now)
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
    const rects = (this.manifest?.orders.zones ?? []).map((zone) => zone.rect)
    const width = Math.max(0, ...rects.map((rect) => rect.x + rect.width))
    const height = Math.max(0, ...rects.map((rect) => rect.y + rect.height))
    return width > 0 && height > 0 && width <= 16_384 && height <= 16_384 ? { width, height } : null
  }

  /** The zones with pixels; null: the standby picture over everything. */
  layers(now: Moment): Layer[] | null {
    const seen = [...this.zones.values()].filter((zone) => zone.rect.width > 0 && zone.rect.height > 0)
    const layers = seen.map((zone) => ({ zone: zone.name, rect: zone.rect, content: zone.content(now) }))
    return layers.every((layer) => layer.content.is === "standby") ? null : layers
  }

  zoneStates(): { zone: ZoneName; creative: string | null }[] {
    return [...this.zones.values()].map((zone) => ({ zone: zone.name, creative: zone.creative() }))
  }

  /** What a person should know of, in Chinese. */
  trouble(now: Moment): string | null {
    const bad = this.shelf.troubled()
    if (bad > 0) return `有 ${bad} 个素材文件损坏或无法播放，已跳过。`
    const expired = this.manifest !== null && this.manifest.expires < now.wall
    return expired ? "播放指令已过期，正按最后一份有效播放单继续播放，请检查网络。" : null
  }

}
