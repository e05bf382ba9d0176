//! SQL of screens and their last reports.

use std::collections::BTreeMap;

use xuanping_core::{
    campaign::{AreaCode, ScreenFacts},
    digest::Digest,
    geometry::{Layout, Size, Sound},
    id::{ScreenId, VenueId},
    time::UtcMillis,
    vocabulary::{ScreenKind, VenueType},
    wire::{PlayerAbilities, PlayerStatus},
};

use super::{
    super::{Called, Candidate, Screen},
    places::{COUNTED, VENUE, VENUE_ALONE, read_venue},
};
use crate::db::{Db, DbError, Row, Statement, Tx, code_of, placeholders, sql};

const SCREEN: &str = "s.id, s.name, s.kind, s.width, s.height, s.layout, s.sound, s.clips, s.timezone, s.public_key, \
    s.host, s.tags, s.wall, s.evidence_per_day, s.enrolled_at, s.retired_at, s.key_from, s.key_changed_at, t.seen_at, t.status";
const FROM: &str = "FROM screens s JOIN venues v ON v.id = s.venue_id LEFT JOIN screen_status t ON t.screen_id = s.id";

/// Which screens; an empty filter means all in service.
#[derive(Debug, Clone, Default)]
pub struct ScreenFilter {
    /// Of this venue.
    pub venue: Option<VenueId>,
    /// In venues of this type.
    pub venue_type: Option<VenueType>,
    /// In this area or below.
    pub area: Option<AreaCode>,
    /// Of this department.
    pub department: Option<String>,
    /// Of this kind.
    pub kind: Option<ScreenKind>,
    /// Whose name or venue contains this.
    pub text: Option<String>,
}

fn json_of<T: serde::Serialize>(column: &str, value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|e| DbError::Column { column: column.into(), why: e.to_string() })
}

fn read(row: &Row) -> Result<Screen, DbError> {
    let status = match (row.opt_instant("seen_at")?, row.opt_text("status")?) {
        (Some(seen), Some(text)) => serde_json::from_str::<PlayerStatus>(&text).ok().map(|status| (seen, status)),
        _ => None,
    };
    Ok(Screen {
        id: row.parse("id")?,
        name: row.text("name")?,
        venue: read_venue(row)?,
        kind: row.code("kind")?,
        size: Size { width: row.number("width")?, height: row.number("height")? },
        layout: row.parse("layout")?,
        sound: row.code("sound")?,
        clips: row.flag("clips")?,
        tags: row.json("tags")?,
        timezone: row.text("timezone")?,
        wall: row.json("wall")?,
        evidence_per_day: row.number("evidence_per_day")?,
        public_key: row.parse("public_key")?,
        key_from: row.number("key_from")?,
        key_changed_at: row.opt_instant("key_changed_at")?,
        host: row.text("host")?,
        enrolled_at: row.instant("enrolled_at")?,
        retired_at: row.opt_instant("retired_at")?,
        status,
    })
}

pub(in crate::screens) async fn list(db: &Db, filter: &ScreenFilter) -> Result<Vec<Screen>, DbError> {
    let like = |text: &String| format!("%{}%", text.trim().replace(['%', '_', '\\'], ""));
    let query = sql(format!(
        "SELECT {SCREEN}, {VENUE} {FROM} {COUNTED} WHERE s.retired_at IS NULL
           AND ($1 = '' OR s.venue_id = $1) AND ($2 = '' OR v.type = $2) AND ($3 = '' OR v.area LIKE $3)
           AND ($4 = '' OR v.department = $4) AND ($5 = '' OR s.kind = $5) AND ($6 = '' OR s.name LIKE $6 OR v.name LIKE $6)
         ORDER BY v.area, v.name, s.name"
    ))
    .bind(filter.venue.map(|id| id.to_string()).unwrap_or_default())
    .bind(filter.venue_type.map(|t| t.code().to_owned()).unwrap_or_default())
    .bind(filter.area.map(|area| format!("{}%", area.significant())).unwrap_or_default())
    .bind(filter.department.clone().unwrap_or_default())
    .bind(filter.kind.map(|k| code_of(&k)).unwrap_or_default())
    .bind(filter.text.as_ref().map(like).unwrap_or_default());
    db.all(query).await?.iter().map(read).collect()
}

const CANDIDATE: &str =
    "SELECT s.id, s.name, s.kind, s.width, s.height, s.layout, s.sound, s.clips, s.tags, s.wall, s.timezone,
        s.evidence_per_day, s.abilities, v.id AS v_id, v.name AS v_name, v.type AS v_type, v.area AS v_area, v.department AS v_department,
        v.opening AS v_opening
    FROM screens s JOIN venues v ON v.id = s.venue_id WHERE s.retired_at IS NULL";

/// Every screen in service, by area, venue and name, without what choosing does not need: there may be very many.
pub(in crate::screens) async fn candidates(db: &Db) -> Result<Vec<Candidate>, DbError> {
    let query = sql(format!("{CANDIDATE} ORDER BY v.area, v.name, s.name"));
    db.all(query).await?.iter().map(read_candidate).collect()
}

