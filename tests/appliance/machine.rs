//! A display PC in a box: an emulated machine with a graphics card, a network card, a clock and a plug.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use image::RgbaImage;
use serde_json::{Value, json};
use tempfile::TempDir;
use xuanping_core::{sign::SecretKey, time::UtcMillis};
use xuanping_tests::{
    clock,
    waiting::{PATIENCE, until},
};

/// What its graphics card says its display is.
pub const DISPLAY: (u32, u32) = (1280, 720);

/// The machine.
pub struct Machine {
    made: PathBuf,
    folder: TempDir,
    running: Option<Running>,
    starts: u32,
}

struct Running {
    emulator: Child,
    monitor: Monitor,
    switched_on: Instant,
}

/// What its clock says when it is switched on.
#[derive(Debug, Clone, Copy)]
pub enum Rtc {
    /// The time, and so many days more.
    Ahead(u32),
    /// Its battery is dead.
    Dead,
}

impl Machine {
    /// One with the disk that `scripts/appliance` made, and these settings of the player on it.
    pub fn new(made: &Path, settings: &str) -> Self {
        let folder = tempfile::tempdir_in(made).expect("a temporary folder");
        copy(&made.join("disk"), &folder.path().join("disk"));
        let machine = Self { made: made.to_owned(), folder, running: None, starts: 0 };
        let disk = machine.disk();
        let file = machine.folder.path().join("player.toml");
        fs::write(&file, settings).expect("the settings are written");
        debugfs(&disk, &["-w", "-R", "rm /etc/xuanping/player.toml"]);
        debugfs(&disk, &["-w", "-R", &format!("write {} /etc/xuanping/player.toml", file.display())]);
        machine
    }

    fn disk(&self) -> PathBuf {
        assert!(self.running.is_none(), "the disk is in use");
        self.folder.path().join("disk")
    }

    /// The screen's own key, read off the disk.
    pub fn key(&self) -> SecretKey {
        // A plug was pulled: what the file system has in its journal is there only once that is replayed. Done to a
        // copy, so that the machine does it itself when it starts.
        let copied = self.folder.path().join("looked at");
        copy(&self.disk(), &copied);
        let _ = Command::new("/sbin/e2fsck").args(["-y", "-E", "journal_only"]).arg(&copied).output();
        let seed = debugfs(&copied, &["-R", "cat /var/lib/xuanping/device.key"]);
        let _ = fs::remove_file(&copied);
        SecretKey::from_seed(&seed.as_slice().try_into().expect("a key file has 32 bytes"))
    }

