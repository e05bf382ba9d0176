//! What GStreamer's errors mean to a player: is it the file, or is it this machine?

use gstreamer::{CoreError, ResourceError, StreamError, glib, message, prelude::*};

use crate::protocol::Reason;

/// Why a pipeline gave up.
pub fn reason(error: &message::Error) -> (Reason, String) {
    let fault = error.error();
    let from_sink = error.src().is_some_and(|src| {
        let element = src.downcast_ref::<gstreamer::Element>();
        element.is_some_and(|e| e.element_flags().contains(gstreamer::ElementFlags::SINK))
    });
    (of(&fault, from_sink), format!("{fault} ({})", error.debug().unwrap_or_default()))
}

fn of(fault: &glib::Error, from_sink: bool) -> Reason {
    if let Some(stream) = fault.kind::<StreamError>() {
        return match stream {
            StreamError::CodecNotFound => Reason::NoDecoder,
            _ => Reason::Undecodable,
        };
    }
    if fault.kind::<ResourceError>().is_some() {
        return if from_sink { Reason::Device } else { Reason::Unreadable };
    }
    match fault.kind::<CoreError>() {
        Some(CoreError::MissingPlugin) => Reason::NoDecoder,
        _ => Reason::Internal,
    }
}
