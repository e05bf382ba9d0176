//! What players report.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::super::{KeyChangeError, PlayError, Plays};
use crate::{
    clock,
    http::Problem,
    screens::{Device, ScreenError, Stranger, retired, unknown_device},
};

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new().routes(routes!(report)).routes(routes!(change_key))
}

#[utoipa::path(post, path = "/player/v1/play-batches", tag = "player",
    responses((status = 200, description = "the signed receipt, COSE_Sign1"), (status = 409), (status = 422)),
    extensions(("x-roles" = json!(["device"]))))]
async fn report(State(plays): State<Plays>, device: Device) -> Result<Response, Problem> {
    let receipt = plays.ingest(&device.screen, device.body.to_vec(), clock::now()).await?;
    Ok(([(header::CONTENT_TYPE, "application/cose"), (header::CACHE_CONTROL, "no-store")], receipt).into_response())
}

/// Signed by the new key, of which nothing is known yet but what the change says: the old one need not be there any more when an
/// answer was lost.
#[utoipa::path(post, path = "/player/v1/keys", tag = "player",
    responses((status = 200, description = "the signed receipt, COSE_Sign1"), (status = 410), (status = 422)),
    extensions(("x-roles" = json!(["device"]))))]
async fn change_key(State(plays): State<Plays>, stranger: Stranger) -> Result<Response, Problem> {
    let change = plays.read_change(&stranger.body)?;
    stranger.verify(&change.change().new)?;
    match plays.change_key(&change, clock::now()).await {
        Ok(receipt) => {
            let headers = [(header::CONTENT_TYPE, "application/cose"), (header::CACHE_CONTROL, "no-store")];
            Ok((headers, receipt).into_response())
        }
        Err(KeyChangeError::Retired(screen)) => {
            Err(retired(&plays.screens, &screen).unwrap_or_else(|| Problem::from(ScreenError::Retired)))
        }
        Err(KeyChangeError::Play(PlayError::Screens(ScreenError::UnknownScreen))) => Err(unknown_device()),
        Err(error) => Err(error.into()),
    }
}
