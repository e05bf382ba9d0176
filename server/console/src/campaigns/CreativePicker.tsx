/** Choosing creatives: what is chosen stands in the form with its picture; a dialog shows everything there is. */
import { Button, Checkbox, Input, Modal, Select } from "antd"
import { useMemo, useState } from "react"
import { duration } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { CREATIVE_KINDS, useAllCreatives, useFraudTypes, type Creative, type CreativeKind, type FraudType } from "../content/creatives"
import { StateDot } from "../content/CreativeFacts"
import { Thumbnail } from "../content/Thumbnail"
import { words as content } from "../content/words"
import { Loaded, Nothing } from "../shell/Page"
import { words } from "./words"
import "../content/content.css"

interface Props {
  value?: string[]
  onChange?: (ids: string[]) => void
  id?: string
}

/** A form field: ids of creatives in the order in which they were chosen. */
export function CreativePicker({ value = [], onChange, id }: Props) {
  const t = useWords(words)
  const c = useWords(content)
  const { language } = useLanguage()
  const all = useAllCreatives()
  const [open, setOpen] = useState(false)
  const byId = useMemo(() => new Map(all.data?.map((one) => [one.id, one])), [all.data])
  return (
    <>
      <ul className="picked" aria-label={t.creatives}>
        {value.map((one) => {
          const creative = byId.get(one)
          return (
            <li key={one}>
              {creative && <Thumbnail creative={creative} small />}
              <div className="grow">
                <span className="clip-text">{creative?.title ?? "…"}</span>
                {creative && (
                  <span className="quiet small">
                    {c.kinds[creative.kind]} · {duration(creative.duration_ms, language)}
                    {creative.state !== "approved" && <span className="dot wait" style={{ marginInlineStart: 8 }}>{t.notApproved}</span>}
                  </span>
                )}
              </div>
              <button type="button" className="link-button" aria-label={`${t.remove} ${creative?.title ?? ""}`} onClick={() => onChange?.(value.filter((v) => v !== one))}>{t.remove}</button>
            </li>
          )
        })}
      </ul>
      <Button id={id} onClick={() => setOpen(true)}>{t.pick}</Button>
      {open && <PickDialog chosen={value} onClose={() => setOpen(false)} onChange={(ids) => onChange?.(ids)} />}
    </>
  )
}

function PickDialog({ chosen, onChange, onClose }: { chosen: string[]; onChange: (ids: string[]) => void; onClose: () => void }) {
  const t = useWords(words)
  const c = useWords(content)
  const { language } = useLanguage()
  const all = useAllCreatives()
  const fraudTypes = useFraudTypes()
  const [q, setQ] = useState("")
  const [kind, setKind] = useState<CreativeKind>()
  const [fraud, setFraud] = useState<FraudType>()
  const [approved, setApproved] = useState(true)
  const fits = (one: Creative) =>
    (!kind || one.kind === kind) &&
    (!fraud || one.fraud_type === fraud) &&
    (!approved || one.state === "approved" || chosen.includes(one.id)) &&
    (one.title.includes(q) || (one.text ?? "").includes(q))
  const toggle = (id: string) => onChange(chosen.includes(id) ? chosen.filter((v) => v !== id) : [...chosen, id])
  return (
    <Modal
      open
      title={t.pickTitle}
      width={960}
      style={{ top: 40 }}
      onCancel={onClose}
      footer={
        <div className="row">
          <span className="quiet">{t.picked(chosen.length)}</span>
          <Button type="primary" className="right" onClick={onClose}>{t.pickDone}</Button>
        </div>
      }
    >
      <div className="row" style={{ marginBottom: 10 }}>
        <Input allowClear autoFocus placeholder={t.pickFind} aria-label={t.pickFind} value={q} onChange={(e) => setQ(e.target.value.trim())} style={{ width: 240 }} />
        <Select allowClear placeholder={t.kind} aria-label={t.kind} value={kind} onChange={setKind} options={CREATIVE_KINDS.map((value) => ({ value, label: c.kinds[value] }))} style={{ width: 120 }} />
        <Select allowClear showSearch optionFilterProp="label" placeholder={t.fraudType} aria-label={t.fraudType} value={fraud} onChange={setFraud} options={fraudTypes.data?.map((f) => ({ value: f.code, label: f.name }))} style={{ width: 170 }} />
        <Checkbox checked={approved} onChange={(e) => setApproved(e.target.checked)}>{t.onlyApproved}</Checkbox>
      </div>
      <Loaded query={all}>
        {(items) => {
          const shown = items.filter(fits)
          if (shown.length === 0) return <Nothing title={t.pickNone} />
          return (
            <div className="pick-grid">
              {shown.map((one) => (
                <button key={one.id} type="button" aria-pressed={chosen.includes(one.id)} aria-label={one.title} onClick={() => toggle(one.id)}>
                  <Thumbnail creative={one} />
                  <span className="grow">
                    <b title={one.title}>{one.title}</b>
                    <span className="quiet small">{c.kinds[one.kind]} · {duration(one.duration_ms, language)}</span>
                    {one.state !== "approved" && <span className="small" style={{ display: "block" }}><StateDot state={one.state} /></span>}
                  </span>
                </button>
              ))}
            </div>
          )
        }}
      </Loaded>
    </Modal>
  )
}
