//! What the play log says, and what it should say. The judge is `core`'s own answer to "what should be on air", asked
//! instant by instant, and the lives of a player as seen from outside; nothing that the player says of itself.

use serde::Deserialize;
use xuanping_core::{
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId, ScreenId},
    playlist::{OnAir, Playlist, Show},
    playlog::{PlayStatus, TriggerKind},
    time::{Millis, UtcInterval, UtcMillis},
};

/// A line of the play log, as the console's API gives it out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlayRecord {
    /// Whose.
    pub screen: ScreenId,
    /// Number of its batch.
    pub sequence: u64,
    /// Place in the batch.
    pub position: u32,
    /// When it went up.
    pub started: UtcMillis,
    /// Where.
    pub zone: ZoneName,
    /// What.
    pub creative: CreativeId,
    /// Digest of the very file.
    pub asset: String,
    /// For which booking (or takeover).
    pub booking: BookingId,
    /// For which campaign.
    pub campaign: Option<CampaignId>,
    /// How long it was to be shown.
    pub planned: Millis,
    /// How long it was.
    pub actual: Millis,
    /// How it went.
    pub status: PlayStatus,
    /// What put it up.
    pub trigger: TriggerKind,
    /// Whether it counts.
    pub counted: bool,
}

impl PlayRecord {
    /// Whether it was shown its full length.
    pub fn completed(&self) -> bool {
        self.status == PlayStatus::Success && self.actual.0 + 500 >= self.planned.0
    }

    /// When it was on the wall.
    pub fn shown(&self) -> UtcInterval {
        UtcInterval { start: self.started, end: self.started + self.actual }
    }
}

/// One showing that a playlist plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedPlay {
    /// When its slot begins and ends.
    pub slot: UtcInterval,
    /// What is shown.
    pub creative: CreativeId,
    /// Whether it is a clip, which a worker shows and may show only in part when the machine is busy.
    pub clip: bool,
}

/// Every showing of a zone whose slot touches `span`, in order, by asking the playlist instant by instant.
pub fn planned(playlist: &Playlist, zone: ZoneName, span: UtcInterval) -> Vec<PlannedPlay> {
    let mut all = Vec::new();
    let mut at = span.start;
    while at < span.end {
        let shown = playlist.on_air(zone, at);
        if let OnAir::Play { item, start, end, .. } = shown {
            let item = &playlist.items[item as usize];
            let clip = matches!(item.show, Show::Clip { .. });
            all.push(PlannedPlay { slot: UtcInterval { start, end }, creative: item.creative, clip });
        }
        match shown.until() {
            Some(next) if next > at => at = next,
            _ => break,
        }
    }
    all
}

/// One life of a player's process, as seen from outside.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// Its process was started then.
    pub begun: UtcMillis,
    /// Its programme was seen on the wall then, if ever.
    pub seen: Option<UtcMillis>,
    /// It was alive until then at least.
    pub alive: UtcMillis,
    /// It was dead from then on.
    pub dead: UtcMillis,
}

/// What a screen's records were found to be.
#[derive(Debug, Default)]
pub struct Account {
    /// Planned showings during which the player was alive from before the start until after the end.
    pub due: usize,
    /// Plays in the log that were shown their full length.
    pub completed: usize,
    /// Plays in the log that were cut short.
    pub interrupted: usize,
    /// Whatever is not as it should be.
    pub complaints: Vec<String>,
}

/// How long a player may take from the end of a slot until its record is written.
const WRITING: i64 = 1_000;
/// The machine's wall clock and its monotonic one round differently.
const ROUNDING: i64 = 20;

