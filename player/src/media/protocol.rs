//! What the player and its media worker say to each other: one JSON object per line, commands down the worker's standard
//! input, events up its standard output. Pixels do not travel here but through memory both share; the lines only say which
//! part of it belongs to whom.
//!
//! This file belongs to the player and is compiled into the worker too, so that neither can speak a dialect.

use serde::{Deserialize, Serialize};

/// The version of these lines. A worker says it first; a player does not work with another.
pub const VERSION: u32 = 3;
/// How often the worker says that it lives, and where the clips are, in milliseconds.
pub const HEARTBEAT_MS: u64 = 200;
/// Frames that a clip's part of the shared memory has room for: one is written, one is the newest, one is read.
pub const SLOTS: u8 = 3;
/// Bytes of a pixel: blue, green, red, nothing.
pub const PIXEL_BYTES: u64 = 4;
/// Told to begin at least this far into a clip, in milliseconds, the worker jumps there; below it leaves frames out.
pub const JUMP_FROM_MS: u64 = 250;
/// Presented this much less than announced, in milliseconds, a clip still counts as whole.
pub const TOLERANCE_MS: u64 = 500;

/// Names one preparation of a clip; never used twice by a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClipId(pub u64);

/// What the player wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Open a file and decode up to its first frame and sound, then wait.
    Prepare(Prepare),
    /// Go, from `at_ms` milliseconds into the clip: that is where it should be at the moment this line is read.
    Play {
        /// Which.
        id: ClipId,
        /// Where to begin.
        at_ms: u64,
        /// Loudness in percent from now on; none: as it was prepared.
        volume: Option<u8>,
    },
    /// The player has read this frame, or does not want it: its slot may be written again.
    Recycle {
        /// Whose.
        id: ClipId,
        /// Which, below [`SLOTS`].
        slot: u8,
    },
    /// End a clip, whatever it is doing. Answered with [`Event::Stopped`].
    Stop {
        /// Which.
        id: ClipId,
    },
    /// End the worker.
    Quit,
}

/// A clip or sound to be prepared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepare {
    /// Its name from now on.
    pub id: ClipId,
    /// The file.
    pub path: String,
    /// Where its frames go; none: only its sound is wanted.
    pub picture: Option<PictureArea>,
    /// How long it is, by the probe that accepted it.
    pub duration_ms: u64,
    /// Loudness in percent; none: silent.
    pub volume: Option<u8>,
}

/// The part of the shared memory for one clip's frames: [`SLOTS`] frames behind each other, rows without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureArea {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The first byte.
    pub offset: u64,
}

impl PictureArea {
    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * PIXEL_BYTES
    }

    /// Bytes of the whole area.
    pub fn bytes(&self) -> u64 {
        self.frame_bytes() * u64::from(SLOTS)
    }

    /// The first byte of a slot.
    pub fn slot_offset(&self, slot: u8) -> u64 {
        self.offset + self.frame_bytes() * u64::from(slot)
    }
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first line.
    Hello {
        /// [`VERSION`] of the worker.
        protocol: u32,
        /// The version of GStreamer it runs on.
        gstreamer: String,
    },
    /// Still here; every [`HEARTBEAT_MS`].
    Beat,
    /// The clip can begin without delay. Said once more when another decoder has taken over.
    Ready {
        /// Which.
        id: ClipId,
        /// Whether its sound goes to a real device; false also when it has none or is to be silent.
        audible: bool,
        /// What decodes its picture; none: it has no picture.
        decoder: Option<Decoder>,
    },
    /// A frame is in its slot, which is the player's until it is recycled.
    Frame {
        /// Whose.
        id: ClipId,
        /// Where, below [`SLOTS`].
        slot: u8,
        /// Counts the frames of the clip from 1.
        sequence: u64,
    },
    /// The first frame is out, or, without picture, the first sound.
    Started {
        /// Which.
        id: ClipId,
    },
    /// How far a running clip is.
    Position {
        /// Which.
        id: ClipId,
        /// Counted from the beginning of the clip.
        at_ms: u64,
        /// Counted from where it was told to begin.
        presented_ms: u64,
    },
    /// It was presented to its end.
    Ended {
        /// Which.
        id: ClipId,
        /// How much was presented, counted from where it was told to begin.
        presented_ms: u64,
        /// Frames presented.
        frames: u64,
        /// Frames left out because they would have been late, by whoever noticed.
        dropped: u64,
    },
    /// It cannot be played, or not on. Its resources are freed; nothing more is said of it.
    Failed {
        /// Which.
        id: ClipId,
        /// Why.
        reason: Reason,
        /// For the log.
        detail: String,
    },
    /// A stop was carried out. Nothing more is said of the clip, and none of its frames is written again.
    Stopped {
        /// Which.
        id: ClipId,
    },
}

