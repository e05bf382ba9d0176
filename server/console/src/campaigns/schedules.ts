/** Schedules in words, and between the form and the server. */
import type { Schedule } from "./campaigns"

export interface Window {
  from: string
  to: string
}

export const ALL_DAY: Window = { from: "00:00", to: "24:00" }
export const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
export const WORKDAYS = [1, 2, 3, 4, 5]

/** `HH:MM`, up to `24:00`. */
export const isTime = (text: string) => /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/.test(text)

/** What people type as a time, as the server takes it: `9` and `9:00` are `09:00`, Chinese colons too. */
export function asTime(text: string): string {
  const [, h, m] = /^\s*(\d{1,2})\s*(?:[:\uff1a.]\s*(\d{1,2}))?\s*$/.exec(text) ?? []
  return h === undefined ? text.trim() : `${h.padStart(2, "0")}:${(m ?? "00").padStart(2, "0")}`
}

export const windowText = (w: Window, allDay: string) => (w.from === ALL_DAY.from && w.to === ALL_DAY.to ? allDay : `${w.from}–${w.to}`)

/** `周一至周五`: days in a row as a span. */
export function weekdayText(days: number[], names: string[], everyDay: string): string {
  if (days.length === 7) return everyDay
  const sorted = [...days].sort((a, b) => a - b)
  const runs: number[][] = []
  for (const day of sorted) {
    const run = runs.at(-1)
    if (run && run.at(-1) === day - 1) run.push(day)
    else runs.push([day])
  }
  const name = (day: number | undefined) => names[(day ?? 1) - 1] ?? ""
  return runs.map((run) => (run.length > 2 ? `${name(run[0])}–${name(run.at(-1))}` : run.map(name).join(" "))).join(" ")
}

export const daysOf = (schedule: Schedule) => schedule.weekdays ?? (schedule.rrule ? [] : EVERY_DAY)
