//! What stands in for an item whose file is not there: a pure rule, because a player decides nothing at play time that is
//! not written down here. What stands in is no play; on record is that the item failed.

use super::{Item, OnAir, Playlist};
use crate::{geometry::ZoneName, time::UtcMillis};

impl Playlist {
    /// Stands in for what `zone` shows at `at`: the still that the loop showed last before it and that is `usable`, looking
    /// back once around the loop; else the still that the loop holds at its end. `None`: the standby picture.
    /// Something that has ended by then stands in for nothing.
    pub fn stand_in(&self, zone: ZoneName, at: UtcMillis, usable: impl Fn(&Item) -> bool) -> Option<&Item> {
        let OnAir::Play { looped, slot, .. } = self.on_air(zone, at) else { return None };
        let looped = self.loops.get(looped as usize)?;
        let (before, from_it_on) = looped.slots.split_at_checked(slot as usize)?;
        let back = before.iter().rev().chain(from_it_on.iter().skip(1).rev()).map(|slot| slot.item);
        let candidates = back.chain(looped.hold);
        let items = candidates.filter_map(|item| self.items.get(item as usize));
        items.filter(|item| item.is_still() && item.ends.is_none_or(|ends| at < ends)).find(|item| usable(item))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        digest::Digest,
        geometry::Size,
        id::{BookingId, CreativeId},
        playlist::{Day, Daypart, Loop, PLAYLIST_VERSION, Show, Slot, ZoneProgramme},
        time::Millis,
        vocabulary::CreativeKind,
    };

    const SECOND: Millis = Millis(1_000);

    fn item(n: u8, kind: CreativeKind) -> Item {
        let size = Size { width: 1, height: 1 };
        Item {
            booking: BookingId::new(Uuid::from_u128(u128::from(n))),
            creative: CreativeId::new(Uuid::from_u128(u128::from(n))),
            asset: Digest::of(&[n]),
            bytes: 1,
            show: if kind == CreativeKind::Clip { Show::Clip { size } } else { Show::Picture { size } },
            duration: SECOND,
            kind,
            ends: None,
        }
    }

    /// Poster 0, clip 1, poster 2, clip 3, a second each; poster 4 is held at the end.
    fn playlist() -> Playlist {
        use CreativeKind::{Clip, Poster};
        let kinds = [Poster, Clip, Poster, Clip, Poster];
        let day = Day {
            date: "1970-01-01".parse().unwrap(),
            dayparts: vec![Daypart { start: UtcMillis(0), end: UtcMillis(86_400_000), looped: 0 }],
            events: Vec::new(),
        };
        Playlist {
            version: PLAYLIST_VERSION,
            timezone: "Etc/UTC".into(),
            items: (0..).zip(kinds).map(|(n, kind)| item(n, kind)).collect(),
            loops: vec![Loop { slots: (0..4).map(|item| Slot { item, duration: SECOND }).collect(), hold: Some(4) }],
            zones: vec![ZoneProgramme { zone: ZoneName::Main, days: vec![day] }],
        }
    }

    /// What stands in for the slot at so many seconds, by its number, if all but these are usable.
    fn stands_in(playlist: &Playlist, second: i64, lost: &[u8]) -> Option<u8> {
        let usable = |item: &Item| !lost.iter().any(|n| item.asset == Digest::of(&[*n]));
        let found = playlist.stand_in(ZoneName::Main, UtcMillis(second * 1_000 + 500), usable)?;
        (0..5).find(|n| found.asset == Digest::of(&[*n]))
    }

    #[test]
    fn the_still_before_it_stands_in_once_around_the_loop_and_then_the_one_that_is_held() {
        let playlist = playlist();
        assert_eq!(stands_in(&playlist, 1, &[1]), Some(0));
        assert_eq!(stands_in(&playlist, 3, &[3]), Some(2));
        assert_eq!(stands_in(&playlist, 3, &[2, 3]), Some(0), "further back");
        assert_eq!(stands_in(&playlist, 0, &[0]), Some(2), "around the loop");
        assert_eq!(stands_in(&playlist, 0, &[0, 2]), Some(4), "what is held");
        assert_eq!(stands_in(&playlist, 0, &[0, 2, 4]), None);
        assert_eq!(stands_in(&playlist, 4 * 86_400 * 1_000, &[0, 2, 4]), None, "not within the horizon either");
    }

    #[test]
    fn what_has_ended_stands_in_for_nothing() {
        let mut playlist = playlist();
        playlist.items[0].ends = Some(UtcMillis(1_200));
        assert_eq!(stands_in(&playlist, 1, &[1]), Some(2));
    }
}
