//! The journal under power cuts, kills and full disks.

mod keys;

use std::fs;

use proptest::prelude::*;
use uuid::Uuid;
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::{BookingId, BootId, CreativeId, MachineBootId, ScreenId},
    playlog::{
        ItemRef, Play, PlayStatus, Receipt, ScreenKeys, SignedBatch, Trigger, WallChange, WallReason, WallState,
    },
    sign::SecretKey,
    time::{Millis, UtcMillis},
};

use super::{segment::FULL, *};
use crate::{belief::Hindsight, clock::Moment};

const RULES: SealRules = SealRules { interval: 1_000, plays: 1_000, soon: 1_000 };

fn key() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

fn ring() -> Keyring {
    Keyring::from(key())
}

fn publisher() -> SecretKey {
    SecretKey::from_seed(&[8; 32])
}

fn screen() -> ScreenId {
    ScreenId::new(Uuid::from_u128(1))
}

fn at(monotonic: u64) -> Moment {
    Moment { wall: UtcMillis(1_000_000 + monotonic as i64), monotonic }
}

/// Play number `n`: recognisable by its start.
fn entry(n: u64) -> Entry {
    let item = ItemRef {
        playlist: Some(Digest::of(b"playlist")),
        booking: BookingId::new(Uuid::from_u128(2)),
        creative: CreativeId::new(Uuid::from_u128(u128::from(n % 3))),
        asset: Digest::of(b"asset"),
    };
    let play = Play {
        item: 0,
        zone: ZoneName::Main,
        start: UtcMillis(n as i64),
        monotonic: n,
        planned: Millis(10_000),
        actual: Millis(10_000),
        status: PlayStatus::Success,
        trigger: Trigger::Loop,
        evidence: Vec::new(),
    };
    Entry { item, play }
}

fn run(n: u128) -> Run {
    Run { boot: BootId::new(Uuid::from_u128(n)), machine: Some(MachineBootId::new(Uuid::from_u128(n + 100))) }
}

fn sealer(journal: &Journal) -> Sealer {
    Sealer::new(journal.clone(), screen(), run(3), RULES, at(0))
}

fn play(journal: &Journal, n: u64) {
    journal.append(&Record::Opened(n, entry(n))).unwrap();
    journal.append(&Record::Finished(n, entry(n))).unwrap();
}

/// What a server would do: takes batches in order, checks the chain, gives receipts.
#[derive(Default)]
struct Server {
    taken: Vec<SignedBatch>,
    /// Of a screen that changes them.
    keys: Option<ScreenKeys>,
}

impl Server {
    fn take_all(&mut self, journal: &Journal) {
        self.take_unless(journal, |_| false);
    }

    /// Takes what is not held back.
    fn take_unless(&mut self, journal: &Journal, held: impl Fn(u64) -> bool) {
        while let Some(batch) = journal.outbox().oldest().unwrap().filter(|batch| !held(batch.batch().sequence)) {
            self.take(&batch);
            let receipt = Receipt {
                screen: screen(),
                sequence: batch.batch().sequence,
                batch: batch.digest(),
                received: UtcMillis(0),
            };
            journal.outbox().acknowledged(&batch, &receipt.sign(&publisher()), &publisher().public()).unwrap();
        }
    }

    fn take(&mut self, batch: &SignedBatch) {
        let keys = self.keys.clone().unwrap_or_else(|| ring().public());
        let batch = keys.verify(batch.signed().to_vec()).unwrap();
        assert!(keys.allow(batch.batch().sequence, batch.digest()), "the old key had sealed something else");
        if let Some(known) = self.taken.iter().find(|b| b.batch().sequence == batch.batch().sequence) {
            assert_eq!(known.digest(), batch.digest(), "one number, two batches");
            return;
        }
        match self.taken.last() {
            Some(last) => assert!(last.is_followed_by(batch.batch()), "the chain is broken"),
            None => assert_eq!((batch.batch().sequence, batch.batch().previous), (1, Digest::ZERO)),
        }
        self.taken.push(batch);
    }

    fn plays(&self) -> Vec<(i64, PlayStatus)> {
        self.taken.iter().flat_map(|b| &b.batch().plays).map(|p| (p.start.0, p.status)).collect()
    }
}

