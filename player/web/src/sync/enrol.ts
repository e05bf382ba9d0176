/**
 * Becoming a screen: introduce the key, show the code, wait until somebody has typed it. The publishing key of the first answer
 * is pinned: from then on no other server can put anything on this page.
 */
import type { Clock } from "../clock.ts"
import { isRetirement, verifierOf, type Id } from "../core/index.ts"
import type { Identity, Store } from "../store.ts"
import { Backoff, RefusedByServer, sleep, type Client } from "./client.ts"

export interface Introduction {
  readonly size: { readonly width: number; readonly height: number }
  readonly software: string
  readonly host: string
  readonly token: string | null
}

const ASK_EVERY = 1_000

/** Runs until this player is a screen. `show`: the code, or null while there is none. */
export async function introduce(
  client: Client,
  clock: Clock,
  store: Store,
  { size, software, host, token }: Introduction,
  show: (code: string | null, trouble: string | null) => void,
): Promise<Identity & { screen: Id }> {
  const capabilities = { kind: "lcd", size, clips: true, sound: true, software, host }
  const backoff = new Backoff(15_000)
  let code: string | null = null
  for (;;) {
    try {
      const request = { public_key: client.keys.asking.key, capabilities, ...(token === null ? {} : { token }) }
      const answer: Record<string, unknown> = code === null ? await client.json("enrolments", request) : await client.json("enrolments/mine")
      const identity = await pin(store, answer)
      backoff.reset()
      if (identity.screen !== null) return { ...identity, screen: identity.screen }
      code = (answer["state"] as { code: string }).code
      show(code, null)
      await sleep(ASK_EVERY)
    } catch (error) {
      const kind = error instanceof RefusedByServer ? error.kind : ""
      if (kind === "unknown-device" && code !== null) {
        // The code has expired: a new one is asked for at once.
        code = null
        continue
      }
      if (kind === "enrolment-token-invalid" && token !== null) {
        token = null
        continue
      }
      if (kind === "clock-skew" && error instanceof RefusedByServer && typeof error.members["now"] === "number") {
        // Nobody is trusted yet; once the publisher is pinned, only its signed time counts.
        clock.learn(error.members["now"])
      }
      // Only the office's signed word makes this player forget itself; without a pinned office there is nobody to believe.
      if (kind === "screen-retired" && (await isOfficeWord(client, store, error))) throw error
      console.warn("not enrolled yet", error)
      code = null
      show(null, error instanceof OtherPublisher ? error.message : null)
      await backoff.pause()
    }
  }
}

async function isOfficeWord(client: Client, store: Store, error: unknown): Promise<boolean> {
  const kept = await store.identity()
  if (!kept || !(error instanceof RefusedByServer)) return false
  return isRetirement(error.members["retirement"], await verifierOf(kept.publisher), client.keys.asking.fingerprint)
}

class OtherPublisher extends Error {}

async function pin(store: Store, answer: Record<string, unknown>): Promise<Identity> {
  const { publisher, state } = answer as { publisher: string; state: { is: string; screen?: Id } }
  const before = await store.identity()
  if (before && before.publisher !== publisher) throw new OtherPublisher("服务器的发布密钥与首次登记时不同，已拒绝。")
  const identity = { publisher, screen: state.is === "enrolled" ? (state.screen ?? null) : null }
  await store.keepIdentity(identity)
  return identity
}
