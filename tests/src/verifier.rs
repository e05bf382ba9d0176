//! The auditor's own machine: a bundle, the program, and nothing else. No server, no database, no network.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;
use xuanping_core::sign::PublicKey;

use crate::programs;

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
