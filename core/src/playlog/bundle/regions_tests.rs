//! What a changed byte is called, part by part of the file: a table of who may be named for what, and over bundles of versions 2
//! and 3 of several screens and both versions of batches every byte is changed, every end cut off, every frame dropped, doubled, exchanged
//! and put in another's place. Nothing passes, everything is called by its name, and clean bundles raise no alarm.

use std::ops::Range;

use minicbor::Decoder;
use proptest::prelude::*;

use super::{
    judged_tests::{BIG, SMALL, made},
    tamper_tests::*,
    tests::*,
    *,
};
use crate::{
    playlog::{BatchError, SignedBatch},
    tlog::InvalidProof,
};

/// Screen and sequence.
type Place = (ScreenId, u64);

/// A part of the file, with the batch that is to be named if it is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Magic,
    StatementHead,
    Statement,
    BatchHead(Place),
    /// Its protected and unprotected header, and its payload.
    Batch(Place),
    BatchSignature(Place),
    RecordsHead,
    /// The line of names above the records.
    RecordsHeader,
    /// A line; which, from 0.
    Record(usize),
    ProofHead(Place),
    /// Index and hashes.
    Proof(Place),
    Checkpoint(Place),
    PlaylistHead,
    Playlist,
}

/// Whether these findings, in their order, are what is to be said of a hit in this part: the table.
fn rightly_named(part: Part, found: &[Finding]) -> bool {
    let at = |finding: &Finding| finding.screen.as_ref().map(|(id, _)| *id).zip(finding.sequence);
    let faults: Vec<&Fault> = found.iter().map(|finding| &finding.fault).collect();
    let named = |place: Place| found.iter().all(|finding| at(finding) == Some(place));
    match part {
        // As one of the other version, if the digit in it was hit so.
        Part::Magic => matches!(faults[..], [Fault::Magic | Fault::StatementInconsistent(_)]),
        Part::StatementHead | Part::RecordsHead | Part::PlaylistHead => {
            matches!(faults[..], [Fault::Frame]) && at(&found[0]).is_none()
        }
        // It says what all the rest is: so much may follow, but it comes first.
        Part::Statement => {
            let of_it = |fault: &Fault| {
                matches!(fault, Fault::StatementUnreadable | Fault::StatementSignature(_) | Fault::OtherPublisher(_))
            };
            match faults[..] {
                [Fault::Frame, second, ..] => of_it(second),
                [first, ..] => of_it(first),
                [] => false,
            }
        }
        Part::BatchHead(place) | Part::ProofHead(place) => matches!(faults[..], [Fault::Frame]) && named(place),
        // Its own lines among the records have no batch any more to be compared with.
        Part::Batch(place) => match faults[..] {
            [Fault::Digest(_), Fault::Batch(_), ref rest @ ..] => {
                named(place) && rest.iter().all(|f| **f == Fault::Record)
            }
            _ => false,
        },
        Part::BatchSignature(place) => match faults[..] {
            [Fault::Digest(_), Fault::Batch(BatchError::Signature(_)), ref rest @ ..] => {
                named(place) && rest.iter().all(|f| **f == Fault::Record)
            }
            _ => false,
        },
        Part::RecordsHeader => match faults[..] {
            // Without its line feed the first record is a part of it.
            [Fault::Digest(_), Fault::Record, ref rest @ ..] => {
                rest.iter().all(|f| matches!(f, Fault::Record | Fault::RecordCount { .. }))
            }
            _ => false,
        },
        // Without its line feed it is one line with the next; with one within it, two.
        Part::Record(_) => match faults[..] {
            [Fault::Digest(_), Fault::Record, ref rest @ ..] => {
                rest.iter().all(|f| matches!(f, Fault::Record | Fault::RecordCount { .. }))
            }
            // Of the last line, nothing but its line feed.
            [Fault::Digest(_), Fault::RecordCount { .. }] => true,
            _ => false,
        },
        Part::Proof(place) => matches!(faults[..], [Fault::Digest(_), Fault::Proof(_)]) && named(place),
        // What is no text is no proof file either.
        Part::Checkpoint(place) => {
            matches!(faults[..], [Fault::Digest(_), Fault::Checkpoint(_) | Fault::Proof(InvalidProof::Malformed)])
                && named(place)
        }
        Part::Playlist => matches!(faults[..], [Fault::Digest(_), ..]) && at(&found[0]).is_none(),
    }
}

