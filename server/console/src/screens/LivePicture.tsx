/** What a screen shows right now: its own picture, asked for again and again while somebody looks. */
import { useEffect, useRef, useState } from "react"
import { ago } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import type { Screen } from "./screens"
import { words } from "./words"

interface Props {
  screen: Pick<Screen, "id" | "name" | "size" | "kind" | "state">
  /** Outer box; the picture is fitted into it. */
  width?: number | string
  height: number | string
  /** Milliseconds between two pictures. */
  every?: number
}

export function LivePicture({ screen, width = "100%", height, every = 2000 }: Props) {
  const t = useWords(words)
  const { language } = useLanguage()
  const [picture, setPicture] = useState<{ url: string; at: number } | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const speaker = screen.kind === "speaker"
  const online = screen.state === "online"

  useEffect(() => {
    if (speaker) return
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    let shown: string | undefined
    let visible = true
    // Pictures cost the player and the network something: ask only for what is in view, in a tab that is in front.
    const watch = new IntersectionObserver((entries) => {
      visible = entries.some((e) => e.isIntersecting)
    })
    if (box.current) watch.observe(box.current)
    const ask = async () => {
      try {
        if (visible && !document.hidden) {
          const answer = await fetch(`/api/v1/screens/${screen.id}/picture`, { signal: stop.signal, cache: "no-store" })
          if (answer.status === 200) {
            const url = URL.createObjectURL(await answer.blob())
            if (shown) URL.revokeObjectURL(shown)
            shown = url
            setPicture({ url, at: Date.now() })
          }
        }
      } catch {
        // The next round asks again; the page's other queries say that the server is away.
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void ask(), every)
    }
    void ask()
    return () => {
      stop.abort()
      watch.disconnect()
      clearTimeout(timer)
      if (shown) URL.revokeObjectURL(shown)
      setPicture(null)
    }
  }, [screen.id, every, speaker])

  const label = t.livePicture(screen.name)
  return (
    <div ref={box} className={`live${screen.kind.startsWith("led") ? " pixels" : ""}${online ? "" : " stale"}`} style={{ width, height }}>
      {speaker ? (
        <span className="wait">{t.pictureSpeaker}</span>
      ) : picture ? (
        <>
          <img src={picture.url} alt={label} />
          {!online && <span className="note">{t.pictureOld(ago(picture.at, Date.now(), language))}</span>}
        </>
      ) : (
        <span className="wait" role="img" aria-label={label}>{online ? t.pictureWaiting : t.pictureNone}</span>
      )}
    </div>
  )
}
