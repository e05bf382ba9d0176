//! SQL of areas, departments and venues.

use xuanping_core::{campaign::AreaCode, id::VenueId, position::Position, time::UtcMillis};

use super::super::{Area, Department, Venue, places};
use crate::db::{Db, DbError, Row, Tx, code_of, sql};

/// The columns of a venue, for queries that call it `v` and join [`COUNTED`].
pub(super) const VENUE: &str = "v.id AS v_id, v.name AS v_name, v.type AS v_type, v.area AS v_area, \
    v.department AS v_department, v.address AS v_address, v.opening AS v_opening, \
    v.latitude AS v_latitude, v.longitude AS v_longitude, COALESCE(n.screens, 0) AS v_screens";
/// The screens of all venues counted at once: counting them venue by venue took seconds for every ten thousand screens.
pub(super) const COUNTED: &str = "LEFT JOIN (SELECT venue_id, COUNT(*) AS screens FROM screens WHERE retired_at IS NULL \
    GROUP BY venue_id) n ON n.venue_id = v.id";
/// The columns of a venue, for queries that call it `v` and ask for one.
pub(super) const VENUE_ALONE: &str = "v.id AS v_id, v.name AS v_name, v.type AS v_type, v.area AS v_area, \
    v.department AS v_department, v.address AS v_address, v.opening AS v_opening, \
    v.latitude AS v_latitude, v.longitude AS v_longitude, \
    (SELECT COUNT(*) FROM screens n WHERE n.venue_id = v.id AND n.retired_at IS NULL) AS v_screens";

pub(super) fn read_venue(row: &Row) -> Result<Venue, DbError> {
    Ok(Venue {
        id: row.parse("v_id")?,
        name: row.text("v_name")?,
        kind: row.code("v_type")?,
        area: row.text("v_area")?,
        department: row.text("v_department")?,
        address: row.text("v_address")?,
        opening: row.parse("v_opening")?,
        position: read_position(row)?,
        screens: row.int("v_screens")?,
    })
}

/// Nothing, or what was checked when it was written; whatever else an edited row has lies nowhere.
fn read_position(row: &Row) -> Result<Option<Position>, DbError> {
    let degrees = |column| Ok::<_, DbError>(row.opt_int(column)?.and_then(|micro| i32::try_from(micro).ok()));
    let both = degrees("v_latitude")?.zip(degrees("v_longitude")?);
    Ok(both.and_then(|(latitude, longitude)| Position::from_micro(latitude, longitude)))
}

fn micro(position: Option<Position>) -> (Option<i64>, Option<i64>) {
    position.map(Position::micro).map(|(latitude, longitude)| (latitude.into(), longitude.into())).unzip()
}

/// Where the venues lie of which that is known.
pub(in crate::screens) async fn positions(db: &Db) -> Result<Vec<(VenueId, Position)>, DbError> {
    let some =
        sql("SELECT id, latitude AS v_latitude, longitude AS v_longitude FROM venues WHERE latitude IS NOT NULL");
    let mut all = Vec::new();
    for row in &db.all(some).await? {
        if let Some(position) = read_position(row)? {
            all.push((row.parse("id")?, position));
        }
    }
    Ok(all)
}

pub(in crate::screens) async fn areas(db: &Db) -> Result<Vec<Area>, DbError> {
    let rows = db.all(sql("SELECT code, name, source_year FROM areas ORDER BY code")).await?;
    rows.iter()
        .map(|row| {
            let code: AreaCode = row.parse("code")?;
            Ok(Area {
                name: row.text("name")?,
                level: places::level(code),
                parent: places::parent(code).map(|parent| parent.to_string()),
                source_year: row.int("source_year")?,
                code: code.to_string(),
            })
        })
        .collect()
}

pub(in crate::screens) async fn area_exists(db: &Db, code: &str) -> Result<bool, DbError> {
    Ok(db.opt(sql("SELECT code FROM areas WHERE code = $1").bind(code)).await?.is_some())
}

