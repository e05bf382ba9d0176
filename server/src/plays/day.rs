//! A screen's day, expected against actual: reads what `core::playlog::shown` compares.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;
use xuanping_core::{
    geometry::ZoneName,
    id::ScreenId,
    playlog::shown::{Seen, Told, ZoneDay, compare, dark, filled},
    recurrence::day_of,
    time::{UtcInterval, UtcMillis},
};

use super::{
    Order, PlayError, Plays, flags,
    opened::day_number,
    store::{self, batches::Kept, days::Sought},
};
use crate::{accounts::Principal, screens::Screen};

/// How far around the day is looked for the plays before and after a gap, in milliseconds.
const AROUND: i64 = 12 * 3_600_000;

/// One local day of one screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShownDay {
    /// The day.
    pub date: NaiveDate,
    /// IANA zone it is counted in.
    pub timezone: String,
    /// Its beginning and end.
    pub day: UtcInterval,
    /// Until when the screen has reported; none: never.
    pub reported_until: Option<UtcMillis>,
    /// Zone by zone.
    pub zones: Vec<ZoneDay>,
}

impl Plays {
    /// A local day of a screen that this person may look at, expected against actual, as far as it has passed.
    pub async fn shown_day(
        &self,
        screen: ScreenId,
        date: NaiveDate,
        who: &Principal,
        now: UtcMillis,
    ) -> Result<ShownDay, PlayError> {
        let screen = self.seen_by(screen, who).await?;
        self.day_of(&screen, date, now).await
    }

    /// The same, whoever asks.
    pub(super) async fn day_of(&self, screen: &Screen, date: NaiveDate, now: UtcMillis) -> Result<ShownDay, PlayError> {
        let timezone: Tz = screen.timezone.parse().unwrap_or(Tz::Asia__Shanghai);
        let day = day_of(date, timezone);
        let passed = UtcInterval { start: day.start, end: day.end.min(now).max(day.start) };
        let mut said = Told::default();
        let around = UtcInterval { start: day.start.plus(-AROUND), end: day.end.plus(AROUND) };
        let keys = self.screens.keys(screen).await?;
        for kept in self.around(screen.id, date).await? {
            // What was stored was verified; one that is damaged since says nothing here, and its time is a gap.
            let signed = self.signed(&kept).await?.unwrap_or_default();
            let Ok(batch) = keys.verify(signed) else { continue };
            let batch = batch.batch();
            if !batch.plays.iter().any(|play| around.contains(play.start)) {
                continue;
            }
            // Flags that are damaged leave nothing to be believed.
            let flags = flags::read(&kept.flags, batch.plays.len()).unwrap_or_default();
            said.walls.extend(&batch.walls);
            said.plays.extend((0..).zip(&batch.plays).map(|(position, play): (usize, _)| Seen {
                play: play.clone(),
                boot: batch.boot,
                believed: flags.get(position) == Some(&None),
            }));
        }
        let mut told = self.playlists.told(screen.id, MOST_TOLD).await?;
        told.reverse();
        let mut zones: Vec<(ZoneName, Vec<UtcInterval>)> =
            screen.layout.zones(screen.size, screen.sound).iter().map(|zone| (zone.name, Vec::new())).collect();
        for (nth, each) in told.iter().enumerate() {
            let until = told.get(nth + 1).map_or(passed.end, |next| next.issued);
            let Some(in_force) = UtcInterval::checked(each.issued, until).and_then(|f| f.intersection(passed)) else {
                continue;
            };
            let playlist = self.playlists.playlist(each.playlist).await?;
            for (zone, expected) in &mut zones {
                expected.extend(filled(&playlist, *zone, date).into_iter().filter_map(|f| f.intersection(in_force)));
            }
        }
        let walls = self.playlists.walls_told(screen.id, passed).await?;
        said.sealed = store::batches::reported_until(&self.db, screen.id).await?;
        said.waits = store::findings::waits(&self.db, screen.id).await?;
        let lit =
            |zone, expected| UtcInterval::without(&UtcInterval::union(expected), &dark(&walls, zone, date, timezone));
        let zones = zones.into_iter().map(|(zone, e)| compare(zone, lit(zone, e), &said)).collect();
        Ok(ShownDay { date, timezone: screen.timezone.clone(), day, reported_until: said.sealed, zones })
    }
}

impl Plays {
    /// The batches that hold plays of a screen's local day, of the one before or the one after.
    pub(super) async fn around(&self, screen: ScreenId, date: NaiveDate) -> Result<Vec<Kept>, PlayError> {
        let Some(number) = self.numbers.screen(screen).await? else { return Ok(Vec::new()) };
        let day = day_number(date);
        let sought = Sought { screen: Some(number), places: None, from: day - 1, to: day + 1, counts: false };
        let (days, _) = store::days::page(&self.db, &sought, Order::OldestFirst, None, MOST_PLACES).await?;
        let spans: Vec<_> = days.into_iter().map(|day| day.span).collect();
        let mut batches = store::batches::all_of(&self.db, &spans).await?;
        batches.sort_by_key(|batch| batch.sequence);
        batches.dedup_by_key(|batch| batch.sequence);
        Ok(batches)
    }
}

/// Places that a screen hung in within three days, at most.
const MOST_PLACES: u32 = 100;

/// Playlists of one screen that are looked back over.
const MOST_TOLD: usize = 400;
