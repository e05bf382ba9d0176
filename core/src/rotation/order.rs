//! What an order costs: broken promises first, then neighbours alike, then plays out of step, then the worst gap, then
//! unevenness. Compared in this order, so a search never buys an even spread with a broken promise.

use super::layout::{Flat, Layout};

/// The cost of an order; less is better, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    /// By how many milliseconds promises are broken, over all stretches.
    pub broken: u64,
    /// Neighbours of one class, seam included.
    pub alike: u32,
    /// Neighbours that are the same creative.
    pub twins: u32,
    /// By how much plays are a whole play or more away from an even pace, in parts of a play (`1 / slots`).
    pub off: u64,
    /// The largest gap from start to start, times the track's plays: the loop's length if perfectly even.
    pub worst: u64,
    /// Sum of gaps squared, times plays.
    pub uneven: u128,
}

/// Where an order hurts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sore {
    /// Positions in the order.
    pub positions: [usize; 2],
}

/// Judges orders of one layout, keeping its tables from one to the next.
pub(super) struct Judge<'a> {
    pub layout: &'a Layout,
    /// Of each entry: class and creative, as numbers.
    sorts: Vec<(u32, u32)>,
    /// Where each track's plays begin in `starts` and `places`.
    offsets: Vec<usize>,
    fill: Vec<usize>,
    starts: Vec<u64>,
    places: Vec<usize>,
}

impl<'a> Judge<'a> {
    pub fn new(layout: &'a Layout) -> Self {
        let mut offsets = Vec::with_capacity(layout.tracks.len() + 1);
        let mut sum = 0;
        for track in &layout.tracks {
            offsets.push(sum);
            sum += track.count as usize;
        }
        offsets.push(sum);
        let tracks = layout.tracks.len();
        let mut classes: Vec<_> = layout.entries.iter().map(|entry| entry.class).collect();
        classes.sort_unstable();
        classes.dedup();
        let class = |entry: &Flat| classes.partition_point(|class| *class < entry.class) as u32;
        let sorts = layout.entries.iter().map(|entry| (class(entry), entry.creative)).collect();
        Self {
            layout,
            sorts,
            offsets,
            fill: vec![0; tracks],
            starts: vec![0; layout.slots],
            places: vec![0; layout.slots],
        }
    }

    /// What an order costs.
    pub fn cost(&mut self, order: &[usize]) -> Cost {
        let most = Cost {
            broken: u64::MAX,
            alike: u32::MAX,
            twins: u32::MAX,
            off: u64::MAX,
            worst: u64::MAX,
            uneven: u128::MAX,
        };
        // Nothing costs more than the most there can be.
        self.cheaper(order, &most).unwrap_or(most)
    }

    /// What an order costs if that is less than `most`: most orders are found to cost more before all is counted.
    pub fn cheaper(&mut self, order: &[usize], most: &Cost) -> Option<Cost> {
        let slots = order.len() as i64;
        let mut cost = Cost { broken: 0, alike: 0, twins: 0, off: 0, worst: 0, uneven: 0 };
        // Whether nothing counted so far can be made up for by something that comes before it.
        let first = most.broken == 0;
        if slots > 1 {
            let mut before = order.last().map_or((0, 0), |&i| self.sorts[i]);
            for &i in order {
                let sort = self.sorts[i];
                cost.alike += u32::from(before.0 == sort.0);
                cost.twins += u32::from(before.1 == sort.1);
                before = sort;
            }
            if first && (cost.alike, cost.twins) > (most.alike, most.twins) {
                return None;
            }
        }
        self.fill.fill(0);
        let mut elapsed = 0;
        for (place, &i) in order.iter().enumerate() {
            let entry = &self.layout.entries[i];
            let nth = self.fill[entry.track];
            self.fill[entry.track] += 1;
            let at = self.offsets[entry.track] + nth;
            self.starts[at] = elapsed;
            self.places[at] = place;
            elapsed += entry.duration;
            cost.off += out_of_step(self.layout.tracks[entry.track].count, nth, place, slots);
        }
        if first && (cost.alike, cost.twins, cost.off) > (most.alike, most.twins, most.off) {
            return None;
        }
        for (track, each) in self.layout.tracks.iter().enumerate() {
            let starts = &self.starts[self.offsets[track]..self.offsets[track + 1]];
            for promise in &each.promises {
                for nth in 0..starts.len() {
                    let taken = stretch(starts, elapsed, nth, promise.starts as usize);
                    cost.broken += taken.saturating_sub(promise.within);
                }
            }
        }
        let ahead = |cost: &Cost| (cost.broken, cost.alike, cost.twins, cost.off);
        if ahead(&cost) > ahead(most) {
            return None;
        }
        let tied = ahead(&cost) == ahead(most);
        for track in 0..self.layout.tracks.len() {
            let starts = &self.starts[self.offsets[track]..self.offsets[track + 1]];
            let plays = starts.len() as u64;
            let mut largest = 0;
            let mut squares: u128 = 0;
            let mut next = starts.first().map_or(0, |first| first + elapsed);
            for start in starts.iter().rev() {
                let gap = next - start;
                largest = largest.max(gap);
                squares += u128::from(gap) * u128::from(gap);
                next = *start;
            }
            cost.worst = cost.worst.max(largest * plays);
            cost.uneven += squares * u128::from(plays);
            if tied && cost.worst > most.worst {
                return None;
            }
        }
        (cost < *most).then_some(cost)
    }

