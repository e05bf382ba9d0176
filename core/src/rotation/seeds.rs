//! Orders to begin with: smooth weighted round robin in real milliseconds, Steiner and Yeomans' windows by earliest
//! deadline, earliest promise first, and a deal that parts classes as far as any order can.

use std::cmp::Reverse;

use super::layout::Layout;

/// Always the entry that lags most behind an even spread in milliseconds, neighbours of one class avoided.
pub(super) fn smooth(layout: &Layout) -> Vec<usize> {
    lagging(layout, true)
}

/// The same whoever its neighbours are: more even, to be parted afterwards.
pub(super) fn even(layout: &Layout) -> Vec<usize> {
    lagging(layout, false)
}

fn lagging(layout: &Layout, parted: bool) -> Vec<usize> {
    let (length, slots) = (i128::from(layout.length), layout.slots as i128);
    let counts = &layout.counts;
    let mut played = vec![0u32; counts.len()];
    let mut on_track = vec![0u32; layout.tracks.len()];
    let mut order: Vec<usize> = Vec::with_capacity(layout.slots);
    let mut elapsed = 0i128;
    while order.len() < layout.slots {
        let around = [order.last().copied(), order.first().copied().filter(|_| order.len() + 1 == layout.slots)];
        // How far it lags behind an even spread, were one more mean slot gone by.
        let lag = |i: usize| {
            let track = layout.entries[i].track;
            i128::from(layout.tracks[track].count) * (elapsed * slots + length)
                - i128::from(on_track[track]) * length * slots
        };
        let turn = |i: usize| u64::from(played[i]) * 1_000_000 / u64::from(counts[i].max(1));
        let next = (0..counts.len()).filter(|&i| played[i] < counts[i]).max_by_key(|&i| {
            let clashes = if parted { clashes(layout, i, around) } else { (0, 0) };
            (Reverse(clashes), lag(i), Reverse(turn(i)), Reverse(i))
        });
        let Some(next) = next else { break };
        played[next] += 1;
        on_track[layout.entries[next].track] += 1;
        elapsed += i128::from(layout.entries[next].duration);
        order.push(next);
    }
    order
}

fn clashes(layout: &Layout, i: usize, around: [Option<usize>; 2]) -> (usize, usize) {
    let with = |other: usize| {
        let (a, b) = (&layout.entries[i], &layout.entries[other]);
        (usize::from(a.class == b.class), usize::from(a.creative == b.creative))
    };
    around.into_iter().flatten().map(with).fold((0, 0), |sum, each| (sum.0 + each.0, sum.1 + each.1))
}

/// The `n`-th play of a track with `c` of `N` slots in slots ⌊nN/c⌋ ..= ⌈(n+1)N/c⌉ − 1, earliest deadline first: never a
/// whole play away from an even pace (Steiner and Yeomans 1993).
pub(super) fn windows(layout: &Layout) -> Vec<usize> {
    let slots = layout.slots as u64;
    let mut played = vec![0u32; layout.counts.len()];
    let mut on_track = vec![0u64; layout.tracks.len()];
    let mut order: Vec<usize> = Vec::with_capacity(layout.slots);
    for place in 0..slots {
        let around = [order.last().copied(), order.first().copied().filter(|_| place + 1 == slots)];
        let window = |track: usize| {
            let (nth, count) = (on_track[track], u64::from(layout.tracks[track].count).max(1));
            (nth * slots / count, ((nth + 1) * slots).div_ceil(count) - 1)
        };
        let turn = |i: usize| u64::from(played[i]) * 1_000_000 / u64::from(layout.counts[i].max(1));
        let next = (0..layout.counts.len()).filter(|&i| played[i] < layout.counts[i]).min_by_key(|&i| {
            let (release, deadline) = window(layout.entries[i].track);
            (release > place, deadline, clashes(layout, i, around), turn(i), i)
        });
        let Some(next) = next else { break };
        played[next] += 1;
        on_track[layout.entries[next].track] += 1;
        order.push(next);
    }
    order
}

/// Always the track whose promise falls due first; where no promise presses, whatever lags most.
pub(super) fn promises_first(layout: &Layout) -> Vec<usize> {
    let mut played = vec![0u32; layout.counts.len()];
    let mut on_track = vec![0u64; layout.tracks.len()];
    let mut order = Vec::with_capacity(layout.slots);
    let mut elapsed = 0u64;
    let due = |track: usize, on_track: &[u64]| {
        let each = &layout.tracks[track];
        let even = (on_track[track] + 1) * layout.length / u64::from(each.count.max(1));
        let promised = each.promises.iter().map(|p| (on_track[track] + 1) * p.within / u64::from(p.starts.max(1)));
        promised.min().map_or(even, |promised| promised.min(even))
    };
    while order.len() < layout.slots {
        let turn = |i: usize| u64::from(played[i]) * 1_000_000 / u64::from(layout.counts[i].max(1));
        let next = (0..layout.counts.len()).filter(|&i| played[i] < layout.counts[i]).min_by_key(|&i| {
            let entry = &layout.entries[i];
            // The latest start that still makes it.
            (due(entry.track, &on_track).saturating_sub(entry.duration).max(elapsed), turn(i), i)
        });
        let Some(next) = next else { break };
        played[next] += 1;
        on_track[layout.entries[next].track] += 1;
        elapsed += layout.entries[next].duration;
        order.push(next);
    }
    order
}

/// Neighbours of one class that no order of these slots can avoid: those of a class that has more than half of them.
pub(super) fn fewest_alike(layout: &Layout) -> u32 {
    let most = (0..layout.entries.len()).map(|i| class_size(layout, i)).max().unwrap_or(0);
    if layout.slots < 2 { 0 } else { (2 * most).saturating_sub(layout.slots as u32) }
}

fn class_size(layout: &Layout, entry: usize) -> u32 {
    let class = layout.entries[entry].class;
    layout.entries.iter().zip(&layout.counts).filter(|(e, _)| e.class == class).map(|(_, n)| n).sum()
}

/// Deals the classes of an order, largest first, onto the even positions and then the odd ones: so no class meets itself as
/// long as none has more than half the slots. If one has, the others are put between its members, no two of them together.
pub(super) fn dealt(layout: &Layout, order: &[usize]) -> Vec<usize> {
    let mut dealt = order.to_vec();
    let sizes: Vec<u32> = (0..layout.entries.len()).map(|i| class_size(layout, i)).collect();
    dealt.sort_by_key(|&i| (Reverse(sizes[i]), layout.entries[i].class));
    let largest = dealt.first().map_or(0, |&i| sizes[i] as usize);
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
