// A browser that plays: `node webplayer.mjs <settings as JSON>`. Reads one command a line (JSON), answers one line each. The browser
// keeps its storage in the settings' `folder`, so that it can be ended and started again like a machine.
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { createInterface } from "node:readline"
import { chromium } from "playwright-core"
import { disagreements, FILES } from "../../player/web/test/vectors.mjs"

const settings = JSON.parse(process.argv[2])
const { width, height } = settings
let context
let page
const hosts = []
const said = []

async function start() {
  context = await chromium.launchPersistentContext(`${settings.folder}/profile`, {
    executablePath: settings.chromium,
    viewport: { width, height },
    locale: "zh-CN",
    // Pixels are compared one by one, and a wall's browser is started so that it may be heard.
    args: ["--force-color-profile=srgb", "--autoplay-policy=no-user-gesture-required", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
  })
  page = context.pages()[0] ?? (await context.newPage())
  page.setDefaultTimeout(30_000)
  page.on("pageerror", (fault) => said.push(`page: ${fault.message}`))
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`))
}

/** Runs inside the page: who the player is, from its own storage. */
function identity() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("xuanping")
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const asked = opening.result.transaction("facts").objectStore("facts").get("identity")
      asked.onsuccess = () => {
        opening.result.close()
        resolve(asked.result ?? null)
      }
    }
  })
}

/** Runs inside the page: its keys as they are kept, and what waits to be delivered. */
async function keyring() {
  const done = (request) => new Promise((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))))
  const db = await done(indexedDB.open("xuanping"))
  const all = db.transaction(["facts", "batches", "refused"])
  const fact = (name) => done(all.objectStore("facts").get(name))
  const [key, kept, batches, refused] = await Promise.all([fact("key"), fact("keys"), ...["batches", "refused"].map((name) => done(all.objectStore(name).getAll()))])
  db.close()
  const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("")
  const named = async (pair) => pair && hex(await crypto.subtle.digest("SHA-256", await crypto.subtle.exportKey("raw", pair.publicKey)))
  const leaks = async (pair) => {
    const tries = ["pkcs8", "jwk", "raw"].map((form) => crypto.subtle.exportKey(form, pair.privateKey).then(() => form, () => null))
    return pair.privateKey.extractable || (await Promise.all(tries)).some((form) => form !== null)
  }
  const pairs = [key, kept?.next].filter((pair) => pair)
  return {
    asking: await named(key),
    next: (await named(kept?.next)) ?? null,
    changes: kept?.changes.length ?? 0,
    leaks: (await Promise.all(pairs.map(leaks))).some((leaks) => leaks),
    batches: batches.map(({ signed }) => Array.from(signed)),
    refused: refused.length,
  }
}

/** Runs inside the page: what of its storage may be asked for. */
function kept(what) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("xuanping")
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const db = opening.result
      const answer = (value) => (db.close(), resolve(value))
      if (what === "pictures") {
        db.transaction("pictures").objectStore("pictures").count().onsuccess = ({ target }) => answer(target.result)
        return
      }
      db.transaction("facts").objectStore("facts").get("key").onsuccess = async ({ target }) => {
        const key = target.result.privateKey
        const tries = ["pkcs8", "jwk", "raw"].map((form) => crypto.subtle.exportKey(form, key).then(() => form, () => null))
        answer({ extractable: key.extractable, exported: (await Promise.all(tries)).filter((form) => form !== null), usages: key.usages })
      }
    }
  })
}

/** Runs inside the page around the player's: says something to it, and waits for its answer. */
function say(message) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("the player did not answer")), 10_000)
    addEventListener("message", ({ data }) => resolve(data), { once: true })
    document.querySelector("iframe").contentWindow.postMessage(message, "*")
  })
}

/** Runs inside the page: it is (not) to be seen. */
function hide(hidden) {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden })
  document.dispatchEvent(new Event("visibilitychange"))
  return document.hidden ? "hidden" : "visible"
}

const commands = {
  open: async ({ address }) => void (await page.goto(address)),
  reload: async () => void (await page.reload()),
  code: async () => (await page.locator("#code").textContent()).replace(/\s/g, ""),
  note: async () => page.locator("#note").textContent(),
  picture: async ({ file, clip }) => void (await page.screenshot({ path: file, ...(clip ? { clip } : {}) })),
  identity: () => page.evaluate(identity),
  // Out of sight. A browser without a display never hides a page by itself: what it would say is put into its mouth.
  cover: () => page.evaluate(hide, true),
  uncover: () => page.evaluate(hide, false),
  kept: ({ what }) => page.evaluate(kept, what),
  keyring: () => page.evaluate(keyring),
  say: ({ message }) => page.evaluate(say, message),
  // Every connection of the browser, its service worker's too.
  cut: () => context.setOffline(true),
  mend: () => context.setOffline(false),
  // Whether the page was loaded anew since the last time this was asked.
  fresh: async () => {
    const ask = () => page.evaluate(() => ((window.seen ??= 0), window.seen++ === 0))
    try {
      return await ask()
    } catch (fault) {
      // Asked in the very moment in which it is: then it is the new page that has to answer.
      if (!fault.message.includes("context was destroyed")) throw fault
      await page.waitForLoadState()
      return await ask()
    }
  },
  // As when the power goes: the browser is not asked.
  kill: async () => {
    const browser = context.browser()
    await context.close().catch(() => undefined)
    await browser?.close().catch(() => undefined)
  },
  start,
  vectors: () => {
    const files = Object.fromEntries(FILES.map((name) => [name, JSON.parse(readFileSync(new URL(`../../core/tests/vectors/${name}.json`, import.meta.url), "utf8"))]))
    return page.evaluate(`(async () => (${disagreements})(await import("/web/core.js"), ${JSON.stringify(files)}))()`)
  },
  // A county's website with the player in a frame.
  host: ({ port, address }) =>
    new Promise((resolve) => {
      const host = createServer((_, response) => {
        response.setHeader("content-type", "text/html")
        response.end(`<!doctype html><style>body{margin:0}iframe{border:0;display:block}</style><iframe width="${width}" height="${height}" allow="autoplay" src="${address}"></iframe>`)
      }).listen(port, () => resolve(null))
      hosts.push(host)
    }),
  frame: async () => {
    // A frame has no address before it is decided whether it may have one.
    for (let n = 0; n < 100 && page.frames().some((frame) => frame.url() === ""); n++) await page.waitForTimeout(100)
    return page.frames().map((frame) => frame.url())
  },
  said: async () => said.splice(0),
}

await start()
console.log(JSON.stringify({ answer: "ready" }))
for await (const line of createInterface({ input: process.stdin })) {
  const { do: command, ...details } = JSON.parse(line)
  try {
    console.log(JSON.stringify({ answer: (await commands[command](details)) ?? null }))
  } catch (fault) {
    console.log(JSON.stringify({ fault: `${command}: ${fault.message}\n${said.slice(-20).join("\n")}` }))
  }
}
for (const host of hosts) host.close()
await context.close().catch(() => undefined)
