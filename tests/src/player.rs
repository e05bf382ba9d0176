//! The real player on a headless wall: its picture can be read, and its power pulled.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use image::RgbaImage;
use tempfile::TempDir;
use uuid::Uuid;
use xuanping_core::{
    geometry::Size,
    id::{BootId, ScreenId},
    playlog::{Play, SignedBatch, WallChange},
    sign::SecretKey,
    time::UtcMillis,
    vocabulary::ScreenKind,
};
use xuanping_player::{
    belief::Hindsight,
    clock::Clock,
    journal::{Entry, Journal, Record, Run, SealRules, Sealer},
    keyring::Keyring,
};

use crate::{
    clock,
    device::Device,
    plays::Life,
    processes, programs,
    reading::Reader,
    server::tail,
    small_disk::SmallDisk,
    sound_card::{SoundCard, Way},
    waiting,
};

/// What its wall is.
#[derive(Debug, Clone, Copy)]
pub struct Wall {
    /// As `--kind` says it.
    pub kind: &'static str,
    /// As `--size` says it.
    pub size: (u32, u32),
}

/// A hall screen at a quarter of its usual pixels, so that two cores can run many.
pub const HALL: Wall = Wall { kind: "lcd", size: (960, 540) };
/// An LED strip over a door.
pub const DOOR: Wall = Wall { kind: "led_strip", size: (512, 32) };
/// A small picture wall.
pub const SMALL: Wall = Wall { kind: "lcd", size: (320, 180) };

/// A player with its own data folder. Killed when dropped.
pub struct Player {
    folder: TempDir,
    server: String,
    wall: Wall,
    begun: UtcMillis,
    child: Option<Child>,
    disk: Option<SmallDisk>,
    sound: Sound,
    token: Option<String>,
    /// Whether every frame is noted.
    noted: bool,
    /// Whether somebody sets its machine's clock.
    clock: DeviceClock,
}

/// Whose clock a player goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeviceClock {
    /// This machine's.
    Real,
    /// One that [`Player::set_clock`] sets, by Debian's faketime.
    Set,
}

/// A frame that a player showed, as it noted it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Shown {
    /// When, by the machine's wall clock.
    pub wall: UtcMillis,
    /// Microseconds since the player opened its display.
    pub micros: u64,
    /// How many pixels changed.
    pub changed: u64,
    /// How bright it was on average, 0 to 255.
    pub light: u8,
    /// Its digest.
    pub frame: String,
}

