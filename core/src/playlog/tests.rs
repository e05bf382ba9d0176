use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    id::{BookingId, BootId, CreativeId, ScreenId},
    sign::{Context, SecretKey, SignatureError},
};

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn batch(screen: u128, sequence: u64, previous: Digest) -> Batch {
    Batch {
        screen: ScreenId::new(Uuid::from_u128(screen)),
        boot: BootId::new(Uuid::nil()),
        sequence,
        previous,
        sealed: UtcMillis(0),
        items: Vec::new(),
        plays: Vec::new(),
        walls: Vec::new(),
        machine: None,
    }
}

fn signed(batch: Batch) -> SignedBatch {
    SignedBatch::sign(batch, &key(1))
}

fn play(planned: u32, actual: u32, status: PlayStatus) -> Play {
    Play {
        item: 0,
        zone: ZoneName::Main,
        start: UtcMillis(0),
        monotonic: 0,
        planned: Millis(planned),
        actual: Millis(actual),
        status,
        trigger: Trigger::Loop,
        evidence: Vec::new(),
    }
}

#[test]
fn a_chain_accepts_its_next_batch_and_nothing_else() {
    let start = ChainHead::start(ScreenId::new(Uuid::from_u128(1)));
    let first = signed(batch(1, 1, Digest::ZERO));
    let head = start.accept(&first).unwrap();
    assert_eq!(head, ChainHead::of(&first));
    let second = signed(batch(1, 2, first.digest()));
    assert_eq!(head.accept(&second), Ok(ChainHead::of(&second)));

    let refused = |batch| head.accept(&signed(batch)).unwrap_err();
    assert_eq!(refused(batch(1, 1, Digest::ZERO)), ChainRefusal::NotNewer { sequence: 1, newest: 1 });
    assert_eq!(refused(batch(1, 3, first.digest())), ChainRefusal::Gap { expected: 2, sequence: 3 });
    assert_eq!(refused(batch(1, 2, Digest::ZERO)), ChainRefusal::WrongPrevious { sequence: 2 });
    let stranger = batch(2, 2, first.digest());
    assert_eq!(refused(stranger.clone()), ChainRefusal::OtherScreen(stranger.screen));
    // The first batch of all names nothing before it.
    let invented = signed(batch(1, 1, Digest::of(b"before")));
    assert_eq!(start.accept(&invented), Err(ChainRefusal::WrongPrevious { sequence: 1 }));
}

#[test]
fn a_look_at_some_batches_tells_missing_ones_from_broken_links() {
    let first = signed(batch(1, 1, Digest::ZERO));
    let second = signed(batch(1, 2, first.digest()));
    let third = signed(batch(1, 3, second.digest()));
    let fifth = signed(batch(1, 5, Digest::of(b"the fourth")));
    let whole = check_chain([&first, &second, &third]);
    assert_eq!(whole, ChainReport { links: 2, ..ChainReport::default() });
    // Beginning in the middle is no fault.
    assert_eq!(check_chain([&second, &third]), ChainReport { links: 1, ..ChainReport::default() });
    let gaps = check_chain([&first, &third, &fifth]);
    assert_eq!((gaps.links, gaps.missing, gaps.broken), (0, vec![(2, 2), (4, 4)], vec![]));
    let forged = signed(batch(1, 3, first.digest()));
    assert_eq!(check_chain([&second, &forged]).broken, [ChainRefusal::WrongPrevious { sequence: 3 }]);
}

#[test]
fn a_play_is_complete_within_half_a_second_of_its_length() {
    assert!(play(10_000, 9_500, PlayStatus::Success).completed());
    assert!(!play(10_000, 9_499, PlayStatus::Success).completed());
    assert!(!play(10_000, 10_000, PlayStatus::Interrupted).completed());
    assert!(play(u32::MAX, u32::MAX, PlayStatus::Success).completed());
}