    /// Switches it on.
    pub fn switch_on(&mut self, rtc: Rtc, cable: bool) {
        assert!(self.running.is_none(), "it is on");
        self.starts += 1;
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let base = match rtc {
            Rtc::Dead => "1970-01-01T00:00:00".to_owned(),
            Rtc::Ahead(days) => clock::now().plus(i64::from(days) * 86_400_000).to_string()[..19].to_owned(),
        };
        let (width, height) = DISPLAY;
        let accelerator = std::env::var("ACCEL").unwrap_or_else(|_| "tcg,thread=multi".to_owned());
        let kernel = "root=/dev/vda rw console=ttyS0 quiet loglevel=3 vt.global_cursor_default=0 \
                      systemd.show_status=no systemd.journald.forward_to_console=1";
        let log = fs::File::create(at(&format!("emulator-{}.log", self.starts))).expect("a log");
        let emulator = Command::new("qemu-system-x86_64")
            .args(["-machine", "q35", "-accel", &accelerator, "-m", "768", "-smp", "2"])
            .args(["-nodefaults", "-display", "none", "-vga", "none"])
            .args(["-device", &format!("virtio-gpu-pci,id=gpu,xres={width},yres={height}")])
            .args(["-drive", &format!("file={},if=virtio,format=raw", at("disk"))])
            .args(["-netdev", "user,id=lan", "-device", "virtio-net-pci,id=cable,netdev=lan,romfile="])
            .args(["-device", "virtio-rng-pci"])
            .args(["-kernel", &self.made.join("vmlinuz").display().to_string()])
            .args(["-initrd", &self.made.join("initrd.img").display().to_string()])
            .args(["-append", kernel, "-rtc", &format!("base={base}")])
            .args(["-serial", &format!("file:{}", at(&format!("console-{}.log", self.starts)))])
            .args(["-serial", &format!("unix:{},server=on,wait=off", at("hands"))])
            .args(["-qmp", &format!("unix:{},server=on,wait=off", at("monitor")), "-S"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("qemu-system-x86_64 starts");
        let monitor = Monitor::connect(&self.folder.path().join("monitor"));
        self.running = Some(Running { emulator, monitor, switched_on: Instant::now() });
        self.cable(cable);
        self.monitor("cont", &json!({})).expect("it starts");
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("it is on")
    }

    fn monitor(&mut self, command: &str, arguments: &Value) -> Result<Value, String> {
        self.running().monitor.run(command, arguments)
    }

    /// Plugs its network cable in or out.
    pub fn cable(&mut self, plugged: bool) {
        self.monitor("set_link", &json!({ "name": "cable", "up": plugged })).expect("the cable moves");
    }

    /// Plugs its display in or out, as far as its kernel is concerned.
    pub fn display_cable(&mut self, plugged: bool) {
        let word = if plugged { "detect" } else { "off" };
        let mut hands = UnixStream::connect(self.folder.path().join("hands")).expect("somebody at the machine");
        writeln!(hands, "{word}").expect("the display's cable moves");
    }

    /// How long it has been on.
    pub fn uptime(&self) -> Duration {
        self.running.as_ref().map_or(Duration::ZERO, |running| running.switched_on.elapsed())
    }

    /// Pulls the plug: whatever was not on the disk is gone. Answers when it was still alive and when it was dead.
    pub fn pull_the_plug(&mut self) -> (UtcMillis, UtcMillis) {
        let mut running = self.running.take().expect("it is on");
        let alive = clock::now();
        assert!(matches!(running.emulator.try_wait(), Ok(None)), "the emulator has ended by itself");
        running.emulator.kill().expect("SIGKILL is delivered");
        running.emulator.wait().expect("the emulator is gone");
        for socket in ["monitor", "hands"] {
            let _ = fs::remove_file(self.folder.path().join(socket));
        }
        (alive, clock::now())
    }

    /// What its graphics card sends to the display; `None` before it sends anything.
    pub fn screen(&mut self) -> Option<RgbaImage> {
        let file = self.folder.path().join("screen.png");
        let _ = fs::remove_file(&file);
        let wanted = json!({ "filename": file.display().to_string(), "device": "gpu", "format": "png" });
        self.monitor("screendump", &wanted).ok()?;
        image::load_from_memory(&fs::read(&file).ok()?).ok().map(|picture| picture.to_rgba8())
    }

    /// Keeps what the machine said of itself in its newest life.
    pub fn keep_words(&self, file: &Path) {
        let console = self.folder.path().join(format!("console-{}.log", self.starts));
        let _ = fs::copy(console, file);
    }

    /// The end of what the machine said of itself.
    pub fn words(&self) -> String {
        let console = self.folder.path().join(format!("console-{}.log", self.starts));
        let text = String::from_utf8_lossy(&fs::read(console).unwrap_or_default()).into_owned();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("── the machine's console ends with ──\n{}", self.words());
        }
        if let Some(mut running) = self.running.take() {
            let _ = running.emulator.kill();
            let _ = running.emulator.wait();
        }
    }
}

fn copy(disk: &Path, to: &Path) {
    let copied = Command::new("cp").arg("--sparse=always").args([disk, to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "the disk could not be copied");
}

/// Reads or writes a disk that no machine uses.
fn debugfs(disk: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("/sbin/debugfs").args(arguments).arg(disk).output().expect("debugfs is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The emulator's monitor (QMP).
struct Monitor {
    answers: BufReader<UnixStream>,
}

impl Monitor {
    fn connect(path: &Path) -> Self {
        let stream = until("the emulator's monitor", PATIENCE, || UnixStream::connect(path).map_err(|e| e.to_string()));
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut monitor = Self { answers: BufReader::new(stream) };
        monitor.line().expect("a greeting");
        monitor.run("qmp_capabilities", &json!({})).expect("the monitor listens");
        monitor
    }

    fn line(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|e| e.to_string())?;
        serde_json::from_str(&line).map_err(|e| format!("{e}: {line}"))
    }

    fn run(&mut self, command: &str, arguments: &Value) -> Result<Value, String> {
        let said = json!({ "execute": command, "arguments": arguments });
        writeln!(self.answers.get_mut(), "{said}").map_err(|e| e.to_string())?;
        loop {
            let mut answer = self.line()?;
            if let Some(error) = answer.get("error") {
                return Err(error.to_string());
            }
            if answer.get("return").is_some() {
                return Ok(answer["return"].take());
            }
            // Anything else is news, and not asked for.
        }
    }
}
