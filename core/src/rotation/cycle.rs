//! Where counting first and ordering then found nothing: a walk through the states of tight gaps that goes on for ever.
//!
//! A state is how long ago each guarantee began last. What can be shown next without a gap getting too long leads to another
//! state; a loop is a closed walk, so it lies within one strongly connected component. In one from which everything can be
//! shown, whoever lags most behind its share is shown next, by the shortest way to a state that has room for it, until the
//! walk is where it was before: a loop that keeps every gap over its seam too. Of an hourly promise an even gap is asked,
//! which is more than was promised, so that nothing found here proves anything.

use std::collections::HashMap;

use super::{
    Demand, Request,
    layout::{Layout, promises},
    shares::Shares,
};

/// States looked at before giving up, and how often that is done with one gap fewer, the widest.
const MOST_STATES: usize = 20_000;
const TRIES: usize = 3;

/// A guarantee.
struct Task {
    /// From start to start, in milliseconds.
    gap: u64,
    /// Positions among all entries, and lengths; they take turns.
    entries: Vec<(usize, u64)>,
}

/// An entry of a share, or a filler.
#[derive(Debug, Clone, Copy)]
struct Other {
    /// Position among all entries.
    entry: usize,
    /// In milliseconds.
    length: u64,
    /// Of airtime, relative to the others.
    weight: u64,
}

/// Counts and an order with which every gap is kept, if such a walk was found.
pub(super) fn find(request: &Request) -> Option<(Layout, Vec<usize>)> {
    let shares = Shares::of(request);
    let mut tasks: Vec<Task> = Vec::new();
    let mut others: Vec<Other> = Vec::new();
    let mut entry = 0;
    for (part, each) in request.parts.iter().enumerate() {
        let entries: Vec<(usize, u64)> =
            (entry..).zip(&each.entries).map(|(i, e)| (i, u64::from(e.duration.0))).collect();
        entry += entries.len();
        let gap = promises(each).into_iter().map(|p| p.within / u64::from(p.starts)).min();
        match (each.demand, gap) {
            (Demand::Guarantee(_), Some(gap)) => tasks.push(Task { gap, entries }),
            _ if shares.weights[part] > 0 => {
                // Airtime relative to the others; each entry of a part has an equal part of it.
                let weight = (shares.weights[part] << 20) / entries.len() as u64;
                others.extend(entries.into_iter().map(|(entry, length)| Other {
                    entry,
                    length,
                    weight: weight.max(1),
                }));
            }
            _ => {}
        }
    }
    tasks.sort_by_key(|task| task.gap);
    let longest = u64::from(request.bounds.longest.0);
    (0..TRIES.min(tasks.len())).find_map(|loose| {
        let (tight, loose) = tasks.split_at(tasks.len() - loose);
        let graph = Graph::of(tight, loose, &others)?;
        let margin = tight.last().map_or(0, |task| task.gap);
        let goals = || Goals::of(&others, loose, margin);
        let walk = graph.components().into_iter().find_map(|component| graph.walk(&component, goals(), longest))?;
        let mut counts = vec![0; entry];
        for shown in &walk {
            counts[*shown] += 1;
        }
        let layout = Layout::new(request, counts);
        let most = request.bounds.most_slots as usize;
        (layout.length <= longest && layout.slots <= most.max(2 * entry)).then_some((layout, walk))
    })
}

/// What follows from what: a move is the next showing of a guarantee, or one of some length of anything else.
struct Graph<'a> {
    tasks: &'a [Task],
    /// Lengths of what is not in the states, each once.
    lengths: Vec<u64>,
    /// Of each state: moves and where they lead.
    edges: Vec<Vec<(usize, usize)>>,
    /// Of each guarantee: how long ago it began last, and which of its entries has the next turn.
    states: Vec<Vec<(u64, usize)>>,
}

