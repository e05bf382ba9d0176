/** What screens would make of a slogan that is being written: the characters they lack, and for each class the pixels. */
import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useEffect, useState } from "react"
import { answered, api, type Schemas } from "../api/client"
import { useLanguage, useWords } from "../i18n/language"
import { duration } from "../i18n/format"
import { Refused } from "../shell/Page"
import { byZone, type FraudType } from "./creatives"
import { words } from "./words"
import { ZonePreview } from "./ZonePreview"

/** How long after the last key the server is asked. */
const PAUSE = 300

export function SloganCheck({ text, fraudType }: { text: string; fraudType: FraudType | undefined }) {
  const t = useWords(words)
  const settled = useSettled(text.trim(), PAUSE)
  const check = useQuery({
    queryKey: ["slogan-check", settled, fraudType],
    queryFn: ({ signal }) => answered(api.POST("/api/v1/slogans/check", { body: { text: settled, fraud_type: fraudType ?? null }, signal })),
    enabled: settled !== "",
    staleTime: Infinity,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  })
  const stale = settled !== text.trim() || check.isPlaceholderData || check.isPending
  const found = settled === "" ? undefined : check.data
  return (
    <section className={`slogan-check${stale && found ? " stale" : ""}`} aria-label={t.check} aria-busy={stale && settled !== ""}>
      <h2 className="section-title">{t.check} <span className="quiet small" style={{ fontWeight: 400 }} role="status">{settled !== "" && (stale ? t.checking : found && found.missing.length === 0 ? t.checkedFine : "")}</span></h2>
      {settled === "" && <p className="quiet">{t.checkIdle}</p>}
      {settled !== "" && check.error && <Refused error={check.error} />}
      {found && !check.error && <Found found={found} />}
    </section>
  )
}

function Found({ found }: { found: Schemas["SloganChecked"] }) {
  const t = useWords(words)
  const { language } = useLanguage()
  const names = (glyphs: string[]) => glyphs.map((g) => `“${g}”`).join(language === "zh" ? "、" : ", ")
  const nowhere = found.missing.find((m) => m.font === "noto_sans_cjk")?.glyphs ?? []
  const missing = found.missing.map((m) => ({ ...m, glyphs: m.font === "noto_sans_cjk" ? m.glyphs : m.glyphs.filter((g) => !nowhere.includes(g)) }))
  return (
    <div className="class-list">
      {missing.filter((m) => m.glyphs.length > 0).map(({ font, glyphs }) => (
        <div key={font} role="alert" className={`class-problem${font === "noto_sans_cjk" ? " bad" : ""}`}>
          {font === "noto_sans_cjk" ? t.missingAll(names(glyphs)) : t.missingSome(names(glyphs))}
        </div>
      ))}
      {/* What no screen can show would be refused everywhere in the same words. */}
      {nowhere.length === 0 && byZone(found.classes).map((c) => {
        const name = t.className(t.screenKinds[c.screen_kind], t.zones[c.zone])
        return (
          <section key={`${c.screen_kind} ${c.zone} ${c.zone_size.width}×${c.zone_size.height}`} aria-label={name}>
            <div className="class-head">
              <b>{name}</b>
              <span className="quiet">{c.zone_size.width}×{c.zone_size.height}</span>
              {c.scrolls != null && <span className={c.scrolls ? "dot wait" : "dot good"}>{c.scrolls ? t.scrolls(c.pixels_per_second ?? 0) : t.stands}</span>}
              {c.seconds != null && <span className="quiet">{t.oncePer(duration(Math.round(c.seconds * 1000), language))}</span>}
              {!c.known && <span className="faint small">{t.reference}</span>}
            </div>
            {c.problem && <div className="class-problem">{c.problem}</div>}
            {c.preview && c.size && (
              <ZonePreview src={c.preview} zone={c.zone_size} size={c.size} speed={c.pixels_per_second} led={c.screen_kind.startsWith("led")} label={t.previewOf(name)} maxHeight={230} />
            )}
          </section>
        )
      })}
    </div>
  )
}

/** A value once it has not changed for so many milliseconds. */
function useSettled(value: string, pause: number): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pause)
    return () => clearTimeout(timer)
  }, [value, pause])
  return settled
}
