/** The play log as queries: records page by page, counts, findings, and the addresses of exports. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { answered, api, type Schemas } from "../api/client"
import type { Group, PlayFilter, PlayStatus } from "./filter"

export type Play = Schemas["PlayView"]
export type Finding = Schemas["FindingView"]
export type Line = Schemas["SummaryView"]

export const GROUPS: Group[] = ["creative", "campaign", "screen", "venue_type", "area", "department", "day", "hour"]

/** The colour class of a status's dot. */
export const STATUS_DOT: Record<PlayStatus, string> = { success: "good", interrupted: "wait", content_failure: "bad", hardware_failure: "bad" }

/** What the plays of a filter come to together: nothing, if they are too many to be counted so. */
export const usePlayCount = (filter: PlayFilter) =>
  useQuery({
    queryKey: ["plays", "count", filter],
    queryFn: () => answered(api.GET("/api/v1/plays/count", { params: { query: filter } })),
    placeholderData: (before) => before,
    refetchInterval: 10_000,
  })

export const usePlays = (filter: PlayFilter) =>
  useInfiniteQuery({
    queryKey: ["plays", "list", filter],
    queryFn: ({ pageParam }) => answered(api.GET("/api/v1/plays", { params: { query: { ...filter, cursor: pageParam, limit: 50 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (before) => before,
    // New plays come in by themselves, but not while somebody reads further back.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : 10_000),
  })

export const useSummary = (filter: PlayFilter, group: Group) =>
  useQuery({
    queryKey: ["plays", "summary", filter, group],
    queryFn: async () => (await answered(api.GET("/api/v1/plays/summary", { params: { query: { ...filter, group } } }))).items,
    placeholderData: (before) => before,
  })

export const useFindings = () =>
  useInfiniteQuery({
    queryKey: ["plays", "findings"],
    queryFn: ({ pageParam }) => answered(api.GET("/api/v1/plays/findings", { params: { query: { cursor: pageParam, limit: 50 } } })),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: 30_000,
  })

export const usePublishingKey = () =>
  useQuery({ queryKey: ["publishing-key"], queryFn: async () => (await answered(api.GET("/api/v1/plays/publishing-key"))).key, staleTime: Infinity })

/** The Merkle log of all batches: what an auditor follows. */
export const usePlayLog = () => useQuery({ queryKey: ["plays", "log"], queryFn: () => answered(api.GET("/api/v1/plays/log")) })

/** A table that can be taken away. */
export type Table = "people" | "xlsx" | "outsmart" | "ndjson" | "parquet"

/** Where a table is downloaded from, alone or with its proof; or the proof alone. */
export function exportAddress(what: Table | "bundle", filter: PlayFilter, proof: "alone" | "proven" = "alone"): string {
  const query = new URLSearchParams(what === "bundle" ? {} : { format: what })
  for (const [key, value] of Object.entries(filter)) if (value !== undefined && value !== "" && value !== false) query.set(key, String(value))
  const path = what === "bundle" ? "bundle" : proof === "proven" ? "package" : "export"
  return `/api/v1/plays/${path}?${query.toString()}`
}
