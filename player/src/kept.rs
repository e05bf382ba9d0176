//! The few files without which a screen is no screen: its key, its enrolment, its newest manifest. Each lies on the disk
//! twice, and the second copy carries a sum, so that a sector that goes bad does not bring back the pairing picture.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use xuanping_core::digest::Digest;
use zeroize::Zeroizing;

use crate::durable::{self, Privacy};

/// Bytes of the copy's sum, at its end.
const SUM: usize = 8;

/// Writes both, the copy first: it is the one that is believed when they differ.
pub fn write(path: &Path, bytes: &[u8], privacy: Privacy) -> io::Result<()> {
    let summed = Zeroizing::new([bytes, &sum(bytes)].concat());
    durable::write(&copy_of(path), &summed, privacy)?;
    durable::write(path, bytes, privacy)
}

/// The content as `understood` by whoever asks: the copy's if its sum is right, else the file's own. What is missing or
/// damaged beside a good one is written anew. `None` if there is nothing that is understood.
pub fn read<T>(path: &Path, privacy: Privacy, understood: impl Fn(&[u8]) -> Option<T>) -> io::Result<Option<T>> {
    let (copy, own) = (bytes_of(&copy_of(path)), bytes_of(path));
    let summed = copy.as_ref().ok().and_then(Option::as_ref).and_then(|bytes| {
        let (bytes, found) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
        (sum(bytes) == *found).then_some(bytes)
    });
    let own_bytes = own.as_ref().ok().and_then(Option::as_ref).map(|bytes| bytes.as_slice());
    for bytes in [summed, own_bytes].into_iter().flatten() {
        let Some(content) = understood(bytes) else { continue };
        if summed != Some(bytes) || own_bytes != Some(bytes) {
            tracing::warn!(path = %path.display(), "one of two copies is missing or damaged and is written anew");
            if let Err(error) = write(path, bytes, privacy) {
                tracing::warn!(path = %path.display(), %error, "a damaged copy could not be replaced");
            }
        }
        return Ok(Some(content));
    }
    // A disk that cannot be read now may be readable later: that is not the same as nothing.
    copy.and(own).map(|_| None)
}

/// Forgets both.
pub fn forget(path: &Path) -> io::Result<()> {
    durable::remove(path)?;
    durable::remove(&copy_of(path))
}

fn bytes_of(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn sum(bytes: &[u8]) -> [u8; SUM] {
    let mut sum = [0; SUM];
    sum.copy_from_slice(&Digest::of(bytes).as_bytes()[..SUM]);
    sum
}

fn copy_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".copy");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Option<String> {
        String::from_utf8(bytes.to_vec()).ok().filter(|text| text.starts_with("good"))
    }

    #[test]
    fn whichever_of_the_two_is_damaged_lost_or_cut_the_content_stays_and_both_are_whole_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"good 1", Privacy::Usual).unwrap();
        let whole = [fs::read(&path).unwrap(), fs::read(copy_of(&path)).unwrap()];
        for hit in [path.clone(), copy_of(&path)] {
            for damage in [None, Some(b"good 2".as_slice()), Some(b"go"), Some(b""), Some(b"good 1good 1")] {
                match damage {
                    None => fs::remove_file(&hit).unwrap(),
                    Some(bytes) => fs::write(&hit, bytes).unwrap(),
                }
                assert_eq!(read(&path, Privacy::Usual, text).unwrap().as_deref(), Some("good 1"), "{hit:?} {damage:?}");
                assert_eq!([fs::read(&path).unwrap(), fs::read(copy_of(&path)).unwrap()], whole);
            }
        }
        fs::write(&path, b"bad").unwrap();
        fs::write(copy_of(&path), b"bad").unwrap();
        assert_eq!(read(&path, Privacy::Usual, text).unwrap(), None);
        forget(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_of_a_version_that_kept_no_copy_gets_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"good 1").unwrap();
        assert_eq!(read(&path, Privacy::Secret, text).unwrap().as_deref(), Some("good 1"));
        fs::write(&path, b"rotten").unwrap();
        assert_eq!(read(&path, Privacy::Secret, text).unwrap().as_deref(), Some("good 1"));
    }
}
