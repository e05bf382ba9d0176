/** Evidence pictures beside the minute they were taken: thumbnails with what proves them, and the moments that brought none. */
import { Modal } from "antd"
import { useState } from "react"
import { useCreativeTitles } from "../content/creatives"
import { clockTime, dateTime, shortDateTime } from "../i18n/format"
import { useWords } from "../i18n/language"
import { pictureAddress, type EvidenceDay, type EvidencePicture } from "./evidence"
import { evidenceWords } from "./evidenceWords"
import "./evidence.css"

/** All there is of a day, by the minute. */
export function EvidenceStrip({ screen, day }: { screen: string; day: EvidenceDay }) {
  const t = useWords(evidenceWords)
  const untaken = day.moments.filter((moment) => moment.state !== "taken")
  const cards = [
    ...day.pictures.map((picture) => ({ at: picture.taken, card: <PictureCard key={`${picture.taken}${picture.digest}`} screen={screen} picture={picture} timezone={day.timezone} /> })),
    ...untaken.map(({ at, state }) => ({
      at,
      card: (
        <div key={at} className={`evidence-card none ${state}`}>
          <div className="blank" title={state === "missing" ? t.missingHint : t.waitingHint}>{state === "missing" ? t.missing : t.waiting}</div>
          <Caption at={at} timezone={day.timezone}><span className={`dot ${state === "missing" ? "bad" : "off"}`}>{t.atRandom}</span></Caption>
        </div>
      ),
    })),
    ...day.absent.map(({ digest, proof }) => ({
      at: proof.started,
      card: (
        <div key={digest} className="evidence-card none">
          <div className="blank mono" title={t.absentHint(proof.sequence)}>{digest.slice(0, 12)}…</div>
          <Caption at={proof.started} timezone={day.timezone}><span className="dot wait" title={t.absentHint(proof.sequence)}>{t.absent}</span></Caption>
        </div>
      ),
    })),
  ].sort((a, b) => a.at - b.at)
  return (
    <section aria-label={t.title}>
      <h2 className="section-title" style={{ marginTop: 20 }}>{t.title}</h2>
      <p className="quiet small" style={{ marginTop: -6 }}>{t.lead}</p>
      {cards.length === 0 ? <p className="quiet">{t.none}</p> : <div className="evidence-strip">{cards.map(({ card }) => card)}</div>}
    </section>
  )
}

/** A thumbnail with its state; a click enlarges it. */
export function PictureCard({ screen, picture, timezone, dated = false }: { screen: string; picture: EvidencePicture; timezone: string; dated?: boolean }) {
  const t = useWords(evidenceWords)
  const [open, setOpen] = useState(false)
  const at = clockTime(picture.taken, timezone)
  if (picture.removed_at != null) return (
    <div className="evidence-card none">
      <div className="blank mono" title={t.removedHint}>{picture.digest.slice(0, 12)}…</div>
      <Caption at={picture.taken} timezone={timezone} dated={dated}><span className="dot off" title={t.removedHint}>{t.removed(dateTime(picture.removed_at, timezone))}</span></Caption>
    </div>
  )
  return (
    <div className="evidence-card">
      <button type="button" className={`frame-button${picture.width > picture.height * 4 ? " wide" : ""}`} onClick={() => setOpen(true)} aria-label={t.enlarge(at)} title={t.enlarge(at)}>
        <img src={pictureAddress(screen, picture.digest)} alt="" loading="lazy" className={picture.height < 100 ? "pixels" : ""} />
      </button>
      <Caption at={picture.taken} timezone={timezone} dated={dated}><ProofMark picture={picture} /></Caption>
      {open && <Enlarged screen={screen} picture={picture} timezone={timezone} onClose={() => setOpen(false)} />}
    </div>
  )
}

function Caption({ at, timezone, dated = false, children }: { at: number; timezone: string; dated?: boolean; children: React.ReactNode }) {
  return <div className="evidence-caption"><span className="mono">{dated ? shortDateTime(at, timezone) : clockTime(at, timezone)}</span>{children}</div>
}

function ProofMark({ picture: { proof } }: { picture: EvidencePicture }) {
  const t = useWords(evidenceWords)
  if (!proof) return <span className="dot wait" title={t.unprovenHint}>{t.unproven}</span>
  return <span className={`dot ${proof.believed ? "good" : "bad"}`} title={t.provenIn(proof.sequence)}>{proof.believed ? t.proven : t.notBelieved}</span>
}

/** A picture as large as the window allows, with what proves it. */
export function Enlarged({ screen, picture, timezone, onClose }: { screen: string; picture: EvidencePicture; timezone: string; onClose: () => void }) {
  const t = useWords(evidenceWords)
  const titles = useCreativeTitles()
  const { proof } = picture
  return (
    <Modal open footer={null} width={920} style={{ top: 32 }} onCancel={onClose} title={`${t.title} ${dateTime(picture.taken, timezone)}`}>
      <div className="evidence-large"><img src={pictureAddress(screen, picture.digest)} alt={t.title} className={picture.height < 100 ? "pixels" : ""} /></div>
      <dl className="facts" style={{ marginTop: 14 }}>
        <dt>{t.taken}</dt><dd>{dateTime(picture.taken, timezone)} <span className="quiet">{picture.instruction ? t.onInstruction : t.atRandom}</span></dd>
        <dt>{t.received}</dt><dd>{dateTime(picture.received, timezone)}</dd>
        {proof && <><dt>{t.shows}</dt><dd>{titles.get(proof.creative) ?? proof.creative}</dd></>}
        <dt>{t.proof}</dt><dd>{proof ? <span className={`dot ${proof.believed ? "good" : "bad"}`}>{t.provenIn(proof.sequence)}{!proof.believed && ` · ${t.notBelieved}`}</span> : <span className="dot wait">{t.unprovenHint}</span>}</dd>
        <dt>{t.fingerprint}</dt><dd className="mono">{picture.digest}</dd>
      </dl>
    </Modal>
  )
}
