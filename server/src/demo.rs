//! `xuanping-server demo`: a county to try everything in. The same server as always, with the sample county loaded at the
//! first start, one-time sign-ins printed, and three real players started beside it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use xuanping_core::{
    geometry::{Layout, Sound},
    time::UtcMillis,
};

use crate::{
    accounts::{Account, Actor, NewAccount, Role, Scope},
    app::{self, App},
    clock,
    config::Config,
    import::{self, People},
    screens::{NewToken, ScreenFilter},
};

/// Settings of the demo.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    #[command(flatten)]
    config: Config,
    /// Folder with the sample county.
    #[arg(long, default_value = "content-samples")]
    samples: PathBuf,
    /// Start no players.
    #[arg(long)]
    no_players: bool,
}

/// Anything that stops the demo from starting; told as it is to whoever typed the command.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The people of the demo.
const PEOPLE: [(&str, &str, &[Role]); 5] = [
    ("guanli", "系统管理员", &[Role::Admin]),
    ("dianwei", "点位管理员 周岚", &[Role::Operator]),
    ("xuanchuan", "宣传编辑 林晓", &[Role::Editor]),
    ("shenhe", "审核员 陈立", &[Role::Reviewer]),
    ("shenji", "审计员 吴敏", &[Role::Auditor]),
];

/// The three screens of the demo.
struct DemoScreen {
    folder: &'static str,
    venue: &'static str,
    name: &'static str,
    kind: &'static str,
    size: &'static str,
    position: &'static str,
    layout: Layout,
    sound: Sound,
}

const SCREENS: [DemoScreen; 3] = [
    DemoScreen {
        folder: "hall",
        venue: "自助银行",
        name: "大厅屏",
        kind: "lcd",
        size: "1920x1080",
        position: "0,0",
        layout: Layout::MainAndTicker,
        sound: Sound::On,
    },
    DemoScreen {
        folder: "door",
        venue: "投注站",
        name: "门楣条屏",
        kind: "led_strip",
        size: "512x32",
        position: "40,40",
        layout: Layout::Full,
        sound: Sound::Off,
    },
    DemoScreen {
        folder: "poster",
        venue: "人民医院",
        name: "候诊区竖屏",
        kind: "lcd",
        size: "1080x1920",
        position: "820,0",
        layout: Layout::Full,
        sound: Sound::Off,
    },
];

