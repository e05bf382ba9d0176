//! Plays as rows of a Parquet table: what the API says of a play, in columns for machines. Instants are UTC, days are the
//! venue's, names are those of the moment at which the table is written.

use xuanping_core::time::Millis;

use super::{
    PlayRecord,
    columns::{Cell, Column, Kind},
    names::Names,
    opened::day_number,
};
use crate::db::code_of;

/// Its columns.
pub const COLUMNS: [Column; 25] = [
    ("started", Kind::Instant),
    ("local_day", Kind::Day),
    ("screen", Kind::Text),
    ("screen_name", Kind::Text),
    ("venue", Kind::Text),
    ("venue_name", Kind::Text),
    ("venue_type", Kind::Text),
    ("area", Kind::Text),
    ("area_name", Kind::Text),
    ("department", Kind::Text),
    ("zone", Kind::Text),
    ("creative", Kind::Text),
    ("title", Kind::Text),
    ("fraud_type", Kind::MaybeText),
    ("campaign", Kind::MaybeText),
    ("booking", Kind::Text),
    ("asset", Kind::Text),
    ("planned_ms", Kind::Long),
    ("actual_ms", Kind::Long),
    ("status", Kind::Text),
    ("triggered_by", Kind::Text),
    ("counted", Kind::Bool),
    ("flag", Kind::MaybeText),
    ("sequence", Kind::Long),
    ("position", Kind::Int),
];

/// In the archive, behind those: the number in the Merkle log and the name of the batch that the play is in.
pub const OF_BATCH: [Column; 2] = [("log_index", Kind::Long), ("batch_digest", Kind::Text)];

/// Columns that hold names, each with the column whose value they are the name of: true of the day on which they were
/// written, and in no batch.
pub const NAMES: [(&str, &str); 5] = [
    ("screen_name", "screen"),
    ("venue_name", "screen"),
    ("area_name", "area"),
    ("title", "creative"),
    ("fraud_type", "creative"),
];

/// The columns of plays in the archive.
pub fn archived() -> Vec<Column> {
    COLUMNS.into_iter().chain(OF_BATCH).collect()
}

fn millis(time: Millis) -> Cell {
    Cell::Long(time.as_i64())
}

/// A play as a row.
pub fn row(record: &PlayRecord, names: &Names) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    let (screen, creative) = (names.screen(record.screen), names.creative(record.creative));
    vec![
        Cell::Long(record.started.0),
        Cell::Int(i32::try_from(day_number(record.day)).unwrap_or_default()),
        Cell::Text(record.screen.to_string()),
        text(screen.map_or("", |screen| &screen.name)),
        Cell::Text(record.venue.to_string()),
        text(screen.map_or("", |screen| &screen.venue)),
        text(record.venue_type.code()),
        text(&record.area),
        text(names.area(&record.area).unwrap_or_default()),
        text(&record.department),
        Cell::Text(code_of(&record.zone)),
        Cell::Text(record.creative.to_string()),
        text(creative.map_or("", |creative| &creative.title)),
        Cell::Maybe(creative.map(|creative| code_of(&creative.fraud_type))),
        Cell::Maybe(record.campaign.map(|id| id.to_string())),
        Cell::Text(record.booking.to_string()),
        Cell::Text(record.asset.to_string()),
        millis(record.planned),
        millis(record.actual),
        Cell::Text(code_of(&record.status)),
        Cell::Text(code_of(&record.trigger)),
        Cell::Bool(record.counted),
        Cell::Maybe(record.flag.map(|flag| code_of(&flag))),
        Cell::Long(i64::try_from(record.sequence).unwrap_or(i64::MAX)),
        Cell::Int(i32::try_from(record.position).unwrap_or(i32::MAX)),
    ]
}
