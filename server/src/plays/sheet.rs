//! Records as tables: one for people in Chinese, one for machines in the Outsmart Playout format (digital, version 1.7).
//!
//! Whatever a person once typed may be opened in a spreadsheet, so no such cell can begin a formula.

use std::borrow::Cow;

use chrono::{DateTime, Offset as _, Utc};
use chrono_tz::Tz;
use xuanping_core::time::{Millis, UtcMillis};

use super::{PlayRecord, names::Names, words};
use crate::db::code_of;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportFormat)]
pub enum Format {
    /// For people: Chinese headers, local times, a byte order mark so that spreadsheets read it as UTF-8.
    People,
    /// For an auditor's machine: Outsmart Playout, digital, version 1.7. Only plays that count.
    Outsmart,
    /// For programs: one JSON object a line, as the API has them.
    Ndjson,
    /// For spreadsheet programs: a workbook with the columns of the table for people.
    Xlsx,
    /// For whoever computes: a Parquet table with a column for each fact, as the archive has them.
    Parquet,
}

/// Headers of the table for people.
pub(super) const PEOPLE: [&str; 24] = [
    "开始时间",
    "播放日期",
    "屏幕",
    "点位",
    "场所类型",
    "区划",
    "区划代码",
    "责任单位",
    "分区",
    "素材",
    "素材类型",
    "诈骗类型",
    "宣传活动",
    "排期",
    "计划时长（秒）",
    "实际时长（秒）",
    "状态",
    "触发方式",
    "是否计入",
    "未计入原因",
    "批次号",
    "批内序号",
    "屏幕编号",
    "素材编号",
];

const TAKEOVER: &str = "紧急插播";

/// A table that is written line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// See [`Format::People`].
    People,
    /// See [`Format::Outsmart`].
    Outsmart,
}

impl Lines {
    /// What comes before the first record.
    pub fn head(self) -> Result<Vec<u8>, csv::Error> {
        match self {
            Self::People => {
                let mut head = "\u{feff}".as_bytes().to_vec();
                head.extend(written(csv::Terminator::CRLF, |sheet| sheet.write_record(PEOPLE))?);
                Ok(head)
            }
            Self::Outsmart => Ok(Vec::new()),
        }
    }

    /// These records as lines.
    pub fn lines(self, records: &[PlayRecord], names: &Names) -> Result<Vec<u8>, csv::Error> {
        match self {
            Self::People => written(csv::Terminator::CRLF, |sheet| {
                records.iter().try_for_each(|record| sheet.write_record(people(record, names).iter().map(|c| &**c)))
            }),
            Self::Outsmart => written(csv::Terminator::Any(b'\n'), |sheet| {
                records.iter().try_for_each(|record| sheet.write_record(outsmart(record, names).iter().map(|c| &**c)))
            }),
        }
    }
}

fn written(
    terminator: csv::Terminator,
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>,
) -> Result<Vec<u8>, csv::Error> {
    let mut sheet = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
    write(&mut sheet)?;
    sheet.into_inner().map_err(|e| e.into_error().into())
}

/// Text as a cell that no spreadsheet takes for a formula: whatever could begin one gets an apostrophe before it. The
/// full-width signs count too, because Chinese spreadsheets take them for the plain ones.
pub fn cell(text: &str) -> Cow<'_, str> {
    let risky = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    if text.starts_with(risky) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn local(at: UtcMillis, zone: Tz) -> DateTime<Tz> {
    at.to_datetime().unwrap_or_default().with_timezone(&zone)
}

fn seconds(duration: Millis) -> String {
    format!("{}.{:03}", duration.0 / 1000, duration.0 % 1000)
}

pub(super) fn people<'a>(record: &'a PlayRecord, names: &'a Names) -> [Cow<'a, str>; 24] {
    let screen = names.screen(record.screen);
    let creative = names.creative(record.creative);
    let zone = screen.map_or(Tz::Asia__Shanghai, |s| s.timezone);
    let campaign = match record.campaign {
        Some(id) => names.campaign(id).map_or("", |c| c.name.as_str()),
        None => TAKEOVER,
    };
    [
        local(record.started, zone).format("%Y-%m-%d %H:%M:%S%.3f").to_string().into(),
        record.day.to_string().into(),
        cell(screen.map_or("", |s| s.name.as_str())),
        cell(screen.map_or("", |s| s.venue.as_str())),
        record.venue_type.name_zh().into(),
        cell(names.area(&record.area).unwrap_or_default()),
        cell(&record.area),
        cell(names.department(&record.department).unwrap_or(&record.department)),
        words::zone(record.zone).into(),
        cell(creative.map_or("", |c| c.title.as_str())),
        creative.map_or("", |c| words::kind(c.kind)).into(),
        creative.map_or("", |c| c.fraud_type.name_zh()).into(),
        cell(campaign),
        cell(names.booking(record.booking).unwrap_or_default()),
        seconds(record.planned).into(),
        seconds(record.actual).into(),
        words::status(record.status).into(),
        words::trigger(record.trigger).into(),
        if record.counted { "是" } else { "否" }.into(),
        record.flag.map_or("", |flag| flag.name_zh()).into(),
        record.sequence.to_string().into(),
        (record.position + 1).to_string().into(),
        record.screen.to_string().into(),
        record.creative.to_string().into(),
    ]
}

/// Nineteen fields in the order of the specification. The SPACE ids that it asks for are handed out in the United Kingdom
/// only; ours stand in their places, as text. A zone of a screen is a frame of its own.
fn outsmart<'a>(record: &'a PlayRecord, names: &'a Names) -> [Cow<'a, str>; 19] {
    let zone = names.screen(record.screen).map_or(Tz::Asia__Shanghai, |s| s.timezone);
    let creative = names.creative(record.creative);
    let campaign = record.campaign.and_then(|id| names.campaign(id));
    let order = record.campaign.map_or_else(|| record.booking.to_string(), |id| id.to_string());
    let ended = record.started + record.actual;
    let screen = record.screen.uuid().simple();
    [
        format!("{screen}/{}", code_of(&record.zone)).into(),
        utc(record.started).into(),
        offset(record.started, zone).into(),
        utc(ended).into(),
        offset(ended, zone).into(),
        record.actual.0.to_string().into(),
        Cow::Borrowed(""),
        order.into(),
        record.booking.to_string().into(),
        cell(campaign.map_or(record.department.as_str(), |c| c.owner_department.as_str())),
        Cow::Borrowed(""),
        creative.map_or("unknown", |c| c.fraud_type.code()).into(),
        shortened(campaign.map_or(TAKEOVER, |c| c.name.as_str()), 64),
        record.creative.to_string().into(),
        shortened(creative.map_or("unknown", |c| c.title.as_str()), 128),
        record.asset.to_string().into(),
        code_of(&record.trigger).into(),
        names.player_ref(record.screen).into(),
        // Unique for all time, because a screen never uses a batch number twice.
        format!("{screen}-{}-{}", record.sequence, record.position).into(),
    ]
}

/// On one line, without blanks at the ends, and within the length that the specification allows.
fn shortened(text: &str, longest: usize) -> Cow<'static, str> {
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let safe = cell(line.trim()).into_owned();
    safe.chars().take(longest).collect::<String>().trim_end().to_owned().into()
}

fn utc(at: UtcMillis) -> String {
    let at: DateTime<Utc> = at.to_datetime().unwrap_or_default();
    at.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

/// `±hh:mm` of the place at that moment. It is made here from a number, so its sign is no formula of anybody's.
fn offset(at: UtcMillis, zone: Tz) -> String {
    let minutes = local(at, zone).offset().fix().local_minus_utc() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}
