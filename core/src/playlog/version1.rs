//! Batches of version 1: what players sent first. Read for ever, and made only where old batches are wanted.

use minicbor::{Decode, Encode};

use super::{Batch, BatchError, ItemRef, Play, TriggerKind};
use crate::{
    digest::Digest,
    id::{BootId, ScreenId},
    time::UtcMillis,
};

/// The batch as it is written: FORMAT.md, version 1.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    version: u32,
    #[n(1)]
    screen: ScreenId,
    #[n(2)]
    boot: BootId,
    #[n(3)]
    sequence: u64,
    #[n(4)]
    previous: Digest,
    #[n(5)]
    sealed: UtcMillis,
    #[n(6)]
    items: Vec<ItemRef>,
    #[n(7)]
    plays: Vec<Play>,
}

/// The bytes; `None` if the batch says what version 1 has no words for.
pub(super) fn encode(batch: Batch) -> Option<Vec<u8>> {
    let Batch { screen, boot, sequence, previous, sealed, items, plays, walls, machine } = batch;
    if !walls.is_empty() || machine.is_some() || !plays.iter().all(sayable) {
        return None;
    }
    minicbor::to_vec(Written { version: 1, screen, boot, sequence, previous, sealed, items, plays }).ok()
}

/// The batch in a payload that begins as one of version 1.
pub(super) fn decode(payload: &[u8]) -> Result<Batch, BatchError> {
    let mut decoder = minicbor::Decoder::new(payload);
    let written: Written = decoder.decode().map_err(|e| BatchError::Malformed(e.to_string()))?;
    if decoder.position() != payload.len() {
        return Err(BatchError::Malformed("bytes after the end".into()));
    }
    if written.version != 1 {
        return Err(BatchError::Version(written.version));
    }
    if !written.plays.iter().all(sayable) {
        return Err(BatchError::Malformed("a trigger that version 1 does not have".into()));
    }
    let Written { screen, boot, sequence, previous, sealed, items, plays, .. } = written;
    Ok(Batch { screen, boot, sequence, previous, sealed, items, plays, walls: Vec::new(), machine: None })
}

fn sayable(play: &Play) -> bool {
    matches!(play.trigger.kind(), TriggerKind::Loop | TriggerKind::Takeover)
}
