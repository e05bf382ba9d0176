//! The overview's endpoint.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    id::{CampaignId, ScreenId, TakeoverId},
    time::UtcMillis,
};

use super::{Overview, OverviewError, Supervision};
use crate::{
    accounts::{Allowed, SignedIn},
    clock,
    http::{Body, Problem},
};

/// All routes of this domain.
pub fn routes(state: Supervision) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(overview)).with_state(state)
}

/// How things stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverviewView {
    screens: usize,
    online: usize,
    never_seen: usize,
    venues: usize,
    venues_without_screen: usize,
    waiting_reviews: i64,
    running_campaigns: Vec<NamedCampaign>,
    /// Whose draft waits for a reviewer.
    waiting_campaigns: Vec<NamedCampaign>,
    active_takeovers: Vec<ActiveTakeover>,
    /// Shown in full today, as far as reported.
    plays_today: i64,
    silent: Vec<SilentScreen>,
}

/// A campaign by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedCampaign {
    id: CampaignId,
    name: String,
}

/// A takeover that is on the walls.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActiveTakeover {
    id: TakeoverId,
    title: String,
    expires: UtcMillis,
}

/// A screen that should report and does not.
#[derive(Debug, Serialize, ToSchema)]
pub struct SilentScreen {
    id: ScreenId,
    /// Venue and name.
    name: String,
    /// Never without.
    last_seen: Option<UtcMillis>,
}

impl From<Overview> for OverviewView {
    fn from(o: Overview) -> Self {
        let named = |all: Vec<_>| all.into_iter().map(|(id, name)| NamedCampaign { id, name }).collect();
        let takeovers =
            o.active_takeovers.into_iter().map(|(id, title, expires)| ActiveTakeover { id, title, expires });
        let silent = o.silent.into_iter().map(|s| SilentScreen { id: s.id, name: s.name, last_seen: s.last_seen });
        Self {
            screens: o.screens,
            online: o.online,
            never_seen: o.never_seen,
            venues: o.venues,
            venues_without_screen: o.venues_without_screen,
            waiting_reviews: o.waiting_reviews,
            running_campaigns: named(o.running_campaigns),
            waiting_campaigns: named(o.waiting_campaigns),
            active_takeovers: takeovers.collect(),
            plays_today: o.plays_today,
            silent: silent.collect(),
        }
    }
}

#[utoipa::path(get, path = "/api/v1/overview", tag = "supervision", responses((status = 200, body = OverviewView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn overview(
    State(supervision): State<Supervision>,
    Allowed(me, _): Allowed<SignedIn>,
) -> Result<Body<OverviewView>, Problem> {
    let today = clock::today(chrono_tz::Asia::Shanghai);
    Ok(Body(supervision.overview(today, &me, clock::now()).await?.into()))
}

impl From<OverviewError> for Problem {
    fn from(error: OverviewError) -> Self {
        match error {
            OverviewError::Screens(e) => e.into(),
            OverviewError::Content(e) => e.into(),
            OverviewError::Campaigns(e) => e.into(),
            OverviewError::Plays(e) => e.into(),
        }
    }
}
