//! 紧急插播 in the console.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    campaign::Selector,
    id::{CreativeId, TakeoverId},
    playlist::TakeoverLevel,
    time::UtcMillis,
};

use super::super::Playlists;
use crate::{
    accounts::{Allowed, Publish, SignedIn},
    campaigns::{NewTakeover, TakeoverOrder},
    clock,
    http::{Body, PathOf, Problem},
};

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(list, start)).routes(routes!(withdraw))
}

/// A takeover.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakeoverView {
    id: TakeoverId,
    title: String,
    level: TakeoverLevel,
    creatives: Vec<CreativeId>,
    selector: Selector,
    starts: UtcMillis,
    expires: UtcMillis,
    started_by: String,
    /// On the walls now.
    active: bool,
    withdrawn_at: Option<UtcMillis>,
    withdrawn_by: Option<String>,
}

impl TakeoverView {
    fn new(order: TakeoverOrder, now: UtcMillis) -> Self {
        let active = order.is_active(now);
        let (withdrawn_at, withdrawn_by) = order.withdrawn.unzip();
        Self {
            id: order.id,
            title: order.title,
            level: order.level,
            creatives: order.creatives,
            selector: order.selector,
            starts: order.starts,
            expires: order.expires,
            started_by: order.started_by,
            active,
            withdrawn_at,
            withdrawn_by,
        }
    }
}

/// Takeovers, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakeoverList {
    items: Vec<TakeoverView>,
}

#[utoipa::path(get, path = "/api/v1/takeovers", tag = "campaigns", responses((status = 200, body = TakeoverList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn list(State(playlists): State<Playlists>, _: Allowed<SignedIn>) -> Result<Body<TakeoverList>, Problem> {
    let now = clock::now();
    let items = playlists.campaigns.takeovers(now).await?.into_iter().map(|t| TakeoverView::new(t, now)).collect();
    Ok(Body(TakeoverList { items }))
}

/// What a takeover is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeoverForm {
    title: String,
    level: TakeoverLevel,
    /// Approved ones only.
    creatives: Vec<CreativeId>,
    #[serde(default)]
    selector: Selector,
    /// 1 minute to 24 hours.
    expires_in_minutes: u32,
}

/// A takeover that has started.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakeoverStarted {
    takeover: TakeoverView,
    /// How many screens were told.
    screens: usize,
}

#[utoipa::path(post, path = "/api/v1/takeovers", tag = "campaigns", request_body = TakeoverForm,
    responses((status = 201, body = TakeoverStarted)), extensions(("x-roles" = json!(["editor", "reviewer"]))))]
async fn start(
    State(playlists): State<Playlists>,
    Allowed(me, _): Allowed<Publish>,
    Body(form): Body<TakeoverForm>,
) -> Result<(StatusCode, Body<TakeoverStarted>), Problem> {
    let now = clock::now();
    let new = NewTakeover {
        title: form.title,
        level: form.level,
        creatives: form.creatives,
        selector: form.selector,
        minutes: form.expires_in_minutes,
    };
    let order = playlists.campaigns.start_takeover(new, &(&me).into(), now).await?;
    let screens = issue(&playlists, now).await;
    Ok((StatusCode::CREATED, Body(TakeoverStarted { takeover: TakeoverView::new(order, now), screens })))
}

#[utoipa::path(post, path = "/api/v1/takeovers/{id}/withdraw", tag = "campaigns", params(("id" = TakeoverId, Path)),
    responses((status = 204)), extensions(("x-roles" = json!(["editor", "reviewer"]))))]
async fn withdraw(
    State(playlists): State<Playlists>,
    Allowed(me, _): Allowed<Publish>,
    PathOf(id): PathOf<TakeoverId>,
) -> Result<StatusCode, Problem> {
    let now = clock::now();
    playlists.campaigns.withdraw_takeover(id, &(&me).into(), now).await?;
    issue(&playlists, now).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells the screens; answers how many. The order itself stands, whatever happens here: should this fail, planning does it
/// in a moment, and whoever pressed the button must not be made to press it again.
async fn issue(playlists: &Playlists, now: UtcMillis) -> usize {
    match playlists.issue_takeovers(now).await {
        Ok(screens) => screens,
        Err(error) => {
            tracing::error!(%error, "a takeover could not be issued at once; planning will");
            0
        }
    }
}
