import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import react from "@vitejs/plugin-react"
import { defineConfig, type Plugin } from "vite"

/** Writes a gzip twin beside every text file of the build: the server sends it as it is, packed once and well. */
function gzipTwins(): Plugin {
  return {
    name: "gzip-twins",
    apply: "build",
    writeBundle({ dir }) {
      if (!dir) return
      for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue
        const path = join(entry.parentPath, entry.name)
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }))
      }
    },
  }
}

// `npm run dev` serves the console with hot reload and passes the rest on to a server on this machine.
const server = process.env["XUANPING_SERVER"] ?? "http://127.0.0.1:8410"

export default defineConfig({
  plugins: [react(), gzipTwins()],
  build: { target: "es2022", chunkSizeWarningLimit: 1600 },
  server: { proxy: { "/api": { target: server } } },
})
