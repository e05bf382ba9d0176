//! `xuanping-media`: plays clips and sound for the player, in a process of its own, through GStreamer.
//!
//! It is told what to do by lines on its standard input, answers by lines on its standard output (see `protocol`), and
//! writes frames into memory that the player gave it. It decides nothing: it ends with its player, and may be killed at
//! any moment without harm.

mod abilities;
mod clip;
mod decoders;
mod faults;
mod memory;
#[path = "../../src/media/protocol.rs"]
#[allow(dead_code, reason = "the worker's half of what the player speaks")]
mod protocol;
mod pulse;
mod rhythm;
mod sinks;
mod speaker;
mod worker;

use std::{path::Path, process::ExitCode};

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use memory::Memory;
use worker::Worker;

/// What the program was started for.
enum Task {
    /// Print what this machine can play.
    Check,
    /// Play, for the player with this process id, into the memory behind this descriptor.
    /// `software`: the graphics chip is not to decode.
    Play { frames: u32, parent: i32, software: bool },
}

fn main() -> ExitCode {
    let Some(task) = task(std::env::args().skip(1)) else {
        eprintln!("xuanping-media is started by xuanping-player. By hand: xuanping-media --check");
        return ExitCode::from(2);
    };
    if let Err(error) = gstreamer::init() {
        eprintln!("GStreamer cannot be used: {error}");
        return ExitCode::from(3);
    }
    match task {
        Task::Check => match serde_json::to_string(&abilities::of_this_machine()) {
            Ok(text) => println!("{text}"),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(3);
            }
        },
        Task::Play { frames, parent, software } => {
            // A player that is killed has no time to tell us.
            if set_parent_process_death_signal(Some(Signal::KILL)).is_err() || !is_parent(parent) {
                return ExitCode::from(4);
            }
            if software {
                decoders::avoid_hardware();
            } else {
                decoders::prefer_hardware();
            }
            match Memory::open(Path::new(&format!("/proc/self/fd/{frames}"))) {
                Ok(memory) => Worker::new(memory).run(),
                Err(error) => {
                    eprintln!("the frames' memory cannot be opened: {error}");
                    return ExitCode::from(5);
                }
            }
        }
    }
    ExitCode::SUCCESS
}

/// Whether the process that started us is still the one that wanted us.
fn is_parent(wanted: i32) -> bool {
    getppid().is_some_and(|parent| Some(parent) == Pid::from_raw(wanted))
}

fn task(mut arguments: impl Iterator<Item = String>) -> Option<Task> {
    let (mut frames, mut parent, mut software) = (None, None, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--check" => return Some(Task::Check),
            "--frames" => frames = arguments.next()?.parse().ok(),
            "--parent" => parent = arguments.next()?.parse().ok(),
            "--software" => software = true,
            _ => return None,
        }
    }
    Some(Task::Play { frames: frames?, parent: parent?, software })
}
