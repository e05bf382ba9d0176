//! Whether an archive is still what was sealed: every file is there and known, the batches in it are those of the Merkle log, bit
//! for bit, and every play row says what its batch says. Changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry as Place},
    fmt, fs,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use xuanping_core::{
    digest::{Digest, Hasher},
    playlog::LogEntry,
    tlog::{Checkpoint, Edge, Tiles},
};

use super::{
    AT_ONCE, Alone, BATCHES, Entry, INTENT, LOCK, SIGNED, UNFINISHED, batches_of, blocking,
    difference::Difference,
    name_of, plays_of,
    rows::{Named, Rows},
};
use crate::{
    db::DbError,
    plays::{
        PlayError, Plays,
        columns::Cell,
        names::Names,
        play_rows,
        store::{self, archive::Part},
    },
};

/// Entries of the log read at once, behind those that are archived.
const ENTRIES: u64 = 4096;

/// What was looked at, and the first thing that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveCheck {
    /// Parts.
    pub parts: u64,
    /// Their files.
    pub files: u64,
    /// Batches in them, each compared with the log.
    pub batches: u64,
    /// Rows of plays, each compared with its batch.
    pub plays: u64,
    /// Files of plays made before rows said which batch they are in.
    pub older: u64,
    /// Names (of screens, venues, areas, creatives) that are other ones today: nothing to compare them with.
    pub renamed: u64,
    /// Files that an interrupted run left; the next one removes them.
    pub unfinished: u64,
    /// Entries of the log under its signed root that the batches lead to.
    pub entries: u64,
    /// The first difference.
    pub difference: Option<Difference>,
}

/// In Chinese, then in English.
impl fmt::Display for ArchiveCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parts, files, batches, plays, older, renamed, unfinished, entries, difference } = self;
        writeln!(f, "已核对归档 {parts} 份、文件 {files} 个、批次 {batches} 个、播放 {plays} 次、日志 {entries} 条。")?;
        if *older > 0 {
            writeln!(f, "其中 {older} 个播放文件为旧版，没有所属批次两列，已按批次逐行核对。")?;
        }
        if *renamed > 0 {
            writeln!(f, "有 {renamed} 个名称与现在的不同（其后改过名），名称不在批次中，无从核对。")?;
        }
        if *unfinished > 0 {
            writeln!(f, "有 {unfinished} 个文件是中断的归档留下的，下次归档时清除。")?;
        }
        match difference {
            None if *parts == 0 => writeln!(f, "结论：尚无已封存的归档；日志与其签名的根一致。")?,
            None => writeln!(f, "结论：归档完整，与日志一致。")?,
            Some(difference) => writeln!(f, "结论：归档有误。{difference}。请保留现场，并与备份比对。")?,
        }
        writeln!(
            f,
            "Checked {parts} parts: {files} files, {batches} batches, {plays} plays, {entries} entries of the log."
        )?;
        if *older > 0 {
            writeln!(
                f,
                "{older} files of plays are older and do not name batches; their rows were compared all the same."
            )?;
        }
        if *renamed > 0 {
            writeln!(
                f,
                "{renamed} names are other ones today; names are in no batch, so nothing can be said of them."
            )?;
        }
        if *unfinished > 0 {
            writeln!(f, "{unfinished} files were left by an interrupted run; the next one removes them.")?;
        }
        match difference {
            None if *parts == 0 => {
                write!(f, "Verdict: nothing has been archived yet; the log agrees with its signed root.")
            }
            None => write!(f, "Verdict: the archive is whole and agrees with the log."),
            Some(difference) => write!(
                f,
                "Verdict: the archive is not what was sealed: {}. Keep it as it is, and compare it with a backup.",
                difference.english()
            ),
        }
    }
}

/// Why a check ends before its end.
enum Stop {
    Difference(Difference),
    Fault(PlayError),
}

impl From<Difference> for Stop {
    fn from(difference: Difference) -> Self {
        Self::Difference(difference)
    }
}

