//! Settings: arguments first, then the environment, then a TOML file, then what is usual.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::{Parser, Subcommand, ValueEnum};
use serde::Deserialize;
use xuanping_core::{campaign::EventTrigger, geometry::Size, vocabulary::ScreenKind};

use crate::{
    output::{Colours, Fold, Placement, Rotation, Wiring},
    quiet::QuietHours,
};

/// Where frames go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// A window where there is a desktop (DISPLAY or WAYLAND_DISPLAY is set), else the bare display.
    Auto,
    /// The bare display of a machine without a desktop (DRM/KMS).
    Kms,
    /// A window that owns the display.
    Window,
    /// No display; see --headless-dir.
    Headless,
}

/// What the wall is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Kind {
    /// 液晶屏.
    Lcd,
    /// LED条屏.
    LedStrip,
    /// 全彩LED.
    LedWall,
    /// 音柱、广播.
    Speaker,
}

impl From<Kind> for ScreenKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Lcd => Self::Lcd,
            Kind::LedStrip => Self::LedStrip,
            Kind::LedWall => Self::LedWall,
            Kind::Speaker => Self::Speaker,
        }
    }
}

/// 宣屏播放器 — the unattended player that owns one wall.
#[derive(Debug, Clone, Default, Parser, Deserialize)]
#[command(name = "xuanping-player", version, about)]
#[serde(deny_unknown_fields, default)]
pub struct Arguments {
    /// TOML file with the same settings as these (names with _ for -).
    #[arg(long, global = true)]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// What to ask of the player that runs with this data folder; without, one is started.
    #[command(subcommand)]
    #[serde(skip)]
    pub command: Option<Command>,
    /// Folder for the key, the cache and the play journal.
    #[arg(long, env = "XUANPING_DATA", global = true)]
    data: Option<PathBuf>,
    /// Address of the server, e.g. https://xuanping.example.cn.
    #[arg(long, env = "XUANPING_SERVER")]
    server: Option<String>,
    /// Where frames go.
    #[arg(long)]
    output: Option<OutputKind>,
    /// Pixels of the wall, e.g. 1920x1080; without, those of the display.
    #[arg(long, value_parser = parse_size)]
    #[serde(deserialize_with = "size_text")]
    size: Option<Size>,
    /// What the wall is made of.
    #[arg(long)]
    kind: Option<Kind>,
    /// Upper left corner of the wall on the display or desktop, e.g. 0,0; without, the wall fills the display.
    #[arg(long, value_parser = parse_position, allow_hyphen_values = true)]
    #[serde(deserialize_with = "position_text")]
    position: Option<(i32, i32)>,
    /// How far the picture is turned clockwise on its way to the display.
    #[arg(long, value_enum)]
    rotation: Option<Rotation>,
    /// A wall longer than its display is folded: size and place on the wall, and where on the display it goes, e.g.
    /// `512x32+1024+0 -> 0,64`. Once for each stripe; what is in none of them is not shown.
    #[arg(long = "fold")]
    folds: Vec<Fold>,
    /// The colours of the modules.
    #[arg(long, value_enum)]
    colours: Option<Colours>,
    /// Without a desktop: the connector, e.g. HDMI-A-1; without, the first with a display.
    #[arg(long)]
    connector: Option<String>,
    /// Without a desktop: the graphics card, e.g. /dev/dri/card1; without, the first with a display.
    #[arg(long)]
    card: Option<PathBuf>,
    /// Headless: folder for frame.png.
    #[arg(long)]
    headless_dir: Option<PathBuf>,
    /// Headless: how often frame.png is replaced at most.
    #[arg(long, value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    headless_every: Option<Duration>,
    /// Headless: file that notes every frame, a line of JSON each.
    #[arg(long)]
    headless_log: Option<PathBuf>,
    /// How long plays wait until a batch of them is sealed. The longer, the fewer bytes for everybody.
    #[arg(long, value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    seal_interval: Option<Duration>,
    /// How long plays wait that are news: the first since the start, takeovers, failures, or any while somebody watches.
    #[arg(long, value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    seal_news: Option<Duration>,
    /// Plays in a batch at most.
    #[arg(long)]
    batch_plays: Option<usize>,
    /// The longest wait between two tries to reach the server.
    #[arg(long, value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    retry_limit: Option<Duration>,
    /// The most that downloaded content may take on the disk, e.g. 4GB; without, what the disk has.
    #[arg(long, value_parser = parse_bytes)]
    #[serde(deserialize_with = "bytes_text")]
    cache_limit: Option<u64>,
    /// The most that downloads may take of the network in a second, e.g. 200kB; content for a takeover is exempt.
    #[arg(long, value_parser = parse_bytes)]
    #[serde(deserialize_with = "bytes_text")]
    download_limit: Option<u64>,
    /// Hours of the venue's day during which only takeovers are downloaded, e.g. 08:00-20:00.
    #[arg(long)]
    quiet_hours: Option<QuietHours>,
    /// One-time enrolment token instead of typing a code.
    #[arg(long, env = "XUANPING_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Allow http:// to another machine: only on a network that is protected itself.
    #[arg(long)]
    allow_plain_http: bool,
    /// Make no noise, whatever the console says.
    #[arg(long)]
    mute: bool,
    /// The media worker; without, xuanping-media beside this program.
    #[arg(long)]
    media_worker: Option<PathBuf>,
}

