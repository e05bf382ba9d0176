//! Bundles of version 3 as a server makes them: several screens, both versions of batches, pictures, a takeover, neighbours,
//! judgements. What the office itself lies about is found by whoever judges again, and clean ones raise no alarm. (What a changed
//! byte is called: `regions_tests`.)

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;
use uuid::Uuid;

use super::{
    regions_tests::place_of,
    tamper_tests::{LogOf, resigned},
    tests::*,
    *,
};
use crate::{
    geometry::ZoneName,
    id::{BootId, MachineBootId, TakeoverId},
    playlist::{Item, Playlist, Takeover, TakeoverItem, TakeoverLevel},
    playlog::{
        Batch, BatchError, Covered, ItemRef, PlayStatus, Trigger,
        credibility::{
            Flag, IssuedPlaylist, IssuedTakeovers, Known, Reign, judge, last_of_each_zone,
            tests::{HOUR, MIDNIGHT, item, programme, reference},
        },
    },
    sign::{Context, SecretKey},
    time::Millis,
};

const ALWAYS: Reign = Reign { from: MIDNIGHT, until: None, heard: None };

pub(super) fn screen(n: u8) -> ScreenId {
    ScreenId::new(Uuid::from_u128(0x700 + u128::from(n)))
}

fn list() -> Playlist {
    programme(vec![item(1, 10), item(2, 5)], 2, "Asia/Shanghai")
}

fn noon() -> UtcMillis {
    MIDNIGHT.plus(12 * HOUR)
}

/// What a screen of these tests reports, and how much of it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report {
    batches: u64,
    plays: i64,
    /// First and last batch asked for.
    pub asked: (u64, u64),
}

/// An order of the moment, from an hour after noon.
fn takeover() -> (Takeover, Item) {
    let shown = item(9, 10);
    let takeover = Takeover {
        id: TakeoverId::new(shown.booking.uuid()),
        level: TakeoverLevel::Emergency,
        starts: noon().plus(HOUR),
        expires: noon().plus(2 * HOUR),
        items: vec![TakeoverItem { zone: ZoneName::Main, item: shown.clone() }],
    };
    (takeover, shown)
}

fn told(newest: u64) -> Told {
    let (takeover, _) = takeover();
    let issued = IssuedTakeovers { takeovers: vec![takeover.clone()], reign: ALWAYS };
    Told {
        enrolled: MIDNIGHT,
        newest,
        playlists: [(list().digest(), vec![ALWAYS])].into(),
        takeovers: [(takeover.id, vec![issued])].into(),
    }
}

/// The chain of a screen: the loop from noon on; in its third batch a play of what another slot has, and at its end a takeover.
fn chain(n: u8, report: Report, signer: &dyn Fn(u8, u64) -> SecretKey) -> Vec<SignedBatch> {
    let listed = Some(list().digest());
    let items: Vec<ItemRef> = list().items.iter().map(|item| reference(listed, item)).collect();
    let slot = |nth: i64| {
        let (start, length) = (nth / 2 * 15_000 + nth % 2 * 10_000, if nth % 2 == 0 { 10_000 } else { 5_000 });
        Play {
            item: (nth % 2) as u32,
            zone: ZoneName::Main,
            start: noon().plus(start + nth % 7),
            monotonic: (HOUR + start + nth % 7) as u64,
            planned: Millis(length),
            actual: Millis(length),
            status: PlayStatus::Success,
            trigger: Trigger::Loop,
            evidence: if nth % 3 == 1 { vec![Digest::of(&nth.to_be_bytes())] } else { Vec::new() },
        }
    };
    let mut chain: Vec<SignedBatch> = Vec::new();
    for sequence in 1..=report.batches {
        let base = (sequence as i64 - 1) * report.plays;
        let mut plays: Vec<Play> = (base..base + report.plays).map(slot).collect();
        let mut items = items.clone();
        if sequence == 3 {
            plays[0].item = 1 - plays[0].item;
        }
        if sequence == report.batches {
            let start = noon().plus(HOUR);
            items.push(reference(None, &takeover().1));
            let length = Millis(10_000);
            plays.push(Play {
                item: 2,
                start,
                monotonic: 2 * HOUR as u64,
                planned: length,
                actual: length,
                trigger: Trigger::Takeover,
                ..slot(0)
            });
        }
        let old = (sequence + u64::from(n)).is_multiple_of(2);
        let batch = Batch {
            screen: screen(n),
            boot: BootId::new(Uuid::from_u128(1)),
            sequence,
            previous: chain.last().map_or(Digest::ZERO, SignedBatch::digest),
            sealed: noon().plus(2 * HOUR),
            items,
            plays,
            walls: Vec::new(),
            machine: (!old).then(|| MachineBootId::new(Uuid::from_u128(2))),
        };
        chain.push(if old {
            SignedBatch::sign_version1(batch, &signer(n, sequence)).unwrap()
        } else {
            SignedBatch::sign(batch, &signer(n, sequence))
        });
    }
    chain
}

