/** Takeovers as queries and changes. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { answered, api, type Schemas } from "../api/client"

export type Takeover = Schemas["TakeoverView"]
export type TakeoverLevel = Schemas["TakeoverLevel"]
export type TakeoverBody = Schemas["TakeoverForm"]

/** The longest that the server takes, in minutes. */
export const LONGEST = 24 * 60

export const useTakeovers = () =>
  useQuery({
    queryKey: ["takeovers"],
    queryFn: async () => (await answered(api.GET("/api/v1/takeovers"))).items,
    refetchInterval: 5_000,
  })

function useEverythingAnew() {
  const client = useQueryClient()
  return () => {
    for (const key of ["takeovers", "overview", "screens", "on-air"]) void client.invalidateQueries({ queryKey: [key] })
  }
}

export function useStartTakeover() {
  const anew = useEverythingAnew()
  return useMutation({ mutationFn: (body: TakeoverBody) => answered(api.POST("/api/v1/takeovers", { body })), onSuccess: anew })
}

export function useWithdrawTakeover() {
  const anew = useEverythingAnew()
  return useMutation({ mutationFn: (id: string) => answered(api.POST("/api/v1/takeovers/{id}/withdraw", { params: { path: { id } } })), onSettled: anew })
}