impl From<PlayError> for Stop {
    fn from(error: PlayError) -> Self {
        Self::Fault(error)
    }
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl Plays {
    /// Compares the archive in this folder with what the database knows of it and with the log, up to the first difference.
    pub async fn check_archive(&self, folder: &Path) -> Result<ArchiveCheck, PlayError> {
        let _nobody_else = Alone::beside_readers(folder)?;
        let mut check = ArchiveCheck::default();
        match self.check_parts(folder, &mut check).await {
            Ok(()) => {}
            Err(Stop::Difference(difference)) => check.difference = Some(difference),
            Err(Stop::Fault(error)) => return Err(error),
        }
        Ok(check)
    }

    async fn check_parts(&self, folder: &Path, check: &mut ArchiveCheck) -> Result<(), Stop> {
        let parts = self.archived().await?;
        let mut next = 0;
        for part in &parts {
            if part.from != next {
                return Err(Difference::Gap(part.from.min(next)).into());
            }
            next = part.to;
        }
        check.unfinished = only_known_files(folder, &parts, next)?;
        let mut edge = Edge::new();
        for part in &parts {
            edge = self.check_part(folder, part, edge, check).await?;
            check.parts += 1;
        }
        self.check_root(edge, check).await
    }

    async fn check_part(&self, folder: &Path, part: &Part, edge: Edge, check: &mut ArchiveCheck) -> Result<Edge, Stop> {
        let mut names = Names::open(self).await?;
        let mut reading = Reading::begin(folder, part, edge)?;
        let mut next = part.from;
        while next < part.to {
            let most = u32::try_from(part.to - next).map_or(AT_ONCE, |left| left.min(AT_ONCE));
            let some = store::archive::logged(&self.db, next, most).await?;
            let follow = some.iter().zip(next..).all(|(one, index)| one.index == index);
            if some.is_empty() || !follow {
                return Err(Difference::Gap(next).into());
            }
            next += some.len() as u64;
            let entries = self.entries(&some, &mut names).await?;
            reading = blocking(move || Ok(reading.compare(entries))).await??;
        }
        let part = part.clone();
        let read = blocking(move || Ok(reading.finish(&part))).await??;
        check.files += read.files;
        check.batches += read.batches;
        check.plays += read.plays;
        check.older += read.older;
        check.renamed += read.renamed;
        Ok(read.edge)
    }

    /// The tree over the archived batches and the entries after them, against the newest root that the log has signed.
    async fn check_root(&self, mut edge: Edge, check: &mut ArchiveCheck) -> Result<(), Stop> {
        let Some(newest) = store::log::newest(&self.db).await? else {
            return if edge.size() == 0 { Ok(()) } else { Err(Difference::Root.into()) };
        };
        let Ok((signed, _)) = Checkpoint::open(&newest.note, self.log.verifier()) else {
            return Err(Difference::Root.into());
        };
        let mut tiles = Tiles::new();
        while edge.size() < signed.size {
            let most = ENTRIES.min(signed.size - edge.size());
            let some = store::log::entries(&self.db, edge.size(), most).await?;
            if some.is_empty() {
                break;
            }
            for entry in some {
                edge.append(entry.hash(), &mut tiles);
            }
            tiles.clear();
        }
        check.entries = edge.size();
        let same = (edge.size(), edge.root()) == (signed.size, signed.root);
        if same { Ok(()) } else { Err(Difference::Root.into()) }
    }
}

/// The files of a part, being read beside what should be in them.
struct Reading {
    folder: PathBuf,
    name: String,
    batches: Rows,
    plays: BTreeMap<NaiveDate, Rows>,
    names: Named,
    read: Read,
}

/// What was read of a part.
struct Read {
    edge: Edge,
    files: u64,
    batches: u64,
    plays: u64,
    older: u64,
    renamed: u64,
}

impl Reading {
    fn begin(folder: &Path, part: &Part, edge: Edge) -> Result<Self, Difference> {
        let name = name_of(part.from, part.to);
        let batches = Rows::open(&batches_of(folder, part.received).join(&name), &BATCHES, 0)?;
        let read = Read { edge, files: 1, batches: 0, plays: 0, older: 0, renamed: 0 };
        let folder = folder.to_owned();
        Ok(Self { folder, name, batches, plays: BTreeMap::new(), names: Named::default(), read })
    }

