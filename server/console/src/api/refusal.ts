/** What the server said no with (RFC 9457), or that it could not be reached at all. */

/** A refusal. `title` and `detail` are sentences for people, shown as they came. */
export class Refusal extends Error {
  readonly status: number
  /** Last part of the stable `type`, e.g. `invalid-value`; `unreachable` without an answer. */
  readonly kind: string
  readonly title: string
  readonly detail: string
  /** The field at fault, where there is one. */
  readonly field: string | undefined
  /** Every other member. */
  readonly members: Record<string, unknown>

  constructor(status: number, body: Record<string, unknown>) {
    const text = (key: string) => (typeof body[key] === "string" ? (body[key] as string) : "")
    const title = text("title") || `HTTP ${status}`
    super(title)
    this.name = "Refusal"
    this.status = status
    this.kind = text("type").replace("urn:xuanping:problem:", "")
    this.title = title
    this.detail = text("detail")
    this.field = text("field") || undefined
    this.members = body
  }

  /** No answer from the server. */
  static unreachable(): Refusal {
    const english = document.documentElement.lang === "en"
    return new Refusal(0, {
      type: "urn:xuanping:problem:unreachable",
      title: english ? "The server cannot be reached" : "无法连接服务器",
      detail: english
        ? "Check the network connection and try again; nothing you entered is lost. Screens go on playing from their own cache."
        : "请检查网络连接后重试，已填写的内容不会丢失。屏幕会继续按已下发的播放单播放。",
    })
  }

  /** From an answer whose body may be anything. */
  static of(status: number, body: unknown): Refusal {
    if (body && typeof body === "object") return new Refusal(status, body as Record<string, unknown>)
    const english = document.documentElement.lang === "en"
    return new Refusal(status, {
      title: english ? "The server gave no usable answer" : "服务器没有正常应答",
      detail: english
        ? `Status ${status}. Try again shortly; if it keeps happening, tell the system administrator.`
        : `状态码 ${status}。请稍后重试；若反复出现，请联系系统管理员。`,
    })
  }
}

/** Any thrown thing as a refusal. */
export function asRefusal(error: unknown): Refusal {
  return error instanceof Refusal ? error : Refusal.unreachable()
}
