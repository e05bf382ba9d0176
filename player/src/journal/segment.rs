//! The file that plays are appended to. Segment number N becomes batch number N, whole and once: that is what makes
//! "exactly once" hold whenever the process dies.
//!
//! Appending is one `write` on the thread that shows things; a write that fails is undone, kept in memory and tried again.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use xuanping_core::{
    playlog::{Play, PlayStatus, TriggerKind, WallChange, WallState},
    time::{Millis, UtcMillis},
};

use super::{
    backlog::Backlog,
    outbox::numbers,
    record::{Entry, PlayKey, Record, Run, read_all},
};
use crate::durable;

const ENDING: &str = ".plays";
/// Plays after which a segment takes no more until it is sealed: a batch must stay below the server's limit.
pub(super) const FULL: usize = 20_000;

/// The segment being written.
#[derive(Debug)]
pub struct Segment {
    folder: PathBuf,
    run: Run,
    /// 0 as long as there is no file.
    number: u64,
    /// `None` until the disk could be opened: everything is in memory then.
    file: Option<File>,
    /// Bytes of whole records in the file.
    length: u64,
    finished: usize,
    news: bool,
    opened: BTreeMap<PlayKey, Entry>,
    backlog: Backlog,
    /// How the wall is.
    wall: Option<(WallChange, u64)>,
    /// Changes of the wall that are not in the file yet, with the monotonic time of each.
    unwritten: VecDeque<(WallChange, u64)>,
    dirty: bool,
}

/// Changes of the wall that are kept while the disk refuses them; the oldest give way.
const CHANGES: usize = 1_000;

/// What recovery leaves to write to: an empty file, and the number of the batch it becomes.
#[derive(Debug)]
pub struct Ready {
    number: u64,
    file: File,
    /// Changes of the wall after the last play.
    walls: Vec<WallChange>,
}

/// What was found when the journal was opened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Bytes at the end of segments that were no whole record.
    pub torn: u64,
    /// Plays that were on the wall when the process died; now recorded as interrupted.
    pub interrupted: usize,
}

impl Segment {
    /// A segment in memory, before anything is known of the disk. What is written is of this `run`.
    pub fn in_memory(folder: &Path, run: Run) -> Self {
        Self {
            folder: folder.to_owned(),
            run,
            number: 0,
            file: None,
            length: 0,
            finished: 0,
            news: false,
            opened: BTreeMap::new(),
            backlog: Backlog::default(),
            wall: None,
            unwritten: VecDeque::new(),
            dirty: false,
        }
    }

    /// From now on it is written to disk. What is in memory follows with [`Self::write_backlog`].
    pub fn adopt(&mut self, ready: Ready) {
        (self.number, self.file) = (ready.number, Some(ready.file));
        for change in ready.walls.into_iter().rev() {
            // Of an earlier run: nothing that is learnt of this one's clock tells of it.
            self.unwritten.push_front((change, u64::MAX));
        }
        let opened: Vec<u8> = self.opened_records();
        if let Err(error) = self.write(&opened, 0) {
            tracing::warn!(%error, "what is on the wall could not be noted");
        }
    }

    fn opened_records(&self) -> Vec<u8> {
        self.opened.iter().flat_map(|(key, entry)| Record::Opened(*key, entry.clone()).to_bytes()).collect()
    }

    /// Recovers the folder after whatever happened to it, given the number of the newest sealed batch. Afterwards there
    /// are closed segments `head + 1 ..` and an empty one to write to.
    pub fn recover(folder: &Path, head: u64) -> io::Result<(Ready, Recovered)> {
        fs::create_dir_all(folder)?;
        let mut found = Recovered::default();
        let mut kept = Vec::new();
        for number in numbers(folder, ENDING)? {
            if number <= head {
                durable::remove(&path(folder, number))?;
            } else {
                kept.push(number);
            }
        }
        let (mut next, mut walls) = (head + 1, Vec::new());
        for (place, number) in kept.iter().enumerate() {
            let file = path(folder, *number);
            let last = place + 1 == kept.len();
            let (finished, changes) = repair(&file, last, &mut found)?;
            if last && finished == 0 {
                durable::remove(&file)?;
                walls = changes;
                break;
            }
            // A hole in the numbers (a lost file) would be a hole in the chain: the later ones move down.
            if *number != next {
                fs::rename(&file, path(folder, next))?;
            }
            next += 1;
        }
        let file = OpenOptions::new().create(true).append(true).open(path(folder, next))?;
        file.set_len(0)?;
        durable::sync_folder_of(&path(folder, next))?;
        Ok((Ready { number: next, file, walls }, found))
    }

