//! The worker's loop: lines come in, pipelines report, and every fifth of a second it says that it lives.

use std::{
    collections::HashMap,
    io::BufRead as _,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

use gstreamer::{MessageView, State, prelude::*};

use crate::{
    clip::Clip,
    faults,
    memory::Memory,
    protocol::{ClipId, Command, Event, HEARTBEAT_MS, Prepare, Reason, VERSION},
    speaker::{Heard, Speakers, say},
};

/// What can happen.
enum Happening {
    /// The player wants something.
    Told(Command),
    /// The player is gone.
    Alone,
    /// A pipeline finished what it was asked.
    Settled(ClipId),
    /// A pipeline runs.
    Running(ClipId),
    /// A pipeline came to the end of its stream.
    Ended(ClipId),
    /// A pipeline gave up.
    Failed(ClipId, Reason, String),
}

/// All clips.
pub struct Worker {
    memory: Memory,
    speakers: Speakers,
    clips: HashMap<ClipId, Clip>,
}

impl Worker {
    /// A worker that plays nothing yet.
    pub fn new(memory: Memory) -> Self {
        Self { memory, speakers: Speakers::default(), clips: HashMap::new() }
    }

    /// Works until the player says so or is gone.
    pub fn run(mut self) {
        let (tell, told) = channel();
        let lines = tell.clone();
        std::thread::spawn(move || listen(&lines));
        say(&Event::Hello { protocol: VERSION, gstreamer: gstreamer::version_string().to_string() });
        self.serve(&tell, &told);
    }

    fn serve(&mut self, tell: &Sender<Happening>, told: &Receiver<Happening>) {
        let beat = Duration::from_millis(HEARTBEAT_MS);
        let mut next_beat = Instant::now();
        loop {
            let now = Instant::now();
            if now >= next_beat {
                next_beat = now + beat;
                say(&Event::Beat);
                self.clips.values().for_each(Clip::tell_position);
                self.bury();
            }
            match told.recv_timeout(next_beat.saturating_duration_since(now)) {
                Ok(Happening::Told(Command::Quit) | Happening::Alone) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Happening::Told(command)) => self.obey(command, tell),
                Ok(Happening::Settled(id)) => {
                    if let Some(Err(why)) = self.clips.get_mut(&id).map(Clip::settled) {
                        self.give_up(id, Reason::NothingToPlay, why.to_owned());
                    }
                }
                Ok(Happening::Running(id)) => {
                    if let Some(clip) = self.clips.get_mut(&id) {
                        clip.running();
                    }
                }
                Ok(Happening::Ended(id)) => {
                    if let Some(Err(why)) = self.clips.get_mut(&id).map(Clip::ended) {
                        self.give_up(id, Reason::Truncated, why);
                    }
                }
                Ok(Happening::Failed(id, reason, detail)) => self.give_up(id, reason, detail),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn obey(&mut self, command: Command, tell: &Sender<Happening>) {
        match command {
            Command::Prepare(about) => self.prepare(about, tell.clone()),
            Command::Play { id, at_ms, volume } => {
                if let Some(clip) = self.clips.get_mut(&id) {
                    clip.play(at_ms, volume);
                }
            }
            Command::Recycle { id, slot } => {
                if let Some(clip) = self.clips.get(&id) {
                    clip.recycle(slot);
                }
            }
            Command::Stop { id } => {
                // Dropped before it is said: no frame of it is written any more.
                drop(self.clips.remove(&id));
                if self.clips.is_empty() {
                    self.speakers.close_idle();
                }
                say(&Event::Stopped { id });
            }
            Command::Quit => {}
        }
    }

    fn prepare(&mut self, about: Prepare, tell: Sender<Happening>) {
        let id = about.id;
        let heard: Heard = Arc::new(move |message: &gstreamer::Message| {
            if let Some(happening) = meaning(id, message) {
                // The loop is gone when the worker ends.
                let _ = tell.send(happening);
            }
        });
        match Clip::open(about, &self.memory, &self.speakers, heard) {
            Ok(clip) => drop(self.clips.insert(id, clip)),
            Err(error) => say(&Event::Failed { id, reason: Reason::Internal, detail: error.to_string() }),
        }
    }

    fn bury(&mut self) {
        let stillborn: Vec<_> =
            self.clips.iter_mut().filter_map(|(id, clip)| clip.is_stillborn().then_some(*id)).collect();
        for id in stillborn {
            self.give_up(id, Reason::Undecodable, "it gave up opening without saying why".to_owned());
        }
    }

    fn give_up(&mut self, id: ClipId, reason: Reason, detail: String) {
        if let Some(clip) = self.clips.remove(&id) {
            drop(clip);
            say(&Event::Failed { id, reason, detail });
        }
    }
}

fn meaning(id: ClipId, message: &gstreamer::Message) -> Option<Happening> {
    match message.view() {
        MessageView::AsyncDone(_) => Some(Happening::Settled(id)),
        MessageView::Eos(_) => Some(Happening::Ended(id)),
        MessageView::Error(error) => {
            let (reason, detail) = faults::reason(error);
            Some(Happening::Failed(id, reason, detail))
        }
        MessageView::StateChanged(change) if change.current() == State::Playing => {
            let pipeline = change.src().is_some_and(ObjectExt::is::<gstreamer::Pipeline>);
            pipeline.then_some(Happening::Running(id))
        }
        _ => None,
    }
}

/// Reads commands until the player closes its end. What is not understood is not obeyed.
fn listen(tell: &Sender<Happening>) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match serde_json::from_str(&line) {
            Ok(command) => {
                if tell.send(Happening::Told(command)).is_err() {
                    return;
                }
            }
            Err(error) => eprintln!("a line is not understood: {error}"),
        }
    }
    let _ = tell.send(Happening::Alone);
}
