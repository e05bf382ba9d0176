/** The play log: records under one filter, what they come to, what is odd, and taking them away. */
import { Badge, Button, DatePicker, Select, Tabs, Tag, TreeSelect } from "antd"
import dayjs, { type Dayjs } from "dayjs"
import { useSearchParams } from "react-router"
import { useCampaigns } from "../campaigns/campaigns"
import { useAllCreatives, useFraudTypes } from "../content/creatives"
import { daysFromToday, today } from "../i18n/format"
import { useWords } from "../i18n/language"
import { areaTree, useAreas, useDepartments, useVenueTypes } from "../screens/places"
import { useScreens } from "../screens/screens"
import { PageHead } from "../shell/Page"
import { words as shell } from "../shell/words"
import { DayCompared } from "./DayCompared"
import { Exports } from "./Exports"
import { Exposure } from "./Exposure"
import { filterOf, paramsOf, type PlayFilter } from "./filter"
import { Findings } from "./Findings"
import { Gaps } from "./Gaps"
import { gapWords } from "./gapWords"
import { lookbackWords } from "./lookbackWords"
import { useFindings } from "./plays"
import { Records } from "./Records"
import { Summary } from "./Summary"
import { words } from "./words"

const TABS = ["records", "summary", "day", "exposure", "gaps", "findings"] as const

export function PlaysPage() {
  const t = useWords(words)
  const back = useWords(lookbackWords)
  const gapText = useWords(gapWords)
  const [params, setParams] = useSearchParams()
  const tab = TABS.find((one) => one === params.get("tab")) ?? "records"
  // The address is the filter: whoever is sent it sees the same records.
  const filter = filterOf(params) ?? { day_from: daysFromToday(-6), day_to: today() }
  const findings = useFindings()
  const open = findings.data?.pages.flatMap((page) => page.items).filter((one) => one.resolved_at == null).length ?? 0
  const show = (wanted: PlayFilter, at: Tab = tab) => setParams({ ...(at === "records" ? {} : { tab: at }), ...(at === "summary" && params.get("group") ? { group: params.get("group") ?? "" } : {}), ...paramsOf(wanted) })
  const titles = { records: t.tabRecords, summary: t.tabSummary, day: back.tabDay, exposure: back.tabExposure, gaps: gapText.tab, findings: t.tabFindings }
  return (
    <>
      <PageHead title={t.title} lead={t.lead}>
        <Exports filter={filter} />
      </PageHead>
      <Tabs
        activeKey={tab}
        onChange={(key) => {
          const chosen = key as Tab
          // Records and counts look at the same plays; a day is of the screen that was chosen.
          if (chosen === "records" || chosen === "summary") show(filter, chosen)
          else setParams({ tab: chosen, ...(chosen === "day" && filter.screen ? { screen: filter.screen } : {}) })
        }}
        items={TABS.map((key) => ({ key, label: key === "findings" ? <Badge count={open} size="small" offset={[8, 0]}>{titles[key]}</Badge> : titles[key] }))}
      />
      <section className="panel flush" aria-label={titles[tab]}>
        {(tab === "records" || tab === "summary") && <Filters filter={filter} narrow={tab === "records"} onChange={(wanted) => show(wanted)} />}
        {tab === "records" && <Records filter={filter} />}
        {tab === "summary" && <Summary filter={filter} />}
        {tab === "day" && <DayCompared />}
        {tab === "exposure" && <Exposure />}
        {tab === "gaps" && <Gaps />}
        {tab === "findings" && <Findings />}
      </section>
    </>
  )
}

type Tab = (typeof TABS)[number]

