//! What the tables say, against what the screens signed: every way to change a table is found, and nothing else.

use super::*;
use crate::{
    db::{
        sql,
        testing::{for_each_database, unprotected},
    },
    plays::recount::Mismatch,
};

/// A county with a player that has sent three batches, one of them with a play that does not count.
async fn reported(db: &Db) -> (County, Player) {
    let county = County::new(db).await;
    let mut player = county.player(1, 0).await;
    county.publish().await;
    let item = county.given_ref(&player).await;
    let early = clock::now().plus(-1_000_000_000);
    for plays in
        [showings(2), vec![Play { status: PlayStatus::ContentFailure, actual: Millis(0), ..play(early) }], showings(3)]
    {
        let batch = player.seal(vec![item], plays);
        county.ingest(&player, &batch).await.unwrap();
    }
    county.app.plays.log().grow(clock::now()).await.unwrap();
    (county, player)
}

#[tokio::test]
async fn what_is_as_it_was_signed_agrees() {
    for_each_database(async |db| {
        let (county, _) = reported(&db).await;
        let recount = county.app.plays.recount().await.unwrap();
        assert_eq!(recount.differences, []);
        assert_eq!((recount.screens, recount.batches, recount.plays, recount.entries), (1, 3, 6, 3));
        assert!(recount.to_string().contains("全部一致"), "{recount}");
    })
    .await;
}

#[tokio::test]
async fn tables_of_plays_refuse_to_be_changed() {
    for_each_database(async |db| {
        reported(&db).await;
        for table in ["play_batches", "plays", "log_entries"] {
            let sequence = sql(format!("UPDATE {table} SET sequence = sequence + 1"));
            let refused = db.exec(sequence).await.unwrap_err().to_string();
            assert!(refused.contains("insert-only"), "{refused}");
            let refused = db.exec(sql(format!("DELETE FROM {table}"))).await.unwrap_err().to_string();
            assert!(refused.contains("insert-only"), "{refused}");
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_is_edited_in_a_table_is_found_and_named() {
    type Expected = fn(&Mismatch) -> bool;
    let edits: [(&str, Expected); 10] = [
        ("UPDATE plays SET actual_ms = actual_ms + 1 WHERE sequence = 3 AND position = 1", |m| *m == Mismatch::Row),
        ("UPDATE plays SET status = 'success', counted = 1, flag = '' WHERE sequence = 2", |m| *m == Mismatch::Row),
        ("UPDATE plays SET day = '2001-01-01' WHERE sequence = 3", |m| *m == Mismatch::Row),
        ("DELETE FROM plays WHERE sequence = 1 AND position = 0", |m| *m == Mismatch::NoRow),
        (
            "INSERT INTO plays SELECT screen_id, sequence, position + 9, started_at, day, zone, creative_id, asset,
             booking_id, campaign_id, planned_ms, actual_ms, status, put_on_by, counted, flag, venue_id, venue_type, area,
             department FROM plays WHERE sequence = 1",
            |m| *m == Mismatch::Surplus(2),
        ),
        ("UPDATE play_counts SET completed = completed + 10", |m| matches!(m, Mismatch::Counter { .. })),
        ("DELETE FROM play_counts", |m| matches!(m, Mismatch::Counter { .. })),
        ("UPDATE play_batches SET not_counted = '[0]' WHERE sequence = 3", |m| *m == Mismatch::Row),
        ("UPDATE play_batches SET plays = 5 WHERE sequence = 1", |m| *m == Mismatch::Described),
        (
            "UPDATE log_entries SET digest = (SELECT MAX(digest) FROM play_batches b WHERE b.digest <> log_entries.digest)
             WHERE sequence = 1",
            |m| *m == Mismatch::Root,
        ),
    ];
    for (edit, expected) in edits {
        for_each_database(async |db| {
            let (county, _) = reported(&db).await;
            unprotected(&db, &["play_batches", "plays", "log_entries"]).await;
            db.exec(sql(edit)).await.unwrap();
            let recount = county.app.plays.recount().await.unwrap();
            assert!(recount.differences.iter().any(|d| expected(&d.what)), "{edit}: {recount}");
            assert!(recount.to_string().contains("不符"), "{recount}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_batch_that_was_changed_or_taken_away_is_found() {
    for_each_database(async |db| {
        let (county, player) = reported(&db).await;
        unprotected(&db, &["play_batches", "plays", "log_entries"]).await;
        // Signed anew by the screen's own key, even: the one after it names the one that was.
        let item = county.given_ref(&player).await;
        let first = Batch { sequence: 1, previous: Digest::ZERO, ..player.batch(vec![item], showings(1)) };
        let other = SignedBatch::sign(first, &player.key);
        let swap = sql("UPDATE play_batches SET signed = $1, digest = $2, plays = 1 WHERE sequence = 1");
        db.exec(swap.bind(other.signed()).bind(other.digest())).await.unwrap();
        let swapped = county.app.plays.recount().await.unwrap();
        let has = |found: &Recount, what: fn(&Mismatch) -> bool| found.differences.iter().any(|d| what(&d.what));
        assert!(has(&swapped, |m| matches!(m, Mismatch::Chain(_))), "{swapped}");
        assert!(has(&swapped, |m| *m == Mismatch::Entry), "{swapped}");
        db.exec(sql("UPDATE play_batches SET signed = $1 WHERE sequence = 2").bind(vec![0_u8; 40])).await.unwrap();
        assert!(has(&county.app.plays.recount().await.unwrap(), |m| matches!(m, Mismatch::Bytes(_))));
        for table in ["log_entries", "plays", "play_batches"] {
            db.exec(sql(format!("DELETE FROM {table} WHERE sequence = 3"))).await.unwrap();
        }
        let shorter = county.app.plays.recount().await.unwrap();
        assert!(has(&shorter, |m| *m == Mismatch::End) && has(&shorter, |m| *m == Mismatch::Root), "{shorter}");
    })
    .await;
}
