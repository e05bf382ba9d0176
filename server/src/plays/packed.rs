//! A signed batch as it is stored: without the words that the dictionary of items knows. Booking, creative and file are most
//! of a batch's bytes and the same in all batches of a programme. Put back, the bytes are the signed ones again. Pure.
//!
//! `items` is a column (`core::playlog::columns`): how many items the batch names, then for each its number in the
//! dictionary and where its words were cut out: bytes since the cut before, plus one; 0: it was not.

use xuanping_core::{
    digest::Digest,
    id::{BookingId, CreativeId},
    playlog::{
        ItemRef, SignedBatch,
        columns::{Reader, Writer},
    },
};

/// Bytes of an item's words.
const WORDS: usize = 68;
/// Items of the longest batch: each has its words in it.
const MOST_ITEMS: usize = SignedBatch::MAX_BYTES / WORDS;

/// What batches of every version say of an item side by side: CBOR strings of 16, 16 and 32 bytes.
pub type Words = [u8; WORDS];

/// An item's words.
pub fn words(booking: BookingId, creative: CreativeId, asset: Digest) -> Words {
    let mut words = [0; WORDS];
    words[0] = 0x50;
    words[1..17].copy_from_slice(booking.uuid().as_bytes());
    words[17] = 0x50;
    words[18..34].copy_from_slice(creative.uuid().as_bytes());
    words[34..36].copy_from_slice(&[0x58, 0x20]);
    words[36..].copy_from_slice(asset.as_bytes());
    words
}

/// A batch as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Which items it names, and where.
    pub items: Vec<u8>,
    /// The rest of its signed bytes.
    pub rest: Vec<u8>,
}

/// Takes the items' words out of signed bytes; `items` are the batch's, with their numbers.
pub fn pack(signed: &[u8], items: &[(i64, ItemRef)]) -> Packed {
    let mut column = Writer::default();
    column.push(items.len() as u64);
    let mut rest = Vec::with_capacity(signed.len());
    let mut after = signed;
    for (number, item) in items {
        let words = words(item.booking, item.creative, item.asset);
        let at = after.windows(WORDS).position(|window| window == words);
        column.push(number.unsigned_abs());
        column.push(at.map_or(0, |at| at as u64 + 1));
        if let Some(at) = at {
            rest.extend_from_slice(&after[..at]);
            after = &after[at + WORDS..];
        }
    }
    rest.extend_from_slice(after);
    Packed { items: column.finish(), rest }
}

/// What a stored batch says of its items: number, and where its words were.
fn items(column: &[u8]) -> Option<Vec<(i64, Option<usize>)>> {
    let mut column = Reader::new(column);
    let count = usize::try_from(column.next()?).ok().filter(|count| *count <= MOST_ITEMS)?;
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        let number = i64::try_from(column.next()?).ok()?;
        let cut = usize::try_from(column.next()?).ok()?;
        items.push((number, cut.checked_sub(1)));
    }
    Some(items)
}

/// The numbers of a stored batch's items, in its order; `None` if that is damaged.
pub fn numbers(column: &[u8]) -> Option<Vec<i64>> {
    Some(items(column)?.into_iter().map(|(number, _)| number).collect())
}

/// The signed bytes of a stored batch; `None` if what is stored does not fit together.
pub fn unpack(column: &[u8], rest: &[u8], words: impl Fn(i64) -> Option<Words>) -> Option<Vec<u8>> {
    let items = items(column)?;
    let mut signed = Vec::with_capacity(rest.len() + items.len() * WORDS);
    let mut after = rest;
    for (number, cut) in items {
        let Some(cut) = cut else { continue };
        let (before, behind) = after.split_at_checked(cut)?;
        signed.extend_from_slice(before);
        signed.extend_from_slice(&words(number)?);
        after = behind;
    }
    signed.extend_from_slice(after);
    Some(signed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;
    use xuanping_core::{
        id::{BootId, ScreenId},
        playlog::Batch,
        sign::SecretKey,
        time::UtcMillis,
    };

    use super::*;

    fn item(n: u128) -> ItemRef {
        ItemRef {
            playlist: (!n.is_multiple_of(3)).then(|| Digest::of(&[n as u8 % 3])),
            booking: BookingId::new(Uuid::from_u128(n)),
            creative: CreativeId::new(Uuid::from_u128(n / 2)),
            asset: Digest::of(&n.to_be_bytes()),
        }
    }

    fn batch(items: Vec<ItemRef>) -> Batch {
        Batch {
            screen: ScreenId::new(Uuid::from_u128(1)),
            boot: BootId::new(Uuid::from_u128(2)),
            sequence: 7,
            previous: Digest::ZERO,
            sealed: UtcMillis(1_764_000_000_000),
            items,
            plays: Vec::new(),
            walls: Vec::new(),
            machine: None,
        }
    }

    fn known(items: &[(i64, ItemRef)]) -> impl Fn(i64) -> Option<Words> {
        move |number| {
            let (_, item) = items.iter().find(|(n, _)| *n == number)?;
            Some(words(item.booking, item.creative, item.asset))
        }
    }

    #[test]
    fn the_words_of_items_are_most_of_a_batch_and_come_back_in_their_places() {
        let items: Vec<_> = (0..12).map(|n| (i64::from(n) + 1, item(n as u128))).collect();
        let batch = batch(items.iter().map(|(_, item)| *item).collect());
        let key = SecretKey::from_seed(&[1; 32]);
        let both = [SignedBatch::sign(batch.clone(), &key), SignedBatch::sign_version1(batch, &key).unwrap()];
        for signed in both {
            let packed = pack(signed.signed(), &items);
            assert!(packed.rest.len() + packed.items.len() + 12 * 64 < signed.signed().len());
            assert_eq!(unpack(&packed.items, &packed.rest, known(&items)).unwrap(), signed.signed());
            assert_eq!(numbers(&packed.items).unwrap(), (1..=12).collect::<Vec<_>>());
            assert_eq!(unpack(&packed.items, &packed.rest, |_| None), None, "a dictionary that lost them");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back_whatever_they_hold(
            before in prop::collection::vec(any::<u8>(), 0..40),
            of in prop::collection::vec((0_u128..6, any::<bool>(), prop::collection::vec(any::<u8>(), 0..9)), 0..8),
        ) {
            let items: Vec<_> = of.iter().map(|(n, ..)| (*n as i64 + 1, item(*n))).collect();
            let mut bytes = before;
            for ((_, item), (_, there, after)) in items.iter().zip(&of) {
                if *there {
                    bytes.extend(words(item.booking, item.creative, item.asset));
                }
                bytes.extend(after);
            }
            let packed = pack(&bytes, &items);
            prop_assert_eq!(unpack(&packed.items, &packed.rest, known(&items)), Some(bytes));
        }

        #[test]
        fn damaged_bytes_are_no_batch_and_harm_nobody(
            items in prop::collection::vec(any::<u8>(), 0..30),
            rest in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let known = item(1);
            unpack(&items, &rest, |_| Some(words(known.booking, known.creative, known.asset)));
        }
    }
}
