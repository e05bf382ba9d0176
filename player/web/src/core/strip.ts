/** Where a line of text is: it follows from the wall clock alone, so two strips over two doors move as one. */
import { remainder } from "./onAir.ts"

/** How often a strip moves at most. */
const FRAMES_PER_SECOND = 60

/**
 * The left edge of a strip relative to its zone's, as player/src/stage/strip.rs has it. `start`: when its pass began; null: it
 * is held, and passes without end.
 */
export function stripOffset(width: number, zone: number, pixelsPerSecond: number, start: number | null, at: number): number {
  if (width <= zone) return Math.floor((zone - width) / 2)
  // Frames first, pixels after: every frame moves by the same whole number.
  const frames = Math.floor((Math.max(0, at - (start ?? 0)) * FRAMES_PER_SECOND) / 1000)
  const moved = Math.floor((frames * pixelsPerSecond) / FRAMES_PER_SECOND)
  const pass = zone + width
  return zone - (start === null ? remainder(moved, pass) : Math.min(moved, pass))
}
