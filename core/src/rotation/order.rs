//! What follows what: smooth weighted round robin in real milliseconds, then equal neighbours are parted.

use std::cmp::Reverse;

use super::counts::{Class, Shares};

/// An order (positions in `shares.entries`) in which each entry is as often as `counts` says, evenly spread, and no two
/// neighbours of one class, seam included, if any order can do that.
pub(super) fn order(shares: &Shares, counts: &[u32]) -> Vec<usize> {
    let mut order = smooth(shares, counts);
    if conflicts(shares, &order) > 0 {
        part_by_swaps(shares, &mut order);
    }
    if conflicts(shares, &order) > 0 && can_be_parted(shares, &order) {
        order = part_by_dealing(shares, &order);
        even_out(shares, &mut order);
    }
    order
}

/// How many neighbours, seam included, are of one class; the same entry twice in a row counts as two.
pub(super) fn conflicts(shares: &Shares, order: &[usize]) -> usize {
    if order.len() < 2 {
        return 0;
    }
    (0..order.len()).map(|i| conflict(shares, order[i], order[(i + 1) % order.len()])).sum()
}

fn conflict(shares: &Shares, a: usize, b: usize) -> usize {
    usize::from(shares.entries[a].class == shares.entries[b].class) + usize::from(a == b)
}

/// Whether some order has no neighbours of one class: no class has more than half the slots.
fn can_be_parted(shares: &Shares, order: &[usize]) -> bool {
    let mut classes: Vec<Class> = order.iter().map(|&i| shares.entries[i].class).collect();
    classes.sort_unstable();
    classes.chunk_by(|a, b| a == b).all(|same| same.len() <= order.len() / 2)
}

fn smooth(shares: &Shares, counts: &[u32]) -> Vec<usize> {
    let slots: u32 = counts.iter().sum();
    let (length, slots) = (i128::from(shares.length(counts)), i128::from(slots));
    let mut played = vec![0u32; counts.len()];
    let mut order: Vec<usize> = Vec::new();
    let mut elapsed = 0i128;
    while (order.len() as i128) < slots {
        let last = order.last().copied();
        // The last slot also meets the first one again.
        let seam = order.first().copied().filter(|_| order.len() as i128 + 1 == slots);
        // How far it lags behind an even spread, were one more mean slot gone by.
        let lag =
            |i: usize| i128::from(counts[i]) * (elapsed * slots + length) - i128::from(played[i]) * length * slots;
        let next = (0..counts.len()).filter(|&i| played[i] < counts[i]).max_by_key(|&i| {
            let clash = [last, seam].into_iter().flatten().map(|other| conflict(shares, i, other)).sum::<usize>();
            (Reverse(clash), lag(i), Reverse(i))
        });
        let Some(next) = next else { break };
        played[next] += 1;
        elapsed += i128::from(shares.entries[next].duration.0);
        order.push(next);
    }
    order
}

/// Swaps slots as long as that parts neighbours; of equally good swaps the one that keeps the spread most even.
fn part_by_swaps(shares: &Shares, order: &mut [usize]) {
    let mut now = conflicts(shares, order);
    while now > 0 {
        let mut best: Option<(usize, u128, usize, usize)> = None;
        for i in 0..order.len() {
            let clashes = |with: usize| conflict(shares, order[i], order[with % order.len()]) > 0;
            if !clashes(i + 1) && !clashes(i + order.len() - 1) {
                continue;
            }
            for j in 0..order.len() {
                if order[i] == order[j] {
                    continue;
                }
                order.swap(i, j);
                let after = conflicts(shares, order);
                if after < now && best.is_none_or(|(least, ..)| after <= least) {
                    let candidate = (after, unevenness(shares, order), i, j);
                    if best.is_none_or(|b| candidate < b) {
                        best = Some(candidate);
                    }
                }
                order.swap(i, j);
            }
        }
        let Some((after, _, i, j)) = best else { return };
        order.swap(i, j);
        now = after;
    }
}

/// Deals the classes, largest first, onto the even positions and then the odd ones: no class meets itself as long as none
/// has more than half the slots.
fn part_by_dealing(shares: &Shares, order: &[usize]) -> Vec<usize> {
    let mut dealt = order.to_vec();
    dealt.sort_by_key(|&i| {
        let class = shares.entries[i].class;
        let size = order.iter().filter(|&&j| shares.entries[j].class == class).count();
        (Reverse(size), class)
    });
    let positions = (0..order.len()).step_by(2).chain((1..order.len()).step_by(2));
    let mut parted = vec![0; order.len()];
    for (position, entry) in positions.zip(dealt) {
        parted[position] = entry;
    }
    parted
}

/// Swaps that make the spread more even without making neighbours equal; a few rounds.
fn even_out(shares: &Shares, order: &mut [usize]) {
    let mut now = (conflicts(shares, order), unevenness(shares, order));
    for _ in 0..3 {
        let before = now;
        for i in 0..order.len() {
            for j in i + 1..order.len() {
                if order[i] == order[j] {
                    continue;
                }
                order.swap(i, j);
                let clashes = conflicts(shares, order);
                let after = (clashes, if clashes > now.0 { u128::MAX } else { unevenness(shares, order) });
                if after < now {
                    now = after;
                } else {
                    order.swap(i, j);
                }
            }
        }
        if now == before {
            return;
        }
    }
}

/// Sum over all plays of the square of the time since that entry's last play, times how often it plays: least when even.
fn unevenness(shares: &Shares, order: &[usize]) -> u128 {
    let mut starts: Vec<Vec<u64>> = vec![Vec::new(); shares.entries.len()];
    let mut elapsed = 0u64;
    for &i in order {
        starts[i].push(elapsed);
        elapsed += u64::from(shares.entries[i].duration.0);
    }
    let square = |ms: u64| u128::from(ms) * u128::from(ms);
    starts
        .iter()
        .filter(|s| !s.is_empty())
        .map(|s| {
            let within: u128 = s.windows(2).map(|pair| square(pair[1] - pair[0])).sum();
            let around = square(elapsed - s[s.len() - 1] + s[0]);
            (within + around) * s.len() as u128
        })
        .sum()
}
