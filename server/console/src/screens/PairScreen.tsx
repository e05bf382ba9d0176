/** The pairing wizard: the code on the wall → where it hangs → its picture as soon as it plays. */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { Button, Form, Input, Modal, Segmented, Select, Steps, Switch, type InputRef } from "antd"
import { useRef, useState } from "react"
import { answered, api, type Schemas } from "../api/client"
import { hourMinute } from "../i18n/format"
import { useWords } from "../i18n/language"
import { Refused } from "../shell/Page"
import { useFormRefusal } from "../shell/refusals"
import { WebPlayer } from "./Links"
import { linkWords } from "./linkWords"
import { LivePicture } from "./LivePicture"
import { LayoutField, layoutRule } from "./LayoutField"
import { usualLayout, type Layout } from "./layouts"
import { layoutWords } from "./layoutWords"
import { useScreen, useVenues, type Screen } from "./screens"
import { VenueFieldset, type VenueFields } from "./VenueForm"
import { words } from "./words"

type Waiting = Schemas["WaitingView"]

export function PairScreen({ onClose }: { onClose: (screen?: string) => void }) {
  const t = useWords(words)
  const [code, setCode] = useState("")
  const [waiting, setWaiting] = useState<Waiting | null>(null)
  const [paired, setPaired] = useState<Screen | null>(null)
  const restart = () => {
    setCode("")
    setWaiting(null)
    setPaired(null)
  }
  const step = paired ? 2 : waiting ? 1 : 0
  return (
    <Modal open title={t.pairTitle} onCancel={() => onClose()} footer={null} width={680} style={{ top: 28 }} maskClosable={false} destroyOnHidden>
      <Steps size="small" current={step} items={[{ title: t.stepCode }, { title: t.stepPlace }, { title: t.stepDone }]} style={{ margin: "8px 0 20px" }} />
      {paired ? (
        <Paired screen={paired} onAnother={restart} onClose={onClose} />
      ) : waiting ? (
        <PlaceStep code={code} waiting={waiting} onBack={() => setWaiting(null)} onPaired={setPaired} />
      ) : (
        <CodeStep code={code} onCode={setCode} onFound={setWaiting} />
      )}
    </Modal>
  )
}

function CodeStep({ code, onCode, onFound }: { code: string; onCode: (code: string) => void; onFound: (waiting: Waiting) => void }) {
  const t = useWords(words)
  const links = useWords(linkWords)
  const second = useRef<InputRef>(null)
  const first = useRef<InputRef>(null)
  const look = useMutation({
    mutationFn: (digits: string) => answered(api.GET("/api/v1/pairings/{code}", { params: { path: { code: digits } } })),
    onSuccess: onFound,
  })
  const [a, b] = [code.slice(0, 4), code.slice(4)]
  // Either box takes a whole pasted code, with or without its blank.
  const type = (before: string, text: string, after: string) => {
    const digits = text.replace(/\D/g, "")
    const next = digits.length > 4 ? digits.slice(0, 8) : (before + digits + after).slice(0, 8)
    onCode(next)
    look.reset()
    if (next.length >= 4 && before === "" && digits.length >= 4) second.current?.focus()
  }
  const field = { size: "large" as const, inputMode: "numeric" as const, autoComplete: "off", style: { width: 132, fontSize: 26, letterSpacing: 8, textAlign: "center" as const } }
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault()
        if (code.length === 8) look.mutate(code)
      }}
    >
      <p className="quiet">{t.codeHint}</p>
      <div className="row" role="group" aria-label={t.codeLabel} style={{ margin: "16px 0", gap: 12 }}>
        <Input {...field} ref={first} autoFocus aria-label={t.codeFirst} maxLength={9} value={a} onChange={(e) => type("", e.target.value, a.length === 4 ? b : "")} />
        <Input
          {...field}
          ref={second}
          aria-label={t.codeLast}
          maxLength={9}
          value={b}
          onChange={(e) => type(a, e.target.value, "")}
          onKeyDown={(e) => {
            if (e.key === "Backspace" && b === "") first.current?.focus()
          }}
        />
      </div>
      {look.error && <Refused error={look.error} />}
      <details>
        <summary className="quiet small">{links.playerTitle}</summary>
        <WebPlayer />
      </details>
      <div className="row" style={{ justifyContent: "flex-end", marginTop: 20 }}>
        <Button type="primary" htmlType="submit" disabled={code.length !== 8} loading={look.isPending}>{t.next}</Button>
      </div>
    </form>
  )
}

interface PlaceFields {
  venue_id?: string
  venue?: VenueFields
  name: string
  layout: Layout
  sound: boolean
}

