//! What an event asked for: each item once in its zone, above the loops and below takeovers.

use std::collections::VecDeque;

use xuanping_core::{
    digest::Digest,
    id::ShowId,
    playlist::{Item, Playlist},
    time::UtcMillis,
};

use super::showing::{Cause, Planned};
use crate::clock::Moment;

/// An item that is not ready is waited for so long before the next has its turn, in milliseconds.
const READY: u64 = 10_000;
/// How often it is looked whether it is up, in milliseconds.
const LOOK: u64 = 200;

/// The items that wait for their turn in a zone, and the one that has it.
#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<Inserted>);

#[derive(Debug)]
struct Inserted {
    item: Item,
    playlist: Digest,
    show: ShowId,
    asked: Moment,
    turn: Option<Moment>,
}

impl Queue {
    /// These shall be shown.
    pub(super) fn add<'a>(
        &mut self,
        items: impl IntoIterator<Item = &'a Item>,
        playlist: Digest,
        show: ShowId,
        asked: Moment,
    ) {
        let inserted = |item: &Item| Inserted { item: item.clone(), playlist, show, asked, turn: None };
        self.0.extend(items.into_iter().map(inserted));
    }

    /// Nothing of it shall be shown any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Something above it has the wall: what was cut short is shown anew, whole.
    pub(super) fn wait(&mut self) {
        if let Some(first) = self.0.front_mut() {
            first.turn = None;
        }
    }

    /// Whose turn it is, and until when; `up`: since when what has the turn is on the wall. What waited too long is left
    /// out: the film has begun.
    pub(super) fn turn(&mut self, up: Option<Moment>, now: Moment) -> Option<(Planned, UtcMillis)> {
        let mut up = up;
        loop {
            let first = self.0.front_mut()?;
            let Some(begun) = first.turn else {
                if now.since(first.asked) > Playlist::EVENT_PATIENCE {
                    self.0.pop_front();
                } else {
                    first.turn = Some(now);
                    up = None;
                }
                continue;
            };
            let lasts = u64::from(first.item.duration.0);
            let end = up.map_or(begun.monotonic + lasts.max(READY), |since| since.monotonic + lasts);
            if now.monotonic < end {
                let (item, cause) = (first.item.clone(), Cause::Event(first.show));
                let planned = Planned::Play { item, cause, playlist: Some(first.playlist), start: begun.wall };
                // What is not up yet ends later than it seems: only once it is up, its end is known.
                let wake = up.map_or(end.min(now.monotonic + LOOK), |_| end);
                return Some((planned, now.wall.plus((wake - now.monotonic) as i64)));
            }
            self.0.pop_front();
            up = None;
        }
    }

    /// What comes after the one that has its turn.
    pub(super) fn next(&self) -> Option<&Item> {
        self.0.iter().find(|inserted| inserted.turn.is_none()).map(|inserted| &inserted.item)
    }

    /// Everything in it.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.iter().map(|inserted| &inserted.item)
    }
}
