//! The auditor's own machine: a bundle, the program, and nothing else. No server, no database, no network.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;
use xuanping_core::sign::PublicKey;

use crate::programs;

/// The frames of a bundle, each with its kind (core/src/playlog/FORMAT.md).
///
/// # Panics
/// Where it is cut short.
pub fn frames(bundle: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    let mut rest = bundle.splitn(2, |byte| *byte == b'\n').nth(1).expect("a first line");
    while let Some((head, more)) = rest.split_at_checked(5) {
        let length = u32::from_be_bytes(head[1..].try_into().expect("four bytes"));
        let (body, more) = more.split_at(length as usize);
        frames.push((head[0], body));
        rest = more;
    }
    frames
}

/// What `xuanping-server verify` said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Its words.
    pub words: String,
}

/// A folder with bundles.
pub struct Verifier {
    folder: TempDir,
    publisher: PublicKey,
}

impl Verifier {
    /// Knows the office's publishing key, as it was made public.
    pub fn who_knows(publisher: PublicKey) -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), publisher }
    }

    /// Verifies a bundle and writes its records to a table if it is intact.
    pub fn verify(&self, bundle: &[u8]) -> Said {
        let file = self.folder.path().join("bundle.xpbundle");
        fs::write(&file, bundle).expect("the bundle is written");
        let output = Command::new(programs::server())
            .arg("verify")
            .arg(&file)
            .args(["--key", &self.publisher.to_string()])
            .arg("--csv")
            .arg(self.table())
            .env_clear()
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        let words = String::from_utf8(output.stdout).expect("text");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        Said { code: output.status.code().expect("it ends by itself"), words }
    }

    /// The table that it wrote.
    pub fn table(&self) -> PathBuf {
        self.folder.path().join("records.csv")
    }
}
