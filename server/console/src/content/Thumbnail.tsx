/** A creative's small picture; sound has a sign instead. */
import { SoundOutlined } from "@ant-design/icons"
import { useWords } from "../i18n/language"
import { thumbnailOf, type Creative } from "./creatives"
import { words } from "./words"

export function Thumbnail({ creative, small }: { creative: Pick<Creative, "id" | "kind" | "title" | "content_hash">; small?: boolean }) {
  const t = useWords(words)
  const size = small ? " small-thumb" : ""
  if (creative.kind === "audio") return <span className={`thumb plain${size}`} role="img" aria-label={t.noPicture}><SoundOutlined /></span>
  return (
    <span className={`thumb${size}`}>
      <img src={thumbnailOf(creative)} alt={t.thumbnail(creative.title)} loading="lazy" decoding="async" />
    </span>
  )
}
