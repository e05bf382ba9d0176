//! Uploads: bytes stream into an unnamed file while their type and length are watched; only what passes the probe gets a
//! name and a row. A refusal, a lost connection or a killed server leaves nothing behind.

use std::path::Path;

use xuanping_core::{digest::Digest, id::CreativeId, time::UtcMillis, vocabulary::CreativeKind};

use super::{
    Content, ContentError,
    media::Media,
    probe::{self, FileType, ProbeRefusal},
    render::{paint, poster},
    store, transcode,
};
use crate::{
    accounts::{Actor, audit},
    blobs::Incoming,
};

/// Longest edge of a thumbnail in pixels.
const THUMBNAIL: u32 = 480;

/// A file that passed the probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its content.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// The name it was first uploaded under.
    pub name: String,
    /// What it is.
    pub media: Media,
    /// A small PNG of it, if it can be seen.
    pub thumbnail: Option<Digest>,
    /// Who uploaded it.
    pub uploaded_by: String,
    /// When.
    pub uploaded_at: UtcMillis,
}

/// An upload that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The upload.
    pub upload: Upload,
    /// A creative that already is made of the same file.
    pub duplicate_of: Option<(CreativeId, String)>,
}

/// An upload on its way.
pub struct Receiving {
    content: Content,
    incoming: Incoming,
    name: String,
    head: Vec<u8>,
    file_type: Option<FileType>,
}

impl Content {
    /// Starts to receive a file that its sender calls `name`.
    pub async fn receive(&self, name: &str) -> Result<Receiving, ContentError> {
        // A name is shown to people and compared by its extension; it never becomes a path.
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        let incoming = self.blobs.incoming().await?;
        Ok(Receiving { content: self.clone(), incoming, name, head: Vec::new(), file_type: None })
    }

    /// An upload by its content.
    pub async fn upload(&self, digest: Digest) -> Result<Option<Upload>, ContentError> {
        Ok(store::upload_by_digest(&self.db, digest).await?)
    }
}

impl Receiving {
    /// Takes the next bytes; refuses as soon as it is clear that the file will be refused.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), ContentError> {
        if self.head.len() < probe::HEAD {
            let wanted = probe::HEAD - self.head.len();
            self.head.extend_from_slice(&piece[..piece.len().min(wanted)]);
        }
        let bytes = self.incoming.bytes() + piece.len() as u64;
        let file_type = match self.file_type {
            Some(known) => Some(known),
            None if self.head.len() == probe::HEAD => Some(probe::sniff_head(&self.head)?),
            None => None,
        };
        self.file_type = file_type;
        if let Some(file_type) = file_type {
            probe::check_length(file_type, bytes)?;
        }
        self.incoming.write(piece).await?;
        Ok(())
    }

    /// Everything has arrived: probes it and keeps it, or refuses it and keeps nothing.
    pub async fn finish(mut self, by: &Actor, now: UtcMillis) -> Result<Taken, ContentError> {
        let content = self.content.clone();
        self.incoming.flush().await?;
        let turns = match self.file_type.map(FileType::kind) {
            Some(CreativeKind::Clip | CreativeKind::Audio) => &content.filming,
            _ => &content.drawing,
        };
        let _turn = turns.acquire().await.map_err(|e| ContentError::Io(std::io::Error::other(e)))?;
        let media = probe::probe(self.incoming.path(), &self.name).await?;
        let thumbnail = content.thumbnail_of(self.incoming.path(), &media).await?;
        let stored = self.incoming.finish().await?;
        let upload = Upload {
            digest: stored.digest,
            bytes: stored.bytes,
            name: self.name,
            media,
            thumbnail,
            uploaded_by: by.name().to_owned(),
            uploaded_at: now,
        };
        let mut tx = content.db.begin().await?;
        store::insert_upload(&mut tx, &upload).await?;
        let details = serde_json::json!({ "name": upload.name, "bytes": upload.bytes });
        let subject = upload.digest.to_string();
        audit::record(&mut tx, by, "content.upload", &subject, audit::Outcome::Done, details, now).await?;
        tx.commit().await?;
        let upload = store::upload_by_digest(&content.db, stored.digest).await?.unwrap_or(upload);
        let duplicate_of = store::creative_of_upload(&content.db, stored.digest).await?;
        Ok(Taken { upload, duplicate_of })
    }
}

impl Content {
    async fn thumbnail_of(&self, path: &Path, media: &Media) -> Result<Option<Digest>, ContentError> {
        let picture = match media {
            Media::Audio { .. } => return Ok(None),
            Media::Poster { .. } => path.to_owned(),
            Media::Clip { .. } => {
                // The still lies beside the upload, where the next start would clear it away.
                let still = path.with_extension("still");
                let made = transcode::still(path, media, &still).await;
                if let Err(error) = made {
                    let _ = tokio::fs::remove_file(&still).await;
                    return Err(error.into());
                }
                still
            }
        };
        let small = {
            let picture = picture.clone();
            tokio::task::spawn_blocking(move || -> Result<Vec<u8>, ContentError> {
                let file = std::io::BufReader::new(std::fs::File::open(&picture)?);
                let whole = poster::decode(file).map_err(|e| ProbeRefusal::Undecodable(e.to_string()))?;
                Ok(paint::rgb_png(&poster::thumbnail(&whole, THUMBNAIL))?)
            })
            .await
            .map_err(|e| ContentError::Io(std::io::Error::other(e)))
        };
        if picture != path {
            tokio::fs::remove_file(&picture).await?;
        }
        Ok(Some(self.blobs.put(&small??).await?.digest))
    }
}
