/** What a zone shows once takeovers have had their say: the rules of core/src/playlist/on_wall.rs. */
import type { Id } from "./bytes.ts"
import { LEVELS, type Takeover } from "./manifest.ts"
import { onAir, remainder } from "./onAir.ts"
import type { Item, Playlist, ZoneName } from "./playlist.ts"

/** In each, `until` is when to ask again: never later than the answer changes. */
export type OnWall =
  | {
      readonly is: "play"
      readonly item: Item
      /** Whose content; null: the playlist's. */
      readonly takeover: Id | null
      readonly start: number
      readonly end: number
      readonly until: number
    }
  | { readonly is: "hold"; readonly item: Item; readonly until: number }
  | { readonly is: "nothing"; readonly black: boolean; readonly until: number | null }

const loudness = (takeover: Takeover) => LEVELS.indexOf(takeover.level)

/** The takeover that rules at `at`: of those in force the highest level, of these the latest start. */
export function inForce(takeovers: readonly Takeover[], at: number): Takeover | undefined {
  const running = takeovers.filter((t) => t.starts <= at && at < t.expires)
  const louder = (a: Takeover, b: Takeover) => loudness(a) - loudness(b) || a.starts - b.starts || (a.id < b.id ? -1 : 1)
  return running.sort(louder).at(-1)
}

export function onWall(playlist: Playlist | null, takeovers: readonly Takeover[], zone: ZoneName, at: number): OnWall {
  const ruling = inForce(takeovers, at)
  const coming = takeovers.filter((t) => t.starts > at && t.starts < t.expires && (!ruling || loudness(t) >= loudness(ruling)))
  const announced = coming.length > 0 ? Math.min(...coming.map((t) => t.starts)) : null
  const sooner = (until: number) => (announced === null ? until : Math.min(announced, until))
  if (ruling) {
    const until = sooner(ruling.expires)
    const turn = turnOf(ruling, zone, at)
    if (!turn) return { is: "nothing", black: true, until }
    return { is: "play", ...turn, takeover: ruling.id, until: Math.min(turn.end, until) }
  }
  const nothing = (until: number | null): OnWall => ({ is: "nothing", black: false, until: until === null ? announced : sooner(until) })
  if (!playlist) return nothing(null)
  const answer = onAir(playlist, zone, at)
  if (answer.is === "nothing") return nothing(answer.until)
  const item = playlist.items[answer.item]
  if (answer.is === "hold") return item ? { is: "hold", item, until: sooner(answer.until) } : nothing(answer.until)
  const { start, end } = answer
  return item ? { is: "play", item, takeover: null, start, end, until: sooner(end) } : nothing(end)
}

/** Whose turn it is in a takeover. */
function turnOf(takeover: Takeover, zone: ZoneName, at: number): { item: Item; start: number; end: number } | null {
  const items = takeover.items.filter(([name]) => name === zone).map(([, item]) => item)
  const length = items.reduce((sum, item) => sum + item.duration, 0)
  if (length === 0) return null
  let start = at - remainder(at - takeover.starts, length)
  for (const item of items) {
    const end = start + item.duration
    if (at < end) return { item, start, end }
    start = end
  }
  return null
}
