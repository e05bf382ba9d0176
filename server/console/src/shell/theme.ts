/** One surface, one accent. Red is kept for takeovers and for what cannot be undone. */
import type { ThemeConfig } from "antd"

export const ACCENT = "#14507f"
export const DANGER = "#b3261e"
export const GOOD = "#1f7a4d"
export const WARN = "#9a6700"

export const theme: ThemeConfig = {
  token: {
    colorPrimary: ACCENT,
    colorInfo: ACCENT,
    colorLink: ACCENT,
    colorError: DANGER,
    colorSuccess: GOOD,
    colorWarning: "#b77900",
    colorTextBase: "#1d2733",
    colorBgLayout: "#f3f5f8",
    colorBorder: "#cfd7e0",
    colorBorderSecondary: "#e3e8ee",
    borderRadius: 4,
    fontSize: 14,
    controlHeight: 32,
    wireframe: false,
    fontFamily: '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
    // Whoever has told their computer to keep things still is not shown anything that moves.
    motion: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    motionDurationMid: "0.12s",
    motionDurationSlow: "0.16s",
  },
  components: {
    Table: { headerBg: "#f0f3f7", headerColor: "#465364", cellPaddingBlockSM: 7, cellPaddingInlineSM: 10, headerSplitColor: "transparent", rowHoverBg: "#f5f9fc" },
    Menu: { itemHeight: 38, itemSelectedBg: "#e3eef7", itemSelectedColor: ACCENT, itemBorderRadius: 4 },
    Form: { itemMarginBottom: 18, verticalLabelPadding: "0 0 4px" },
    Tabs: { horizontalMargin: "0 0 12px 0" },
    Drawer: { footerPaddingBlock: 10, footerPaddingInline: 24 },
  },
}