#[test]
fn plays_come_out_in_order_once_and_chained() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    let mut sealer = sealer(&journal);
    let mut server = Server::default();
    for n in 1..=20 {
        play(&journal, n);
        if n % 3 == 0 {
            sealer.work(&ring(), at(n * 2_000), Hindsight::Same, false).unwrap();
        }
        if n % 7 == 0 {
            server.take_all(&journal);
        }
    }
    assert_eq!(journal.state().unreported, 20 - server.plays().len() as u64);
    sealer.work(&ring(), at(99_000), Hindsight::Same, true).unwrap();
    server.take_all(&journal);
    assert_eq!(server.plays(), (1..=20).map(|n| (n, PlayStatus::Success)).collect::<Vec<_>>());
    assert_eq!(journal.state().unreported, 0);
    assert!(server.taken[0].batch().items.len() <= 3, "items are in the table once");
}

#[test]
fn a_segment_waits_for_its_time_unless_it_is_full() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    let rules = SealRules { interval: 15_000, plays: 3, soon: 15_000 };
    let mut sealer = Sealer::new(journal.clone(), screen(), run(3), rules, at(0));
    assert_eq!(sealer.work(&ring(), at(60_000), Hindsight::Same, false).unwrap(), 0, "nothing to seal");
    play(&journal, 1);
    assert_eq!(sealer.work(&ring(), at(61_000), Hindsight::Same, false).unwrap(), 0, "too early");
    play(&journal, 2);
    play(&journal, 3);
    assert_eq!(sealer.work(&ring(), at(62_000), Hindsight::Same, false).unwrap(), 1, "full");
    play(&journal, 4);
    assert_eq!(sealer.work(&ring(), at(77_000), Hindsight::Same, false).unwrap(), 1, "due");
}

#[test]
fn plays_wait_for_a_full_batch_unless_they_are_news_or_somebody_watches() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    let rules = SealRules { interval: 3_600_000, plays: 512, soon: 15_000 };
    let mut sealer = Sealer::new(journal.clone(), screen(), run(3), rules, at(0));
    let mut server = Server::default();
    let mut now = 0;
    // How long a play waited, in seconds, if it is sealed within two hours.
    let mut waits = |change: &dyn Fn(&mut Entry)| {
        let mut shown = entry(now);
        change(&mut shown);
        journal.append(&Record::Finished(now, shown)).unwrap();
        let waited = (1..=7_200)
            .find(|second| sealer.work(&ring(), at(now + second * 1_000), Hindsight::Same, false).unwrap() > 0);
        server.take_all(&journal);
        now += waited.unwrap() * 1_000;
        waited
    };
    let usual = |_: &mut Entry| {};
    let failed = |entry: &mut Entry| entry.play.status = PlayStatus::ContentFailure;
    let takeover = |entry: &mut Entry| entry.play.trigger = Trigger::Takeover;
    assert_eq!(waits(&usual), Some(15), "the first since the start");
    assert_eq!(waits(&usual), Some(3_600));
    assert_eq!(waits(&takeover), Some(15));
    assert_eq!(waits(&failed), Some(30), "news that goes on is no news");
    assert_eq!(waits(&failed), Some(60));
    assert_eq!(waits(&usual), Some(3_600));
    journal.watched(true);
    assert_eq!(waits(&usual), Some(15));
    assert_eq!(waits(&usual), Some(15));
    journal.watched(false);
    assert_eq!(waits(&usual), Some(3_600));
}

#[test]
fn while_the_server_is_silent_batches_grow_instead_of_piling_up() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    let mut sealer = sealer(&journal);
    for n in 1..=500 {
        play(&journal, n);
        sealer.work(&ring(), at(n * 2_000), Hindsight::Same, false).unwrap();
    }
    assert!(journal.outbox().waiting().batches <= SealRules::OFFLINE_BATCHES + 2);
    assert_eq!(journal.state().unreported, 500);
}