/// What people at the machine ask of the player that runs there.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// 查看播放状态 — how it is doing.
    Status {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// 场次触发 — shows what is booked for an event, e.g. `trigger pre-show --show "3号厅 2026-03-02 19:30"` before each film.
    Trigger {
        /// What is about to begin.
        event: TriggerName,
        /// Which showing: the same one again is shown no second time. Without, the minute it is now.
        #[arg(long)]
        show: Option<String>,
    },
    /// 熄屏 — black, without network too, over restarts, until `resume`; nothing counts as played meanwhile.
    Dark,
    /// 恢复播放 — shows again what it should.
    Resume,
    /// 截取当前画面 — what is on the wall now, as a PNG.
    Capture {
        /// Where to write it.
        #[arg(default_value = "xuanping-capture.png")]
        file: PathBuf,
    },
}

/// What can be triggered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TriggerName {
    /// A film is about to begin.
    PreShow,
}

impl From<TriggerName> for EventTrigger {
    fn from(name: TriggerName) -> Self {
        match name {
            TriggerName::PreShow => Self::PreShow,
        }
    }
}

/// Where the package puts the settings: what a command at the machine reads when nothing else was said.
const USUAL_FILE: &str = "/etc/xuanping/player.toml";

/// Complete settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Data folder.
    pub data: PathBuf,
    /// The server's address.
    pub server: String,
    /// Where frames go.
    pub output: OutputKind,
    /// The wall's pixels, if they were said.
    pub size: Option<Size>,
    /// What the wall is made of.
    pub kind: ScreenKind,
    /// Where the window goes.
    pub placement: Placement,
    /// Without a desktop: the connector, if it was named.
    pub connector: Option<String>,
    /// Without a desktop: the graphics card, if it was named.
    pub card: Option<PathBuf>,
    /// How the wall hangs on the display.
    pub wiring: Wiring,
    /// Headless: folder for pictures, and how often.
    pub headless: Option<(PathBuf, Duration)>,
    /// Headless: file that notes every frame.
    pub headless_log: Option<PathBuf>,
    /// How long plays wait to be sealed.
    pub seal_interval: Duration,
    /// And how long if they are news.
    pub seal_news: Duration,
    /// Plays in a batch at most.
    pub batch_plays: usize,
    /// The longest wait between two tries.
    pub retry_limit: Duration,
    /// Bytes that downloaded content may take on the disk.
    pub cache_limit: Option<u64>,
    /// Bytes a second that downloads may take.
    pub download_limit: Option<u64>,
    /// When only takeovers are downloaded.
    pub quiet_hours: Option<QuietHours>,
    /// One-time token.
    pub token: Option<String>,
    /// Unencrypted HTTP to other machines is meant.
    pub allow_plain_http: bool,
    /// No noise.
    pub mute: bool,
    /// The media worker's program, if it was said.
    pub media_worker: Option<PathBuf>,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The TOML file.
    #[error("{path}: {text}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// Something necessary was not said.
    #[error("please say --{0}")]
    Missing(&'static str),
}

/// The settings in a file.
fn read_file(path: &Path) -> Result<Arguments, ConfigError> {
    let fault = |text: String| ConfigError::File { path: path.to_owned(), text };
    let text = fs::read_to_string(path).map_err(|e| fault(e.to_string()))?;
    toml::from_str(&text).map_err(|e| fault(e.to_string()))
}

