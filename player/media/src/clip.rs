//! One clip or sound: a pipeline that is opened, held at its first frame, started where the wall clock says, and counted.
//!
//! It runs on the system's monotonic clock, with its base time set by hand: "this is where you should be now" needs no
//! luck, and whatever comes too late for its moment is left out instead of dragging everything behind.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

use gstreamer::{Bus, ClockTime, Element, ElementFactory, Pipeline, SeekFlags, State, SystemClock, glib, prelude::*};
use gstreamer_app::AppSink;

use crate::{
    decoders,
    memory::{Easel, Memory},
    protocol::{Decoder, Event, JUMP_FROM_MS, Prepare},
    pulse::Pulse,
    rhythm::Rhythm,
    sinks::{Shown, picture_sink, sound_sink, start_once},
    speaker::{Heard, Speaker, Speakers, say},
};

/// Sound is handed on this much before its moment: as much as devices keep in store, and more.
const SOUND_AHEAD: i64 = 400_000_000;
/// What `playbin` shall do: video 1, audio 2, volume 16.
const VIDEO: u32 = 1;
const AUDIO_AND_VOLUME: u32 = 2 | 16;

/// An opened clip.
pub struct Clip {
    pipeline: Pipeline,
    about: Prepare,
    audible: bool,
    shown: Arc<Mutex<Shown>>,
    speakers: Speakers,
    /// The device, while it plays.
    speaker: Option<Speaker>,
    heard: Heard,
    sound: Option<AppSink>,
    stage: Stage,
    pulse: Pulse,
    /// Told to begin there, then, before it was ready.
    told: Option<(u64, Instant)>,
    decoder: Option<Decoder>,
    /// So many milliseconds of it were presented by a decoder that failed.
    before: u64,
}

/// How far it is.
enum Stage {
    /// Opening.
    Preparing,
    /// Waits for the word.
    Ready,
    /// Jumps to `begin`, where it should have been at this instant, and goes from there.
    Jumping { due: Instant, begin: u64 },
    /// Runs, since this position, which was due at this instant.
    Playing { begin: u64, due: Instant },
    /// Over.
    Ended,
}

impl Clip {
    /// Opens it; the bus's messages go to `heard`.
    pub fn open(about: Prepare, memory: &Memory, speakers: &Speakers, heard: Heard) -> Result<Self, glib::BoolError> {
        let easel = about.picture.map(|area| Easel::new(memory.clone(), area));
        let shown = Arc::new(Mutex::new(Shown {
            easel,
            running: false,
            again: false,
            started: false,
            sequence: 0,
            frames: 0,
            dropped: 0,
            rhythm: Rhythm::default(),
            end: 0,
            voice: None,
        }));
        Self::open_on(about, shown, speakers, heard)
    }

    fn open_on(
        about: Prepare,
        shown: Arc<Mutex<Shown>>,
        speakers: &Speakers,
        heard: Heard,
    ) -> Result<Self, glib::BoolError> {
        let (playbin, sound) = playbin(&about, &shown)?;
        let audible = about.volume.is_some_and(|volume| volume > 0) && speakers.any();
        let pipeline = playbin.downcast::<Pipeline>().map_err(|_| glib::bool_error!("playbin is no pipeline"))?;
        pipeline.use_clock(Some(&SystemClock::obtain()));
        pipeline.set_start_time(ClockTime::NONE);
        let bus: Bus = pipeline.bus().ok_or_else(|| glib::bool_error!("a pipeline without bus"))?;
        let listener = heard.clone();
        bus.set_sync_handler(move |_, message| {
            listener(message);
            gstreamer::BusSyncReply::Drop
        });
        // A failure is also said on the bus, with its reason.
        let _ = pipeline.set_state(State::Paused);
        Ok(Self {
            pipeline,
            about,
            audible,
            shown,
            speakers: speakers.clone(),
            speaker: None,
            heard,
            sound,
            stage: Stage::Preparing,
            pulse: Pulse::default(),
            told: None,
            decoder: None,
            before: 0,
        })
    }

