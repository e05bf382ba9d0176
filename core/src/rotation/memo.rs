//! Loops already arranged, by what was asked: the same bookings meet on very many screens, and on every day.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Answer, Care, Request, arrange_with};

/// Answers by request. Several threads may plan with one; what it answers is what
/// [`arrange_with`] answers with that care, or with more if that was asked for before.
#[derive(Debug, Default)]
pub struct Memo(Mutex<HashMap<Request, Kept>>);

#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    care: Care,
    /// Asked for since [`Memo::forget_unused`] was called last.
    used: bool,
}

impl Memo {
    /// The answer to a request, found now if it is asked for the first time, or with less care until now.
    pub fn arrange(&self, request: &Request, care: Care) -> Arc<Answer> {
        let known = |kept: &&mut Kept| kept.care >= care;
        if let Some(kept) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(request).filter(known) {
            kept.used = true;
            return kept.answer.clone();
        }
        // Not while holding the lock: two threads may both find it, and find the same.
        let answer = Arc::new(arrange_with(request, care));
        let kept = Kept { answer: answer.clone(), care, used: true };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(better) = all.get(request).filter(|kept| kept.care > care) {
            return better.answer.clone();
        }
        all.insert(request.clone(), kept);
        answer
    }

    /// Forgets what was not asked for since the last time and nobody holds any more.
    pub fn forget_unused(&self) {
        let in_use = |kept: &mut Kept| std::mem::take(&mut kept.used) || Arc::strong_count(&kept.answer) > 1;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, kept| in_use(kept));
    }

    /// How many answers it holds.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
