//! Checking a slogan before anybody reviews it: which characters the fonts lack, and for every class of screen the very
//! pixels it would show, whether it stands or scrolls, and how many seconds it takes.

use std::collections::BTreeSet;

use xuanping_core::{
    geometry::{Size, ZoneName},
    playlist::Show,
    time::Millis,
    vocabulary::{CreativeKind, FraudType, ScreenKind},
};

use super::{
    Content, ContentError,
    class::ScreenClass,
    render::{self, Font, strip},
    renditions::drawn,
};

/// What a check finds.
#[derive(Debug)]
pub struct Check {
    /// Characters without a glyph, for each font that lacks any.
    pub missing: Vec<(Font, BTreeSet<char>)>,
    /// What each class would show.
    pub classes: Vec<ClassCheck>,
}

/// What one class would show.
#[derive(Debug)]
pub struct ClassCheck {
    /// The class.
    pub class: ScreenClass,
    /// Whether there is such a screen yet; if not, it is one of the usual ones, for orientation.
    pub known: bool,
    /// The picture, or in Chinese why there is none.
    pub outcome: Result<Preview, String>,
}

/// The very file that screens would be given.
#[derive(Debug)]
pub struct Preview {
    /// The PNG.
    pub png: Vec<u8>,
    /// Its size.
    pub size: Size,
    /// Whether it is wider than the zone and therefore scrolls.
    pub scrolls: bool,
    /// Speed in pixels per second if it scrolls.
    pub pixels_per_second: u32,
    /// How long one showing lasts.
    pub duration: Millis,
}

/// The usual screens of a county, shown while none of a kind is registered.
const USUAL: [ScreenClass; 4] = [
    ScreenClass { kind: ScreenKind::Lcd, zone: ZoneName::Ticker, size: Size { width: 1920, height: 120 } },
    ScreenClass { kind: ScreenKind::Lcd, zone: ZoneName::Main, size: Size { width: 1080, height: 1920 } },
    ScreenClass { kind: ScreenKind::LedStrip, zone: ZoneName::Main, size: Size { width: 512, height: 32 } },
    ScreenClass { kind: ScreenKind::LedStrip, zone: ZoneName::Main, size: Size { width: 192, height: 16 } },
];

/// Most classes that one check draws.
const MOST_CLASSES: usize = 24;

impl Content {
    /// Which characters of a text the fonts lack.
    pub fn missing_glyphs(&self, text: &str) -> Vec<(Font, BTreeSet<char>)> {
        let smooth = self.fonts.missing(text);
        let bitmap: BTreeSet<char> = strip::missing_bitmap_glyphs(text).collect();
        [(Font::NotoSansCjk, smooth), (Font::Unifont, bitmap)]
            .into_iter()
            .filter(|(_, missing)| !missing.is_empty())
            .collect()
    }

    /// Checks a slogan as it would be shown.
    pub async fn check_slogan(&self, text: &str, fraud: FraudType) -> Result<Check, ContentError> {
        let text = super::checked_text(text)?;
        let mut classes: Vec<(ScreenClass, bool)> = self
            .classes()
            .await?
            .into_iter()
            .filter(|class| class.takes(CreativeKind::Slogan))
            .map(|class| (class, true))
            .take(MOST_CLASSES)
            .collect();
        let known: Vec<_> = classes.iter().map(|(c, _)| (c.kind, c.zone)).collect();
        classes.extend(USUAL.iter().filter(|u| !known.contains(&(u.kind, u.zone))).map(|u| (*u, false)));
        let missing = self.missing_glyphs(&text);
        let (fonts, style) = (self.fonts.clone(), self.style.clone());
        let classes = drawn(move || {
            let check = |(class, known)| {
                let drawn = render::slogan(&text, fraud, class, &style, &fonts);
                ClassCheck { class, known, outcome: drawn.map(|r| preview(r, class)).map_err(|e| e.detail_zh()) }
            };
            classes.into_iter().map(check).collect()
        })
        .await?;
        Ok(Check { missing, classes })
    }
}

fn preview(rendered: render::Rendered, class: ScreenClass) -> Preview {
    let (size, pixels_per_second) = match rendered.show {
        Show::Strip { size, pixels_per_second } => (size, pixels_per_second),
        Show::Picture { .. } | Show::Clip { .. } | Show::Sound => (class.size, 0),
    };
    let scrolls = size.width > class.size.width;
    Preview { png: rendered.file, size, scrolls, pixels_per_second, duration: rendered.duration }
}
