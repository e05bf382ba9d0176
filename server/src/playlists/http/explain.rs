//! Why a screen shows what it shows at an instant, and why not the rest.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    campaign::{Mode, Unplayable},
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId, ScreenId, TakeoverId},
    playlist::{
        self, OnAir, OnWall, Playlist, Programme, ScreenOrders, Source, Standing, Takeover, in_force, on_screen,
        on_wall,
    },
    time::{DateRange, UtcMillis},
};

use super::super::{Hours, PlaylistError, Playlists, draft::Built, judged::days_of, programme, timeline::Names};
use crate::{
    accounts::{Allowed, SignedIn},
    campaigns::facts_of,
    clock,
    http::{Body, PathOf, Problem, QueryOf},
};

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(explain))
}

/// Which instant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InstantQuery {
    /// UTC milliseconds; now without.
    at: Option<i64>,
}

/// Why a screen shows what it shows.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplanationView {
    /// The instant.
    at: UtcMillis,
    /// IANA zone of the screen.
    timezone: String,
    /// Whether bookings or screen were changed since what plays then was planned: reasons are those of now.
    replanned: bool,
    /// The takeover that rules the screen then.
    takeover: Option<TakeoverView>,
    /// Zone by zone.
    zones: Vec<ZoneExplanation>,
    /// Bookings for this screen of which nothing can be shown on it.
    absent: Vec<AbsentView>,
    /// Bookings in force whose selectors do not choose this screen.
    elsewhere: Vec<NamedBooking>,
}

/// A takeover in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakeoverView {
    /// Which.
    id: TakeoverId,
    /// Its name.
    title: String,
    /// Until then.
    expires: UtcMillis,
}

/// One zone.
#[derive(Debug, Serialize, ToSchema)]
pub struct ZoneExplanation {
    /// Which.
    zone: ZoneName,
    /// What is on the wall; none: nothing, or black under a takeover.
    shows: Option<ShownView>,
    /// Every booking with something for this zone, what plays first.
    bookings: Vec<StandingView>,
}

/// What is on the wall.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownView {
    /// What.
    creative: CreativeId,
    /// Its title.
    title: String,
    /// For which booking; none: a takeover's.
    booking: Option<NamedBooking>,
    /// Since; none: it is held for the rest of a daypart, which is not a play.
    start: Option<UtcMillis>,
    /// Until.
    end: UtcMillis,
    /// Its place in the loop, from 1.
    slot: Option<u32>,
    /// Slots of the loop.
    slots: Option<usize>,
}

/// A booking by name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NamedBooking {
    /// Which.
    booking: BookingId,
    /// Its name.
    name: String,
    /// Its campaign.
    campaign: Option<CampaignId>,
    /// The campaign's name.
    campaign_name: Option<String>,
    /// How it plays.
    mode: Option<Mode>,
}

/// Why a booking plays or not.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It plays.
    OnAir,
    /// 被紧急插播覆盖.
    TakenOver,
    /// 熄屏时段或静音: the office has the wall off, or the sound at nothing.
    WallOff,
    /// It is its time, and others have their turn.
    Waits,
    /// It waits for an event.
    WaitsForEvent,
    /// 窗口外.
    OutOfWindow,
    /// 营业时间外.
    Closed,
    /// Its creatives are not valid that day.
    NotValid,
    /// It got no slot; `detail` says why.
    Unscheduled,
}

/// How a booking stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingView {
    #[serde(flatten)]
    booking: NamedBooking,
    /// Why.
    why: Why,
    /// More of it, in Chinese.
    detail: Option<String>,
    /// When it plays next.
    next: Option<UtcMillis>,
    /// Of a quota that this screen is behind with: how far, in Chinese.
    catching_up: Option<String>,
    /// Creatives of it that this screen cannot show, though it shows others.
    left_out: Vec<LeftOutView>,
}

/// A creative that a screen cannot show.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftOutView {
    /// Which.
    creative: CreativeId,
    /// Its title.
    title: String,
    /// Why.
    why: Unplayable,
    /// In Chinese.
    detail: String,
}

