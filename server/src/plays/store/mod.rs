//! SQL of the play log.

pub mod batches;
pub mod counts;
pub mod covered;
pub mod evidence;
pub mod findings;
pub mod log;
pub mod plays;
pub mod recount;
mod wanted;
