/** Exposure look-back: what was shown around a place in the days before a case, of its kind of fraud and otherwise. */
import { useQuery } from "@tanstack/react-query"
import { DatePicker, Input, InputNumber, Segmented, Select, Table, Tag, Tooltip, TreeSelect } from "antd"
import dayjs from "dayjs"
import { useState, type ReactNode } from "react"
import { Link, useSearchParams } from "react-router"
import { answered, api, type Schemas } from "../api/client"
import { useFraudTypes } from "../content/creatives"
import { count, dateTime, duration, today } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { areaTree, useAreas } from "../screens/places"
import { useVenues } from "../screens/screens"
import { Loaded, Nothing } from "../shell/Page"
import { PictureCard } from "./Evidence"
import { dayAt, recordsAt, type PlayFilter } from "./filter"
import { lookbackWords } from "./lookbackWords"
import { words } from "./words"
import "./lookback.css"

type Found = Schemas["ExposureView"]
type Creative = Schemas["ExposedCreative"]
type Screen = Schemas["ExposingScreen"]

interface Case {
  area?: string
  near?: string
  within_m?: number
  date: string
  days: number
  fraud_type?: Schemas["FraudType"]
}

/** Around a point: so far unless asked otherwise, and at most, in kilometres. */
const USUAL_KM = 3
const MOST_KM = 100

/** The case that the address has: so a look-back can be sent to somebody, and is there again on the way back from records. */
function caseOf(params: URLSearchParams): Case {
  const text = (key: string) => params.get(key) ?? undefined
  const number = (key: string, usual: number) => (/^\d+$/.test(params.get(key) ?? "") ? Number(params.get(key)) : usual)
  const near = text("near")
  return {
    ...(near ? { near, within_m: number("within_m", USUAL_KM * 1000) } : { area: text("area") }),
    date: text("date") ?? today(),
    days: number("days", 14),
    fraud_type: text("fraud_type") as Case["fraud_type"],
  }
}

export function Exposure() {
  const t = useWords(lookbackWords)
  const areas = useAreas()
  const fraudTypes = useFraudTypes()
  const venues = useVenues()
  const [params, setParams] = useSearchParams()
  const asked = caseOf(params)
  const [byDistance, setByDistance] = useState(asked.near !== undefined)
  const set = (change: Partial<Case>) => {
    const said = Object.entries({ ...asked, ...change }).filter(([, value]) => value !== undefined && value !== "")
    setParams({ tab: "exposure", ...Object.fromEntries(said.map(([key, value]) => [key, String(value)])) })
  }
  const setNear = (near: string | undefined) => set({ near: near?.trim() || undefined, area: undefined, within_m: near ? (asked.within_m ?? USUAL_KM * 1000) : undefined })
  const there = asked.area !== undefined || asked.near !== undefined
  const found = useQuery({
    queryKey: ["exposure", asked],
    queryFn: () => answered(api.GET("/api/v1/plays/exposure", { params: { query: asked } })),
    enabled: there,
  })
  const placed = venues.data?.filter((venue) => venue.position)
  return (
    <>
      <div className="filters">
        <Segmented aria-label={t.around} value={byDistance ? "near" : "area"} onChange={(how) => { setByDistance(how === "near"); set({ area: undefined, near: undefined, within_m: undefined }) }} options={[{ value: "area", label: t.byArea }, { value: "near", label: t.byDistance }]} />
        {byDistance ? (
          <>
            <Select showSearch allowClear optionFilterProp="label" popupMatchSelectWidth={320} placeholder={t.caseVenue} aria-label={t.caseVenue} value={placed?.find((venue) => venue.position === asked.near)?.id} onChange={(id?: string) => setNear(placed?.find((venue) => venue.id === id)?.position ?? undefined)} options={placed?.map((venue) => ({ value: venue.id, label: venue.name }))} notFoundContent={t.nonePlaced} style={{ width: 190 }} />
            <Tooltip title={t.pointHint}>
              <Input.Search key={asked.near} allowClear aria-label={t.casePoint} placeholder={t.pointPlaceholder} defaultValue={asked.near} enterButton={t.ask} onSearch={setNear} style={{ width: 270 }} />
            </Tooltip>
            <InputNumber aria-label={t.withinKm} prefix={<span className="quiet small">{t.within}</span>} suffix={t.km} min={0.1} max={MOST_KM} step={0.5} value={(asked.within_m ?? USUAL_KM * 1000) / 1000} onChange={(km) => asked.near && set({ within_m: Math.round((km ?? USUAL_KM) * 1000) })} disabled={!asked.near} style={{ width: 140 }} />
          </>
        ) : (
          <TreeSelect allowClear showSearch treeDefaultExpandAll treeNodeFilterProp="title" popupMatchSelectWidth={260} placeholder={t.caseArea} aria-label={t.caseArea} value={asked.area} onChange={(area?: string) => set({ area, near: undefined, within_m: undefined })} treeData={areaTree(areas.data ?? [])} style={{ width: 220 }} />
        )}
        <DatePicker aria-label={t.caseDate} allowClear={false} value={dayjs(asked.date)} onChange={(date) => date && set({ date: date.format("YYYY-MM-DD") })} disabledDate={(d) => d.format("YYYY-MM-DD") > today()} />
        <Select allowClear showSearch optionFilterProp="label" popupMatchSelectWidth={200} placeholder={t.caseType} aria-label={t.caseType} value={asked.fraud_type} onChange={(fraud_type) => set({ fraud_type })} options={fraudTypes.data?.map((f) => ({ value: f.code, label: f.name }))} style={{ width: 160 }} />
        <InputNumber aria-label={t.daysBack} prefix={<span className="quiet small">{t.daysBack}</span>} min={1} max={366} precision={0} value={asked.days} onChange={(days) => set({ days: days ?? 14 })} style={{ width: 140 }} />
      </div>
      {there ? (
        <Loaded query={found}>
          {(data) => (
            <>
              <Answer asked={asked} found={data} />
              {data.screens.length > 0 && <Pictures asked={asked} />}
              {data.creatives.length > 0 && <Lists asked={asked} found={data} />}
            </>
          )}
        </Loaded>
      ) : (
        <Nothing inTable title={t.caseStart}>{byDistance ? t.casePointHint(placed?.length ?? 0) : t.caseStartHint}</Nothing>
      )}
    </>
  )
}

