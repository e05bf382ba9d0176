//! The unattended player that owns one wall.
//!
//! One loop takes events, a pure state turns them into actions, and everything slow happens elsewhere: the network on its
//! own threads, decoding on another, clips in another process. What is on the wall never waits for any of them.

pub mod belief;
pub mod cache;
pub mod clips;
pub mod clock;
pub mod config;
pub mod control;
pub mod durable;
pub mod entropy;
pub mod event;
pub mod evidence;
pub mod health;
pub mod inbox;
pub mod journal;
mod journalist;
mod kept;
pub mod keyring;
pub mod keys;
mod loader;
pub mod media;
pub mod output;
pub mod pacing;
pub mod quiet;
pub mod run;
mod scrub;
pub mod stage;
pub mod state;
pub mod sync;
pub mod watchdog;
