//! Everything about Xuanping that is pure: values in, values out.
//!
//! Scheduling, playlists, manifests, play batches, proofs and the messages between player and server.
//! Nothing here reads a clock, draws entropy, opens a file or a socket, or is async; the server, the player and the
//! offline verifier share these types, so they cannot disagree about what a screen was told or what it said it showed.

pub mod campaign;
pub mod digest;
pub mod geometry;
pub mod id;
pub mod plan_check;
pub mod planner;
pub mod playlist;
pub mod playlog;
pub mod position;
pub mod recurrence;
mod remembered;
pub mod rotation;
pub mod sign;
pub mod time;
pub mod tlog;
pub mod vocabulary;
pub mod wire;
