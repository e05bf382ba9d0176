//! Turns closed segments into signed batches, on a thread of its own: syncing may take long and must never hold up a frame.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
};

use xuanping_core::{
    id::ScreenId,
    playlog::{Batch, ItemRef, Play, SignedBatch},
};

use super::{
    Entry, Journal, Run,
    segment::{FULL, Told, discard, segments, told},
};
use crate::{belief::Hindsight, cache::Cache, clock::Moment, keyring::Keyring};

/// When a segment is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealRules {
    /// A segment with plays is closed after so many milliseconds: the fewer the batches, the fewer the bytes of a play.
    pub interval: u64,
    /// Or as soon as it has this many plays.
    pub plays: usize,
    /// Or after so many milliseconds, if its plays are news: the first since the start, a takeover, a failure; or if
    /// somebody watches.
    pub soon: u64,
}

impl SealRules {
    /// While the server does not answer, small batches would only pile up: segments then grow to `plays`, but are closed
    /// after this many milliseconds, or after `interval` if that is longer.
    pub const OFFLINE_INTERVAL: u64 = 600_000;
    /// News that goes on is no news: each time in turn it waits twice as long, up to so many times `soon`.
    const PATIENCE: u64 = 64;
    /// From so many batches without a receipt on, the server counts as not answering.
    pub const OFFLINE_BATCHES: u64 = 4;
}

/// Closes, syncs and seals. Owned by one thread.
#[derive(Debug)]
pub struct Sealer {
    journal: Journal,
    cache: Option<Cache>,
    screen: ScreenId,
    run: Run,
    rules: SealRules,
    last: u64,
    /// How long news waits, as a multiple of `soon`.
    patience: u64,
    /// Whether something was sealed since the start.
    reported: bool,
}

impl Sealer {
    /// A sealer for the journal of `screen`, which must be open before it works.
    pub fn new(journal: Journal, screen: ScreenId, run: Run, rules: SealRules, now: Moment) -> Self {
        Self { journal, cache: None, screen, run, rules, last: now.monotonic, patience: 1, reported: false }
    }

    /// On a full disk, what this cache could do without makes room for plays.
    pub fn before(self, cache: Cache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// Syncs what was appended, closes the segment if it is time (or `at_once`), and seals every closed one. Returns how
    /// many batches were made. After an error the same call is simply made again.
    ///
    /// As long as the time is a guess, what this run of the machine showed waits: a moment later it may be known when that
    /// was, and nobody is there to whom it could be sent meanwhile.
    ///
    /// A full disk loses files that no known programme needs, then the space kept in reserve, and no play.
    pub fn work(&mut self, keys: &Keyring, now: Moment, known: Hindsight, at_once: bool) -> io::Result<usize> {
        let mut worked = self.try_work(keys, now, known, at_once);
        if worked.as_ref().is_err_and(is_full) && self.cache.as_ref().is_some_and(|cache| cache.make_room() > 0) {
            worked = self.try_work(keys, now, known, at_once);
        }
        if worked.as_ref().is_err_and(is_full) && self.journal.spend_reserve() {
            worked = self.try_work(keys, now, known, at_once);
        }
        worked
    }

    fn try_work(&mut self, keys: &Keyring, now: Moment, known: Hindsight, at_once: bool) -> io::Result<usize> {
        let (to_sync, finished, news) = {
            let mut segment = self.journal.segment();
            segment.write_backlog()?;
            (segment.take_unsynced(), segment.finished(), segment.has_news() || !self.reported)
        };
        if let Some(file) = to_sync {
            file?.sync_data()?;
        }
        if self.due(finished, news, now, at_once) {
            self.journal.segment().rotate()?;
            File::open(&self.journal.folder)?.sync_all()?;
            self.last = now.monotonic;
            self.patience = if news { (self.patience * 2).min(SealRules::PATIENCE) } else { 1 };
            self.reported = true;
        }
        if finished == 0 {
            self.last = now.monotonic;
        }
        let made = self.seal_closed(keys, now, known)?;
        if made > 0 {
            self.journal.keep_reserve();
        }
        Ok(made)
    }

    fn due(&self, finished: usize, news: bool, now: Moment, at_once: bool) -> bool {
        let waited = now.monotonic.saturating_sub(self.last);
        let offline = self.journal.outbox.waiting().batches >= SealRules::OFFLINE_BATCHES;
        let SealRules { interval, plays, soon } = self.rules;
        let interval = if offline {
            SealRules::OFFLINE_INTERVAL.max(interval)
        } else if self.journal.is_watched() {
            interval.min(soon)
        } else if news {
            interval.min(soon.saturating_mul(self.patience))
        } else {
            interval
        };
        finished > 0 && (at_once || finished >= plays.min(FULL) || waited >= interval)
    }

    fn seal_closed(&self, keys: &Keyring, now: Moment, known: Hindsight) -> io::Result<usize> {
        let current = self.journal.segment().number();
        let mut made = 0;
        for number in segments(&self.journal.folder)?.into_iter().filter(|n| *n < current) {
            let head = self.journal.outbox.head()?;
            if number > head.sequence {
                let Told { run, mut plays, mut walls } = told(&self.journal.folder, number)?;
                // What a run before this one left is of that run; only older programs did not write down which.
                let run = run.unwrap_or(self.run);
                if run.machine.is_some() && run.machine == self.run.machine {
                    if known == Hindsight::Guessing {
                        break;
                    }
                    for Entry { play, .. } in &mut plays {
                        play.start = known.of(play.start, play.monotonic);
                    }
                    for (change, monotonic) in &mut walls {
                        change.from = known.of(change.from, *monotonic);
                    }
                }
                let (items, plays) = tabulate(plays);
                let mut walls: Vec<_> = walls.into_iter().map(|(change, _)| change).collect();
                // A clock that was set back between two changes.
                walls.sort_by_key(|change| change.from);
                let batch = Batch {
                    screen: self.screen,
                    boot: run.boot,
                    sequence: number,
                    previous: head.digest,
                    sealed: now.wall,
                    items,
                    plays,
                    walls,
                    machine: run.machine,
                };
                self.journal.outbox.put(&SignedBatch::sign(batch, &keys.sealing(number)))?;
                made += 1;
            }
            // Only now that its batch is durable.
            discard(&self.journal.folder, number)?;
        }
        Ok(made)
    }
}

/// Moves what the plays showed into a table without duplicates.
fn tabulate(entries: Vec<Entry>) -> (Vec<ItemRef>, Vec<Play>) {
    let mut items = Vec::new();
    let mut places = HashMap::new();
    let plays = entries
        .into_iter()
        .map(|Entry { item, play }| {
            let place = *places.entry(item).or_insert_with(|| {
                items.push(item);
                items.len() as u32 - 1
            });
            Play { item: place, ..play }
        })
        .collect();
    (items, plays)
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Forgets every play and batch: the screen was retired.
pub fn wipe(data: &std::path::Path) -> io::Result<()> {
    match fs::remove_dir_all(data.join("journal")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
