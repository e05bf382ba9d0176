/** Above every page: that the server is away; and in red, with the way to end it, whatever takeover is on the walls. */
import { Link } from "react-router"
import { clockTime, hourMinute } from "../i18n/format"
import { useWords } from "../i18n/language"
import { useOverview } from "./overview"
import { words } from "./words"

export function Banners() {
  const t = useWords(words)
  const overview = useOverview()
  const active = overview.data?.active_takeovers ?? []
  const names = active.map((one) => `${one.title} ${t.untilTime(hourMinute(one.expires))}`)
  return (
    <>
      {overview.data && overview.isError && <div className="away-banner" role="status">{t.away(clockTime(overview.dataUpdatedAt))}</div>}
      {active.length > 0 && (
        <div className="takeover-banner" role="alert">
          <span className="nowrap">{t.takeoverRunning(active.length)}</span>
          <span className="clip-text" style={{ fontWeight: 400 }}>{names.join(" · ")}</span>
          <Link to="/takeovers" className="right nowrap">{t.takeoverSee}</Link>
        </div>
      )}
    </>
  )
}
