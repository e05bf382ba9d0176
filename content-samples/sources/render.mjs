// Draws the posters and the frames of the clips with headless Chromium, over its debugging pipe.
//   node render.mjs still in.html out.png 1920 1080
//   node render.mjs frames in.html 1280 720 25 SECONDS > frames   (PNG pictures one after another, for ffmpeg image2pipe)
// A page is a still picture or a set of CSS animations; for a frame, every animation is set to that instant,
// so the same sources always give the same frames however slow the machine.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [mode, page, ...rest] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "samples-"));
const browser = spawn(process.env.CHROMIUM ?? "chromium", [
  "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--no-first-run", "--force-color-profile=srgb",
  "--font-render-hinting=none", "--disable-lcd-text", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank",
], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });

let last = 0, heard = "", session;
const waiting = new Map(), listeners = new Map();
browser.stdio[4].setEncoding("utf8");
browser.stdio[4].on("data", (text) => {
  const parts = (heard + text).split("\0");
  heard = parts.pop();
  for (const part of parts) {
    const message = JSON.parse(part);
    if (message.id) {
      const { yes, no } = waiting.get(message.id);
      waiting.delete(message.id);
      message.error ? no(new Error(message.error.message)) : yes(message.result);
    } else {
      listeners.get(message.method)?.(message.params);
    }
  }
});
const send = (method, params = {}) => new Promise((yes, no) => {
  waiting.set(++last, { yes, no });
  browser.stdio[3].write(JSON.stringify({ id: last, method, params, sessionId: session }) + "\0");
});
const run = async (expression) => {
  const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
};

async function open(width, height) {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  ({ sessionId: session } = await send("Target.attachToTarget", { targetId, flatten: true }));
  await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await send("Page.enable");
  const loaded = new Promise((yes) => listeners.set("Page.loadEventFired", yes));
  await send("Page.navigate", { url: pathToFileURL(resolve(page)).href });
  await loaded;
  await run("document.fonts.ready.then(() => true)");
  // Text that leaves the picture is a mistake of the source, not of taste.
  await run("document.getAnimations().forEach((a) => a.finish()); true");
  const lost = await run(`[...document.querySelectorAll("[data-inside]")].filter((e) => {
    const r = e.getBoundingClientRect();
    return r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight;
  }).map((e) => e.textContent.trim())`);
  if (lost.length) throw new Error(`${page}: outside the picture: ${lost.join(" | ")}`);
}
const shot = async () => Buffer.from((await send("Page.captureScreenshot", { format: "png", optimizeForSpeed: mode === "frames" })).data, "base64");

try {
  if (mode === "still") {
    const [out, width, height] = rest;
    await open(+width, +height);
    writeFileSync(out, await shot());
  } else if (mode === "frames") {
    const [width, height, fps, seconds] = rest.map(Number);
    await open(width, height);
    for (let frame = 0; frame < fps * seconds; frame++) {
      await run(`document.getAnimations().forEach((a) => { a.pause(); a.currentTime = ${(frame * 1000) / fps}; }); true`);
      if (!process.stdout.write(await shot())) await once(process.stdout, "drain");
    }
  } else {
    throw new Error("say: still or frames");
  }
} finally {
  session = undefined;
  const gone = once(browser, "exit");
  send("Browser.close").catch(() => browser.kill());
  await gone;
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
