//! 印证图片: the wall as it was shown, packed small, kept on the disk until the server has it.
//!
//! Packing and writing happen on a thread of their own. A picture is on the disk before the play that it shows names its
//! digest, so whatever ends the process, no batch names a picture that never was.

mod camera;
mod folder;
mod packing;

pub use camera::Camera;
pub use folder::{Folder, Name};
pub use packing::pack;

use std::sync::Arc;

use xuanping_core::{digest::Digest, id::InstructionId, time::UtcMillis, wire::EvidenceNote};

/// Why a picture is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A moment that the screen's orders name.
    Moment(UtcMillis),
    /// Somebody in the office wants it.
    Instruction(InstructionId),
}

/// A picture on the disk that no play names yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Of its bytes.
    pub digest: Digest,
    /// Where it lies.
    pub name: Arc<Name>,
}

/// No picture could be taken: the display refused, or the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTaken;

impl Name {
    /// What the server is told of it.
    pub fn note(&self) -> EvidenceNote {
        let (moment, instruction) = match self.cause {
            Cause::Moment(moment) => (Some(moment), None),
            Cause::Instruction(id) => (None, Some(id)),
        };
        EvidenceNote { digest: self.digest, taken: self.taken, moment, instruction }
    }
}
