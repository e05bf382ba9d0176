/** How a screen runs over the day: off hours, brightness and volume tables, how pictures change. */
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons"
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { App, Button, Form, Input, InputNumber, Modal, Radio } from "antd"
import { useState } from "react"
import { answered, api } from "../api/client"
import { evidenceWords } from "../plays/evidenceWords"
import { useMay } from "../accounts/session"
import { useWords } from "../i18n/language"
import { useFormRefusal } from "../shell/refusals"
import { words as shell } from "../shell/words"
import type { Screen } from "./screens"
import { wallWords } from "./wallWords"

type Settings = Required<Screen["wall"]>
type Level = Settings["brightness"][number]

const USUAL: Settings = { off: [], brightness: [], volume: [], transition: "cut" }
/** The form: how it runs, and how many pictures it takes of itself. */
type Filled = Partial<Settings> & { evidence_per_day?: number | null }

/** What the server takes. */
const MOST_EVIDENCE = 24

const TRANSITIONS = ["cut", "fade", "slide"] as const

export function Wall({ screen }: { screen: Screen }) {
  const t = useWords(wallWords)
  const pictures = useWords(evidenceWords)
  const manage = useMay("manageScreens")
  const [editing, setEditing] = useState(false)
  const wall: Settings = { ...USUAL, ...screen.wall }
  const levels = (rows: Level[]) => (rows.length ? rows.map((row) => `${row.from} ${row.percent}%`).join(t.join) : t.full)
  const heard = screen.sound === "on"
  const seen = screen.kind !== "speaker"
  return (
    <>
      <dl className="facts">
        <dt>{t.off}</dt><dd>{wall.off.length ? wall.off.map((span) => `${span.from}–${span.to}`).join(t.join) : t.never}</dd>
        {seen && <><dt>{t.brightness}</dt><dd>{levels(wall.brightness)}</dd></>}
        {heard && <><dt>{t.volume}</dt><dd>{levels(wall.volume)}</dd></>}
        {seen && <><dt>{t.transition}</dt><dd>{t.transitions[wall.transition]}</dd></>}
        {seen && <><dt>{pictures.perDay}</dt><dd>{pictures.perDayValue(screen.evidence_per_day)}{screen.evidence_per_day > 0 && screen.status && !screen.status.abilities?.evidence && <span className="quiet small"> · {pictures.unable}</span>}</dd></>}
      </dl>
      {manage && screen.state !== "retired" && <Button size="small" style={{ marginBlockStart: 8 }} onClick={() => setEditing(true)}>{t.edit}</Button>}
      {editing && <EditWall screen={screen} wall={wall} onClose={() => setEditing(false)} />}
    </>
  )
}

function EditWall({ screen, wall, onClose }: { screen: Screen; wall: Settings; onClose: () => void }) {
  const t = useWords(wallWords)
  const pictures = useWords(evidenceWords)
  const common = useWords(shell)
  const client = useQueryClient()
  const { message } = App.useApp()
  const [form] = Form.useForm<Filled>()
  const refused = useFormRefusal(form)
  const save = useMutation({
    // What the form has no field for stays as it is.
    mutationFn: ({ evidence_per_day, ...changed }: Filled) => answered(api.PATCH("/api/v1/screens/{id}", { params: { path: { id: screen.id } }, body: { wall: sorted({ ...wall, ...changed }), evidence_per_day: evidence_per_day ?? undefined } })),
    onSuccess: (changed) => {
      client.setQueryData(["screen", screen.id], changed)
      void client.invalidateQueries({ queryKey: ["screens"] })
      void message.success(t.saved)
      onClose()
    },
    onError: refused,
  })
  return (
    <Modal open title={t.edit} onCancel={onClose} okText={common.save} onOk={() => form.submit()} confirmLoading={save.isPending} width={520}>
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ ...wall, evidence_per_day: screen.evidence_per_day }} onFinish={(v) => save.mutate(v)}>
        <Form.Item label={t.off} extra={t.offHint}>
          <Rows name="off" fresh={{ from: "22:30", to: "06:00" }}>
            {(row) => (
              <>
                <span>{t.from}</span><Time name={[row, "from"]} />
                <span>{t.to}</span><Time name={[row, "to"]} />
              </>
            )}
          </Rows>
        </Form.Item>
        {screen.kind !== "speaker" && <Levels name="brightness" label={t.brightness} hint={t.brightnessHint} least={1} fresh={{ from: "19:00", percent: 60 }} />}
        {screen.sound === "on" && <Levels name="volume" label={t.volume} hint={t.volumeHint} least={0} fresh={{ from: "08:00", percent: 70 }} />}
        {screen.kind !== "speaker" && (
          <Form.Item name="transition" label={t.transition}>
            <Radio.Group options={TRANSITIONS.map((value) => ({ value, label: t.transitions[value] }))} />
          </Form.Item>
        )}
        {screen.kind !== "speaker" && (
          <Form.Item name="evidence_per_day" label={pictures.perDay} extra={pictures.perDayHint}>
            <InputNumber min={0} max={MOST_EVIDENCE} precision={0} suffix={pictures.perDayUnit} style={{ width: 130 }} />
          </Form.Item>
        )}
      </Form>
    </Modal>
  )
}

function sorted(wall: Settings): Settings {
  const ascending = (rows: Level[]) => [...rows].sort((a, b) => a.from.localeCompare(b.from))
  return { off: wall.off, brightness: ascending(wall.brightness), volume: ascending(wall.volume), transition: wall.transition }
}

function Levels({ name, label, hint, least, fresh }: { name: string; label: string; hint: string; least: number; fresh: Level }) {
  const t = useWords(wallWords)
  return (
    <Form.Item label={label} extra={hint}>
      <Rows name={name} fresh={fresh}>
        {(row) => (
          <>
            <span>{t.from}</span><Time name={[row, "from"]} />
            <Form.Item name={[row, "percent"]} noStyle rules={[{ required: true, message: t.percentNeeded }]}>
              <InputNumber min={least} max={100} step={5} precision={0} suffix="%" style={{ width: 110 }} aria-label={label} />
            </Form.Item>
          </>
        )}
      </Rows>
    </Form.Item>
  )
}

function Time({ name }: { name: [number, "from" | "to"] }) {
  const t = useWords(wallWords)
  return (
    <Form.Item name={name} noStyle rules={[{ required: true, message: t.needed }, { pattern: /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, message: "HH:MM" }]}>
      <Input style={{ width: 84 }} maxLength={5} placeholder="HH:MM" className="mono" aria-label={name[1] === "to" ? t.to : t.from} />
    </Form.Item>
  )
}

function Rows({ name, fresh, children }: { name: string; fresh: object; children: (row: number) => React.ReactNode }) {
  const t = useWords(wallWords)
  return (
    <Form.List name={name}>
      {(rows, { add, remove }) => (
        <div className="stack" style={{ gap: 6 }}>
          {rows.map((row) => (
            <div className="row" key={row.key}>
              {children(row.name)}
              <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t.remove} title={t.remove} onClick={() => remove(row.name)} />
            </div>
          ))}
          <div><Button type="dashed" size="small" icon={<PlusOutlined />} onClick={() => add(fresh)}>{t.add}</Button></div>
        </div>
      )}
    </Form.List>
  )
}
