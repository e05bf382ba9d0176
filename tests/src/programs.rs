//! Where the real programs are: beside the tests, built before. Nothing is built from here, because that would wait for
//! the lock of the cargo that runs the tests; a program older than its sources is refused instead.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::SystemTime,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::waiting;

/// `xuanping-server`.
pub fn server() -> PathBuf {
    program("xuanping-server")
}

/// `xuanping-player`, which finds `xuanping-media` beside itself.
pub fn player() -> PathBuf {
    program("xuanping-media");
    program("xuanping-player")
}

/// A player that knows nothing yet, and whose server is not there. `data`: its data folder.
pub fn player_command(data: &Path) -> Command {
    let mut command = Command::new(player());
    command.args(["--server", "http://127.0.0.1:9", "--kind", "lcd", "--mute", "--data"]).arg(data);
    command
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository")
}

/// What to type when a program is missing or old.
const BUILD: &str = "please build the programs first: cargo build --workspace --bins (make stories does both)";

/// A program that is as new as its sources.
fn program(name: &str) -> PathBuf {
    // <target>/<profile>/deps/<test>, and programs of this crate a folder higher
    let test = std::env::current_exe().expect("a test has a file");
    let folder = test.parent().expect("it lies in a folder");
    let folder = if folder.ends_with("deps") { folder.parent().expect("deps lies in a folder") } else { folder };
    let program = folder.join(name);
    let built = changed(&program).unwrap_or_else(|| panic!("{} is missing: {BUILD}", program.display()));
    if let Some(newer) = sources(&folder.join(format!("{name}.d"))).into_iter().find(|s| changed(s) > Some(built)) {
        panic!("{} is older than {}: {BUILD}", program.display(), newer.display());
    }
    program
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).ok()
}

/// The files that cargo lists as those a program was made from: `program: file file …`, blanks in names escaped.
fn sources(list: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(list).unwrap_or_default();
    let (_, files) = text.split_once(": ").unwrap_or_default();
    let whole = files.trim().replace("\\ ", "\0");
    whole.split(' ').filter(|name| !name.is_empty()).map(|name| PathBuf::from(name.replace('\0', " "))).collect()
}

/// Sends a signal to a program that was started here.
pub fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("the signal is delivered");
}

/// SIGTERM, and waits for the end; it must be a success.
pub fn end(child: &mut Child, what: &str) {
    signal(child, Signal::TERM);
    let status = ended(child, what);
    assert!(status.success(), "{what} ended with {status}");
}

/// Waits for the end.
pub fn ended(child: &mut Child, what: &str) -> ExitStatus {
    waiting::until(&format!("{what} to end"), waiting::PATIENCE, || {
        child.try_wait().map_err(|e| e.to_string())?.ok_or_else(|| "it runs".to_owned())
    })
}
