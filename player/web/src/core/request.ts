/** How a device signs an HTTP request; see core/src/wire/request.rs. */
import { digestOf, toBase64 } from "./bytes.ts"
import { signRaw, type Signer } from "./sign.ts"

/** The three headers of a signed request. `time`: UTC milliseconds by the server's clock as far as we know it. */
export async function requestHeaders(
  signer: Signer,
  method: string,
  pathAndQuery: string,
  time: number,
  body: Uint8Array,
): Promise<Record<string, string>> {
  const message = `${method}\n${pathAndQuery}\n${time}\n${await digestOf(body)}`
  const signature = await signRaw(signer, "request", new TextEncoder().encode(message))
  return {
    "xuanping-key": signer.fingerprint,
    "xuanping-time": String(time),
    "xuanping-signature": toBase64(signature),
  }
}
