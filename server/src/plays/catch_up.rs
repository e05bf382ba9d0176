//! What screens missed of their quotas, counted from the play log once a day and handed to the planner.
//!
//! Once, and in the small hours: what is to be made up for makes the programmes of screens differ, so it changes no more
//! often than the horizon rolls, and by then players that are on have sent the evening's plays.

use std::collections::{HashMap, hash_map::Entry};

use chrono::{NaiveDate, Timelike as _};
use xuanping_core::{
    campaign::{Booking, Pace, Period},
    id::ScreenId,
    recurrence::OpeningHours,
    time::UtcMillis,
};

use super::{PlayError, Plays};
use crate::{
    campaigns::facts_of,
    clock,
    playlists::{Arrears, COUNTY_ZONE, Hours, pace, quota},
    screens::{Screen, ScreenFilter},
};

/// From this hour of the county on, the plays of the day before are counted.
const LOOK_FROM: u32 = 2;

impl Plays {
    /// Looks once a day, for ever.
    pub async fn keep_quotas(&self) {
        let mut looked_on = None;
        loop {
            let now = clock::now();
            let local = now.to_datetime().unwrap_or_default().with_timezone(&COUNTY_ZONE);
            if looked_on != Some(local.date_naive()) && local.hour() >= LOOK_FROM {
                match self.count_missed(now).await {
                    Ok(()) => looked_on = Some(local.date_naive()),
                    Err(error) => tracing::error!(%error, "what screens missed of quotas could not be counted"),
                }
            }
            tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        }
    }

    /// Counts what every screen missed, before today, of the quotas in force, and has it made up for.
    pub async fn count_missed(&self, now: UtcMillis) -> Result<(), PlayError> {
        let today = clock::date_in(now, COUNTY_ZONE);
        let mut found = Vec::new();
        let screens = self.screens.list(&ScreenFilter::default()).await?;
        for booking in self.campaigns.in_force().await? {
            found.extend(self.missed_of(&booking, &screens, today).await?);
        }
        Ok(self.playlists.owe(found, now).await?)
    }

    async fn missed_of(
        &self,
        booking: &Booking,
        screens: &[Screen],
        today: NaiveDate,
    ) -> Result<Vec<Arrears>, PlayError> {
        let Some(quota) = quota(booking).filter(|quota| quota.per() != Period::Day) else { return Ok(Vec::new()) };
        let first = quota.per().around(today).first;
        // The day on which it was published, or a screen paired, was no whole day.
        let whole_after = |at: UtcMillis| clock::date_in(at, COUNTY_ZONE).succ_opt();
        let published = self.campaigns.first_published(booking).await?.and_then(whole_after);
        let Some(since) = published.map(|day| day.max(first)).filter(|day| *day < today) else { return Ok(Vec::new()) };
        let made: HashMap<ScreenId, u32> = self.made(booking, since, today).await?;
        let matcher = booking.selector.matcher();
        let mine = screens.iter().filter(|screen| facts_of(screen).is_some_and(|facts| matcher.matches(&facts)));
        // Venues with the same hours have the same days.
        let mut paces: HashMap<(OpeningHours, String), Pace> = HashMap::new();
        let missed = mine.filter_map(|screen| {
            let since = since.max(whole_after(screen.enrolled_at)?);
            let hours = (screen.venue.opening.clone(), screen.timezone.clone());
            let pace = match paces.entry(hours) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let pace = pace(booking, Hours::new(&screen.venue.opening, &screen.timezone), today)?;
                    new.insert(pace)
                }
            };
            let progress = pace.progress(since, today, made.get(&screen.id).copied().unwrap_or(0));
            Some(Arrears { screen: screen.id, booking: booking.id, first: today, progress })
        });
        Ok(missed.filter(|each| each.progress.missed > 0).collect())
    }
}
