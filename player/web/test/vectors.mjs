/**
 * Runs the committed vectors (core/tests/vectors/*.json) against the player's core and answers what does not agree. One function
 * without imports: it is run by Node, and sent as it is into a real browser, where `core` is the page's own module.
 */
export async function disagreements(core, files) {
  const wrong = []
  let asked = 0
  // Sorted keys: the order of an object's members says nothing.
  const text = (value) =>
    JSON.stringify(value ?? null, (_, v) => (v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v))
  const agree = (where, answer, expected) => {
    asked += 1
    if (text(answer) !== text(expected)) wrong.push(`${where}: ${text(answer)} instead of ${text(expected)}`)
  }
  const attempt = (act) => Promise.resolve().then(act).then((value) => ({ value }), (error) => ({ error }))
  const playlists = (file) => Object.fromEntries(Object.entries(file.playlists).map(([name, hex]) => [name, core.readPlaylist(core.fromHex(hex))]))
  // A key whose secret half is known: PKCS#8 around the 32 bytes (RFC 8410).
  const signerFrom = async (file) => {
    const pkcs8 = core.fromHex(`302e020100300506032b657004220420${file.seed}`)
    const secret = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, false, ["sign"])
    return { key: file.key, fingerprint: await core.digestOf(core.fromHex(file.key)), secret }
  }

  const trusted = async (file) => {
    const publisher = await core.verifierOf(file.publisher)
    const all = Object.entries(file.manifests).map(async ([name, hex]) => [name, await core.acceptManifest(core.fromHex(hex), publisher, file.screen, null)])
    return Object.fromEntries(await Promise.all(all))
  }
  {
    const known = playlists(files.on_air)
    for (const { playlist, zone, at, answer } of files.on_air.cases) {
      agree(`on air: ${playlist} ${zone} at ${at}`, core.onAir(known[playlist], zone, at), answer)
    }
  }
  {
    const file = files.on_wall
    const known = playlists(file)
    const manifests = await trusted(file)
    for (const { manifest, playlist, zone, at, answer } of file.cases) {
      const shown = core.onWall(playlist === null ? null : known[playlist], manifests[manifest].takeovers, zone, at)
      agree(`on the wall: ${manifest}, ${playlist} ${zone} at ${at}`, shown, answer)
    }
  }
  {
    const file = files.on_screen
    const known = playlists(file)
    const manifests = await trusted(file)
    for (const { manifest, playlist, zone, at, answer, brightness, volume, next } of file.cases) {
      const { orders, takeovers } = manifests[manifest]
      const where = `${manifest}, ${playlist} ${zone} at ${at}`
      agree(`on the screen: ${where}`, core.onScreen(orders, known[playlist], takeovers, zone, at), answer)
      agree(`levels: ${where}`, [core.brightnessAt(orders, at), core.volumeAt(orders, at), core.nextLevel(orders, at)], [brightness, volume, next])
    }
  }
  {
    const playlist = core.readPlaylist(core.fromHex(files.on_event.playlist))
    for (const { zone, at, items } of files.on_event.cases) {
      agree(`at an event: ${zone} at ${at}`, core.onEvent(playlist, zone, "pre_show", at), items)
    }
  }
  {
    const playlist = core.readPlaylist(core.fromHex(files.stand_in.playlist))
    for (const { zone, at, lost, asset } of files.stand_in.cases) {
      const usable = (item) => !lost.some((n) => playlist.items[n].asset === item.asset)
      agree(`stands in: ${zone} at ${at} without ${lost}`, core.standIn(playlist, zone, at, usable)?.asset ?? null, asset)
    }
  }
  {
    const file = files.evidence
    const { county } = playlists(file)
    const manifests = await trusted(file)
    for (const { manifest, nonce, perDay, date, moments } of file.cases) {
      const told = manifests[manifest]
      const ordered = { ...told, orders: { ...told.orders, evidence: { nonce, perDay } } }
      agree(`moments: ${manifest}, ${perDay} on day ${date}`, await core.moments(ordered, county, date), moments)
    }
  }
  for (const { name, bytes, digest, items } of files.playlist.cases) {
    const given = core.fromHex(bytes)
    const { value, error } = await attempt(() => core.readPlaylist(given))
    if (error && !(error instanceof core.Malformed)) wrong.push(`playlist: ${name}: ${error}`)
    agree(`playlist: ${name}`, value ? { digest: await core.digestOf(given), items: value.items } : null, digest === null ? null : { digest, items })
  }
  {
    const publisher = await core.verifierOf(files.manifest.publisher)
    for (const { name, signed, screen, followed, refused, says } of files.manifest.cases) {
      const { value, error } = await attempt(() => core.acceptManifest(core.fromHex(signed), publisher, screen, followed))
      agree(`manifest: ${name}`, value ?? error.refusal ?? String(error), says ?? refused)
    }
  }
  {
    const signer = await signerFrom(files.batch)
    for (const { name, batch, payload, signed, digest } of files.batch.cases) {
      agree(`batch: ${name}: payload`, core.toHex(core.batchBytes(batch)), payload)
      const ours = await core.signBatch(batch, signer)
      agree(`batch: ${name}: signed`, core.toHex(ours), signed)
      agree(`batch: ${name}: name`, await core.digestOf(ours), digest)
      const entries = batch.plays.map(({ item, ...play }) => ({ item: batch.items[item], play }))
      const plays = core.tabulate(entries)
      agree(`batch: ${name}: table`, plays.plays.map((play) => plays.items[play.item]), batch.plays.map((play) => batch.items[play.item]))
    }
  }
  {
    const publisher = await core.verifierOf(files.word.publisher)
    for (const { word, name, signed, nonce, key, says } of files.word.cases) {
      if (word === "retirement") {
        agree(`${word}: ${name}`, await core.isRetirement(signed, publisher, key), says)
        continue
      }
      const bytes = core.fromHex(signed)
      const { value, error } = await attempt(() => (word === "receipt" ? core.openReceipt(bytes, publisher) : core.openTime(bytes, publisher, nonce)))
      if (error && !(error instanceof core.BadSignature)) wrong.push(`${word}: ${name}: ${error}`)
      agree(`${word}: ${name}`, value ?? null, says)
    }
  }
  {
    const file = files.keys
    const publisher = await core.verifierOf(file.publisher)
    const signers = Object.fromEntries(await Promise.all(Object.entries(file.seeds).map(async ([key, seed]) => [key, await signerFrom({ key, seed })])))
    const answers = {
      permit: (signed) => core.openKeyPermit(signed, publisher),
      receipt: (signed) => core.openKeyReceipt(signed, publisher),
      change: (signed) => core.openKeyChange(signed, publisher).then(({ change, permit }) => ({ ...change, instruction: permit.instruction })),
    }
    for (const { what, name, signed, says, fault, ...made } of file.cases) {
      const { value, error } = await attempt(() => (answers[what] ?? answers.change)(core.fromHex(signed)))
      if (error && !(error instanceof core.BadSignature) && !(error instanceof core.BadKeyChange)) wrong.push(`${what}: ${name}: ${error}`)
      agree(`${what}: ${name}`, value ?? null, says)
      if (fault !== undefined) agree(`${what}: ${name}: fault`, error?.fault ?? null, fault)
      if (what !== "change") continue
      const { head, at, permit, old, digest } = made
      const ours = await core.signKeyChange(head, at, core.fromHex(permit), signers[old], signers[made.new])
      agree(`${what}: ${name}: signed`, core.toHex(ours), signed)
      agree(`${what}: ${name}: name`, await core.digestOf(ours), digest)
    }
  }
  {
    const signer = await signerFrom(files.request)
    for (const { method, path, time, body, headers } of files.request.cases) {
      agree(`request: ${method} ${path}`, await core.requestHeaders(signer, method, path, time, core.fromHex(body)), headers)
    }
  }
  return { asked, wrong }
}

/** The names of the files. */
export const FILES = ["on_air", "on_wall", "on_screen", "on_event", "stand_in", "evidence", "playlist", "manifest", "batch", "word", "keys", "request"]
