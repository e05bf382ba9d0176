//! Taking records away: tables streamed row by row, and bundles that prove themselves. Each is noted in the audit trail.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Seek as _},
};

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::{
        Filter, Order, PlayError, PlayRecord, Plays,
        columns::Table,
        names::Names,
        play_rows,
        sheet::{Format, Lines},
        walk::Walk,
        workbook::Book,
    },
    records::{BundleQuery, ExportQuery, PlayView},
};
use crate::{
    accounts::{Actor, Allowed, Principal, ReadPlays, SignedIn},
    clock,
    db::code_of,
    http::{Body, Problem, QueryOf},
};

/// Records written at once: with the batches around the place where an export is, all that it holds in memory.
const PIECE: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new()
        .routes(routes!(table))
        .routes(routes!(bundle))
        .routes(routes!(publishing_key))
        .routes(routes!(log))
}

#[utoipa::path(get, path = "/api/v1/plays/export", tag = "plays", params(ExportQuery),
    responses((status = 200, content_type = "application/octet-stream")),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn table(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<ExportQuery>,
) -> Result<Response, Problem> {
    let filter = filter_of(&query, &me)?;
    let kind = code_of(&query.format);
    plays.note_export(&Actor::from(&me), &kind, &filter, clock::now()).await?;
    let mut records = Pages::open(plays, &filter).await?;
    let (head, media_type, name, ending) = match query.format {
        Format::People => (table_of(Lines::People, records)?, CSV, "播放记录", "csv"),
        Format::Outsmart => (table_of(Lines::Outsmart, records)?, CSV, "outsmart", "csv"),
        Format::Ndjson => {
            let lines = stream::try_unfold(records, async |mut records| {
                let Some(some) = records.next().await? else { return Ok(None) };
                let bytes = json_lines(some, &records.names);
                Ok::<_, PlayError>(Some((Bytes::from(bytes), records)))
            });
            (HttpBody::from_stream(lines), "application/x-ndjson", "播放记录", "ndjson")
        }
        Format::Xlsx => {
            let book = book_of(&mut records).await?;
            (file_of(move || Ok(book.finish()?)).await?, XLSX, "播放记录", "xlsx")
        }
        Format::Parquet => {
            let table = columns_of(&mut records).await?;
            (file_of(move || rewound(table.finish()?)).await?, PARQUET, "播放记录", "parquet")
        }
    };
    Ok((download(media_type, name, ending), head).into_response())
}

/// What a table of this format is made of.
pub(super) fn filter_of(query: &ExportQuery, me: &Principal) -> Result<Filter, Problem> {
    Ok(in_format(query.filter(me)?, query.format))
}

/// What of it a table of this format has.
pub(super) fn in_format(filter: Filter, format: Format) -> Filter {
    // Interrupted and failed showings are no playouts.
    Filter { counted_only: filter.counted_only || format == Format::Outsmart, ..filter }
}

const CSV: &str = "text/csv; charset=utf-8";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A table, written piece by piece. An error cuts the connection before its proper end, so that nobody takes a part for the
/// whole.
fn table_of(lines: Lines, records: Pages) -> Result<HttpBody, PlayError> {
    let head = Bytes::from(lines.head()?);
    let rest = stream::try_unfold((lines, records), async |(lines, mut records)| {
        let Some(some) = records.next().await? else { return Ok(None) };
        let piece = lines.lines(&some, &records.names)?;
        Ok::<_, PlayError>(Some((Bytes::from(piece), (lines, records))))
    });
    Ok(HttpBody::from_stream(stream::once(async { Ok(head) }).chain(rest)))
}

const PARQUET: &str = "application/vnd.apache.parquet";

/// Records as JSON, one on each line.
fn json_lines(records: Vec<PlayRecord>, names: &Names) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        // A view of a record has nothing that JSON cannot say.
        bytes.extend(serde_json::to_vec(&PlayView::new(record, names)).unwrap_or_default());
        bytes.push(b'\n');
    }
    bytes
}

