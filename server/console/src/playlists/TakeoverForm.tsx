/** Starting a takeover: content, target, expiry; beside it whom it reaches; then one confirmation that says it all. */
import { App, Button, Drawer, Form, Input, InputNumber, Modal, Radio } from "antd"
import { useState } from "react"
import { useReach, type Selector } from "../campaigns/campaigns"
import { CreativePicker } from "../campaigns/CreativePicker"
import { ReachPanel } from "../campaigns/ReachPanel"
import { ALL_SCREENS, SelectorFields } from "../campaigns/SelectorFields"
import { words as campaignWords } from "../campaigns/words"
import { hourMinute } from "../i18n/format"
import { useWords } from "../i18n/language"
import { useFormRefusal } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { LONGEST, useStartTakeover, type TakeoverLevel } from "./takeovers"
import { words } from "./takeoverWords"
import "../campaigns/campaigns.css"

interface Values {
  title: string
  level: TakeoverLevel
  creatives: string[]
  selector: Selector
  minutes: number
}

const LEVELS: TakeoverLevel[] = ["notice", "warning", "emergency"]
const LASTS = [15, 30, 60, 180] as const
const FIELDS: Record<string, string | string[]> = { expires_in_minutes: "minutes", selector: ["selector", "venue_types"] }

export function TakeoverForm({ onClose }: { onClose: () => void }) {
  const t = useWords(words)
  const c = useWords(campaignWords)
  const common = useWords(shell)
  const { message } = App.useApp()
  const [form] = Form.useForm<Values>()
  const refused = useFormRefusal(form, FIELDS)
  const start = useStartTakeover()
  const [asked, setAsked] = useState<Values | null>(null)
  const selector = Form.useWatch("selector", form) ?? ALL_SCREENS
  const creatives = Form.useWatch("creatives", form) ?? []
  const reach = useReach(selector, creatives)
  const screens = reach.data?.screens ?? 0
  const go = (v: Values) =>
    start.mutate(
      { title: v.title.trim(), level: v.level, creatives: v.creatives, selector: v.selector, expires_in_minutes: v.minutes },
      {
        onSuccess: (started) => {
          void message.success(t.started(started.screens))
          onClose()
        },
        onError: (error) => {
          setAsked(null)
          refused(error)
        },
      },
    )
  return (
    <Drawer
      open
      size={1040}
      title={t.start}
      aria-label={t.start}
      onClose={onClose}
      maskClosable={false}
      footer={
        <div className="row">
          <Button className="right" onClick={onClose}>{common.cancel}</Button>
          <Button type="primary" danger onClick={() => form.submit()}>{t.go}</Button>
        </div>
      }
    >
      <Form
        form={form}
        name="takeover"
        layout="vertical"
        requiredMark={false}
        initialValues={{ level: "warning", creatives: [], selector: ALL_SCREENS, minutes: 30 }}
        onFinish={(v: Values) => (screens > 0 ? setAsked(v) : form.setFields([{ name: ["selector", "venue_types"], errors: [t.noScreens] }]))}
        scrollToFirstError
      >
        <div className="booking-form">
          <div>
            <Form.Item name="title" label={t.name} rules={[{ required: true, whitespace: true, message: t.nameNeeded }]}>
              <Input maxLength={60} autoFocus placeholder={t.nameHint} />
            </Form.Item>
            <Form.Item name="level" label={t.level} extra={t.levelHint}>
              <Radio.Group optionType="button" options={LEVELS.map((value) => ({ value, label: t.levels[value] }))} />
            </Form.Item>
            <h2>{t.content}</h2>
            <Form.Item name="creatives" rules={[{ required: true, type: "array", min: 1, message: c.creativesNeeded }]}>
              <CreativePicker />
            </Form.Item>
            <h2>{t.target}</h2>
            <SelectorFields />
            <h2>{t.minutes}</h2>
            <div className="row">
              <Form.Item name="minutes" extra={t.minutesHint} rules={[{ required: true, type: "integer", min: 1, max: LONGEST, message: t.minutesHint }]}>
                <InputNumber aria-label={t.minutes} suffix={t.minute} style={{ width: 140 }} />
              </Form.Item>
              <div className="row" style={{ alignSelf: "flex-start" }}>
                {LASTS.map((minutes) => (
                  <Button key={minutes} onClick={() => form.setFieldValue("minutes", minutes)}>{t.lasts[minutes]}</Button>
                ))}
              </div>
            </div>
          </div>
          <div className="side">
            <ReachPanel selector={selector} creatives={creatives} />
          </div>
        </div>
      </Form>
      <Modal
        open={asked !== null}
        title={t.ask(screens)}
        onCancel={() => setAsked(null)}
        okText={t.confirm}
        okButtonProps={{ danger: true }}
        cancelText={common.cancel}
        confirmLoading={start.isPending}
        onOk={() => asked && go(asked)}
      >
        {asked && <p>{t.askDetail(asked.title.trim(), hourMinute(Date.now() + asked.minutes * 60_000))}</p>}
      </Modal>
    </Drawer>
  )
}