#[test]
fn a_batch_of_another_key_or_purpose_or_with_a_stray_reference_is_refused() {
    let plain = batch(1, 1, Digest::ZERO);
    let good = signed(plain.clone()).signed().to_vec();
    let verify = |bytes: Vec<u8>| SignedBatch::verify(bytes, &key(1).public()).map(|_| ());
    assert_eq!(verify(good.clone()), Ok(()));
    let other = SignedBatch::sign(plain.clone(), &key(2)).signed().to_vec();
    assert_eq!(verify(other), Err(BatchError::Signature(SignatureError::WrongKey)));
    let payload = version2::encode(&plain);
    let for_another_purpose = key(1).sign(Context::Manifest, payload.clone());
    assert_eq!(verify(for_another_purpose), Err(BatchError::Signature(SignatureError::Mismatch)));
    let for_the_version_before = key(1).sign(Context::PlayBatch, payload.clone());
    assert_eq!(verify(for_the_version_before), Err(BatchError::Signature(SignatureError::Mismatch)));
    let longer = key(1).sign(Context::PlayBatch2, [payload.clone(), vec![0]].concat());
    assert!(matches!(verify(longer), Err(BatchError::Malformed(_))));
    let something_else = key(1).sign(Context::PlayBatch2, vec![0x80]);
    assert!(matches!(verify(something_else), Err(BatchError::Malformed(_))));
    let by_a_stranger = key(2).sign(Context::PlayBatch2, vec![0x80]);
    assert_eq!(verify(by_a_stranger), Err(BatchError::Signature(SignatureError::WrongKey)));
    let stray = signed(Batch { plays: vec![play(1, 1, PlayStatus::Success)], ..plain.clone() });
    assert_eq!(verify(stray.signed().to_vec()), Err(BatchError::UnknownItem { play: 0 }));
    let item = ItemRef {
        playlist: None,
        booking: BookingId::new(Uuid::nil()),
        creative: CreativeId::new(Uuid::nil()),
        asset: Digest::ZERO,
    };
    let twice = signed(Batch { items: vec![item, item], ..plain.clone() });
    assert_eq!(verify(twice.signed().to_vec()), Err(BatchError::ItemTwice { item: 1 }));
    // Version 3, in the place where version 2 says so.
    let newer = key(1).sign(Context::PlayBatch2, [&payload[..2], &[3], &payload[3..]].concat());
    assert_eq!(verify(newer), Err(BatchError::Version(3)));
    assert_eq!(verify(vec![0; SignedBatch::MAX_BYTES + 1]), Err(BatchError::TooLarge));
}

#[test]
fn there_is_one_way_only_to_write_a_signed_batch() {
    let good = signed(batch(1, 1, Digest::ZERO)).signed().to_vec();
    let verify = |bytes: &[u8]| SignedBatch::verify(bytes.to_vec(), &key(1).public()).map(|_| ());
    assert_eq!(good[0], 0x84);
    // Bytes after it, a tag before it, the array with a long length, an unprotected header: each reads, none is accepted.
    let malformed = Err(BatchError::Signature(SignatureError::Malformed));
    assert_eq!(verify(&[&good[..], &[0]].concat()), malformed);
    assert_eq!(verify(&[&[0xd2], &good[..]].concat()), malformed);
    assert_eq!(verify(&[&[0x98, 0x04], &good[1..]].concat()), malformed);
    let at = 1 + 2 + 38;
    assert_eq!(good[at], 0xa0);
    let with_header = [&good[..at], &[0xa1, 0x04, 0x41, 0x00], &good[at + 1..]].concat();
    assert_eq!(verify(&with_header), malformed);
}

/// What a wall really does: a loop whose items come again, pictures up to a frame late, two clocks read one after the other.
fn plays_of_a_loop(zone: ZoneName, loop_items: &[u32], length: u32, count: u32) -> Vec<Play> {
    let mut noise = 1_u64;
    let mut random = |below: u64| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) % below
    };
    let late: Vec<u64> = (0..=count).map(|n| u64::from(n * length) + random(17)).collect();
    (0..count as usize)
        .map(|n| Play {
            item: loop_items[n % loop_items.len()],
            zone,
            start: UtcMillis(1_764_000_000_000 + late[n] as i64 + random(2) as i64),
            monotonic: 86_400_000 + late[n],
            planned: Millis(length),
            actual: Millis((late[n + 1] - late[n]) as u32),
            status: PlayStatus::Success,
            trigger: Trigger::Loop,
            evidence: Vec::new(),
        })
        .collect()
}

