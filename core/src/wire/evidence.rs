//! `POST /player/v1/evidence`: a picture that a screen took of its own wall. What is said of it stands in the query, which
//! the device signs with the request; the body is the picture itself, a JPEG or PNG.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{digest::Digest, id::InstructionId, time::UtcMillis};

/// What is said of an evidence picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceNote {
    /// Of the picture's bytes; the play that was on in the main zone names it in its batch.
    pub digest: Digest,
    /// When it was taken.
    pub taken: UtcMillis,
    /// Taken because of this moment of the screen's orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<UtcMillis>,
    /// Taken because of this instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<InstructionId>,
}

impl EvidenceNote {
    /// The largest picture that is taken, in bytes.
    pub const MOST_BYTES: usize = 512 << 10;
    /// The longest edge of one, in pixels.
    pub const LONGEST_EDGE: u32 = 2_048;

    /// Where it is sent, below the API's prefix.
    pub fn path(&self) -> String {
        let mut path = format!("evidence?digest={}&taken={}", self.digest, self.taken.0);
        // Writing into a String cannot fail.
        if let Some(moment) = self.moment {
            let _ = write!(path, "&moment={}", moment.0);
        }
        if let Some(instruction) = self.instruction {
            let _ = write!(path, "&instruction={instruction}");
        }
        path
    }
}
