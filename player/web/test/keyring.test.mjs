// 更换密钥 in a browser: whatever is lost, refused or cut off in between, each batch is signed by the key that it is for, and none is lost.
import assert from "node:assert/strict"
import { test } from "node:test"
import * as core from "../node_modules/.tmp/test/core/index.js"
import { isReceipted, Keyring } from "../node_modules/.tmp/test/keyring.js"

const id = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`
const SCREEN = id(1)
const office = (await core.drawSigner()).signer
const PUBLISHER = await core.verifierOf(office.key)

const signed = (context, members, by = office) => core.sign(by, context, core.encode(new Map(members.map((member, n) => [n, member]))))
const permit = ({ key, screen = SCREEN, instruction, by }) => signed("keyPermit", [core.fromId(screen), core.fromHex(key), core.fromId(instruction)], by)

/** What a browser keeps: all of a write or nothing of it. It may refuse, and it may say that it did not write what it wrote. */
class Disk {
  facts = {}
  fails = null

  key = async () => this.facts.key
  keptKeys = async () => this.facts.keys
  keepKey = (key) => this.write({ key })
  keepKeys = (key, keys) => this.write({ key, keys })

  async write(facts) {
    const fails = this.fails
    this.fails = null
    if (fails !== "before") Object.assign(this.facts, facts)
    if (fails !== null) throw new Error("the store refused")
  }
}

/** The server's side of it, as server/src/plays/keys.rs has it. */
class Server {
  keys = []
  taken = []

  constructor(key) {
    this.keys.push({ from: 1, key })
  }

  get newest() {
    return this.keys.at(-1).key
  }

  /** The receipt of a change, which it records once. */
  async record(bytes) {
    const { change, digest } = await core.openKeyChange(bytes, PUBLISHER)
    if (change.new !== this.newest) {
      assert.equal(change.old, this.newest)
      assert.ok(this.taken.length < change.from, "something of the new key's is there already")
      this.keys.push({ from: change.from, key: change.new })
    }
    const receipt = await signed("keyReceipt", [core.fromId(change.screen), core.fromHex(digest), 7])
    return core.openKeyReceipt(receipt, PUBLISHER)
  }

  /** Takes a batch as the next of the chain, by the key of its number. */
  async take({ sequence, bytes }) {
    if (sequence <= this.taken.length) return
    assert.equal(sequence, this.taken.length + 1)
    const { key } = this.keys.findLast(({ from }) => from <= sequence)
    this.taken.push(core.toHex(await core.verify(await core.verifierOf(key), "playBatch2", bytes)))
  }
}

/** A page with its journal: batches are made one after the other, and delivered in their order. */
class Page {
  disk = new Disk()
  batches = []
  delivered = 0
  instructions = 0

  static async open() {
    const page = new Page()
    await page.load()
    page.server = new Server(page.ring.asking.key)
    return page
  }

  /** Reloaded, or started after the power went. */
  async load() {
    this.ring = await Keyring.load(this.disk, PUBLISHER)
  }

  get head() {
    return { screen: SCREEN, sequence: this.batches.length, digest: this.batches.at(-1)?.digest ?? core.ZERO }
  }

  async want() {
    const instruction = id(1_000 + this.instructions++)
    const meant = await this.ring.want(instruction, await permit({ key: this.ring.asking.fingerprint, instruction }), SCREEN, PUBLISHER)
    return { instruction, meant }
  }

  change = () => this.ring.change(this.head, 5, PUBLISHER)

  async seal() {
    await this.change()
    const sequence = this.batches.length + 1
    const bytes = await core.sign(this.ring.sealing(sequence), "playBatch2", core.encode(sequence))
    this.batches.push({ sequence, bytes, digest: await core.digestOf(bytes) })
  }

  /** Delivers what it may, by the key that the server knows; a request by another is refused. */
  async deliver() {
    while (this.delivered < this.batches.length) {
      const batch = this.batches[this.delivered]
      if (this.ring.holdsBack(batch.sequence)) return
      if (this.ring.asking.key !== this.server.newest) return this.ring.doubt()
      await this.server.take(batch)
      this.delivered += 1
    }
  }

  async tell(heard) {
    const change = this.ring.toPresent()
    if (change === null) return
    const receipt = await this.server.record(change.signed)
    assert.ok(isReceipted(change, receipt, SCREEN))
    if (heard) await this.ring.recorded(change)
  }
}

test("the new key seals from the change on, and asks only when the server has signed for it", async () => {
  const page = await Page.open()
  await page.seal()
  const old = page.ring.asking.key
  assert.equal(await page.change(), false, "nobody wants it")
  const { instruction, meant } = await page.want()
  assert.deepEqual([meant, page.ring.progress(instruction)], [true, "none"])
  assert.equal(await page.change(), true)
  for (const again of [false, true]) {
    if (again) await page.load()
    const { ring } = page
    assert.deepEqual([ring.asking.key, ring.sealing(1).key, ring.holdsBack(1), ring.holdsBack(2)], [old, old, false, true])
    assert.notEqual(ring.sealing(2).key, old)
    assert.deepEqual([ring.progress(instruction), ring.newestDone()], ["pending", null])
    assert.equal((await page.want()).meant, false, "a second one waits until this one is over")
  }
  const change = page.ring.toPresent()
  assert.equal(isReceipted(change, { screen: SCREEN, change: core.ZERO }, SCREEN), false)
  assert.equal(isReceipted(change, { screen: id(2), change: change.digest }, SCREEN), false)
  await page.tell(true)
  for (const again of [false, true]) {
    if (again) await page.load()
    const { ring } = page
    assert.deepEqual([ring.asking.key, ring.sealing(2).key, ring.holdsBack(2)], [change.next.key, change.next.key, false])
    assert.deepEqual([ring.toPresent(), ring.progress(instruction), ring.newestDone()], [null, "done", instruction])
  }
  assert.equal(page.disk.facts.keys.next, null)
  assert.deepEqual(await core.signerOf(page.disk.facts.key).then(({ key }) => key), change.next.key, "the old one is kept no more")
})

test("no key of it can be taken out of the browser", async () => {
  const page = await Page.open()
  await page.want()
  await page.change()
  for (const pair of [page.disk.facts.key, page.disk.facts.keys.next]) {
    assert.equal(pair.privateKey.extractable, false)
    for (const form of ["pkcs8", "jwk", "raw"]) await assert.rejects(crypto.subtle.exportKey(form, pair.privateKey), form)
  }
})

test("a store that refuses, or says that it did, costs neither a key nor a batch", async () => {
  for (const fails of ["before", "after"]) {
    for (const reloaded of [false, true]) {
      const page = await Page.open()
      await page.seal()
      await page.want()
      page.disk.fails = fails
      await assert.rejects(page.change())
      if (reloaded) await page.load()
      // It is wanted still, or wanted again with the same manifest, or was made.
      if (reloaded && fails === "before") await page.want()
      await page.change()
      await page.seal()
      page.disk.fails = fails
      await assert.rejects(page.tell(true))
      if (reloaded) await page.load()
      await page.tell(true)
      await page.deliver()
      assert.deepEqual([page.server.taken.length, page.ring.asking.key], [2, page.server.newest], `${fails} ${reloaded}`)
    }
  }
})

test("a permit that no change can be made of holds up neither sealing nor the next one", async () => {
  const page = await Page.open()
  await page.want()
  const other = await core.verifierOf((await core.drawSigner()).signer.key)
  await assert.rejects(page.ring.change(page.head, 5, other), core.BadKeyChange)
  assert.deepEqual([page.ring.wants, page.disk.facts.keys], [false, undefined])
  await page.seal()
  await page.want()
  await page.change()
  await page.tell(true)
  await page.deliver()
  assert.deepEqual([page.server.taken.length, page.ring.asking.key], [1, page.server.newest])
})

test("a server that has forgotten the change is told again", async () => {
  const page = await Page.open()
  page.ring.doubt()
  assert.equal(page.ring.toPresent(), null, "a key that was never changed")
  await page.want()
  await page.change()
  await page.tell(true)
  assert.equal(page.ring.toPresent(), null)
  const news = page.ring.news()
  page.ring.doubt()
  await news
  assert.deepEqual(page.ring.toPresent().signed, page.ring.changes[0].signed)
  assert.equal(page.ring.toPresent().next.key, page.ring.asking.key)
  page.ring.settle()
  assert.equal(page.ring.toPresent(), null)
})

test("a permit for another key, screen or instruction, or by somebody else, changes nothing", async () => {
  const page = await Page.open()
  const { fingerprint: key } = page.ring.asking
  const instruction = id(9)
  const [other, stranger] = [(await core.drawSigner()).signer, (await core.drawSigner()).signer]
  const permits = [
    permit({ key: other.fingerprint, instruction }),
    permit({ key, instruction, screen: id(2) }),
    permit({ key, instruction: id(8) }),
    permit({ key, instruction, by: stranger }),
    signed("keyReceipt", [core.fromId(SCREEN), core.fromHex(key), core.fromId(instruction)]),
    new Uint8Array(),
  ]
  for (const permit of permits) {
    assert.equal(await page.ring.want(instruction, await permit, SCREEN, PUBLISHER), false)
    assert.deepEqual([page.ring.wants, await page.change()], [false, false])
  }
})

test("the same manifest read twice at once asks for one change", async () => {
  const page = await Page.open()
  const [instruction, key] = [id(9), page.ring.asking.fingerprint]
  const bytes = await permit({ key, instruction })
  const want = () => page.ring.want(instruction, bytes, SCREEN, PUBLISHER)
  assert.equal(await want(), true)
  const [meant] = await Promise.all([want(), page.change()])
  assert.deepEqual([meant, await want(), await page.change()], [true, true, false])
  assert.equal(page.ring.changes.length, 1)
})

test("changes that are not of this key are not taken for its own", async () => {
  const page = await Page.open()
  await page.want()
  await page.change()
  const other = await Page.open()
  page.disk.facts.key = other.disk.facts.key
  page.disk.facts.keys = { ...page.disk.facts.keys, next: null }
  await page.load()
  assert.deepEqual([page.ring.toPresent(), page.ring.holdsBack(1), page.ring.asking.key], [null, false, other.ring.asking.key])
})

/** Numbers that look like chance and are the same every time. */
function* chance(seed) {
  for (let n = seed >>> 0 || 1; ; ) {
    n ^= n << 13
    n ^= n >>> 17
    n ^= n << 5
    n >>>= 0
    yield n
  }
}

test("whenever the key is changed, every batch is stored once under the key of its number", async () => {
  const happens = ["seal", "seal", "seal", "deliver", "deliver", "want", "want", "change", "heard", "unheard", "load", "fail"]
  let changes = 0
  for (let run = 1; run <= 120; run++) {
    const luck = chance(run * 2_654_435_761)
    const next = (below) => luck.next().value % below
    const page = await Page.open()
    for (let steps = 10 + next(60); steps > 0; steps--) {
      const what = happens[next(happens.length)]
      if (what === "fail") {
        page.disk.fails = ["before", "after"][next(2)]
      } else {
        const act = { heard: () => page.tell(true), unheard: () => page.tell(false) }[what] ?? (() => page[what]())
        await act().catch((error) => assert.equal(error.message, "the store refused", `run ${run}`))
      }
    }
    page.disk.fails = null
    await page.load()
    await page.tell(true)
    await page.deliver()
    // The server may have been told of a key that was kept without its saying so.
    await page.tell(true)
    await page.deliver()
    assert.equal(page.server.taken.length, page.batches.length, `run ${run}`)
    assert.deepEqual(page.server.taken, page.batches.map(({ sequence }) => core.toHex(core.encode(sequence))), `run ${run}`)
    assert.equal(page.ring.asking.key, page.server.newest, `run ${run}`)
    changes += page.server.keys.length - 1
  }
  assert.ok(changes > 100, `only ${changes} changes`)
})
