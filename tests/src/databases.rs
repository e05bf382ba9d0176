//! Which database a story runs on. `scripts/with-postgres` provides the second one.

use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::waiting::left_out;
use sqlx::{Connection as _, Executor as _, sqlite::SqliteConnectOptions};

/// A database for one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file in the server's data folder.
    Sqlite,
    /// The URL of an empty PostgreSQL database.
    Postgres(String),
}

impl Database {
    /// A new, empty PostgreSQL database; `None` (said aloud) without a cluster to make it in.
    pub fn fresh_postgres() -> Option<Self> {
        let Ok(cluster) = std::env::var("XUANPING_TEST_POSTGRES") else {
            left_out("a story on PostgreSQL, because XUANPING_TEST_POSTGRES is not set (make stories sets it)");
            return None;
        };
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("story_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let create = async {
            let mut admin = sqlx::PgConnection::connect(&format!("{cluster}/postgres")).await?;
            sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await?;
            admin.close().await
        };
        runtime().block_on(create).expect("the cluster makes a database");
        Some(Self::Postgres(format!("{cluster}/{name}")))
    }

    /// As `--database` wants it.
    pub fn setting(&self) -> &str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(url) => url,
        }
    }
}

/// Lets the quarter of an hour pass that a pairing code is good for: every code of this server is that much older.
pub fn age_pairing_codes(database: &Database, data: &Path) {
    const QUARTER: &str = "UPDATE pairings SET expires_at = expires_at - 900000";
    let age = async {
        match database {
            Database::Sqlite => {
                let options = SqliteConnectOptions::new().filename(data.join("xuanping.db")).foreign_keys(true);
                sqlx::SqliteConnection::connect_with(&options).await?.execute(QUARTER).await?;
            }
            Database::Postgres(url) => {
                sqlx::PgConnection::connect(url).await?.execute(QUARTER).await?;
            }
        }
        Ok::<_, sqlx::Error>(())
    };
    runtime().block_on(age).expect("the codes grow old");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Makes two tests of each story: one on SQLite, one on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $story() { super::$story($crate::databases::Database::Sqlite); })+
        }
        mod on_postgres {
            $(#[test] fn $story() {
                if let Some(database) = $crate::databases::Database::fresh_postgres() { super::$story(database); }
            })+
        }
    };
}