/// A booking of which nothing can be shown here.
#[derive(Debug, Serialize, ToSchema)]
pub struct AbsentView {
    #[serde(flatten)]
    booking: NamedBooking,
    /// Why; none: it has no creatives.
    why: Option<Unplayable>,
    /// In Chinese.
    detail: String,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/explain", tag = "playlists",
    params(("id" = ScreenId, Path), InstantQuery), responses((status = 200, body = ExplanationView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn explain(
    State(playlists): State<Playlists>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
    QueryOf(query): QueryOf<InstantQuery>,
) -> Result<Body<ExplanationView>, Problem> {
    let now = clock::now();
    let at = query.at.map_or(now, UtcMillis);
    let screen = playlists.screens.get(id).await?;
    let timezone = programme::zone_of(&screen.timezone);
    let date = clock::date_in(at, timezone);
    let in_force_now = playlists.campaigns.in_force().await?;
    let about = facts_of(&screen);
    let elsewhere: Vec<BookingId> = in_force_now
        .iter()
        .filter(|b| about.as_ref().is_none_or(|about| !b.selector.matches(about)))
        .filter(|b| covers(b.schedule.recurrence(), date))
        .map(|b| b.id)
        .collect();
    // What plays is read from what the screen was told by then; why it does, from planning those days anew.
    let told = playlists.told_by(id, at).await?;
    let issued = match told.as_ref().and_then(|told| told.playlist) {
        Some(digest) => Some((digest, playlists.playlist(digest).await?)),
        None => None,
    };
    let days = issued.as_ref().and_then(|(_, playlist)| days_of(playlist)).unwrap_or_else(|| DateRange::day(date));
    let built = playlists.built(&screen, in_force_now.clone(), days, now).await?;
    let built = built.ok_or_else(|| Problem::not_found("屏幕"))?;
    let replanned = issued.as_ref().is_some_and(|(digest, _)| *digest != built.playlist.digest());
    let playlist = issued.map(|(_, playlist)| playlist);
    let says = told.and_then(|told| told.says.clone());
    let takeovers = says.as_ref().map_or(&[][..], |says| &says.takeovers);
    let mut names = playlists.names_for(playlist.as_ref().unwrap_or(&built.playlist)).await?;
    names.add(&in_force_now);
    let hours = Hours::new(&screen.venue.opening, &screen.timezone);
    names.add_arrears(&playlists.arrears_of(id).await?, &in_force_now, hours, date);
    for takeover in takeovers {
        names.add_creatives(&playlists, takeover.items.iter().map(|i| i.item.creative).collect()).await?;
    }
    let left_out = built.programme.bookings.iter().flat_map(|b| b.left_out.iter().map(|(creative, _)| *creative));
    names.add_creatives(&playlists, left_out.collect()).await?;
    let ruling = in_force(takeovers, at);
    let orders = says.as_ref().map(|says| &says.orders);
    let wall = Wall { built: &built, playlist: playlist.as_ref(), orders, takeovers, at, names: &names };
    let zones = built.playlist.zones.iter().map(|zone| wall.zone(zone.zone)).collect();
    let absent = playlist::absent(&built.programme).into_iter().map(|absent| AbsentView {
        booking: named(&names, absent.booking),
        why: absent.why,
        detail: absent.why.map_or_else(|| "排期里没有素材".to_owned(), |why| why.to_string()),
    });
    Ok(Body(ExplanationView {
        at,
        timezone: screen.timezone.clone(),
        replanned,
        takeover: ruling.map(|t| TakeoverView { id: t.id, title: names.takeover(t.id), expires: t.expires }),
        zones,
        absent: absent.collect(),
        elsewhere: elsewhere.into_iter().map(|id| named(&names, id)).collect(),
    }))
}

/// Whether a booking is about this time of year at all.
fn covers(recurrence: &xuanping_core::recurrence::Recurrence, date: chrono::NaiveDate) -> bool {
    recurrence.from <= date && recurrence.until.is_none_or(|until| date <= until)
}

fn named(names: &Names, booking: BookingId) -> NamedBooking {
    let (name, campaign) = names.booking(booking);
    let (campaign, campaign_name) = campaign.unzip();
    NamedBooking { booking, name, campaign, campaign_name, mode: names.mode(booking).cloned() }
}

/// What a screen was told, and what planning says of it.
struct Wall<'a> {
    built: &'a Built,
    /// What it was told to play by then; none: nothing yet.
    playlist: Option<&'a Playlist>,
    /// How it was told to run.
    orders: Option<&'a ScreenOrders>,
    takeovers: &'a [Takeover],
    at: UtcMillis,
    names: &'a Names,
}

impl Wall<'_> {
    fn zone(&self, zone: ZoneName) -> ZoneExplanation {
        let Self { built, playlist, orders, takeovers, at, names } = *self;
        let dark = orders.is_some_and(|orders| orders.kept_dark(takeovers, zone, at).0);
        let taken = in_force(takeovers, at).is_some();
        let place = match playlist.map(|playlist| (playlist, playlist.on_air(zone, at))) {
            Some((playlist, OnAir::Play { looped, slot, .. })) => {
                Some((slot + 1, playlist.loops.get(looped as usize).map_or(0, |l| l.slots.len())))
            }
            _ => None,
        };
        let answer = match orders {
            Some(orders) => on_screen(orders, playlist, takeovers, zone, at),
            None => on_wall(playlist, takeovers, zone, at),
        };
        let shows = match answer {
            OnWall::Play { item, source, start, end, .. } => Some(ShownView {
                creative: item.creative,
                title: names.title(item.creative),
                booking: matches!(source, Source::Playlist).then(|| named(names, item.booking)),
                start: Some(start),
                end,
                slot: place.filter(|_| source == Source::Playlist).map(|(slot, _)| slot),
                slots: place.filter(|_| source == Source::Playlist).map(|(_, slots)| slots),
            }),
            OnWall::Hold { item, until } => Some(ShownView {
                creative: item.creative,
                title: names.title(item.creative),
                booking: Some(named(names, item.booking)),
                start: None,
                end: until,
                slot: None,
                slots: None,
            }),
            OnWall::Nothing { .. } => None,
        };
        let told = playlist.unwrap_or(&built.playlist);
        let standings = playlist::standings(&built.programme, told, &built.report, zone, at);
        let bookings = standings.into_iter().map(|(booking, standing)| {
            let (why, next, detail) = match standing {
                // Only what would be on the wall is covered; the others have reasons of their own.
                Standing::OnAir if dark => (Why::WallOff, None, None),
                Standing::OnAir if taken => (Why::TakenOver, None, None),
                Standing::OnAir => (Why::OnAir, None, None),
                Standing::Waits { next } => (Why::Waits, next, None),
                Standing::WaitsForEvent => (Why::WaitsForEvent, None, None),
                Standing::OutOfWindow { next } => (Why::OutOfWindow, next, None),
                Standing::Closed { next } => (Why::Closed, next, None),
                Standing::NotValid => (Why::NotValid, None, None),
                Standing::Unscheduled(reason) => (Why::Unscheduled, None, Some(reason.to_string())),
            };
            let catching_up = names.catching_up.get(&booking).cloned();
            let left_out = left_out(&built.programme, booking, names);
            StandingView { booking: named(names, booking), why, detail, next, catching_up, left_out }
        });
        ZoneExplanation { zone, shows, bookings: bookings.collect() }
    }
}

/// What of a booking this screen cannot show.
fn left_out(programme: &Programme, booking: BookingId, names: &Names) -> Vec<LeftOutView> {
    let found = programme.bookings.iter().filter(|b| b.booking == booking).flat_map(|b| &b.left_out);
    let view = |(creative, why): &(CreativeId, Unplayable)| LeftOutView {
        creative: *creative,
        title: names.title(*creative),
        why: *why,
        detail: why.to_string(),
    };
    found.map(view).collect()
}

impl Names {
    /// Adds the titles of more creatives.
    async fn add_creatives(&mut self, playlists: &Playlists, ids: Vec<CreativeId>) -> Result<(), PlaylistError> {
        for creative in playlists.content.creatives(&ids).await? {
            self.creatives.insert(creative.id, creative.content.title);
        }
        Ok(())
    }
}
