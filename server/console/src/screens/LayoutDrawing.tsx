/** A screen and its zones, to scale. What is not on the screen is cut off; a zone with a fault is red. */
import { useWords } from "../i18n/language"
import { faultOf, zonesOf, type Layout, type Size } from "./layouts"
import { layoutWords } from "./layoutWords"
import "./layouts.css"

interface Props {
  layout: Layout
  size: Size
  /** Most that the drawing may measure, in pixels of the page. */
  width?: number
  height?: number
}

/** The lowest zone that has room for its name, in pixels of the page. */
const NAMED = 15

export function LayoutDrawing({ layout, size, width = 236, height = 168 }: Props) {
  const t = useWords(layoutWords)
  const scale = Math.min(width / size.width, height / size.height)
  const zones = zonesOf(layout, size)
  const fault = faultOf(layout, size)
  const bad = (name: string) => fault !== null && (!("zone" in fault) || fault.zone === name)
  const label = t.drawing(`${size.width}×${size.height}`, zones.map(({ name, rect }) => t.placed(name, rect)).join(t.join))
  return (
    <svg className="layout-drawing" role="img" aria-label={label} width={Math.max(1, size.width * scale)} height={Math.max(1, size.height * scale)}>
      <title>{label}</title>
      <rect width="100%" height="100%" className="screen" />
      {zones.map(({ name, rect }) => {
        const place = { x: rect.x * scale, y: rect.y * scale, width: rect.width * scale, height: rect.height * scale }
        const [middle, line] = [place.x + place.width / 2, place.y + place.height / 2]
        return (
          <g key={name} className={`${name}${bad(name) ? " bad" : ""}`}>
            <rect {...place} />
            {place.height >= NAMED && place.width >= 44 && <text x={middle} y={line - (place.height >= 34 ? 7 : 0)}>{t.panes[name]}</text>}
            {place.height >= 34 && place.width >= 60 && <text x={middle} y={line + 8} className="pixels">{rect.width}×{rect.height}</text>}
          </g>
        )
      })}
    </svg>
  )
}
