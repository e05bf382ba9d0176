/** Instants, durations and sizes as people read them. Everything is shown in the county's time, wherever the browser is. */
import dayjs from "dayjs"
import timezone from "dayjs/plugin/timezone"
import utc from "dayjs/plugin/utc"
import type { Language } from "./language"

dayjs.extend(utc)
dayjs.extend(timezone)

/** The zone of venues without one of their own. */
export const COUNTY_ZONE = "Asia/Shanghai"

/** `2026-11-23 09:05:07` */
export const dateTime = (ms: number, zone = COUNTY_ZONE) => dayjs(ms).tz(zone).format("YYYY-MM-DD HH:mm:ss")
/** `11-23 09:05` */
export const shortDateTime = (ms: number, zone = COUNTY_ZONE) => dayjs(ms).tz(zone).format("MM-DD HH:mm")
/** `09:05:07` */
export const clockTime = (ms: number, zone = COUNTY_ZONE) => dayjs(ms).tz(zone).format("HH:mm:ss")
/** `09:05` */
export const hourMinute = (ms: number, zone = COUNTY_ZONE) => dayjs(ms).tz(zone).format("HH:mm")
/** The instant at which clocks in a zone show this local time, `2026-11-23 09:05`. */
export const instantOf = (local: string, zone = COUNTY_ZONE) => dayjs.tz(local, zone).valueOf()
/** Today's date in the county, `2026-11-23`. */
export const today = (zone = COUNTY_ZONE) => dayjs().tz(zone).format("YYYY-MM-DD")
/** A date so many days from today. */
export const daysFromToday = (days: number, zone = COUNTY_ZONE) => dayjs().tz(zone).add(days, "day").format("YYYY-MM-DD")

/** `12 秒`, `3 分 05 秒`, `2 小时 10 分` */
export function duration(ms: number, language: Language): string {
  const zh = language === "zh"
  const total = Math.max(0, Math.round(ms / 1000))
  if (total < 60) {
    const seconds = String(Number((ms / 1000).toFixed(1)))
    return zh ? `${seconds} 秒` : `${seconds} s`
  }
  if (total < 3600) {
    const [m, s] = [Math.floor(total / 60), total % 60]
    return zh ? `${m} 分${s ? ` ${String(s).padStart(2, "0")} 秒` : "钟"}` : `${m} min${s ? ` ${s} s` : ""}`
  }
  if (total >= 48 * 3600) {
    const [d, hours] = [Math.floor(total / 86_400), Math.floor((total % 86_400) / 3600)]
    return zh ? `${d} 天${hours ? ` ${hours} 小时` : ""}` : `${d} days${hours ? ` ${hours} h` : ""}`
  }
  const [h, m] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60)]
  return zh ? `${h} 小时${m ? ` ${m} 分` : ""}` : `${h} h${m ? ` ${m} min` : ""}`
}

/** How long ago, in words: `刚刚`, `5 分钟前`. */
export function ago(ms: number, now: number, language: Language): string {
  const zh = language === "zh"
  const seconds = Math.max(0, Math.round((now - ms) / 1000))
  if (seconds < 60) return zh ? (seconds < 5 ? "刚刚" : `${seconds} 秒前`) : seconds < 5 ? "just now" : `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return zh ? `${minutes} 分钟前` : `${minutes} min ago`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return zh ? `${hours} 小时前` : `${hours} h ago`
  const days = Math.floor(hours / 24)
  return zh ? `${days} 天前` : `${days} days ago`
}

/** `3.4 MB` */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`
  if (n < 1024 * 1024) return `${(n / 1024).toFixed(0)} KB`
  if (n < 1024 ** 3) return `${(n / 1024 ** 2).toFixed(1)} MB`
  return `${(n / 1024 ** 3).toFixed(2)} GB`
}

/** `12,345` */
export const count = (n: number) => n.toLocaleString("en-US")