/// A frame: head, and body.
fn frames_of(file: &[u8]) -> Vec<(u8, Range<usize>)> {
    let mut frames = Vec::new();
    let mut at = MAGICS[0].len();
    while at < file.len() {
        let length = u32::from_be_bytes(file[at + 1..at + FRAME_HEAD].try_into().unwrap()) as usize;
        frames.push((file[at], at + FRAME_HEAD..at + FRAME_HEAD + length));
        at += FRAME_HEAD + length;
    }
    assert_eq!(at, file.len());
    frames
}

/// Every byte's part.
fn parts_of(file: &[u8], places: &[Place]) -> Vec<Part> {
    let mut parts = vec![Part::Magic; MAGICS[0].len()];
    let (mut batches, mut proofs) = (places.iter().copied(), places.iter().copied());
    for (kind, body) in frames_of(file) {
        let bytes = &file[body];
        match kind {
            1 => {
                parts.extend([Part::StatementHead; FRAME_HEAD]);
                parts.extend(bytes.iter().map(|_| Part::Statement));
            }
            2 => {
                let place = batches.next().unwrap();
                parts.extend([Part::BatchHead(place); FRAME_HEAD]);
                let mut decoder = Decoder::new(bytes);
                decoder.array().unwrap();
                (0..3).for_each(|_| decoder.skip().unwrap());
                // The signature's CBOR head is of the structure, not of the signature.
                let signature = decoder.position() + 2;
                let part = |n| if n < signature { Part::Batch(place) } else { Part::BatchSignature(place) };
                parts.extend((0..bytes.len()).map(part));
            }
            3 => {
                parts.extend([Part::RecordsHead; FRAME_HEAD]);
                for (n, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
                    let part = n.checked_sub(1).map_or(Part::RecordsHeader, Part::Record);
                    parts.extend(line.iter().map(|_| part));
                }
            }
            5 => {
                parts.extend([Part::PlaylistHead; FRAME_HEAD]);
                parts.extend(bytes.iter().map(|_| Part::Playlist));
            }
            _ => {
                let place = proofs.next().unwrap();
                parts.extend([Part::ProofHead(place); FRAME_HEAD]);
                let checkpoint = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap() + 2;
                let part = |n| if n < checkpoint { Part::Proof(place) } else { Part::Checkpoint(place) };
                parts.extend((0..bytes.len()).map(part));
            }
        }
    }
    parts
}

fn places_of(contents: &Contents) -> Vec<Place> {
    let mut places: Vec<Place> =
        contents.batches.iter().map(|batch| (batch.batch().screen, batch.batch().sequence)).collect();
    places.sort_unstable();
    places
}

/// Three screens with pictures, batches of both versions on two of them, and plays in words.
fn several() -> (Contents, Trust) {
    let mut contents = contents();
    contents.batches = [chain(1, 3, 4), chain(2, 2, 3), chain(3, 1, 2)].concat();
    contents.screens.push(BundleScreen { id: screen_id(3), name: "电梯屏".into(), ..contents.screens[0].clone() });
    contents.screens[2].key = key(3).public();
    contents.records = all_plays(&contents.batches).into_iter().filter(|at| at.play != 1).collect();
    let log = LogOf::new(&contents.batches, b"foreign");
    contents.log = Some(log.proven(&contents.batches, 350));
    (contents, Trust { publisher: Some(key(9).public()), witness: Some(log.witnessed(&[200, 350])) })
}

fn all_plays(batches: &[SignedBatch]) -> Vec<PlayRef> {
    let of = |batch: &SignedBatch| {
        let (screen, sequence) = (batch.batch().screen, batch.batch().sequence);
        (0..batch.batch().plays.len() as u32).map(move |play| PlayRef { screen, sequence, play })
    };
    batches.iter().flat_map(of).collect()
}

fn flipped_is_named(file: &[u8], at: usize, mask: u8, part: Part, trust: &Trust) {
    let mut flipped = file.to_vec();
    flipped[at] ^= mask;
    let found = verify(&flipped, trust).findings;
    assert!(rightly_named(part, &found), "byte {at} ^ {mask:#04x} in {part:?}: {found:#?}");
    // The line that was hit is the one that is named, unless it is two lines now, or one with the next.
    if let Part::Record(line) = part
        && file[at] != b'\n'
        && flipped[at] != b'\n'
    {
        let (_, body) = frames_of(file).into_iter().find(|(kind, _)| *kind == 3).unwrap();
        let text = String::from_utf8_lossy(&flipped[body]).into_owned();
        let hit = text.split_inclusive('\n').nth(line + 1).unwrap().trim_end().to_owned();
        assert_eq!(found[1].record.as_deref(), Some(hit.as_str()), "byte {at}");
    }
}

