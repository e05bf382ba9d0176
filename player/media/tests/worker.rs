//! The real worker with real clips, as the player sees it: played to the end, joined late, killed, hung, and fed rubbish.

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
use xuanping_player::media::{self, Clip, ClipId, MediaWorker, News, Reason};

const SIZE: Size = Size { width: 480, height: 270 };
/// Nothing here takes nearly so long.
const LONG: Duration = Duration::from_mins(1);

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_xuanping-media"))
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content-samples").join(name)
}

fn worker() -> MediaWorker {
    MediaWorker::start(Some(program()), Arc::new(|| {})).unwrap()
}

/// A short clip with sound, made by ffmpeg: red, then blue, a second each.
fn two_colours(folder: &Path) -> PathBuf {
    let path = folder.join("two-colours.mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", "color=red:s=320x240:r=25:d=1"])
        .args(["-f", "lavfi", "-i", "color=blue:s=320x240:r=25:d=1"])
        .args(["-f", "lavfi", "-i", "sine=440:d=2"])
        .args(["-filter_complex", "[0][1]concat=n=2[v]", "-map", "[v]", "-map", "2:a"])
        .args(["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    path
}

/// What a file says of its length.
fn length(path: &Path) -> Millis {
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"])
        .arg(path)
        .output()
        .unwrap();
    let seconds: f64 = String::from_utf8(probe.stdout).unwrap().trim().parse().unwrap();
    Millis((seconds * 1_000.0) as u32)
}

fn clip(path: &Path, duration: u32) -> Clip {
    Clip { path: path.to_owned(), size: Some(SIZE), duration: Millis(duration), volume: Some(100) }
}

/// Waits for news of a clip that `wanted` takes; fails on a failure that it does not take.
fn wait<T>(worker: &mut MediaWorker, id: ClipId, mut wanted: impl FnMut(&News) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        while let Some((of, news)) = worker.poll() {
            if of != id {
                continue;
            }
            if let Some(found) = wanted(&news) {
                return found;
            }
            assert!(!matches!(news, News::Failed { .. }), "{news:?}");
        }
        assert!(begun.elapsed() < LONG, "the news that was waited for did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ready(worker: &mut MediaWorker, id: ClipId) {
    wait(worker, id, |news| matches!(news, News::Ready { .. }).then_some(()));
}

fn failure(worker: &mut MediaWorker, id: ClipId) -> Reason {
    wait(worker, id, |news| match news {
        News::Failed { reason, .. } => Some(*reason),
        _ => None,
    })
}

fn ended(worker: &mut MediaWorker, id: ClipId) -> (Millis, u64) {
    wait(worker, id, |news| match news {
        News::Ended { presented, frames, .. } => Some((*presented, *frames)),
        _ => None,
    })
}

fn frame(worker: &mut MediaWorker, id: ClipId) -> Vec<u32> {
    let mut pixels = vec![0; (SIZE.width * SIZE.height) as usize];
    let begun = Instant::now();
    while !worker.copy_frame(id, &mut pixels) {
        assert!(begun.elapsed() < LONG, "no frame came");
        std::thread::sleep(Duration::from_millis(5));
    }
    pixels
}

fn pixel(pixels: &[u32], x: u32, y: u32) -> [u8; 3] {
    let [_, r, g, b] = pixels[(y * SIZE.width + x) as usize].to_be_bytes();
    [r, g, b]
}

/// The processes that run our worker's program for this player.
fn worker_processes() -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split(|b| *b == 0).map(|w| String::from_utf8_lossy(w).into_owned()).collect();
        let ours = words.first().is_some_and(|p| p.ends_with("xuanping-media"));
        if ours && words.contains(&std::process::id().to_string()) {
            found.push(pid);
        }
    }
    found
}

fn signal(name: &str, pids: &[u32]) {
    for pid in pids {
        assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
    }
}

fn frames_that_come_too_late_are_left_out_and_counted(colours: &Path) {
    let mut worker = worker();
    let id = worker.prepare(&clip(colours, 2_000));
    ready(&mut worker, id);
    worker.play(id, 0, None);
    wait(&mut worker, id, |news| matches!(news, News::Started).then_some(()));
    let frozen = worker_processes();
    signal("-STOP", &frozen);
    std::thread::sleep(Duration::from_millis(600));
    signal("-CONT", &frozen);
    let (frames, dropped) = wait(&mut worker, id, |news| match news {
        News::Ended { frames, dropped, .. } => Some((*frames, *dropped)),
        _ => None,
    });
    assert!(dropped >= 8, "fifteen frames had their moment while nothing moved: {frames} shown, {dropped} dropped");
    assert!((49..=51).contains(&(frames + dropped)), "{frames} shown, {dropped} dropped");
}

