//! Files that are either there whole or not at all, whenever the power goes.
//!
//! Written beside their place, synced, renamed, and the folder synced too: a rename that is only in memory is lost with it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// Only this user (0600): keys.
    Secret,
    /// As the process's umask says.
    Usual,
}

/// Replaces the file at `path` by `bytes`, durably.
pub fn write(path: &Path, bytes: &[u8], privacy: Privacy) -> io::Result<()> {
    let beside = beside(path);
    let written = write_beside(&beside, bytes, privacy).and_then(|()| rename(&beside, path));
    if written.is_err() {
        // What could not be finished is worth nothing; whether it goes away now or at the next try does not matter.
        let _ = remove(&beside);
    }
    written?;
    sync_folder_of(path)
}

/// Makes a finished file at `from` the file at `path`, durably. Both must be on one file system.
pub fn adopt(from: &Path, path: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    rename(from, path)?;
    sync_folder_of(path)
}

/// A folder where a file belongs, which is nobody's but a repaired disk's, goes out of the way.
fn rename(from: &Path, path: &Path) -> io::Result<()> {
    match fs::rename(from, path) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            fs::remove_dir_all(path)?;
            fs::rename(from, path)
        }
        other => other,
    }
}

/// Writes what is in the folder's own list of names to the disk.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Removes a file, or a folder that is in its place; that nothing is there is fine.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => fs::remove_dir_all(path),
        other => other,
    }
}

fn write_beside(path: &Path, bytes: &[u8], privacy: Privacy) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if privacy == Privacy::Secret {
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn beside(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_readable_by_its_owner_only_and_a_rewrite_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write(&path, b"one", Privacy::Secret).unwrap();
        write(&path, b"two", Privacy::Secret).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn removing_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        remove(&folder.path().join("nothing")).unwrap();
    }

    #[test]
    fn a_folder_where_a_file_belongs_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let in_its_place = || fs::create_dir_all(path.join("and/more")).unwrap();
        in_its_place();
        write(&path, b"one", Privacy::Usual).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        remove(&path).unwrap();
        in_its_place();
        remove(&path).unwrap();
        assert!(!path.exists());
    }
}
