//! What the office tells this screen to do once. Every instruction comes in a verified manifest; that it was done is kept in the
//! data folder before it is done, so that neither a restart nor the same manifest again does it a second time.

use std::{collections::VecDeque, fs, io, path::Path, sync::Arc};

use xuanping_core::{
    id::InstructionId,
    playlist::{Errand, Instruction},
    playlog::KeyPermit,
    wire::{CouldNot, Obeyed},
};

use super::life::Life;
use crate::{
    clock::Moment,
    durable::{self, Privacy},
    event::Event,
    keyring::Progress,
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

    fn has(&self, instruction: InstructionId) -> bool {
        self.0.iter().any(|done| done.id == instruction)
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
            if told.expires <= now.wall || self.done.has(told.id) {
                continue;
            }
            match &told.what {
                // It is done when the server has signed for it.
                Errand::ChangeKey { permit } => {
                    self.change_key(told.id, permit, now);
                    continue;
                }
                // When a play names the picture; or it cannot be done, and that is told.
                Errand::Capture => {
                    tracing::info!(id = %told.id, "the office wants an evidence picture");
                    events.push(Event::PictureAsked(told.id, told.expires));
                    continue;
                }
                Errand::Identify { .. } | Errand::Restart => {}
            }
            let kept = self.done.add(done(told.id, now), &self.config.data);
            if let Err(error) = &kept {
                tracing::warn!(%error, id = %told.id, "an instruction could not be noted as done");
            }
            match &told.what {
                Errand::Identify { seconds, code, lines } => {
                    tracing::info!(id = %told.id, "the office wants to see who this screen is");
                    let identity = Arc::new(Identity { code: code.clone(), lines: lines.clone() });
                    events.push(Event::Identify(identity, u64::from(*seconds) * 1_000));
                }
                // Begun above.
                Errand::Capture | Errand::ChangeKey { .. } => {}
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

    /// Begins to change the key, if the office means the one that it has now. Whoever seals the journal goes on with it.
    fn change_key(&mut self, id: InstructionId, signed: &[u8], now: Moment) {
        if self.keys.progress(id) != Progress::None {
            return;
        }
        let Some(enrolled) = self.enrolled else { return };
        let permit = KeyPermit::verify(signed, &enrolled.publisher);
        let permit =
            permit.ok().filter(|permit| permit.instruction == id && self.keys.is_meant(permit, enrolled.screen));
        match permit {
            Some(permit) => {
                tracing::warn!(%id, "the office wants this screen to change its key");
                self.keys.want(permit, signed.to_vec());
                if let Some((_, journalist)) = &self.journal {
                    journalist.poke();
                }
            }
            None => self.note(Obeyed { could_not: Some(CouldNot::Other), ..done(id, now) }),
        }
    }

    /// The server has signed for it.
    pub(super) fn key_changed(&mut self, id: InstructionId) {
        if !self.done.has(id) {
            self.note(done(id, self.clock.now()));
        }
    }

    /// A play names the picture that the office wanted.
    pub(super) fn captured(&mut self, id: InstructionId) {
        self.note(done(id, self.clock.now()));
    }

    /// There was no such picture to be had.
    pub(super) fn could_not(&mut self, id: InstructionId, why: CouldNot) {
        tracing::warn!(%id, ?why, "what the office wanted could not be done");
        self.note(Obeyed { could_not: Some(why), ..done(id, self.clock.now()) });
    }

    fn note(&mut self, obeyed: Obeyed) {
        if let Err(error) = self.done.add(obeyed, &self.config.data) {
            tracing::warn!(%error, id = %obeyed.id, "what came of an instruction could not be noted");
        }
    }
}

fn done(id: InstructionId, now: Moment) -> Obeyed {
    Obeyed { id, at: now.wall, could_not: None }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use xuanping_core::time::UtcMillis;

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
            assert!(!done.has(told(n).id));
            done.add(Obeyed { id: told(n).id, at: UtcMillis(1), could_not: None }, data.path()).unwrap();
        }
        let later = Done::load(data.path());
        assert!(later.has(told(99).id) && later.has(told(50).id) && !later.has(told(100).id));
        assert_eq!(later.told().last().map(|done| done.id), Some(told(99).id));
        assert_eq!((later.told().len(), later.0.len()), (TOLD, MOST));
        fs::write(data.path().join(FILE), b"[").unwrap();
        assert!(!Done::load(data.path()).has(told(99).id));
    }
}