/// One worker process at a time, so that the tests that kill know whom: cargo runs a file's tests side by side otherwise.
#[test]
fn the_worker() {
    let folder = tempfile::tempdir().unwrap();
    let colours = two_colours(folder.path());
    a_clip_is_shown_whole_and_letterboxed(&colours);
    frames_that_come_too_late_are_left_out_and_counted(&colours);
    a_clip_that_is_joined_late_begins_where_it_should_be(&colours);
    a_clip_told_to_begin_before_it_is_ready_begins_when_it_is(&colours);
    sound_alone_takes_its_time();
    two_clips_play_side_by_side(&colours);
    what_is_cut_or_no_media_fails_and_blames_the_file(folder.path(), &colours);
    what_cannot_be_opened_is_blamed_on_a_single_core_too(folder.path(), &colours);
    a_worker_that_is_killed_fails_its_clip_and_the_next_one_plays(&colours);
    a_worker_that_hangs_is_killed_and_the_next_clip_plays(&colours);
    a_worker_ends_with_its_player(&colours);
    without_a_program_everything_fails_and_nothing_hangs(&colours);
}

fn a_clip_is_shown_whole_and_letterboxed(colours: &Path) {
    let mut worker = worker();
    let id = worker.prepare(&clip(colours, 2_000));
    ready(&mut worker, id);
    let first = frame(&mut worker, id);
    // 4:3 in 16:9: black at the sides, red in the middle.
    assert_eq!(pixel(&first, 2, 135), [0, 0, 0]);
    let [r, g, b] = pixel(&first, 240, 135);
    assert!(r > 200 && g < 60 && b < 60, "{:?}", [r, g, b]);
    worker.play(id, 0, None);
    let mut pixels = vec![0; (SIZE.width * SIZE.height) as usize];
    let mut copied = 0;
    let mut end = None;
    let begun = Instant::now();
    while end.is_none() {
        copied += usize::from(worker.copy_frame(id, &mut pixels));
        if let Some((_, News::Ended { presented, frames, dropped })) = worker.poll() {
            end = Some((presented, frames, dropped));
        }
        assert!(begun.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(5));
    }
    worker.copy_frame(id, &mut pixels);
    let (presented, frames, dropped) = end.unwrap();
    assert!((1_900..=2_100).contains(&presented.0), "{presented:?}");
    // A machine under load drops frames; that it counts them all is what matters.
    assert!((49..=51).contains(&(frames + dropped)), "{frames} shown, {dropped} dropped");
    assert!(copied > 1);
    let [r, _, b] = pixel(&pixels, 240, 135);
    assert!(b > 200 && r < 60, "the last frame is blue");
    worker.stop(id);
    assert!(!worker.copy_frame(id, &mut pixels));
}

fn a_clip_that_is_joined_late_begins_where_it_should_be(colours: &Path) {
    let mut worker = worker();
    let id = worker.prepare(&clip(colours, 2_000));
    ready(&mut worker, id);
    worker.play(id, 1_200, None);
    let [r, _, b] = pixel(&frame(&mut worker, id), 240, 135);
    assert!(b > 200 && r < 60, "a second and a fifth into the clip it is blue");
    let (presented, _) = ended(&mut worker, id);
    assert!(presented.0 <= 900, "only the rest was presented: {presented:?}");
}

fn a_clip_told_to_begin_before_it_is_ready_begins_when_it_is(colours: &Path) {
    let mut worker = worker();
    let id = worker.prepare(&clip(colours, 2_000));
    worker.play(id, 0, None);
    let (presented, _) = ended(&mut worker, id);
    assert!(presented.0 > 500, "{presented:?}");
}

fn sound_alone_takes_its_time() {
    let path = sample("audio/village.mp3");
    let duration = length(&path);
    let mut worker = worker();
    let id = worker.prepare(&Clip { path, size: None, duration, volume: Some(50) });
    ready(&mut worker, id);
    let begun = Instant::now();
    // Its last two seconds.
    worker.play(id, u64::from(duration.0) - 2_000, None);
    wait(&mut worker, id, |news| matches!(news, News::Started).then_some(()));
    let (presented, _) = ended(&mut worker, id);
    assert!((1_500..=2_500).contains(&presented.0), "{presented:?}");
    assert!(begun.elapsed() >= Duration::from_millis(1_500), "sound without a device must not rush through");
}

