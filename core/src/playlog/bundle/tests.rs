use std::collections::HashSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    id::BootId,
    playlog::{Batch, BatchVersion, ItemRef, PlayStatus, Trigger},
    sign::{Context, SecretKey},
    time::Millis,
};

const START: i64 = 1_764_000_000_000;

pub(super) fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub(super) fn screen_id(n: u128) -> ScreenId {
    ScreenId::new(Uuid::from_u128(0x5c0 + n))
}

fn item(n: u128) -> ItemRef {
    ItemRef {
        playlist: n.is_multiple_of(2).then(|| Digest::of(b"playlist")),
        booking: BookingId::new(Uuid::from_u128(0xb00 + n)),
        creative: CreativeId::new(Uuid::from_u128(0xc0 + n)),
        asset: Digest::of(&n.to_be_bytes()),
    }
}

fn play(item: u32, n: i64) -> Play {
    Play {
        item,
        zone: crate::geometry::ZoneName::Main,
        start: UtcMillis(START + n * 10_000),
        monotonic: 1_000 + n as u64 * 10_000,
        planned: Millis(10_000),
        actual: Millis(10_000),
        status: PlayStatus::Success,
        trigger: Trigger::Loop,
        evidence: if n == 1 { vec![Digest::of(b"picture")] } else { Vec::new() },
    }
}

pub(super) fn chain(screen: u128, batches: u64, plays: i64) -> Vec<SignedBatch> {
    let mut chain: Vec<SignedBatch> = Vec::new();
    for sequence in 1..=batches {
        let base = (sequence as i64 - 1) * plays;
        let batch = Batch {
            screen: screen_id(screen),
            boot: BootId::new(Uuid::from_u128(0xb007)),
            sequence,
            previous: chain.last().map_or(Digest::ZERO, SignedBatch::digest),
            sealed: UtcMillis(START + (base + plays) * 10_000),
            items: vec![item(0), item(1)],
            plays: (0..plays).map(|n| play((n % 2) as u32, base + n)).collect(),
            walls: Vec::new(),
            machine: None,
        };
        // Players are renewed one by one: the bundle has both versions.
        chain.push(match sequence % 2 {
            0 => SignedBatch::sign(batch, &key(screen as u8)),
            _ => SignedBatch::sign_version1(batch, &key(screen as u8)).unwrap(),
        });
    }
    chain
}

pub(super) fn contents() -> Contents {
    let screen = |n: u128, name: &str| BundleScreen {
        id: screen_id(n),
        name: name.into(),
        venue: "县农商行,城关支行".into(),
        key: key(n as u8).public(),
    };
    let batches: Vec<_> = [chain(1, 2, 3), chain(2, 1, 2)].concat();
    let records = batches.iter().flat_map(|b| {
        let (screen, sequence) = (b.batch().screen, b.batch().sequence);
        (0..b.batch().plays.len() as u32).filter(|n| n % 2 == 0).map(move |play| PlayRef { screen, sequence, play })
    });
    Contents {
        exported: UtcMillis(START + 86_400_000),
        filter: "全县,2025-11-24".into(),
        timezone: chrono_tz::Asia::Shanghai,
        screens: vec![screen(2, "门头条屏"), screen(1, "大厅屏")],
        creatives: (0..2)
            .map(|n| BundleCreative { id: item(n).creative, title: format!("刷单就是诈骗 {n}") })
            .collect(),
        bookings: vec![BundleBooking {
            id: item(0).booking, name: "银行网点".into(), campaign: "=集中宣传月".into()
        }],
        records: records.collect(),
        batches,
        keys: Vec::new(),
        log: None,
    }
}

pub(super) fn written(contents: Contents) -> Vec<u8> {
    write(contents, key(9).public(), |payload| key(9).sign(Context::Bundle, payload)).unwrap()
}

