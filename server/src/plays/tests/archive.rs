//! The archive: every batch of the days that are over, once, provable, and readable by anybody's engine.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use ::parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::RowAccessor as _,
};

use super::*;
use crate::{
    db::testing::{for_each_database, unprotected},
    plays::query::Group,
};

pub(super) const DAY: i64 = 86_400_000;

pub(super) fn tables(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tables(&path));
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Number in the log and bytes of every batch in the archive.
fn batches(folder: &Path) -> Vec<(i64, Vec<u8>)> {
    let mut found = Vec::new();
    for path in tables(&folder.join("batches")) {
        let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap().map(Result::unwrap) {
            found.push((row.get_long(0).unwrap(), row.get_bytes(6).unwrap().data().to_vec()));
        }
    }
    found.sort();
    found
}

fn rows(folder: &Path) -> i64 {
    let count = |path: PathBuf| {
        let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
        reader.metadata().file_metadata().num_rows()
    };
    tables(folder).into_iter().map(count).sum()
}

/// A county with a player, and what its playlist has it show.
pub(super) async fn county_that_plays(db: &Db) -> (County, Player, ItemRef) {
    let county = County::new(db).await;
    let player = county.player(1, 0).await;
    county.publish().await;
    let item = county.given_ref(&player).await;
    (county, player, item)
}

pub(super) async fn reported(county: &County, player: &mut Player, item: ItemRef, count: i64) -> Vec<u8> {
    let batch = player.seal(vec![item], showings(count));
    county.ingest(player, &batch).await.unwrap();
    batch.signed().to_vec()
}

#[tokio::test]
async fn a_day_that_is_over_is_archived_once_with_the_very_bytes_and_what_comes_later_is_in_a_later_part() {
    for_each_database(async |db| {
        let (county, mut player, item) = county_that_plays(&db).await;
        let folder = county.folder.path().join("archive");
        let plays = &county.app.plays;
        let now = clock::now();

        let first = reported(&county, &mut player, item, 4).await;
        assert_eq!(plays.archive(&folder, now).await.unwrap(), [], "the day is not over");
        assert!(tables(&folder).is_empty());

        let parts = plays.archive(&folder, now.plus(DAY)).await.unwrap();
        assert_eq!(parts.iter().map(|part| (part.from, part.to, part.plays)).collect::<Vec<_>>(), [(0, 1, 4)]);
        assert_eq!(plays.archive(&folder, now.plus(DAY)).await.unwrap(), [], "once");
        assert_eq!(plays.archived().await.unwrap(), parts);

        // Late: it is taken after that day was sealed.
        let second = reported(&county, &mut player, item, 2).await;
        let third = reported(&county, &mut player, item, 3).await;
        let later = plays.archive(&folder, now.plus(2 * DAY)).await.unwrap();
        assert_eq!(later.iter().map(|part| (part.from, part.to, part.plays)).collect::<Vec<_>>(), [(1, 3, 5)]);
        assert_eq!(batches(&folder), [(0, first), (1, second), (2, third)]);
        assert_eq!(rows(&folder.join("plays")), 9);
    })
    .await;
}