/** The records of a look-back: its place and days, shown in full. */
const within = (asked: Case, found: Found): PlayFilter => ({ area: asked.area, near: asked.near, within_m: asked.within_m, day_from: found.from, day_to: found.to, counted_as: "completed" })

function Answer({ asked, found }: { asked: Case; found: Found }) {
  const t = useWords(lookbackWords)
  const { matching } = found
  const never = matching.plays === 0
  const typed = asked.fraud_type !== undefined
  const all = { ...within(asked, found), fraud_type: asked.fraud_type }
  return (
    <div className={`exposure-head${never ? " never" : ""}`}>
      <div>
        {!never && <div className="quiet small">{typed ? t.matchingPlays : t.allPlays}</div>}
        <b>{never ? t.never : <Link to={recordsAt(all)} title={t.seeRecords}>{t.times(count(matching.plays))}</Link>}</b>
        <div className="quiet">
          {never ? t.neverHint(found.in_service) : (
            <>
              <Link to={recordsAt(all)} title={t.seeRecords}>{t.onScreens(matching.screens)}</Link>{t.ofScreens(found.in_service)}
              {matching.last && <> · <Link to={recordsAt({ ...all, day_from: matching.last, day_to: matching.last })} title={t.seeRecords}>{t.lastShown(matching.last)}</Link></>}
            </>
          )}
        </div>
      </div>
      <div className="quiet" style={{ alignSelf: "end" }}>{t.period(found.from, found.to)}</div>
    </div>
  )
}

/** What the walls there really showed, with what proves it. */
function Pictures({ asked }: { asked: Case }) {
  const t = useWords(lookbackWords)
  const pictures = useQuery({
    queryKey: ["exposure-pictures", asked],
    queryFn: () => answered(api.GET("/api/v1/plays/exposure/pictures", { params: { query: asked } })),
  })
  return (
    <section className="exposure-pictures" aria-label={t.pictures}>
      <h2 className="section-title" style={{ marginTop: 16 }}>{t.pictures}</h2>
      <Loaded query={pictures}>
        {({ items }) =>
          items.length === 0 ? <p className="quiet" style={{ margin: 0 }}>{t.picturesNone}</p> : (
            <div className="evidence-strip">
              {items.map((one) => (
                <div key={`${one.screen}${one.picture.taken}${one.picture.digest}`}>
                  <PictureCard screen={one.screen} picture={one.picture} timezone={one.timezone} dated />
                  <Link to={dayAt(one.screen, dateTime(one.picture.taken, one.timezone).slice(0, 10))} className="small clip-text" style={{ display: "block", maxWidth: 176 }} title={`${one.venue_name} ${one.screen_name}`}>{one.venue_name} {one.screen_name}</Link>
                  {asked.fraud_type && one.matches && <Tag color="green">{t.same}</Tag>}
                </div>
              ))}
            </div>
          )
        }
      </Loaded>
    </section>
  )
}

function Lists({ asked, found }: { asked: Case; found: Found }) {
  const t = useWords(lookbackWords)
  const common = useWords(words)
  const { language } = useLanguage()
  const fraudTypes = useFraudTypes()
  const typed = asked.fraud_type !== undefined
  const all = within(asked, found)
  const figure = (to: PlayFilter, text: ReactNode) => <Link to={recordsAt(to)} title={t.seeRecords}>{text}</Link>
  const lastDay = (to: PlayFilter, day: string | null | undefined) => (day ? figure({ ...to, day_from: day, day_to: day }, day) : "—")
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
            { title: t.plays, key: "plays", width: 90, align: "right", render: (_, c) => figure({ ...all, creative: c.creative }, count(c.total.plays)) },
            { title: t.airtime, key: "airtime", width: 120, align: "right", render: (_, c) => figure({ ...all, creative: c.creative, counted_as: "shown" }, duration(c.total.shown_ms, language)) },
            { title: t.screensOf, key: "screens", width: 80, align: "right", render: (_, c) => figure({ ...all, creative: c.creative }, count(c.total.screens)) },
            { title: t.last, key: "last", width: 110, render: (_, c) => lastDay({ ...all, creative: c.creative }, c.total.last) },
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
            { title: common.screen, key: "screen", render: (_, s) => <><Link to={`/screens?screen=${s.screen}`}>{s.name}</Link><div className="quiet small">{s.venue}</div></> },
            { title: t.plays, key: "plays", width: 90, align: "right", render: (_, s) => figure({ ...all, screen: s.screen }, count(s.all.plays)) },
            ...(typed ? [{ title: t.matching, key: "matching", width: 90, align: "right" as const, render: (_: unknown, s: Screen) => (s.matching.plays ? figure({ ...all, screen: s.screen, fraud_type: asked.fraud_type }, count(s.matching.plays)) : 0) }] : []),
            { title: t.last, key: "last", width: 110, render: (_, s) => lastDay({ ...all, screen: s.screen, fraud_type: asked.fraud_type }, (typed ? s.matching : s.all).last) },
          ]}
        />
      </section>
    </div>
  )
}
