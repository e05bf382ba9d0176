/**
 * What survives a reload, in IndexedDB: the keys, who this player is, the newest manifest, what was done once, and the journal. A play
 * is opened when it goes up and finished when it ends; what was open when the page went away is finished as interrupted at the next
 * start, and sealed as of the run that showed it.
 */
import { digestOf, signBatch, tabulate, toHex, ZERO, ZONES, type Digest, type Entry, type Id, type Signer, type WallChange } from "./core/index.ts"
import type { KeptKeys, KeyPlace } from "./keyring.ts"
import type { CouldNot, Picture } from "./play/evidence.ts"

const NAME = "xuanping"
const VERSION = 2
/** Plays in one batch at most. */
const MOST_PLAYS = 1_000
/** Changes of the wall that one batch tells of at most: the newest. */
const MOST_CHANGES = 200
/** Pictures kept at most: of a month without a network. Beyond, the oldest go. */
const MOST_PICTURES = 64

/** Who this player is, once it was introduced. */
export interface Identity {
  readonly publisher: string
  readonly screen: Id | null
}

/** A play, and the run of the page that showed it; the first version of this store did not write down which. */
interface Finished extends Entry {
  readonly boot?: Id
}

interface Open {
  readonly entry: Finished
  /** How long it was seen to be up. */
  readonly shown: number
}

/** Whether the wall was on during a run of the page, since the last batch of it. */
interface Walls {
  readonly boot: Id
  readonly changes: readonly WallChange[]
}

/** An instruction that was done. */
export interface Obeyed {
  readonly id: Id
  /** UTC milliseconds. */
  readonly at: number
  /** Why it could not be done, as the server calls it; left out if it was. */
  readonly could_not?: CouldNot | "other"
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

export class Store implements KeyPlace {
  private constructor(
    private readonly db: IDBDatabase,
    private readonly boot: Id,
  ) {}