#[tokio::test]
async fn a_part_that_was_interrupted_is_made_again_under_the_same_names() {
    for_each_database(async |db| {
        let (county, mut player, item) = county_that_plays(&db).await;
        let folder = county.folder.path().join("archive");
        let signed = reported(&county, &mut player, item, 4).await;
        let now = clock::now().plus(DAY);
        let whole = county.folder.path().join("whole");
        let plays = &county.app.plays;
        let parts = plays.archive(&whole, now).await.unwrap();
        let named: Vec<_> = tables(&whole).iter().map(|path| path.strip_prefix(&whole).unwrap().to_owned()).collect();

        // Cut at any moment before it was written down: nothing there, torn files, some with their names already.
        unprotected(&db, &["play_archive"]).await;
        db.exec(sql("DELETE FROM play_archive")).await.unwrap();
        for file in &named {
            let place = folder.join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place.with_file_name("_part.unfinished"), b"PAR1 torn").unwrap();
        }
        // It had announced what it was about to name, and named some; and it had come further than the next will.
        let further = "plays/day=2026-01-01/000000000000-000000000009.parquet";
        let named_before = [named[0].to_str().unwrap(), further];
        for file in named_before {
            fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            fs::write(folder.join(file), b"PAR1 of another attempt").unwrap();
        }
        fs::write(folder.join("_sealing"), format!("0\n{}\n", named_before.join("\n"))).unwrap();

        let again = plays.archive(&folder, now).await.unwrap();
        assert_eq!(again.iter().map(|part| part.digest).collect::<Vec<_>>(), [parts[0].digest]);
        let found: Vec<_> = tables(&folder).iter().map(|path| path.strip_prefix(&folder).unwrap().to_owned()).collect();
        assert_eq!(found, named);
        assert_eq!(batches(&folder), [(0, signed)]);

        // Killed after it was written down: everything stays.
        fs::write(folder.join("_sealing"), format!("0\n{}\n", named[0].to_str().unwrap())).unwrap();
        assert_eq!(plays.archive(&folder, now).await.unwrap(), []);
        assert_eq!(tables(&folder).len(), named.len());
        assert!(!folder.join("_sealing").exists());

        // Nobody else works there meanwhile.
        let other = fs::File::create(folder.join("_lock")).unwrap();
        other.lock().unwrap();
        let refused = plays.archive(&folder, now).await.unwrap_err().to_string();
        assert!(refused.contains("another process"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn an_archive_outlives_its_database() {
    for_each_database(async |db| {
        let (county, mut player, item) = county_that_plays(&db).await;
        let folder = county.folder.path().join("archive");
        let plays = &county.app.plays;
        let signed = reported(&county, &mut player, item, 4).await;
        let now = clock::now().plus(DAY);
        plays.archive(&folder, now).await.unwrap();
        let before = tables(&folder);

        // A database that knows nothing of it: new, or restored from a backup of before.
        unprotected(&db, &["play_archive"]).await;
        db.exec(sql("DELETE FROM play_archive")).await.unwrap();
        let refused = plays.archive(&folder, now).await.unwrap_err().to_string();
        assert!(refused.contains("--folder"), "{refused}");
        assert_eq!(tables(&folder), before);
        assert_eq!(batches(&folder), [(0, signed)]);
        assert_eq!(plays.archive(&county.folder.path().join("new"), now).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn duckdb_counts_in_the_archive_what_the_server_counts() {
    let interop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop");
    if !interop.join(".venv/bin/python").exists() {
        eprintln!("LEFT OUT: tests/interop/.venv is made by `make test`");
        return;
    }
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        let mut other = county.player(2, 1).await;
        county.publish().await;
        let item = county.given_ref(&player).await;
        for count in [4, 2] {
            reported(&county, &mut player, item, count).await;
        }
        let mut cut = showings(3);
        (cut[1].status, cut[1].actual) = (PlayStatus::Interrupted, Millis(1_000));
        let own = county.given_ref(&other).await;
        let batch = other.seal(vec![own], cut);
        county.ingest(&other, &batch).await.unwrap();
        let folder = county.folder.path().join("archive");
        let plays = &county.app.plays;
        plays.archive(&folder, clock::now().plus(DAY)).await.unwrap();

        let output = Command::new(interop.join(".venv/bin/python"))
            .arg(interop.join("archive.py"))
            .arg(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

        let records = county.records(&Filter::default()).await;
        let mut days: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
        let mut screens: BTreeMap<(String, String), i64> = BTreeMap::new();
        for record in &records {
            let day = days.entry(record.day.to_string()).or_default();
            *day = (day.0 + 1, day.1 + i64::from(record.counted), day.2 + record.actual.as_i64());
            *screens.entry((record.screen.to_string(), crate::db::code_of(&record.status))).or_default() += 1;
        }
        let days: Vec<_> = days.into_iter().map(|(day, (all, counted, shown))| (day, all, counted, shown)).collect();
        let screens: Vec<_> = screens.into_iter().map(|((screen, status), count)| (screen, status, count)).collect();
        assert_eq!(said["days"], serde_json::json!(days));
        assert_eq!(said["screens"], serde_json::json!(screens));
        assert_eq!(said["indexes"], serde_json::json!([0, 1, 2]));
        assert_eq!(said["plays_in_batches"], 9);
        let counted: i64 =
            plays.summary(&Filter::default(), Group::Day).await.unwrap().iter().map(|d| d.completed).sum();
        assert_eq!(days.iter().map(|day| day.2).sum::<i64>(), counted);
    })
    .await;
}
