//! What can be asked of the play log: filters, order, cursors. No SQL here.

use std::{collections::BTreeSet, fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{
    id::{CampaignId, CreativeId, ScreenId, VenueId},
    playlog::PlayStatus,
    time::UtcMillis,
    vocabulary::VenueType,
};

use super::{PlayRecord, flags::Marks};
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
    /// In venues of this department.
    pub department: Option<String>,
    /// In venues of this type.
    pub venue_type: Option<VenueType>,
    /// Of this creative.
    pub creative: Option<CreativeId>,
    /// For this campaign.
    pub campaign: Option<CampaignId>,
    /// From this local day on.
    pub day_from: Option<NaiveDate>,
    /// Until this local day, included.
    pub day_to: Option<NaiveDate>,
    /// That went like this. Summaries ignore it: they have a column for each.
    pub status: Option<PlayStatus>,
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
        add("区划", self.area.clone());
        add("责任单位", self.department.clone());
        add("场所类型", self.venue_type.map(|v| v.name_zh().to_owned()));
        add("素材", self.creative.map(|v| v.to_string()));
        add("宣传活动", self.campaign.map(|v| v.to_string()));
        add("自", self.day_from.map(|v| v.to_string()));
        add("至", self.day_to.map(|v| v.to_string()));
        add("状态", self.status.map(|v| code_of(&v)));
        add("仅计入者", self.counted_only.then(String::new));
        add("限区划", self.scope.area.clone());
        add("限责任单位", self.scope.department.clone());
        if words.is_empty() { "全部".into() } else { words.join(";") }
    }
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

    /// Whether a play that went so is sought.
    pub fn play(&self, status: PlayStatus, counted: bool) -> bool {
        self.filter.status.is_none_or(|wanted| wanted == status) && (counted || !self.filter.counted_only)
    }

    /// Whether a play of a local day is sought; the day is worked out only if it matters.
    pub fn day(&self, day: impl FnOnce() -> NaiveDate) -> bool {
        if self.filter.day_from.is_none() && self.filter.day_to.is_none() {
            return true;
        }
        let day = day();
        self.filter.day_from.is_none_or(|from| day >= from) && self.filter.day_to.is_none_or(|to| day <= to)
    }

    /// Whether a place in the list lies beyond the cursor.
    pub fn is_beyond(&self, at: &Cursor) -> bool {
        self.cursor.as_ref().is_none_or(|cursor| match self.order {
            Order::NewestFirst => at < cursor,
            Order::OldestFirst => at > cursor,
        })
    }

    /// Sorts of plays of which a batch must have some.
    pub fn marks(&self) -> Marks {
        let status = self.filter.status.map_or(0, |status| Marks::status(status).0);
        Marks(status | if self.filter.counted_only { Marks::COUNTED.0 } else { 0 })
    }
}
