//! SQL of the play log.

pub mod archive;
pub mod batches;
pub mod covered;
pub mod days;
pub mod evidence;
pub mod findings;
pub mod former;
pub mod gaps;
pub mod log;
pub mod numbers;
mod wanted;
