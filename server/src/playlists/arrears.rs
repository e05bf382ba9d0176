//! What screens have to make up for of their quotas: told once a day by whoever counts the plays, and part of what makes
//! programmes differ until the next day.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use chrono_tz::Tz;
use xuanping_core::{
    campaign::{Booking, Calendar, Mode, Pace, Progress, Quota},
    id::{BookingId, ScreenId},
    playlist::Programme,
    recurrence::OpeningHours,
    time::UtcMillis,
};

use super::{
    PlaylistError, Playlists, Replan,
    programme::{intensity, zone_of},
};
use crate::db::{Db, DbError, placeholders, sql};

/// Of one screen, booking by booking.
pub(super) type OfScreen = BTreeMap<BookingId, Arrears>;

/// What a screen has to make up for of one booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrears {
    /// Which screen.
    pub screen: ScreenId,
    /// Of which booking.
    pub booking: BookingId,
    /// The day before which it was counted, and from which on it is made up for.
    pub first: NaiveDate,
    /// How far the screen was then.
    pub progress: Progress,
}

/// When a venue is open, and by which clock.
#[derive(Debug, Clone, Copy)]
pub struct Hours<'a> {
    /// Its hours.
    pub opening: &'a OpeningHours,
    /// Its zone.
    pub timezone: Tz,
}

impl<'a> Hours<'a> {
    /// The hours of a venue in an IANA zone; in the county's if there is none of that name.
    pub fn new(opening: &'a OpeningHours, timezone: &str) -> Self {
        Self { opening, timezone: zone_of(timezone) }
    }
}

impl Arrears {
    /// What is left to be made up for on a day and after it; 0 when the period is over or the booking is no such quota now.
    pub(super) fn left(&self, booking: &Booking, hours: Hours<'_>, date: NaiveDate) -> u32 {
        let pace = pace(booking, hours, self.first);
        pace.map_or(0, |pace| pace.still_missed(self.progress.missed, self.first, date.max(self.first)))
    }
}

/// A booking's quota in the period around a day, at a venue with these hours; none if it has none.
pub fn pace(booking: &Booking, Hours { opening, timezone }: Hours<'_>, date: NaiveDate) -> Option<Pace> {
    let quota = quota(booking)?;
    let intensity = intensity(booking);
    let calendar = Calendar { schedule: &booking.schedule, opening, timezone, intensity: &intensity };
    Some(Pace::around(date, quota, booking.most_per_day, &calendar))
}

/// The quota of a booking, if it has one.
pub fn quota(booking: &Booking) -> Option<Quota> {
    let Mode::Quota(quota) = booking.mode else { return None };
    Some(quota)
}

/// What a screen makes up for from a day on.
pub(super) fn left<'a>(
    arrears: &OfScreen,
    bookings: impl Iterator<Item = &'a Booking>,
    hours: Hours<'_>,
    date: NaiveDate,
) -> BTreeMap<BookingId, u32> {
    let left = bookings.filter_map(|booking| Some((booking.id, arrears.get(&booking.id)?.left(booking, hours, date))));
    left.filter(|(_, left)| *left > 0).collect()
}

/// Tells a programme what its screens make up for.
pub(super) fn tell(programme: &mut Programme, missed: &BTreeMap<BookingId, u32>) {
    for booking in &mut programme.bookings {
        booking.missed = missed.get(&booking.booking).copied().unwrap_or(0);
    }
}

impl Playlists {
    /// Takes what was found in place of what was known, and plans if that changes anything.
    pub async fn owe(&self, mut found: Vec<Arrears>, now: UtcMillis) -> Result<(), PlaylistError> {
        found.retain(|each| each.progress.missed > 0);
        found.sort_by_key(|each| (each.screen, each.booking));
        let before: Vec<_> = read(&self.db, None).await?.into_values().flat_map(BTreeMap::into_values).collect();
        if before.len() == found.len() && before.iter().all(|each| found.contains(each)) {
            return Ok(());
        }
        tracing::info!(bookings = found.len(), "screens make up for what they missed of quotas");
        replace(&self.db, &found).await?;
        self.replan(Replan::Everything, now).await
    }

    /// What one screen has to make up for.
    pub(super) async fn arrears_of(&self, screen: ScreenId) -> Result<OfScreen, PlaylistError> {
        Ok(read(&self.db, Some(screen)).await?.remove(&screen).unwrap_or_default())
    }

    /// What all screens, or one, have to make up for.
    pub(super) async fn arrears(&self, only: Option<ScreenId>) -> Result<HashMap<ScreenId, OfScreen>, PlaylistError> {
        Ok(read(&self.db, only).await?)
    }
}

async fn read(db: &Db, only: Option<ScreenId>) -> Result<HashMap<ScreenId, OfScreen>, DbError> {
    let columns = "SELECT screen_id, booking_id, first_day, due, made, missed FROM arrears";
    let rows = match only {
        Some(screen) => db.all(sql(format!("{columns} WHERE screen_id = $1")).bind(screen)).await?,
        None => db.all(sql(columns)).await?,
    };
    let mut all: HashMap<ScreenId, OfScreen> = HashMap::new();
    for row in &rows {
        let progress = Progress { due: row.number("due")?, made: row.number("made")?, missed: row.number("missed")? };
        let (screen, booking, first) = (row.parse("screen_id")?, row.parse("booking_id")?, row.parse("first_day")?);
        all.entry(screen).or_default().insert(booking, Arrears { screen, booking, first, progress });
    }
    Ok(all)
}

async fn replace(db: &Db, found: &[Arrears]) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    tx.exec(sql("DELETE FROM arrears")).await?;
    for some in found.chunks(100) {
        let row = |row: usize| format!("({})", placeholders(row * 6 + 1, 6));
        let rows: Vec<_> = (0..some.len()).map(row).collect();
        let insert = format!(
            "INSERT INTO arrears (screen_id, booking_id, first_day, due, made, missed) VALUES {}",
            rows.join(", ")
        );
        let insert = some.iter().fold(sql(insert), |insert, each| {
            insert
                .bind(each.screen)
                .bind(each.booking)
                .bind(each.first.to_string())
                .bind(each.progress.due)
                .bind(each.progress.made)
                .bind(each.progress.missed)
        });
        tx.exec(insert).await?;
    }
    tx.commit().await
}
