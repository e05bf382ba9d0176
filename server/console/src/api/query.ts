/** How answers are kept and asked for again. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query"
import { asRefusal } from "./refusal"

/** The key under which the signed-in person is kept. */
export const SESSION = ["session"] as const

// A session can end between two clicks. Wherever that shows first, the sign-in page is next; the address stays, so that
// signing in again returns to the same page.
function noticeEndOfSession(error: unknown) {
  const refusal = asRefusal(error)
  if (refusal.kind === "not-signed-in") queries.setQueryData(SESSION, null)
  if (refusal.kind === "own-password-first") void queries.invalidateQueries({ queryKey: SESSION })
}

export const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeEndOfSession }),
  mutationCache: new MutationCache({ onError: noticeEndOfSession }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal is an answer: only a missing one is worth asking again at once.
      retry: (failures, error) => asRefusal(error).status === 0 && failures < 2,
      refetchOnWindowFocus: true,
    },
  },
})
