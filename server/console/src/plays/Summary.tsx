/** What the records come to: one line per creative, screen, day … with their sum. */
import { Segmented, Table } from "antd"
import type { ReactNode } from "react"
import { Link, useSearchParams } from "react-router"
import { count, duration } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { Loaded, Nothing } from "../shell/Page"
import { behind, behindTotal, recordsAt, type Group, type PlayFilter } from "./filter"
import { GROUPS, useSummary, type Line } from "./plays"
import { words } from "./words"
import "./lookback.css"

const NUMBERS = ["completed", "interrupted", "failed", "not_counted"] as const

/** A figure that leads to the records behind it; nothing leads nowhere. */
function Behind({ to, value, children }: { to: PlayFilter; value: number; children?: ReactNode }) {
  const t = useWords(words)
  if (!value) return <span className="faint">{children ?? 0}</span>
  return <Link to={recordsAt(to)} title={t.figureHint}>{children ?? count(value)}</Link>
}

export function Summary({ filter }: { filter: PlayFilter }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const [params, setParams] = useSearchParams()
  // In the address, so that the way back from records leads to the same counts.
  const group = GROUPS.find((one) => one === params.get("group")) ?? "creative"
  const setGroup = (chosen: Group) => setParams((now) => {
    now.set("group", chosen)
    return now
  }, { replace: true })
  const summary = useSummary(filter, group)
  const titles = { completed: t.completed, interrupted: t.interrupted, failed: t.failed, not_counted: t.notCounted }
  const byTime = group === "day" || group === "hour"
  return (
    <>
      <div className="filters">
        <Segmented aria-label={t.group} value={group} onChange={setGroup} options={GROUPS.map((value) => ({ value, label: t.groups[value] }))} />
      </div>
      <Loaded query={summary}>
        {(lines) => (
          <Table<Line>
            size="small"
            rowKey="key"
            dataSource={lines}
            pagination={lines.length > 100 ? { pageSize: 100 } : false}
            locale={{ emptyText: <Nothing inTable title={t.none}>{t.noneHint}</Nothing> }}
            columns={[
              { title: t.name, key: "name", render: (_, l) => l.name || t.takeovers, ...(byTime ? {} : { sorter: (a: Line, b: Line) => a.name.localeCompare(b.name, "zh") }) },
              ...NUMBERS.map((key) => ({
                title: titles[key],
                key,
                width: 120,
                align: "right" as const,
                sorter: (a: Line, b: Line) => a[key] - b[key],
                render: (_: unknown, l: Line) => <Behind to={behind(filter, group, l.key, key)} value={l[key]} />,
              })),
              { title: t.airtime, key: "airtime", width: 150, align: "right", sorter: (a, b) => a.shown_ms - b.shown_ms, render: (_, l) => <Behind to={behind(filter, group, l.key, "shown")} value={l.shown_ms}>{duration(l.shown_ms, language)}</Behind> },
            ]}
            summary={() => {
              const total = (key: (typeof NUMBERS)[number] | "shown_ms") => lines.reduce((sum, l) => sum + l[key], 0)
              return lines.length > 1 && (
                <Table.Summary.Row>
                  <Table.Summary.Cell index={0}><b>{t.total}</b></Table.Summary.Cell>
                  {NUMBERS.map((key, i) => (
                    <Table.Summary.Cell key={key} index={i + 1} align="right"><b><Behind to={behindTotal(filter, key)} value={total(key)} /></b></Table.Summary.Cell>
                  ))}
                  <Table.Summary.Cell index={5} align="right"><b><Behind to={behindTotal(filter, "shown")} value={total("shown_ms")}>{duration(total("shown_ms"), language)}</Behind></b></Table.Summary.Cell>
                </Table.Summary.Row>
              )
            }}
          />
        )}
      </Loaded>
    </>
  )
}
