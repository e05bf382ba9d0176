/** Plays one by one, the newest first. */
import { Button, Table } from "antd"
import { Link } from "react-router"
import { count, dateTime, duration } from "../i18n/format"
import { useLanguage, useWords } from "../i18n/language"
import { nameOf, useVenueTypes } from "../screens/places"
import { Loaded, Nothing } from "../shell/Page"
import { words as shell } from "../shell/words"
import type { PlayFilter } from "./filter"
import { STATUS_DOT, usePlayCount, usePlays, type Play } from "./plays"
import { words } from "./words"

export function Records({ filter }: { filter: PlayFilter }) {
  const t = useWords(words)
  const common = useWords(shell)
  const { language } = useLanguage()
  const types = useVenueTypes()
  const plays = usePlays(filter)
  const counted = usePlayCount(filter).data
  const items = plays.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      {counted?.plays != null && (
        <p className="counted" role="status" aria-label={t.countedLabel}>
          <b>{t.countedPlays(count(counted.plays))}</b>
          {counted.screens != null && counted.plays > 0 && <span>{t.countedScreens(count(counted.screens))}</span>}
          {counted.shown_ms != null && counted.plays > 0 && <span>{t.countedTime(duration(counted.shown_ms, language))}</span>}
        </p>
      )}
      <Loaded query={plays}>
        {() => (
          <Table<Play>
            size="small"
            rowKey={(p) => `${p.screen} ${p.sequence} ${p.position}`}
            dataSource={items}
            pagination={false}
            locale={{ emptyText: <Nothing inTable title={t.none}>{t.noneHint}</Nothing> }}
            columns={[
              { title: t.started, key: "started", width: 164, render: (_, p) => <span className="nowrap">{dateTime(p.started)}</span> },
              {
                title: t.screen,
                key: "screen",
                render: (_, p) => (
                  <>
                    <Link to={`/screens?screen=${p.screen}`}>{p.screen_name}</Link>
                    <div className="quiet small">{p.venue_name} · {nameOf(types.data, p.venue_type)} · {p.area_name}</div>
                  </>
                ),
              },
              { title: t.zone, key: "zone", width: 70, render: (_, p) => t.zones[p.zone] },
              {
                title: t.creative,
                key: "creative",
                render: (_, p) => (
                  <>
                    {p.creative_title ? <Link to={`/creatives?creative=${p.creative}`}>{p.creative_title}</Link> : <span className="faint">{t.unknown}</span>}
                    <div className="quiet small">{p.trigger === "takeover" ? t.takeover : [p.campaign_name, p.booking_name].filter(Boolean).join(" · ")}</div>
                  </>
                ),
              },
              {
                title: t.shown,
                key: "shown",
                width: 150,
                render: (_, p) => (p.status === "success" ? duration(p.actual, language) : t.shownOf(duration(p.actual, language), duration(p.planned, language))),
              },
              {
                title: t.status,
                key: "status",
                width: 120,
                render: (_, p) => (
                  <>
                    <span className={`dot ${p.flag ? "bad" : STATUS_DOT[p.status]}`}>{t.statuses[p.status]}</span>
                    {p.flag && <div className="quiet small">{t.flags[p.flag]}</div>}
                  </>
                ),
              },
              { title: t.batch, key: "batch", width: 80, align: "right", render: (_, p) => <span className="mono quiet">{p.sequence}.{p.position}</span> },
            ]}
          />
        )}
      </Loaded>
      {plays.hasNextPage && (
        <div style={{ textAlign: "center", padding: 10 }}>
          <Button onClick={() => void plays.fetchNextPage()} loading={plays.isFetchingNextPage}>{common.more}</Button>
        </div>
      )}
    </>
  )
}
