/** Opening hours as they are typed, read into a week and said in words: the same syntax as the server reads. */
import type { Language } from "../i18n/language"

/** From Monday on: the hours of each day as `HH:MM–HH:MM`; none: closed. */
type Week = string[][]

const DAYS = ["mo", "tu", "we", "th", "fr", "sa", "su"]
const TIMES = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))$/
const CHINESE: [RegExp, string][] = [
  [/；/g, ";"], [/[，、]/g, ","], [/：/g, ":"], [/[－–—～~至到]/g, "-"], [/星期/g, "周"], [/周天/g, "周日"],
  [/全天/g, "00:00-24:00"], [/休息/g, "off"], [/每天/g, "Mo-Su "],
]

function plain(text: string): string {
  const signs = CHINESE.reduce((now, [theirs, ours]) => now.replace(theirs, ours), text)
  return signs.replace(/周([一二三四五六日])/g, (_, day: string) => DAYS["一二三四五六日".indexOf(day)] ?? day)
}

function daysOf(text: string): number[] | null {
  if (text === "") return DAYS.map((_, n) => n)
  const days: number[] = []
  for (const part of text.split(",")) {
    const ends = part.split("-").map((day) => DAYS.indexOf(day.trim().toLowerCase()))
    const first = ends[0] ?? -1
    const last = ends[1] ?? first
    if (ends.length > 2 || first < 0 || last < 0) return null
    for (let n = 0; n <= (last + 7 - first) % 7; n++) days.push((first + n) % 7)
  }
  return days
}

function hoursOf(text: string): string[] | null {
  if (text === "off") return []
  if (text === "24/7") return ["00:00–24:00"]
  const spans: [number, number, string][] = []
  for (const part of text.split(",")) {
    const written = part.trim().replace(/ *- */, "-")
    const found = TIMES.exec(written)
    if (!found) return null
    const from = Number(found[1]) * 60 + Number(found[2])
    const to = Number(found[3] ?? found[5]) * 60 + Number(found[4] ?? found[6])
    if (from === to) return null
    spans.push([from, to > from ? to : to + 1440, written.replace("-", "–")])
  }
  spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const overlaps = spans.some(([from], n) => from < (spans[n - 1]?.[1] ?? 0))
  return overlaps ? null : spans.map((span) => span[2])
}

/** The week that was typed; null: it cannot be read. */
export function readOpening(text: string): Week | null {
  const week: Week = DAYS.map(() => [])
  for (const rule of plain(text).trim().replace(/;+$/, "").split(";")) {
    const [, days = "", times = ""] = /^(.*?)(off|\d.*)$/.exec(rule.trim()) ?? []
    const on = daysOf(days.trim())
    const hours = hoursOf(times.trim())
    if (!on || !hours) return null
    for (const day of on) week[day] = hours
  }
  return week
}

/** Opening hours in words, days of the same hours together; as typed if they cannot be read. */
export function openingInWords(text: string, language: Language): string {
  const week = readOpening(text)
  if (!week) return text
  const chinese = language === "zh"
  const hours = week.map((spans) => {
    if (spans.length === 0) return chinese ? "休息" : "closed"
    return spans[0] === "00:00–24:00" ? (chinese ? "全天" : "all day") : spans.join(chinese ? "、" : ", ")
  })
  if (hours.every((each) => each === hours[0])) return `${chinese ? "每天" : "Daily"} ${hours[0]}`
  const name = (day: number) => (chinese ? `周${"一二三四五六日"[day]}` : ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][day])
  const parts: string[] = []
  for (let first = 0; first < 7; ) {
    let last = first
    while (last < 6 && hours[last + 1] === hours[first]) last++
    const days = first === last ? name(first) : `${name(first)}${chinese ? "至" : "–"}${name(last)}`
    parts.push(`${days} ${hours[first]}`)
    first = last + 1
  }
  return parts.join(chinese ? "；" : "; ")
}
