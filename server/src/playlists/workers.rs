//! Work spread over the machine's cores: planning is pure, so programmes are named, built and looked into side by side.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Does the same to all of these, on as many threads as there are cores; answers in the order asked.
pub fn on_all_cores<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(all.len());
    if cores < 2 {
        return all.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    // Who is done takes the next one: some take a hundred times as long as others.
    let share = || {
        let mut done = Vec::new();
        while let Some((at, each)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, all.get(at)?)))
        {
            done.push((at, work(each)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(share)).collect();
        let mut done = share();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
