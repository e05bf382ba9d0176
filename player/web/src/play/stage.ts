/** Draws the wall: one canvas of exactly its pixels, and over it the clips that the browser plays. Touches only what changed. */
import type { Moment } from "../clock.ts"
import { stripOffset, type Rect, type Transition, type ZoneName } from "../core/index.ts"
import { drawIdentity, drawStandby, fill, type Identity } from "./painting.ts"
import { sameContent, type Content } from "./picture.ts"

export interface Layer {
  readonly zone: ZoneName
  readonly rect: Rect
  readonly content: Content
}

/** How long one still takes to give way to the next, in milliseconds; see player/src/stage/transition.rs. */
const PASSING = 400

interface Drawn {
  readonly content: Content
  readonly offset: number | null
  readonly rect: Rect
  /** The still that it gives way from, while it does. */
  readonly passing: { readonly from: ImageBitmap; readonly begun: number } | null
}

export class Stage {
  private readonly canvas: HTMLCanvasElement
  private readonly context: CanvasRenderingContext2D
  private drawn = new Map<ZoneName, Drawn>()
  private scene: "zones" | "standby" | "dark" | Identity | null = null
  /** In percent. */
  private brightness = 100
  private transition: Transition = "cut"

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

  /** How bright it is from now on, in percent, and how one still gives way to the next. */
  light(brightness: number, transition: Transition): void {
    this.transition = transition
    if (this.brightness === brightness) return
    this.brightness = brightness
    this.place()
  }

  private get whole(): Rect {
    return { x: 0, y: 0, width: this.canvas.width, height: this.canvas.height }
  }

  private get filter(): string {
    return this.brightness < 100 ? `brightness(${this.brightness}%)` : "none"
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
    this.wall.style.cssText = `width:${width}px;height:${height}px;left:${left}px;top:${top}px;transform:scale(${scale});filter:${this.filter}`
    this.wall.classList.toggle("enlarged", scale > exact * 1.01)
  }

  /** The standby picture over everything. */
  standby(): void {
    if (this.scene === "standby") return
    this.clear("standby")
    drawStandby(this.context, this.whole)
  }

  /** No light. */
  dark(): void {
    if (this.scene !== "dark") this.clear("dark")
  }

  /** Who the screen is, over everything. */
  identify(identity: Identity): void {
    if (this.scene === identity) return
    this.clear(identity)
    drawIdentity(this.context, this.whole, identity)
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
      const same = before !== undefined && before.offset === offset && sameContent(before.content, content)
      if (same && before.passing === null) continue
      if (before?.content.is === "reel" && !sameContent(before.content, content)) before.content.reel.element.remove()
      const passing = same ? before.passing : this.passingFrom(before, content, at)
      const passed = passing === null ? PASSING : at.monotonic - passing.begun
      const over = passed < 0 || passed >= PASSING
      this.drawn.set(zone, { content, offset, rect, passing: over ? null : passing })
      this.drawZone(rect, content, offset ?? 0)
      if (!over && passing !== null && content.is === "picture") this.drawPassing(rect, passing.from, content.bitmap, passed / PASSING)
    }
  }

  /** Stills alone give way to one another; everything else is cut. */
  private passingFrom(before: Drawn | undefined, content: Content, at: Moment): Drawn["passing"] {
    if (this.transition === "cut" || before?.content.is !== "picture" || content.is !== "picture") return null
    return { from: before.content.bitmap, begun: at.monotonic }
  }

  private drawPassing(rect: Rect, from: ImageBitmap, to: ImageBitmap, part: number): void {
    this.within(rect, () => {
      this.context.fillStyle = "#000"
      this.context.fillRect(rect.x, rect.y, rect.width, rect.height)
      if (this.transition === "slide") {
        const moved = Math.floor(rect.width * part)
        this.drawCentred({ ...rect, x: rect.x - moved }, from)
        this.drawCentred({ ...rect, x: rect.x + rect.width - moved }, to)
      } else {
        this.drawCentred(rect, from)
        this.context.globalAlpha = part
        this.drawCentred(rect, to)
      }
    })
  }

  private drawCentred(rect: Rect, bitmap: ImageBitmap): void {
    this.context.drawImage(bitmap, rect.x + Math.floor((rect.width - bitmap.width) / 2), rect.y + Math.floor((rect.height - bitmap.height) / 2))
  }

  private clear(scene: Exclude<Stage["scene"], null>): void {
    for (const { content } of this.drawn.values()) if (content.is === "reel") content.reel.element.remove()
    this.drawn.clear()
    this.scene = scene
    fill(this.context, this.whole, "#000")
  }

  private drawZone(rect: Rect, content: Content, offset: number): void {
    switch (content.is) {
      case "black":
        return fill(this.context, rect, "#000")
      case "standby":
        return drawStandby(this.context, rect)
      case "picture":
        fill(this.context, rect, "#000")
        return this.within(rect, () => this.drawCentred(rect, content.bitmap))
      case "strip":
        return this.within(rect, () => this.drawStrip(rect, content.bitmap, offset))
      case "reel": {
        fill(this.context, rect, "#000")
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

  /** What is to be seen now, as bright as it is: copied before this returns. */
  seen(): OffscreenCanvas {
    const copy = new OffscreenCanvas(this.canvas.width, this.canvas.height)
    const context = copy.getContext("2d", { alpha: false })
    if (!context) throw new Error("this browser cannot draw")
    context.filter = this.filter
    context.drawImage(this.canvas, 0, 0)
    for (const { content, rect } of this.drawn.values()) {
      if (content.is !== "reel" || !(content.reel.element instanceof HTMLVideoElement)) continue
      const video = content.reel.element
      const fit = Math.min(rect.width / (video.videoWidth || 1), rect.height / (video.videoHeight || 1))
      const [width, height] = [video.videoWidth * fit, video.videoHeight * fit]
      context.drawImage(video, rect.x + (rect.width - width) / 2, rect.y + (rect.height - height) / 2, width, height)
    }
    return copy
  }
}
