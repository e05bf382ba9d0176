//! Where the streams of a clip end: its frames in memory that the player sees, its sound on the way to the device.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gstreamer::{Bin, Caps, ClockTime, Element, ElementFactory, FlowError, FlowSuccess, GhostPad, glib, prelude::*};
use gstreamer_app::{AppSink, AppSinkCallbacks};

use crate::{
    memory::Easel,
    protocol::{Event, PictureArea, Prepare},
    rhythm::Rhythm,
    speaker::{Voice, say},
};

/// A frame that is this much behind its moment is left out.
const MAX_LATENESS: i64 = 40_000_000;

/// What the streaming threads have seen.
pub struct Shown {
    /// Where frames are painted; none: there is no picture.
    pub easel: Option<Easel>,
    /// Frames before the word are previews, not shown.
    pub running: bool,
    /// It is opened again in the middle: its first frame is no preview of anything.
    pub again: bool,
    /// It was said that it has started.
    pub started: bool,
    /// The newest frame's number.
    pub sequence: u64,
    /// Frames shown.
    pub frames: u64,
    /// Frames left out.
    pub dropped: u64,
    /// Tells which never came.
    pub rhythm: Rhythm,
    /// End of the last frame, or without picture of the last sound, in milliseconds of the clip.
    pub end: u64,
    /// The way to the device, while it plays.
    pub voice: Option<Voice>,
}

impl Shown {
    /// Looks at it.
    pub fn lock(this: &Mutex<Self>) -> MutexGuard<'_, Self> {
        // Nothing in here can be left half-changed by a panic.
        this.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the sound a little before its moment and hands it to the device, if there is one; without one it still takes its
/// time, for its length is what is recorded.
pub fn sound_sink(alone: bool, shown: &Arc<Mutex<Shown>>) -> AppSink {
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
pub fn picture_sink(about: &Prepare, area: PictureArea, shown: &Arc<Mutex<Shown>>) -> Result<Bin, glib::BoolError> {
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
    if shown.again && !shown.running {
        return Ok(FlowSuccess::Ok);
    }
    let Some(easel) = &mut shown.easel else { return Err(FlowError::NotLinked) };
    let painted = easel.paint(&map, stride).map_err(|_| FlowError::Error)?;
    if shown.running {
        let end = end_of(sample);
        shown.end = shown.end.max(end.mseconds());
        let length = buffer.duration().unwrap_or_default();
        let missing = shown.rhythm.comes(end.saturating_sub(length).nseconds(), length.nseconds());
        shown.dropped += missing;
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

/// Says that it has started, once.
pub fn start_once(shown: &mut Shown, about: &Prepare) {
    if !shown.started {
        shown.started = true;
        say(&Event::Started { id: about.id });
    }
}
