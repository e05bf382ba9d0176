/** Delivers evidence pictures, the oldest first, each until the server has it or says that it never will. */
import type { Store } from "../store.ts"
import type { Picture } from "../play/evidence.ts"
import { RefusedByServer, type Client } from "./client.ts"

/** Answers that would be the same for ever. */
const FINAL = [400, 409, 413, 415, 422]
/** A picture on a slow line. */
const PATIENCE = 120_000
const PNG = [0x89, 0x50, 0x4e, 0x47]

/** Sends the oldest picture. Whether there was one. */
export async function deliverPicture(client: Client, store: Store): Promise<boolean> {
  const oldest = await store.oldestPicture()
  if (oldest === undefined) return false
  const { bytes } = oldest.picture
  const type = PNG.every((byte, n) => bytes[n] === byte) ? "image/png" : "image/jpeg"
  try {
    await client.send(pathOf(oldest.picture), { method: "POST", body: bytes, headers: { "content-type": type }, patience: PATIENCE })
  } catch (error) {
    if (!(error instanceof RefusedByServer) || !FINAL.includes(error.status)) throw error
    console.error("the server will never take this evidence picture; it is given up", error)
  }
  await store.forgetPicture(oldest.key)
  return true
}

function pathOf({ digest, taken, cause }: Picture): string {
  const why = "moment" in cause ? `moment=${cause.moment}` : `instruction=${cause.instruction}`
  return `evidence?digest=${digest}&taken=${taken}&${why}`
}
