//! Films that a test has made as it needs them, by Debian's ffmpeg.

use std::process::{Command, Stdio};

/// An MP4 file made by these words of ffmpeg's, separated by blanks: inputs and encoders.
pub fn made(words: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("film.mp4");
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(words.iter().flat_map(|words| words.split(' ')))
        .arg(&path)
        .stdin(Stdio::null())
        .status()
        .expect("ffmpeg is there");
    assert!(status.success(), "ffmpeg makes the film");
    std::fs::read(path).expect("the film is read")
}
