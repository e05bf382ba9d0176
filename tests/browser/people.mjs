// What people do in the console, by clicking and typing what they see. Each function is one person's errand.
import { readFile } from "node:fs/promises"
import { basename } from "node:path"
import { expect } from "./expect.mjs"

/** Signs somebody in. */
export async function signIn(page, base, name, password) {
  await page.goto(base)
  await page.getByLabel("登录名").fill(name)
  await page.getByLabel("密码", { exact: true }).fill(password)
  await page.getByRole("button", { name: "登录" }).click()
  await page.getByRole("navigation", { name: "主导航" }).waitFor()
}

/** Goes to a page by the navigation. */
export const go = (page, name) => page.getByRole("navigation", { name: "主导航" }).getByRole("link", { name }).click()

/** Chooses an entry of a drop-down by typing part of it. */
export async function choose(within, label, text) {
  const field = within.getByRole("combobox", { name: label })
  await field.click()
  await field.fill(text)
  await within.page().locator(".ant-select-dropdown:visible").getByText(text, { exact: true }).first().click()
  await field.press("Tab")
}

/** The operator hangs the screen that shows `code` in a venue that there is. */
export async function pairScreen(page, { code, venue, screen }) {
  await go(page, "屏幕与点位")
  await page.getByRole("button", { name: "配对新屏幕" }).first().click()
  const wizard = page.getByRole("dialog", { name: "配对新屏幕" })
  await wizard.getByLabel("配对码前 4 位").fill(code)
  await wizard.getByRole("button", { name: "下一步" }).click()
  await choose(wizard, "点位", venue)
  await wizard.getByLabel("屏幕名称").fill(screen)
  await wizard.getByRole("radio", { name: "主区 + 底部字幕条" }).check()
  await wizard.getByRole("button", { name: "完成配对" }).click()
  await wizard.getByText(`“${venue} ${screen}”已接入`).waitFor()
  await wizard.getByRole("button", { name: "完成", exact: true }).click()
}

/** The operator hangs a tag on a screen. */
export async function tagScreen(page, { screen, tag }) {
  await go(page, "屏幕与点位")
  await page.getByRole("row", { name: new RegExp(screen) }).getByText(screen, { exact: true }).click()
  await page.getByRole("button", { name: "修改名称、版式与标签" }).click()
  const form = page.getByRole("dialog", { name: "修改名称、版式与标签" })
  await form.getByRole("combobox", { name: "标签" }).fill(tag)
  await form.getByRole("combobox", { name: "标签" }).press("Enter")
  await form.getByRole("button", { name: /保\s*存/ }).click()
  await form.waitFor({ state: "hidden" })
  await page.locator(".facts .ant-tag").getByText(tag, { exact: true }).waitFor()
}

/** The operator has a screen change its key, and sees that it did. */
export async function changeKey(page, { screen }) {
  await go(page, "屏幕与点位")
  await page.getByRole("row", { name: new RegExp(screen) }).getByText(screen, { exact: true }).click()
  await page.getByText(/^密钥自 .* 配对以来未更换$/).waitFor()
  await page.getByRole("button", { name: "更换密钥", exact: true }).click()
  await page.getByRole("tooltip", { name: /更换此屏幕的密钥？/ }).getByRole("button", { name: "更换密钥" }).click()
  await page.getByRole("row", { name: /^更换密钥/ }).getByText(/^已执行/).waitFor()
  await page.getByText(/^密钥最近更换：/).waitFor()
}

/** The operator says where the zones of a screen lie; each wrong number is told at once, and nothing is saved meanwhile. */
export async function divideScreen(page, { screen, typed }) {
  await go(page, "屏幕与点位")
  await page.getByRole("row", { name: new RegExp(screen) }).getByText(screen, { exact: true }).click()
  await page.getByRole("button", { name: "修改名称、版式与标签" }).click()
  const form = page.getByRole("dialog", { name: "修改名称、版式与标签" })
  await form.getByRole("radio", { name: "自定分区" }).check()
  const save = form.getByRole("button", { name: /保\s*存/ })
  for (const { field, pixels, says } of typed) {
    await form.getByLabel(field, { exact: true }).fill(String(pixels))
    if (!says) continue
    await form.getByText(says).waitFor()
    await save.click()
    await form.getByText(says).waitFor()
  }
  await form.getByText("各区以外保持黑屏").waitFor()
  await save.click()
  await form.waitFor({ state: "hidden" })
  const drawing = page.locator(".facts").getByRole("img", { name: /的版式/ })
  await drawing.waitFor()
  return drawing.getAttribute("aria-label")
}