/// Those of these screens that are in service.
pub(in crate::screens) async fn candidates_among(db: &Db, ids: &[ScreenId]) -> Result<Vec<Candidate>, DbError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(200) {
        let query = sql(format!("{CANDIDATE} AND s.id IN ({})", placeholders(1, some.len())));
        for row in &db.all(some.iter().fold(query, |query, id| query.bind(*id))).await? {
            found.push(read_candidate(row)?);
        }
    }
    Ok(found)
}

fn read_candidate(row: &Row) -> Result<Candidate, DbError> {
    let size = Size { width: row.number("width")?, height: row.number("height")? };
    let (layout, sound): (Layout, Sound) = (row.parse("layout")?, row.code("sound")?);
    let facts = ScreenFacts {
        screen: row.parse("id")?,
        venue: row.parse("v_id")?,
        venue_type: row.code("v_type")?,
        area: row.parse("v_area")?,
        department: Some(row.text("v_department")?),
        kind: row.code("kind")?,
        zones: layout.zones(size, sound),
        clips: row.flag("clips")?,
        tags: row.json("tags")?,
    };
    let abilities: PlayerAbilities = row.json("abilities")?;
    Ok(Candidate {
        facts,
        size,
        evidence_per_day: if abilities.evidence { row.number("evidence_per_day")? } else { 0 },
        name: row.text("name")?,
        venue: row.text("v_name")?,
        timezone: row.text("timezone")?,
        wall: row.json("wall")?,
        opening: row.parse("v_opening")?,
    })
}

fn select(condition: &str) -> Statement {
    sql(format!("SELECT {SCREEN}, {VENUE_ALONE} {FROM} WHERE {condition}"))
}

pub(in crate::screens) async fn get(db: &Db, id: ScreenId) -> Result<Option<Screen>, DbError> {
    db.opt(select("s.id = $1").bind(id)).await?.as_ref().map(read).transpose()
}

/// What these screens are called, retired ones too.
pub(in crate::screens) async fn called(db: &Db, ids: &[ScreenId]) -> Result<Vec<Called>, DbError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let query = sql(format!(
            "SELECT s.id, s.name, v.name AS venue, s.timezone, s.public_key, s.key_changed_at
             FROM screens s JOIN venues v ON v.id = s.venue_id
             WHERE s.id IN ({})",
            placeholders(1, some.len())
        ));
        for row in &db.all(some.iter().fold(query, |query, id| query.bind(*id))).await? {
            found.push(Called {
                id: row.parse("id")?,
                name: row.text("name")?,
                venue: row.text("venue")?,
                timezone: row.text("timezone")?,
                public_key: row.parse("public_key")?,
                key_changed: row.opt_instant("key_changed_at")?.is_some(),
            });
        }
    }
    Ok(found)
}

pub(in crate::screens) async fn get_in(tx: &mut Tx, id: ScreenId) -> Result<Option<Screen>, DbError> {
    tx.opt(select("s.id = $1").bind(id)).await?.as_ref().map(read).transpose()
}

pub(in crate::screens) async fn by_fingerprint(db: &Db, key: Digest) -> Result<Option<Screen>, DbError> {
    db.opt(select("s.fingerprint = $1").bind(key)).await?.as_ref().map(read).transpose()
}

/// Of those of these screens that have changed their key: from which batch on they have it.
pub(in crate::screens) async fn key_froms(tx: &mut Tx, ids: &[ScreenId]) -> Result<BTreeMap<ScreenId, u64>, DbError> {
    let mut froms = BTreeMap::new();
    for some in ids.chunks(200) {
        let query = sql(format!(
            "SELECT id, key_from FROM screens WHERE key_changed_at IS NOT NULL AND id IN ({})",
            placeholders(1, some.len())
        ));
        for row in &tx.all(some.iter().fold(query, |query, id| query.bind(*id))).await? {
            froms.insert(row.parse("id")?, row.number("key_from")?);
        }
    }
    Ok(froms)
}

pub(in crate::screens) async fn of_venue(tx: &mut Tx, venue: VenueId) -> Result<Vec<ScreenId>, DbError> {
    let rows = tx.all(sql("SELECT id FROM screens WHERE venue_id = $1 AND retired_at IS NULL").bind(venue)).await?;
    rows.iter().map(|row| row.parse("id")).collect()
}

/// The tags of screens in service, and on how many each is.
pub(in crate::screens) async fn tags(db: &Db) -> Result<BTreeMap<String, usize>, DbError> {
    // Many screens have the same few tags: each distinct list is read once.
    let lists = sql("SELECT tags, COUNT(*) AS screens FROM screens
                     WHERE retired_at IS NULL AND tags <> '[]' GROUP BY tags");
    let mut counts = BTreeMap::new();
    for row in &db.all(lists).await? {
        let screens: usize = row.number("screens")?;
        for tag in row.json::<Vec<String>>("tags")? {
            *counts.entry(tag).or_default() += screens;
        }
    }
    Ok(counts)
}

pub(in crate::screens) async fn name_taken(tx: &mut Tx, venue: VenueId, name: &str) -> Result<bool, DbError> {
    let query = sql("SELECT id FROM screens WHERE venue_id = $1 AND name = $2 AND retired_at IS NULL");
    Ok(tx.opt(query.bind(venue).bind(name)).await?.is_some())
}

/// What became of a screen that was to be inserted or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::screens) enum Put {
    Done,
    /// Its venue has a screen of this name, or its key is a screen already.
    Duplicate,
}

