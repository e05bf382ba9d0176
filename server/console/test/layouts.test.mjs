// What the form for layouts says while one types is what the server will say: the core's answers (core/tests/vectors/layout.json).
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { choiceOf, faultOf, freed, leavesBlack, usualLayout, withTicker, zonesOf } from "../node_modules/.tmp/test/layouts.js"

const { cases } = JSON.parse(readFileSync(new URL("../../../core/tests/vectors/layout.json", import.meta.url), "utf8"))

test("zones lie where the core puts them, and what it refuses is refused for the same reason", () => {
  assert.ok(cases.length > 50)
  for (const { size, layout, zones, refused } of cases) {
    const which = JSON.stringify({ size, layout })
    assert.deepEqual(zonesOf(layout, size), zones, which)
    assert.equal(faultOf(layout, size)?.is ?? null, refused, which)
  }
})

test("whoever begins to move zones about begins with those that there are", () => {
  for (const { size, layout, zones, refused } of cases) {
    if (refused !== null || typeof layout === "object") continue
    const free = { free: freed(layout, size) }
    assert.deepEqual(zonesOf(free, size), zones)
    assert.equal(choiceOf(free), "free")
    assert.equal(faultOf(free, size), null, JSON.stringify({ size, layout }))
    assert.equal(leavesBlack(free, size), false)
  }
})

test("a ticker that is added lies at the foot and the main zone makes room for it", () => {
  for (const size of [{ width: 1920, height: 1080 }, { width: 1080, height: 1920 }, { width: 320, height: 96 }]) {
    const free = withTicker(freed("full", size), size)
    assert.equal(faultOf({ free }, size), null, JSON.stringify(free))
    assert.equal(free.ticker.y + free.ticker.height, size.height)
    assert.equal(free.main.height, free.ticker.y)
  }
  const size = { width: 1920, height: 1080 }
  const above = { main: { x: 0, y: 0, width: 640, height: 480 }, ticker: null }
  assert.deepEqual(withTicker(above, size).main, above.main, "who is not in the way stays")
})

test("what is offered first suits the screen", () => {
  assert.equal(usualLayout("lcd", { width: 1920, height: 1080 }), "main_and_ticker")
  assert.equal(usualLayout("lcd", { width: 320, height: 96 }), "full")
  assert.equal(usualLayout("led_wall", { width: 960, height: 540 }), "full")
  assert.equal(usualLayout("led_strip", { width: 512, height: 32 }), "full")
  assert.equal(usualLayout("speaker", { width: 0, height: 0 }), "audio_only")
})
