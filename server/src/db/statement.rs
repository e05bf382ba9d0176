//! An SQL text with its binds, before it is known for which database.

use std::borrow::Cow;

use sqlx::{AssertSqlSafe, Postgres, Sqlite, postgres::PgArguments, query::Query, sqlite::SqliteArguments};

/// What can be bound. A null keeps its type, because PostgreSQL fixes one type per position.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// TEXT.
    Text(Option<String>),
    /// INTEGER / BIGINT.
    Int(Option<i64>),
    /// BLOB / BYTEA.
    Bytes(Option<Vec<u8>>),
    /// REAL / DOUBLE PRECISION.
    Real(Option<f64>),
}

/// An SQL text with `$1 …` and its binds.
#[derive(Debug, Clone)]
pub struct Statement {
    text: Cow<'static, str>,
    binds: Vec<Value>,
}

/// Starts a statement. The text is ours alone: what comes from outside goes into a bind.
pub fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    Statement { text: text.into(), binds: Vec::new() }
}

impl Statement {
    /// Binds the next `$n`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.binds.push(value.into());
        self
    }

    pub(super) fn sqlite(self) -> Query<'static, Sqlite, SqliteArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text.into_owned()));
        for value in self.binds {
            query = match value {
                Value::Text(v) => query.bind(v),
                Value::Int(v) => query.bind(v),
                Value::Bytes(v) => query.bind(v),
                Value::Real(v) => query.bind(v),
            };
        }
        query
    }

    pub(super) fn postgres(self) -> Query<'static, Postgres, PgArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text.into_owned()));
        for value in self.binds {
            query = match value {
                Value::Text(v) => query.bind(v),
                Value::Int(v) => query.bind(v),
                Value::Bytes(v) => query.bind(v),
                Value::Real(v) => query.bind(v),
            };
        }
        query
    }
}

macro_rules! values {
    ($($type:ty => $variant:ident, $convert:expr;)+) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self { Self::$variant(Some($convert(value))) }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self { Self::$variant(value.map($convert)) }
        }
    )+};
}

values! {
    &str => Text, |v: &str| v.to_owned();
    String => Text, |v| v;
    &String => Text, |v: &String| v.clone();
    i64 => Int, |v| v;
    i32 => Int, i64::from;
    u32 => Int, i64::from;
    u64 => Int, |v: u64| i64::try_from(v).unwrap_or(i64::MAX);
    usize => Int, |v: usize| i64::try_from(v).unwrap_or(i64::MAX);
    bool => Int, i64::from;
    f64 => Real, |v| v;
    Vec<u8> => Bytes, |v| v;
    &[u8] => Bytes, |v: &[u8]| v.to_vec();
    xuanping_core::time::UtcMillis => Int, |v: xuanping_core::time::UtcMillis| v.0;
    xuanping_core::time::Millis => Int, |v: xuanping_core::time::Millis| i64::from(v.0);
    xuanping_core::digest::Digest => Text, |v: xuanping_core::digest::Digest| v.to_string();
    xuanping_core::sign::PublicKey => Text, |v: xuanping_core::sign::PublicKey| v.to_string();
    xuanping_core::id::AccountId => Text, |v: xuanping_core::id::AccountId| v.to_string();
    xuanping_core::id::VenueId => Text, |v: xuanping_core::id::VenueId| v.to_string();
    xuanping_core::id::ScreenId => Text, |v: xuanping_core::id::ScreenId| v.to_string();
    xuanping_core::id::CreativeId => Text, |v: xuanping_core::id::CreativeId| v.to_string();
    xuanping_core::id::CampaignId => Text, |v: xuanping_core::id::CampaignId| v.to_string();
    xuanping_core::id::BookingId => Text, |v: xuanping_core::id::BookingId| v.to_string();
    xuanping_core::id::TakeoverId => Text, |v: xuanping_core::id::TakeoverId| v.to_string();
    xuanping_core::id::BootId => Text, |v: xuanping_core::id::BootId| v.to_string();
}

/// `$from, …` for so many values: the inside of `IN (…)` or of a row of `VALUES`.
pub fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}
