//! Finished plays that the disk does not take yet, in as little memory as they need: what they showed is kept once, and
//! each of them as its bytes.

use std::collections::{HashMap, VecDeque};

use xuanping_core::playlog::{ItemRef, Play};

use super::record::{Entry, PlayKey};

/// Plays kept at most: more than a month of ten-second posters, in some thirty megabytes.
pub const LIMIT: usize = 400_000;

/// The plays, oldest first.
#[derive(Debug, Default)]
pub struct Backlog {
    items: Vec<ItemRef>,
    places: HashMap<ItemRef, u32>,
    plays: VecDeque<(PlayKey, u32, Box<[u8]>)>,
    lost: u64,
}

impl Backlog {
    /// Adds the newest. Beyond [`LIMIT`] the oldest is lost, and counted.
    pub fn push(&mut self, key: PlayKey, entry: &Entry) {
        if self.plays.len() >= LIMIT {
            self.plays.pop_front();
            self.lost += 1;
        }
        let items = &mut self.items;
        let place = *self.places.entry(entry.item).or_insert_with(|| {
            items.push(entry.item);
            items.len() as u32 - 1
        });
        // Encoding into memory cannot fail: the writer's error type is uninhabited.
        let bytes = minicbor::to_vec(&entry.play).unwrap_or_default();
        self.plays.push_back((key, place, bytes.into_boxed_slice()));
    }

    /// The oldest.
    pub fn front(&self) -> Option<(PlayKey, Entry)> {
        let (key, place, bytes) = self.plays.front()?;
        let play: Play = minicbor::decode(bytes).ok()?;
        Some((*key, Entry { item: *self.items.get(*place as usize)?, play }))
    }

    /// The oldest is on disk.
    pub fn pop(&mut self) {
        self.plays.pop_front();
        if self.plays.is_empty() {
            *self = Self { lost: self.lost, ..Self::default() };
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.plays.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.plays.is_empty()
    }

    /// How many were lost because there was no more room even here.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}
