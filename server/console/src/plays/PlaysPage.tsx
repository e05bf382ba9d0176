/** The play log: records under one filter, what they come to, what is odd, and taking them away. */
import { Badge, Button, DatePicker, Select, Tabs, TreeSelect } from "antd"
import dayjs, { type Dayjs } from "dayjs"
import { useState } from "react"
import { useSearchParams } from "react-router"
import { useCampaigns } from "../campaigns/campaigns"
import { useAllCreatives } from "../content/creatives"
import { daysFromToday, today } from "../i18n/format"
import { useWords } from "../i18n/language"
import { areaTree, useAreas, useDepartments, useVenueTypes } from "../screens/places"
import { useScreens } from "../screens/screens"
import { PageHead } from "../shell/Page"
import { words as shell } from "../shell/words"
import { DayCompared } from "./DayCompared"
import { Exports } from "./Exports"
import { Exposure } from "./Exposure"
import { Findings } from "./Findings"
import { lookbackWords } from "./lookbackWords"
import { STATUSES, useFindings, type PlayFilter } from "./plays"
import { Records } from "./Records"
import { Summary } from "./Summary"
import { words } from "./words"

const TABS = ["records", "summary", "day", "exposure", "findings"] as const

export function PlaysPage() {
  const t = useWords(words)
  const back = useWords(lookbackWords)
  const [params, setParams] = useSearchParams()
  const tab = TABS.find((one) => one === params.get("tab")) ?? "records"
  const [filter, setFilter] = useState<PlayFilter>({ day_from: daysFromToday(-6), day_to: today(), screen: params.get("screen") ?? undefined })
  const findings = useFindings()
  const open = findings.data?.pages.flatMap((page) => page.items).filter((one) => one.resolved_at == null).length ?? 0
  const show = (wanted: PlayFilter) => {
    setFilter(wanted)
    setParams({})
  }
  return (
    <>
      <PageHead title={t.title} lead={t.lead}>
        <Exports filter={filter} />
      </PageHead>
      <Tabs
        activeKey={tab}
        onChange={(key) => setParams(key === "records" ? {} : { tab: key })}
        items={[
          { key: "records", label: t.tabRecords },
          { key: "summary", label: t.tabSummary },
          { key: "day", label: back.tabDay },
          { key: "exposure", label: back.tabExposure },
          { key: "findings", label: <Badge count={open} size="small" offset={[8, 0]}>{t.tabFindings}</Badge> },
        ]}
      />
      <section className="panel flush" aria-label={{ records: t.tabRecords, summary: t.tabSummary, day: back.tabDay, exposure: back.tabExposure, findings: t.tabFindings }[tab]}>
        {(tab === "records" || tab === "summary") && <Filters filter={filter} onChange={setFilter} />}
        {tab === "records" && <Records filter={filter} />}
        {tab === "summary" && <Summary filter={filter} onRecords={show} />}
        {tab === "day" && <DayCompared screen={filter.screen} onScreen={(screen) => setFilter({ ...filter, screen })} onRecords={(day) => show({ screen: filter.screen, day_from: day, day_to: day })} />}
        {tab === "exposure" && <Exposure />}
        {tab === "findings" && <Findings />}
      </section>
    </>
  )
}

function Filters({ filter, onChange }: { filter: PlayFilter; onChange: (filter: PlayFilter) => void }) {
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
      <Select allowClear placeholder={t.status} aria-label={t.status} value={filter.status} onChange={(status) => set({ status })} options={STATUSES.map((value) => ({ value, label: t.statuses[value] }))} style={{ width: 110 }} />
      {Object.values(filter).some(Boolean) && <Button type="link" onClick={() => onChange({})}>{common.reset}</Button>}
    </div>
  )
}
