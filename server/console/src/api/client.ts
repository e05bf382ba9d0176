/** The one way to the server: a client typed by the server's own OpenAPI document. */
import createClient from "openapi-fetch"
import { Refusal } from "./refusal"
import type { components, paths } from "./schema"

export type Schemas = components["schemas"]

// Repeated keys for lists, nothing for what is empty: a filter that is not set must not be sent as "".
export const api = createClient<paths>({
  baseUrl: "/",
  querySerializer: (query) => {
    const parts = new URLSearchParams()
    for (const [key, value] of Object.entries(query as Record<string, unknown>)) {
      if (value !== undefined && value !== null && value !== "") parts.append(key, String(value))
    }
    return parts.toString()
  },
})

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of an answer, or a thrown {@link Refusal}. */
export async function answered<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await request
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") throw fault
    throw Refusal.unreachable()
  }
  if (!answer.response.ok) throw Refusal.of(answer.response.status, answer.error)
  return answer.data as T
}
