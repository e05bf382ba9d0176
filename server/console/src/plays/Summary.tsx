/** What the records come to: one line per creative, screen, day … with their sum. */
import { Segmented, Table } from "antd"
import { useState } from "react"
import { count, duration } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { Loaded, Nothing } from "../shell/Page"
import { GROUPS, useSummary, type Group, type Line, type PlayFilter } from "./plays"
import { words } from "./words"
import "./lookback.css"

const NUMBERS = ["completed", "interrupted", "failed", "not_counted"] as const

/** The records behind a line, as a filter; none: it cannot be asked for. */
function behind(group: Group, key: string): PlayFilter | null {
  if (key === "" || group === "hour") return null
  if (group === "day") return { day_from: key, day_to: key }
  return { [group]: key }
}

/** The records behind a column: those that failed did so in two ways, and those that are not believed have no filter. */
const STATUS = { completed: "success", interrupted: "interrupted" } as const

export function Summary({ filter, onRecords }: { filter: PlayFilter; onRecords: (filter: PlayFilter) => void }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const [group, setGroup] = useState<Group>("creative")
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
                render: (_: unknown, l: Line) => {
                  if (!l[key]) return <span className="faint">0</span>
                  const own = behind(group, l.key)
                  if (!own || (key !== "completed" && key !== "interrupted")) return count(l[key])
                  return <button className="figure" title={t.figureHint} onClick={() => onRecords({ ...filter, ...own, status: STATUS[key] })}>{count(l[key])}</button>
                },
              })),
              { title: t.airtime, key: "airtime", width: 150, align: "right", sorter: (a, b) => a.shown_ms - b.shown_ms, render: (_, l) => duration(l.shown_ms, language) },
            ]}
            summary={() =>
              lines.length > 1 && (
                <Table.Summary.Row>
                  <Table.Summary.Cell index={0}><b>{t.total}</b></Table.Summary.Cell>
                  {NUMBERS.map((key, i) => (
                    <Table.Summary.Cell key={key} index={i + 1} align="right"><b>{count(lines.reduce((sum, l) => sum + l[key], 0))}</b></Table.Summary.Cell>
                  ))}
                  <Table.Summary.Cell index={5} align="right"><b>{duration(lines.reduce((sum, l) => sum + l.shown_ms, 0), language)}</b></Table.Summary.Cell>
                </Table.Summary.Row>
              )
            }
          />
        )}
      </Loaded>
    </>
  )
}
