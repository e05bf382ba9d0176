//! Where plays go: into the journal, which is in memory at first and on the disk as soon as that allows it.

use std::time::Duration;

use super::{RunError, life::Life};
use crate::{
    clock::machine_boot,
    journal::{Journal, Record, Run, SealRules, Sealer},
    journalist::{Desk, Journalist},
    sync::Enrolled,
};

impl Life<'_> {
    /// Begins to record. No disk is waited for: what it has from before is recovered beside.
    pub(super) fn begin_recording(&mut self, enrolled: Enrolled) -> Result<(), RunError> {
        let run = Run { boot: self.boot, machine: machine_boot() };
        let journal = Journal::in_memory(&self.config.data, self.keys.clone(), run);
        if let Some(correction) = journal.newest_end().and_then(|end| self.clock.not_before(end)) {
            tracing::warn!(correction, "the device's clock is earlier than the newest play and goes on from there");
        }
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let rules = SealRules {
            interval: millis(self.config.seal_interval),
            soon: millis(self.config.seal_news),
            plays: self.config.batch_plays,
        };
        let sealer =
            Sealer::new(journal.clone(), enrolled.screen, run, rules, self.clock.now()).before(self.cache.clone());
        let desk = Desk {
            journal: journal.clone(),
            sealer,
            screen: enrolled.screen,
            keys: self.keys.clone(),
            clock: self.clock.clone(),
            data: self.config.data.clone(),
            inbox: self.inbox.clone(),
            sealed: self.deliveries.sealed.clone(),
        };
        let every = (self.config.seal_interval.min(self.config.seal_news) / 4)
            .clamp(Duration::from_millis(50), Duration::from_secs(1));
        let journalist = Journalist::start(desk, every)?;
        let _ = self.deliveries.outbox.set(journal.outbox().clone());
        self.journal = Some((journal, journalist));
        Ok(())
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
