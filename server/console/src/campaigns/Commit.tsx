/** Submitting and approving, each with what it will mean before it is done: whom it reaches, and what could not be kept. */
import { useQueries } from "@tanstack/react-query"
import { App, Button, Checkbox, Modal } from "antd"
import { useState } from "react"
import { answered, api } from "../api/client"
import { asRefusal } from "../api/refusal"
import { useWords } from "../i18n/language"
import { useForesight } from "../playlists/Foresight"
import { Refused } from "../shell/Page"
import { words as shell } from "../shell/words"
import type { Campaign } from "./campaigns"
import { useApprove, useSubmit } from "./life"
import { lifeWords } from "./lifeWords"
import { words } from "./words"

/** Refusals that a person may overrule: a booking reaches nobody yet. */
const OVERRULED = ["no-screens", "nothing-playable"]

export function Commit({ campaign, step, onClose }: { campaign: Campaign; step: "submit" | "approve"; onClose: () => void }) {
  const t = useWords(lifeWords)
  const names = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const submit = useSubmit(campaign)
  const approve = useApprove(campaign)
  const asked = step === "submit" ? submit : approve
  const [known, setKnown] = useState(false)
  const foresight = useForesight(campaign)
  const reaches = useQueries({
    queries: campaign.bookings.map(({ selector, creatives }) => ({
      queryKey: ["reach", selector, creatives],
      queryFn: () => answered(api.POST("/api/v1/reach", { body: { selector, creatives } })),
    })),
  })
  // Without bookings nothing is asked: the server says what is missing.
  const unknown = campaign.bookings.length > 0 && !foresight.data
  const broken = foresight.data ? foresight.data.collisions.length + foresight.data.broken.length : 0
  const empty = Math.max(0, ...reaches.map((reach) => reach.data?.empty_handed_screens ?? 0))
  const warned = broken > 0 || empty > 0
  const failed = (unknown && !foresight.isFetching) || reaches.some((reach) => reach.isError && !reach.isFetching)
  const askAgain = () => {
    if (unknown) void foresight.refetch()
    for (const reach of reaches) if (reach.isError) void reach.refetch()
  }
  const go = (allow_unreached: boolean) => {
    const meant = { allow_unreached, allow_collisions: known }
    const done = (text: string) => {
      void message.success(text)
      onClose()
    }
    if (step === "submit") submit.mutate(meant, { onSuccess: ({ screens }) => done(t.submitted(screens)) })
    else approve.mutate(meant, { onSuccess: ({ screens }) => done(t.approved(screens)) })
  }
  const overrule = asked.error !== null && OVERRULED.includes(asRefusal(asked.error).kind)
  const blocked = unknown || reaches.some((reach) => !reach.data) || (warned && !known)
  return (
    <Modal
      open
      title={step === "submit" ? t.submitAsk(campaign.name) : t.approveAsk(campaign.name)}
      onCancel={onClose}
      footer={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          {overrule ? (
            <Button danger loading={asked.isPending} disabled={blocked} onClick={() => go(true)}>{t.anyway}</Button>
          ) : (
            <Button type="primary" loading={asked.isPending} disabled={blocked} onClick={() => go(false)}>{step === "submit" ? t.submit : t.approveGo}</Button>
          )}
        </>
      }
    >
      <p>{t.submitReach}</p>
      <ul className="publish-list">
        {campaign.bookings.map((booking, i) => {
          const reach = reaches[i]?.data
          return (
            <li key={booking.id}>
              {booking.name} <span className={reach?.screens === 0 ? "dot wait" : "quiet"}>{reach ? names.screensOf(reach.screens, reach.venues) : "…"}</span>
            </li>
          )
        })}
      </ul>
      <div style={{ marginTop: 12 }}>
        {unknown && foresight.isFetching && !failed && <p className="quiet" style={{ margin: 0 }}>{t.checking}</p>}
        {failed && (
          <div className="reach-warn" role="alert">
            <p style={{ margin: 0 }}>{t.unchecked}</p>
            <Button size="small" onClick={askAgain}>{t.checkAgain}</Button>
          </div>
        )}
        {foresight.data && broken === 0 && <p className="dot good" style={{ margin: 0 }}>{t.allKept}</p>}
        {warned && (
          <div className="reach-warn" role="alert">
            {broken > 0 && <p style={{ margin: 0 }}>{t.breaks(broken)}</p>}
            {empty > 0 && <p style={{ margin: 0 }}>{t.empty(empty)}</p>}
            <Checkbox checked={known} onChange={(e) => setKnown(e.target.checked)}>{step === "submit" ? t.breaksSubmit : t.breaksApprove}</Checkbox>
          </div>
        )}
      </div>
      {asked.error && (
        <div style={{ marginTop: 12 }}>
          <Refused error={asked.error} />
          {overrule && <p className="quiet small" style={{ margin: "8px 0 0" }}>{t.anywayHint}</p>}
        </div>
      )}
    </Modal>
  )
}
