//! Endpoints of campaigns and bookings. Takeovers' endpoints are with playlists, which issues them at once.

mod life;
mod mode;
mod problem;
mod reach;

use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    campaign::{Booking, Selector, Stage},
    digest::Digest,
    id::{AccountId, BookingId, CampaignId, CreativeId},
    recurrence::ScheduleForm,
    time::UtcMillis,
};

use self::mode::ModeForm;
use super::{BookingDraft, Campaign, CampaignDraft, CampaignError, Campaigns, Review, Standing};
use crate::{
    accounts::{Allowed, Draft, SignedIn},
    clock,
    http::{Body, PathOf, Problem},
};

/// All routes of this domain.
pub fn routes(state: Campaigns) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update))
        .routes(routes!(add_booking))
        .routes(routes!(change_booking, remove_booking))
        .merge(reach::routes())
        .merge(life::routes())
        .with_state(state)
}

/// A campaign as the list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignView {
    id: CampaignId,
    name: String,
    goal: String,
    owner_department: String,
    starts: NaiveDate,
    ends: NaiveDate,
    /// Its stages, in their order; a day in none is an ordinary one.
    stages: Vec<Stage>,
    /// Where it stands today.
    standing: Standing,
    /// How far the reviewing of its draft is.
    review: ReviewView,
    /// Names exactly these dates, stages and bookings: what a reviewer approves.
    #[schema(value_type = String)]
    hash: Digest,
    /// Who edited or submitted it since it was published last, and so cannot approve it.
    hands: Vec<AccountId>,
    author: String,
    created_at: UtcMillis,
    updated_at: UtcMillis,
    /// The newest published revision.
    revision: Option<i64>,
    published_at: Option<UtcMillis>,
    /// What is on the walls is not what is here: the draft was edited since.
    unpublished_changes: bool,
    bookings: Vec<Booking>,
}

/// How far the reviewing of a draft is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ReviewView {
    /// Nobody asked for one since the last edit.
    Open,
    /// Submitted.
    Waiting {
        /// When.
        at: UtcMillis,
        /// By whom.
        by: String,
    },
    /// Sent back.
    Returned {
        /// When.
        at: UtcMillis,
        /// By whom.
        by: String,
        /// Why.
        reason: String,
    },
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        match review {
            Review::Open => Self::Open,
            Review::Waiting { at, by, .. } => Self::Waiting { at, by },
            Review::Returned { at, by, reason } => Self::Returned { at, by, reason },
        }
    }
}

impl CampaignView {
    pub(crate) fn new(c: Campaign, today: NaiveDate) -> Self {
        let (standing, hash) = (c.standing(today), c.hash());
        Self {
            id: c.id,
            unpublished_changes: c.published.is_some() && c.has_changed(),
            revision: c.published.as_ref().map(|revision| revision.number),
            published_at: c.published.as_ref().map(|revision| revision.at),
            name: c.name,
            goal: c.goal,
            owner_department: c.owner_department,
            starts: c.starts,
            ends: c.ends,
            stages: c.stages,
            standing,
            review: c.review.into(),
            hash,
            hands: c.hands.into_iter().collect(),
            author: c.author,
            created_at: c.created_at,
            updated_at: c.updated_at,
            bookings: c.bookings,
        }
    }
}

/// Today in the county. Schedules are written in its local time.
fn today() -> NaiveDate {
    crate::clock::today(chrono_tz::Asia::Shanghai)
}

/// Campaigns, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignList {
    items: Vec<CampaignView>,
}

#[utoipa::path(get, path = "/api/v1/campaigns", tag = "campaigns", responses((status = 200, body = CampaignList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn list(State(campaigns): State<Campaigns>, _: Allowed<SignedIn>) -> Result<Body<CampaignList>, Problem> {
    let items = campaigns.list().await?.into_iter().map(|c| CampaignView::new(c, today())).collect();
    Ok(Body(CampaignList { items }))
}

/// What a campaign is called and when it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignForm {
    name: String,
    #[serde(default)]
    goal: String,
    /// Department code.
    owner_department: String,
    /// First local day.
    starts: NaiveDate,
    /// Last local day.
    ends: NaiveDate,
    /// Its stages, one after the other, within its days.
    #[serde(default)]
    stages: Vec<Stage>,
}