    /// Where it hurts most, for the search to begin with; judge the order first.
    pub fn sores(&self, order: &[usize], cost: &Cost) -> Vec<Sore> {
        let sore = |track: usize, from: usize, to: usize| {
            let places = &self.places[self.offsets[track]..self.offsets[track + 1]];
            Sore { positions: [places[from % places.len()], places[to % places.len()]] }
        };
        let mut sores = Vec::new();
        let tracks = || self.layout.tracks.iter().enumerate();
        let starts_of = |track: usize| &self.starts[self.offsets[track]..self.offsets[track + 1]];
        if cost.broken > 0 {
            for (track, each) in tracks() {
                for promise in &each.promises {
                    let over = |nth: usize| {
                        let taken = stretch(starts_of(track), self.layout.length, nth, promise.starts as usize);
                        taken.saturating_sub(promise.within)
                    };
                    let worst = (0..starts_of(track).len()).max_by_key(|&nth| over(nth)).filter(|&nth| over(nth) > 0);
                    sores.extend(worst.map(|nth| sore(track, nth, nth + promise.starts as usize)));
                }
            }
        } else if cost.alike > 0 || cost.twins > 0 {
            let entry = |place: usize| &self.layout.entries[order[place % order.len()]];
            let alike = |p: &usize| {
                let (a, b) = (entry(*p), entry(p + 1));
                if cost.alike > 0 { a.class == b.class } else { a.creative == b.creative }
            };
            let pairs = (0..order.len()).filter(alike).take(6);
            sores.extend(pairs.map(|p| Sore { positions: [p, (p + 1) % order.len()] }));
        }
        if sores.is_empty() && cost.off > 0 {
            for (track, each) in tracks() {
                let places = &self.places[self.offsets[track]..self.offsets[track + 1]];
                let off = |nth: &usize| out_of_step(each.count, *nth, places[*nth], order.len() as i64) > 0;
                sores.extend((0..places.len()).filter(off).take(2).map(|nth| sore(track, nth, nth)));
            }
        }
        if cost.broken == 0 {
            let gap = |track: usize, nth: usize| stretch(starts_of(track), self.layout.length, nth, 1);
            let mut gaps: Vec<(u64, usize, usize)> = tracks()
                .flat_map(|(track, each)| (0..each.count as usize).map(move |nth| (track, nth)))
                .map(|(track, nth)| (gap(track, nth) * u64::from(self.layout.tracks[track].count), track, nth))
                .collect();
            // Those that are worst, and a few that come next.
            let most = gaps.len().min(4);
            if most > 0 {
                gaps.select_nth_unstable_by(most - 1, |a, b| b.cmp(a));
                gaps.truncate(most);
                gaps.sort_unstable_by(|a, b| b.cmp(a));
            }
            sores.extend(gaps.into_iter().map(|(_, track, nth)| sore(track, nth, nth + 1)));
        }
        sores.truncate(8);
        sores
    }
}

/// From the start of one showing to that of the `steps`-th after it, round and round.
fn stretch(starts: &[u64], length: u64, nth: usize, steps: usize) -> u64 {
    let plays = starts.len();
    let (rounds, last) = ((nth + steps) / plays, (nth + steps) % plays);
    starts[last] + rounds as u64 * length - starts[nth]
}

/// By how much the `nth` of `count` plays, at `place` of `slots`, is a whole play or more behind or ahead of an even pace.
fn out_of_step(count: u32, nth: usize, place: usize, slots: i64) -> u64 {
    let (count, nth, place) = (i64::from(count), nth as i64, place as i64);
    let lags = count * place - nth * slots;
    let leads = (nth + 1) * slots - count * (place + 1);
    (lags.max(leads) - slots + 1).max(0).unsigned_abs()
}
