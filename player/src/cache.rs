//! Files named by their SHA-256: assets and playlists. Written whole or not at all, and believed only after their bytes
//! were digested again; what does not match its name is deleted and will be fetched anew.
//!
//! What no known programme needs stays as long as there is room, because it often comes back; the least recently used of it
//! goes first. What a known programme needs is never deleted.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use xuanping_core::digest::{Digest, Hasher};

use crate::durable;

/// The folder; copies mean the same one.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    budget: Option<u64>,
    known: Arc<Mutex<Known>>,
}

/// What this run of the process knows of the files.
#[derive(Debug, Default)]
struct Known {
    /// What the programme needs; `None` as long as that is not known.
    wanted: Option<HashSet<Digest>>,
    stored: HashMap<Digest, Instant>,
    /// When each was used last, in uses.
    used: HashMap<Digest, u64>,
    uses: u64,
    /// Being written or downloaded.
    busy: HashMap<Digest, u32>,
}

/// What was stored less than this ago is not deleted: it may belong to a programme that is only now becoming known.
const KEPT: Duration = Duration::from_mins(10);
/// Bytes of the disk that are left to others, plays above all; of a small one an eighth.
const LEFT: u64 = 256 << 20;
const LEFT_PART: u64 = 8;
/// How much a patient look at the files reads at once, and how long it rests then.
const SIP: usize = 64 << 10;
const REST: Duration = Duration::from_millis(16);

/// A file that is there.
struct Stored {
    digest: Digest,
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It is not there (yet).
    #[error("{0} is not in the cache")]
    Missing(Digest),
    /// It was there, but was not what its name says; it has been deleted.
    #[error("{0} was damaged on disk and has been deleted")]
    Damaged(Digest),
    /// Even without everything that could go there is no room for it.
    #[error("the programme needs {needs} bytes, and there is room for {has}")]
    NoRoom {
        /// Bytes of all that is needed, as far as it is here, and of this.
        needs: u64,
        /// Bytes that there is room for.
        has: u64,
    },
    /// The disk failed.
    #[error("cache: {0}")]
    Disk(#[from] io::Error),
}

impl Cache {
    /// The cache below `data`, of at most `budget` bytes; without, of what the disk has. A disk that refuses is noticed
    /// when something is to be stored.
    pub fn below(data: &Path, budget: Option<u64>) -> Self {
        Self { folder: data.join("cache"), budget, known: Arc::default() }
    }

