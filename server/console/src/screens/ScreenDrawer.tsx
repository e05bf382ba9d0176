/** A screen's details: its picture, what is on, how it is doing, its programme of today. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { App, Button, Checkbox, Drawer, Form, Input, Modal, Popconfirm, Select, Switch, Tag } from "antd"
import { useEffect, useState } from "react"
import { answered, api } from "../api/client"
import { asRefusal } from "../api/refusal"
import { useMay } from "../accounts/session"
import { useCreativeTitles } from "../content/creatives"
import { ago, dateTime, duration, today } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { Changes } from "../playlists/Changes"
import { changeWords } from "../playlists/changeWords"
import { Explain } from "../playlists/Explain"
import { explainWords } from "../playlists/explainWords"
import { Ribbon } from "../playlists/Ribbon"
import { PictureCard } from "../plays/Evidence"
import { useEvidence } from "../plays/evidence"
import { evidenceWords } from "../plays/evidenceWords"
import { ScreenGaps } from "../plays/Gaps"
import { gapWords } from "../plays/gapWords"
import { Loaded, Nothing, Refused, Waiting } from "../shell/Page"
import { useFormRefusal, useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { Health } from "./Health"
import { healthWords } from "./healthWords"
import { Instructions } from "./Instructions"
import { instructionWords } from "./instructionWords"
import { LayoutDrawing } from "./LayoutDrawing"
import { LayoutField, layoutRule } from "./LayoutField"
import { choiceOf, zonesOf, type Layout } from "./layouts"
import { layoutWords } from "./layoutWords"
import { Links } from "./Links"
import { linkWords } from "./linkWords"
import { LivePicture } from "./LivePicture"
import { openingInWords } from "./opening"
import { nameOf, useAreas, useDepartments, useVenueTypes } from "./places"
import { DOT, LONGEST_TAG, MOST_TAGS, useNow, useScreen, useTags, type Screen } from "./screens"
import { Wall } from "./Wall"
import { wallWords } from "./wallWords"
import { words } from "./words"

export function ScreenDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  const t = useWords(words)
  const screen = useScreen(id, 3_000)
  const title = screen.data ? `${screen.data.venue.name} · ${screen.data.name}` : t.screen
  return (
    <Drawer open={id !== null} onClose={onClose} size={720} title={title} destroyOnHidden aria-label={title} footer={screen.data && <Actions screen={screen.data} onClose={onClose} />}>
      {id && <Loaded query={screen}>{(data) => <Details screen={data} />}</Loaded>}
    </Drawer>
  )
}

function Details({ screen }: { screen: Screen }) {
  const t = useWords(words)
  const why = useWords(explainWords)
  const changes = useWords(changeWords)
  const wall = useWords(wallWords)
  const machine = useWords(healthWords)
  const links = useWords(linkWords)
  const told = useWords(instructionWords)
  const gaps = useWords(gapWords)
  const manage = useMay("manageScreens")
  const read = useMay("readPlays")
  const { language } = useLanguage()
  const now = useNow()
  const wide = screen.size.width > screen.size.height * 4
  return (
    <div className="stack" style={{ gap: 20 }}>
      <div style={{ display: "grid", gridTemplateColumns: wide ? "1fr" : "minmax(0, 1fr) 270px", gap: 20 }}>
        <LivePicture screen={screen} height={wide ? 84 : 250} />
        <div>
          <dl className="facts">
            <dt>{t.state}</dt>
            <dd>
              <span className={`dot ${DOT[screen.state]}`}>{t.states[screen.state]}</span>
              {screen.state === "online" && screen.status?.dark && <div className="dot bad">{machine.dark}</div>}
              {screen.last_seen && <span className="quiet small"> {ago(screen.last_seen, now, language)}</span>}
            </dd>
            <OnAirFacts screen={screen} />
          </dl>
        </div>
      </div>
      <section>
        <h2 className="section-title">{t.today}</h2>
        <Today screen={screen} />
      </section>
      <section>
        <h2 className="section-title">{why.title}</h2>
        <Explain screen={screen.id} timezone={screen.timezone} />
      </section>
      <section>
        <h2 className="section-title">{changes.title}</h2>
        <Changes screen={screen.id} timezone={screen.timezone} />
      </section>
      {read && (
        <section>
          <h2 className="section-title">{gaps.ofScreen}</h2>
          <ScreenGaps screen={screen.id} />
        </section>
      )}
      {read && screen.kind !== "speaker" && <NewestEvidence screen={screen} />}
      {screen.state !== "retired" && (
        <section>
          <h2 className="section-title">{told.title}</h2>
          <Instructions screen={screen} />
        </section>
      )}
      <section>
        <h2 className="section-title">{wall.title}</h2>
        <Wall screen={screen} />
      </section>
      <section>
        <h2 className="section-title">{t.details}</h2>
        <Device screen={screen} now={now} />
      </section>
      {manage && screen.kind !== "speaker" && screen.state !== "retired" && (
        <section>
          <h2 className="section-title">{links.title}</h2>
          <Links screen={screen} />
        </section>
      )}
    </div>
  )
}

function NewestEvidence({ screen }: { screen: Screen }) {
  const t = useWords(evidenceWords)
  const newest = useEvidence(screen.id)
  return (
    <section>
      <h2 className="section-title">{t.latest}</h2>
      <Loaded query={newest}>
        {(day) => day.pictures.length === 0 ? <p className="quiet" style={{ margin: 0 }}>{t.noneYet}</p> : (
          <div className="evidence-strip">{day.pictures.map((picture) => <PictureCard key={`${picture.taken}${picture.digest}`} screen={screen.id} picture={picture} timezone={day.timezone} dated />)}</div>
        )}
      </Loaded>
    </section>
  )
}

function OnAirFacts({ screen }: { screen: Screen }) {
  const t = useWords(words)
  const titles = useCreativeTitles()
  const onAir = useQuery({
    queryKey: ["on-air", screen.id],
    queryFn: () => answered(api.GET("/api/v1/screens/{id}/on-air", { params: { path: { id: screen.id } } })),
    refetchInterval: 3_000,
  })
  return (
    <>
      {screen.zones.map(({ name }) => {
        const reported = screen.state === "online" ? screen.status?.zones.find((z) => z.zone === name) : undefined
        const planned = onAir.data?.zones.find((z) => z.zone === name)
        const id = reported?.creative ?? null
        const title = id ? (titles.get(id) ?? planned?.title) : undefined
        return (
          <div key={name} style={{ display: "contents" }}>
            <dt>{screen.zones.length > 1 ? t.zones[name] : t.onAir}</dt>
            <dd>
              {title ?? <span className="faint">{t.nothingOnAir}</span>}
              {planned?.takeover && <span className="dot bad small" style={{ marginInlineStart: 8 }}>{t.takeover}</span>}
            </dd>
          </div>
        )
      })}
    </>
  )
}

function Today({ screen }: { screen: Screen }) {
  const t = useWords(words)
  const date = today(screen.timezone)
  const day = useQuery({
    queryKey: ["timeline", screen.id, date],
    queryFn: () => answered(api.GET("/api/v1/screens/{id}/timeline", { params: { path: { id: screen.id }, query: { date } } })),
    refetchInterval: 30_000,
  })
  if (day.data && day.data.zones.some((z) => z.dayparts.length > 0)) return <Ribbon day={day.data} />
  if (day.data || (day.error && asRefusal(day.error).status === 404)) return <Nothing inTable title={t.todayNone}>{t.todayNoneHint}</Nothing>
  return day.error ? <Refused error={day.error} retry={() => void day.refetch()} /> : <Waiting />
}

/** How far a player's clock may be from ours before somebody should look: reports take a moment themselves. */
const CLOCK_TOLERANCE = 30_000

