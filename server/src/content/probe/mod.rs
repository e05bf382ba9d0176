//! Probing: finds out what an uploaded file really is, and refuses whatever would not play on a wall.
//! Pictures are decoded here, by memory-safe code under limits; clips and sound are touched only by confined children.

mod boxes;
mod picture;
mod refusal;
mod sniff;
mod streams;

use std::{fs::File, io::Read as _, path::Path};

pub use self::{
    refusal::ProbeRefusal,
    sniff::{FileType, promised},
    streams::input_arguments,
};
use super::{
    child::{self, Limits},
    media::Media,
};
use xuanping_core::vocabulary::CreativeKind;

/// Most bytes of an uploaded clip.
pub const MOST_CLIP_BYTES: u64 = 512 << 20;
/// Most bytes of an uploaded picture.
pub const MOST_POSTER_BYTES: u64 = 64 << 20;
/// Most bytes of an uploaded sound.
pub const MOST_AUDIO_BYTES: u64 = 64 << 20;
/// Longest clip, in milliseconds.
pub const LONGEST_CLIP_MS: u64 = 15 * 60_000;
/// Longest sound, in milliseconds.
pub const LONGEST_AUDIO_MS: u64 = 60 * 60_000;
/// Shortest clip or sound, in milliseconds.
pub const SHORTEST_MS: u64 = 1_000;

/// Most bytes of a medium of this kind.
pub const fn most_bytes(kind: CreativeKind) -> u64 {
    match kind {
        CreativeKind::Clip => MOST_CLIP_BYTES,
        CreativeKind::Poster => MOST_POSTER_BYTES,
        CreativeKind::Audio => MOST_AUDIO_BYTES,
        CreativeKind::Slogan => 0,
    }
}

/// Whether a file of this type may have this many bytes. Asked while an upload is still streaming.
pub fn check_length(file_type: FileType, bytes: u64) -> Result<(), ProbeRefusal> {
    let most = most_bytes(file_type.kind());
    if bytes > most { Err(ProbeRefusal::TooLarge { bytes, most }) } else { Ok(()) }
}

/// Tells the type from the first bytes of a file.
pub fn sniff_head(head: &[u8]) -> Result<FileType, ProbeRefusal> {
    sniff::sniff(head)
}

/// How many first bytes [`sniff_head`] wants to see.
pub const HEAD: usize = sniff::HEAD;

/// Probes the file at `path`, which was uploaded under `name`.
pub async fn probe(path: &Path, name: &str) -> Result<Media, ProbeRefusal> {
    let owned = path.to_owned();
    let (file_type, length) = blocking(move || {
        let mut file = File::open(owned)?;
        let length = file.metadata()?.len();
        let mut head = Vec::new();
        file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        Ok((sniff_head(&head)?, length))
    })
    .await?;
    check_length(file_type, length)?;
    let media = match file_type {
        FileType::Picture(format) => {
            let owned = path.to_owned();
            blocking(move || picture::probe(&owned, format)).await?
        }
        FileType::Mp4 { .. } => {
            let owned = path.to_owned();
            blocking(move || boxes::check(&mut std::io::BufReader::new(File::open(owned)?), length)).await?;
            streams::probe(path, file_type, promised(name)).await?
        }
        FileType::Moving(_) | FileType::Sound(_) => streams::probe(path, file_type, promised(name)).await?,
    };
    match promised(name) {
        Some(named) if named != media.kind() => Err(ProbeRefusal::Renamed { named, found: media.kind() }),
        _ => Ok(media),
    }
}

/// Decoding pictures takes a processor for seconds, which the threads that answer requests cannot spare.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProbeRefusal> + Send + 'static,
) -> Result<T, ProbeRefusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(ProbeRefusal::Unchecked(error.to_string())))
}

#[cfg(test)]
mod tests;
