//! What the tables say, against what the screens signed: every way to change a table is found, and nothing else.

use super::*;
use crate::{
    db::{
        sql,
        testing::{for_each_database, unprotected},
    },
    plays::recount::Mismatch,
};

const INSERT_ONLY: [&str; 5] = ["play_batches", "play_screens", "play_places", "play_items", "log_entries"];

/// An edit with the bytes that it names as `$1` to `$3`.
fn edited(edit: &'static str, bytes: [&[u8]; 3]) -> crate::db::Statement {
    let named = (1..).zip(bytes).find(|(n, _)| edit.contains(&format!("${n}")));
    match named {
        Some((n, bytes)) => sql(edit.replace(&format!("${n}"), "$1")).bind(bytes),
        None => sql(edit),
    }
}

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
        for (table, column) in INSERT_ONLY.into_iter().zip(["sequence", "no", "no", "no", "sequence"]) {
            let edit = sql(format!("UPDATE {table} SET {column} = {column} + 1"));
            let refused = db.exec(edit).await.unwrap_err().to_string();
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
    let counter: Expected = |m| matches!(m, Mismatch::Counter { .. });
    let dictionary: Expected = |m| matches!(m, Mismatch::Dictionary(..));
    let edits: [(&str, Expected); 26] = [
        // A play that does not count is to count, and one that does is not to.
        ("UPDATE play_batches SET flags = $1 WHERE sequence = 2", counter),
        ("UPDATE play_batches SET flags = $2 WHERE sequence = 3", counter),
        ("UPDATE play_batches SET flags = $3 WHERE sequence = 3", |m| *m == Mismatch::Flags),
        ("UPDATE play_batches SET marks = 0 WHERE sequence = 2", |m| *m == Mismatch::Described),
        ("UPDATE play_batches SET plays = 5 WHERE sequence = 1", |m| *m == Mismatch::Described),
        ("UPDATE play_batches SET first_at = 1 WHERE sequence = 1", |m| *m == Mismatch::Described),
        ("UPDATE play_batches SET last_at = last_at - 1 WHERE sequence = 3", |m| *m == Mismatch::Described),
        ("UPDATE play_batches SET place_no = 99 WHERE sequence = 1", |m| *m == Mismatch::Described),
        ("UPDATE play_batches SET items = $1 WHERE sequence = 1", |m| matches!(m, Mismatch::Bytes(_))),
        ("UPDATE play_batches SET sequence = 9 WHERE sequence = 3", |m| *m == Mismatch::Described),
        ("UPDATE play_screens SET screen_id = '00000000-0000-0000-0000-000000000000'", |m| {
            *m == Mismatch::UnknownScreen
        }),
        ("UPDATE play_screens SET no = no + 1", |m| *m == Mismatch::End),
        ("DELETE FROM play_screens", dictionary),
        ("UPDATE play_items SET creative_id = booking_id", |m| matches!(m, Mismatch::Bytes(_))),
        ("UPDATE play_items SET campaign_id = NULL", dictionary),
        ("UPDATE play_items SET campaign_id = creative_id", dictionary),
        ("UPDATE play_places SET area = '330482999000'", dictionary),
        ("UPDATE play_places SET venue_id = '00000000-0000-0000-0000-000000000000'", dictionary),
        ("UPDATE play_places SET timezone = 'UTC'", dictionary),
        ("DELETE FROM play_items", |m| matches!(m, Mismatch::Bytes(_))),
        ("DELETE FROM play_places", |m| *m == Mismatch::Described),
        ("UPDATE play_days SET counts = $1", counter),
        ("UPDATE play_days SET day = day - 9000", counter),
        ("DELETE FROM play_days", counter),
        ("UPDATE play_days SET first_sequence = last_sequence + 1", |m| matches!(m, Mismatch::Sought(_))),
        (
            "UPDATE log_entries SET digest = (SELECT b.digest FROM log_entries b WHERE b.sequence = 2) WHERE sequence = 1",
            |m| *m == Mismatch::Root,
        ),
    ];
    for (edit, expected) in edits {
        for_each_database(async |db| {
            let (county, _) = reported(&db).await;
            unprotected(&db, &INSERT_ONLY).await;
            let bytes = [&[][..], &[2 * 7 + 1], &[0x80]];
            db.exec(edited(edit, bytes)).await.unwrap();
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
        unprotected(&db, &INSERT_ONLY).await;
        // Signed anew by the screen's own key, even: the one after it names the one that was.
        let item = county.given_ref(&player).await;
        let first = Batch { sequence: 1, previous: Digest::ZERO, ..player.batch(vec![item], showings(1)) };
        let other = SignedBatch::sign(first, &player.key);
        let swap = sql("UPDATE play_batches SET signed = $1, items = $2, plays = 1 WHERE sequence = 1");
        db.exec(swap.bind(other.signed()).bind(Vec::new())).await.unwrap();
        let swapped = county.app.plays.recount().await.unwrap();
        let has = |found: &Recount, what: fn(&Mismatch) -> bool| found.differences.iter().any(|d| what(&d.what));
        assert!(has(&swapped, |m| matches!(m, Mismatch::Chain(_))), "{swapped}");
        assert!(has(&swapped, |m| *m == Mismatch::Entry), "{swapped}");
        db.exec(sql("UPDATE play_batches SET signed = $1 WHERE sequence = 2").bind(vec![0_u8; 40])).await.unwrap();
        assert!(has(&county.app.plays.recount().await.unwrap(), |m| matches!(m, Mismatch::Bytes(_))));
        for table in ["log_entries", "play_batches"] {
            db.exec(sql(format!("DELETE FROM {table} WHERE sequence = 3"))).await.unwrap();
        }
        let shorter = county.app.plays.recount().await.unwrap();
        assert!(has(&shorter, |m| *m == Mismatch::End) && has(&shorter, |m| *m == Mismatch::Root), "{shorter}");
    })
    .await;
}
