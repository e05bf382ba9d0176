/** A line of the audit trail as people read it: names before numbers, known keys by their names, digests cut short. */
import type { Schemas } from "../api/client"
import { bytes, dateTime } from "../i18n/format"

type Line = Schemas["AuditLine"]

export interface DetailWords {
  /** Names of keys. */
  keys: Record<string, string>
  /** Names of codes that occur as values. */
  values: Record<string, string>
  separator: string
  colon: string
}

// Long names of things nobody reads aloud; the whole is in the tooltip.
const DIGEST = /^[0-9a-f]{64}$/
// Keys that only repeat what the subject already says, or that machines need.
const LAST = ["content_hash", "key", "id"]

/** What was acted on: its name where the details have one, else what the line says. */
export function subjectOf(line: Line): string {
  const details = members(line)
  for (const key of ["title", "name"]) {
    const name = details[key]
    if (typeof name === "string" && name !== "") return name
  }
  return line.subject
}

/** Everything the details say, as one line. */
export function detailsOf(line: Line, words: DetailWords): string {
  const subject = subjectOf(line)
  const entries = Object.entries(members(line)).filter(([, value]) => value !== null && value !== "" && value !== subject)
  const rank = (key: string) => LAST.indexOf(key)
  return entries
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([key, value]) => `${words.keys[key] ?? key}${words.colon}${text(key, value, words)}`)
    .join(" · ")
}

function members(line: Line): Record<string, unknown> {
  const details = line.details as unknown
  return details && typeof details === "object" ? (details as Record<string, unknown>) : {}
}

function text(key: string, value: unknown, words: DetailWords): string {
  if (key === "bytes" && typeof value === "number") return bytes(value)
  if (key === "expires" && typeof value === "number") return dateTime(value)
  if (Array.isArray(value)) return value.map((one) => text("", one, words)).join(words.separator)
  if (value && typeof value === "object") {
    const inner = Object.entries(value).filter(([, one]) => one !== null && one !== "")
    return inner.map(([k, one]) => `${words.keys[k] ?? k} ${text(k, one, words)}`).join(words.separator) || "—"
  }
  const plain = String(value)
  return words.values[plain] ?? (DIGEST.test(plain) ? `${plain.slice(0, 12)}…` : plain)
}
