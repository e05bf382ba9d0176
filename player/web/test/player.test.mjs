// A page's days, played through without a browser: what is up, what is recorded, and what is said of the wall.
import assert from "node:assert/strict"
import { test } from "node:test"

globalThis.ImageBitmap = class {}
const core = await import("../node_modules/.tmp/test/core/index.js")
const { Player } = await import("../node_modules/.tmp/test/play/player.js")

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** 2025-06-02 00:00 in Shanghai. */
const DAY = 1_748_793_600_000
const NINE = DAY + 9 * HOUR
const DATE = 20_241
const id = (n) => `01972a00-0000-7000-8000-${String(n).padStart(12, "0")}`
const digest = (n) => String(n).padStart(64, "0")
const SIZE = { width: 8, height: 8 }
const item = (n) => ({ booking: id(n), creative: id(100 + n), asset: digest(n), bytes: 1, show: { is: "picture", size: SIZE }, duration: 10 * SECOND, kind: "poster", ends: null })

/** From eight to twenty: two posters of ten seconds; a third before every show. */
const PLAYLIST = {
  digest: digest(77),
  playlist: {
    version: 2,
    zone: new core.Zone("Asia/Shanghai"),
    items: [item(0), item(1), item(2)],
    loops: [{ slots: [{ item: 0, duration: 10 * SECOND }, { item: 1, duration: 10 * SECOND }], hold: 0 }],
    zones: [
      {
        zone: "main",
        days: [{ date: DATE, dayparts: [{ start: DAY + 8 * HOUR, end: DAY + 20 * HOUR, looped: 0 }], events: [{ trigger: "pre_show", item: 2, start: DAY, end: DAY + 24 * HOUR }] }],
      },
    ],
  },
}

function manifest(version, { wall = {}, evidence = null, takeovers = [] } = {}) {
  const orders = { name: "大厅屏", timezone: "Asia/Shanghai", zones: [{ name: "main", rect: { x: 0, y: 0, ...SIZE } }], wall: { ...core.USUAL, ...wall }, evidence, size: null }
  return { screen: id(1), version, issued: DAY, expires: DAY + 48 * HOUR, playlist: PLAYLIST.digest, orders, takeovers, instructions: [] }
}

/** A page that plays, at nine o'clock, drawn ten times a second. */
class Page {
  plays = []
  walls = []
  pictures = []
  /** Assets that are not here. */
  lost = new Set()
  now = { wall: NINE, monotonic: 5_000 }

  constructor(first = manifest(1)) {
    const bitmaps = new Map()
    const shelf = {
      stored: new Set([0, 1, 2, 9].map(digest)),
      need: () => undefined,
      lacks: (asset) => this.lost.has(asset),
      troubled: () => 0,
      bitmap: (asset) => {
        if (this.lost.has(asset)) return "missing"
        if (!bitmaps.has(asset)) bitmaps.set(asset, Object.assign(new ImageBitmap(), { asset }))
        return bitmaps.get(asset)
      },
    }
    const journal = {
      opened: () => undefined,
      showing: () => undefined,
      finished: (_, entry) => this.plays.push(entry),
      pictured: (_, entry, shown, picture) => this.pictures.push({ entry, shown, picture }),
      wall: (change) => this.walls.push(change),
    }
    this.player = new Player(shelf, journal)
    this.player.follow(first)
    this.player.arrived(PLAYLIST, this.now)
  }

  later(ms) {
    this.now = { wall: this.now.wall + ms, monotonic: this.now.monotonic + ms }
  }

  frame() {
    this.player.step(this.now)
    this.player.begin(this.now)
  }

  /** Is drawn for so long. */
  runs(ms) {
    for (let passed = 0; passed < ms; passed += 100) {
      this.frame()
      this.later(100)
    }
  }

  /** What is to be seen. */
  get seen() {
    const scene = this.player.scene(this.now)
    if (scene.is !== "zones") return scene.is
    const [{ content }] = scene.layers
    return content.is === "picture" ? Number(content.bitmap.asset) : content.is
  }

  /** What was recorded: item, trigger, status, seconds. */
  get recorded() {
    return this.plays.map(({ item, play }) => [Number(item[3]), play.trigger, play.status, Math.round(play.actual / SECOND)])
  }
}

const takeover = (level, from, to) => ({ id: id(50), level, starts: from, expires: to, items: [["main", item(9)]] })