/** The editor writes a slogan, sees how it will look, and submits it. */
export async function writeSlogan(page, { text, title }) {
  await go(page, "素材")
  await page.getByRole("button", { name: "写标语" }).first().click()
  const form = page.getByRole("dialog").filter({ hasText: "标语内容" })
  await form.getByLabel("标语内容").fill(text)
  await form.getByLabel("素材名称").fill(title)
  await choose(form, "诈骗类型", "综合防范")
  // The very pixels of the strip, made by the server while one types.
  await form.locator(".zone img").first().waitFor()
  await form.getByRole("button", { name: "保存并提交审核" }).click()
  await form.waitFor({ state: "hidden" })
  // Its details open by themselves.
  const details = page.getByRole("dialog", { name: title })
  await details.getByText("待审", { exact: true }).waitFor()
  await details.getByRole("button", { name: /关闭|Close/ }).click()
  await details.waitFor({ state: "hidden" })
}

/** The editor uploads a file and submits what it is made into. */
export async function upload(page, { file, title }) {
  await go(page, "素材")
  await page.getByRole("button", { name: "上传文件" }).click()
  const dialog = page.getByRole("dialog").last()
  await drop(dialog.locator(".dropzone"), file)
  const item = dialog.getByRole("region").first()
  await item.getByLabel("素材名称").fill(title)
  await choose(item, "诈骗类型", "虚假网络贷款")
  await item.getByRole("button", { name: "保存并提交审核" }).click()
  // Not the button that says so: what it comes to.
  await item.getByText("已提交审核").waitFor()
  await dialog.getByRole("button", { name: /关闭|完成|Close/ }).first().click()
}

/** The same file once more: the console says that it is there already. */
export async function uploadAgain(page, { file, title }) {
  await go(page, "素材")
  await page.getByRole("button", { name: "上传文件" }).click()
  const dialog = page.getByRole("dialog").last()
  await dialog.getByLabel("选择要上传的文件").setInputFiles(file)
  await dialog.getByRole("alert").filter({ hasText: title }).waitFor()
  await dialog.getByRole("button", { name: /关闭|完成|Close/ }).first().click()
}

/** The reviewer looks at everything that waits and approves it. */
export async function approveAll(page, count) {
  await go(page, "素材")
  await page.getByRole("tab", { name: /待审核/ }).click()
  for (let done = 0; done < count; done += 1) {
    await page.getByRole("button", { name: "审核通过" }).click()
    await page.getByText(/已审核通过，可以排期上屏/).last().waitFor()
    await page.getByText(/已审核通过，可以排期上屏/).first().waitFor({ state: "detached", timeout: 30_000 })
  }
}

