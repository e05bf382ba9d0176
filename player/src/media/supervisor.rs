//! The thread that owns the worker process: passes requests on, keeps the watch, kills what stalls, starts anew.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    time::Instant,
};

use xuanping_core::time::Millis;

use super::{
    Clip, News, Wake,
    frames::Frames,
    process::{NotRead, Process},
    protocol::{ClipId, Command, Event, PictureArea, Prepare, Reason, VERSION},
    watch::{At, LOOK_EVERY, Phase, Stall, Watch},
};

/// What the thread is told: by the loop, and by the process of a generation.
pub(super) enum Message {
    Prepare(ClipId, Clip, Option<PictureArea>),
    Play(ClipId, u64, Option<u8>),
    Recycle(ClipId, u8),
    Stop(ClipId),
    Quit,
    Said(u64, Event),
    Closed(u64),
}

struct Running {
    process: Process,
    watch: Watch,
    /// The graphics chip has decoded something for it.
    hardware: bool,
}

pub(super) struct Supervisor {
    program: Option<PathBuf>,
    frames: Arc<Frames>,
    messages: SyncSender<Message>,
    news: SyncSender<(ClipId, News)>,
    wake: Wake,
    begun: Instant,
    generation: u64,
    running: Option<Running>,
    /// A worker hung or died while the graphics chip decoded for it: the next ones do without.
    software: bool,
}

impl Supervisor {
    pub(super) fn new(
        program: Option<PathBuf>,
        frames: Arc<Frames>,
        messages: SyncSender<Message>,
        news: SyncSender<(ClipId, News)>,
        wake: Wake,
    ) -> Self {
        let begun = Instant::now();
        Self { program, frames, messages, news, wake, begun, generation: 0, running: None, software: false }
    }

    pub(super) fn run(mut self, inbox: &Receiver<Message>) {
        loop {
            let mut next = match inbox.recv_timeout(LOOK_EVERY) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // All that was said is heard before anybody is judged.
            while let Some(message) = next {
                if matches!(message, Message::Quit) {
                    if let Some(running) = self.running.take() {
                        running.process.farewell();
                    }
                    return;
                }
                self.handle(message);
                next = inbox.try_recv().ok();
            }
            let now = self.now();
            if let Some(stall) = self.running.as_mut().and_then(|r| r.watch.judge(now)) {
                self.stalled(&stall);
            }
        }
    }