fn batch_of(items: u32, plays: Vec<Play>) -> Batch {
    let item = |n: u32| ItemRef {
        playlist: Some(Digest::of(b"playlist")),
        booking: BookingId::new(Uuid::from_u128(u128::from(n))),
        creative: CreativeId::new(Uuid::from_u128(u128::from(n) << 64)),
        asset: Digest::of(&n.to_be_bytes()),
    };
    let machine = Some(crate::id::MachineBootId::new(Uuid::max()));
    let sealed = UtcMillis(1_764_000_000_000 + 3_600_000);
    Batch { sealed, items: (0..items).map(item).collect(), plays, machine, ..batch(1, 1, Digest::ZERO) }
}

#[test]
fn an_hour_of_a_loop_takes_less_than_seven_bytes_a_play_signed_with_all_it_says() {
    let twelve: Vec<u32> = (0..12).collect();
    for (length, count, most) in [(10_000, 360, 5.6), (15_000, 240, 7.2)] {
        let batch = signed(batch_of(12, plays_of_a_loop(ZoneName::Main, &twelve, length, count)));
        let bytes = batch.signed().len() as f64 / f64::from(count);
        assert!(bytes < most, "{bytes} bytes a play of {length} ms");
    }
    // What a play itself takes, without what is said once: items that come more often than others cost nothing either.
    let weighted = [0, 1, 0, 2, 0, 1, 3, 0, 4, 0, 1, 5];
    let size = |count| signed(batch_of(6, plays_of_a_loop(ZoneName::Main, &weighted, 10_000, count))).signed().len();
    let each = (size(2_000) - size(1_000)) as f64 / 1_000.0;
    assert!(each < 2.2, "{each}");
}

#[test]
fn a_batch_of_columns_that_claims_more_plays_than_any_wall_shows_is_refused_before_they_are_made() {
    // Columns of zeros take no bytes: only the number says how many plays there are.
    let plays = vec![Play { monotonic: 0, ..play(0, 0, PlayStatus::Success) }];
    let good = version2::encode(&batch_of(1, plays));
    let zone = [0x81, 0x89, 0x00, 0x01, 0x40];
    let at = good.windows(zone.len()).position(|window| window == zone).unwrap();
    let many = |count: u32| {
        let bytes = [&good[..at + 3], &[0x1a], &count.to_be_bytes(), &good[at + 4..]].concat();
        SignedBatch::verify(key(1).sign(Context::PlayBatch2, bytes), &key(1).public())
            .map(|batch| batch.batch().plays.len())
    };
    assert!(matches!(many(u32::MAX), Err(BatchError::Malformed(_))));
    assert!(matches!(many(Batch::MAX_PLAYS as u32 + 1), Err(BatchError::Malformed(_))));
    // And the most that there may be.
    let plays = vec![Play { monotonic: 0, ..play(0, 0, PlayStatus::Success) }; Batch::MAX_PLAYS];
    let most = signed(batch_of(1, plays));
    assert_eq!(SignedBatch::verify(most.signed().to_vec(), &key(1).public()), Ok(most));
}

#[test]
fn what_version_1_has_no_words_for_is_not_written_in_it() {
    let event =
        Play { trigger: Trigger::Event(crate::id::ShowId::new(Uuid::max())), ..play(1, 1, PlayStatus::Success) };
    assert!(SignedBatch::sign_version1(Batch { machine: None, ..batch_of(1, vec![event]) }, &key(1)).is_none());
    assert!(SignedBatch::sign_version1(batch_of(1, Vec::new()), &key(1)).is_none());
    let plain = Batch { machine: None, ..batch_of(1, vec![play(1, 1, PlayStatus::Success)]) };
    let old = SignedBatch::sign_version1(plain, &key(1)).unwrap();
    assert_eq!(SignedBatch::verify(old.signed().to_vec(), &key(1).public()).unwrap().version(), BatchVersion::One);
}

