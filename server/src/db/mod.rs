//! The only place that names a database. One SQL text with `$1 …` and one list of binds serve SQLite and PostgreSQL alike.
//!
//! SQLite has one writer connection (every transaction is `BEGIN IMMEDIATE`) and a few readers; PostgreSQL has one pool.
//! `sqlx::Any` is not used: it fails on booleans and locks up under concurrent SQLite writers.

mod migrations;
mod row;
mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

use std::path::{Path, PathBuf};

use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use row::{Row, code_of};
pub use statement::{Statement, Value, placeholders, sql};

/// Which database, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file.
    Sqlite(PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

/// A handle on the database; cheap to clone.
#[derive(Debug, Clone)]
pub enum Db {
    /// Embedded.
    Sqlite {
        /// One connection.
        writer: SqlitePool,
        /// A few, read-only.
        readers: SqlitePool,
    },
    /// Server.
    Postgres(PgPool),
}

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database or the connection to it failed.
    #[error("database: {0}")]
    Sqlx(#[from] sqlx::Error),
    /// A migration failed: the database is from a newer version, or damaged.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A column holds what our types do not allow: the row was written by something else.
    #[error("column {column}: {why}")]
    Column {
        /// Which.
        column: String,
        /// Why it cannot be read.
        why: String,
    },
    /// A query that must give one row gave none.
    #[error("expected one row, got none")]
    NoRow,
}

/// A transaction; rolled back when dropped without [`Tx::commit`].
#[derive(Debug)]
pub enum Tx {
    /// On the one SQLite writer.
    Sqlite(Transaction<'static, Sqlite>),
    /// On a PostgreSQL connection.
    Postgres(Transaction<'static, Postgres>),
}

impl DbError {
    /// Whether a write was refused because a row with the same unique value is there already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Sqlx(sqlx::Error::Database(e)) if e.is_unique_violation())
    }
}

impl Db {
    /// Migrates, then opens the pools (a pool opened before would hold statements of the old schema).
    pub async fn open(target: &Target) -> Result<Self, DbError> {
        match target {
            Target::Sqlite(path) => Self::open_sqlite(path).await,
            Target::Postgres(url) => {
                let pool = PgPoolOptions::new().max_connections(1).connect(url).await?;
                migrations::postgres().run(&pool).await?;
                pool.close().await;
                Ok(Self::Postgres(PgPoolOptions::new().max_connections(16).connect(url).await?))
            }
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: a receipt promises that plays survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(std::time::Duration::from_secs(10));
        let migrating = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        migrations::sqlite().run(&migrating).await?;
        migrating.close().await;
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite { writer, readers })
    }

    /// Starts a transaction. On SQLite it waits for the writer and takes the write lock at once.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// All rows of a query, outside any transaction.
    pub async fn all(&self, statement: Statement) -> Result<Vec<Row>, DbError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                statement.sqlite().fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(pool) => {
                statement.postgres().fetch_all(pool).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row of a query, if any.
    pub async fn opt(&self, statement: Statement) -> Result<Option<Row>, DbError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => statement.sqlite().fetch_optional(readers).await?.map(Row::Sqlite),
            Self::Postgres(pool) => statement.postgres().fetch_optional(pool).await?.map(Row::Postgres),
        })
    }

    /// The one row of a query that always has one (a count, say).
    pub async fn one(&self, statement: Statement) -> Result<Row, DbError> {
        self.opt(statement).await?.ok_or(DbError::NoRow)
    }

    /// One write in a transaction of its own; answers how many rows it touched.
    pub async fn exec(&self, statement: Statement) -> Result<u64, DbError> {
        let mut tx = self.begin().await?;
        let touched = tx.exec(statement).await?;
        tx.commit().await?;
        Ok(touched)
    }

    /// Closes the pools, writing SQLite's log back into its file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// All rows of a query.
    pub async fn all(&mut self, statement: Statement) -> Result<Vec<Row>, DbError> {
        Ok(match self {
            Self::Sqlite(tx) => statement.sqlite().fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect(),
            Self::Postgres(tx) => {
                statement.postgres().fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row of a query, if any.
    pub async fn opt(&mut self, statement: Statement) -> Result<Option<Row>, DbError> {
        Ok(match self {
            Self::Sqlite(tx) => statement.sqlite().fetch_optional(&mut **tx).await?.map(Row::Sqlite),
            Self::Postgres(tx) => statement.postgres().fetch_optional(&mut **tx).await?.map(Row::Postgres),
        })
    }

    /// The one row of a query that always has one.
    pub async fn one(&mut self, statement: Statement) -> Result<Row, DbError> {
        self.opt(statement).await?.ok_or(DbError::NoRow)
    }

    /// A write; answers how many rows it touched.
    pub async fn exec(&mut self, statement: Statement) -> Result<u64, DbError> {
        Ok(match self {
            Self::Sqlite(tx) => statement.sqlite().execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => statement.postgres().execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Waits until no other transaction is alone with the same thing, and is so until its own end: for what has to read
    /// before it writes. On SQLite every transaction is alone from its beginning.
    pub async fn alone(&mut self, with: &str) -> Result<(), DbError> {
        if let Self::Postgres(_) = self {
            self.all(sql("SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 0))) locked").bind(with))
                .await?;
        }
        Ok(())
    }

    /// Makes it so. On SQLite the data is on the disk when this returns.
    pub async fn commit(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
