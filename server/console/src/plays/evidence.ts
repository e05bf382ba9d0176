/** Pictures that a screen took of itself, as queries. */
import { useQuery } from "@tanstack/react-query"
import { answered, api, type Schemas } from "../api/client"

export type EvidencePicture = Schemas["EvidencePicture"]
export type EvidenceMoment = Schemas["EvidenceMoment"]
export type EvidenceDay = Schemas["EvidenceDay"]

/** The pictures of a day; without one, the newest. */
export const useEvidence = (screen: string | undefined, date?: string) =>
  useQuery({
    queryKey: ["evidence", screen, date],
    queryFn: () => answered(api.GET("/api/v1/screens/{id}/evidence", { params: { path: { id: screen ?? "" }, query: { date } } })),
    enabled: screen !== undefined,
    refetchInterval: 15_000,
  })

/** Where a picture's file is. */
export const pictureAddress = (screen: string, digest: string) => `/api/v1/screens/${screen}/evidence/${digest}`
