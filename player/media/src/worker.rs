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
    decoders, faults,
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
    /// The pipeline of a clip says something, on that attempt at opening it.
    Said(ClipId, Attempt, News),
}

/// What a pipeline says.
enum News {
    /// It finished what it was asked.
    Settled,
    /// It runs.
    Running,
    /// It came to the end of its stream.
    Ended,
    /// It gave up.
    Failed(Reason, String),
}

/// Counts how often a clip was opened: what the pipeline before still has to say concerns nobody.
type Attempt = u32;

/// All clips.
pub struct Worker {
    memory: Memory,
    speakers: Speakers,
    clips: HashMap<ClipId, (Attempt, Clip)>,
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
                self.clips.values().for_each(|(_, clip)| clip.tell_position());
                self.bury();
            }
            match told.recv_timeout(next_beat.saturating_duration_since(now)) {
                Ok(Happening::Told(Command::Quit) | Happening::Alone) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Happening::Told(command)) => self.obey(command, tell),
                Ok(Happening::Said(id, attempt, news)) => self.hear(id, attempt, news, tell),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn hear(&mut self, id: ClipId, attempt: Attempt, news: News, tell: &Sender<Happening>) {
        let Some((_, clip)) = self.clips.get_mut(&id).filter(|(current, _)| *current == attempt) else { return };
        match news {
            News::Settled => {
                if let Err(why) = clip.settled() {
                    self.give_up(id, Reason::NothingToPlay, why.to_owned());
                }
            }
            News::Running => clip.running(),
            News::Ended => {
                if let Err(why) = clip.ended() {
                    self.give_up(id, Reason::Truncated, why);
                }
            }
            // The speaker is not the graphics chip's.
            News::Failed(reason, detail) if reason != Reason::Device && clip.is_decoded_by_hardware() => {
                eprintln!("the graphics chip's decoder failed, the processor takes over: {detail}");
                decoders::avoid_hardware();
                self.open_again(id, attempt + 1, tell);
            }
            News::Failed(reason, detail) => self.give_up(id, reason, detail),
        }
    }

    /// Opens a clip again, to go on where it should be.
    fn open_again(&mut self, id: ClipId, attempt: Attempt, tell: &Sender<Happening>) {
        let Some((_, clip)) = self.clips.remove(&id) else { return };
        match clip.again(listener(id, attempt, tell)) {
            Ok(clip) => drop(self.clips.insert(id, (attempt, clip))),
            Err(error) => say(&Event::Failed { id, reason: Reason::Internal, detail: error.to_string() }),
        }
    }

    fn obey(&mut self, command: Command, tell: &Sender<Happening>) {
        match command {
            Command::Prepare(about) => self.prepare(about, tell),
            Command::Play { id, at_ms, volume } => {
                if let Some((_, clip)) = self.clips.get_mut(&id) {
                    clip.play(at_ms, volume);
                }
            }
            Command::Recycle { id, slot } => {
                if let Some((_, clip)) = self.clips.get(&id) {
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

    fn prepare(&mut self, about: Prepare, tell: &Sender<Happening>) {
        let id = about.id;
        match Clip::open(about, &self.memory, &self.speakers, listener(id, 0, tell)) {
            Ok(clip) => drop(self.clips.insert(id, (0, clip))),
            Err(error) => say(&Event::Failed { id, reason: Reason::Internal, detail: error.to_string() }),
        }
    }

    fn bury(&mut self) {
        let stillborn: Vec<_> =
            self.clips.iter_mut().filter_map(|(id, (_, clip))| clip.is_stillborn().then_some(*id)).collect();
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

/// Brings what a pipeline says into the loop.
fn listener(id: ClipId, attempt: Attempt, tell: &Sender<Happening>) -> Heard {
    let tell = tell.clone();
    Arc::new(move |message: &gstreamer::Message| {
        if let Some(news) = meaning(message) {
            // The loop is gone when the worker ends.
            let _ = tell.send(Happening::Said(id, attempt, news));
        }
    })
}

fn meaning(message: &gstreamer::Message) -> Option<News> {
    match message.view() {
        MessageView::AsyncDone(_) => Some(News::Settled),
        MessageView::Eos(_) => Some(News::Ended),
        MessageView::Error(error) => {
            let (reason, detail) = faults::reason(error);
            Some(News::Failed(reason, detail))
        }
        MessageView::StateChanged(change) if change.current() == State::Playing => {
            let pipeline = change.src().is_some_and(ObjectExt::is::<gstreamer::Pipeline>);
            pipeline.then_some(News::Running)
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
