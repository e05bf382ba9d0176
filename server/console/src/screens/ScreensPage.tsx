/** Screens and venues: two tables with the same filters, the pairing wizard, and a screen's details at the right. */
import { Button, Input, Select, Table, Tabs, TreeSelect } from "antd"
import { useMemo, useState } from "react"
import { useSearchParams } from "react-router"
import type { Schemas } from "../api/client"
import { useMay } from "../accounts/session"
import { useCreativeTitles } from "../content/creatives"
import { ago, dateTime } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { Loaded, Nothing, PageHead } from "../shell/Page"
import { words as shell } from "../shell/words"
import { openingInWords } from "./opening"
import { areaTree, nameOf, useAreas, useDepartments, useVenueTypes } from "./places"
import { PairScreen } from "./PairScreen"
import { ScreenDrawer } from "./ScreenDrawer"
import { DOT, useNow, useScreens, useVenues, type Screen, type ScreenKind, type ScreenState, type Venue } from "./screens"
import { VenueDialog } from "./VenueForm"
import { words } from "./words"

interface Filter {
  q?: string
  type?: Schemas["VenueType"]
  area?: string
  department?: string
  kind?: ScreenKind
  state?: ScreenState
}

/** The states that screens in service have. */
const STATES = ["online", "offline", "never_seen"] as const

export function ScreensPage() {
  const t = useWords(words)
  const manage = useMay("manageScreens")
  const [params, setParams] = useSearchParams()
  const tab = params.get("tab") === "venues" ? "venues" : "screens"
  // The overview links to the screens of one state.
  const [filter, setFilter] = useState<Filter>(() => ({ state: STATES.find((s) => s === params.get("state")) }))
  const [pairing, setPairing] = useState(false)
  const [venue, setVenue] = useState<Venue | "new" | null>(null)
  const all = useScreens()
  const open = (screen: string | null) =>
    setParams((p) => {
      if (screen) p.set("screen", screen)
      else p.delete("screen")
      return p
    })
  const online = all.data?.filter((s) => s.state === "online").length ?? 0
  return (
    <>
      <PageHead title={t.title} lead={all.data && t.lead(all.data.length, online)}>
        {manage && <Button onClick={() => setVenue("new")}>{t.addVenue}</Button>}
        {manage && <Button type="primary" onClick={() => setPairing(true)}>{t.pair}</Button>}
      </PageHead>
      <Tabs
        activeKey={tab}
        onChange={(key) => setParams(key === "venues" ? { tab: "venues" } : {})}
        items={[
          { key: "screens", label: t.tabScreens },
          { key: "venues", label: t.tabVenues },
        ]}
      />
      <section className="panel flush" aria-label={tab === "venues" ? t.tabVenues : t.tabScreens}>
        <Filters filter={filter} onChange={setFilter} screens={tab === "screens"} />
        {tab === "screens" ? (
          <ScreenTable filter={filter} onOpen={open} onPair={manage ? () => setPairing(true) : undefined} />
        ) : (
          <VenueTable filter={filter} onEdit={manage ? setVenue : undefined} onAdd={manage ? () => setVenue("new") : undefined} />
        )}
      </section>
      <ScreenDrawer id={params.get("screen")} onClose={() => open(null)} />
      {pairing && (
        <PairScreen
          onClose={(screen) => {
            setPairing(false)
            if (screen) open(screen)
          }}
        />
      )}
      {venue && <VenueDialog venue={venue === "new" ? null : venue} onClose={() => setVenue(null)} />}
    </>
  )
}

function Filters({ filter, onChange, screens }: { filter: Filter; onChange: (filter: Filter) => void; screens: boolean }) {
  const t = useWords(words)
  const common = useWords(shell)
  const areas = useAreas()
  const departments = useDepartments()
  const types = useVenueTypes()
  const set = (change: Partial<Filter>) => onChange({ ...filter, ...change })
  return (
    <div className="filters">
      <Input.Search allowClear placeholder={screens ? t.find : t.findVenue} aria-label={screens ? t.find : t.findVenue} onSearch={(q) => set({ q: q || undefined })} style={{ width: 190 }} />
      <TreeSelect allowClear showSearch treeDefaultExpandAll treeNodeFilterProp="title" popupMatchSelectWidth={240} placeholder={t.area} aria-label={t.area} value={filter.area} onChange={(area?: string) => set({ area })} treeData={areaTree(areas.data ?? [])} style={{ width: 150 }} />
      <Select allowClear showSearch optionFilterProp="label" popupMatchSelectWidth={200} placeholder={t.venueType} aria-label={t.venueType} value={filter.type} onChange={(type) => set({ type })} options={types.data?.map((x) => ({ value: x.code, label: x.name }))} style={{ width: 140 }} />
      <Select allowClear showSearch optionFilterProp="label" popupMatchSelectWidth={200} placeholder={t.department} aria-label={t.department} value={filter.department} onChange={(department) => set({ department })} options={departments.data?.map((d) => ({ value: d.code, label: d.name }))} style={{ width: 150 }} />
      {screens && (
        <>
          <Select allowClear placeholder={t.kind} aria-label={t.kind} value={filter.kind} onChange={(kind) => set({ kind })} options={Object.entries(t.kinds).map(([value, label]) => ({ value: value as ScreenKind, label }))} style={{ width: 120 }} />
          <Select allowClear placeholder={t.state} aria-label={t.state} value={filter.state} onChange={(state) => set({ state })} options={STATES.map((value) => ({ value, label: t.states[value] }))} style={{ width: 110 }} />
        </>
      )}
      {Object.values(filter).some(Boolean) && <Button type="link" onClick={() => onChange({})}>{common.reset}</Button>}
    </div>
  )
}

