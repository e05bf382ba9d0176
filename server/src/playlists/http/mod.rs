//! Endpoints of playlists: what players pull, what people look at, and takeovers, which are issued on the spot.

mod changes;
mod commit;
mod current;
mod explain;
mod foresight;
mod instructions;
mod player;
mod takeovers;
mod timelines;

use utoipa_axum::router::OpenApiRouter;

use super::{PlaylistError, Playlists};
use crate::http::Problem;

/// All routes of this domain.
pub fn routes(state: Playlists) -> OpenApiRouter {
    player::routes()
        .merge(takeovers::routes())
        .merge(timelines::routes())
        .merge(changes::routes())
        .merge(commit::routes())
        .merge(current::routes())
        .merge(explain::routes())
        .merge(foresight::routes())
        .merge(instructions::routes())
        .with_state(state)
}

impl From<PlaylistError> for Problem {
    fn from(error: PlaylistError) -> Self {
        match error {
            PlaylistError::Unknown => Self::not_found("播放单"),
            PlaylistError::Damaged(..) => Self::internal(&error),
            PlaylistError::Io(e) => Self::internal(&e),
            PlaylistError::Screens(e) => e.into(),
            PlaylistError::Content(e) => e.into(),
            PlaylistError::Campaigns(e) => e.into(),
            PlaylistError::Db(e) => e.into(),
            PlaylistError::Entropy(e) => e.into(),
        }
    }
}
