// Plays are written in their order, and a store that refuses for a while loses none.
import assert from "node:assert/strict"
import { test } from "node:test"
import { Writing } from "../node_modules/.tmp/test/writing.js"

const turn = () => new Promise((resolve) => setImmediate(resolve))

function writing() {
  const troubles = []
  const naps = []
  const all = new Writing((refuses) => troubles.push(refuses), () => new Promise((resolve) => naps.push(resolve)))
  return { all, troubles, wake: () => naps.splice(0).forEach((resume) => resume()) }
}

class Refusal extends Error {
  constructor(name) {
    super(name)
    this.name = name
  }
}

test("what is written while the disk is full is written in its order when it is not", async () => {
  const { all, troubles, wake } = writing()
  const disk = []
  let full = true
  const put = (n) => async () => {
    if (full) throw new Refusal("QuotaExceededError")
    disk.push(n)
  }
  for (let n = 0; n < 5; n++) all.add(put(n))
  for (let tries = 0; tries < 3; tries++) {
    await turn()
    wake()
  }
  assert.deepEqual([disk, troubles.at(-1)], [[], true])
  full = false
  await turn()
  wake()
  await turn()
  assert.deepEqual([disk, troubles.at(-1), all.lost], [[0, 1, 2, 3, 4], false, 0])
  all.add(put(5))
  await all.settled()
  assert.deepEqual(disk, [0, 1, 2, 3, 4, 5])
})

test("what no store will ever take holds nothing up", async () => {
  const { all } = writing()
  const disk = []
  all.add(async () => { throw new Refusal("DataCloneError") })
  all.add(async () => void disk.push(1))
  await all.settled()
  assert.deepEqual([disk, all.lost], [[1], 1])
})

test("of too much the oldest is lost, and the newest is kept", async () => {
  const { all, wake } = writing()
  const disk = []
  let full = true
  for (let n = 0; n < 20_010; n++) {
    all.add(async () => {
      if (full) throw new Refusal("QuotaExceededError")
      disk.push(n)
    })
  }
  await turn()
  full = false
  wake()
  await all.settled()
  assert.equal(all.lost, 10)
  assert.deepEqual([disk.length, disk[0], disk[1], disk.at(-1)], [20_000, 0, 11, 20_009])
})
