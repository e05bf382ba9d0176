//! Whether a creative can be shown on a screen, where on it, and if not, why: in the words of the person who asked.

use super::AreaCode;
use crate::{
    geometry::{Zone, ZoneName},
    id::{CreativeId, ScreenId, VenueId},
    vocabulary::{CreativeKind, ScreenKind, VenueType},
};

/// What selectors and planning need to know of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenFacts {
    /// Which.
    pub screen: ScreenId,
    /// Where it hangs.
    pub venue: VenueId,
    /// What sort of place that is.
    pub venue_type: VenueType,
    /// Where the venue lies: its own code, usually a village's.
    pub area: AreaCode,
    /// Stable code of the department that answers for the venue, if any does.
    pub department: Option<String>,
    /// What it is.
    pub kind: ScreenKind,
    /// Its zones; the audio zone only if it may make noise.
    pub zones: Vec<Zone>,
    /// Whether its player can play clips (the media worker is installed there).
    pub clips: bool,
    /// The tags that people hung on it.
    pub tags: Vec<String>,
}

/// What matters of a creative here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreativeFacts {
    /// Which.
    pub creative: CreativeId,
    /// What it is.
    pub kind: CreativeKind,
    /// Whether it passed review and was not withdrawn.
    pub approved: bool,
}

/// Why a creative cannot be played on a screen. `Display` is a Chinese sentence for the person who planned it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error, serde::Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unplayable {
    /// An LED strip shows text only.
    #[error("LED 条屏只能显示标语")]
    StripShowsText,
    /// A loudspeaker has no picture.
    #[error("音柱、广播只能播放音频")]
    SpeakerIsBlind,
    /// Audio on a screen without sound, or on one that was told to be silent.
    #[error("该屏幕没有声音或已设为静音，不能播放音频")]
    Silent,
    /// The player has no media worker.
    #[error("该屏幕的播放器没有安装视频组件，不能播放宣传片")]
    NoClips,
    /// There is no zone for it.
    #[error("该屏幕的版面没有可放此素材的区域")]
    NoZone,
    /// Not reviewed, sent back, or withdrawn.
    #[error("素材尚未审核通过或已撤下")]
    NotApproved,
    /// The rendition for this class of screen is not made yet.
    #[error("素材正在为这类屏幕制作，稍后会自动播出")]
    NotReady,
    /// It cannot be made for this class of screen.
    #[error("素材无法制作成这类屏幕可播的版本（例如缺字、文字过长、文件损坏）")]
    Impossible,
}

/// The zone in which creatives of this kind are shown: slogans in the ticker if there is one, sound in the audio zone, all
/// else in the main zone.
pub fn zone_for(kind: CreativeKind, zones: &[Zone]) -> Option<ZoneName> {
    let has = |name: ZoneName| zones.iter().any(|zone| zone.name == name).then_some(name);
    match kind {
        CreativeKind::Slogan => has(ZoneName::Ticker).or_else(|| has(ZoneName::Main)),
        CreativeKind::Poster | CreativeKind::Clip => has(ZoneName::Main),
        CreativeKind::Audio => has(ZoneName::Audio),
    }
}

/// What of a screen decides which creatives it can play.
#[derive(Debug, Clone, Copy)]
pub struct Surface<'a> {
    /// What it is.
    pub kind: ScreenKind,
    /// How it is divided.
    pub zones: &'a [Zone],
    /// Whether its player can play clips.
    pub clips: bool,
}

impl ScreenFacts {
    /// What of it decides which creatives it can play.
    pub fn surface(&self) -> Surface<'_> {
        Surface { kind: self.kind, zones: &self.zones, clips: self.clips }
    }

    /// The zone in which this screen shows the creative, or why it cannot.
    pub fn place(&self, creative: &CreativeFacts) -> Result<ZoneName, Unplayable> {
        self.surface().place(creative)
    }
}

impl Surface<'_> {
    /// The zone in which such a screen shows the creative, or why it cannot.
    pub fn place(&self, creative: &CreativeFacts) -> Result<ZoneName, Unplayable> {
        if !self.kind.can_play(creative.kind) {
            return Err(match self.kind {
                ScreenKind::LedStrip => Unplayable::StripShowsText,
                ScreenKind::Speaker => Unplayable::SpeakerIsBlind,
                ScreenKind::Lcd | ScreenKind::LedWall => Unplayable::NoZone,
            });
        }
        if creative.kind == CreativeKind::Clip && !self.clips {
            return Err(Unplayable::NoClips);
        }
        let zone = zone_for(creative.kind, self.zones).ok_or(match creative.kind {
            CreativeKind::Audio => Unplayable::Silent,
            CreativeKind::Slogan | CreativeKind::Poster | CreativeKind::Clip => Unplayable::NoZone,
        })?;
        if creative.approved { Ok(zone) } else { Err(Unplayable::NotApproved) }
    }
}
