// What the office tells a page is done once, and said to be done when it is.
import assert from "node:assert/strict"
import { test } from "node:test"
import { Instructions } from "../node_modules/.tmp/test/instructions.js"

const NOW = { wall: 1_000, monotonic: 0 }
const LATER = { wall: 2_000, monotonic: 1_000 }
const told = (id, expires = 9_000) => ({ id, expires, what: { is: "change_key", permit: `permit of ${id}` } })

async function page() {
  const store = { kept: [], obeyed: async () => store.kept, keepObeyed: async (obeyed) => void (store.kept = obeyed) }
  const permits = []
  const does = (meant) => ({ restart: async () => assert.fail("nobody asked for that"), changeKey: async (...permit) => (permits.push(permit), meant) })
  return { store, permits, does, instructions: await Instructions.open(store) }
}

test("a change of key is done when the server has signed for it, and said to be done once", async () => {
  const { store, permits, does, instructions } = await page()
  await instructions.obey([told("a")], null, NOW, does(true))
  assert.deepEqual([permits, instructions.told()], [[["a", "permit of a"]], []])
  await instructions.keyChanged("a", LATER)
  await instructions.keyChanged("a", LATER)
  assert.deepEqual([instructions.told(), store.kept], [[{ id: "a", at: 2_000 }], [{ id: "a", at: 2_000 }]])
  const again = await Instructions.open(store)
  await again.obey([told("a")], null, LATER, does(true))
  assert.equal(permits.length, 1, "not after a reload either")
})

test("a permit that is not for this key is said to be one that nothing can be made of, and one that came too late is not looked at", async () => {
  const { permits, does, instructions } = await page()
  await instructions.obey([told("late", NOW.wall), told("b")], null, NOW, does(false))
  await instructions.obey([told("b")], null, LATER, does(false))
  assert.deepEqual([permits, instructions.told()], [[["b", "permit of b"]], [{ id: "b", at: 1_000, could_not: "other" }]])
})

test("what a manifest tells twice while it is looked at is answered once", async () => {
  const { does, instructions } = await page()
  await Promise.all([1, 2].map(() => instructions.obey([told("c")], null, NOW, does(false))))
  assert.equal(instructions.told().length, 1)
})
