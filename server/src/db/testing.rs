//! Runs a story on a fresh SQLite file and, when `XUANPING_TEST_POSTGRES` names a cluster (`postgres://user@host:port`),
//! on a fresh PostgreSQL database. `scripts/with-postgres` starts such a cluster.

#![allow(clippy::expect_used, reason = "a test that cannot set up its database has failed")]

use std::future::Future;

use super::{Db, Target, sql};

/// A fresh database of either kind, with the folder that holds SQLite's file.
pub async fn for_each_database<F, Fut>(story: F)
where
    F: Fn(Db) -> Fut,
    Fut: Future<Output = ()>,
{
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = Db::open(&Target::Sqlite(folder.path().join("test.db"))).await.expect("SQLite opens");
    story(db.clone()).await;
    db.close().await;
    if let Some(url) = fresh_postgres().await {
        let db = Db::open(&Target::Postgres(url)).await.expect("PostgreSQL opens");
        story(db.clone()).await;
        db.close().await;
    }
}

/// The URL of a new, empty database in the test cluster; `None` without a cluster.
pub async fn fresh_postgres() -> Option<String> {
    let base = std::env::var("XUANPING_TEST_POSTGRES").ok()?;
    let name = format!("t{}", hex::encode(crate::entropy::bytes::<8>().expect("entropy")));
    let admin = sqlx::PgPool::connect(&format!("{base}/postgres")).await.expect("the test cluster answers");
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&admin).await.expect("a new database");
    admin.close().await;
    Some(format!("{base}/{name}"))
}

/// Takes away what keeps these tables insert-only, as an administrator with the whole database at hand could.
pub async fn unprotected(db: &Db, tables: &[&str]) {
    for table in tables {
        match db {
            Db::Sqlite { .. } => {
                for trigger in ["stay", "remain"] {
                    db.exec(sql(format!("DROP TRIGGER {table}_{trigger}"))).await.expect("a trigger of that name");
                }
            }
            Db::Postgres(_) => {
                db.exec(sql(format!("DROP TRIGGER {table}_stay ON {table}"))).await.expect("a trigger of that name");
            }
        }
    }
}
