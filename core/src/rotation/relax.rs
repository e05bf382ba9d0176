//! The smallest change that makes promises keepable: for each booking of a collision, what its guarantee would have to be if
//! it alone gave way. Every relaxation named was arranged, and works.

use super::{Demand, Part, Request, Verdict, arrange};
use crate::{
    campaign::{Guarantee, Milder},
    id::BookingId,
};

/// One booking's guarantee as it would work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relaxation {
    /// Whose.
    pub booking: BookingId,
    /// What it asks for now.
    pub from: Guarantee,
    /// The most that can be kept with everything else as it is.
    pub to: Guarantee,
}

/// For each of these bookings the mildest relaxation of its guarantee with which the request is feasible; the one that
/// gives way least first. Bookings for which no relaxation of theirs alone helps are left out.
pub fn relaxations(request: &Request, colliding: &[BookingId]) -> Vec<Relaxation> {
    let mut found: Vec<(u32, Relaxation)> = Vec::new();
    for (position, part) in request.parts.iter().enumerate() {
        let Demand::Guarantee(from) = part.demand else { continue };
        if !colliding.contains(&part.booking) {
            continue;
        }
        let works = &|to: Guarantee| feasible(request, position, to);
        // Half a guarantee gives way rather than the whole of it.
        let half = [Milder::Often, Milder::Apart]
            .into_iter()
            .filter_map(|what| mildest(from, what, works))
            .min_by_key(|(step, _)| *step);
        if let Some((step, to)) = half.or_else(|| mildest(from, Milder::Both, works)) {
            found.push((step, Relaxation { booking: part.booking, from, to }));
        }
    }
    found.sort_by_key(|(step, relaxation)| (*step, relaxation.booking));
    found.into_iter().map(|(_, relaxation)| relaxation).collect()
}

fn feasible(request: &Request, position: usize, to: Guarantee) -> bool {
    let mut parts: Vec<Part> = request.parts.clone();
    parts[position].demand = Demand::Guarantee(to);
    let relaxed = Request { parts, bounds: request.bounds };
    arrange(&relaxed).verdict == Verdict::Feasible
}

/// The first of the ever milder guarantees that works, by halving; with how far down the ladder it is, in thousandths.
fn mildest(from: Guarantee, what: Milder, works: &dyn Fn(Guarantee) -> bool) -> Option<(u32, Guarantee)> {
    let ladder = from.milder(what);
    let last = *ladder.last()?;
    if !works(last) {
        return None;
    }
    let (mut fails, mut good) = (None, ladder.len() - 1);
    loop {
        let low = fails.map_or(0, |fails: usize| fails + 1);
        if low >= good {
            break;
        }
        let middle = low + (good - low) / 2;
        if works(ladder[middle]) { good = middle } else { fails = Some(middle) }
    }
    Some((from.distance(ladder[good]), ladder[good]))
}
