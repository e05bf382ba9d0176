//! Areas, departments, venue types, venues.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    campaign::AreaCode,
    id::VenueId,
    vocabulary::{OpenOohMatch, VenueGroup, VenueType},
};

use super::super::{Area, Department, NewArea, NewVenue, PlaceFault, Screens, Venue, VenueChange};
use crate::{
    accounts::{Allowed, ManageAccounts, ManageScreens, SignedIn},
    clock,
    http::{Body, PathOf, Problem, QueryOf},
};

pub(super) fn routes() -> OpenApiRouter<Screens> {
    OpenApiRouter::new()
        .routes(routes!(areas, put_area))
        .routes(routes!(departments, put_department))
        .routes(routes!(venue_types))
        .routes(routes!(venues, add_venue))
        .routes(routes!(venue, change_venue))
}

/// The area tree as a flat list, parents before children.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaList {
    items: Vec<Area>,
}

#[utoipa::path(get, path = "/api/v1/areas", tag = "screens", responses((status = 200, body = AreaList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn areas(State(screens): State<Screens>, _: Allowed<SignedIn>) -> Result<Body<AreaList>, Problem> {
    Ok(Body(AreaList { items: screens.areas().await? }))
}

/// An area to add or rename.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutArea {
    /// 12-digit statistical code.
    code: String,
    name: String,
    /// Year of the code list it is from.
    source_year: i64,
}

#[utoipa::path(post, path = "/api/v1/areas", tag = "screens", request_body = PutArea,
    responses((status = 200, body = Area)), extensions(("x-roles" = json!(["admin"]))))]
async fn put_area(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageAccounts>,
    Body(new): Body<PutArea>,
) -> Result<Body<Area>, Problem> {
    let new = NewArea { code: new.code, name: new.name, source_year: new.source_year };
    Ok(Body(screens.put_area(new, &(&me).into(), clock::now()).await?))
}

/// All departments.
#[derive(Debug, Serialize, ToSchema)]
pub struct DepartmentList {
    items: Vec<Department>,
}

#[utoipa::path(get, path = "/api/v1/departments", tag = "screens", responses((status = 200, body = DepartmentList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn departments(State(screens): State<Screens>, _: Allowed<SignedIn>) -> Result<Body<DepartmentList>, Problem> {
    Ok(Body(DepartmentList { items: screens.departments().await? }))
}

#[utoipa::path(post, path = "/api/v1/departments", tag = "screens", request_body = Department,
    responses((status = 200, body = Department)), extensions(("x-roles" = json!(["admin"]))))]
async fn put_department(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageAccounts>,
    Body(new): Body<Department>,
) -> Result<Body<Department>, Problem> {
    Ok(Body(screens.put_department(new, &(&me).into(), clock::now()).await?))
}

/// A venue type.
#[derive(Debug, Serialize, ToSchema)]
pub struct VenueTypeView {
    code: VenueType,
    name: String,
    /// The group it is in.
    group: VenueGroup,
    /// OpenOOH 1.2 integer.
    openooh_id: Option<u32>,
    /// How well that fits.
    r#match: OpenOohMatch,
}

/// A group of venue types.
#[derive(Debug, Serialize, ToSchema)]
pub struct VenueGroupView {
    code: VenueGroup,
    name: String,
}

/// All venue types, and the groups they are in.
#[derive(Debug, Serialize, ToSchema)]
pub struct VenueTypeList {
    items: Vec<VenueTypeView>,
    groups: Vec<VenueGroupView>,
}

#[utoipa::path(get, path = "/api/v1/venue-types", tag = "screens", responses((status = 200, body = VenueTypeList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn venue_types(_: Allowed<SignedIn>) -> Body<VenueTypeList> {
    let view = |&code: &VenueType| {
        let (openooh_id, fit) = code.openooh();
        VenueTypeView { code, name: code.name_zh().into(), group: code.group(), openooh_id, r#match: fit }
    };
    let group = |&code: &VenueGroup| VenueGroupView { code, name: code.name_zh().into() };
    Body(VenueTypeList {
        items: VenueType::ALL.iter().map(view).collect(),
        groups: VenueGroup::ALL.iter().map(group).collect(),
    })
}

