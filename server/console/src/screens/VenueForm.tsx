/** A venue's fields, alone in a dialog or as part of pairing. */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { App, Form, Input, Modal, Select, TreeSelect } from "antd"
import { answered, api, type Schemas } from "../api/client"
import { useLanguage, useWords } from "../i18n/language"
import { useFormRefusal } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { openingInWords, readOpening } from "./opening"
import { areaTree, useAreas, useDepartments, useVenueTypes } from "./places"
import type { Venue } from "./screens"
import { words } from "./words"

export type VenueFields = Schemas["AddVenue"]

/** Two numbers with a comma or blanks between; whether there is such a place, the server says. */
const POSITION = /^[+-]?\d{1,3}(\.\d+)?\s*[,，、\s]\s*[+-]?\d{1,3}(\.\d+)?$/

/** The fields, at `prefix` of the surrounding form. */
export function VenueFieldset({ prefix = [], focus }: { prefix?: string[]; focus?: boolean }) {
  const t = useWords(words)
  const areas = useAreas()
  const departments = useDepartments()
  const types = useVenueTypes()
  const { language } = useLanguage()
  const at = (name: string) => [...prefix, name]
  const opening: unknown = Form.useWatch(at("opening"))
  const read = typeof opening === "string" && readOpening(opening) ? openingInWords(opening, language) : null
  const readable = (_: unknown, text?: string) => (!text || readOpening(text) ? Promise.resolve() : Promise.reject(new Error(t.openingBad)))
  const needed = [{ required: true, message: t.needed }]
  return (
    <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", columnGap: 16 }}>
      <Form.Item name={at("name")} label={t.venue} rules={[{ required: true, whitespace: true, message: t.needed }]}>
        <Input autoFocus={focus} maxLength={60} />
      </Form.Item>
      <Form.Item name={at("type")} label={t.venueType} rules={needed}>
        <Select showSearch optionFilterProp="label" options={types.data?.map((x) => ({ value: x.code, label: x.name }))} />
      </Form.Item>
      <Form.Item name={at("area")} label={t.area} rules={needed}>
        <TreeSelect showSearch treeDefaultExpandAll treeNodeFilterProp="title" treeData={areaTree(areas.data ?? [])} />
      </Form.Item>
      <Form.Item name={at("department")} label={t.department} rules={needed}>
        <Select showSearch optionFilterProp="label" options={departments.data?.map((d) => ({ value: d.code, label: d.name }))} />
      </Form.Item>
      <Form.Item name={at("address")} label={t.address} style={{ gridColumn: "span 2" }}>
        <Input maxLength={120} />
      </Form.Item>
      <Form.Item name={at("position")} label={t.position} extra={t.positionHint} rules={[{ validator: (_, text?: string) => (!text?.trim() || POSITION.test(text.trim()) ? Promise.resolve() : Promise.reject(new Error(t.positionBad))) }]} style={{ gridColumn: "span 2" }}>
        <Input placeholder="29.12345,115.67890" maxLength={60} allowClear />
      </Form.Item>
      <Form.Item
        name={at("opening")}
        label={t.opening}
        extra={<>{read && <div>{t.openingRead(read)}</div>}{t.openingHint}</>}
        rules={[...needed, { validator: readable }]}
        style={{ gridColumn: "span 2" }}
      >
        <Input placeholder="Mo-Fr 08:30-17:30; Sa 09:00-12:00; Su off" maxLength={400} />
      </Form.Item>
    </div>
  )
}

/** Dialog to add or change a venue. */
export function VenueDialog({ venue, onClose }: { venue: Venue | null; onClose: () => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const client = useQueryClient()
  const { message } = App.useApp()
  const [form] = Form.useForm<VenueFields>()
  const refused = useFormRefusal(form)
  const save = useMutation({
    mutationFn: ({ position, ...fields }: VenueFields) => {
      // An empty field takes the position away.
      const body = { ...fields, position: position ?? "" }
      return venue
        ? answered(api.PATCH("/api/v1/venues/{id}", { params: { path: { id: venue.id } }, body }))
        : answered(api.POST("/api/v1/venues", { body }))
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["venues"] })
      void client.invalidateQueries({ queryKey: ["screens"] })
      void message.success(common.saved)
      onClose()
    },
    onError: refused,
  })
  const initial = venue
    ? { name: venue.name, type: venue.type, area: venue.area, department: venue.department, opening: venue.opening, address: venue.address, position: venue.position ?? "" }
    : { opening: "00:00-24:00", address: "" }
  return (
    <Modal open title={venue ? t.venueTitle(venue.name) : t.addVenue} onCancel={onClose} okText={venue ? common.save : t.addVenue} onOk={() => form.submit()} confirmLoading={save.isPending} width={620}>
      <Form form={form} layout="vertical" requiredMark={false} initialValues={initial} onFinish={(v) => save.mutate(v)}>
        <VenueFieldset focus={!venue} />
      </Form>
    </Modal>
  )
}
