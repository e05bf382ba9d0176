/** What a screen can be told to do once, and what came of what it was told. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { App, Button, Popconfirm, Space } from "antd"
import { useMay } from "../accounts/session"
import { answered, api, type Schemas } from "../api/client"
import { clockTime, dateTime, shortDateTime } from "../i18n/format"
import { useWords } from "../i18n/language"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { instructionWords } from "./instructionWords"
import type { Screen } from "./screens"

type Kind = Schemas["InstructionKind"]
type Told = Schemas["InstructionView"]

const KINDS: Kind[] = ["identify", "capture", "restart", "change_key"]
/** What is asked about first. */
const ASKED: Kind[] = ["restart", "change_key"]
const DOT = { told: "wait", done: "good", could_not: "bad", expired: "off" } as const

export function Instructions({ screen }: { screen: Screen }) {
  const t = useWords(instructionWords)
  const common = useWords(shell)
  const may = useMay("instruct")
  const client = useQueryClient()
  const notice = useRefusalNotice()
  const { message } = App.useApp()
  const told = useQuery({
    queryKey: ["instructions", screen.id],
    queryFn: async () => (await answered(api.GET("/api/v1/screens/{id}/instructions", { params: { path: { id: screen.id } } }))).items,
    refetchInterval: 3_000,
  })
  const give = useMutation({
    mutationFn: (kind: Kind) => answered(api.POST("/api/v1/screens/{id}/instructions", { params: { path: { id: screen.id } }, body: { kind } })),
    onSuccess: ({ kind }) => {
      void message.success(t.given(t.kinds[kind]))
      void client.invalidateQueries({ queryKey: ["instructions", screen.id] })
    },
    onError: notice,
  })
  const able = screen.status?.abilities?.instructions === true
  // Players of before there was such an instruction cannot.
  const changes = able && screen.status?.abilities?.keys === true
  // A loudspeaker has nothing to be seen.
  const kinds = KINDS.filter((kind) => screen.kind !== "speaker" || ASKED.includes(kind))
  const button = (kind: Kind) => {
    const can = kind === "change_key" ? changes : able
    const hint = kind === "change_key" && able && !changes ? t.cannotChangeKey : t.hints[kind]
    const asked = ASKED.includes(kind)
    const usual = <Button key={kind} size="small" disabled={!can} title={hint} loading={give.isPending && give.variables === kind} onClick={asked ? undefined : () => give.mutate(kind)}>{t.kinds[kind]}</Button>
    if (!asked || !can) return usual
    return <Popconfirm key={kind} title={kind === "restart" ? t.restartAsk : t.changeKeyAsk} description={<div style={{ maxWidth: 300 }}>{t.hints[kind]}</div>} okText={t.kinds[kind]} cancelText={common.cancel} onConfirm={() => give.mutateAsync(kind).catch(() => undefined)}>{usual}</Popconfirm>
  }
  return (
    <div className="stack" style={{ gap: 8 }}>
      <p className="quiet small" style={{ margin: 0 }}>{able ? t.hint : t.unable}</p>
      {may && <Space.Compact>{kinds.map(button)}</Space.Compact>}
      {able && !changes && <p className="quiet small" style={{ margin: 0 }}>{t.cannotChangeKey}</p>}
      <p className="quiet small" style={{ margin: 0 }}>{screen.key_changed_at ? t.keyChanged(dateTime(screen.key_changed_at, screen.timezone)) : t.keyNeverChanged(dateTime(screen.enrolled_at, screen.timezone))}</p>
      {told.data && told.data.length > 0 && (
        <table className="ribbon-table">
          <tbody>{told.data.map((one) => <Row key={one.id} told={one} timezone={screen.timezone} />)}</tbody>
        </table>
      )}
    </div>
  )
}

function Row({ told, timezone }: { told: Told; timezone: string }) {
  const t = useWords(instructionWords)
  return (
    <tr>
      <td>{t.kinds[told.kind]}{told.code && <b className="mono"> {t.code(told.code)}</b>}</td>
      <td><span className={`dot ${DOT[told.state]}`}>{told.could_not ? t.couldNot(t.reasons[told.could_not]) : told.done_at ? t.doneAt(clockTime(told.done_at, timezone)) : t.states[told.state]}</span></td>
      <td className="quiet">{t.by(told.created_by, shortDateTime(told.created_at, timezone))}</td>
    </tr>
  )
}
