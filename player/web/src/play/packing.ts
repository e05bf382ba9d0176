/**
 * What the wall shows as a small file, as player/src/evidence/packing.rs makes it: a PNG where that is small enough, so that the
 * dots of an LED wall stay dots; else a JPEG, ever smaller until it fits.
 */

/** Bytes of an evidence picture at most. */
const MOST_BYTES = 150_000
/** Pixels of a wall whose PNG is worth a try. */
const FEW_PIXELS = 200_000
/** The longest edge and the quality that are tried, best first. The last is small enough for anything. */
const TRIES = [[1_280, 0.85], [1_280, 0.7], [960, 0.7], [640, 0.6], [320, 0.5]] as const

export async function pack(wall: OffscreenCanvas): Promise<Uint8Array<ArrayBuffer>> {
  if (wall.width * wall.height <= FEW_PIXELS) {
    const png = await encoded(wall, "image/png")
    if (png.length <= MOST_BYTES) return png
  }
  let packed = new Uint8Array()
  for (const [longest, quality] of TRIES) {
    packed = await encoded(shrunk(wall, longest), "image/jpeg", quality)
    if (packed.length <= MOST_BYTES) break
  }
  return packed
}

/** PNG with no edge longer than `longest`. */
export const packPng = (wall: OffscreenCanvas, longest: number): Promise<Uint8Array<ArrayBuffer>> => encoded(shrunk(wall, longest), "image/png")

function shrunk(wall: OffscreenCanvas, longest: number): OffscreenCanvas {
  const scale = longest / Math.max(wall.width, wall.height)
  if (scale >= 1) return wall
  const small = new OffscreenCanvas(Math.max(1, Math.round(wall.width * scale)), Math.max(1, Math.round(wall.height * scale)))
  const context = small.getContext("2d", { alpha: false })
  if (!context) throw new Error("this browser cannot draw")
  context.imageSmoothingQuality = "high"
  context.drawImage(wall, 0, 0, small.width, small.height)
  return small
}

async function encoded(wall: OffscreenCanvas, type: string, quality?: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await wall.convertToBlob(quality === undefined ? { type } : { type, quality })).arrayBuffer())
}
