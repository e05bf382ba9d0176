/** Sending a file with its real progress, which `fetch` cannot tell. */
import { Refusal } from "../api/refusal"
import type { Schemas } from "../api/client"

export type Taken = Schemas["UploadTaken"]

export interface Upload {
  /** What came of it; rejects with a {@link Refusal}, or with {@link Stopped}. */
  taken: Promise<Taken>
  stop: () => void
}

/** Sends a file. `progress` is told the bytes that have left; all of them means that the server is checking the file. */
export function send(file: File, progress: (sent: number) => void): Upload {
  const request = new XMLHttpRequest()
  const taken = new Promise<Taken>((resolve, reject) => {
    request.upload.onprogress = (e) => progress(e.loaded)
    request.upload.onload = () => progress(file.size)
    request.onload = () => {
      const body = read(request.responseText)
      if (request.status >= 200 && request.status < 300 && body) resolve(body as Taken)
      else reject(Refusal.of(request.status, body))
    }
    request.onerror = () => reject(Refusal.unreachable())
    request.onabort = () => reject(new Stopped())
    request.open("POST", `/api/v1/uploads?name=${encodeURIComponent(file.name)}`)
    request.setRequestHeader("Content-Type", "application/octet-stream")
    request.send(file)
  })
  return { taken, stop: () => request.abort() }
}

/** The person stopped the upload. */
export class Stopped extends Error {}

function read(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