/// What the server held of a chain, batch after batch as they came.
fn held(chain: &[SignedBatch]) -> Vec<Vec<Option<Flag>>> {
    let told = told(0);
    let issued = IssuedPlaylist { playlist: Arc::new(list()), reigns: vec![ALWAYS] };
    let mut known = Known {
        enrolled: MIDNIGHT,
        received: noon().plus(3 * HOUR),
        playlists: [(list().digest(), issued)].into(),
        takeovers: told.takeovers.into_iter().collect(),
        before: Vec::new(),
    };
    let mut covered = Covered::default();
    let each = chain.iter().map(|signed| {
        let judged = judge(signed.batch(), &known, &mut covered);
        let flags: Vec<_> = judged.iter().map(|each| each.flag).collect();
        known.before = last_of_each_zone(signed.batch(), &flags);
        flags
    });
    each.collect()
}

/// A bundle of these screens as a server makes it, and whom its reader trusts.
pub(super) fn made(reports: &[Report]) -> (Contents, Trust) {
    made_by(reports, &|n, _| key(n))
}

/// The same, each batch signed by the key that is said for its screen and number.
pub(super) fn made_by(reports: &[Report], signer: &dyn Fn(u8, u64) -> SecretKey) -> (Contents, Trust) {
    let chains: Vec<Vec<SignedBatch>> = (1..).zip(reports).map(|(n, report)| chain(n, *report, signer)).collect();
    let log = LogOf::new(&chains.concat(), b"others");
    let mut judged = Judged { playlists: [(list().digest(), list().to_bytes())].into(), ..Judged::default() };
    let (mut batches, mut records) = (Vec::new(), Vec::new());
    for (report, chain) in reports.iter().zip(&chains) {
        let (first, last) = report.asked;
        for (signed, flags) in chain.iter().zip(held(chain)) {
            let (screen, sequence) = (signed.batch().screen, signed.batch().sequence);
            if sequence + 1 < first || sequence > last + 1 {
                continue;
            }
            if (first..=last).contains(&sequence) {
                records.extend((0..flags.len() as u32).map(|play| PlayRef { screen, sequence, play }));
            }
            judged.batches.insert((screen, sequence), (noon().plus(3 * HOUR), flags));
            judged.screens.insert(screen, told(report.batches));
            batches.push(signed.clone());
        }
    }
    let size = 300 + chains.concat().len() as u64;
    let proven = ProvenBy { judged: Some(judged), ..log.proven(&batches, size) };
    let contents = Contents {
        exported: noon().plus(4 * HOUR),
        filter: "中午".into(),
        timezone: chrono_tz::Asia::Shanghai,
        screens: (1..)
            .zip(reports)
            .map(|(n, _)| BundleScreen {
                id: screen(n),
                name: format!("屏{n}"),
                venue: "支行".into(),
                key: key(n).public(),
            })
            .collect(),
        creatives: vec![BundleCreative { id: item(1, 10).creative, title: "刷单就是诈骗".into() }],
        bookings: vec![BundleBooking { id: item(1, 10).booking, name: "网点".into(), campaign: "宣传月".into() }],
        batches,
        records,
        keys: Vec::new(),
        log: Some(proven),
    };
    (contents, Trust { publisher: Some(key(9).public()), witness: Some(log.witnessed(&[size])) })
}

