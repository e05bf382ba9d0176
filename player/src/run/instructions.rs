//! What the office tells this screen to do once. Every instruction comes in a verified manifest; that it was done is kept in the
//! data folder before it is done, so that neither a restart nor the same manifest again does it a second time.

use std::{collections::VecDeque, fs, io, path::Path, sync::Arc};

use xuanping_core::{
    playlist::{Errand, Instruction},
    wire::Obeyed,
};

use super::life::Life;
use crate::{
    clock::Moment,
    durable::{self, Privacy},
    event::Event,
    stage::Identity,
};

const FILE: &str = "obeyed.json";
/// So many are remembered: a manifest has eight at most, and none of them for longer than minutes.
const MOST: usize = 64;
/// So many are told to the server.
const TOLD: usize = 8;

/// The newest instructions that were done, the newest last.
#[derive(Debug, Default)]
pub(super) struct Done(VecDeque<Obeyed>);

impl Done {
    /// What is kept. A damaged file is none: an instruction is valid for minutes, and none of them harms when done twice.
    pub(super) fn load(data: &Path) -> Self {
        let kept = fs::read(data.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self(kept.unwrap_or_default())
    }

    /// Forgets them all.
    pub(super) fn forget(data: &Path) -> io::Result<()> {
        durable::remove(&data.join(FILE))
    }

    /// What the server is told.
    pub(super) fn told(&self) -> Vec<Obeyed> {
        self.0.iter().skip(self.0.len().saturating_sub(TOLD)).copied().collect()
    }

    fn has(&self, instruction: &Instruction) -> bool {
        self.0.iter().any(|done| done.id == instruction.id)
    }

    fn add(&mut self, obeyed: Obeyed, data: &Path) -> io::Result<()> {
        self.0.push_back(obeyed);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
        let bytes = serde_json::to_vec(&self.0).map_err(io::Error::other)?;
        durable::write(&data.join(FILE), &bytes, Privacy::Usual)
    }
}

impl Life<'_> {
    /// What happens because of the instructions of the manifest that is followed now.
    pub(super) fn obey(&mut self, instructions: &[Instruction], now: Moment) -> Vec<Event> {
        let mut events = Vec::new();
        for told in instructions {
            if told.expires <= now.wall || self.done.has(told) {
                continue;
            }
            let kept = self.done.add(Obeyed { id: told.id, at: now.wall }, &self.config.data);
            if let Err(error) = &kept {
                tracing::warn!(%error, id = %told.id, "an instruction could not be noted as done");
            }
            match &told.what {
                Errand::Identify { seconds, code, lines } => {
                    tracing::info!(id = %told.id, "the office wants to see who this screen is");
                    let identity = Arc::new(Identity { code: code.clone(), lines: lines.clone() });
                    events.push(Event::Identify(identity, u64::from(*seconds) * 1_000));
                }
                Errand::Capture => {
                    tracing::info!(id = %told.id, "the office wants an evidence picture");
                    events.push(Event::PictureAsked(told.id, told.expires));
                }
                // What is not kept would be done again by the next life, for ever.
                Errand::Restart if kept.is_err() => {}
                Errand::Restart => {
                    tracing::warn!(id = %told.id, "the office wants this player to start again");
                    events.push(Event::Stop);
                }
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use xuanping_core::{id::InstructionId, time::UtcMillis};

    use super::*;

    #[test]
    fn what_was_done_is_done_whatever_happens_in_between_and_the_newest_are_told() {
        let data = tempfile::tempdir().unwrap();
        let told = |n: u128| Instruction {
            id: InstructionId::new(Uuid::from_u128(n)),
            expires: UtcMillis(9),
            what: Errand::Restart,
        };
        let mut done = Done::load(data.path());
        for n in 0..100 {
            assert!(!done.has(&told(n)));
            done.add(Obeyed { id: told(n).id, at: UtcMillis(1) }, data.path()).unwrap();
        }
        let later = Done::load(data.path());
        assert!(later.has(&told(99)) && later.has(&told(50)) && !later.has(&told(100)));
        assert_eq!(later.told().last().map(|done| done.id), Some(told(99).id));
        assert_eq!((later.told().len(), later.0.len()), (TOLD, MOST));
        fs::write(data.path().join(FILE), b"[").unwrap();
        assert!(!Done::load(data.path()).has(&told(99)));
    }
}
