/** What an official wants to know when coming in: what is dark, what waits, what runs. */
import dayjs from "dayjs"
import { useMemo, type ReactNode } from "react"
import { Link } from "react-router"
import { useMay } from "../accounts/session"
import { useCreatives } from "../content/creatives"
import { Thumbnail } from "../content/Thumbnail"
import { ago, COUNTY_ZONE, count, dateTime, daysFromToday, duration, hourMinute, today } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { gapsAt, recordsAt } from "../plays/filter"
import { useGapCauses } from "../plays/gaps"
import { gapWords } from "../plays/gapWords"
import { lookbackWords } from "../plays/lookbackWords"
import { LivePicture } from "../screens/LivePicture"
import { useNow, useScreens } from "../screens/screens"
import { Loaded, Nothing, PageHead } from "../shell/Page"
import { useOverview, type Overview } from "./overview"
import { words } from "./words"
import "../content/content.css"
import "../plays/lookback.css"
import "./overview.css"

/** Most live pictures and most lines of a list: the rest is one click away. */
const MOST_WALLS = 6
const MOST_LINES = 6
const MOST_DARK = 12

export function OverviewPage() {
  const t = useWords(words)
  const { language } = useLanguage()
  const overview = useOverview()
  const mayReadPlays = useMay("readPlays")
  const day = dayjs().tz(COUNTY_ZONE).locale(language === "zh" ? "zh-cn" : "en")
  return (
    <>
      <PageHead title={t.title} lead={day.format(language === "zh" ? "YYYY年M月D日 dddd" : "dddd, D MMMM YYYY")} />
      <Loaded query={overview}>
        {(data) => (
          <>
            <Figures data={data} />
            {data.screens === 0 && <FirstSteps />}
            {data.screens > 0 && (
              <div className="overview">
                <div>
                  <Walls />
                  <DarkScreens data={data} />
                  {mayReadPlays && <GapsYesterday />}
                </div>
                <div>
                  {data.active_takeovers.length > 0 && <Takeovers data={data} />}
                  <Reviews data={data} />
                  <Campaigns data={data} />
                </div>
              </div>
            )}
          </>
        )}
      </Loaded>
    </>
  )
}

function Figures({ data }: { data: Overview }) {
  const t = useWords(words)
  const mayReadPlays = useMay("readPlays")
  const offline = data.screens - data.online - data.never_seen
  return (
    <section className="figures" aria-label={t.figures}>
      <Figure to="/screens?state=online" label={t.online} value={data.online} note={t.onlineOf(data.screens)} />
      <Figure to="/screens?state=offline" label={t.offline} value={offline} note={t.offlineNote} tone={offline > 0 ? "bad" : undefined} />
      <Figure to="/screens?state=never_seen" label={t.neverSeen} value={data.never_seen} note={t.neverSeenNote} tone={data.never_seen > 0 ? "wait" : undefined} />
      <Figure to="/creatives?tab=review" label={t.waiting} value={data.waiting_reviews} note={data.waiting_reviews ? t.waitingNote : t.waitingNone} tone={data.waiting_reviews > 0 ? "wait" : undefined} />
      <Figure to="/campaigns?state=running" label={t.running} value={data.running_campaigns.length} note={t.runningNote} />
      <Figure to={mayReadPlays ? recordsAt({ day_from: today(), day_to: today(), counted_as: "completed" }) : undefined} label={t.plays} value={data.plays_today} note={t.playsNote} />
    </section>
  )
}

function Figure({ to, label, value, note, tone }: { to: string | undefined; label: string; value: number; note: string; tone?: "bad" | "wait" | undefined }) {
  const inner = (
    <>
      <div className="label">{label}</div>
      <div className={`value${tone ? ` ${tone}` : ""}`}>{count(value)}</div>
      <div className="note" title={note}>{note}</div>
    </>
  )
  return to ? <Link className="figure" to={to}>{inner}</Link> : <div className="figure">{inner}</div>
}

