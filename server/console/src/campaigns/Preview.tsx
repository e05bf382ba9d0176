/** What one reached screen would play on one day, if the campaign were published as it stands. */
import { useQueries, useQuery } from "@tanstack/react-query"
import { DatePicker, Select } from "antd"
import dayjs from "dayjs"
import { useMemo, useState } from "react"
import { answered, api, type Schemas } from "../api/client"
import { today } from "../i18n/format"
import { useWords } from "../i18n/language"
import { useForesight } from "../playlists/Foresight"
import { Ribbon } from "../playlists/Ribbon"
import { Loaded } from "../shell/Page"
import type { Campaign } from "./campaigns"
import { words } from "./words"

type Reached = Schemas["ReachedScreen"]

const named = (one: Reached) => `${one.venue} ${one.name}`

export function Preview({ campaign }: { campaign: Campaign }) {
  const t = useWords(words)
  const reaches = useQueries({
    queries: campaign.bookings.map(({ selector, creatives }) => ({
      queryKey: ["reach", selector, creatives],
      queryFn: () => answered(api.POST("/api/v1/reach", { body: { selector, creatives } })),
    })),
  })
  const screens = useMemo(() => {
    const all = new Map<string, Reached>()
    for (const reach of reaches) for (const one of reach.data?.sample ?? []) all.set(one.id, one)
    return [...all.values()]
  }, [reaches])
  const [chosen, setChosen] = useState<string>()
  const [date, setDate] = useState(() => (today() < campaign.starts ? campaign.starts : today() > campaign.ends ? campaign.ends : today()))
  // Where something does not fit is what one wants to see first.
  const troubled = useForesight(campaign).data?.collisions[0]?.sample ?? []
  const shown = screens.find((one) => one.id === chosen) ?? screens.find((one) => troubled.includes(named(one))) ?? screens[0]
  const screen = shown?.id
  const waiting = reaches.some((reach) => reach.isPending)
  return (
    <section className="panel" aria-label={t.preview}>
      <h2>{t.preview}</h2>
      {!screen && !waiting && <p className="quiet">{t.previewNone}</p>}
      {screen && (
        <>
          <div className="preview-choice">
            <Select showSearch optionFilterProp="label" aria-label={t.previewScreen} value={screen} onChange={setChosen} options={screens.map((one) => ({ value: one.id, label: named(one) }))} style={{ width: 320 }} />
            <DatePicker aria-label={t.previewDay} allowClear={false} value={dayjs(date)} onChange={(day) => day && setDate(day.format("YYYY-MM-DD"))} />
            <span className="quiet small grow">{t.previewHint}</span>
          </div>
          <Day campaign={campaign} screen={screen} date={date} />
        </>
      )}
    </section>
  )
}

function Day({ campaign, screen, date }: { campaign: Campaign; screen: string; date: string }) {
  const day = useQuery({
    queryKey: ["timeline", "campaign", campaign.id, campaign.updated_at, screen, date],
    queryFn: () => answered(api.GET("/api/v1/campaigns/{id}/timeline", { params: { path: { id: campaign.id }, query: { screen, date } } })),
    placeholderData: (before) => before,
  })
  return <Loaded query={day}>{(data) => <Ribbon day={data} />}</Loaded>
}
