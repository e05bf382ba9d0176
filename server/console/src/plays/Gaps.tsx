/** Gaps that were found at night: what they come to by cause, and one by one, each a click from the ribbon of its day. */
import { Button, Checkbox, DatePicker, Select, Table } from "antd"
import dayjs from "dayjs"
import { Link, useSearchParams } from "react-router"
import { clockTime, count, daysFromToday, duration, shortDateTime, today } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useScreens } from "../screens/screens"
import { Loaded, Nothing } from "../shell/Page"
import { words as shell } from "../shell/words"
import { dayAt, gapsAt } from "./filter"
import { useGapCauses, useGaps, type FoundGap, type GapCause, type GapFilter } from "./gaps"
import { gapWords } from "./gapWords"
import { lookbackWords } from "./lookbackWords"
import { words } from "./words"
import "./lookback.css"

/** Causes that are findings: what was ordered is none. */
const CAUSES: GapCause[] = ["not_reported", "batches_missing", "power", "restarted", "clock", "content", "display", "not_believed", "unknown"]

export function Gaps() {
  const t = useWords(gapWords)
  const back = useWords(lookbackWords)
  const common = useWords(words)
  const [params, setParams] = useSearchParams()
  const screens = useScreens({}, 60_000)
  const cause = CAUSES.find((one) => one === params.get("cause"))
  const filter: GapFilter = {
    screen: params.get("screen") ?? undefined,
    cause,
    day_from: params.get("day_from") ?? daysFromToday(-7),
    day_to: params.get("day_to") ?? today(),
    open: params.get("open") === "true" || undefined,
  }
  const set = (change: Partial<GapFilter>) => {
    const said = Object.entries({ ...filter, ...change }).filter(([, value]) => value !== undefined && value !== false)
    setParams({ tab: "gaps", ...Object.fromEntries(said.map(([key, value]) => [key, String(value)])) })
  }
  const day = (text: string | undefined) => (text ? dayjs(text) : null)
  return (
    <>
      <div className="filters">
        <DatePicker.RangePicker aria-label={common.days} allowClear={false} value={[day(filter.day_from), day(filter.day_to)]} onChange={(days) => days?.[0] && days[1] && set({ day_from: days[0].format("YYYY-MM-DD"), day_to: days[1].format("YYYY-MM-DD") })} disabledDate={(d) => d.format("YYYY-MM-DD") > today()} style={{ width: 240 }} />
        <Select allowClear showSearch optionFilterProp="label" popupMatchSelectWidth={320} placeholder={t.screen} aria-label={t.screen} value={filter.screen} onChange={(screen?: string) => set({ screen })} options={screens.data?.map((s) => ({ value: s.id, label: `${s.venue.name} ${s.name}` }))} style={{ width: 220 }} />
        <Select allowClear placeholder={t.cause} aria-label={t.cause} popupMatchSelectWidth={200} value={filter.cause} onChange={(chosen?: GapCause) => set({ cause: chosen })} options={CAUSES.map((value) => ({ value, label: back.causes[value] }))} style={{ width: 180 }} />
        <Checkbox checked={filter.open === true} onChange={(e) => set({ open: e.target.checked || undefined })}>{t.openOnly}</Checkbox>
      </div>
      <p className="quiet small gap-lead">{t.lead}</p>
      <Causes filter={filter} onCause={(chosen) => set({ cause: chosen })} />
      <List filter={filter} />
    </>
  )
}

/** What they come to; a click narrows the list to the cause. */
function Causes({ filter, onCause }: { filter: GapFilter; onCause: (cause: GapCause | undefined) => void }) {
  const t = useWords(gapWords)
  const back = useWords(lookbackWords)
  const { language } = useLanguage()
  const causes = useGapCauses({ ...filter, cause: undefined })
  return (
    <Loaded query={causes}>
      {({ items, looked_through: looked }) => (
        <div className="gap-causes" role="group" aria-label={t.cause}>
          {items.map((line) => (
            <button key={line.cause} type="button" className={filter.cause === line.cause ? "chosen" : ""} aria-pressed={filter.cause === line.cause} onClick={() => onCause(filter.cause === line.cause ? undefined : line.cause)}>
              <span><span className={`swatch gap-${line.cause}`} />{back.causes[line.cause]}</span>
              <b>{count(line.findings)}</b>
              <span className="quiet small">{t.causeScreens} {count(line.screens)} · {duration(line.missing_ms, language)}</span>
            </button>
          ))}
          <span className="quiet small">{looked[0] ? t.looked(looked[0].day, count(looked[0].screens)) : t.notLooked}</span>
        </div>
      )}
    </Loaded>
  )
}

