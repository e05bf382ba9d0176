//! What follows what: smooth weighted round robin in real milliseconds, then equal neighbours are parted.

use std::cmp::Reverse;

use super::counts::Shares;

/// Neighbours, seam included, that should not be: of one class, and among these the same entry twice in a row. Compared in
/// this order.
pub(super) type Conflicts = (usize, usize);

/// An order (positions in `shares.entries`) in which each entry is as often as `counts` says, evenly spread, with as few
/// neighbours of one class, seam included, as any order can have.
pub(super) fn order(shares: &Shares, counts: &[u32]) -> Vec<usize> {
    let mut order = smooth(shares, counts);
    if conflicts(shares, &order) > (0, 0) {
        part_by_swaps(shares, &mut order);
    }
    if conflicts(shares, &order).0 > fewest_conflicts(shares, &order) {
        order = part_by_dealing(shares, &order);
        even_out(shares, &mut order);
    }
    order
}

/// How many neighbours should not be.
pub(super) fn conflicts(shares: &Shares, order: &[usize]) -> Conflicts {
    if order.len() < 2 {
        return (0, 0);
    }
    let pairs = (0..order.len()).map(|i| conflict(shares, order[i], order[(i + 1) % order.len()]));
    pairs.fold((0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1))
}

fn conflict(shares: &Shares, a: usize, b: usize) -> Conflicts {
    (usize::from(shares.entries[a].class == shares.entries[b].class), usize::from(a == b))
}

/// Neighbours of one class that no order of these can avoid: those of a class that has more than half the slots.
fn fewest_conflicts(shares: &Shares, order: &[usize]) -> usize {
    let most = order.iter().map(|&i| class_size(shares, order, i)).max().unwrap_or(0);
    if order.len() < 2 { 0 } else { (2 * most).saturating_sub(order.len()) }
}

fn class_size(shares: &Shares, order: &[usize], entry: usize) -> usize {
    order.iter().filter(|&&other| shares.entries[other].class == shares.entries[entry].class).count()
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
            let clashes = [last, seam].into_iter().flatten().map(|other| conflict(shares, i, other));
            let clashes = clashes.fold((0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1));
            (Reverse(clashes), lag(i), Reverse(i))
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
    let fewest = (fewest_conflicts(shares, order), 0);
    while now > fewest {
        let mut best: Option<(Conflicts, u128, usize, usize)> = None;
        for i in (0..order.len()).filter(|&i| conflicts_at(shares, order, &[i]) > (0, 0)).collect::<Vec<_>>() {
            for j in (0..order.len()).filter(|&j| order[j] != order[i]).collect::<Vec<_>>() {
                let before = conflicts_at(shares, order, &[i, j]);
                order.swap(i, j);
                let after = conflicts_at(shares, order, &[i, j]);
                let after = (now.0 + after.0 - before.0, now.1 + after.1 - before.1);
                if after < now && best.is_none_or(|(least, ..)| after <= least) {
                    let candidate = (after, unevenness(shares, order), i, j);
                    if best.is_none_or(|best| candidate < best) {
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

/// The conflicts in which these slots take part, each counted once.
fn conflicts_at(shares: &Shares, order: &[usize], slots: &[usize]) -> Conflicts {
    let length = order.len();
    let mut lefts: Vec<usize> = slots.iter().flat_map(|&slot| [slot, (slot + length - 1) % length]).collect();
    lefts.sort_unstable();
    lefts.dedup();
    let pairs = lefts.into_iter().map(|left| conflict(shares, order[left], order[(left + 1) % length]));
    pairs.fold((0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1))
}

/// Deals the classes, largest first, onto the even positions and then the odd ones: so no class meets itself as long as
/// none has more than half the slots. If one has, the others are put between its members, no two of them together.
fn part_by_dealing(shares: &Shares, order: &[usize]) -> Vec<usize> {
    let mut dealt = order.to_vec();
    dealt.sort_by_key(|&i| (Reverse(class_size(shares, order, i)), shares.entries[i].class));
    let largest = dealt.first().map_or(0, |&i| class_size(shares, order, i));
    let others = order.len() - largest;
    if others < largest {
        let (many, few) = dealt.split_at(largest);
        let mut few = few.iter();
        let mut parted = Vec::with_capacity(order.len());
        for (position, entry) in many.iter().enumerate() {
            parted.push(*entry);
            // One of the others whenever their even spread says so.
            if (position + 1) * others / largest > position * others / largest {
                parted.extend(few.next());
            }
        }
        return parted;
    }
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