#[test]
fn an_untouched_bundle_passes_every_check_and_says_how_many() {
    let verdict = verify(&written(contents()), &Trust::publisher(key(9).public()));
    assert_eq!(verdict.findings, []);
    assert_eq!(verdict.remarks, [Remark::NoLog, Remark::NoJudgements]);
    let count = |kind| verdict.checks.iter().find(|c| c.kind == kind).map(|c| (c.done, c.failed));
    assert_eq!(count(CheckKind::Statement), Some((1, 0)));
    assert_eq!(count(CheckKind::Batches), Some((3, 0)));
    assert_eq!(count(CheckKind::Digests), Some((4, 0)));
    assert_eq!(count(CheckKind::Chain), Some((1, 0)));
    // Five lines, and their number.
    assert_eq!(count(CheckKind::Records), Some((6, 0)));
    assert_eq!(count(CheckKind::Times), Some((8, 0)));
    let summary = verdict.summary.unwrap();
    assert!(summary.publisher_expected);
    assert_eq!((summary.batches, summary.plays, summary.records), (3, 8, 5));
    assert_eq!(summary.screens, ["大厅屏", "门头条屏"]);
}

#[test]
fn records_are_readable_and_never_a_formula() {
    let file = written(contents());
    let text = String::from_utf8_lossy(&file);
    let line = text.lines().find(|l| l.contains(",1,2,大厅屏,")).unwrap();
    assert!(line.contains("\"县农商行,城关支行\""), "{line}");
    assert!(line.contains("2025-11-25 00:00:20.000"), "{line}");
    assert!(line.contains(",'=集中宣传月,银行网点,成功,轮播"), "{line}");
}

#[test]
fn every_flipped_byte_gives_a_finding_and_inside_a_batch_names_the_batch() {
    let original = contents();
    let file = written(original.clone());
    // Where each batch's body lies in the file.
    let bodies: Vec<_> = original
        .batches
        .iter()
        .map(|batch| {
            let at = file.windows(batch.signed().len()).position(|w| w == batch.signed()).unwrap();
            (at..at + batch.signed().len(), batch)
        })
        .collect();
    let (mut plays_named, mut columns_hit) = (0, 0);
    for at in 0..file.len() {
        for bit in [0x01, 0x80] {
            let mut flipped = file.clone();
            flipped[at] ^= bit;
            let verdict = verify(&flipped, &Trust::publisher(key(9).public()));
            assert!(!verdict.is_intact(), "byte {at} bit {bit:#x} is not covered");
            let Some((body, batch)) = bodies.iter().find(|(body, _)| body.contains(&at)) else { continue };
            let finding = verdict.findings.iter().find(|f| matches!(f.fault, Fault::Digest(_))).unwrap();
            assert_eq!(finding.screen.as_ref().unwrap().0, batch.batch().screen);
            assert_eq!(finding.sequence, Some(batch.batch().sequence));
            let starts: Vec<_> = batch.batch().plays.iter().map(|p| p.start).collect();
            assert_eq!(finding.period, Some((starts[0], *starts.last().unwrap())));
            // Inside a play's bytes, that very play.
            if batch.version() == BatchVersion::Two {
                if columns_of(batch).contains(&(at - body.start)) {
                    assert!(finding.play.is_some(), "byte {at}: {finding}");
                    columns_hit += 1;
                }
                continue;
            }
            let mut from = body.start + damage::places(batch).1 as usize;
            for (n, play) in (0..).zip(&batch.batch().plays) {
                let length = minicbor::to_vec(play).unwrap().len();
                if (from..from + length).contains(&at) {
                    assert_eq!(finding.play, Some(n), "byte {at}: {finding}");
                    assert_eq!(finding.record.is_some(), n % 2 == 0);
                    plays_named += 1;
                }
                from += length;
            }
        }
    }
    assert!(plays_named > 200 && columns_hit > 40, "{plays_named}, {columns_hit}");
}

/// Where in a signed batch of version 2 its plays are.
fn columns_of(batch: &SignedBatch) -> std::ops::Range<usize> {
    let payload = crate::sign::unverified_payload(batch.signed()).unwrap();
    let offset = batch.signed().windows(payload.len()).position(|window| window == payload).unwrap();
    let mut decoder = minicbor::Decoder::new(&payload);
    for _ in 0..decoder.map().unwrap().unwrap() {
        let key = decoder.u32().unwrap();
        let from = decoder.position();
        decoder.skip().unwrap();
        if key == 8 {
            return offset + from..offset + decoder.position();
        }
    }
    panic!("no plays");
}

