/** Everything that an enrolled player says to the server and hears from it; each concern a loop of its own that never ends. */
import type { Clock } from "../clock.ts"
import { acceptManifest, digestOf, isRetirement, openReceipt, readPlaylist, UnknownFormat, type Digest, type Id, type Manifest, type Playlist, type Verifier } from "../core/index.ts"
import type { Files } from "../files.ts"
import type { ToPresent } from "../keyring.ts"
import type { Store } from "../store.ts"
import { Backoff, RefusedByServer, sleep, type Client } from "./client.ts"
import { deliverPicture } from "./evidence.ts"
import { presentChange } from "./keys.ts"

/** How long the server may take to have news, in seconds. */
const WAIT = 45
const TIME_EVERY = 600_000
const LONGEST_WAIT = 60_000
/** Between two evidence pictures, in milliseconds, and up to as much again by chance: after an outage all screens have some. */
const PACE = 2_000
/** A picture is large and in no hurry: after failures it waits so many times as long as other requests at most. */
const LATER = 10
/** The longest edge of a live picture. */
const PICTURE_EDGE = 960

/** Where a trouble comes from: each has one current trouble at most. */
export type Source = "server" | "programme" | "playlist" | "assets" | "journal" | "journal-disk" | "disk" | "keys" | "sound"

/** What the loops need of the player. */
export interface Host {
  readonly screen: Id
  readonly publisher: Verifier
  followed(): number | null
  /** The playlist of the manifest that is followed since the start, unless it is here. */
  readonly wanted: Digest | null
  manifest(manifest: Manifest): Digest | null
  playlist(digest: Digest, playlist: Playlist): void
  /** Files that are missing, most urgent first. */
  missing(): readonly { asset: Digest; bytes: number }[]
  stored(asset: Digest): void
  refused(asset: Digest): void
  trouble(source: Source, text: string | null): void
  status(): Promise<Record<string, unknown>>
  /** The server has signed for the change of key that this instruction was for. */
  keyChanged(instruction: Id): Promise<void>
  picture(longest: number): Promise<Uint8Array<ArrayBuffer> | null>
  /** The screen was retired: forget everything. */
  retired(): Promise<void>
}

export class Sync {
  private someoneWatches = false
  private woken: (() => void)[] = []
  /** The playlist of the newest manifest, until it is here. */
  private wanted: Digest | null

  constructor(
    private readonly client: Client,
    private readonly clock: Clock,
    private readonly store: Store,
    private readonly files: Files,
    private readonly host: Host,
  ) {
    this.wanted = host.wanted
  }

  run(): void {
    const loops = [this.follow, this.fetchPlaylist, this.fetch, this.deliver, this.presentKeys, this.deliverPictures, this.report, this.show, this.keepTime]
    for (const loop of loops) void loop.call(this)
  }

  /** Whether somebody is looking at this screen in the console. */
  get watched(): boolean {
    return this.someoneWatches
  }

  /** There is something new to fetch or to deliver. */
  wake(): void {
    for (const wake of this.woken.splice(0)) wake()
  }

  private nap(ms: number): Promise<void> {
    return Promise.race([sleep(ms), new Promise<void>((resolve) => this.woken.push(resolve))])
  }

  /** Does what a refusal asks for. */
  private async heed(error: unknown): Promise<void> {
    if (!(error instanceof RefusedByServer)) return
    if (error.kind === "clock-skew") await this.learnTime()
    const { keys } = this.client
    // A server that was restored from an old backup will know this screen again: the wall plays on.
    if (error.kind === "unknown-device") {
      keys.doubt()
      this.host.trouble("server", "服务器不认识此屏幕（可能恢复了旧备份），继续播放，请联系系统管理员。")
    }
    // The change of key is recorded, and its receipt was lost; or this request was older than the change.
    if (error.kind === "key-replaced") {
      keys.doubt()
      if (keys.toPresent() === null) this.host.trouble("server", "服务器上本屏幕的密钥已更换（本机可能恢复了旧的浏览器数据），继续播放缓存内容。")
    }
    // An answer alone may come from anybody in between: the office's signed word about this very device is believed.
    const said = error.kind === "screen-retired" ? error.members["retirement"] : undefined
    if (await isRetirement(said, this.host.publisher, keys.asking.fingerprint)) await this.host.retired()
  }

  private async learnTime(): Promise<void> {
    try {
      this.clock.learn(await this.client.time(this.host.publisher))
    } catch (error) {
      console.debug("no time from the server", error)
    }
  }

  private async keepTime(): Promise<void> {
    for (;;) {
      await this.learnTime()
      await sleep(TIME_EVERY)
    }
  }

