//! Where plays go: the journal, opened as soon as the disk allows it.

use std::time::Duration;

use super::life::Life;
use crate::{
    clock::machine_boot,
    event::{Event, Trouble},
    journal::{Journal, Record, Recovered, Run, SealRules, Sealer},
    journalist::Journalist,
};

/// How often a journal that could not be opened is tried again.
const JOURNAL_RETRY: u64 = 10_000;

impl Life<'_> {
    /// Opens the journal; if the disk does not allow it, playing goes on and it is tried again.
    pub(super) fn open_journal(&mut self) {
        let Some(enrolled) = self.enrolled.filter(|_| self.journal.is_none()) else { return };
        let now = self.clock.now();
        let run = Run { boot: self.boot, machine: machine_boot() };
        let opened = Journal::open(&self.config.data, self.key.public(), run).and_then(|(journal, recovered)| {
            if recovered != Recovered::default() {
                tracing::info!(?recovered, "the journal was recovered");
            }
            let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            let rules = SealRules {
                interval: millis(self.config.seal_interval),
                soon: millis(self.config.seal_news),
                plays: self.config.batch_plays,
            };
            let sealer = Sealer::new(journal.clone(), enrolled.screen, run, rules, now);
            let every = (self.config.seal_interval.min(self.config.seal_news) / 4)
                .clamp(Duration::from_millis(50), Duration::from_secs(1));
            let journalist = Journalist::start(
                journal.clone(),
                sealer,
                self.key.clone(),
                self.clock.clone(),
                self.inbox.clone(),
                self.deliveries.sealed.clone(),
                every,
            )?;
            Ok((journal, journalist))
        });
        match opened {
            Ok((journal, journalist)) => {
                let _ = self.deliveries.outbox.set(journal.outbox().clone());
                self.journal = Some((journal, journalist));
                self.handle(Event::Trouble(Trouble::Disk, None));
            }
            Err(error) => {
                tracing::error!(%error, "the journal cannot be opened; plays are not recorded until it can");
                self.journal_retry = now.monotonic + JOURNAL_RETRY;
                self.handle(Event::Trouble(Trouble::Disk, Some("播放记录无法写入磁盘，请检查磁盘空间。".to_owned())));
            }
        }
    }

    pub(super) fn write(&self, record: &Record) {
        if let Some((journal, _)) = &self.journal
            && let Err(error) = journal.append(record)
        {
            // The journal's own thread tries again and tells people.
            tracing::warn!(%error, "a play could not be written");
        }
    }
}
