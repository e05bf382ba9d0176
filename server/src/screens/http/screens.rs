//! Screens in the console: list, details, pairing, retiring, live picture.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    geometry::{Layout, Size, Sound, Zone},
    id::{ScreenId, VenueId},
    playlist::WallSettings,
    time::UtcMillis,
    vocabulary::{ScreenKind, VenueType},
    wire::{Capabilities, PlayerStatus},
};

use super::{
    super::{PairRequest, PlaceFault, Screen, ScreenChange, ScreenFilter, Screens, Venue, VenueChoice},
    places::AddVenue,
};
use crate::{
    accounts::{Allowed, ManageScreens, SignedIn},
    clock,
    http::{Body, PathOf, Problem, QueryOf},
};

pub(super) fn routes() -> OpenApiRouter<Screens> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, change))
        .routes(routes!(tags))
        .routes(routes!(waiting))
        .routes(routes!(pair))
        .routes(routes!(retire))
        .routes(routes!(picture))
        .routes(routes!(picture_info))
}

/// A screen.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScreenView {
    id: ScreenId,
    name: String,
    venue: Venue,
    kind: ScreenKind,
    size: Size,
    layout: Layout,
    sound: Sound,
    /// The zones that follow from size and layout.
    zones: Vec<Zone>,
    clips: bool,
    /// Free tags.
    tags: Vec<String>,
    timezone: String,
    /// How it runs over the day.
    wall: WallSettings,
    /// 印证图片: how many a day it takes by itself, if its player can.
    evidence_per_day: u8,
    host: String,
    /// SHA-256 of its key.
    fingerprint: String,
    /// When it last changed its key; null: it has the one that it was enrolled with.
    key_changed_at: Option<UtcMillis>,
    enrolled_at: UtcMillis,
    retired_at: Option<UtcMillis>,
    state: ScreenState,
    /// When its player last reported.
    last_seen: Option<UtcMillis>,
    /// What it reported.
    status: Option<PlayerStatus>,
}

/// How a screen is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScreenState {
    /// Reported within the last 45 seconds.
    Online,
    /// Reported once, not lately.
    Offline,
    /// Paired, never reported.
    NeverSeen,
    /// Out of service.
    Retired,
}

impl ScreenView {
    fn new(screen: Screen, now: UtcMillis) -> Self {
        let state = match (&screen.retired_at, &screen.status) {
            (Some(_), _) => ScreenState::Retired,
            (None, None) => ScreenState::NeverSeen,
            (None, Some(_)) if screen.is_online(now) => ScreenState::Online,
            (None, Some(_)) => ScreenState::Offline,
        };
        let (last_seen, status) = screen.status.unzip();
        Self {
            zones: screen.layout.zones(screen.size, screen.sound),
            fingerprint: screen.public_key.fingerprint().to_string(),
            id: screen.id,
            name: screen.name,
            venue: screen.venue,
            kind: screen.kind,
            size: screen.size,
            layout: screen.layout,
            sound: screen.sound,
            clips: screen.clips,
            tags: screen.tags,
            timezone: screen.timezone,
            wall: screen.wall,
            evidence_per_day: screen.evidence_per_day,
            host: screen.host,
            key_changed_at: screen.key_changed_at,
            enrolled_at: screen.enrolled_at,
            retired_at: screen.retired_at,
            state,
            last_seen,
            status,
        }
    }
}

/// Which screens; retired ones are never listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ScreenQuery {
    /// Of this venue.
    venue: Option<VenueId>,
    /// In venues of this type.
    r#type: Option<VenueType>,
    /// In this area or below.
    area: Option<String>,
    /// Of this department.
    department: Option<String>,
    /// Of this kind.
    kind: Option<ScreenKind>,
    /// Doing like this.
    state: Option<ScreenState>,
    /// Whose name or venue contains this.
    q: Option<String>,
}

/// Screens by area, venue and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScreenList {
    items: Vec<ScreenView>,
}

#[utoipa::path(get, path = "/api/v1/screens", tag = "screens", params(ScreenQuery),
    responses((status = 200, body = ScreenList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn list(
    State(screens): State<Screens>,
    _: Allowed<SignedIn>,
    QueryOf(query): QueryOf<ScreenQuery>,
) -> Result<Body<ScreenList>, Problem> {
    let area = query.area.map(|code| code.parse().map_err(|_| PlaceFault::UnknownArea)).transpose()?;
    let filter = ScreenFilter {
        venue: query.venue,
        venue_type: query.r#type,
        area,
        department: query.department,
        kind: query.kind,
        text: query.q,
    };
    let now = clock::now();
    let all = screens.list(&filter).await?.into_iter().map(|s| ScreenView::new(s, now));
    Ok(Body(ScreenList { items: all.filter(|s| query.state.is_none_or(|wanted| s.state == wanted)).collect() }))
}

/// A tag and on how many screens in service it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagView {
    tag: String,
    screens: usize,
}

/// The tags in use, in the order of their text.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagList {
    items: Vec<TagView>,
}

#[utoipa::path(get, path = "/api/v1/screen-tags", tag = "screens", responses((status = 200, body = TagList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn tags(State(screens): State<Screens>, _: Allowed<SignedIn>) -> Result<Body<TagList>, Problem> {
    let in_use = screens.tags().await?.into_iter().map(|t| TagView { tag: t.tag, screens: t.screens });
    Ok(Body(TagList { items: in_use.collect() }))
}

