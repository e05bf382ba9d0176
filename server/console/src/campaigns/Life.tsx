/** Where a campaign stands, what was done with it, and the steps that this person may take next. */
import { Button, DatePicker, Form, Input, Modal, Popconfirm, Steps, App } from "antd"
import dayjs, { type Dayjs } from "dayjs"
import { useState } from "react"
import { useNavigate } from "react-router"
import { useMay, useMe } from "../accounts/session"
import { shortDateTime, today } from "../i18n/format"
import { useWords } from "../i18n/language"
import { Refused } from "../shell/Page"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { Commit } from "./Commit"
import type { Campaign } from "./campaigns"
import { useCopy, useHistory, useReject, useWithdraw, type Standing } from "./life"
import { lifeWords } from "./lifeWords"
import { words } from "./words"

const LINE = ["draft", "in_review", "approved", "running", "ended"] as const satisfies readonly Standing[]

/** The line from draft to ended; nothing once it was withdrawn: the note beside it says so. */
export function LifeLine({ campaign }: { campaign: Campaign }) {
  const t = useWords(lifeWords)
  const here = LINE.findIndex((one) => one === campaign.standing)
  if (here < 0) return null
  return <Steps className="life-line" aria-label={t.line} size="small" current={here} items={LINE.map((one) => ({ title: t.steps[one] }))} />
}

/** What a reviewer or an editor has to know now. */
export function ReviewNote({ campaign }: { campaign: Campaign }) {
  const t = useWords(lifeWords)
  const { review } = campaign
  const mayReview = useMay("review")
  const mayDraft = useMay("draft")
  const own = useOwnWork(campaign)
  if (review.state === "open") return null
  if (review.state === "returned") {
    return <div className="campaign-note" role="note"><b>{t.returned(review.by, shortDateTime(review.at))}</b> {review.reason}</div>
  }
  return (
    <div className="campaign-note" role="note">
      <b>{t.waiting(review.by, shortDateTime(review.at))}</b>{" "}
      {campaign.revision != null && campaign.standing === "running" && t.waitingNew}{" "}
      {mayReview && own ? t.ownWork : mayDraft && t.waitingEdit}
    </div>
  )
}

/** Whether this person had a hand in it since it was published last. */
function useOwnWork(campaign: Campaign) {
  return campaign.hands.includes(useMe().id)
}

/** The buttons of the page's head. */
export function LifeActions({ campaign }: { campaign: Campaign }) {
  const t = useWords(lifeWords)
  const mayDraft = useMay("draft")
  const mayReview = useMay("review")
  const mayPublish = useMay("publish")
  const own = useOwnWork(campaign)
  const [open, setOpen] = useState<"submit" | "approve" | "reject" | null>(null)
  const waiting = campaign.review.state === "waiting"
  const onWalls = ["approved", "running", "ended"].includes(campaign.standing)
  const nothingNew = onWalls && !campaign.unpublished_changes
  const close = () => setOpen(null)
  return (
    <>
      {mayDraft && <CopyButton campaign={campaign} />}
      {mayPublish && onWalls && <WithdrawButton campaign={campaign} />}
      {mayDraft && !waiting && (
        <Button type="primary" disabled={campaign.bookings.length === 0 || nothingNew} onClick={() => setOpen("submit")}>
          {onWalls ? t.resubmit : t.submit}
        </Button>
      )}
      {mayReview && waiting && <Button disabled={own} onClick={() => setOpen("reject")}>{t.reject}</Button>}
      {mayReview && waiting && <Button type="primary" disabled={own} onClick={() => setOpen("approve")}>{t.approve}</Button>}
      {(open === "submit" || open === "approve") && <Commit campaign={campaign} step={open} onClose={close} />}
      {open === "reject" && <Reject campaign={campaign} onClose={close} />}
    </>
  )
}

