//! A filter as SQL: only the conditions that are set, so that both databases can use the index that fits.

use super::super::Filter;
use crate::db::{Statement, Value, code_of, sql};

/// Conditions joined by AND, with their binds in order.
pub struct Wanted {
    text: String,
    binds: Vec<Value>,
}

impl Wanted {
    /// The filter's conditions on columns that plays and counters have alike.
    pub fn of(filter: &Filter) -> Self {
        let mut wanted = Self { text: "1 = 1".into(), binds: Vec::new() };
        wanted.equal("screen_id", filter.screen.map(|v| v.to_string()));
        wanted.equal("venue_id", filter.venue.map(|v| v.to_string()));
        wanted.equal("department", filter.department.clone());
        wanted.equal("venue_type", filter.venue_type.map(|v| v.code().to_owned()));
        wanted.equal("creative_id", filter.creative.map(|v| v.to_string()));
        wanted.equal("campaign_id", filter.campaign.map(|v| v.to_string()));
        wanted.within(filter.area.as_deref());
        wanted.equal("department", filter.scope.department.clone());
        wanted.within(filter.scope.area.as_deref());
        if let Some(day) = filter.day_from {
            wanted.add("day >= ", day.to_string());
        }
        if let Some(day) = filter.day_to {
            wanted.add("day <= ", day.to_string());
        }
        wanted
    }

    /// The same, with those that only single plays have.
    pub fn of_plays(filter: &Filter) -> Self {
        let mut wanted = Self::of(filter);
        wanted.equal("status", filter.status.map(|v| code_of(&v)));
        if filter.counted_only {
            wanted.add("counted = ", true);
        }
        wanted
    }

    /// The SQL after WHERE.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a condition as it is.
    pub fn and(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// Binds a value and answers its `$n`.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.binds.push(value.into());
        format!("${}", self.binds.len())
    }

    /// The statement of a text that uses the conditions.
    pub fn statement(self, text: String) -> Statement {
        self.binds.into_iter().fold(sql(text), Statement::bind)
    }

    fn add(&mut self, condition: &str, value: impl Into<Value>) {
        let place = self.bind(value);
        self.and(&format!("{condition}{place}"));
    }

    fn equal(&mut self, column: &str, value: Option<String>) {
        if let Some(value) = value {
            self.add(&format!("{column} = "), value);
        }
    }

    /// In an area or below: its significant digits begin the code. As a range, which an index serves.
    fn within(&mut self, area: Option<&str>) {
        if let Some(area) = area {
            let prefix = significant(area);
            self.add("area >= ", prefix);
            // ':' is the character after '9'.
            self.add("area < ", format!("{prefix}:"));
        }
    }
}

/// A code without its filling zeros, in whole groups of digits: 6, 9 or 12.
fn significant(area: &str) -> &str {
    [("000000", 6), ("000", 9)]
        .into_iter()
        .find(|(zeros, _)| area.len() == 12 && area.ends_with(zeros))
        .and_then(|(_, digits)| area.get(..digits))
        .unwrap_or(area)
}
