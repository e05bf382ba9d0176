import { dictionary } from "../i18n/language"

export const linkWords = dictionary(
  {
    title: "对外画面",
    pictureHint: "给只能取一张图片的系统（IPTV 开机画面、政府网站）用：按所填尺寸给出此屏主区正在播放的画面，换内容时自动更换。知道链接的人都能看到画面，但做不了别的；撤销后立即失效。",
    size: "尺寸",
    width: "宽（像素）",
    height: "高（像素）",
    made: (by: string, at: string) => `${by} ${at}`,
    add: "生成对外链接",
    revoke: "撤销",
    revokeAsk: "撤销后，使用此链接的系统将取不到画面。",
    playerTitle: "没有播放器的设备？用浏览器播放",
    playerHint: "在自助机等设备的浏览器全屏打开下面的地址，屏幕上出现配对码后照常配对。播放记录同样签名上报。",
    frameHint: "也可嵌入其他网页；允许嵌入的网站须由系统管理员在服务器上登记（--web-embedder）。",
  },
  {
    title: "Public picture",
    pictureHint: "For systems that can only fetch a picture (IPTV boot pages, websites): what this screen's main zone shows now, in the size given. Whoever knows the address sees the picture and can do nothing else; once revoked it shows nothing.",
    size: "Size",
    width: "Width in pixels",
    height: "Height in pixels",
    made: (by, at) => `${by} ${at}`,
    add: "Make a public address",
    revoke: "Revoke",
    revokeAsk: "Systems that use this address will get no picture any more.",
    playerTitle: "A device that runs no player? Play in its browser",
    playerHint: "Open this address full-screen in the device's browser; it shows a pairing code like any player. Its plays are signed and reported all the same.",
    frameHint: "Or put it into a page; sites that may do so are registered on the server (--web-embedder).",
  },
)
