//! `xuanping-player`: owns one wall.

use std::{path::Path, process::ExitCode};

use clap::Parser as _;
use tracing_subscriber::EnvFilter;
use xuanping_core::geometry::Size;
use xuanping_player::{
    clock::Clock,
    config::{Arguments, Command, Config, OutputKind},
    control::{self, Answer, Ask, show_id},
    event::Event,
    inbox::Inbox,
    output::{Headless, Kms, Output, OutputError, Placement, Wanted, Window, Wired},
    run,
};

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("XUANPING_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xuanping-player: {error}");
            ExitCode::from(2)
        }
    }
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

fn start() -> Result<(), Fault> {
    let arguments = Arguments::parse();
    if let Some(command) = &arguments.command {
        return tell(&arguments.data_folder()?, command);
    }
    let config = Config::from_arguments(arguments)?;
    // The only TLS provider that is linked; it can be installed once, and this is the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut output = open(&config)?;
    let (inbox, events) = Inbox::new(output.waker());
    stop_on_signals(inbox)?;
    run::run(&config, output.as_mut(), &events)?;
    Ok(())
}

/// Asks the player that runs, and prints what it says.
fn tell(data: &Path, command: &Command) -> Result<(), Fault> {
    let what = match command {
        Command::Status { .. } => Ask::Status,
        Command::Dark => Ask::Dark,
        Command::Resume => Ask::Resume,
        Command::Capture { .. } => Ask::Capture,
        Command::Trigger { event, show } => {
            let this_minute = || format!("{}", Clock::new().now().wall.0 / 60_000);
            Ask::Trigger { event: (*event).into(), show: show_id(&show.clone().unwrap_or_else(this_minute)) }
        }
    };
    match (control::ask(data, &what)?, command) {
        ((Answer::Status(said), _), Command::Status { json: true }) => {
            println!("{}", serde_json::to_string_pretty(&said)?);
        }
        ((Answer::Status(said), _), _) => print!("{}", control::summary(&said)),
        ((Answer::Picture(_), png), Command::Capture { file }) => {
            std::fs::write(file, png)?;
            println!("已保存到 {}", file.display());
        }
        ((Answer::Done(said) | Answer::Refused(said), _), _) => println!("{said}"),
        ((Answer::Picture(_), _), _) => {}
    }
    Ok(())
}

fn open(config: &Config) -> Result<Box<dyn Output>, OutputError> {
    let wiring = &config.wiring;
    let size = config.size.map(|wall| wiring.display(wall));
    let desktop =
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    let kind = match config.output {
        OutputKind::Auto if desktop() => OutputKind::Window,
        OutputKind::Auto => OutputKind::Kms,
        said => said,
    };
    let output: Box<dyn Output> = match kind {
        OutputKind::Auto | OutputKind::Kms => Box::new(Kms::open(Wanted {
            card: config.card.clone(),
            connector: config.connector.clone(),
            position: match config.placement {
                Placement::FullScreen => (0, 0),
                Placement::At { x, y } => (u32::try_from(x).unwrap_or(0), u32::try_from(y).unwrap_or(0)),
            },
            size,
        })?),
        OutputKind::Window => Box::new(Window::open(config.placement, size, "宣屏")?),
        OutputKind::Headless => {
            let nothing = Headless::new(size.unwrap_or(Size { width: 0, height: 0 }), config.headless.clone())?;
            Box::new(match &config.headless_log {
                Some(path) => nothing.with_log(path)?,
                None => nothing,
            })
        }
    };
    Ok(if wiring.is_plain() { output } else { Box::new(Wired::new(output, wiring.clone(), config.size)) })
}

/// SIGTERM and Ctrl-C become an event like any other.
fn stop_on_signals(inbox: Inbox) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            let signals = signal(SignalKind::terminate()).and_then(|t| Ok((t, signal(SignalKind::interrupt())?)));
            match signals {
                Ok((mut terminate, mut interrupt)) => loop {
                    tokio::select! {
                        _ = terminate.recv() => {}
                        _ = interrupt.recv() => {}
                    }
                    inbox.send(Event::Stop);
                },
                Err(error) => tracing::error!(%error, "signals cannot be awaited; the player ends without a last seal"),
            }
        });
    })?;
    Ok(())
}
