import { dictionary } from "../i18n/language"

export const changeWords = dictionary(
  {
    title: "变更记录",
    from: "从",
    to: "到",
    version: (n: number, at: string) => `第 ${n} 号指令，${at}`,
    only: "这块屏幕还只有一份播放单。",
    same: (days: number) => `共同覆盖的 ${days} 天里，节目没有变化。`,
    none: "两份播放单没有共同的日期，无法比较。",
    compared: (days: number) => `按共同覆盖的 ${days} 天比较`,
  },
  {
    title: "What changed",
    from: "From",
    to: "to",
    version: (n, at) => `manifest ${n}, ${at}`,
    only: "This screen has had one playlist so far.",
    same: (days) => `Nothing changed on the ${days} days that both cover.`,
    none: "The two playlists have no day in common.",
    compared: (days) => `compared on the ${days} days that both cover`,
  },
)
