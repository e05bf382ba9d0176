//! A disk that can be filled: a few megabytes of memory, mounted where only a player started on it sees them.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::waiting::left_out;

/// The disk. It is gone when this is dropped.
pub struct SmallDisk {
    holder: Child,
    mounted: PathBuf,
    as_root: bool,
    filler: Option<File>,
}

/// Whether a disk takes what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// As usual.
    Allowed,
    /// `EROFS`.
    Refused,
}

impl SmallDisk {
    /// Mounts one of so many megabytes over `folder`, in a mount namespace of its own. `None`, and why is said aloud, where
    /// this machine allows nobody to do that (some containers).
    pub fn over(folder: &Path, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(folder).expect("a folder");
        let as_root = rustix::process::geteuid().is_root();
        let mount =
            format!("mount -t tmpfs -o size={megabytes}m,mode=0700 disk \"$0\" && echo ready && exec sleep infinity");
        let mut unshare = Command::new("unshare");
        if !as_root {
            unshare.args(["--user", "--map-root-user"]);
        }
        let mut holder = unshare
            .args(["--mount", "sh", "-c", &mount])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (util-linux) is there");
        let mut said = String::new();
        BufReader::new(holder.stdout.take().expect("its output is a pipe"))
            .read_line(&mut said)
            .expect("it says something");
        if said.trim() != "ready" {
            let _ = holder.wait();
            left_out("a full disk, because this machine lets nobody mount a small one");
            return None;
        }
        Some(Self { holder, mounted: folder.to_owned(), as_root, filler: None })
    }

    /// A command that runs `program` with this disk in its place.
    pub fn run(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--mount"]);
        if !self.as_root {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg("--").arg(program);
        command
    }

    /// Where its files can be seen from outside.
    pub fn seen_from_outside(&self) -> PathBuf {
        let inside = self.mounted.strip_prefix("/").expect("a whole path");
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(inside)
    }

    fn filling(&self) -> PathBuf {
        self.seen_from_outside().join("filling")
    }

    /// Takes whatever room is left.
    pub fn fill(&mut self) {
        let path = self.filling();
        let filler = self.filler.get_or_insert_with(|| File::create(path).expect("a file that takes the room"));
        while filler.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    }

    /// Nobody can write to it any more, as when Linux has found it broken; or can again.
    ///
    /// # Panics
    /// While somebody has a file of it open for writing: the player must be off.
    pub fn may_be_written(&self, may: Writing) {
        let options = match may {
            Writing::Allowed => "remount,rw",
            Writing::Refused => "remount,ro",
        };
        let mut mount = self.run(Path::new("mount"));
        let mounted = mount.args(["-o", options]).arg(&self.mounted).status().expect("mount starts");
        assert!(mounted.success(), "mount -o {options}");
    }

    /// Gives the room back.
    pub fn free(&mut self) {
        self.filler = None;
        fs::remove_file(self.filling()).expect("the room is given back");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
