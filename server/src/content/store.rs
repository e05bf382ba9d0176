//! The only SQL of this domain. Rows become our types here and nowhere else.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use xuanping_core::{
    digest::Digest,
    geometry::Size,
    id::{AccountId, CreativeId},
    playlist::Show,
    time::UtcMillis,
    vocabulary::{CreativeKind, FraudType},
};

use super::{
    class::ScreenClass,
    creative::{Content, Creative, State, StepTaken},
    media::Media,
    renditions::{Made, Rendition},
    uploads::Upload,
};
use crate::{
    accounts::Actor,
    db::{Db, DbError, Row, Statement, Tx, code_of, placeholders, sql},
};

/// What a list of creatives is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<CreativeKind>,
    /// In this state.
    pub state: Option<State>,
    /// Warning of this.
    pub fraud_type: Option<FraudType>,
    /// With this in title or text.
    pub words: Option<String>,
    /// Older than this creative: the cursor of the page before.
    pub before: Option<CreativeId>,
    /// At most so many.
    pub limit: u32,
}

const CREATIVE: &str = "id, kind, title, fraud_type, text, upload, duration_ms, valid_from, valid_until, fit, state, revision, \
                        author, hands, created_at, updated_at";

fn creative(row: &Row) -> Result<Creative, DbError> {
    Ok(Creative {
        id: row.parse("id")?,
        content: Content {
            kind: row.code("kind")?,
            title: row.text("title")?,
            fraud_type: row.code("fraud_type")?,
            text: row.opt_text("text")?,
            upload: row.opt_parse("upload")?,
            duration: row.millis("duration_ms")?,
            valid_from: row.opt_parse::<NaiveDate>("valid_from")?,
            valid_until: row.opt_parse::<NaiveDate>("valid_until")?,
            fit: row.code("fit")?,
        },
        state: row.code("state")?,
        revision: row.int("revision")?,
        author: row.text("author")?,
        hands: row.json::<BTreeSet<AccountId>>("hands")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
    })
}

fn json<T: Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|e| DbError::Column { column: "json".into(), why: e.to_string() })
}

fn date(day: Option<NaiveDate>) -> Option<String> {
    day.map(|d| d.to_string())
}

/// One creative.
pub async fn creative_by_id(db: &Db, id: CreativeId) -> Result<Option<Creative>, DbError> {
    let row = db.opt(sql(format!("SELECT {CREATIVE} FROM creatives WHERE id = $1")).bind(id)).await?;
    row.as_ref().map(creative).transpose()
}

/// Those of these creatives that exist, in no particular order.
pub async fn creatives_by_ids(db: &Db, ids: &[CreativeId]) -> Result<Vec<Creative>, DbError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(200) {
        let mut statement =
            sql(format!("SELECT {CREATIVE} FROM creatives WHERE id IN ({})", placeholders(1, some.len())));
        for id in some {
            statement = statement.bind(*id);
        }
        for row in &db.all(statement).await? {
            found.push(creative(row)?);
        }
    }
    Ok(found)
}

/// Every creative that is shown or may soon be: approved, or waiting for review.
pub async fn showable(db: &Db) -> Result<Vec<Creative>, DbError> {
    let wanted = sql(format!("SELECT {CREATIVE} FROM creatives WHERE state IN ($1, $2) ORDER BY id"))
        .bind(code_of(&State::Approved))
        .bind(code_of(&State::InReview));
    db.all(wanted).await?.iter().map(creative).collect()
}

