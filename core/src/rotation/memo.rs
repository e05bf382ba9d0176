//! Loops already arranged, by what was asked: the same bookings meet on very many screens, and on every day.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Answer, Request, arrange};

/// Answers by request. Several threads may plan with one; what it answers is what [`arrange`] answers.
#[derive(Debug, Default)]
pub struct Memo(Mutex<HashMap<Request, Kept>>);

#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    /// Asked for since [`Memo::forget_unused`] was called last.
    used: bool,
}

impl Memo {
    /// The answer to a request, found now if it is asked for the first time.
    pub fn arrange(&self, request: &Request) -> Arc<Answer> {
        if let Some(kept) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(request) {
            kept.used = true;
            return kept.answer.clone();
        }
        // Not while holding the lock: two threads may both find it, and find the same.
        let answer = Arc::new(arrange(request));
        let kept = Kept { answer: answer.clone(), used: true };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(request.clone(), kept);
        answer
    }

    /// Forgets what was not asked for since the last time.
    pub fn forget_unused(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, kept| std::mem::take(&mut kept.used));
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
