/** Screens and venues as queries; the list asks again by itself, since screens come and go without anybody clicking. */
import { useQuery } from "@tanstack/react-query"
import { useEffect, useState } from "react"
import { answered, api, type Schemas } from "../api/client"

export type Screen = Schemas["ScreenView"]
export type ScreenState = Schemas["ScreenState"]
export type ScreenKind = Schemas["ScreenKind"]
export type Venue = Schemas["Venue"]
export type ZoneName = Schemas["ZoneName"]

export interface ScreenFilter {
  venue?: string
  type?: Schemas["VenueType"]
  area?: string
  department?: string
  kind?: ScreenKind
  state?: ScreenState
  q?: string
}

export const useScreens = (filter: ScreenFilter = {}, every = 10_000) =>
  useQuery({
    queryKey: ["screens", filter],
    queryFn: async () => (await answered(api.GET("/api/v1/screens", { params: { query: filter } }))).items,
    refetchInterval: every,
    placeholderData: (before) => before,
  })

export const useScreen = (id: string | null, every = 5_000) =>
  useQuery({
    queryKey: ["screen", id],
    queryFn: () => answered(api.GET("/api/v1/screens/{id}", { params: { path: { id: id ?? "" } } })),
    enabled: id !== null,
    refetchInterval: every,
  })

/** The tags that screens have, for pickers to offer. */
export const useTags = () =>
  useQuery({ queryKey: ["screens", "tags"], queryFn: async () => (await answered(api.GET("/api/v1/screen-tags"))).items, staleTime: 30_000 })

/** What the server takes: so many tags on a screen, so many characters in one. */
export const MOST_TAGS = 20
export const LONGEST_TAG = 20

export type VenueFilter = Pick<ScreenFilter, "type" | "area" | "department" | "q">

export const useVenues = (filter: VenueFilter = {}) =>
  useQuery({
    queryKey: ["venues", filter],
    queryFn: async () => (await answered(api.GET("/api/v1/venues", { params: { query: filter } }))).items,
    placeholderData: (before) => before,
  })

/** The present moment, a new one every so many milliseconds. */
export function useNow(every = 1000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}

/** The colour class of a state's dot. */
export const DOT: Record<ScreenState, string> = { online: "good", offline: "bad", never_seen: "wait", retired: "off" }