impl<'a> Graph<'a> {
    /// `None` if there are too many states.
    fn of(tasks: &'a [Task], loose: &[Task], others: &[Other]) -> Option<Self> {
        let loose = loose.iter().flat_map(|task| &task.entries).map(|(_, length)| *length);
        let mut lengths: Vec<u64> = others.iter().map(|other| other.length).chain(loose).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let mut graph = Self { tasks, lengths, edges: Vec::new(), states: Vec::new() };
        // The kindest state there is: everything begins at this very moment.
        let start: Vec<(u64, usize)> = vec![(0, 0); tasks.len()];
        let mut numbers = HashMap::from([(start.clone(), 0)]);
        graph.states.push(start);
        while graph.edges.len() < graph.states.len() {
            let mut edges = Vec::new();
            for step in 0..tasks.len() + graph.lengths.len() {
                let Some(next) = graph.after(&graph.states[graph.edges.len()], step) else { continue };
                let fresh = graph.states.len();
                let number = *numbers.entry(next.clone()).or_insert(fresh);
                if number == fresh {
                    graph.states.push(next);
                }
                edges.push((step, number));
            }
            graph.edges.push(edges);
            if graph.states.len() > MOST_STATES {
                return None;
            }
        }
        Some(graph)
    }

    /// The state after a move, if no gap gets too long.
    fn after(&self, state: &[(u64, usize)], step: usize) -> Option<Vec<(u64, usize)>> {
        let length = match self.tasks.get(step) {
            Some(task) => task.entries[state[step].1].1,
            None => self.lengths[step - self.tasks.len()],
        };
        let after = |(nth, (age, turn)): (usize, &(u64, usize))| {
            let task = &self.tasks[nth];
            let next = if nth == step { (length, (turn + 1) % task.entries.len()) } else { (age + length, *turn) };
            (next.0 <= task.gap).then_some(next)
        };
        state.iter().enumerate().map(after).collect()
    }

    /// Strongly connected components (Tarjan) in which every move is made, as one mark for each state.
    fn components(&self) -> Vec<Vec<bool>> {
        const UNSEEN: usize = usize::MAX;
        let states = self.edges.len();
        let (mut index, mut low) = (vec![UNSEEN; states], vec![0; states]);
        let (mut on_stack, mut stack) = (vec![false; states], Vec::new());
        let mut seen = 0;
        let mut found = Vec::new();
        for root in 0..states {
            let mut path = if index[root] == UNSEEN { vec![(root, 0)] } else { Vec::new() };
            while let Some((state, edge)) = path.last_mut() {
                let (state, nth) = (*state, *edge);
                *edge += 1;
                if nth == 0 {
                    (index[state], low[state]) = (seen, seen);
                    seen += 1;
                    stack.push(state);
                    on_stack[state] = true;
                }
                if let Some((_, next)) = self.edges[state].get(nth) {
                    if index[*next] == UNSEEN {
                        path.push((*next, 0));
                    } else if on_stack[*next] {
                        low[state] = low[state].min(index[*next]);
                    }
                    continue;
                }
                path.pop();
                if let Some((before, _)) = path.last() {
                    low[*before] = low[*before].min(low[state]);
                }
                if low[state] == index[state] {
                    let from = stack.iter().rposition(|other| *other == state).unwrap_or(0);
                    let members = stack.split_off(from);
                    let mut inside = vec![false; states];
                    for member in &members {
                        (inside[*member], on_stack[*member]) = (true, false);
                    }
                    let mut made = vec![false; self.tasks.len() + self.lengths.len()];
                    for (step, _) in members.iter().flat_map(|s| &self.edges[*s]).filter(|(_, to)| inside[*to]) {
                        made[*step] = true;
                    }
                    if made.iter().all(|made| *made) {
                        found.push(inside);
                    }
                }
            }
        }
        found
    }