    /// Appends a record, or keeps it for later if the disk refuses it.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Began(_) => return Ok(()),
            Record::Opened(key, entry) => {
                self.opened.insert(*key, entry.clone());
            }
            Record::Showing(key, actual) => {
                if let Some(entry) = self.opened.get_mut(key) {
                    entry.play.actual = *actual;
                }
            }
            Record::Finished(key, entry) => {
                self.opened.remove(key);
                self.news |= is_news(&entry.play);
                self.backlog.push(*key, entry);
                // As long as the disk is not open, it is the journal's thread that says so.
                return if self.file.is_some() { self.write_backlog() } else { Ok(()) };
            }
            Record::Wall(change, monotonic) => {
                self.wall = Some((*change, *monotonic));
                self.unwritten.push_back((*change, *monotonic));
                if self.unwritten.len() > CHANGES {
                    self.unwritten.pop_front();
                }
                return if self.file.is_some() { self.write_backlog() } else { Ok(()) };
            }
        }
        if self.backlog.is_empty() && self.file.is_some() {
            return self.write(&record.to_bytes(), 0);
        }
        // What only says that a play began is not worth memory.
        Ok(())
    }

    /// Tries again to write what the disk has refused so far.
    pub fn write_backlog(&mut self) -> io::Result<()> {
        while let Some((change, monotonic)) = self.unwritten.front() {
            self.write(&Record::Wall(*change, *monotonic).to_bytes(), 0)?;
            self.unwritten.pop_front();
        }
        // A full segment takes no more until it is sealed; the rest follows in the next.
        while self.finished < FULL
            && let Some((key, entry)) = self.backlog.front()
        {
            self.write(&Record::Finished(key, entry).to_bytes(), 1)?;
            self.backlog.pop();
        }
        Ok(())
    }

    fn write(&mut self, records: &[u8], finished: usize) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::Error::other("the journal is not open yet")) };
        let first = if self.length == 0 { Record::Began(self.run).to_bytes() } else { Vec::new() };
        let bytes = [first.as_slice(), records].concat();
        if let Err(error) = file.write_all(&bytes) {
            // Part of it may be there. If it cannot be cut off now, the next record would be unreadable behind it: the
            // length is set again before every further try.
            file.set_len(self.length)?;
            return Err(error);
        }
        let end = self.length + bytes.len() as u64;
        if file.metadata()?.len() != end {
            file.set_len(self.length)?;
            return Err(io::Error::other("the journal's file is not as long as what was written"));
        }
        self.length = end;
        self.finished += finished;
        self.dirty = true;
        Ok(())
    }

    /// Takes the file handle for syncing without holding up appends; `None` if nothing was written since the last time.
    pub fn take_unsynced(&mut self) -> Option<io::Result<File>> {
        let file = self.file.as_ref().filter(|_| std::mem::take(&mut self.dirty))?;
        Some(file.try_clone())
    }

    /// Finished plays in this segment.
    pub fn finished(&self) -> usize {
        self.finished
    }

    /// Whether one of them is something that the office should hear of soon.
    pub fn has_news(&self) -> bool {
        self.news
    }

    /// Plays that are only in memory because the disk refuses them, and plays lost because even that was full.
    pub fn troubled(&self) -> (usize, u64) {
        (self.backlog.len(), self.backlog.lost())
    }

    /// The number of the batch that it becomes.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Closes this segment and goes on in the next, which begins with the plays now on the wall.
    pub fn rotate(&mut self) -> io::Result<()> {
        let new = path(&self.folder, self.number + 1).with_extension("new");
        // Whoever reads a batch does not have the one before it.
        let wall = self.wall.filter(|(change, _)| change.state != WallState::On);
        let wall = wall.map(|(change, monotonic)| Record::Wall(change, monotonic).to_bytes());
        let opened = [Record::Began(self.run).to_bytes(), wall.unwrap_or_default(), self.opened_records()].concat();
        fs::write(&new, &opened)?;
        let file = OpenOptions::new().append(true).open(&new)?;
        fs::rename(&new, path(&self.folder, self.number + 1))?;
        self.number += 1;
        self.file = Some(file);
        self.length = opened.len() as u64;
        self.finished = 0;
        self.news = false;
        self.dirty = true;
        Ok(())
    }
}

