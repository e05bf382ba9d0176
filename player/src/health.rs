//! How the machine is doing, read from where Linux says it. What is not there on this machine is left out.

use std::{fs, path::Path};

use xuanping_core::wire::{DisplayState, Health};

/// Reads what can be known without asking anybody: the disk under `data`, and what the kernel shows of the machine.
pub fn read(data: &Path) -> Health {
    let disk = rustix::fs::statvfs(data).ok();
    Health {
        temperature: temperature(Path::new("/sys/class/thermal")),
        disk_free: disk.as_ref().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
        disk_total: disk.as_ref().map(|disk| disk.f_blocks.saturating_mul(disk.f_frsize)),
        memory: fs::read_to_string("/proc/self/status").ok().and_then(|text| resident(&text)),
        display: display(Path::new("/sys/class/drm")),
        clock_synchronised: synchronised(Path::new("/run/systemd/timesync")),
        clock_correction: 0,
        damaged_files: 0,
        cache_bytes: None,
        frames_shown: 0,
        frames_dropped: 0,
        frame_p99: None,
        clip_frames_shown: 0,
        clip_frames_dropped: 0,
        decoding: None,
    }
}

/// Of the hottest sensor, in °C.
fn temperature(folder: &Path) -> Option<i16> {
    let sensors = fs::read_dir(folder).ok()?.flatten();
    let read = |path: &Path| fs::read_to_string(path).ok()?.trim().parse::<i64>().ok();
    let degrees = sensors.filter_map(|sensor| read(&sensor.path().join("temp"))).map(|milli| milli / 1_000);
    // Sensors that are not wired claim the absurd.
    degrees.filter(|degrees| (-60..=200).contains(degrees)).max().and_then(|degrees| i16::try_from(degrees).ok())
}

/// The bytes of `VmRSS` in `/proc/self/status`.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1_024)
}

/// The best state of all connectors; `None` where there are none to read.
fn display(folder: &Path) -> Option<DisplayState> {
    let word = |path: &Path| fs::read_to_string(path).map(|text| text.trim().to_ascii_lowercase()).ok();
    let connectors = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let states = connectors.filter_map(|connector| {
        let connected = word(&connector.join("status"))? == "connected";
        let asleep = word(&connector.join("dpms")).is_some_and(|dpms| dpms != "on");
        Some(match (connected, asleep) {
            (false, _) => DisplayState::Unplugged,
            (true, true) => DisplayState::Asleep,
            (true, false) => DisplayState::On,
        })
    });
    states.min_by_key(|state| match state {
        DisplayState::On => 0,
        DisplayState::Asleep => 1,
        DisplayState::Unplugged => 2,
    })
}

/// Whether systemd's time service has set the clock; `None` where another one, or none, runs.
fn synchronised(folder: &Path) -> Option<bool> {
    folder.exists().then(|| folder.join("synchronized").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_hottest_believable_sensor_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(temperature(&folder.path().join("none")), None);
        write(&folder.path().join("thermal_zone0/temp"), "48500\n");
        write(&folder.path().join("thermal_zone1/temp"), "71000\n");
        write(&folder.path().join("thermal_zone2/temp"), "2147483647\n");
        write(&folder.path().join("cooling_device0/type"), "fan\n");
        assert_eq!(temperature(folder.path()), Some(71));
    }

    #[test]
    fn a_display_is_on_asleep_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let connector = |name: &str, status: &str, dpms: &str| {
            write(&folder.path().join(name).join("status"), status);
            write(&folder.path().join(name).join("dpms"), dpms);
        };
        assert_eq!(display(folder.path()), None, "a machine without a graphics card");
        connector("card0-HDMI-A-1", "disconnected\n", "Off\n");
        assert_eq!(display(folder.path()), Some(DisplayState::Unplugged));
        connector("card0-HDMI-A-2", "connected\n", "Off\n");
        assert_eq!(display(folder.path()), Some(DisplayState::Asleep));
        connector("card0-DP-1", "connected\n", "On\n");
        assert_eq!(display(folder.path()), Some(DisplayState::On));
    }

    #[test]
    fn this_very_process_holds_memory_and_lies_on_a_disk() {
        let data = tempfile::tempdir().unwrap();
        let health = read(data.path());
        assert!(health.memory.unwrap() > 100_000);
        assert!(health.disk_total.unwrap() > 0 && health.disk_free.unwrap() <= health.disk_total.unwrap());
        assert_eq!(resident("Name:\tx\nVmRSS:\t   25088 kB\n"), Some(25_690_112));
    }
}
