//! Loops of 20 to 2,000 slots, beside plain smooth weighted round robin with the same plays: what care costs in time, and
//! what it buys in the worst gap. Budget (design.md): 500 slots within 50 ms.

#![allow(missing_docs, clippy::expect_used)] // A program for people who measure.

mod stopwatch;

use xuanping_core::{
    campaign::Guarantee,
    id::BookingId,
    playlist::Slot,
    rotation::{Answer, Bounds, Demand, Entry, Part, Request, Verdict, arrange},
    time::Millis,
    vocabulary::FraudType,
};

use self::stopwatch::once;

/// Smooth weighted round robin as everybody writes it: each gains its plays, the largest plays and pays the total.
fn round_robin(plays: &[(u32, Millis, i64)]) -> Vec<Slot> {
    let total: i64 = plays.iter().map(|(_, _, n)| n).sum();
    let mut credit = vec![0i64; plays.len()];
    let mut slots = Vec::new();
    for _ in 0..total {
        for (credit, (_, _, n)) in credit.iter_mut().zip(plays) {
            *credit += n;
        }
        let Some(next) = (0..plays.len()).max_by_key(|&i| (credit[i], std::cmp::Reverse(i))) else { break };
        credit[next] -= total;
        slots.push(Slot { item: plays[next].0, duration: plays[next].1 });
    }
    slots
}

/// The largest gap from start to start, times plays, over the loop's length: 1 if perfectly even. And how many neighbours
/// are of one fraud type.
fn worst_gap(slots: &[Slot], entries: &[Entry]) -> (f64, usize) {
    let length: u64 = slots.iter().map(|s| u64::from(s.duration.0)).sum();
    let mut worst = 0.0f64;
    for entry in entries {
        let mut elapsed = 0u64;
        let mut starts = Vec::new();
        for slot in slots {
            if slot.item == entry.key {
                starts.push(elapsed);
            }
            elapsed += u64::from(slot.duration.0);
        }
        let around = starts.first().map(|first| first + length);
        let next = starts.iter().skip(1).copied().chain(around);
        let gap = next.zip(&starts).map(|(next, start)| next - start).max().unwrap_or(0);
        worst = worst.max(gap as f64 * starts.len() as f64 / length as f64);
    }
    let kind = |slot: &Slot| entries.iter().find(|e| e.key == slot.item).and_then(|e| e.fraud_type);
    let next = slots.iter().cycle().skip(1);
    let alike = slots.iter().zip(next).filter(|(a, b)| kind(a).is_some() && kind(a) == kind(b)).count();
    (worst, alike)
}

/// What no order can beat: gaps are sums of lengths, and the mean gap has to be reached. As [`worst_gap`] says it.
fn least_gap(slots: &[Slot], entries: &[Entry]) -> f64 {
    let length: u64 = slots.iter().map(|s| u64::from(s.duration.0)).sum();
    let unit = entries.iter().fold(0, |unit, entry| common(unit, u64::from(entry.duration.0))).max(1);
    let of = |entry: &Entry| {
        let plays = slots.iter().filter(|slot| slot.item == entry.key).count() as u64;
        if plays == 0 { 0.0 } else { (length.div_ceil(plays * unit) * unit * plays) as f64 / length as f64 }
    };
    entries.iter().map(of).fold(0.0, f64::max)
}

fn common(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common(b, a % b) }
}

/// The furthest that a booking's airtime is from what its weight asks for, in plays.
fn off_by(answer: &Answer, entries: &[Entry]) -> f64 {
    let length = f64::from(answer.report.length.0);
    let off = answer.report.bookings.iter().zip(entries).map(|(booking, entry)| {
        let ms = (f64::from(booking.share) - f64::from(booking.target)).abs() / 1e6 * length;
        ms / f64::from(entry.duration.0)
    });
    off.fold(0.0, f64::max)
}

/// A loop of so many slots: half of them are of a few bookings that weigh much, the other half of as many that weigh so
/// little that they play once; 6 to 30 seconds long.
fn request(slots: u32, guarantees: u32) -> Request {
    let heavy = if slots < 100 { 2 } else { 5 };
    let creatives = slots / 2 + heavy;
    let duration = |n: u32| Millis([6_000, 10_000, 15_000, 8_000, 30_000, 12_000, 10_000][n as usize % 7]);
    let part = |n: u32| {
        let demand = if n < guarantees {
            // From once in 10 minutes to once in 20.
            Demand::Guarantee(Guarantee::checked(Some(3), Some(20 + (n % 3) as u16)).expect("a guarantee"))
        } else {
            let plays = if n >= creatives - heavy { slots / 2 / heavy } else { 1 };
            Demand::Share(plays * duration(n * 3 + 1).0)
        };
        Part {
            booking: BookingId::new(uuid::Uuid::from_u128(u128::from(n) + 1)),
            demand,
            entries: vec![Entry {
                key: n,
                duration: duration(n * 3 + 1),
                fraud_type: Some(FraudType::ALL[(n * 5 + n / 3) as usize % FraudType::ALL.len()]),
                creative: n,
            }],
        }
    };
    let bounds = Bounds { longest: Millis(slots * 20_000), most_slots: slots };
    Request::checked((0..creatives).map(part).collect(), bounds).expect("a request")
}

/// Median and worst of `runs` runs, in milliseconds, after one that is not counted.
fn time<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, f64) {
    once(&mut work);
    let mut all: Vec<f64> = (0..runs.max(1)).map(|_| once(&mut work).1).collect();
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], all[all.len() - 1])
}

fn main() {
    println!("loops: median of several runs; worst gap ÷ ideal gap (1 = perfectly even); equal neighbours");
    println!(
        "{:<28} {:>6} {:>10} {:>10} {:>8} {:>8} {:>7} {:>8} | {:>12} {:>8} {:>7}",
        "", "slots", "median ms", "worst ms", "gap", "at least", "alike", "off by", "plain RR ms", "gap", "alike"
    );
    for (name, guarantees) in [("shares only", false), ("shares and guarantees", true)] {
        for slots in [20u32, 100, 500, 2_000] {
            let request = request(slots, if guarantees { (slots / 50).clamp(2, 8) } else { 0 });
            let runs = if slots > 500 { 5 } else { 11 };
            let (median, worst) = time(runs, || arrange(&request));
            let answer = arrange(&request);
            let entries: Vec<Entry> = request.parts().iter().flat_map(|p| p.entries.clone()).collect();
            let plays: Vec<(u32, Millis, i64)> = entries
                .iter()
                .map(|e| (e.key, e.duration, answer.slots.iter().filter(|s| s.item == e.key).count() as i64))
                .collect();
            let (plain, _) = time(runs, || round_robin(&plays));
            let (ours, alike) = worst_gap(&answer.slots, &entries);
            let (theirs, theirs_alike) = worst_gap(&round_robin(&plays), &entries);
            let kept = if answer.verdict == Verdict::Feasible { "" } else { " (not all kept)" };
            let count = answer.slots.len();
            let short = if count as u32 * 100 >= slots * 95 { "" } else { " (fewer than were meant)" };
            let (least, off) = (least_gap(&answer.slots, &entries), off_by(&answer, &entries));
            println!(
                "{name:<28} {count:>6} {median:>10.2} {worst:>10.2} {ours:>8.3} {least:>8.3} {alike:>7} {off:>8.3} | \
                 {plain:>12.3} {theirs:>8.3} {theirs_alike:>7}{kept}{short}"
            );
        }
    }
}