#[utoipa::path(get, path = "/api/v1/screens/{id}", tag = "screens", params(("id" = ScreenId, Path)),
    responses((status = 200, body = ScreenView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn get(
    State(screens): State<Screens>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<Body<ScreenView>, Problem> {
    Ok(Body(ScreenView::new(screens.get(id).await?, clock::now())))
}

/// A layout as it is sent. Why one cannot be is kept, to be told beside its field.
#[derive(Debug)]
struct SaidLayout(Result<Layout, String>);

impl<'de> Deserialize<'de> for SaidLayout {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let said = serde_json::Value::deserialize(from)?;
        Ok(Self(serde_json::from_value(said).map_err(|why| why.to_string())))
    }
}

impl SaidLayout {
    fn checked(self) -> Result<Layout, Problem> {
        self.0.map_err(|why| Problem::invalid("layout", why))
    }
}

/// What to change; a missing member is left as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeScreen {
    name: Option<String>,
    /// Its pixels, where they are others than when it was enrolled: its player's report says so.
    size: Option<Size>,
    #[schema(value_type = Option<Layout>)]
    layout: Option<SaidLayout>,
    sound: Option<Sound>,
    /// All its tags: at most 20, each of 1 to 20 characters.
    tags: Option<Vec<String>>,
    /// All of how it runs over the day.
    wall: Option<WallSettings>,
    /// How many evidence pictures a day it takes by itself: at most 24.
    evidence_per_day: Option<u8>,
}

#[utoipa::path(patch, path = "/api/v1/screens/{id}", tag = "screens", params(("id" = ScreenId, Path)),
    request_body = ChangeScreen, responses((status = 200, body = ScreenView)),
    extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn change(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageScreens>,
    PathOf(id): PathOf<ScreenId>,
    Body(new): Body<ChangeScreen>,
) -> Result<Body<ScreenView>, Problem> {
    let now = clock::now();
    let change = ScreenChange {
        name: new.name,
        size: new.size,
        layout: new.layout.map(SaidLayout::checked).transpose()?,
        sound: new.sound,
        tags: new.tags,
        wall: new.wall,
        evidence_per_day: new.evidence_per_day,
    };
    let screen = screens.change(id, change, &me, now).await?;
    Ok(Body(ScreenView::new(screen, now)))
}

/// A player that shows a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingView {
    capabilities: Capabilities,
    /// SHA-256 of its key.
    fingerprint: String,
    expires: UtcMillis,
}

#[utoipa::path(get, path = "/api/v1/pairings/{code}", tag = "screens", params(("code" = String, Path)),
    responses((status = 200, body = WaitingView)), extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn waiting(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageScreens>,
    PathOf(code): PathOf<String>,
) -> Result<Body<WaitingView>, Problem> {
    let waiting = screens.waiting(&code, &me, clock::now()).await?;
    Ok(Body(WaitingView {
        fingerprint: waiting.public_key.fingerprint().to_string(),
        capabilities: waiting.capabilities,
        expires: waiting.expires,
    }))
}

/// What an operator says when typing a code. Exactly one of `venue_id` and `venue`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The eight digits; blanks are ignored.
    code: String,
    /// A venue that exists.
    venue_id: Option<VenueId>,
    /// A venue to make.
    venue: Option<AddVenue>,
    /// The screen's name, unique within the venue.
    name: String,
    #[schema(value_type = Layout)]
    layout: SaidLayout,
    sound: Sound,
}

#[utoipa::path(post, path = "/api/v1/pairings", tag = "screens", request_body = Pair,
    responses((status = 201, body = ScreenView)), extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn pair(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageScreens>,
    Body(pair): Body<Pair>,
) -> Result<(StatusCode, Body<ScreenView>), Problem> {
    let venue = match (pair.venue_id, pair.venue) {
        (Some(id), None) => VenueChoice::Existing(id),
        (None, Some(new)) => VenueChoice::New(new.into()),
        _ => return Err(Problem::invalid("venue_id", "请选择一个已有点位，或新建一个点位。")),
    };
    let layout = pair.layout.checked()?;
    let request = PairRequest { code: pair.code, venue, name: pair.name, layout, sound: pair.sound };
    let now = clock::now();
    let screen = screens.pair(request, &me, now).await?;
    Ok((StatusCode::CREATED, Body(ScreenView::new(screen, now))))
}

#[utoipa::path(post, path = "/api/v1/screens/{id}/retire", tag = "screens", params(("id" = ScreenId, Path)),
    responses((status = 204)), extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn retire(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageScreens>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<StatusCode, Problem> {
    screens.retire(id, &me, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/picture", tag = "screens", params(("id" = ScreenId, Path)),
    responses((status = 200, content_type = "image/png"), (status = 204, description = "none yet; ask again")),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn picture(
    State(screens): State<Screens>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<Response, Problem> {
    screens.get(id).await?;
    Ok(match screens.look_at(id, clock::now()) {
        Some(picture) => {
            let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")];
            (headers, picture.png).into_response()
        }
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// How old the live picture is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PictureInfo {
    /// When it came; none yet without.
    at: Option<UtcMillis>,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/picture-info", tag = "screens", params(("id" = ScreenId, Path)),
    responses((status = 200, body = PictureInfo)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn picture_info(
    State(screens): State<Screens>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<Body<PictureInfo>, Problem> {
    screens.get(id).await?;
    Ok(Body(PictureInfo { at: screens.look_at(id, clock::now()).map(|p| p.at) }))
}