#[test]
fn a_flip_in_a_column_names_the_first_play_that_reads_otherwise() {
    let mut original = contents();
    let plays = (0..40).map(|n| Play { start: UtcMillis(START + n * 10_000 + n * n % 7), ..play(0, n) }).collect();
    let batch = Batch { plays, ..original.batches[0].batch().clone() };
    original.batches = vec![SignedBatch::sign(batch, &key(1))];
    original.records = (0..40).map(|play| PlayRef { screen: screen_id(1), sequence: 1, play }).collect();
    let file = written(original.clone());
    let body = original.batches[0].signed();
    let at = file.windows(body.len()).position(|window| window == body).unwrap();
    // One byte for each start behind the first: the column is found by its first few.
    let offsets: Vec<i64> = (0..40).map(|n| n * n % 7).collect();
    let tokens: Vec<u8> = offsets
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .map(|step| if step == 0 { 2 } else { (((step << 1) ^ (step >> 63)) << 1 | 1) as u8 })
        .collect();
    let column = at + body.windows(30).position(|window| window == &tokens[..30]).unwrap();
    for n in [0, 4, 16, 29] {
        let mut flipped = file.clone();
        flipped[column + n] ^= 0x04;
        let finding = verify(&flipped, &Trust::default()).findings.remove(0);
        // The start of play n + 1 is hit, and with it how long play n was shown.
        assert_eq!(finding.play, Some(n as u32), "{finding}");
        assert!(finding.record.unwrap().contains(",1,"), "the words of that play");
    }
}

#[test]
fn a_flip_in_the_item_table_names_the_first_play_of_that_item() {
    let file = written(contents());
    let batch = &contents().batches[0];
    let asset = *item(1).asset.as_bytes();
    let at = file.windows(32).position(|w| w == asset).unwrap();
    let mut flipped = file;
    flipped[at] ^= 0x10;
    let verdict = verify(&flipped, &Trust::default());
    let finding = &verdict.findings[0];
    assert_eq!((finding.sequence, finding.play), (Some(batch.batch().sequence), Some(1)));
    assert!(finding.to_string().contains("大厅屏"), "{finding}");
    assert!(finding.record.as_ref().unwrap().contains("2025-11-25 00:00:10.000"), "{finding}");
}

#[test]
fn every_truncation_and_every_appended_byte_is_found() {
    let file = written(contents());
    for length in 0..file.len() {
        assert!(!verify(&file[..length], &Trust::default()).is_intact(), "{length}");
    }
    for extra in [&b"\0"[..], b"x", &file] {
        let verdict = verify(&[&file, extra].concat(), &Trust::default());
        assert_eq!(verdict.findings, [Finding::of(Fault::Trailing(extra.len() as u64))]);
    }
}

#[test]
fn a_bundle_of_another_publisher_is_found_even_if_it_is_sound_in_itself() {
    let file = write(contents(), key(8).public(), |p| key(8).sign(Context::Bundle, p)).unwrap();
    let verdict = verify(&file, &Trust::publisher(key(9).public()));
    assert_eq!(verdict.findings[0].fault, Fault::OtherPublisher(key(8).public()));
    let unchecked = verify(&file, &Trust::default());
    assert!(unchecked.is_intact());
    assert_eq!(unchecked.remarks, [Remark::PublisherUnchecked(key(8).public()), Remark::NoLog, Remark::NoJudgements]);
}