  /** `boot`: this run of the page. `gone`: the browser has taken everything away. */
  static async open(boot: Id, gone: () => void): Promise<Store> {
    const request = indexedDB.open(NAME, VERSION)
    request.onupgradeneeded = ({ oldVersion }) => {
      const db = request.result
      db.createObjectStore("pictures", { autoIncrement: true })
      if (oldVersion > 0) return
      db.createObjectStore("facts")
      db.createObjectStore("open")
      db.createObjectStore("finished", { autoIncrement: true })
      db.createObjectStore("batches", { keyPath: "sequence" })
      db.createObjectStore("refused", { keyPath: "sequence" })
    }
    const db = await done(request)
    db.onclose = gone
    return new Store(db, boot)
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
  keptKeys = () => this.fact<KeptKeys>("keys")
  keepKeys = (asking: CryptoKeyPair, kept: KeptKeys) =>
    this.write(["facts"], (store) => {
      store("facts").put(asking, "key")
      store("facts").put(kept, "keys")
    })
  identity = () => this.fact<Identity>("identity")
  keepIdentity = (identity: Identity) => this.keep("identity", identity)
  manifest = () => this.fact<Uint8Array>("manifest")
  keepManifest = (signed: Uint8Array) => this.keep("manifest", signed)

  obeyed = async () => (await this.fact<Obeyed[]>("obeyed")) ?? []
  keepObeyed = (obeyed: readonly Obeyed[]) => this.keep("obeyed", obeyed)
  shows = async () => (await this.fact<Id[]>("shows")) ?? []
  keepShows = (shows: readonly Id[]) => this.keep("shows", shows)
  dark = async () => (await this.fact<boolean>("dark")) ?? false
  keepDark = (dark: boolean) => this.keep("dark", dark)

  private ofThisRun = (entry: Entry): Finished => ({ ...entry, boot: this.boot })

  /** A play went up. */
  opened = (key: number, entry: Entry) => this.showing(key, entry, 0)

  /** It still is there, after so many milliseconds. */
  showing = (key: number, entry: Entry, shown: number) =>
    this.write(["open"], (store) => store("open").put({ entry: this.ofThisRun(entry), shown } satisfies Open, key))

  /** It names this picture from now on: both are kept, or neither is. */
  pictured = (key: number, entry: Entry, shown: number, picture: Picture) =>
    this.write(["open", "pictures"], (store) => {
      store("open").put({ entry: this.ofThisRun(entry), shown } satisfies Open, key)
      const pictures = store("pictures")
      pictures.add(picture)
      const keys = pictures.getAllKeys()
      keys.onsuccess = () => {
        for (const old of keys.result.slice(0, -MOST_PICTURES)) pictures.delete(old)
      }
    })

  /** The wall gives light from now on, or none. */
  async wall(change: WallChange): Promise<void> {
    const all = (await this.fact<Walls[]>("walls")) ?? []
    const before = all.find((walls) => walls.boot === this.boot)?.changes ?? []
    // After a clock that was set back, what it said of the time to come says nothing.
    const changes = [...before.filter((earlier) => earlier.from < change.from), change].slice(-MOST_CHANGES)
    await this.keep("walls", [...all.filter((walls) => walls.boot !== this.boot), { boot: this.boot, changes }] satisfies Walls[])
  }

  /** It is over. */
  finished = (key: number, entry: Entry) =>
    this.write(["open", "finished"], (store) => {
      store("open").delete(key)
      store("finished").add(this.ofThisRun(entry))
    })

  /** Ends what was on the wall when the page went away. Before anything else is written. */
  async recover(): Promise<void> {
    const left = (await done(this.db.transaction("open").objectStore("open").getAll())) as Open[]
    await this.write(["open", "finished"], (store) => {
      store("open").clear()
      for (const { entry, shown } of left) {
        store("finished").add({ ...entry, play: { ...entry.play, actual: shown, status: "interrupted" } } satisfies Finished)
      }
    })
  }

  /** Where the chain ends. */
  head = async (): Promise<Head> => (await this.fact<Head>("head")) ?? FIRST

  /**
   * Seals what one run of the page finished into a signed batch that continues the chain; whether there was anything. `signs`: the key
   * of the batch with this number.
   */
  async seal(screen: Id, now: number, signs: (sequence: number) => Signer): Promise<boolean> {
    const finished = this.db.transaction("finished").objectStore("finished")
    const [keys, all] = (await Promise.all([
      done(finished.getAllKeys(null, MOST_PLAYS)),
      done(finished.getAll(null, MOST_PLAYS)),
    ])) as [number[], Finished[]]
    const boot = all[0]?.boot ?? this.boot
    const others = all.findIndex((entry) => (entry.boot ?? this.boot) !== boot)
    const entries = others < 0 ? all : all.slice(0, others)
    const last = keys[entries.length - 1]
    if (last === undefined) return false
    const head = await this.head()
    const told = (await this.fact<Walls[]>("walls")) ?? []
    const walls = told.find((walls) => walls.boot === boot)?.changes ?? []
    const sequence = head.sequence + 1
    const byZone = ZONES.flatMap((zone) => entries.filter(({ play }) => play.zone === zone))
    // Which run of the machine its monotonic times count from, no page can know.
    const batch = { screen, boot, sequence, previous: head.digest, sealed: now, ...tabulate(byZone), walls, machine: null }
    const signed = await signBatch(batch, signs(sequence))
    const sealed: Sealed = { sequence, digest: await digestOf(signed), signed, plays: entries.length }
    // The next batch begins in the state in which this one ends; of a run before this one nothing is left when it is sealed.
    const over = boot !== this.boot && others >= 0
    const left = told.flatMap((each) => (each.boot !== boot ? [each] : over ? [] : [{ boot, changes: each.changes.slice(-1) }]))
    // Only one page seals (see the lock in main.ts), so the head is still the one that was read. All of it, or nothing.
    await this.write(["finished", "batches", "facts"], (store) => {
      store("batches").add(sealed)
      store("facts").put({ sequence, digest: sealed.digest } satisfies Head, "head")
      store("facts").put(left satisfies Walls[], "walls")
      store("finished").delete(IDBKeyRange.upperBound(last))
    })
    return true
  }

  /** The oldest picture that the server does not have, and its place here. */
  async oldestPicture(): Promise<{ key: IDBValidKey; picture: Picture } | undefined> {
    const pictures = this.db.transaction("pictures").objectStore("pictures")
    const [keys, all] = await Promise.all([done(pictures.getAllKeys(null, 1)), done(pictures.getAll(null, 1))])
    return keys[0] === undefined ? undefined : { key: keys[0], picture: all[0] as Picture }
  }

  /** It was delivered, or never will be. */
  forgetPicture = (key: IDBValidKey) => this.write(["pictures"], (store) => store("pictures").delete(key))

  /** Plays that wait to be sealed. */
  unsealed = () => done(this.db.transaction("finished").objectStore("finished").count())

  /** Batches without a receipt. */
  waiting = () => done(this.db.transaction("batches").objectStore("batches").count())

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
