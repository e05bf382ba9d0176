//! Taking batches in: once, in order, judged, and with everything refused kept for people.

use super::*;
use crate::db::{sql, testing::for_each_database};

async fn ready(db: &Db) -> (County, Player) {
    let county = County::new(db).await;
    let player = county.player(1, 0).await;
    county.publish().await;
    (county, player)
}

#[tokio::test]
async fn the_same_report_sent_five_times_is_stored_once() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let batch = player.seal(vec![item], showings(120));
        let mut receipts = Vec::new();
        for _ in 0..5 {
            receipts
                .push(county.app.plays.ingest(&player.screen, batch.signed().to_vec(), clock::now()).await.unwrap());
        }
        receipts.dedup();
        assert_eq!(receipts.len(), 1, "the same batch gets the same receipt, byte for byte");
        let receipt = Receipt::verify(&receipts[0], &county.app.publisher.public()).unwrap();
        assert_eq!((receipt.screen, receipt.sequence, receipt.batch), (player.screen.id, 1, batch.digest()));
        assert_eq!(county.records(&Filter::default()).await.len(), 120);
        let lines = county.app.plays.summary(&Filter::default(), Group::Screen).await.unwrap();
        assert_eq!(lines.iter().map(|l| (l.completed, l.shown_ms)).collect::<Vec<_>>(), [(120, 720_000)]);
        assert_eq!(county.kinds().await, []);
    })
    .await;
}

#[tokio::test]
async fn the_same_plays_sealed_five_times_in_new_batches_are_stored_five_times_and_counted_once() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let plays = showings(40);
        let mut batches: Vec<_> = (0..5).map(|_| player.seal(vec![item], plays.clone())).collect();
        // And as if the clock had been set back, or the machine had begun anew, and one by one.
        let ran = |play: &Play| Play { monotonic: play.monotonic + 3_600_000, ..play.clone() };
        let anew = |play: &Play| Play { monotonic: 5_000, ..play.clone() };
        batches.push(player.seal(vec![item], plays.iter().map(ran).collect()));
        batches.push(player.seal(vec![item], plays.iter().map(anew).collect()));
        batches.extend(plays.iter().take(3).map(|play| player.seal(vec![item], vec![play.clone()])));
        for batch in &batches {
            county.ingest(&player, batch).await.unwrap();
        }
        assert_eq!(county.records(&Filter::default()).await.len(), 283, "nothing is thrown away");
        let lines = county.app.plays.summary(&Filter::default(), Group::Screen).await.unwrap();
        let counted: Vec<_> = lines.iter().map(|l| (l.completed, l.interrupted, l.not_counted, l.shown_ms)).collect();
        assert_eq!(counted, [(40, 0, 243, 240_000)]);
        let kinds = county.kinds().await;
        assert_eq!(kinds.iter().filter(|kind| **kind == FindingKind::Repeated).count(), 4, "{kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| **kind == FindingKind::ClockSetBack).count(), 5, "{kinds:?}");
    })
    .await;
}

#[tokio::test]
async fn plays_without_length_or_of_another_than_the_items_do_not_count() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let start = slot().plus(-60_000);
        let nothing = |n| Play { planned: Millis(0), actual: Millis(0), ..play(start.plus(n)) };
        let mut plays: Vec<_> = (0..200).map(nothing).collect();
        plays.push(Play { planned: Millis(600_000), actual: Millis(600_000), ..play(start.plus(6_000)) });
        let batch = player.seal(vec![item], plays);
        county.ingest(&player, &batch).await.unwrap();
        let line = county.app.plays.summary(&Filter::default(), Group::Screen).await.unwrap().remove(0);
        assert_eq!((line.completed, line.interrupted, line.not_counted, line.shown_ms), (0, 0, 201, 0));
        assert_eq!(county.kinds().await, [FindingKind::WrongLength]);
    })
    .await;
}

