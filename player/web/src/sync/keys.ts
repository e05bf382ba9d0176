/** Tells the server of a new key: signed by that key, of which it knows nothing yet but what the change says. */
import { BadSignature, openKeyReceipt, type Id, type Verifier } from "../core/index.ts"
import { isReceipted, type ToPresent } from "../keyring.ts"
import type { Client } from "./client.ts"

/** Resolves when the server has signed for the change. */
export async function presentChange(client: Client, change: ToPresent, publisher: Verifier, screen: Id): Promise<void> {
  const signed = await client.bytes("keys", { method: "POST", body: change.signed, headers: { "content-type": "application/cose" }, by: change.next })
  if (!isReceipted(change, await openKeyReceipt(signed, publisher), screen)) throw new BadSignature("the receipt is for another change of key")
}