  private async follow(): Promise<void> {
    const backoff = new Backoff(LONGEST_WAIT)
    for (;;) {
      try {
        const manifest = await this.next()
        this.host.trouble("server", null)
        this.host.trouble("programme", null)
        if (manifest !== null) {
          const missing = this.host.manifest(manifest)
          // The same manifest again says nothing against what is still being fetched for it.
          if (missing !== null || manifest.playlist !== this.wanted) this.wanted = missing
        }
        this.wake()
        backoff.reset()
      } catch (error) {
        console.warn("no manifest", error)
        await this.heed(error)
        if (error instanceof TypeError || error instanceof DOMException) this.host.trouble("server", "连接服务器失败，正用本地缓存播放：网络不通")
        else if (error instanceof RefusedByServer) {
          // What `heed` said of that says more.
          if (error.kind !== "unknown-device" && error.kind !== "key-replaced") this.host.trouble("server", `连接服务器失败，正用本地缓存播放：${error.status}`)
        } else if (error instanceof UnknownFormat) this.host.trouble("programme", "播放指令的格式较新，此网页播放器尚不支持，继续按原指令播放；请更新服务器后刷新页面。")
        else this.host.trouble("programme", "收到的播放指令未通过验证，已拒绝。")
        await backoff.pause()
      }
    }
  }

  /** Apart from following: a playlist that cannot be had must not hold up a takeover. */
  private async fetchPlaylist(): Promise<void> {
    const backoff = new Backoff(LONGEST_WAIT)
    for (;;) {
      const wanted = this.wanted
      if (wanted === null) {
        this.host.trouble("playlist", null)
        await this.nap(5_000)
        continue
      }
      try {
        await this.playlist(wanted)
        if (this.wanted === wanted) this.wanted = null
        backoff.reset()
      } catch (error) {
        console.warn("no playlist", error)
        await this.heed(error)
        this.host.trouble("playlist", "播放单未能取得或未通过验证，继续按原播放单播放。")
        await backoff.pause()
      }
    }
  }

  private async next(): Promise<Manifest | null> {
    const followed = this.host.followed()
    const headers: Record<string, string> = followed === null ? {} : { "if-none-match": `"${followed}"` }
    const response = await this.client.send(`manifest?wait=${WAIT}`, { headers, patience: (WAIT + 15) * 1000 }).catch((error: unknown) => {
      // A screen that has no manifest yet: ask again soon.
      if (error instanceof RefusedByServer && error.status === 404) return sleep(1_000).then(() => null)
      throw error
    })
    if (response === null || response.status === 304) return null
    const signed = new Uint8Array(await response.arrayBuffer())
    const manifest = await acceptManifest(signed, this.host.publisher, this.host.screen, followed)
    await this.store.keepManifest(signed).catch(() => this.host.trouble("disk", "浏览器存储空间不足或被禁用，断网后将无法继续播放。"))
    return manifest
  }

  private async playlist(digest: Digest): Promise<void> {
    const kept = await this.files.read(digest)
    const bytes = kept ?? (await this.client.bytes(`playlists/${digest}`))
    if ((await digestOf(bytes)) !== digest) throw new Error("the playlist does not have the digest that the manifest names")
    const playlist = readPlaylist(bytes)
    if (kept === null) await this.files.put(digest, bytes).catch(() => this.host.trouble("disk", "浏览器存储空间不足，断网后可能无法继续播放。"))
    this.host.playlist(digest, playlist)
  }

  private async fetch(): Promise<void> {
    const backoff = new Backoff(LONGEST_WAIT)
    for (;;) {
      const [next] = this.host.missing()
      if (next === undefined) {
        this.host.trouble("assets", null)
        await this.nap(2_000)
        continue
      }
      try {
        // Long clips over slow lines take their time: a second for each 20 kB.
        const bytes = await this.client.bytes(`assets/${next.asset}`, { patience: 60_000 + next.bytes / 20 })
        if ((await digestOf(bytes)) !== next.asset) {
          this.host.refused(next.asset)
          throw new Error("a file that is not what the playlist names")
        }
        await this.files.put(next.asset, bytes)
        this.host.stored(next.asset)
        this.host.trouble("assets", null)
        backoff.reset()
      } catch (error) {
        console.warn("a file was not had", error)
        await this.heed(error)
        // What the server does not have must not hold up what it has.
        if (error instanceof RefusedByServer && (error.status === 404 || error.status === 422)) this.host.refused(next.asset)
        this.host.trouble("assets", "素材下载失败，将自动重试。")
        await backoff.pause()
      }
    }
  }

  /** Delivers sealed batches, oldest first, each until the server has signed for it. */
  private async deliver(): Promise<void> {
    const backoff = new Backoff(LONGEST_WAIT)
    for (;;) {
      try {
        const delivered = await this.deliverOldest()
        backoff.reset()
        if (!delivered) await this.nap(5_000)
      } catch (error) {
        console.warn("a play batch was not delivered", error)
        await this.heed(error)
        await backoff.pause()
      }
    }
  }

