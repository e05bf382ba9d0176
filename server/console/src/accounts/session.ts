/** The signed-in person, and what their roles let them do. The server decides; the console only hides what it would refuse. */
import { useQuery, useQueryClient } from "@tanstack/react-query"
import { createContext, useCallback, useContext } from "react"
import { answered, api, type Schemas } from "../api/client"
import { SESSION } from "../api/query"
import { asRefusal } from "../api/refusal"

export type Me = Schemas["Me"]
export type Role = Schemas["Role"]

/** The session: the person, `null` when nobody is signed in. */
export function useSession() {
  return useQuery<Me | null>({
    queryKey: SESSION,
    queryFn: async () => {
      try {
        return await answered(api.GET("/api/v1/session"))
      } catch (error) {
        if (asRefusal(error).status === 401) return null
        throw error
      }
    },
    staleTime: 60_000,
  })
}

export const MeContext = createContext<Me | null>(null)

/** The signed-in person, below the gate that makes sure there is one. */
export function useMe(): Me {
  const me = useContext(MeContext)
  if (!me) throw new Error("used outside of a session")
  return me
}

const MAY = {
  draft: ["editor"],
  review: ["reviewer"],
  publish: ["editor", "reviewer"],
  manageScreens: ["operator", "admin"],
  instruct: ["operator", "editor", "reviewer", "admin"],
  readPlays: ["auditor", "editor", "reviewer", "admin"],
  manageAccounts: ["admin"],
} as const satisfies Record<string, readonly Role[]>

/** Whether the person has one of the roles that the server asks for. */
export function useMay(permission: keyof typeof MAY): boolean {
  const { roles } = useMe()
  return MAY[permission].some((role) => roles.includes(role))
}

/** Ends the session and forgets everything that was loaded in it. */
export function useSignOut() {
  const client = useQueryClient()
  return useCallback(async () => {
    await answered(api.DELETE("/api/v1/session")).catch(() => undefined)
    client.clear()
    client.setQueryData(SESSION, null)
  }, [client])
}
