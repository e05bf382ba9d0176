//! The county's own material, as files to upload: `content-samples/`.

use std::{fs, path::PathBuf};

/// A file of `content-samples/`, by its path there.
pub fn sample(path: &str) -> Vec<u8> {
    let path = folder().join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where they are.
pub fn folder() -> PathBuf {
    crate::programs::repository().join("content-samples")
}
