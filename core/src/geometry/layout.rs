//! How a screen is divided into zones: a few usual ways, and one where somebody says where each zone lies.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Rect, Size, Sound, Zone, ZoneName};
use crate::vocabulary::ScreenKind;

/// How a screen is divided. Its text is what databases keep and people type: `full`, `main_and_ticker`, `ticker_and_main`,
/// `audio_only`, or where the zones lie, each as width × height + left + top: `main=1280x960+0+0,ticker=1920x120+0+960`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// One zone over the whole screen.
    Full,
    /// A main zone with a ticker of one ninth of the height below it (1080 → 960 + 120).
    MainAndTicker,
    /// The same with the ticker above the main zone.
    TickerAndMain,
    /// Sound only: a loudspeaker.
    AudioOnly,
    /// Zones that lie where somebody wants them; what none of them covers stays black.
    Free(FreeLayout),
}

/// Where the zones of a free layout lie. Whoever holds one knows that they are large enough for what is shown in them, share
/// no pixel and begin at even ones; whether they lie on a screen, [`Layout::check`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Said")]
pub struct FreeLayout {
    main: Rect,
    ticker: Option<Rect>,
}

/// A free layout as it is said, not looked at yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    main: Rect,
    #[serde(default)]
    ticker: Option<Rect>,
}

/// Why a screen cannot be divided like this. `Display` is a Chinese sentence for whoever wanted it, and says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LayoutFault {
    /// An LED strip is one line.
    #[error("LED 条屏只能整屏显示标语，请选“整屏”。")]
    StripIsOneLine,
    /// A loudspeaker has no pixels.
    #[error("音柱、广播没有画面，请选“只播声音”。")]
    SpeakerIsBlind,
    /// A screen has some.
    #[error("“只播声音”用于音柱、广播。这块屏幕有画面，请选其他版式。")]
    ScreenIsNotBlind,
    /// One ninth of the screen is lower than any type.
    #[error("屏幕高 {height} 点，它的九分之一放不下字幕（至少 {least} 点）。请选“整屏”，或选“自定分区”并把字幕条设高一些。",
        least = FreeLayout::LEAST_TICKER.height)]
    NinthTooLow {
        /// Rows of the screen.
        height: u32,
    },
    /// A zone in which nothing can be shown that anybody could read.
    #[error("{zone}只有 {size} 点，至少须 {least} 点。请加大宽度或高度。", zone = zone.name_zh())]
    TooSmall {
        /// Which zone.
        zone: ZoneName,
        /// How large it is.
        size: Size,
        /// How large it has to be.
        least: Size,
    },
    /// A ticker in which less than three characters are seen at a time.
    #[error("字幕条 {0} 点太高：宽度至少须为高度的 2 倍，否则同时看不到几个字。请加宽，或降低高度。")]
    TickerTooHigh(Size),
    /// An edge between two pixels that belong together.
    #[error("{zone}的{edge}是 {pixels}，须为偶数。请改为 {less} 或 {more}。", zone = zone.name_zh(), edge = edge.name_zh(),
        less = pixels - 1, more = pixels + 1)]
    Odd {
        /// Which zone.
        zone: ZoneName,
        /// Which of its measures.
        edge: Measure,
        /// How much that is.
        pixels: u32,
    },
    /// A zone that is not wholly on the screen.
    #[error("{zone}超出屏幕：{edges}加起来是 {reach}，屏幕只有 {most}。请减小其中一个。", zone = zone.name_zh(),
        edges = edge.with_its_offset_zh())]
    Outside {
        /// Which zone.
        zone: ZoneName,
        /// In which direction.
        edge: Measure,
        /// Where it ends.
        reach: u32,
        /// Where the screen ends.
        most: u32,
    },
    /// Two zones that share pixels.
    #[error("主区与字幕条重叠。请移开其中一个，或减小它的宽度或高度。")]
    Overlap,
}

/// One of the four numbers of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// From the left edge of the screen.
    Left,
    /// From its upper edge.
    Top,
    /// Pixels across.
    Width,
    /// Pixels down.
    Height,
}

