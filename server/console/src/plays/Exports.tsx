/** Taking records away, and how whoever receives them checks them without trusting us. */
import { DownloadOutlined } from "@ant-design/icons"
import { Button, Dropdown, Modal, Typography } from "antd"
import { useState } from "react"
import { asRefusal, Refusal } from "../api/refusal"
import { useWords } from "../i18n/language"
import { useRefusalNotice } from "../shell/refusals"
import type { PlayFilter } from "./filter"
import { exportAddress, usePlayLog, usePublishingKey, type Table } from "./plays"
import { words } from "./words"

type What = Table | "bundle"

export function Exports({ filter }: { filter: PlayFilter }) {
  const t = useWords(words)
  const [verifying, setVerifying] = useState(false)
  const notice = useRefusalNotice()
  const [busy, setBusy] = useState(false)
  const [open, setOpen] = useState(false)
  const take = async (what: What, proof: "alone" | "proven" = "alone") => {
    setBusy(true)
    try {
      await download(exportAddress(what, filter, proof))
      if (what === "bundle") setVerifying(true)
    } catch (error) {
      notice(asRefusal(error))
    } finally {
      setBusy(false)
    }
  }
  const entry = (what: What, title: string, hint: string) => ({
    key: what,
    label: (
      <div style={{ display: "flex", alignItems: "center", gap: 24 }}>
        <div style={{ flex: 1 }}>
          {title}
          <div className="quiet small">{hint}</div>
        </div>
        {what !== "bundle" && (
          <Button
            size="small"
            title={t.exportProvenHint}
            onClick={(event) => {
              event.stopPropagation()
              setOpen(false)
              void take(what, "proven")
            }}
          >
            {t.exportProven}
          </Button>
        )}
      </div>
    ),
  })
  return (
    <>
      <Button onClick={() => setVerifying(true)}>{t.verify}</Button>
      <Dropdown
        trigger={["click"]}
        open={open}
        onOpenChange={setOpen}
        menu={{
          items: [
            { key: "note", type: "group", label: t.exportNote, children: [entry("xlsx", t.exportXlsx, t.exportXlsxHint), entry("people", t.exportPeople, t.exportPeopleHint), entry("outsmart", t.exportOutsmart, t.exportOutsmartHint), entry("ndjson", t.exportNdjson, t.exportNdjsonHint), entry("parquet", t.exportParquet, t.exportParquetHint), entry("bundle", t.exportBundle, t.exportBundleHint)] },
          ],
          onClick: ({ key }) => void take(key as What),
        }}
      >
        <Button type="primary" icon={<DownloadOutlined />} loading={busy}>{t.exports}</Button>
      </Dropdown>
      {verifying && <HowToVerify onClose={() => setVerifying(false)} />}
    </>
  )
}

function HowToVerify({ onClose }: { onClose: () => void }) {
  const t = useWords(words)
  const key = usePublishingKey()
  const log = usePlayLog().data
  const command = `xuanping-server verify plays.xpbundle --key ${key.data ?? "…"} --witness witness/witness.txt`
  const watch = `xuanping-server witness --log ${location.origin}/log --key '${log?.key ?? "…"}' --name auditor.example/witness --state witness`
  return (
    <Modal open title={t.verifyTitle} onCancel={onClose} footer={null} width={680}>
      <p>{t.verifyText}</p>
      <Typography.Paragraph copyable={{ text: command }} code style={{ wordBreak: "break-all" }}>{command}</Typography.Paragraph>
      <p>{t.witnessText}</p>
      <Typography.Paragraph copyable={{ text: watch }} code style={{ wordBreak: "break-all" }}>{watch}</Typography.Paragraph>
      <dl className="facts">
        <dt>{t.verifyKey}</dt>
        <dd className="mono" style={{ wordBreak: "break-all" }}>{key.data ?? "…"}</dd>
        <dt>{t.logKey}</dt>
        <dd className="mono" style={{ wordBreak: "break-all" }}>{log?.key ?? "…"}</dd>
        <dt>{t.logRoot}</dt>
        <dd>{log ? <>{t.logSize(log.size)} <span className="mono small" style={{ wordBreak: "break-all" }}>{log.root}</span></> : "…"}</dd>
        <dt>{t.witnesses}</dt>
        <dd>{log && (log.witnesses.length > 0 ? t.witnessedBy(log.witnesses.join("、"), log.witnessed) : t.witnessedByNone)}</dd>
        <dt>{t.archive}</dt>
        <dd>{log && (log.archived_to ? t.archivedTo(log.archived_to, log.archived) : t.archivedNothing)}</dd>
      </dl>
      <p className="quiet small" style={{ marginBottom: 0 }}>{t.verifyKeyHint}</p>
    </Modal>
  )
}

/** Fetches first, so that a refusal is shown here instead of on a page of its own; then saves under the server's name. */
async function download(address: string) {
  let answer: Response
  try {
    answer = await fetch(address)
  } catch {
    throw Refusal.unreachable()
  }
  if (!answer.ok) throw Refusal.of(answer.status, await answer.json().catch(() => null))
  const named = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("content-disposition") ?? "")?.[1]
  const link = document.createElement("a")
  link.href = URL.createObjectURL(await answer.blob())
  link.download = named ? decodeURIComponent(named) : "plays"
  link.click()
  URL.revokeObjectURL(link.href)
}
