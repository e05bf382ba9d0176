/** Which plays: as the page's address says it, so that every figure is a link to the records behind it. */
import type { Schemas } from "../api/client"

export type PlayStatus = Schemas["PlayStatus"]
export type Flag = Schemas["Flag"]
export type Group = "creative" | "campaign" | "screen" | "venue_type" | "area" | "department" | "day" | "hour"
/** A column of the counts; `shown` is completed and interrupted together, whatever has time on the wall. */
export type Column = "completed" | "interrupted" | "failed" | "not_counted" | "shown"

export interface PlayFilter {
  screen?: string
  sequence?: number
  area?: string
  area_only?: boolean
  near?: string
  within_m?: number
  department?: string
  venue_type?: Schemas["VenueType"]
  creative?: string
  fraud_type?: Schemas["FraudType"]
  campaign?: string
  takeover?: boolean
  day_from?: string
  day_to?: string
  hour?: number
  counted_as?: Column
  status?: PlayStatus
  flag?: Flag
}

const TEXTS = ["screen", "area", "near", "department", "venue_type", "creative", "fraud_type", "campaign", "day_from", "day_to", "counted_as", "status", "flag"] as const
const NUMBERS = ["sequence", "within_m", "hour"] as const
const FLAGS = ["area_only", "takeover"] as const

/** The filter that an address has; none if it says nothing. What it says wrongly, the server refuses. */
export function filterOf(params: URLSearchParams): PlayFilter | null {
  const filter: Record<string, string | number | boolean> = {}
  for (const key of TEXTS) if (params.get(key)) filter[key] = params.get(key) ?? ""
  for (const key of NUMBERS) if (/^\d+$/.test(params.get(key) ?? "")) filter[key] = Number(params.get(key))
  for (const key of FLAGS) if (params.get(key) === "true") filter[key] = true
  return Object.keys(filter).length > 0 || params.has("all") ? (filter as PlayFilter) : null
}

/** The same as parts of an address; `all` says that nothing is filtered. */
export function paramsOf(filter: PlayFilter): Record<string, string> {
  const said = Object.entries(filter).filter(([, value]) => value !== undefined && value !== "" && value !== false)
  return said.length > 0 ? Object.fromEntries(said.map(([key, value]) => [key, String(value)])) : { all: "true" }
}

/** Where the records are. */
export const recordsAt = (filter: PlayFilter) => `/plays?${new URLSearchParams(paramsOf(filter)).toString()}`

/** The records behind a line of the counts, and behind one of its columns. */
export function behind(filter: PlayFilter, group: Group, key: string, column: Column): PlayFilter {
  // What the counts do not look at must not narrow the records: they have a column for each.
  const page: PlayFilter = { ...filter, status: undefined, flag: undefined, sequence: undefined, counted_as: column }
  switch (group) {
    case "day":
      return { ...page, day_from: key, day_to: key }
    case "hour":
      return { ...page, hour: Number(key) }
    case "campaign":
      return key === "" ? { ...page, takeover: true } : { ...page, campaign: key }
    case "area":
      // A line is of the venues that are registered there, not of those in the areas below.
      return { ...page, area: key, area_only: true }
    default:
      return { ...page, [group]: key }
  }
}

/** All lines of a column together. */
export const behindTotal = (filter: PlayFilter, column: Column): PlayFilter => ({ ...filter, status: undefined, flag: undefined, sequence: undefined, counted_as: column })

/** A gap's day: the ribbon, with the gap marked. */
export const dayAt = (screen: string, date: string, at?: number) =>
  `/plays?${new URLSearchParams({ tab: "day", screen, date, ...(at === undefined ? {} : { at: String(at) }) }).toString()}`

/** The list of gaps. */
export const gapsAt = (wanted: Record<string, string>) => `/plays?${new URLSearchParams({ tab: "gaps", ...wanted }).toString()}`