function ScreenTable({ filter, onOpen, onPair }: { filter: Filter; onOpen: (id: string) => void; onPair: (() => void) | undefined }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const now = useNow(5000)
  const screens = useScreens(filter)
  const areas = useAreas()
  const types = useVenueTypes()
  const titles = useCreativeTitles()
  const filtered = Object.values(filter).some(Boolean)
  return (
    <Loaded query={screens}>
      {(items) => (
        <Table<Screen>
          size="small"
          className="clickable-rows"
          rowKey="id"
          dataSource={items}
          pagination={items.length > 50 ? { pageSize: 50, showTotal: t.total } : false}
          onRow={(screen) => ({ onClick: () => onOpen(screen.id) })}
          locale={{
            emptyText: filtered ? (
              <Nothing inTable title={t.noMatch}>{t.noMatchHint}</Nothing>
            ) : (
              <Nothing inTable title={t.noScreens} action={onPair && <Button type="primary" onClick={onPair}>{t.pair}</Button>}>{t.noScreensHint}</Nothing>
            ),
          }}
          columns={[
            {
              title: t.screen,
              key: "name",
              sorter: (a, b) => a.name.localeCompare(b.name, "zh"),
              render: (_, s) => (
                <>
                  <button className="link-button" onClick={(e) => (e.stopPropagation(), onOpen(s.id))}>{s.name}</button>
                  <div className="quiet small">{s.venue.name}</div>
                </>
              ),
            },
            { title: t.venueType, key: "type", width: 130, render: (_, s) => nameOf(types.data, s.venue.type) },
            { title: t.area, key: "area", width: 130, render: (_, s) => nameOf(areas.data, s.venue.area) },
            {
              title: t.kind,
              key: "kind",
              width: 130,
              render: (_, s) => (
                <>
                  {t.kinds[s.kind]}
                  {s.kind !== "speaker" && <div className="quiet small">{s.size.width}×{s.size.height}</div>}
                </>
              ),
            },
            { title: t.state, key: "state", width: 110, render: (_, s) => <span className={`dot ${DOT[s.state]}`}>{t.states[s.state]}</span> },
            {
              title: t.lastSeen,
              key: "seen",
              width: 120,
              sorter: (a, b) => (a.last_seen ?? 0) - (b.last_seen ?? 0),
              render: (_, s) => (s.last_seen ? <span title={dateTime(s.last_seen)}>{ago(s.last_seen, now, language)}</span> : <span className="faint">—</span>),
            },
            {
              title: t.onAir,
              key: "onAir",
              width: 250,
              ellipsis: true,
              render: (_, s) => {
                if (s.state !== "online") return <span className="faint">—</span>
                const shown = s.status?.zones.flatMap((z) => (z.creative ? [titles.get(z.creative) ?? "…"] : [])) ?? []
                return shown.length ? <span title={shown.join("\n")}>{shown.join(" · ")}</span> : <span className="faint">{t.nothingOnAir}</span>
              },
            },
          ]}
        />
      )}
    </Loaded>
  )
}

function VenueTable({ filter, onEdit, onAdd }: { filter: Filter; onEdit: ((venue: Venue) => void) | undefined; onAdd: (() => void) | undefined }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const query = useMemo(() => ({ q: filter.q, type: filter.type, area: filter.area, department: filter.department }), [filter])
  const venues = useVenues(query)
  const areas = useAreas()
  const departments = useDepartments()
  const types = useVenueTypes()
  const filtered = Object.values(query).some(Boolean)
  return (
    <Loaded query={venues}>
      {(items) => (
        <Table<Venue>
          size="small"
          rowKey="id"
          dataSource={items}
          pagination={items.length > 50 ? { pageSize: 50, showTotal: t.total } : false}
          locale={{
            emptyText: filtered ? (
              <Nothing inTable title={t.noMatch}>{t.noMatchHint}</Nothing>
            ) : (
              <Nothing inTable title={t.noVenues} action={onAdd && <Button type="primary" onClick={onAdd}>{t.addVenue}</Button>}>{t.noVenuesHint}</Nothing>
            ),
          }}
          columns={[
            {
              title: t.venue,
              key: "name",
              sorter: (a, b) => a.name.localeCompare(b.name, "zh"),
              render: (_, v) => (
                <>
                  {v.name}
                  <div className="quiet small">{v.address}</div>
                </>
              ),
            },
            { title: t.venueType, key: "type", width: 140, render: (_, v) => nameOf(types.data, v.type) },
            { title: t.area, key: "area", width: 140, render: (_, v) => nameOf(areas.data, v.area) },
            { title: t.department, key: "department", width: 180, render: (_, v) => nameOf(departments.data, v.department) },
            { title: t.opening, key: "opening", width: 200, render: (_, v) => openingInWords(v.opening, language) },
            { title: t.screens, dataIndex: "screens", width: 90, align: "right", sorter: (a, b) => a.screens - b.screens },
            ...(onEdit
              ? [{ title: "", key: "edit", width: 70, render: (_: unknown, v: Venue) => <button className="link-button" aria-label={`${t.editVenue} ${v.name}`} onClick={() => onEdit(v)}>{t.editVenue}</button> }]
              : []),
          ]}
        />
      )}
    </Loaded>
  )
}