#[test]
fn a_journal_cut_at_any_byte_keeps_every_whole_play_and_the_one_on_the_wall_is_interrupted() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    let file = data.path().join("journal/0000000000000001.plays");
    let mut ends = Vec::new();
    for n in 1..=4 {
        journal.append(&Record::Opened(n, entry(n))).unwrap();
        let opened = fs::metadata(&file).unwrap().len();
        journal.append(&Record::Showing(n, Millis(4_000))).unwrap();
        journal.append(&Record::Finished(n, entry(n))).unwrap();
        ends.push((opened, fs::metadata(&file).unwrap().len()));
    }
    drop(journal);
    let whole = fs::read(&file).unwrap();
    for cut in 0..=whole.len() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir_all(data.path().join("journal")).unwrap();
        fs::write(data.path().join("journal/0000000000000001.plays"), &whole[..cut]).unwrap();
        let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
        sealer(&journal).work(&ring(), at(5_000), Hindsight::Same, true).unwrap();
        let mut server = Server::default();
        server.take_all(&journal);
        let complete = ends.iter().filter(|(_, end)| *end <= cut as u64).count();
        let begun = ends.iter().filter(|(opened, _)| *opened <= cut as u64).count();
        let expected: Vec<_> = (1..=begun)
            .map(|n| (n as i64, if n <= complete { PlayStatus::Success } else { PlayStatus::Interrupted }))
            .collect();
        assert_eq!(server.plays(), expected, "cut at {cut}");
    }
}

#[test]
fn plays_are_recorded_before_the_disk_is_open_and_follow_in_order_once_it_is() {
    let data = tempfile::tempdir().unwrap();
    let (before, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    play(&before, 1);
    drop(before);
    // Something lies where the journal's folder should be: the disk refuses.
    fs::rename(data.path().join("journal"), data.path().join("elsewhere")).unwrap();
    fs::write(data.path().join("journal"), b"in the way").unwrap();
    let journal = Journal::in_memory(data.path(), ring(), run(3));
    assert!(journal.open_disk().is_err());
    for n in 2..=20_000 {
        play(&journal, n);
    }
    journal.append(&Record::Opened(20_001, entry(20_001))).unwrap();
    assert_eq!(journal.state(), JournalState { unreported: 19_999, in_memory: 19_999, lost: 0 });

    fs::remove_file(data.path().join("journal")).unwrap();
    fs::rename(data.path().join("elsewhere"), data.path().join("journal")).unwrap();
    journal.open_disk().unwrap();
    let mut sealer = sealer(&journal);
    let mut server = Server::default();
    sealer.work(&ring(), at(5_000), Hindsight::Same, true).unwrap();
    drop(journal);
    // The power fails; what was on the wall was noted.
    let (journal, recovered) = Journal::open(data.path(), ring(), run(3)).unwrap();
    assert_eq!(recovered.interrupted, 1);
    self::sealer(&journal).work(&ring(), at(6_000), Hindsight::Same, true).unwrap();
    server.take_all(&journal);
    let starts: Vec<_> = server.plays().into_iter().map(|(start, _)| start).collect();
    assert_eq!(starts, (1..=20_001).collect::<Vec<_>>());
}

#[test]
fn more_plays_in_memory_than_a_segment_holds_follow_segment_by_segment() {
    let data = tempfile::tempdir().unwrap();
    let journal = Journal::in_memory(data.path(), ring(), run(3));
    let all = 2 * FULL as u64 + 1_234;
    for n in 1..=all {
        play(&journal, n);
    }
    journal.open_disk().unwrap();
    let mut sealer = sealer(&journal);
    let mut server = Server::default();
    // Without being told to be quick: only because the segment is full.
    let mut now = 1;
    while sealer.work(&ring(), at(now), Hindsight::Same, false).unwrap() > 0 {
        now += 1;
    }
    sealer.work(&ring(), at(now + 2_000), Hindsight::Same, false).unwrap();
    assert_eq!(journal.state(), JournalState { unreported: all, in_memory: 0, lost: 0 });
    server.take_all(&journal);
    let starts: Vec<_> = server.plays().into_iter().map(|(start, _)| start).collect();
    assert_eq!(starts, (1..=all as i64).collect::<Vec<_>>());
}

#[test]
fn what_was_recorded_last_says_how_late_it_is_at_least() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(Journal::in_memory(data.path(), ring(), run(3)).newest_end(), None);
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    play(&journal, 7);
    let newest = || Journal::in_memory(data.path(), ring(), run(3)).newest_end();
    assert_eq!(newest(), Some(UtcMillis(7 + 10_000)));
    sealer(&journal).work(&ring(), at(5_000), Hindsight::Same, true).unwrap();
    assert_eq!(newest(), Some(UtcMillis(7 + 10_000)), "sealed");
    journal.append(&Record::Opened(8, entry(20_000))).unwrap();
    journal.append(&Record::Showing(8, Millis(4_000))).unwrap();
    assert_eq!(newest(), Some(UtcMillis(24_000)), "on the wall");
}

