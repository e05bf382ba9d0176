//! SQL of places, screens and pairings.

pub(super) mod keys;
pub(super) mod links;
pub(super) mod pairings;
pub(super) mod places;
pub mod screens;