impl Measure {
    const fn name_zh(self) -> &'static str {
        match self {
            Self::Left => "左边距",
            Self::Top => "上边距",
            Self::Width => "宽度",
            Self::Height => "高度",
        }
    }

    const fn with_its_offset_zh(self) -> &'static str {
        match self {
            Self::Left | Self::Width => "左边距与宽度",
            Self::Top | Self::Height => "上边距与高度",
        }
    }
}

/// Text that is no layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLayout {
    /// It is nothing that is known.
    #[error(
        "看不懂版式“{0}”。请写 full、main_and_ticker、ticker_and_main、audio_only，\
         或 main=宽x高+左+上[,ticker=宽x高+左+上]，例如 main=1280x960+0+0,ticker=1920x120+0+960"
    )]
    Unknown(String),
    /// It says where zones lie, and they cannot lie there.
    #[error(transparent)]
    Fault(#[from] LayoutFault),
}

impl FreeLayout {
    /// A Chinese character takes sixteen rows and as many columns: four of them beside and two above one another.
    pub const LEAST_MAIN: Size = Size { width: 64, height: 32 };
    /// One line of four characters.
    pub const LEAST_TICKER: Size = Size { width: 64, height: 16 };

    /// Zones that lie here.
    pub fn new(main: Rect, ticker: Option<Rect>) -> Result<Self, LayoutFault> {
        let free = Self { main, ticker };
        for (zone, rect) in free.rects() {
            let least = if zone == ZoneName::Ticker { Self::LEAST_TICKER } else { Self::LEAST_MAIN };
            if rect.width < least.width || rect.height < least.height {
                return Err(LayoutFault::TooSmall { zone, size: rect.size(), least });
            }
            lies_on(zone, rect, Size { width: Size::MAX_EDGE, height: Size::MAX_EDGE })?;
            // Even, so that half-resolution chroma and two-row LED modules line up.
            for (edge, pixels) in [(Measure::Left, rect.x), (Measure::Top, rect.y)] {
                if pixels % 2 == 1 {
                    return Err(LayoutFault::Odd { zone, edge, pixels });
                }
            }
        }
        match ticker {
            Some(line) if line.width < 2 * line.height => Err(LayoutFault::TickerTooHigh(line.size())),
            Some(line) if line.overlaps(main) => Err(LayoutFault::Overlap),
            _ => Ok(free),
        }
    }

    fn rects(self) -> impl Iterator<Item = (ZoneName, Rect)> {
        [(ZoneName::Main, Some(self.main)), (ZoneName::Ticker, self.ticker)]
            .into_iter()
            .filter_map(|(zone, rect)| rect.map(|rect| (zone, rect)))
    }

    /// Whether its zones lie on a screen of this size, and end at even pixels or with the screen.
    fn check(self, screen: Size) -> Result<(), LayoutFault> {
        for (zone, rect) in self.rects() {
            lies_on(zone, rect, screen)?;
            let across = (Measure::Width, rect.width, rect.right() == screen.width);
            let down = (Measure::Height, rect.height, rect.bottom() == screen.height);
            for (edge, pixels, to_the_edge) in [across, down] {
                if pixels % 2 == 1 && !to_the_edge {
                    return Err(LayoutFault::Odd { zone, edge, pixels });
                }
            }
        }
        Ok(())
    }
}

fn lies_on(zone: ZoneName, rect: Rect, screen: Size) -> Result<(), LayoutFault> {
    for (edge, reach, most) in
        [(Measure::Width, rect.right(), screen.width), (Measure::Height, rect.bottom(), screen.height)]
    {
        if reach > most {
            return Err(LayoutFault::Outside { zone, edge, reach, most });
        }
    }
    Ok(())
}

impl TryFrom<Said> for FreeLayout {
    type Error = LayoutFault;

    fn try_from(Said { main, ticker }: Said) -> Result<Self, LayoutFault> {
        Self::new(main, ticker)
    }
}

