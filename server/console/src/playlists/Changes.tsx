/** What changed between any two playlists of a screen, in words; at first between the last two. */
import { useQuery } from "@tanstack/react-query"
import { Select } from "antd"
import { useState } from "react"
import { answered, api } from "../api/client"
import { shortDateTime } from "../i18n/format"
import { useWords } from "../i18n/language"
import { Loaded } from "../shell/Page"
import { changeWords } from "./changeWords"

export function Changes({ screen, timezone }: { screen: string; timezone: string }) {
  const t = useWords(changeWords)
  const [chosen, setChosen] = useState<{ from?: number; to?: number }>({})
  const told = useQuery({
    queryKey: ["told", screen],
    queryFn: async () => (await answered(api.GET("/api/v1/screens/{id}/playlists", { params: { path: { id: screen } } }))).items,
    refetchInterval: 30_000,
  })
  return (
    <Loaded query={told}>
      {(items) => {
        const from = items.find((one) => one.version === chosen.from) ?? items[1]
        const to = items.find((one) => one.version === chosen.to) ?? items[0]
        if (!from || !to) return <p className="quiet small">{t.only}</p>
        const options = items.map((one) => ({ value: one.version, label: t.version(one.version, shortDateTime(one.issued, timezone)) }))
        return (
          <section aria-label={t.title}>
            <div className="row" style={{ marginBottom: 8 }}>
              {t.from}
              <Select aria-label={t.from} size="small" value={from.version} options={options} onChange={(version: number) => setChosen({ ...chosen, from: version })} style={{ width: 220 }} />
              {t.to}
              <Select aria-label={t.to} size="small" value={to.version} options={options} onChange={(version: number) => setChosen({ ...chosen, to: version })} style={{ width: 220 }} />
            </div>
            <Between screen={screen} from={from.playlist} to={to.playlist} />
          </section>
        )
      }}
    </Loaded>
  )
}

function Between({ screen, from, to }: { screen: string; from: string; to: string }) {
  const t = useWords(changeWords)
  const changes = useQuery({
    queryKey: ["changes", screen, from, to],
    queryFn: () => answered(api.GET("/api/v1/screens/{id}/changes", { params: { path: { id: screen }, query: { from, to } } })),
    staleTime: Infinity,
  })
  return (
    <Loaded query={changes}>
      {(data) =>
        data.days === 0 ? <p className="quiet small">{t.none}</p> : data.changes.length === 0 ? <p className="quiet small">{t.same(data.days)}</p> : (
          <>
            <ul style={{ margin: 0, paddingInlineStart: 18 }}>{data.changes.map((change) => <li key={change}>{change}</li>)}</ul>
            <p className="faint small" style={{ margin: "4px 0 0" }}>{t.compared(data.days)}</p>
          </>
        )
      }
    </Loaded>
  )
}