/// What a closed segment tells.
#[derive(Debug, Default)]
pub struct Told {
    /// The run that wrote it; unknown of a version that did not note it.
    pub run: Option<Run>,
    /// Finished plays.
    pub plays: Vec<Entry>,
    /// How the wall changed, with the monotonic time of each change.
    pub walls: Vec<(WallChange, u64)>,
}

/// Reads a closed segment; what is torn was cut off when it was recovered or never finished.
pub fn told(folder: &Path, number: u64) -> io::Result<Told> {
    let (records, _) = read_all(&fs::read(path(folder, number))?);
    let mut told = Told::default();
    for record in records {
        match record {
            Record::Began(run) => told.run = Some(run),
            Record::Finished(_, entry) => told.plays.push(entry),
            Record::Wall(change, monotonic) => told.walls.push((change, monotonic)),
            Record::Opened(..) | Record::Showing(..) => {}
        }
    }
    Ok(told)
}

/// When what the newest segment that tells of anything tells of was last seen on the wall.
pub fn newest_end(folder: &Path) -> io::Result<Option<UtcMillis>> {
    for number in numbers(folder, ENDING)?.into_iter().rev() {
        let (records, _) = read_all(&fs::read(path(folder, number))?);
        let mut starts = BTreeMap::new();
        let seen = records.into_iter().filter_map(|record| match record {
            Record::Began(_) | Record::Wall(..) => None,
            Record::Opened(key, entry) => {
                starts.insert(key, entry.play.start);
                Some(entry.play.start)
            }
            Record::Showing(key, actual) => starts.get(&key).map(|start| *start + actual),
            Record::Finished(_, entry) => Some(entry.play.start + entry.play.actual),
        });
        if let Some(end) = seen.max() {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

/// The numbers of segments in a folder, ascending.
pub fn segments(folder: &Path) -> io::Result<Vec<u64>> {
    numbers(folder, ENDING)
}

/// Removes a segment that has become a batch.
pub fn discard(folder: &Path, number: u64) -> io::Result<()> {
    durable::remove(&path(folder, number))
}

/// A failure, something that somebody asked to be shown, or what a picture was taken of: until then it proves nothing.
fn is_news(play: &Play) -> bool {
    let asked_for = matches!(play.trigger.kind(), TriggerKind::Takeover | TriggerKind::Event);
    asked_for
        || !play.evidence.is_empty()
        || matches!(play.status, PlayStatus::HardwareFailure | PlayStatus::ContentFailure)
}

/// Cuts off what is torn; in the last segment also finishes, as interrupted, the plays that were on the wall. Returns
/// how many finished plays there are, and how the wall changed.
fn repair(file: &Path, last: bool, found: &mut Recovered) -> io::Result<(usize, Vec<WallChange>)> {
    let bytes = fs::read(file)?;
    let (records, sound) = read_all(&bytes);
    found.torn += (bytes.len() - sound) as u64;
    let mut opened: BTreeMap<PlayKey, Entry> = BTreeMap::new();
    let (mut finished, mut walls) = (0, Vec::new());
    for record in records {
        match record {
            Record::Opened(key, entry) => {
                opened.insert(key, entry);
            }
            Record::Showing(key, actual) => {
                if let Some(entry) = opened.get_mut(&key) {
                    entry.play.actual = actual;
                }
            }
            Record::Finished(key, _) => {
                opened.remove(&key);
                finished += 1;
            }
            Record::Wall(change, _) => walls.push(change),
            Record::Began(_) => {}
        }
    }
    let mut handle = OpenOptions::new().append(true).open(file)?;
    if bytes.len() != sound {
        handle.set_len(sound as u64)?;
    }
    if last {
        for (key, mut entry) in opened {
            entry.play.status = PlayStatus::Interrupted;
            entry.play.actual = Millis(entry.play.actual.0.min(entry.play.planned.0));
            handle.write_all(&Record::Finished(key, entry).to_bytes())?;
            found.interrupted += 1;
            finished += 1;
        }
    }
    handle.sync_all()?;
    Ok((finished, walls))
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}{ENDING}"))
}

/// A disk that refuses, for tests: the file is opened read-only, so every write to it fails.
#[cfg(test)]
impl Segment {
    fn path(&self) -> PathBuf {
        path(&self.folder, self.number)
    }

    pub(super) fn refuse_writes(&mut self) {
        self.file = Some(File::open(self.path()).unwrap());
    }

    pub(super) fn accept_writes(&mut self) -> io::Result<()> {
        self.file = Some(OpenOptions::new().append(true).open(self.path())?);
        Ok(())
    }
}
