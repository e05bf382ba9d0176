//! What happens to a machine behind a wall in a lottery shop, done to the real player: power, disk, clock and network fail
//! in every way we could think of. After each blow something right is on the wall, and in the end every completed play is
//! in the log once.
//!
//! Takes about half an hour and is run by `make faults`, on SQLite: what is on trial is the player. The power and the full
//! disk are stories too, shorter and on both databases; a worker that dies in the middle of a clip is one of the stories.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cache;
mod clocks;
mod journal;
mod lines;
mod month;
mod plugs;
mod read_only;