/** A device's own date and time in its own zone; in the venue's, if it has none that is one. */
function ownDateTime(ms: number, zone: string | null | undefined, venue: string): string {
  try {
    return dateTime(ms, zone ?? venue)
  } catch {
    return dateTime(ms, venue)
  }
}

/** What its player says of its pixels where that is not what is on record. */
function otherSize({ size, status }: Screen) {
  const told = status?.size
  return told && (told.width !== size.width || told.height !== size.height) ? told : null
}

const inPixels = ({ width, height }: Screen["size"]) => `${width}×${height}`

function Device({ screen, now }: { screen: Screen; now: number }) {
  const t = useWords(words)
  const layouts = useWords(layoutWords)
  const told = otherSize(screen)
  const { language } = useLanguage()
  const areas = useAreas()
  const departments = useDepartments()
  const types = useVenueTypes()
  const { status } = screen
  const off = status && screen.last_seen ? status.now - screen.last_seen : 0
  // Seen from here: the reported clock, moved on by the time since the report.
  const deviceNow = status && screen.last_seen ? now + off : null
  const ownNow = deviceNow === null ? null : deviceNow - (status?.health?.clock_correction ?? 0)
  return (
    <dl className="facts" style={{ gridTemplateColumns: "max-content minmax(0,1fr) max-content minmax(0,1fr)" }}>
      <dt>{t.venueType}</dt><dd>{nameOf(types.data, screen.venue.type)}</dd>
      <dt>{t.kind}</dt>
      <dd>
        {t.kinds[screen.kind]}{screen.kind !== "speaker" && ` ${inPixels(screen.size)}`}
        {told && <div className="dot bad small">{layouts.sizeOther(inPixels(told))}</div>}
      </dd>
      <dt>{t.area}</dt><dd>{nameOf(areas.data, screen.venue.area)}</dd>
      <dt>{t.sound}</dt><dd>{screen.sound === "on" ? t.soundOn : t.soundOff}</dd>
      <dt>{t.department}</dt><dd>{nameOf(departments.data, screen.venue.department)}</dd>
      <dt>{t.clips}</dt><dd>{screen.clips ? t.yes : t.no}</dd>
      <dt>{t.tags}</dt>
      <dd className="across">{screen.tags.length ? screen.tags.map((tag) => <Tag key={tag}>{tag}</Tag>) : <span className="faint">{t.none}</span>}</dd>
      <dt>{t.layout}</dt>
      <dd className="across row" style={{ gap: 16, alignItems: "flex-start" }}>
        <div>
          {layouts.names[choiceOf(screen.layout)]}
          {typeof screen.layout === "object" && zonesOf(screen.layout, screen.size).map(({ name, rect }) => <div key={name} className="quiet small">{layouts.placed(name, rect)}</div>)}
        </div>
        {typeof screen.layout === "object" && <LayoutDrawing layout={screen.layout} size={screen.size} width={150} height={84} />}
      </dd>
      <dt>{t.opening}</dt><dd className="across">{openingInWords(screen.venue.opening, language)}</dd>
      <dt>{t.deviceTime}</dt>
      <dd>
        {ownNow && screen.state === "online" ? <span className="mono">{ownDateTime(ownNow, status?.device_timezone, screen.timezone)}</span> : <span className="faint">—</span>}
        {Math.abs(off) > CLOCK_TOLERANCE && <div className="dot bad small">{t.clockOff(duration(Math.abs(off), language))}</div>}
      </dd>
      <dt>{t.deviceZone}</dt>
      <dd>
        {status?.device_timezone ?? <span className="faint">{t.deviceZoneUnset}</span>}
        {status?.device_timezone && status.device_timezone !== screen.timezone && <div className="quiet small">{t.zoneOff(screen.timezone)}</div>}
      </dd>
      <dt>{t.manifest}</dt><dd>{status?.manifest_version ? status.manifest_version : <span className="faint">{t.noManifest}</span>}</dd>
      <dt>{t.missing}</dt><dd>{status?.missing_assets ?? "—"}</dd>
      <dt>{t.unreported}</dt><dd>{status?.unreported_plays ?? "—"}</dd>
      <dt>{t.lastError}</dt><dd>{status?.last_error ? <span className="dot bad">{status.last_error}</span> : <span className="faint">{t.none}</span>}</dd>
      <Health screen={screen} />
      <dt>{t.host}</dt><dd>{screen.host}</dd>
      <dt>{t.software}</dt><dd>{status?.software ?? "—"}</dd>
      <dt>{t.enrolled}</dt><dd>{dateTime(screen.enrolled_at)}</dd>
      <dt>{t.fingerprint}</dt><dd className="mono clip-text" title={screen.fingerprint}>{screen.fingerprint.slice(0, 16)}</dd>
    </dl>
  )
}

