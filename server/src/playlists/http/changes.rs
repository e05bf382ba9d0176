//! A screen's playlists, and what changed between any two.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{digest::Digest, id::ScreenId, time::UtcMillis};

use super::super::Playlists;
use crate::{
    accounts::{Allowed, SignedIn},
    http::{Body, PathOf, Problem, QueryOf},
};

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(told)).routes(routes!(changes))
}

/// So many are listed.
const MOST: usize = 30;

/// The playlists of a screen, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldList {
    items: Vec<ToldView>,
}

/// A playlist that a screen was told to play.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToldView {
    /// The first manifest that said so.
    version: u64,
    /// When.
    issued: UtcMillis,
    /// Which: 64 hexadecimal digits.
    playlist: String,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/playlists", tag = "playlists", params(("id" = ScreenId, Path)),
    responses((status = 200, body = ToldList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn told(
    State(playlists): State<Playlists>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<Body<ToldList>, Problem> {
    let told = playlists.told(id, MOST).await?.into_iter();
    let items =
        told.map(|t| ToldView { version: t.version, issued: t.issued, playlist: t.playlist.to_string() }).collect();
    Ok(Body(ToldList { items }))
}

/// Which two.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TwoPlaylists {
    /// The earlier one.
    from: String,
    /// The later one.
    to: String,
}

fn digest(text: &str) -> Result<Digest, Problem> {
    text.parse().map_err(|_| Problem::not_found("播放单"))
}

/// What changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesView {
    /// Days that both cover: only these are compared.
    days: u32,
    /// Sentences in Chinese; empty: the same programme on these days.
    changes: Vec<String>,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/changes", tag = "playlists",
    params(("id" = ScreenId, Path), TwoPlaylists), responses((status = 200, body = ChangesView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn changes(
    State(playlists): State<Playlists>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
    QueryOf(two): QueryOf<TwoPlaylists>,
) -> Result<Body<ChangesView>, Problem> {
    let (days, changes) = playlists.changes(id, digest(&two.from)?, digest(&two.to)?).await?;
    Ok(Body(ChangesView { days, changes }))
}
