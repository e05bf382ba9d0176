/**
 * 更换密钥: which of this browser's keys signs what, and how it comes from one to the next; the states of player/src/keyring.rs.
 *
 * One key signs requests. Beside it are kept the changes, and while the server has not signed for the newest of them, the new key: it
 * is durable before anything is said of it. From then on the new key seals what comes after the change, and the old one goes on asking,
 * until the server's signed word is there; then the new key takes its place. Whatever ends the page in between, the next one finds
 * both keys or the new one, and goes on. Neither key can be read by anybody, by this page neither.
 */
import {
  BadKeyChange,
  BadSignature,
  drawSigner,
  openKeyChange,
  openKeyPermit,
  signerOf,
  signKeyChange,
  type ChainHead,
  type Digest,
  type Id,
  type KeyPermit,
  type KeyReceipt,
  type OwnKey,
  type SignedKeyChange,
  type Signer,
  type Verifier,
} from "./core/index.ts"

/** What is kept beside the key that requests are signed with. */
export interface KeptKeys {
  /** Every change that was made here, the newest last. */
  readonly changes: readonly Uint8Array<ArrayBuffer>[]
  /** The new key of the newest change, while the server has not signed for it. */
  readonly next: CryptoKeyPair | null
}

/** Where keys are kept: durably when it says so, and all that is given at once or nothing of it. */
export interface KeyPlace {
  key(): Promise<CryptoKeyPair | undefined>
  keptKeys(): Promise<KeptKeys | undefined>
  keepKey(pair: CryptoKeyPair): Promise<void>
  keepKeys(asking: CryptoKeyPair, kept: KeptKeys): Promise<void>
}

/** A change that the server is to be told of. */
export interface ToPresent {
  readonly signed: Uint8Array<ArrayBuffer>
  /** The key that comes: it signs the request. */
  readonly next: Signer
  /** Name of the change. */
  readonly digest: Digest
  /** What it was made for. */
  readonly instruction: Id
}

/** Whether this receipt is for it. */
export const isReceipted = ({ digest }: ToPresent, { screen, change }: KeyReceipt, mine: Id): boolean => screen === mine && change === digest

/** How far an instruction to change the key has come: nothing was made of it; the server has not signed for it; it has. */
export type Progress = "none" | "pending" | "done"

export class Keyring {
  /** What the office permits, until a change is made of it. */
  private wanted: { readonly permit: KeyPermit; readonly signed: Uint8Array } | null = null
  /** The server does not know the key that it signed for: it is told again. */
  private doubted = false
  private tell: () => void = () => undefined
  private told = Promise.resolve()

  private constructor(
    private readonly place: KeyPlace,
    /** Signs requests, and batches up to the pending change. */
    private current: OwnKey,
    private pending: OwnKey | null,
    private changes: readonly SignedKeyChange[],
  ) {
    this.listen()
  }

  /** What is kept; a first key is drawn if there is none. `publisher`: null before anybody has enrolled this browser. */
  static async load(place: KeyPlace, publisher: Verifier | null): Promise<Keyring> {
    const pair = await place.key()
    if (pair === undefined) {
      const drawn = await drawSigner()
      await place.keepKey(drawn.pair)
      return new Keyring(place, drawn, null, [])
    }
    const current = { pair, signer: await signerOf(pair) }
    const kept = publisher === null ? undefined : await place.keptKeys()
    if (publisher === null || kept === undefined) return new Keyring(place, current, null, [])
    const pending = kept.next === null ? null : { pair: kept.next, signer: await signerOf(kept.next) }
    const changes = await follow(kept.changes, current.signer.key, pending?.signer.key ?? null, publisher)
    if (changes !== null) return new Keyring(place, current, pending, changes)
    console.error("what is kept of changes of key is not of this key; the key of now is used")
    return new Keyring(place, current, null, [])
  }

  /** The key that requests are signed with. */
  get asking(): Signer {
    return this.current.signer
  }

  /** The key that seals the batch of this number, now. */
  sealing(sequence: number): Signer {
    return this.holdsBack(sequence) && this.pending !== null ? this.pending.signer : this.current.signer
  }

  /** Whether the server would not know yet who signed the batch of this number. */
  holdsBack(sequence: number): boolean {
    return this.pending !== null && this.from <= sequence
  }

  /** Number of the first batch that the newest key signs. */
  private get from(): number {
    return this.changes.at(-1)?.change.from ?? 1
  }