    /// Whether it is the graphics chip that decodes its picture.
    pub fn is_decoded_by_hardware(&self) -> bool {
        // One that fails while it opens was not noted yet.
        let decoder = self.decoder.clone().or_else(|| decoders::of(&self.pipeline));
        decoder.is_some_and(|decoder| decoder.hardware)
    }

    /// The same clip opened again, by whatever decoder comes first now, to go on where it should be when it is ready.
    pub fn again(self, heard: Heard) -> Result<Self, glib::BoolError> {
        let since = |begin: u64, due: Instant| begin + u64::try_from(due.elapsed().as_millis()).unwrap_or(u64::MAX / 2);
        let (about, shown, speakers) = (self.about.clone(), self.shown.clone(), self.speakers.clone());
        let mut before = self.before;
        let told = match self.stage {
            Stage::Playing { begin, due } => {
                before += Shown::lock(&shown).end.saturating_sub(begin);
                Some((since(begin, due), Instant::now()))
            }
            Stage::Jumping { due, begin } => Some((since(begin, due), Instant::now())),
            Stage::Preparing | Stage::Ready | Stage::Ended => self.told,
        };
        // Its streaming threads end here: what they share is free.
        drop(self);
        let mut state = Shown::lock(&shown);
        (state.running, state.voice, state.again) = (false, None, told.is_some());
        drop(state);
        let mut again = Self::open_on(about, shown, &speakers, heard)?;
        (again.told, again.before) = (told, before);
        Ok(again)
    }

    /// Everything that was asked of the pipeline is done: it is open, or where it was to jump.
    pub fn settled(&mut self) -> Result<(), &'static str> {
        match self.stage {
            Stage::Preparing => {
                let (videos, audios) = (self.number("n-video"), self.number("n-audio"));
                if self.about.picture.is_some() && videos < 1 {
                    return Err("there is no picture in it");
                }
                if self.about.picture.is_none() && audios < 1 {
                    return Err("there is no sound in it");
                }
                self.stage = Stage::Ready;
                self.decoder = self.about.picture.and_then(|_| decoders::of(&self.pipeline));
                let decoder = self.decoder.clone();
                say(&Event::Ready { id: self.about.id, audible: self.audible && audios > 0, decoder });
                if let Some((at_ms, then)) = self.told.take() {
                    let since = u64::try_from(then.elapsed().as_millis()).unwrap_or(u64::MAX);
                    self.play(at_ms.saturating_add(since), None);
                }
            }
            Stage::Jumping { due, begin } => self.run(due, begin),
            Stage::Ready | Stage::Playing { .. } | Stage::Ended => {}
        }
        Ok(())
    }

    /// Goes, `at_ms` into the clip being where it should be now.
    pub fn play(&mut self, at_ms: u64, volume: Option<u8>) {
        // What was prepared in silence has no sound to be made louder.
        if let Some(volume) = volume.filter(|_| self.about.volume.is_some()) {
            self.about.volume = Some(volume);
            self.pipeline.set_property("volume", loudness(volume));
        }
        let now = Instant::now();
        if matches!(self.stage, Stage::Preparing) {
            self.told = Some((at_ms, now));
        }
        if !matches!(self.stage, Stage::Ready) {
            return;
        }
        if at_ms < JUMP_FROM_MS {
            let due = now.checked_sub(std::time::Duration::from_millis(at_ms)).unwrap_or(now);
            return self.run(due, 0);
        }
        self.stage = Stage::Jumping { due: now, begin: at_ms };
        let target = ClockTime::from_mseconds(at_ms.min(self.about.duration_ms));
        if self.pipeline.seek_simple(SeekFlags::FLUSH | SeekFlags::ACCURATE, target).is_err() {
            // Shown late from its beginning is better than not at all; the player counts what was presented.
            self.run(now, 0);
        }
    }

    /// Runs from `begin`, which was due at `due`.
    fn run(&mut self, due: Instant, begin: u64) {
        self.stage = Stage::Playing { begin, due };
        let late = ClockTime::from_nseconds(u64::try_from(due.elapsed().as_nanos()).unwrap_or(u64::MAX));
        let base = self.pipeline.pipeline_clock().time().saturating_sub(late);
        self.pipeline.set_base_time(base);
        self.speaker = self.audible.then(|| self.speakers.lend(base, &self.heard)).flatten();
        let mut shown = Shown::lock(&self.shown);
        shown.running = true;
        shown.voice = self.speaker.as_ref().and_then(Speaker::voice);
        drop(shown);
        if let Some(sound) = &self.sound {
            // Not before: playbin sets this to nothing while it opens.
            sound.set_property("ts-offset", -SOUND_AHEAD);
        }
        // A failure is also said on the bus.
        let _ = self.pipeline.set_state(State::Playing);
    }

    /// The pipeline has begun to run: without a picture, this is when it is heard.
    pub fn running(&mut self) {
        if self.about.picture.is_none() && matches!(self.stage, Stage::Playing { .. }) {
            start_once(&mut Shown::lock(&self.shown), &self.about);
        }
    }

    /// Says where it is, if it runs.
    pub fn tell_position(&self) {
        if let Stage::Playing { begin, .. } = self.stage {
            let at_ms = self.position();
            let presented_ms = self.before + at_ms.saturating_sub(begin);
            say(&Event::Position { id: self.about.id, at_ms, presented_ms });
        }
    }

    /// It is still being opened, but nothing in it moves: nobody will say any more what was wrong.
    pub fn is_stillborn(&mut self) -> bool {
        matches!(self.stage, Stage::Preparing) && self.pulse.is_gone(&self.pipeline)
    }

    /// The stream is over. What ends before its time was cut.
    pub fn ended(&mut self) -> Result<(), String> {
        let Stage::Playing { begin, .. } = self.stage else {
            return Err("it ended before it began".to_owned());
        };
        let mut shown = Shown::lock(&self.shown);
        let missing = shown.rhythm.ends(ClockTime::from_mseconds(self.about.duration_ms).nseconds());
        let (end, frames, dropped) = (shown.end, shown.frames, shown.dropped + missing);
        drop(shown);
        if end + crate::protocol::TOLERANCE_MS < self.about.duration_ms {
            return Err(format!("it ended after {end} of {} ms", self.about.duration_ms));
        }
        self.stage = Stage::Ended;
        let presented_ms = self.before + end.saturating_sub(begin);
        say(&Event::Ended { id: self.about.id, presented_ms, frames, dropped });
        Ok(())
    }

    /// The player gives a frame's place back.
    pub fn recycle(&self, slot: u8) {
        if let Some(easel) = &mut Shown::lock(&self.shown).easel {
            easel.recycle(slot);
        }
    }

    fn position(&self) -> u64 {
        self.pipeline.query_position::<ClockTime>().map_or(0, ClockTime::mseconds)
    }

    fn number(&self, property: &str) -> i32 {
        self.pipeline.property::<i32>(property)
    }
}

