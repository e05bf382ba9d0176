//! How people at the machine speak to the player that runs: through a socket file in its data folder, which only its own
//! user and root may open. Nothing of it can be reached over a network.
//!
//! One connection is one question: a line of JSON there, a line of JSON back, and after [`Answer::Picture`] as many bytes
//! as it says.

mod client;
mod listener;
mod words;

pub use client::{AskError, ask};
pub use listener::Listener;
pub use words::summary;

use std::{
    path::{Path, PathBuf},
    sync::mpsc::SyncSender,
};

use serde::{Deserialize, Serialize};
use xuanping_core::{
    campaign::EventTrigger,
    digest::Digest,
    id::{ScreenId, ShowId},
    wire::PlayerStatus,
};

/// What is asked of the player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// How it is doing.
    Status,
    /// Black, until told otherwise, over restarts too; nothing counts as played meanwhile.
    Dark,
    /// Shows again what it should.
    Resume,
    /// What is on the wall now, as a PNG.
    Capture,
    /// Something is about to begin: what is booked for that is shown, once for each show.
    Trigger {
        /// What begins.
        event: EventTrigger,
        /// Which showing of it.
        show: ShowId,
    },
}

/// The id of a show that the cinema calls so: the same name is the same show, an id is itself.
pub fn show_id(name: &str) -> ShowId {
    name.trim().parse().unwrap_or_else(|_| {
        let digest = Digest::of(format!("xuanping/show/1\n{}", name.trim()).as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_bytes()[..16]);
        ShowId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    })
}

/// What it says to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// How it is doing.
    Status(Box<Situation>),
    /// It is done; a sentence for people.
    Done(String),
    /// It is not done; why, for people.
    Refused(String),
    /// The picture follows: so many bytes.
    Picture(usize),
}

/// How a player is doing, for whoever stands before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Situation {
    /// Which screen it is; `None` before it is paired.
    pub screen: Option<ScreenId>,
    /// The name of the screen as its orders say it.
    pub name: Option<String>,
    /// The server it was told of.
    pub server: String,
    /// What it reports to the server.
    pub status: PlayerStatus,
}

/// An answer on its way back, with the picture if there is one.
pub type Reply = (Answer, Vec<u8>);

/// Somebody waits for this answer.
#[derive(Debug, Clone)]
pub struct Asker(SyncSender<Reply>);

impl Asker {
    /// Answers. Whoever no longer waits does not hear it.
    pub fn answer(&self, answer: Answer) {
        let _ = self.0.try_send((answer, Vec::new()));
    }

    /// Answers with a picture.
    pub fn show(&self, png: Vec<u8>) {
        let _ = self.0.try_send((Answer::Picture(png.len()), png));
    }
}

/// The longest question, in bytes.
const LONGEST_ASK: u64 = 4_096;

/// Where the socket may be, best first. Beside the data; where nothing can be made there (a read-only disk, a path too long
/// for a socket), among the things that live as long as the machine runs, named after the data folder.
fn places(data: &Path) -> Vec<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    let name = format!("{}.sock", &Digest::of(data.as_os_str().as_bytes()).to_string()[..16]);
    let private = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("xuanping"));
    let elsewhere = [Some(PathBuf::from("/run/xuanping")), private];
    let elsewhere = elsewhere.into_iter().flatten().map(|folder| folder.join(&name));
    std::iter::once(data.join("control.sock")).chain(elsewhere).collect()
}

#[cfg(test)]
mod tests;