/// A page of creatives, newest first.
pub async fn creatives(db: &Db, filter: &Filter) -> Result<Vec<Creative>, DbError> {
    let mut text = format!("SELECT {CREATIVE} FROM creatives WHERE 1 = 1");
    let mut binds: Vec<String> = Vec::new();
    let mut narrow = |condition: &str, value: Option<String>| {
        if let Some(value) = value {
            binds.push(value);
            text.push_str(&condition.replace('?', &format!("${}", binds.len())));
        }
    };
    narrow(" AND kind = ?", filter.kind.as_ref().map(code_of));
    narrow(" AND state = ?", filter.state.as_ref().map(code_of));
    narrow(" AND fraud_type = ?", filter.fraud_type.as_ref().map(code_of));
    narrow(" AND id < ?", filter.before.map(|id| id.to_string()));
    let words =
        filter.words.as_ref().map(|w| format!("%{}%", w.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")));
    narrow(" AND (title LIKE ? ESCAPE '\\' OR COALESCE(text, '') LIKE ? ESCAPE '\\')", words);
    let text = format!("{text} ORDER BY id DESC LIMIT {}", filter.limit);
    let statement: Statement = binds.into_iter().fold(sql(text), Statement::bind);
    db.all(statement).await?.iter().map(creative).collect()
}

/// How many creatives are in a state.
pub async fn count_in_state(db: &Db, state: State) -> Result<i64, DbError> {
    db.one(sql("SELECT COUNT(*) AS n FROM creatives WHERE state = $1").bind(code_of(&state))).await?.int("n")
}

/// Adds a creative.
pub async fn insert(tx: &mut Tx, c: &Creative) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO creatives (id, kind, title, fraud_type, text, upload, duration_ms, valid_from, valid_until, state,
             content_hash, revision, author, hands, created_at, updated_at, fit)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)")
        .bind(c.id)
        .bind(code_of(&c.content.kind))
        .bind(&c.content.title)
        .bind(code_of(&c.content.fraud_type))
        .bind(c.content.text.clone())
        .bind(c.content.upload)
        .bind(c.content.duration)
        .bind(date(c.content.valid_from))
        .bind(date(c.content.valid_until))
        .bind(code_of(&c.state))
        .bind(c.content.hash())
        .bind(c.revision)
        .bind(&c.author)
        .bind(json(&c.hands)?)
        .bind(c.created_at)
        .bind(c.updated_at)
        .bind(code_of(&c.content.fit)),
    )
    .await?;
    Ok(())
}

/// Writes a changed creative back; `false` if somebody else changed it since it was read at revision `read`.
pub async fn update(tx: &mut Tx, c: &Creative, read: i64) -> Result<bool, DbError> {
    let touched = tx
        .exec(
            sql("UPDATE creatives SET title = $3, fraud_type = $4, text = $5, upload = $6, duration_ms = $7, valid_from = $8,
                 valid_until = $9, state = $10, content_hash = $11, revision = $12, hands = $13, updated_at = $14,
                 fit = $15
                 WHERE id = $1 AND revision = $2")
            .bind(c.id)
            .bind(read)
            .bind(&c.content.title)
            .bind(code_of(&c.content.fraud_type))
            .bind(c.content.text.clone())
            .bind(c.content.upload)
            .bind(c.content.duration)
            .bind(date(c.content.valid_from))
            .bind(date(c.content.valid_until))
            .bind(code_of(&c.state))
            .bind(c.content.hash())
            .bind(c.revision)
            .bind(json(&c.hands)?)
            .bind(c.updated_at)
            .bind(code_of(&c.content.fit)),
        )
        .await?;
    Ok(touched == 1)
}

/// Adds the step that made a creative what it now is to its history.
pub async fn insert_step(tx: &mut Tx, creative: &Creative, taken: &StepTaken, by: &Actor) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO creative_steps (creative_id, revision, at, account_id, account_name, step, from_state, to_state,
             content_hash, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(creative.id)
        .bind(creative.revision)
        .bind(taken.at)
        .bind(by.account())
        .bind(&taken.by)
        .bind(code_of(&taken.step))
        .bind(code_of(&taken.from))
        .bind(code_of(&taken.to))
        .bind(taken.content_hash)
        .bind(taken.reason.clone()),
    )
    .await?;
    Ok(())
}

/// A creative's history, oldest first.
pub async fn steps(db: &Db, id: CreativeId) -> Result<Vec<StepTaken>, DbError> {
    let rows = db
        .all(
            sql("SELECT at, account_name, step, from_state, to_state, content_hash, reason FROM creative_steps
                 WHERE creative_id = $1 ORDER BY revision")
            .bind(id),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(StepTaken {
                at: row.instant("at")?,
                by: row.text("account_name")?,
                step: row.code("step")?,
                from: row.code("from_state")?,
                to: row.code("to_state")?,
                content_hash: row.parse("content_hash")?,
                reason: row.opt_text("reason")?,
            })
        })
        .collect()
}