test("a loop is shown and recorded", () => {
  const page = new Page()
  page.runs(20_100)
  assert.deepEqual(page.recorded, [[0, "loop", "success", 10], [1, "loop", "success", 10]])
  assert.deepEqual(page.walls, [{ from: NINE, state: "on", why: "not_known" }])
})

test("in its off hours a wall is black, what was up ends, nothing counts, and an emergency lights it", () => {
  const noon = { wall: { off: [{ from: 9 * 60 + 1, to: 9 * 60 + 3 }] }, takeovers: [takeover("emergency", NINE + 2 * MINUTE, NINE + 2 * MINUTE + 10 * SECOND)] }
  const page = new Page(manifest(1, noon))
  page.runs(65_000)
  assert.equal(page.seen, "black")
  assert.equal(page.plays.length, 6)
  page.runs(58_000)
  assert.equal(page.seen, 9)
  page.runs(20_000)
  assert.equal(page.seen, "black")
  assert.deepEqual(page.recorded.slice(6), [[9, "takeover", "success", 10]])
  page.runs(45_000)
  assert.deepEqual(page.walls.map(({ from, state, why }) => [(from - NINE) / SECOND, state, why]), [
    [0, "on", "not_known"],
    [60, "off", "hours"],
    [120, "on", "hours"],
    [130, "off", "hours"],
    [180, "on", "hours"],
  ])
})

test("a wall of which some stays free has its own size, and stands by in its zones alone", () => {
  const page = new Page()
  assert.deepEqual(page.player.size(), SIZE)
  page.lost = new Set([0, 1, 2].map(digest))
  page.frame()
  assert.equal(page.seen, "standby")
  const free = manifest(2)
  page.player.follow({ ...free, orders: { ...free.orders, size: { width: 20, height: 10 } } })
  page.frame()
  assert.deepEqual(page.player.size(), { width: 20, height: 10 })
  const { is, layers } = page.player.scene(page.now)
  assert.equal(is, "zones")
  assert.deepEqual(layers.map(({ rect, content }) => [rect, content.is]), [[{ x: 0, y: 0, ...SIZE }, "standby"]])
})

test("out of sight nothing counts and the wall is off; in sight again it goes on where the clock is", () => {
  const page = new Page()
  page.runs(4_000)
  page.player.see(false, page.now)
  for (let second = 0; second < 20; second++) {
    page.later(SECOND)
    page.player.step(page.now)
  }
  page.player.see(true, page.now)
  page.runs(16_500)
  assert.deepEqual(page.recorded, [
    [0, "loop", "interrupted", 4],
    [1, "loop", "hardware_failure", 0],
    [0, "loop", "interrupted", 6],
    [1, "loop", "success", 10],
  ])
  assert.deepEqual(page.walls.map(({ state, why }) => `${state} ${why}`), ["on not_known", "off fault", "on fault"])
})

test("a page that was not run for hours ends what was up where it was last seen", () => {
  const page = new Page()
  page.runs(4_000)
  page.later(3 * HOUR)
  page.runs(1_000)
  assert.deepEqual(page.recorded, [[0, "loop", "interrupted", 4]])
  assert.deepEqual(page.walls.map(({ state }) => state), ["on", "unknown", "on"])
})

test("while it says who it is nothing counts", () => {
  const page = new Page()
  page.runs(4_000)
  page.player.identify({ code: "4711", lines: [] }, 5, page.now)
  page.runs(4_000)
  assert.equal(page.seen, "identity")
  page.runs(12_500)
  assert.equal(page.seen, 0)
  assert.deepEqual(page.recorded, [[0, "loop", "interrupted", 4], [0, "loop", "interrupted", 1], [1, "loop", "success", 10]])
})

test("what is booked before a show is shown once and whole, above the loop and after a takeover that has the wall", () => {
  const page = new Page()
  page.runs(4_000)
  const show = id(70)
  assert.equal(page.player.dueAtEvent("pre_show", page.now), 1)
  assert.equal(page.player.insert("pre_show", show, page.now), 1)
  page.runs(3_000)
  assert.equal(page.seen, 2)
  page.player.follow(manifest(2, { takeovers: [takeover("warning", NINE, page.now.wall + 10 * SECOND)] }))
  page.runs(3_000)
  assert.equal(page.seen, 9)
  page.runs(20_000)
  assert.deepEqual(page.recorded.slice(0, 5), [
    [0, "loop", "interrupted", 4],
    [2, "event", "interrupted", 3],
    [9, "takeover", "interrupted", 3],
    [9, "takeover", "interrupted", 7],
    [2, "event", "success", 10],
  ])
  assert.equal(page.plays[4].item[0], PLAYLIST.digest)
  assert.equal(page.plays[4].play.show, show)
  page.runs(30_000)
  assert.equal(page.recorded.filter(([, trigger]) => trigger === "event").length, 2)
})