impl Drop for Clip {
    fn drop(&mut self) {
        // Waits for the streaming threads: afterwards no frame is written any more.
        let _ = self.pipeline.set_state(State::Null);
    }
}

fn playbin(about: &Prepare, shown: &Arc<Mutex<Shown>>) -> Result<(Element, Option<AppSink>), glib::BoolError> {
    let uri = glib::filename_to_uri(Path::new(&about.path), None).map_err(|e| glib::bool_error!("{e}"))?;
    let sound = about.picture.is_none() || about.volume.is_some();
    let flags = if about.picture.is_some() { VIDEO } else { 0 } | if sound { AUDIO_AND_VOLUME } else { 0 };
    let playbin = ElementFactory::make("playbin").property("uri", uri.as_str()).build()?;
    playbin.set_property_from_str("flags", &flags.to_string());
    if let Some(area) = about.picture {
        playbin.set_property("video-sink", picture_sink(about, area, shown)?);
    }
    let sound = sound.then(|| sound_sink(about.picture.is_none(), shown));
    if let Some(sink) = &sound {
        playbin.set_property("audio-sink", sink);
        playbin.set_property("volume", loudness(about.volume.unwrap_or(0)));
    }
    Ok((playbin, sound))
}

/// What `playbin` calls the loudness of so many percent: people hear it as their cube.
fn loudness(percent: u8) -> f64 {
    (f64::from(percent.min(100)) / 100.0).powi(3)
}
