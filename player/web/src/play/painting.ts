/** Pictures that the page draws by itself: standby, and who the screen is. */
import { isLit, LAMP_ROWS, type Lamps, type Rect } from "../core/index.ts"

/** What a screen says of itself when it is told to. */
export interface Identity {
  readonly code: string
  /** Where it hangs, its own name last. */
  readonly lines: readonly Lamps[]
}

const NAME = "宣屏"
const LINE = "公共安全宣传屏"
const FONT = "system-ui, 'Noto Sans SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"
const TOP = "rgb(14,38,66)"
const BOTTOM = "rgb(6,17,32)"
const INK = "rgb(240,244,250)"
const ACCENT = "rgb(230,172,76)"
const QUIET = "rgb(139,160,186)"
const LAMP = "rgb(255,150,0)"

/** Too small for anything but lamps. */
const isSmall = ({ width, height }: Rect): boolean => height < 160 || width < 240

export function fill(context: CanvasRenderingContext2D, { x, y, width, height }: Rect, colour: string | CanvasGradient): void {
  context.fillStyle = colour
  context.fillRect(x, y, width, height)
}

function ground(context: CanvasRenderingContext2D, rect: Rect): void {
  const gradient = context.createLinearGradient(0, rect.y, 0, rect.y + rect.height)
  gradient.addColorStop(0, TOP)
  gradient.addColorStop(1, BOTTOM)
  fill(context, rect, gradient)
}

/** What the public sees when there is nothing to show, for whatever reason. Calm, and never a message. */
export function drawStandby(context: CanvasRenderingContext2D, rect: Rect): void {
  if (isSmall(rect)) return fill(context, rect, BOTTOM)
  ground(context, rect)
  const unit = Math.min(rect.width, rect.height) / 1080
  const middle = rect.x + rect.width / 2
  const line = rect.y + rect.height / 2
  write(context, NAME, middle, line - 6 * unit, `700 ${108 * unit}px ${FONT}`, INK, 20 * unit)
  fill(context, { x: Math.floor(middle - 32 * unit), y: Math.floor(line + 42 * unit), width: Math.ceil(64 * unit), height: Math.max(1, Math.floor(4 * unit)) }, ACCENT)
  write(context, LINE, middle, line + 108 * unit, `400 ${34 * unit}px ${FONT}`, QUIET, 12 * unit)
}

/** Who the screen is, over everything, so that it is read from across the street. */
export function drawIdentity(context: CanvasRenderingContext2D, rect: Rect, { code, lines }: Identity): void {
  if (isSmall(rect)) return drawSmallIdentity(context, rect, code, lines.at(-1))
  ground(context, rect)
  const margin = Math.floor(Math.min(rect.width, rect.height) / 14)
  const [width, height] = [rect.width - 2 * margin, rect.height - 2 * margin]
  // The code takes the lower half; above it each line as large as it can be.
  const room = Math.floor(height / 2 / Math.max(1, lines.length))
  lines.forEach((line, n) => {
    const place = { x: rect.x + margin, y: rect.y + margin + n * room, width, height: Math.floor((room * 4) / 5) }
    drawLamps(context, place, line, n === lines.length - 1 ? INK : ACCENT)
  })
  drawCode(context, { x: rect.x + margin, y: rect.y + margin + Math.floor((height * 7) / 12), width, height: Math.floor((height * 5) / 12) }, code, INK)
}

/** The code, and beside it the name if there is room for it. */
function drawSmallIdentity(context: CanvasRenderingContext2D, rect: Rect, code: string, name: Lamps | undefined): void {
  fill(context, rect, "#000")
  const wide = code.length * Math.ceil(rect.height * 0.7)
  const left = wide + Math.floor(rect.height / 2)
  if (name === undefined || left + name.width > rect.width) return drawCode(context, rect, code, LAMP)
  drawCode(context, { ...rect, width: wide }, code, LAMP)
  drawLamps(context, { ...rect, x: rect.x + left, width: rect.width - left }, name, LAMP)
}

function drawCode(context: CanvasRenderingContext2D, rect: Rect, code: string, colour: string): void {
  const size = Math.min(rect.height, rect.width / (0.7 * code.length))
  // Digits are 0.72 of their font's size high.
  write(context, code, rect.x + rect.width / 2, rect.y + rect.height / 2 + size * 0.36, `700 ${size}px ${FONT}`, colour, 0)
}

/** A line in the middle of a rectangle, every lamp enlarged by the same whole number; cut off where it is too long. */
function drawLamps(context: CanvasRenderingContext2D, rect: Rect, line: Lamps, colour: string): void {
  const scale = Math.max(1, Math.floor(Math.min(rect.height / LAMP_ROWS, rect.width / Math.max(1, line.width))))
  const left = rect.x + Math.max(0, Math.floor((rect.width - line.width * scale) / 2))
  const top = rect.y + Math.max(0, Math.floor((rect.height - LAMP_ROWS * scale) / 2))
  context.fillStyle = colour
  for (let y = 0; y < LAMP_ROWS; y++) {
    for (let x = 0; x < line.width && (x + 1) * scale <= rect.width; x++) {
      if (isLit(line, x, y)) context.fillRect(left + x * scale, top + y * scale, scale, scale)
    }
  }
}

function write(context: CanvasRenderingContext2D, text: string, x: number, y: number, font: string, colour: string, spacing: number): void {
  context.font = font
  context.letterSpacing = `${spacing}px`
  context.textAlign = "center"
  context.fillStyle = colour
  context.fillText(text, x + spacing / 2, y)
}
