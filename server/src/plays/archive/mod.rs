//! The archive: each day's batches, once the day is over, in Parquet files that any engine reads, in folders named as Hive does.
//! The signed bytes of every batch are in it under their number in the Merkle log, beside them each play as a row; so what the
//! database holds can be lost, and what was proven stays provable.
//!
//! `batches/received=2026-11-27/<from>-<to>.parquet` has the entries of the log from one number to another that came on that
//! day; `plays/day=2026-11-26/<from>-<to>.parquet` those of their plays that were shown on that one. Whatever comes late is
//! in a later part, and each entry of the log in exactly one. A part is written beside, synced, read back, announced, renamed,
//! and only then written down: what was interrupted before is removed and made again. Nothing else is ever removed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use ::parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::RowAccessor as _,
};
use chrono::{NaiveDate, Timelike as _};
use xuanping_core::{digest::Digest, playlog::LogEntry, time::UtcMillis};

pub mod check;
pub mod difference;
pub(super) mod rows;

use super::{
    Filter, Order, PlayError, PlayRecord, Plays,
    columns::{Cell, Column, Kind, Table},
    names::Names,
    numbers::Places,
    opened::Opened,
    play_rows,
    query::Sought,
    store::{
        self,
        archive::{Logged, Part},
    },
};
use crate::{clock, playlists::COUNTY_ZONE};

/// Entries of the log that are opened at once.
pub(super) const AT_ONCE: u32 = 200;
/// From this hour of the county on, the days before are sealed.
const SEAL_FROM: u32 = 3;

/// Columns of a table of batches.
pub(super) const BATCHES: [Column; 7] = [
    ("log_index", Kind::Long),
    ("screen", Kind::Text),
    ("sequence", Kind::Long),
    ("digest", Kind::Text),
    ("received", Kind::Instant),
    ("plays", Kind::Int),
    ("signed", Kind::Bytes),
];
pub(super) const SIGNED: usize = 6;
const DIGEST: usize = 3;

/// What of a batch goes into the archive.
pub(super) struct Entry {
    pub entry: LogEntry,
    pub batch: Vec<Cell>,
    /// Its plays as rows, with the local day of each.
    pub plays: Vec<(NaiveDate, Vec<Cell>)>,
}

impl Plays {
    /// Seals once a day, for ever, in this folder.
    pub async fn keep_archive(&self, folder: PathBuf) {
        let mut sealed_on = None;
        loop {
            let now = clock::now();
            let local = now.to_datetime().unwrap_or_default().with_timezone(&COUNTY_ZONE);
            if sealed_on != Some(local.date_naive()) && local.hour() >= SEAL_FROM {
                match self.archive(&folder, now).await {
                    Ok(_) => sealed_on = Some(local.date_naive()),
                    Err(error) => tracing::error!(%error, "days of the play log could not be archived"),
                }
            }
            tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        }
    }

    /// What lies in the archive.
    pub async fn archived(&self) -> Result<Vec<Part>, PlayError> {
        Ok(store::archive::parts(&self.db).await?)
    }

    /// Seals every day that is over and not sealed yet. Returns the new parts. One at a time works in a folder: whoever comes
    /// meanwhile is told so.
    pub async fn archive(&self, folder: &Path, now: UtcMillis) -> Result<Vec<Part>, PlayError> {
        fs::create_dir_all(folder)?;
        let _alone = Alone::in_folder(folder)?;
        let next = store::archive::next(&self.db).await?;
        clear_interrupted(folder, next)?;
        if is_ahead(folder, next)? {
            return Err(PlayError::Archive(format!(
                "{} holds days that this database does not know to be archived (it is new, or was restored from an older \
                 backup): keep that folder, and archive into another with --folder",
                folder.display()
            )));
        }
        self.log.grow(now).await?;
        let today = clock::date_in(now, COUNTY_ZONE);
        let mut sealed = Vec::new();
        while let Some(part) = self.archive_next(folder, today, now).await? {
            let mut tx = self.db.begin().await?;
            store::archive::put(&mut tx, &part).await?;
            tx.commit().await?;
            gone(&folder.join(INTENT))?;
            tracing::info!(day = %part.received, plays = part.plays, bytes = part.bytes, "a day of the play log is archived");
            sealed.push(part);
        }
        Ok(sealed)
    }

    /// Writes the next part, if its day is over.
    async fn archive_next(&self, folder: &Path, today: NaiveDate, now: UtcMillis) -> Result<Option<Part>, PlayError> {
        let from = store::archive::next(&self.db).await?;
        let Some(first) = store::archive::logged(&self.db, from, 1).await?.pop() else { return Ok(None) };
        let received = clock::date_in(first.received, COUNTY_ZONE);
        if received >= today {
            return Ok(None);
        }
        let mut names = Names::open(self).await?;
        let mut files = Files::begin(folder, received, from)?;
        let mut next = from;
        loop {
            let mut some = store::archive::logged(&self.db, next, AT_ONCE).await?;
            let all = some.len();
            // Of two that came around midnight the later may have the lower number: it goes with the day before.
            some.truncate(some.iter().take_while(|one| clock::date_in(one.received, COUNTY_ZONE) <= received).count());
            let over = some.len() < all || all < AT_ONCE as usize;
            next += some.len() as u64;
            let entries = self.entries(&some, &mut names).await?;
            files = blocking(move || files.add(entries)).await?;
            if over {
                break;
            }
        }
        let to = next;
        let written = blocking(move || files.finish(to)).await?;
        Ok(Some(Part { from, to, received, sealed: now, ..written }))
    }

