//! The search for a better order: swaps and moves where it hurts most, then small shakes and again, within a budget of
//! orders looked at. Deterministic: the shakes come from a counter, not from chance.

use super::{
    Care,
    layout::Layout,
    order::{Cost, Judge, Sore},
    seeds, windows,
};

/// The best order found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Positions in the layout's entries.
    pub order: Vec<usize>,
    pub cost: Cost,
    /// Neighbours alike beyond those that no order avoids.
    pub avoidable: u32,
    /// How many orders were looked at.
    pub tried: u64,
}

/// Slots looked at in all, about, while a promise is broken or neighbours are alike: what keeps a loop of 500 slots within
/// its budget of time (design.md §9).
const SLOTS_LOOKED_AT: u64 = 4_000_000;
/// The same once all is kept and only evenness is to be gained: a county has thousands of loops to plan, none of them as
/// large as [`LARGE`].
const SLOTS_POLISHED: u64 = 30_000;
const SLOTS_POLISHED_OF_LARGE: u64 = 250_000;
/// The same when somebody waits.
const SLOTS_POLISHED_QUICKLY: u64 = 6_000;
/// How far away a swap partner is looked for in a large loop.
const NEAR: usize = 100;
/// More slots than usual bounds allow.
const LARGE: usize = 250;
/// The same while something is not kept, at a first glance: what a good seed needs, and most loops no more than that.
const SLOTS_GLANCED_AT: u64 = 120_000;
/// Orders looked at for each slot of a small loop.
const ORDERS_PER_SLOT: u64 = 120;
/// A loop of so few slots is searched pair by pair.
const SMALL: usize = 40;

/// How long a layout is searched while something is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// As long as it takes to see that it is easy.
    Glance,
    /// As long as there is budget.
    Whole,
}

impl Effort {
    /// Whether nothing more is asked than what was found. Neighbours that could not be parted with all effort are not
    /// looked for in another layout: it would be a worse one.
    pub fn is_enough_for(self, found: &Found) -> bool {
        match self {
            Self::Glance => found.is_settled(),
            Self::Whole => found.cost.broken == 0,
        }
    }
}

impl Found {
    /// Every promise is kept, and no neighbours are alike that need not be.
    pub fn is_settled(&self) -> bool {
        self.cost.broken == 0 && self.avoidable == 0
    }
}

/// The best order of this layout that the budget allows, beginning with one that is known.
pub(super) fn from(layout: &Layout, order: Vec<usize>, care: Care) -> Found {
    let mut search = Search::new(layout, Effort::Whole, care);
    let mut best = search.found(order);
    search.descend(&mut best, 1, 2);
    search.finish(best)
}

/// The best order of this layout that the budget allows.
pub(super) fn order(layout: &Layout, effort: Effort, care: Care) -> Found {
    let mut search = Search::new(layout, effort, care);
    let promised = layout.tracks.iter().any(|track| !track.promises.is_empty());
    let mut best = search.found(seeds::smooth(layout));
    let dealt = (best.cost.alike > search.fewest_alike).then(|| seeds::dealt(layout, &best.order));
    let all = 2 + u64::from(promised) + u64::from(dealt.is_some());
    search.descend(&mut best, 1, 2 * all);
    // What is in step and settled is not worth another seed; in a small loop all of them are.
    if layout.slots <= SMALL || !search.is_settled(&best.cost) || best.cost.off > 0 {
        let seeds = [Some(seeds::windows(layout)), promised.then(|| seeds::promises_first(layout)), dealt];
        for (nth, seed) in (2..).zip(seeds.into_iter().flatten()) {
            let mut found = search.found(seed);
            search.descend(&mut found, nth, 2 * all);
            if found.cost < best.cost {
                best = found;
            }
        }
    }
    if best.cost.off > 0 || !search.is_settled(&best.cost) {
        // Two that nearly fill a loop are hardly ever parted *and* in step by swaps alone.
        if let Some(found) = windows::parted(layout).map(|order| search.found(order))
            && found.cost < best.cost
        {
            best = found;
        }
    }
    let large = layout.slots >= LARGE && care == Care::Full;
    if large && (best.cost.off > 0 || !search.is_settled(&best.cost)) {
        // What promises put out of step anyhow is at least to be even.
        let mut even = search.found(seeds::even(layout));
        search.part_gently(&mut even);
        let until = search.tried + search.to_polish / 2;
        search.descend_until(&mut even, |_, _| until);
        if even.cost < best.cost {
            best = even;
        }
    }
    search.finish(best)
}

