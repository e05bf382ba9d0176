//! `xuanping-server`: serve · demo · import · verify · witness · verify-playlist · openapi · admin.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use xuanping_core::{
    geometry::{Layout, Sound},
    tlog::VerifierKey,
};
use xuanping_server::{
    accounts::{Actor, NewAccount, Role, Scope},
    app::{self, App},
    clock,
    config::Config,
    demo::{self, Demo},
    import::{self, People},
    plays::{gaps::GapFilter, http::ToFile, verify::Verify, witness::Witness},
    screens::NewToken,
    signing::Publisher,
};

/// 宣屏 — scheduler, console and play log for public-safety screens.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the console and the players.
    Serve(Config),
    /// Serve a sample county with three players, to try everything in.
    Demo(Demo),
    /// Load a folder like content-samples/ in the names of an editor and a reviewer.
    Import {
        #[command(flatten)]
        config: Config,
        /// The folder.
        folder: std::path::PathBuf,
        /// Sign-in name of who drafts and submits.
        #[arg(long)]
        editor: String,
        /// Sign-in name of who approves; another person.
        #[arg(long)]
        reviewer: String,
    },
    /// Check an exported bundle of play records, without server or network. Exit code 0: intact, 1: not, 2: unreadable.
    Verify(Verify),
    /// Watch a play log for an auditor: sign each checkpoint that continues what was seen, and refuse one that does not.
    /// Exit code 0: stopped, or looked once; 1: the log was forked or rolled back; 2: it could not be looked at.
    Witness(Witness),
    /// Judge the playlists in force in a data folder against what was promised, by a checker that shares no code with the
    /// planner; changes nothing. Exit code 0: all is kept, 1: not, 2: unreadable.
    VerifyPlaylist(Config),
    /// Print the OpenAPI document.
    Openapi,
    /// Manage accounts from the shell.
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Subcommand)]
enum Admin {
    /// Make an account and print its one-time password.
    CreateAccount {
        #[command(flatten)]
        config: Config,
        /// Sign-in name.
        #[arg(long)]
        name: String,
        /// Name shown to others; the sign-in name without.
        #[arg(long)]
        display_name: Option<String>,
        /// admin, operator, editor, reviewer or auditor; repeatable.
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
    },
    /// Print the publishing key's public half, for auditors to keep: `verify --key` compares bundles with it.
    PublishingKey {
        #[command(flatten)]
        config: Config,
    },
    /// Take the cosignatures of this witness from now on; bundles then carry proofs that it has seen.
    AddWitness {
        #[command(flatten)]
        config: Config,
        /// The key that the witness printed: name, id and key with plus signs between.
        #[arg(long)]
        key: VerifierKey,
    },
    /// Print a one-time token with which one player enrols itself, without anybody reading a code off a wall. For mass
    /// roll-outs, and for loudspeakers, which have no wall.
    IssueToken {
        #[command(flatten)]
        config: Config,
        /// The venue's whole name.
        #[arg(long)]
        venue: String,
        /// The screen's name in that venue.
        #[arg(long)]
        name: String,
        /// How the screen is divided: full, `main_and_ticker` (a ticker of one ninth below), `ticker_and_main` (above),
        /// `audio_only`; or where the zones lie, each as width x height + left + top in even pixels, black elsewhere:
        /// main=1280x960+0+0,ticker=1920x120+0+960 (or main=... alone: no ticker).
        #[arg(long, default_value = "full")]
        layout: Layout,
        /// on or off.
        #[arg(long, default_value = "off", value_parser = by_code::<Sound>)]
        sound: Sound,
        /// How many days the token is good.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=90))]
        days: i64,
    },
    /// Seal the play log's days that are over into Parquet files now, instead of at three in the morning.
    Archive {
        #[command(flatten)]
        config: Config,
        /// Where; below the data folder without. Always the same one: what was sealed elsewhere is not sealed again.
        #[arg(long)]
        folder: Option<std::path::PathBuf>,
    },
    /// Write records of plays into a file: the same tables as in the console, and with their proof the same package.
    Export {
        #[command(flatten)]
        config: Config,
        #[command(flatten)]
        export: ToFile,
    },
    /// Compare an archive with the database and the play log: every file, every batch bit for bit against the log's signed root,
    /// every row of plays with its batch; changes nothing. Exit code 0: all is as it was sealed, 1: not.
    CheckArchive {
        #[command(flatten)]
        config: Config,
        /// Where it is; below the data folder without.
        #[arg(long)]
        folder: Option<std::path::PathBuf>,
    },
    /// Compare everything that the tables say of plays with what the screens signed; changes nothing. Exit code 0: all
    /// agrees, 1: something was changed.
    Recount(Config),
    /// Look through a day of all screens for gaps, as the server does in the night after it, and print what they come to.
    FindGaps {
        #[command(flatten)]
        config: Config,
        /// The day; yesterday without.
        #[arg(long)]
        day: Option<chrono::NaiveDate>,
    },
    /// Give an account a new one-time password and print it.
    ResetSignIn {
        #[command(flatten)]
        config: Config,
        /// Sign-in name.
        #[arg(long)]
        name: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("XUANPING_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    match run(Cli::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xuanping-server: {error}");
            ExitCode::from(2)
        }
    }
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