/// The whole table of this format; answers how many records are in it.
pub(super) async fn write_table(
    format: Format,
    records: &mut Pages,
    out: &mut (impl io::Write + Send),
) -> Result<u64, PlayError> {
    let lines = match format {
        Format::People => Some(Lines::People),
        Format::Outsmart => Some(Lines::Outsmart),
        Format::Ndjson | Format::Xlsx | Format::Parquet => None,
    };
    match (format, lines) {
        (_, Some(lines)) => {
            out.write_all(&lines.head()?)?;
            while let Some(some) = records.next().await? {
                out.write_all(&lines.lines(&some, &records.names)?)?;
            }
        }
        (Format::Xlsx, None) => {
            io::copy(&mut book_of(records).await?.finish()?, out)?;
        }
        (Format::Parquet, None) => {
            io::copy(&mut rewound(columns_of(records).await?.finish()?)?, out)?;
        }
        (_, None) => {
            while let Some(some) = records.next().await? {
                out.write_all(&json_lines(some, &records.names))?;
            }
        }
    }
    Ok(records.given)
}

/// How files of this format end.
pub(super) const fn ending_of(format: Format) -> &'static str {
    match format {
        Format::People | Format::Outsmart => "csv",
        Format::Ndjson => "ndjson",
        Format::Xlsx => "xlsx",
        Format::Parquet => "parquet",
    }
}

async fn book_of(records: &mut Pages) -> Result<Book, PlayError> {
    let mut book = Book::new()?;
    while let Some(some) = records.next().await? {
        book.add(&some, &records.names)?;
    }
    Ok(book)
}

async fn columns_of(records: &mut Pages) -> Result<Table<File>, PlayError> {
    let mut table = Table::new(tempfile::tempfile()?, "play", &play_rows::COLUMNS)?;
    while let Some(some) = records.next().await? {
        for record in &some {
            table.push(play_rows::row(record, &records.names))?;
        }
    }
    Ok(table)
}

pub(super) fn rewound(mut file: File) -> Result<File, PlayError> {
    file.rewind()?;
    Ok(file)
}

/// A file, finished and then read piece by piece.
pub(super) async fn file_of(
    finish: impl FnOnce() -> Result<File, PlayError> + Send + 'static,
) -> Result<HttpBody, PlayError> {
    let packed = tokio::task::spawn_blocking(finish).await;
    let file = tokio::fs::File::from_std(packed.map_err(std::io::Error::other)??);
    let pieces = stream::try_unfold(file, async |mut file| {
        let mut piece = vec![0; 64 << 10];
        let read = tokio::io::AsyncReadExt::read(&mut file, &mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
    });
    Ok(HttpBody::from_stream(pieces))
}

/// The records of an export, a page at a time, the oldest first.
pub(super) struct Pages {
    plays: Plays,
    pub(super) names: Names,
    walk: Walk,
    /// How many more there may be.
    left: usize,
    /// How many there were.
    given: u64,
}

impl Pages {
    pub(super) async fn open(plays: Plays, filter: &Filter) -> Result<Self, PlayError> {
        let names = Names::open(&plays).await?;
        let walk = plays.walk(filter, Order::OldestFirst, None).await?;
        Ok(Self { plays, names, walk, left: usize::MAX, given: 0 })
    }

    /// Fails with [`PlayError::TooMany`] if there are more than so many.
    pub(super) fn at_most(self, most: usize) -> Self {
        Self { left: most, ..self }
    }

    /// The next records with the names they need; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<PlayRecord>>, PlayError> {
        let records = self.walk.next(PIECE).await?;
        self.left = self.left.checked_sub(records.len()).ok_or(PlayError::TooMany)?;
        self.given += records.len() as u64;
        self.names.learn(&self.plays, &records).await?;
        Ok((!records.is_empty()).then_some(records))
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
    /// How many batches lie in the archive.
    archived: u64,
    /// The newest day that is archived whole.
    archived_to: Option<NaiveDate>,
}

#[utoipa::path(get, path = "/api/v1/plays/log", tag = "plays", responses((status = 200, body = LogView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn log(State(plays): State<Plays>, _: Allowed<SignedIn>) -> Result<Body<LogView>, Problem> {
    let log = plays.log();
    let (size, root) = log.root().await?;
    let (witnessed, witnesses) = log.witnessed().await?;
    let newest = plays.archived().await?.pop();
    let (archived, archived_to) = (newest.as_ref().map_or(0, |part| part.to), newest.map(|part| part.received));
    let (key, root) = (log.verifier().to_string(), root.to_string());
    Ok(Body(LogView { key, size, root, witnesses, witnessed, archived, archived_to }))
}

pub(super) fn download(media_type: &'static str, name: &str, ending: &str) -> [(HeaderName, String); 3] {
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