    /// How many moves each state of a component is from making this one.
    fn distances(&self, inside: &[bool], step: usize) -> Vec<u32> {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); inside.len()];
        let mut away = vec![u32::MAX; inside.len()];
        let mut queue = std::collections::VecDeque::new();
        for state in (0..inside.len()).filter(|state| inside[*state]) {
            for (other, to) in self.edges[state].iter().filter(|(_, to)| inside[*to]) {
                before[*to].push(state);
                if *other == step {
                    away[state] = 0;
                }
            }
            if away[state] == 0 {
                queue.push_back(state);
            }
        }
        while let Some(state) = queue.pop_front() {
            for &from in before[state].iter().filter(|from| away[**from] == u32::MAX).collect::<Vec<_>>() {
                away[from] = away[state] + 1;
                queue.push_back(from);
            }
        }
        away
    }

    /// A closed walk within a component that shows everything, as entries in order.
    fn walk(&self, inside: &[bool], mut goals: Goals<'_>, longest: u64) -> Option<Vec<usize>> {
        let steps = self.tasks.len()..self.tasks.len() + self.lengths.len();
        let away: Vec<Vec<u32>> = steps.map(|step| self.distances(inside, step)).collect();
        let mut at = inside.iter().position(|inside| *inside)?;
        // Into its stride first, so that it does not have to come back to where nobody goes.
        for _ in 0..2 * (goals.others.len() + self.tasks.len()) {
            at = self.advance(inside, &away, at, &mut goals)?;
        }
        goals.forget();
        let start = at;
        let (mut best, mut next_try) = (None::<(u64, Vec<usize>)>, 0);
        let mut tries = 0;
        while goals.elapsed <= longest && tries < MOST_CLOSED {
            at = self.advance(inside, &away, at, &mut goals)?;
            let off = goals.off();
            if off.is_none_or(|off| off >= 1_000 && goals.elapsed < longest / 2) || goals.elapsed < next_try {
                continue;
            }
            tries += 1;
            next_try = goals.elapsed + goals.elapsed / 8;
            let mut closed = goals.clone();
            for (state, step) in self.way(inside, at, start) {
                self.make(state, step, &mut closed);
            }
            let Some(off) = closed.off().filter(|_| closed.elapsed <= longest) else { continue };
            if best.as_ref().is_none_or(|(least, _)| off < *least) {
                best = Some((off, closed.order));
            }
            if off < 1_000 {
                break;
            }
        }
        best.map(|(_, order)| order)
    }

    /// The next move towards whoever lags most; answers the state after it.
    fn advance(&self, inside: &[bool], away: &[Vec<u32>], at: usize, goals: &mut Goals<'_>) -> Option<usize> {
        let sort = goals.next().and_then(|length| self.lengths.binary_search(&length).ok());
        let edges = self.edges[at].iter().filter(|(_, to)| inside[*to]);
        let (step, to) = match sort {
            Some(sort) if away[sort][at] == 0 => {
                *edges.into_iter().find(|(step, _)| *step == self.tasks.len() + sort)?
            }
            // On the way there rather guarantees than others.
            Some(sort) => *edges.min_by_key(|(step, to)| (away[sort][*to], *step >= self.tasks.len()))?,
            None => {
                *edges.min_by_key(|(step, _)| self.tasks.get(*step).map(|task| task.gap - self.states[at][*step].0))?
            }
        };
        self.make(at, step, goals);
        Some(to)
    }

    /// Shows what a move from this state shows.
    fn make(&self, state: usize, step: usize, goals: &mut Goals<'_>) {
        match self.tasks.get(step) {
            Some(task) => goals.show(task.entries[self.states[state][step].1]),
            None => goals.take(self.lengths[step - self.tasks.len()]),
        }
    }

    /// The shortest way from one state of a component to another: states and the moves made there.
    fn way(&self, inside: &[bool], from: usize, to: usize) -> Vec<(usize, usize)> {
        let mut before: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(state) = queue.pop_front() {
            if state == to {
                break;
            }
            for &(step, next) in self.edges[state].iter().filter(|(_, next)| inside[*next] && *next != from) {
                before.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    (state, step)
                });
            }
        }
        let mut way = Vec::new();
        let mut at = to;
        while at != from {
            let Some(&(state, step)) = before.get(&at) else { return Vec::new() };
            way.push((state, step));
            at = state;
        }
        way.reverse();
        way
    }
}

/// Closed walks looked at before the best of them is taken.
const MOST_CLOSED: usize = 24;

