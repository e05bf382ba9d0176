//! Files named by their SHA-256: assets and playlists. Written whole or not at all, and believed only after their bytes
//! were digested again; what does not match its name is deleted and will be fetched anew.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use xuanping_core::{
    digest::{Digest, Hasher},
    time::UtcMillis,
};

use crate::durable;

/// The folder; copies mean the same one.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// What was stored less than so many milliseconds ago is not deleted: it may belong to a programme that is only now
/// becoming known.
const KEPT: i64 = 600_000;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It is not there (yet).
    #[error("{0} is not in the cache")]
    Missing(Digest),
    /// It was there, but was not what its name says; it has been deleted.
    #[error("{0} was damaged on disk and has been deleted")]
    Damaged(Digest),
    /// The disk failed.
    #[error("cache: {0}")]
    Disk(#[from] io::Error),
}

impl Cache {
    /// Opens (or makes) the cache below `data`.
    pub fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join("cache");
        fs::create_dir_all(folder.join("partial"))?;
        Ok(Self { folder })
    }

    /// Whether a file of that name is there. Says nothing of its bytes.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.path(digest).exists()
    }

    /// The file's bytes, verified.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, CacheError> {
        let bytes = fs::read(self.path(digest)).map_err(|e| self.not_there(digest, e))?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(self.damaged(digest)) }
    }

    /// The path of the file, its bytes verified just now: for the media worker, which reads by itself.
    pub fn verified_path(&self, digest: &Digest) -> Result<PathBuf, CacheError> {
        let path = self.path(digest);
        let file = File::open(&path).map_err(|e| self.not_there(digest, e))?;
        if digest_of(file)? == *digest { Ok(path) } else { Err(self.damaged(digest)) }
    }

    /// Stores bytes under their own name.
    pub fn put(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        durable::write(&path, bytes, durable::Privacy::Usual)?;
        Ok(digest)
    }

    /// A download that may have been begun earlier.
    pub fn partial(&self, digest: Digest) -> io::Result<Partial> {
        let path = self.folder.join("partial").join(digest.to_string());
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let length = file.metadata()?.len();
        Ok(Partial { cache: self.clone(), digest, path, file, length })
    }

    /// Deletes everything that is not in `wanted` and older than [`KEPT`]. Returns how many files.
    pub fn retain(&self, wanted: &HashSet<Digest>, now: UtcMillis) -> io::Result<usize> {
        self.delete(|digest, changed| !wanted.contains(digest) && now.since(changed) > KEPT)
    }

    fn delete(&self, unwanted: impl Fn(&Digest, UtcMillis) -> bool) -> io::Result<usize> {
        let mut deleted = 0;
        for shelf in fs::read_dir(&self.folder)? {
            let shelf = shelf?.path();
            if !shelf.is_dir() {
                continue;
            }
            for file in fs::read_dir(&shelf)? {
                let file = file?;
                let digest = file.file_name().to_str().and_then(|n| n.parse::<Digest>().ok());
                let changed = file.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                let changed = UtcMillis(i64::try_from(changed.as_millis()).unwrap_or(i64::MAX));
                if digest.is_none_or(|d| unwanted(&d, changed)) {
                    durable::remove(&file.path())?;
                    deleted += 1;
                }
            }
        }
        Ok(deleted)
    }

    /// Deletes everything.
    pub fn wipe(&self) -> io::Result<()> {
        self.delete(|_, _| true).map(|_| ())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    fn not_there(&self, digest: &Digest, error: io::Error) -> CacheError {
        if error.kind() == io::ErrorKind::NotFound {
            return CacheError::Missing(*digest);
        }
        // A file that cannot be read is as useless as a damaged one, and deleting it may cure the disk's sector.
        tracing::warn!(%digest, %error, "a cached file cannot be read");
        self.damaged(digest)
    }

    fn damaged(&self, digest: &Digest) -> CacheError {
        match durable::remove(&self.path(digest)) {
            Ok(()) => CacheError::Damaged(*digest),
            Err(error) => error.into(),
        }
    }
}

/// A file being downloaded.
#[derive(Debug)]
pub struct Partial {
    cache: Cache,
    digest: Digest,
    path: PathBuf,
    file: File,
    length: u64,
}

impl Partial {
    /// Bytes there so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds bytes. After an error the file is as long as [`Partial::length`] says, or is started over.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Starts over.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.length = 0;
        Ok(())
    }

    /// Verifies the whole and puts it in its place; if it is not what its name says, it is deleted.
    pub fn finish(self) -> Result<(), CacheError> {
        if digest_of(File::open(&self.path)?)? != self.digest {
            durable::remove(&self.path)?;
            return Err(CacheError::Damaged(self.digest));
        }
        let path = self.cache.path(&self.digest);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(durable::adopt(&self.path, &path)?)
    }
}

fn digest_of(mut file: File) -> io::Result<Digest> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let data = tempfile::tempdir().unwrap();
        let cache = Cache::open(data.path()).unwrap();
        (data, cache)
    }

    #[test]
    fn a_damaged_file_is_deleted_and_never_given_out() {
        let (_data, cache) = cache();
        let digest = cache.put(b"poster").unwrap();
        assert_eq!(cache.read(&digest).unwrap(), b"poster");
        for damage in [b"postes".as_slice(), b"post", b"", b"poster and more"] {
            fs::write(cache.path(&digest), damage).unwrap();
            assert!(matches!(cache.read(&digest), Err(CacheError::Damaged(_))));
            assert!(matches!(cache.read(&digest), Err(CacheError::Missing(_))));
            fs::write(cache.path(&digest), damage).unwrap();
            assert!(matches!(cache.verified_path(&digest), Err(CacheError::Damaged(_))));
            assert!(!cache.contains(&digest));
        }
    }

    #[test]
    fn an_interrupted_download_goes_on_where_it_was_and_is_only_there_when_whole() {
        let (_data, cache) = cache();
        let digest = Digest::of(b"0123456789");
        let mut first = cache.partial(digest).unwrap();
        first.add(b"01234").unwrap();
        drop(first);
        assert!(!cache.contains(&digest));
        let mut second = cache.partial(digest).unwrap();
        assert_eq!(second.length(), 5);
        second.add(b"56789").unwrap();
        second.finish().unwrap();
        assert_eq!(cache.read(&digest).unwrap(), b"0123456789");
    }

    #[test]
    fn a_download_of_something_else_is_refused_and_started_over() {
        let (_data, cache) = cache();
        let digest = Digest::of(b"right");
        let mut partial = cache.partial(digest).unwrap();
        partial.add(b"wrong").unwrap();
        assert!(matches!(partial.finish(), Err(CacheError::Damaged(_))));
        assert!(!cache.contains(&digest));
        assert_eq!(cache.partial(digest).unwrap().length(), 0);
    }

    #[test]
    fn what_is_no_longer_wanted_goes_and_the_rest_stays() {
        let (_data, cache) = cache();
        let (kept, dropped) = (cache.put(b"kept").unwrap(), cache.put(b"dropped").unwrap());
        let now = crate::clock::Clock::new().now().wall;
        assert_eq!(cache.retain(&HashSet::from([kept]), now).unwrap(), 0, "too young to die");
        assert_eq!(cache.retain(&HashSet::from([kept]), now.plus(KEPT + 60_000)).unwrap(), 1);
        assert!(cache.contains(&kept) && !cache.contains(&dropped));
    }
}
