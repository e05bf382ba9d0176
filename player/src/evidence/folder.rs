//! The pictures on the disk: few, small, each a file whose name says all that is said of it.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use xuanping_core::{digest::Digest, id::InstructionId, time::UtcMillis};

use super::Cause;
use crate::durable::{self, Privacy};

/// Pictures kept at most: of a month without a network. Beyond, the oldest go.
const MOST: usize = 64;
/// What is added to the name of a picture that no play names yet.
const UNNAMED: &str = ".unnamed";

/// The folder. Copies are the same one.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// A picture's name. Names sort by the time they were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// When it was taken.
    pub taken: UtcMillis,
    /// Why.
    pub cause: Cause,
    /// Of its bytes.
    pub digest: Digest,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Times before 1970 are of clocks that were never set; nothing is ordered for them.
        write!(f, "{:016}_", self.taken.0.max(0))?;
        match self.cause {
            Cause::Moment(moment) => write!(f, "m{}", moment.0)?,
            Cause::Instruction(id) => write!(f, "i{id}")?,
        }
        write!(f, "_{}", self.digest)
    }
}

/// The text is no picture's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoName;

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let mut parts = text.splitn(3, '_');
        let mut next = || parts.next().ok_or(NoName);
        let taken = next()?.parse().map(UtcMillis).map_err(|_| NoName)?;
        let cause = next()?;
        let cause = match cause.split_at_checked(1).ok_or(NoName)? {
            ("m", moment) => Cause::Moment(moment.parse().map(UtcMillis).map_err(|_| NoName)?),
            ("i", id) => Cause::Instruction(id.parse::<InstructionId>().map_err(|_| NoName)?),
            _ => return Err(NoName),
        };
        let digest = next()?.parse().map_err(|_| NoName)?;
        Ok(Self { taken, cause, digest })
    }
}

impl Folder {
    /// The folder below the data folder, whether it is there or not.
    pub fn below(data: &Path) -> Self {
        Self(data.join("evidence"))
    }

    /// Makes it if it is not there. What a killed process left without knowing whether its play named it is kept: it was
    /// on the wall, and the office sees whether a batch names it.
    pub fn open(&self) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            match name.and_then(|name| name.strip_suffix(UNNAMED)) {
                Some(whole) if whole.parse::<Name>().is_ok() => fs::rename(&path, self.0.join(whole))?,
                None if name.is_some_and(|name| name.parse::<Name>().is_ok()) => {}
                _ => durable::remove(&path)?,
            }
        }
        Ok(())
    }

    /// Keeps a new picture, which no play names yet.
    pub fn put(&self, name: &Name, picture: &[u8]) -> io::Result<()> {
        durable::write(&self.unnamed(name), picture, Privacy::Usual)
    }

    /// A play names it now: it is to be delivered. What is too much beside it goes, the oldest first.
    pub fn name(&self, name: &Name) -> io::Result<()> {
        fs::rename(self.unnamed(name), self.path(name))?;
        durable::sync_folder_of(&self.path(name))?;
        let kept = self.list()?;
        for old in kept.iter().take(kept.len().saturating_sub(MOST)) {
            tracing::warn!(%old, "too many evidence pictures wait: the oldest is given up");
            self.remove(old)?;
        }
        Ok(())
    }

    /// No play will ever name it.
    pub fn discard(&self, name: &Name) -> io::Result<()> {
        durable::remove(&self.unnamed(name))
    }

    /// Those that are to be delivered, the oldest first.
    pub fn list(&self) -> io::Result<Vec<Name>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry?.file_name().to_str().and_then(|name| name.parse::<Name>().ok()));
        }
        names.sort_by_key(|name| (name.taken, name.digest));
        Ok(names)
    }

    /// One of them; `None` if it rotted on the disk, which forgets it.
    pub fn read(&self, name: &Name) -> io::Result<Option<Vec<u8>>> {
        let picture = fs::read(self.path(name))?;
        if Digest::of(&picture) == name.digest {
            return Ok(Some(picture));
        }
        tracing::error!(%name, "an evidence picture went bad on the disk");
        self.remove(name).map(|()| None)
    }

    /// It was delivered, or never will be.
    pub fn remove(&self, name: &Name) -> io::Result<()> {
        durable::remove(&self.path(name))
    }

    /// Forgets them all.
    pub fn wipe(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.0.join(name.to_string())
    }

    fn unnamed(&self, name: &Name) -> PathBuf {
        self.0.join(format!("{name}{UNNAMED}"))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn name(taken: i64, picture: &[u8]) -> Name {
        Name { taken: UtcMillis(taken), cause: Cause::Moment(UtcMillis(taken - 5)), digest: Digest::of(picture) }
    }

    #[test]
    fn a_name_says_all_and_nothing_else_is_one() {
        let asked =
            Name { cause: Cause::Instruction(InstructionId::new(Uuid::from_u128(7))), ..name(1_748_793_600_000, b"a") };
        for name in [name(1_748_793_600_000, b"a"), asked] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for text in ["", "x", "1_m2", "1_x2_00", "1_m2_00", "_m_"] {
            assert_eq!(text.parse::<Name>(), Err(NoName), "{text}");
        }
    }

    #[test]
    fn only_what_a_play_names_is_delivered_and_what_a_kill_left_in_between_too() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::below(data.path());
        assert_eq!(folder.list().unwrap(), [], "there is no folder yet");
        folder.open().unwrap();
        let (first, second, third) = (name(10, b"1"), name(20, b"2"), name(30, b"3"));
        for (name, picture) in [(second, b"2"), (first, b"1"), (third, b"3")] {
            folder.put(&name, picture).unwrap();
        }
        assert_eq!(folder.list().unwrap(), []);
        folder.name(&second).unwrap();
        folder.name(&first).unwrap();
        folder.discard(&third).unwrap();
        assert_eq!(folder.list().unwrap(), [first, second]);
        assert_eq!(folder.read(&first).unwrap().as_deref(), Some(b"1".as_slice()));
        // The process is killed before the play's naming reached the folder.
        folder.put(&third, b"3").unwrap();
        fs::write(data.path().join("evidence/rubbish.new"), b"half").unwrap();
        let next = Folder::below(data.path());
        next.open().unwrap();
        assert_eq!(next.list().unwrap(), [first, second, third]);
        assert_eq!(fs::read_dir(data.path().join("evidence")).unwrap().count(), 3);
    }

    #[test]
    fn of_too_many_the_oldest_go_and_a_rotten_one_is_never_delivered() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::below(data.path());
        folder.open().unwrap();
        for n in 0..70_i64 {
            let name = name(n, &n.to_be_bytes());
            folder.put(&name, &n.to_be_bytes()).unwrap();
            folder.name(&name).unwrap();
        }
        let kept = folder.list().unwrap();
        assert_eq!((kept.len(), kept[0].taken), (MOST, UtcMillis(6)));
        fs::write(folder.path(&kept[0]), b"rot").unwrap();
        assert_eq!(folder.read(&kept[0]).unwrap(), None);
        assert_eq!(folder.list().unwrap().len(), MOST - 1);
        folder.wipe().unwrap();
        assert_eq!(folder.list().unwrap(), []);
    }
}
