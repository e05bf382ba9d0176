/** The plain sheet that sign-in and first password stand on. */
import { Button } from "antd"
import { useEffect, type ReactNode } from "react"
import { useLanguage, useWords } from "../i18n/language"
import { words } from "../shell/words"
import "./sheet.css"

export function Sheet({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  const t = useWords(words)
  const { language, setLanguage } = useLanguage()
  useEffect(() => {
    document.title = `${title} · ${t.product}`
  }, [title, t.product])
  return (
    <div className="sheet-page">
      <main className="sheet">
        <div className="sheet-brand">
          <img src="/mark.svg" alt="" />
          <span>{t.productLong}</span>
          <Button type="link" size="small" aria-label={t.languageLabel} onClick={() => setLanguage(language === "zh" ? "en" : "zh")}>{t.language}</Button>
        </div>
        <h1>{title}</h1>
        <p className="quiet">{lead}</p>
        {children}
      </main>
    </div>
  )
}
