/** What the page's address asks for. */
import { SEAL_RULES, type SealRules } from "./core/index.ts"

export interface Settings {
  /** The wall's pixels, as it is introduced; afterwards the console's word counts. */
  readonly size: { readonly width: number; readonly height: number }
  /** A one-time enrolment token: after the #, so that it is in no server's or proxy's log. */
  readonly token: string | null
  /** When plays are sealed into batches. */
  readonly seal: SealRules
}

const LARGEST = 8_192

export function settings({ search, hash }: Pick<Location, "search" | "hash">, page: { width: number; height: number }): Settings {
  const query = new URLSearchParams(search)
  const size = /^(\d{1,5})x(\d{1,5})$/.exec(query.get("size") ?? "")
  const edge = (given: string | undefined, otherwise: number) => Math.min(LARGEST, Math.max(1, Math.round(Number(given ?? otherwise))))
  const asked = Number(query.get("report") ?? NaN)
  const every = Math.min(600, Math.max(1, asked)) * 1_000
  return {
    size: { width: edge(size?.[1], page.width), height: edge(size?.[2], page.height) },
    token: new URLSearchParams(hash.slice(1)).get("token"),
    seal: Number.isFinite(asked) ? { ...SEAL_RULES, interval: every, soon: every } : SEAL_RULES,
  }
}
