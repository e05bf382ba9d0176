//! `POST /uploads`: a raw body, streamed.

use axum::{body::Body as HttpBody, extract::State};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use xuanping_core::{digest::Digest, id::CreativeId, vocabulary::CreativeKind};

use crate::{
    accounts::{Allowed, Draft},
    clock,
    content::{Content, ContentError, media::Media},
    http::{Body, Problem, QueryOf},
};

/// What the browser calls the file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadQuery {
    /// File name, for people and to notice a wrong extension.
    #[serde(default)]
    name: String,
}

/// A file that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UploadTaken {
    /// Name of its content: give it as `upload` when making a creative.
    #[schema(value_type = String)]
    digest: Digest,
    bytes: u64,
    name: String,
    media: MediaView,
    /// A creative that already is made of the same file.
    duplicate_of: Option<DuplicateOf>,
}

/// A creative made of the same file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DuplicateOf {
    creative_id: CreativeId,
    title: String,
}

/// What a file really is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MediaView {
    kind: CreativeKind,
    /// Container or picture format.
    format: String,
    width: Option<u32>,
    height: Option<u32>,
    duration_ms: Option<u32>,
    /// Codec of moving pictures, or of sound if there are none.
    codec: Option<String>,
    /// Frames per second.
    frame_rate: Option<f64>,
    /// Whether it has sound.
    sound: bool,
}

impl From<&Media> for MediaView {
    fn from(media: &Media) -> Self {
        let (format, codec, frame_rate, sound) = match media {
            Media::Poster { format, .. } => (format, None, None, false),
            Media::Clip { format, codec, frame_rate, sound, .. } => {
                (format, Some(codec.clone()), Some(f64::from(*frame_rate) / 1000.0), sound.is_some())
            }
            Media::Audio { format, sound, .. } => (format, Some(sound.codec.clone()), None, true),
        };
        Self {
            kind: media.kind(),
            format: format.clone(),
            width: media.size().map(|s| s.width),
            height: media.size().map(|s| s.height),
            duration_ms: media.duration().map(|d| d.0),
            codec,
            frame_rate,
            sound,
        }
    }
}

#[utoipa::path(post, path = "/api/v1/uploads", tag = "content", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = UploadTaken)), extensions(("x-roles" = json!(["editor"]))))]
pub(super) async fn upload(
    State(content): State<Content>,
    me: Allowed<Draft>,
    QueryOf(query): QueryOf<UploadQuery>,
    mut body: HttpBody,
) -> Result<Body<UploadTaken>, Problem> {
    let mut receiving = content.receive(&query.name).await?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ContentError::BrokenOff)?;
        if let Ok(piece) = frame.into_data() {
            receiving.write(&piece).await?;
        }
    }
    let taken = receiving.finish(&(&me.0).into(), clock::now()).await?;
    Ok(Body(UploadTaken {
        digest: taken.upload.digest,
        bytes: taken.upload.bytes,
        name: taken.upload.name,
        media: (&taken.upload.media).into(),
        duplicate_of: taken.duplicate_of.map(|(creative_id, title)| DuplicateOf { creative_id, title }),
    }))
}
