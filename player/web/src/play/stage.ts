/** Draws the wall: one canvas of exactly its pixels, and over it the clips that the browser plays. Touches only what changed. */
import type { Moment } from "../clock.ts"
import { stripOffset, type Rect, type ZoneName } from "../core/index.ts"
import { sameContent, type Content } from "./picture.ts"

export interface Layer {
  readonly zone: ZoneName
  readonly rect: Rect
  readonly content: Content
}

const NAME = "宣屏"
const LINE = "公共安全宣传屏"
const FONT = "system-ui, 'Noto Sans SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"

interface Drawn {
  readonly content: Content
  readonly offset: number | null
  readonly rect: Rect
}

export class Stage {
  private readonly canvas: HTMLCanvasElement
  private readonly context: CanvasRenderingContext2D
  private drawn = new Map<ZoneName, Drawn>()
  private scene: "zones" | "standby" | null = null

  constructor(private readonly wall: HTMLElement) {
    this.canvas = document.createElement("canvas")
    const context = this.canvas.getContext("2d", { alpha: false, colorSpace: "srgb" })
    if (!context) throw new Error("this browser cannot draw")
    this.context = context
    wall.append(this.canvas)
    addEventListener("resize", () => this.place())
  }

  /** Gives the wall its pixels. */
  resize(width: number, height: number): void {
    if (this.canvas.width === width && this.canvas.height === height && this.scene !== null) return
    this.canvas.width = width
    this.canvas.height = height
    this.scene = null
    this.drawn.clear()
    this.place()
  }

  /** One pixel of the wall is one of the display if the page has just these pixels; otherwise the whole is made to fit. */
  private place(): void {
    const { width, height } = this.canvas
    const fit = Math.min(innerWidth / width, innerHeight / height)
    const exact = 1 / devicePixelRatio
    // A window that is a fraction of a pixel off is still the wall's own.
    const scale = Math.abs(fit - exact) * Math.max(width, height) < 1.5 ? exact : fit
    const left = Math.max(0, Math.floor((innerWidth - width * scale) / 2))
    const top = Math.max(0, Math.floor((innerHeight - height * scale) / 2))
    this.wall.style.cssText = `width:${width}px;height:${height}px;left:${left}px;top:${top}px;transform:scale(${scale})`
    this.wall.classList.toggle("enlarged", scale > exact * 1.01)
  }

  /** The standby picture over everything. */
  standby(): void {
    if (this.scene === "standby") return
    this.clear("standby")
    this.drawStandby({ x: 0, y: 0, width: this.canvas.width, height: this.canvas.height })
  }

  /** The zones as they are at `at`. */
  draw(layers: readonly Layer[], at: Moment): void {
    const moved = layers.some(({ zone, rect }) => {
      const before = this.drawn.get(zone)?.rect
      return before && (before.x !== rect.x || before.y !== rect.y || before.width !== rect.width || before.height !== rect.height)
    })
    if (this.scene !== "zones" || moved || [...this.drawn.keys()].some((zone) => !layers.some((layer) => layer.zone === zone))) this.clear("zones")
    for (const { zone, rect, content } of layers) {
      const before = this.drawn.get(zone)
      const offset = content.is === "strip" ? stripOffset(content.bitmap.width, rect.width, content.pixelsPerSecond, content.start, at.wall) : null
      if (before && before.offset === offset && sameContent(before.content, content)) continue
      if (before?.content.is === "reel" && !sameContent(before.content, content)) before.content.reel.element.remove()
      this.drawn.set(zone, { content, offset, rect })
      this.drawZone(rect, content, offset ?? 0)
    }
  }

  private clear(scene: "zones" | "standby"): void {
    for (const { content } of this.drawn.values()) if (content.is === "reel") content.reel.element.remove()
    this.drawn.clear()
    this.scene = scene
    this.fill({ x: 0, y: 0, width: this.canvas.width, height: this.canvas.height }, "#000")
  }

  private fill({ x, y, width, height }: Rect, colour: string | CanvasGradient): void {
    this.context.fillStyle = colour
    this.context.fillRect(x, y, width, height)
  }

