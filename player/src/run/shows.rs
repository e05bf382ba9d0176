//! Which shows were asked for, kept in the data folder: the same one again is shown no second time, a restart in between
//! or not.

use std::{collections::VecDeque, fs, io, path::Path};

use xuanping_core::id::ShowId;

use crate::durable::{self, Privacy};

const FILE: &str = "shows.json";
/// So many are remembered: a month of a busy hall.
const MOST: usize = 512;

/// The newest shows, the newest last.
#[derive(Debug, Default)]
pub(super) struct Shows(VecDeque<ShowId>);

impl Shows {
    /// What is kept. A damaged file is none: a film with the warning twice is better than one without.
    pub(super) fn load(data: &Path) -> Self {
        let kept = fs::read(data.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self(kept.unwrap_or_default())
    }

    /// Forgets them all.
    pub(super) fn forget(data: &Path) -> io::Result<()> {
        durable::remove(&data.join(FILE))
    }

    /// Whether it was not asked for before; now it was.
    pub(super) fn is_new(&mut self, show: ShowId) -> bool {
        if self.0.contains(&show) {
            return false;
        }
        self.0.push_back(show);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
        true
    }

    /// Keeps them.
    pub(super) fn keep(&self, data: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec(&self.0).map_err(io::Error::other)?;
        durable::write(&data.join(FILE), &bytes, Privacy::Usual)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_show_is_new_once_whatever_happens_in_between() {
        let data = tempfile::tempdir().unwrap();
        let show = |n: u128| ShowId::new(Uuid::from_u128(n));
        let mut shows = Shows::load(data.path());
        assert!(shows.is_new(show(1)) && !shows.is_new(show(1)));
        shows.keep(data.path()).unwrap();
        let mut later = Shows::load(data.path());
        assert!(!later.is_new(show(1)) && later.is_new(show(2)));
        fs::write(data.path().join(FILE), b"[").unwrap();
        assert!(Shows::load(data.path()).is_new(show(1)));
    }
}
