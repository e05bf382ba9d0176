//! Endpoints of places, screens and players.

mod links;
mod places;
mod player;
mod problems;
mod screens;

use utoipa_axum::router::OpenApiRouter;

use super::Screens;

/// All routes of this domain.
pub fn routes(state: Screens) -> OpenApiRouter {
    places::routes().merge(screens::routes()).merge(links::routes()).merge(player::routes()).with_state(state)
}
