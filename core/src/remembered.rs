//! What was worked out, by what was asked: for things that are asked again and again and take long to answer.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use crate::rotation::Care;

/// Answers by what was asked. Several threads may ask; what it answers is what was made of the question with that care, or
/// with more if that was asked for before.
#[derive(Debug)]
pub(crate) struct Remembered<Q, A>(Mutex<HashMap<Q, Kept<A>>>);

#[derive(Debug)]
struct Kept<A> {
    answer: Arc<A>,
    care: Care,
    /// Asked for since [`Remembered::forget_unused`] was called last.
    used: bool,
}

impl<Q, A> Default for Remembered<Q, A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Q: Eq + Hash + Clone, A> Remembered<Q, A> {
    /// The answer to a question, made now if it is asked for the first time, or with less care until now.
    pub fn of(&self, asked: &Q, care: Care, make: impl FnOnce() -> A) -> Arc<A> {
        let known = |kept: &&mut Kept<A>| kept.care >= care;
        if let Some(kept) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(asked).filter(known) {
            kept.used = true;
            return kept.answer.clone();
        }
        // Not while holding the lock: two threads may both make it, and come to the same.
        let answer = Arc::new(make());
        let kept = Kept { answer: answer.clone(), care, used: true };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(better) = all.get(asked).filter(|kept| kept.care > care) {
            return better.answer.clone();
        }
        all.insert(asked.clone(), kept);
        answer
    }

    /// Forgets what was not asked for since the last time and nobody holds any more.
    pub fn forget_unused(&self) {
        let in_use = |kept: &mut Kept<A>| std::mem::take(&mut kept.used) || Arc::strong_count(&kept.answer) > 1;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, kept| in_use(kept));
    }

    /// How many answers it holds.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_with_care_is_not_made_again_and_what_was_not_is_made_better() {
        let all = Remembered::<u8, &str>::default();
        assert_eq!(*all.of(&1, Care::Quick, || "rough"), "rough");
        assert_eq!(*all.of(&1, Care::Full, || "fine"), "fine");
        assert_eq!(*all.of(&1, Care::Quick, || "rough"), "fine");
    }

    #[test]
    fn what_somebody_holds_is_not_forgotten() {
        let all = Remembered::<u8, u8>::default();
        let held = all.of(&1, Care::Full, || 1);
        all.of(&2, Care::Full, || 2);
        all.forget_unused();
        assert_eq!(all.len(), 2, "both were asked for");
        all.forget_unused();
        assert_eq!(all.len(), 1);
        drop(held);
        all.forget_unused();
        assert_eq!(all.len(), 0);
    }
}
