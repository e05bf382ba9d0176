//! Everything large, as files named by their SHA-256. A blob is written under a temporary name, synced, and only then
//! given its name; so a name that exists always holds the whole content, whatever moment the power was cut.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{
    fs::{self, File},
    io::AsyncWriteExt as _,
};
use xuanping_core::digest::{Digest, Hasher};

use crate::entropy;

/// The folder of blobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    root: Arc<Path>,
}

/// A stored blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
}

/// A blob that was taken out of its place. Dropped, it is deleted at the next start.
#[derive(Debug)]
pub struct TakenAway {
    from: PathBuf,
    to: PathBuf,
}

impl TakenAway {
    /// Puts it where it was: somebody needs it after all.
    pub async fn put_back(self) -> io::Result<()> {
        fs::rename(&self.to, &self.from).await
    }

    /// Deletes it for good.
    pub async fn delete(self) -> io::Result<()> {
        fs::remove_file(&self.to).await
    }
}

/// A blob being written. Dropped unfinished, it leaves only a temporary file, which is removed at once or at next start.
#[derive(Debug)]
pub struct Incoming {
    blobs: Blobs,
    path: PathBuf,
    file: File,
    hasher: Hasher,
    bytes: u64,
    finished: bool,
}

impl Blobs {
    /// Opens the folder, making it if needed.
    pub async fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join("incoming")).await?;
        Ok(Self { root: root.into() })
    }

    /// Removes what a process that was killed left unfinished. Only for who serves: others may look at the same data while
    /// a server writes.
    pub async fn clear_unfinished(&self) -> io::Result<()> {
        let incoming = self.root.join("incoming");
        fs::remove_dir_all(&incoming).await?;
        fs::create_dir_all(&incoming).await
    }

    /// Where a blob lies, whether it exists or not.
    pub fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// A folder for what child processes write, on the same disk; cleared whenever a server starts.
    pub fn scratch(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// Whether it is here.
    pub async fn contains(&self, digest: Digest) -> io::Result<bool> {
        fs::try_exists(self.path(digest)).await
    }

    /// Opens a blob for reading, with its length. `NotFound` if it is not here.
    pub async fn open_blob(&self, digest: Digest) -> io::Result<(File, u64)> {
        let file = File::open(self.path(digest)).await?;
        let bytes = file.metadata().await?.len();
        Ok((file, bytes))
    }

    /// Reads a whole blob.
    pub async fn read(&self, digest: Digest) -> io::Result<Vec<u8>> {
        fs::read(self.path(digest)).await
    }

    /// Takes a blob out of its place, so that nobody finds it any more; `None` if it is not here.
    pub async fn take_away(&self, digest: Digest) -> io::Result<Option<TakenAway>> {
        let name = hex::encode(entropy::bytes::<16>().map_err(io::Error::other)?);
        let (from, to) = (self.path(digest), self.root.join("incoming").join(name));
        match fs::rename(&from, &to).await {
            Ok(()) => Ok(Some(TakenAway { from, to })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts a blob whose content arrives piece by piece.
    pub async fn incoming(&self) -> io::Result<Incoming> {
        let name = hex::encode(entropy::bytes::<16>().map_err(io::Error::other)?);
        let path = self.root.join("incoming").join(name);
        let file = File::create_new(&path).await?;
        Ok(Incoming { blobs: self.clone(), path, file, hasher: Hasher::new(), bytes: 0, finished: false })
    }

    /// Stores a whole blob.
    pub async fn put(&self, content: &[u8]) -> io::Result<Stored> {
        let mut incoming = self.incoming().await?;
        incoming.write(content).await?;
        incoming.finish().await
    }

    /// Stores a file that a child process wrote, by copying it in.
    pub async fn adopt(&self, file: &Path) -> io::Result<Stored> {
        let mut source = File::open(file).await?;
        let mut incoming = self.incoming().await?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = tokio::io::AsyncReadExt::read(&mut source, &mut buffer).await?;
            if read == 0 {
                return incoming.finish().await;
            }
            incoming.write(&buffer[..read]).await?;
        }
    }
}

impl Incoming {
    /// Adds the next bytes.
    pub async fn write(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content).await?;
        self.hasher.update(content);
        self.bytes += content.len() as u64;
        Ok(())
    }

    /// How much has been written.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the content lies meanwhile, for probing before it is accepted. Call [`Incoming::flush`] first.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hands everything written to the operating system, so that another process can read it.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.file.flush().await
    }

    /// Makes it a blob: synced, named, and its folder synced.
    pub async fn finish(mut self) -> io::Result<Stored> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let digest = std::mem::take(&mut self.hasher).finish();
        let target = self.blobs.path(digest);
        let folder = target.parent().ok_or_else(|| io::Error::other("a blob has a folder"))?.to_owned();
        fs::create_dir_all(&folder).await?;
        fs::rename(&self.path, &target).await?;
        self.finished = true;
        File::open(&folder).await?.sync_all().await?;
        Ok(Stored { digest, bytes: self.bytes })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.finished {
            // Best effort: what cannot be removed now is removed at the next start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_blob_is_named_by_its_content_and_an_unfinished_one_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        let stored = blobs.put(b"abc").await.unwrap();
        assert_eq!((stored.digest, stored.bytes), (Digest::of(b"abc"), 3));
        assert_eq!(blobs.read(stored.digest).await.unwrap(), b"abc");

        let mut dropped = blobs.incoming().await.unwrap();
        dropped.write(b"half").await.unwrap();
        let path = dropped.path().to_owned();
        assert!(path.exists());
        drop(dropped);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_is_taken_away_is_found_by_nobody_unless_it_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        let digest = blobs.put(b"abc").await.unwrap().digest;
        let taken = blobs.take_away(digest).await.unwrap().unwrap();
        assert!(!blobs.contains(digest).await.unwrap() && blobs.take_away(digest).await.unwrap().is_none());
        taken.put_back().await.unwrap();
        assert_eq!(blobs.read(digest).await.unwrap(), b"abc");
        blobs.take_away(digest).await.unwrap().unwrap().delete().await.unwrap();
        assert!(!blobs.contains(digest).await.unwrap());
        assert_eq!(std::fs::read_dir(folder.path().join("incoming")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_a_killed_process_left_is_cleared_by_who_serves_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        Blobs::open(folder.path()).await.unwrap();
        let stale = folder.path().join("incoming/stale");
        std::fs::write(&stale, b"half").unwrap();
        let blobs = Blobs::open(folder.path()).await.unwrap();
        assert!(stale.exists(), "a server may be writing it");
        blobs.clear_unfinished().await.unwrap();
        assert!(!stale.exists());
        assert_eq!(blobs.read(blobs.put(b"abc").await.unwrap().digest).await.unwrap(), b"abc");
    }
}