function Actions({ screen, onClose }: { screen: Screen; onClose: () => void }) {
  const t = useWords(words)
  const common = useWords(shell)
  const client = useQueryClient()
  const notice = useRefusalNotice()
  const { message } = App.useApp()
  const manage = useMay("manageScreens")
  const [editing, setEditing] = useState(false)
  const retire = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/screens/{id}/retire", { params: { path: { id: screen.id } } })),
    onSuccess: () => {
      void message.success(t.retired)
      void client.invalidateQueries({ queryKey: ["screens"] })
      onClose()
    },
    onError: notice,
  })
  if (!manage || screen.state === "retired") return null
  return (
    <div className="row">
      <Button onClick={() => setEditing(true)}>{t.edit}</Button>
      <Popconfirm title={t.retireAsk(screen.name)} description={<div style={{ maxWidth: 300 }}>{t.retireDetail}</div>} okText={t.retire} okButtonProps={{ danger: true }} cancelText={common.cancel} onConfirm={() => retire.mutateAsync().catch(() => undefined)}>
        <Button danger className="right">{t.retire}</Button>
      </Popconfirm>
      {editing && <EditScreen screen={screen} onClose={() => setEditing(false)} />}
    </div>
  )
}

interface Changed {
  name: string
  /** Take the size that the player reports. */
  resize?: boolean
  layout: Layout
  sound: boolean
  tags: string[]
}