function Reject({ campaign, onClose }: { campaign: Campaign; onClose: () => void }) {
  const t = useWords(lifeWords)
  const common = useWords(shell)
  const { message } = App.useApp()
  const [form] = Form.useForm<{ reason: string }>()
  const reject = useReject(campaign)
  const send = ({ reason }: { reason: string }) =>
    reject.mutate(reason, {
      onSuccess: () => {
        void message.success(t.rejected)
        onClose()
      },
    })
  return (
    <Modal open title={t.rejectAsk(campaign.name)} onCancel={onClose} cancelText={common.cancel} okText={t.reject} onOk={() => form.submit()} confirmLoading={reject.isPending}>
      <Form form={form} name="reject" layout="vertical" requiredMark={false} onFinish={send}>
        <Form.Item name="reason" label={t.reason} rules={[{ required: true, whitespace: true, message: t.reasonNeeded }]}>
          <Input.TextArea maxLength={300} showCount autoFocus autoSize={{ minRows: 3, maxRows: 6 }} />
        </Form.Item>
      </Form>
      {reject.error && <Refused error={reject.error} />}
    </Modal>
  )
}

function WithdrawButton({ campaign }: { campaign: Campaign }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const notice = useRefusalNotice()
  const withdraw = useWithdraw(campaign)
  const confirmed = () => withdraw.mutateAsync().then(() => void message.success(t.withdrawn), notice)
  return (
    <Popconfirm title={t.withdrawAsk} description={<div style={{ maxWidth: 320 }}>{t.withdrawDetail}</div>} okText={t.withdraw} okButtonProps={{ danger: true }} cancelText={common.cancel} onConfirm={confirmed}>
      <Button danger>{t.withdraw}</Button>
    </Popconfirm>
  )
}

function CopyButton({ campaign }: { campaign: Campaign }) {
  const t = useWords(lifeWords)
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t.copy}</Button>
      {open && <CopyDialog campaign={campaign} onClose={() => setOpen(false)} />}
    </>
  )
}

function CopyDialog({ campaign, onClose }: { campaign: Campaign; onClose: () => void }) {
  const t = useWords(lifeWords)
  const names = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const navigate = useNavigate()
  const [form] = Form.useForm<{ name: string; starts: Dayjs }>()
  const copy = useCopy(campaign)
  const send = ({ name, starts }: { name: string; starts: Dayjs }) =>
    copy.mutate(
      { name: name.trim(), starts: starts.format("YYYY-MM-DD") },
      {
        onSuccess: (made) => {
          void message.success(t.copied)
          onClose()
          void navigate(`/campaigns/${made.id}`)
        },
      },
    )
  const initial = { name: t.copyOf(campaign.name).slice(0, 60), starts: dayjs(campaign.ends).isBefore(today()) ? dayjs(today()) : dayjs(campaign.ends).add(1, "day") }
  return (
    <Modal open title={t.copy} onCancel={onClose} cancelText={common.cancel} okText={t.copy} onOk={() => form.submit()} confirmLoading={copy.isPending} width={460}>
      <p className="quiet small">{t.copyHint}</p>
      <Form form={form} name="copy" layout="vertical" requiredMark={false} initialValues={initial} onFinish={send}>
        <Form.Item name="name" label={t.copyName} rules={[{ required: true, whitespace: true, message: names.nameNeeded }]}><Input maxLength={60} autoFocus /></Form.Item>
        <Form.Item name="starts" label={t.copyStarts} rules={[{ required: true, message: t.stageDaysNeeded }]}><DatePicker allowClear={false} style={{ width: "100%" }} /></Form.Item>
      </Form>
      {copy.error && <Refused error={copy.error} />}
    </Modal>
  )
}

/** What was done so far, the latest first; nothing for a campaign that nobody submitted yet. */
export function History({ campaign }: { campaign: Campaign }) {
  const t = useWords(lifeWords)
  const history = useHistory(campaign)
  if (!history.data || history.data.length === 0) return null
  return (
    <details className="panel life-history">
      <summary>{t.history}</summary>
      <ol>
        {[...history.data].reverse().map((step, i) => (
          <li key={i}>
            <span className="quiet nowrap">{shortDateTime(step.at)}</span> {step.by} <b>{t.took[step.step]}</b>
            {step.revision != null && <span className="quiet"> {t.revision(step.revision)}</span>}
            {step.reason && <span>：{step.reason}</span>}
          </li>
        ))}
      </ol>
    </details>
  )
}