function PlaceStep({ code, waiting, onBack, onPaired }: { code: string; waiting: Waiting; onBack: () => void; onPaired: (screen: Screen) => void }) {
  const t = useWords(words)
  const layouts = useWords(layoutWords)
  const client = useQueryClient()
  const venues = useVenues()
  const [form] = Form.useForm<PlaceFields>()
  const [fresh, setFresh] = useState(false)
  const refused = useFormRefusal(form)
  const { capabilities } = waiting
  const pair = useMutation({
    mutationFn: (v: PlaceFields) =>
      answered(
        api.POST("/api/v1/pairings", {
          body: { code, name: v.name, layout: v.layout, sound: v.sound ? "on" : "off", venue_id: fresh ? null : v.venue_id, venue: fresh ? v.venue : null },
        }),
      ),
    onSuccess: (screen) => {
      void client.invalidateQueries({ queryKey: ["screens"] })
      void client.invalidateQueries({ queryKey: ["venues"] })
      onPaired(screen)
    },
    onError: refused,
  })
  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      onFinish={(v) => pair.mutate(v)}
      initialValues={{ layout: usualLayout(capabilities.kind, capabilities.size), sound: capabilities.sound, venue: { opening: "00:00-24:00", address: "" } }}
    >
      <div className="panel" style={{ marginBottom: 16, background: "var(--surface)" }}>
        <div className="row">
          <b>{t.waitingHere}</b>
          <span className="right quiet small">{t.expires(hourMinute(waiting.expires))}</span>
        </div>
        <div>
          {t.kinds[capabilities.kind]}
          {capabilities.kind !== "speaker" && ` · ${capabilities.size.width}×${capabilities.size.height}`}
          {` · ${t.host} ${capabilities.host} · ${t.software} ${capabilities.software}`}
        </div>
        <div className="quiet small mono clip-text" title={waiting.fingerprint}>{t.fingerprint} {waiting.fingerprint.slice(0, 16)}</div>
      </div>
      <Segmented
        value={fresh ? "new" : "existing"}
        onChange={(v) => setFresh(v === "new")}
        options={[{ value: "existing", label: t.existing }, { value: "new", label: t.newVenue }]}
        style={{ marginBottom: 12 }}
      />
      {fresh ? (
        <VenueFieldset prefix={["venue"]} />
      ) : (
        <Form.Item name="venue_id" label={t.venue} rules={[{ required: true, message: t.chooseVenue }]}>
          <Select showSearch optionFilterProp="label" loading={venues.isPending} placeholder={t.chooseVenue} options={venues.data?.map((v) => ({ value: v.id, label: v.name }))} />
        </Form.Item>
      )}
      <Form.Item name="name" label={t.screenName} extra={t.screenNameHint} rules={[{ required: true, whitespace: true, message: t.needed }]}>
        <Input maxLength={40} />
      </Form.Item>
      <Form.Item name="layout" label={t.layout} rules={[layoutRule(capabilities.size, layouts.fault)]}>
        <LayoutField kind={capabilities.kind} size={capabilities.size} />
      </Form.Item>
      {capabilities.sound && capabilities.kind !== "speaker" && (
        <Form.Item name="sound" label={t.sound} valuePropName="checked" layout="horizontal" colon={false}>
          <Switch checkedChildren={t.soundOn} unCheckedChildren={t.soundOff} />
        </Form.Item>
      )}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button onClick={onBack}>{t.back}</Button>
        <Button type="primary" htmlType="submit" loading={pair.isPending}>{t.pairAction}</Button>
      </div>
    </Form>
  )
}

function Paired({ screen, onAnother, onClose }: { screen: Screen; onAnother: () => void; onClose: (screen?: string) => void }) {
  const t = useWords(words)
  const live = useScreen(screen.id, 1500)
  const now = live.data ?? screen
  const playing = now.status?.zones.some((z) => z.creative) ?? false
  const settled = now.status != null && now.status.manifest_version > 0 && now.status.missing_assets === 0
  const said = playing ? t.pairedPlaying : settled ? t.pairedNothing : t.pairedWaiting
  return (
    <>
      <h3 style={{ margin: "0 0 2px" }}>{t.paired(`${now.venue.name} ${now.name}`)}</h3>
      <p className="quiet" role="status">{said}</p>
      <LivePicture screen={now} height={300} />
      <div className="row" style={{ justifyContent: "flex-end", marginTop: 16 }}>
        <Button onClick={onAnother}>{t.another}</Button>
        <Button onClick={() => onClose(screen.id)}>{t.toScreen}</Button>
        <Button type="primary" onClick={() => onClose()}>{t.finish}</Button>
      </div>
    </>
  )
}
