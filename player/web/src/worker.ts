/**
 * Keeps the page itself, so that a machine that restarts without a network still plays. The files of one version are kept together
 * and taken into use together; the programme's own files are verified and kept by the page.
 */
/** Put in by the build: the page's files and a digest over all of them. */
declare const __SHELL__: { readonly version: string; readonly files: readonly string[] }
export {}

const worker = globalThis as unknown as ServiceWorkerGlobalScope
const PREFIX = "xuanping-page-"
const kept = PREFIX + __SHELL__.version

worker.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(kept)
    await cache.addAll(__SHELL__.files.map((file) => new Request(file, { cache: "reload" })))
    await worker.skipWaiting()
  }
  event.waitUntil(keep())
})

worker.addEventListener("activate", (event) => {
  const clean = async () => {
    for (const old of await caches.keys()) if (old.startsWith(PREFIX) && old !== kept) await caches.delete(old)
    await worker.clients.claim()
  }
  event.waitUntil(clean())
})

worker.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url)
  const page = pathname === "/web/" || pathname === "/web/index.html"
  if (origin !== worker.location.origin || event.request.method !== "GET") return
  if (!page && !__SHELL__.files.includes(pathname)) return
  const answer = async () => (await (await caches.open(kept)).match(page ? "/web/" : pathname)) ?? fetch(event.request)
  event.respondWith(answer())
})
