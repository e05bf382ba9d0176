//! SQL of public addresses.

use xuanping_core::id::ScreenId;

use super::super::links::Link;
use crate::db::{Db, DbError, Row, Tx, sql};

fn read(row: &Row) -> Result<Link, DbError> {
    Ok(Link { token: row.text("token")?, created_at: row.instant("created_at")?, created_by: row.text("created_by")? })
}

pub(in crate::screens) async fn of_screen(db: &Db, screen: ScreenId) -> Result<Vec<Link>, DbError> {
    let query = sql("SELECT token, created_at, created_by FROM screen_links WHERE screen_id = $1
                     ORDER BY created_at, token");
    db.all(query.bind(screen)).await?.iter().map(read).collect()
}

pub(in crate::screens) async fn count(tx: &mut Tx, screen: ScreenId) -> Result<i64, DbError> {
    tx.one(sql("SELECT COUNT(*) AS n FROM screen_links WHERE screen_id = $1").bind(screen)).await?.int("n")
}

pub(in crate::screens) async fn insert(tx: &mut Tx, screen: ScreenId, link: &Link) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO screen_links (token, screen_id, created_at, created_by) VALUES ($1, $2, $3, $4)")
            .bind(&link.token)
            .bind(screen)
            .bind(link.created_at)
            .bind(&link.created_by),
    )
    .await?;
    Ok(())
}

/// Whether there was one.
pub(in crate::screens) async fn delete(tx: &mut Tx, screen: ScreenId, token: &str) -> Result<bool, DbError> {
    let delete = sql("DELETE FROM screen_links WHERE screen_id = $1 AND token = $2");
    Ok(tx.exec(delete.bind(screen).bind(token)).await? > 0)
}

/// The screen of a link, unless it is retired.
pub(in crate::screens) async fn screen_of(db: &Db, token: &str) -> Result<Option<ScreenId>, DbError> {
    let query = sql("SELECT l.screen_id FROM screen_links l JOIN screens s ON s.id = l.screen_id
                     WHERE l.token = $1 AND s.retired_at IS NULL");
    db.opt(query.bind(token)).await?.map(|row| row.parse("screen_id")).transpose()
}
