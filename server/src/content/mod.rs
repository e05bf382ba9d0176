//! Content.
pub mod child;
pub mod class;
pub mod media;
pub mod probe;
pub mod render;
#[cfg(test)]
mod samples;
pub mod transcode;
