/** Campaigns, bookings and reach as queries and changes. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { useEffect, useState } from "react"
import { answered, api, type Schemas } from "../api/client"

export type Campaign = Schemas["CampaignView"]
export type Booking = Schemas["Booking"]
export type BookingBody = Schemas["BookingForm"]
export type CampaignBody = Schemas["CampaignForm"]
export type Selector = Schemas["Selector"]
export type Exclusion = Schemas["Exclusion"]
export type Reach = Schemas["ReachView"]
export type Schedule = Schemas["Schedule"]

export type Standing = Schemas["Standing"]

/** The colour class of a standing's dot. */
export const STANDING_DOT: Record<Standing, string> = { draft: "wait", in_review: "wait", approved: "info", running: "good", ended: "off", withdrawn: "off" }

/** The heaviest weight that the server takes. */
export const HEAVIEST = 100

export const useCampaigns = () =>
  useQuery({
    queryKey: ["campaigns", "list"],
    queryFn: async () => (await answered(api.GET("/api/v1/campaigns"))).items,
    refetchInterval: 30_000,
  })

export const useCampaign = (id: string) =>
  useQuery({ queryKey: ["campaigns", "one", id], queryFn: () => answered(api.GET("/api/v1/campaigns/{id}", { params: { path: { id } } })) })

/** Puts a campaign that was just answered where queries find it, and has everything that follows from it asked for again. */
export function useKeepCampaign() {
  const client = useQueryClient()
  return (campaign: Campaign) => {
    client.setQueryData(["campaigns", "one", campaign.id], campaign)
    void client.invalidateQueries({ queryKey: ["campaigns"] })
    void client.invalidateQueries({ queryKey: ["overview"] })
  }
}

/** Makes a campaign, or changes the one of this id. */
export function useSaveCampaign(id: string | null) {
  const kept = useKeepCampaign()
  return useMutation({
    mutationFn: (body: CampaignBody) =>
      id === null ? answered(api.POST("/api/v1/campaigns", { body })) : answered(api.PATCH("/api/v1/campaigns/{id}", { params: { path: { id } }, body })),
    onSuccess: kept,
  })
}

/** Adds a booking to a campaign, or changes the one of this id. */
export function useSaveBooking(campaign: string, id: string | null) {
  const kept = useKeepCampaign()
  return useMutation({
    mutationFn: (body: BookingBody) =>
      id === null
        ? answered(api.POST("/api/v1/campaigns/{id}/bookings", { params: { path: { id: campaign } }, body }))
        : answered(api.PUT("/api/v1/bookings/{id}", { params: { path: { id } }, body })),
    onSuccess: kept,
  })
}

export function useRemoveBooking() {
  const kept = useKeepCampaign()
  return useMutation({ mutationFn: (id: string) => answered(api.DELETE("/api/v1/bookings/{id}", { params: { path: { id } } })), onSuccess: kept })
}

/** So long nothing has to change until it is asked for, in milliseconds. */
const SETTLED_AFTER = 250

/** A value once it has stopped changing; equal values are the same. */
function useSettled<T>(value: T): T {
  const text = JSON.stringify(value)
  const [settled, setSettled] = useState({ text, value })
  useEffect(() => {
    const timer = setTimeout(() => setSettled((before) => (before.text === text ? before : { text, value: JSON.parse(text) as T })), SETTLED_AFTER)
    return () => clearTimeout(timer)
  }, [text])
  return settled.value
}

/** Whom a selector reaches and what cannot be shown there. Asked again shortly after either changes. */
export function useReach(selector: Selector, creatives: string[], enabled = true) {
  const body = useSettled({ selector, creatives })
  return useQuery({
    queryKey: ["reach", body.selector, body.creatives],
    queryFn: () => answered(api.POST("/api/v1/reach", { body })),
    placeholderData: (before) => before,
    enabled,
    staleTime: 10_000,
  })
}
