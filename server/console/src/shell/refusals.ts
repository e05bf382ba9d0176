/** Where a refusal is shown: beside the field it names, else as a note that stays until it is read. */
import { App, type FormInstance } from "antd"
import { useCallback } from "react"
import { asRefusal } from "../api/refusal"

/** Shows a refusal as a notice with title and detail. */
export function useRefusalNotice() {
  const { notification } = App.useApp()
  return useCallback(
    (error: unknown) => {
      const refusal = asRefusal(error)
      notification.error({ title: refusal.title, description: refusal.detail, duration: 10, role: "alert" })
    },
    [notification],
  )
}

/** Shows a refusal at the field of the form that it names; `fields` maps the server's names to the form's. */
export function useFormRefusal(form: FormInstance, fields: Record<string, string | string[]> = {}) {
  const notice = useRefusalNotice()
  return useCallback(
    (error: unknown) => {
      const refusal = asRefusal(error)
      const name = refusal.field === undefined ? undefined : (fields[refusal.field] ?? refusal.field)
      if (name !== undefined && form.getFieldInstance(name) !== undefined) {
        form.setFields([{ name, errors: [refusal.detail || refusal.title] }])
        form.scrollToField(name, { focus: true })
      } else {
        notice(error)
      }
    },
    [form, fields, notice],
  )
}