#[test]
fn a_flipped_byte_never_makes_a_play_that_was_not() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    play(&journal, 1);
    play(&journal, 2);
    drop(journal);
    let whole = fs::read(data.path().join("journal/0000000000000001.plays")).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        let (records, _) = record::read_all(&bytes);
        for record in records {
            match record {
                Record::Opened(n, read) | Record::Finished(n, read) => assert_eq!(read, entry(n)),
                Record::Began(began) => assert_eq!(began, run(3)),
                Record::Showing(..) | Record::Wall(..) => panic!("invented"),
            }
        }
    }
}

#[test]
fn a_play_on_the_wall_while_a_segment_is_sealed_is_found_again_in_the_next() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    play(&journal, 1);
    journal.append(&Record::Opened(2, entry(2))).unwrap();
    journal.append(&Record::Showing(2, Millis(3_000))).unwrap();
    sealer(&journal).work(&ring(), at(5_000), Hindsight::Same, true).unwrap();
    drop(journal);
    let (journal, recovered) = Journal::open(data.path(), ring(), run(3)).unwrap();
    assert_eq!(recovered.interrupted, 1);
    sealer(&journal).work(&ring(), at(6_000), Hindsight::Same, true).unwrap();
    let mut server = Server::default();
    server.take_all(&journal);
    assert_eq!(server.plays(), vec![(1, PlayStatus::Success), (2, PlayStatus::Interrupted)]);
    assert_eq!(server.taken[1].batch().plays[0].actual, Millis(3_000));
}

#[test]
fn a_play_that_names_a_picture_names_it_too_when_the_power_is_cut_before_its_end() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    let picture = Digest::of(b"picture");
    let up = |evidence| Entry { play: Play { evidence, actual: Millis(1_200), ..entry(1).play }, ..entry(1) };
    journal.append(&Record::Opened(1, up(Vec::new()))).unwrap();
    journal.append(&Record::Opened(1, up(vec![picture]))).unwrap();
    drop(journal);
    let (journal, recovered) = Journal::open(data.path(), ring(), run(4)).unwrap();
    assert_eq!(recovered.interrupted, 1);
    let mut server = Server::default();
    sealer(&journal).work(&ring(), at(5_000), Hindsight::Same, true).unwrap();
    server.take_all(&journal);
    let plays = &server.taken[0].batch().plays;
    assert_eq!(plays.len(), 1);
    assert_eq!((plays[0].status, &plays[0].evidence[..]), (PlayStatus::Interrupted, &[picture][..]));
    assert_eq!(plays[0].actual, Millis(1_200));
}

#[test]
fn a_batch_that_was_sealed_but_whose_segment_was_not_yet_removed_is_not_sealed_again() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    play(&journal, 1);
    let segment = data.path().join("journal/0000000000000001.plays");
    let before = fs::read(&segment).unwrap();
    sealer(&journal).work(&ring(), at(5_000), Hindsight::Same, true).unwrap();
    drop(journal);
    fs::write(&segment, before).unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    play(&journal, 2);
    sealer(&journal).work(&ring(), at(6_000), Hindsight::Same, true).unwrap();
    let mut server = Server::default();
    server.take_all(&journal);
    assert_eq!(server.plays(), vec![(1, PlayStatus::Success), (2, PlayStatus::Success)]);
}

#[test]
fn the_chain_goes_on_after_all_batches_were_acknowledged_and_the_process_started_again() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::default();
    for n in 1..=3 {
        let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
        play(&journal, n);
        sealer(&journal).work(&ring(), at(5_000), Hindsight::Same, true).unwrap();
        server.take_all(&journal);
    }
    assert_eq!(server.plays().len(), 3);
}