#[tokio::test]
async fn a_playlist_replaced_long_ago_does_not_count_on_a_screen_that_was_heard_of_since() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let old = county.given_ref(&player).await;
        // Another programme, four days ago as far as manifests say, and the screen was heard of just after it.
        let (day, now) = (24 * 3_600_000, clock::now());
        let greeting = player.seal(vec![old], Vec::new());
        let heard = now.plus(-3 * day);
        county.app.plays.ingest(&player.screen, greeting.signed().to_vec(), heard).await.unwrap();
        let change = sql("UPDATE manifests SET issued_at = issued_at - $1").bind(5 * day);
        db.exec(change).await.unwrap();
        let replaced = sql("INSERT INTO manifests (screen_id, version, issued_at, playlist, takeovers, signed)
                            VALUES ($1, 1000, $2, $3, '', $4)");
        let replaced = replaced.bind(player.screen.id).bind(now.plus(-4 * day)).bind(Digest::of(b"new"));
        db.exec(replaced.bind(Vec::new())).await.unwrap();
        let batch = player.seal(vec![old], showings(2));
        county.ingest(&player, &batch).await.unwrap();
        let flags: Vec<_> = county.records(&Filter::default()).await.iter().map(|r| r.flag).collect();
        assert_eq!(flags, [Some(Flag::NotInForce); 2]);
        assert_eq!(county.kinds().await, [FindingKind::NotInForce]);
    })
    .await;
}

#[tokio::test]
async fn a_report_that_arrives_over_many_connections_at_once_is_stored_once() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let batch = player.seal(vec![item], showings(20));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (plays, screen, signed) =
                    (county.app.plays.clone(), player.screen.clone(), batch.signed().to_vec());
                tokio::spawn(async move { plays.ingest(&screen, signed, clock::now()).await })
            })
            .collect();
        let mut receipts = Vec::new();
        for task in tasks {
            receipts.push(task.await.unwrap().unwrap());
        }
        receipts.dedup();
        assert_eq!(receipts.len(), 1);
        assert_eq!(county.records(&Filter::default()).await.len(), 20);
        assert_eq!(county.app.plays.summary(&Filter::default(), Group::Screen).await.unwrap()[0].completed, 20);
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_the_screen_did_not_sign_is_refused_and_kept_as_a_finding() {
    for_each_database(async |db| {
        let (county, player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let forged = SignedBatch::sign(player.batch(vec![item], showings(1)), &SecretKey::from_seed(&[99; 32]));
        let refused = county.ingest(&player, &forged).await.unwrap_err();
        assert!(matches!(refused, IngestError::Refused(FindingKind::BadSignature)), "{refused:?}");
        let mut changed = player.sealed(vec![item], showings(1)).signed().to_vec();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        for bytes in [changed, b"nonsense".to_vec(), Vec::new()] {
            let refused = county.app.plays.ingest(&player.screen, bytes, clock::now()).await.unwrap_err();
            assert!(matches!(refused, IngestError::Refused(_)), "{refused:?}");
        }
        assert_eq!(county.records(&Filter::default()).await, []);
        let found = county.findings().await;
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|f| f.kind == FindingKind::BadSignature && f.resolved_at.is_none()));

        // Again: the same finding, once more.
        county.ingest(&player, &forged).await.unwrap_err();
        let times: Vec<_> = county.findings().await.iter().map(|f| f.times).collect();
        assert_eq!((times.len(), times.iter().sum::<i64>()), (4, 5));
        // The refused ones did not take the number.
        assert_eq!(county.ingest(&player, &player.sealed(vec![item], showings(1))).await.unwrap().sequence, 1);
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_another_screen_is_refused_even_if_its_own_key_signed_it() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (first, second) = (county.player(1, 0).await, county.player(2, 1).await);
        county.publish().await;
        let item = county.given_ref(&first).await;
        let mut batch = first.batch(vec![item], showings(1));
        batch.screen = second.screen.id;
        let refused = county.ingest(&first, &SignedBatch::sign(batch, &first.key)).await.unwrap_err();
        assert!(matches!(refused, IngestError::Refused(FindingKind::OtherScreen)), "{refused:?}");
        assert_eq!(county.kinds().await, [FindingKind::OtherScreen]);
    })
    .await;
}

