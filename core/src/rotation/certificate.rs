//! Proofs that promises cannot be kept, cheapest first: too much time promised, a showing too long for a gap, or every way
//! looked at. Each holds the figures, so that [`plan_check`](crate::plan_check) can verify it without trusting us.

use super::{
    Demand, Part, Request,
    exhaust::{self, Task},
    layout::promises,
};
use crate::{id::BookingId, time::Millis};

/// Why no loop whatsoever can keep all promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// The guarantees need more time than there is.
    TooMuch {
        /// What each needs. Only bookings that are part of the collision.
        needs: Vec<Need>,
        /// What they need together, in percent of the time there is, rounded up: always above 100.
        percent: u32,
    },
    /// A creative of a booking lasts longer than the booking's own gap.
    LongerThanGap {
        /// Whose.
        booking: BookingId,
        /// From start to start.
        gap: Millis,
        /// Its longest showing.
        longest: Millis,
    },
    /// Between two showings of `tight` there is no room for one of `long`, which has to be shown too.
    NoRoomBetween {
        /// The booking that is to begin again within `gap`.
        tight: BookingId,
        /// From start to start.
        gap: Millis,
        /// Its own shortest showing.
        own: Millis,
        /// The booking that does not fit in between.
        long: BookingId,
        /// Its longest showing.
        longest: Millis,
    },
    /// Each of these fits, all together do not: every way was looked at.
    NoWay {
        /// Booking, its shortest showing and its gap, from start to start.
        tasks: Vec<(BookingId, Millis, Millis)>,
        /// How many states were looked at.
        states: usize,
    },
}

/// What one guarantee needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Whose.
    pub booking: BookingId,
    /// At least so many showings…
    pub starts: u32,
    /// …in any stretch of so long…
    pub within: Millis,
    /// …of so long each, on average over its creatives.
    pub length: Millis,
    /// Its part of the time, in percent, rounded to the nearest.
    pub percent: u32,
}

impl Certificate {
    /// The bookings that collide.
    pub fn colliding(&self) -> Vec<BookingId> {
        match self {
            Self::TooMuch { needs, .. } => needs.iter().map(|need| need.booking).collect(),
            Self::LongerThanGap { booking, .. } => vec![*booking],
            Self::NoRoomBetween { tight, long, .. } => vec![*tight, *long],
            Self::NoWay { tasks, .. } => tasks.iter().map(|(booking, ..)| *booking).collect(),
        }
    }
}

/// The cheapest proof there is, if any.
pub(super) fn find(request: &Request) -> Option<Certificate> {
    too_much(request).or_else(|| no_room_between(request)).or_else(|| no_way(request))
}

/// Scale of exact fractions of the time: percent with nine digits more.
const WHOLE: u128 = 100_000_000_000;

fn too_much(request: &Request) -> Option<Certificate> {
    let mut needs: Vec<(u128, Need)> = request.parts.iter().filter_map(need).collect();
    let total: u128 = needs.iter().map(|(part, _)| part).sum();
    if total <= WHOLE {
        return None;
    }
    // Those that need most, until they alone are too much.
    needs.sort_by_key(|(part, need)| (std::cmp::Reverse(*part), need.booking));
    let mut sum = 0;
    let enough = needs.iter().position(|(part, _)| {
        sum += part;
        sum > WHOLE
    });
    needs.truncate(enough.map_or(needs.len(), |last| last + 1));
    let percent = sum.div_ceil(WHOLE / 100) as u32;
    Some(Certificate::TooMuch { needs: needs.into_iter().map(|(_, need)| need).collect(), percent })
}

/// A guarantee's part of the time: creatives take turns, so over time each showing takes their mean.
fn need(part: &Part) -> Option<(u128, Need)> {
    let mean = u64::from(mean_length(part).0);
    let fraction = |starts: u32, within: u64| WHOLE * u128::from(starts) * u128::from(mean) / u128::from(within);
    let promise = promises(part).into_iter().max_by_key(|p| fraction(p.starts, p.within))?;
    let taken = fraction(promise.starts, promise.within);
    let need = Need {
        booking: part.booking,
        starts: promise.starts,
        within: Millis(promise.within as u32),
        length: Millis(mean as u32),
        percent: (taken * 100 / WHOLE) as u32 + u32::from(taken * 100 % WHOLE * 2 >= WHOLE),
    };
    Some((taken, need))
}

fn mean_length(part: &Part) -> Millis {
    let sum: u64 = part.entries.iter().map(|e| u64::from(e.duration.0)).sum();
    Millis((sum / part.entries.len() as u64) as u32)
}

fn shortest(part: &Part) -> Millis {
    part.entries.iter().map(|e| e.duration).min().unwrap_or(Millis(0))
}

fn longest(part: &Part) -> Millis {
    part.entries.iter().map(|e| e.duration).max().unwrap_or(Millis(0))
}

fn gap_of(part: &Part) -> Option<Millis> {
    // Once in an hour is a gap of an hour.
    promises(part).into_iter().filter(|p| p.starts == 1).map(|p| Millis(p.within as u32)).min()
}

fn no_room_between(request: &Request) -> Option<Certificate> {
    for part in &request.parts {
        let longest = longest(part);
        if let Some(gap) = gap_of(part).filter(|gap| longest > *gap) {
            return Some(Certificate::LongerThanGap { booking: part.booking, gap, longest });
        }
    }
    for tight in &request.parts {
        let Some(gap) = gap_of(tight) else { continue };
        let own = shortest(tight);
        for other in request.parts.iter().filter(|p| p.booking != tight.booking && has_to_be_shown(p, request)) {
            let longest = longest(other);
            if u64::from(gap.0) < u64::from(own.0) + u64::from(longest.0) {
                let (tight, long) = (tight.booking, other.booking);
                return Some(Certificate::NoRoomBetween { tight, gap, own, long, longest });
            }
        }
    }
    None
}

/// Fillers do not have to where shares play.
fn has_to_be_shown(part: &Part, request: &Request) -> bool {
    part.demand != Demand::Filler || !request.parts.iter().any(|p| matches!(p.demand, Demand::Share(_)))
}

fn no_way(request: &Request) -> Option<Certificate> {
    let mut tasks: Vec<(BookingId, Millis, Millis)> =
        request.parts.iter().filter_map(|part| Some((part.booking, shortest(part), gap_of(part)?))).collect();
    // The tightest alone decide; more than a few are too many ways to look at.
    tasks.sort_by_key(|(booking, length, gap)| (u64::from(gap.0) / u64::from(length.0).max(1), *booking));
    for few in 2..=tasks.len().min(5) {
        let of = |(_, length, gap): &(_, Millis, Millis)| Task { length: u64::from(length.0), gap: u64::from(gap.0) };
        let small: Vec<Task> = tasks[..few].iter().map(of).collect();
        if let Some(states) = exhaust::impossible(&small) {
            return Some(Certificate::NoWay { tasks: tasks[..few].to_vec(), states });
        }
    }
    None
}
