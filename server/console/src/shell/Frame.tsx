/** Navigation on the left, the page on the right; above it, red, whatever takeover is on air. */
import {
  AlertOutlined, AuditOutlined, DashboardOutlined, DesktopOutlined, FileDoneOutlined, PictureOutlined, ScheduleOutlined, TeamOutlined,
} from "@ant-design/icons"
import { Button, Menu } from "antd"
import { useState, type ReactNode } from "react"
import { Link, Outlet, useLocation } from "react-router"
import { OwnPassword } from "../accounts/OwnPassword"
import { useMe, useSignOut, type Role } from "../accounts/session"
import { useLanguage, useWords } from "../i18n/language"
import { Banners } from "../supervision/Banners"
import { words } from "./words"

interface Entry {
  path: string
  name: "overview" | "screens" | "creatives" | "campaigns" | "takeovers" | "plays" | "accounts" | "audit"
  icon: ReactNode
  roles?: Role[]
}

const ENTRIES: Entry[] = [
  { path: "/", name: "overview", icon: <DashboardOutlined /> },
  { path: "/screens", name: "screens", icon: <DesktopOutlined /> },
  { path: "/creatives", name: "creatives", icon: <PictureOutlined /> },
  { path: "/campaigns", name: "campaigns", icon: <ScheduleOutlined /> },
  { path: "/takeovers", name: "takeovers", icon: <AlertOutlined /> },
  { path: "/plays", name: "plays", icon: <FileDoneOutlined />, roles: ["auditor", "editor", "reviewer", "admin"] },
  { path: "/accounts", name: "accounts", icon: <TeamOutlined />, roles: ["admin"] },
  { path: "/audit-trail", name: "audit", icon: <AuditOutlined />, roles: ["auditor", "admin"] },
]

export function Frame() {
  const t = useWords(words)
  const { language, setLanguage } = useLanguage()
  const me = useMe()
  const signOut = useSignOut()
  const [password, setPassword] = useState(false)
  const { pathname } = useLocation()
  const here = `/${pathname.split("/")[1] ?? ""}`
  const entries = ENTRIES.filter((e) => !e.roles || e.roles.some((role) => me.roles.includes(role)))
  return (
    <div className="frame">
      <a className="skip" href="#main">{t.skip}</a>
      <aside className="frame-side">
        <div className="frame-brand">
          <img src="/mark.svg" alt="" />
          {t.product}
        </div>
        <nav aria-label={t.nav.label} style={{ display: "contents" }}>
          <Menu
            mode="inline"
            selectedKeys={[here]}
            items={entries.map((e) => ({
              key: e.path,
              icon: e.icon,
              className: `nav-${e.name === "takeovers" ? "takeover" : e.name}`,
              label: <Link to={e.path}>{t.nav[e.name]}</Link>,
            }))}
          />
        </nav>
        <div className="frame-foot">
          <div className="who" title={me.name} aria-label={t.me(me.display_name)}>{me.display_name}</div>
          <div className="roles">{me.roles.map((role) => t.roles[role]).join(language === "zh" ? "、" : ", ")}</div>
          <div className="acts">
            <Button type="link" size="small" onClick={() => setPassword(true)}>{t.changePassword}</Button>
            <Button type="link" size="small" onClick={() => setLanguage(language === "zh" ? "en" : "zh")} aria-label={t.languageLabel}>{t.language}</Button>
            <Button type="link" size="small" onClick={signOut}>{t.signOut}</Button>
          </div>
        </div>
      </aside>
      <main id="main" className="frame-main" tabIndex={-1}>
        <Banners />
        <Outlet />
      </main>
      {password && <OwnPassword onClose={() => setPassword(false)} />}
    </div>
  )
}
