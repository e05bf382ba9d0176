//! 印证图片: at which moments a screen takes a picture of its own wall.
//!
//! The office draws a nonce and tells it the screen with its manifest. From it and the day follow moments that nobody can
//! foresee who does not hold it, and that everybody can work out again afterwards who does: whether a picture was due, and
//! whether it was taken, is a question with one answer.

use chrono::{Datelike as _, NaiveDate};
use chrono_tz::Tz;
use minicbor::{Decode, Encode};

use super::{Playlist, WallSettings};
use crate::{
    digest::{Digest, Hasher},
    geometry::ZoneName,
    id::ScreenId,
    recurrence::day_of,
    time::{Millis, UtcInterval, UtcMillis},
};

/// What makes these digests unlike all others.
const DOMAIN: &[u8] = b"xuanping/evidence/1";
/// Digests that are drawn for a day at most, four moments from each: enough to find a day's moments in a quarter of an hour.
const DRAWS: u32 = 2_048;
/// Two moments of a day are so far apart, in milliseconds: two pictures of one showing say no more than one.
const APART: i64 = 60_000;

/// Pictures that the screen takes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct EvidenceOrders {
    /// 32 random bytes, drawn for this screen and from time to time anew.
    #[n(0)]
    pub nonce: Digest,
    /// How many on a day: 1 to [`EvidenceOrders::MOST`].
    #[n(1)]
    pub per_day: u8,
}

impl EvidenceOrders {
    /// Pictures of a day at most.
    pub const MOST: u8 = 24;
    /// A picture still is one of its moment if it is taken so much later: nothing may have been on the wall just then.
    pub const PATIENCE: Millis = Millis::from_secs(600);

    /// Whether these are orders that somebody could mean.
    pub(super) fn is_sensible(&self) -> bool {
        (1..=Self::MOST).contains(&self.per_day)
    }

    /// The moments of a local day, ascending, among the time in which something is `due`: at least a minute apart, and as many as
    /// ordered, unless next to nothing is due that day.
    ///
    /// Candidates are drawn for the whole day, and those count that fall into what is due: a programme that changes moves
    /// none of them but those that it leaves without one.
    pub fn moments(&self, screen: ScreenId, date: NaiveDate, tz: Tz, due: &[UtcInterval]) -> Vec<UtcMillis> {
        let day = day_of(date, tz);
        let mut moments: Vec<UtcMillis> = Vec::new();
        for candidate in (0..DRAWS).flat_map(|draw| self.drawn(screen, date, draw)) {
            if moments.len() >= usize::from(self.per_day) || due.is_empty() {
                break;
            }
            // The same part of the day as the number is of all numbers.
            let into = (i128::from(candidate) * i128::from(day.length())) >> 64;
            let at = day.start.plus(i64::try_from(into).unwrap_or(0));
            let free = moments.iter().all(|moment| moment.since(at).abs() >= APART);
            if free && due.iter().any(|stretch| stretch.contains(at)) {
                moments.push(at);
            }
        }
        moments.sort_unstable();
        moments
    }

    /// The same for a screen that plays this and runs like that.
    pub fn moments_on(
        &self,
        screen: ScreenId,
        date: NaiveDate,
        tz: Tz,
        playlist: &Playlist,
        wall: &WallSettings,
    ) -> Vec<UtcMillis> {
        self.moments(screen, date, tz, &pictured(playlist, wall, date, tz))
    }

    fn drawn(&self, screen: ScreenId, date: NaiveDate, draw: u32) -> [u64; 4] {
        let mut hasher = Hasher::new();
        hasher.update(DOMAIN);
        hasher.update(self.nonce.as_bytes());
        hasher.update(screen.uuid().as_bytes());
        hasher.update(&date.num_days_from_ce().to_be_bytes());
        hasher.update(&draw.to_be_bytes());
        let digest = hasher.finish();
        let mut numbers = [0; 4];
        for (number, bytes) in numbers.iter_mut().zip(digest.as_bytes().chunks_exact(8)) {
            *number = bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        }
        numbers
    }
}

