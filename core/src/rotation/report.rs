//! How well a loop keeps what was asked.

use super::{
    counts::{Shares, millionths},
    order::conflicts,
};
use crate::{id::BookingId, time::Millis};

/// A loop's qualities, for the planner's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One round.
    pub length: Millis,
    /// Each booking's part, in the order of the request.
    pub bookings: Vec<BookingShare>,
    /// Neighbouring slots (last and first included) of one fraud type that could not be parted.
    pub equal_neighbours: u32,
}

/// What one booking gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingShare {
    /// Which.
    pub booking: BookingId,
    /// Showings in one round.
    pub plays: u32,
    /// Its part of the airtime in millionths.
    pub share: u32,
    /// What its weight asks for, in millionths.
    pub target: u32,
    /// The longest time from the end of one of its showings to the start of its next, over the seam too.
    pub worst_gap: Millis,
}

impl BookingShare {
    /// Showings in an hour of this loop.
    pub fn plays_per_hour(&self, length: Millis) -> f64 {
        f64::from(self.plays) * 3_600_000.0 / f64::from(length.0.max(1))
    }
}

pub(super) fn report(shares: &Shares, order: &[usize]) -> Report {
    let mut starts = Vec::with_capacity(order.len());
    let mut elapsed = 0u64;
    for &i in order {
        starts.push(elapsed);
        elapsed += u64::from(shares.entries[i].duration.0);
    }
    let length = elapsed;
    let share_of = |(part, (booking, weight)): (usize, &(BookingId, u64))| {
        let showings: Vec<(u64, u64)> = order
            .iter()
            .zip(&starts)
            .filter(|(i, _)| shares.entries[**i].part == part)
            .map(|(i, start)| (*start, start + u64::from(shares.entries[*i].duration.0)))
            .collect();
        let airtime = showings.iter().map(|(start, end)| end - start).sum();
        let within = showings.windows(2).map(|pair| pair[1].0 - pair[0].1).max().unwrap_or(0);
        let around = match (showings.first(), showings.last()) {
            (Some(first), Some(last)) => length - last.1 + first.0,
            _ => length,
        };
        BookingShare {
            booking: *booking,
            plays: showings.len() as u32,
            share: millionths(airtime, length) as u32,
            target: millionths(*weight, shares.total_weight) as u32,
            worst_gap: Millis(within.max(around) as u32),
        }
    };
    Report {
        length: Millis(length as u32),
        bookings: shares.parts.iter().enumerate().map(share_of).collect(),
        equal_neighbours: conflicts(shares, order).0 as u32,
    }
}
