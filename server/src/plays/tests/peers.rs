//! Faults that were found in other systems of this kind. Each has its test, here or elsewhere, by its name; `tests/tidy.rs`
//! looks whether they are all there.
//!
//! - plays made offline are lost on reconnect: `tests/tests/stories/outage.rs`
//!   `walls_go_on_without_the_server_and_tell_it_everything_later`
//! - the same report sent five times is stored five times: `server/src/plays/tests/ingest.rs`
//!   `the_same_report_sent_five_times_is_stored_once`
//! - the same plays reported anew are counted anew: `server/src/plays/tests/ingest.rs`
//!   `the_same_plays_sealed_five_times_in_new_batches_are_stored_five_times_and_counted_once`
//! - an invented creative is believed: `server/src/plays/tests/ingest.rs`
//!   `plays_of_an_invented_creative_are_kept_with_a_flag_and_not_counted`
//! - another tenant's rows are exported: `server/src/plays/tests/peers.rs`
//!   `the_rows_of_another_tenant_are_not_exported`
//! - a play counts for when it was reported: `server/src/plays/tests/peers.rs`
//!   `a_play_counts_for_when_it_was_shown_and_not_for_when_it_was_reported`
//! - statistics are gone with the medium: `server/src/plays/tests/peers.rs`
//!   `what_was_shown_stays_when_its_creative_is_withdrawn_and_its_screen_retired`
//! - reports are empty because collecting had to be switched on: `server/src/plays/tests/peers.rs`
//!   `nothing_has_to_be_switched_on_for_plays_to_be_counted`
//! - a takeover is forgotten when the server starts again: `server/src/plays/tests/peers.rs`
//!   `a_takeover_is_in_force_after_the_server_starts_again`
//! - a cell of an export runs as a formula: `server/src/plays/tests/exports.rs`
//!   `the_table_for_people_opens_in_a_spreadsheet_and_runs_nothing`
//! - a cell of an export runs as a formula: `server/src/plays/tests/exports.rs`
//!   `no_cell_can_begin_a_formula`
//! - a part of a showing counts as a whole one: `server/src/plays/tests/ingest.rs`
//!   `partial_and_failed_showings_are_told_apart_from_complete_ones`
//! - whoever administers the log rewrites it: `core/src/playlog/bundle/tamper_tests.rs`
//!   `a_forked_log_and_a_rolled_back_one_are_found_by_whoever_holds_a_witness_file`
//! - a figure of a report is altered: `core/src/playlog/bundle/regions_tests.rs`
//!   `figures_and_keys_altered_in_a_statement_that_the_office_signs_anew_are_found`

use super::*;
use crate::{
    accounts::{Principal, Role, Scope},
    db::testing::for_each_database,
};

async fn county_that_played(db: &Db) -> (County, Player) {
    let county = County::new(db).await;
    let mut player = county.player(1, 0).await;
    county.publish().await;
    let item = county.given_ref(&player).await;
    let batch = player.seal(vec![item], showings(4));
    county.ingest(&player, &batch).await.unwrap();
    (county, player)
}

#[tokio::test]
async fn the_rows_of_another_tenant_are_not_exported() {
    for_each_database(async |db| {
        let (county, _) = county_that_played(&db).await;
        for scope in [
            Scope { area: Some("330482101000".into()), department: None },
            Scope { area: None, department: Some("other".into()) },
        ] {
            let filter = Filter { scope, ..Filter::default() };
            assert_eq!(county.records(&filter).await, []);
            assert!(matches!(county.app.plays.bundle(&filter, clock::now()).await, Err(PlayError::Nothing)));
            // Asking for it by name does not help.
            let by_name = Filter { area: Some("330482100000".into()), ..filter };
            assert_eq!(county.records(&by_name).await, []);
        }
    })
    .await;
}

#[tokio::test]
async fn a_play_counts_for_when_it_was_shown_and_not_for_when_it_was_reported() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        let item = county.given_ref(&player).await;
        let shown = slot().plus(-60_000);
        let batch = player.seal(vec![item], vec![play(shown)]);
        // The network was away for nine days.
        let reported = shown.plus(9 * 24 * 3_600_000);
        county.app.plays.ingest(&player.screen, batch.signed().to_vec(), reported).await.unwrap();
        let day = clock::date_in(shown, chrono_tz::Asia::Shanghai);
        let lines = county.app.plays.summary(&Filter::default(), Group::Day).await.unwrap();
        assert_eq!(lines.iter().map(|l| (l.key.as_str(), l.completed)).collect::<Vec<_>>(), [(&*day.to_string(), 1)]);
        assert_eq!(county.records(&Filter::default()).await[0].started, shown);
    })
    .await;
}

#[tokio::test]
async fn what_was_shown_stays_when_its_creative_is_withdrawn_and_its_screen_retired() {
    for_each_database(async |db| {
        let (county, player) = county_that_played(&db).await;
        let now = clock::now();
        county.app.content.step(county.creative, Step::Withdraw, None, None, &reviewer(), now).await.unwrap();
        let who = Principal {
            id: AccountId::new(Uuid::from_u128(9)),
            name: "p".into(),
            display_name: "某人".into(),
            roles: vec![Role::Operator],
            scope: Scope::default(),
            must_set_password: false,
        };
        county.app.screens.retire(player.screen.id, &who, now).await.unwrap();
        county.work().await;
        let records = county.records(&Filter::default()).await;
        assert_eq!(records.iter().filter(|record| record.counted).count(), 4);
        let mut names = names::Names::open(&county.app.plays).await.unwrap();
        names.learn(&county.app.plays, &records).await.unwrap();
        assert_eq!(names.creative(county.creative).unwrap().title, TITLE);
        assert_eq!(names.screen(player.screen.id).unwrap().venue, "东镇支行");
        let file = county.app.plays.bundle(&Filter::default(), now).await.unwrap();
        let trust = xuanping_core::playlog::bundle::Trust::publisher(county.app.publisher.public());
        assert!(xuanping_core::playlog::bundle::verify(&file, &trust).is_intact());
    })
    .await;
}

#[tokio::test]
async fn nothing_has_to_be_switched_on_for_plays_to_be_counted() {
    for_each_database(async |db| {
        // As few steps as there are from nothing to a wall: nobody was asked about statistics.
        let (county, player) = county_that_played(&db).await;
        for group in [Group::Screen, Group::Creative, Group::Campaign, Group::Day, Group::Area] {
            let lines = county.app.plays.summary(&Filter::default(), group).await.unwrap();
            assert_eq!(lines.iter().map(|line| line.completed).sum::<i64>(), 4, "{group:?}");
        }
        assert_eq!(county.records(&Filter { screen: Some(player.screen.id), ..Filter::default() }).await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_takeover_is_in_force_after_the_server_starts_again() {
    for_each_database(async |db| {
        let (county, player) = county_that_played(&db).await;
        let level = takeover(&county, county.creative).await;
        // Another process on the same data, which remembers nothing.
        let again = App::with_database(db.clone(), county.folder.path()).await.unwrap();
        let orders = again.campaigns.active_takeovers(clock::now()).await.unwrap();
        assert_eq!(orders.iter().map(|order| order.level).collect::<Vec<_>>(), [level]);
        let issued = again.playlists.issued(player.screen.id).unwrap();
        let manifest = xuanping_core::playlist::TrustedManifest::accept(
            again.playlists.signed(&issued),
            &again.publisher.public(),
            player.screen.id,
            None,
        );
        assert_eq!(manifest.unwrap().manifest.takeovers.len(), 1);
    })
    .await;
}
