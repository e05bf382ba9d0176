/** The code lists of places: areas, departments, venue types. They change rarely, so they are kept for minutes. */
import { useQuery } from "@tanstack/react-query"
import { answered, api, type Schemas } from "../api/client"
import { useLanguage } from "../i18n/language"
import { VENUE_GROUPS_EN, VENUE_TYPES_EN } from "./venueTypesEn"

export type Area = Schemas["Area"]
export type VenueType = Schemas["VenueType"]
export type VenueGroup = Schemas["VenueGroup"]

const RARELY = 5 * 60_000

export const useAreas = () =>
  useQuery({ queryKey: ["areas"], queryFn: async () => (await answered(api.GET("/api/v1/areas"))).items, staleTime: RARELY })

export const useDepartments = () =>
  useQuery({ queryKey: ["departments"], queryFn: async () => (await answered(api.GET("/api/v1/departments"))).items, staleTime: RARELY })

const venueTypes = { queryKey: ["venue-types"], queryFn: () => answered(api.GET("/api/v1/venue-types")), staleTime: RARELY }

/** Venue types with their names in the current language. */
export function useVenueTypes() {
  const { language } = useLanguage()
  return useQuery({
    ...venueTypes,
    select: ({ items }) => items.map((item) => ({ ...item, name: language === "zh" ? item.name : VENUE_TYPES_EN[item.code] })),
  })
}

/** The groups that venue types are in, likewise. */
export function useVenueGroups() {
  const { language } = useLanguage()
  return useQuery({
    ...venueTypes,
    select: ({ groups }) => groups.map((group) => ({ ...group, name: language === "zh" ? group.name : VENUE_GROUPS_EN[group.code] })),
  })
}

/** The name of a code, the code itself while the list is not here yet. */
export const nameOf = (list: { code: string; name: string }[] | undefined, code: string) =>
  list?.find((item) => item.code === code)?.name ?? code

export interface AreaNode {
  key: string
  value: string
  title: string
  children: AreaNode[]
}

/** The flat list as a tree. */
export function areaTree(areas: Area[]): AreaNode[] {
  const nodes = new Map(areas.map((a) => [a.code, { key: a.code, value: a.code, title: a.name, children: [] as AreaNode[] }]))
  const roots: AreaNode[] = []
  for (const area of areas) {
    const node = nodes.get(area.code)
    if (!node) continue
    const above = area.parent ? nodes.get(area.parent) : undefined
    if (above) above.children.push(node)
    else roots.push(node)
  }
  return roots
}
