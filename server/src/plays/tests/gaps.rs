//! Gaps as findings: found in the night, kept with their cause, filled when a silent screen has reported.

use xuanping_core::playlog::{WallChange, WallReason, WallState, shown::Cause};

use super::*;
use crate::{
    accounts::Scope,
    db::testing::for_each_database,
    plays::gaps::{FoundGap, GapFilter},
};

/// A county whose screens were told to play ten hours ago, of which the first has reported until `told` minutes after that.
struct Night {
    county: County,
    player: Player,
    began: UtcMillis,
    now: UtcMillis,
}

const MINUTE: i64 = 60_000;

impl Night {
    async fn new(db: &Db) -> Self {
        let county = County::new(db).await;
        let player = county.player(1, 0).await;
        county.publish().await;
        county.told_earlier(db, 60 * MINUTE).await;
        let issued = county.app.playlists.told(player.screen.id, 10).await.unwrap().last().unwrap().issued;
        // When a slot begins.
        county.told_earlier(db, issued.0 % 6_000).await;
        let began = issued.plus(-(issued.0 % 6_000));
        Self { county, player, began, now: began.plus(50 * MINUTE) }
    }

    /// Shows everything from one minute to another and reports it.
    async fn shows(&mut self, from: i64, to: i64, walls: &[(i64, WallState)]) {
        let at = |minute: i64| self.began.plus(minute * MINUTE);
        let start = |n: i64| at(from).plus(n * 6_000);
        let plays = (0..(to - from) * 10).map(|n| play(start(n))).collect();
        let mut batch = self.player.batch(vec![self.county.given_ref(&self.player).await], plays);
        batch.sealed = at(to);
        let change = |(minute, state): &(i64, WallState)| WallChange {
            from: at(*minute),
            state: *state,
            why: WallReason::Order,
        };
        batch.walls = walls.iter().map(change).collect();
        let batch = SignedBatch::sign(batch, &self.player.key);
        let screen = &self.player.screen;
        self.county.app.plays.ingest(screen, batch.signed().to_vec(), self.now).await.unwrap();
        (self.player.sequence, self.player.previous) = (self.player.sequence + 1, batch.digest());
    }

    async fn found(&self, filter: GapFilter) -> Vec<FoundGap> {
        self.county.app.plays.gaps(&filter, None, 100).await.unwrap()
    }

    /// Gaps that stand: cause, from which minute to which.
    async fn open(&self) -> Vec<(Cause, i64, i64)> {
        let found = self.found(GapFilter { open_only: true, ..GapFilter::default() }).await;
        let minute = |at: UtcMillis| at.since(self.began) / MINUTE;
        let mut open: Vec<_> = found.iter().map(|f| (f.gap.cause, minute(f.gap.start), minute(f.gap.end))).collect();
        open.sort_by_key(|gap| gap.1);
        open
    }

    /// The days that the fifty minutes lie in: two, around midnight.
    fn days(&self) -> Vec<NaiveDate> {
        let first = clock::date_in(self.began, chrono_tz::Asia::Shanghai);
        let last = clock::date_in(self.now, chrono_tz::Asia::Shanghai);
        first.iter_days().take_while(|day| *day <= last).collect()
    }