struct Search<'a> {
    judge: Judge<'a>,
    tried: u64,
    fewest_alike: u32,
    least_worst: u64,
    /// How many orders may be looked at while something is not kept, and once all is.
    to_keep: u64,
    to_polish: u64,
}

impl<'a> Search<'a> {
    fn new(layout: &'a Layout, effort: Effort, care: Care) -> Self {
        let slots = layout.slots as u64;
        let budget = |looked_at: u64| (slots * ORDERS_PER_SLOT).min(looked_at / slots.max(1));
        Self {
            judge: Judge::new(layout),
            tried: 0,
            fewest_alike: seeds::fewest_alike(layout),
            least_worst: layout.least_worst(),
            to_keep: budget(if effort == Effort::Glance { SLOTS_GLANCED_AT } else { SLOTS_LOOKED_AT }),
            to_polish: budget(match care {
                Care::Quick => SLOTS_POLISHED_QUICKLY,
                Care::Full if layout.slots >= LARGE => SLOTS_POLISHED_OF_LARGE,
                Care::Full => SLOTS_POLISHED,
            }),
        }
    }

    /// What the rest of the budget makes of it.
    fn finish(mut self, mut best: Found) -> Found {
        self.shake(&mut best);
        self.part(&mut best);
        best.tried = self.tried;
        best.avoidable = best.cost.alike.saturating_sub(self.fewest_alike);
        best
    }

    fn found(&mut self, order: Vec<usize>) -> Found {
        self.tried += 1;
        let cost = self.judge.cost(&order);
        Found { order, cost, avoidable: 0, tried: 0 }
    }

    /// Nothing is left to improve.
    fn perfect(&self, cost: &Cost) -> bool {
        let even = cost.worst <= self.least_worst;
        cost.broken == 0 && cost.alike <= self.fewest_alike && cost.twins == 0 && cost.off == 0 && even
    }

    /// Every promise is kept, and no neighbours are alike that need not be.
    fn is_settled(&self, cost: &Cost) -> bool {
        cost.broken == 0 && cost.alike <= self.fewest_alike
    }

    /// How many orders may have been looked at in all before the search gives up on one of this cost.
    fn budget(&self, cost: &Cost) -> u64 {
        if self.is_settled(cost) { self.to_polish } else { self.to_keep }
    }

    /// Improves where it hurts most until nothing there gets better, or this part of the budget is used up.
    fn descend(&mut self, found: &mut Found, part: u64, of: u64) {
        let limit = |search: &Self, cost: &Cost| search.budget(cost) * part / of;
        self.descend_until(found, limit);
    }