/** The editor makes a campaign with one booking, sees whom it reaches and what a screen will play, and submits it. */
export async function submitCampaign(page, { name, department, creatives, venueType, venueGroup, tag, area, screen, weight, planned }) {
  await go(page, "宣传活动")
  await page.getByRole("button", { name: "新建活动" }).first().click()
  const form = page.getByRole("dialog", { name: "新建活动" })
  await form.getByRole("textbox", { name: "活动名称" }).fill(name)
  await choose(form, "责任单位", department)
  await form.getByRole("button", { name: "保存" }).click()
  await page.getByRole("heading", { name }).waitFor()

  await page.getByRole("button", { name: "添加排期" }).first().click()
  const booking = page.getByRole("dialog", { name: "添加排期" })
  await booking.getByLabel("排期名称").fill("银行营业厅")
  await pick(page, booking, creatives)
  await choose(booking, "场所类型", venueType)
  await chooseArea(booking, area)
  await booking.getByRole("button", { name: "工作日" }).click()
  await booking.getByRole("button", { name: "每天" }).click()
  await booking.getByLabel("从", { exact: true }).fill("0")
  await booking.getByLabel("到", { exact: true }).fill("24:00")
  await booking.getByLabel("权重").fill(String(weight))
  const reach = booking.getByRole("region", { name: "覆盖范围" })
  await reach.getByText(screen).waitFor()
  expect((await reach.innerText()).replace(/\s+/g, ""), /1块屏幕/)
  // Excluding its tag leaves nobody, at once; a tag that it does not have is no matter.
  await booking.getByRole("button", { name: "排除", exact: true }).click()
  const without = booking.getByRole("combobox", { name: "排除的标签" })
  await without.fill(tag)
  await without.press("Enter")
  await reach.getByText("所选范围内没有屏幕").waitFor()
  await without.press("Backspace")
  await without.fill(`非${tag}`)
  await without.press("Enter")
  await without.press("Escape")
  await booking.getByRole("button", { name: "排除（1 项）" }).waitFor()
  await reach.getByText(screen).waitFor()
  // All of its group is as good as its type.
  await chooseOfTree(booking, "场所类型", venueGroup)
  expect(await booking.locator(".ant-select-selection-item, .ant-select-content-item").first().innerText(), new RegExp(venueGroup))
  await booking.getByRole("button", { name: "保存排期" }).click()
  await booking.waitFor({ state: "hidden" })

  // What that screen would play today.
  const preview = page.getByRole("region", { name: "播放预览" })
  await preview.getByRole("group", { name: /节目时间轴/ }).waitFor()
  for (const [zone, title] of planned) {
    await preview.getByRole("button", { name: new RegExp(`^${zone}.*的轮播`) }).first().click()
    await preview.getByRole("listitem", { name: new RegExp(title) }).first().waitFor()
  }

  await page.getByRole("button", { name: "提交审核" }).click()
  const ask = page.getByRole("dialog", { name: `提交“${name}”审核？` })
  await ask.getByText("所有播放承诺都能做到。").waitFor()
  await ask.getByRole("button", { name: "提交审核" }).click()
  await page.getByText("已提交审核，通过后覆盖 1 块屏幕").waitFor()
  await page.getByText(/等待审核/).waitFor()
}

/** Another person reads the campaign that waits, sends it back or approves it. */
export async function reviewCampaign(page, { name, sendBack }) {
  await go(page, "宣传活动")
  await page.getByRole("row", { name: new RegExp(`${name}.*待审核`) }).getByRole("link", { name }).click()
  await page.getByRole("heading", { name }).waitFor()
  if (sendBack) {
    await page.getByRole("button", { name: "退 回" }).or(page.getByRole("button", { name: "退回" })).click()
    const ask = page.getByRole("dialog", { name: `退回“${name}”` })
    await ask.getByLabel("退回理由").fill(sendBack)
    await ask.locator(".ant-modal-footer .ant-btn-primary").click()
    await page.getByText(/退回：/).first().waitFor()
    await page.getByText(sendBack).first().waitFor()
    return
  }
  await page.getByRole("button", { name: "审核通过并发布" }).click()
  const ask = page.getByRole("dialog", { name: `通过“${name}”并发布？` })
  await ask.getByRole("button", { name: "通过并发布" }).click()
  await page.getByText("已发布，覆盖 1 块屏幕").waitFor()
  await page.getByText("办理记录").click()
  await page.getByText("第 1 版").first().waitFor()
}

/** The editor mends nothing and submits what was sent back once more. */
export async function submitAgain(page, { name, reason }) {
  await go(page, "宣传活动")
  await page.getByRole("link", { name }).click()
  await page.getByText(reason).first().waitFor()
  await page.getByRole("button", { name: "提交审核" }).click()
  await page.getByRole("dialog").getByRole("button", { name: "提交审核" }).click()
  await page.getByText(/等待审核/).waitFor()
}

