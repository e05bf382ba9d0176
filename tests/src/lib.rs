//! The harness of the stories: real server, real players, real databases, and clients that speak to them as people and
//! devices do.
//!
//! Nothing here imitates a part of Xuanping. Every wait is a poll that says what it waits for, so a failing story names the
//! thing that never happened instead of the sleep that was too short.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod between;
pub mod chance;
pub mod clock;
pub mod compositor;
pub mod console;
pub mod databases;
pub mod demo;
pub mod device;
pub mod films;
pub mod office;
pub mod pictures;
pub mod player;
pub mod plays;
pub mod processes;
pub mod programs;
pub mod reading;
pub mod reporting;
pub mod samples;
pub mod server;
pub mod small_disk;
pub mod sound_card;
pub mod verifier;
pub mod virtual_display;
pub mod waiting;
pub mod webplayer;
pub mod witnessed;