/// Adds an upload; the same content twice is one row, under the name it had first.
pub async fn insert_upload(tx: &mut Tx, upload: &Upload) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO uploads (digest, bytes, name, media, thumbnail, uploaded_by, uploaded_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING")
        .bind(upload.digest)
        .bind(upload.bytes)
        .bind(&upload.name)
        .bind(json(&upload.media)?)
        .bind(upload.thumbnail)
        .bind(&upload.uploaded_by)
        .bind(upload.uploaded_at),
    )
    .await?;
    Ok(())
}

const UPLOAD: &str = "SELECT digest, bytes, name, media, thumbnail, uploaded_by, uploaded_at FROM uploads";

fn upload(row: &Row) -> Result<Upload, DbError> {
    Ok(Upload {
        digest: row.parse("digest")?,
        bytes: row.number("bytes")?,
        name: row.text("name")?,
        media: row.json::<Media>("media")?,
        thumbnail: row.opt_parse("thumbnail")?,
        uploaded_by: row.text("uploaded_by")?,
        uploaded_at: row.instant("uploaded_at")?,
    })
}

/// An upload by its content.
pub async fn upload_by_digest(db: &Db, digest: Digest) -> Result<Option<Upload>, DbError> {
    let row = db.opt(sql(format!("{UPLOAD} WHERE digest = $1")).bind(digest)).await?;
    row.as_ref().map(upload).transpose()
}

/// The oldest creative made of an upload, with its title.
pub async fn creative_of_upload(db: &Db, digest: Digest) -> Result<Option<(CreativeId, String)>, DbError> {
    let found = sql("SELECT id, title FROM creatives WHERE upload = $1 ORDER BY id LIMIT 1").bind(digest);
    db.opt(found).await?.map(|row| Ok((row.parse("id")?, row.text("title")?))).transpose()
}

/// How [`Show`] is written in its column. Never change what is there already.
#[derive(Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
enum ShowColumn {
    Picture { width: u32, height: u32 },
    Strip { width: u32, height: u32, pixels_per_second: u32 },
    Clip { width: u32, height: u32 },
    Sound,
}

impl From<Show> for ShowColumn {
    fn from(show: Show) -> Self {
        match show {
            Show::Picture { size: Size { width, height } } => Self::Picture { width, height },
            Show::Strip { size: Size { width, height }, pixels_per_second } => {
                Self::Strip { width, height, pixels_per_second }
            }
            Show::Clip { size: Size { width, height } } => Self::Clip { width, height },
            Show::Sound => Self::Sound,
        }
    }
}

impl From<ShowColumn> for Show {
    fn from(column: ShowColumn) -> Self {
        match column {
            ShowColumn::Picture { width, height } => Self::Picture { size: Size { width, height } },
            ShowColumn::Strip { width, height, pixels_per_second } => {
                Self::Strip { size: Size { width, height }, pixels_per_second }
            }
            ShowColumn::Clip { width, height } => Self::Clip { size: Size { width, height } },
            ShowColumn::Sound => Self::Sound,
        }
    }
}

/// Adds a class, if it is not known.
pub async fn insert_class(tx: &mut Tx, class: ScreenClass, now: UtcMillis) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO screen_classes (kind, zone, width, height, first_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (kind, zone, width, height) DO NOTHING")
        .bind(code_of(&class.kind))
        .bind(code_of(&class.zone))
        .bind(class.size.width)
        .bind(class.size.height)
        .bind(now),
    )
    .await?;
    Ok(())
}

/// Takes a class off the list. What was made for it stays, and is found again by a screen of that class.
pub async fn forget_class(tx: &mut Tx, class: ScreenClass) -> Result<(), DbError> {
    tx.exec(
        sql("DELETE FROM screen_classes WHERE kind = $1 AND zone = $2 AND width = $3 AND height = $4")
            .bind(code_of(&class.kind))
            .bind(code_of(&class.zone))
            .bind(class.size.width)
            .bind(class.size.height),
    )
    .await?;
    Ok(())
}

fn class(row: &Row) -> Result<ScreenClass, DbError> {
    Ok(ScreenClass {
        kind: row.code("kind")?,
        zone: row.code("zone")?,
        size: Size { width: row.number("width")?, height: row.number("height")? },
    })
}

