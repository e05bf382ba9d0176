/** A reviewer's two answers. Who had a hand in a creative is told why they cannot approve it. */
import { useQueryClient } from "@tanstack/react-query"
import { App, Button, Form, Input, Modal } from "antd"
import { useState } from "react"
import { asRefusal } from "../api/refusal"
import { useMay } from "../accounts/session"
import { useWords } from "../i18n/language"
import { Refused } from "../shell/Page"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { useStep, type CreativeDetail } from "./creatives"
import { words } from "./words"

export function Decide({ creative, onDone }: { creative: CreativeDetail; onDone?: (() => void) | undefined }) {
  const t = useWords(words)
  const { message } = App.useApp()
  const notice = useRefusalNotice()
  const mayReview = useMay("review")
  const client = useQueryClient()
  const step = useStep(creative.id)
  const [rejecting, setRejecting] = useState(false)
  if (creative.state !== "in_review" || !mayReview) return null
  const approve = () =>
    step.mutate(
      { step: "approve", content_hash: creative.content_hash },
      {
        onSuccess: () => {
          void message.success(t.approved(creative.title))
          onDone?.()
        },
        onError: (error) => {
          notice(error)
          // Most likely somebody else acted meanwhile: show how it stands now.
          void client.invalidateQueries({ queryKey: ["creatives"] })
        },
      },
    )
  return (
    <>
      {!creative.may_approve && <span className="dot wait small" role="note" style={{ whiteSpace: "normal", maxWidth: 420 }}>{t.ownWork}</span>}
      <Button onClick={() => setRejecting(true)} className="right">{t.reject}</Button>
      <Button type="primary" onClick={approve} loading={step.isPending && step.variables?.step === "approve"} disabled={!creative.may_approve}>{t.approve}</Button>
      {rejecting && (
        <Reject
          creative={creative}
          onClose={(done) => {
            setRejecting(false)
            if (done) onDone?.()
          }}
        />
      )}
    </>
  )
}

function Reject({ creative, onClose }: { creative: CreativeDetail; onClose: (done: boolean) => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const [form] = Form.useForm<{ reason: string }>()
  const step = useStep(creative.id)
  const send = ({ reason }: { reason: string }) =>
    step.mutate(
      { step: "reject", content_hash: creative.content_hash, reason },
      {
        onSuccess: () => {
          void message.success(t.rejected(creative.title))
          onClose(true)
        },
      },
    )
  return (
    <Modal open title={t.rejectTitle(creative.title)} okText={t.rejectSure} cancelText={common.cancel} onOk={() => form.submit()} onCancel={() => onClose(false)} confirmLoading={step.isPending} width={480}>
      <Form form={form} name="reject" layout="vertical" requiredMark={false} onFinish={send}>
        <Form.Item name="reason" label={t.reason} extra={t.rejectHint} rules={[{ required: true, whitespace: true, message: t.rejectNeeded }]}>
          <Input.TextArea autoFocus rows={4} maxLength={500} />
        </Form.Item>
      </Form>
      {step.error && <Refused error={asRefusal(step.error)} />}
    </Modal>
  )
}