/// The media worker and the socket's name need whole paths.
fn whole(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

impl Arguments {
    /// The data folder of the player that is spoken to.
    pub fn data_folder(&self) -> Result<PathBuf, ConfigError> {
        let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|path| path.exists());
        let said = match &self.data {
            Some(data) => Some(data.clone()),
            None => self.config.clone().or_else(usual).map(|path| read_file(&path)).transpose()?.and_then(|f| f.data),
        };
        said.map(whole).ok_or(ConfigError::Missing("data"))
    }
}

impl Config {
    /// Puts arguments and file together.
    pub fn from_arguments(arguments: Arguments) -> Result<Self, ConfigError> {
        let file = arguments.config.as_deref().map_or_else(|| Ok(Arguments::default()), read_file)?;
        let kind = arguments.kind.or(file.kind).unwrap_or(Kind::Lcd).into();
        let output = arguments.output.or(file.output).unwrap_or(OutputKind::Auto);
        let size = match kind {
            ScreenKind::Speaker => Some(Size { width: 0, height: 0 }),
            _ => arguments.size.or(file.size),
        };
        if output == OutputKind::Headless && size.is_none() {
            return Err(ConfigError::Missing("size"));
        }
        let wiring = Wiring {
            rotation: arguments.rotation.or(file.rotation).unwrap_or_default(),
            folds: if arguments.folds.is_empty() { file.folds } else { arguments.folds },
            colours: arguments.colours.or(file.colours).unwrap_or_default(),
        };
        if !wiring.folds.is_empty() && size.is_none() {
            // Stripes do not say how large the wall is.
            return Err(ConfigError::Missing("size"));
        }
        let every = arguments.headless_every.or(file.headless_every).unwrap_or(Duration::from_secs(2));
        let position = arguments.position.or(file.position);
        let data = arguments.data.or(file.data).ok_or(ConfigError::Missing("data"))?;
        Ok(Self {
            data: whole(data),
            server: arguments.server.or(file.server).ok_or(ConfigError::Missing("server"))?,
            // A loudspeaker has no display to own.
            output: if kind == ScreenKind::Speaker { OutputKind::Headless } else { output },
            size,
            kind,
            placement: position.map_or(Placement::FullScreen, |(x, y)| Placement::At { x, y }),
            connector: arguments.connector.or(file.connector),
            card: arguments.card.or(file.card),
            wiring,
            headless: arguments.headless_dir.or(file.headless_dir).map(|folder| (folder, every)),
            headless_log: arguments.headless_log.or(file.headless_log),
            seal_interval: arguments.seal_interval.or(file.seal_interval).unwrap_or(Duration::from_hours(1)),
            seal_news: arguments.seal_news.or(file.seal_news).unwrap_or(Duration::from_secs(15)),
            batch_plays: arguments.batch_plays.or(file.batch_plays).unwrap_or(512).max(1),
            retry_limit: arguments.retry_limit.or(file.retry_limit).unwrap_or(Duration::from_secs(30)),
            cache_limit: arguments.cache_limit.or(file.cache_limit),
            download_limit: arguments.download_limit.or(file.download_limit),
            quiet_hours: arguments.quiet_hours.or(file.quiet_hours),
            token: arguments.token.or(file.token),
            allow_plain_http: arguments.allow_plain_http || file.allow_plain_http,
            mute: arguments.mute || file.mute,
            media_worker: arguments.media_worker.or(file.media_worker),
        })
    }
}

fn parse_size(text: &str) -> Result<Size, String> {
    let numbers = text.split_once(['x', 'X', '×']).and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    numbers
        .and_then(|(width, height)| Size::checked(width, height))
        .ok_or_else(|| "write a size like 1920x1080".to_owned())
}

fn parse_position(text: &str) -> Result<(i32, i32), String> {
    let numbers = text.split_once(',').and_then(|(x, y)| Some((x.trim().parse().ok()?, y.trim().parse().ok()?)));
    numbers.ok_or_else(|| "write a position like 0,0".to_owned())
}

/// `500ms`, `15s`, `2m`; a bare number is seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = u64::from_str(&text[..split]).map_err(|_| "write a duration like 15s".to_owned())?;
    match &text[split..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err("write a duration like 500ms, 15s or 2m".to_owned()),
    }
}

