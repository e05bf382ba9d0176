//! The screen's own key: drawn here, kept in a file of mode 0600, never sent.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use xuanping_core::sign::SecretKey;
use zeroize::Zeroizing;

use crate::{
    durable::Privacy,
    entropy::{self, NoEntropy},
    kept,
};

/// The device key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read or written.
    #[error("key file {path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No randomness to make one.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// The key of `<data>/device.key`, drawn now if there is none. If neither the file nor its copy is a key, it is set aside
/// and replaced: the player then is a new device and shows the pairing screen, which is what an operator can act on.
pub fn load_or_create(data: &Path) -> Result<SecretKey, KeyError> {
    let path = path_in(data);
    let at = |error| KeyError::File { path: path.clone(), error };
    let seed = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).ok().map(Zeroizing::new);
    if let Some(seed) = kept::read(&path, Privacy::Secret, seed).map_err(at)? {
        return Ok(SecretKey::from_seed(&seed));
    }
    if path.exists() {
        tracing::error!(path = %path.display(), "the key file is damaged; a new key is made and the screen must be paired again");
        fs::rename(&path, path.with_extension("damaged")).map_err(at)?;
    }
    let seed = Zeroizing::new(entropy::bytes::<32>()?);
    kept::write(&path, seed.as_slice(), Privacy::Secret).map_err(at)?;
    Ok(SecretKey::from_seed(&seed))
}

/// Puts another key in its place, durably.
pub fn replace(data: &Path, key: &SecretKey) -> Result<(), KeyError> {
    let path = path_in(data);
    let seed = Zeroizing::new(key.seed());
    kept::write(&path, seed.as_slice(), Privacy::Secret).map_err(|error| KeyError::File { path, error })
}

/// Forgets the key.
pub fn forget(data: &Path) -> io::Result<()> {
    kept::forget(&path_in(data))
}

fn path_in(data: &Path) -> PathBuf {
    data.join("device.key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_folder_gives_the_same_key_until_it_is_forgotten() {
        let data = tempfile::tempdir().unwrap();
        let first = load_or_create(data.path()).unwrap().public();
        assert_eq!(load_or_create(data.path()).unwrap().public(), first);
        forget(data.path()).unwrap();
        assert_ne!(load_or_create(data.path()).unwrap().public(), first);
    }

    #[test]
    fn a_damaged_key_file_is_set_aside_and_replaced() {
        let data = tempfile::tempdir().unwrap();
        fs::write(path_in(data.path()), b"short").unwrap();
        load_or_create(data.path()).unwrap();
        assert_eq!(fs::read(path_in(data.path())).unwrap().len(), 32);
        assert_eq!(fs::read(data.path().join("device.damaged")).unwrap(), b"short");
    }
}
