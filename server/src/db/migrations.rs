//! The migrations of both databases, embedded in the binary. Same numbers, same names (tests/tidy checks it).

use rust_embed::RustEmbed;
use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

#[derive(RustEmbed)]
#[folder = "migrations/sqlite"]
struct SqliteFiles;

#[derive(RustEmbed)]
#[folder = "migrations/postgres"]
struct PostgresFiles;

pub(super) fn sqlite() -> Migrator {
    migrator::<SqliteFiles>()
}

pub(super) fn postgres() -> Migrator {
    migrator::<PostgresFiles>()
}

/// `NNNN_name.sql` → version and description.
fn migrator<Files: RustEmbed>() -> Migrator {
    let migrations = Files::iter().filter_map(|file| {
        let (number, name) = file.strip_suffix(".sql")?.split_once('_')?;
        let content = Files::get(&file)?;
        let text = String::from_utf8_lossy(&content.data).into_owned();
        Some(Migration::new(
            number.parse().ok()?,
            name.replace('_', " ").into(),
            MigrationType::Simple,
            AssertSqlSafe(text).into_sql_str(),
            false,
        ))
    });
    Migrator::with_migrations(migrations.collect())
}
