/** Reports that could not be taken as they came: for people to look into. */
import { Button, Table } from "antd"
import { Link } from "react-router"
import { dateTime, shortDateTime } from "../i18n/format"
import { useWords } from "../i18n/language"
import { Loaded, Nothing } from "../shell/Page"
import { words as shell } from "../shell/words"
import { recordsAt, type Flag } from "./filter"
import { useFindings, type Finding } from "./plays"
import { words } from "./words"

export function Findings() {
  const t = useWords(words)
  const common = useWords(shell)
  const findings = useFindings()
  return (
    <>
      <Loaded query={findings}>
        {(data) => (
          <Table<Finding>
            size="small"
            rowKey="id"
            dataSource={data.pages.flatMap((page) => page.items)}
            pagination={false}
            locale={{ emptyText: <Nothing inTable title={t.findingsNone}>{t.findingsNoneHint}</Nothing> }}
            columns={[
              {
                title: t.finding,
                key: "title",
                render: (_, f) => (
                  <>
                    {f.title}
                    <BehindFinding finding={f} />
                  </>
                ),
              },
              {
                title: t.findingScreen,
                key: "screen",
                render: (_, f) => (
                  <>
                    <Link to={`/screens?screen=${f.screen}`}>{f.screen_name}</Link>
                    <div className="quiet small">{f.venue_name}</div>
                  </>
                ),
              },
              {
                title: t.findingBatch,
                key: "batch",
                width: 170,
                render: (_, f) => (
                  <>
                    {f.sequence ?? "—"} <span className="mono faint" title={f.batch}>{f.batch.slice(0, 10)}</span>
                  </>
                ),
              },
              { title: t.firstAt, key: "first", width: 164, render: (_, f) => dateTime(f.first_at) },
              { title: t.lastAt, key: "last", width: 164, render: (_, f) => dateTime(f.last_at) },
              { title: t.times, dataIndex: "times", width: 70, align: "right" },
              {
                title: t.state,
                key: "state",
                width: 180,
                render: (_, f) => (f.resolved_at != null ? <span className="dot good">{t.resolved(shortDateTime(f.resolved_at))}</span> : <span className="dot bad">{t.open}</span>),
              },
            ]}
          />
        )}
      </Loaded>
      {findings.hasNextPage && (
        <div style={{ textAlign: "center", padding: 10 }}>
          <Button onClick={() => void findings.fetchNextPage()} loading={findings.isFetchingNextPage}>{common.more}</Button>
        </div>
      )}
    </>
  )
}

/** The plays of that batch which break the rule: the finding says how many. */
function BehindFinding({ finding }: { finding: Finding }) {
  const t = useWords(words)
  const plays: unknown = (finding.details as Record<string, unknown>).plays
  if (!(finding.kind in t.flagNames) || finding.sequence == null || typeof plays !== "number") return null
  const to = recordsAt({ screen: finding.screen, sequence: finding.sequence, flag: finding.kind as Flag })
  return <div className="small"><Link to={to} title={t.figureHint}>{t.findingPlays(plays)}</Link></div>
}