/// Runs the demo until `stop` completes; stops everything it started.
pub async fn run(demo: &Demo, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Fault> {
    let app = App::open(&demo.config).await?;
    let sign_ins = prepare(&app, &demo.samples).await?;
    let listener = app::listen(&demo.config).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let players = match demo.no_players {
        true => Vec::new(),
        false => commands(&app, &address, &demo.config.data).await?,
    };
    println!("listening on {address}");
    print_welcome(&address, &sign_ins, &players);
    let (halt, halted) = tokio::sync::watch::channel(());
    let kept: Vec<_> = players.into_iter().map(|player| tokio::spawn(keep_running(player, halted.clone()))).collect();
    drop(halted);
    // The players are told at once: the server takes a moment to see its connections off.
    let stop = async move {
        stop.await;
        drop(halt);
    };
    let served = app.serve(listener, stop).await;
    for player in kept {
        player.await?;
    }
    Ok(served?)
}

/// Accounts at the first start, the sample county, and one-time passwords for whoever has never signed in.
async fn prepare(app: &App, samples: &Path) -> Result<Vec<(Account, Option<String>)>, Fault> {
    let now = clock::now();
    let mut sign_ins = Vec::new();
    for (name, display_name, roles) in PEOPLE {
        let entry = match app.accounts.by_name(name).await? {
            None => {
                let new = NewAccount {
                    name: name.into(),
                    display_name: display_name.into(),
                    roles: roles.to_vec(),
                    scope: Scope::default(),
                };
                let issued = app.accounts.create(new, &Actor::System, now).await?;
                (issued.account, Some(issued.one_time_password))
            }
            Some(account) if account.last_sign_in.is_none() => {
                let issued = app.accounts.reset_sign_in(account.id, &Actor::System, now).await?;
                (issued.account, Some(issued.one_time_password))
            }
            Some(account) => (account, None),
        };
        sign_ins.push(entry);
    }
    let person = |role: Role| {
        let account = sign_ins.iter().map(|(account, _)| account).find(|a| a.roles.contains(&role));
        account.map(|a| Actor::Person { id: a.id, name: a.display_name.clone() }).ok_or("the demo's people are missing")
    };
    let people = People { editor: person(Role::Editor)?, reviewer: person(Role::Reviewer)? };
    let today = clock::today(chrono_tz::Asia::Shanghai);
    let done = import::import(app, samples, &people, today, now).await?;
    if done.bookings > 0 {
        println!("示例县已载入：{} 个点位，{} 件素材，{} 条排期。", done.venues, done.creatives, done.bookings);
    }
    Ok(sign_ins)
}

/// Between the openings of two windows.
const WINDOW_PAUSE: Duration = Duration::from_millis(1_500);

/// A player to keep running.
struct Player {
    title: String,
    program: PathBuf,
    arguments: Vec<String>,
    /// How long it waits before its first start: the window opened last lies on top, and the largest must lie lowest.
    after: Duration,
    /// Only for its first start: afterwards it has its key.
    token: Option<String>,
}

/// What to start; screens that are not enrolled yet get a one-time token, like in any roll-out without hands.
async fn commands(app: &App, address: &str, data: &Path) -> Result<Vec<Player>, Fault> {
    let program = std::env::current_exe()?.with_file_name("xuanping-player");
    if !program.exists() {
        return Err(format!("{} is missing: build it first (make demo does)", program.display()).into());
    }
    let display = std::env::var_os("DISPLAY").is_some() || std::env::var_os("WAYLAND_DISPLAY").is_some();
    let now = clock::now();
    let venues = app.screens.venues().await?;
    let enrolled = app.screens.list(&ScreenFilter::default()).await?;
    let mut players = Vec::new();
    for screen in &SCREENS {
        let venue = venues.iter().find(|v| v.name.contains(screen.venue)).ok_or("a venue of the demo is missing")?;
        let known = enrolled.iter().any(|s| s.venue.id == venue.id && s.name == screen.name);
        let token = match known {
            true => None,
            false => Some(issue_token(app, screen, venue.id, now).await?),
        };
        let folder = data.join("players").join(screen.folder);
        let mut arguments: Vec<String> = [
            "--data",
            &folder.to_string_lossy(),
            "--server",
            address,
            "--kind",
            screen.kind,
            "--size",
            screen.size,
            "--output",
            if display { "window" } else { "headless" },
            // Who looks at the demo wants to see plays come in; a real screen sends them once an hour.
            "--seal-interval",
            "15s",
        ]
        .map(str::to_owned)
        .to_vec();
        if display {
            arguments.extend(["--position".to_owned(), screen.position.to_owned()]);
        }
        let title = format!("{} {}({})", venue.name, screen.name, screen.size);
        let after = if display { WINDOW_PAUSE * u32::try_from(players.len()).unwrap_or(0) } else { Duration::ZERO };
        players.push(Player { title, program: program.clone(), arguments, after, token });
    }
    Ok(players)
}

async fn issue_token(
    app: &App,
    screen: &DemoScreen,
    venue: xuanping_core::id::VenueId,
    now: UtcMillis,
) -> Result<String, Fault> {
    let new =
        NewToken { venue, name: screen.name.into(), layout: screen.layout, sound: screen.sound, life: 24 * 3_600_000 };
    Ok(app.screens.issue_token(new, &Actor::System, now).await?)
}

fn print_welcome(address: &str, sign_ins: &[(Account, Option<String>)], players: &[Player]) {
    println!("\n宣屏已启动：{address}\n");
    println!("登录名（一次性密码仅显示这一次，首次登录后须设置本人密码）：");
    for (account, password) in sign_ins {
        match password {
            Some(password) => println!("  {:<10} {}  {}", account.name, password, account.display_name),
            None => println!("  {:<10} （已设置本人密码）      {}", account.name, account.display_name),
        }
    }
    if !players.is_empty() {
        println!("\n播放器：");
        for player in players {
            println!("  {}", player.title);
        }
    }
    println!("\n按 Ctrl-C 全部停止。");
}

/// Starts a player again whenever it ends by itself, as systemd would; ends it when the demo ends.
async fn keep_running(mut player: Player, mut halted: tokio::sync::watch::Receiver<()>) {
    tokio::select! {
        () = tokio::time::sleep(player.after) => {}
        _ = halted.changed() => return,
    }
    loop {
        let mut command = Command::new(&player.program);
        command.args(&player.arguments).stdin(Stdio::null()).kill_on_drop(true);
        // In the environment, not among the arguments, which everybody on the machine can read.
        if let Some(token) = player.token.take() {
            command.env("XUANPING_TOKEN", token);
        }
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                tracing::error!(player = player.title, %error, "a player does not start");
                return;
            }
        };
        tokio::select! {
            ended = child.wait() => tracing::warn!(player = player.title, ?ended, "a player ended and is started again"),
            _ = halted.changed() => return end(&mut child).await,
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
            _ = halted.changed() => return,
        }
    }
}

/// SIGTERM, five seconds to finish, then the hard way.
async fn end(child: &mut Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid
        && kill_process(pid, Signal::TERM).is_ok()
        && tokio::time::timeout(Duration::from_secs(5), child.wait()).await.is_ok()
    {
        return;
    }
    if let Err(error) = child.kill().await {
        tracing::warn!(%error, "a player could not be ended");
    }
}