/** A takeover of every screen: one button, a target, an expiry, a confirmation. */
export async function takeOver(page, { title, creatives, minutes }) {
  await go(page, "紧急插播")
  await page.getByRole("button", { name: "发起紧急插播" }).click()
  const form = page.getByRole("dialog", { name: "发起紧急插播" })
  await form.getByLabel("事由").fill(title)
  await pick(page, form, creatives)
  await form.getByLabel("持续时间").fill(String(minutes))
  await form.getByRole("region", { name: "覆盖范围" }).getByText("块屏幕").waitFor()
  await form.getByRole("button", { name: "立即插播" }).click()
  await page.getByRole("button", { name: "确认插播" }).click()
  await page.getByRole("article", { name: title }).waitFor()
}

/** Ends it. */
export async function withdrawTakeover(page, title) {
  await go(page, "紧急插播")
  await page.getByRole("article", { name: title }).getByRole("button", { name: "撤销插播" }).click()
  await page.getByRole("tooltip").or(page.locator(".ant-popover:visible")).getByRole("button", { name: "撤销插播" }).click()
  await page.getByText("当前没有紧急插播").waitFor()
}

/** The auditor finds plays of a creative and takes the proofs away; answers where the bundle was saved. */
export async function takeProofs(page, { creative, folder }) {
  await go(page, "播放记录")
  await choose(page.getByRole("region", { name: "记录" }), "素材", creative)
  await page.getByRole("row", { name: new RegExp(`${creative}.*完整播放`) }).first().waitFor()
  await page.getByRole("button", { name: "导出" }).click()
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: /凭证包/ }).click()])
  const file = `${folder}/plays.xpbundle`
  await download.saveAs(file)
  return file
}

/** The auditor clicks figures of the counts, by screen, creative, area and hour: each leads to as many records as it says. */
export async function followFigures(page) {
  const followed = []
  for (const group of ["按屏幕", "按素材", "按区划", "按小时"]) {
    // Plays come in meanwhile: then the same figure is looked at again.
    for (let tries = 0; ; tries++) {
      await go(page, "播放记录")
      await page.getByRole("tab", { name: "统计" }).click()
      await page.getByText(group, { exact: true }).click()
      const figure = page.getByRole("region", { name: "统计" }).getByRole("row").getByTitle("查看这些记录").first()
      const said = (await figure.innerText()).trim()
      await figure.click()
      const counted = (await page.getByRole("status", { name: "合计" }).locator("b").innerText()).replace(/[^\d]/g, "")
      if (counted === said.replace(/,/g, "")) break
      if (tries === 5) throw new Error(`${group}: the figure said ${said}, and there are ${counted} records behind it`)
    }
    followed.push(group)
  }
  return followed
}

/** Lets a file fall, as when it is dragged in from a folder. */
async function drop(zone, file) {
  const bytes = (await readFile(file)).toString("base64")
  const files = await zone.page().evaluateHandle(
    ([text, name]) => {
      const data = new DataTransfer()
      data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name))
      return data
    },
    [bytes, basename(file)],
  )
  await zone.dispatchEvent("drop", { dataTransfer: files })
}

/** Chooses creatives by their titles. */
export async function pick(page, form, titles) {
  await form.getByRole("button", { name: "选择素材" }).click()
  const dialog = page.getByRole("dialog", { name: "选择素材" })
  for (const title of titles) {
    await dialog.getByRole("button", { name: title, exact: true }).click()
    await dialog.getByRole("button", { name: title, exact: true, pressed: true }).waitFor()
  }
  await dialog.getByRole("button", { name: "选好了" }).click()
  await dialog.waitFor({ state: "hidden" })
}

const chooseArea = (form, area) => chooseOfTree(form, "区划", area)

async function chooseOfTree(form, label, name) {
  const field = form.getByRole("combobox", { name: label, exact: true })
  await field.click()
  await form.page().locator(".ant-select-tree:visible").getByText(name, { exact: true }).click()
  await field.press("Tab")
}
