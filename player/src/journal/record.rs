//! One line of the journal: `[length u32 LE][first 8 bytes of the payload's SHA-256][payload, CBOR]`.
//!
//! Reading stops at the first record that is cut or does not match its sum: whatever the power left behind it is not a play.

use minicbor::{Decode, Encode};
use xuanping_core::{
    digest::Digest,
    id::{BootId, MachineBootId},
    playlog::{ItemRef, Play, WallChange},
    time::Millis,
};

/// In which run of this program, and of the machine, something was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Run {
    /// Of the program.
    #[n(0)]
    pub boot: BootId,
    /// Of the machine, which is what monotonic times count from; `None` if it does not say.
    #[n(1)]
    pub machine: Option<MachineBootId>,
}

/// A play with what it showed; the play's own `item` number means nothing until it is sealed into a batch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Entry {
    /// What.
    #[n(0)]
    pub item: ItemRef,
    /// How.
    #[n(1)]
    pub play: Play,
}

/// Which play a later record is about; unique within a run of the process.
pub type PlayKey = u64;

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Record {
    /// It went up on the wall. If nothing else is ever written about it, it was interrupted.
    #[n(0)]
    Opened(#[n(0)] PlayKey, #[n(1)] Entry),
    /// It still was there after so long.
    #[n(1)]
    Showing(#[n(0)] PlayKey, #[n(1)] Millis),
    /// It is over, and this is its record. Complete in itself.
    #[n(2)]
    Finished(#[n(0)] PlayKey, #[n(1)] Entry),
    /// Everything in this segment was shown in this run. First in each segment; those of older programs have none.
    #[n(3)]
    Began(#[n(0)] Run),
    /// From then on the wall gave light, or did not; when that was on the machine's monotonic clock.
    #[n(4)]
    Wall(#[n(0)] WallChange, #[n(1)] u64),
}

const HEAD: usize = 4 + 8;
/// Far more than any record has.
const MAX_PAYLOAD: usize = 64 << 10;

impl Record {
    /// As written.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        let payload = minicbor::to_vec(self).unwrap_or_default();
        let mut bytes = Vec::with_capacity(HEAD + payload.len());
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&Digest::of(&payload).as_bytes()[..8]);
        bytes.extend_from_slice(&payload);
        bytes
    }

    /// The record at the beginning of `bytes` and its length; `None` if it is not whole and sound.
    fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        if length == 0 || length > MAX_PAYLOAD {
            return None;
        }
        let payload = bytes.get(HEAD..HEAD + length)?;
        if Digest::of(payload).as_bytes()[..8] != *bytes.get(4..HEAD)? {
            return None;
        }
        Some((minicbor::decode(payload).ok()?, HEAD + length))
    }
}

/// All sound records from the beginning on, and how many bytes they take; what follows is torn.
pub fn read_all(bytes: &[u8]) -> (Vec<Record>, usize) {
    let mut records = Vec::new();
    let mut at = 0;
    while let Some((record, length)) = Record::read(&bytes[at..]) {
        records.push(record);
        at += length;
    }
    (records, at)
}
