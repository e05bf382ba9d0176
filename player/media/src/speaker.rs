//! Where sound goes: to the device there is, which is opened once and lent to whoever plays. And how the worker speaks to
//! the player.
//!
//! A clip does not hold the device while it waits for its turn: many a sound server lets the time of a stream run although
//! it waits, and what is played into it after a minute's wait comes a minute late, or never. And a device that only one may
//! open at a time would leave the next clip mute. So the stream into the device begins with the clip, by the same clock
//! and from the same instant as the picture, and ends with it.

use std::{
    cell::{Cell, RefCell},
    io::Write as _,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

use gstreamer::{
    Buffer, ChildProxy, ClockTime, Element, ElementFactory, Format, Message, MessageView, Pipeline, Sample, State,
    SystemClock,
    glib::{self, BoolError},
    prelude::*,
};
use gstreamer_app::AppSrc;

use crate::protocol::Event;

/// Whoever wants to know what goes wrong.
pub type Heard = Arc<dyn Fn(&Message) + Send + Sync>;

/// The machine's devices: those that nobody plays through now, and how many are lent.
#[derive(Clone, Default)]
pub struct Speakers {
    idle: Rc<RefCell<Vec<Stream>>>,
    lent: Rc<Cell<usize>>,
}

impl Speakers {
    /// Whether somebody would hear what is played; opens the device if none is open.
    pub fn any(&self) -> bool {
        if self.lent.get() > 0 || !self.idle.borrow().is_empty() {
            return true;
        }
        let stream = Stream::open();
        self.idle.borrow_mut().extend(stream);
        !self.idle.borrow().is_empty()
    }

    /// Begins to play what [`Voice`] will be given: its running time is counted from `base` on the system's clock.
    pub fn lend(&self, base: ClockTime, heard: &Heard) -> Option<Speaker> {
        let idle = self.idle.borrow_mut().pop();
        let stream = idle.or_else(Stream::open)?;
        self.lent.set(self.lent.get() + 1);
        stream.begin(base, heard);
        Some(Speaker { stream: Some(stream), from: self.clone() })
    }

    /// Closes what nobody needs any more.
    pub fn close_idle(&self) {
        self.idle.borrow_mut().clear();
    }
}

/// A device, lent; given back when dropped.
pub struct Speaker {
    stream: Option<Stream>,
    from: Speakers,
}

impl Speaker {
    /// What may be spoken into from the streaming threads.
    pub fn voice(&self) -> Option<Voice> {
        self.stream.as_ref().map(|stream| Voice(stream.source.clone()))
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.from.lent.set(self.from.lent.get().saturating_sub(1));
        // A device that failed is not lent again.
        if let Some(stream) = self.stream.take().filter(Stream::end) {
            self.from.idle.borrow_mut().push(stream);
        }
    }
}

/// The way into a device.
#[derive(Clone)]
pub struct Voice(AppSrc);

impl Voice {
    /// Says these samples at their running time.
    pub fn say(&self, sample: &Sample) {
        let (Some(buffer), Some(caps)) = (sample.buffer(), sample.caps_owned()) else { return };
        let Some(segment) = sample.segment().and_then(|s| s.downcast_ref::<ClockTime>()) else { return };
        let Some(at) = buffer.pts().and_then(|pts| segment.to_running_time(pts)) else { return };
        let mut timed: Buffer = buffer.copy();
        // Just copied: nobody else has it.
        if let Some(timed) = timed.get_mut() {
            timed.set_pts(at);
        }
        // Refused by a stream that has ended: then nobody listens.
        let _ = self.0.push_sample(&Sample::builder().buffer(&timed).caps(&caps).build());
    }
}

/// A pipeline from the worker's hand into an open device.
struct Stream {
    pipeline: Pipeline,
    source: AppSrc,
    heard: Arc<Mutex<Option<Heard>>>,
}

impl Stream {
    fn open() -> Option<Self> {
        let sink = device()?;
        Self::into(&sink).inspect_err(|error| eprintln!("the sound device cannot be used: {error}")).ok()
    }

    fn into(sink: &Element) -> Result<Self, BoolError> {
        let source = AppSrc::builder().format(Format::Time).max_bytes(0).build();
        let convert = ElementFactory::make("audioconvert").build()?;
        let resample = ElementFactory::make("audioresample").build()?;
        let pipeline = Pipeline::new();
        pipeline.add_many([source.upcast_ref(), &convert, &resample, sink])?;
        Element::link_many([source.upcast_ref(), &convert, &resample, sink])?;
        pipeline.use_clock(Some(&SystemClock::obtain()));
        pipeline.set_start_time(ClockTime::NONE);
        let heard = Arc::new(Mutex::new(None::<Heard>));
        let bus = pipeline.bus().ok_or_else(|| glib::bool_error!("a pipeline without bus"))?;
        let listens = heard.clone();
        bus.set_sync_handler(move |_, message| {
            let listener = listens.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let (MessageView::Error(_), Some(listener)) = (message.view(), listener) {
                listener(message);
            }
            gstreamer::BusSyncReply::Drop
        });
        pipeline.set_state(State::Ready).map_err(|e| glib::bool_error!("{e}"))?;
        Ok(Self { pipeline, source, heard })
    }

    fn begin(&self, base: ClockTime, heard: &Heard) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard.clone());
        self.pipeline.set_base_time(base);
        // A failure is also said on the bus.
        let _ = self.pipeline.set_state(State::Playing);
    }

    /// Falls silent at once. Whether the device may be used again.
    fn end(&self) -> bool {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.pipeline.set_state(State::Ready).is_ok()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(State::Null);
    }
}

/// The device, opened, if there is one. `autoaudiosink` takes a fakesink when it finds none, which is no device.
fn device() -> Option<Element> {
    let element = ElementFactory::make("autoaudiosink").build().ok()?;
    let opened = element.set_state(State::Ready).is_ok();
    let real = element.dynamic_cast_ref::<ChildProxy>().is_some_and(|proxy| {
        (0..proxy.children_count()).filter_map(|n| proxy.child_by_index(n)).any(|child| {
            let factory = child.downcast_ref::<Element>().and_then(Element::factory);
            factory.is_some_and(|f| f.name() != "fakesink")
        })
    });
    if opened && real {
        return Some(element);
    }
    let _ = element.set_state(State::Null);
    None
}

/// Says something to the player, whole and at once, from whichever thread.
pub fn say(event: &Event) {
    let Ok(mut line) = serde_json::to_vec(event) else { return };
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    // Nobody listens any more: the player is gone, and so are we, a moment later.
    let _ = out.write_all(&line).and_then(|()| out.flush());
}
