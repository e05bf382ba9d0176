//! Records in words: one CSV line per play, made from a batch and the statement's names and from nothing else, so that
//! whoever has the batch can make the line again and compare.

use std::{collections::HashMap, fmt::Write as _};

use chrono::{Datelike as _, Timelike as _};
use chrono_tz::Tz;

use super::{PlayRef, Statement};
use crate::{
    geometry::ZoneName,
    id::{BookingId, CreativeId, ScreenId},
    playlog::{Batch, PlayStatus, TriggerKind},
    time::UtcMillis,
};

/// The first line.
pub(super) const HEADER: &str =
    "屏幕编号,批次,序号,屏幕,点位,区域,开始时间,计划毫秒,实际毫秒,素材,活动,排期,状态,触发\n";

/// The statement's tables, ready for look-ups: names as they stand in a line.
pub(super) struct Names {
    timezone: Option<Tz>,
    /// Name and venue.
    screens: HashMap<ScreenId, [String; 2]>,
    creatives: HashMap<CreativeId, String>,
    /// Campaign and name.
    bookings: HashMap<BookingId, [String; 2]>,
}

impl Names {
    pub fn of(statement: &Statement) -> Self {
        let screens = statement.screens.iter().map(|s| (s.id, [field(&s.name), field(&s.venue)]));
        let creatives = statement.creatives.iter().map(|c| (c.id, field(&c.title)));
        let bookings = statement.bookings.iter().map(|b| (b.id, [field(&b.campaign), field(&b.name)]));
        Self {
            timezone: statement.timezone.parse().ok(),
            screens: screens.collect(),
            creatives: creatives.collect(),
            bookings: bookings.collect(),
        }
    }

    /// An instant as people read it.
    pub fn time(&self, at: UtcMillis) -> String {
        let mut text = String::new();
        self.write_time(&mut text, at);
        text
    }

    // Writing to a String cannot fail; nor is a format string read anew for each of a hundred thousand lines.
    fn write_time(&self, line: &mut String, at: UtcMillis) {
        let local = self.timezone.zip(at.to_datetime()).map(|(tz, at)| at.with_timezone(&tz).naive_local());
        // Years of more digits are written with a sign: left to the library, like what is no time at all.
        let Some(local) = local.filter(|local| (0..=9999).contains(&local.year())) else {
            let _ = match self.timezone.zip(at.to_datetime()) {
                Some((tz, at)) => write!(line, "{}", at.with_timezone(&tz).format("%Y-%m-%d %H:%M:%S%.3f")),
                None => write!(line, "{at}"),
            };
            return;
        };
        let mut digits = |number: u32, width: u32, after: &str| {
            for place in (0..width).rev() {
                line.push(char::from(b'0' + (number / 10_u32.pow(place) % 10) as u8));
            }
            line.push_str(after);
        };
        digits(local.year().unsigned_abs(), 4, "-");
        digits(local.month(), 2, "-");
        digits(local.day(), 2, " ");
        digits(local.hour(), 2, ":");
        digits(local.minute(), 2, ":");
        digits(local.second(), 2, ".");
        digits(local.nanosecond() / 1_000_000, 3, "");
    }

    /// The line of a play with its line feed; `None` if the batch has no such play, or the play no item.
    pub fn line(&self, batch: &Batch, play: u32) -> Option<String> {
        let mut line = String::new();
        self.write_line(&mut line, batch, play)?;
        Some(line)
    }

    /// Adds that line.
    pub fn write_line(&self, line: &mut String, batch: &Batch, play: u32) -> Option<()> {
        const NONE: &[String; 2] = &[String::new(), String::new()];
        let shown = batch.plays.get(play as usize)?;
        let item = batch.items.get(shown.item as usize)?;
        let [screen, venue] = self.screens.get(&batch.screen).unwrap_or(NONE);
        let [campaign, booking] = self.bookings.get(&item.booking).unwrap_or(NONE);
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
        let trigger = match shown.trigger.kind() {
            TriggerKind::Loop => "轮播",
            TriggerKind::Takeover => "紧急插播",
            TriggerKind::Event => "事件触发",
            TriggerKind::Fixed => "定点",
            TriggerKind::Local => "本机",
        };
        // Writing to a String cannot fail.
        let _ = write!(line, "{},{},{play},{screen},{venue},{zone},", batch.screen, batch.sequence);
        self.write_time(line, shown.start);
        let _ = write!(line, ",{},{},", shown.planned.0, shown.actual.0);
        match self.creatives.get(&item.creative) {
            Some(title) => line.push_str(title),
            None => {
                let _ = write!(line, "{}", item.creative);
            }
        }
        for part in [",", campaign, ",", booking, ",", status, ",", trigger, "\n"] {
            line.push_str(part);
        }
        Some(())
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
