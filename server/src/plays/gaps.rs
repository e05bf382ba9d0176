//! Gaps as findings: every night all screens' days are compared with what they should have been, and what needs a look is kept
//! with its likely cause (`core::playlog::gaps`). A screen that was silent is looked at again once it has reported.

use std::time::Duration;

use chrono::{Days, NaiveDate, Timelike as _};
use serde::Serialize;
use utoipa::ToSchema;
use xuanping_core::{
    id::ScreenId,
    playlog::{
        gaps::{GapFinding, findings},
        shown::Cause,
    },
    time::UtcMillis,
};

use super::{
    PlayError, Plays,
    opened::{day_number, day_of_number},
    store,
};
use crate::{
    accounts::Scope,
    clock,
    playlists::COUNTY_ZONE,
    screens::{Screen, ScreenFilter},
};

/// From this hour of the county on, the day before is looked through: players that are on have sent all of it by then.
const LOOK_FROM: u32 = 4;
/// So many days back are looked through if nobody did yet: the server may have been off.
const DAYS_BACK: u64 = 7;
/// For so many days a silent screen's gaps wait for what it has to say: players keep a month.
const DAYS_TO_WAIT: u64 = 45;

/// A gap that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundGap {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub screen: ScreenId,
    /// On which local day.
    pub day: NaiveDate,
    /// What was found.
    pub gap: GapFinding,
    /// When that was.
    pub found_at: UtcMillis,
    /// When what came since left nothing of it; `None`: it stands.
    pub resolved_at: Option<UtcMillis>,
}

/// Which gaps.
#[derive(Debug, Clone, Default)]
pub struct GapFilter {
    /// Of this screen.
    pub screen: Option<ScreenId>,
    /// For this cause.
    pub cause: Option<Cause>,
    /// From this local day on.
    pub day_from: Option<NaiveDate>,
    /// Until this local day, included.
    pub day_to: Option<NaiveDate>,
    /// Only those that stand.
    pub open_only: bool,
    /// Only what the person may see.
    pub scope: Scope,
}

/// What a cause comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = GapCauseLine)]
pub struct CauseLine {
    /// Which.
    pub cause: Cause,
    /// How many gaps were found.
    pub findings: i64,
    /// On how many screens.
    pub screens: i64,
    /// Milliseconds that were missing altogether.
    pub missing_ms: i64,
}

/// A day that was looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LookedThrough {
    /// Which.
    pub day: NaiveDate,
    /// When it was.
    pub at: UtcMillis,
    /// How many screens were in service.
    pub screens: usize,
}

/// What looking through a day came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looked {
    /// Screens that were looked at.
    pub screens: usize,
    /// Screens that could not be: the log says why.
    pub failed: usize,
    /// Gaps that stand.
    pub found: usize,
    /// Of these, not known before.
    pub new: usize,
    /// Known before, and no more.
    pub resolved: usize,
}

impl Plays {
    /// Looks through each day in the night after it, for ever.
    pub async fn keep_gaps(&self) {
        let mut done = None;
        loop {
            let now = clock::now();
            let local = now.to_datetime().unwrap_or_default().with_timezone(&COUNTY_ZONE);
            if done != Some(local.date_naive()) && local.hour() >= LOOK_FROM {
                match self.find_new_gaps(local.date_naive(), now).await {
                    Ok(()) => done = Some(local.date_naive()),
                    Err(error) => tracing::error!(%error, "gaps of the days before could not be looked for"),
                }
            }
            tokio::time::sleep(Duration::from_mins(5)).await;
        }
    }

    /// Looks through days before this one that nobody looked through, and again at screens that have reported since.
    pub async fn find_new_gaps(&self, today: NaiveDate, now: UtcMillis) -> Result<(), PlayError> {
        let first = today.checked_sub_days(Days::new(DAYS_BACK)).unwrap_or(today);
        let done = store::gaps::looked_through(&self.db, day_number(first), day_number(today)).await?;
        for day in first.iter_days().take_while(|day| *day < today) {
            if !done.iter().any(|each| each.day == day) {
                let looked = self.find_gaps(day, now).await?;
                tracing::info!(%day, ?looked, "gaps looked for");
            }
        }
        let since = today.checked_sub_days(Days::new(DAYS_TO_WAIT)).unwrap_or(today);
        for (screen, day) in store::gaps::told_since(&self.db, day_number(since)).await? {
            let screen = self.screens.get(screen).await?;
            self.find_gaps_of(&screen, day_of_number(day), now).await?;
        }
        Ok(())
    }

    /// Looks through a day of all screens in service.
    pub async fn find_gaps(&self, day: NaiveDate, now: UtcMillis) -> Result<Looked, PlayError> {
        let mut looked = Looked::default();
        for screen in self.screens.list(&ScreenFilter::default()).await? {
            match self.find_gaps_of(&screen, day, now).await {
                Ok((found, new, resolved)) => {
                    looked.screens += 1;
                    looked.found += found;
                    looked.new += new;
                    looked.resolved += resolved;
                }
                // One screen with a damaged row must not hide the gaps of all others; a database that fails fails for all.
                Err(error) => {
                    tracing::error!(screen = %screen.id, %day, %error, "a screen's day could not be looked through");
                    looked.failed += 1;
                    if looked.screens == 0 {
                        return Err(error);
                    }
                }
            }
        }
        // A county without screens was not looked through.
        if looked.screens > 0 {
            let mut tx = self.db.begin().await?;
            store::gaps::note_day(&mut tx, day_number(day), looked.screens, now).await?;
            tx.commit().await?;
        }
        Ok(looked)
    }

    /// Gaps of a screen's day that stand; how many of them were not known, and how many known ones do not stand any more.
    async fn find_gaps_of(
        &self,
        screen: &Screen,
        day: NaiveDate,
        now: UtcMillis,
    ) -> Result<(usize, usize, usize), PlayError> {
        let shown = self.day_of(screen, day, now).await?;
        let found: Vec<GapFinding> = shown.zones.iter().flat_map(findings).collect();
        let mut tx = self.db.begin().await?;
        let (new, resolved) = store::gaps::put(&mut tx, screen, day_number(day), &found, now).await?;
        tx.commit().await?;
        Ok((found.len(), new, resolved))
    }

    /// Gaps that were found, those of the newest day first, behind this one.
    pub async fn gaps(
        &self,
        filter: &GapFilter,
        behind: Option<(NaiveDate, i64)>,
        limit: u32,
    ) -> Result<Vec<FoundGap>, PlayError> {
        let behind = behind.map(|(day, id)| (day_number(day), id));
        Ok(store::gaps::list(&self.db, filter, behind, limit).await?)
    }

    /// What they come to, cause by cause.
    pub async fn gap_causes(&self, filter: &GapFilter) -> Result<Vec<CauseLine>, PlayError> {
        Ok(store::gaps::causes(&self.db, filter).await?)
    }

    /// Days within these that were looked through, the newest first.
    pub async fn looked_through(
        &self,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<Vec<LookedThrough>, PlayError> {
        let (from, to) = (from.map_or(i64::MIN, day_number), to.map_or(i64::MAX, day_number));
        Ok(store::gaps::looked_through(&self.db, from, to).await?)
    }
}