function Panel({ title, lead, action, children }: { title: string; lead?: ReactNode; action?: ReactNode; children: ReactNode }) {
  return (
    <section className="panel" aria-label={title}>
      <h2>
        <span>{title} {lead && <span className="quiet">{lead}</span>}</span>
        {action}
      </h2>
      {children}
    </section>
  )
}

function Walls() {
  const t = useWords(words)
  const screens = useScreens({ state: "online" })
  const online = useMemo(() => screens.data?.filter((s) => s.kind !== "speaker") ?? [], [screens.data])
  const shown = online.slice(0, MOST_WALLS)
  return (
    <Panel title={t.live} lead={online.length > 0 && t.liveLead(shown.length, online.length)} action={<Link to="/screens">{t.allScreens}</Link>}>
      <Loaded query={screens}>
        {() =>
          shown.length === 0 ? (
            <Nothing inTable title={t.liveNone}>{t.liveNoneHint}</Nothing>
          ) : (
            <div className="walls">
              {shown.map((s) => (
                <Link key={s.id} to={`/screens?screen=${s.id}`}>
                  <LivePicture screen={s} height={132} every={4000} />
                  <b className="clip-text">{s.name}</b>
                  <span className="quiet small clip-text">{s.venue.name}</span>
                </Link>
              ))}
            </div>
          )
        }
      </Loaded>
    </Panel>
  )
}

/** Shorter than this is a restart or a hiccup of the network, in milliseconds; the server's own line is the same. */
const SILENT_AFTER = 15 * 60_000