/// What a player makes of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sound {
    /// Told to be silent.
    Muted,
    /// Allowed to be heard, on a machine without anything to be heard by.
    NoDevice,
    /// Heard through a sound card of the test's own.
    Card([(&'static str, PathBuf); 2]),
}

/// Every sink for sound that GStreamer may have, out of use: a machine without a sound card, wherever this runs.
const NO_SOUND_CARD: &str = "alsasink:NONE,pulsesink:NONE,pipewiresink:NONE,jackaudiosink:NONE,osssink:NONE,\
                             oss4sink:NONE,openalsink:NONE,directsoundsink:NONE";

impl Player {
    /// Starts a new one that knows nothing but the server's address, and makes no noise.
    pub fn start(server: &str, wall: Wall) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(folder, server, wall, None, Sound::Muted)
    }

    /// Starts a new one with an enrolment token in its environment.
    pub fn start_with_token(server: &str, wall: Wall, token: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let server = server.to_owned();
        let (begun, sound, token) = (UtcMillis(0), Sound::Muted, Some(token.to_owned()));
        let mut player = Self {
            folder,
            server,
            wall,
            begun,
            child: None,
            disk: None,
            sound,
            token,
            noted: false,
            clock: DeviceClock::Real,
        };
        player.restart();
        player
    }

    /// The same with its data on a disk of so many megabytes; `None` where that cannot be had.
    pub fn start_on_small_disk(server: &str, wall: Wall, megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let disk = SmallDisk::over(&folder.path().join("data"), megabytes)?;
        Some(Self::start_in(folder, server, wall, Some(disk), Sound::Muted))
    }

    /// One that may be heard, on a machine without a sound card.
    pub fn start_without_sound_card(server: &str, wall: Wall) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::start_in(folder, server, wall, None, Sound::NoDevice)
    }

    /// Starts a new one that notes every frame it shows.
    pub fn start_noting(server: &str, wall: Wall) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut player = Self::off(folder, server.to_owned(), wall, None, Sound::Muted);
        player.noted = true;
        player.restart();
        player
    }

    /// Starts a new one that is heard through this card and notes every frame it shows.
    pub fn start_heard(server: &str, wall: Wall, card: &SoundCard, way: Way) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut player = Self::off(folder, server.to_owned(), wall, None, Sound::Card(card.leads(way)));
        player.noted = true;
        player.restart();
        player
    }

    /// Starts a new one on a machine whose clock can be set, and is right to begin with.
    pub fn start_with_clock(server: &str, wall: Wall) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut player = Self::off(folder, server.to_owned(), wall, None, Sound::Muted);
        player.clock = DeviceClock::Set;
        player.set_clock("+0");
        player.restart();
        player
    }

    /// Sets its machine's clock, as faketime writes it: `+3d` is three days ahead, `-20000d` long ago. Time goes on from there.
    pub fn set_clock(&self, to: &str) {
        fs::write(self.folder.path().join("clock"), to).expect("the clock is set");
    }

    /// Another one, not started, that has the very same files as this dead one. Their server must not be within reach.
    pub fn copied(&self) -> Self {
        assert!(self.child.is_none(), "its files are in use");
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy_folder(&self.data(), &folder.path().join("data"));
        Self::off(folder, self.server.clone(), self.wall, None, Sound::Muted)
    }

    /// The frames that it has shown in this life.
    pub fn noted(&self) -> Vec<Shown> {
        let text = fs::read_to_string(self.folder.path().join("frames")).expect("it notes its frames");
        // The last line may not be whole yet.
        text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
    }

    fn off(folder: TempDir, server: String, wall: Wall, disk: Option<SmallDisk>, sound: Sound) -> Self {
        let (begun, child, token) = (UtcMillis(0), None, None);
        Self { folder, server, wall, begun, child, disk, sound, token, noted: false, clock: DeviceClock::Real }
    }

    fn start_in(folder: TempDir, server: &str, wall: Wall, disk: Option<SmallDisk>, sound: Sound) -> Self {
        let server = server.to_owned();
        let mut player = Self::off(folder, server, wall, disk, sound);
        player.restart();
        player
    }

    /// Its small disk.
    pub fn disk(&mut self) -> &mut SmallDisk {
        self.disk.as_mut().expect("it has a small disk")
    }

    /// Starts it (again) on its data.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the player still runs");
        let log = File::options().create(true).append(true).open(self.log()).expect("a log file");
        let (width, height) = self.wall.size;
        self.begun = clock::now();
        let program = programs::player();
        let mut command = match (&self.disk, self.clock) {
            (Some(disk), _) => disk.run(&program),
            (None, DeviceClock::Set) => by_another_clock(&program, &self.folder.path().join("clock")),
            (None, DeviceClock::Real) => Command::new(&program),
        };
        let child = command
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .args(["--server", &self.server, "--output", "headless", "--kind", self.wall.kind])
            .args(["--size", &format!("{width}x{height}"), "--headless-every", "200ms", "--seal-interval", "1s"])
            .args(["--retry-limit", "1s", "--headless-dir"])
            .arg(self.folder.path())
            .args(self.noted.then(|| format!("--headless-log={}", self.folder.path().join("frames").display())))
            .args((self.sound == Sound::Muted).then_some("--mute"))
            .envs((self.sound == Sound::NoDevice).then_some(("GST_PLUGIN_FEATURE_RANK", NO_SOUND_CARD)))
            .envs(if let Sound::Card(leads) = &self.sound { leads.to_vec() } else { Vec::new() })
            .env("NO_COLOR", "1")
            .envs(self.token.take().map(|token| ("XUANPING_TOKEN", token)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the player's program starts");
        self.child = Some(child);
    }

    /// SIGKILL, as when the power goes; answers the life that ends, given when its programme was seen on the wall.
    pub fn kill(&mut self, seen: Option<UtcMillis>) -> Life {
        let mut child = self.child.take().expect("the player runs");
        let alive = clock::now();
        let ended = child.try_wait();
        assert!(matches!(ended, Ok(None)), "the player has ended by itself: {ended:?}");
        child.kill().expect("SIGKILL is delivered");
        child.wait().expect("the player is gone");
        Life { begun: self.begun, seen, alive, dead: clock::now() }
    }

    /// SIGTERM and its orderly end.
    pub fn stop(&mut self) {
        let mut child = self.child.take().expect("the player runs");
        programs::end(&mut child, "the player");
    }

    /// Says something to it as somebody at the machine does, by another run of the same program; what that prints, or why
    /// it refuses.
    pub fn tell(&self, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new(programs::player());
        let said = command.args(words).arg("--data").arg(self.data()).output().expect("the player's program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if said.status.success() { Ok(text(&said.stdout)) } else { Err(text(&said.stderr)) }
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Its process.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether it has ended by itself, as if it was told to; it can be started again then.
    pub fn ended_well(&mut self) -> bool {
        let mut child = self.child.take().expect("the player was started");
        child.wait().expect("the player is gone").success()
    }

    /// Its media worker's process, if there is one now.
    pub fn media_worker(&self) -> Option<u32> {
        let started = processes::started_by(self.child.as_ref()?.id());
        started.into_iter().find_map(|(pid, name)| (name == "xuanping-media").then_some(pid))
    }

    /// What is on its wall, as last written.
    pub fn picture(&self) -> Option<RgbaImage> {
        let file = fs::read(self.picture_file()).ok()?;
        image::load_from_memory(&file).ok().map(|picture| picture.to_rgba8())
    }

    /// Forgets the picture written last, so that the next one read was drawn from now on.
    pub fn forget_picture(&self) {
        let _ = fs::remove_file(self.picture_file());
        fs::write(self.folder.path().join("wanted"), b"").expect("a new picture is asked for");
    }

    /// Waits until the wall is as `wanted` says, which answers why it is not.
    #[track_caller]
    pub fn shows(&self, what: &str, mut wanted: impl FnMut(&RgbaImage) -> Result<(), String>) {
        waiting::until(&format!("the player to show {what}"), waiting::LONG, || {
            wanted(&self.picture().ok_or("no picture yet")?)
        });
    }

    /// Its own key: what a test uses to speak in this screen's name.
    pub fn device(&self) -> Device {
        Device::new(&self.server, self.key())
    }

    /// The pairing code, read off its wall.
    pub fn pairing_code(&self) -> String {
        let kind = if self.wall.kind == "led_strip" { ScreenKind::LedStrip } else { ScreenKind::Lcd };
        let (width, height) = self.wall.size;
        let reader = Reader::of(Size { width, height }, kind);
        waiting::until("a pairing code on the wall", waiting::PATIENCE, || {
            reader.read(&self.picture().ok_or("no picture yet")?)
        })
    }

    /// The plays that a dead player's journal holds and the server has not signed for, as its next life will report them:
    /// read from a copy, so that nothing of its own is touched.
    pub fn journalled(&self) -> Vec<Play> {
        let mut plays: Vec<_> = self.sealed().into_iter().flat_map(|batch| batch.batch().plays.clone()).collect();
        plays.sort_by_key(|play| (play.zone, play.start));
        plays
    }

    /// How its wall changed, likewise.
    pub fn walls_told(&self) -> Vec<WallChange> {
        self.sealed().into_iter().flat_map(|batch| batch.batch().walls.clone()).collect()
    }

    /// The batches of both, in their order.
    fn sealed(&self) -> Vec<SignedBatch> {
        assert!(self.child.is_none(), "the journal is in use");
        let copy = tempfile::tempdir().expect("a temporary folder");
        let (from, to) = (self.data().join("journal"), copy.path().join("journal"));
        if !from.exists() {
            return Vec::new();
        }
        copy_folder(&from, &to);
        for file in fs::read_dir(self.data()).expect("a folder is read").flatten() {
            if file.file_name().to_string_lossy().starts_with("device.key") {
                fs::copy(file.path(), copy.path().join(file.file_name())).expect("a key is copied");
            }
        }
        let keys = Keyring::load(copy.path()).expect("it has keys");
        // Whose it is and in which run does not matter to the plays.
        let run = Run { boot: BootId::new(Uuid::nil()), machine: None };
        let (journal, _) = Journal::open(copy.path(), keys.clone(), run).expect("the journal opens");
        let now = Clock::new().now();
        let rules = SealRules { interval: 0, plays: 1, soon: 0 };
        Sealer::new(journal.clone(), ScreenId::new(Uuid::nil()), run, rules, now)
            .work(&keys, now, Hindsight::Same, true)
            .expect("the journal is sealed");
        let receipted = journal.outbox().oldest().expect("the outbox is read").map_or(u64::MAX, |b| b.batch().sequence);
        let mut batches = Vec::new();
        for file in fs::read_dir(to.join("batches")).expect("the outbox is a folder") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|ending| ending == "batch") {
                let bytes = fs::read(path).expect("a batch is read");
                let batch = keys.public().verify(bytes).expect("a batch is whole");
                if batch.batch().sequence >= receipted {
                    batches.push(batch);
                }
            }
        }
        batches.sort_by_key(|batch| batch.batch().sequence);
        batches
    }

    /// This dead player has shown these too, so many in each sealed batch, and nobody has heard of them.
    pub fn has_played(&self, screen: ScreenId, plays: &[Entry], in_each: usize) {
        assert!(self.child.is_none(), "the journal is in use");
        let run = Run { boot: BootId::new(Uuid::max()), machine: None };
        let keys = Keyring::load(&self.data()).expect("it has keys");
        let (journal, _) = Journal::open(&self.data(), keys.clone(), run).expect("the journal opens");
        let now = Clock::new().now();
        let rules = SealRules { interval: 0, plays: usize::MAX, soon: 0 };
        let mut sealer = Sealer::new(journal.clone(), screen, run, rules, now);
        for plays in plays.chunks(in_each) {
            for (number, entry) in (1..).zip(plays) {
                journal.append(&Record::Opened(number, entry.clone())).expect("it is recorded");
                journal.append(&Record::Finished(number, entry.clone())).expect("it is recorded");
            }
            sealer.work(&keys, now, Hindsight::Same, true).expect("a batch is sealed");
        }
    }

    /// What its log says of how long each life took until something verified was on the wall, in milliseconds.
    pub fn first_pictures(&self) -> Vec<u64> {
        let log = fs::read_to_string(self.log()).expect("it has a log");
        let said = |line: &str| line.split("first verified picture after ").nth(1)?.split(' ').next()?.parse().ok();
        log.lines().filter_map(said).collect()
    }

    fn key(&self) -> SecretKey {
        let seed = fs::read(self.data().join("device.key")).expect("the player has a key");
        SecretKey::from_seed(&seed.as_slice().try_into().expect("a key file has 32 bytes"))
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.disk.as_ref().map_or_else(|| self.folder.path().join("data"), SmallDisk::seen_from_outside)
    }

    fn picture_file(&self) -> PathBuf {
        self.folder.path().join("frame.png")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("player.log")
    }
}

/// A command that runs `program` by the clock that `file` sets, whenever it is set anew. Its monotonic clock stays the machine's.
fn by_another_clock(program: &Path, file: &Path) -> Command {
    // Without the wrapper, which would be a process of its own: what is killed is the player. It knows where the library is.
    let said = Command::new("faketime").args(["-f", "+0", "sh", "-c", "echo $LD_PRELOAD"]).output();
    let library = String::from_utf8(said.expect("Debian's faketime is there").stdout).expect("a path");
    let mut command = Command::new(program);
    command.env("LD_PRELOAD", library.trim());
    command.env("FAKETIME_TIMESTAMP_FILE", file);
    command.envs([("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1")]);
    command
}

impl Drop for Player {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("── the player's log ends with ──\n{}", tail(&self.log()));
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder is made");
    for entry in fs::read_dir(from).expect("a folder is read") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).expect("a file is copied");
        }
    }
}
