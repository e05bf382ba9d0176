//! A zone's dayparts unrolled into showings, by adding up slot after slot.

use crate::{
    playlist::{Daypart, Playlist, ZoneProgramme},
    time::{UtcInterval, UtcMillis},
};

/// One showing that a playlist prescribes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Showing {
    pub time: UtcInterval,
    /// Position in the playlist's items.
    pub item: u32,
}

/// Every showing of a zone in its horizon, ascending.
pub(super) fn unrolled(playlist: &Playlist, zone: &ZoneProgramme) -> Vec<Showing> {
    let mut all = Vec::new();
    for part in zone.days.iter().flat_map(|day| &day.dayparts) {
        let Some(looped) = playlist.loops.get(part.looped as usize) else { continue };
        if looped.slots.iter().all(|slot| slot.duration.0 == 0) {
            continue;
        }
        let mut at = part.start;
        'part: loop {
            for slot in &looped.slots {
                let end = UtcMillis(at.0 + i64::from(slot.duration.0));
                if end > part.end {
                    break 'part;
                }
                all.push(Showing { time: UtcInterval { start: at, end }, item: slot.item });
                at = end;
            }
        }
    }
    all
}

/// Each daypart with the unbroken time around it in which something plays.
pub(super) fn blocks(zone: &ZoneProgramme) -> Vec<(Daypart, UtcInterval)> {
    let parts: Vec<Daypart> = zone.days.iter().flat_map(|day| day.dayparts.iter().copied()).collect();
    let around = |part: &Daypart| {
        let mut block = UtcInterval { start: part.start, end: part.end };
        for other in parts.iter().filter(|other| other.start >= part.end) {
            if other.start == block.end {
                block.end = other.end;
            }
        }
        for other in parts.iter().rev().filter(|other| other.end <= part.start) {
            if other.end == block.start {
                block.start = other.start;
            }
        }
        (*part, block)
    };
    parts.iter().map(around).collect()
}
