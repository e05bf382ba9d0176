/** How often: the kind of mode first, then only the fields of that kind. */
import { Form, InputNumber, Segmented, Select } from "antd"
import { useWords } from "../i18n/language"
import { HEAVIEST } from "./campaigns"
import { KINDS, PERIODS, type Kind, type ModeValues } from "./modes"
import { modeWords } from "./modeWords"

const TIME = /^([01]?\d|2[0-3])[:：][0-5]\d$/

export function ModeFields() {
  const t = useWords(modeWords)
  const form = Form.useFormInstance<{ mode: ModeValues }>()
  const kind: Kind = Form.useWatch(["mode", "kind"], form) ?? "share"
  const either = () => {
    const { per_hour, max_gap_minutes } = form.getFieldValue("mode") as ModeValues
    return per_hour || max_gap_minutes ? Promise.resolve() : Promise.reject(new Error(t.guaranteeNeeded))
  }
  return (
    <>
      <Form.Item name={["mode", "kind"]} label={t.mode} extra={<><div>{t.explains[kind]}</div><div>{t.order}</div></>}>
        <Segmented options={KINDS.map((value) => ({ value, label: t.names[value] }))} />
      </Form.Item>
      {kind === "share" && (
        <Form.Item name={["mode", "weight"]} label={t.weight} extra={t.weightHint} rules={[{ required: true, type: "integer", min: 1, max: HEAVIEST, message: t.weightHint }]}>
          <InputNumber style={{ width: 110 }} />
        </Form.Item>
      )}
      {kind === "guarantee" && (
        <div className="row" style={{ alignItems: "flex-start", gap: 24 }}>
          <Form.Item name={["mode", "per_hour"]} label={t.perHour} dependencies={[["mode", "max_gap_minutes"]]} rules={[{ type: "integer", min: 1, max: 360, message: t.guaranteeNeeded }, { validator: either }]}>
            <InputNumber style={{ width: 130 }} suffix={t.times} />
          </Form.Item>
          <Form.Item name={["mode", "max_gap_minutes"]} label={t.maxGap} rules={[{ type: "integer", min: 1, max: 1440, message: t.guaranteeNeeded }]}>
            <InputNumber style={{ width: 130 }} suffix={t.minutes} />
          </Form.Item>
        </div>
      )}
      {kind === "fixed" && (
        <Form.Item
          name={["mode", "times"]}
          label={t.fixedTimes}
          extra={t.fixedHint}
          rules={[{ required: true, type: "array", min: 1, max: 24, message: t.fixedNeeded, defaultField: { type: "string", pattern: TIME, message: t.fixedNeeded } }]}
        >
          <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[",", "，", "、", " "]} placeholder="07:30" />
        </Form.Item>
      )}
      {kind === "event" && (
        <Form.Item label={t.trigger}>
          <Select value="pre_show" options={[{ value: "pre_show", label: t.preShow }]} style={{ width: 220 }} />
        </Form.Item>
      )}
      {kind === "quota" && (
        <Form.Item label={t.names.quota} required>
          <div className="row">
            <Form.Item noStyle name={["mode", "per"]}>
              <Select aria-label={t.names.quota} options={PERIODS.map((value) => ({ value, label: t.periods[value] }))} style={{ width: 110 }} />
            </Form.Item>
            <Form.Item noStyle name={["mode", "plays"]} rules={[{ required: true, type: "integer", min: 1, max: 1000, message: t.quotaNeeded }]}>
              <InputNumber aria-label={t.quotaPlays} style={{ width: 130 }} suffix={t.times} />
            </Form.Item>
          </div>
        </Form.Item>
      )}
      {kind !== "event" && (
        <Form.Item name={["mode", "most_per_day"]} label={t.cap} extra={t.capHint} rules={[{ type: "integer", min: 1, max: 10_000, message: t.capHint }]}>
          <InputNumber style={{ width: 130 }} suffix={t.times} />
        </Form.Item>
      )}
    </>
  )
}