pub(super) const BIG: [Report; 3] = [
    Report { batches: 5, plays: 3, asked: (2, 3) },
    Report { batches: 3, plays: 2, asked: (1, 2) },
    Report { batches: 2, plays: 2, asked: (2, 2) },
];
pub(super) const SMALL: [Report; 1] = [Report { batches: 1, plays: 1, asked: (1, 1) }];

#[test]
fn what_the_server_held_is_found_again_by_whoever_judges_again() {
    let (contents, trust) = made(&BIG);
    let verdict = verify(&written(contents), &trust);
    assert_eq!(verdict.findings, []);
    assert_eq!(verdict.remarks, [Remark::NewestSaid { screens: 2 }]);
    let count = |kind| verdict.checks.iter().find(|c| c.kind == kind).map(|c| (c.done, c.failed));
    // Four, three and two batches, with a takeover at the end of each chain but the first's, which ends before.
    assert_eq!(count(CheckKind::Judgements), Some((4 * 3 + 3 * 2 + 1 + 2 * 2 + 1, 0)));
    assert_eq!(count(CheckKind::Edges), Some((6, 0)));
}

fn judged(statement: &mut Statement) -> &mut BundleJudged {
    statement.judged.as_mut().unwrap()
}

/// What is found when the office, with its own key, says this instead.
fn lied(change: impl FnOnce(&mut Statement, &mut Vec<(FrameKind, Vec<u8>)>)) -> Vec<Finding> {
    let (contents, trust) = made(&BIG);
    verify(&resigned(&written(contents), change), &trust).findings
}

#[test]
fn an_office_that_judges_otherwise_than_its_rules_is_named_the_play() {
    // A play of an item that was not in that slot is said to count: batch 3 of the first screen is the third listed.
    let found = lied(|statement, _| judged(statement).batches[2].flags.clear());
    let expected = Fault::Judgement { held: None, found: Some(Flag::WrongLength) };
    assert_eq!(
        found.iter().map(|f| (&f.fault, place_of(f), f.play)).collect::<Vec<_>>(),
        [(&expected, Some((screen(1), 3)), Some(0))]
    );
    assert!(found[0].record.as_ref().unwrap().contains("屏1"), "{}", found[0]);
    // And one that counts is said not to.
    let found =
        lied(|statement, _| judged(statement).batches[1].flags = crate::playlog::flags::write([Some(Flag::WallOff)]));
    assert_eq!(found[0].fault, Fault::Judgement { held: Some(Flag::WallOff), found: None });
    assert!(found.iter().all(|f| place_of(f) == Some((screen(1), 2))), "{found:?}");
}

