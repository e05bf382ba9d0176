// What the editor is told before publishing, and what anybody is told of a screen, by clicking and reading.
import { expect } from "./expect.mjs"
import { choose, go, pick } from "./people.mjs"

/** Two guarantees that need more time than there is: they are named with the arithmetic, and one click mends it. */
export async function collide(page, { name, department, bookings }) {
  await go(page, "宣传活动")
  await page.getByRole("button", { name: "新建活动" }).first().click()
  const form = page.getByRole("dialog", { name: "新建活动" })
  await form.getByRole("textbox", { name: "活动名称" }).fill(name)
  await choose(form, "责任单位", department)
  await form.getByRole("button", { name: "保存" }).click()
  await page.getByRole("heading", { name }).waitFor()
  for (const wish of bookings) {
    await page.getByRole("button", { name: "添加排期" }).first().click()
    const booking = page.getByRole("dialog", { name: "添加排期" })
    await booking.getByLabel("排期名称").fill(wish.name)
    await pick(page, booking, [wish.creative])
    await booking.getByText("保证频次", { exact: true }).click()
    await booking.getByLabel("每小时不少于").fill(String(wish.perHour))
    await booking.getByRole("button", { name: "保存排期" }).click()
    await booking.waitFor({ state: "detached" })
  }
  const check = page.getByRole("region", { name: "发布前检查" })
  await check.getByText(/合计需要 \d+% 的时间，不能同时保证/).waitFor()
  const said = await check.innerText()
  for (const wish of bookings) expect(said, new RegExp(`“${wish.name}”需要 \\d+%`))
  expect(said, /已证明不可能/)
  // The preview says so too, marks what is guaranteed, and gives gaps and shares.
  const preview = page.getByRole("region", { name: "播放预览" })
  await preview.getByText("未达到保证").first().waitFor()
  const shown = await preview.innerText()
  for (const word of [/保证/, /最长间隔/, /占时/, /每小时至少/]) expect(shown, word)
  // Whoever submits it all the same has to say so.
  await page.getByRole("button", { name: "提交审核" }).click()
  const ask = page.getByRole("dialog", { name: `提交“${name}”审核？` })
  await ask.getByText(/有 \d+ 项播放承诺做不到/).waitFor()
  const submit = ask.getByRole("button", { name: "提交审核" })
  expect(String(await submit.isDisabled()), /true/)
  await ask.getByRole("checkbox", { name: "我已知晓，仍要提交" }).check()
  expect(String(await submit.isDisabled()), /false/)
  await ask.getByRole("button", { name: /取\s*消/ }).click()
  await ask.waitFor({ state: "hidden" })
  await check.getByRole("button", { name: "采用" }).first().click()
  await check.getByText(/合计需要/).waitFor({ state: "detached" })
}

/** What changed between the two playlists that a screen was told last. */
export async function compare(page, { screen }) {
  await go(page, "屏幕与点位")
  await page.getByText(screen, { exact: true }).first().click()
  const changes = page.getByRole("region", { name: "变更记录" })
  await changes.getByRole("listitem").first().waitFor()
  return (await changes.innerText()).replace(/\s+/g, " ")
}

/** Why a screen shows what it shows. */
export async function explain(page, { screen }) {
  await go(page, "屏幕与点位")
  await page.getByText(screen, { exact: true }).first().click()
  const why = page.getByRole("region", { name: "为什么播这个" })
  await why.getByText("正在播出").first().waitFor()
  return (await why.innerText()).replace(/\s+/g, " ")
}
