//! What an order costs: broken promises first, then neighbours alike, then plays out of step, then the worst gap, then
//! unevenness. Compared in this order, so a search never buys an even spread with a broken promise.

use super::layout::{Flat, Layout, Promise};

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

impl Cost {
    const NONE: Self = Self { broken: 0, alike: 0, twins: 0, off: 0, worst: 0, uneven: 0 };
}

/// Where an order hurts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sore {
    /// Positions in the order.
    pub positions: [usize; 2],
}

/// Judges orders of one layout. It keeps what it found of one order, so that another one that differs only within a few
/// places is judged by looking at these and at the tracks that play there.
pub(super) struct Judge<'a> {
    pub layout: &'a Layout,
    /// Of each entry: class and creative, as numbers.
    sorts: Vec<(u32, u32)>,
    /// Where each track's plays begin in `starts` and `places`.
    offsets: Vec<usize>,
    /// The order that was judged last, and what it costs.
    order: Vec<usize>,
    cost: Cost,
    /// Of each play, track by track: when it starts and at which place.
    starts: Vec<u64>,
    places: Vec<usize>,
    /// Of each place: when it starts, and which of its track's plays it is.
    times: Vec<u64>,
    turns: Vec<usize>,
    tally: Vec<Tally>,
    /// For trials: which trial touched a track last, and its next play there.
    touched: Vec<(u32, usize)>,
    trial: u32,
    undo: Vec<(usize, u64, usize)>,
    list: Vec<usize>,
}

