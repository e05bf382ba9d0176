/** A selector in words. */
import { useLanguage, useWords } from "../i18n/language"
import { nameOf, useAreas, useDepartments, useVenueGroups, useVenueTypes } from "../screens/places"
import { useScreens } from "../screens/screens"
import { words as screenWords } from "../screens/words"
import type { Exclusion, Selector } from "./campaigns"
import { whole } from "./SelectorFields"
import { words } from "./words"

export function SelectorText({ selector }: { selector: Selector }) {
  const t = useWords(words)
  const s = useWords(screenWords)
  const { language } = useLanguage()
  const areas = useAreas()
  const departments = useDepartments()
  const groups = useVenueGroups()
  const types = useVenueTypes()
  const screens = useScreens({}, 60_000)
  const join = (names: string[]) => names.join(language === "zh" ? "、" : ", ")
  const screenNames = (ids: string[]) => join(ids.map((id) => screens.data?.find((one) => one.id === id)).map((one) => (one ? `${one.venue.name} ${one.name}` : "…")))
  const lists = (of: Exclusion) => [
    join([...of.venue_groups.map((code) => nameOf(groups.data, code)), ...of.venue_types.map((code) => nameOf(types.data, code))]),
    join(of.areas.map((code) => nameOf(areas.data, code))),
    join(of.departments.map((code) => nameOf(departments.data, code))),
    join(of.tags.map((tag) => t.tagged(tag))),
    join(of.screen_kinds.map((kind) => s.kinds[kind])),
  ]
  const said = whole(selector)
  const out = join([...lists(said.exclude), screenNames(said.exclude_screens)].filter(Boolean))
  const conditions = lists(said).filter(Boolean)
  const named = said.screens.length ? (conditions.length ? t.screensToo(screenNames(said.screens)) : t.screensOnly(screenNames(said.screens))) : ""
  const parts = [...conditions, named].filter(Boolean)
  return <>{[...(parts.length ? parts : [t.whole]), out && t.exceptFor(out)].filter(Boolean).join(" · ")}</>
}