/** Every screen that should report and does not: those that once did first, the longest silent on top. */
function DarkScreens({ data }: { data: Overview }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const now = useNow(30_000)
  const offline = useScreens({ state: "offline" })
  const never = useScreens({ state: "never_seen" })
  const dark = useMemo(
    () => [...(offline.data ?? []), ...(never.data ?? [])].sort((a, b) => (a.last_seen ?? Infinity) - (b.last_seen ?? Infinity)),
    [offline.data, never.data],
  )
  const shown = dark.slice(0, MOST_DARK)
  const blind = data.venues_without_screen
  return (
    <Panel title={t.dark} lead={dark.length > 0 && t.darkLead(dark.length)} action={<Link to="/screens?tab=venues">{blind > 0 ? t.blind(data.venues, blind) : t.covered(data.venues)}</Link>}>
      <Loaded query={offline}>
        {() =>
          dark.length === 0 ? (
            <p className="dot good" style={{ margin: 0 }}>{t.darkNone}</p>
          ) : (
            <ul className="lines">
              {shown.map((s) => (
                <li key={s.id}>
                  <Link to={`/screens?screen=${s.id}`} className="clip-text">{s.venue.name} · {s.name}</Link>
                  <span className={`dot small right ${s.last_seen && now - s.last_seen >= SILENT_AFTER ? "bad" : "wait"}`} title={s.last_seen ? dateTime(s.last_seen) : undefined}>
                    {s.last_seen ? t.silentFor(duration(now - s.last_seen < 60_000 ? now - s.last_seen : Math.floor((now - s.last_seen) / 60_000) * 60_000, language)) : t.silentNever}
                  </span>
                </li>
              ))}
              {dark.length > shown.length && <li><Link to="/screens?state=offline">{t.darkMore(dark.length - shown.length)}</Link></li>}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}

/** What was not shown yesterday, by cause: each leads to its gaps. */
function GapsYesterday() {
  const t = useWords(gapWords)
  const causes = useWords(lookbackWords).causes
  const { language } = useLanguage()
  const yesterday = daysFromToday(-1)
  const found = useGapCauses({ day_from: yesterday, day_to: yesterday, open: true })
  const at = (cause?: string) => gapsAt({ day_from: yesterday, day_to: yesterday, open: "true", ...(cause ? { cause } : {}) })
  return (
    <Panel title={t.overview} action={<Link to={at()}>{t.all}</Link>}>
      <Loaded query={found}>
        {({ items, looked_through: looked }) =>
          items.length === 0 ? (
            <p className={looked.length > 0 ? "dot good" : "quiet"} style={{ margin: 0 }}>{looked.length > 0 ? t.overviewNone : t.overviewWaits}</p>
          ) : (
            <ul className="lines">
              {items.map((line) => (
                <li key={line.cause}>
                  <Link to={at(line.cause)} className="grow clip-text"><span className={`swatch gap-${line.cause}`} />{causes[line.cause]}</Link>
                  <span className="quiet small nowrap">{t.overviewLine(count(line.findings), count(line.screens))} · {duration(line.missing_ms, language)}</span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}

function Takeovers({ data }: { data: Overview }) {
  const t = useWords(words)
  return (
    <Panel title={t.takeovers} action={<Link to="/takeovers">{t.takeoverSee}</Link>}>
      <ul className="lines">
        {data.active_takeovers.map((one) => (
          <li key={one.id}>
            <span className="dot bad grow clip-text">{one.title}</span>
            <span className="quiet small nowrap">{t.untilTime(hourMinute(one.expires))}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Reviews({ data }: { data: Overview }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const now = useNow(30_000)
  const mayReview = useMay("review")
  const waiting = useCreatives({ state: "in_review" }, 10_000)
  const items = [...(waiting.data?.pages[0]?.items ?? [])].sort((a, b) => a.updated_at - b.updated_at).slice(0, MOST_LINES)
  const link = data.waiting_reviews > 0 && <Link to="/creatives?tab=review">{mayReview ? t.review : t.all}</Link>
  return (
    <Panel title={t.reviews} action={link}>
      {data.waiting_reviews === 0 ? (
        <p className="quiet" style={{ margin: 0 }}>{t.reviewsNone}</p>
      ) : (
        <ul className="lines">
          {items.map((c) => (
            <li key={c.id}>
              <Thumbnail creative={c} small />
              <span className="grow">
                <Link to={mayReview ? `/creatives?tab=review&at=${c.id}` : `/creatives?creative=${c.id}`} className="clip-text">{c.title}</Link>
                <span className="quiet small clip-text">{t.submittedBy(c.author, ago(c.updated_at, now, language))}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Campaigns({ data }: { data: Overview }) {
  const t = useWords(words)
  const running = data.running_campaigns
  return (
    <Panel title={t.campaigns} action={<Link to="/campaigns">{running.length ? t.all : t.toCampaigns}</Link>}>
      {data.waiting_campaigns.length > 0 && (
        <ul className="lines">
          {data.waiting_campaigns.map((c) => (
            <li key={c.id}><Link to={`/campaigns/${c.id}`} className="grow clip-text">{c.name}</Link><span className="dot wait small nowrap">{t.campaignWaits}</span></li>
          ))}
        </ul>
      )}
      {running.length === 0 ? (
        data.waiting_campaigns.length === 0 && <p className="quiet" style={{ margin: 0 }}>{t.campaignsNone}</p>
      ) : (
        <ul className="lines">
          {running.map((c) => (
            <li key={c.id}><Link to={`/campaigns/${c.id}`} className="grow clip-text">{c.name}</Link></li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function FirstSteps() {
  const t = useWords(words)
  return (
    <section className="panel" aria-label={t.firstTitle}>
      <h2>{t.firstTitle}</h2>
      <div className="first">
        <Link to="/screens"><b>{t.firstScreens}</b><span className="quiet">{t.firstScreensHint}</span></Link>
        <Link to="/creatives"><b>{t.firstCreatives}</b><span className="quiet">{t.firstCreativesHint}</span></Link>
        <Link to="/campaigns"><b>{t.firstCampaigns}</b><span className="quiet">{t.firstCampaignsHint}</span></Link>
      </div>
    </section>
  )
}
