/** While a takeover is on the walls, every page says so, in red, with the way to end it. */
import { Link } from "react-router"
import { hourMinute } from "../i18n/format"
import { useWords } from "../i18n/language"
import { useOverview } from "./overview"
import { words } from "./words"

export function TakeoverBanner() {
  const t = useWords(words)
  const overview = useOverview()
  const active = overview.data?.active_takeovers ?? []
  if (active.length === 0) return null
  const names = active.map((one) => `${one.title} ${t.untilTime(hourMinute(one.expires))}`)
  return (
    <div className="takeover-banner" role="alert">
      <span className="nowrap">{t.takeoverRunning(active.length)}</span>
      <span className="clip-text" style={{ fontWeight: 400 }}>{names.join(" · ")}</span>
      <Link to="/takeovers" className="right nowrap">{t.takeoverSee}</Link>
    </div>
  )
}
