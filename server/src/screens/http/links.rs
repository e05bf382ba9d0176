//! Public addresses in the console.

use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{id::ScreenId, time::UtcMillis};

use super::super::{Link, Screens};
use crate::{
    accounts::{Allowed, ManageScreens},
    clock,
    http::{Body, PathOf, Problem},
};

pub(super) fn routes() -> OpenApiRouter<Screens> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(revoke))
}

/// A public address of what a screen shows.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkView {
    token: String,
    /// The picture's path on this server; `?width=…&height=…` asks for another size.
    picture: String,
    created_at: UtcMillis,
    /// Who made it.
    created_by: String,
}

impl From<Link> for LinkView {
    fn from(link: Link) -> Self {
        let picture = format!("/web/{}/current.png", link.token);
        Self { token: link.token, picture, created_at: link.created_at, created_by: link.created_by }
    }
}

/// A screen's links, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkList {
    items: Vec<LinkView>,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/links", tag = "screens", params(("id" = ScreenId, Path)),
    responses((status = 200, body = LinkList)), extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn list(
    State(screens): State<Screens>,
    _: Allowed<ManageScreens>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<Body<LinkList>, Problem> {
    screens.get(id).await?;
    Ok(Body(LinkList { items: screens.links(id).await?.into_iter().map(Into::into).collect() }))
}

#[utoipa::path(post, path = "/api/v1/screens/{id}/links", tag = "screens", params(("id" = ScreenId, Path)),
    responses((status = 201, body = LinkView)), extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn add(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageScreens>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<(StatusCode, Body<LinkView>), Problem> {
    Ok((StatusCode::CREATED, Body(screens.add_link(id, &me, clock::now()).await?.into())))
}

#[utoipa::path(delete, path = "/api/v1/screens/{id}/links/{token}", tag = "screens",
    params(("id" = ScreenId, Path), ("token" = String, Path)), responses((status = 204)),
    extensions(("x-roles" = json!(["operator", "admin"]))))]
async fn revoke(
    State(screens): State<Screens>,
    Allowed(me, _): Allowed<ManageScreens>,
    PathOf((id, token)): PathOf<(ScreenId, String)>,
) -> Result<StatusCode, Problem> {
    screens.revoke_link(id, &token, &me, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
