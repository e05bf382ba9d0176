/** What a screen can be told to do once, and what came of what it was told. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { App, Button, Popconfirm, Space } from "antd"
import { useMay } from "../accounts/session"
import { answered, api, type Schemas } from "../api/client"
import { clockTime, shortDateTime } from "../i18n/format"
import { useWords } from "../i18n/language"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { instructionWords } from "./instructionWords"
import type { Screen } from "./screens"

type Kind = Schemas["InstructionKind"]
type Told = Schemas["InstructionView"]

const KINDS: Kind[] = ["identify", "capture", "restart"]
const DOT = { told: "wait", done: "good", expired: "off" } as const

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
  // A loudspeaker has nothing to be seen.
  const kinds = KINDS.filter((kind) => screen.kind !== "speaker" || kind === "restart")
  const button = (kind: Kind) => {
    const usual = <Button key={kind} size="small" disabled={!able} title={t.hints[kind]} loading={give.isPending && give.variables === kind} onClick={kind === "restart" ? undefined : () => give.mutate(kind)}>{t.kinds[kind]}</Button>
    if (kind !== "restart" || !able) return usual
    return <Popconfirm key={kind} title={t.restartAsk} description={<div style={{ maxWidth: 300 }}>{t.hints.restart}</div>} okText={t.kinds.restart} cancelText={common.cancel} onConfirm={() => give.mutateAsync(kind).catch(() => undefined)}>{usual}</Popconfirm>
  }
  return (
    <div className="stack" style={{ gap: 8 }}>
      <p className="quiet small" style={{ margin: 0 }}>{able ? t.hint : t.unable}</p>
      {may && <Space.Compact>{kinds.map(button)}</Space.Compact>}
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
      <td><span className={`dot ${DOT[told.state]}`}>{told.done_at ? t.doneAt(clockTime(told.done_at, timezone)) : t.states[told.state]}</span></td>
      <td className="quiet">{t.by(told.created_by, shortDateTime(told.created_at, timezone))}</td>
    </tr>
  )
}
