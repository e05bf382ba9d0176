//! Who does the pieces that an examination is cut into. None knows of another, and what they come to is put together in
//! their order: so a verdict is the same whoever did them, and how many at once.

/// Does pieces of work that do not depend on each other. There is [`OneByOne`] here; who has threads brings more.
pub trait Hands {
    /// What each of so many pieces comes to, in their order.
    fn each<T: Send>(&self, pieces: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T>;
}

/// One pair of hands.
#[derive(Debug, Clone, Copy, Default)]
pub struct OneByOne;

impl Hands for OneByOne {
    fn each<T: Send>(&self, pieces: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        (0..pieces).map(work).collect()
    }
}

/// Into how many pieces things are cut that are many: enough for any machine's cores to be done at about the same time.
pub(super) const PIECES: usize = 64;
