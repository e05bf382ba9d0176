//! Which decoder shows a clip. Machines that test have no graphics chip: here a second decoder in software, Cisco's, is said
//! to be one by the setting for chips whose drivers do not say it themselves. How it is chosen, fails and is replaced is
//! real; that a real chip's pixels arrive is not shown here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use xuanping_core::{geometry::Size, time::Millis};
use xuanping_player::media::{Clip, ClipId, Decoder, MediaWorker, News, Reason};

/// What is said to be the chip.
const CHIP: &str = "openh264dec";
/// Nothing here takes nearly so long.
const LONG: Duration = Duration::from_mins(1);

/// A worker whose environment has these settings.
fn worker(folder: &Path, settings: &str) -> MediaWorker {
    let program = folder.join("worker");
    if !named(folder).exists() {
        fs::copy(env!("CARGO_BIN_EXE_xuanping-media"), named(folder)).unwrap();
    }
    let named = named(folder);
    fs::write(&program, format!("#!/bin/sh\nexec env {settings} '{}' \"$@\"\n", named.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    MediaWorker::start(Some(program), Arc::new(|| {})).unwrap()
}

/// Where the program itself lies: the process is found by it.
fn named(folder: &Path) -> PathBuf {
    folder.join("xuanping-media")
}

/// The process that runs it.
fn process(folder: &Path) -> u32 {
    let runs = |pid: &u32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program == named(folder));
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(runs).expect("it runs")
}

fn said() -> String {
    format!("XUANPING_HARDWARE_DECODERS={CHIP}")
}

fn ffmpeg(words: &str, result: &Path) {
    let mut command = Command::new("ffmpeg");
    let status = command.args(["-v", "error", "-y"]).args(words.split(' ')).arg(result).status();
    assert!(status.unwrap().success());
}

const SOURCE: &str = "-f lavfi -i testsrc=s=320x180:r=25:d=2";

/// Two seconds that any decoder takes.
fn plain(folder: &Path) -> PathBuf {
    let path = folder.join("plain.mp4");
    ffmpeg(&format!("{SOURCE} -c:v libx264 -profile:v baseline -pix_fmt yuv420p"), &path);
    path
}

/// Two seconds that any decoder takes and two of ten bits a colour, over which the supposed chip fails.
fn too_much_for_the_chip(folder: &Path) -> PathBuf {
    let (easy, hard) = (folder.join("easy.h264"), folder.join("hard.h264"));
    ffmpeg(&format!("{SOURCE} -c:v libx264 -profile:v baseline -pix_fmt yuv420p"), &easy);
    ffmpeg(&format!("{SOURCE} -c:v libx264 -profile:v high10 -pix_fmt yuv420p10le"), &hard);
    let both = folder.join("both.h264");
    fs::write(&both, [fs::read(easy).unwrap(), fs::read(hard).unwrap()].concat()).unwrap();
    let path = folder.join("both.mp4");
    ffmpeg(&format!("-r 25 -f h264 -i {} -c copy", both.display()), &path);
    path
}

fn clip(path: &Path, duration: u32) -> Clip {
    let size = Some(Size { width: 320, height: 180 });
    Clip { path: path.to_owned(), size, duration: Millis(duration), volume: None }
}

fn wait<T>(worker: &mut MediaWorker, id: ClipId, mut wanted: impl FnMut(&News) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        while let Some((of, news)) = worker.poll() {
            if of == id
                && let Some(found) = wanted(&news)
            {
                return found;
            }
        }
        assert!(begun.elapsed() < LONG, "the news that was waited for did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn decoder(worker: &mut MediaWorker, id: ClipId) -> Decoder {
    wait(worker, id, |news| match news {
        News::Ready { decoder, .. } => Some(decoder.clone().expect("a clip has a decoder")),
        News::Failed { .. } => panic!("{news:?}"),
        _ => None,
    })
}

fn is_chip(decoder: &Decoder) -> bool {
    assert_eq!(decoder.hardware, decoder.name == CHIP, "{decoder:?}");
    decoder.hardware
}

/// Which decoder this clip would get now.
fn chosen(worker: &mut MediaWorker, film: &Path) -> Decoder {
    let id = worker.prepare(&clip(film, 2_000));
    let chosen = decoder(worker, id);
    worker.stop(id);
    chosen
}

#[test]
fn the_chip_decodes_where_there_is_one_unless_somebody_ranked_it_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let film = plain(folder.path());
    assert!(is_chip(&chosen(&mut worker(folder.path(), &said()), &film)));
    assert!(!is_chip(&chosen(&mut worker(folder.path(), ""), &film)));
    let ranked = format!("{} GST_PLUGIN_FEATURE_RANK={CHIP}:NONE", said());
    assert!(!is_chip(&chosen(&mut worker(folder.path(), &ranked), &film)));
}

#[test]
fn where_the_chip_fails_in_the_middle_the_processor_goes_on_and_the_next_clip_begins_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let film = too_much_for_the_chip(folder.path());
    let mut worker = worker(folder.path(), &said());
    let id = worker.prepare(&clip(&film, 4_000));
    assert!(is_chip(&decoder(&mut worker, id)));
    let begun = Instant::now();
    worker.play(id, 0, None);
    assert!(!is_chip(&decoder(&mut worker, id)), "another takes over");
    let presented = wait(&mut worker, id, |news| match news {
        News::Ended { presented, .. } => Some(*presented),
        News::Failed { .. } => panic!("{news:?}"),
        _ => None,
    });
    // Some frames are lost over the change, no time is: it goes on where it should be.
    assert!((3_000..=4_000).contains(&presented.0), "{presented:?}");
    let took = begun.elapsed().as_millis();
    assert!((3_700..=5_000).contains(&took), "a clip of four seconds took {took} ms");
    worker.stop(id);
    assert!(!is_chip(&chosen(&mut worker, &film)));
}

#[test]
fn a_worker_that_hangs_while_the_chip_decodes_is_followed_by_one_that_does_without() {
    let folder = tempfile::tempdir().unwrap();
    let film = plain(folder.path());
    let mut worker = worker(folder.path(), &said());
    let id = worker.prepare(&clip(&film, 2_000));
    assert!(is_chip(&decoder(&mut worker, id)));
    worker.play(id, 0, None);
    wait(&mut worker, id, |news| matches!(news, News::Started).then_some(()));
    let stopped = Command::new("kill").args(["-STOP", &process(folder.path()).to_string()]).status();
    assert!(stopped.unwrap().success());
    let reason = wait(&mut worker, id, |news| match news {
        News::Failed { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(reason, Reason::Hang);
    assert!(!is_chip(&chosen(&mut worker, &film)));
}
