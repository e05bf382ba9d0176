//! What can be asked of the play log: filters, order, cursors. No SQL here.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{
    id::{CampaignId, CreativeId, ScreenId, VenueId},
    playlog::{PlayStatus, credibility::Flag},
    position::Circle,
    time::UtcMillis,
    vocabulary::{FraudType, VenueType},
};

use super::{
    PlayRecord,
    flags::{Marks, WantedMarks},
    judge::Count,
};
use crate::{accounts::Scope, db::code_of};

/// Which plays. Nothing set: all of them.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// On this screen.
    pub screen: Option<ScreenId>,
    /// In this venue.
    pub venue: Option<VenueId>,
    /// In this area or below: 12 digits.
    pub area: Option<String>,
    /// In that very area, not below it: where its venues are registered.
    pub area_only: bool,
    /// In venues that lie in this circle now. Venues without a position lie nowhere.
    pub near: Option<Circle>,
    /// In venues of this department.
    pub department: Option<String>,
    /// In venues of this type.
    pub venue_type: Option<VenueType>,
    /// Of this creative.
    pub creative: Option<CreativeId>,
    /// For this campaign.
    pub campaign: Option<CampaignId>,
    /// Of takeovers, which have no campaign.
    pub takeover: bool,
    /// Of creatives against this kind of fraud.
    pub fraud_type: Option<FraudType>,
    /// From this local day on.
    pub day_from: Option<NaiveDate>,
    /// Until this local day, included.
    pub day_to: Option<NaiveDate>,
    /// That began in this local hour of the day, 0–23.
    pub hour: Option<u8>,
    /// Out of the batch of this number; of use with a screen.
    pub sequence: Option<u64>,
    /// That went like this. Summaries ignore it: they have a column for each.
    pub status: Option<PlayStatus>,
    /// That enter the counters so. Summaries ignore it likewise.
    pub counted_as: Option<CountedAs>,
    /// That break this rule. Summaries ignore it.
    pub flag: Option<Flag>,
    /// Only those that count (shown in full, nothing against them). Summaries ignore it.
    pub counted_only: bool,
    /// Only what the person may see.
    pub scope: Scope,
}

impl Filter {
    /// As a sentence for exports and the audit trail.
    pub fn in_words(&self) -> String {
        let mut words = Vec::new();
        let mut add = |name: &str, value: Option<String>| words.extend(value.map(|value| format!("{name} {value}")));
        add("屏幕", self.screen.map(|v| v.to_string()));
        add("点位", self.venue.map(|v| v.to_string()));
        add(if self.area_only { "仅本级区划" } else { "区划" }, self.area.clone());
        add("附近", self.near.map(|near| format!("{} 周围 {} 米", near.centre, near.metres)));
        add("责任单位", self.department.clone());
        add("场所类型", self.venue_type.map(|v| v.name_zh().to_owned()));
        add("素材", self.creative.map(|v| v.to_string()));
        add("宣传活动", self.campaign.map(|v| v.to_string()));
        add("紧急插播", self.takeover.then(String::new));
        add("诈骗类型", self.fraud_type.map(|v| v.name_zh().to_owned()));
        add("自", self.day_from.map(|v| v.to_string()));
        add("至", self.day_to.map(|v| v.to_string()));
        add("时段", self.hour.map(|hour| format!("{hour} 时")));
        add("批次", self.sequence.map(|v| v.to_string()));
        add("状态", self.status.map(|v| code_of(&v)));
        add("计为", self.counted_as.map(|v| v.name_zh().to_owned()));
        add("不计入原因", self.flag.map(|v| v.name_zh().to_owned()));
        add("仅计入者", self.counted_only.then(String::new));
        add("限区划", self.scope.area.clone());
        add("限责任单位", self.scope.department.clone());
        if words.is_empty() { "全部".into() } else { words.join(";") }
    }
}

/// How plays enter the counters: a column of every summary, or two of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlayCountedAs)]
pub enum CountedAs {
    /// Shown their full length, nothing against them.
    Completed,
    /// Shown for a part, nothing against them.
    Interrupted,
    /// Not shown: the display or the file failed.
    Failed,
    /// Not believed.
    NotCounted,
    /// Completed or interrupted: whatever has time on the wall.
    Shown,
}

