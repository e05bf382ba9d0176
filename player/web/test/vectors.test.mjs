// The same files that the Rust core is held to.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import * as core from "../node_modules/.tmp/test/core/index.js"
import { disagreements, FILES } from "./vectors.mjs"

const read = (name) => JSON.parse(readFileSync(new URL(`../../../core/tests/vectors/${name}.json`, import.meta.url), "utf8"))
const files = () => Object.fromEntries(FILES.map((name) => [name, read(name)]))

test("every committed vector gets the Rust core's answer", async () => {
  const { asked, wrong } = await disagreements(core, files())
  assert.deepEqual(wrong.slice(0, 10), [], `${wrong.length} of ${asked}`)
  assert.ok(asked > 1000, `only ${asked} were asked`)
})

test("a wrong answer is noticed", async () => {
  const wrongly = { ...core, onAir: (...asked) => ({ ...core.onAir(...asked), item: 9 }) }
  const { wrong } = await disagreements(wrongly, files())
  assert.ok(wrong.length > 100)
})
