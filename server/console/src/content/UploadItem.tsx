/** One file on its way to becoming a creative: sent, checked, refused or taken, described, saved. */
import { useMutation } from "@tanstack/react-query"
import { Button, Form, Progress } from "antd"
import { useEffect, useId, useRef, useState } from "react"
import { answered, api } from "../api/client"
import { asRefusal, type Refusal } from "../api/refusal"
import { bytes, duration } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { useFormRefusal } from "../shell/refusals"
import { bodyOf, CreativeFieldset, FIELD_NAMES, type Fields } from "./CreativeFields"
import { LONGEST_TITLE, useKeep, type CreativeDetail } from "./creatives"
import { send, Stopped, type Taken } from "./upload"
import { words } from "./words"

interface Props {
  file: File
  /** Nothing is lost any more if the dialog closes: saved, refused, or a duplicate that is let be. */
  onSettled: () => void
  onOpen: (id: string) => void
  onRemove: () => void
}

type Phase = { at: "sending"; sent: number } | { at: "refused"; refusal: Refusal } | { at: "taken"; taken: Taken } | { at: "saved"; creative: CreativeDetail }

export function UploadItem({ file, onSettled, onOpen, onRemove }: Props) {
  const t = useWords(words)
  const { language } = useLanguage()
  const [phase, setPhase] = useState<Phase>({ at: "sending", sent: 0 })
  const [attempt, setAttempt] = useState(0)
  const settled = useRef(onSettled)
  settled.current = onSettled
  useEffect(() => {
    setPhase({ at: "sending", sent: 0 })
    const upload = send(file, (sent) => setPhase({ at: "sending", sent }))
    upload.taken.then(
      (taken) => setPhase({ at: "taken", taken }),
      (error: unknown) => {
        if (error instanceof Stopped) return
        setPhase({ at: "refused", refusal: asRefusal(error) })
        settled.current()
      },
    )
    return upload.stop
  }, [file, attempt])
  const media = phase.at === "taken" ? phase.taken.media : null
  const facts = media && [t.kinds[media.kind], media.width && `${media.width}×${media.height}`, media.duration_ms && duration(media.duration_ms, language)].filter(Boolean).join(" · ")
  return (
    <section className="upload-item" aria-label={file.name}>
      <div className="head">
        <b className="clip-text" title={file.name}>{file.name}</b>
        <span className="quiet small nowrap">{bytes(file.size)}{facts && ` · ${facts}`}</span>
        <button type="button" className="link-button right nowrap" onClick={onRemove}>{phase.at === "sending" ? t.stop : phase.at === "saved" ? "" : t.remove}</button>
      </div>
      {phase.at === "sending" && <Sending file={file} sent={phase.sent} />}
      {phase.at === "refused" && (
        <div className="refused" role="alert" style={{ marginTop: 8 }}>
          <div><strong>{phase.refusal.title}</strong>{phase.refusal.detail}</div>
          {(phase.refusal.status === 0 || phase.refusal.status >= 500) && <Button onClick={() => setAttempt(attempt + 1)}>{t.again}</Button>}
        </div>
      )}
      {phase.at === "taken" && <Describe file={file} taken={phase.taken} onOpen={onOpen} onSettled={onSettled} onSaved={(creative) => (setPhase({ at: "saved", creative }), onSettled())} />}
      {phase.at === "saved" && (
        <div className="row" role="status" style={{ marginTop: 4 }}>
          <span className="dot good">{t.savedAs[phase.creative.state]}</span>
          <button type="button" className="link-button" onClick={() => onOpen(phase.creative.id)}>{t.view}</button>
        </div>
      )}
    </section>
  )
}

function Sending({ file, sent }: { file: File; sent: number }) {
  const t = useWords(words)
  const whole = Math.max(1, file.size)
  return (
    <>
      <Progress percent={Math.floor((sent / whole) * 100)} size="small" status="active" aria-label={t.progressOf(file.name)} />
      <span className="quiet small" role="status">{sent >= file.size ? t.probing : t.sending(bytes(sent), bytes(file.size))}</span>
    </>
  )
}

function Describe({ file, taken, onOpen, onSettled, onSaved }: { file: File; taken: Taken; onOpen: (id: string) => void; onSettled: () => void; onSaved: (creative: CreativeDetail) => void }) {
  const t = useWords(words)
  const kept = useKeep()
  const [form] = Form.useForm<Fields>()
  const refused = useFormRefusal(form, FIELD_NAMES)
  const duplicate = taken.duplicate_of
  const [anyway, setAnyway] = useState(!duplicate)
  const submitting = useRef(false)
  // Several of these forms stand on one page: without a name of its own, their fields would share ids and labels.
  const name = useId()
  const made = useRef<CreativeDetail | null>(null)
  const { kind } = taken.media
  useEffect(() => {
    if (duplicate) onSettled()
    // Once, when the answer is here.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  const save = useMutation({
    mutationFn: async (v: Fields) => {
      const body = bodyOf(kind, v)
      const saved = made.current
        ? await answered(api.PATCH("/api/v1/creatives/{id}", { params: { path: { id: made.current.id } }, body }))
        : await answered(api.POST("/api/v1/creatives", { body: { kind, upload: taken.digest, ...body } }))
      made.current = saved
      kept(saved)
      if (!submitting.current) return saved
      return answered(api.POST("/api/v1/creatives/{id}/submit", { params: { path: { id: saved.id } } }))
    },
    onSuccess: (saved) => {
      kept(saved)
      onSaved(saved)
    },
    onError: refused,
  })
  const finish = (submit: boolean) => {
    submitting.current = submit
    form.submit()
  }
  return (
    <div style={{ marginTop: 10 }}>
      {duplicate && (
        <div className="note-box row" role="alert" style={{ marginBottom: anyway ? 12 : 0 }}>
          <div className="grow">
            <b>{t.duplicate(duplicate.title)}</b>
            <div className="quiet">{t.duplicateHint}</div>
          </div>
          {!anyway && <Button size="small" onClick={() => setAnyway(true)}>{t.anyway}</Button>}
          <Button size="small" type="primary" onClick={() => onOpen(duplicate.creative_id)}>{t.openExisting}</Button>
        </div>
      )}
      {anyway && (
        <Form form={form} name={name} layout="vertical" requiredMark={false} onFinish={(v) => save.mutate(v)} initialValues={{ title: titleFrom(file.name) }}>
          <CreativeFieldset kind={kind} wide />
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button onClick={() => finish(false)} loading={save.isPending && !submitting.current}>{t.saveDraft}</Button>
            <Button type="primary" onClick={() => finish(true)} loading={save.isPending && submitting.current}>{t.saveSubmit}</Button>
          </div>
        </Form>
      )}
    </div>
  )
}

/** A file's name without its extension, as a first title. */
const titleFrom = (name: string) => [...name.replace(/\.[^.]{1,5}$/, "").trim()].slice(0, LONGEST_TITLE).join("")
