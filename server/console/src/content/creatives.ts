/** Creatives as queries, and the steps of their life. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { useMemo } from "react"
import { answered, api, type Schemas } from "../api/client"
import { useLanguage } from "../i18n/language"

export type Creative = Schemas["CreativeView"]
export type CreativeDetail = Schemas["CreativeDetail"]
export type CreativeKind = Schemas["CreativeKind"]
export type CreativeState = Schemas["CreativeState"]
export type FraudType = Schemas["FraudType"]
export type Rendition = Schemas["RenditionView"]
export type Step = Schemas["CreativeStep"]
export type Size = Schemas["Size"]

export const CREATIVE_KINDS: CreativeKind[] = ["slogan", "poster", "clip", "audio"]
export const CREATIVE_STATES: CreativeState[] = ["draft", "in_review", "approved", "rejected", "withdrawn"]

/** Longest title and slogan that the server takes, in characters. */
export const LONGEST_TITLE = 60
export const LONGEST_TEXT = 100
/** How long a poster may stand, in seconds. */
export const POSTER_SECONDS = { least: 3, most: 120, usual: 10 }

/** The colour class of a state's dot. */
export const STATE_DOT: Record<CreativeState, string> = { draft: "off", in_review: "wait", approved: "good", rejected: "bad", withdrawn: "off" }

export interface CreativeFilter {
  kind?: CreativeKind
  state?: CreativeState
  fraud_type?: FraudType
  q?: string
}

/** Creatives of a filter, page after page, newest first. */
export const useCreatives = (filter: CreativeFilter, every?: number) =>
  useInfiniteQuery({
    queryKey: ["creatives", "list", filter],
    queryFn: ({ pageParam }) => answered(api.GET("/api/v1/creatives", { params: { query: { ...filter, cursor: pageParam, limit: 50 } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (before) => before,
    refetchInterval: every,
  })

export const useCreative = (id: string | null) =>
  useQuery({
    queryKey: ["creatives", "one", id],
    queryFn: () => answered(api.GET("/api/v1/creatives/{id}", { params: { path: { id: id ?? "" } } })),
    enabled: id !== null,
  })

/** What is made of a creative for each class of screens. Making takes seconds, for clips minutes: ask until it is there. */
export const useRenditions = (creative: Pick<Creative, "id" | "content_hash" | "state">) =>
  useQuery({
    queryKey: ["creatives", "renditions", creative.id, creative.content_hash, creative.state],
    queryFn: async () => (await answered(api.GET("/api/v1/creatives/{id}/renditions", { params: { path: { id: creative.id } } }))).items,
    refetchInterval: (query) => (isMade(creative.state) ? (query.state.data?.length ? 15_000 : 2_000) : false),
  })

/** Lowest zones first: strips and tickers are where slogans mostly run, and they are quickly looked over. */
export const byZone = <C extends { zone_size: Size; screen_kind: string }>(classes: C[]) =>
  [...classes].sort((a, b) => a.zone_size.height - b.zone_size.height || a.zone_size.width - b.zone_size.width || a.screen_kind.localeCompare(b.screen_kind))

/** Whether renditions are made of creatives in this state. */
export const isMade = (state: CreativeState) => state === "in_review" || state === "approved"

export const originalOf = (creative: Pick<Creative, "id" | "upload">) => `/api/v1/creatives/${creative.id}/original?${creative.upload ?? ""}`
// The hash in the address lets the browser fetch a new picture as soon as the content is another one.
export const thumbnailOf = (creative: Pick<Creative, "id" | "content_hash">) => `/api/v1/creatives/${creative.id}/thumbnail?${creative.content_hash.slice(0, 12)}`
export const renditionFile = (digest: string) => `/api/v1/renditions/${digest}`

/** Every creative, page after page: pickers and titles need the whole list. */
export function useAllCreatives() {
  return useQuery({
    queryKey: ["creatives", "all"],
    queryFn: async () => {
      const all: Creative[] = []
      let cursor: string | undefined
      do {
        const page = await answered(api.GET("/api/v1/creatives", { params: { query: { limit: 200, cursor } } }))
        all.push(...page.items)
        cursor = page.next ?? undefined
      } while (cursor)
      return all
    },
    staleTime: 30_000,
  })
}

/** Titles by id. */
export function useCreativeTitles(): Map<string, string> {
  const all = useAllCreatives()
  return useMemo(() => new Map(all.data?.map((c) => [c.id, c.title])), [all.data])
}

export type StepToTake =
  | { step: "submit" }
  | { step: "approve"; content_hash: string }
  | { step: "reject"; content_hash: string; reason: string }
  | { step: "withdraw"; reason?: string }

/** Takes a step of a creative's life. An approval names the content that was looked at. */
export function useStep(id: string) {
  const kept = useKeep()
  return useMutation({
    mutationFn: (taken: StepToTake): Promise<CreativeDetail> => {
      const params = { path: { id } }
      switch (taken.step) {
        case "submit":
          return answered(api.POST("/api/v1/creatives/{id}/submit", { params }))
        case "approve":
          return answered(api.POST("/api/v1/creatives/{id}/approve", { params, body: { content_hash: taken.content_hash } }))
        case "reject":
          return answered(api.POST("/api/v1/creatives/{id}/reject", { params, body: { content_hash: taken.content_hash, reason: taken.reason } }))
        case "withdraw":
          return answered(api.POST("/api/v1/creatives/{id}/withdraw", { params, body: { reason: taken.reason ?? null } }))
      }
    },
    onSuccess: kept,
  })
}

/** Puts a creative that was just answered where queries find it, and has lists asked for again. */
export function useKeep() {
  const client = useQueryClient()
  return (creative: CreativeDetail) => {
    client.setQueryData(["creatives", "one", creative.id], creative)
    void client.invalidateQueries({ queryKey: ["creatives"] })
    void client.invalidateQueries({ queryKey: ["overview"] })
  }
}

const FRAUD_TYPES_EN: Record<FraudType, string> = {
  fake_loan: "Fake loan",
  fake_investment: "Fake investment",
  order_brushing: "Order brushing",
  shopping_refund: "Shopping refund",
  fake_service: "Fake customer service",
  impersonate_boss: "Impersonated boss or friend",
  impersonate_police: "Impersonated police",
  romance: "Romance",
  game_trade: "Game trade",
  credit_repair: "Credit repair",
  general: "General prevention",
}

/** Fraud types with their names in the current language. */
export function useFraudTypes() {
  const { language } = useLanguage()
  return useQuery({
    queryKey: ["fraud-types"],
    queryFn: async () => (await answered(api.GET("/api/v1/fraud-types"))).items,
    staleTime: 5 * 60_000,
    select: (items) => items.map((item) => ({ ...item, name: language === "zh" ? item.name : FRAUD_TYPES_EN[item.code] })),
  })
}
