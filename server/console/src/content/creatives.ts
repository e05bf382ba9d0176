/** Creatives as queries. */
import { useQuery } from "@tanstack/react-query"
import { useMemo } from "react"
import { answered, api, type Schemas } from "../api/client"
import { useLanguage } from "../i18n/language"

export type Creative = Schemas["CreativeView"]
export type CreativeDetail = Schemas["CreativeDetail"]
export type CreativeKind = Schemas["CreativeKind"]
export type CreativeState = Schemas["CreativeState"]
export type FraudType = Schemas["FraudType"]

export const CREATIVE_KINDS: CreativeKind[] = ["slogan", "poster", "clip", "audio"]

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
