//! A database from before batches were their own record goes on as if nothing had been.

use super::*;
use crate::db::{code_of, testing::for_each_database, testing::unprotected};

/// Stores everything as it was stored until migration 0059.
async fn as_before(db: &Db, county: &County, screen: ScreenId) {
    let records = county.records(&Filter::default()).await;
    for sequence in 1..=3 {
        let kept = county.app.plays.kept(screen, sequence).await.unwrap().unwrap();
        let signed = county.signed(screen, sequence).await;
        let own: Vec<&PlayRecord> = records.iter().filter(|record| record.sequence == sequence).collect();
        let flagged: Vec<u32> = own.iter().filter(|r| r.flag.is_some()).map(|r| r.position).collect();
        db.exec(
            sql("INSERT INTO former_batches (screen_id, sequence, digest, sealed_at, received_at, plays, not_counted, signed)
                 VALUES ($1, $2, $3, 0, $4, $5, $6, $7)")
            .bind(screen)
            .bind(sequence)
            .bind(Digest::of(&signed))
            .bind(kept.received)
            .bind(kept.plays)
            .bind(serde_json::to_string(&flagged).unwrap())
            .bind(signed),
        )
        .await
        .unwrap();
        for play in own {
            db.exec(
                sql("INSERT INTO former_plays (screen_id, sequence, position, started_at, day, zone, creative_id, asset,
                         booking_id, campaign_id, planned_ms, actual_ms, status, put_on_by, counted, flag, venue_id,
                         venue_type, area, department)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)")
                .bind(screen)
                .bind(sequence)
                .bind(play.position)
                .bind(play.started)
                .bind(play.day.to_string())
                .bind(code_of(&play.zone))
                .bind(play.creative)
                .bind(play.asset)
                .bind(play.booking)
                .bind(play.campaign.map(|id| id.to_string()).unwrap_or_default())
                .bind(play.planned)
                .bind(play.actual)
                .bind(code_of(&play.status))
                .bind(code_of(&play.trigger))
                .bind(play.counted)
                .bind(play.flag.map(|flag| code_of(&flag)).unwrap_or_default())
                .bind(play.venue)
                .bind(play.venue_type.code())
                .bind(&play.area)
                .bind(&play.department),
            )
            .await
            .unwrap();
        }
    }
    unprotected(db, &["play_batches", "play_items", "play_places"]).await;
    for table in ["play_batches", "play_days", "play_items", "play_places"] {
        db.exec(sql(format!("DELETE FROM {table}"))).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_stored_with_a_row_for_each_play_says_the_same_without() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        let item = county.given_ref(&player).await;
        let invented = ItemRef { creative: CreativeId::new(Uuid::from_u128(77)), ..item };
        let broken = Play { status: PlayStatus::ContentFailure, actual: Millis(0), ..play(slot().plus(-90_000)) };
        let smuggled = Play { item: 1, ..play(slot().plus(-120_000)) };
        for plays in [vec![smuggled, broken], showings_before(slot().plus(-18_000), 5), showings(2)] {
            let batch = player.seal(vec![item, invented], plays);
            county.ingest(&player, &batch).await.unwrap();
        }
        county.app.plays.log().grow(clock::now()).await.unwrap();
        let groups = [Group::Creative, Group::Campaign, Group::Screen, Group::Area, Group::Day, Group::Hour];
        let told = async |app: &App| {
            let records = app.plays.page(&Filter::default(), Order::OldestFirst, None, 100).await.unwrap();
            let mut sums = Vec::new();
            for group in groups {
                sums.push(app.plays.summary(&Filter::default(), group).await.unwrap());
            }
            (records, sums)
        };
        let before = told(&county.app).await;
        assert_eq!(before.0.len(), 9);
        as_before(&db, &county, player.screen.id).await;
        let again = App::with_database(db.clone(), county.folder.path()).await.unwrap();
        assert_eq!(told(&again).await, before);
        let recount = again.plays.recount().await.unwrap();
        assert_eq!((recount.differences, recount.plays), (vec![], 9));
        for table in ["former_batches", "former_plays"] {
            let left = db.one(sql(format!("SELECT COUNT(*) AS n FROM {table}"))).await.unwrap();
            assert_eq!(left.int("n").unwrap(), 0, "{table}");
        }
        // And the chain goes on.
        let batch = player.seal(vec![item], vec![play(slot())]);
        let receipt = again.plays.ingest(&player.screen, batch.signed().to_vec(), clock::now()).await.unwrap();
        assert_eq!(Receipt::verify(&receipt, &again.publisher.public()).unwrap().batch, batch.digest());
        assert_eq!(again.plays.recount().await.unwrap().differences, []);
    })
    .await;
}
