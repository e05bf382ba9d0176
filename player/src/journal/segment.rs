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
    playlog::{Play, PlayStatus, TriggerKind},
    time::Millis,
};

use super::{
    outbox::numbers,
    record::{Entry, PlayKey, Record, Run, read_all},
};
use crate::durable;

const ENDING: &str = ".plays";
/// Records kept in memory while the disk refuses them: half a day of ten-second posters.
const BACKLOG: usize = 10_000;
/// Plays after which a segment takes no more until it is sealed: a batch must stay below the server's limit.
const FULL: usize = 20_000;

/// The segment being written.
#[derive(Debug)]
pub struct Segment {
    folder: PathBuf,
    number: u64,
    run: Run,
    file: File,
    /// Bytes of whole records in the file.
    length: u64,
    finished: usize,
    news: bool,
    opened: BTreeMap<PlayKey, Entry>,
    backlog: VecDeque<(Vec<u8>, bool)>,
    lost: u64,
    dirty: bool,
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
    /// Recovers the folder after whatever happened to it, given the number of the newest sealed batch. Afterwards there
    /// are closed segments `head + 1 ..` and an empty one for `run` to write to.
    pub fn recover(folder: &Path, head: u64, run: Run) -> io::Result<(Self, Recovered)> {
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
        let mut next = head + 1;
        for (place, number) in kept.iter().enumerate() {
            let file = path(folder, *number);
            let last = place + 1 == kept.len();
            let finished = repair(&file, last, &mut found)?;
            if last && finished == 0 {
                durable::remove(&file)?;
                break;
            }
            // A hole in the numbers (a lost file) would be a hole in the chain: the later ones move down.
            if *number != next {
                fs::rename(&file, path(folder, next))?;
            }
            next += 1;
        }
        let segment = Self::begin(folder, next, run)?;
        durable::sync_folder_of(&segment.path())?;
        Ok((segment, found))
    }

    fn begin(folder: &Path, number: u64, run: Run) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).append(true).open(path(folder, number))?;
        file.set_len(0)?;
        let began = Record::Began(run).to_bytes();
        file.write_all(&began)?;
        Ok(Self {
            folder: folder.to_owned(),
            number,
            run,
            file,
            length: began.len() as u64,
            finished: 0,
            news: false,
            opened: BTreeMap::new(),
            backlog: VecDeque::new(),
            lost: 0,
            dirty: false,
        })
    }

    /// Appends a record, or keeps it for later if the disk refuses it.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        let finishes = matches!(record, Record::Finished(..));
        match record {
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
            }
            Record::Began(_) => {}
        }
        if !finishes && !self.backlog.is_empty() {
            // What only says that a play began is not worth memory when the disk is full.
            return Ok(());
        }
        if finishes {
            if self.backlog.len() >= BACKLOG {
                self.backlog.pop_front();
                self.lost += 1;
            }
            self.backlog.push_back((record.to_bytes(), true));
            self.write_backlog()
        } else {
            self.write(&record.to_bytes(), false)
        }
    }

    /// Tries again to write what the disk has refused so far.
    pub fn write_backlog(&mut self) -> io::Result<()> {
        while let Some((bytes, finishes)) = self.backlog.front().cloned() {
            if self.finished >= FULL {
                return Err(io::Error::other("the segment is full and could not be sealed yet"));
            }
            self.write(&bytes, finishes)?;
            self.backlog.pop_front();
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], finishes: bool) -> io::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            // Part of it may be there. If it cannot be cut off now, the next record would be unreadable behind it: the
            // length is set again before every further try.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        let end = self.length + bytes.len() as u64;
        if self.file.metadata()?.len() != end {
            self.file.set_len(self.length)?;
            return Err(io::Error::other("the journal's file is not as long as what was written"));
        }
        self.length = end;
        self.finished += usize::from(finishes);
        self.dirty = true;
        Ok(())
    }

    /// Takes the file handle for syncing without holding up appends; `None` if nothing was written since the last time.
    pub fn take_unsynced(&mut self) -> Option<io::Result<File>> {
        std::mem::take(&mut self.dirty).then(|| self.file.try_clone())
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
        (self.backlog.len(), self.lost)
    }

    /// The number of the batch that it becomes.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Closes this segment and goes on in the next, which begins with the run and the plays now on the wall.
    pub fn rotate(&mut self) -> io::Result<()> {
        let new = path(&self.folder, self.number + 1).with_extension("new");
        let opened = self.opened.iter().map(|(key, entry)| Record::Opened(*key, entry.clone()));
        let beginning: Vec<u8> =
            std::iter::once(Record::Began(self.run)).chain(opened).flat_map(|record| record.to_bytes()).collect();
        fs::write(&new, &beginning)?;
        let file = OpenOptions::new().append(true).open(&new)?;
        fs::rename(&new, path(&self.folder, self.number + 1))?;
        self.number += 1;
        self.file = file;
        self.length = beginning.len() as u64;
        self.finished = 0;
        self.news = false;
        self.dirty = true;
        Ok(())
    }

    fn path(&self) -> PathBuf {
        path(&self.folder, self.number)
    }
}

/// The plays of a closed segment and the run that showed them, if it says; what is torn was cut off when it was recovered or
/// never finished.
pub fn finished_plays(folder: &Path, number: u64) -> io::Result<(Option<Run>, Vec<Entry>)> {
    let (records, _) = read_all(&fs::read(path(folder, number))?);
    let mut began = None;
    let mut plays = Vec::new();
    for record in records {
        match record {
            Record::Began(run) => began = Some(run),
            Record::Finished(_, entry) => plays.push(entry),
            Record::Opened(..) | Record::Showing(..) => {}
        }
    }
    Ok((began, plays))
}

/// The numbers of segments in a folder, ascending.
pub fn segments(folder: &Path) -> io::Result<Vec<u64>> {
    numbers(folder, ENDING)
}

/// Removes a segment that has become a batch.
pub fn discard(folder: &Path, number: u64) -> io::Result<()> {
    durable::remove(&path(folder, number))
}

/// A failure, or something that somebody asked to be shown.
fn is_news(play: &Play) -> bool {
    let asked_for = matches!(play.trigger.kind(), TriggerKind::Takeover | TriggerKind::Event);
    asked_for || matches!(play.status, PlayStatus::HardwareFailure | PlayStatus::ContentFailure)
}

/// Cuts off what is torn; in the last segment also finishes, as interrupted, the plays that were on the wall. Returns
/// how many finished plays there are.
fn repair(file: &Path, last: bool, found: &mut Recovered) -> io::Result<usize> {
    let bytes = fs::read(file)?;
    let (records, sound) = read_all(&bytes);
    found.torn += (bytes.len() - sound) as u64;
    let mut opened: BTreeMap<PlayKey, Entry> = BTreeMap::new();
    let mut finished = 0;
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
    Ok(finished)
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}{ENDING}"))
}

/// A disk that refuses, for tests: the file is opened read-only, so every write to it fails.
#[cfg(test)]
impl Segment {
    pub(super) fn refuse_writes(&mut self) {
        self.file = File::open(self.path()).unwrap();
    }

    pub(super) fn accept_writes(&mut self) -> io::Result<()> {
        self.file = OpenOptions::new().append(true).open(self.path())?;
        Ok(())
    }
}