    /// Whether a file of that name is there. Says nothing of its bytes.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// The file's bytes, verified.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, CacheError> {
        self.known().uses(digest);
        let bytes = fs::read(self.path(digest)).map_err(|e| self.not_there(digest, e))?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(self.damaged(digest)) }
    }

    /// The path of the file, its bytes verified just now: for the media worker, which reads by itself.
    pub fn verified_path(&self, digest: &Digest) -> Result<PathBuf, CacheError> {
        self.known().uses(digest);
        let path = self.path(digest);
        let found =
            File::open(&path).and_then(|file| digest_of(file, || true)).map_err(|e| self.not_there(digest, e))?;
        if found == Some(*digest) { Ok(path) } else { Err(self.damaged(digest)) }
    }

    /// Stores bytes under their own name.
    pub fn put(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        let _busy = self.busy(digest);
        let path = self.path(&digest);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        durable::write(&path, bytes, durable::Privacy::Usual)?;
        self.known().stored.insert(digest, Instant::now());
        Ok(digest)
    }

    /// A download that may have been begun earlier.
    pub fn partial(&self, digest: Digest) -> io::Result<Partial> {
        let busy = self.busy(digest);
        let folder = self.folder.join("partial");
        fs::create_dir_all(&folder)?;
        let path = folder.join(digest.to_string());
        if path.is_dir() {
            durable::remove(&path)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let length = file.metadata()?.len();
        Ok(Partial { cache: self.clone(), digest, path, file, length, _busy: busy })
    }

    /// These are needed from now on. Of the others the least recently used are deleted as far as there is too little
    /// room. Returns how many files.
    pub fn retain(&self, wanted: &HashSet<Digest>) -> io::Result<usize> {
        self.known().wanted = Some(wanted.clone());
        self.sweep()?;
        let stored = self.files()?;
        let total = stored.iter().map(|s| s.bytes).sum();
        let budget = self.budget_beside(total);
        self.evict(stored, total.saturating_sub(budget))
    }

    /// Bytes of all files; `None` if the disk does not say.
    pub fn bytes(&self) -> Option<u64> {
        Some(self.files().ok()?.iter().map(|stored| stored.bytes).sum())
    }

    /// Makes room for a file of so many bytes that is needed.
    pub fn room_for(&self, bytes: u64) -> Result<(), CacheError> {
        let stored = self.files()?;
        let total: u64 = stored.iter().map(|s| s.bytes).sum();
        let budget = self.budget_beside(total);
        let wanted = self.known().wanted.clone().unwrap_or_default();
        let needed: u64 = stored.iter().filter(|s| wanted.contains(&s.digest)).map(|s| s.bytes).sum();
        if needed + bytes > budget {
            return Err(CacheError::NoRoom { needs: needed + bytes, has: budget });
        }
        self.evict(stored, (total + bytes).saturating_sub(budget))?;
        Ok(())
    }

    /// The disk is full and something more important has to be written: deletes all that is not needed. Returns how many
    /// files that were.
    pub fn make_room(&self) -> usize {
        let made = self.sweep().and_then(|swept| Ok(swept + self.evict(self.files()?, u64::MAX)?));
        made.unwrap_or_else(|error| {
            tracing::warn!(%error, "no room could be made in the cache");
            0
        })
    }

    /// Reads the file that comes after `before`, in the order of their names, resting now and then. Returns which it was,
    /// and whether it was damaged (and has been deleted); `None` when there are no more, or `go_on` says no.
    pub fn look_at_next(&self, before: Option<Digest>, go_on: impl Fn(Duration) -> bool) -> Option<(Digest, bool)> {
        let names = self.files().ok()?.into_iter().map(|stored| stored.digest);
        let digest = names.filter(|digest| before.is_none_or(|before| *digest > before)).min()?;
        match File::open(self.path(&digest)).and_then(|file| digest_of(file, || go_on(REST))) {
            Ok(None) => None,
            Ok(Some(found)) if found == digest => Some((digest, false)),
            // It may have been deleted meanwhile, as no longer needed.
            Ok(Some(_)) | Err(_) if !self.path(&digest).exists() => Some((digest, false)),
            Ok(Some(_)) | Err(_) => {
                let damaged = self.damaged(&digest);
                tracing::warn!(error = %damaged, "a file went bad on the disk");
                Some((digest, true))
            }
        }
    }

    /// How large the cache may be if it is as large as `total` now.
    fn budget_beside(&self, total: u64) -> u64 {
        let disk = rustix::fs::statvfs(&self.folder).ok();
        let room = disk.map_or(u64::MAX, |disk| {
            let left = LEFT.min(disk.f_frsize.saturating_mul(disk.f_blocks) / LEFT_PART);
            total.saturating_add(disk.f_frsize.saturating_mul(disk.f_bavail)).saturating_sub(left)
        });
        self.budget.map_or(room, |budget| budget.min(room))
    }

    /// Deletes what is not needed, least recently used first, until that is `excess` bytes less or nothing is left that may go.
    fn evict(&self, stored: Vec<Stored>, excess: u64) -> io::Result<usize> {
        let mut candidates: Vec<_> = {
            let known = self.known();
            let Some(wanted) = &known.wanted else { return Ok(0) };
            let may_go = |s: &Stored| !wanted.contains(&s.digest) && !known.is_young(&s.digest);
            let used = |s: &Stored| known.used.get(&s.digest).copied().unwrap_or(0);
            stored.into_iter().filter(may_go).map(|s| (used(&s), s.modified, s)).collect()
        };
        candidates.sort_by_key(|(used, modified, _)| (*used, *modified));
        let (mut freed, mut deleted) = (0, 0);
        for (.., stored) in candidates {
            if freed >= excess {
                break;
            }
            durable::remove(&stored.path)?;
            freed += stored.bytes;
            deleted += 1;
        }
        Ok(deleted)
    }

    /// Deletes what a power cut left half-written and nobody goes on with.
    fn sweep(&self) -> io::Result<usize> {
        let mut deleted = 0;
        for shelf in self.shelves()? {
            let downloads = shelf.ends_with("partial");
            for file in fs::read_dir(&shelf)? {
                let file = file?;
                let name = file.file_name().to_string_lossy().into_owned();
                let half = if downloads { Some(name.as_str()) } else { name.strip_suffix(".new") };
                let Some(half) = half else { continue };
                let known = self.known();
                let useful = half.parse::<Digest>().is_ok_and(|digest| {
                    let wanted = known.wanted.as_ref().is_none_or(|wanted| wanted.contains(&digest));
                    known.busy.contains_key(&digest) || (downloads && wanted)
                });
                if !useful {
                    durable::remove(&file.path())?;
                    deleted += 1;
                }
            }
        }
        Ok(deleted)
    }

    fn files(&self) -> io::Result<Vec<Stored>> {
        let mut files = Vec::new();
        for shelf in self.shelves()?.into_iter().filter(|shelf| !shelf.ends_with("partial")) {
            for file in fs::read_dir(shelf)? {
                let file = file?;
                let digest = file.file_name().to_str().and_then(|name| name.parse().ok());
                // What goes away meanwhile is not there.
                let (Some(digest), Ok(metadata)) = (digest, file.metadata()) else { continue };
                let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push(Stored { digest, path: file.path(), bytes: metadata.len(), modified });
            }
        }
        Ok(files)
    }

    fn shelves(&self) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(&self.folder) {
            Ok(shelves) => {
                let paths = shelves.map(|shelf| Ok(shelf?.path())).collect::<io::Result<Vec<_>>>()?;
                Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Deletes everything.
    pub fn wipe(&self) -> io::Result<()> {
        for shelf in self.shelves()? {
            fs::remove_dir_all(shelf)?;
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn busy(&self, digest: Digest) -> Busy {
        *self.known().busy.entry(digest).or_default() += 1;
        Busy { cache: self.clone(), digest }
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

impl Known {
    fn uses(&mut self, digest: &Digest) {
        self.uses += 1;
        self.used.insert(*digest, self.uses);
    }

    fn is_young(&self, digest: &Digest) -> bool {
        self.stored.get(digest).is_some_and(|at| at.elapsed() < KEPT)
    }
}

/// While it lives, somebody writes a file of this name.
#[derive(Debug)]
struct Busy {
    cache: Cache,
    digest: Digest,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut known = self.cache.known();
        if let Some(writers) = known.busy.get_mut(&self.digest) {
            *writers -= 1;
            if *writers == 0 {
                known.busy.remove(&self.digest);
            }
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
    _busy: Busy,
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
        if digest_of(File::open(&self.path)?, || true)? != Some(self.digest) {
            durable::remove(&self.path)?;
            return Err(CacheError::Damaged(self.digest));
        }
        let path = self.cache.path(&self.digest);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        durable::adopt(&self.path, &path)?;
        self.cache.known().stored.insert(self.digest, Instant::now());
        Ok(())
    }
}

/// `None` if `go_on` said no.
fn digest_of(mut file: File, go_on: impl Fn() -> bool) -> io::Result<Option<Digest>> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; SIP];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(hasher.finish())),
            read => hasher.update(&buffer[..read]),
        }
        if !go_on() {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let data = tempfile::tempdir().unwrap();
        let cache = Cache::below(data.path(), None);
        (data, cache)
    }

    #[test]
    fn a_folder_in_a_files_place_is_no_file_and_makes_way_for_it() {
        let (_data, cache) = cache();
        let digest = cache.put(b"poster").unwrap();
        let in_its_place = || {
            durable::remove(&cache.path(&digest)).unwrap();
            fs::create_dir(cache.path(&digest)).unwrap();
        };
        in_its_place();
        assert!(!cache.contains(&digest));
        assert!(matches!(cache.read(&digest), Err(CacheError::Damaged(_))));
        in_its_place();
        assert!(matches!(cache.verified_path(&digest), Err(CacheError::Damaged(_))));
        in_its_place();
        assert_eq!(cache.look_at_next(None, |_| true), Some((digest, true)));
        in_its_place();
        cache.put(b"poster").unwrap();
        in_its_place();
        let mut partial = cache.partial(digest).unwrap();
        partial.add(b"poster").unwrap();
        partial.finish().unwrap();
        assert_eq!(cache.read(&digest).unwrap(), b"poster");
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

    /// So that it may be deleted.
    fn aged(cache: &Cache) {
        cache.known().stored.clear();
    }

    fn with_budget(budget: u64) -> (tempfile::TempDir, Cache) {
        let data = tempfile::tempdir().unwrap();
        let cache = Cache::below(data.path(), Some(budget));
        (data, cache)
    }

    #[test]
    fn what_is_no_longer_needed_stays_as_long_as_there_is_room_and_then_the_least_recently_used_goes_first() {
        let (_data, cache) = with_budget(30);
        let [needed, one, two, three] =
            [b"needed....", b"one.......", b"two.......", b"three....."].map(|bytes| cache.put(bytes).unwrap());
        let wanted = HashSet::from([needed]);
        assert_eq!(cache.retain(&wanted).unwrap(), 0, "too young to die");
        aged(&cache);
        cache.read(&one).unwrap();
        assert_eq!(cache.retain(&wanted).unwrap(), 1, "one too many");
        assert!(!(cache.contains(&two) && cache.contains(&three)), "one that nobody used");
        cache.room_for(15).unwrap();
        assert!(cache.contains(&needed) && !cache.contains(&one), "two had to go");
        assert!(!cache.contains(&two) && !cache.contains(&three));
    }

    #[test]
    fn what_is_needed_is_never_deleted_and_that_it_does_not_fit_is_said_in_bytes() {
        let (_data, cache) = with_budget(15);
        let needed = cache.put(b"needed....").unwrap();
        cache.retain(&HashSet::from([needed])).unwrap();
        aged(&cache);
        assert!(matches!(cache.room_for(10), Err(CacheError::NoRoom { needs: 20, has: 15 })));
        cache.make_room();
        assert!(cache.contains(&needed));
        cache.room_for(5).unwrap();
    }

    #[test]
    fn before_a_programme_is_known_nothing_is_deleted() {
        let (_data, cache) = with_budget(1);
        let kept = cache.put(b"kept").unwrap();
        aged(&cache);
        assert_eq!(cache.make_room(), 0);
        assert!(cache.contains(&kept));
    }

    #[test]
    fn a_file_that_is_being_written_is_not_taken_for_one_that_a_power_cut_left() {
        let (_data, cache) = cache();
        let left = cache.put(b"whole").unwrap();
        let beside = |digest: &Digest| PathBuf::from(format!("{}.new", cache.path(digest).display()));
        fs::write(beside(&left), b"half").unwrap();
        let busy = cache.busy(left);
        let download = cache.partial(Digest::of(b"download")).unwrap();
        cache.retain(&HashSet::new()).unwrap();
        assert!(beside(&left).exists() && download.path.exists());
        let path = download.path.clone();
        drop((busy, download));
        cache.retain(&HashSet::new()).unwrap();
        assert!(!beside(&left).exists() && !path.exists());
    }

    #[test]
    fn a_patient_look_finds_the_file_that_went_bad_and_ends_after_the_last() {
        let (_data, cache) = cache();
        let mut names: Vec<_> = (0..5_u8).map(|n| cache.put(&[n; 9]).unwrap()).collect();
        names.sort_unstable();
        fs::write(cache.path(&names[2]), b"bad").unwrap();
        let mut seen = Vec::new();
        while let Some((digest, bad)) = cache.look_at_next(seen.last().map(|(digest, _)| *digest), |_| true) {
            seen.push((digest, bad));
        }
        assert_eq!(seen, [0, 1, 2, 3, 4].map(|n| (names[n], n == 2)));
        assert!(!cache.contains(&names[2]));
        assert_eq!(cache.look_at_next(None, |_| false), None);
    }
}
