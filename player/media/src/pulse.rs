//! Whether anything in a pipeline still runs. An opening pipeline in which nothing does will never be open.
//!
//! decodebin holds back the errors of an element that it is just plugging. A demuxer that gives up so early, as one does
//! over a file cut before its index, is then heard by nobody: its task ends, no pad ever comes, and the pipeline waits
//! for ever without a word. On a machine with one core that is every third time.

use gstreamer::{Bin, TaskState, prelude::*};

/// Beats without any running task before an opening pipeline is given up: between two tasks there are moments.
const BEATS: u32 = 5;

/// Feels for a pulse, beat by beat.
#[derive(Default)]
pub struct Pulse {
    without: u32,
}

impl Pulse {
    /// Feels once more: `true` when there has been none for as long as nothing takes.
    pub fn is_gone(&mut self, pipeline: &impl IsA<Bin>) -> bool {
        self.without = if beats(pipeline) { 0 } else { self.without + 1 };
        self.without >= BEATS
    }
}

/// Some pad of some element has a running task.
fn beats(pipeline: &impl IsA<Bin>) -> bool {
    let runs = |element: &gstreamer::Element| element.pads().iter().any(|pad| pad.task_state() == TaskState::Started);
    // Elements come and go while it is being looked at: what cannot be read right now is alive.
    pipeline.iterate_recurse().into_iter().any(|element| element.map_or(true, |element| runs(&element)))
}