#[tokio::test]
async fn a_missing_batch_is_asked_for_and_the_finding_solves_itself_when_it_comes() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let end = slot();
        let shown = |n: i64| showings_before(end.plus((n - 2) * 12_000), 2);
        let batches: Vec<_> = (0..3).map(|n| player.seal(vec![item], shown(n))).collect();
        county.ingest(&player, &batches[0]).await.unwrap();
        let refused = county.ingest(&player, &batches[2]).await.unwrap_err();
        assert!(matches!(refused, IngestError::OutOfOrder { expected: 2, sequence: 3 }), "{refused:?}");
        assert_eq!(county.kinds().await, [FindingKind::Gap]);
        assert_eq!(county.findings().await[0].resolved_at, None);
        county.ingest(&player, &batches[1]).await.unwrap();
        county.ingest(&player, &batches[2]).await.unwrap();
        assert!(county.findings().await[0].resolved_at.is_some());
        assert_eq!(county.app.plays.findings(&Filter::default(), true, None, 10).await.unwrap(), []);
        assert_eq!(county.records(&Filter::default()).await.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn another_batch_under_a_used_number_is_a_conflict_and_changes_nothing() {
    for_each_database(async |db| {
        let (county, player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let (first, second) = (player.sealed(vec![item], showings(1)), player.sealed(vec![item], showings(3)));
        county.ingest(&player, &first).await.unwrap();
        let refused = county.ingest(&player, &second).await.unwrap_err();
        assert!(matches!(refused, IngestError::Conflict { sequence: 1 }), "{refused:?}");
        assert_eq!(county.kinds().await, [FindingKind::Conflict]);
        assert_eq!(county.records(&Filter::default()).await.len(), 1);
        assert_eq!(county.ingest(&player, &first).await.unwrap().batch, first.digest());
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_names_another_predecessor_is_refused_and_the_true_one_still_comes_in() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        county.ingest(&player, &player.sealed(vec![item], showings(1))).await.unwrap();
        let stored = county.app.plays.clone();
        let head = store::batches::head(&db, player.screen.id).await.unwrap();
        player.sequence = 2;
        player.previous = Digest::of(b"another history");
        let refused = county.ingest(&player, &player.sealed(vec![item], showings(1))).await.unwrap_err();
        assert!(matches!(refused, IngestError::Refused(FindingKind::BrokenChain)), "{refused:?}");
        player.previous = head.digest;
        let later = vec![play(slot())];
        county.ingest(&player, &player.sealed(vec![item], later)).await.unwrap();
        assert_eq!(stored.page(&Filter::default(), Order::OldestFirst, None, 10).await.unwrap().len(), 2);
        assert_eq!(county.kinds().await, [FindingKind::BrokenChain]);
    })
    .await;
}

#[tokio::test]
async fn plays_of_an_invented_creative_are_kept_with_a_flag_and_not_counted() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let real = county.given_ref(&player).await;
        let invented = ItemRef { creative: CreativeId::new(Uuid::from_u128(77)), ..real };
        let other_file = ItemRef { asset: Digest::of(b"another file"), ..real };
        let other_list = ItemRef { playlist: Some(Digest::of(b"no playlist")), ..real };
        let plays = (0..).zip(showings(4)).map(|(item, play)| Play { item, ..play }).collect();
        let batch = player.seal(vec![real, invented, other_file, other_list], plays);
        assert_eq!(county.ingest(&player, &batch).await.unwrap().batch, batch.digest(), "nothing is lost");
        let flags: Vec<_> = county.records(&Filter::default()).await.iter().map(|r| (r.counted, r.flag)).collect();
        let unknown = (false, Some(Flag::UnknownItem));
        assert_eq!(flags, [(true, None), unknown, unknown, unknown]);
        let lines = county.app.plays.summary(&Filter::default(), Group::Screen).await.unwrap();
        assert_eq!((lines[0].completed, lines[0].not_counted), (1, 3));
        let found = county.findings().await;
        assert_eq!((found.len(), found[0].kind, &found[0].details["plays"]), (1, FindingKind::UnknownItem, &3.into()));
        // And the chain goes on.
        county.ingest(&player, &player.sealed(vec![real], showings(1))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_playlist_that_was_given_to_another_screen_only_does_not_count() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (first, second) = (county.player(1, 0).await, county.player(2, 1).await);
        county.publish().await;
        // The same programme would be the same playlist: the second screen is switched to another size by hand.
        let foreign = county.given_ref(&first).await;
        let never_given = county.app.playlists.was_issued(second.screen.id, Digest::of(b"x")).await.unwrap();
        assert!(!never_given);
        let shared = county.given_ref(&second).await;
        assert_eq!(foreign, shared, "like screens share a playlist, so this one counts on both");
        county.ingest(&second, &second.sealed(vec![foreign], showings(1))).await.unwrap();
        assert!(county.records(&Filter::default()).await[0].counted);
    })
    .await;
}