#[test]
fn every_changed_byte_is_found_and_called_by_the_name_of_its_part() {
    for (contents, trust) in [several(), made(&BIG)] {
        let places = places_of(&contents);
        let file = written(contents);
        let parts = parts_of(&file, &places);
        assert_eq!(parts.len(), file.len());
        for (at, part) in parts.into_iter().enumerate() {
            flipped_is_named(&file, at, 1 << (at % 8), part, &trust);
        }
    }
}

#[test]
fn every_changed_bit_of_a_small_bundle_is_found_and_called_by_the_name_of_its_part() {
    let mut contents = contents();
    contents.batches = chain(2, 1, 1);
    contents.screens.truncate(1);
    contents.creatives.truncate(1);
    contents.records = all_plays(&contents.batches);
    for (contents, trust) in [(contents, Trust::publisher(key(9).public())), made(&SMALL)] {
        let places = places_of(&contents);
        let file = written(contents);
        for (at, part) in parts_of(&file, &places).into_iter().enumerate() {
            (0..8).for_each(|bit| flipped_is_named(&file, at, 1 << bit, part, &trust));
        }
        let version = b"xuanping-bundle/".len();
        for other in (b'1'..=b'3').filter(|digit| *digit != file[version]) {
            flipped_is_named(&file, version, file[version] ^ other, Part::Magic, &trust);
        }
    }
}

#[test]
fn wherever_it_is_cut_off_the_first_frame_that_is_not_whole_is_named() {
    for (contents, trust) in [several(), made(&BIG)] {
        let places = places_of(&contents);
        let file = written(contents);
        let frames = frames_of(&file);
        let batch_of = |frame: usize| named_in(frame, &places);
        for length in 0..file.len() {
            let found = verify(&file[..length], &trust).findings;
            let first = found.first().unwrap_or_else(|| panic!("cut off at {length}"));
            let cut = frames.iter().position(|(_, body)| length < body.end).unwrap();
            let unreadable = |f: &Finding| f.fault == Fault::StatementUnreadable;
            match cut {
                0 if length < MAGICS[0].len() => assert_eq!(first.fault, Fault::Magic),
                0 => assert!(unreadable(first), "{length}: {first:?}"),
                _ => {
                    assert_eq!(first.fault, Fault::Frame, "{length}");
                    assert_eq!(place_of(first), batch_of(cut), "{length}");
                }
            }
        }
    }
}

pub(super) fn place_of(finding: &Finding) -> Option<Place> {
    finding.screen.as_ref().map(|(id, _)| *id).zip(finding.sequence)
}

/// The batch that a finding about this frame names: frames are the statement, the batches, the records, the proofs, the
/// playlists.
fn named_in(frame: usize, places: &[Place]) -> Option<Place> {
    let count = places.len();
    match frame {
        n if (1..=count).contains(&n) => Some(places[n - 1]),
        n if (count + 2..2 * count + 2).contains(&n) => Some(places[n - count - 2]),
        _ => None,
    }
}

#[test]
fn a_frame_dropped_doubled_exchanged_or_put_in_anothers_place_is_named_where_it_begins() {
    for (contents, trust) in [several(), made(&BIG)] {
        let places = places_of(&contents);
        let file = written(contents);
        let frames: Vec<&[u8]> =
            frames_of(&file).into_iter().map(|(_, body)| &file[body.start - FRAME_HEAD..body.end]).collect();
        let joined = |frames: &[&[u8]]| [&file[..MAGICS[0].len()], &frames.concat()].concat();
        assert_eq!(joined(&frames), file);
        let check = |what: &str, changed: &[&[u8]], at: usize| {
            let found = verify(&joined(changed), &trust).findings;
            let first = found.first().unwrap_or_else(|| panic!("{what} {at}"));
            assert!(matches!(first.fault, Fault::Frame | Fault::Digest(_)), "{what} {at}: {first:?}");
            assert_eq!(place_of(first), named_in(at, &places), "{what} {at}: {first:?}");
        };
        for one in 1..frames.len() {
            let mut dropped = frames.clone();
            dropped.remove(one);
            check("dropped", &dropped, one);
            let mut doubled = frames.clone();
            doubled.insert(one, frames[one]);
            if one + 1 == frames.len() {
                let found = verify(&joined(&doubled), &trust).findings;
                assert_eq!(found, [Finding::of(Fault::Trailing(frames[one].len() as u64))]);
            } else {
                check("doubled", &doubled, one + 1);
            }
            for other in 1..frames.len() {
                if other != one {
                    let mut replaced = frames.clone();
                    replaced[one] = frames[other];
                    check("replaced", &replaced, one);
                }
                if other > one {
                    let mut exchanged = frames.clone();
                    exchanged.swap(one, other);
                    check("exchanged", &exchanged, one);
                }
            }
        }
        let no_statement = verify(&joined(&frames[1..]), &trust).findings;
        assert!(no_statement.iter().any(|finding| finding.fault == Fault::StatementUnreadable));
    }
}