function Filters({ filter, narrow, onChange }: { filter: PlayFilter; narrow: boolean; onChange: (filter: PlayFilter) => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const screens = useScreens({}, 60_000)
  const areas = useAreas()
  const departments = useDepartments()
  const types = useVenueTypes()
  const creatives = useAllCreatives()
  const campaigns = useCampaigns()
  const set = (change: Partial<PlayFilter>) => onChange({ ...filter, ...change })
  const day = (text: string | undefined) => (text ? dayjs(text) : null)
  const now = dayjs(today())
  const presets = [
    { label: t.todayOnly, value: [now, now] as [Dayjs, Dayjs] },
    { label: t.lastWeek, value: [now.subtract(6, "day"), now] as [Dayjs, Dayjs] },
    { label: t.lastMonth, value: [now.subtract(29, "day"), now] as [Dayjs, Dayjs] },
  ]
  const one = { allowClear: true, showSearch: true, optionFilterProp: "label", popupMatchSelectWidth: 260 } as const
  return (
    <div className="filters">
      <DatePicker.RangePicker
        aria-label={t.days}
        allowEmpty={[true, true]}
        placeholder={[t.dayFrom, t.dayTo]}
        presets={presets}
        value={[day(filter.day_from), day(filter.day_to)]}
        onChange={(days) => set({ day_from: days?.[0]?.format("YYYY-MM-DD"), day_to: days?.[1]?.format("YYYY-MM-DD") })}
        style={{ width: 240 }}
      />
      <Select {...one} placeholder={t.screen} aria-label={t.screen} value={filter.screen} onChange={(screen?: string) => set({ screen })} options={screens.data?.map((s) => ({ value: s.id, label: `${s.venue.name} ${s.name}` }))} style={{ width: 150 }} />
      <TreeSelect allowClear showSearch treeDefaultExpandAll treeNodeFilterProp="title" popupMatchSelectWidth={240} placeholder={t.area} aria-label={t.area} value={filter.area} onChange={(area?: string) => set({ area })} treeData={areaTree(areas.data ?? [])} style={{ width: 120 }} />
      <Select {...one} placeholder={t.venueType} aria-label={t.venueType} value={filter.venue_type} onChange={(venue_type) => set({ venue_type })} options={types.data?.map((x) => ({ value: x.code, label: x.name }))} style={{ width: 120 }} />
      <Select {...one} placeholder={t.department} aria-label={t.department} value={filter.department} onChange={(department?: string) => set({ department })} options={departments.data?.map((d) => ({ value: d.code, label: d.name }))} style={{ width: 120 }} />
      <Select {...one} placeholder={t.creative} aria-label={t.creative} value={filter.creative} onChange={(creative?: string) => set({ creative })} options={creatives.data?.map((c) => ({ value: c.id, label: c.title }))} style={{ width: 130 }} />
      <Select {...one} placeholder={t.campaign} aria-label={t.campaign} value={filter.campaign} onChange={(campaign?: string) => set({ campaign })} options={campaigns.data?.map((c) => ({ value: c.id, label: c.name }))} style={{ width: 130 }} />
      {narrow && <Select allowClear popupMatchSelectWidth={200} placeholder={t.status} aria-label={t.status} value={outcomeOf(filter)} onChange={(outcome?: string) => set(outcomes(outcome))} options={outcomeOptions(t)} style={{ width: 120 }} />}
      <Select allowClear placeholder={t.hour} aria-label={t.hour} value={filter.hour} onChange={(hour?: number) => set({ hour })} options={HOURS.map((value) => ({ value, label: t.hourOf(value) }))} style={{ width: 84 }} />
      <More filter={filter} onChange={set} />
      {Object.values(filter).some(Boolean) && <Button type="link" onClick={() => onChange({})}>{common.reset}</Button>}
    </div>
  )
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

/** Outcomes as one choice: a column of the counts, a status as the screen signed it, or a rule that was broken. */
const outcomeOf = (filter: PlayFilter) => (filter.counted_as && `counted_as ${filter.counted_as}`) ?? (filter.status && `status ${filter.status}`) ?? (filter.flag && `flag ${filter.flag}`)

function outcomes(outcome: string | undefined): PlayFilter {
  const none = { counted_as: undefined, status: undefined, flag: undefined }
  const [key, value] = outcome?.split(" ") ?? []
  return key ? { ...none, [key]: value } : none
}

function outcomeOptions(t: ReturnType<typeof wordsOf>) {
  const options = (key: string, names: Record<string, string>) => Object.entries(names).map(([value, label]) => ({ value: `${key} ${value}`, label }))
  return [
    { label: t.outcomeCounted, options: options("counted_as", { completed: t.completed, interrupted: t.interrupted, failed: t.failed, not_counted: t.notCounted, shown: t.shownAtAll }) },
    { label: t.outcomeSigned, options: options("status", t.statuses) },
    { label: t.outcomeFlag, options: options("flag", t.flagNames) },
  ]
}

const wordsOf = () => useWords(words)

/** What a link brought with it and no field of the page shows: each can be taken off. */
function More({ filter, onChange }: { filter: PlayFilter; onChange: (change: Partial<PlayFilter>) => void }) {
  const t = useWords(words)
  const fraudTypes = useFraudTypes()
  const more: { key: string; text: string; off: Partial<PlayFilter> }[] = []
  if (filter.takeover) more.push({ key: "takeover", text: t.takeover, off: { takeover: undefined } })
  if (filter.fraud_type) more.push({ key: "fraud", text: fraudTypes.data?.find((f) => f.code === filter.fraud_type)?.name ?? filter.fraud_type, off: { fraud_type: undefined } })
  if (filter.area && filter.area_only) more.push({ key: "only", text: t.areaOnly, off: { area_only: undefined } })
  if (filter.near && filter.within_m) more.push({ key: "near", text: t.nearPoint(filter.near, filter.within_m / 1000), off: { near: undefined, within_m: undefined } })
  if (filter.sequence !== undefined) more.push({ key: "batch", text: t.batchNo(filter.sequence), off: { sequence: undefined } })
  return more.map(({ key, text, off }) => <Tag key={key} closable onClose={() => onChange(off)} color="blue">{text}</Tag>)
}
