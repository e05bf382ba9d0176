/**
 * Chinese first, English by a switch. Each domain keeps its words in its own `words.ts`; the compiler refuses an
 * English side that lacks a word or takes other arguments.
 */
import { ConfigProvider } from "antd"
import enUS from "antd/locale/en_US"
import zhCN from "antd/locale/zh_CN"
import dayjs from "dayjs"
import "dayjs/locale/zh-cn"
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react"
import { theme } from "../shell/theme"

export type Language = "zh" | "en"

type Words = { readonly [key: string]: string | ((...values: never[]) => string) | Words }
type Same<W> = {
  [K in keyof W]: W[K] extends string ? string : W[K] extends (...values: infer A) => string ? (...values: A) => string : Same<W[K]>
}

/** A domain's words in both languages. */
export interface Dictionary<W> {
  zh: W
  en: Same<W>
}

/** Declares a domain's words. */
export function dictionary<W extends Words>(zh: W, en: Same<W>): Dictionary<W> {
  return { zh, en }
}

const STORED = "xuanping.language"
const Context = createContext<{ language: Language; setLanguage: (language: Language) => void }>({
  language: "zh",
  setLanguage: () => undefined,
})

/** The current language and its switch. */
export const useLanguage = () => useContext(Context)

/** A domain's words in the current language. */
export function useWords<W>(words: Dictionary<W>): Same<W> {
  return words[useLanguage().language] as Same<W>
}

/** Gives everything below it a language, kept from one visit to the next. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => (localStorage.getItem(STORED) === "en" ? "en" : "zh"))
  dayjs.locale(language === "zh" ? "zh-cn" : "en")
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en"
    localStorage.setItem(STORED, language)
  }, [language])
  const value = useMemo(() => ({ language, setLanguage }), [language])
  return (
    <Context.Provider value={value}>
      <ConfigProvider locale={language === "zh" ? zhCN : enUS} theme={theme} button={{ autoInsertSpace: false }}>
        {children}
      </ConfigProvider>
    </Context.Provider>
  )
}
