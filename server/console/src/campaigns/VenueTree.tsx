/** Venue types as the tree they are: a ticked group is all its types, those that are added to it later as well. */
import { Form, TreeSelect } from "antd"
import type { Ref } from "react"
import { useVenueGroups, useVenueTypes, type VenueGroup, type VenueType } from "../screens/places"
import type { Exclusion } from "./campaigns"

/** Groups and types share one tree, so groups are marked. */
const GROUP = "group:"

/** Writes `venue_types` and `venue_groups` of the form's part at `at`. */
export function VenueTree({ at, label, placeholder }: { at: string[]; label: string; placeholder: string }) {
  return (
    <>
      <Form.Item name={[...at, "venue_groups"]} hidden>
        <input type="hidden" />
      </Form.Item>
      <Form.Item name={[...at, "venue_types"]} label={label}>
        <Tree at={at} placeholder={placeholder} />
      </Form.Item>
    </>
  )
}

interface TreeProps {
  at: string[]
  placeholder: string
  id?: string
  value?: VenueType[]
  onChange?: (types: VenueType[]) => void
  ref?: Ref<HTMLSpanElement>
}

function Tree({ at, placeholder, id, value = [], onChange, ref }: TreeProps) {
  const form = Form.useFormInstance()
  const part: Partial<Exclusion> | undefined = Form.useWatch(at, form)
  const types = useVenueTypes()
  const groups = useVenueGroups()
  const nodes = groups.data?.map((group) => ({
    value: GROUP + group.code,
    title: group.name,
    children: types.data?.filter((type) => type.group === group.code).map((type) => ({ value: type.code, title: type.name })) ?? [],
  }))
  const choose = (chosen: string[]) => {
    form.setFieldValue([...at, "venue_groups"], chosen.filter((one) => one.startsWith(GROUP)).map((one) => one.slice(GROUP.length) as VenueGroup))
    onChange?.(chosen.filter((one) => !one.startsWith(GROUP)) as VenueType[])
  }
  return (
    <span ref={ref} tabIndex={-1}>
      <TreeSelect
        id={id}
        multiple
        treeCheckable
        showCheckedStrategy={TreeSelect.SHOW_PARENT}
        allowClear
        showSearch
        treeNodeFilterProp="title"
        placeholder={placeholder}
        value={[...(part?.venue_groups ?? []).map((group) => GROUP + group), ...value]}
        onChange={choose}
        treeData={nodes ?? []}
      />
    </span>
  )
}
