/** What a playlist shows at an event: the rules of core/src/playlist/on_event.rs. */
import { moved, repeatedBy } from "./onAir.ts"
import type { EventItem, Item, Playlist, Trigger, ZoneName } from "./playlist.ts"

/** What an event asked for and could not begin within so many milliseconds is left out. */
export const EVENT_PATIENCE = 600_000

/** What `zone` shows at an event at `at`, in this order, each once; past the horizon without what has ended. */
export function onEvent(playlist: Playlist, zone: ZoneName, trigger: Trigger, at: number): Item[] {
  const programme = playlist.zones.find((one) => one.zone === zone)
  if (!programme) return []
  const within = ({ start, end }: Pick<EventItem, "start" | "end">) => start <= at && at < end
  const due = programme.days.flatMap((day) => day.events).filter(within)
  // A stretch may reach past midnight: yesterday's counts too.
  const today = playlist.zone.dateOf(at)
  for (const date of [today - 1, today]) {
    const repeated = repeatedBy(programme, date)
    if (repeated === null) continue
    due.push(...repeated.source.events.filter((event) => within(moved(event, repeated.later, playlist.zone))))
  }
  const places = new Set(due.filter((event) => event.trigger === trigger).map((event) => event.item))
  return [...places].flatMap((place) => playlist.items[place] ?? []).filter((item) => item.ends === null || at < item.ends)
}
