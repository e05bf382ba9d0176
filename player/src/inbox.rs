//! How the other threads reach the loop: a bounded queue of events, and a nudge for a loop that sleeps.

use std::sync::{
    Arc,
    mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

use crate::event::Event;

/// Wakes the thread that runs the loop.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Where events are put; copies lead to the same loop.
#[derive(Clone)]
pub struct Inbox {
    queue: SyncSender<Event>,
    wake: Waker,
}

/// Events that wait at most; a sender then waits too. The loop empties the queue many times a second.
const LENGTH: usize = 1_024;

impl Inbox {
    /// An inbox, and the end that the loop reads.
    pub fn new(wake: Waker) -> (Self, Receiver<Event>) {
        let (queue, events) = sync_channel(LENGTH);
        (Self { queue, wake }, events)
    }

    /// What wakes the loop without an event.
    pub fn waker(&self) -> Waker {
        self.wake.clone()
    }

    /// Puts an event into the queue. When the loop has ended, nothing happens: there is nobody left to tell.
    pub fn send(&self, event: Event) {
        if let Err(TrySendError::Full(event)) = self.queue.try_send(event) {
            (self.wake)();
            let _ = self.queue.send(event);
        }
        (self.wake)();
    }
}