#[test]
fn what_judgements_rest_on_cannot_be_said_to_be_otherwise() {
    let unknown = Fault::Judgement { held: None, found: Some(Flag::UnknownItem) };
    let has = |found: &[Finding], fault: &Fault| found.iter().any(|finding| finding.fault == *fault);
    assert!(has(&lied(|statement, _| judged(statement).screens[0].playlists.clear()), &unknown));
    assert!(has(&lied(|statement, _| judged(statement).screens[1].takeovers.clear()), &unknown));
    // Issued only after the batch had come in.
    let late = lied(|statement, _| {
        judged(statement).screens[0].playlists[0].reigns[0].from = noon().plus(5 * HOUR);
    });
    assert!(has(&late, &unknown));
    let never = Fault::Judgement { held: None, found: Some(Flag::ImpossibleTime) };
    assert!(has(&lied(|statement, _| judged(statement).screens[2].enrolled = noon().plus(48 * HOUR)), &never));
    assert!(has(&lied(|statement, _| judged(statement).batches[0].received = MIDNIGHT), &never));
    // Another playlist in its place, properly listed.
    let other = programme(vec![item(3, 10), item(4, 5)], 2, "Asia/Shanghai").to_bytes();
    let exchanged = lied(|statement, frames| {
        let listed = &mut judged(statement).playlists[0];
        *listed = BundlePlaylist { digest: Digest::of(&other), length: other.len() as u32 };
        frames.iter_mut().find(|(kind, _)| *kind == FrameKind::Playlist).unwrap().1 = other;
    });
    assert!(has(&exchanged, &unknown));
    let unreadable = lied(|statement, frames| {
        let listed = &mut judged(statement).playlists[0];
        *listed = BundlePlaylist { digest: Digest::of(b"x"), length: 1 };
        frames.iter_mut().find(|(kind, _)| *kind == FrameKind::Playlist).unwrap().1 = b"x".to_vec();
    });
    assert_eq!(unreadable[0].fault, Fault::Playlist(Digest::of(b"x")));
    let missing = lied(|statement, _| drop(judged(statement).batches.pop()));
    assert_eq!(missing[0].fault, Fault::StatementInconsistent("判定与屏幕或批次的数量不符"));
}

/// Takes a batch out of everything that an office says.
fn without(statement: &mut Statement, frames: &mut Vec<(FrameKind, Vec<u8>)>, nth: usize) {
    let proof = frames.iter().position(|(kind, _)| *kind == FrameKind::Proof).unwrap() + nth;
    frames.remove(proof);
    frames.remove(nth);
    statement.batches.remove(nth);
    statement.log.as_mut().unwrap().proofs.remove(nth);
    judged(statement).batches.remove(nth);
}

#[test]
fn a_batch_that_is_left_out_at_an_edge_is_missed() {
    // The first listed is the neighbour before, the fourth the one after what was asked for of the first screen.
    for (nth, after, batch) in [(0, false, 2), (3, true, 3)] {
        let found = lied(|statement, frames| without(statement, frames, nth));
        let edge = found.iter().find(|f| f.fault == Fault::NoNeighbour { after }).unwrap();
        assert_eq!(place_of(edge), Some((screen(1), batch)));
    }
    // The newest of the log, by its own word, is not here.
    let found = lied(|statement, _| judged(statement).screens[2].newest = 3);
    assert_eq!(found.iter().map(|f| &f.fault).collect::<Vec<_>>(), [&Fault::NoNeighbour { after: true }]);
    let found = lied(|statement, _| judged(statement).screens[0].newest = 2);
    assert_eq!(found.iter().map(|f| &f.fault).collect::<Vec<_>>(), [&Fault::NoNeighbour { after: true }]);
}

#[test]
fn keys_exchanged_between_screens_are_found_at_the_first_batch() {
    let found = lied(|statement, _| {
        let other = statement.screens[1].key;
        statement.screens[1].key = statement.screens[0].key;
        statement.screens[0].key = other;
    });
    assert!(matches!(found[0].fault, Fault::Batch(BatchError::Signature(_))), "{}", found[0]);
    assert_eq!(place_of(&found[0]), Some((screen(1), 1)));
}

#[test]
fn figures_of_the_report_are_what_the_screens_signed() {
    let found = lied(|statement, frames| {
        let records = &mut frames.iter_mut().find(|(kind, _)| *kind == FrameKind::Records).unwrap().1;
        let text = String::from_utf8(records.clone()).unwrap().replacen(",10000,10000,", ",10000,90000,", 1);
        *records = text.into_bytes();
        statement.records.length = records.len() as u32;
        statement.records.digest = Digest::of(records);
    });
    assert_eq!(found.iter().map(|f| &f.fault).collect::<Vec<_>>(), [&Fault::Record]);
    assert!(place_of(&found[0]).is_some() && found[0].play.is_some(), "{}", found[0]);
    let found = lied(|statement, _| statement.records.count += 1);
    assert!(matches!(found[0].fault, Fault::RecordCount { .. }), "{}", found[0]);
}