pub(in crate::screens) async fn department_exists(db: &Db, code: &str) -> Result<bool, DbError> {
    Ok(db.opt(sql("SELECT code FROM departments WHERE code = $1").bind(code)).await?.is_some())
}

pub(in crate::screens) async fn put_area(tx: &mut Tx, area: &Area) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO areas (code, name, level, source_year) VALUES ($1, $2, $3, $4)
             ON CONFLICT (code) DO UPDATE SET name = $2, source_year = $4")
        .bind(&area.code)
        .bind(&area.name)
        .bind(code_of(&area.level))
        .bind(area.source_year),
    )
    .await?;
    Ok(())
}

pub(in crate::screens) async fn departments(db: &Db) -> Result<Vec<Department>, DbError> {
    let rows = db.all(sql("SELECT code, name FROM departments ORDER BY code")).await?;
    rows.iter().map(|row| Ok(Department { code: row.text("code")?, name: row.text("name")? })).collect()
}

pub(in crate::screens) async fn put_department(tx: &mut Tx, department: &Department) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO departments (code, name) VALUES ($1, $2) ON CONFLICT (code) DO UPDATE SET name = $2")
            .bind(&department.code)
            .bind(&department.name),
    )
    .await?;
    Ok(())
}

pub(in crate::screens) async fn venues(db: &Db) -> Result<Vec<Venue>, DbError> {
    let rows = db.all(sql(format!("SELECT {VENUE} FROM venues v {COUNTED} ORDER BY v.area, v.name"))).await?;
    rows.iter().map(read_venue).collect()
}

pub(in crate::screens) async fn venue(db: &Db, id: VenueId) -> Result<Option<Venue>, DbError> {
    let row = db.opt(sql(format!("SELECT {VENUE_ALONE} FROM venues v WHERE v.id = $1")).bind(id)).await?;
    row.as_ref().map(read_venue).transpose()
}

pub(in crate::screens) async fn venue_in(tx: &mut Tx, id: VenueId) -> Result<Option<Venue>, DbError> {
    let row = tx.opt(sql(format!("SELECT {VENUE_ALONE} FROM venues v WHERE v.id = $1")).bind(id)).await?;
    row.as_ref().map(read_venue).transpose()
}

/// Whether it was inserted: not if the area has a venue of this name.
pub(in crate::screens) async fn insert_venue(tx: &mut Tx, venue: &Venue, now: UtcMillis) -> Result<bool, DbError> {
    let (latitude, longitude) = micro(venue.position);
    let touched = tx
        .exec(
            sql("INSERT INTO venues (id, name, type, area, department, address, opening, created_at, latitude, longitude)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (area, name) DO NOTHING")
            .bind(venue.id)
            .bind(&venue.name)
            .bind(venue.kind.code())
            .bind(&venue.area)
            .bind(&venue.department)
            .bind(&venue.address)
            .bind(venue.opening.to_string())
            .bind(now)
            .bind(latitude)
            .bind(longitude),
        )
        .await?;
    Ok(touched == 1)
}

/// Whether it was updated: not if another venue of the area has this name.
pub(in crate::screens) async fn update_venue(tx: &mut Tx, venue: &Venue) -> Result<bool, DbError> {
    let (latitude, longitude) = micro(venue.position);
    let updated = tx
        .exec(
            sql("UPDATE venues SET name = $2, type = $3, area = $4, department = $5, address = $6, opening = $7,
                     latitude = $8, longitude = $9 WHERE id = $1")
            .bind(venue.id)
            .bind(&venue.name)
            .bind(venue.kind.code())
            .bind(&venue.area)
            .bind(&venue.department)
            .bind(&venue.address)
            .bind(venue.opening.to_string())
            .bind(latitude)
            .bind(longitude),
        )
        .await;
    match updated {
        Ok(_) => Ok(true),
        Err(error) if error.is_duplicate() => Ok(false),
        Err(error) => Err(error),
    }
}
