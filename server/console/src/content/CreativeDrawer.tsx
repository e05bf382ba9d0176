/** A creative's details: itself, what screens make of it, what happened to it, and what this person may do with it. */
import { App, Button, Drawer, Input, Modal } from "antd"
import { useState } from "react"
import { useMay } from "../accounts/session"
import { useWords } from "../i18n/language"
import { Loaded, Refused } from "../shell/Page"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { useCreative, useStep, type CreativeDetail } from "./creatives"
import { Facts, History, SentBack } from "./CreativeFacts"
import { Decide } from "./Decide"
import { Original } from "./Original"
import { RenditionsSection } from "./Renditions"
import { words } from "./words"

export function CreativeDrawer({ id, onClose, onEdit }: { id: string | null; onClose: () => void; onEdit: (creative: CreativeDetail) => void }) {
  const t = useWords(words)
  const creative = useCreative(id)
  const title = creative.data?.title ?? t.creative
  const footer = creative.data && <Actions creative={creative.data} onEdit={onEdit} />
  return (
    <Drawer open={id !== null} onClose={onClose} size={760} title={title} destroyOnHidden aria-label={title} footer={footer || null}>
      {id && <Loaded query={creative}>{(data) => <Details creative={data} />}</Loaded>}
    </Drawer>
  )
}

function Details({ creative }: { creative: CreativeDetail }) {
  const t = useWords(words)
  const beside = creative.kind === "poster" || creative.kind === "clip"
  return (
    <div className="stack" style={{ gap: 20 }}>
      <SentBack creative={creative} />
      <div style={{ display: "grid", gridTemplateColumns: beside ? "minmax(0, 1fr) 270px" : "minmax(0, 1fr)", gap: 20, alignItems: "start" }}>
        <div><Original creative={creative} /></div>
        <Facts creative={creative} wide={!beside} />
      </div>
      <RenditionsSection creative={creative} />
      <section>
        <h2 className="section-title">{t.history}</h2>
        <History creative={creative} />
      </section>
    </div>
  )
}

function Actions({ creative, onEdit }: { creative: CreativeDetail; onEdit: (creative: CreativeDetail) => void }) {
  const t = useWords(words)
  const { message } = App.useApp()
  const notice = useRefusalNotice()
  const mayDraft = useMay("draft")
  const mayPublish = useMay("publish")
  const mayReview = useMay("review")
  const step = useStep(creative.id)
  const [withdrawing, setWithdrawing] = useState(false)
  const { state } = creative
  const submittable = state === "draft" || state === "rejected" || state === "withdrawn"
  if (!mayDraft && !(mayPublish && state === "approved") && !(mayReview && state === "in_review")) return null
  const submit = () => step.mutate({ step: "submit" }, { onSuccess: () => void message.success(t.submitted), onError: notice })
  return (
    <div className="row">
      {mayPublish && state === "approved" && <Button danger onClick={() => setWithdrawing(true)}>{t.withdraw}</Button>}
      {mayDraft && <Button onClick={() => onEdit(creative)}>{t.edit}</Button>}
      <Decide creative={creative} />
      {mayDraft && submittable && <Button type="primary" className="right" onClick={submit} loading={step.isPending}>{t.submit}</Button>}
      {withdrawing && <Withdraw creative={creative} onClose={() => setWithdrawing(false)} />}
    </div>
  )
}

function Withdraw({ creative, onClose }: { creative: CreativeDetail; onClose: () => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const [reason, setReason] = useState("")
  const step = useStep(creative.id)
  const withdraw = () =>
    step.mutate(
      { step: "withdraw", reason: reason.trim() || undefined },
      {
        onSuccess: () => {
          void message.success(t.withdrawn(creative.title))
          onClose()
        },
      },
    )
  return (
    <Modal open title={t.withdrawTitle(creative.title)} okText={t.withdrawSure} okButtonProps={{ danger: true }} cancelText={common.cancel} onOk={withdraw} onCancel={onClose} confirmLoading={step.isPending} width={460}>
      <p>{t.withdrawDetail}</p>
      <Input.TextArea rows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.target.value)} placeholder={t.withdrawReason} aria-label={t.withdrawReason} />
      {step.error && <div style={{ marginTop: 12 }}><Refused error={step.error} /></div>}
    </Modal>
  )
}
