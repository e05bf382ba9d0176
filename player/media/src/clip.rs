//! One clip or sound: a pipeline that is opened, held at its first frame, started where the wall clock says, and counted.
//!
//! It runs on the system's monotonic clock, with its base time set by hand: "this is where you should be now" needs no
//! luck, and whatever comes too late for its moment is left out instead of dragging everything behind.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use gstreamer::{
    Bin, Bus, Caps, ClockTime, Element, ElementFactory, FlowError, FlowSuccess, GhostPad, Pipeline, SeekFlags, State,
    SystemClock, glib, prelude::*,
};
use gstreamer_app::{AppSink, AppSinkCallbacks};

use crate::{
    memory::{Easel, Memory},
    protocol::{Event, JUMP_FROM_MS, PictureArea, Prepare},
    pulse::Pulse,
    speaker::{Heard, Speaker, Speakers, Voice, say},
};

/// A frame that is this much behind its moment is left out.
const MAX_LATENESS: i64 = 40_000_000;
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
}

/// How far it is.
enum Stage {
    /// Opening.
    Preparing,
    /// Waits for the word.
    Ready,
    /// Jumps to `begin`, where it should have been at this instant, and goes from there.
    Jumping { due: Instant, begin: u64 },
    /// Runs, since this position.
    Playing { begin: u64 },
    /// Over.
    Ended,
}

/// What the streaming threads have seen.
struct Shown {
    easel: Option<Easel>,
    /// Frames before the word are previews, not shown.
    running: bool,
    started: bool,
    sequence: u64,
    frames: u64,
    dropped: u64,
    /// End of the last frame, or without picture of the last sound, in milliseconds of the clip.
    end: u64,
    /// The way to the device, while it plays.
    voice: Option<Voice>,
}

impl Shown {
    fn lock(this: &Mutex<Self>) -> MutexGuard<'_, Self> {
        // Nothing in here can be left half-changed by a panic.
        this.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clip {
    /// Opens it; the bus's messages go to `heard`.
    pub fn open(about: Prepare, memory: &Memory, speakers: &Speakers, heard: Heard) -> Result<Self, glib::BoolError> {
        let easel = about.picture.map(|area| Easel::new(memory.clone(), area));
        let shown = Arc::new(Mutex::new(Shown {
            easel,
            running: false,
            started: false,
            sequence: 0,
            frames: 0,
            dropped: 0,
            end: 0,
            voice: None,
        }));
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
        })
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
                say(&Event::Ready { id: self.about.id, audible: self.audible && audios > 0 });
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
        self.stage = Stage::Playing { begin };
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
        if let Stage::Playing { begin } = self.stage {
            let at_ms = self.position();
            say(&Event::Position { id: self.about.id, at_ms, presented_ms: at_ms.saturating_sub(begin) });
        }
    }

    /// It is still being opened, but nothing in it moves: nobody will say any more what was wrong.
    pub fn is_stillborn(&mut self) -> bool {
        matches!(self.stage, Stage::Preparing) && self.pulse.is_gone(&self.pipeline)
    }

    /// The stream is over. What ends before its time was cut.
    pub fn ended(&mut self) -> Result<(), String> {
        let Stage::Playing { begin } = self.stage else {
            return Err("it ended before it began".to_owned());
        };
        let shown = Shown::lock(&self.shown);
        let (end, frames, dropped) = (shown.end, shown.frames, shown.dropped);
        drop(shown);
        if end + crate::protocol::TOLERANCE_MS < self.about.duration_ms {
            return Err(format!("it ended after {end} of {} ms", self.about.duration_ms));
        }
        self.stage = Stage::Ended;
        say(&Event::Ended { id: self.about.id, presented_ms: end.saturating_sub(begin), frames, dropped });
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

/// Takes the sound a little before its moment and hands it to the device, if there is one; without one it still takes its
/// time, for its length is what is recorded.
fn sound_sink(alone: bool, shown: &Arc<Mutex<Shown>>) -> AppSink {
    let sink = AppSink::builder().caps(&Caps::builder("audio/x-raw").build()).sync(true).max_buffers(8).build();
    let shown = shown.clone();
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| FlowError::Eos)?;
                let mut shown = Shown::lock(&shown);
                if alone && shown.running {
                    shown.end = shown.end.max(end_of(&sample).mseconds());
                }
                let voice = shown.voice.clone();
                drop(shown);
                if let Some(voice) = voice {
                    voice.say(&sample);
                }
                Ok(FlowSuccess::Ok)
            })
            .build(),
    );
    sink
}