impl Put {
    fn of(result: Result<u64, DbError>) -> Result<Self, DbError> {
        match result {
            Ok(_) => Ok(Self::Done),
            Err(error) if error.is_duplicate() => Ok(Self::Duplicate),
            Err(error) => Err(error),
        }
    }
}

/// After [`Put::Duplicate`] the transaction is of no more use.
pub(in crate::screens) async fn insert(tx: &mut Tx, screen: &Screen) -> Result<Put, DbError> {
    Put::of(
        tx.exec(
            sql("INSERT INTO screens (id, venue_id, name, kind, width, height, layout, sound, clips, timezone, public_key,
                                      fingerprint, host, enrolled_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)")
            .bind(screen.id)
            .bind(screen.venue.id)
            .bind(&screen.name)
            .bind(code_of(&screen.kind))
            .bind(screen.size.width)
            .bind(screen.size.height)
            .bind(screen.layout.to_string())
            .bind(code_of(&screen.sound))
            .bind(screen.clips)
            .bind(&screen.timezone)
            .bind(screen.public_key)
            .bind(screen.public_key.fingerprint())
            .bind(&screen.host)
            .bind(screen.enrolled_at),
        )
        .await,
    )
}

/// After [`Put::Duplicate`] the transaction is of no more use.
pub(in crate::screens) async fn update(tx: &mut Tx, screen: &Screen) -> Result<Put, DbError> {
    Put::of(
        tx.exec(
            sql("UPDATE screens SET name = $2, layout = $3, sound = $4, tags = $5, wall = $6, evidence_per_day = $7,
                                    width = $8, height = $9
                 WHERE id = $1")
            .bind(screen.id)
            .bind(&screen.name)
            .bind(screen.layout.to_string())
            .bind(code_of(&screen.sound))
            .bind(json_of("tags", &screen.tags)?)
            .bind(json_of("wall", &screen.wall)?)
            .bind(u32::from(screen.evidence_per_day))
            .bind(screen.size.width)
            .bind(screen.size.height),
        )
        .await,
    )
}

/// Whether it was retired now, and not before.
pub(in crate::screens) async fn retire(tx: &mut Tx, id: ScreenId, now: UtcMillis) -> Result<bool, DbError> {
    let retired = sql("UPDATE screens SET retired_at = $2 WHERE id = $1 AND retired_at IS NULL");
    Ok(tx.exec(retired.bind(id).bind(now)).await? == 1)
}

/// All of these reports. Answers the screens whose players now understand other things than they did before.
pub(in crate::screens) async fn put_statuses(
    tx: &mut Tx,
    reports: &[(ScreenId, UtcMillis, PlayerStatus)],
) -> Result<Vec<ScreenId>, DbError> {
    let mut changed = Vec::new();
    for some in reports.chunks(100) {
        let rows: Vec<_> =
            (0..some.len()).map(|row| format!("(${}, ${}, ${})", row * 3 + 1, row * 3 + 2, row * 3 + 3)).collect();
        let mut put = sql(format!(
            "INSERT INTO screen_status (screen_id, seen_at, status) VALUES {}
             ON CONFLICT (screen_id) DO UPDATE SET seen_at = excluded.seen_at, status = excluded.status",
            rows.join(", ")
        ));
        for (id, at, status) in some {
            put = put.bind(*id).bind(*at).bind(json_of("status", status)?);
        }
        tx.exec(put).await?;
        changed.extend(put_abilities(tx, some).await?);
    }
    Ok(changed)
}

/// Almost always nothing: a player understands what it does until its program is another.
async fn put_abilities(tx: &mut Tx, reports: &[(ScreenId, UtcMillis, PlayerStatus)]) -> Result<Vec<ScreenId>, DbError> {
    let query = sql(format!("SELECT id, abilities FROM screens WHERE id IN ({})", placeholders(1, reports.len())));
    let rows = tx.all(reports.iter().fold(query, |query, (id, ..)| query.bind(*id))).await?;
    let known: BTreeMap<ScreenId, PlayerAbilities> =
        rows.iter().map(|row| Ok((row.parse("id")?, row.json("abilities")?))).collect::<Result<_, DbError>>()?;
    let mut changed = Vec::new();
    for (id, _, status) in
        reports.iter().filter(|(id, _, status)| known.get(id).is_some_and(|k| *k != status.abilities))
    {
        let put = sql("UPDATE screens SET abilities = $2 WHERE id = $1");
        tx.exec(put.bind(*id).bind(json_of("abilities", &status.abilities)?)).await?;
        changed.push(*id);
    }
    Ok(changed)
}
