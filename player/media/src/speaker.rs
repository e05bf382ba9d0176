//! Where sound goes: to the device there is, or nowhere in real time. And how the worker speaks to the player.

use std::io::Write as _;

use gstreamer::{ChildProxy, Element, ElementFactory, State, glib::BoolError, prelude::*};

use crate::protocol::Event;

/// A sink for sound, and whether anybody will hear it.
pub struct Sink {
    /// The element.
    pub element: Element,
    /// It is a real device.
    pub audible: bool,
}

/// Finds the sound device. Without one sound still takes its time: its length is what is recorded.
pub fn sink() -> Result<Sink, BoolError> {
    if let Some(element) = device() {
        return Ok(Sink { element, audible: true });
    }
    let element = ElementFactory::make("fakesink").property("sync", true).build()?;
    Ok(Sink { element, audible: false })
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