impl From<CampaignForm> for CampaignDraft {
    fn from(f: CampaignForm) -> Self {
        let CampaignForm { name, goal, owner_department, starts, ends, stages } = f;
        Self { name, goal, owner_department, starts, ends, stages }
    }
}

#[utoipa::path(post, path = "/api/v1/campaigns", tag = "campaigns", request_body = CampaignForm,
    responses((status = 201, body = CampaignView)), extensions(("x-roles" = json!(["editor"]))))]
async fn create(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    Body(form): Body<CampaignForm>,
) -> Result<(StatusCode, Body<CampaignView>), Problem> {
    let campaign = campaigns.create(form.into(), &(&me).into(), clock::now()).await?;
    Ok((StatusCode::CREATED, Body(CampaignView::new(campaign, today()))))
}

#[utoipa::path(get, path = "/api/v1/campaigns/{id}", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 200, body = CampaignView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn get(
    State(campaigns): State<Campaigns>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<CampaignId>,
) -> Result<Body<CampaignView>, Problem> {
    Ok(Body(CampaignView::new(campaigns.get(id).await?, today())))
}

#[utoipa::path(patch, path = "/api/v1/campaigns/{id}", tag = "campaigns", params(("id" = CampaignId, Path)),
    request_body = CampaignForm, responses((status = 200, body = CampaignView)),
    extensions(("x-roles" = json!(["editor"]))))]
async fn update(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<CampaignId>,
    Body(form): Body<CampaignForm>,
) -> Result<Body<CampaignView>, Problem> {
    let campaign = campaigns.update(id, form.into(), &(&me).into(), clock::now()).await?;
    Ok(Body(CampaignView::new(campaign, today())))
}

/// What a booking is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookingForm {
    name: String,
    creatives: Vec<CreativeId>,
    #[serde(default)]
    selector: Selector,
    /// Without `until` it ends with the campaign.
    schedule: ScheduleForm,
    mode: ModeForm,
    /// Never more showings than this on one day, 1 to 10,000; not with the mode `event`, which is before every show.
    most_per_day: Option<u32>,
}

impl TryFrom<BookingForm> for BookingDraft {
    type Error = CampaignError;

    fn try_from(form: BookingForm) -> Result<Self, CampaignError> {
        Ok(Self {
            mode: form.mode.try_into()?,
            name: form.name,
            creatives: form.creatives,
            selector: form.selector,
            schedule: form.schedule,
            most_per_day: form.most_per_day,
        })
    }
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/bookings", tag = "campaigns",
    params(("id" = CampaignId, Path)), request_body = BookingForm, responses((status = 201, body = CampaignView)),
    extensions(("x-roles" = json!(["editor"]))))]
async fn add_booking(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<CampaignId>,
    Body(form): Body<BookingForm>,
) -> Result<(StatusCode, Body<CampaignView>), Problem> {
    let campaign = campaigns.add_booking(id, form.try_into()?, &(&me).into(), clock::now()).await?;
    Ok((StatusCode::CREATED, Body(CampaignView::new(campaign, today()))))
}

#[utoipa::path(put, path = "/api/v1/bookings/{id}", tag = "campaigns", params(("id" = BookingId, Path)),
    request_body = BookingForm, responses((status = 200, body = CampaignView)),
    extensions(("x-roles" = json!(["editor"]))))]
async fn change_booking(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<BookingId>,
    Body(form): Body<BookingForm>,
) -> Result<Body<CampaignView>, Problem> {
    let campaign = campaigns.change_booking(id, form.try_into()?, &(&me).into(), clock::now()).await?;
    Ok(Body(CampaignView::new(campaign, today())))
}

#[utoipa::path(delete, path = "/api/v1/bookings/{id}", tag = "campaigns", params(("id" = BookingId, Path)),
    responses((status = 200, body = CampaignView)), extensions(("x-roles" = json!(["editor"]))))]
async fn remove_booking(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<BookingId>,
) -> Result<Body<CampaignView>, Problem> {
    let campaign = campaigns.remove_booking(id, &(&me).into(), clock::now()).await?;
    Ok(Body(CampaignView::new(campaign, today())))
}
