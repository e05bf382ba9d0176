//! `xuanping-server demo` as somebody runs it in a terminal without a display: what it prints, and Ctrl-C.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::{processes, programs, samples, server::tail};

/// A running demo. Killed, with everything it started, when dropped.
pub struct Demo {
    child: Option<Child>,
    log: PathBuf,
    /// Everything it printed until it was ready.
    pub printed: Vec<String>,
}

impl Demo {
    /// Starts it on a data folder and reads what it prints.
    pub fn start(data: &Path) -> Self {
        let log = data.with_extension("log");
        let mut child = Command::new(programs::server())
            // As `make demo` says it: by a path that means something only where it was typed.
            .current_dir(data.parent().expect("a folder has a parent"))
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.file_name().expect("a folder has a name"))
            .arg("--samples")
            .arg(samples::folder())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).expect("a log file"))
            // A job of its own, as in a terminal.
            .process_group(0)
            .spawn()
            .expect("the server's program starts");
        let mut printed = Vec::new();
        for line in BufReader::new(child.stdout.take().expect("its output is a pipe")).lines() {
            printed.push(line.expect("text"));
            if printed.last().is_some_and(|line| line.contains("Ctrl-C")) {
                break;
            }
        }
        let demo = Self { child: Some(child), log, printed };
        assert!(demo.printed.iter().any(|line| line.contains("Ctrl-C")), "it ended early: {:?}", demo.printed);
        demo
    }

    /// The address it printed.
    pub fn url(&self) -> String {
        let line = self.printed.iter().find_map(|line| line.strip_prefix("listening on ")).expect("an address");
        line.trim().to_owned()
    }

    /// What it printed beside a sign-in name: a one-time password, or that there is an own one.
    pub fn beside(&self, name: &str) -> String {
        let mut words = self.printed.iter().map(|line| line.split_whitespace());
        let words = words.find_map(|mut words| (words.next() == Some(name)).then_some(words));
        words.and_then(|mut words| words.next()).unwrap_or_else(|| panic!("{name} in {:?}", self.printed)).to_owned()
    }

    /// The processes that it started and that run now, with their names: players, and now and then a transcoder.
    pub fn started(&self) -> Vec<(u32, String)> {
        processes::started_by(self.child.as_ref().map_or(0, Child::id))
    }

    /// Ctrl-C: SIGINT to the whole job. Answers how it ended.
    pub fn interrupt(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        kill_process_group(Pid::from_child(&child), Signal::INT).expect("the signal is delivered");
        programs::ended(&mut child, "the demo")
    }

    /// SIGTERM to the server alone, as a service manager sends it. Answers how it ended.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        programs::signal(&child, Signal::TERM);
        programs::ended(&mut child, "the demo")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("── the demo's log ends with ──\n{}", tail(&self.log));
        }
    }
}