async fn run(command: Command) -> Result<ExitCode, Fault> {
    match command {
        Command::Serve(config) => serve(&config).await?,
        Command::Demo(settings) => demo::run(&settings, stop_signal()).await?,
        Command::Import { config, folder, editor, reviewer } => {
            let app = App::open(&config).await?;
            let people = People { editor: person(&app, &editor).await?, reviewer: person(&app, &reviewer).await? };
            let today = clock::today(chrono_tz::Asia::Shanghai);
            let done = import::import(&app, &folder, &people, today, clock::now()).await?;
            println!(
                "已载入：区划 {} 个，点位 {} 个，素材 {} 件，排期 {} 条。",
                done.areas, done.venues, done.creatives, done.bookings
            );
        }
        Command::Verify(verify) => return Ok(verify.run(&mut std::io::stdout().lock())?.into()),
        Command::Witness(witness) => return Ok(witness.run(stop_signal(), &mut std::io::stdout()).await),
        Command::VerifyPlaylist(config) => return verify_playlists(&config).await,
        Command::Openapi => println!("{}", app::openapi_text().await?),
        Command::Admin(Admin::CreateAccount { config, name, display_name, roles }) => {
            let app = App::open(&config).await?;
            let display_name = display_name.unwrap_or_else(|| name.clone());
            let new = NewAccount { name, display_name, roles, scope: Scope::default() };
            let issued = app.accounts.create(new, &Actor::CommandLine, clock::now()).await?;
            println!("{}", issued.one_time_password);
        }
        Command::Admin(Admin::PublishingKey { config }) => {
            println!("{}", Publisher::open(&config.data.join("keys"))?.public());
        }
        Command::Admin(Admin::AddWitness { config, key }) => {
            let app = App::open(&config).await?;
            app.plays.log().add_witness(&key, &Actor::CommandLine, clock::now()).await?;
            println!("已登记见证方 {}", key.name());
        }
        Command::Admin(Admin::IssueToken { config, venue, name, layout, sound, days }) => {
            let app = App::open(&config).await?;
            let venues = app.screens.venues().await?;
            let found = venues.iter().find(|v| v.name == venue).ok_or_else(|| format!("there is no venue {venue}"))?;
            let new = NewToken { venue: found.id, name, layout, sound, life: days * 86_400_000 };
            println!("{}", app.screens.issue_token(new, &Actor::CommandLine, clock::now()).await?);
        }
        Command::Admin(Admin::Archive { config, folder }) => {
            let app = App::open(&config).await?;
            let folder = folder.unwrap_or_else(|| app.archive.clone());
            for part in app.plays.archive(&folder, clock::now()).await? {
                let batches = part.to - part.from;
                println!(
                    "已归档 {}：批次 {batches} 个，播放 {} 次，{} 字节，摘要 {}",
                    part.received, part.plays, part.bytes, part.digest
                );
            }
            println!("归档目录 {}：共 {} 份。", folder.display(), app.plays.archived().await?.len());
        }
        Command::Admin(Admin::Export { config, export }) => {
            let app = App::open(&config).await?;
            let done = export.run(&app.plays, clock::now()).await?;
            println!("已导出 {} 条记录，{} 字节：{}", done.records, done.bytes, export.out.display());
        }
        Command::Admin(Admin::CheckArchive { config, folder }) => {
            let app = App::open(&config).await?;
            let folder = folder.unwrap_or_else(|| app.archive.clone());
            let check = app.plays.check_archive(&folder).await?;
            println!("{check}");
            return Ok(if check.difference.is_none() { ExitCode::SUCCESS } else { ExitCode::from(1) });
        }
        Command::Admin(Admin::Recount(config)) => {
            let recount = App::open(&config).await?.plays.recount().await?;
            println!("{recount}");
            return Ok(if recount.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) });
        }
        Command::Admin(Admin::FindGaps { config, day }) => find_gaps(&config, day).await?,
        Command::Admin(Admin::ResetSignIn { config, name }) => {
            let app = App::open(&config).await?;
            let account = app.accounts.by_name(&name).await?.ok_or("no such account")?;
            let issued = app.accounts.reset_sign_in(account.id, &Actor::CommandLine, clock::now()).await?;
            println!("{}", issued.one_time_password);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A value by its code, as the API writes it.
fn by_code<T: serde::de::DeserializeOwned>(code: &str) -> Result<T, String> {
    serde_json::from_value(code.into()).map_err(|error| error.to_string())
}

/// Somebody with an account, as the actor of an import.
async fn person(app: &App, name: &str) -> Result<Actor, Fault> {
    let account = app.accounts.by_name(name).await?.ok_or_else(|| format!("there is no account {name}"))?;
    Ok(Actor::Person { id: account.id, name: account.display_name })
}

/// Looks through a day and prints its gaps by cause.
async fn find_gaps(config: &Config, day: Option<chrono::NaiveDate>) -> Result<(), Fault> {
    let app = App::open(config).await?;
    let today = clock::today(chrono_tz::Asia::Shanghai);
    let day = day.or_else(|| today.pred_opt()).filter(|day| *day <= today).ok_or("the day is yet to come")?;
    let looked = app.plays.find_gaps(day, clock::now()).await?;
    println!("{day}：已核查 {} 块屏幕，{} 块未能核查。", looked.screens, looked.failed);
    println!("空缺 {} 处，其中新发现 {} 处；原有 {} 处已补齐。", looked.found, looked.new, looked.resolved);
    let filter = GapFilter { day_from: Some(day), day_to: Some(day), open_only: true, ..GapFilter::default() };
    for line in app.plays.gap_causes(&filter).await? {
        let minutes = line.missing_ms / 60_000;
        println!("  {}：{} 处，{} 块屏幕，共 {minutes} 分钟", line.cause.name_zh(), line.findings, line.screens);
    }
    Ok(())
}

/// Prints what the judge says of each playlist in force.
async fn verify_playlists(config: &Config) -> Result<ExitCode, Fault> {
    let app = App::open(config).await?;
    let judged = app.playlists.judged(clock::now()).await?;
    for one in &judged {
        let (bookings, loops, dayparts) = one.looked_at;
        let days = one.days.map_or_else(String::new, |days| format!("，{} 至 {}", days.first, days.last));
        println!("播放单 {}{days}：{} 块屏幕（{}）", one.playlist, one.screens.len(), one.screens.join("、"));
        println!("  已核对 {bookings} 条排期、{loops} 个轮播、{dayparts} 个时段：时间、内容、占时、间隔、次数");
        for fault in &one.faults {
            println!("  不符：{fault}。");
        }
    }
    let broken = judged.iter().filter(|one| !one.faults.is_empty()).count();
    println!("共 {} 份播放单，{broken} 份有不符之处。", judged.len());
    let waiting = app.jobs.waiting().await?;
    if waiting > 0 {
        println!("另有 {waiting} 项制作或编排尚未完成，完成后请再核对一次。");
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn serve(config: &Config) -> Result<(), Fault> {
    let app = App::open(config).await?;
    let listener = app::listen(config).await?;
    // Standard output, for whoever started us on port 0.
    println!("listening on http://{}", listener.local_addr()?);
    app.serve(listener, stop_signal()).await?;
    Ok(())
}

/// Completes on SIGTERM or Ctrl-C.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be awaited; only Ctrl-C stops the server cleanly");
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
