/** What can be taken elsewhere of a screen: its public picture for boot pages, and the web player for machines that run none of ours. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { Button, InputNumber, Popconfirm, Typography } from "antd"
import { useState } from "react"
import { answered, api } from "../api/client"
import { dateTime } from "../i18n/format"
import { useWords } from "../i18n/language"
import { Loaded } from "../shell/Page"
import { useRefusalNotice } from "../shell/refusals"
import { words as shell } from "../shell/words"
import { linkWords } from "./linkWords"
import type { Screen } from "./screens"

export function Links({ screen }: { screen: Screen }) {
  const t = useWords(linkWords)
  const client = useQueryClient()
  const notice = useRefusalNotice()
  const own = screen.zones.find((zone) => zone.name === "main")?.rect
  const [size, setSize] = useState({ width: own?.width ?? 1920, height: own?.height ?? 1080 })
  const links = useQuery({
    queryKey: ["links", screen.id],
    queryFn: async () => (await answered(api.GET("/api/v1/screens/{id}/links", { params: { path: { id: screen.id } } }))).items,
  })
  const renew = () => client.invalidateQueries({ queryKey: ["links", screen.id] })
  const add = useMutation({
    mutationFn: () => answered(api.POST("/api/v1/screens/{id}/links", { params: { path: { id: screen.id } } })),
    onSuccess: renew,
    onError: notice,
  })
  const revoke = useMutation({
    mutationFn: (token: string) => answered(api.DELETE("/api/v1/screens/{id}/links/{token}", { params: { path: { id: screen.id, token } } })),
    onSuccess: renew,
    onError: notice,
  })
  const common = useWords(shell)
  const edge = (name: "width" | "height") => (
    <InputNumber size="small" min={64} max={3840} value={size[name]} aria-label={t[name]} style={{ width: 84 }} onChange={(value) => value && setSize({ ...size, [name]: value })} />
  )
  return (
    <div className="stack" style={{ gap: 8 }}>
      <p className="quiet small" style={{ margin: 0 }}>{t.pictureHint}</p>
      <Loaded query={links}>
        {(items) => (
          <>
            {items.length > 0 && <div className="row small"><span>{t.size}</span>{edge("width")}<span>×</span>{edge("height")}</div>}
            {items.map((link) => (
              <div key={link.token} className="row">
                <Typography.Text code copyable style={{ flex: 1, wordBreak: "break-all" }}>
                  {`${location.origin}${link.picture}?width=${size.width}&height=${size.height}`}
                </Typography.Text>
                <span className="quiet small">{t.made(link.created_by, dateTime(link.created_at))}</span>
                <Popconfirm title={t.revokeAsk} okText={t.revoke} okButtonProps={{ danger: true }} cancelText={common.cancel} onConfirm={() => revoke.mutateAsync(link.token).catch(() => undefined)}>
                  <Button size="small" danger>{t.revoke}</Button>
                </Popconfirm>
              </div>
            ))}
            <div><Button size="small" loading={add.isPending} onClick={() => add.mutate()}>{t.add}</Button></div>
          </>
        )}
      </Loaded>
    </div>
  )
}

/** How a browser becomes a screen: the address to open, and what to put into a website. */
export function WebPlayer() {
  const t = useWords(linkWords)
  const address = `${location.origin}/web/`
  return (
    <div className="stack" style={{ gap: 4 }}>
      <p className="quiet small" style={{ margin: 0 }}>{t.playerHint}</p>
      <Typography.Text code copyable>{address}</Typography.Text>
      <p className="quiet small" style={{ margin: 0 }}>{t.frameHint}</p>
      <Typography.Text code copyable>{`<iframe src="${address}" width="960" height="540" allow="autoplay; screen-wake-lock" style="border:0"></iframe>`}</Typography.Text>
    </div>
  )
}