/// Where in the clip a sample ends.
fn end_of(sample: &gstreamer::Sample) -> ClockTime {
    let Some(buffer) = sample.buffer() else { return ClockTime::ZERO };
    let pts = buffer.pts().unwrap_or_default();
    let stream = sample.segment().and_then(|s| s.downcast_ref::<ClockTime>().and_then(|s| s.to_stream_time(pts)));
    stream.unwrap_or(pts) + buffer.duration().unwrap_or_default()
}

/// Scales into the area, with black borders where the shapes differ, and takes the frames.
fn picture_sink(about: &Prepare, area: PictureArea, shown: &Arc<Mutex<Shown>>) -> Result<Bin, glib::BoolError> {
    let scale = ElementFactory::make("videoconvertscale").property("add-borders", true).build()?;
    let caps = Caps::builder("video/x-raw")
        .field("format", "BGRx")
        .field("width", i32::try_from(area.width).unwrap_or(i32::MAX))
        .field("height", i32::try_from(area.height).unwrap_or(i32::MAX))
        .field("pixel-aspect-ratio", gstreamer::Fraction::new(1, 1))
        .build();
    let sink = AppSink::builder().caps(&caps).sync(true).max_buffers(2).build();
    sink.set_property("max-lateness", MAX_LATENESS);
    sink.set_property("qos", true);
    let (preview, frame) = (shown.clone(), shown.clone());
    let (preview_of, frame_of) = (about.clone(), about.clone());
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_preroll(move |sink| take(&sink.pull_preroll().map_err(|_| FlowError::Eos)?, &preview, &preview_of))
            .new_sample(move |sink| take(&sink.pull_sample().map_err(|_| FlowError::Eos)?, &frame, &frame_of))
            .build(),
    );
    let bin = Bin::new();
    let sink: Element = sink.upcast();
    bin.add_many([&scale, &sink])?;
    scale.link(&sink)?;
    let pad = scale.static_pad("sink").ok_or_else(|| glib::bool_error!("a converter without entry"))?;
    bin.add_pad(&GhostPad::with_target(&pad)?)?;
    Ok(bin)
}

/// A frame has come to its moment.
fn take(sample: &gstreamer::Sample, shown: &Mutex<Shown>, about: &Prepare) -> Result<FlowSuccess, FlowError> {
    let mut shown = Shown::lock(shown);
    let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps()) else { return Err(FlowError::Error) };
    let info = gstreamer_video::VideoInfo::from_caps(caps).map_err(|_| FlowError::NotNegotiated)?;
    let map = buffer.map_readable().map_err(|_| FlowError::Error)?;
    let stride = usize::try_from(info.stride()[0]).map_err(|_| FlowError::NotNegotiated)?;
    let Some(easel) = &mut shown.easel else { return Err(FlowError::NotLinked) };
    let painted = easel.paint(&map, stride).map_err(|_| FlowError::Error)?;
    if shown.running {
        shown.end = shown.end.max(end_of(sample).mseconds());
        match painted {
            Some(_) => shown.frames += 1,
            None => shown.dropped += 1,
        }
    }
    if let Some(slot) = painted {
        shown.sequence += 1;
        say(&Event::Frame { id: about.id, slot, sequence: shown.sequence });
    }
    if shown.running {
        start_once(&mut shown, about);
    }
    Ok(FlowSuccess::Ok)
}

fn start_once(shown: &mut Shown, about: &Prepare) {
    if !shown.started {
        shown.started = true;
        say(&Event::Started { id: about.id });
    }
}
