/** One signed HTTP request, and what its answer means. */
import type { Clock } from "../clock.ts"
import { openTime, own, requestHeaders, type Signer, type Verifier } from "../core/index.ts"
import type { Keyring } from "../keyring.ts"
import { nonce } from "../store.ts"

const PREFIX = "/player/v1/"
const URN = "urn:xuanping:problem:"

/** The server refused. `kind`: the end of the problem's URN, e.g. `clock-skew`. */
export class RefusedByServer extends Error {
  constructor(readonly status: number, readonly kind: string, text: string, readonly members: Readonly<Record<string, unknown>>) {
    super(text)
  }
}

export interface Ask {
  readonly method?: string
  readonly body?: Uint8Array | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Give up after so many milliseconds. */
  readonly patience?: number
  /** Signed by this key instead of the one that the server knows. */
  readonly by?: Signer
}

export class Client {
  constructor(readonly keys: Keyring, private readonly clock: Clock) {}

  /** Sends and answers the response if it is a success or "not modified"; `path` begins after the API's prefix. */
  async send(path: string, { method = "GET", body = new Uint8Array(), headers = {}, patience = 30_000, by = this.keys.asking }: Ask = {}): Promise<Response> {
    const signed = await requestHeaders(by, method, PREFIX + path, this.clock.now().wall, body)
    const response = await fetch(PREFIX + path, {
      method,
      headers: { ...headers, ...signed },
      body: body.length > 0 ? own(body) : null,
      signal: AbortSignal.timeout(patience),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    })
    if (response.ok || response.status === 304) return response
    const problem = await response.json().catch(() => ({})) as Record<string, unknown>
    const type = typeof problem["type"] === "string" ? problem["type"] : ""
    const text = typeof problem["detail"] === "string" ? problem["detail"].slice(0, 200) : ""
    throw new RefusedByServer(response.status, type.startsWith(URN) ? type.slice(URN.length) : "", text, problem)
  }

  async bytes(path: string, ask: Ask = {}): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await (await this.send(path, ask)).arrayBuffer())
  }

  /** Sends JSON (or nothing) and reads JSON. */
  async json(path: string, value?: unknown): Promise<Record<string, unknown>> {
    const body = value === undefined ? undefined : new TextEncoder().encode(JSON.stringify(value))
    const response = await this.send(path, { method: body ? "POST" : "GET", body, headers: { "content-type": "application/json" } })
    return (await response.json()) as Record<string, unknown>
  }

  /** What time it is by the server's signed word; half the round trip is added. */
  async time(publisher: Verifier): Promise<number> {
    const asked = nonce()
    const before = this.clock.now().monotonic
    const signed = await this.bytes(`time?nonce=${asked}`)
    return (await openTime(signed, publisher, asked)) + Math.floor((this.clock.now().monotonic - before) / 2)
  }
}

/** Waits longer after each failure, up to a minute, never twice exactly as long. */
export class Backoff {
  private failures = 0

  constructor(private readonly longest: number) {}

  reset(): void {
    this.failures = 0
  }

  async pause(): Promise<void> {
    const wait = Math.min(this.longest, 500 * 2 ** Math.min(this.failures, 10))
    this.failures += 1
    await sleep(wait * (0.5 + Math.random() / 2))
  }
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
