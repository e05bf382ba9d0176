/** Uploading: any number of files, each with its progress, its refusal or its form. */
import { InboxOutlined } from "@ant-design/icons"
import { App, Modal } from "antd"
import { useRef, useState, type DragEvent } from "react"
import { useWords } from "../i18n/language"
import { UploadItem } from "./UploadItem"
import { words } from "./words"

/** What the file dialog offers. What is dropped is not filtered: the server says what is wrong with it. */
const ACCEPT = "image/png,image/jpeg,image/webp,video/*,audio/*,.mkv,.mov,.flac"

interface Item {
  key: number
  file: File
}

export function UploadDialog({ files, onClose, onOpen }: { files: File[]; onClose: () => void; onOpen: (id: string) => void }) {
  const t = useWords(words)
  const { modal } = App.useApp()
  const next = useRef(0)
  const items = (list: File[]): Item[] => list.map((file) => ({ key: next.current++, file }))
  const [queue, setQueue] = useState<Item[]>(() => items(files))
  const [open, setOpen] = useState<ReadonlySet<number>>(() => new Set(queue.map((i) => i.key)))
  const [over, setOver] = useState(false)
  const add = (list: File[]) => {
    const added = items(list)
    setQueue((before) => [...before, ...added])
    setOpen((before) => new Set([...before, ...added.map((i) => i.key)]))
  }
  const settle = (key: number) => setOpen((before) => new Set([...before].filter((k) => k !== key)))
  const leave = (then: () => void) => {
    if (open.size === 0) return then()
    modal.confirm({ title: t.leaveTitle, content: t.leaveDetail, okText: t.leave, okButtonProps: { danger: true }, cancelText: t.stay, autoFocusButton: "cancel", onOk: then })
  }
  const drop = (e: DragEvent) => {
    e.preventDefault()
    setOver(false)
    add([...e.dataTransfer.files])
  }
  return (
    <Modal open title={t.uploadTitle} onCancel={() => leave(onClose)} footer={null} width={720} style={{ top: 28 }} maskClosable={false}>
      <label
        className={`dropzone${over ? " over" : ""}`}
        onDragOver={(e) => {
          e.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
        style={queue.length > 0 ? { padding: "10px 16px" } : {}}
      >
        {queue.length === 0 && <InboxOutlined style={{ fontSize: 32, color: "var(--accent)" }} aria-hidden />}
        <b>{t.dropHere}</b>
        <span className="quiet small">{t.dropHint}</span>
        <input
          type="file"
          multiple
          accept={ACCEPT}
          aria-label={t.chooseFiles}
          onChange={(e) => {
            add([...(e.target.files ?? [])])
            // The same file can be chosen again.
            e.target.value = ""
          }}
        />
      </label>
      <div style={{ marginTop: queue.length ? 12 : 0, maxHeight: "calc(100vh - 260px)", overflowY: "auto" }}>
        {queue.map((item) => (
          <UploadItem
            key={item.key}
            file={item.file}
            onSettled={() => settle(item.key)}
            onOpen={(id) => leave(() => onOpen(id))}
            onRemove={() => {
              settle(item.key)
              setQueue((before) => before.filter((i) => i.key !== item.key))
            }}
          />
        ))}
      </div>
    </Modal>
  )
}