/// With one core the demuxer's error comes while decodebin is still plugging it, and is lost there every third time.
fn what_cannot_be_opened_is_blamed_on_a_single_core_too(folder: &Path, colours: &Path) {
    let program = folder.join("one-core");
    fs::write(&program, format!("#!/bin/sh\nexec taskset -c 0 '{}' \"$@\"\n", self::program().display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut worker = MediaWorker::start(Some(program), Arc::new(|| {})).unwrap();
    let cut = cut(folder, colours);
    for _ in 0..8 {
        let id = worker.prepare(&clip(&cut, 2_000));
        assert_eq!(failure(&mut worker, id), Reason::Undecodable);
    }
}

/// A file that ends before its index comes.
fn cut(folder: &Path, colours: &Path) -> PathBuf {
    let cut = folder.join("cut.mp4");
    let bytes = fs::read(colours).unwrap();
    fs::write(&cut, &bytes[..bytes.len() * 2 / 3]).unwrap();
    cut
}

fn two_clips_play_side_by_side(colours: &Path) {
    let mut worker = worker();
    let poster = sample("clips/four-rules.mp4");
    let (a, b) = (worker.prepare(&clip(colours, 2_000)), worker.prepare(&clip(&poster, 15_000)));
    let mut waiting = vec![a, b];
    let begun = Instant::now();
    while !waiting.is_empty() {
        if let Some((id, News::Ready { .. })) = worker.poll() {
            waiting.retain(|w| *w != id);
        }
        assert!(begun.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(5));
    }
    worker.play(b, 0, None);
    worker.play(a, 0, None);
    let _ = ended(&mut worker, a);
    assert_eq!(worker_processes().len(), 1);
    worker.stop(a);
    worker.stop(b);
}

fn what_is_cut_or_no_media_fails_and_blames_the_file(folder: &Path, colours: &Path) {
    let mut worker = worker();
    let cut = cut(folder, colours);
    let rubbish = folder.join("rubbish");
    fs::write(&rubbish, [7_u8; 5_000]).unwrap();
    let truncated = sample("broken/truncated.mp4");
    let announced = length(&truncated).0;
    for (path, duration) in [
        (cut, 2_000),
        (rubbish, 2_000),
        (folder.join("missing"), 2_000),
        (truncated, announced),
        (sample("broken/no-video.mp4"), 2_000),
    ] {
        let id = worker.prepare(&clip(&path, duration));
        // What shows only while playing has to be played.
        let early = wait(&mut worker, id, |news| match news {
            News::Ready { .. } => Some(None),
            News::Failed { reason, .. } => Some(Some(*reason)),
            _ => None,
        });
        let reason = early.unwrap_or_else(|| {
            worker.play(id, 0, None);
            failure(&mut worker, id)
        });
        assert!(reason.blames_file(), "{}: {reason:?}", path.display());
    }
    // A clip that ends before its time is cut, however clean its end.
    let id = worker.prepare(&clip(colours, 9_000));
    ready(&mut worker, id);
    worker.play(id, 0, None);
    assert_eq!(failure(&mut worker, id), Reason::Truncated);
}

fn a_worker_that_is_killed_fails_its_clip_and_the_next_one_plays(colours: &Path) {
    let mut worker = worker();
    let id = worker.prepare(&clip(colours, 2_000));
    ready(&mut worker, id);
    worker.play(id, 0, None);
    wait(&mut worker, id, |news| matches!(news, News::Started).then_some(()));
    let before = worker_processes();
    assert_eq!(before.len(), 1);
    signal("-KILL", &before);
    assert_eq!(failure(&mut worker, id), Reason::Crash);
    let id = worker.prepare(&clip(colours, 2_000));
    ready(&mut worker, id);
    worker.play(id, 0, None);
    let _ = ended(&mut worker, id);
    assert_ne!(worker_processes(), before);
}

fn a_worker_that_hangs_is_killed_and_the_next_clip_plays(colours: &Path) {
    let mut worker = worker();
    let (id, other) = (worker.prepare(&clip(colours, 2_000)), worker.prepare(&clip(colours, 2_000)));
    ready(&mut worker, other);
    worker.play(id, 0, None);
    wait(&mut worker, id, |news| matches!(news, News::Started).then_some(()));
    let before = worker_processes();
    signal("-STOP", &before);
    assert_eq!(failure(&mut worker, id), Reason::Hang);
    assert_eq!(failure(&mut worker, other), Reason::Lost);
    let id = worker.prepare(&clip(colours, 2_000));
    ready(&mut worker, id);
    assert!(worker_processes().iter().all(|pid| !before.contains(pid)), "the hung process is gone");
}

fn a_worker_ends_with_its_player(colours: &Path) {
    let mut worker = worker();
    let id = worker.prepare(&clip(colours, 2_000));
    ready(&mut worker, id);
    assert_eq!(worker_processes().len(), 1);
    drop(worker);
    assert_eq!(worker_processes(), Vec::<u32>::new());
}

fn without_a_program_everything_fails_and_nothing_hangs(colours: &Path) {
    let mut worker = MediaWorker::start(None, Arc::new(|| {})).unwrap();
    let id = worker.prepare(&clip(colours, 2_000));
    assert_eq!(failure(&mut worker, id), Reason::NoWorker);
    let mut worker = MediaWorker::start(Some(PathBuf::from("/bin/false")), Arc::new(|| {})).unwrap();
    let id = worker.prepare(&clip(colours, 2_000));
    assert_eq!(failure(&mut worker, id), Reason::Crash);
}

#[test]
fn the_machine_says_what_it_can_play() {
    let abilities = media::check(&program(), LONG).unwrap();
    assert!(abilities.clips && abilities.sound, "{abilities:?}");
    assert_eq!(abilities.missing, Vec::<String>::new());
}