    /// What these entries of the log are in the archive.
    pub(super) async fn entries(&self, some: &[Logged], names: &mut Names) -> Result<Vec<Entry>, PlayError> {
        let everything = Sought::new(Filter::default(), None, Order::OldestFirst, None);
        let places: Places = self.numbers.places().await?;
        let mut entries = Vec::with_capacity(some.len());
        for Logged { index, screen, entry, received } in some {
            let (id, sequence) = (entry.screen, entry.sequence);
            let damaged = || super::bundle::damaged(id, sequence);
            let kept = store::batches::find(&self.db, *screen, sequence).await?.ok_or_else(damaged)?;
            let numbers = super::packed::numbers(&kept.items).unwrap_or_default().into_iter().collect();
            let items = self.numbers.items(numbers).await?;
            let signed = kept.signed(&items).ok_or_else(damaged)?;
            let place = places.get(&kept.place).ok_or_else(damaged)?;
            let opened = Opened::new(&kept, id, place, &items, &everything).ok_or_else(damaged)?;
            let records: Vec<PlayRecord> = (0..opened.len()).filter_map(|nth| opened.record(nth)).collect();
            names.learn(self, &records).await?;
            let index = Cell::Long(i64::try_from(*index).unwrap_or(i64::MAX));
            let row = |record: &PlayRecord| {
                let mut row = play_rows::row(record, names);
                row.extend([index.clone(), Cell::Text(entry.batch.to_string())]);
                (record.day, row)
            };
            entries.push(Entry {
                entry: *entry,
                plays: records.iter().map(row).collect(),
                batch: vec![
                    index,
                    Cell::Text(id.to_string()),
                    Cell::Long(i64::try_from(sequence).unwrap_or(i64::MAX)),
                    Cell::Text(entry.batch.to_string()),
                    Cell::Long(received.0),
                    Cell::Int(i32::try_from(kept.plays).unwrap_or(i32::MAX)),
                    Cell::Bytes(signed),
                ],
            });
        }
        Ok(entries)
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PlayError> + Send + 'static,
) -> Result<T, PlayError> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Files of a part in the making: each lies beside its place under a name that no reader takes for a table.
struct Files {
    folder: PathBuf,
    received: NaiveDate,
    from: u64,
    batches: Table<File>,
    plays: BTreeMap<NaiveDate, Table<File>>,
    rows: u64,
    entries: u64,
}

fn unfinished(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    File::create(folder.join(UNFINISHED))
}

/// The name of a file in the making.
pub(super) const UNFINISHED: &str = "_part.unfinished";
/// Who works in the folder has it locked.
pub(super) const LOCK: &str = "_lock";

/// Nobody else seals in the folder meanwhile.
pub(super) struct Alone(File);

impl Alone {
    /// Nobody seals while it is read; nothing if nobody ever did.
    pub(super) fn beside_readers(folder: &Path) -> Result<Option<Self>, PlayError> {
        let lock = match File::open(folder.join(LOCK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            lock => lock?,
        };
        let other = |_| PlayError::Archive(format!("another process works in {}", folder.display()));
        lock.try_lock_shared().map_err(other)?;
        Ok(Some(Self(lock)))
    }

    fn in_folder(folder: &Path) -> Result<Self, PlayError> {
        let lock = File::create(folder.join(LOCK))?;
        lock.try_lock().map_err(|_| PlayError::Archive(format!("another process works in {}", folder.display())))?;
        Ok(Self(lock))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that is just being started has it open too, until it runs its program.
        let _ = self.0.unlock();
    }
}

/// What a run is about to name, written down before: its first entry of the log, then a file on each line.
pub(super) const INTENT: &str = "_sealing";

/// Removes what an interrupted run left: files without a name yet, and those that it had named, if nobody wrote the part
/// down. Files that no run of ours is known to have left are never touched: whoever has lost the database has them.
fn clear_interrupted(folder: &Path, next: u64) -> Result<(), PlayError> {
    let intent = folder.join(INTENT);
    if let Ok(text) = fs::read_to_string(&intent) {
        let mut lines = text.lines();
        let from = lines.next().and_then(|line| line.parse::<u64>().ok());
        if from == Some(next) {
            for file in lines {
                tracing::info!(file, "what an interrupted run left in the archive is removed");
                gone(&folder.join(file))?;
            }
        }
        gone(&intent)?;
    }
    for (path, name) in files_of(folder)? {
        if name == UNFINISHED {
            gone(&path)?;
        }
    }
    Ok(())
}

fn gone(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether the folder has parts of entries that the database does not know to be sealed: it is another database's.
fn is_ahead(folder: &Path, next: u64) -> io::Result<bool> {
    let from = |name: &str| name.strip_suffix(".parquet")?.split_once('-')?.0.parse::<u64>().ok();
    Ok(files_of(folder)?.iter().any(|(_, name)| from(name).is_some_and(|from| from >= next)))
}

/// All files in the archive's folders of days, with their names.
fn files_of(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for kind in ["batches", "plays"] {
        let Ok(days) = fs::read_dir(folder.join(kind)) else { continue };
        for day in days {
            for file in fs::read_dir(day?.path())? {
                let file = file?;
                found.push((file.path(), file.file_name().to_string_lossy().into_owned()));
            }
        }
    }
    Ok(found)
}

impl Files {
    fn begin(folder: &Path, received: NaiveDate, from: u64) -> Result<Self, PlayError> {
        let batches = Table::new(unfinished(&batches_of(folder, received))?, "batch", &BATCHES)?;
        Ok(Self { folder: folder.to_owned(), received, from, batches, plays: BTreeMap::new(), rows: 0, entries: 0 })
    }

    fn add(mut self, entries: Vec<Entry>) -> Result<Self, PlayError> {
        for Entry { batch, plays, .. } in entries {
            self.batches.push(batch)?;
            self.entries += 1;
            for (day, row) in plays {
                let table = match self.plays.entry(day) {
                    std::collections::btree_map::Entry::Occupied(table) => table.into_mut(),
                    std::collections::btree_map::Entry::Vacant(place) => {
                        let file = unfinished(&plays_of(&self.folder, day))?;
                        place.insert(Table::new(file, "play", &play_rows::archived())?)
                    }
                };
                table.push(row)?;
                self.rows += 1;
            }
        }
        Ok(self)
    }

    /// Syncs the files, reads them back, and gives them their names.
    fn finish(self, to: u64) -> Result<Part, PlayError> {
        let Self { folder, received, from, batches, plays, rows, entries } = self;
        let mut places = vec![batches_of(&folder, received)];
        let mut tables = vec![batches];
        for (day, table) in plays {
            places.push(plays_of(&folder, day));
            tables.push(table);
        }
        let name = name_of(from, to);
        let (mut bytes, mut digests) = (0, Vec::new());
        for (table, place) in tables.into_iter().zip(&places) {
            table.finish()?.sync_all()?;
            let whole = fs::read(place.join(UNFINISHED))?;
            bytes += whole.len() as u64;
            digests.extend_from_slice(Digest::of(&whole).as_bytes());
        }
        let read = read_back(&places)?;
        if read != (entries, rows) || entries != to - from {
            return Err(PlayError::Archive(format!("{read:?} rows were read back of {entries} and {rows} written")));
        }
        let named: Vec<PathBuf> = places.iter().map(|place| place.join(&name)).collect();
        let mut intent = format!("{from}\n");
        for path in &named {
            let path = path.strip_prefix(&folder).unwrap_or(path);
            intent.push_str(&path.to_string_lossy());
            intent.push('\n');
        }
        let mut file = File::create(folder.join(INTENT))?;
        file.write_all(intent.as_bytes())?;
        file.sync_all()?;
        File::open(&folder)?.sync_all()?;
        for (place, named) in places.iter().zip(&named) {
            fs::rename(place.join(UNFINISHED), named)?;
            // The file's name, and the folder's own.
            File::open(place)?.sync_all()?;
            place.parent().map(|parent| File::open(parent)?.sync_all()).transpose()?;
        }
        File::open(&folder)?.sync_all()?;
        Ok(Part { from, to, received, plays: rows, bytes, digest: Digest::of(&digests), sealed: UtcMillis(0) })
    }
}

/// Batches and plays in files that are not named yet; each batch's bytes are those of its digest.
fn read_back(places: &[PathBuf]) -> Result<(u64, u64), PlayError> {
    let (mut batches, mut plays) = (0, 0);
    for (nth, place) in places.iter().enumerate() {
        let reader = SerializedFileReader::new(File::open(place.join(UNFINISHED))?)?;
        let rows = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or_default();
        if nth > 0 {
            plays += rows;
            continue;
        }
        for row in reader.get_row_iter(None)? {
            let row = row?;
            if Digest::of(row.get_bytes(SIGNED)?.data()).to_string() != *row.get_string(DIGEST)? {
                return Err(PlayError::Archive("a batch that was read back is another one".into()));
            }
            batches += 1;
        }
    }
    Ok((batches, plays))
}

/// What the files of a part are called.
pub(super) fn name_of(from: u64, to: u64) -> String {
    format!("{from:012}-{to:012}.parquet")
}

pub(super) fn batches_of(folder: &Path, received: NaiveDate) -> PathBuf {
    folder.join("batches").join(format!("received={received}"))
}

pub(super) fn plays_of(folder: &Path, day: NaiveDate) -> PathBuf {
    folder.join("plays").join(format!("day={day}"))
}
