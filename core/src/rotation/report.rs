//! How well a loop keeps what was asked.

use super::{
    Demand, Request,
    layout::Layout,
    order::Judge,
    shares::{Shares, millionths},
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
    /// What it asked for.
    pub demand: Demand,
    /// Showings in one round.
    pub plays: u32,
    /// Its part of the loop's airtime in millionths.
    pub share: u32,
    /// What its weight asks for, in millionths of the loop: its part of what guarantees leave. Of a guarantee, what it has.
    pub target: u32,
    /// The longest time from the start of one of its showings to the start of its next, over the seam too; the loop's
    /// length if it has none.
    pub worst_gap: Millis,
}

impl BookingShare {
    /// Showings in an hour of this loop.
    pub fn plays_per_hour(&self, length: Millis) -> f64 {
        f64::from(self.plays) * 3_600_000.0 / f64::from(length.0.max(1))
    }
}

pub(super) fn report(request: &Request, layout: &Layout, order: &[usize]) -> Report {
    let shares = Shares::of(request);
    let mut starts: Vec<Vec<u64>> = vec![Vec::new(); request.parts.len()];
    let mut airtime = vec![0u64; request.parts.len()];
    let mut elapsed = 0;
    for &i in order {
        let entry = &layout.entries[i];
        starts[entry.part].push(elapsed);
        airtime[entry.part] += entry.duration;
        elapsed += entry.duration;
    }
    let guaranteed = |part: usize| matches!(request.parts[part].demand, Demand::Guarantee(_));
    let left: u64 = (0..request.parts.len()).filter(|&p| !guaranteed(p)).map(|p| airtime[p]).sum();
    let of = |part: usize| {
        let showings = &starts[part];
        let within = showings.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        let around = match (showings.first(), showings.last()) {
            (Some(first), Some(last)) => elapsed - last + first,
            _ => elapsed,
        };
        let due = u128::from(left) * u128::from(shares.weights[part]) / u128::from(shares.total_weight.max(1));
        let target = if guaranteed(part) { airtime[part] } else { due as u64 };
        BookingShare {
            booking: request.parts[part].booking,
            demand: request.parts[part].demand,
            plays: showings.len() as u32,
            share: millionths(airtime[part], elapsed) as u32,
            target: millionths(target, elapsed) as u32,
            worst_gap: Millis(within.max(around) as u32),
        }
    };
    Report {
        length: Millis(elapsed as u32),
        bookings: (0..request.parts.len()).map(of).collect(),
        equal_neighbours: Judge::new(layout).cost(order).alike,
    }
}
