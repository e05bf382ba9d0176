/** What a zone can have on it. */
import type { Reel } from "./reel.ts"

export type Content =
  | { readonly is: "black" }
  | { readonly is: "standby" }
  | { readonly is: "picture"; readonly bitmap: ImageBitmap }
  | { readonly is: "strip"; readonly bitmap: ImageBitmap; readonly pixelsPerSecond: number; readonly start: number | null }
  | { readonly is: "reel"; readonly reel: Reel }

export const sameContent = (a: Content, b: Content): boolean =>
  a.is === b.is &&
  (a.is !== "picture" || a.bitmap === (b as typeof a).bitmap) &&
  (a.is !== "strip" || (a.bitmap === (b as typeof a).bitmap && a.start === (b as typeof a).start)) &&
  (a.is !== "reel" || a.reel === (b as typeof a).reel)

/** Why something cannot be shown; as in player/src/event.rs. */
export type Fault = "missing" | "damaged" | "unplayable" | "hardware"
