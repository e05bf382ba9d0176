import { dictionary } from "../i18n/language"

export const instructionWords = dictionary(
  {
    title: "远程指令",
    hint: "随签名的播放指令下达，在线屏幕几秒内执行，每条只执行一次；10 分钟内未收到即过期。",
    kinds: { identify: "显示身份", capture: "立即取证", restart: "重启播放器" },
    hints: {
      identify: "屏幕大字显示区划、点位、名称和核对码 20 秒，用来认屏；期间不播放、不计数。",
      capture: "屏幕立即拍一张印证图片，图片指纹写入当时那次播放的签名记录。",
      restart: "播放器正常退出并由系统重新启动，几秒内恢复播放。",
    },
    restartAsk: "重启此屏幕的播放器？",
    states: { told: "已下达", done: "已执行", expired: "已过期" },
    doneAt: (at: string) => `已执行（${at}）`,
    code: (code: string) => `核对码 ${code}`,
    by: (who: string, at: string) => `${who} ${at}`,
    given: (kind: string) => `“${kind}”已下达`,
    unable: "当前播放器不支持远程指令（版本较旧，或尚未上报）。",
  },
  {
    title: "Instructions",
    hint: "They go out with the screen's signed orders; a screen that is online does each once, within seconds. What it does not hear of within ten minutes expires.",
    kinds: { identify: "Identify", capture: "Take evidence", restart: "Restart player" },
    hints: {
      identify: "For 20 seconds the wall shows its area, venue, name and a code, large; nothing is played or counted meanwhile.",
      capture: "The screen takes an evidence picture now; the play that is on names its digest under the screen's signature.",
      restart: "The player ends in order and is started again by the system; it plays again within seconds.",
    },
    restartAsk: "Restart this screen's player?",
    states: { told: "Told", done: "Done", expired: "Expired" },
    doneAt: (at) => `Done (${at})`,
    code: (code) => `code ${code}`,
    by: (who, at) => `${who} ${at}`,
    given: (kind) => `“${kind}” was told`,
    unable: "This player takes no instructions (an older version, or it never reported).",
  },
)
