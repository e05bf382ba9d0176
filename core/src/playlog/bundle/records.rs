//! Records in words: one CSV line per play, made from a batch and the statement's names and from nothing else, so that
//! whoever has the batch can make the line again and compare.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::{PlayRef, Statement};
use crate::{
    geometry::ZoneName,
    id::{BookingId, CreativeId, ScreenId},
    playlog::{Batch, PlayStatus, Trigger},
    time::UtcMillis,
};

/// The first line.
pub(super) const HEADER: &str =
    "屏幕编号,批次,序号,屏幕,点位,区域,开始时间,计划毫秒,实际毫秒,素材,活动,排期,状态,触发\n";

/// The statement's tables, ready for look-ups.
pub(super) struct Names {
    timezone: Option<Tz>,
    /// Name and venue.
    screens: HashMap<ScreenId, (String, String)>,
    creatives: HashMap<CreativeId, String>,
    /// Name and campaign.
    bookings: HashMap<BookingId, (String, String)>,
}

impl Names {
    pub fn of(statement: &Statement) -> Self {
        let screens = statement.screens.iter().map(|s| (s.id, (s.name.clone(), s.venue.clone())));
        let creatives = statement.creatives.iter().map(|c| (c.id, c.title.clone()));
        let bookings = statement.bookings.iter().map(|b| (b.id, (b.name.clone(), b.campaign.clone())));
        Self {
            timezone: statement.timezone.parse().ok(),
            screens: screens.collect(),
            creatives: creatives.collect(),
            bookings: bookings.collect(),
        }
    }

    /// A creative's title, or its id if it is not listed.
    pub fn creative(&self, id: CreativeId) -> String {
        self.creatives.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// An instant as people read it.
    pub fn time(&self, at: UtcMillis) -> String {
        match (self.timezone, at.to_datetime()) {
            (Some(tz), Some(at)) => at.with_timezone(&tz).format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            _ => at.to_string(),
        }
    }

    /// The line of a play with its line feed; `None` if the batch has no such play, or the play no item.
    pub fn line(&self, batch: &Batch, play: u32) -> Option<String> {
        let shown = batch.plays.get(play as usize)?;
        let item = batch.items.get(shown.item as usize)?;
        let (screen, venue) = self.screens.get(&batch.screen).cloned().unwrap_or_default();
        let (booking, campaign) = self.bookings.get(&item.booking).cloned().unwrap_or_default();
        let zone = match shown.zone {
            ZoneName::Main => "主区",
            ZoneName::Ticker => "字幕条",
            ZoneName::Audio => "声音",
        };
        let status = match shown.status {
            PlayStatus::Success => "成功",
            PlayStatus::HardwareFailure => "硬件故障",
            PlayStatus::ContentFailure => "素材故障",
            PlayStatus::Interrupted => "中断",
        };
        let trigger = match shown.trigger {
            Trigger::Loop => "轮播",
            Trigger::Takeover => "紧急插播",
        };
        Some(format!(
            "{},{},{},{},{},{zone},{},{},{},{},{},{},{status},{trigger}\n",
            batch.screen,
            batch.sequence,
            play,
            field(&screen),
            field(&venue),
            self.time(shown.start),
            shown.planned.0,
            shown.actual.0,
            field(&self.creative(item.creative)),
            field(&campaign),
            field(&booking),
        ))
    }
}

/// The play that a line claims to be of.
pub(super) fn play_of(line: &str) -> Option<PlayRef> {
    let mut fields = line.splitn(4, ',');
    let screen = fields.next()?.parse().ok()?;
    let sequence = fields.next()?.parse().ok()?;
    let play = fields.next()?.parse().ok()?;
    Some(PlayRef { screen, sequence, play })
}

/// A CSV field: quoted where needed, on one line, and never a formula for a spreadsheet (no leading `= + - @`).
fn field(text: &str) -> String {
    let safe = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    let line = safe.replace(['\n', '\r'], " ");
    if line.contains([',', '"']) { format!("\"{}\"", line.replace('"', "\"\"")) } else { line }
}