fn any_play(items: u32) -> impl Strategy<Value = Play> {
    let zone = prop::sample::select(vec![ZoneName::Main, ZoneName::Ticker, ZoneName::Audio]);
    let near = prop_oneof![3 => 0_i64..100_000, 1 => any::<i64>()];
    let length = || prop_oneof![3 => Just(10_000_u32), 2 => 0_u32..20_000, 1 => any::<u32>()];
    let status = prop::sample::select(vec![
        PlayStatus::Success,
        PlayStatus::HardwareFailure,
        PlayStatus::ContentFailure,
        PlayStatus::Interrupted,
    ]);
    let trigger = prop_oneof![
        6 => Just(Trigger::Loop),
        1 => Just(Trigger::Takeover),
        1 => any::<u128>().prop_map(|n| Trigger::Event(crate::id::ShowId::new(Uuid::from_u128(n)))),
        1 => Just(Trigger::Fixed),
        1 => Just(Trigger::Local),
    ];
    let evidence = prop::collection::vec(any::<u8>().prop_map(|n| Digest::of(&[n])), 0..3);
    let monotonic = prop_oneof![3 => 0_u64..100_000, 1 => any::<u64>()];
    (0..items, zone, near, monotonic, length(), length(), status, trigger, evidence).prop_map(
        |(item, zone, start, monotonic, planned, actual, status, trigger, evidence)| Play {
            item,
            zone,
            start: UtcMillis(start),
            monotonic,
            planned: Millis(planned),
            actual: Millis(actual),
            status,
            trigger,
            evidence,
        },
    )
}

fn any_walls() -> impl Strategy<Value = Vec<WallChange>> {
    let state = prop::sample::select(vec![WallState::On, WallState::Off, WallState::Unknown]);
    let why = prop::sample::select(vec![WallReason::NotKnown, WallReason::Hours, WallReason::Order, WallReason::Fault]);
    let change =
        (any::<i64>(), state, why).prop_map(|(from, state, why)| WallChange { from: UtcMillis(from), state, why });
    prop::collection::vec(change, 0..3)
}

proptest! {
    #[test]
    fn any_plays_come_back_as_they_were_by_zone(
        plays in prop::collection::vec(any_play(5), 0..60),
        walls in any_walls(),
        sealed in any::<i64>(),
    ) {
        let batch = Batch { walls, sealed: UtcMillis(sealed), ..batch_of(5, plays.clone()) };
        let signed = signed(batch.clone());
        let read = SignedBatch::verify(signed.signed().to_vec(), &key(1).public()).unwrap();
        prop_assert_eq!(&read, &signed);
        let mut by_zone = plays;
        by_zone.sort_by_key(|play| play.zone);
        prop_assert_eq!(read.batch(), &Batch { plays: by_zone, ..batch });
    }

    #[test]
    fn no_other_bytes_say_the_same(
        plays in prop::collection::vec(any_play(3), 1..12),
        at in any::<prop::sample::Index>(),
        change in 1_u8..,
        how in 0..3,
    ) {
        let batch = batch_of(3, plays);
        let payload = version2::encode(&Batch { plays: signed(batch.clone()).batch().plays.clone(), ..batch });
        let at = at.index(payload.len());
        let other = match how {
            0 => [&payload[..at], &[payload[at] ^ change], &payload[at + 1..]].concat(),
            1 => [&payload[..at], &[change], &payload[at..]].concat(),
            _ => [&payload[..at], &payload[at + 1..]].concat(),
        };
        prop_assume!(other != payload);
        let read = |payload: &[u8]| {
            let signed = key(1).sign(Context::PlayBatch2, payload.to_vec());
            SignedBatch::verify(signed, &key(1).public()).map(|batch| batch.batch().clone())
        };
        let good = read(&payload).unwrap();
        if let Ok(other) = read(&other) {
            prop_assert_ne!(other, good);
        }
    }

    #[test]
    fn nothing_damaged_makes_the_search_for_what_was_hit_panic(
        plays in prop::collection::vec(any_play(3), 1..12),
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut payload = version2::encode(&batch_of(3, plays));
        let at = at.index(payload.len());
        payload[at] = value;
        version2::read_damaged(&payload);
    }
}
