//! Endpoints of a campaign's life: sending back, withdrawing, copying, and what was done so far. Submitting and approving are
//! with playlists, which foresee what could not be kept.

use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{digest::Digest, id::CampaignId, time::UtcMillis};

use super::{super::Campaigns, CampaignView, today};
use crate::{
    accounts::{Allowed, Draft, Publish, Review, SignedIn},
    campaigns::{LifeStep, LifeStepTaken},
    clock,
    http::{Body, PathOf, Problem},
};

pub(super) fn routes() -> OpenApiRouter<Campaigns> {
    OpenApiRouter::new()
        .routes(routes!(reject))
        .routes(routes!(withdraw))
        .routes(routes!(copy))
        .routes(routes!(history))
}

/// Why a draft is sent back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectForm {
    /// The campaign's `hash` when the reviewer read it.
    #[schema(value_type = String)]
    hash: Digest,
    /// What is to be changed, 300 characters at most.
    reason: String,
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/reject", tag = "campaigns", params(("id" = CampaignId, Path)),
    request_body = RejectForm, responses((status = 200, body = CampaignView)),
    extensions(("x-roles" = json!(["reviewer"]))))]
async fn reject(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Review>,
    PathOf(id): PathOf<CampaignId>,
    Body(form): Body<RejectForm>,
) -> Result<Body<CampaignView>, Problem> {
    let campaign = campaigns.reject(id, form.hash, &form.reason, &(&me).into(), clock::now()).await?;
    Ok(Body(CampaignView::new(campaign, today())))
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/withdraw", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 204)), extensions(("x-roles" = json!(["editor", "reviewer"]))))]
async fn withdraw(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Publish>,
    PathOf(id): PathOf<CampaignId>,
) -> Result<StatusCode, Problem> {
    campaigns.withdraw(id, &(&me).into(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a copy is called and when it begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyForm {
    name: String,
    /// Its first local day; everything else moves by as many days.
    starts: NaiveDate,
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/copy", tag = "campaigns", params(("id" = CampaignId, Path)),
    request_body = CopyForm, responses((status = 201, body = CampaignView)),
    extensions(("x-roles" = json!(["editor"]))))]
async fn copy(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<CampaignId>,
    Body(form): Body<CopyForm>,
) -> Result<(StatusCode, Body<CampaignView>), Problem> {
    let copy = campaigns.copy(id, form.name, form.starts, &(&me).into(), clock::now()).await?;
    Ok((StatusCode::CREATED, Body(CampaignView::new(copy, today()))))
}

/// One line of a campaign's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct LifeStepView {
    at: UtcMillis,
    by: String,
    step: LifeStep,
    /// The revision that an approval made.
    revision: Option<i64>,
    /// Why it was sent back.
    reason: Option<String>,
}

impl From<LifeStepTaken> for LifeStepView {
    fn from(taken: LifeStepTaken) -> Self {
        Self { at: taken.at, by: taken.by, step: taken.step, revision: taken.revision, reason: taken.reason }
    }
}

/// What was done with a campaign, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LifeHistory {
    items: Vec<LifeStepView>,
}

#[utoipa::path(get, path = "/api/v1/campaigns/{id}/history", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 200, body = LifeHistory)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn history(
    State(campaigns): State<Campaigns>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<CampaignId>,
) -> Result<Body<LifeHistory>, Problem> {
    campaigns.get(id).await?;
    let items = campaigns.history(id).await?.into_iter().map(LifeStepView::from).collect();
    Ok(Body(LifeHistory { items }))
}