  private async deliverOldest(): Promise<boolean> {
    const batch = await this.store.oldest()
    // The server could not know yet who has signed it, and would refuse it for ever.
    if (batch === undefined || this.client.keys.holdsBack(batch.sequence)) return false
    let signed: Uint8Array
    try {
      signed = await this.client.bytes("play-batches", { method: "POST", body: batch.signed, headers: { "content-type": "application/cose" }, patience: 60_000 })
    } catch (error) {
      const kind = error instanceof RefusedByServer ? error.kind : ""
      if (kind === "batch-conflict" || kind === "batch-refused") {
        await this.store.setAside(batch)
        this.host.trouble("journal", `第 ${batch.sequence} 批播放记录被服务器拒收，已留存备查。`)
        return true
      }
      if (kind === "batch-out-of-order") this.host.trouble("journal", "服务器缺少较早的播放记录（可能恢复了旧备份），请联系系统管理员。")
      throw error
    }
    const receipt = await openReceipt(signed, this.host.publisher).catch(() => null)
    if (receipt?.screen !== this.host.screen || receipt.sequence !== batch.sequence || receipt.batch !== batch.digest) {
      this.host.trouble("journal", "服务器的回执未通过验证，播放记录继续保留在本机。")
      throw new Error("the receipt is not for this batch or not signed by the publisher")
    }
    await this.store.acknowledged(batch)
    this.host.trouble("journal", null)
    return true
  }

  /** Tells of a new key until the server has signed for it. What that key has sealed meanwhile waits for it. */
  private async presentKeys(): Promise<void> {
    const { keys } = this.client
    const backoff = new Backoff(LONGEST_WAIT)
    for (;;) {
      // A refusal elsewhere may mean that the answer was only lost.
      const news = keys.news()
      const change = keys.toPresent()
      if (change === null) {
        await news
        continue
      }
      try {
        await presentChange(this.client, change, this.host.publisher, this.host.screen)
        await this.keepChanged(change)
        backoff.reset()
      } catch (error) {
        console.warn("the server has not recorded the change of key", error)
        await this.heedForChange(error, change)
        await Promise.race([backoff.pause(), news])
      }
    }
  }

  private async keepChanged(change: ToPresent): Promise<void> {
    try {
      await this.client.keys.recorded(change)
    } catch (error) {
      this.host.trouble("keys", "浏览器存储写入失败，密钥尚未更换完成，将自动重试。")
      throw error
    }
    this.host.trouble("keys", null)
    this.host.trouble("server", null)
    await this.host.keyChanged(change.instruction)
    this.wake()
  }

  /** Does what the refusal of a change of key asks for. */
  private async heedForChange(error: unknown, change: ToPresent): Promise<void> {
    const { keys } = this.client
    const kind = error instanceof RefusedByServer ? error.kind : ""
    if (kind === "key-change-refused" || kind === "key-replaced") {
      keys.settle()
      this.host.trouble("server", "服务器拒绝了更换密钥，播放继续。")
    } else if (kind === "unknown-device") {
      keys.settle()
    } else if (kind === "screen-retired" && error instanceof RefusedByServer) {
      // Retired after the change was recorded: the office's word is about the new key.
      if (await isRetirement(error.members["retirement"], this.host.publisher, change.next.fingerprint)) await this.host.retired()
    } else {
      await this.heed(error)
    }
  }

  private async deliverPictures(): Promise<void> {
    const backoff = new Backoff(LONGEST_WAIT * LATER)
    for (;;) {
      try {
        const delivered = await deliverPicture(this.client, this.store)
        backoff.reset()
        await (delivered ? sleep(PACE * (1 + Math.random())) : this.nap(5_000))
      } catch (error) {
        console.warn("an evidence picture was not delivered", error)
        await this.heed(error)
        await backoff.pause()
      }
    }
  }

  private async report(): Promise<void> {
    const backoff = new Backoff(LONGEST_WAIT)
    for (;;) {
      try {
        const reply = await this.client.json("status", await this.host.status())
        this.someoneWatches = reply["picture_wanted"] === true
        backoff.reset()
        await sleep(Math.min(600_000, Math.max(1_000, Number(reply["next_in"]) || 15_000)))
      } catch (error) {
        await this.heed(error)
        await backoff.pause()
      }
    }
  }

  /** Pictures of the wall while somebody is looking. */
  private async show(): Promise<void> {
    for (;;) {
      await sleep(2_000)
      if (!this.someoneWatches) continue
      try {
        const png = await this.host.picture(PICTURE_EDGE)
        if (png !== null) await this.client.send("picture", { method: "PUT", body: png, headers: { "content-type": "image/png" } })
      } catch (error) {
        console.debug("no picture delivered", error)
      }
    }
  }
}