#[test]
fn a_disk_that_refuses_keeps_plays_in_memory_and_writes_them_when_it_works_again() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    play(&journal, 1);
    journal.segment().refuse_writes();
    journal.append(&Record::Opened(2, entry(2))).unwrap_err();
    journal.append(&Record::Finished(2, entry(2))).unwrap_err();
    assert_eq!(journal.state(), JournalState { unreported: 2, in_memory: 1, lost: 0 });
    let mut sealer = sealer(&journal);
    sealer.work(&ring(), at(5_000), Hindsight::Same, true).unwrap_err();
    journal.segment().accept_writes().unwrap();
    journal.append(&Record::Finished(3, entry(3))).unwrap();
    sealer.work(&ring(), at(6_000), Hindsight::Same, true).unwrap();
    let mut server = Server::default();
    server.take_all(&journal);
    assert_eq!(server.plays().iter().map(|p| p.0).collect::<Vec<_>>(), vec![1, 2, 3]);
}

#[test]
fn a_refused_batch_is_kept_for_people_and_the_next_one_follows_it() {
    let data = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
    play(&journal, 1);
    let mut sealer = sealer(&journal);
    sealer.work(&ring(), at(5_000), Hindsight::Same, true).unwrap();
    let refused = journal.outbox().oldest().unwrap().unwrap();
    journal.outbox().set_aside(&refused).unwrap();
    play(&journal, 2);
    sealer.work(&ring(), at(9_000), Hindsight::Same, true).unwrap();
    let next = journal.outbox().oldest().unwrap().unwrap();
    assert!(refused.is_followed_by(next.batch()));
    assert_eq!(journal.outbox().waiting(), Waiting { batches: 1, plays: 1 });
}

#[test]
fn what_a_run_left_behind_is_sealed_as_of_that_run() {
    let data = tempfile::tempdir().unwrap();
    let open = |n| Journal::open(data.path(), ring(), run(n)).unwrap().0;
    let sealer_of = |journal: &Journal, n| Sealer::new(journal.clone(), screen(), run(n), RULES, at(0));
    let first = open(11);
    play(&first, 1);
    sealer_of(&first, 11).work(&ring(), at(1_000), Hindsight::Same, true).unwrap();
    play(&first, 2);
    first.append(&Record::Opened(3, entry(3))).unwrap();
    drop(first);
    // The power fails; the machine and this program begin anew.
    let second = open(12);
    play(&second, 4);
    sealer_of(&second, 12).work(&ring(), at(2_000), Hindsight::Same, true).unwrap();
    let mut server = Server::default();
    server.take_all(&second);
    let runs: Vec<_> = server.taken.iter().map(|batch| (batch.batch().boot, batch.batch().machine)).collect();
    assert_eq!(runs, [run(11), run(11), run(12)].map(|run| (run.boot, run.machine)));
    assert_eq!(server.plays().len(), 4);
}

#[test]
fn what_was_shown_while_the_time_was_a_guess_is_sealed_once_it_is_known_when_that_was() {
    let data = tempfile::tempdir().unwrap();
    let open = |n| Journal::open(data.path(), ring(), run(n)).unwrap().0;
    let sealer_of = |journal: &Journal, n| Sealer::new(journal.clone(), screen(), run(n), RULES, at(0));
    let mut server = Server::default();
    let mut starts = |journal: &Journal| {
        server.take_all(journal);
        let newest = server.taken.last().unwrap().batch();
        newest.plays.iter().map(|play| (play.monotonic, play.start.0)).collect::<Vec<_>>()
    };
    // An earlier run of the machine, of which nobody will ever know more.
    let journal = open(10);
    play(&journal, 1);
    drop(journal);
    let journal = open(11);
    play(&journal, 2);
    play(&journal, 3);
    let mut sealer = sealer_of(&journal, 11);
    assert_eq!(sealer.work(&ring(), at(1_000), Hindsight::Guessing, true).unwrap(), 1, "the earlier run's");
    assert_eq!(starts(&journal), [(1, 1)]);
    assert_eq!(sealer.work(&ring(), at(9_000), Hindsight::Guessing, true).unwrap(), 0);
    let known = Hindsight::Better { until: 3, epoch: 70_000 };
    assert_eq!(sealer.work(&ring(), at(10_000), known, false).unwrap(), 1);
    assert_eq!(starts(&journal), [(2, 70_002), (3, 3)]);
}

