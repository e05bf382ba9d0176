//! Batches that were stored with a row for each play (before migration 0059) become batches that are their own record. Done
//! once, when the server starts, in pieces; broken off, it goes on where it was.

use std::collections::HashMap;

use chrono::Timelike as _;
use xuanping_core::{
    id::{BookingId, CampaignId},
    playlog::{Play, PlayStatus},
};

use super::{
    PlayError, Plays,
    counters::DayCounts,
    judge::Count,
    numbers::{Item, Place},
    opened::{day_number, keep},
    store::{
        self,
        batches::Kept,
        days::{Addition, DayKey},
        former::{self, Former},
    },
};

/// Batches converted with one transaction.
const AT_ONCE: u32 = 100;

impl Plays {
    /// Converts what is still stored in the former way.
    pub async fn convert(&self) -> Result<(), PlayError> {
        let mut converted = 0_usize;
        loop {
            let some = former::batches(&self.db, AT_ONCE).await?;
            if some.is_empty() {
                break;
            }
            let mut ready = Vec::with_capacity(some.len());
            for batch in some {
                ready.push((batch.screen, self.converted(batch).await?));
            }
            let mut tx = self.db.begin().await?;
            for (screen, (kept, days)) in &ready {
                // Another process may be at it as well.
                if former::take(&mut tx, *screen, kept.sequence).await? {
                    store::batches::insert(&mut tx, &[kept]).await?;
                    store::days::add(&mut tx, &days.iter().collect::<Vec<_>>()).await?;
                    converted += 1;
                }
            }
            tx.commit().await?;
        }
        if converted > 0 {
            tracing::info!(batches = converted, "play batches are stored without a row for each play now");
        }
        Ok(())
    }

    async fn converted(&self, former: Former) -> Result<(Kept, Vec<Addition>), PlayError> {
        let screen = self.screens.get(former.screen).await?;
        let rows = former::plays(&self.db, former.screen, former.sequence, &screen.timezone).await?;
        let place = rows.first().map_or_else(|| Place::of(&screen), |row| row.place.clone());
        let Ok(batch) = self.screens.keys(&screen).await?.verify(former.signed.clone()) else {
            // Damaged before: kept as it is, so that `admin recount` goes on naming it.
            let (screen, place, _) = self.numbers.give(former.screen, &place, &[]).await?;
            return Ok((damaged(former, screen, place), Vec::new()));
        };
        let said = batch.batch();
        let campaigns: HashMap<BookingId, Option<CampaignId>> =
            rows.iter().map(|row| (row.booking, row.campaign)).collect();
        let items: Vec<Item> = said
            .items
            .iter()
            .map(|item| Item {
                booking: item.booking,
                creative: item.creative,
                asset: item.asset,
                campaign: campaigns.get(&item.booking).copied().flatten(),
            })
            .collect();
        let (screen, place_number, numbers) = self.numbers.give(former.screen, &place, &items).await?;
        let flags: HashMap<u32, _> = rows.iter().map(|row| (row.position, row.flag)).collect();
        let flag = |position: u32| flags.get(&position).copied().flatten();
        let plays: Vec<_> = (0..).zip(&said.plays).map(|(n, play)| (play.status, play.completed(), flag(n))).collect();
        let numbered: Vec<_> = numbers.iter().copied().zip(said.items.iter().copied()).collect();
        let kept = keep(&batch, screen, place_number, &numbered, &plays, former.received);
        let zone = place.zone();
        let mut days: HashMap<i64, DayCounts> = HashMap::new();
        for (play, (.., flag)) in said.plays.iter().zip(&plays) {
            let Some(number) = numbers.get(play.item as usize) else { continue };
            let local = play.start.to_datetime().unwrap_or_default().with_timezone(&zone);
            let day = days.entry(day_number(local.date_naive())).or_default();
            add(day.hour((*number, play.zone), local.hour()), play, flag.is_some());
        }
        let addition = |(day, counts)| Addition {
            key: DayKey { day, place: place_number, screen },
            sequence: former.sequence,
            counts,
        };
        Ok((kept, days.into_iter().map(addition).collect()))
    }
}

/// Counts a play as it was judged when it came in.
pub(super) fn add(count: &mut Count, play: &Play, flagged: bool) {
    if flagged {
        count.not_counted += 1;
        return;
    }
    match play.status {
        PlayStatus::HardwareFailure | PlayStatus::ContentFailure => count.failed += 1,
        PlayStatus::Success if play.completed() => count.completed += 1,
        PlayStatus::Success | PlayStatus::Interrupted => count.interrupted += 1,
    }
    if matches!(play.status, PlayStatus::Success | PlayStatus::Interrupted) {
        count.shown_ms += u64::from(play.actual.0);
    }
}

fn damaged(former: Former, screen: i64, place: i64) -> Kept {
    Kept {
        screen,
        sequence: former.sequence,
        place,
        received: former.received,
        first: former.received,
        last: former.received,
        plays: 0,
        marks: super::flags::Marks::default(),
        items: Vec::new(),
        flags: Vec::new(),
        rest: former.signed,
    }
}
