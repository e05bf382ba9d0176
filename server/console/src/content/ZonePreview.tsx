/** A zone of a screen as it will look: the very file that players get, at true pixels or fitted, scrolling at true speed. */
import { useEffect, useRef, useState, type CSSProperties, type RefObject } from "react"
import type { Size } from "./creatives"
import { useWords } from "../i18n/language"
import { words } from "./words"

interface Props {
  /** Address of the PNG. */
  src: string
  zone: Size
  /** Size of the PNG: wider than the zone if it scrolls. */
  size: Size
  /** Pixels per second; nothing stands still. */
  speed?: number | null
  /** LED dots are shown as they are, never smoothed. */
  led: boolean
  label: string
  /** Most that a fitted preview may be high, in pixels of the page. */
  maxHeight?: number
}

/** Most that small LED zones are magnified. */
const MOST_MAGNIFIED = 3

export function ZonePreview({ src, zone, size, speed, led, label, maxHeight = 260 }: Props) {
  const t = useWords(words)
  const box = useRef<HTMLDivElement>(null)
  const width = useWidth(box)
  const [real, setReal] = useState(false)
  const fit = Math.min(width / zone.width, maxHeight / zone.height)
  // Magnified only by whole numbers: a dot must stay a square.
  const fitted = fit >= 1 ? Math.min(MOST_MAGNIFIED, Math.floor(fit)) : fit
  const scale = real ? 1 : fitted
  const scrolls = Boolean(speed) && size.width > zone.width
  const style = { width: zone.width * scale, height: zone.height * scale }
  return (
    <div ref={box}>
      {width > 0 && (
        <div className="zone-frame">
          <div className={`zone${led ? " pixels" : ""}`} style={style}>
            {scrolls && speed ? (
              <Scroller src={src} zone={zone} size={size} speed={speed} scale={scale} label={label} />
            ) : (
              <Still src={src} size={size} scale={scale} label={label} />
            )}
          </div>
        </div>
      )}
      {fitted !== 1 && (
        <div className="row small quiet" style={{ marginTop: 3 }}>
          <span>{t.scale(`${zone.width}×${zone.height}`, scale === 1 ? "1:1" : scale > 1 ? `${scale}:1` : `${Math.round(scale * 100)}%`)}</span>
          <button type="button" className="link-button" aria-pressed={real} onClick={() => setReal(!real)}>{real ? t.fitSize : t.realSize}</button>
        </div>
      )}
    </div>
  )
}

function Still({ src, size, scale, label }: { src: string; size: Size; scale: number; label: string }) {
  const ground = useGround(src)
  return (
    <div className="zone-still" style={ground}>
      <img src={src} alt={label} style={{ width: size.width * scale, height: size.height * scale }} />
    </div>
  )
}

/** One whole pass after the other: in from the right edge, out by the left one. */
function Scroller({ src, zone, size, speed, scale, label }: { src: string; zone: Size; size: Size; speed: number; scale: number; label: string }) {
  const ground = useGround(src)
  const style = {
    width: size.width * scale,
    height: size.height * scale,
    "--from": `${zone.width * scale}px`,
    "--to": `${-size.width * scale}px`,
    animationDuration: `${(zone.width + size.width) / speed}s`,
  } as CSSProperties
  return (
    <div className="zone-still" style={ground}>
      <img className="zone-scroller" src={src} alt={label} style={style} />
    </div>
  )
}

/** What a strip leaves uncovered is filled with its own first column, as on the wall. */
function useGround(src: string): CSSProperties {
  const [column, setColumn] = useState<{ src: string; url: string } | null>(null)
  useEffect(() => {
    let gone = false
    const picture = new Image()
    picture.onload = () => {
      const canvas = document.createElement("canvas")
      canvas.width = 1
      canvas.height = picture.naturalHeight
      canvas.getContext("2d")?.drawImage(picture, 0, 0)
      if (!gone) setColumn({ src, url: canvas.toDataURL() })
    }
    picture.src = src
    return () => {
      gone = true
    }
  }, [src])
  return column?.src === src ? { backgroundImage: `url("${column.url}")`, backgroundSize: "1px 100%" } : {}
}

/** The width that an element has, followed as it changes. */
function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (!element.current) return
    const watch = new ResizeObserver((entries) => setWidth(Math.floor(entries[0]?.contentRect.width ?? 0)))
    watch.observe(element.current)
    return () => watch.disconnect()
  }, [element])
  return width
}