#[test]
fn how_the_wall_changed_is_told_by_the_batch_of_the_plays_around_it_and_after_power_cuts() {
    let data = tempfile::tempdir().unwrap();
    let open = |n| Journal::open(data.path(), ring(), run(n)).unwrap().0;
    let sealer_of = |journal: &Journal, n| Sealer::new(journal.clone(), screen(), run(n), RULES, at(0));
    let wall = |from, state, why| WallChange { from: UtcMillis(from), state, why };
    let lit = wall(1, WallState::On, WallReason::NotKnown);
    let night = wall(5, WallState::Off, WallReason::Hours);
    let (journal, mut server) = (Journal::in_memory(data.path(), ring(), run(11)), Server::default());
    // Before anything is known of the disk.
    journal.append(&Record::Wall(lit, 1)).unwrap();
    journal.open_disk().unwrap();
    play(&journal, 2);
    journal.append(&Record::Wall(night, 5)).unwrap();
    sealer_of(&journal, 11).work(&ring(), at(1_000), Hindsight::Same, true).unwrap();
    // The power is cut before anything else was shown.
    drop(journal);
    let journal = open(12);
    let morning = wall(9, WallState::On, WallReason::Hours);
    journal.append(&Record::Wall(morning, 9)).unwrap();
    play(&journal, 10);
    sealer_of(&journal, 12).work(&ring(), at(2_000), Hindsight::Same, true).unwrap();
    play(&journal, 11);
    sealer_of(&journal, 12).work(&ring(), at(3_000), Hindsight::Same, true).unwrap();
    server.take_all(&journal);
    let told: Vec<_> = server.taken.iter().map(|batch| batch.batch().walls.clone()).collect();
    assert_eq!(told, [vec![lit, night], vec![night, morning], vec![]]);
}

#[test]
fn a_segment_of_a_program_that_did_not_write_down_its_run_is_sealed_all_the_same() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("journal");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("0000000000000001.plays"), Record::Finished(1, entry(1)).to_bytes()).unwrap();
    let (journal, _) = Journal::open(data.path(), ring(), run(5)).unwrap();
    Sealer::new(journal.clone(), screen(), run(5), RULES, at(0))
        .work(&ring(), at(1_000), Hindsight::Same, true)
        .unwrap();
    let mut server = Server::default();
    server.take_all(&journal);
    assert_eq!(server.plays(), [(1, PlayStatus::Success)]);
}

#[derive(Debug, Clone)]
enum Step {
    Play,
    Seal,
    Send,
    /// Sent and stored, but the answer was lost.
    SendUnheard,
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Play),
        2 => Just(Step::Seal),
        1 => Just(Step::Send),
        1 => Just(Step::SendUnheard),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_happens_in_whatever_order_every_finished_play_is_stored_exactly_once(steps in steps()) {
        let data = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(data.path(), ring(), run(3)).unwrap();
        let mut sealing = sealer(&journal);
        let mut server = Server::default();
        let mut count = 0;
        for step in steps {
            match step {
                Step::Play => { count += 1; play(&journal, count); }
                Step::Seal => { sealing.work(&ring(), at(1_000_000), Hindsight::Same, true).unwrap(); }
                Step::Send => server.take_all(&journal),
                Step::SendUnheard => if let Some(batch) = journal.outbox().oldest().unwrap() { server.take(&batch); },
                Step::Kill => {
                    journal = Journal::open(data.path(), ring(), run(3)).unwrap().0;
                    sealing = sealer(&journal);
                }
            }
        }
        sealing.work(&ring(), at(2_000_000), Hindsight::Same, true).unwrap();
        server.take_all(&journal);
        prop_assert_eq!(server.plays(), (1..=count as i64).map(|n| (n, PlayStatus::Success)).collect::<Vec<_>>());
        prop_assert_eq!(journal.state().unreported, 0);
    }
}