/// What is to be shown besides the guarantees of the states, and what has been.
#[derive(Clone)]
struct Goals<'a> {
    others: &'a [Other],
    loose: &'a [Task],
    plays: Vec<u32>,
    /// Of each loose guarantee: since when it waits, and how often it was shown.
    waits: Vec<(u64, usize)>,
    /// So long before it is due a loose guarantee has its turn.
    margin: u64,
    elapsed: u64,
    order: Vec<usize>,
}

impl<'a> Goals<'a> {
    fn of(others: &'a [Other], loose: &'a [Task], margin: u64) -> Self {
        let (plays, waits) = (vec![0; others.len()], vec![(0, 0); loose.len()]);
        Self { others, loose, plays, waits, margin, elapsed: 0, order: Vec::new() }
    }

    /// Begins anew.
    fn forget(&mut self) {
        *self = Self::of(self.others, self.loose, self.margin);
    }

    fn show(&mut self, (entry, length): (usize, u64)) {
        self.order.push(entry);
        self.elapsed += length;
    }

    /// Webster's method: how urgently it wants its next play.
    fn want(&self, other: usize) -> u128 {
        let Other { length, weight, .. } = self.others[other];
        (u128::from(weight) << 32) / (u128::from(length) * u128::from(2 * self.plays[other] + 1))
    }

    /// The loose guarantee that is due, of this length if asked.
    fn due(&self, length: Option<u64>) -> Option<usize> {
        let left = |nth: usize| (self.waits[nth].0 + self.loose[nth].gap).saturating_sub(self.elapsed);
        let of_length = |nth: usize| length.is_none_or(|length| self.turn(nth).1 == length);
        (0..self.loose.len()).filter(|nth| left(*nth) <= self.margin && of_length(*nth)).min_by_key(|nth| left(*nth))
    }

    fn turn(&self, loose: usize) -> (usize, u64) {
        let entries = &self.loose[loose].entries;
        entries[self.waits[loose].1 % entries.len()]
    }

    /// The length of what should be shown next.
    fn next(&self) -> Option<u64> {
        let most = || (0..self.others.len()).max_by_key(|other| (self.want(*other), std::cmp::Reverse(*other)));
        self.due(None).map(|nth| self.turn(nth).1).or_else(|| most().map(|other| self.others[other].length))
    }

    /// Shows what wants it most of those that are so long.
    fn take(&mut self, length: u64) {
        let loose = |goals: &mut Self, nth: usize| {
            goals.show(goals.turn(nth));
            goals.waits[nth] = (goals.elapsed - length, goals.waits[nth].1 + 1);
        };
        if let Some(nth) = self.due(Some(length)) {
            return loose(self, nth);
        }
        let fitting = (0..self.others.len()).filter(|other| self.others[*other].length == length);
        match fitting.max_by_key(|other| (self.want(*other), std::cmp::Reverse(*other))) {
            Some(other) => {
                self.plays[other] += 1;
                self.show((self.others[other].entry, length));
            }
            None => {
                let soonest = (0..self.loose.len()).filter(|nth| self.turn(*nth).1 == length);
                if let Some(nth) = soonest.min_by_key(|nth| self.waits[*nth].0 + self.loose[*nth].gap) {
                    loose(self, nth);
                }
            }
        }
    }

    /// By how much whoever is furthest from its share is off, in thousandths of a play; `None` as long as something has not
    /// been shown.
    fn off(&self) -> Option<u64> {
        let unseen = self.waits.iter().zip(self.loose).any(|((_, shown), task)| *shown < task.entries.len());
        if self.plays.contains(&0) || unseen {
            return None;
        }
        let airtime: u128 =
            self.others.iter().zip(&self.plays).map(|(o, n)| u128::from(o.length) * u128::from(*n)).sum();
        let weights: u128 = self.others.iter().map(|other| u128::from(other.weight)).sum();
        let off = self.others.iter().zip(&self.plays).map(|(other, plays)| {
            let due = airtime * 1_000 * u128::from(other.weight) / (weights * u128::from(other.length));
            (due as u64).abs_diff(u64::from(*plays) * 1_000)
        });
        Some(off.max().unwrap_or(0))
    }
}
