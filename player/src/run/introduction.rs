//! What a new player says of its wall and its machine.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use xuanping_core::{geometry::Size, wire::Capabilities};

use crate::{config::Config, media, sync::Introduction};

/// How long the media worker may take to say what it can: the first time, GStreamer reads all its plugins.
const CHECK: Duration = Duration::from_secs(15);

/// What to say. The media worker is asked when the network's thread comes to it, so that no frame waits for the answer.
pub(super) fn introduction(config: &Config, size: Size, host: String, worker: Option<PathBuf>) -> Introduction {
    let (kind, mute) = (config.kind, config.mute);
    let capabilities = move || {
        let can = worker.as_deref().map(what_it_can).unwrap_or_default();
        Capabilities {
            kind,
            size,
            clips: can.clips,
            sound: can.sound && !mute,
            software: env!("CARGO_PKG_VERSION").to_owned(),
            host,
        }
    };
    Introduction { capabilities: Box::new(capabilities), token: config.token.clone() }
}

fn what_it_can(program: &Path) -> Heard {
    match media::check(program, CHECK) {
        Ok(can) => {
            if !can.missing.is_empty() {
                tracing::warn!(missing = ?can.missing, "some media cannot be played on this machine");
            }
            Heard { clips: can.clips, sound: can.sound }
        }
        Err(error) => {
            tracing::warn!(%error, "nothing is known of the media worker");
            Heard::default()
        }
    }
}

/// What the media worker said of itself.
#[derive(Debug, Default)]
struct Heard {
    clips: bool,
    sound: bool,
}

pub(super) fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
