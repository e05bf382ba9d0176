/** On which screens: the fields of a selector, for bookings and takeovers alike. */
import { Form, Select, TreeSelect } from "antd"
import { useState } from "react"
import { useWords } from "../i18n/language"
import { areaTree, useAreas, useDepartments, useVenueTypes } from "../screens/places"
import { useScreens, type ScreenKind } from "../screens/screens"
import { words as screens } from "../screens/words"
import type { Selector } from "./campaigns"
import { words } from "./words"

const KINDS: ScreenKind[] = ["lcd", "led_strip", "led_wall", "speaker"]

/** A selector that says nothing: all screens. */
export const ALL_SCREENS: Required<Selector> = { venue_types: [], areas: [], departments: [], screen_kinds: [], screens: [], exclude_screens: [] }

/** The fields, as `selector.…` of the form around them. */
export function SelectorFields({ initial }: { initial?: Selector }) {
  const t = useWords(words)
  const s = useWords(screens)
  const areas = useAreas()
  const departments = useDepartments()
  const types = useVenueTypes()
  const all = useScreens()
  const single = (initial?.screens?.length ?? 0) + (initial?.exclude_screens?.length ?? 0) > 0
  const [advanced, setAdvanced] = useState(single)
  const screenOptions = all.data?.map((one) => ({ value: one.id, label: `${one.venue.name} ${one.name}` }))
  const many = { mode: "multiple", allowClear: true, showSearch: true, optionFilterProp: "label", placeholder: t.any } as const
  return (
    <>
      <div className="pair">
        <Form.Item name={["selector", "venue_types"]} label={t.venueTypes}>
          <Select {...many} options={types.data?.map((x) => ({ value: x.code, label: x.name }))} />
        </Form.Item>
        <Form.Item name={["selector", "areas"]} label={t.areas}>
          <TreeSelect multiple allowClear showSearch treeDefaultExpandAll treeNodeFilterProp="title" placeholder={t.any} treeData={areaTree(areas.data ?? [])} />
        </Form.Item>
        <Form.Item name={["selector", "departments"]} label={t.departments}>
          <Select {...many} options={departments.data?.map((d) => ({ value: d.code, label: d.name }))} />
        </Form.Item>
        <Form.Item name={["selector", "screen_kinds"]} label={t.screenKinds}>
          <Select {...many} options={KINDS.map((value) => ({ value, label: s.kinds[value] }))} />
        </Form.Item>
      </div>
      <div className="pair" hidden={!advanced}>
        <Form.Item name={["selector", "screens"]} label={t.screens}>
          <Select {...many} options={screenOptions} />
        </Form.Item>
        <Form.Item name={["selector", "exclude_screens"]} label={t.exclude}>
          <Select {...many} placeholder="" options={screenOptions} />
        </Form.Item>
      </div>
      <p className="quiet small" style={{ margin: "-4px 0 14px" }}>
        {t.selectorHint}
        {!advanced && <button type="button" className="link-button" style={{ marginInlineStart: 8 }} onClick={() => setAdvanced(true)}>{t.advanced}</button>}
      </p>
    </>
  )
}
