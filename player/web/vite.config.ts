import { createHash } from "node:crypto"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig, type Plugin } from "vite"

/** Tells the service worker which files make up this version of the page. */
function shell(): Plugin {
  return {
    name: "shell",
    apply: "build",
    writeBundle({ dir }) {
      if (!dir) return
      const names = readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== "worker.js")
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
      const digest = createHash("sha256")
      for (const name of names) digest.update(name.slice(dir.length)).update(readFileSync(name))
      const files = names.map((name) => name.slice(dir.length + 1).replaceAll("\\", "/")).map((name) => (name === "index.html" ? "/web/" : `/web/${name}`))
      const worker = join(dir, "worker.js")
      const code = readFileSync(worker, "utf8")
      const put = code.replaceAll("__SHELL__", JSON.stringify({ version: digest.digest("hex").slice(0, 16), files }))
      if (put === code) throw new Error("the service worker was not told its files")
      writeFileSync(worker, put)
    },
  }
}

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string }

export default defineConfig({
  base: "/web/",
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [shell()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", core: "src/core/index.ts", worker: "src/worker.ts" },
      // The core keeps its names: the committed vectors are run against the very file that the page runs.
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
})