function List({ filter }: { filter: GapFilter }) {
  const t = useWords(gapWords)
  const back = useWords(lookbackWords)
  const common = useWords(shell)
  const plays = useWords(words)
  const { language } = useLanguage()
  const gaps = useGaps(filter)
  return (
    <>
      <Loaded query={gaps}>
        {(data) => (
          <Table<FoundGap>
            size="small"
            rowKey="id"
            dataSource={data.pages.flatMap((page) => page.items)}
            pagination={false}
            locale={{ emptyText: <Nothing inTable title={t.none}>{t.noneHint}</Nothing> }}
            columns={[
              { title: t.screen, key: "screen", render: (_, g) => <><Link to={`/screens?screen=${g.screen}`}>{g.screen_name}</Link><div className="quiet small">{g.venue_name}</div></> },
              { title: t.day, key: "day", width: 110, render: (_, g) => g.day },
              { title: t.span, key: "span", width: 170, render: (_, g) => <Link to={dayAt(g.screen, g.day, g.start)} title={t.see} className="mono nowrap">{clockTime(g.start, g.timezone)} – {clockTime(g.end, g.timezone)}</Link> },
              { title: t.missing, key: "missing", width: 130, render: (_, g) => <>{duration(g.missing_ms, language)}{g.gaps > 1 && <div className="quiet small">{t.inGaps(g.gaps)}</div>}</> },
              { title: t.cause, key: "cause", render: (_, g) => <><span className={`swatch gap-${g.cause}`} />{back.causes[g.cause]} {g.zone !== "main" && <span className="quiet">{plays.zones[g.zone]}</span>}<div className="quiet small">{back.causeHints[g.cause]}</div></> },
              { title: t.state, key: "state", width: 170, render: (_, g) => (g.resolved_at != null ? <span className="dot good">{t.resolved(shortDateTime(g.resolved_at))}</span> : <span className="dot bad">{t.open}</span>) },
            ]}
          />
        )}
      </Loaded>
      {gaps.hasNextPage && (
        <div style={{ textAlign: "center", padding: 10 }}>
          <Button onClick={() => void gaps.fetchNextPage()} loading={gaps.isFetchingNextPage}>{common.more}</Button>
        </div>
      )}
    </>
  )
}

/** The gaps of one screen in the last month, for its page. */
export function ScreenGaps({ screen }: { screen: string }) {
  const t = useWords(gapWords)
  const back = useWords(lookbackWords)
  const { language } = useLanguage()
  const from = daysFromToday(-30)
  const gaps = useGaps({ screen, day_from: from })
  return (
    <Loaded query={gaps}>
      {(data) => {
        const items = data.pages.flatMap((page) => page.items)
        if (items.length === 0) return <p className="quiet" style={{ margin: 0 }}>{t.ofScreenNone}</p>
        return (
          <>
            <table className="ribbon-table">
              <tbody>
                {items.slice(0, MOST_LINES).map((g) => (
                  <tr key={g.id}>
                    <td><Link to={dayAt(g.screen, g.day, g.start)} className="mono nowrap" title={t.see}>{g.day} {clockTime(g.start, g.timezone)}</Link></td>
                    <td>{duration(g.missing_ms, language)}</td>
                    <td><span className={`swatch gap-${g.cause}`} />{back.causes[g.cause]}{g.resolved_at != null && <span className="quiet small"> {t.resolved(shortDateTime(g.resolved_at))}</span>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {(items.length > MOST_LINES || gaps.hasNextPage) && <p style={{ margin: "6px 0 0" }}><Link to={gapsAt({ screen, day_from: from, day_to: today() })}>{t.all}</Link></p>}
          </>
        )
      }}
    </Loaded>
  )
}

/** Lines on a screen's page: the rest is one click away. */
const MOST_LINES = 6
