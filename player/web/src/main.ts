/** The browser's player: opens its rooms, becomes a screen, and plays. One page at a time in one browser. */
import { Clock } from "./clock.ts"
import { acceptManifest, digestOf, fromHex, readPlaylist, Sealing, verifierOf, type Digest, type Entry, type Id, type Manifest } from "./core/index.ts"
import { Files } from "./files.ts"
import { listen } from "./embedding.ts"
import { Instructions } from "./instructions.ts"
import { Keyring } from "./keyring.ts"
import { pack, packPng } from "./play/packing.ts"
import { Player } from "./play/player.ts"
import { Shelf } from "./play/shelf.ts"
import { Stage } from "./play/stage.ts"
import type { Journal } from "./play/zoneState.ts"
import { Store } from "./store.ts"
import { Client, RefusedByServer, sleep } from "./sync/client.ts"
import { introduce } from "./sync/enrol.ts"
import { Sync, type Source } from "./sync/serve.ts"
import { sayCode, sayNote, sayNothing } from "./pairing.ts"
import { settings } from "./settings.ts"
import { Writing } from "./writing.ts"

const SOFTWARE = `xuanping-web/${__VERSION__}`
/** How often a long play's progress is noted, in milliseconds. */
const NOTE_EVERY = 5_000

const wall = document.querySelector<HTMLElement>("#wall")
if (!wall) throw new Error("the page is not whole")
const stage = new Stage(wall)
const clock = new Clock()
const asked = settings(location, { width: innerWidth * devicePixelRatio, height: innerHeight * devicePixelRatio })
stage.resize(asked.size.width, asked.size.height)
stage.standby()

async function main(): Promise<void> {
  await keepPage()
  sayNote("另一个窗口正在播放，请关闭其中一个")
  // A key is one screen, and a screen is one wall: a second page waits until the first is closed.
  await new Promise<void>((resolve) => void navigator.locks.request("xuanping-web-player", () => (resolve(), new Promise<never>(() => undefined))))
  sayNote("正在连接服务器")
  await navigator.storage.persist().catch(() => false)
  const boot = crypto.randomUUID()
  // Somebody cleared this site's data: whoever this page was, it no longer is.
  const store = await Store.open(boot, () => location.reload())
  const files = await Files.open()
  const kept = await store.identity()
  const keys = await Keyring.load(store, kept === undefined ? null : await verifierOf(kept.publisher))
  const client = new Client(keys, clock)
  try {
    const identity =
      kept?.screen != null
        ? { publisher: kept.publisher, screen: kept.screen }
        : await introduce(client, clock, store, { size: asked.size, software: SOFTWARE, host: browserName(), token: asked.token }, (code, trouble) =>
            code === null ? sayNote(trouble ?? "正在连接服务器") : sayCode(code),
          )
    await play(boot, store, files, client, keys, identity)
  } catch (error) {
    if (!(error instanceof RefusedByServer && error.kind === "screen-retired")) throw error
    await forget(store)
  }
}

