/** How things stand, asked again by itself: the overview page, the takeover banner and the badges read the same answer. */
import { useQuery } from "@tanstack/react-query"
import { answered, api, type Schemas } from "../api/client"

export type Overview = Schemas["OverviewView"]

export const useOverview = () =>
  useQuery({
    queryKey: ["overview"],
    queryFn: () => answered(api.GET("/api/v1/overview")),
    refetchInterval: 10_000,
  })
