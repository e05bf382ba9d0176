/** Exposure look-back: what was shown around a place in the days before a case, of its kind of fraud and otherwise. */
import { useQuery } from "@tanstack/react-query"
import { DatePicker, InputNumber, Select, Table, Tag, TreeSelect } from "antd"
import dayjs from "dayjs"
import { useState } from "react"
import { answered, api, type Schemas } from "../api/client"
import { useFraudTypes } from "../content/creatives"
import { count, duration, today } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { areaTree, useAreas } from "../screens/places"
import { Loaded, Nothing } from "../shell/Page"
import { lookbackWords } from "./lookbackWords"
import { words } from "./words"
import "./lookback.css"

type Found = Schemas["ExposureView"]
type Creative = Schemas["ExposedCreative"]
type Screen = Schemas["ExposingScreen"]

interface Case {
  area?: string
  date: string
  days: number
  fraud_type?: Schemas["FraudType"]
}

export function Exposure() {
  const t = useWords(lookbackWords)
  const areas = useAreas()
  const fraudTypes = useFraudTypes()
  const [asked, setAsked] = useState<Case>({ date: today(), days: 14 })
  const set = (change: Partial<Case>) => setAsked({ ...asked, ...change })
  const found = useQuery({
    queryKey: ["exposure", asked],
    queryFn: () => answered(api.GET("/api/v1/plays/exposure", { params: { query: { ...asked, area: asked.area ?? "" } } })),
    enabled: asked.area !== undefined,
    placeholderData: (before) => before,
  })
  return (
    <>
      <div className="filters">
        <TreeSelect allowClear showSearch treeDefaultExpandAll treeNodeFilterProp="title" popupMatchSelectWidth={260} placeholder={t.caseArea} aria-label={t.caseArea} value={asked.area} onChange={(area?: string) => set({ area })} treeData={areaTree(areas.data ?? [])} style={{ width: 220 }} />
        <DatePicker aria-label={t.caseDate} allowClear={false} value={dayjs(asked.date)} onChange={(date) => date && set({ date: date.format("YYYY-MM-DD") })} disabledDate={(d) => d.format("YYYY-MM-DD") > today()} />
        <Select allowClear showSearch optionFilterProp="label" popupMatchSelectWidth={200} placeholder={t.caseType} aria-label={t.caseType} value={asked.fraud_type} onChange={(fraud_type) => set({ fraud_type })} options={fraudTypes.data?.map((f) => ({ value: f.code, label: f.name }))} style={{ width: 180 }} />
        <InputNumber aria-label={t.daysBack} prefix={<span className="quiet small">{t.daysBack}</span>} min={1} max={366} precision={0} value={asked.days} onChange={(days) => set({ days: days ?? 14 })} style={{ width: 150 }} />
      </div>
      {asked.area === undefined ? <Nothing inTable title={t.caseStart}>{t.caseStartHint}</Nothing> : <Loaded query={found}>{(data) => <Answer found={data} typed={asked.fraud_type !== undefined} />}</Loaded>}
    </>
  )
}

function Answer({ found, typed }: { found: Found; typed: boolean }) {
  const t = useWords(lookbackWords)
  const { matching } = found
  const never = matching.plays === 0
  return (
    <>
      <div className={`exposure-head${never ? " never" : ""}`}>
        <div>
          {!never && <div className="quiet small">{typed ? t.matchingPlays : t.allPlays}</div>}
          <b>{never ? t.never : t.times(count(matching.plays))}</b>
          <div className="quiet">
            {never ? t.neverHint(found.in_service) : `${t.onScreens(matching.screens, found.in_service)}${matching.last ? `；${t.lastShown(matching.last)}` : ""}`}
          </div>
        </div>
        <div className="quiet" style={{ alignSelf: "end" }}>{t.period(found.from, found.to)}</div>
      </div>
      {found.creatives.length > 0 && <Lists found={found} typed={typed} />}
    </>
  )
}

function Lists({ found, typed }: { found: Found; typed: boolean }) {
  const t = useWords(lookbackWords)
  const common = useWords(words)
  const { language } = useLanguage()
  const fraudTypes = useFraudTypes()
  const paged = (rows: number) => (rows > 50 ? { pageSize: 50 } : (false as const))
  return (
    <div className="exposure-lists">
      <section aria-label={t.byCreative}>
        <h2 className="section-title" style={{ marginTop: 16 }}>{t.byCreative}</h2>
        <Table<Creative>
          size="small"
          rowKey="creative"
          dataSource={found.creatives}
          pagination={paged(found.creatives.length)}
          columns={[
            { title: t.title, key: "title", render: (_, c) => <>{c.title || common.unknown}{typed && c.matches && <Tag color="green" style={{ marginInlineStart: 8 }}>{t.same}</Tag>}<div className="quiet small">{fraudTypes.data?.find((f) => f.code === c.fraud_type)?.name}</div></> },
            { title: t.plays, key: "plays", width: 90, align: "right", render: (_, c) => count(c.total.plays) },
            { title: t.airtime, key: "airtime", width: 120, align: "right", render: (_, c) => duration(c.total.shown_ms, language) },
            { title: t.screensOf, key: "screens", width: 80, align: "right", render: (_, c) => count(c.total.screens) },
            { title: t.last, key: "last", width: 110, render: (_, c) => c.total.last },
          ]}
        />
      </section>
      <section aria-label={t.byScreen}>
        <h2 className="section-title" style={{ marginTop: 16 }}>{t.byScreen}</h2>
        <Table<Screen>
          size="small"
          rowKey="screen"
          dataSource={found.screens}
          pagination={paged(found.screens.length)}
          columns={[
            { title: common.screen, key: "screen", render: (_, s) => <>{s.name}<div className="quiet small">{s.venue}</div></> },
            { title: t.plays, key: "plays", width: 90, align: "right", render: (_, s) => count(s.all.plays) },
            ...(typed ? [{ title: t.matching, key: "matching", width: 90, align: "right" as const, render: (_: unknown, s: Screen) => count(s.matching.plays) }] : []),
            { title: t.last, key: "last", width: 110, render: (_, s) => (typed ? s.matching : s.all).last ?? "—" },
          ]}
        />
      </section>
    </div>
  )
}