#[tokio::test]
async fn a_play_at_an_impossible_time_is_kept_with_a_flag_and_not_counted() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let now = slot();
        let starts = [UtcMillis(1000), now.plus(-60_000), now.plus(3_600_000)];
        let batch = player.seal(vec![item], starts.map(play).to_vec());
        county.ingest(&player, &batch).await.unwrap();
        let records = county.records(&Filter::default()).await;
        assert_eq!(records.iter().map(|r| r.counted).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(records[0].day.to_string(), "1970-01-01");
        assert_eq!(county.kinds().await, [FindingKind::ImpossibleTime]);
    })
    .await;
}

#[tokio::test]
async fn a_play_that_its_playlist_did_not_have_then_or_there_is_kept_with_a_flag_and_not_counted() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let now = slot();
        // Before the playlist's first day, in a zone that the screen has not, and as it should be.
        let yesterday = play(now.plus(-20 * 3_600_000 - 14 * 3_600_000));
        let elsewhere = Play { zone: ZoneName::Ticker, ..play(now.plus(-60_000)) };
        let batch = player.seal(vec![item], vec![elsewhere, play(now.plus(-60_000))]);
        county.ingest(&player, &batch).await.unwrap();
        let records = county.records(&Filter::default()).await;
        let judged: Vec<_> = records.iter().map(|r| (r.zone, r.counted, r.flag)).collect();
        assert!(judged.contains(&(ZoneName::Main, true, None)), "{judged:?}");
        assert!(judged.contains(&(ZoneName::Ticker, false, Some(Flag::NotOnAir))), "{judged:?}");
        assert_eq!(county.kinds().await, [FindingKind::NotOnAir]);
        let early = player.seal(vec![item], vec![yesterday]);
        county.ingest(&player, &early).await.unwrap();
        let first = &county.records(&Filter::default()).await[0];
        assert!(!first.counted && first.flag.is_some(), "{first:?}");
    })
    .await;
}

#[tokio::test]
async fn a_play_that_began_while_another_was_on_the_wall_is_kept_with_a_flag_and_not_counted() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let now = slot();
        let at = |before: i64, monotonic: u64| Play { monotonic, ..play(now.plus(-before)) };
        // The second begins two seconds after the first of six; the third when the first is over.
        let batch = player.seal(vec![item], vec![at(42_000, 100_000), at(40_000, 102_000), at(36_000, 106_000)]);
        county.ingest(&player, &batch).await.unwrap();
        // The next batch goes on before the last one ended; then the wall clock is set back, which is something else; and
        // the machine starts anew, which is nothing.
        let batch = player
            .seal(vec![item], vec![at(31_500, 110_500), at(24_000, 118_000), at(24_000, 124_000), at(18_000, 1_000)]);
        county.ingest(&player, &batch).await.unwrap();
        let flags = |sequence: u64| {
            let county = &county;
            async move {
                let all = county.records(&Filter::default()).await;
                let mut own: Vec<_> = all.into_iter().filter(|r| r.sequence == sequence).collect();
                own.sort_by_key(|r| r.position);
                own.iter().map(|r| r.flag).collect::<Vec<_>>()
            }
        };
        assert_eq!(flags(1).await, [None, Some(Flag::Overlaps), None]);
        assert_eq!(flags(2).await, [Some(Flag::Overlaps), None, Some(Flag::ClockSetBack), None]);
        let (overlaps, set_back) = (FindingKind::Overlaps, FindingKind::ClockSetBack);
        assert_eq!(county.kinds().await, [set_back, overlaps, overlaps]);
    })
    .await;
}

#[tokio::test]
async fn plays_of_a_takeover_count_if_the_screen_was_given_it_and_only_its_own_creatives() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let loop_item = county.given_ref(&player).await;
        let urgent = approved(&county.app, "紧急提醒").await;
        county.work().await;
        takeover(&county, urgent).await;
        let manifest = county.app.playlists.issued(player.screen.id).unwrap();
        let manifest = xuanping_core::playlist::TrustedManifest::accept(
            county.app.playlists.signed(&manifest),
            &county.app.publisher.public(),
            player.screen.id,
            None,
        );
        let takeover = manifest.unwrap().manifest.takeovers.remove(0);
        let shown = takeover.items[0].item.clone();
        let real = reference(None, &shown);
        let smuggled = ItemRef { creative: loop_item.creative, asset: loop_item.asset, ..real };
        let invented = ItemRef { booking: loop_item.booking, ..real };
        let turns = (0..3).map(|n| play(takeover.starts.plus(n * 6_000)));
        let plays = (0..).zip(turns).map(|(item, play)| Play { item, trigger: Trigger::Takeover, ..play });
        let batch = player.seal(vec![real, smuggled, invented], plays.collect());
        county.ingest(&player, &batch).await.unwrap();
        let records = county.records(&Filter::default()).await;
        assert_eq!(records.iter().map(|r| r.counted).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(records[0].campaign, None);
        let lines = county.app.plays.summary(&Filter::default(), Group::Campaign).await.unwrap();
        let of_takeovers = lines.iter().find(|l| l.key.is_empty()).unwrap();
        assert_eq!(of_takeovers.completed, 1);
    })
    .await;
}