  /** The office permits a change; whoever seals batches makes it, for he knows where the chain ends. Whether it is this key's to be changed. */
  async want(instruction: Id, signed: Uint8Array, screen: Id, publisher: Verifier): Promise<boolean> {
    const permit = await openKeyPermit(signed, publisher).catch((error: unknown) => {
      if (error instanceof BadSignature) return null
      throw error
    })
    // It may have been made meanwhile.
    if (this.progress(instruction) !== "none") return true
    const meant = this.pending === null && permit?.instruction === instruction && permit.screen === screen && permit.key === this.asking.fingerprint
    if (meant) this.wanted = { permit, signed }
    return meant
  }

  /** Whether a change is to be made as soon as nobody seals. */
  get wants(): boolean {
    return this.wanted !== null
  }

  /** How far this instruction has come. */
  progress(instruction: Id): Progress {
    const at = this.changes.findLastIndex(({ permit }) => permit.instruction === instruction)
    if (at < 0) return "none"
    return at + 1 === this.changes.length && this.pending !== null ? "pending" : "done"
  }

  /** The instruction of the newest change that the server has signed for. */
  newestDone(): Id | null {
    return this.changes.at(this.pending === null ? -1 : -2)?.permit.instruction ?? null
  }

  /**
   * Makes the change that is wanted, if one is, for a chain that ends in `head`. It is durable when this resolves, and nothing was said of
   * it before. Only whoever seals calls this, and never while he seals. After an error the same call is simply made again, and before it
   * succeeds nothing may be sealed: a store that refused may have kept the change nevertheless.
   */
  async change(head: ChainHead, at: number, publisher: Verifier): Promise<boolean> {
    const { wanted, current } = this
    if (wanted === null) return false
    if (this.pending !== null || wanted.permit.key !== current.signer.fingerprint) {
      this.wanted = null
      return false
    }
    const { next, made } = await this.make(head, at, wanted.signed, publisher)
    const changes = [...this.changes, made]
    await this.place.keepKeys(current.pair, { changes: changes.map((each) => each.signed), next: next.pair })
    this.changes = changes
    this.pending = next
    if (this.wanted === wanted) this.wanted = null
    this.tell()
    return true
  }

  private async make(head: ChainHead, at: number, permit: Uint8Array, publisher: Verifier): Promise<{ next: OwnKey; made: SignedKeyChange }> {
    try {
      const next = await drawSigner()
      const signed = await signKeyChange(head, at, permit, this.current.signer, next.signer)
      // What nobody would believe is found out here, and not when there is no way back.
      return { next, made: await openKeyChange(signed, publisher) }
    } catch (error) {
      // A browser that makes no key must still seal.
      this.wanted = null
      throw error
    }
  }

  /** What the server is to be told, if anything. */
  toPresent(): ToPresent | null {
    const newest = this.changes.at(-1)
    const next = this.pending ?? (this.doubted ? this.current : null)
    if (newest === undefined || next === null) return null
    return { signed: newest.signed, next: next.signer, digest: newest.digest, instruction: newest.permit.instruction }
  }

  /** Somebody at the server does not know the key that requests are signed with. */
  doubt(): void {
    this.doubted = true
    this.tell()
  }

  /** What the server thinks of the key that it was told of again is known now. */
  settle(): void {
    this.doubted = false
  }

  /** Resolves when there may be something to tell the server that there was not when this was called. */
  news(): Promise<void> {
    return this.told
  }

  private listen(): void {
    this.told = new Promise((resolve) => {
      this.tell = () => {
        this.listen()
        resolve()
      }
    })
  }

  /** The server has signed for this change: the new key takes the old one's place, which is deleted. */
  async recorded({ next }: ToPresent): Promise<void> {
    this.doubted = false
    const { pending } = this
    if (pending === null || pending.signer !== next) return
    await this.place.keepKeys(pending.pair, { changes: this.changes.map((each) => each.signed), next: null })
    this.current = pending
    this.pending = null
  }
}

/** The changes, if each follows the one before and they come to these keys. */
async function follow(kept: readonly Uint8Array[], asking: string, pending: string | null, publisher: Verifier): Promise<SignedKeyChange[] | null> {
  const changes: SignedKeyChange[] = []
  try {
    for (const signed of kept) {
      const read = await openKeyChange(signed, publisher)
      const before = changes.at(-1)
      if (before !== undefined && (before.change.new !== read.change.old || before.change.from > read.change.from)) return null
      changes.push(read)
    }
  } catch (error) {
    if (error instanceof BadKeyChange) return null
    throw error
  }
  return (changes.at(-1)?.change.new ?? asking) === (pending ?? asking) ? changes : null
}