    fn descend_until(&mut self, found: &mut Found, limit: impl Fn(&Self, &Cost) -> u64) {
        'again: while !self.perfect(&found.cost) {
            let until = limit(self, &found.cost);
            if self.tried >= until {
                return;
            }
            self.judge.cost(&found.order);
            for sore in self.judge.sores(&found.order, &found.cost) {
                if self.mend(found, sore, until) {
                    continue 'again;
                }
            }
            if found.order.len() > SMALL || !self.any_pair(found, until) {
                return;
            }
        }
    }

    fn mend(&mut self, found: &mut Found, sore: Sore, until: u64) -> bool {
        let slots = found.order.len();
        for position in sore.positions {
            for step in steps(slots) {
                for other in [(position + step) % slots, (position + slots - step) % slots] {
                    if self.tried >= until {
                        return false;
                    }
                    if self.swap(found, position, other) || self.relocate(found, position, other) {
                        return true;
                    }
                }
            }
        }
        false
    }

    fn any_pair(&mut self, found: &mut Found, until: u64) -> bool {
        for a in 0..found.order.len() {
            for b in a + 1..found.order.len() {
                if self.tried >= until {
                    return false;
                }
                if self.swap(found, a, b) || self.relocate(found, a, b) || self.relocate(found, b, a) {
                    return true;
                }
            }
        }
        false
    }

    fn swap(&mut self, found: &mut Found, a: usize, b: usize) -> bool {
        if found.order[a] == found.order[b] {
            return false;
        }
        found.order.swap(a, b);
        let better = self.better(found, a.min(b), a.max(b));
        if !better {
            found.order.swap(a, b);
        }
        better
    }

    /// Takes a slot out and puts it in elsewhere.
    fn relocate(&mut self, found: &mut Found, from: usize, to: usize) -> bool {
        if from.abs_diff(to) < 2 {
            return false;
        }
        carry(&mut found.order, from, to);
        let better = self.better(found, from.min(to), from.max(to));
        if !better {
            carry(&mut found.order, to, from);
        }
        better
    }

    /// Parts neighbours that one swap can part, whatever the budget: what is left is alike for a reason.
    fn part(&mut self, found: &mut Found) {
        'again: while found.cost.broken == 0 && found.cost.alike > self.fewest_alike {
            self.judge.cost(&found.order);
            let slots = found.order.len();
            for place in self.judge.alike(&found.order) {
                for other in 0..slots {
                    for (a, b) in [(place, other), ((place + 1) % slots, other)] {
                        if self.swap(found, a, b) {
                            continue 'again;
                        }
                    }
                }
            }
            return;
        }
    }

    /// Parts neighbours by swaps with what is near and can be elsewhere without a wider gap: of a large loop mostly what is
    /// shown once.
    fn part_gently(&mut self, found: &mut Found) {
        self.judge.cost(&found.order);
        let slots = found.order.len();
        for place in self.judge.alike(&found.order) {
            'parted: for step in 1..=NEAR.min(slots / 2) {
                for other in [(place + step) % slots, (place + slots - step) % slots] {
                    for (a, b) in [(place, other), ((place + 1) % slots, other)] {
                        if found.order[a] == found.order[b] {
                            continue;
                        }
                        found.order.swap(a, b);
                        self.tried += 1;
                        let better = self.judge.cheaper(&found.order, a.min(b), a.max(b));
                        match better.filter(|cost| cost.alike < found.cost.alike && cost.worst <= found.cost.worst) {
                            Some(_) => {
                                found.cost = self.judge.cost(&found.order);
                                break 'parted;
                            }
                            None => found.order.swap(a, b),
                        }
                    }
                }
            }
        }
    }

    /// Whether the order is better now than it was when it was judged last: between these places, both included, it is other.
    fn better(&mut self, found: &mut Found, first: usize, last: usize) -> bool {
        self.tried += 1;
        let cheaper = self.judge.cheaper(&found.order, first, last);
        if let Some(cost) = cheaper {
            found.cost = cost;
        }
        cheaper.is_some()
    }

    /// Shakes the best order a little, improves it again, and keeps what is better.
    fn shake(&mut self, best: &mut Found) {
        let slots = best.order.len();
        let mut counter = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = move |below: usize| {
            counter ^= counter << 13;
            counter ^= counter >> 7;
            counter ^= counter << 17;
            (counter % below.max(1) as u64) as usize
        };
        while slots > 2 && self.tried < self.budget(&best.cost) && !self.perfect(&best.cost) {
            let mut other = best.order.clone();
            for _ in 0..2 + next(3) {
                let (a, b) = (next(slots), next(slots));
                if next(2) == 0 { other.swap(a, b) } else { carry(&mut other, a, b) }
            }
            let mut found = self.found(other);
            let until = self.budget(&best.cost).min(self.tried + (4 * slots as u64).max(64));
            self.descend_until(&mut found, |_, _| until);
            if found.cost < best.cost {
                *best = found;
            }
        }
    }
}

fn carry(order: &mut [usize], from: usize, to: usize) {
    if from < to { order[from..=to].rotate_left(1) } else { order[to..=from].rotate_right(1) }
}

/// Distances to look at: all in a small loop, near ones and doubling ones in a large one.
fn steps(slots: usize) -> impl Iterator<Item = usize> {
    let all = slots <= SMALL;
    let near = 1..=if all { slots / 2 } else { 8 };
    let far = std::iter::successors((!all).then_some(12), |step| Some(step * 2)).take_while(move |s| *s <= slots / 2);
    near.chain(far)
}