#[tokio::test]
async fn partial_and_failed_showings_are_told_apart_from_complete_ones() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let start = slot().plus(-60_000);
        let with = |status, actual| Play { status, actual: Millis(actual), ..play(start) };
        let plays = vec![
            with(PlayStatus::Success, 6000),
            with(PlayStatus::Success, 5500),
            with(PlayStatus::Success, 5499),
            with(PlayStatus::Interrupted, 2000),
            with(PlayStatus::ContentFailure, 0),
            with(PlayStatus::HardwareFailure, 0),
        ];
        let plays = (0..).zip(plays).map(|(n, play)| Play { start: start.plus(n * 6_000), ..play }).collect();
        let batch = player.seal(vec![item], plays);
        county.ingest(&player, &batch).await.unwrap();
        let line = county.app.plays.summary(&Filter::default(), Group::Creative).await.unwrap().remove(0);
        assert_eq!((line.completed, line.interrupted, line.failed, line.not_counted), (2, 2, 2, 0));
        assert_eq!(line.shown_ms, 6000 + 5500 + 5499 + 2000);
        let today = clock::date_in(start, chrono_tz::Asia::Shanghai);
        assert_eq!(completed_on(&county, today).await, 2);
    })
    .await;
}

#[tokio::test]
async fn plays_reported_after_their_campaign_is_gone_still_count_for_it() {
    for_each_database(async |db| {
        let (county, mut player) = ready(&db).await;
        let item = county.given_ref(&player).await;
        let campaign = county.app.campaigns.list().await.unwrap().remove(0).id;
        let batch = player.seal(vec![item], showings(2));
        county.app.campaigns.withdraw(campaign, &editor(), clock::now()).await.unwrap();
        county.app.content.step(county.creative, Step::Withdraw, None, None, &reviewer(), clock::now()).await.unwrap();
        county.work().await;
        county.ingest(&player, &batch).await.unwrap();
        let of_campaign = Filter { campaign: Some(campaign), ..Filter::default() };
        assert_eq!(county.records(&of_campaign).await.iter().filter(|r| r.counted).count(), 2);
    })
    .await;
}

#[tokio::test]
async fn findings_of_a_hostile_screen_are_bounded() {
    for_each_database(async |db| {
        let (county, player) = ready(&db).await;
        for n in 0..520_u32 {
            let bytes = n.to_be_bytes().to_vec();
            county.app.plays.ingest(&player.screen, bytes, clock::now()).await.unwrap_err();
        }
        let kept = county.app.plays.findings(&Filter::default(), false, None, 10_000).await.unwrap();
        assert_eq!((kept.len(), kept.iter().map(|finding| finding.times).sum::<i64>()), (500, 520));
        // What is found of another kind is not lost over them, nor what comes after they were settled.
        let mut player = player;
        let item = county.given_ref(&player).await;
        let invented = ItemRef { creative: CreativeId::new(Uuid::from_u128(77)), ..item };
        let batch = player.seal(vec![invented], showings(1));
        county.ingest(&player, &batch).await.unwrap();
        assert_eq!(county.kinds().await[0], FindingKind::UnknownItem);
        db.exec(sql("UPDATE play_findings SET resolved_at = $1").bind(clock::now())).await.unwrap();
        county.app.plays.ingest(&player.screen, b"again".to_vec(), clock::now()).await.unwrap_err();
        let open = county.app.plays.findings(&Filter::default(), true, None, 10_000).await.unwrap();
        assert_eq!(open.iter().map(|finding| finding.kind).collect::<Vec<_>>(), [FindingKind::BadSignature]);
    })
    .await;
}

async fn completed_on(county: &County, day: NaiveDate) -> i64 {
    let counted_as = Some(CountedAs::Completed);
    let filter = Filter { day_from: Some(day), day_to: Some(day), counted_as, ..Filter::default() };
    county.app.plays.count(&filter).await.unwrap().unwrap().plays
}