/// Which venues.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct VenueQuery {
    /// Of this type.
    r#type: Option<VenueType>,
    /// In this area or below.
    area: Option<String>,
    /// Of this department.
    department: Option<String>,
    /// Whose name or address contains this.
    q: Option<String>,
}

/// Venues by area and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct VenueList {
    items: Vec<Venue>,
}

#[utoipa::path(get, path = "/api/v1/venues", tag = "screens", params(VenueQuery),
    responses((status = 200, body = VenueList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn venues(
    State(screens): State<Screens>,
    _: Allowed<SignedIn>,
    QueryOf(query): QueryOf<VenueQuery>,
) -> Result<Body<VenueList>, Problem> {
    let area = query.area.map(|code| code.parse::<AreaCode>().map_err(|_| PlaceFault::UnknownArea)).transpose()?;
    let wanted = |v: &Venue| {
        query.r#type.is_none_or(|t| v.kind == t)
            && area.is_none_or(|area| v.area.parse().is_ok_and(|code| area.contains(code)))
            && query.department.as_ref().is_none_or(|d| v.department == *d)
            && query.q.as_ref().is_none_or(|q| v.name.contains(q.trim()) || v.address.contains(q.trim()))
    };
    Ok(Body(VenueList { items: screens.venues().await?.into_iter().filter(wanted).collect() }))
}

/// A venue to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddVenue {
    name: String,
    r#type: VenueType,
    /// 12-digit area code.
    area: String,
    /// Department code.
    department: String,
    #[serde(default)]
    address: String,
    /// Opening hours in a subset of OpenStreetMap's opening_hours: `08:30-17:30`, all day `00:00-24:00`,
    /// `Mo-Fr 08:30-12:00,13:30-17:30; Sa 09:00-12:00; Su off`. A later rule replaces earlier ones for its days.
    opening: String,
    /// Where it lies, as WGS-84 latitude and longitude: `29.12345,115.67890`. Nothing is converted: GCJ-02 and BD-09, as
    /// Chinese maps show them, are hundreds of metres away. Empty: not known.
    #[serde(default)]
    position: String,
}

impl From<AddVenue> for NewVenue {
    fn from(v: AddVenue) -> Self {
        Self {
            name: v.name,
            kind: v.r#type,
            area: v.area,
            department: v.department,
            address: v.address,
            opening: v.opening,
            position: v.position,
        }
    }
}

#[utoipa::path(post, path = "/api/v1/venues", tag = "screens", request_body = AddVenue,
    responses((status = 201, body = Venue)), extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn add_venue(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageScreens>,
    Body(new): Body<AddVenue>,
) -> Result<(StatusCode, Body<Venue>), Problem> {
    let venue = screens.add_venue(new.into(), Some(&me), &(&me).into(), clock::now()).await?;
    Ok((StatusCode::CREATED, Body(venue)))
}

#[utoipa::path(get, path = "/api/v1/venues/{id}", tag = "screens", params(("id" = VenueId, Path)),
    responses((status = 200, body = Venue)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn venue(
    State(screens): State<Screens>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<VenueId>,
) -> Result<Body<Venue>, Problem> {
    Ok(Body(screens.venue(id).await?))
}

/// What to change; a missing member is left as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeVenue {
    name: Option<String>,
    r#type: Option<VenueType>,
    area: Option<String>,
    department: Option<String>,
    address: Option<String>,
    /// Opening hours, as when a venue is added.
    opening: Option<String>,
    /// Where it lies, as when a venue is added.
    position: Option<String>,
}

#[utoipa::path(patch, path = "/api/v1/venues/{id}", tag = "screens", params(("id" = VenueId, Path)),
    request_body = ChangeVenue, responses((status = 200, body = Venue)),
    extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn change_venue(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageScreens>,
    PathOf(id): PathOf<VenueId>,
    Body(change): Body<ChangeVenue>,
) -> Result<Body<Venue>, Problem> {
    let change = VenueChange {
        name: change.name,
        kind: change.r#type,
        area: change.area,
        department: change.department,
        address: change.address,
        opening: change.opening,
        position: change.position,
    };
    Ok(Body(screens.change_venue(id, change, &me, clock::now()).await?))
}
