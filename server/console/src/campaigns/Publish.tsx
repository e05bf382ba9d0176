/** Publishing and withdrawing, each with what it will mean before it is done. */
import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query"
import { App, Button, Modal, Popconfirm } from "antd"
import { useState } from "react"
import { answered, api } from "../api/client"
import { asRefusal } from "../api/refusal"
import { useWords } from "../i18n/language"
import { Refused } from "../shell/Page"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import type { Campaign } from "./campaigns"
import { words } from "./words"

/** Refusals that a person may overrule: a booking reaches nobody yet. */
const OVERRULED = ["no-screens", "nothing-playable"]

function useEverythingAnew() {
  const client = useQueryClient()
  return () => {
    for (const key of ["campaigns", "overview", "timeline", "screens"]) void client.invalidateQueries({ queryKey: [key] })
  }
}

export function PublishButton({ campaign }: { campaign: Campaign }) {
  const t = useWords(words)
  const [asking, setAsking] = useState(false)
  const nothingNew = campaign.state === "published" && !campaign.unpublished_changes
  return (
    <>
      <Button type="primary" disabled={campaign.bookings.length === 0 || nothingNew} onClick={() => setAsking(true)}>
        {campaign.state === "published" ? t.republish : t.publish}
      </Button>
      {asking && <Ask campaign={campaign} onClose={() => setAsking(false)} />}
    </>
  )
}

function Ask({ campaign, onClose }: { campaign: Campaign; onClose: () => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const anew = useEverythingAnew()
  const reaches = useQueries({
    queries: campaign.bookings.map(({ selector, creatives }) => ({
      queryKey: ["reach", selector, creatives],
      queryFn: () => answered(api.POST("/api/v1/reach", { body: { selector, creatives } })),
    })),
  })
  const publish = useMutation({
    mutationFn: (allow_unreached: boolean) => answered(api.POST("/api/v1/campaigns/{id}/publish", { params: { path: { id: campaign.id }, query: { allow_unreached } } })),
    onSuccess: ({ screens }) => {
      void message.success(t.published(screens))
      anew()
      onClose()
    },
  })
  const overrule = publish.error !== null && OVERRULED.includes(asRefusal(publish.error).kind)
  return (
    <Modal
      open
      title={t.publishAsk(campaign.name)}
      onCancel={onClose}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          {overrule ? (
            <Button danger loading={publish.isPending} onClick={() => publish.mutate(true)}>{t.publishAnyway}</Button>
          ) : (
            <Button type="primary" loading={publish.isPending} onClick={() => publish.mutate(false)}>{t.publishGo}</Button>
          )}
        </>
      }
    >
      <p>{t.publishReach}</p>
      <ul className="publish-list">
        {campaign.bookings.map((booking, i) => {
          const reach = reaches[i]?.data
          return (
            <li key={booking.id}>
              {booking.name} <span className={reach?.screens === 0 ? "dot wait" : "quiet"}>{reach ? t.screensOf(reach.screens, reach.venues) : "…"}</span>
            </li>
          )
        })}
      </ul>
      {publish.error && (
        <div style={{ marginTop: 12 }}>
          <Refused error={publish.error} />
          {overrule && <p className="quiet small" style={{ margin: "8px 0 0" }}>{t.publishAnywayHint}</p>}
        </div>
      )}
    </Modal>
  )
}

export function WithdrawButton({ campaign }: { campaign: Campaign }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const notice = useRefusalNotice()
  const anew = useEverythingAnew()
  const withdraw = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/campaigns/{id}/withdraw", { params: { path: { id: campaign.id } } })),
    onSuccess: () => {
      void message.success(t.withdrawn)
      anew()
    },
    onError: notice,
  })
  return (
    <Popconfirm title={t.withdrawAsk} description={<div style={{ maxWidth: 320 }}>{t.withdrawDetail}</div>} okText={t.withdraw} okButtonProps={{ danger: true }} cancelText={common.cancel} onConfirm={() => withdraw.mutateAsync().catch(() => undefined)}>
      <Button danger>{t.withdraw}</Button>
    </Popconfirm>
  )
}
