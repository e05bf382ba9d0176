//! Records in words: one CSV line per play, made from a batch and the statement's names and from nothing else, so that
//! whoever has the batch can make the line again and compare.

use std::{collections::HashMap, fmt::Write as _};

use chrono::{Datelike as _, Timelike as _};
use chrono_tz::Tz;

use super::{PlayRef, Statement};
use crate::{
    geometry::ZoneName,
    id::{BookingId, CreativeId, ScreenId},
    playlog::{Batch, ItemRef, Play, PlayStatus, TriggerKind},
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
        self.lines_of(batch).write_line(&mut line, play)?;
        Some(line)
    }

    /// Whatever is the same in all lines of a batch.
    pub fn lines_of<'b>(&'b self, batch: &'b Batch) -> LinesOf<'b> {
        const NONE: &[String; 2] = &[String::new(), String::new()];
        let [screen, venue] = self.screens.get(&batch.screen).unwrap_or(NONE);
        let item = |item: &ItemRef| {
            let [campaign, booking] = self.bookings.get(&item.booking).unwrap_or(NONE);
            match self.creatives.get(&item.creative) {
                Some(title) => format!(",{title},{campaign},{booking},"),
                None => format!(",{},{campaign},{booking},", item.creative),
            }
        };
        LinesOf {
            names: self,
            plays: &batch.plays,
            before: format!("{},{},", batch.screen, batch.sequence),
            place: format!(",{screen},{venue},"),
            items: batch.items.iter().map(item).collect(),
        }
    }
}

/// The lines of a batch.
pub(super) struct LinesOf<'b> {
    names: &'b Names,
    plays: &'b [Play],
    before: String,
    place: String,
    items: Vec<String>,
}

impl LinesOf<'_> {
    /// Adds the line of a play with its line feed; `None` if there is no such play, or the play has no item.
    pub fn write_line(&self, line: &mut String, play: u32) -> Option<()> {
        let shown = self.plays.get(play as usize)?;
        let item = self.items.get(shown.item as usize)?;
        let zone = match shown.zone {
            ZoneName::Main => "主区,",
            ZoneName::Ticker => "字幕条,",
            ZoneName::Audio => "声音,",
        };
        let status = match shown.status {
            PlayStatus::Success => "成功,",
            PlayStatus::HardwareFailure => "硬件故障,",
            PlayStatus::ContentFailure => "素材故障,",
            PlayStatus::Interrupted => "中断,",
        };
        let trigger = match shown.trigger.kind() {
            TriggerKind::Loop => "轮播\n",
            TriggerKind::Takeover => "紧急插播\n",
            TriggerKind::Event => "事件触发\n",
            TriggerKind::Fixed => "定点\n",
            TriggerKind::Local => "本机\n",
        };
        line.push_str(&self.before);
        push_number(line, play);
        line.push_str(&self.place);
        line.push_str(zone);
        self.names.write_time(line, shown.start);
        line.push(',');
        push_number(line, shown.planned.0);
        line.push(',');
        push_number(line, shown.actual.0);
        for part in [item, status, trigger] {
            line.push_str(part);
        }
        Some(())
    }
}

/// Adds a number in decimal digits: three in every line.
fn push_number(line: &mut String, number: u32) {
    let digits = number.checked_ilog10().unwrap_or(0);
    for place in (0..=digits).rev() {
        line.push(char::from(b'0' + (number / 10_u32.pow(place) % 10) as u8));
    }
}

/// The play that the line at the beginning of `text` claims to be of, if it has so many fields.
pub(super) fn claimed_by(text: &[u8]) -> Option<PlayRef> {
    // Three numbers are far shorter, and nothing behind them needs to be read.
    let head = text.get(..96).unwrap_or(text);
    let (third, _) = head.iter().enumerate().filter(|(_, byte)| **byte == b',').nth(2)?;
    play_of(str::from_utf8(head.get(..third)?).ok()?)
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