  private drawZone(rect: Rect, content: Content, offset: number): void {
    switch (content.is) {
      case "black":
        return this.fill(rect, "#000")
      case "standby":
        return this.drawStandby(rect)
      case "picture": {
        const { bitmap } = content
        this.fill(rect, "#000")
        return this.within(rect, () => {
          this.context.drawImage(bitmap, rect.x + Math.floor((rect.width - bitmap.width) / 2), rect.y + Math.floor((rect.height - bitmap.height) / 2))
        })
      }
      case "strip":
        return this.within(rect, () => this.drawStrip(rect, content.bitmap, offset))
      case "reel": {
        this.fill(rect, "#000")
        const { element } = content.reel
        element.style.cssText = `left:${rect.x}px;top:${rect.y}px;width:${rect.width}px;height:${rect.height}px`
        this.wall.append(element)
      }
    }
  }

  private within({ x, y, width, height }: Rect, draw: () => void): void {
    this.context.save()
    this.context.beginPath()
    this.context.rect(x, y, width, height)
    this.context.clip()
    this.context.imageSmoothingEnabled = false
    draw()
    this.context.restore()
  }

  /** What the strip leaves uncovered is its own first column repeated, and its first pixel below it. */
  private drawStrip({ x, y, width, height }: Rect, strip: ImageBitmap, offset: number): void {
    this.context.drawImage(strip, 0, 0, 1, 1, x, y, width, height)
    this.context.drawImage(strip, 0, 0, 1, strip.height, x, y, width, strip.height)
    this.context.drawImage(strip, x + offset, y)
  }

  /** What the public sees when there is nothing to show, for whatever reason. Calm, and never a message. */
  private drawStandby(rect: Rect): void {
    const ground = this.context.createLinearGradient(0, rect.y, 0, rect.y + rect.height)
    ground.addColorStop(0, "rgb(14,38,66)")
    ground.addColorStop(1, "rgb(6,17,32)")
    const small = rect.height < 160 || rect.width < 240
    this.fill(rect, small ? "rgb(6,17,32)" : ground)
    if (small) return
    const unit = Math.min(rect.width, rect.height) / 1080
    const middle = rect.x + rect.width / 2
    const line = rect.y + rect.height / 2
    this.write(NAME, middle, line - 6 * unit, `700 ${108 * unit}px ${FONT}`, "rgb(240,244,250)", 20 * unit)
    this.fill({ x: Math.floor(middle - 32 * unit), y: Math.floor(line + 42 * unit), width: Math.ceil(64 * unit), height: Math.max(1, Math.floor(4 * unit)) }, "rgb(230,172,76)")
    this.write(LINE, middle, line + 108 * unit, `400 ${34 * unit}px ${FONT}`, "rgb(139,160,186)", 12 * unit)
  }

  private write(text: string, x: number, y: number, font: string, colour: string, spacing: number): void {
    this.context.font = font
    this.context.letterSpacing = `${spacing}px`
    this.context.textAlign = "center"
    this.context.fillStyle = colour
    this.context.fillText(text, x + spacing / 2, y)
  }

  /** What is to be seen now, as PNG, made smaller so that no edge is longer than `longest`. */
  async picture(longest: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const scale = Math.min(1, longest / Math.max(this.canvas.width, this.canvas.height))
    const copy = new OffscreenCanvas(Math.max(1, Math.round(this.canvas.width * scale)), Math.max(1, Math.round(this.canvas.height * scale)))
    const context = copy.getContext("2d", { alpha: false })
    if (!context) return null
    context.scale(scale, scale)
    context.drawImage(this.canvas, 0, 0)
    for (const { content, rect } of this.drawn.values()) {
      if (content.is !== "reel" || !(content.reel.element instanceof HTMLVideoElement)) continue
      const video = content.reel.element
      const fit = Math.min(rect.width / (video.videoWidth || 1), rect.height / (video.videoHeight || 1))
      const [width, height] = [video.videoWidth * fit, video.videoHeight * fit]
      context.drawImage(video, rect.x + (rect.width - width) / 2, rect.y + (rect.height - height) / 2, width, height)
    }
    return new Uint8Array(await (await copy.convertToBlob({ type: "image/png" })).arrayBuffer())
  }
}
