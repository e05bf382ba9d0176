/** One campaign: its bookings, what they would come to on a screen, and its way to the walls. */
import { App, Button, Popconfirm } from "antd"
import { useState } from "react"
import { Link, useParams } from "react-router"
import { useMay } from "../accounts/session"
import { shortDateTime } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useCreativeTitles } from "../content/creatives"
import { nameOf, useDepartments } from "../screens/places"
import { Loaded, Nothing, PageHead } from "../shell/Page"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { Foresight } from "../playlists/Foresight"
import { BookingForm } from "./BookingForm"
import { modeText } from "./modes"
import { modeWords } from "./modeWords"
import { CampaignForm } from "./CampaignForm"
import { useCampaign, useReach, useRemoveBooking, type Booking, type Campaign } from "./campaigns"
import { StandingDot } from "./CampaignsPage"
import { History, LifeActions, LifeLine, ReviewNote } from "./Life"
import { lifeWords } from "./lifeWords"
import { Preview } from "./Preview"
import { SelectorText } from "./SelectorText"
import { daysOf, weekdayText, windowText } from "./schedules"
import { words } from "./words"
import "./campaigns.css"

export function CampaignPage() {
  const { id = "" } = useParams()
  const t = useWords(words)
  const campaign = useCampaign(id)
  if (!campaign.data) {
    return (
      <>
        <PageHead title={t.title} lead={<Link to="/campaigns">{t.back}</Link>} />
        <Loaded query={campaign}>{() => null}</Loaded>
      </>
    )
  }
  return <Opened campaign={campaign.data} />
}

function Opened({ campaign }: { campaign: Campaign }) {
  const t = useWords(words)
  const life = useWords(lifeWords)
  const mayDraft = useMay("draft")
  const mayPublish = useMay("publish")
  const departments = useDepartments()
  const [editing, setEditing] = useState(false)
  const [booking, setBooking] = useState<Booking | "new" | null>(null)
  const add = mayDraft && <Button onClick={() => setBooking("new")}>{t.addBooking}</Button>
  return (
    <>
      <PageHead title={campaign.name} lead={<Link to="/campaigns">{t.back}</Link>}>
        {mayDraft && <Button onClick={() => setEditing(true)}>{t.edit}</Button>}
        <LifeActions campaign={campaign} />
      </PageHead>
      <LifeLine campaign={campaign} />
      <ReviewNote campaign={campaign} />
      {campaign.standing === "draft" && campaign.review.state === "open" && <div className="campaign-note" role="note">{t.draftHint}</div>}
      {campaign.standing === "withdrawn" && <div className="campaign-note" role="note">{t.withdrawnHint}</div>}
      {campaign.review.state === "open" && ["approved", "running", "ended"].includes(campaign.standing) && campaign.unpublished_changes && (
        <div className="campaign-note" role="note"><b>{t.changed}</b> {t.changedHint}</div>
      )}
      <section className="panel" aria-label={t.name}>
        <div className="campaign-facts">
          <StandingDot campaign={campaign} />
          <span>{t.periodText(campaign.starts, campaign.ends)}</span>
          <span>{nameOf(departments.data, campaign.owner_department)}</span>
          {campaign.revision != null && campaign.published_at != null && <span className="quiet">{t.publishedAt(campaign.revision, shortDateTime(campaign.published_at))}</span>}
        </div>
        {campaign.stages.length > 0 && (
          <div className="stage-list">
            {campaign.stages.map((stage) => <span key={stage.from}>{life.stageText(life.stageKinds[stage.kind], stage.from, stage.until, stage.intensity)}</span>)}
          </div>
        )}
        {campaign.goal && <p style={{ margin: "8px 0 0" }}>{campaign.goal}</p>}
      </section>
      <section className="panel flush" aria-label={t.bookings}>
        <div className="filters">
          <b>{t.bookings}</b>
          <span className="end">{add}</span>
        </div>
        {campaign.bookings.length === 0 ? (
          <Nothing title={t.noBookings} action={add}>{t.noBookingsHint}</Nothing>
        ) : (
          campaign.bookings.map((one) => <BookingRow key={one.id} booking={one} onEdit={mayDraft ? () => setBooking(one) : undefined} />)
        )}
      </section>
      {mayPublish && campaign.bookings.length > 0 && <Foresight campaign={campaign} />}
      {mayPublish && campaign.bookings.length > 0 && <Preview campaign={campaign} />}
      <History campaign={campaign} />
      {editing && <CampaignForm campaign={campaign} onClose={() => setEditing(false)} />}
      {booking && <BookingForm campaign={campaign} booking={booking === "new" ? null : booking} onClose={() => setBooking(null)} />}
    </>
  )
}

/** So many titles are written out; of the rest, their number. */
const NAMED = 4

function BookingRow({ booking, onEdit }: { booking: Booking; onEdit: (() => void) | undefined }) {
  const t = useWords(words)
  const modes = useWords(modeWords)
  const common = useWords(shell)
  const { message } = App.useApp()
  const { language } = useLanguage()
  const notice = useRefusalNotice()
  const remove = useRemoveBooking()
  const titles = useCreativeTitles()
  const mayPublish = useMay("publish")
  const reach = useReach(booking.selector, booking.creatives, mayPublish)
  const { schedule } = booking
  const days = schedule.rrule ? t.rule(schedule.rrule) : weekdayText(daysOf(schedule), t.weekdayNames.split(","), t.everyDay)
  const windows = schedule.windows.map((w) => windowText(w, t.allDay)).join(" ")
  const named = booking.creatives.slice(0, NAMED).map((id) => t.quoted(titles.get(id) ?? "…"))
  const rest = booking.creatives.length > NAMED ? t.more(booking.creatives.length) : ""
  return (
    <article className="booking" aria-label={booking.name}>
      <h3>{booking.name}</h3>
      <div className="acts">
        {onEdit && <button className="link-button" aria-label={`${t.editBooking} ${booking.name}`} onClick={onEdit}>{t.editBooking}</button>}
        {onEdit && (
          <Popconfirm
            title={t.removeAsk(booking.name)}
            okText={t.removeBooking}
            okButtonProps={{ danger: true }}
            cancelText={common.cancel}
            onConfirm={() => remove.mutateAsync(booking.id).then(() => void message.success(t.removed), notice)}
          >
            <button className="link-button" aria-label={`${t.removeBooking} ${booking.name}`}>{t.removeBooking}</button>
          </Popconfirm>
        )}
      </div>
      <dl className="facts">
        <dt>{t.what}</dt>
        <dd>{named.join(language === "zh" ? "" : ", ")}{rest}</dd>
        <dt>{t.where}</dt>
        <dd>
          <SelectorText selector={booking.selector} />
          {reach.data && <span className={reach.data.screens ? "quiet" : "dot wait"} style={{ marginInlineStart: 10 }}>{t.screensOf(reach.data.screens, reach.data.venues)}</span>}
        </dd>
        <dt>{t.when}</dt>
        <dd>
          {schedule.until ? t.until(schedule.from, schedule.until) : t.from(schedule.from)} · {t.scheduleText(days, windows)}
          {schedule.except?.length ? `，${t.exceptText(schedule.except.length)}` : ""}
          {schedule.also?.length ? `，${t.alsoText(schedule.also.length)}` : ""}
          <span className="quiet" style={{ marginInlineStart: 10 }}>{modeText(modes, booking.mode, booking.most_per_day ?? null)}</span>
        </dd>
      </dl>
    </article>
  )
}