#[test]
fn what_only_batches_elsewhere_could_tell_is_a_remark_and_no_finding() {
    let (mut contents, trust) = made(&BIG);
    let judged = contents.log.as_mut().unwrap().judged.as_mut().unwrap();
    // Its clock was set back over what a batch before these had shown: so the server held.
    judged.batches.get_mut(&(screen(3), 1)).unwrap().1[0] = Some(Flag::ClockSetBack);
    let kept = contents.batches.iter().position(|b| b.batch().screen == screen(1)).unwrap();
    assert_eq!(kept, 0);
    judged.batches.get_mut(&(screen(1), 2)).unwrap().1[1] = Some(Flag::Repeated);
    let found = verify(&written(contents), &trust);
    // Of the chains that are here from their first batch on it can be said, and is.
    let places: BTreeMap<_, _> = found.findings.iter().map(|f| (place_of(f).unwrap(), f.fault.clone())).collect();
    assert_eq!(places.keys().copied().collect::<Vec<_>>(), [(screen(1), 2), (screen(3), 1)]);
    // Of one that is not, it cannot.
    let (mut contents, trust) = made(&[Report { batches: 5, plays: 3, asked: (4, 4) }]);
    let judged = contents.log.as_mut().unwrap().judged.as_mut().unwrap();
    judged.batches.get_mut(&(screen(1), 4)).unwrap().1[1] = Some(Flag::Repeated);
    let verdict = verify(&written(contents), &trust);
    assert_eq!(verdict.findings, []);
    assert!(verdict.remarks.contains(&Remark::Undecided { plays: 1 }), "{:?}", verdict.remarks);
}

#[test]
fn judgements_by_rules_of_another_version_are_not_gainsaid() {
    let (contents, trust) = made(&BIG);
    let file = resigned(&written(contents), |statement, _| {
        judged(statement).rules = 2;
        judged(statement).batches[2].flags.clear();
    });
    let verdict = verify(&file, &trust);
    assert!(verdict.is_intact());
    assert!(verdict.remarks.contains(&Remark::OtherRules(2)));
}

#[test]
fn what_is_not_told_or_judged_is_not_bundled() {
    let sign = |payload| key(9).sign(Context::Bundle, payload);
    let (mut contents, _) = made(&BIG);
    contents.log.as_mut().unwrap().judged.as_mut().unwrap().batches.pop_last();
    assert!(matches!(write(contents, key(9).public(), sign), Err(BundleError::NotJudged { .. })));
    let (mut contents, _) = made(&BIG);
    contents.log.as_mut().unwrap().judged.as_mut().unwrap().screens.pop_last();
    assert!(matches!(write(contents, key(9).public(), sign), Err(BundleError::NothingTold(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn clean_bundles_raise_no_alarm(
        reports in prop::collection::vec((1u64..7, 1i64..9, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
    ) {
        let reports: Vec<Report> = reports
            .into_iter()
            .map(|(batches, plays, first, last)| {
                let first = 1 + first.index(batches as usize) as u64;
                Report { batches, plays, asked: (first, first + last.index((batches - first + 1) as usize) as u64) }
            })
            .collect();
        let (contents, trust) = made(&reports);
        let verdict = verify(&written(contents), &trust);
        prop_assert_eq!(&verdict.findings, &[]);
        prop_assert!(
            verdict.remarks.iter().all(|remark| matches!(remark, Remark::NewestSaid { .. })), "{:?}", verdict.remarks
        );
    }
}