async function play(boot: string, store: Store, files: Files, client: Client, keys: Keyring, identity: { publisher: string; screen: string }): Promise<void> {
  const publisher = await verifierOf(identity.publisher)
  const { screen } = identity
  const troubles = new Map<Source, string>()
  const trouble = (source: Source, text: string | null) => void (text === null ? troubles.delete(source) : troubles.set(source, text))
  await store.recover()
  const writing = new Writing((refuses) => trouble("journal-disk", refuses ? "浏览器存储写入失败，播放记录暂存于内存，将自动重试。" : null), sleep)
  const write = (act: () => Promise<void>) => writing.add(act)
  const sealing = new Sealing(asked.seal, await store.unsealed(), clock.now().monotonic)
  const seal = async () => {
    if (!sealing.due(sync.watched, await store.waiting(), clock.now().monotonic)) return
    // What runs before this one left is sealed run by run.
    while (await store.seal(screen, clock.now().wall, (sequence) => keys.sealing(sequence))) sync.wake()
  }
  // What waits stays where it is, and is sealed with what comes next.
  const unsealed = (error: unknown) => console.warn("no batch was sealed", error)
  // In the same turn as sealing: nobody else knows where the chain ends, and that it ends there while the change is made.
  const changeKey = async () => {
    if (!keys.wants) return
    try {
      await keys.change({ screen, ...(await store.head()) }, clock.now().wall, publisher)
      trouble("keys", null)
    } catch (error) {
      if (keys.wants) trouble("keys", "浏览器存储写入失败，新密钥尚未启用，将自动重试。")
      throw error
    }
  }
  const journal: Journal = {
    opened: (key: number, entry: Entry) => write(() => store.opened(key, entry)),
    showing: (key: number, entry: Entry, shown: number) => write(() => store.showing(key, entry, shown)),
    finished: (key: number, entry: Entry) => {
      sealing.finished(entry.play, clock.now().monotonic)
      write(() => store.finished(key, entry))
    },
    pictured: (...picture) => write(async () => (await store.pictured(...picture), sync.wake())),
    wall: (change) => write(() => store.wall(change)),
  }
  const shelf = new Shelf(files, () => frame.ask(), () => trouble("sound", "浏览器不允许自动播放声音，请在启动参数中放行或点击一次页面。"))
  const player = new Player(shelf, journal)
  player.darken(await store.dark())
  const instructions = await Instructions.open(store)
  const keyChanged = (instruction: Id) => instructions.keyChanged(instruction, clock.now())
  const newestDone = keys.newestDone()
  if (newestDone !== null) await keyChanged(newestDone)
  const restart = async () => {
    player.finish(clock.now())
    await writing.settled()
    location.reload()
    await new Promise<never>(() => undefined)
  }
  const does = { restart, changeKey: (id: Id, permit: string) => keys.want(id, fromHex(permit), screen, publisher) }
  const obey = (manifest: Manifest) =>
    void instructions.obey(manifest.instructions, player, clock.now(), does).catch((error: unknown) => console.error("an instruction was not done", error))
  for (const name of await files.names()) shelf.stored.add(name)

  // Before anything is asked of the network: what was followed when the page went away.
  const signed = await store.manifest()
  const manifest = signed === undefined ? null : await acceptManifest(signed, publisher, screen, null).catch(() => null)
  let wanted: Digest | null = null
  if (manifest !== null) {
    clock.notBefore(manifest.issued)
    wanted = player.follow(manifest)
    obey(manifest)
    const bytes = wanted === null ? null : await files.read(wanted)
    if (wanted !== null && bytes !== null) {
      player.arrived({ digest: wanted, playlist: readPlaylist(bytes) }, clock.now())
      wanted = null
    }
  }

  const sync = new Sync(client, clock, store, files, {
    screen,
    publisher,
    followed: () => player.manifest?.version ?? null,
    wanted,
    manifest: (manifest) => {
      clock.notBefore(manifest.issued)
      const wanted = player.follow(manifest)
      obey(manifest)
      frame.ask()
      return wanted
    },
    playlist: (digest, playlist) => {
      player.arrived({ digest, playlist }, clock.now())
      frame.ask()
    },
    missing: () => {
      const now = clock.now()
      return player.wants(now).filter(({ asset }) => !shelf.stored.has(asset) && !shelf.waits(asset, now))
    },
    stored: (asset) => {
      shelf.stored.add(asset)
      frame.ask()
      const keeps = player.keeps(clock.now())
      if (keeps === null) return
      // What goes is to be had again when it is booked again.
      for (const name of [...shelf.stored]) if (!keeps.has(name)) shelf.stored.delete(name)
      void files.retain(keeps).catch((error: unknown) => console.warn("files that are needed no more stay", error))
    },
    refused: (asset) => shelf.failed(asset, "unplayable", clock.now()),
    trouble,
    status: async () => ({
      boot,
      now: clock.now().wall,
      device_timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      manifest_version: player.manifest?.version ?? 0,
      playlist: player.playing?.digest ?? null,
      zones: player.zoneStates(),
      unreported_plays: await store.unreported(),
      missing_assets: player.wants(clock.now()).filter(({ asset }) => !shelf.stored.has(asset)).length,
      last_error: [...troubles.values()][0] ?? player.trouble(clock.now()),
      software: SOFTWARE,
      dark: player.isDark,
      abilities: { evidence: true, instructions: true, keys: true },
      obeyed: instructions.told(),
      health: await health(shelf.damaged),
    }),
    keyChanged,
    picture: (longest) => packPng(stage.seen(), longest),
    retired: () => forget(store),
  })

  sayNothing()

  const frame = new Frames(() => {
    const now = clock.now()
    player.step(now)
    player.begin(now)
    const size = player.size()
    if (size !== null) stage.resize(size.width, size.height)
    const { brightness, transition } = player.light(now)
    stage.light(brightness, transition)
    const scene = player.scene(now)
    if (scene.is === "dark") stage.dark()
    else if (scene.is === "identity") stage.identify(scene.identity)
    else if (scene.is === "zones" && size !== null) stage.draw(scene.layers, now)
    else stage.standby()
    const wanted = player.photograph(now)
    if (wanted !== null) {
      const { key, cause } = wanted
      void photograph(stage.seen(), now.wall).then(
        (picture) => player.pictured(key, cause, { ...picture, cause }, clock.now()),
        (error: unknown) => (console.warn("no evidence picture was taken", error), player.pictured(key, cause, null, clock.now())),
      )
    }
  })
  const answer = () => {
    for (const each of player.answers()) void instructions.answered(each, clock.now()).then(() => sync.wake())
  }
  const see = () => {
    player.see(inSight() && !document.hidden, clock.now())
    if (!document.hidden) keepAwake()
  }
  const inSight = watchSight(wall!, see)
  document.addEventListener("visibilitychange", see)
  see()
  // A page that is closed or reloaded in order ends its plays in order.
  addEventListener("pagehide", () => player.finish(clock.now()))
  setInterval(() => player.note(clock.now()), NOTE_EVERY)
  setInterval(() => {
    // Hidden pages get no frames.
    player.step(clock.now())
    answer()
    sync.wake()
  }, 1_000)
  setInterval(() => writing.idle && write(() => changeKey().then(seal).catch(unsealed)), 1_000)
  listen(player, store, clock)
  sync.run()
}

