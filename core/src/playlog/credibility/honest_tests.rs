//! An honest player, made up: it shows what core says is on the wall, lives through what players live through, and nothing
//! it signs may be held against it; except what a clock that was set back made it show twice, by that name.

use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::{
    tests::{DAY, HOUR, MIDNIGHT, item, programme, reference},
    *,
};
use crate::{
    id::{BootId, MachineBootId, ScreenId},
    playlist::{TakeoverItem, TakeoverLevel},
};

/// What happens to a player, and how many milliseconds after what happened before.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// Its clock is set by so much.
    ClockSet(i64),
    /// The process begins anew after so long.
    Restart(i64),
    /// The machine does: its monotonic clock begins anew.
    Reboot(i64),
    /// It turns to the other playlist.
    Switch,
    /// A takeover begins, for so long.
    TakeOver(i64),
}

fn happening(back: bool) -> impl Strategy<Value = Happening> {
    let by = if back { -3 * HOUR..3 * HOUR } else { 1..3 * HOUR };
    prop_oneof![
        by.prop_map(Happening::ClockSet),
        (-1_400i64..1_400).prop_map(Happening::ClockSet),
        (0i64..60_000).prop_map(Happening::Restart),
        (5_000i64..2 * HOUR).prop_map(Happening::Reboot),
        Just(Happening::Switch),
        (1_000i64..600_000).prop_map(Happening::TakeOver),
    ]
}

struct Honest {
    lists: [(Digest, Arc<Playlist>); 2],
    which: usize,
    wall: i64,
    real: i64,
    booted: i64,
    takeovers: Vec<Takeover>,
    seen: Vec<(Play, ItemRef)>,
    /// When the machine began that showed each of them.
    runs: Vec<i64>,
    late: i64,
}

impl Honest {
    fn now(&self) -> UtcMillis {
        MIDNIGHT.plus(self.real + self.wall)
    }

    /// Shows what is to be shown until that real time.
    fn run(&mut self, until: i64) {
        while self.real < until {
            let at = self.now();
            let (digest, list) = &self.lists[self.which];
            match on_wall(Some(list), &self.takeovers, ZoneName::Main, at) {
                OnWall::Play { item, source, until: ask, .. } => {
                    let (item, takeover) = (item.clone(), source != Source::Playlist);
                    let playlist = (!takeover).then_some(*digest);
                    let left = (until - self.real).min(ask.since(at));
                    let late = self.late.min(left);
                    let actual = left - late;
                    let complete = actual + 500 >= item.duration.as_i64();
                    self.runs.push(self.booted);
                    self.seen.push((
                        Play {
                            item: 0,
                            zone: ZoneName::Main,
                            start: at.plus(late),
                            monotonic: (self.real + late - self.booted) as u64,
                            planned: item.duration,
                            actual: Millis(actual as u32),
                            status: if complete { PlayStatus::Success } else { PlayStatus::Interrupted },
                            trigger: if takeover { Trigger::Takeover } else { Trigger::Loop },
                            evidence: Vec::new(),
                        },
                        reference(playlist, &item),
                    ));
                    self.real += left;
                }
                OnWall::Hold { until: ask, .. } | OnWall::Nothing { until: Some(ask), .. } => {
                    self.real += (until - self.real).min(ask.since(at)).max(1);
                }
                OnWall::Nothing { until: None, .. } => self.real = until,
            }
        }
    }

    fn live(&mut self, happening: Happening) {
        match happening {
            Happening::ClockSet(by) => self.wall += by,
            Happening::Restart(pause) => self.real += pause,
            Happening::Reboot(pause) => {
                self.real += pause;
                self.booted = self.real;
            }
            Happening::Switch => self.which = 1 - self.which,
            Happening::TakeOver(length) => {
                let (start, shown) = (self.now(), item(90 + self.takeovers.len() as u128, 7));
                self.takeovers.push(Takeover {
                    id: TakeoverId::new(shown.booking.uuid()),
                    level: TakeoverLevel::Warning,
                    starts: start,
                    expires: start.plus(length),
                    items: vec![TakeoverItem { zone: ZoneName::Main, item: shown }],
                });
            }
        }
    }

