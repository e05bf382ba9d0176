//! The real server, started, killed and started again like on a machine that loses power.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{databases::Database, programs, waiting};

/// A server with its own data folder. Killed when dropped.
pub struct Server {
    folder: TempDir,
    database: Database,
    address: SocketAddr,
    more: Vec<String>,
    child: Option<Child>,
    /// How many days its clock is ahead.
    ahead: u32,
}

impl Server {
    /// Starts one on a free port and an empty data folder.
    pub fn start(database: Database) -> Self {
        Self::start_with(database, &[])
    }

    /// The same with further settings.
    pub fn start_with(database: Database, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let more = more.iter().map(|&setting| setting.to_owned()).collect();
        let mut server = Self { folder, database, address: ([127, 0, 0, 1], 0).into(), more, child: None, ahead: 0 };
        server.run();
        server
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Every file of its content store.
    pub fn stored_files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.data().join("blobs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    /// Uploads that have begun and not ended.
    pub fn incoming(&self) -> Vec<PathBuf> {
        self.stored_files().into_iter().filter(|path| path.components().any(|c| c.as_os_str() == "incoming")).collect()
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        child.kill().expect("SIGKILL is delivered");
        child.wait().expect("the server is gone");
    }

    /// SIGTERM and its orderly end.
    pub fn stop(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        programs::end(&mut child, "the server");
    }

    /// Starts it again on the same port and data.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the server still runs");
        self.run();
    }

    /// Starts it again so many days later, as its clock has it; Debian's faketime tells it so.
    pub fn restart_days_later(&mut self, days: u32) {
        self.ahead += days;
        self.restart();
    }

    /// Runs a subcommand on the same data and answers what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output =
            self.program().args(arguments).args(self.settings()).output().expect("the server's program starts");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn program(&self) -> Command {
        let mut program = match self.ahead {
            0 => Command::new(programs::server()),
            days => {
                let mut program = Command::new("faketime");
                program.args(["-f", &format!("+{days}d")]).arg(programs::server());
                program.envs([("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1")]);
                program
            }
        };
        program.stdin(Stdio::null()).env("NO_COLOR", "1").env_remove("XUANPING_DATA").env_remove("XUANPING_LISTEN");
        program
    }

    fn settings(&self) -> Vec<String> {
        let data = self.data().display().to_string();
        ["--data", &data, "--database", self.database.setting()].map(str::to_owned).to_vec()
    }

    fn run(&mut self) {
        let log = File::options().create(true).append(true).open(self.log()).expect("a log file");
        let mut child = self
            .program()
            .arg("serve")
            .args(self.settings())
            .args(["--listen", &self.address.to_string()])
            .args(&self.more)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server's program starts");
        let mut said = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).expect("its output can be read");
        let address = line.trim().strip_prefix("listening on http://").and_then(|address| address.parse().ok());
        let Some(address) = address else {
            panic!("the server said {line:?} instead of its address; its log:\n{}", tail(&self.log()))
        };
        self.address = address;
        self.child = Some(child);
        let health = format!("{}/health", self.url());
        waiting::until("the server to answer", Duration::from_mins(1), || {
            crate::console::plain_client().get(&health).send().map(drop).map_err(|e| e.to_string())
        });
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("── the server's log ends with ──\n{}", tail(&self.log()));
        }
    }
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
