/** The stages of a campaign: what each is for, its days, and how strongly it plays. */
import { Button, DatePicker, Form, InputNumber, Select } from "antd"
import type { Dayjs } from "dayjs"
import { useWords } from "../i18n/language"
import type { Schemas } from "../api/client"
import { lifeWords } from "./lifeWords"

export interface StageValue {
  kind: Schemas["StageKind"]
  days: [Dayjs, Dayjs]
  intensity: number
}

const KINDS: Schemas["StageKind"][] = ["preparation", "concentrated", "evaluation", "routine"]

export function StageFields() {
  const t = useWords(lifeWords)
  return (
    <Form.Item label={t.stages} extra={t.stagesHint} style={{ marginBottom: 0 }}>
      <Form.List name="stages">
        {(rows, { add, remove }) => (
          <>
            {rows.map((row) => (
              <div key={row.key} className="stage-row">
                <Form.Item name={[row.name, "kind"]} rules={[{ required: true }]} noStyle>
                  <Select aria-label={t.stageKind} style={{ width: 118 }} options={KINDS.map((kind) => ({ value: kind, label: t.stageKinds[kind] }))} />
                </Form.Item>
                <Form.Item name={[row.name, "days"]} rules={[{ required: true, message: t.stageDaysNeeded }]} style={{ margin: 0, flex: 1 }}>
                  <DatePicker.RangePicker aria-label={t.stageDays} allowClear={false} style={{ width: "100%" }} />
                </Form.Item>
                <Form.Item name={[row.name, "intensity"]} rules={[{ required: true, type: "number", min: 10, max: 300, message: t.intensityNeeded }]} style={{ margin: 0 }}>
                  <InputNumber aria-label={t.intensity} min={10} max={300} step={10} suffix="%" style={{ width: 92 }} />
                </Form.Item>
                <button type="button" className="link-button" aria-label={t.removeStage} onClick={() => remove(row.name)}>×</button>
              </div>
            ))}
            <Button type="link" style={{ paddingInline: 0 }} onClick={() => add({ kind: "concentrated", intensity: 150 })}>{t.addStage}</Button>
          </>
        )}
      </Form.List>
    </Form.Item>
  )
}
