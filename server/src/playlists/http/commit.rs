//! Submitting and approving a campaign: what could not be kept then is refused, unless the person says that it is meant.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{digest::Digest, id::CampaignId};

use super::super::{COUNTY_ZONE, Playlists, words};
use crate::{
    accounts::{Allowed, Draft, Review},
    campaigns::{Unreached, http::CampaignView},
    clock,
    http::{Body, PathOf, Problem, QueryOf},
};

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(submit)).routes(routes!(approve))
}

/// How strict submitting and approving are.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StrictnessQuery {
    /// Bookings that reach no screen yet are meant: screens enrolled later join by themselves.
    #[serde(default)]
    allow_unreached: bool,
    /// That bookings cannot live together is known, and meant.
    #[serde(default)]
    allow_collisions: bool,
}

impl StrictnessQuery {
    fn unreached(&self) -> Unreached {
        if self.allow_unreached { Unreached::Allow } else { Unreached::Refuse }
    }
}

/// Refuses what cannot live together, with the first reason. Whatever else is wrong with the campaign is said first.
async fn check(playlists: &Playlists, id: CampaignId, query: &StrictnessQuery) -> Result<(), Problem> {
    if query.allow_collisions {
        return Ok(());
    }
    let foreseen = playlists.collisions(id, clock::now()).await?;
    let Some(first) = foreseen.collisions.first() else { return Ok(()) };
    let names = playlists.booking_names(id).await?;
    let why = words::collision(first.certificate.as_ref(), &first.bookings, &names.plain());
    let detail = format!("有 {} 处排不下，例如：{why}请先调整排期，或确认已知晓后再继续。", foreseen.collisions.len());
    Err(Problem::conflict("promises-broken", "播放承诺无法全部兑现", detail)
        .with("collisions", foreseen.collisions.len()))
}

/// What submitting came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmittedView {
    campaign: CampaignView,
    /// How many screens it would reach.
    screens: usize,
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/submit", tag = "campaigns",
    params(("id" = CampaignId, Path), StrictnessQuery),
    responses((status = 200, body = SubmittedView)), extensions(("x-roles" = json!(["editor"]))))]
async fn submit(
    State(playlists): State<Playlists>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<CampaignId>,
    QueryOf(query): QueryOf<StrictnessQuery>,
) -> Result<Body<SubmittedView>, Problem> {
    let today = clock::today(COUNTY_ZONE);
    let by = (&me).into();
    playlists.campaigns.may_submit(id, query.unreached(), &by, today, clock::now()).await?;
    check(&playlists, id, &query).await?;
    let submitted = playlists.campaigns.submit(id, query.unreached(), &by, today, clock::now()).await?;
    let (campaign, screens) = submitted;
    Ok(Body(SubmittedView { campaign: CampaignView::new(campaign, today), screens }))
}

/// Which draft a reviewer looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenForm {
    /// The campaign's `hash` when the reviewer read it.
    #[schema(value_type = String)]
    hash: Digest,
}

/// What approving came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedView {
    revision: i64,
    /// How many screens it reaches.
    screens: usize,
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/approve", tag = "campaigns",
    params(("id" = CampaignId, Path), StrictnessQuery), request_body = SeenForm,
    responses((status = 200, body = PublishedView)), extensions(("x-roles" = json!(["reviewer"]))))]
async fn approve(
    State(playlists): State<Playlists>,
    Allowed(me, _): Allowed<Review>,
    PathOf(id): PathOf<CampaignId>,
    QueryOf(query): QueryOf<StrictnessQuery>,
    Body(seen): Body<SeenForm>,
) -> Result<Body<PublishedView>, Problem> {
    let (by, today) = ((&me).into(), clock::today(COUNTY_ZONE));
    playlists.campaigns.may_approve(id, seen.hash, &by, clock::now()).await?;
    check(&playlists, id, &query).await?;
    let done = playlists.campaigns.approve(id, seen.hash, query.unreached(), &by, today, clock::now()).await?;
    Ok(Body(PublishedView { revision: done.revision, screens: done.screens }))
}
