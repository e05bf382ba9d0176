/** The audit trail, newest first. */
import { useInfiniteQuery } from "@tanstack/react-query"
import { Button, Input, Table } from "antd"
import { useMemo, useState } from "react"
import { answered, api, type Schemas } from "../api/client"
import { dateTime } from "../i18n/format"
import { useWords } from "../i18n/language"
import { Loaded, Nothing, PageHead } from "../shell/Page"
import { words as shell } from "../shell/words"
import { detailsOf, subjectOf, type DetailWords } from "./auditDetails"
import { words } from "./words"

type Line = Schemas["AuditLine"]

export function AuditTrailPage() {
  const t = useWords(words)
  const common = useWords(shell)
  const [find, setFind] = useState("")
  const pages = useInfiniteQuery({
    queryKey: ["audit-trail"],
    queryFn: ({ pageParam }) => answered(api.GET("/api/v1/audit-trail", { params: { query: { before: pageParam, limit: 100 } } })),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  })
  const verbs: Record<string, string> = t.verbs
  const said: DetailWords = { keys: t.detailKeys, values: { ...common.roles, ...t.detailValues }, separator: t.listSeparator, colon: t.colon }
  const lines = useMemo(() => pages.data?.pages.flatMap((page) => page.items) ?? [], [pages.data])
  const text = (line: Line) => [line.account_name, verbs[line.action], line.action, line.subject, detailsOf(line, said)].join(" ")
  const shown = find ? lines.filter((line) => text(line).toLowerCase().includes(find.toLowerCase())) : lines
  return (
    <>
      <PageHead title={t.audit} lead={t.auditLead} />
      <Loaded query={pages}>
        {() => (
          <section className="panel flush" aria-label={t.audit}>
            <div className="filters">
              <Input allowClear value={find} onChange={(e) => setFind(e.target.value)} placeholder={t.auditFilter} aria-label={t.auditFilter} style={{ width: 280 }} />
              <span className="end">{t.auditShown(shown.length)}</span>
            </div>
            <Table<Line>
              size="small"
              rowKey="id"
              dataSource={shown}
              pagination={false}
              locale={{ emptyText: <Nothing inTable title={t.auditEmpty} /> }}
              columns={[
                { title: t.at, dataIndex: "at", width: 170, render: (at: number) => <span className="nowrap">{dateTime(at)}</span> },
                { title: t.who, dataIndex: "account_name", width: 150 },
                { title: t.action, dataIndex: "action", width: 140, render: (action: string) => verbs[action] ?? action },
                {
                  title: t.outcome,
                  dataIndex: "outcome",
                  width: 90,
                  render: (outcome: string) => <span className={`dot ${outcome === "done" ? "good" : "bad"}`}>{outcome === "done" ? t.done : t.refused}</span>,
                },
                { title: t.subject, key: "subject", width: 240, ellipsis: true, render: (_, line) => <span title={line.subject}>{subjectOf(line)}</span> },
                { title: t.details, key: "details", ellipsis: true, render: (_, line) => <span className="quiet" title={JSON.stringify(line.details, null, 1)}>{detailsOf(line, said)}</span> },
              ]}
            />
            {pages.hasNextPage && (
              <div style={{ textAlign: "center", padding: 10 }}>
                <Button onClick={() => void pages.fetchNextPage()} loading={pages.isFetchingNextPage}>{common.more}</Button>
              </div>
            )}
          </section>
        )}
      </Loaded>
    </>
  )
}