test("a wall that was made dark shows and counts nothing, and forgets the show that it was to announce", () => {
  const page = new Page()
  page.runs(4_000)
  page.player.insert("pre_show", id(70), page.now)
  page.player.darken(true)
  page.runs(20_000)
  assert.equal(page.seen, "dark")
  assert.equal(page.player.dueAtEvent("pre_show", page.now), 0)
  page.player.darken(false)
  page.runs(7_000)
  assert.deepEqual(page.recorded, [[0, "loop", "interrupted", 4], [0, "loop", "interrupted", 6]])
  assert.deepEqual(page.walls.map(({ state, why }) => `${state} ${why}`), ["on not_known", "off order", "on order"])
})

test("a still stands in for what is not there, counts for nothing, and on record is the failure", () => {
  const page = new Page()
  page.lost.add(digest(1))
  page.runs(12_500)
  assert.equal(page.seen, 0)
  page.runs(8_000)
  assert.deepEqual(page.recorded, [[0, "loop", "success", 10], [1, "loop", "content_failure", 0]])
})

test("a picture is taken at its moment of a play that is up, which names it; of one that is over another is taken", async () => {
  const ordered = manifest(1, { evidence: { nonce: digest(5), perDay: 24 } })
  const [moment] = (await core.moments(ordered, PLAYLIST.playlist, DATE)).filter((at) => at > NINE)
  const page = new Page(ordered)
  const start = moment - 2_500
  page.now = { wall: start, monotonic: 5_000 }
  page.frame()
  // They are worked out beside the frames.
  await new Promise((resolve) => setTimeout(resolve, 100))
  const taken = []
  const picture = (cause, n) => ({ digest: digest(n), taken: page.now.wall, cause, bytes: new Uint8Array() })
  for (let n = 0; n < 300; n++) {
    page.frame()
    const wanted = page.player.photograph(page.now)
    if (wanted !== null) {
      assert.deepEqual(wanted.cause, { moment })
      taken.push(page.now.wall)
      // The first comes when its play is long over.
      if (taken.length === 1) page.runs(12_000)
      page.player.pictured(wanted.key, wanted.cause, picture(wanted.cause, taken.length), page.now)
    }
    page.later(100)
  }
  assert.equal(taken.length, 2, "once more, and then no more")
  assert.ok(taken[0] >= moment && taken[0] < moment + 12_000)
  assert.deepEqual(page.pictures.map(({ picture }) => picture.digest), [digest(2)])
  page.runs(20_000)
  const naming = page.plays.filter(({ play }) => play.evidence.length > 0)
  assert.deepEqual(naming.map(({ play }) => play.evidence), [[digest(2)]])
  assert.ok(naming[0].play.start < taken[1])
})

test("a picture that the office asks for is taken, unless its time is over first", () => {
  const page = new Page()
  page.player.wantPicture(id(80), NINE + 500, page.now)
  page.player.wantPicture(id(81), NINE + MINUTE, page.now)
  page.runs(3_000)
  assert.deepEqual(page.player.answers(), [{ id: id(80), couldNot: "nothing_shown" }])
  // The next manifest has it too.
  page.player.wantPicture(id(81), NINE + MINUTE, page.now)
  const wanted = page.player.photograph(page.now)
  assert.deepEqual(wanted?.cause, { instruction: id(81) })
  assert.deepEqual(page.player.answers(), [], "it is done when a play names it")
  page.player.pictured(wanted.key, wanted.cause, { digest: digest(1), taken: page.now.wall, cause: wanted.cause, bytes: new Uint8Array() }, page.now)
  assert.deepEqual(page.player.answers(), [{ id: id(81), couldNot: null }])
  assert.equal(page.player.photograph(page.now), null)
})

test("of a wall that somebody made dark no picture is taken, and the office is told", () => {
  const page = new Page()
  page.runs(3_000)
  page.player.darken(true)
  page.player.wantPicture(id(82), NINE + MINUTE, page.now)
  page.runs(1_000)
  assert.deepEqual(page.player.answers(), [{ id: id(82), couldNot: "wall_off" }])
})
