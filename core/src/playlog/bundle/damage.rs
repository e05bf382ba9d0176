//! Which play of a damaged batch was hit: for naming it in a finding, never for believing anything.
//!
//! The statement has a mark of each item and play, and of batches of version 1 it says where they begin; the first that does
//! not read, or reads otherwise than it was signed, is the one.

use minicbor::{Decode, Decoder, Encode};

use super::{BundleBatch, mark_of};
use crate::{
    playlog::{BatchVersion, ItemRef, Play, SignedBatch, batch, version2},
    sign::unverified_payload,
};

/// The first play hit, and what can still be read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    /// Position of the play.
    pub play: u32,
    /// The play, if it is itself intact (its item was hit).
    pub intact: Option<Play>,
}

/// Where in a signed batch of version 1 the first item and the first play begin; 0 if there is none to be found, and in
/// version 2, which has no bytes of a play of its own.
pub(super) fn places(signed: &SignedBatch) -> (u32, u32) {
    if signed.version() != BatchVersion::One {
        return (0, 0);
    }
    let inside = || -> Option<(usize, usize)> {
        let payload = unverified_payload(signed.signed())?;
        let offset = signed.signed().windows(payload.len()).position(|window| window == payload)?;
        let mut decoder = Decoder::new(&payload);
        let fields = decoder.map().ok()??;
        let (mut items, mut plays) = (0, 0);
        for _ in 0..fields {
            let key = decoder.u32().ok()?;
            let value = decoder.position();
            if key == 6 || key == 7 {
                decoder.array().ok()?;
                let first = offset + decoder.position();
                if key == 6 { items = first } else { plays = first }
            }
            decoder.set_position(value);
            decoder.skip().ok()?;
        }
        Some((items, plays))
    };
    inside().map_or((0, 0), |(items, plays)| (items as u32, plays as u32))
}

/// The first play hit in `body`; `None` if plays and items are as they were signed (then the header or the signature was
/// hit).
pub(super) fn find(body: &[u8], described: &BundleBatch) -> Option<Damage> {
    let columns = unverified_payload(body).filter(|payload| batch::version_of(payload) == Ok(BatchVersion::Two));
    let ((plays, hit_play), hit_item) = match columns {
        Some(payload) => {
            let (items, plays) = version2::read_damaged(&payload);
            (as_marked(plays, &described.play_marks), as_marked(items, &described.item_marks).1)
        }
        None => {
            let hit_item = intact_entries::<ItemRef>(body, described.items_at, &described.item_marks).1;
            (intact_entries::<Play>(body, described.plays_at, &described.play_marks), hit_item)
        }
    };
    let of_item = hit_item.and_then(|item| {
        let first = plays.iter().position(|play| play.item == item)?;
        Some(Damage { play: first as u32, intact: plays.get(first).cloned() })
    });
    of_item.or_else(|| hit_play.map(|play| Damage { play, intact: None }))
}

/// The things that are as they were, and the position of the first that is not.
fn as_marked<T: Encode<()>>(mut things: Vec<T>, marks: &[u8]) -> (Vec<T>, Option<u32>) {
    let found = super::marks(&things);
    let same = found.chunks_exact(4).zip(marks.chunks_exact(4)).take_while(|(found, said)| found == said).count();
    things.truncate(same);
    (things, (same < marks.len() / 4).then_some(same as u32))
}

/// The entries that are as they were, and the position of the first that is not.
fn intact_entries<'b, T: Decode<'b, ()>>(body: &'b [u8], at: u32, marks: &[u8]) -> (Vec<T>, Option<u32>) {
    let mut entries = Vec::new();
    let Some(rest) = body.get(at as usize..) else { return (entries, Some(0)) };
    let mut decoder = Decoder::new(rest);
    for (position, mark) in (0..).zip(marks.chunks_exact(4)) {
        let start = decoder.position();
        let entry = decoder.decode::<T>();
        let as_signed = rest.get(start..decoder.position()).is_some_and(|bytes| mark_of(bytes) == mark);
        match entry {
            Ok(entry) if as_signed => entries.push(entry),
            _ => return (entries, Some(position)),
        }
    }
    (entries, None)
}