function EditScreen({ screen, onClose }: { screen: Screen; onClose: () => void }) {
  const t = useWords(words)
  const layouts = useWords(layoutWords)
  const common = useWords(shell)
  const client = useQueryClient()
  const [form] = Form.useForm<Changed>()
  const told = otherSize(screen)
  const resized = Form.useWatch("resize", form) && told ? told : null
  const size = resized ?? screen.size
  const refused = useFormRefusal(form)
  const known = useTags()
  const save = useMutation({
    mutationFn: (v: Changed) =>
      answered(api.PATCH("/api/v1/screens/{id}", { params: { path: { id: screen.id } }, body: { name: v.name, size: resized, layout: v.layout, sound: v.sound ? "on" : "off", tags: v.tags } })),
    onSuccess: (changed) => {
      client.setQueryData(["screen", screen.id], changed)
      void client.invalidateQueries({ queryKey: ["screens"] })
      onClose()
    },
    onError: refused,
  })
  // What fits one size need not fit the other.
  useEffect(() => {
    if (told) void form.validateFields(["layout"]).catch(() => undefined)
  }, [form, told, size.width, size.height])
  return (
    <Modal open title={t.edit} onCancel={onClose} okText={common.save} onOk={() => form.submit()} confirmLoading={save.isPending} width={640} style={{ top: 40 }}>
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ name: screen.name, layout: screen.layout, sound: screen.sound === "on", tags: screen.tags }} onFinish={(v) => save.mutate(v)}>
        <Form.Item name="name" label={t.screenName} rules={[{ required: true, whitespace: true, message: t.needed }]}>
          <Input maxLength={40} autoFocus />
        </Form.Item>
        {told && (
          <div className="note-box" style={{ marginBottom: 12 }}>
            {layouts.sizeTold(inPixels(told), inPixels(screen.size))}
            <Form.Item name="resize" valuePropName="checked" noStyle>
              <Checkbox style={{ marginInlineStart: 8 }}>{layouts.sizeAdopt(inPixels(told))}</Checkbox>
            </Form.Item>
          </div>
        )}
        <Form.Item name="layout" label={t.layout} rules={[layoutRule(size, layouts.fault)]}>
          <LayoutField kind={screen.kind} size={size} />
        </Form.Item>
        <Form.Item name="sound" label={t.sound} valuePropName="checked" layout="horizontal" colon={false}>
          <Switch checkedChildren={t.soundOn} unCheckedChildren={t.soundOff} />
        </Form.Item>
        <Form.Item
          name="tags"
          label={t.tags}
          extra={t.tagsHint}
          normalize={(tags: string[]) => [...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== ""))]}
          rules={[{ validator: (_, tags: string[]) => (tags.length <= MOST_TAGS && tags.every((tag) => [...tag].length <= LONGEST_TAG) ? Promise.resolve() : Promise.reject(new Error(t.tagsBad))) }]}
        >
          <Select mode="tags" tokenSeparators={[",", "，", "、", ";", "；"]} options={known.data?.map(({ tag }) => ({ value: tag, label: tag }))} />
        </Form.Item>
      </Form>
    </Modal>
  )
}
