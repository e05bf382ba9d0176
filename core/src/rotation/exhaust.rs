//! Every way to keep a few tight gaps, looked at one by one: either a way to go on for ever, or the proof that there is none.
//!
//! Waiting never helps, as gaps have only upper limits, so the state is how long ago each showing began, and each step
//! begins another. A state that comes up again is a way to go on for ever. Younger ages are never worse, so what is older
//! everywhere than a state known to be lost is lost too.

use std::collections::HashMap;

/// A showing of `length` that is to begin again within `gap` of its last beginning, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Task {
    pub length: u64,
    pub gap: u64,
}

/// States looked at before giving up.
const MOST_STATES: usize = 20_000;

/// `Some(states)` if there is proven to be no way, and how many states it took; `None` if there is one or it is unknown.
pub(super) fn impossible(tasks: &[Task]) -> Option<usize> {
    let mut marks = HashMap::new();
    // The most favourable state there can be: everything begins at this very moment.
    let ages = vec![0; tasks.len()];
    match walk(tasks, &ages, &mut marks, 0) {
        Fate::Lost => Some(marks.len()),
        Fate::Lasts | Fate::Unknown => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// On the way that is being looked at.
    Open,
    /// No way on.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Lasts,
    Lost,
    Unknown,
}

fn walk(tasks: &[Task], ages: &[u64], marks: &mut HashMap<Vec<u64>, Mark>, depth: usize) -> Fate {
    match marks.get(ages) {
        Some(Mark::Open) => return Fate::Lasts,
        Some(Mark::Lost) => return Fate::Lost,
        None => {}
    }
    if marks.len() >= MOST_STATES || depth >= 2_000 {
        return Fate::Unknown;
    }
    marks.insert(ages.to_vec(), Mark::Open);
    // The most pressing first.
    let mut next: Vec<usize> = (0..tasks.len()).collect();
    next.sort_by_key(|&i| tasks[i].gap - ages[i]);
    for chosen in next {
        let after: Vec<u64> = (0..tasks.len())
            .map(|i| if i == chosen { tasks[i].length } else { ages[i] + tasks[chosen].length })
            .collect();
        if after.iter().zip(tasks).all(|(age, task)| *age <= task.gap) {
            match walk(tasks, &after, marks, depth + 1) {
                Fate::Lost => {}
                fate @ (Fate::Lasts | Fate::Unknown) => return fate,
            }
        }
    }
    marks.insert(ages.to_vec(), Mark::Lost);
    Fate::Lost
}