    /// Seals what was shown in batches of so many, and has them judged when it is heard of again at the end.
    fn judged(&self, size: usize) -> Vec<Judgement> {
        let reign = Reign { from: MIDNIGHT, until: None, heard: None };
        let issued =
            |list: &(Digest, Arc<Playlist>)| (list.0, IssuedPlaylist { playlist: list.1.clone(), reigns: vec![reign] });
        // One manifest for each that began, with those before it.
        let named = |(nth, takeover): (usize, &Takeover)| {
            let manifests = (nth + 1..=self.takeovers.len()).filter_map(|count| self.takeovers.get(..count));
            let issued = manifests.map(|all| IssuedTakeovers { takeovers: all.to_vec(), reign });
            (takeover.id, issued.collect())
        };
        let mut known = Known {
            enrolled: MIDNIGHT,
            // Late: what a clock that is ahead shows is believed only when its time has come.
            received: MIDNIGHT.plus(self.real + 10 * DAY),
            playlists: self.lists.iter().map(issued).collect(),
            takeovers: self.takeovers.iter().enumerate().map(named).collect(),
            before: Vec::new(),
        };
        // What one batch took is read back for the next as it was stored.
        let mut stored: HashMap<(ZoneName, i64), Vec<u8>> = HashMap::new();
        let mut all = Vec::new();
        for (some, runs) in self.seen.chunks(size).zip(self.runs.chunks(size)) {
            // Players seal what one run of the machine showed; what says nothing of it may be of several.
            let one_run = runs.iter().all(|run| *run == runs[0]);
            let mut covered = Covered::default();
            for ((zone, day), bytes) in &stored {
                covered.remember(*zone, *day, bytes);
            }
            let items: Vec<_> = some.iter().map(|(_, item)| *item).collect();
            let plays = (0..).zip(some).map(|(item, (play, _))| Play { item, ..play.clone() }).collect();
            let batch = Batch {
                screen: ScreenId::new(Uuid::from_u128(1)),
                boot: BootId::new(Uuid::from_u128(1)),
                sequence: 1,
                previous: Digest::ZERO,
                sealed: self.now(),
                items,
                plays,
                walls: Vec::new(),
                machine: one_run.then(|| MachineBootId::new(Uuid::from_u128(1))),
            };
            all.extend(judge(&batch, &known, &mut covered));
            let (play, item) = some.last().cloned().expect("chunks are not empty");
            let believed = all.last().is_none_or(|judgement: &Judgement| judgement.flag.is_none());
            known.before = vec![Before { play, item, believed }];
            stored.extend(covered.news().into_iter().map(|(zone, day, bytes)| ((zone, day), bytes)));
        }
        all
    }
}

fn honest(timezone: &str, from: i64, late: i64) -> Honest {
    let first = programme(vec![item(1, 10), item(2, 5), item(3, 8)], 8, timezone);
    let second = programme(vec![item(3, 8), item(1, 10)], 8, timezone);
    Honest {
        lists: [(Digest::of(b"1"), Arc::new(first)), (Digest::of(b"2"), Arc::new(second))],
        which: 0,
        wall: 0,
        real: from,
        booted: 0,
        takeovers: Vec::new(),
        seen: Vec::new(),
        runs: Vec::new(),
        late,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Days and weeks past the horizon, with restarts, jumps ahead, takeovers, other playlists, and no network until the end.
    #[test]
    fn nothing_is_held_against_an_honest_player(
        life in prop::collection::vec((happening(false), 1_000i64..HOUR), 1..12),
        day in 0i64..38,
        late in 0i64..450,
        size in 1usize..400,
    ) {
        let mut player = honest("Asia/Shanghai", day * DAY + 9 * HOUR, late);
        // A clock put right by a second shows the end of one thing and the beginning of the next twice.
        let mut set_back = 0;
        for (happening, lasts) in life {
            player.run(player.real + lasts);
            player.live(happening);
            set_back += 2 * i32::from(matches!(happening, Happening::ClockSet(by) if by < 0));
        }
        player.run(player.real + 60_000);
        let judged = player.judged(size);
        for ((play, _), judgement) in player.seen.iter().zip(&judged) {
            set_back -= i32::from(judgement.flag == Some(Flag::ClockSetBack));
            prop_assert!(
                matches!(judgement.flag, None | Some(Flag::ClockSetBack)) && set_back >= 0,
                "{play:?} {judgement:?}"
            );
        }
    }

    /// A clock that was set back shows things twice: nothing else is held against it, and nothing is counted twice.
    #[test]
    fn a_clock_that_is_set_back_costs_no_more_than_what_it_shows_twice(
        life in prop::collection::vec((happening(true), 1_000i64..HOUR), 1..12),
        size in 1usize..400,
    ) {
        let mut player = honest("Asia/Shanghai", DAY + 9 * HOUR, 40);
        for (happening, lasts) in life {
            player.run(player.real + lasts);
            player.live(happening);
        }
        let judged = player.judged(size);
        let mut places = std::collections::BTreeSet::new();
        for ((play, item), judgement) in player.seen.iter().zip(&judged) {
            prop_assert!(
                matches!(judgement.flag, None | Some(Flag::ClockSetBack)),
                "{play:?} {judgement:?}"
            );
            if judgement.counts == Counts::Completed {
                // Every slot is five seconds long at least, and counted ones do not share one.
                prop_assert!(places.insert((play.start.0 / 2_500, item.creative)), "{play:?} counts twice");
            }
        }
    }
}

#[test]
fn the_night_when_clocks_change_is_like_any_other() {
    // In Berlin clocks go back on 26 October 2025 and forward on 30 March 2026; the horizon ended long before.
    for days in [145, 146, 147, 300, 301, 302] {
        let mut player = honest("Europe/Berlin", days * DAY, 30);
        player.run(player.real + DAY);
        let judged = player.judged(180);
        assert!(judged.len() > 5_000);
        assert!(judged.iter().all(|each| each.flag.is_none()), "day {days}");
        let cut = judged.iter().filter(|each| each.counts != Counts::Completed).count();
        assert!(cut <= 4, "{cut} were cut on day {days}");
    }
}

#[test]
fn a_month_without_a_network_is_believed_when_it_comes_at_last() {
    let mut player = honest("Asia/Shanghai", 0, 20);
    player.run(30 * DAY);
    let judged = player.judged(500);
    assert!(judged.len() > 300_000);
    assert!(judged.iter().all(|each| each.flag.is_none() && each.counts == Counts::Completed));
}
