//! A row of either database, read by column name into our types.

use std::{fmt::Display, str::FromStr};

use serde::de::DeserializeOwned;
use sqlx::{Row as _, postgres::PgRow, sqlite::SqliteRow};
use xuanping_core::time::{Millis, UtcMillis};

use super::DbError;

/// A row.
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty;)+) => {$(
        $(#[$doc])*
        pub fn $name(&self, column: &str) -> Result<$type, DbError> {
            Ok(match self {
                Self::Sqlite(row) => row.try_get(column)?,
                Self::Postgres(row) => row.try_get(column)?,
            })
        }
    )+};
}

impl Row {
    getters! {
        /// TEXT.
        text -> String;
        /// TEXT or null.
        opt_text -> Option<String>;
        /// INTEGER.
        int -> i64;
        /// INTEGER or null.
        opt_int -> Option<i64>;
        /// BLOB.
        bytes -> Vec<u8>;
        /// BLOB or null.
        opt_bytes -> Option<Vec<u8>>;
        /// REAL.
        real -> f64;
    }

    /// A number that is 0 or 1.
    pub fn flag(&self, column: &str) -> Result<bool, DbError> {
        Ok(self.int(column)? != 0)
    }

    /// A number that fits `T`.
    pub fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, DbError> {
        let value = self.int(column)?;
        T::try_from(value)
            .map_err(|_| DbError::Column { column: column.into(), why: format!("{value} is out of range") })
    }

    /// An instant.
    pub fn instant(&self, column: &str) -> Result<UtcMillis, DbError> {
        self.int(column).map(UtcMillis)
    }

    /// An instant or null.
    pub fn opt_instant(&self, column: &str) -> Result<Option<UtcMillis>, DbError> {
        Ok(self.opt_int(column)?.map(UtcMillis))
    }

    /// A duration.
    pub fn millis(&self, column: &str) -> Result<Millis, DbError> {
        self.number(column).map(Millis)
    }

    /// Text that is the written form of `T` (an id, a digest, a date).
    pub fn parse<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, DbError> {
        parse(column, &self.text(column)?)
    }

    /// The same, or null.
    pub fn opt_parse<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>, DbError> {
        self.opt_text(column)?.map(|text| parse(column, &text)).transpose()
    }

    /// Text that is JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, DbError> {
        serde_json::from_str(&self.text(column)?)
            .map_err(|e| DbError::Column { column: column.into(), why: e.to_string() })
    }

    /// Text that is the code of a plain enum, as serde writes it.
    pub fn code<T: DeserializeOwned>(&self, column: &str) -> Result<T, DbError> {
        T::deserialize(serde_json::Value::String(self.text(column)?))
            .map_err(|e| DbError::Column { column: column.into(), why: e.to_string() })
    }
}

fn parse<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T, DbError> {
    text.parse().map_err(|e: T::Err| DbError::Column { column: column.into(), why: e.to_string() })
}

/// The code of a plain enum, as serde writes it: the reverse of [`Row::code`].
pub fn code_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(code)) => code,
        // Only called with unit variants; anything else would be refused by the column's CHECK.
        other => format!("{other:?}"),
    }
}
