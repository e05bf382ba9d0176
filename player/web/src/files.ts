/** Files by digest, in Cache Storage: verified when they come and again whenever they are read. */
import { digestOf, type Digest } from "./core/index.ts"

const NAME = "xuanping-files"
const address = (digest: Digest) => `/web/files/${digest}`

export class Files {
  private constructor(private readonly cache: Cache) {}

  static async open(): Promise<Files> {
    return new Files(await caches.open(NAME))
  }

  async names(): Promise<Digest[]> {
    return (await this.cache.keys()).map((request) => new URL(request.url).pathname.split("/").at(-1) ?? "")
  }

  /** The bytes, if they are here and still what they are named after; a damaged file is deleted. */
  async read(digest: Digest): Promise<Uint8Array<ArrayBuffer> | null> {
    const found = await this.cache.match(address(digest))
    if (!found) return null
    const bytes = new Uint8Array(await found.arrayBuffer())
    if ((await digestOf(bytes)) === digest) return bytes
    await this.cache.delete(address(digest))
    return null
  }

  /** Keeps bytes whose digest was checked. */
  async put(digest: Digest, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.cache.put(address(digest), new Response(bytes, { headers: { "content-type": "application/octet-stream" } }))
  }

  /** Deletes what is not among `wanted`. */
  async retain(wanted: ReadonlySet<Digest>): Promise<void> {
    for (const digest of await this.names()) if (!wanted.has(digest)) await this.cache.delete(address(digest))
  }

  static async wipe(): Promise<void> {
    await caches.delete(NAME)
  }
}
