//! What player and server say to each other over HTTP under [`PREFIX`].
//!
//! A device authenticates each request with its own key ([`RequestProof`]); nothing the server stores lets anybody
//! impersonate it. Things that matter beyond the connection (manifest, batch, receipt, time) are signed themselves.

mod evidence;
mod messages;
mod request;
mod retirement;

pub use evidence::EvidenceNote;
pub use messages::{
    Capabilities, CouldNot, Decoding, DisplayState, Enrolment, EnrolmentRequest, EnrolmentState, Health, Obeyed,
    PlayerAbilities, PlayerStatus, ProblemType, SignedTime, StatusReply, ZoneStatus,
};
pub use request::{HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, InvalidProof, MAX_SKEW, RequestProof, request_message};
pub use retirement::Retirement;

/// Path prefix of the player API.
pub const PREFIX: &str = "/player/v1";
