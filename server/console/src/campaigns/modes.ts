/** A booking's mode as a form edits it, and as one line of text. */
import type { Schemas } from "../api/client"
import { asTime } from "./schedules"
import type { modeWords } from "./modeWords"

export type Mode = Schemas["Mode"]
export type ModeForm = Schemas["ModeForm"]
export type Kind = "share" | "guarantee" | "fixed" | "event" | "quota" | "filler"
export type Period = Schemas["Period"]

export const KINDS: Kind[] = ["share", "guarantee", "fixed", "event", "quota", "filler"]
export const PERIODS: Period[] = ["day", "week", "month"]

/** All fields of all kinds: what was typed for one kind is still there after looking at another. */
export interface ModeValues {
  kind: Kind
  weight: number
  per_hour: number | null
  max_gap_minutes: number | null
  times: string[]
  plays: number
  per: Period
  most_per_day: number | null
}

const UNTOUCHED: ModeValues = { kind: "share", weight: 10, per_hour: 6, max_gap_minutes: null, times: [], plays: 3, per: "day", most_per_day: null }

export function valuesOf(mode: Mode | null, most: number | null): ModeValues {
  const values = { ...UNTOUCHED, most_per_day: most }
  if (mode === null) return values
  if ("share" in mode) return { ...values, kind: "share", weight: mode.share.weight }
  if ("guarantee" in mode) {
    const { per_hour = null, max_gap_minutes = null } = mode.guarantee
    return { ...values, kind: "guarantee", per_hour, max_gap_minutes }
  }
  if ("fixed" in mode) return { ...values, kind: "fixed", times: mode.fixed.times }
  if ("event" in mode) return { ...values, kind: "event" }
  if ("quota" in mode) return { ...values, kind: "quota", plays: mode.quota.plays, per: mode.quota.per }
  return { ...values, kind: "filler" }
}

export function modeOf(v: ModeValues): ModeForm {
  switch (v.kind) {
    case "share":
      return { share: { weight: v.weight } }
    case "guarantee":
      return { guarantee: { per_hour: v.per_hour, max_gap_minutes: v.max_gap_minutes } }
    case "fixed":
      return { fixed: { times: v.times.map(asTime) } }
    case "event":
      return { event: { trigger: "pre_show" } }
    case "quota":
      return { quota: { plays: v.plays, per: v.per } }
    case "filler":
      return { filler: {} }
  }
}

/** The mode as one line. */
export function modeText(t: (typeof modeWords)["zh"], mode: Mode, most: number | null): string {
  const v = valuesOf(mode, most)
  const parts = {
    share: () => [t.texts.share(v.weight)],
    guarantee: () => [v.per_hour && t.texts.perHour(v.per_hour), v.max_gap_minutes && t.texts.maxGap(v.max_gap_minutes)],
    fixed: () => [t.texts.fixed(v.times.join("、"))],
    event: () => [t.texts.event],
    quota: () => [t.texts.quota(t.periods[v.per], v.plays)],
    filler: () => [t.texts.filler],
  }[v.kind]()
  return [...parts, most && t.texts.cap(most)].filter(Boolean).join(t.texts.separator)
}
