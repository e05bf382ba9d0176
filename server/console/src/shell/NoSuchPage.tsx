/** Addresses that lead nowhere, and pages that failed. */
import { Button } from "antd"
import { Link, useRouteError } from "react-router"
import { useWords } from "../i18n/language"
import { Nothing } from "./Page"
import { words } from "./words"

export function NoSuchPage() {
  const t = useWords(words)
  return (
    <Nothing title={t.noPage} action={<Link to="/">{t.toOverview}</Link>}>
      {t.noPageDetail}
    </Nothing>
  )
}

export function Crashed() {
  const t = useWords(words)
  const error = useRouteError()
  return (
    <Nothing
      title={t.crashed}
      action={
        <Button type="primary" onClick={() => location.reload()}>
          {t.reload}
        </Button>
      }
    >
      {t.crashedDetail}
      <br />
      <code className="mono">{error instanceof Error ? error.message : String(error)}</code>
    </Nothing>
  )
}