    async fn look(&self) {
        for day in self.days() {
            self.county.app.plays.find_gaps(day, self.now).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_gap_is_found_once_with_its_cause_and_a_wall_that_was_off_is_none() {
    for_each_database(async |db| {
        let mut night = Night::new(&db).await;
        night.shows(0, 5, &[]).await;
        // Nothing for five minutes, then off for ten by somebody at the machine, then on again.
        night.shows(20, 50, &[(0, WallState::On), (10, WallState::Off), (20, WallState::On)]).await;
        if night.days().len() > 1 {
            return; // Midnight is within: each day has its part, and this is about one.
        }
        night.look().await;
        assert_eq!(night.open().await, [(Cause::Unknown, 5, 10)]);
        night.look().await;
        assert_eq!(night.found(GapFilter::default()).await.len(), 1, "the same gap is the same finding");
        let causes = night.county.app.plays.gap_causes(&GapFilter::default()).await.unwrap();
        assert_eq!(causes.len(), 1);
        assert_eq!((causes[0].cause, causes[0].findings, causes[0].screens), (Cause::Unknown, 1, 1));
        assert_eq!(causes[0].missing_ms, 5 * MINUTE);
        let looked = night.county.app.plays.looked_through(None, None).await.unwrap();
        assert_eq!(looked.iter().map(|day| (day.day, day.screens)).collect::<Vec<_>>(), [(night.days()[0], 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_screen_that_was_silent_is_looked_at_again_once_it_has_reported() {
    for_each_database(async |db| {
        let mut night = Night::new(&db).await;
        if night.days().len() > 1 {
            return;
        }
        night.shows(0, 10, &[]).await;
        night.look().await;
        assert_eq!(night.open().await, [(Cause::NotReported, 10, 50)]);
        // The network is back: all of it had been shown but for five minutes.
        night.shows(10, 30, &[]).await;
        night.shows(35, 50, &[]).await;
        let tomorrow = night.days()[0].succ_opt().unwrap();
        night.county.app.plays.find_new_gaps(tomorrow, night.now).await.unwrap();
        assert_eq!(night.open().await, [(Cause::Unknown, 30, 35)]);
        let all = night.found(GapFilter::default()).await;
        let silent = all.iter().find(|found| found.gap.cause == Cause::NotReported).unwrap();
        assert_eq!(silent.resolved_at, Some(night.now), "that it was silent is kept");
    })
    .await;
}

#[tokio::test]
async fn a_screen_whose_batches_wait_for_a_missing_one_is_not_taken_for_silent() {
    for_each_database(async |db| {
        let mut night = Night::new(&db).await;
        if night.days().len() > 1 {
            return;
        }
        night.shows(0, 10, &[]).await;
        // The next one is lost on its way, and the one after it comes.
        let item = night.county.given_ref(&night.player).await;
        night.player.seal(vec![item], vec![play(night.began.plus(10 * MINUTE))]);
        let later = night.player.sealed(vec![item], vec![play(night.began.plus(11 * MINUTE))]);
        let refused = night.county.ingest(&night.player, &later).await;
        assert!(matches!(refused, Err(IngestError::OutOfOrder { .. })));
        night.look().await;
        assert_eq!(night.open().await, [(Cause::BatchesMissing, 10, 50)]);
    })
    .await;
}

#[tokio::test]
async fn gaps_are_listed_page_by_page_by_screen_cause_and_days_and_within_a_scope() {
    for_each_database(async |db| {
        let night = Night::new(&db).await;
        let other = night.county.player(2, 1).await;
        night.county.work().await;
        night.look().await;
        let plays = &night.county.app.plays;
        let of = async |filter: GapFilter| night.found(filter).await.len();
        let all = night.found(GapFilter::default()).await;
        assert!(all.iter().any(|gap| gap.screen == night.player.screen.id), "{all:?}");
        let mut paged = Vec::new();
        let mut behind = None;
        while let Some(next) = plays.gaps(&GapFilter::default(), behind, 1).await.unwrap().pop() {
            behind = Some((next.day, next.id));
            paged.push(next);
        }
        assert_eq!(paged, all);
        let mine = |gap: &&FoundGap| gap.screen == night.player.screen.id;
        let screen = Some(night.player.screen.id);
        assert_eq!(of(GapFilter { screen, ..GapFilter::default() }).await, all.iter().filter(mine).count());
        assert_eq!(of(GapFilter { cause: Some(Cause::Clock), ..GapFilter::default() }).await, 0);
        let before = night.days()[0].pred_opt();
        assert_eq!(of(GapFilter { day_to: before, ..GapFilter::default() }).await, 0);
        assert_eq!(of(GapFilter { day_from: before, ..GapFilter::default() }).await, all.len());
        let western = Scope { area: Some("330482101000".into()), department: None };
        let west = night.found(GapFilter { scope: western, ..GapFilter::default() }).await;
        assert!(west.iter().all(|gap| gap.screen == other.screen.id), "{west:?}");
        // Counts by cause are counts of what is listed.
        for line in plays.gap_causes(&GapFilter::default()).await.unwrap() {
            let listed = night.found(GapFilter { cause: Some(line.cause), ..GapFilter::default() }).await;
            assert_eq!(line.findings as usize, listed.len());
            assert_eq!(line.missing_ms, listed.iter().map(|found| found.gap.missing_ms).sum::<i64>());
        }
    })
    .await;
}
