/** Writing a slogan, and changing any creative: the fields on the left, for slogans what screens make of it on the right. */
import { useMutation } from "@tanstack/react-query"
import { App, Button, Form, Input, Modal } from "antd"
import { useRef } from "react"
import { answered, api } from "../api/client"
import { useWords } from "../i18n/language"
import { useFormRefusal } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { bodyOf, CreativeFieldset, FIELD_NAMES, fieldsOf, type Fields } from "./CreativeFields"
import { LONGEST_TEXT, useKeep, type CreativeDetail } from "./creatives"
import { Original } from "./Original"
import { SloganCheck } from "./SloganCheck"
import { words } from "./words"

interface Values extends Fields {
  text?: string
}

/** `creative` is what is changed; without, a slogan is written. */
export function CreativeForm({ creative, onClose }: { creative: CreativeDetail | null; onClose: (saved?: CreativeDetail) => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const kept = useKeep()
  const [form] = Form.useForm<Values>()
  const refused = useFormRefusal(form, FIELD_NAMES)
  const kind = creative?.kind ?? "slogan"
  const text = Form.useWatch("text", form) ?? creative?.text ?? ""
  const fraudType = Form.useWatch("fraud_type", form)
  // Until somebody gives it a title of its own, a slogan is called by its words.
  const ownTitle = useRef(creative !== null)
  // What was made by a save whose submission failed is changed by the next save, not made twice.
  const made = useRef<CreativeDetail | null>(creative)
  const submitting = useRef(false)
  const save = useMutation({
    mutationFn: async (v: Values) => {
      const body = { ...bodyOf(kind, v), ...(kind === "slogan" ? { text: v.text ?? "" } : {}) }
      const saved = made.current
        ? await answered(api.PATCH("/api/v1/creatives/{id}", { params: { path: { id: made.current.id } }, body }))
        : await answered(api.POST("/api/v1/creatives", { body: { kind, ...body } }))
      made.current = saved
      kept(saved)
      if (!submitting.current) return saved
      return answered(api.POST("/api/v1/creatives/{id}/submit", { params: { path: { id: saved.id } } }))
    },
    onSuccess: (saved) => {
      kept(saved)
      void message.success(saved.state === "in_review" ? t.submitted : t.draftSaved)
      onClose(saved)
    },
    onError: refused,
  })
  const finish = (submit: boolean) => {
    submitting.current = submit
    form.submit()
  }
  const fields = (
    <Form form={form} name="creative" layout="vertical" requiredMark={false} onFinish={(v) => save.mutate(v)} initialValues={creative ? { ...fieldsOf(creative), text: creative.text ?? undefined } : {}}>
      {creative && (creative.state === "approved" || creative.state === "in_review") && (
        <div className="note-box" role="note" style={{ marginBottom: 14 }}>{creative.state === "approved" ? t.editVoids : t.editRecalls}</div>
      )}
      {kind === "slogan" && (
        <Form.Item name="text" label={t.text} extra={t.textHint([...text].length)} rules={[{ required: true, whitespace: true, message: t.textNeeded }]}>
          <Input.TextArea
            autoFocus
            autoSize={{ minRows: 3, maxRows: 5 }}
            maxLength={LONGEST_TEXT}
            style={{ fontSize: 16 }}
            onPressEnter={(e) => e.preventDefault()}
            onChange={(e) => {
              if (!ownTitle.current) form.setFieldValue("title", titleOf(e.target.value))
            }}
          />
        </Form.Item>
      )}
      <CreativeFieldset kind={kind} onTitle={() => (ownTitle.current = true)} />
    </Form>
  )
  return (
    <Modal
      open
      title={creative ? t.editTitle(creative.title) : t.sloganNew}
      onCancel={() => onClose()}
      width={kind === "slogan" ? 1120 : 900}
      style={{ top: 28 }}
      maskClosable={false}
      footer={
        <>
          <Button onClick={() => onClose()}>{common.cancel}</Button>
          <Button onClick={() => finish(false)} loading={save.isPending && !submitting.current}>{t.saveDraft}</Button>
          <Button type="primary" onClick={() => finish(true)} loading={save.isPending && submitting.current}>{t.saveSubmit}</Button>
        </>
      }
    >
      {kind === "slogan" ? (
        <div className="slogan-form">
          <div>{fields}</div>
          <div><SloganCheck text={text} fraudType={fraudType} /></div>
        </div>
      ) : (
        <div style={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr) 360px", gap: 24 }}>
          {fields}
          <div>{creative && <Original creative={creative} maxHeight={320} />}</div>
        </div>
      )}
    </Modal>
  )
}

/** About how long a title made of a slogan gets, in characters. */
const USUAL_TITLE = 20

/** A slogan's first clauses as its title. */
function titleOf(text: string): string {
  const clauses = text.trim().replace(/\s+/g, " ").split(/(?<=[\uff0c\u3002\uff1b\uff01\uff1f\uff1a,;!?])/)
  let title = clauses[0] ?? ""
  for (const clause of clauses.slice(1)) {
    if (title.length + clause.length > USUAL_TITLE) break
    title += clause
  }
  return [...title.replace(/[\uff0c\u3002\uff1b\uff1a,;]$/, "")].slice(0, 2 * USUAL_TITLE).join("")
}
