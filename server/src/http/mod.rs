//! What every endpoint shares: refusals as problem+json, extractors that refuse in that form, and the outer layers.

mod blob;
mod extract;
mod layers;
mod problem;

pub use blob::blob_response;
pub use extract::{Body, PathOf, QueryOf};
pub use layers::{FramedByPolicy, outer_layers, same_origin_only};
pub use problem::{Problem, ProblemBody};
