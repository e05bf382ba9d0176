//! What players report.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::super::Plays;
use crate::{clock, http::Problem, screens::Device};

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new().routes(routes!(report))
}

#[utoipa::path(post, path = "/player/v1/play-batches", tag = "player",
    responses((status = 200, description = "the signed receipt, COSE_Sign1"), (status = 409), (status = 422)),
    extensions(("x-roles" = json!(["device"]))))]
async fn report(State(plays): State<Plays>, device: Device) -> Result<Response, Problem> {
    let receipt = plays.ingest(&device.screen, device.body.to_vec(), clock::now()).await?;
    Ok(([(header::CONTENT_TYPE, "application/cose"), (header::CACHE_CONTROL, "no-store")], receipt).into_response())
}
