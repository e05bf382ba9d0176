/** Chooses how a screen is divided, with a drawing of it; for a form. Free zones are typed, and what is wrong with them is said at once. */
import { Checkbox, InputNumber, Radio } from "antd"
import type { Ref } from "react"
import { useWords } from "../i18n/language"
import { LayoutDrawing } from "./LayoutDrawing"
import { CHOICES, choiceOf, faultOf, freed, leavesBlack, withTicker, type Choice, type FreeLayout, type Layout, type LayoutFault, type Measure, type Pane, type Size } from "./layouts"
import { layoutWords } from "./layoutWords"
import type { ScreenKind } from "./screens"

interface Props {
  id?: string
  kind: ScreenKind
  size: Size
  value?: Layout
  onChange?: (layout: Layout) => void
  ref?: Ref<HTMLDivElement>
}

export function LayoutField({ id, kind, size, value = "full", onChange, ref }: Props) {
  const t = useWords(layoutWords)
  const choose = (choice: Choice) => onChange?.(choice === "free" ? { free: freed(value, size) } : choice)
  const fault = faultOf(value, size)
  const low = faultOf("main_and_ticker", size) !== null
  const seen = kind !== "speaker"
  return (
    <div ref={ref} id={id} tabIndex={-1} className={`layout-field${size.height > size.width ? " tall" : ""}`}>
      <Radio.Group className="choices" value={choiceOf(value)} onChange={(e) => choose(e.target.value as Choice)}>
        {CHOICES[kind].map((choice) => {
          const tooLow = low && choice.includes("ticker")
          return (
            <Radio key={choice} value={choice} aria-label={t.names[choice]} disabled={tooLow && choice !== choiceOf(value)}>
              {t.names[choice]} <span className="quiet small">{tooLow ? t.tooLow : kind === "led_strip" ? t.stripHint : t.hints[choice]}</span>
            </Radio>
          )
        })}
      </Radio.Group>
      {seen && <LayoutDrawing layout={value} size={size} />}
      {typeof value === "object" && <FreeFields free={value.free} size={size} wrong={fault === null ? [] : fault.measures.map((measure) => [("zone" in fault && fault.zone) || "main", measure])} onChange={(free) => onChange?.({ free })} />}
      {typeof value === "object" && fault === null && leavesBlack(value, size) && <p className="quiet small black-note">{t.rest}</p>}
    </div>
  )
}

/** For the form that has this field: says what is wrong with a layout as soon as it is. */
export const layoutRule = (size: Size, say: (fault: LayoutFault) => string) => ({
  validator: (_: unknown, layout: Layout) => {
    const fault = faultOf(layout, size)
    return fault === null ? Promise.resolve() : Promise.reject(new Error(say(fault)))
  },
})

const MEASURES = ["x", "y", "width", "height"] as const

function FreeFields({ free, size, wrong, onChange }: { free: FreeLayout; size: Size; wrong: [Pane, Measure][]; onChange: (free: FreeLayout) => void }) {
  const t = useWords(layoutWords)
  const row = (pane: Pane) => {
    const rect = free[pane]
    if (!rect) return null
    return MEASURES.map((measure) => (
      <InputNumber
        key={measure}
        size="small"
        controls={false}
        precision={0}
        min={0}
        max={16_384}
        aria-label={`${t.panes[pane]} ${t.measures[measure]}`}
        className={wrong.some(([at, which]) => at === pane && which === measure) ? "wrong" : ""}
        // An empty width is no width; an empty offset is none.
        value={measure === "width" || measure === "height" ? rect[measure] || null : rect[measure]}
        onChange={(pixels) => onChange({ ...free, [pane]: { ...rect, [measure]: pixels ?? 0 } })}
      />
    ))
  }
  return (
    <div className="free-fields">
      <span className="quiet small" />
      {MEASURES.map((measure) => <span key={measure} className="quiet small">{t.measures[measure]}</span>)}
      <span>{t.panes.main}</span>
      {row("main")}
      <Checkbox checked={Boolean(free.ticker)} onChange={(e) => onChange(e.target.checked ? withTicker(free, size) : { ...free, ticker: null })} aria-label={t.withTicker}>{t.panes.ticker}</Checkbox>
      {row("ticker") ?? <span className="quiet small none">{t.withoutTicker}</span>}
      <span className="quiet small unit">{t.unit} · {size.width}×{size.height}</span>
    </div>
  )
}
