/**
 * What the page around this one may say, by `postMessage`. Only sites that the server names may frame it at all (the policy that it
 * serves with the page), and only the frame's own parent is listened to.
 *
 * `{ xuanping: "pre_show", show: "Hall 3, 2026-03-02 19:30" }`: a show begins; what is booked for that is shown, once for each show.
 * `{ xuanping: "dark" }`, `{ xuanping: "resume" }`: the wall is made black, or lit again; it stays so over reloads.
 * The answer is posted back: `{ xuanping: …, show?, done: "shown" | "again" | "nothing" | "dark" | "lit" | "failed", items? }`.
 */
import type { Clock } from "./clock.ts"
import { digestOf, type Id } from "./core/index.ts"
import type { Player } from "./play/player.ts"
import type { Store } from "./store.ts"

/** So many shows are remembered: a month of a busy hall. */
const MOST = 512
const LONGEST_NAME = 200

/** The id of a show that the cinema calls so, as player/src/control has it: the same name is the same show, an id is itself. */
export async function showId(name: string): Promise<Id> {
  const text = name.trim()
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toLowerCase()
  const digest = await digestOf(new TextEncoder().encode(`xuanping/show/1\n${text}`))
  // A UUID of version 8: its digits are the digest's.
  const variant = ((parseInt(digest.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `${variant}${digest.slice(18, 20)}`, digest.slice(20, 32)].join("-")
}

/** Listens for ever. */
export function listen(player: Player, store: Store, clock: Clock): void {
  if (window.parent === window) return
  let last: Promise<unknown> = Promise.resolve()
  addEventListener("message", ({ source, origin, data }: MessageEvent<unknown>) => {
    if (source !== window.parent || typeof data !== "object" || data === null || !("xuanping" in data)) return
    const show = "show" in data && typeof data.show === "string" ? data.show.slice(0, LONGEST_NAME) : ""
    const asked = data.xuanping
    // One after the other: the same show twice at once is still shown once.
    last = last
      .then(() => (asked === "pre_show" ? begins(show, player, store, clock) : asked === "dark" || asked === "resume" ? darken(asked === "dark", player, store) : null))
      .catch((error: unknown) => (console.warn("what the page around asked for was not done", error), { done: "failed" }))
      .then((answer) => answer && window.parent.postMessage({ xuanping: asked, ...answer }, origin))
      // A page without an origin cannot be answered.
      .catch((error: unknown) => console.warn("the page around was not answered", error))
  })
}

async function begins(name: string, player: Player, store: Store, clock: Clock) {
  if (name.trim() === "") return { done: "failed" }
  const show = await showId(name)
  const shows = await store.shows()
  if (shows.includes(show)) return { show: name, done: "again" }
  // A show that nothing is booked for may be announced once more, when the playlist is here.
  if (player.dueAtEvent("pre_show", clock.now()) === 0) return { show: name, done: "nothing" }
  // Kept before anything is shown.
  await store.keepShows([...shows, show].slice(-MOST))
  return { show: name, done: "shown", items: player.insert("pre_show", show, clock.now()) }
}

async function darken(dark: boolean, player: Player, store: Store) {
  await store.keepDark(dark)
  player.darken(dark)
  return { done: dark ? "dark" : "lit" }
}
