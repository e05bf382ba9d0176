/** What every page has: a head with one primary action, and the states in which there is nothing to show. */
import { Button, Spin } from "antd"
import { useEffect, type ReactNode } from "react"
import { asRefusal } from "../api/refusal"
import { useWords } from "../i18n/language"
import { words } from "./words"

/** Title of the page, what it is in a few words, and its actions. */
export function PageHead({ title, lead, children }: { title: string; lead?: ReactNode; children?: ReactNode }) {
  const t = useWords(words)
  useEffect(() => {
    document.title = `${title} · ${t.product}`
  }, [title, t.product])
  return (
    <header className="page-head">
      <h1>{title}</h1>
      {lead && <span className="lead">{lead}</span>}
      {children && <div className="acts">{children}</div>}
    </header>
  )
}

/** A refusal, in the server's own words. */
export function Refused({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useWords(words)
  const refusal = asRefusal(error)
  return (
    <div className="refused" role="alert">
      <div>
        <strong>{refusal.title}</strong>
        {refusal.detail}
      </div>
      {retry && <Button onClick={retry}>{t.retry}</Button>}
    </div>
  )
}

/** Nothing here yet, and what to do about it. */
export function Nothing({ title, children, action, inTable }: { title: string; children?: ReactNode; action?: ReactNode; inTable?: boolean }) {
  return (
    <div className={`nothing${inTable ? " in-table" : ""}`}>
      <h3>{title}</h3>
      {children && <p>{children}</p>}
      {action}
    </div>
  )
}

/** Waiting for the first answer. */
export function Waiting() {
  const t = useWords(words)
  return (
    <div className="nothing" role="status" aria-label={t.loading}>
      <Spin />
    </div>
  )
}

/** The state of a query as a page part: waiting, refused, or its data. */
export function Loaded<T>({ query, children }: { query: { data: T | undefined; error: unknown; refetch: () => unknown }; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.error) return <Refused error={query.error} retry={() => void query.refetch()} />
  return <Waiting />
}
