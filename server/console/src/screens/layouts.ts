/** How screens are divided: what can be chosen, where the zones lie, and what is wrong with one that somebody draws. The rules are core's (core/src/geometry/layout.rs). */
import type { Schemas } from "../api/client"
import type { ScreenKind } from "./screens"

export type Layout = Schemas["Layout"]
export type FreeLayout = Schemas["FreeLayout"]
export type Rect = Schemas["Rect"]
export type Size = Schemas["Size"]
export type Measure = keyof Rect
export type Pane = "main" | "ticker"
export type Choice = Exclude<Layout, object> | "free"

export interface Zone {
  name: Pane
  rect: Rect
}

/** What suits each kind of screen, the usual choice first. */
export const CHOICES: Record<ScreenKind, readonly Choice[]> = {
  lcd: ["main_and_ticker", "ticker_and_main", "full", "free"],
  led_wall: ["full", "main_and_ticker", "ticker_and_main", "free"],
  led_strip: ["full"],
  speaker: ["audio_only"],
}

/** What a screen of this kind and size has unless somebody wants something else. */
export function usualLayout(kind: ScreenKind, size: Size): Layout {
  const usual = CHOICES[kind].find((choice): choice is Exclude<Layout, object> => choice !== "free" && faultOf(choice, size) === null)
  return usual ?? "full"
}

export const choiceOf = (layout: Layout): Choice => (typeof layout === "string" ? layout : "free")

/** A Chinese character takes 16 rows and as many columns: see FreeLayout in core. */
const LEAST: Record<Pane, Size> = { main: { width: 64, height: 32 }, ticker: { width: 64, height: 16 } }

/** Rows of a usual ticker. */
const ninth = (size: Size) => Math.floor(size.height / 9 / 2) * 2

/** The zones with pixels. */
export function zonesOf(layout: Layout, size: Size): Zone[] {
  const whole: Rect = { x: 0, y: 0, width: size.width, height: size.height }
  const line = ninth(size)
  const rest = size.height - line
  switch (layout) {
    case "full":
      return [{ name: "main", rect: whole }]
    case "main_and_ticker":
      return [{ name: "main", rect: { ...whole, height: rest } }, { name: "ticker", rect: { ...whole, y: rest, height: line } }]
    case "ticker_and_main":
      return [{ name: "main", rect: { ...whole, y: line, height: rest } }, { name: "ticker", rect: { ...whole, height: line } }]
    case "audio_only":
      return []
    default: {
      const { main, ticker } = layout.free
      return [{ name: "main", rect: main }, ...(ticker ? [{ name: "ticker" as const, rect: ticker }] : [])]
    }
  }
}

/** A layout as somebody begins to change it by hand. */
export function freed(layout: Layout, size: Size): FreeLayout {
  const zones = zonesOf(layout, size)
  const find = (name: Pane) => zones.find((zone) => zone.name === name)?.rect
  return { main: find("main") ?? { x: 0, y: 0, width: size.width, height: size.height }, ticker: find("ticker") ?? null }
}

/** Somewhere for a ticker to be: the foot of the screen, where the main zone makes room for it if it is in the way. */
export function withTicker({ main }: FreeLayout, size: Size): FreeLayout {
  const height = Math.max(LEAST.ticker.height, ninth(size))
  const y = Math.floor((size.height - height) / 2) * 2
  const ticker = { x: 0, y, width: size.width, height: size.height - y }
  const room = y - main.y
  return { main: main.y + main.height > y && room >= LEAST.main.height ? { ...main, height: room } : main, ticker }
}

/** Why a screen cannot be divided like this. */
export type LayoutFault =
  | { is: "ninth_too_low"; measures: Measure[]; least: number }
  | { is: "too_small"; zone: Pane; measures: Measure[]; least: Size }
  | { is: "outside"; zone: Pane; measures: Measure[]; reach: number; most: number }
  | { is: "odd"; zone: Pane; measures: Measure[]; pixels: number }
  | { is: "too_high"; zone: Pane; measures: Measure[] }
  | { is: "overlap"; measures: Measure[] }

const overlap = (a: Rect, b: Rect) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height

/** What is wrong first; null: nothing. */
export function faultOf(layout: Layout, size: Size): LayoutFault | null {
  if (layout === "main_and_ticker" || layout === "ticker_and_main") return ninth(size) < LEAST.ticker.height ? { is: "ninth_too_low", measures: [], least: LEAST.ticker.height } : null
  if (typeof layout === "string") return null
  const zones = zonesOf(layout, size)
  for (const { name: zone, rect } of zones) {
    const least = LEAST[zone]
    const small = (["width", "height"] as const).filter((measure) => rect[measure] < least[measure])
    if (small.length > 0) return { is: "too_small", zone, measures: small, least }
    const [right, bottom] = [rect.x + rect.width, rect.y + rect.height]
    if (right > size.width) return { is: "outside", zone, measures: ["x", "width"], reach: right, most: size.width }
    if (bottom > size.height) return { is: "outside", zone, measures: ["y", "height"], reach: bottom, most: size.height }
    const toTheEdge = { x: false, y: false, width: right === size.width, height: bottom === size.height }
    const odd = (["x", "y", "width", "height"] as const).find((measure) => rect[measure] % 2 === 1 && !toTheEdge[measure])
    if (odd) return { is: "odd", zone, measures: [odd], pixels: rect[odd] }
    if (zone === "ticker" && rect.width < 2 * rect.height) return { is: "too_high", zone, measures: ["width", "height"] }
  }
  const [main, ticker] = zones
  return main && ticker && overlap(main.rect, ticker.rect) ? { is: "overlap", measures: [] } : null
}

/** Whether some of the screen is in no zone. */
export function leavesBlack(layout: Layout, size: Size): boolean {
  return zonesOf(layout, size).reduce((sum, { rect }) => sum + rect.width * rect.height, 0) < size.width * size.height
}
