/** Takeovers: what is on air now, large; one button to start another; what was. */
import { App, Button, Popconfirm, Table } from "antd"
import { useState } from "react"
import { useMay } from "../accounts/session"
import { SelectorText } from "../campaigns/SelectorText"
import { words as campaignWords } from "../campaigns/words"
import { useCreativeTitles } from "../content/creatives"
import { duration, hourMinute, shortDateTime } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useNow } from "../screens/screens"
import { Loaded, Nothing, PageHead } from "../shell/Page"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { TakeoverForm } from "./TakeoverForm"
import { useTakeovers, useWithdrawTakeover, type Takeover } from "./takeovers"
import { words } from "./takeoverWords"
import "../campaigns/campaigns.css"

export function TakeoversPage() {
  const t = useWords(words)
  const mayPublish = useMay("publish")
  const takeovers = useTakeovers()
  const [starting, setStarting] = useState(false)
  return (
    <>
      <PageHead title={t.title} lead={t.lead}>
        {mayPublish && <Button type="primary" danger onClick={() => setStarting(true)}>{t.start}</Button>}
      </PageHead>
      <Loaded query={takeovers}>
        {(items) => {
          const active = items.filter((one) => one.active)
          return (
            <>
              <section className="panel" aria-label={t.active}>
                <h2>{t.active}</h2>
                {active.length === 0 ? <Nothing title={t.none}>{t.noneHint}</Nothing> : active.map((one) => <Running key={one.id} takeover={one} mayWithdraw={mayPublish} />)}
              </section>
              <section className="panel flush" aria-label={t.history}>
                <div className="filters"><b>{t.history}</b></div>
                <History takeovers={items.filter((one) => !one.active)} />
              </section>
            </>
          )
        }}
      </Loaded>
      {starting && <TakeoverForm onClose={() => setStarting(false)} />}
    </>
  )
}

/** Titles of creatives, as one phrase. */
function Titles({ ids }: { ids: string[] }) {
  const titles = useCreativeTitles()
  const c = useWords(campaignWords)
  const { language } = useLanguage()
  return <>{ids.map((id) => c.quoted(titles.get(id) ?? "…")).join(language === "zh" ? "" : ", ")}</>
}

function Running({ takeover, mayWithdraw }: { takeover: Takeover; mayWithdraw: boolean }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { message } = App.useApp()
  const { language } = useLanguage()
  const notice = useRefusalNotice()
  const now = useNow(1_000)
  const withdraw = useWithdrawTakeover()
  return (
    <article className="takeover-card" aria-label={takeover.title}>
      <div className="grow">
        <h3>{takeover.title}</h3>
        <div><Titles ids={takeover.creatives} /></div>
        <div className="quiet small">
          <SelectorText selector={takeover.selector} /> · {t.levels[takeover.level]} · {t.by(takeover.started_by, shortDateTime(takeover.starts))}
        </div>
      </div>
      <div style={{ textAlign: "end" }}>
        <b>{t.left(duration(Math.max(0, takeover.expires - now), language))}</b>
        <div className="quiet small">{t.until(hourMinute(takeover.expires))}</div>
      </div>
      {mayWithdraw && (
        <Popconfirm
          title={t.withdrawAsk(takeover.title)}
          description={t.withdrawDetail}
          okText={t.withdraw}
          cancelText={common.cancel}
          onConfirm={() => withdraw.mutateAsync(takeover.id).then(() => void message.success(t.withdrawn), notice)}
        >
          <Button danger>{t.withdraw}</Button>
        </Popconfirm>
      )}
    </article>
  )
}

function History({ takeovers }: { takeovers: Takeover[] }) {
  const t = useWords(words)
  return (
    <Table<Takeover>
      size="small"
      rowKey="id"
      dataSource={takeovers}
      pagination={takeovers.length > 20 ? { pageSize: 20 } : false}
      locale={{ emptyText: <Nothing inTable title={t.historyNone} /> }}
      columns={[
        {
          title: t.name,
          key: "title",
          render: (_, one) => (
            <>
              {one.title}
              <span className="quiet small clip-text"><Titles ids={one.creatives} /></span>
            </>
          ),
        },
        { title: t.target, key: "target", render: (_, one) => <SelectorText selector={one.selector} /> },
        { title: t.level, key: "level", width: 70, render: (_, one) => t.levels[one.level] },
        { title: t.startedAt, key: "starts", width: 104, render: (_, one) => <span className="nowrap">{shortDateTime(one.starts)}</span> },
        { title: t.startedBy, dataIndex: "started_by", width: 130, ellipsis: true },
        {
          title: t.state,
          key: "state",
          width: 220,
          render: (_, one) => (one.withdrawn_at != null ? t.withdrawnBy(one.withdrawn_by ?? "", shortDateTime(one.withdrawn_at)) : `${t.ended} ${shortDateTime(one.expires)}`),
        },
      ]}
    />
  )
}
