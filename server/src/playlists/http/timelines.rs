//! What a screen plays on a day: as published, and as it would be with a campaign's draft.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId, ScreenId, TakeoverId},
    playlist::{OnWall, Source, on_screen},
    time::{DateRange, UtcMillis},
};

use super::super::{DayTimeline, HORIZON_DAYS, Hours, Playlists, draft::first_day, programme, timeline};
use crate::{
    accounts::{Allowed, Publish, SignedIn},
    clock,
    http::{Body, PathOf, Problem, QueryOf},
};

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(published)).routes(routes!(preview)).routes(routes!(on_air))
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DayQuery {
    /// Local date; today without.
    date: Option<NaiveDate>,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/timeline", tag = "playlists",
    params(("id" = ScreenId, Path), DayQuery), responses((status = 200, body = DayTimeline)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn published(
    State(playlists): State<Playlists>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
    QueryOf(query): QueryOf<DayQuery>,
) -> Result<Body<DayTimeline>, Problem> {
    let screen = playlists.screens.get(id).await?;
    let date = query.date.unwrap_or_else(|| clock::today(programme::zone_of(&screen.timezone)));
    let digest = playlists.issued(id).and_then(|issued| issued.playlist).ok_or_else(|| Problem::not_found("播放单"))?;
    let playlist = playlists.playlist(digest).await?;
    let mut names = playlists.names_for(&playlist).await?;
    let arrears = playlists.arrears_of(id).await?;
    let hours = Hours::new(&screen.venue.opening, &screen.timezone);
    names.add_arrears(&arrears, &playlists.campaigns.in_force().await?, hours, date);
    Ok(Body(timeline::day(&playlist, date, &names, None)))
}

/// Which screen on which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PreviewQuery {
    screen: ScreenId,
    /// Local date; today without.
    date: Option<NaiveDate>,
}

#[utoipa::path(get, path = "/api/v1/campaigns/{id}/timeline", tag = "playlists",
    params(("id" = CampaignId, Path), PreviewQuery), responses((status = 200, body = DayTimeline)),
    extensions(("x-roles" = json!(["editor", "reviewer"]))))]
async fn preview(
    State(playlists): State<Playlists>,
    _: Allowed<Publish>,
    PathOf(id): PathOf<CampaignId>,
    QueryOf(query): QueryOf<PreviewQuery>,
) -> Result<Body<DayTimeline>, Problem> {
    let campaign = playlists.campaigns.get(id).await?;
    let screen = playlists.screens.get(query.screen).await?;
    let today = clock::today(programme::zone_of(&screen.timezone));
    let date = query.date.unwrap_or(today);
    let bookings = playlists.with_draft(&campaign).await?;
    let arrears = playlists.arrears_of(screen.id).await?;
    // The days that are checked before publishing, if it is one of them: a day alone would be planned otherwise.
    let first = DateRange::starting(first_day(&campaign, today), HORIZON_DAYS);
    let days = if first.contains(date) { first } else { DateRange::starting(date, HORIZON_DAYS) };
    let built = playlists.built(&screen, bookings.clone(), days, clock::now()).await?;
    let built = built.ok_or_else(|| Problem::not_found("屏幕"))?;
    let mut names = playlists.names_for(&built.playlist).await?;
    names.add_draft(&campaign);
    let hours = Hours::new(&screen.venue.opening, &screen.timezone);
    names.add_arrears(&arrears, &bookings, hours, date);
    Ok(Body(timeline::day(&built.playlist, date, &names, Some(&built.report))))
}

/// What is on a screen at this moment, by its manifest.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnAirView {
    at: UtcMillis,
    zones: Vec<OnAirZone>,
}

/// What is in a zone at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnAirZone {
    zone: ZoneName,
    creative: Option<CreativeId>,
    title: Option<String>,
    booking: Option<BookingId>,
    takeover: Option<TakeoverId>,
    /// When something else comes.
    until: Option<UtcMillis>,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/on-air", tag = "playlists", params(("id" = ScreenId, Path)),
    responses((status = 200, body = OnAirView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn on_air(
    State(playlists): State<Playlists>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<Body<OnAirView>, Problem> {
    playlists.screens.get(id).await?;
    let at = clock::now();
    let Some(issued) = playlists.issued(id) else { return Ok(Body(OnAirView { at, zones: Vec::new() })) };
    let Some(says) = &issued.says else { return Ok(Body(OnAirView { at, zones: Vec::new() })) };
    let playlist = match issued.playlist {
        Some(digest) => Some(playlists.playlist(digest).await?),
        None => None,
    };
    let mut zones = Vec::new();
    for zone in &says.orders.zones {
        let shown = on_screen(&says.orders, playlist.as_ref(), &says.takeovers, zone.name, at);
        let (item, takeover, until) = match shown {
            OnWall::Play { item, source: Source::Takeover(id), until, .. } => (Some(item), Some(id), Some(until)),
            OnWall::Play { item, until, .. } | OnWall::Hold { item, until } => (Some(item), None, Some(until)),
            OnWall::Nothing { until, .. } => (None, None, until),
        };
        let title = match item {
            Some(item) => playlists.content.creative(item.creative).await.ok().map(|c| c.content.title),
            None => None,
        };
        zones.push(OnAirZone {
            zone: zone.name,
            creative: item.map(|i| i.creative),
            title,
            booking: item.map(|i| i.booking),
            takeover,
            until,
        });
    }
    Ok(Body(OnAirView { at, zones }))
}
