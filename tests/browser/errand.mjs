// Runs one errand in a real browser: `node errand.mjs <errand> <settings as JSON>`. Prints what it answers. On failure it
// leaves a picture of the page beside the settings' `folder` and says where.
import { chromium } from "playwright-core"
import * as people from "./people.mjs"
import * as planner from "./planner.mjs"

const [errand, json] = process.argv.slice(2)
const settings = JSON.parse(json)

const errands = {
  pair: (page) => people.pairScreen(page, settings),
  tag: (page) => people.tagScreen(page, settings),
  changeKey: (page) => people.changeKey(page, settings),
  divide: (page) => people.divideScreen(page, settings),
  write: async (page) => {
    await people.writeSlogan(page, settings.slogan)
    for (const file of settings.files) await people.upload(page, file)
    await people.uploadAgain(page, settings.files[0])
  },
  approve: (page) => people.approveAll(page, settings.count),
  submit: (page) => people.submitCampaign(page, settings),
  submitAgain: (page) => people.submitAgain(page, settings),
  review: (page) => people.reviewCampaign(page, settings),
  collide: (page) => planner.collide(page, settings),
  explain: (page) => planner.explain(page, settings),
  compare: (page) => planner.compare(page, settings),
  takeOver: (page) => people.takeOver(page, settings),
  withdraw: (page) => people.withdrawTakeover(page, settings.title),
  figures: (page) => people.followFigures(page),
  proofs: (page) => people.takeProofs(page, settings),
}

const browser = await chromium.launch({
  executablePath: settings.chromium,
  // Chromium refuses to sandbox itself for root; what it opens here is only our own console on this machine.
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
})
const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "zh-CN", acceptDownloads: true, reducedMotion: "reduce" })
const page = await context.newPage()
page.setDefaultTimeout(60_000)
const faults = []
page.on("pageerror", (fault) => faults.push(fault.message))
try {
  await people.signIn(page, settings.base, settings.who, settings.password)
  const answer = await errands[errand](page)
  if (faults.length) throw new Error(`the page failed: ${faults.join("; ")}`)
  console.log(JSON.stringify(answer ?? null))
} catch (fault) {
  const picture = `${settings.folder}/${errand}-failed.png`
  await page.screenshot({ path: picture }).catch(() => undefined)
  console.error(`${errand}: ${fault.message}\nthe page as it was then: ${picture}\n${faults.join("\n")}`)
  process.exitCode = 1
} finally {
  await browser.close()
}
