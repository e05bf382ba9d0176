//! A filter as SQL: only the conditions that are set, so that both databases can use the index that fits.

use super::super::{Filter, query::significant};
use crate::db::{Statement, Value, sql};

/// Conditions joined by AND, with their binds in order.
pub struct Wanted {
    text: String,
    binds: Vec<Value>,
}

impl Wanted {
    /// The filter's screen and its scope: the conditions on columns that findings have.
    pub fn of(filter: &Filter) -> Self {
        let mut wanted = Self { text: "1 = 1".into(), binds: Vec::new() };
        wanted.equal("screen_id", filter.screen.map(|v| v.to_string()));
        wanted.equal("department", filter.scope.department.clone());
        wanted.within(filter.scope.area.as_deref());
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