/// Compares the records of one zone of one screen with what should have been on air during its player's lives.
pub fn account(playlist: &Playlist, zone: ZoneName, lives: &[Life], records: &[PlayRecord]) -> Account {
    let mut found = Account::default();
    let mut records: Vec<_> = records.iter().filter(|record| record.zone == zone).collect();
    records.sort_by_key(|record| record.started);
    found.completed = records.iter().filter(|record| record.completed()).count();
    found.interrupted = records.len() - found.completed;
    let Some((first, last)) = lives.first().zip(lives.last()) else { return found };
    // From a slot before on, because the first play may have begun in the middle of one.
    let span = UtcInterval { start: first.begun.plus(-120_000), end: last.dead };
    let planned = planned(playlist, zone, span);

    // Nothing is in the log that was not on the wall.
    for record in &records {
        let shown = record.shown();
        if !lives.iter().any(|l| l.begun <= shown.start && shown.end.since(l.dead) <= ROUNDING) {
            found.complaints.push(format!("shown while no player was alive: {record:?}"));
        }
        let slot = planned.iter().find(|p| p.slot.start <= shown.start && shown.start < p.slot.end);
        if slot.is_none_or(|slot| slot.creative != record.creative) {
            found.complaints.push(format!("not what should have been on air ({slot:?}): {record:?}"));
        }
    }
    for pair in records.windows(2) {
        if pair[1].started.since(pair[0].shown().end) < -ROUNDING {
            found.complaints.push(format!("two plays at once: {pair:?}"));
        }
    }
    // Everything is in the log that was on the wall, once.
    for plan in &planned {
        let of_slot: Vec<_> =
            records.iter().filter(|r| plan.slot.start <= r.started && r.started < plan.slot.end).collect();
        if of_slot.iter().filter(|record| record.completed()).count() > 1 {
            found.complaints.push(format!("completed more than once: {of_slot:?}"));
        }
        let whole = |life: &&Life| {
            life.seen.is_some_and(|seen| seen <= plan.slot.start) && life.alive.since(plan.slot.end) >= WRITING
        };
        let Some(life) = lives.iter().find(whole) else { continue };
        found.due += 1;
        match of_slot[..] {
            [record] if record.completed() || plan.clip || record.started.since(plan.slot.start) > 500 => {}
            _ => found.complaints.push(format!("{plan:?} was on the wall in {life:?} and is recorded as {of_slot:?}")),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use xuanping_core::{
        digest::Digest,
        geometry::Size,
        playlist::{Day, Daypart, Item, Loop, PLAYLIST_VERSION, Slot, ZoneProgramme},
        vocabulary::CreativeKind,
    };

    use super::*;

    const BEGUN: UtcMillis = UtcMillis(600_000);

    fn id(n: usize) -> Uuid {
        Uuid::from_u128(n as u128)
    }

    /// Two posters of three seconds by turns, all day.
    fn playlist() -> Playlist {
        let item = |n| Item {
            booking: BookingId::new(id(9)),
            creative: CreativeId::new(id(n)),
            asset: Digest::ZERO,
            bytes: 1,
            show: Show::Picture { size: Size { width: 1, height: 1 } },
            duration: Millis(3_000),
            kind: CreativeKind::Poster,
            ends: None,
        };
        let slot = |item| Slot { item, duration: Millis(3_000) };
        let part = Daypart { start: UtcMillis(0), end: UtcMillis(86_400_000), looped: 0 };
        let day = Day { date: "1970-01-01".parse().unwrap(), dayparts: vec![part], events: Vec::new() };
        Playlist {
            version: PLAYLIST_VERSION,
            timezone: "Etc/UTC".into(),
            items: vec![item(0), item(1)],
            loops: vec![Loop { slots: vec![slot(0), slot(1)], hold: None }],
            zones: vec![ZoneProgramme { zone: ZoneName::Main, days: vec![day] }],
        }
    }

    fn play(started: i64, creative: usize, actual: u32) -> PlayRecord {
        PlayRecord {
            screen: ScreenId::new(id(0)),
            sequence: 1,
            position: 0,
            started: BEGUN.plus(started),
            zone: ZoneName::Main,
            creative: CreativeId::new(id(creative)),
            asset: String::new(),
            booking: BookingId::new(id(9)),
            campaign: None,
            planned: Millis(3_000),
            actual: Millis(actual),
            status: if actual >= 2_500 { PlayStatus::Success } else { PlayStatus::Interrupted },
            trigger: TriggerKind::Loop,
            counted: true,
        }
    }

    /// Alive for ten seconds from the beginning of a slot, the programme on the wall at once: three slots are due by the
    /// end, the third of them a second too late to be sure.
    fn judged(records: &[PlayRecord]) -> Account {
        let life = Life { begun: BEGUN, seen: Some(BEGUN), alive: BEGUN.plus(9_999), dead: BEGUN.plus(10_001) };
        account(&playlist(), ZoneName::Main, &[life], records)
    }

    fn honest() -> Vec<PlayRecord> {
        vec![play(0, 0, 3_000), play(3_000, 1, 3_001), play(6_001, 0, 2_999), play(9_000, 1, 500)]
    }

    #[test]
    fn an_honest_log_has_no_complaints() {
        let found = judged(&honest());
        assert_eq!(found.complaints, Vec::<String>::new());
        assert_eq!((found.due, found.completed, found.interrupted), (2, 3, 1));
    }

    #[test]
    fn a_log_that_lost_a_play_is_noticed() {
        for lost in 0..2 {
            let mut records = honest();
            records.remove(lost);
            assert_eq!(judged(&records).complaints.len(), 1, "play {lost} is lost");
        }
    }

    #[test]
    fn a_log_that_has_a_play_twice_is_noticed() {
        for twice in 0..4 {
            let mut records = honest();
            records.push(records[twice].clone());
            assert!(!judged(&records).complaints.is_empty(), "play {twice} is there twice");
        }
    }

    #[test]
    fn a_play_that_was_not_on_air_or_while_nobody_lived_is_noticed() {
        for invented in [play(-6_000, 0, 3_000), play(3_000, 0, 3_000), play(9_000, 1, 3_000), play(12_000, 0, 100)] {
            let mut records = honest();
            records.retain(|record| record.started != invented.started);
            records.push(invented);
            assert!(!judged(&records).complaints.is_empty(), "{:?}", records.last());
        }
    }
}
