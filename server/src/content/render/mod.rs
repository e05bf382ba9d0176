//! Rendering: a creative and a screen class in, the file that the screen shows out.
//! Everything is decided here, so a player has no fonts and scales nothing, and the console's preview is the very same file.

pub mod card;
pub mod fonts;
pub mod lines;
pub mod paint;
pub mod poster;
pub mod strip;

use xuanping_core::{playlist::Show, time::Millis, vocabulary::FraudType};

use self::{fonts::Typesetter, paint::Colour};
use super::class::ScreenClass;

/// Counts up whenever the same creative would come out as different pixels, so that old renditions are made anew.
pub const RENDERER: i64 = 1;

/// A finished file and how it is put on the wall.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The PNG.
    pub file: Vec<u8>,
    /// How to show it.
    pub show: Show,
    /// How long one showing lasts.
    pub duration: Millis,
}

/// Colours and the office's own line. One style for a county.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Ground of cards at their top.
    pub ground: Colour,
    /// Ground of cards at their foot, and of tickers.
    pub ground_low: Colour,
    /// Smooth text.
    pub text: Colour,
    /// Rules, heads and the brand line.
    pub gold: Colour,
    /// Lit pixels of single-colour LED. Pure red: on such modules every other channel is dark or absent.
    pub led_ink: Colour,
    /// The line at the foot of every card.
    pub brand: String,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            ground: Colour(0xB0, 0x14, 0x1E),
            ground_low: Colour(0x7E, 0x0B, 0x14),
            text: Colour(0xFF, 0xF6, 0xE4),
            gold: Colour(0xF2, 0xCC, 0x7E),
            led_ink: Colour(0xFF, 0x00, 0x00),
            brand: "反诈专线 96110".to_owned(),
        }
    }
}

/// A font, as named to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Font {
    /// Smooth text and LED of 24 rows and more.
    NotoSansCjk,
    /// LED of 16 to 23 rows.
    Unifont,
}

impl Font {
    /// The stable code, as in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotoSansCjk => "noto_sans_cjk",
            Self::Unifont => "unifont",
        }
    }

    /// What an official reads.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::NotoSansCjk => "思源黑体（液晶屏、24点以上LED）",
            Self::Unifont => "16点阵字库（LED条屏）",
        }
    }
}

/// Why a creative cannot be rendered for a class.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The font has no glyph for some characters.
    #[error("no glyph in {} for {glyphs:?}", font.code())]
    MissingGlyphs {
        /// Which font.
        font: Font,
        /// The characters, each once.
        glyphs: Vec<char>,
    },
    /// The zone has fewer rows than a Chinese character needs.
    #[error("{height} rows are too few for a Chinese character, which needs {needed}")]
    TooLow {
        /// The zone's rows.
        height: u32,
        /// Rows needed.
        needed: u32,
    },
    /// The strip would be wider than any picture may be.
    #[error("the strip would be {width} pixels wide; at most {most} are possible")]
    TooLong {
        /// Its width in pixels.
        width: u32,
        /// The limit.
        most: u32,
    },
    /// There is no text, or nothing of it can be seen.
    #[error("there is nothing to set")]
    NothingToSet,
    /// The original picture does not decode.
    #[error("the original picture cannot be decoded: {0}")]
    Picture(#[from] image::ImageError),
    /// A PNG could not be written.
    #[error("the PNG could not be written: {0}")]
    Png(#[from] png::EncodingError),
}

impl RenderError {
    /// What an official reads: what is wrong and what to do.
    pub fn detail_zh(&self) -> String {
        match self {
            Self::MissingGlyphs { font, glyphs } => {
                let list: Vec<String> = glyphs.iter().map(|c| format!("“{c}”(U+{:04X})", u32::from(*c))).collect();
                format!("{}没有这些字：{}。请改用其他字，或不在这类屏幕上播放。", font.name_zh(), list.join("、"))
            }
            Self::TooLow { height, needed } => {
                format!("屏幕只有 {height} 点高，显示汉字至少需要 {needed} 点。请核对屏幕的点数设置。")
            }
            Self::TooLong { .. } => "文字太长，超出这类屏幕能处理的宽度。请缩短标语。".into(),
            Self::NothingToSet => "标语没有可以显示的文字。请填写标语内容。".into(),
            Self::Picture(_) => "原图无法解码。请重新导出图片后上传。".into(),
            Self::Png(_) => "图片生成失败。请联系系统管理员查看日志。".into(),
        }
    }
}

/// A slogan for this class: a strip or a card.
pub fn slogan(
    text: &str,
    fraud: FraudType,
    class: ScreenClass,
    style: &Style,
    fonts: &Typesetter,
) -> Result<Rendered, RenderError> {
    if strip::is_strip(class) {
        strip::slogan(text, class, style, fonts)
    } else {
        card::slogan(text, fraud, class.size, style, fonts)
    }
}

#[cfg(test)]
mod golden;
