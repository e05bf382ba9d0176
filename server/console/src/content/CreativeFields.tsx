/** The fields that every creative has, and what the form makes of them. */
import { DatePicker, Form, Input, InputNumber, Segmented, Select } from "antd"
import dayjs, { type Dayjs } from "dayjs"
import { daysFromToday, today } from "../i18n/format"
import { useWords } from "../i18n/language"
import { LONGEST_TITLE, POSTER_SECONDS, useFraudTypes, type Creative, type CreativeKind, type FraudType } from "./creatives"
import { words } from "./words"

type Fit = Creative["fit"]

export interface Fields {
  title: string
  fraud_type: FraudType
  seconds?: number
  fit?: Fit
  validity?: [Dayjs | null, Dayjs | null] | null
}

/** A creative as the form shows it. */
export const fieldsOf = (creative: Creative): Fields => ({
  title: creative.title,
  fraud_type: creative.fraud_type,
  seconds: creative.duration_ms / 1000,
  fit: creative.fit,
  validity: [creative.valid_from ? dayjs(creative.valid_from) : null, creative.valid_until ? dayjs(creative.valid_until) : null],
})

/** The form's values as the server takes them. Only posters are given a length: any other has its own. */
export function bodyOf(kind: CreativeKind, v: Fields) {
  const [from, until] = v.validity ?? [null, null]
  return {
    title: v.title.trim(),
    fraud_type: v.fraud_type,
    valid_from: from?.format("YYYY-MM-DD") ?? null,
    valid_until: until?.format("YYYY-MM-DD") ?? null,
    ...(kind === "poster" && v.seconds != null ? { duration_ms: Math.round(v.seconds * 1000) } : {}),
    ...(kind === "poster" && v.fit ? { fit: v.fit } : {}),
  }
}

/** Where the server's names of fields are shown. */
export const FIELD_NAMES: Record<string, string> = { valid_from: "validity", valid_until: "validity", duration_ms: "seconds" }

/** `wide` puts two fields on a line. */
export function CreativeFieldset({ kind, wide, onTitle }: { kind: CreativeKind; wide?: boolean; onTitle?: () => void }) {
  const t = useWords(words)
  const fraudTypes = useFraudTypes()
  const day = dayjs(today())
  const presets = [
    { label: t.oneMonth, value: [day, dayjs(daysFromToday(30))] as [Dayjs, Dayjs] },
    { label: t.threeMonths, value: [day, dayjs(daysFromToday(90))] as [Dayjs, Dayjs] },
    { label: t.thisYear, value: [day, day.endOf("year")] as [Dayjs, Dayjs] },
  ]
  return (
    <div className={wide ? "fields-wide" : undefined}>
      <Form.Item name="title" label={t.name} rules={[{ required: true, whitespace: true, message: t.nameNeeded }, { max: LONGEST_TITLE, message: t.nameTooLong }]}>
        <Input maxLength={LONGEST_TITLE} onChange={onTitle} />
      </Form.Item>
      <Form.Item name="fraud_type" label={t.fraudType} rules={[{ required: true, message: t.fraudNeeded }]}>
        <Select showSearch optionFilterProp="label" placeholder={t.fraudNeeded} options={fraudTypes.data?.map((f) => ({ value: f.code, label: f.name }))} />
      </Form.Item>
      <Form.Item name="validity" label={t.validity} extra={t.validityHint}>
        <DatePicker.RangePicker allowEmpty={[true, true]} placeholder={[t.validFrom, t.validUntil]} presets={presets} style={{ width: "100%" }} />
      </Form.Item>
      {kind === "poster" && (
        <Form.Item
          name="seconds"
          label={t.seconds}
          extra={t.secondsRange}
          initialValue={POSTER_SECONDS.usual}
          rules={[{ required: true, type: "number", min: POSTER_SECONDS.least, max: POSTER_SECONDS.most, message: t.secondsRange }]}
        >
          <InputNumber suffix={t.secondsUnit} style={{ width: 150 }} />
        </Form.Item>
      )}
      {kind === "poster" && (
        <Form.Item name="fit" label={t.fit} extra={t.fitHint} initialValue="whole">
          <Segmented options={(["whole", "fill", "stretch"] as const).map((value) => ({ value, label: t.fits[value] }))} />
        </Form.Item>
      )}
    </div>
  )
}