#[test]
fn a_batch_taken_out_of_the_middle_is_a_remark_and_a_replaced_one_breaks_the_chain() {
    let mut missing = contents();
    missing.batches = chain(1, 3, 2);
    missing.batches.remove(1);
    missing.records.clear();
    let verdict = verify(&written(missing), &Trust::publisher(key(9).public()));
    assert!(verdict.is_intact());
    let missing = Remark::NotIncluded { screen: "大厅屏".into(), first: 2, last: 2 };
    assert_eq!(verdict.remarks, [Remark::NoLog, Remark::NoJudgements, missing]);

    let mut replaced = contents();
    replaced.batches = chain(1, 2, 2);
    let rewritten = Batch { plays: Vec::new(), ..replaced.batches[0].batch().clone() };
    replaced.batches[0] = SignedBatch::sign(rewritten, &key(1));
    replaced.records.clear();
    let verdict = verify(&written(replaced), &Trust::publisher(key(9).public()));
    assert_eq!(verdict.findings.len(), 1);
    assert!(matches!(verdict.findings[0].fault, Fault::Chain(_)));
    assert_eq!(verdict.findings[0].sequence, Some(2));
}

#[test]
fn a_publisher_who_lies_about_a_record_is_found_out_by_the_screens_own_batch() {
    let honest = written(contents());
    let text = String::from_utf8_lossy(&honest[honest.len() - 200..]).into_owned();
    assert!(text.contains("成功"));
    // The same office signs a statement over a changed record.
    let changed: Vec<u8> = {
        let at = honest.windows(6).rposition(|w| w == "成功".as_bytes()).unwrap();
        [&honest[..at], "中断".as_bytes(), &honest[at + 6..]].concat()
    };
    let records_at = changed.windows(records::HEADER.len()).rposition(|w| w == records::HEADER.as_bytes()).unwrap();
    let (_, rest) = changed.split_at(MAGICS[0].len() + FRAME_HEAD);
    let mut decoder = minicbor::Decoder::new(rest);
    decoder.skip().unwrap();
    let (signed, frames) = rest.split_at(decoder.position());
    let mut statement: Statement = minicbor::decode(&crate::sign::unverified_payload(signed).unwrap()).unwrap();
    statement.records.digest = Digest::of(&changed[records_at..]);
    let signed = key(9).sign(Context::Bundle, minicbor::to_vec(&statement).unwrap());
    let mut file = MAGICS[0].to_vec();
    push_frame(&mut file, FrameKind::Statement, &signed).unwrap();
    file.extend(frames);
    let verdict = verify(&file, &Trust::publisher(key(9).public()));
    assert_eq!(verdict.findings.len(), 1);
    assert_eq!(verdict.findings[0].fault, Fault::Record);
    assert_eq!(verdict.findings[0].screen.as_ref().unwrap().1, "门头条屏");
}

#[test]
fn what_cannot_be_bundled_is_refused() {
    let sign = |payload| key(9).sign(Context::Bundle, payload);
    let mut unknown = contents();
    unknown.screens.remove(0);
    assert!(matches!(write(unknown, key(9).public(), sign), Err(BundleError::UnknownScreen(_))));
    let mut twice = contents();
    twice.batches.push(twice.batches[0].clone());
    assert!(matches!(write(twice, key(9).public(), sign), Err(BundleError::BatchTwice { sequence: 1, .. })));
    let mut missing = contents();
    missing.records[0].play = 99;
    assert!(matches!(write(missing, key(9).public(), sign), Err(BundleError::NoSuchPlay(_))));
}

#[test]
fn the_order_in_which_things_are_given_does_not_matter() {
    let mut shuffled = contents();
    shuffled.batches.reverse();
    shuffled.screens.reverse();
    shuffled.records.reverse();
    assert_eq!(written(shuffled), written(contents()));
    assert_eq!(contents().records.iter().collect::<HashSet<_>>().len(), 5);
}

proptest! {
    #[test]
    fn verification_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), keep in 0usize..3000) {
        let file = written(contents());
        let cut = keep.min(file.len());
        prop_assert!(!verify(&bytes, &Trust::default()).is_intact());
        prop_assert!(!verify(&[MAGICS[0], &bytes].concat(), &Trust::default()).is_intact());
        let spliced = [&file[..cut], &bytes[..], &file[(cut + bytes.len()).min(file.len())..]].concat();
        prop_assert_eq!(verify(&spliced, &Trust::default()).is_intact(), spliced == file);
    }
}