/// What turns a clip's stream into pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoder {
    /// Its element's name, as GStreamer says it.
    pub name: String,
    /// It is the graphics chip's; else the processor does it.
    pub hardware: bool,
}

/// Why a clip was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The file cannot be opened or read.
    Unreadable,
    /// The file is no media file, or a damaged one.
    Undecodable,
    /// It ended earlier than it should have.
    Truncated,
    /// A clip without picture, or a sound without sound.
    NothingToPlay,
    /// A decoder is not installed on this machine.
    NoDecoder,
    /// The sound device failed.
    Device,
    /// Something else inside the worker.
    Internal,
    /// The worker does not run: missing, or of another version.
    NoWorker,
    /// The worker said nothing any more, or the clip did not move; the worker was killed.
    Hang,
    /// The worker died.
    Crash,
    /// The worker was killed or died over another clip.
    Lost,
}

impl Reason {
    /// Whether another copy of the file would help; otherwise it is this machine.
    pub fn blames_file(self) -> bool {
        matches!(self, Self::Unreadable | Self::Undecodable | Self::Truncated | Self::NothingToPlay)
    }
}

/// What `xuanping-media --check` prints: one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// [`VERSION`] of the worker.
    pub protocol: u32,
    /// The version of GStreamer it runs on.
    pub gstreamer: String,
    /// H.264 with AAC in MP4 can be played.
    pub clips: bool,
    /// MP3 and AAC can be played.
    pub sound: bool,
    /// There is a device that makes sound audible.
    pub sound_device: bool,
    /// What is missing, by the name of the GStreamer element or the media type without decoder.
    pub missing: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These lines are the protocol: whoever changes one raises [`VERSION`].
    #[test]
    fn lines_stay_as_they_are() {
        let prepare = Command::Prepare(Prepare {
            id: ClipId(7),
            path: "/cache/a".to_owned(),
            picture: Some(PictureArea { width: 4, height: 2, offset: 96 }),
            duration_ms: 2_000,
            volume: None,
        });
        assert_eq!(
            serde_json::to_string(&prepare).unwrap(),
            r#"{"do":"prepare","id":7,"path":"/cache/a","picture":{"width":4,"height":2,"offset":96},"duration_ms":2000,"volume":null}"#
        );
        assert_eq!(
            serde_json::to_string(&Command::Play { id: ClipId(7), at_ms: 5, volume: Some(70) }).unwrap(),
            r#"{"do":"play","id":7,"at_ms":5,"volume":70}"#
        );
        let failed = Event::Failed { id: ClipId(7), reason: Reason::NothingToPlay, detail: "x".to_owned() };
        let line = r#"{"event":"failed","id":7,"reason":"nothing_to_play","detail":"x"}"#;
        assert_eq!(serde_json::to_string(&failed).unwrap(), line);
        assert_eq!(serde_json::from_str::<Event>(line).unwrap(), failed);
        assert_eq!(serde_json::from_str::<Event>(r#"{"event":"beat"}"#).unwrap(), Event::Beat);
        let decoder = Some(Decoder { name: "vah264dec".to_owned(), hardware: true });
        assert_eq!(
            serde_json::to_string(&Event::Ready { id: ClipId(7), audible: true, decoder }).unwrap(),
            r#"{"event":"ready","id":7,"audible":true,"decoder":{"name":"vah264dec","hardware":true}}"#
        );
    }

    #[test]
    fn slots_lie_behind_each_other() {
        let area = PictureArea { width: 4, height: 2, offset: 96 };
        assert_eq!((0..SLOTS).map(|s| area.slot_offset(s)).collect::<Vec<_>>(), [96, 128, 160]);
        assert_eq!(area.offset + area.bytes(), 192);
    }
}
