/** On which screens: the fields of a selector, for bookings and takeovers alike. */
import { Form, Select, TreeSelect } from "antd"
import { useState } from "react"
import { useWords } from "../i18n/language"
import { areaTree, useAreas, useDepartments } from "../screens/places"
import { useScreens, useTags, type ScreenKind } from "../screens/screens"
import { words as screens } from "../screens/words"
import type { Exclusion, Selector } from "./campaigns"
import { VenueTree } from "./VenueTree"
import { words } from "./words"

const KINDS: ScreenKind[] = ["lcd", "led_strip", "led_wall", "speaker"]

const NOTHING: Exclusion = { venue_types: [], venue_groups: [], areas: [], departments: [], tags: [], screen_kinds: [] }

/** A selector that says nothing: all screens. */
export const ALL_SCREENS: Selector = {
  venue_types: [],
  venue_groups: [],
  areas: [],
  departments: [],
  tags: [],
  screen_kinds: [],
  screens: [],
  exclude: NOTHING,
  exclude_screens: [],
}

/** A selector with every list there: the server leaves out some that are empty. */
export const whole = (selector: Selector): Selector => ({ ...ALL_SCREENS, ...selector, exclude: { ...NOTHING, ...selector.exclude } })

/** How many things a selector leaves out. */
export const exclusionsOf = (selector: Selector): number =>
  [...Object.values(selector.exclude ?? NOTHING), selector.exclude_screens ?? []].reduce((sum, list) => sum + (list as unknown[] | undefined ?? []).length, 0)

/** The fields, as `selector.…` of the form around them. */
export function SelectorFields({ initial }: { initial?: Selector }) {
  const t = useWords(words)
  const s = useWords(screens)
  const areas = useAreas()
  const departments = useDepartments()
  const tags = useTags()
  const all = useScreens({}, 60_000)
  const now: Selector = Form.useWatch("selector") ?? initial ?? ALL_SCREENS
  const without = exclusionsOf(now)
  const [single, setSingle] = useState((initial?.screens ?? []).length > 0)
  const [excluding, setExcluding] = useState(initial !== undefined && exclusionsOf(initial) > 0)
  const screenOptions = all.data?.map((one) => ({ value: one.id, label: `${one.venue.name} ${one.name}` }))
  const tree = { multiple: true, allowClear: true, showSearch: true, treeDefaultExpandAll: true, treeNodeFilterProp: "title" } as const
  const many = { mode: "multiple", allowClear: true, showSearch: true, optionFilterProp: "label" } as const
  const areaNodes = areaTree(areas.data ?? [])
  const departmentOptions = departments.data?.map((d) => ({ value: d.code, label: d.name }))
  const kindOptions = KINDS.map((value) => ({ value, label: s.kinds[value] }))
  const tagOptions = tags.data?.map(({ tag, screens: on }) => ({ value: tag, label: t.tagOn(tag, on) }))
  return (
    <>
      <div className="pair">
        <VenueTree at={["selector"]} label={t.venueTypes} placeholder={t.any} />
        <Form.Item name={["selector", "areas"]} label={t.areas}>
          <TreeSelect {...tree} placeholder={t.any} treeData={areaNodes} />
        </Form.Item>
        <Form.Item name={["selector", "departments"]} label={t.departments}>
          <Select {...many} placeholder={t.any} options={departmentOptions} />
        </Form.Item>
        <Form.Item name={["selector", "screen_kinds"]} label={t.screenKinds}>
          <Select {...many} placeholder={t.any} options={kindOptions} />
        </Form.Item>
        <Form.Item name={["selector", "tags"]} label={t.tags}>
          <Select {...many} mode="tags" placeholder={t.any} options={tagOptions} optionLabelProp="value" />
        </Form.Item>
        <Form.Item name={["selector", "screens"]} label={t.screens} tooltip={t.screensHint} hidden={!single}>
          <Select {...many} placeholder={t.any} options={screenOptions} />
        </Form.Item>
      </div>
      <p className="quiet small selector-hint">
        {t.selectorHint}
        {!single && <button type="button" className="link-button" onClick={() => setSingle(true)}>{t.single}</button>}
        <button type="button" className="link-button" aria-expanded={excluding} onClick={() => setExcluding(!excluding)}>
          {without > 0 ? t.excludeSome(without) : t.exclude}
        </button>
      </p>
      <fieldset className="exclusion" hidden={!excluding} aria-label={t.exclude}>
        <p className="quiet small">{t.excludeHint}</p>
        <div className="pair">
          <VenueTree at={["selector", "exclude"]} label={t.excludeVenues} placeholder="" />
          <Form.Item name={["selector", "exclude", "areas"]} label={t.excludeAreas}>
            <TreeSelect {...tree} treeData={areaNodes} />
          </Form.Item>
          <Form.Item name={["selector", "exclude", "departments"]} label={t.excludeDepartments}>
            <Select {...many} options={departmentOptions} />
          </Form.Item>
          <Form.Item name={["selector", "exclude", "screen_kinds"]} label={t.excludeKinds}>
            <Select {...many} options={kindOptions} />
          </Form.Item>
          <Form.Item name={["selector", "exclude", "tags"]} label={t.excludeTags}>
            <Select {...many} mode="tags" options={tagOptions} optionLabelProp="value" />
          </Form.Item>
          <Form.Item name={["selector", "exclude_screens"]} label={t.excludeScreens}>
            <Select {...many} options={screenOptions} />
          </Form.Item>
        </div>
      </fieldset>
    </>
  )
}
