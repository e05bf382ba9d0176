//! That somebody at the machine made the wall black is kept in the data folder: a power cut must not light it again.

use std::{io, path::Path};

use crate::durable::{self, Privacy};

const FILE: &str = "dark";

/// Whether the wall shall be black. A file that is there says so, whatever is in it: the safe reading.
pub(super) fn is_kept(data: &Path) -> bool {
    data.join(FILE).exists()
}

/// Forgets it.
pub(super) fn forget(data: &Path) -> io::Result<()> {
    keep(data, false)
}

/// Keeps it.
pub(super) fn keep(data: &Path, dark: bool) -> io::Result<()> {
    let path = data.join(FILE);
    if dark { durable::write(&path, b"", Privacy::Usual) } else { durable::remove(&path) }
}
