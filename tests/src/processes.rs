//! Which processes there are, by what Linux says of them.

use std::fs;

/// The processes that `parent` started and that are there now, with the first 15 bytes of their names.
pub fn started_by(parent: u32) -> Vec<(u32, String)> {
    let all = fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let name = |pid: u32| Some((pid, fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_owned()));
    all.filter(|pid| parent_of(*pid) == Some(parent)).filter_map(name).collect()
}

/// Whether a process is there, and no corpse.
pub fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

/// What a process has in memory, in kilobytes.
pub fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

fn parent_of(pid: u32) -> Option<u32> {
    stat(pid)?.1.parse().ok()
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may have blanks.
    let mut rest = stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned);
    Some((rest.next()?, rest.next()?))
}
