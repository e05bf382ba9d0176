//! What Xuanping promises, told through the real programs: the server's, the player's, both databases, the sample media.
//!
//! Each story is one function, run once on SQLite and once on PostgreSQL (where there is a cluster to make a database in).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod at_the_machine;
mod auditor;
mod awake;
mod bad_input;
mod bad_reports;
mod browser;
mod cinema;
mod clips;
mod county;
mod dark;
mod demo;
mod evidence;
mod full_disk;
mod hand_over;
mod keys;
mod layouts;
mod off_hours;
mod outage;
mod power;
mod retired;
mod same_moment;
mod sound_and_picture;
mod takeover;
mod wayland;
mod web;
mod web_keys;
mod web_orders;
mod window;
