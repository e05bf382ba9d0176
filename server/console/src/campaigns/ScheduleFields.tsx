/** When: dates, weekdays, and times of day. */
import { Button, Checkbox, DatePicker, Form, Input } from "antd"
import type { Dayjs } from "dayjs"
import { useWords } from "../i18n/language"
import { ALL_DAY, asTime, EVERY_DAY, isTime, WORKDAYS } from "./schedules"
import { words } from "./words"

/** `first` and `last` are the campaign's days. */
export function ScheduleFields({ first, last, rule }: { first: Dayjs; last: Dayjs; rule: string | null }) {
  const t = useWords(words)
  const form = Form.useFormInstance()
  const names = t.weekdayNames.split(",")
  const time = { rules: [{ validator: (_: unknown, v: string) => (isTime(asTime(v ?? "")) ? Promise.resolve() : Promise.reject(new Error(t.timeBad))) }], validateTrigger: "onBlur" }
  const tidy = (index: number, end: "from" | "to") => (e: React.FocusEvent<HTMLInputElement>) => form.setFieldValue(["windows", index, end], asTime(e.target.value))
  return (
    <>
      <Form.Item name="dates" label={t.dates} extra={t.datesHint} rules={[{ required: true, message: t.datesNeeded }]}>
        <DatePicker.RangePicker allowClear={false} style={{ width: "100%" }} minDate={first} maxDate={last} />
      </Form.Item>
      {rule ? (
        <p className="quiet">{t.rule(rule)}</p>
      ) : (
        <Form.Item
          label={
            <span className="row">
              {t.weekdays}
              <button type="button" className="link-button small" onClick={() => form.setFieldValue("weekdays", EVERY_DAY)}>{t.everyDay}</button>
              <button type="button" className="link-button small" onClick={() => form.setFieldValue("weekdays", WORKDAYS)}>{t.workdays}</button>
            </span>
          }
          name="weekdays"
          rules={[{ required: true, message: t.weekdaysNeeded }]}
        >
          <Checkbox.Group options={names.map((label, i) => ({ value: i + 1, label }))} />
        </Form.Item>
      )}
      <div className="row" style={{ alignItems: "flex-start", gap: 16 }}>
        <Form.Item name="except" label={t.except} extra={t.exceptHint} style={{ flex: 1 }}>
          <DatePicker multiple maxTagCount="responsive" minDate={first} maxDate={last} placeholder={t.noneChosen} style={{ width: "100%" }} />
        </Form.Item>
        <Form.Item name="also" label={t.also} extra={t.alsoHint} style={{ flex: 1 }}>
          <DatePicker multiple maxTagCount="responsive" minDate={first} maxDate={last} placeholder={t.noneChosen} style={{ width: "100%" }} />
        </Form.Item>
      </div>
      <Form.Item label={t.windows} extra={t.windowsHint}>
        <Form.List name="windows">
          {(fields, { add, remove }) => (
            <div className="windows">
              {fields.map((field) => (
                <div key={field.key} className="row" role="group" aria-label={`${t.windows} ${field.name + 1}`}>
                  <Form.Item noStyle name={[field.name, "from"]} {...time}>
                    <Input aria-label={t.windowFrom} maxLength={5} onBlur={tidy(field.name, "from")} />
                  </Form.Item>
                  {t.windowTo}
                  <Form.Item noStyle name={[field.name, "to"]} {...time}>
                    <Input aria-label={t.windowTo} maxLength={5} onBlur={tidy(field.name, "to")} />
                  </Form.Item>
                  {fields.length > 1 && <button type="button" className="link-button" onClick={() => remove(field.name)}>{t.remove}</button>}
                </div>
              ))}
              <div className="row">
                <Button size="small" onClick={() => add({ from: "", to: "" })}>{t.addWindow}</Button>
                <Button size="small" type="link" onClick={() => form.setFieldValue("windows", [ALL_DAY])}>{t.allDay}</Button>
              </div>
            </div>
          )}
        </Form.List>
      </Form.Item>
    </>
  )
}