/** How the machine is doing, as far as a page can know. */
async function health(damaged: number): Promise<Record<string, unknown>> {
  const { quota, usage } = await navigator.storage.estimate().catch((): StorageEstimate => ({}))
  const disk = quota === undefined || usage === undefined ? {} : { disk_free: Math.max(0, quota - usage), disk_total: quota }
  return { ...disk, clock_correction: clock.correctedBy, damaged_files: damaged }
}

async function photograph(seen: OffscreenCanvas, taken: number) {
  const bytes = await pack(seen)
  return { bytes, taken, digest: await digestOf(bytes) }
}

/** Asks for frames as long as the page is seen. */
class Frames {
  private asked = false

  constructor(private readonly draw: () => void) {
    this.ask()
  }

  ask(): void {
    if (this.asked) return
    this.asked = true
    requestAnimationFrame(() => {
      this.asked = false
      try {
        this.draw()
      } catch (error) {
        // Never a dead page: the standby picture, and the next frame tries again.
        console.error(error)
        stage.standby()
      }
      this.ask()
    })
  }
}

/** Whether at least half of it is within the window, and of the page around it if it is framed. */
function watchSight(element: HTMLElement, changed: () => void): () => boolean {
  let inSight = true
  const watch = new IntersectionObserver((entries) => {
    inSight = (entries.at(-1)?.intersectionRatio ?? 1) >= 0.5
    changed()
  }, { threshold: [0, 0.5] })
  watch.observe(element)
  return () => inSight
}

/** A display that falls asleep shows nothing. Browsers that do not know how are left alone. */
function keepAwake(): void {
  void navigator.wakeLock?.request("screen").catch(() => undefined)
}

/** Forgets keys, journal and files, and begins anew as a player that nobody knows. */
async function forget(store: Store): Promise<void> {
  stage.standby()
  await store.wipe()
  await Files.wipe()
  location.reload()
  await new Promise<never>(() => undefined)
}

/** Has the page itself kept for days without a network. */
async function keepPage(): Promise<void> {
  if (!("serviceWorker" in navigator)) throw new Error("this browser has no service worker, or the page did not come over HTTPS")
  const controlled = navigator.serviceWorker.controller !== null
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // A new version has been kept whole: go on with it.
    if (controlled) location.reload()
  })
  await navigator.serviceWorker.register("/web/worker.js", { scope: "/web/" }).catch((error: unknown) => {
    if (!controlled) throw error
  })
}

function browserName(): string {
  const brands = (navigator as { userAgentData?: { brands?: { brand: string; version: string }[]; platform?: string } }).userAgentData
  const brand = brands?.brands?.find(({ brand }) => !/not.?a.?brand/i.test(brand))
  const name = brand ? `${brand.brand} ${brand.version}` : "浏览器"
  return `${name} ${brands?.platform ?? ""}`.trim().slice(0, 100)
}

main().catch((error: unknown) => {
  // What the public sees is the standby picture; whoever opens the console of the browser sees why.
  console.error(error)
  sayNote("此浏览器无法播放：需要 HTTPS、允许本地存储，以及支持 Ed25519 的新版浏览器")
})
