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
        version: BATCH_VERSION,
        screen: ScreenId::new(Uuid::from_u128(screen)),
        boot: BootId::new(Uuid::nil()),
        sequence,
        previous,
        sealed: UtcMillis(0),
        items: Vec::new(),
        plays: Vec::new(),
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
    let payload = minicbor::to_vec(&plain).unwrap();
    let for_another_purpose = key(1).sign(Context::Manifest, payload.clone());
    assert_eq!(verify(for_another_purpose), Err(BatchError::Signature(SignatureError::Mismatch)));
    let longer = key(1).sign(Context::PlayBatch, [payload, vec![0]].concat());
    assert!(matches!(verify(longer), Err(BatchError::Malformed(_))));
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
    let newer = signed(Batch { version: 2, ..plain });
    assert_eq!(verify(newer.signed().to_vec()), Err(BatchError::Version(2)));
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
