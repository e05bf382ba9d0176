//! Steiner and Yeomans' windows with equal neighbours kept apart: earliest deadline first, and a step back whenever
//! somebody would miss its window. What it finds is within a play of an even pace *and* parted, seam included.

use super::layout::Layout;

/// How many places are filled, in all, for each slot of the loop, before it is given up.
const STEPS_PER_SLOT: usize = 60;

/// An order in which the `n`-th play of a track with `c` of `N` slots is in slots ⌊nN/c⌋ ..= ⌈(n+1)N/c⌉ − 1 (so never a
/// whole play away from an even pace: Steiner and Yeomans 1993) and no class meets itself; `None` if none was found.
pub(super) fn parted(layout: &Layout) -> Option<Vec<usize>> {
    if layout.slots < 2 {
        return None;
    }
    let mut walk = Walk::new(layout);
    let mut steps = 0;
    // What may come at each place that is filled, best first, and how many of these were tried.
    let mut choices: Vec<(Vec<usize>, usize)> = vec![(walk.candidates(), 0)];
    while let Some((candidates, tried)) = choices.last_mut() {
        steps += 1;
        if steps > STEPS_PER_SLOT * layout.slots {
            return None;
        }
        let next = candidates.get(*tried).copied();
        *tried += 1;
        match next {
            Some(next) => {
                walk.put(next);
                if walk.order.len() == layout.slots {
                    return Some(walk.order);
                }
                let candidates = walk.candidates();
                choices.push((candidates, 0));
            }
            None => {
                choices.pop();
                walk.take();
            }
        }
    }
    None
}

struct Walk<'a> {
    layout: &'a Layout,
    order: Vec<usize>,
    /// Plays so far of each entry and of each track.
    played: Vec<u32>,
    on_track: Vec<u32>,
}

impl<'a> Walk<'a> {
    fn new(layout: &'a Layout) -> Self {
        let (entries, tracks) = (layout.counts.len(), layout.tracks.len());
        Self { layout, order: Vec::with_capacity(layout.slots), played: vec![0; entries], on_track: vec![0; tracks] }
    }

    fn put(&mut self, entry: usize) {
        self.played[entry] += 1;
        self.on_track[self.layout.entries[entry].track] += 1;
        self.order.push(entry);
    }

    fn take(&mut self) {
        if let Some(entry) = self.order.pop() {
            self.played[entry] -= 1;
            self.on_track[self.layout.entries[entry].track] -= 1;
        }
    }

    /// First and last place of a track's next play.
    fn window(&self, track: usize) -> Option<(u64, u64)> {
        let (nth, count) = (u64::from(self.on_track[track]), u64::from(self.layout.tracks[track].count));
        let slots = self.layout.slots as u64;
        (nth < count).then(|| (nth * slots / count, ((nth + 1) * slots).div_ceil(count) - 1))
    }

    /// What may come next, most urgent first; nothing if that would make somebody miss its window.
    fn candidates(&self) -> Vec<usize> {
        let place = self.order.len() as u64;
        let due = (0..self.on_track.len()).filter(|&track| self.window(track).is_some_and(|(_, last)| last <= place));
        let due: Vec<usize> = due.collect();
        if due.len() > 1 {
            return Vec::new();
        }
        let last = self.order.last().copied();
        let first = self.order.first().copied().filter(|_| self.order.len() + 1 == self.layout.slots);
        let entry = |i: usize| &self.layout.entries[i];
        let parted = |i: usize| [last, first].into_iter().flatten().all(|other| entry(other).class != entry(i).class);
        let may = |i: &usize| {
            let track = entry(*i).track;
            self.played[*i] < self.layout.counts[*i]
                && due.first().is_none_or(|only| *only == track)
                && self.window(track).is_some_and(|(release, _)| release <= place)
                && parted(*i)
        };
        let mut candidates: Vec<usize> = (0..self.played.len()).filter(may).collect();
        let turn = |i: usize| u64::from(self.played[i]) * 1_000_000 / u64::from(self.layout.counts[i].max(1));
        candidates.sort_by_key(|&i| (self.window(entry(i).track).map(|(_, last)| last), turn(i), i));
        candidates
    }
}