/// What a track's plays cost.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    broken: u64,
    worst: u64,
    uneven: u128,
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
            order: Vec::with_capacity(layout.slots),
            cost: Cost::NONE,
            starts: vec![0; layout.slots],
            places: vec![0; layout.slots],
            times: vec![0; layout.slots],
            turns: vec![0; layout.slots],
            tally: vec![Tally::default(); tracks],
            touched: vec![(0, 0); tracks],
            trial: 0,
            undo: Vec::new(),
            list: Vec::new(),
        }
    }

    /// What an order costs. It is kept for [`Judge::cheaper`].
    pub fn cost(&mut self, order: &[usize]) -> Cost {
        self.order.clear();
        self.order.extend_from_slice(order);
        let slots = order.len() as i64;
        let mut cost = Cost::NONE;
        (cost.alike, cost.twins) = self.neighbours(order, 0..order.len());
        self.touched.fill((0, 0));
        let mut elapsed = 0;
        for (place, &i) in order.iter().enumerate() {
            let entry = &self.layout.entries[i];
            let nth = self.touched[entry.track].1;
            self.touched[entry.track].1 += 1;
            let at = self.offsets[entry.track] + nth;
            (self.starts[at], self.places[at]) = (elapsed, place);
            (self.times[place], self.turns[place]) = (elapsed, nth);
            elapsed += entry.duration;
            cost.off += out_of_step(self.layout.tracks[entry.track].count, nth, place, slots);
        }
        self.trial = 0;
        self.touched.fill((0, 0));
        for track in 0..self.layout.tracks.len() {
            let tally = Tally { broken: self.broken(track), ..self.gaps(track) };
            self.tally[track] = tally;
            cost.broken += tally.broken;
            cost.worst = cost.worst.max(tally.worst);
            cost.uneven += tally.uneven;
        }
        self.cost = cost;
        cost
    }

    /// What another order costs if that is less than the one that was judged last, from which it differs only within these
    /// places, both included. Most are found to cost more before all is counted.
    pub fn cheaper(&mut self, order: &[usize], first: usize, last: usize) -> Option<Cost> {
        let most = self.cost;
        let slots = order.len();
        let mut cost = most;
        // A pair of neighbours begins one place before the first that differs. Round and round, none is counted twice.
        let pairs = if last - first + 2 >= slots { 0..slots } else { first + slots - 1..last + slots + 1 };
        let before = self.neighbours(&self.order, pairs.clone());
        let after = self.neighbours(order, pairs);
        cost.alike = cost.alike + after.0 - before.0;
        cost.twins = cost.twins + after.1 - before.1;
        // Whether nothing counted so far can be made up for by something that comes before it.
        let kept = most.broken == 0;
        if kept && (cost.alike, cost.twins) > (most.alike, most.twins) {
            return None;
        }
        self.place(order, first, last, &mut cost);
        let tried = self.weigh(&mut cost, &most, kept);
        for (at, start, place) in self.undo.drain(..) {
            (self.starts[at], self.places[at]) = (start, place);
        }
        tried.then_some(cost).filter(|cost| *cost < most)
    }

    /// Puts the plays within these places where this order has them, noting how to undo it.
    fn place(&mut self, order: &[usize], first: usize, last: usize, cost: &mut Cost) {
        let slots = order.len() as i64;
        self.trial += 1;
        self.list.clear();
        for place in first..=last {
            let track = self.layout.entries[self.order[place]].track;
            let nth = self.turns[place];
            if self.touched[track].0 != self.trial {
                self.touched[track] = (self.trial, nth);
                self.list.push(track);
            }
            cost.off -= out_of_step(self.layout.tracks[track].count, nth, place, slots);
        }
        let mut elapsed = self.times[first];
        for (place, &i) in order.iter().enumerate().take(last + 1).skip(first) {
            let entry = &self.layout.entries[i];
            let nth = self.touched[entry.track].1;
            self.touched[entry.track].1 += 1;
            let at = self.offsets[entry.track] + nth;
            self.undo.push((at, self.starts[at], self.places[at]));
            (self.starts[at], self.places[at]) = (elapsed, place);
            elapsed += entry.duration;
            cost.off += out_of_step(self.layout.tracks[entry.track].count, nth, place, slots);
        }
    }

    /// Counts what the touched tracks cost now; `false` as soon as it is certain that all of it is more than `most`.
    fn weigh(&self, cost: &mut Cost, most: &Cost, kept: bool) -> bool {
        if kept && (cost.alike, cost.twins, cost.off) > (most.alike, most.twins, most.off) {
            return false;
        }
        for &track in &self.list {
            cost.broken = cost.broken - self.tally[track].broken + self.broken(track);
        }
        let ahead = |cost: &Cost| (cost.broken, cost.alike, cost.twins, cost.off);
        if ahead(cost) > ahead(most) {
            return false;
        }
        let tied = ahead(cost) == ahead(most);
        cost.worst = 0;
        for &track in &self.list {
            let gaps = self.gaps(track);
            cost.worst = cost.worst.max(gaps.worst);
            cost.uneven = cost.uneven + gaps.uneven - self.tally[track].uneven;
            if tied && cost.worst > most.worst {
                return false;
            }
        }
        let others = self.tally.iter().zip(&self.touched).filter(|(_, touched)| touched.0 != self.trial);
        cost.worst = others.map(|(tally, _)| tally.worst).fold(cost.worst, u64::max);
        true
    }

    /// Equal neighbours, by class and by creative, of the pairs that begin at these places, round and round.
    fn neighbours(&self, order: &[usize], pairs: std::ops::Range<usize>) -> (u32, u32) {
        let slots = order.len();
        if slots < 2 {
            return (0, 0);
        }
        let mut equal = (0, 0);
        let mut before = self.sorts[order[pairs.start % slots]];
        for place in pairs {
            let next = self.sorts[order[(place + 1) % slots]];
            equal.0 += u32::from(before.0 == next.0);
            equal.1 += u32::from(before.1 == next.1);
            before = next;
        }
        equal
    }

    fn starts_of(&self, track: usize) -> &[u64] {
        &self.starts[self.offsets[track]..self.offsets[track + 1]]
    }

    /// By how much a track's promises are broken.
    fn broken(&self, track: usize) -> u64 {
        let starts = self.starts_of(track);
        let over = |promise: &Promise| {
            let taken = |nth| stretch(starts, self.layout.length, nth, promise.starts as usize);
            (0..starts.len()).map(|nth| taken(nth).saturating_sub(promise.within)).sum::<u64>()
        };
        self.layout.tracks[track].promises.iter().map(over).sum()
    }

    /// A track's largest gap and unevenness.
    fn gaps(&self, track: usize) -> Tally {
        let starts = self.starts_of(track);
        let plays = starts.len() as u64;
        let mut largest = 0;
        let mut squares: u128 = 0;
        let mut next = starts.first().map_or(0, |first| first + self.layout.length);
        for start in starts.iter().rev() {
            let gap = next - start;
            largest = largest.max(gap);
            squares += u128::from(gap) * u128::from(gap);
            next = *start;
        }
        Tally { broken: 0, worst: largest * plays, uneven: squares * u128::from(plays) }
    }

    /// The widest gaps for how often a track plays, the widest first: how wide, whose, and after which of its plays.
    fn widest_gaps(&self) -> Vec<(u64, usize, usize)> {
        let mut widest: Vec<(u64, usize, usize)> = Vec::with_capacity(WIDEST + 1);
        for (track, each) in self.layout.tracks.iter().enumerate() {
            let starts = self.starts_of(track);
            for nth in 0..starts.len() {
                let wide = stretch(starts, self.layout.length, nth, 1) * u64::from(each.count);
                // Nearly always less than those there are already.
                if widest.len() == WIDEST && (wide, track, nth) < widest[WIDEST - 1] {
                    continue;
                }
                widest.insert(widest.partition_point(|other| *other > (wide, track, nth)), (wide, track, nth));
                widest.truncate(WIDEST);
            }
        }
        widest
    }

    /// The places of this order whose next neighbour, round and round, is of the same class.
    pub fn alike(&self, order: &[usize]) -> Vec<usize> {
        let class = |place: usize| self.sorts[order[place % order.len()]].0;
        (0..order.len()).filter(|&place| class(place) == class(place + 1)).collect()
    }

    /// Where it hurts most, for the search to begin with; judge the order first.
    pub fn sores(&self, order: &[usize], cost: &Cost) -> Vec<Sore> {
        let sore = |track: usize, from: usize, to: usize| {
            let places = &self.places[self.offsets[track]..self.offsets[track + 1]];
            Sore { positions: [places[from % places.len()], places[to % places.len()]] }
        };
        let mut sores = Vec::new();
        let tracks = || self.layout.tracks.iter().enumerate();
        let starts_of = |track: usize| self.starts_of(track);
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
            let gaps = self.widest_gaps();
            sores.extend(gaps.into_iter().map(|(_, track, nth)| sore(track, nth, nth + 1)));
        }
        sores.truncate(8);
        sores
    }
}

/// How many of the widest gaps the search begins with: the worst, and those that come next.
const WIDEST: usize = 4;

/// From the start of one showing to that of the `steps`-th after it, round and round.
fn stretch(starts: &[u64], length: u64, nth: usize, steps: usize) -> u64 {
    let plays = starts.len();
    let (mut last, mut round) = (nth + steps, 0);
    // Seldom more than once: quicker than dividing.
    while last >= plays {
        last -= plays;
        round += length;
    }
    starts[last] + round - starts[nth]
}

/// By how much the `nth` of `count` plays, at `place` of `slots`, is a whole play or more behind or ahead of an even pace.
fn out_of_step(count: u32, nth: usize, place: usize, slots: i64) -> u64 {
    let (count, nth, place) = (i64::from(count), nth as i64, place as i64);
    let lags = count * place - nth * slots;
    let leads = (nth + 1) * slots - count * (place + 1);
    (lags.max(leads) - slots + 1).max(0).unsigned_abs()
}

#[cfg(test)]
mod tests;
