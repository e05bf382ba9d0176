/** A campaign's way from a draft to the walls as queries and changes. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { answered, api, type Schemas } from "../api/client"
import type { Campaign } from "./campaigns"

export type Standing = Schemas["Standing"]
export type LifeStep = Schemas["LifeStepView"]

/** What was done with a campaign, oldest first. */
export const useHistory = (campaign: Campaign) =>
  useQuery({
    queryKey: ["campaigns", "history", campaign.id, campaign.updated_at, campaign.review.state, campaign.standing],
    queryFn: async () => (await answered(api.GET("/api/v1/campaigns/{id}/history", { params: { path: { id: campaign.id } } }))).items,
  })

/** Everything that may be different once a campaign took a step. */
export function useEverythingAnew() {
  const client = useQueryClient()
  return () => {
    for (const key of ["campaigns", "overview", "timeline", "screens", "foresight"]) void client.invalidateQueries({ queryKey: [key] })
  }
}

const at = (campaign: Campaign) => ({ path: { id: campaign.id } })

/** What a person knows of and means all the same: bookings that reach nobody yet, bookings that cannot live together. */
export interface Meant {
  allow_unreached: boolean
  allow_collisions: boolean
}

export function useSubmit(campaign: Campaign) {
  const anew = useEverythingAnew()
  return useMutation({
    mutationFn: (meant: Meant) => answered(api.POST("/api/v1/campaigns/{id}/submit", { params: { ...at(campaign), query: meant } })),
    onSuccess: anew,
  })
}

/** Approves the very draft that is shown. */
export function useApprove(campaign: Campaign) {
  const anew = useEverythingAnew()
  return useMutation({
    mutationFn: (meant: Meant) =>
      answered(api.POST("/api/v1/campaigns/{id}/approve", { params: { ...at(campaign), query: meant }, body: { hash: campaign.hash } })),
    onSettled: anew,
  })
}

export function useReject(campaign: Campaign) {
  const anew = useEverythingAnew()
  return useMutation({
    mutationFn: (reason: string) => answered(api.POST("/api/v1/campaigns/{id}/reject", { params: at(campaign), body: { hash: campaign.hash, reason } })),
    onSuccess: anew,
  })
}

export function useWithdraw(campaign: Campaign) {
  const anew = useEverythingAnew()
  return useMutation({ mutationFn: () => answered(api.POST("/api/v1/campaigns/{id}/withdraw", { params: at(campaign) })), onSuccess: anew })
}

export function useCopy(campaign: Campaign) {
  const anew = useEverythingAnew()
  return useMutation({
    mutationFn: (body: Schemas["CopyForm"]) => answered(api.POST("/api/v1/campaigns/{id}/copy", { params: at(campaign), body })),
    onSuccess: anew,
  })
}