#[test]
fn figures_and_keys_altered_in_a_statement_that_the_office_signs_anew_are_found() {
    let (contents, trust) = several();
    let file = written(contents);
    let first = |change: &dyn Fn(&mut Statement)| {
        let found = verify(&resigned(&file, |statement, _| change(statement)), &trust).findings;
        found.into_iter().next().map(|finding| finding.fault)
    };
    // Plays more than there are, fewer, others, and where in the file they are said to be.
    assert_eq!(first(&|s| s.batches[1].play_marks.extend([0; 4])), Some(Fault::OtherBatch));
    assert_eq!(first(&|s| s.batches[1].play_marks.truncate(4)), Some(Fault::OtherBatch));
    assert_eq!(first(&|s| s.batches[0].item_marks[0] ^= 1), Some(Fault::OtherBatch));
    assert_eq!(first(&|s| s.batches[0].plays_at += 1), Some(Fault::OtherBatch));
    assert_eq!(first(&|s| s.batches[0].last = None), Some(Fault::OtherBatch));
    assert_eq!(first(&|s| s.batches[2].sequence += 1), Some(Fault::OtherBatch));
    assert_eq!(first(&|s| s.records.count += 1), Some(Fault::RecordCount { found: 14, stated: 15 }));
    assert_eq!(first(&|s| s.creatives[0].title.push('!')), Some(Fault::Record));
    assert_eq!(first(&|s| s.timezone = "Asia/Tokyo".into()), Some(Fault::Record));
    // Two screens' keys exchanged, and a screen that is there twice, with a second key of the office's own.
    let exchanged = first(&|s| (s.screens[0].key, s.screens[1].key) = (s.screens[1].key, s.screens[0].key));
    assert!(matches!(exchanged, Some(Fault::Batch(BatchError::Signature(_)))), "{exchanged:?}");
    let twice = first(&|s| s.screens.push(BundleScreen { key: key(66).public(), ..s.screens[2].clone() }));
    assert_eq!(twice, Some(Fault::StatementInconsistent("屏幕未按编号排列，或有重复")));
}

/// A chain of batches with the plays and versions that are drawn.
fn drawn(screen: u128, batches: &[(usize, bool)]) -> Vec<SignedBatch> {
    let mut chain: Vec<SignedBatch> = Vec::new();
    for (plays, version1) in batches {
        let mut batch = super::tests::chain(screen, chain.len() as u64 + 1, 12).pop().unwrap().batch().clone();
        batch.plays.truncate(*plays);
        batch.previous = chain.last().map_or(Digest::ZERO, SignedBatch::digest);
        // Every batch that is written this way has only the items that are played.
        chain.push(if *version1 {
            SignedBatch::sign_version1(batch, &key(screen as u8)).unwrap()
        } else {
            SignedBatch::sign(batch, &key(screen as u8))
        });
    }
    chain
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_clean_bundle_raises_an_alarm_whatever_is_in_it(
        screens in prop::collection::vec(prop::collection::vec((0usize..=12, any::<bool>()), 1..5), 1..5),
        left_out in any::<u64>(), after in 0u64..60, looked_in in 0u64..300,
    ) {
        let mut contents = contents();
        contents.batches = (1..).zip(&screens).flat_map(|(n, batches)| drawn(n, batches)).collect();
        let listed = |n: u128| BundleScreen {
            id: screen_id(n), name: format!("屏,\"{n}\""), venue: "=点位".into(), key: key(n as u8).public(),
        };
        contents.screens = (1..=screens.len() as u128).map(listed).collect();
        let every = all_plays(&contents.batches);
        contents.records = (0_u32..).zip(every).filter(|(n, _)| left_out >> (n % 64) & 1 == 0).map(|(_, at)| at).collect();
        let log = LogOf::new(&contents.batches, b"foreign");
        let size = 300 + contents.batches.len() as u64 + after;
        contents.log = Some(log.proven(&contents.batches, size));
        let trust = Trust { publisher: Some(key(9).public()), witness: Some(log.witnessed(&[looked_in, size])) };
        let verdict = verify(&written(contents.clone()), &trust);
        prop_assert_eq!((verdict.findings, verdict.remarks), (vec![], vec![Remark::NoJudgements]));
        // As before there was a log.
        contents.log = None;
        let verdict = verify(&written(contents), &Trust::publisher(key(9).public()));
        prop_assert_eq!((verdict.findings, verdict.remarks), (vec![], vec![Remark::NoLog, Remark::NoJudgements]));
    }
}
