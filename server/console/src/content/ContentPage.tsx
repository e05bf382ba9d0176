/** Creatives: the library with its filters, the review queue, and a creative's details at the right. */
import { Button, Input, Select, Table, Tabs } from "antd"
import { useEffect, useState } from "react"
import { useSearchParams } from "react-router"
import { useMay } from "../accounts/session"
import { duration, shortDateTime } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { Loaded, Nothing, PageHead } from "../shell/Page"
import { words as shell } from "../shell/words"
import { useOverview } from "../supervision/overview"
import { CreativeDrawer } from "./CreativeDrawer"
import { CreativeForm } from "./CreativeForm"
import { StateDot, Validity } from "./CreativeFacts"
import { CREATIVE_KINDS, CREATIVE_STATES, useCreatives, useFraudTypes, type Creative, type CreativeDetail, type CreativeFilter } from "./creatives"
import { ReviewQueue } from "./ReviewQueue"
import { Thumbnail } from "./Thumbnail"
import { UploadDialog } from "./UploadDialog"
import { words } from "./words"
import "./content.css"

export function ContentPage() {
  const t = useWords(words)
  const mayDraft = useMay("draft")
  const [params, setParams] = useSearchParams()
  const tab = params.get("tab") === "review" ? "review" : "library"
  const overview = useOverview()
  const [filter, setFilter] = useState<CreativeFilter>({})
  const [form, setForm] = useState<CreativeDetail | "slogan" | null>(null)
  const [files, setFiles] = useState<File[] | null>(null)
  const dragging = useDroppedFiles(mayDraft && form === null && files === null, setFiles)
  const open = (creative: string | null) =>
    setParams((p) => {
      if (creative) p.set("creative", creative)
      else p.delete("creative")
      return p
    })
  const waiting = overview.data?.waiting_reviews ?? 0
  return (
    <>
      <PageHead title={t.title} lead={t.lead}>
        {mayDraft && <Button onClick={() => setFiles([])}>{t.upload}</Button>}
        {mayDraft && <Button type="primary" onClick={() => setForm("slogan")}>{t.write}</Button>}
      </PageHead>
      <Tabs
        activeKey={tab}
        onChange={(key) => setParams(key === "review" ? { tab: "review" } : {})}
        items={[
          { key: "library", label: t.tabLibrary },
          { key: "review", label: waiting ? `${t.tabReview} (${waiting})` : t.tabReview },
        ]}
      />
      {tab === "review" ? (
        <ReviewQueue first={params.get("at")} />
      ) : (
        <section className="panel flush" aria-label={t.tabLibrary}>
          <Library filter={filter} onFilter={setFilter} onOpen={open} onWrite={mayDraft ? () => setForm("slogan") : undefined} />
        </section>
      )}
      <CreativeDrawer id={params.get("creative")} onClose={() => open(null)} onEdit={setForm} />
      {form && (
        <CreativeForm
          creative={form === "slogan" ? null : form}
          onClose={(saved) => {
            setForm(null)
            if (saved) open(saved.id)
          }}
        />
      )}
      {files && (
        <UploadDialog
          files={files}
          onClose={() => setFiles(null)}
          onOpen={(id) => {
            setFiles(null)
            open(id)
          }}
        />
      )}
      {dragging && <div className="page-drop" aria-hidden><span>{t.dropAnywhere}</span></div>}
    </>
  )
}

interface LibraryProps {
  filter: CreativeFilter
  onFilter: (filter: CreativeFilter) => void
  onOpen: (id: string) => void
  onWrite: (() => void) | undefined
}

