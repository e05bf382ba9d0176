//! `xuanping-player`: owns one wall.

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;
use xuanping_core::geometry::Size;
use xuanping_player::{
    config::{Arguments, Config, OutputKind},
    event::Event,
    inbox::Inbox,
    output::{Headless, Output, OutputError, Window, Wired},
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
    let config = Config::from_arguments(Arguments::parse())?;
    // The only TLS provider that is linked; it can be installed once, and this is the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut output = open(&config)?;
    let (inbox, events) = Inbox::new(output.waker());
    stop_on_signals(inbox)?;
    run::run(&config, output.as_mut(), &events)?;
    Ok(())
}

fn open(config: &Config) -> Result<Box<dyn Output>, OutputError> {
    let wiring = &config.wiring;
    let size = config.size.map(|wall| wiring.display(wall));
    let output: Box<dyn Output> = match config.output {
        OutputKind::Window => Box::new(Window::open(config.placement, size, "宣屏")?),
        OutputKind::Headless => {
            Box::new(Headless::new(size.unwrap_or(Size { width: 0, height: 0 }), config.headless.clone())?)
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