    /// The next rows of all files.
    fn compare(mut self, entries: Vec<Entry>) -> Result<Self, Difference> {
        let columns = play_rows::archived();
        let mut tiles = Tiles::new();
        for Entry { entry, batch, plays } in entries {
            let found = self.batches.is_next(&batch, &mut self.names)?;
            // Were the database's bytes changed too: what the log has is a hash.
            let digest = match found.get(SIGNED) {
                Some(Cell::Bytes(signed)) => Digest::of(signed),
                _ => Digest::ZERO,
            };
            if digest != entry.batch {
                return Err(self.batches.is_not("signed", digest.to_string(), entry.batch.to_string()));
            }
            self.read.edge.append(LogEntry::new(entry.screen, entry.sequence, digest).hash(), &mut tiles);
            self.read.batches += 1;
            for (day, row) in plays {
                let rows = match self.plays.entry(day) {
                    Place::Occupied(rows) => rows.into_mut(),
                    Place::Vacant(place) => {
                        let path = plays_of(&self.folder, day).join(&self.name);
                        let rows = Rows::open(&path, &columns, play_rows::OF_BATCH.len())?;
                        self.read.older += u64::from(!rows.has(columns.len()));
                        self.read.files += 1;
                        place.insert(rows)
                    }
                };
                rows.is_next(&row, &mut self.names)?;
                self.read.plays += 1;
            }
            tiles.clear();
        }
        Ok(self)
    }

    /// No row is left over, no other file is of this part, and all are the very files that were sealed.
    fn finish(mut self, part: &Part) -> Result<Read, Stop> {
        self.batches.is_over()?;
        for rows in self.plays.values_mut() {
            rows.is_over()?;
        }
        let mut files = vec![batches_of(&self.folder, part.received).join(&self.name)];
        files.extend(self.plays.keys().map(|day| plays_of(&self.folder, *day).join(&self.name)));
        let own: BTreeSet<&PathBuf> = files.iter().collect();
        let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy() == self.name);
        if let Some(other) = files_below(&self.folder)?.into_iter().find(|path| named(path) && !own.contains(path)) {
            return Err(Difference::Unknown(other).into());
        }
        let (mut bytes, mut digests) = (0, Vec::new());
        for file in &files {
            let (digest, length) = digest_of(file)?;
            digests.extend_from_slice(digest.as_bytes());
            bytes += length;
        }
        if Digest::of(&digests) != part.digest || bytes != part.bytes || self.read.plays != part.plays {
            return Err(Difference::Digest(self.name).into());
        }
        Ok(Read { renamed: self.names.changed(), ..self.read })
    }
}

fn digest_of(path: &Path) -> io::Result<(Digest, u64)> {
    let (mut file, mut hasher, mut length) = (File::open(path)?, Hasher::new(), 0);
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((hasher.finish(), length));
        }
        hasher.update(piece.get(..read).unwrap_or_default());
        length += read as u64;
    }
}

/// All files in a folder and those in it, in the order of their names.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let places = if entry.file_type()?.is_dir() { &mut folders } else { &mut files };
            places.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Nothing, if every file may be of a part by its place and name; answers how many are only what an interrupted run left.
fn only_known_files(folder: &Path, parts: &[Part], next: u64) -> Result<u64, Stop> {
    let batches: BTreeSet<PathBuf> =
        parts.iter().map(|part| batches_of(folder, part.received).join(name_of(part.from, part.to))).collect();
    let names: BTreeSet<String> = parts.iter().map(|part| name_of(part.from, part.to)).collect();
    let of_plays = |path: &Path, name: &str| {
        let day = path.parent().and_then(|day| day.file_name()?.to_str()?.strip_prefix("day=")?.parse().ok());
        names.contains(name) && day.is_some_and(|day| path == plays_of(folder, day).join(name))
    };
    let left: BTreeSet<PathBuf> = match fs::read_to_string(folder.join(INTENT)) {
        Ok(text) if text.lines().next() == Some(next.to_string().as_str()) => {
            text.lines().skip(1).map(|file| folder.join(file)).collect()
        }
        _ => BTreeSet::new(),
    };
    let mut unfinished = 0;
    for path in files_below(folder)? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path == folder.join(LOCK) || batches.contains(&path) || of_plays(&path, &name) {
            continue;
        }
        if path != folder.join(INTENT) && name != UNFINISHED && !left.contains(&path) {
            return Err(Difference::Unknown(path).into());
        }
        unfinished += 1;
    }
    Ok(unfinished)
}
