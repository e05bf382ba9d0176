/** What could not be kept if a campaign were published as it stands: who collides, by how much, and one click that mends it. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { App, Button } from "antd"
import { answered, api, type Schemas } from "../api/client"
import { useKeepCampaign, type Campaign } from "../campaigns/campaigns"
import { duration } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { Loaded } from "../shell/Page"
import { useRefusalNotice } from "../shell/refusals"
import { foresightWords } from "./foresightWords"
import { words } from "./words"
import "./ribbon.css"

type Collision = Schemas["CollisionView"]
type Relaxation = Schemas["RelaxationView"]

/** Asked anew whenever the campaign is edited. */
export const useForesight = (campaign: Campaign) =>
  useQuery({
    queryKey: ["foresight", campaign.id, campaign.updated_at],
    queryFn: () => answered(api.GET("/api/v1/campaigns/{id}/foresight", { params: { path: { id: campaign.id } } })),
    enabled: campaign.bookings.length > 0,
    staleTime: 60_000,
  })

export function Foresight({ campaign }: { campaign: Campaign }) {
  const t = useWords(foresightWords)
  const common = useWords(words)
  const { language } = useLanguage()
  const foresight = useForesight(campaign)
  return (
    <section className="panel" aria-label={t.title}>
      <h2>{t.title}</h2>
      {foresight.isPending ? <p className="quiet">{t.checking}</p> : (
        <Loaded query={foresight}>
          {(seen) => (
            <>
              {seen.screens === 0 && <p className="quiet">{t.nobody}</p>}
              {seen.screens > 0 && seen.collisions.length === 0 && seen.broken.length === 0 && <p className="dot good">{t.good(seen.kept, seen.screens)}</p>}
              {seen.collisions.length > 0 && <p className="dot bad">{t.bad(seen.collisions.length)}</p>}
              {seen.collisions.map((collision, i) => <Collided key={i} collision={collision} campaign={campaign} />)}
              {seen.broken.map((b) => (
                <div key={b.booking + b.zone} className="foresight-item soft">
                  <p>{t.broken(b.name, common.zones[b.zone], duration(b.worst_gap, language), b.fewest_per_hour ?? null, b.screens)}</p>
                  <p className="quiet small" style={{ margin: 0 }}>{t.brokenHint}</p>
                </div>
              ))}
            </>
          )}
        </Loaded>
      )}
    </section>
  )
}

function Collided({ collision, campaign }: { collision: Collision; campaign: Campaign }) {
  const t = useWords(foresightWords)
  return (
    <article className="foresight-item" aria-label={collision.bookings.map((b) => b.name).join(" ")}>
      <p>
        <b>{collision.sentence}</b>{" "}
        <span className="quiet small">{collision.proof === "not_found" ? t.notFound : t.proven}</span>
      </p>
      {collision.percent && <Scale collision={collision} whole={Math.max(collision.percent, 100)} />}
      <p className="quiet small">{t.screens(collision.screens, collision.sample.join("、") + (collision.screens > collision.sample.length ? "…" : ""))}</p>
      {collision.relaxations.length > 0 ? <p className="small" style={{ margin: 0 }}>{t.works}</p> : <p className="small" style={{ margin: 0 }}>{collision.searched ? t.noWay : t.notSearched}</p>}
      {collision.relaxations.map((r) => <Offer key={r.booking} relaxation={r} campaign={campaign} collision={collision} />)}
    </article>
  )
}

/** The time each needs, to scale, against the time there is. */
function Scale({ collision, whole }: { collision: Collision; whole: number }) {
  const t = useWords(foresightWords)
  return (
    <div className="foresight-bar" title={`${collision.percent}%`}>
      {collision.bookings.map((b) => <i key={b.booking} style={{ width: `${((b.percent ?? 0) / whole) * 100}%` }} title={`${b.name} ${b.percent}%`} />)}
      <b style={{ left: `${(100 / whole) * 100}%` }} title={t.whole} />
    </div>
  )
}

function Offer({ relaxation, campaign, collision }: { relaxation: Relaxation; campaign: Campaign; collision: Collision }) {
  const t = useWords(foresightWords)
  const { message } = App.useApp()
  const notice = useRefusalNotice()
  const kept = useKeepCampaign()
  const own = campaign.bookings.find((b) => b.id === relaxation.booking)
  const apply = useMutation({
    mutationFn: (booking: Schemas["Booking"]) =>
      answered(
        api.PUT("/api/v1/bookings/{id}", {
          params: { path: { id: booking.id } },
          body: { name: booking.name, creatives: booking.creatives, selector: booking.selector, schedule: booking.schedule, mode: relaxation.to, most_per_day: booking.most_per_day },
        }),
      ),
    onSuccess: (changed) => {
      kept(changed)
      void message.success(t.applied)
    },
    onError: notice,
  })
  const other = collision.bookings.find((b) => b.booking === relaxation.booking)?.campaign_name
  return (
    <div className="row" style={{ marginTop: 6 }}>
      <span>{relaxation.sentence}</span>
      {own ? <Button size="small" loading={apply.isPending} onClick={() => apply.mutate(own)}>{t.apply}</Button> : <span className="quiet small">{t.otherCampaign(other ?? "")}</span>}
    </div>
  )
}