impl CountedAs {
    /// What an official reads.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Completed => "完整播放",
            Self::Interrupted => "中断",
            Self::Failed => "故障",
            Self::NotCounted => "不计入",
            Self::Shown => "上屏播放",
        }
    }

    /// Whether a play is among them that went so, was complete or not, and has this against it. The same rule as
    /// `core::playlog::credibility` counts by.
    fn has(self, status: PlayStatus, counted: bool, flag: Option<Flag>) -> bool {
        let on_wall = matches!(status, PlayStatus::Success | PlayStatus::Interrupted);
        match (self, flag) {
            (Self::NotCounted, flag) => flag.is_some(),
            (_, Some(_)) => false,
            (Self::Completed, None) => counted,
            (Self::Interrupted, None) => on_wall && !counted,
            (Self::Failed, None) => !on_wall,
            (Self::Shown, None) => on_wall,
        }
    }

    /// How many of them a counter has.
    pub const fn of(self, count: &Count) -> u64 {
        match self {
            Self::Completed => count.completed,
            Self::Interrupted => count.interrupted,
            Self::Failed => count.failed,
            Self::NotCounted => count.not_counted,
            Self::Shown => count.completed.saturating_add(count.interrupted),
        }
    }

    /// What a batch must have any of to have some.
    const fn marks(self) -> Marks {
        match self {
            Self::Completed => Marks::COUNTED,
            Self::Interrupted => Marks::INTERRUPTED,
            Self::Failed => Marks::FAILED,
            Self::NotCounted => Marks::FLAGGED,
            Self::Shown => Marks::ON_WALL,
        }
    }
}

/// What the plays of a filter come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// How many.
    pub plays: i64,
    /// On how many screens.
    pub screens: usize,
    /// How long completed and interrupted ones were on the wall, in milliseconds; `None`: not known of these alone.
    pub shown_ms: Option<i64>,
}

/// What a summary has a line for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlayGroup)]
pub enum Group {
    /// Each creative.
    Creative,
    /// Each campaign; takeovers under an empty key.
    Campaign,
    /// Each screen.
    Screen,
    /// Each venue type.
    VenueType,
    /// Each area.
    Area,
    /// Each department.
    Department,
    /// Each local day.
    Day,
    /// Each local hour of the day, 0–23.
    Hour,
}

/// Which comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// For people who look.
    NewestFirst,
    /// For exports.
    OldestFirst,
}

/// A place in the list: the last play that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Its start.
    pub started: UtcMillis,
    /// Its screen.
    pub screen: ScreenId,
    /// Its batch.
    pub sequence: u64,
    /// Its position.
    pub position: u32,
}

/// The text is not a cursor that we gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct InvalidCursor;

impl Cursor {
    /// After this play.
    pub fn after(play: &PlayRecord) -> Self {
        Self { started: play.started, screen: play.screen, sequence: play.sequence, position: play.position }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}_{}", self.started.0, self.screen, self.sequence, self.position)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let mut parts = text.split('_');
        let mut next = || parts.next().ok_or(InvalidCursor);
        let cursor = Self {
            started: UtcMillis(next()?.parse().map_err(|_| InvalidCursor)?),
            screen: next()?.parse().map_err(|_| InvalidCursor)?,
            sequence: next()?.parse().map_err(|_| InvalidCursor)?,
            position: next()?.parse().map_err(|_| InvalidCursor)?,
        };
        if parts.next().is_some() { Err(InvalidCursor) } else { Ok(cursor) }
    }
}

/// A code without its filling zeros, in whole groups of digits: 6, 9 or 12. What is within it begins so.
pub(super) fn significant(area: &str) -> &str {
    [("000000", 6), ("000", 9)]
        .into_iter()
        .find(|(zeros, _)| area.len() == 12 && area.ends_with(zeros))
        .and_then(|(_, digits)| area.get(..digits))
        .unwrap_or(area)
}

