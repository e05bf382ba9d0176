/** The creative itself as its author made it: the words, the picture, the clip, the sound. */
import { useState } from "react"
import { useWords } from "../i18n/language"
import { originalOf, thumbnailOf, type CreativeDetail } from "./creatives"
import { words } from "./words"

export function Original({ creative, maxHeight = 300 }: { creative: CreativeDetail; maxHeight?: number }) {
  const t = useWords(words)
  const [unplayable, setUnplayable] = useState(false)
  const src = originalOf(creative)
  if (creative.kind === "slogan") return <p className="slogan-text">{creative.text}</p>
  if (creative.kind === "poster") {
    return (
      <a className="original" href={src} target="_blank" rel="noreferrer" title={t.openFull}>
        <img src={src} alt={creative.title} style={{ maxHeight }} />
      </a>
    )
  }
  const refused = () => setUnplayable(true)
  return (
    <>
      <div className={`original${creative.kind === "audio" ? " sound" : ""}`}>
        {creative.kind === "clip" ? (
          <video src={src} poster={thumbnailOf(creative)} controls preload="metadata" onError={refused} aria-label={creative.title} style={{ maxHeight }} />
        ) : (
          <audio src={src} controls preload="metadata" onError={refused} aria-label={creative.title} />
        )}
      </div>
      {unplayable && <p className="quiet small" style={{ margin: "6px 0 0" }}>{t.cannotPlayHere}</p>}
    </>
  )
}
