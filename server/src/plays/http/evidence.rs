//! Evidence pictures: how players bring them, and how people look at them.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{digest::Digest, id::ScreenId, wire::EvidenceNote};

use super::super::{
    Plays,
    evidence::{EvidenceDay, EvidenceRefusal},
};
use crate::{
    accounts::{Allowed, ReadPlays},
    clock,
    http::{Body, PathOf, Problem, QueryOf, blob_response},
    screens::Device,
};

/// So many are shown when no day is asked for.
const NEWEST: u32 = 3;

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new().routes(routes!(bring)).routes(routes!(pictures)).routes(routes!(picture))
}

impl From<EvidenceRefusal> for Problem {
    fn from(refusal: EvidenceRefusal) -> Self {
        let refused =
            |detail: &str| Self::new(StatusCode::UNPROCESSABLE_ENTITY, "evidence-refused", "印证图片已拒收", detail);
        match refusal {
            EvidenceRefusal::TooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "evidence-too-large",
                "印证图片过大",
                format!("印证图片不得超过 {} KB。", EvidenceNote::MOST_BYTES >> 10),
            ),
            EvidenceRefusal::OtherDigest => refused("图片内容与所报指纹不符。"),
            EvidenceRefusal::ImpossibleTime => refused("拍摄时间不可能，或同时报了两个拍摄原因。"),
            EvidenceRefusal::NoPicture => refused("不是完整的 JPEG 或 PNG 图片，或尺寸不合理。"),
            EvidenceRefusal::TooMany => Self::conflict(
                "evidence-too-many",
                "印证图片过多",
                "该屏幕 24 小时内上传的印证图片过多，请检查播放器。",
            ),
            EvidenceRefusal::Play(e) => e.into(),
        }
    }
}

#[utoipa::path(post, path = "/player/v1/evidence", tag = "player",
    params(("digest" = String, Query), ("taken" = i64, Query), ("moment" = Option<i64>, Query),
           ("instruction" = Option<String>, Query)),
    responses((status = 204), (status = 409), (status = 413), (status = 422)),
    extensions(("x-roles" = json!(["device"]))))]
async fn bring(
    State(plays): State<Plays>,
    note: Result<QueryOf<EvidenceNote>, Problem>,
    device: Device,
) -> Result<StatusCode, Problem> {
    // Who asks is looked at before what is asked.
    let QueryOf(note) = note?;
    plays.keep_picture(&device.screen, note, device.body, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct EvidenceQuery {
    /// The venue's local date; without, the newest pictures.
    date: Option<NaiveDate>,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/evidence", tag = "plays",
    params(("id" = ScreenId, Path), EvidenceQuery), responses((status = 200, body = EvidenceDay), (status = 404)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn pictures(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    PathOf(id): PathOf<ScreenId>,
    QueryOf(query): QueryOf<EvidenceQuery>,
) -> Result<Body<EvidenceDay>, Problem> {
    Ok(Body(match query.date {
        Some(date) => plays.evidence_day(id, date, &me, clock::now()).await?,
        None => plays.newest_evidence(id, NEWEST, &me).await?,
    }))
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/evidence/{digest}", tag = "plays",
    params(("id" = ScreenId, Path), ("digest" = String, Path)),
    responses((status = 200, content_type = "image/*"), (status = 404)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn picture(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    PathOf((id, digest)): PathOf<(ScreenId, Digest)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (file, media_type) =
        plays.picture_file(id, digest, &me).await?.ok_or_else(|| Problem::not_found("印证图片"))?;
    blob_response(file, digest, media_type.name(), &headers).await
}