/// When on a local day the main zone is to show something that a picture could be taken of: its dayparts, as far as the wall
/// is on.
fn pictured(playlist: &Playlist, wall: &WallSettings, date: NaiveDate, tz: Tz) -> Vec<UtcInterval> {
    let day = day_of(date, tz);
    let nights = date.pred_opt().into_iter().chain([date]).flat_map(|date| wall.off_on(date, tz));
    let parts = playlist.dayparts_within(ZoneName::Main, day);
    UtcInterval::without(&UtcInterval::union(parts), &UtcInterval::union(nights.collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const SHANGHAI: Tz = Tz::Asia__Shanghai;
    const HOUR: i64 = 3_600_000;

    fn orders(nonce: u8, per_day: u8) -> EvidenceOrders {
        EvidenceOrders { nonce: Digest::of(&[nonce]), per_day }
    }

    fn screen(n: u128) -> ScreenId {
        ScreenId::new(Uuid::from_u128(n))
    }

    fn date() -> NaiveDate {
        "2025-06-02".parse().unwrap()
    }

    fn hours(date: NaiveDate, tz: Tz, spans: &[(i64, i64)]) -> Vec<UtcInterval> {
        let start = day_of(date, tz).start;
        spans
            .iter()
            .map(|(from, to)| UtcInterval { start: start.plus(from * HOUR), end: start.plus(to * HOUR) })
            .collect()
    }

    proptest! {
        #[test]
        fn as_many_moments_as_ordered_lie_apart_within_what_is_due(
            nonce: [u8; 32], id: u128, days in 0_i64..20_000, per_day in 1..=EvidenceOrders::MOST,
            from in 0_i64..20, lasts in 2_i64..4, zone in 0..3_usize,
        ) {
            let tz = [SHANGHAI, Tz::America__New_York, Tz::Asia__Kathmandu][zone];
            let date = NaiveDate::default() + chrono::TimeDelta::days(days);
            let due = hours(date, tz, &[(from, from + lasts)]);
            let orders = EvidenceOrders { nonce: Digest::from_bytes(nonce), per_day };
            let moments = orders.moments(screen(id), date, tz, &due);
            prop_assert_eq!(moments.len(), usize::from(per_day));
            prop_assert!(moments.windows(2).all(|pair| pair[1].since(pair[0]) >= APART));
            prop_assert!(moments.iter().all(|at| due[0].contains(*at) && day_of(date, tz).contains(*at)));
            prop_assert_eq!(&moments, &orders.moments(screen(id), date, tz, &due), "whoever asks again gets the same");
        }

        #[test]
        fn another_nonce_screen_or_day_has_other_moments(nonce: [u8; 32], other: [u8; 32], id: u128, next: u128) {
            prop_assume!(nonce != other && id != next);
            let of = |nonce: [u8; 32], id, date: NaiveDate| {
                let due = [day_of(date, SHANGHAI)];
                let orders = EvidenceOrders { nonce: Digest::from_bytes(nonce), per_day: 2 };
                let moments = orders.moments(screen(id), date, SHANGHAI, &due);
                moments.into_iter().map(|at| at.since(due[0].start)).collect::<Vec<_>>()
            };
            let first = of(nonce, id, date());
            prop_assert_ne!(&first, &of(other, id, date()));
            prop_assert_ne!(&first, &of(nonce, next, date()));
            prop_assert_ne!(&first, &of(nonce, id, date().succ_opt().unwrap()));
        }

        #[test]
        fn what_becomes_due_or_no_longer_is_moves_no_moment_that_stays_due(nonce: u8, cut in 9_i64..16) {
            let whole = orders(nonce, 4).moments(screen(1), date(), SHANGHAI, &hours(date(), SHANGHAI, &[(8, 18)]));
            let parts = hours(date(), SHANGHAI, &[(8, cut), (cut + 1, 18)]);
            let left = orders(nonce, 4).moments(screen(1), date(), SHANGHAI, &parts);
            let stays = |at: &&UtcMillis| parts.iter().any(|part| part.contains(**at));
            prop_assert!(whole.iter().filter(stays).all(|at| left.contains(at)), "{whole:?} {left:?}");
        }
    }

    #[test]
    fn moments_are_spread_evenly_over_the_day() {
        let due = [day_of(date(), SHANGHAI)];
        let mut of_hour = [0_u32; 24];
        for n in 0..6_000 {
            for at in orders(1, 2).moments(screen(n), date(), SHANGHAI, &due) {
                of_hour[(at.since(due[0].start) / HOUR) as usize] += 1;
            }
        }
        // 500 expected; six standard deviations.
        assert!(of_hour.iter().all(|n| (365..=635).contains(n)), "{of_hour:?}");
    }

    #[test]
    fn where_nothing_is_due_there_is_no_moment_and_next_to_nothing_ends_the_search() {
        assert_eq!(orders(1, 2).moments(screen(1), date(), SHANGHAI, &[]), []);
        let start = day_of(date(), SHANGHAI).start;
        let blink = UtcInterval { start, end: start.plus(1) };
        assert!(orders(1, 24).moments(screen(1), date(), SHANGHAI, &[blink]).len() <= 1);
    }

    #[test]
    fn the_moments_of_a_nonce_are_these_for_ever() {
        let due = hours(date(), SHANGHAI, &[(8, 20)]);
        let moments = orders(7, 3).moments(screen(9), date(), SHANGHAI, &due);
        let said: Vec<_> = moments.iter().map(ToString::to_string).collect();
        assert_eq!(said, GOLDEN, "manifests that were signed mean these moments");
    }

    const GOLDEN: [&str; 3] = ["2025-06-02T00:57:19.937Z", "2025-06-02T02:57:04.761Z", "2025-06-02T08:02:12.169Z"];
}
