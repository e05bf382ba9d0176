//! Taking records away: tables streamed row by row, and bundles that prove themselves. Each is noted in the audit trail.

use std::fmt::Write as _;

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{Cursor, Filter, Order, PlayError, Plays, names::Names, sheet::Format},
    records::{BundleQuery, ExportQuery},
};
use crate::{
    accounts::{Actor, Allowed, ReadPlays, SignedIn},
    clock,
    http::{Body, Problem, QueryOf},
};

/// Records read from the database at once: bounds the memory of an export of any length.
const PIECE: u32 = 1000;

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new()
        .routes(routes!(table))
        .routes(routes!(bundle))
        .routes(routes!(publishing_key))
        .routes(routes!(log))
}

#[utoipa::path(get, path = "/api/v1/plays/export", tag = "plays", params(ExportQuery),
    responses((status = 200, content_type = "text/csv")),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn table(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<ExportQuery>,
) -> Result<Response, Problem> {
    let mut filter = query.filter(&me)?;
    let format = query.format;
    let now = clock::now();
    let (kind, name) = match format {
        Format::People => ("people", "播放记录"),
        Format::Outsmart => {
            // Interrupted and failed showings are no playouts.
            filter.counted_only = true;
            ("outsmart", "outsmart")
        }
    };
    plays.note_export(&Actor::from(&me), kind, &filter, now).await?;
    let head = format.head().map_err(PlayError::from)?;
    let names = Names::open(&plays).await?;
    let start = Export { plays, names, filter, format, stage: Stage::Head(head) };
    let stream = stream::try_unfold(start, Export::next);
    Ok((download("text/csv; charset=utf-8", name, "csv"), HttpBody::from_stream(stream)).into_response())
}

struct Export {
    plays: Plays,
    names: Names,
    filter: Filter,
    format: Format,
    stage: Stage,
}

enum Stage {
    Head(Vec<u8>),
    Records(Option<Cursor>),
    Done,
}

impl Export {
    /// The next piece. An error cuts the connection before its proper end, so that nobody takes a part for the whole.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, PlayError> {
        let piece = match self.stage {
            Stage::Head(head) => {
                self.stage = Stage::Records(None);
                head
            }
            Stage::Records(cursor) => {
                let records = self.plays.page(&self.filter, Order::OldestFirst, cursor, PIECE).await?;
                self.names.learn(&self.plays, &records).await?;
                self.stage = match records.last() {
                    Some(last) if records.len() == PIECE as usize => Stage::Records(Some(Cursor::after(last))),
                    _ => Stage::Done,
                };
                self.format.lines(&records, &self.names)?
            }
            Stage::Done => return Ok(None),
        };
        Ok(Some((piece.into(), self)))
    }
}

#[utoipa::path(get, path = "/api/v1/plays/bundle", tag = "plays", params(BundleQuery),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404), (status = 422)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn bundle(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<BundleQuery>,
) -> Result<Response, Problem> {
    let filter = query.filter(&me)?;
    let now = clock::now();
    let file = plays.bundle(&filter, now).await?;
    plays.note_export(&Actor::from(&me), "bundle", &filter, now).await?;
    Ok((download("application/octet-stream", "播放凭证", "xpbundle"), file).into_response())
}

/// The office's publishing key.
#[derive(Debug, Serialize, ToSchema)]
struct PublishingKey {
    /// 64 hexadecimal digits: what `xuanping-server verify --key` expects.
    key: String,
}

#[utoipa::path(get, path = "/api/v1/plays/publishing-key", tag = "plays",
    responses((status = 200, body = PublishingKey)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn publishing_key(State(plays): State<Plays>, _: Allowed<SignedIn>) -> Body<PublishingKey> {
    Body(PublishingKey { key: plays.publishing_key().to_string() })
}

/// What the Merkle log of all batches is now.
#[derive(Debug, Serialize, ToSchema)]
struct LogView {
    /// Its key, as signed notes write it: what `xuanping-server witness --key` expects.
    key: String,
    /// How many batches its newest checkpoint covers.
    size: u64,
    /// The root of the tree over these, hexadecimal: two people who see the same root see the same log.
    root: String,
    /// Names of the witnesses that signed the newest checkpoint that any of them signed.
    witnesses: Vec<String>,
    /// How many batches that one covers.
    witnessed: u64,
}

#[utoipa::path(get, path = "/api/v1/plays/log", tag = "plays", responses((status = 200, body = LogView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn log(State(plays): State<Plays>, _: Allowed<SignedIn>) -> Result<Body<LogView>, Problem> {
    let log = plays.log();
    let (size, root) = log.root().await?;
    let (witnessed, witnesses) = log.witnessed().await?;
    Ok(Body(LogView { key: log.verifier().to_string(), size, root: root.to_string(), witnesses, witnessed }))
}

fn download(media_type: &'static str, name: &str, ending: &str) -> [(HeaderName, String); 3] {
    let day = clock::today(chrono_tz::Asia::Shanghai);
    let mut encoded = String::new();
    for byte in name.bytes() {
        // Writing to a String cannot fail.
        let _ = write!(encoded, "%{byte:02X}");
    }
    let disposition =
        format!("attachment; filename=\"plays-{day}.{ending}\"; filename*=UTF-8''{encoded}-{day}.{ending}");
    [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
}
