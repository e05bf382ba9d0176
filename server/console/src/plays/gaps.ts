/** Gaps that were found, and what they come to by cause. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { answered, api, type Schemas } from "../api/client"

export type FoundGap = Schemas["GapView"]
export type GapCause = Schemas["GapCause"]

export interface GapFilter {
  screen?: string
  cause?: GapCause
  day_from?: string
  day_to?: string
  open?: boolean
}

export const useGaps = (filter: GapFilter) =>
  useInfiniteQuery({
    queryKey: ["plays", "gaps", filter],
    queryFn: ({ pageParam }) => answered(api.GET("/api/v1/plays/gaps", { params: { query: { ...filter, cursor: pageParam, limit: 50 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (before) => before,
  })

export const useGapCauses = (filter: GapFilter) =>
  useQuery({
    queryKey: ["plays", "gap-causes", filter],
    queryFn: () => answered(api.GET("/api/v1/plays/gaps/causes", { params: { query: filter } })),
    placeholderData: (before) => before,
    refetchInterval: 60_000,
  })
