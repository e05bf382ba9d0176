//! Everything that can happen to a player. The list is closed: whoever wants to influence the wall says it in one of these.

use std::{path::PathBuf, sync::Arc};

use xuanping_core::{
    campaign::EventTrigger,
    digest::Digest,
    geometry::ZoneName,
    id::{InstructionId, ScreenId, ShowId},
    playlist::{Item, Playlist, TrustedManifest},
    time::{Millis, UtcMillis},
};

use crate::{
    control::{Ask, Asker},
    evidence::{NotTaken, Taken},
    journal::PlayKey,
    stage::{Identity, Picture},
};

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// Time has passed.
    Tick,
    /// News about who this player is.
    Pairing(Pairing),
    /// A manifest came, from the server or from disk; its signature was verified.
    Manifest(Box<TrustedManifest>),
    /// A playlist is in the cache; its digest was verified.
    Playlist(Digest, Arc<Playlist>),
    /// Files are in the cache.
    Stored(Vec<Digest>),
    /// A picture or strip was read, verified and decoded; or could not be.
    Loaded(Digest, Result<Arc<Picture>, Fault>),
    /// A file was found damaged on the disk while nobody needed it, and has been deleted.
    Rotten(Digest),
    /// The file of a clip or sound was verified, and lies here; or it cannot be played.
    Verified(ZoneName, Item, Result<PathBuf, Fault>),
    /// The media worker says something about the clip or sound of a zone.
    Media(ZoneName, Digest, Media),
    /// An evidence picture of this play is on the disk, or could not be taken.
    Pictured(PlayKey, Result<Taken, NotTaken>),
    /// The server does, or does not, want to see the wall.
    PictureWanted(bool),
    /// The newest thing a person should know of, in Chinese; `None`: it is over.
    Trouble(Trouble, Option<String>),
    /// Somebody at the machine asks something. The loop answers.
    Asked(Ask, Asker),
    /// A show is about to begin: what is booked for it is shown, once.
    Show(EventTrigger, ShowId),
    /// The wall shall say who it is, for so many milliseconds.
    Identify(Arc<Identity>, u64),
    /// The office wants an evidence picture because of this instruction, if one can be taken before this instant.
    PictureAsked(InstructionId, UtcMillis),
    /// The server has signed for the change of key that this instruction was for. The loop notes it.
    KeyChanged(InstructionId),
    /// The wall shall be black, or no longer.
    Dark(bool),
    /// The screen was retired in the console.
    Retired,
    /// The process shall end.
    Stop,
}

/// Who this player is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pairing {
    /// Not yet heard from the server.
    Asking,
    /// The code to show.
    Code(String),
    /// It is this screen.
    Enrolled(ScreenId),
}

/// Why something cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The file is not in the cache.
    Missing,
    /// The file was damaged on disk (and has been deleted).
    Damaged,
    /// The file is what was signed, but cannot be played here.
    Unplayable,
    /// The worker, display or sound card failed.
    Hardware,
}

/// What the media worker says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// Ready to start.
    Ready,
    /// Its first frame or sample is out.
    Started,
    /// This much has been presented.
    Progress(Millis),
    /// Over, after this much was presented.
    Ended(Millis),
    /// What played was given up.
    Failed(Fault),
    /// What was being prepared was given up; `None`: through no fault of its own.
    Unready(Option<Fault>),
}

/// Where a trouble comes from: each source has one current trouble at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The server cannot be reached or refuses us.
    Server,
    /// Manifest or playlist are refused.
    Programme,
    /// Files cannot be had.
    Assets,
    /// The journal cannot be written.
    Disk,
    /// Batches cannot be delivered or were refused.
    Journal,
    /// The media worker.
    Media,
}