    fn now(&self) -> At {
        self.begun.elapsed()
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Prepare(id, clip, area) => self.prepare(id, clip, area),
            Message::Play(id, at_ms, volume) => {
                let now = self.now();
                if let Some(running) = self.running.as_mut().filter(|r| r.watch.phase(id).is_some()) {
                    running.watch.enter(id, Phase::Starting(now));
                    self.say(&Command::Play { id, at_ms, volume });
                }
            }
            Message::Recycle(id, slot) => {
                if self.running.as_ref().is_some_and(|r| r.watch.phase(id).is_some()) {
                    self.say(&Command::Recycle { id, slot });
                }
            }
            Message::Stop(id) => self.stop(id),
            Message::Quit => {}
            Message::Said(generation, event) if generation == self.generation => self.said(event),
            Message::Closed(generation) if generation == self.generation => self.closed(),
            Message::Said(..) | Message::Closed(_) => {}
        }
    }

    fn prepare(&mut self, id: ClipId, clip: Clip, picture: Option<PictureArea>) {
        let Some(path) = clip.path.to_str().map(str::to_owned) else {
            return self.fail(id, Reason::Unreadable, "the path is not UTF-8".to_owned());
        };
        if self.running.is_none() && !self.start(id) {
            return;
        }
        let now = self.now();
        if let Some(running) = &mut self.running {
            running.watch.enter(id, Phase::Preparing(now));
        }
        let duration_ms = u64::from(clip.duration.0);
        self.say(&Command::Prepare(Prepare { id, path, picture, duration_ms, volume: clip.volume }));
    }

    /// Starts a process for the sake of a clip, which fails if that fails.
    fn start(&mut self, id: ClipId) -> bool {
        let Some(program) = &self.program else {
            self.fail(id, Reason::NoWorker, "there is no media worker on this machine".to_owned());
            return false;
        };
        self.generation += 1;
        match Process::start(program, self.software, self.frames.memory(), self.generation, &self.messages) {
            Ok(process) => {
                tracing::info!(pid = process.id(), "the media worker was started");
                self.running = Some(Running { process, watch: Watch::new(self.now()), hardware: false });
                true
            }
            Err(error) => {
                let detail = format!("{}: {error}", program.display());
                self.fail(id, Reason::NoWorker, detail);
                false
            }
        }
    }

    fn stop(&mut self, id: ClipId) {
        match &mut self.running {
            // It may still write frames: the memory is given back when it says that it stopped.
            Some(running) if running.watch.phase(id).is_some() => {
                running.watch.enter(id, Phase::Ended);
                self.say(&Command::Stop { id });
            }
            _ => self.frames.release(id),
        }
    }

    fn say(&mut self, command: &Command) {
        let Some(running) = &self.running else { return };
        if let Err(NotRead(error)) = running.process.say(command) {
            // The pipe of a dead worker breaks before its end is reported: that is its own case.
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                return self.closed();
            }
            tracing::error!(%error, "the media worker does not read");
            let ids = Vec::new();
            self.stalled(&Stall { culprits: ids, what: "it does not read its commands" });
        }
    }

    fn said(&mut self, event: Event) {
        let now = self.now();
        let Some(running) = &mut self.running else { return };
        let watch = &mut running.watch;
        match event {
            Event::Hello { protocol: VERSION, gstreamer } => {
                tracing::info!(gstreamer, "the media worker is ready");
                watch.hello(now);
            }
            Event::Hello { protocol, .. } => {
                let detail = format!("the media worker speaks version {protocol}, this player {VERSION}");
                self.end(&[], Reason::NoWorker, Reason::NoWorker, &detail);
            }
            Event::Beat => watch.beat(now),
            Event::Ready { id, audible, decoder } => {
                running.hardware |= decoder.as_ref().is_some_and(|decoder| decoder.hardware);
                if let Some(phase) = watch.phase(id) {
                    if matches!(phase, Phase::Preparing(_)) {
                        watch.enter(id, Phase::Ready);
                    }
                    self.tell(id, News::Ready { audible, decoder });
                }
            }
            Event::Frame { id, slot, .. } => {
                if watch.phase(id).is_some() {
                    if let Some(slot) = self.frames.put(id, slot) {
                        self.say(&Command::Recycle { id, slot });
                    }
                    (self.wake)();
                }
            }
            Event::Started { id } => {
                if matches!(watch.phase(id), Some(Phase::Starting(_))) {
                    watch.enter(id, Phase::Playing(0, now));
                    self.tell(id, News::Started);
                }
            }
            Event::Position { id, at_ms, presented_ms } => {
                watch.moved(id, at_ms, now);
                if matches!(watch.phase(id), Some(Phase::Playing(..))) {
                    // A loop that is behind gets the next one.
                    let news = News::Progress { at: millis(at_ms), presented: millis(presented_ms) };
                    let _ = self.news.try_send((id, news));
                    (self.wake)();
                }
            }
            Event::Ended { id, presented_ms, frames, dropped } => {
                if matches!(watch.phase(id), Some(Phase::Starting(_) | Phase::Playing(..))) {
                    watch.enter(id, Phase::Ended);
                    self.tell(id, News::Ended { presented: millis(presented_ms), frames, dropped });
                }
            }
            Event::Failed { id, reason, detail } => {
                let known = watch.phase(id).is_some_and(|phase| phase != Phase::Ended);
                watch.forget(id);
                if known {
                    self.fail(id, reason, detail);
                }
                self.frames.release(id);
            }
            Event::Stopped { id } => {
                watch.forget(id);
                self.frames.release(id);
            }
        }
    }

    fn stalled(&mut self, stall: &Stall) {
        self.end(&stall.culprits, Reason::Hang, Reason::Lost, stall.what);
    }

    /// It closed its output: it is dead, or as good as that.
    fn closed(&mut self) {
        self.end(&[], Reason::Crash, Reason::Crash, "the media worker ended by itself");
    }

    /// Ends the process and tells each of its clips.
    fn end(&mut self, culprits: &[ClipId], theirs: Reason, others: Reason, what: &str) {
        let Some(Running { process, watch, hardware }) = self.running.take() else { return };
        if hardware && matches!(theirs, Reason::Hang | Reason::Crash) && !std::mem::replace(&mut self.software, true) {
            tracing::warn!("the graphics chip decoded for it: from now on the processor does");
        }
        // What its threads still have to say concerns nobody any more.
        self.generation += 1;
        let detail = match process.kill() {
            Ok(status) => format!("{what} ({status})"),
            Err(error) => format!("{what}; it cannot be killed: {error}"),
        };
        tracing::error!(detail, "the media worker is gone");
        for (id, phase) in watch.into_clips() {
            let reason = match phase {
                // Its last frame stays until it is stopped.
                Phase::Ended => continue,
                Phase::Ready if others == Reason::Crash => Reason::Lost,
                _ if culprits.contains(&id) => theirs,
                _ => others,
            };
            self.fail(id, reason, detail.clone());
        }
    }

    fn fail(&self, id: ClipId, reason: Reason, detail: String) {
        self.frames.release(id);
        self.tell(id, News::Failed { reason, detail });
    }

    fn tell(&self, id: ClipId, news: News) {
        // Waits for a loop that is far behind; fails only when the loop has ended.
        let _ = self.news.send((id, news));
        (self.wake)();
    }
}

fn millis(ms: u64) -> Millis {
    Millis(u32::try_from(ms).unwrap_or(u32::MAX))
}
