import { dictionary } from "../i18n/language"
import type { Choice, LayoutFault, Measure, Pane, Rect } from "./layouts"

const PANES: Record<Pane, string> = { main: "主区", ticker: "字幕条" }
const MEASURES: Record<Measure, string> = { x: "左边距", y: "上边距", width: "宽度", height: "高度" }
const PANES_EN: Record<Pane, string> = { main: "The main zone", ticker: "The ticker" }
const MEASURES_EN: Record<Measure, string> = { x: "left offset", y: "top offset", width: "width", height: "height" }

export const layoutWords = dictionary(
  {
    names: { full: "整屏", main_and_ticker: "主区 + 底部字幕条", ticker_and_main: "顶部字幕条 + 主区", audio_only: "只播声音", free: "自定分区" } as Record<Choice, string>,
    hints: {
      full: "海报、宣传片、标语轮流占满屏幕",
      main_and_ticker: "上方海报与宣传片，底部滚动标语",
      ticker_and_main: "顶部滚动标语，下方海报与宣传片",
      audio_only: "没有画面，定时播放音频",
      free: "自己填写各区的位置与大小",
    } as Record<Choice, string>,
    tooLow: "屏幕太矮，九分之一放不下字幕",
    stripHint: "标语，放得下就静止，放不下就滚动",
    panes: PANES,
    measures: MEASURES,
    withTicker: "有字幕条",
    withoutTicker: "没有字幕条：标语与海报在主区轮流播放",
    rest: "各区以外保持黑屏。",
    unit: "单位：像素，须为偶数",
    drawing: (size: string, zones: string) => `屏幕 ${size} 的版式：${zones}`,
    placed: (pane: Pane, { x, y, width, height }: Rect) => `${PANES[pane]} ${width}×${height}（左 ${x}，上 ${y}）`,
    join: "；",
    sizeTold: (now: string, before: string) => `播放器现在上报 ${now}，登记的是 ${before}。`,
    sizeAdopt: (now: string) => `按 ${now} 重新划分`,
    sizeOther: (now: string) => `播放器上报 ${now}，与登记不同：画面只占一部分或被裁切。请在“修改名称、版式与标签”中确认`,
    fault: (fault: LayoutFault): string => {
      switch (fault.is) {
        case "ninth_too_low":
          return `屏幕太矮，九分之一放不下字幕（至少 ${fault.least} 点）。请选“整屏”，或选“自定分区”并把字幕条设高一些。`
        case "too_small":
          return `${PANES[fault.zone]}太小，至少须 ${fault.least.width}×${fault.least.height}。请加大宽度或高度。`
        case "outside":
          return `${PANES[fault.zone]}超出屏幕：${fault.measures.map((m) => MEASURES[m]).join("与")}加起来是 ${fault.reach}，屏幕只有 ${fault.most}。请减小其中一个。`
        case "odd":
          return `${PANES[fault.zone]}的${fault.measures.map((m) => MEASURES[m]).join()}是 ${fault.pixels}，须为偶数。请改为 ${fault.pixels - 1} 或 ${fault.pixels + 1}。`
        case "too_high":
          return "字幕条太高：宽度至少须为高度的 2 倍，否则同时看不到几个字。请加宽，或降低高度。"
        case "overlap":
          return "主区与字幕条重叠。请移开其中一个，或减小它的宽度或高度。"
      }
    },
  },
  {
    names: { full: "Full screen", main_and_ticker: "Main + ticker below", ticker_and_main: "Ticker above + main", audio_only: "Sound only", free: "Free zones" },
    hints: {
      full: "posters, clips and slogans take turns on the whole screen",
      main_and_ticker: "posters and clips above, slogans scrolling below",
      ticker_and_main: "slogans scrolling above, posters and clips below",
      audio_only: "no picture, audio at its times",
      free: "you say where each zone lies",
    },
    tooLow: "one ninth of this screen is too low for text",
    stripHint: "slogans, standing where they fit and scrolling where not",
    panes: { main: "Main", ticker: "Ticker" },
    measures: { x: "Left", y: "Top", width: "Width", height: "Height" },
    withTicker: "With a ticker",
    withoutTicker: "No ticker: slogans and posters take turns in the main zone",
    rest: "What no zone covers stays black.",
    unit: "In pixels, even numbers",
    drawing: (size, zones) => `Layout of a screen of ${size}: ${zones}`,
    placed: (pane, { x, y, width, height }) => `${pane} ${width}×${height} at ${x}, ${y}`,
    join: "; ",
    sizeTold: (now, before) => `The player now reports ${now}; ${before} is on record.`,
    sizeAdopt: (now) => `Divide ${now} instead`,
    sizeOther: (now) => `its player reports ${now}: the picture covers a part of it or is cut off. Confirm under “Change name, layout and tags”`,
    fault: (fault) => {
      switch (fault.is) {
        case "ninth_too_low":
          return `One ninth of this screen is too low for a line of text (${fault.least} pixels at least). Choose “Full screen”, or “Free zones” with a higher ticker.`
        case "too_small":
          return `${PANES_EN[fault.zone]} is too small: make it at least ${fault.least.width}×${fault.least.height}.`
        case "outside":
          return `${PANES_EN[fault.zone]} leaves the screen: ${fault.measures.map((m) => MEASURES_EN[m]).join(" and ")} make ${fault.reach}, the screen has ${fault.most}. Make one of them smaller.`
        case "odd":
          return `${PANES_EN[fault.zone]}: the ${fault.measures.map((m) => MEASURES_EN[m]).join()} is ${fault.pixels} and has to be even. Make it ${fault.pixels - 1} or ${fault.pixels + 1}.`
        case "too_high":
          return "The ticker is too high: it has to be twice as wide as high, or only a character or two are seen at a time."
        case "overlap":
          return "Main zone and ticker overlap. Move one of them, or make it smaller."
      }
    },
  },
)