impl Layout {
    /// Whether a screen of this kind and size can be divided like this.
    pub fn check(self, kind: ScreenKind, size: Size) -> Result<(), LayoutFault> {
        match (kind, self) {
            (ScreenKind::Speaker, Self::AudioOnly) | (ScreenKind::LedStrip, Self::Full) => return Ok(()),
            (ScreenKind::Speaker, _) => return Err(LayoutFault::SpeakerIsBlind),
            (ScreenKind::LedStrip, _) => return Err(LayoutFault::StripIsOneLine),
            (ScreenKind::Lcd | ScreenKind::LedWall, _) => {}
        }
        match self {
            Self::Full => Ok(()),
            Self::AudioOnly => Err(LayoutFault::ScreenIsNotBlind),
            Self::MainAndTicker | Self::TickerAndMain if ninth(size) < FreeLayout::LEAST_TICKER.height => {
                Err(LayoutFault::NinthTooLow { height: size.height })
            }
            Self::MainAndTicker | Self::TickerAndMain => Ok(()),
            Self::Free(free) => free.check(size),
        }
    }

    /// The zones of a screen of this size. Every layout with pixels also has sound if `sound` says so.
    pub fn zones(self, size: Size, sound: Sound) -> Vec<Zone> {
        let zone = |name, rect| Zone { name, rect };
        let audio = zone(ZoneName::Audio, Rect { x: 0, y: 0, width: 0, height: 0 });
        let (whole, line) = (size.rect(), ninth(size));
        let rest = size.height - line;
        let mut zones = match self {
            Self::Full => vec![zone(ZoneName::Main, whole)],
            Self::MainAndTicker => vec![
                zone(ZoneName::Main, Rect { height: rest, ..whole }),
                zone(ZoneName::Ticker, Rect { y: rest, height: line, ..whole }),
            ],
            Self::TickerAndMain => vec![
                zone(ZoneName::Main, Rect { y: line, height: rest, ..whole }),
                zone(ZoneName::Ticker, Rect { height: line, ..whole }),
            ],
            Self::Free(free) => free.rects().map(|(name, rect)| zone(name, rect)).collect(),
            Self::AudioOnly => return vec![audio],
        };
        if sound == Sound::On {
            zones.push(audio);
        }
        zones
    }
}

/// Rows of a usual ticker: even, so that half-resolution chroma and two-row LED modules line up.
const fn ninth(size: Size) -> u32 {
    (size.height / 9) & !1
}

const NAMED: [(&str, Layout); 4] = [
    ("full", Layout::Full),
    ("main_and_ticker", Layout::MainAndTicker),
    ("ticker_and_main", Layout::TickerAndMain),
    ("audio_only", Layout::AudioOnly),
];

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = NAMED.iter().find(|(_, layout)| layout == self) {
            return f.write_str(name);
        }
        let Self::Free(free) = self else { return Ok(()) };
        let written = |rect: Rect| format!("{}x{}+{}+{}", rect.width, rect.height, rect.x, rect.y);
        write!(f, "main={}", written(free.main))?;
        free.ticker.map_or(Ok(()), |line| write!(f, ",ticker={}", written(line)))
    }
}

impl FromStr for Layout {
    type Err = InvalidLayout;

    fn from_str(text: &str) -> Result<Self, InvalidLayout> {
        let text = text.trim();
        if let Some((_, layout)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*layout);
        }
        let unknown = || InvalidLayout::Unknown(text.to_owned());
        let (mut main, mut ticker) = (None, None);
        for part in text.split(',') {
            let (name, rect) = part.split_once('=').ok_or_else(unknown)?;
            let place = match name.trim() {
                "main" => &mut main,
                "ticker" => &mut ticker,
                _ => return Err(unknown()),
            };
            let rect = read_rect(rect.trim()).ok_or_else(unknown)?;
            if place.replace(rect).is_some() {
                return Err(unknown());
            }
        }
        Ok(Self::Free(FreeLayout::new(main.ok_or_else(unknown)?, ticker)?))
    }
}

/// `1280x960+0+0`; `×` stands for `x` as well.
fn read_rect(text: &str) -> Option<Rect> {
    let (size, place) = text.split_once('+')?;
    let (width, height) = size.split_once(['x', 'X', '×'])?;
    let (x, y) = place.split_once('+')?;
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    Some(Rect { x: number(x)?, y: number(y)?, width: number(width)?, height: number(height)? })
}

#[cfg(test)]
mod tests;
