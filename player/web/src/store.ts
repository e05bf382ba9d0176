/**
 * What survives a reload, in IndexedDB: the key, who this player is, the newest manifest, and the journal. A play is opened when
 * it goes up and finished when it ends; what was open when the page went away is finished as interrupted at the next start.
 */
import { digestOf, signBatch, tabulate, toHex, ZERO, type Digest, type Entry, type Id, type Signer } from "./core/index.ts"

const NAME = "xuanping"
const VERSION = 1
/** Plays in one batch at most. */
const MOST_PLAYS = 1_000

/** Who this player is, once it was introduced. */
export interface Identity {
  readonly publisher: string
  readonly screen: Id | null
}

interface Open {
  readonly entry: Entry
  /** How long it was seen to be up. */
  readonly shown: number
}

/** A sealed batch without a receipt. */
export interface Sealed {
  readonly sequence: number
  readonly digest: Digest
  readonly signed: Uint8Array<ArrayBuffer>
  readonly plays: number
}

interface Head {
  readonly sequence: number
  readonly digest: Digest
}

const FIRST: Head = { sequence: 0, digest: ZERO }

export class Store {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(): Promise<Store> {
    const request = indexedDB.open(NAME, VERSION)
    request.onupgradeneeded = () => {
      const db = request.result
      db.createObjectStore("facts")
      db.createObjectStore("open")
      db.createObjectStore("finished", { autoIncrement: true })
      db.createObjectStore("batches", { keyPath: "sequence" })
      db.createObjectStore("refused", { keyPath: "sequence" })
    }
    return new Store(await done(request))
  }

  /** Forgets everything. */
  async wipe(): Promise<void> {
    this.db.close()
    await done(indexedDB.deleteDatabase(NAME))
  }

  private async fact<T>(name: string): Promise<T | undefined> {
    return done(this.db.transaction("facts").objectStore("facts").get(name)) as Promise<T | undefined>
  }

  private async keep(name: string, value: unknown): Promise<void> {
    await this.write(["facts"], (store) => store("facts").put(value, name))
  }

  /** One durable transaction. */
  private async write(stores: string[], act: (store: (name: string) => IDBObjectStore) => void): Promise<void> {
    const tx = this.db.transaction(stores, "readwrite", { durability: "strict" })
    act((name) => tx.objectStore(name))
    await new Promise<void>((resolve, reject) => {
      tx.oncomplete = () => resolve()
      tx.onabort = tx.onerror = () => reject(tx.error ?? new Error("the store refused"))
    })
  }

  key = () => this.fact<CryptoKeyPair>("key")
  keepKey = (pair: CryptoKeyPair) => this.keep("key", pair)
  identity = () => this.fact<Identity>("identity")
  keepIdentity = (identity: Identity) => this.keep("identity", identity)
  manifest = () => this.fact<Uint8Array>("manifest")
  keepManifest = (signed: Uint8Array) => this.keep("manifest", signed)

  /** A play went up. */
  opened = (key: number, entry: Entry) => this.write(["open"], (store) => store("open").put({ entry, shown: 0 } satisfies Open, key))

  /** It still is there, after so many milliseconds. */
  showing = (key: number, entry: Entry, shown: number) => this.write(["open"], (store) => store("open").put({ entry, shown } satisfies Open, key))

  /** It is over. */
  finished = (key: number, entry: Entry) =>
    this.write(["open", "finished"], (store) => {
      store("open").delete(key)
      store("finished").add(entry)
    })

  /** Ends what was on the wall when the page went away. Before anything else is written. */
  async recover(): Promise<void> {
    const left = (await done(this.db.transaction("open").objectStore("open").getAll())) as Open[]
    await this.write(["open", "finished"], (store) => {
      store("open").clear()
      for (const { entry, shown } of left) {
        store("finished").add({ ...entry, play: { ...entry.play, actual: shown, status: "interrupted" } } satisfies Entry)
      }
    })
  }

  /** Seals what is finished into a signed batch that continues the chain; whether there was anything. */
  async seal(screen: Id, boot: Id, now: number, signer: Signer): Promise<boolean> {
    const finished = this.db.transaction("finished").objectStore("finished")
    const [keys, entries] = (await Promise.all([
      done(finished.getAllKeys(null, MOST_PLAYS)),
      done(finished.getAll(null, MOST_PLAYS)),
    ])) as [number[], Entry[]]
    const last = keys.at(-1)
    if (last === undefined) return false
    const head = (await this.fact<Head>("head")) ?? FIRST
    const sequence = head.sequence + 1
    const batch = { screen, boot, sequence, previous: head.digest, sealed: now, ...tabulate(entries) }
    const signed = await signBatch(batch, signer)
    const sealed: Sealed = { sequence, digest: await digestOf(signed), signed, plays: entries.length }
    // Only one page seals (see the lock in main.ts), so the head is still the one that was read. All of it, or nothing.
    await this.write(["finished", "batches", "facts"], (store) => {
      store("batches").add(sealed)
      store("facts").put({ sequence, digest: sealed.digest } satisfies Head, "head")
      store("finished").delete(IDBKeyRange.upperBound(last))
    })
    return true
  }

  /** The oldest batch without a receipt. */
  async oldest(): Promise<Sealed | undefined> {
    const [oldest] = (await done(this.db.transaction("batches").objectStore("batches").getAll(null, 1))) as Sealed[]
    return oldest
  }

  /** The server has signed for it. */
  acknowledged = (batch: Sealed) => this.write(["batches"], (store) => store("batches").delete(batch.sequence))

  /** The server will never take it: it is kept for people to look at. */
  setAside = (batch: Sealed) =>
    this.write(["batches", "refused"], (store) => {
      store("batches").delete(batch.sequence)
      store("refused").put(batch)
    })

  /** Plays without a receipt. */
  async unreported(): Promise<number> {
    const tx = this.db.transaction(["finished", "batches"])
    const [finished, batches] = await Promise.all([done(tx.objectStore("finished").count()), done(tx.objectStore("batches").getAll())])
    return (batches as Sealed[]).reduce((sum, batch) => sum + batch.plays, finished)
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error("the store refused"))
  })
}

/** A fresh 32-byte nonce. */
export const nonce = (): Digest => toHex(crypto.getRandomValues(new Uint8Array(32)))
