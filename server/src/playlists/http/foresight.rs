//! Before publishing: what could not be kept, with the arithmetic and the smallest change that works.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    campaign::Mode,
    geometry::ZoneName,
    id::{BookingId, CampaignId},
    playlist::WayOut,
    rotation::Certificate,
    time::{Millis, UtcMillis},
};

use super::super::{
    Playlists,
    draft::{Broken, Collided},
    timeline::Names,
    words,
};
use crate::{
    accounts::{Allowed, Publish},
    clock,
    http::{Body, PathOf, Problem},
};

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(foresee))
}

/// What publishing a campaign would not keep.
#[derive(Debug, Serialize, ToSchema)]
pub struct ForesightView {
    /// Screens that it reaches.
    screens: usize,
    /// Different programmes on them.
    programmes: usize,
    /// Guarantees, of whatever campaign, that are kept on each minute of the first days, counted per programme and zone.
    kept: usize,
    /// Bookings that cannot live together.
    collisions: Vec<CollisionView>,
    /// Guarantees that are broken only at the seams of the day, where dayparts or fixed times meet.
    broken: Vec<BrokenView>,
}

/// Bookings that cannot live together.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollisionView {
    /// In which zone.
    zone: ZoneName,
    /// The first daypart in which they meet, from…
    start: UtcMillis,
    /// …until.
    end: UtcMillis,
    /// What sort of proof there is.
    proof: Proof,
    /// The time they need together, in percent of what there is, if that is the proof.
    percent: Option<u32>,
    /// Why, in Chinese.
    sentence: String,
    /// Who.
    bookings: Vec<PartyView>,
    /// For each that could give way alone, the mildest change that works. All were tried out by planning everything anew.
    relaxations: Vec<RelaxationView>,
    /// Whether a way out was looked for: with very many collisions only for the first ones.
    searched: bool,
    /// On how many screens.
    screens: usize,
    /// The first few of them.
    sample: Vec<String>,
}

/// How it is known.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// More time is needed than there is.
    TooMuch,
    /// A creative is longer than its own booking's gap.
    LongerThanGap,
    /// A creative does not fit between two showings of another booking.
    NoRoomBetween,
    /// Every way was looked at.
    NoWay,
    /// None: no way was found.
    NotFound,
}

/// A booking in a collision.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartyView {
    /// Which.
    booking: BookingId,
    /// Its name.
    name: String,
    /// Its campaign.
    campaign: Option<CampaignId>,
    /// The campaign's name.
    campaign_name: Option<String>,
    /// Its part of the time in percent, where that is the proof.
    percent: Option<u32>,
}

/// A change that works.
#[derive(Debug, Serialize, ToSchema)]
pub struct RelaxationView {
    /// Of which booking.
    booking: BookingId,
    /// Its campaign: whoever edits another one may have to ask.
    campaign: Option<CampaignId>,
    /// What it asks for now.
    from: Mode,
    /// What can be kept.
    to: Mode,
    /// The change in Chinese.
    sentence: String,
}

/// A guarantee that is broken somewhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct BrokenView {
    /// Which booking.
    booking: BookingId,
    /// Its name.
    name: String,
    /// In which zone.
    zone: ZoneName,
    /// When first.
    at: Option<UtcMillis>,
    /// The longest time from start to start.
    worst_gap: Millis,
    /// The fewest showings in any whole hour.
    fewest_per_hour: Option<u32>,
    /// On how many screens.
    screens: usize,
}

#[utoipa::path(get, path = "/api/v1/campaigns/{id}/foresight", tag = "playlists",
    params(("id" = CampaignId, Path)), responses((status = 200, body = ForesightView)),
    extensions(("x-roles" = json!(["editor", "reviewer"]))))]
async fn foresee(
    State(playlists): State<Playlists>,
    _: Allowed<Publish>,
    PathOf(id): PathOf<CampaignId>,
) -> Result<Body<ForesightView>, Problem> {
    let foreseen = playlists.foresee(id, clock::now()).await?;
    let names = playlists.booking_names(id).await?;
    Ok(Body(ForesightView {
        screens: foreseen.screens,
        programmes: foreseen.programmes,
        kept: foreseen.kept,
        collisions: foreseen.collisions.iter().map(|c| collision(c, &names)).collect(),
        broken: foreseen.broken.iter().map(|b| broken(b, &names)).collect(),
    }))
}

fn collision(collided: &Collided, names: &Names) -> CollisionView {
    let plain = names.plain();
    let (proof, percent) = match &collided.certificate {
        Some(Certificate::TooMuch { percent, .. }) => (Proof::TooMuch, Some(*percent)),
        Some(Certificate::LongerThanGap { .. }) => (Proof::LongerThanGap, None),
        Some(Certificate::NoRoomBetween { .. }) => (Proof::NoRoomBetween, None),
        Some(Certificate::NoWay { .. }) => (Proof::NoWay, None),
        None => (Proof::NotFound, None),
    };
    let part = |id: BookingId| match &collided.certificate {
        Some(Certificate::TooMuch { needs, .. }) => needs.iter().find(|need| need.booking == id).map(|n| n.percent),
        _ => None,
    };
    let party = |id: &BookingId| {
        let (name, campaign) = names.booking(*id);
        let (campaign, campaign_name) = campaign.unzip();
        PartyView { booking: *id, name, campaign, campaign_name, percent: part(*id) }
    };
    CollisionView {
        zone: collided.zone,
        start: collided.at.start,
        end: collided.at.end,
        proof,
        percent,
        sentence: words::collision(collided.certificate.as_ref(), &collided.bookings, &plain),
        bookings: collided.bookings.iter().map(party).collect(),
        relaxations: collided.ways_out.iter().flatten().filter_map(|way| relaxation(way, names)).collect(),
        searched: collided.ways_out.is_some(),
        screens: collided.screens,
        sample: collided.sample.clone(),
    }
}

fn relaxation(way: &WayOut, names: &Names) -> Option<RelaxationView> {
    Some(RelaxationView {
        booking: way.booking,
        campaign: names.booking(way.booking).1.map(|(id, _)| id),
        from: way.from.clone(),
        to: way.to.clone(),
        sentence: words::way_out(way, &names.plain())?,
    })
}

fn broken(broken: &Broken, names: &Names) -> BrokenView {
    BrokenView {
        booking: broken.kept.booking,
        name: names.booking(broken.kept.booking).0,
        zone: broken.kept.zone,
        at: broken.kept.broken_at,
        worst_gap: broken.kept.worst_gap,
        fewest_per_hour: broken.kept.fewest_per_hour,
        screens: broken.screens,
    }
}
