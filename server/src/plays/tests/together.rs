//! Batches that come in at the same time are stored together, and are nevertheless nobody's concern but their own.

use futures_util::future::join_all;

use super::*;
use crate::db::testing::{for_each_database, unprotected};

async fn players(county: &County, number: u8) -> Vec<Player> {
    let mut players = Vec::new();
    for n in 1..=number {
        players.push(county.player(n, usize::from(n % 2)).await);
    }
    county.publish().await;
    players
}

#[tokio::test]
async fn many_screens_at_once_and_each_batch_many_times_are_stored_and_counted_once() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut players = players(&county, 12).await;
        let mut all = Vec::new();
        for player in &mut players {
            let item = county.given_ref(player).await;
            let batch = player.seal(vec![item], showings(3));
            all.extend([(player.screen.clone(), batch.clone()), (player.screen.clone(), batch.clone())]);
            all.push((player.screen.clone(), batch));
        }
        let plays = &county.app.plays;
        let at = clock::now();
        let send = |(screen, batch): &(Screen, SignedBatch)| {
            let (screen, signed) = (screen.clone(), batch.signed().to_vec());
            async move { plays.ingest(&screen, signed, at).await.unwrap() }
        };
        let receipts = join_all(all.iter().map(send)).await;
        for (receipt, (_, batch)) in receipts.iter().zip(&all) {
            assert_eq!(Receipt::verify(receipt, &county.app.publisher.public()).unwrap().batch, batch.digest());
        }
        assert_eq!(county.records(&Filter::default()).await.len(), 36);
        let lines = plays.summary(&Filter::default(), Group::Screen).await.unwrap();
        assert_eq!(lines.iter().map(|line| line.completed).collect::<Vec<_>>(), [3; 12]);
        assert_eq!(plays.recount().await.unwrap().differences, []);
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_cannot_be_stored_does_not_hold_up_its_neighbours() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut players = players(&county, 6).await;
        let mut all = Vec::new();
        for player in &mut players {
            let item = county.given_ref(player).await;
            let first = player.seal(vec![item], showings_before(slot().plus(-60_000), 2));
            county.ingest(player, &first).await.unwrap();
            all.push((player.screen.clone(), player.seal(vec![item], showings(3))));
        }
        // Somebody put a row where one screen's next batch belongs.
        let hit = all[2].0.id;
        let number = county.app.plays.numbers.screen(hit).await.unwrap().unwrap();
        let intruder =
            sql("INSERT INTO play_batches SELECT screen_no, 2, place_no, received_at, 0, 0, 0, 0, items, flags,
                            signed FROM play_batches WHERE screen_no = $1");
        db.exec(intruder.bind(number)).await.unwrap();
        let plays = &county.app.plays;
        let send = |(screen, batch): &(Screen, SignedBatch)| {
            let (screen, signed) = (screen.clone(), batch.signed().to_vec());
            async move { plays.ingest(&screen, signed, clock::now()).await }
        };
        let answers = join_all(all.iter().map(send)).await;
        for (answer, (screen, batch)) in answers.iter().zip(&all) {
            match answer {
                Ok(receipt) => {
                    let receipt = Receipt::verify(receipt, &county.app.publisher.public()).unwrap();
                    assert_eq!((receipt.batch, screen.id == hit), (batch.digest(), false));
                }
                Err(error) => assert!(matches!(error, IngestError::Play(_)) && screen.id == hit, "{error:?}"),
            }
        }
        // Nothing of the one that failed was stored, and it comes in once the intruder is gone.
        let own = Filter { screen: Some(hit), ..Filter::default() };
        let completed = async || plays.summary(&own, Group::Screen).await.unwrap()[0].completed;
        assert_eq!(completed().await, 2);
        unprotected(&db, &["play_batches"]).await;
        db.exec(sql("DELETE FROM play_batches WHERE screen_no = $1 AND sequence = 2").bind(number)).await.unwrap();
        plays.ingest(&all[2].0, all[2].1.signed().to_vec(), clock::now()).await.unwrap();
        assert_eq!((completed().await, county.records(&own).await.len()), (5, 5));
        assert_eq!(plays.recount().await.unwrap().differences, []);
    })
    .await;
}