/// `500kB`, `20MB`, `4GB`; a bare number is bytes.
fn parse_bytes(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let wrong = || "write an amount like 200kB, 20MB or 4GB".to_owned();
    let number = u64::from_str(&text[..split]).map_err(|_| wrong())?;
    let unit = match &text[split..] {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    // Nothing at all is never meant: the screen would stay empty.
    number.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

fn from_text<'de, D: serde::Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).map_err(serde::de::Error::custom)
}

fn size_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Size>, D::Error> {
    from_text(deserializer, parse_size)
}

fn position_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<(i32, i32)>, D::Error> {
    from_text(deserializer, parse_position)
}

fn bytes_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    from_text(deserializer, parse_bytes)
}

fn duration_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    from_text(deserializer, parse_duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &[&str]) -> Result<Config, ConfigError> {
        Config::from_arguments(Arguments::parse_from([&["xuanping-player"], arguments].concat()))
    }

    #[test]
    fn arguments_come_before_the_file_and_the_file_before_what_is_usual() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("player.toml");
        fs::write(
            &path,
            "data = '/var/lib/xuanping'\nserver = 'https://a.cn'\nsize = '512x32'\nkind = 'led_strip'\n\
             position = '0,40'\nseal_interval = '5s'",
        )
        .unwrap();
        let path = path.to_str().unwrap();
        let config = config(&["--config", path, "--server", "https://b.cn", "--seal-interval", "500ms"]).unwrap();
        assert_eq!(config.server, "https://b.cn");
        assert_eq!(config.size, Some(Size { width: 512, height: 32 }));
        assert_eq!(config.kind, ScreenKind::LedStrip);
        assert_eq!(config.placement, Placement::At { x: 0, y: 40 });
        assert_eq!(config.seal_interval, Duration::from_millis(500));
        assert_eq!(config.seal_news, Duration::from_secs(15));
        assert_eq!(config.batch_plays, 512);
    }

    #[test]
    fn a_setting_that_does_not_exist_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("player.toml");
        fs::write(&path, "sever = 'https://a.cn'").unwrap();
        assert!(matches!(config(&["--config", path.to_str().unwrap()]), Err(ConfigError::File { .. })));
    }

    #[test]
    fn the_wiring_of_a_wall_is_read_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("player.toml");
        let said = "data = 'd'\nserver = 'https://a.cn'\nrotation = '180'\ncolours = 'two'\n\
                    folds = ['512x32+0+0 -> 0,0', '512x32+512+0 -> 0,32']\n";
        fs::write(&path, said).unwrap();
        let arguments = ["--config", path.to_str().unwrap()];
        assert!(matches!(config(&arguments), Err(ConfigError::Missing("size"))));
        let config = config(&[&arguments[..], &["--size", "1024x32"]].concat()).unwrap();
        assert_eq!((config.wiring.rotation, config.wiring.colours), (Rotation::Half, Colours::Two));
        assert_eq!(config.wiring.display(config.size.unwrap()), Size { width: 512, height: 64 });
    }

    #[test]
    fn a_command_finds_the_player_by_its_data_folder_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("player.toml");
        fs::write(&path, "data = '/var/lib/xuanping'\nserver = 'https://a.cn'").unwrap();
        let said = |arguments: &[&str]| Arguments::parse_from([&["xuanping-player"], arguments].concat());
        let by_file = said(&["dark", "--config", path.to_str().unwrap()]);
        assert_eq!(by_file.command, Some(Command::Dark));
        assert_eq!(by_file.data_folder().unwrap(), PathBuf::from("/var/lib/xuanping"));
        assert_eq!(said(&["--data", "/d", "status", "--json"]).data_folder().unwrap(), PathBuf::from("/d"));
    }

    #[test]
    fn what_cannot_be_guessed_must_be_said() {
        assert!(matches!(config(&["--server", "https://a.cn"]), Err(ConfigError::Missing("data"))));
        let headless = ["--data", "d", "--server", "https://a.cn", "--output", "headless"];
        assert!(matches!(config(&headless), Err(ConfigError::Missing("size"))));
        let speaker = config(&[&headless[..], &["--kind", "speaker"]].concat()).unwrap();
        assert_eq!(speaker.size, Some(Size { width: 0, height: 0 }));
    }
}
