//! Work spread over the machine's cores: what is pure is planned, built and examined side by side.

use std::{
    num::NonZeroUsize,
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// So many as this process may use; one if nobody can say how many.
pub fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Does the same to all of these, on as many threads as there are cores; answers in the order asked.
pub fn on_all_cores<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    each(cores(), all.len(), |nth| work(&all[nth]))
}

/// What each of so many pieces comes to, in their order. Whoever is done takes the next one: some take a hundred times as
/// long as others.
pub fn each<R: Send>(threads: NonZeroUsize, pieces: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut done = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return done;
            }
            done.push((piece, work(piece)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others = 1..threads.get().min(pieces);
        // Where no more threads are to be had, those that are do it all.
        let others: Vec<_> = others.map_while(|_| thread::Builder::new().spawn_scoped(scope, some).ok()).collect();
        let mut done = some();
        for other in others {
            // What a piece panics with goes on as if it had been done here.
            done.extend(other.join().unwrap_or_else(|reason| panic::resume_unwind(reason)));
        }
        done
    });
    done.sort_unstable_by_key(|(piece, _)| *piece);
    done.into_iter().map(|(_, each)| each).collect()
}
