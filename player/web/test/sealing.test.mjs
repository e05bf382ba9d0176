// How long plays wait before they are signed.
import assert from "node:assert/strict"
import { test } from "node:test"
import { Sealing, SEAL_RULES } from "../node_modules/.tmp/test/core/index.js"

const MINUTE = 60_000
const usual = { trigger: "loop", status: "success", evidence: [] }

/** The minutes, from the first play on, at which something is sealed, if a play ends every ten seconds. */
function sealed(hours, play = () => usual, { watched = false, waiting = 0, left = 0 } = {}) {
  const sealing = new Sealing(SEAL_RULES, left, 0)
  const at = []
  for (let now = 0; now <= hours * 60 * MINUTE; now += 1_000) {
    if (now % 10_000 === 0) sealing.finished(play(now), now)
    if (sealing.due(watched, waiting, now)) at.push(now / MINUTE)
  }
  return at
}

test("the first play since the start is told within seconds, the others once an hour", () => {
  assert.deepEqual(sealed(3).map(Math.floor), [0, 60, 120])
})

test("what the run before left is told at once with the first", () => {
  assert.equal(sealed(1, undefined, { left: 3 })[0], 0.25)
})

test("news is told within seconds, but news that goes on ever more rarely", () => {
  const failing = sealed(1, () => ({ ...usual, status: "content_failure" }))
  assert.ok(failing.length < 12, `${failing}`)
  assert.ok(failing.every((at, n) => n < 2 || at - failing[n - 1] >= failing[n - 1] - failing[n - 2]), `${failing}`)
  const one = sealed(2, (now) => (now === 70 * MINUTE ? { ...usual, trigger: "takeover" } : usual))
  assert.ok(one.some((at) => at >= 70 && at < 71), `${one}`)
})

test("while somebody watches everything is told within seconds", () => {
  assert.ok(sealed(1, undefined, { watched: true }).length > 150)
})

test("while the server does not answer batches grow", () => {
  assert.ok(sealed(3, undefined, { waiting: 4 }).every((at, n, all) => n === 0 || at - all[n - 1] >= 10))
})
