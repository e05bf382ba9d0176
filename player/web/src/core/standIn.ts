/** What stands in for an item whose file is not there: the rule of core/src/playlist/stand_in.rs. */
import { onAir } from "./onAir.ts"
import { isStill, type Item, type Playlist, type ZoneName } from "./playlist.ts"

/**
 * The still that the loop showed last before what `zone` shows at `at` and that is `usable`, looking back once around the loop; else the
 * still that the loop holds at its end. Null: the standby picture.
 */
export function standIn(playlist: Playlist, zone: ZoneName, at: number, usable: (item: Item) => boolean): Item | null {
  const now = onAir(playlist, zone, at)
  if (now.is !== "play") return null
  const loop = playlist.loops[now.looped]
  if (!loop) return null
  const places = loop.slots.map((slot) => slot.item)
  const back = [...places.slice(0, now.slot).reverse(), ...places.slice(now.slot + 1).reverse()]
  const candidates = loop.hold === null ? back : [...back, loop.hold]
  const stills = candidates.flatMap((place) => playlist.items[place] ?? []).filter((item) => isStill(item) && (item.ends === null || at < item.ends))
  return stills.find(usable) ?? null
}