/// A filter as plays of an opened batch are asked by, once the dictionaries were looked at.
#[derive(Debug, Clone)]
pub struct Sought {
    filter: Filter,
    items: Option<BTreeSet<i64>>,
    order: Order,
    cursor: Option<Cursor>,
}

impl Sought {
    /// Plays that a filter wants, of these items (`None`: all), after the cursor in this order.
    pub fn new(filter: Filter, items: Option<BTreeSet<i64>>, order: Order, cursor: Option<Cursor>) -> Self {
        Self { filter, items, order, cursor }
    }

    /// Whether an item is sought, by its number.
    pub fn item(&self, number: i64) -> bool {
        self.items.as_ref().is_none_or(|items| items.contains(&number))
    }

    /// Whether a batch is sought, by its number.
    pub fn batch(&self, sequence: u64) -> bool {
        self.filter.sequence.is_none_or(|wanted| wanted == sequence)
    }

    /// Whether a play that went so is sought.
    pub fn play(&self, status: PlayStatus, counted: bool, flag: Option<Flag>) -> bool {
        let filter = &self.filter;
        filter.status.is_none_or(|wanted| wanted == status)
            && (counted || !filter.counted_only)
            && filter.counted_as.is_none_or(|wanted| wanted.has(status, counted, flag))
            && (filter.flag.is_none() || filter.flag == flag)
    }

    /// Whether a play of a local day and hour is sought; these are worked out only if they matter.
    pub fn time(&self, time: impl FnOnce() -> (NaiveDate, u32)) -> bool {
        let Filter { day_from, day_to, hour, .. } = &self.filter;
        if day_from.is_none() && day_to.is_none() && hour.is_none() {
            return true;
        }
        let (day, began) = time();
        day_from.is_none_or(|from| day >= from)
            && day_to.is_none_or(|to| day <= to)
            && hour.is_none_or(|hour| u32::from(hour) == began)
    }

    /// Whether a place in the list lies beyond the cursor.
    pub fn is_beyond(&self, at: &Cursor) -> bool {
        self.cursor.as_ref().is_none_or(|cursor| match self.order {
            Order::NewestFirst => at < cursor,
            Order::OldestFirst => at > cursor,
        })
    }

    /// Sorts of plays of which a batch must have some.
    pub fn marks(&self) -> WantedMarks {
        let mut wanted = WantedMarks::default();
        wanted.extend(self.filter.status.map(Marks::status));
        wanted.extend(self.filter.counted_only.then_some(Marks::COUNTED));
        wanted.extend(self.filter.counted_as.map(CountedAs::marks));
        wanted.extend(self.filter.flag.map(|_| Marks::FLAGGED));
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way in which a play can have gone is in exactly one column, and in `shown` if it has time on the wall.
    #[test]
    fn every_play_is_in_one_column_of_the_counters() {
        use CountedAs::{Completed, Failed, Interrupted, NotCounted, Shown};
        let statuses =
            [PlayStatus::Success, PlayStatus::Interrupted, PlayStatus::ContentFailure, PlayStatus::HardwareFailure];
        for status in statuses {
            for whole in [true, false] {
                for flag in [None, Some(Flag::WallOff)] {
                    let counted = whole && status == PlayStatus::Success && flag.is_none();
                    let within = |column: CountedAs| column.has(status, counted, flag);
                    let columns = [Completed, Interrupted, Failed, NotCounted];
                    assert_eq!(columns.into_iter().filter(|column| within(*column)).count(), 1, "{status:?} {flag:?}");
                    assert_eq!(within(Shown), within(Completed) || within(Interrupted));
                    assert_eq!(within(NotCounted), flag.is_some());
                    // What has none of a column's marks has none of its plays.
                    let mut marks = Marks::default();
                    marks.add(status, whole && status == PlayStatus::Success, flag);
                    for column in [Completed, Interrupted, Failed, NotCounted, Shown] {
                        assert!(!within(column) || marks.0 & column.marks().0 != 0, "{column:?} {status:?} {whole}");
                    }
                }
            }
        }
    }
}