function Library({ filter, onFilter, onOpen, onWrite }: LibraryProps) {
  const t = useWords(words)
  const common = useWords(shell)
  const { language } = useLanguage()
  const fraudTypes = useFraudTypes()
  const creatives = useCreatives(filter, 30_000)
  const items = creatives.data?.pages.flatMap((page) => page.items) ?? []
  const set = (change: Partial<CreativeFilter>) => onFilter({ ...filter, ...change })
  const filtered = Object.values(filter).some(Boolean)
  return (
    <>
      <div className="filters">
        <Input.Search allowClear placeholder={t.find} aria-label={t.find} onSearch={(q) => set({ q: q.trim() || undefined })} style={{ width: 220 }} />
        <Select allowClear placeholder={t.kind} aria-label={t.kind} value={filter.kind} onChange={(kind) => set({ kind })} options={CREATIVE_KINDS.map((value) => ({ value, label: t.kinds[value] }))} style={{ width: 110 }} />
        <Select allowClear placeholder={t.state} aria-label={t.state} value={filter.state} onChange={(state) => set({ state })} options={CREATIVE_STATES.map((value) => ({ value, label: t.states[value] }))} style={{ width: 110 }} />
        <Select allowClear showSearch optionFilterProp="label" popupMatchSelectWidth={180} placeholder={t.fraudType} aria-label={t.fraudType} value={filter.fraud_type} onChange={(fraud_type) => set({ fraud_type })} options={fraudTypes.data?.map((f) => ({ value: f.code, label: f.name }))} style={{ width: 160 }} />
        {filtered && <Button type="link" onClick={() => onFilter({})}>{common.reset}</Button>}
        <span className="end">{creatives.data && t.shown(items.length, creatives.hasNextPage)}</span>
      </div>
      <Loaded query={creatives}>
        {() => (
          <Table<Creative>
            size="small"
            className="clickable-rows"
            rowKey="id"
            dataSource={items}
            pagination={false}
            onRow={(c) => ({ onClick: () => onOpen(c.id) })}
            locale={{
              emptyText: filtered ? (
                <Nothing inTable title={t.noMatch}>{t.noMatchHint}</Nothing>
              ) : (
                <Nothing inTable title={t.empty} action={onWrite && <Button type="primary" onClick={onWrite}>{t.write}</Button>}>{t.emptyHint}</Nothing>
              ),
            }}
            columns={[
              {
                title: t.creative,
                key: "title",
                render: (_, c) => (
                  <div className="row" style={{ flexWrap: "nowrap", gap: 12 }}>
                    <Thumbnail creative={c} />
                    <div className="grow">
                      <button className="link-button" onClick={(e) => (e.stopPropagation(), onOpen(c.id))}>{c.title}</button>
                      {c.text && c.text !== c.title && <span className="quiet small clip-text" title={c.text}>{c.text}</span>}
                    </div>
                  </div>
                ),
              },
              { title: t.kind, key: "kind", width: 80, render: (_, c) => t.kinds[c.kind] },
              { title: t.fraudType, key: "fraud", width: 150, render: (_, c) => fraudTypes.data?.find((f) => f.code === c.fraud_type)?.name ?? "" },
              { title: t.length, key: "length", width: 90, render: (_, c) => duration(c.duration_ms, language) },
              { title: t.validity, key: "validity", width: 120, render: (_, c) => <Validity creative={c} /> },
              { title: t.state, key: "state", width: 90, render: (_, c) => <StateDot state={c.state} /> },
              { title: t.author, dataIndex: "author", width: 124, ellipsis: true },
              { title: t.updated, key: "updated", width: 104, render: (_, c) => <span className="nowrap">{shortDateTime(c.updated_at)}</span> },
            ]}
          />
        )}
      </Loaded>
      {creatives.hasNextPage && (
        <div style={{ textAlign: "center", padding: 10 }}>
          <Button onClick={() => void creatives.fetchNextPage()} loading={creatives.isFetchingNextPage}>{common.more}</Button>
        </div>
      )}
    </>
  )
}

/** Files dropped anywhere on the page; whether some are held over it right now. */
function useDroppedFiles(enabled: boolean, onFiles: (files: File[]) => void): boolean {
  const [over, setOver] = useState(false)
  useEffect(() => {
    if (!enabled) return
    const files = (e: DragEvent) => e.dataTransfer?.types.includes("Files") ?? false
    const drag = (e: DragEvent) => {
      if (!files(e)) return
      e.preventDefault()
      setOver(true)
    }
    const leave = (e: DragEvent) => {
      if (e.relatedTarget === null) setOver(false)
    }
    const drop = (e: DragEvent) => {
      if (!files(e)) return
      e.preventDefault()
      setOver(false)
      onFiles([...(e.dataTransfer?.files ?? [])])
    }
    addEventListener("dragover", drag)
    addEventListener("dragleave", leave)
    addEventListener("drop", drop)
    return () => {
      removeEventListener("dragover", drag)
      removeEventListener("dragleave", leave)
      removeEventListener("drop", drop)
      setOver(false)
    }
  }, [enabled, onFiles])
  return over
}
