/** All campaigns, and the form that begins one. */
import { Button, Input, Select, Table } from "antd"
import { useState } from "react"
import { Link, useNavigate, useSearchParams } from "react-router"
import { useMay } from "../accounts/session"
import { shortDateTime } from "../i18n/format"
import { useWords } from "../i18n/language"
import { nameOf, useDepartments } from "../screens/places"
import { Loaded, Nothing, PageHead } from "../shell/Page"
import { words as shell } from "../shell/words"
import { CampaignForm } from "./CampaignForm"
import { STANDING_DOT, useCampaigns, type Campaign, type Standing } from "./campaigns"
import { words } from "./words"
import "./campaigns.css"

const STANDINGS: Standing[] = ["in_review", "running", "approved", "draft", "ended", "withdrawn"]

const ON_WALLS: Standing[] = ["approved", "running", "ended"]

/** Changes of a running campaign that wait for a reviewer count as in review too. */
const isIn = (c: Campaign, standing: Standing) => c.standing === standing || (standing === "in_review" && c.review.state === "waiting")

export function CampaignsPage() {
  const t = useWords(words)
  const common = useWords(shell)
  const navigate = useNavigate()
  const mayDraft = useMay("draft")
  const campaigns = useCampaigns()
  const [creating, setCreating] = useState(false)
  const [q, setQ] = useState("")
  const [params] = useSearchParams()
  // The overview links to the campaigns of one state.
  const [standing, setStanding] = useState(() => STANDINGS.find((one) => one === params.get("state")))
  const create = mayDraft && <Button type="primary" onClick={() => setCreating(true)}>{t.create}</Button>
  return (
    <>
      <PageHead title={t.title} lead={t.lead}>{create}</PageHead>
      <section className="panel flush" aria-label={t.title}>
        <div className="filters">
          <Input.Search allowClear placeholder={t.find} aria-label={t.find} onSearch={(text) => setQ(text.trim())} style={{ width: 220 }} />
          <Select allowClear placeholder={t.state} aria-label={t.state} value={standing} onChange={setStanding} options={STANDINGS.map((value) => ({ value, label: t.standings[value] }))} style={{ width: 120 }} />
          {standing && <Button type="link" onClick={() => setStanding(undefined)}>{common.reset}</Button>}
        </div>
        <Loaded query={campaigns}>
          {(items) => (
            <CampaignTable
              campaigns={items.filter((c) => (!standing || isIn(c, standing)) && c.name.includes(q))}
              empty={
                items.length === 0 ? (
                  <Nothing inTable title={t.empty} action={create}>{t.emptyHint}</Nothing>
                ) : (
                  <Nothing inTable title={t.noMatch}>{t.noMatchHint}</Nothing>
                )
              }
            />
          )}
        </Loaded>
      </section>
      {creating && (
        <CampaignForm
          campaign={null}
          onClose={(saved) => {
            setCreating(false)
            if (saved) void navigate(`/campaigns/${saved.id}`)
          }}
        />
      )}
    </>
  )
}

function CampaignTable({ campaigns, empty }: { campaigns: Campaign[]; empty: React.ReactNode }) {
  const t = useWords(words)
  const navigate = useNavigate()
  const departments = useDepartments()
  return (
    <Table<Campaign>
      size="small"
      className="clickable-rows"
      rowKey="id"
      dataSource={campaigns}
      pagination={campaigns.length > 50 ? { pageSize: 50 } : false}
      onRow={(c) => ({ onClick: () => void navigate(`/campaigns/${c.id}`) })}
      locale={{ emptyText: empty }}
      columns={[
        {
          title: t.name,
          key: "name",
          render: (_, c) => (
            <>
              <Link to={`/campaigns/${c.id}`} onClick={(e) => e.stopPropagation()}>{c.name}</Link>
              {c.goal && <span className="quiet small clip-text" title={c.goal}>{c.goal}</span>}
            </>
          ),
        },
        { title: t.state, key: "state", width: 130, render: (_, c) => <StandingDot campaign={c} /> },
        { title: t.period, key: "period", width: 210, render: (_, c) => <span className="nowrap">{t.periodText(c.starts, c.ends)}</span> },
        { title: t.bookings, key: "bookings", width: 92, render: (_, c) => t.bookingCount(c.bookings.length) },
        { title: t.owner, key: "owner", width: 150, ellipsis: true, render: (_, c) => nameOf(departments.data, c.owner_department) },
        { title: t.author, dataIndex: "author", width: 124, ellipsis: true },
        { title: t.updated, key: "updated", width: 104, render: (_, c) => <span className="nowrap">{shortDateTime(c.updated_at)}</span> },
      ]}
    />
  )
}

export function StandingDot({ campaign }: { campaign: Campaign }) {
  const t = useWords(words)
  const { standing } = campaign
  return (
    <>
      <span className={`dot ${STANDING_DOT[standing]}`}>{t.standings[standing]}</span>
      {campaign.review.state === "waiting" && standing !== "in_review" && <div className="dot wait small">{t.changesWait}</div>}
      {campaign.review.state !== "waiting" && ON_WALLS.includes(standing) && campaign.unpublished_changes && <div className="dot wait small" title={t.changedHint}>{t.changed}</div>}
    </>
  )
}
