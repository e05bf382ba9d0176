//! A screen class: everything about a zone that decides what its pictures must look like.
//! Ten thousand screens fall into a dozen classes, so a creative is rendered a dozen times and not ten thousand.

use xuanping_core::{
    geometry::{Layout, Size, Sound, ZoneName},
    vocabulary::{CreativeKind, ScreenKind},
};

/// Kind of screen, zone, and the zone's size in pixels. Equal classes get the very same files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScreenClass {
    /// What the screen physically is.
    pub kind: ScreenKind,
    /// Which zone of it.
    pub zone: ZoneName,
    /// The zone's size; 0×0 for [`ZoneName::Audio`].
    pub size: Size,
}

impl ScreenClass {
    /// The classes that a screen of this build consists of, one for each zone.
    pub fn of_screen(kind: ScreenKind, size: Size, layout: Layout, sound: Sound) -> Vec<Self> {
        let zones = layout.zones(size, sound);
        zones.into_iter().map(|zone| Self { kind, zone: zone.name, size: zone.rect.size() }).collect()
    }

    /// Whether a creative of this kind has a rendition for this class. Slogans are rendered for main zones too,
    /// because a screen without a ticker shows them there.
    pub const fn takes(self, creative: CreativeKind) -> bool {
        self.kind.can_play(creative)
            && matches!(
                (self.zone, creative),
                (ZoneName::Main, CreativeKind::Slogan | CreativeKind::Poster | CreativeKind::Clip)
                    | (ZoneName::Ticker, CreativeKind::Slogan)
                    | (ZoneName::Audio, CreativeKind::Audio)
            )
    }
}

#[cfg(test)]
mod tests {
    use xuanping_core::campaign::zone_for;

    use super::*;

    const HALL: Size = Size { width: 1920, height: 1080 };

    #[test]
    fn a_hall_screen_has_a_main_a_ticker_and_a_sound_class() {
        let classes = ScreenClass::of_screen(ScreenKind::Lcd, HALL, Layout::MainAndTicker, Sound::On);
        let sizes: Vec<_> = classes.iter().map(|c| (c.zone, c.size.width, c.size.height)).collect();
        assert_eq!(sizes, [(ZoneName::Main, 1920, 960), (ZoneName::Ticker, 1920, 120), (ZoneName::Audio, 0, 0)]);
    }

    /// Which of a screen's zones a creative of this kind plays in; `None` if it cannot be played there at all.
    fn zone(kind: ScreenKind, layout: Layout, sound: Sound, creative: CreativeKind) -> Option<ZoneName> {
        zone_for(creative, &layout.zones(HALL, sound)).filter(|_| kind.can_play(creative))
    }

    #[test]
    fn slogans_go_to_the_ticker_if_there_is_one() {
        use CreativeKind::{Audio, Clip, Poster, Slogan};
        let lcd = ScreenKind::Lcd;
        let (alone, above): (Layout, Layout) =
            ("main=640x480+0+0".parse().unwrap(), "main=640x480+0+64,ticker=640x64+0+0".parse().unwrap());
        assert_eq!(zone(lcd, Layout::TickerAndMain, Sound::Off, Slogan), Some(ZoneName::Ticker));
        assert_eq!(zone(lcd, above, Sound::Off, Slogan), Some(ZoneName::Ticker));
        assert_eq!(zone(lcd, alone, Sound::Off, Slogan), Some(ZoneName::Main));
        assert_eq!(zone(lcd, alone, Sound::On, Audio), Some(ZoneName::Audio));
        assert_eq!(zone(lcd, Layout::MainAndTicker, Sound::Off, Slogan), Some(ZoneName::Ticker));
        assert_eq!(zone(lcd, Layout::Full, Sound::Off, Slogan), Some(ZoneName::Main));
        assert_eq!(zone(lcd, Layout::MainAndTicker, Sound::Off, Clip), Some(ZoneName::Main));
        assert_eq!(zone(lcd, Layout::Full, Sound::Off, Audio), None);
        assert_eq!(zone(lcd, Layout::Full, Sound::On, Audio), Some(ZoneName::Audio));
        assert_eq!(zone(ScreenKind::LedStrip, Layout::Full, Sound::Off, Poster), None);
        assert_eq!(zone(ScreenKind::Speaker, Layout::AudioOnly, Sound::Off, Audio), Some(ZoneName::Audio));
    }

    #[test]
    fn whatever_zone_a_creative_plays_in_has_a_class_that_takes_it() {
        for kind in [ScreenKind::Lcd, ScreenKind::LedStrip, ScreenKind::LedWall, ScreenKind::Speaker] {
            let free = ["main=640x480+0+0", "main=640x480+0+64,ticker=640x64+0+0"].map(|text| text.parse().unwrap());
            let named = [Layout::Full, Layout::MainAndTicker, Layout::TickerAndMain, Layout::AudioOnly];
            for layout in named.into_iter().chain(free) {
                for sound in [Sound::On, Sound::Off] {
                    for creative in
                        [CreativeKind::Slogan, CreativeKind::Poster, CreativeKind::Clip, CreativeKind::Audio]
                    {
                        let Some(zone) = zone(kind, layout, sound, creative) else { continue };
                        let classes = ScreenClass::of_screen(kind, HALL, layout, sound);
                        assert!(
                            classes.iter().any(|c| c.zone == zone && c.takes(creative)),
                            "{kind:?} {layout:?} {creative:?}"
                        );
                    }
                }
            }
        }
    }
}