/// The digest of what a creative now says and shows, and its state. Neither changes until the transaction ends.
pub async fn content_hash_and_state(tx: &mut Tx, id: CreativeId) -> Result<Option<(Digest, State)>, DbError> {
    // A write, because that is what makes whoever wants to change it wait, on either database.
    let row = tx
        .opt(sql("UPDATE creatives SET revision = revision WHERE id = $1 RETURNING content_hash, state").bind(id))
        .await?;
    row.map(|row| Ok((row.parse("content_hash")?, row.code("state")?))).transpose()
}

/// Every known class.
pub async fn classes(db: &Db) -> Result<Vec<ScreenClass>, DbError> {
    let rows =
        db.all(sql("SELECT kind, zone, width, height FROM screen_classes ORDER BY kind, zone, width, height")).await?;
    rows.iter().map(class).collect()
}

/// Writes what came of rendering, over whatever was there.
pub async fn put_rendition(tx: &mut Tx, made: &Made, now: UtcMillis) -> Result<(), DbError> {
    let (asset, bytes, show, duration, problem) = match &made.outcome {
        Ok(r) => (Some(r.asset), r.bytes, json(&ShowColumn::from(r.show))?, i64::from(r.duration.0), None),
        Err(problem) => (None, 0, "null".to_owned(), 0, Some(problem.clone())),
    };
    tx.exec(
        sql("INSERT INTO renditions (creative_id, kind, zone, width, height, content_hash, renderer, asset, bytes, show,
             duration_ms, problem, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (creative_id, kind, zone, width, height) DO UPDATE SET content_hash = $6, renderer = $7, asset = $8,
             bytes = $9, show = $10, duration_ms = $11, problem = $12, made_at = $13")
        .bind(made.creative)
        .bind(code_of(&made.class.kind))
        .bind(code_of(&made.class.zone))
        .bind(made.class.size.width)
        .bind(made.class.size.height)
        .bind(made.content_hash)
        .bind(made.renderer)
        .bind(asset)
        .bind(bytes)
        .bind(show)
        .bind(duration)
        .bind(problem)
        .bind(now),
    )
    .await?;
    Ok(())
}

const MADE: &str = "SELECT creative_id, kind, zone, width, height, content_hash, renderer, asset, bytes, show, duration_ms, \
                    problem FROM renditions";

fn made(row: &Row) -> Result<Made, DbError> {
    let creative: CreativeId = row.parse("creative_id")?;
    let class = class(row)?;
    let outcome = match row.opt_parse::<Digest>("asset")? {
        Some(asset) => Ok(Rendition {
            creative,
            asset,
            bytes: row.number("bytes")?,
            show: row.json::<ShowColumn>("show")?.into(),
            duration: row.millis("duration_ms")?,
        }),
        None => Err(row.opt_text("problem")?.unwrap_or_default()),
    };
    Ok(Made { creative, class, content_hash: row.parse("content_hash")?, renderer: row.int("renderer")?, outcome })
}

/// What was rendered of a creative, for whatever content it had then.
pub async fn renditions_of(db: &Db, id: CreativeId) -> Result<Vec<Made>, DbError> {
    let rows =
        db.all(sql(format!("{MADE} WHERE creative_id = $1 ORDER BY kind, zone, width, height")).bind(id)).await?;
    rows.iter().map(made).collect()
}

/// What was rendered for a class.
pub async fn renditions_for_class(db: &Db, class: ScreenClass) -> Result<Vec<Made>, DbError> {
    let wanted = sql(format!("{MADE} WHERE kind = $1 AND zone = $2 AND width = $3 AND height = $4"))
        .bind(code_of(&class.kind))
        .bind(code_of(&class.zone))
        .bind(class.size.width)
        .bind(class.size.height);
    db.all(wanted).await?.iter().map(made).collect()
}

/// How the file with this digest is shown, if it is a rendition.
pub async fn rendition_by_asset(db: &Db, asset: Digest) -> Result<Option<Rendition>, DbError> {
    let row = db.opt(sql(format!("{MADE} WHERE asset = $1 LIMIT 1")).bind(asset)).await?;
    Ok(row.as_ref().map(made).transpose()?.and_then(|made| made.outcome.ok()))
}
