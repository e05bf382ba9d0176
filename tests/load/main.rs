//! `make load-bench`: what the real server, as it is shipped, does with very many players. All on this machine, over loopback:
//! programs that measure share its cores with those that are measured.
//!
//! First, how many "anything new?" a second it answers beside nginx (`polls.rs`); then, how soon ten thousand connected players
//! are told of a takeover (`players.rs`). `PLAYERS=` says how many (10000), as far as there may be so many open files; `ONLY=polls`
//! or `ONLY=takeovers` leaves the other out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A program for people who measure.

mod nginx;
mod players;
mod polls;
mod walls;
mod wire;

use std::env;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use xuanping_tests::{databases::Database, device::Device, office::Office};

/// Files that a server has open beside its players' connections, at most.
const OTHER_FILES: u64 = 200;

fn main() {
    let wanted: usize = env::var("PLAYERS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let number = as_many_as_fit(wanted);
    let office = Office::open(Database::Sqlite);
    let server = office.server.url().trim_start_matches("http://").parse().expect("an address");
    let words = "紧急预警：今日出现冒充银行客服的骗局，接到电话请直接挂断并拨打 96110。";
    let urgent = office.approved(office.editor.write_slogan("骗局预警", words).expect("a slogan"));
    let mut walls = walls::pair(&office, number);
    office.shows_a_poster_above_a_line();
    let manifest = walls::settled(server, &mut walls);
    let only = env::var("ONLY").unwrap_or_default();
    if only != "takeovers" {
        polls::measure(server, &walls, &manifest);
    }
    if only == "polls" {
        return;
    }
    let first = Device::new(&office.server.url(), xuanping_core::sign::SecretKey::from_seed(&walls[0].key.seed()));
    let publisher = first.publisher();
    players::measure(server, &mut walls, publisher, &office.editor, urgent);
}

/// Raises the number of files that this process, and the server that it starts, may have open.
fn as_many_as_fit(wanted: usize) -> usize {
    let needed = wanted as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    if limit.current.is_some_and(|current| current < needed) {
        let raised = Rlimit { current: Some(needed.min(most)), maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).expect("a process may raise its limit up to the hard one");
    }
    if most >= needed {
        return wanted;
    }
    let fits = most.saturating_sub(OTHER_FILES) as usize;
    eprintln!("{wanted} players need {needed} open files (ulimit -Hn); {most} are allowed: measuring {fits}");
    fits
}
