// What comes over a network may be anything.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import * as core from "../node_modules/.tmp/test/core/index.js"

const refused = (hex) => assert.throws(() => core.decode(core.fromHex(hex)), core.Malformed, hex)

test("values come back as they went", () => {
  for (const value of [0, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, Number.MAX_SAFE_INTEGER, -1, -24, -25, -1_748_793_600_000, "", "标语", null, [], [1, [2, ["x"]]], new Uint8Array(300), new Map([[0, 1], [7, [null]]])]) {
    assert.deepEqual(core.decode(core.encode(value)), value)
  }
})

test("every form but the shortest is refused", () => {
  for (const hex of ["1800", "1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "580100", "780161", "980100", "b8010000", "3817"]) refused(hex)
})

test("what we never write is refused", () => {
  // Indefinite lengths, tags, floats, booleans, undefined, simple values, reserved arguments, a break alone.
  for (const hex of ["9fff", "bfff", "5fff", "7fff", "c000", "d818", "f90000", "fa00000000", "fb0000000000000000", "f4", "f5", "f7", "f0", "f818", "1c", "1d", "1e", "1f", "ff"]) refused(hex)
})

test("keys must be numbers that ascend, texts must be UTF-8, numbers must be exact", () => {
  for (const hex of ["a201000000", "a200000000", "a1616100", "a1200000", "61ff", "62c328", "1b0020000000000000", "1bffffffffffffffff", "3bffffffffffffffff"]) refused(hex)
})

test("lengths that promise more than there is cost nothing", () => {
  for (const hex of ["", "5affffffff", "9affffffff", "baffffffff", "9b0000000fffffffff", "7b001fffffffffffff", "8100ff", "0000", "81".repeat(100_000), "a100".repeat(100_000)]) refused(hex)
})

test("a playlist with changed bytes, or cut short, is refused or read, and never breaks anything", () => {
  // A fixed sequence: the same bytes on every run.
  let state = 1
  const chance = (below) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % below
  const file = JSON.parse(readFileSync(new URL("../../../core/tests/vectors/playlist.json", import.meta.url), "utf8"))
  const good = core.fromHex(file.cases[0].bytes)
  let read = 0
  for (let n = 0; n < 4000; n++) {
    const bytes = good.slice(0, chance(5) === 0 ? chance(good.length) : good.length)
    for (let changes = 1 + chance(3); changes > 0; changes--) bytes[chance(bytes.length || 1)] = chance(256)
    try {
      const playlist = core.readPlaylist(bytes)
      for (const at of [-8.64e15, 0, 1_748_793_600_000, 8.64e15]) for (const zone of core.ZONES) core.onAir(playlist, zone, at)
      read += 1
    } catch (error) {
      assert.ok(error instanceof core.Malformed, `${error.stack}`)
    }
  }
  assert.ok(read > 100 && read < 3900, `${read} were read`)
})

test("a manifest with changed bytes, or cut short, is refused or obeyed, and never breaks anything", () => {
  let state = 7
  const chance = (below) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % below
  const file = JSON.parse(readFileSync(new URL("../../../core/tests/vectors/manifest.json", import.meta.url), "utf8"))
  const { signed } = file.cases.find(({ name }) => name === "everything of version 2")
  const [, , good] = core.decode(core.fromHex(signed))
  let read = 0
  for (let n = 0; n < 6000; n++) {
    const bytes = good.slice(0, chance(6) === 0 ? chance(good.length) : good.length)
    for (let changes = 1 + chance(3); changes > 0; changes--) bytes[chance(bytes.length || 1)] = chance(256)
    try {
      const manifest = core.readManifest(bytes)
      for (const at of [-8.64e15, 0, 1_748_793_600_000, 8.64e15]) {
        for (const zone of core.ZONES) core.onScreen(manifest.orders, null, manifest.takeovers, zone, at)
        core.nextLevel(manifest.orders, at)
      }
      read += 1
    } catch (error) {
      assert.ok(error instanceof core.Malformed || error instanceof core.UnknownFormat, `${error.stack}`)
    }
  }
  assert.ok(read > 100 && read < 5900, `${read} were read`)
})

test("an integer that is too large for us is refused, not rounded", () => {
  assert.throws(() => core.encode(2 ** 53), core.Malformed)
  assert.throws(() => core.encode(0.5), core.Malformed)
})
