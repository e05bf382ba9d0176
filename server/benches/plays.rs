//! The play log: taking batches in beside inserting the same plays as rows, bytes stored per play, and look-ups. Budgets
//! (design.md): ten times as fast as rows; 8 bytes a play; 200 ms over 100 million plays.
//!
//! `cargo bench -p xuanping-server --bench plays -- SCREENS DAYS` fills the database for the look-ups; 1700 7 is 90 million plays.
//! `-- SCREENS 0` takes one hour of so many screens in, and nothing else: 20000 0 is 6 million plays.
//! With `scripts/with-postgres` before it, the figures are PostgreSQL's, of 200 screens and a day, without the rows to compare.

#![allow(missing_docs, clippy::expect_used, clippy::panic)] // A program for people who measure.

#[allow(dead_code)] // Of the county all but its venues.
mod county;

use std::time::Instant;

use chrono::Days;
use futures_util::{StreamExt as _, stream};
use xuanping_core::{
    playlog::{
        PlayStatus, SignedBatch,
        bundle::{self, Trust},
    },
    position::Circle,
    time::UtcMillis,
};
use xuanping_server::{
    accounts::Scope,
    clock,
    db::{Db, Target, sql},
    plays::{
        CountedAs, Cursor, Filter, Group, Order,
        exposure::{Around, Case},
        threads::Threads,
    },
};

use self::county::{County, TOWN, VILLAGE, bytes, cluster};

/// Players whose batches are on their way at the same time.
const AT_ONCE: usize = 64;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let (screens, days) = (numbers.first().copied().unwrap_or(0), numbers.get(1).copied().unwrap_or(7).min(7));
    println!("| screens | hours | plays | plays a batch | ms | plays a second | bytes a play | signed alone |");
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|");
    if screens > 0 && days == 0 {
        fill(screens, 1).await;
        return;
    }
    fill(1, 7 * 24).await;
    let county = fill(200, 24).await;
    println!();
    if cluster().is_none() {
        rows(county).await;
    } else {
        look(&county, 1).await;
    }
    if screens > 0 {
        println!();
        let county = fill(screens, days * 24).await;
        look(&county, days).await;
    }
}

/// A county that has played so many hours, everything sent and stored.
async fn fill(screens: usize, hours: usize) -> County {
    let mut county = County::new(screens).await;
    let before = bytes(&county.db).await;
    let (mut plays, mut signed, mut batches, mut ms) = (0, 0, 0, 0.0);
    for hour in 0..hours {
        let (sealed, end, number) = county.hour(hour);
        plays += number;
        batches += sealed.len();
        signed += sealed.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let begin = Instant::now();
        let log = &county.app.plays;
        stream::iter(sealed)
            .map(|(screen, bytes)| async move { log.ingest(&screen, bytes, end.plus(1_000)).await.expect("a receipt") })
            .buffer_unordered(AT_ONCE)
            .for_each(async |_| {})
            .await;
        ms += begin.elapsed().as_secs_f64() * 1_000.0;
        log.log().grow(end).await.expect("a checkpoint");
    }
    let counted = county.app.plays.summary(&Filter::default(), Group::Hour).await.expect("counters");
    let counted: i64 = counted.iter().map(|line| line.completed + line.failed).sum();
    assert_eq!(counted, plays as i64, "every play counts");
    let stored = (bytes(&county.db).await - before) as f64 / plays as f64;
    println!(
        "| {screens} | {hours} | {plays} | {} | {ms:.0} | {:.0} | {stored:.2} | {:.2} |",
        plays / batches,
        plays as f64 / ms * 1_000.0,
        signed as f64 / plays as f64,
    );
    county
}

/// The same plays as rows, in one transaction: with nothing but a key, and with the indexes that they were looked up by.
async fn rows(mut county: County) {
    const COLUMNS: usize = 20;
    const AT_ONCE: usize = 50;
    println!("| rows in one transaction | plays | ms | plays a second | bytes a play |");
    println!("|---|---:|---:|---:|---:|");
    let (sealed, ..) = county.hour(24);
    let batches: Vec<_> = sealed
        .into_iter()
        .map(|(screen, bytes)| (SignedBatch::verify(bytes, &screen.public_key).expect("a batch"), screen))
        .collect();
    for (name, indexes) in [
        ("a key, no index", &[][..]),
        (
            "six indexes",
            &[
                "started_at",
                "screen_id, started_at",
                "creative_id, started_at",
                "campaign_id, started_at",
                "venue_type, started_at",
                "area, started_at",
            ][..],
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&Target::Sqlite(folder.path().join("rows.db"))).await.expect("SQLite opens");
        db.exec(sql(
            "CREATE TABLE rows (screen_id TEXT, sequence INTEGER, position INTEGER, started_at INTEGER, day TEXT,
                         zone TEXT, creative_id TEXT, asset TEXT, booking_id TEXT, campaign_id TEXT, planned_ms INTEGER,
                         actual_ms INTEGER, status TEXT, put_on_by TEXT, counted INTEGER, flag TEXT, venue_id TEXT,
                         venue_type TEXT, area TEXT, department TEXT, PRIMARY KEY (screen_id, sequence, position))
                     STRICT, WITHOUT ROWID",
        ))
        .await
        .expect("a table");
        for (n, index) in indexes.iter().enumerate() {
            db.exec(sql(format!("CREATE INDEX rows_{n} ON rows ({index})"))).await.expect("an index");
        }
        let empty = bytes(&db).await;
        let row = |n: usize| {
            let places: Vec<_> = (1..=COLUMNS).map(|column| format!("${}", n * COLUMNS + column)).collect();
            format!("({})", places.join(", "))
        };
        let text = |rows: usize| {
            let rows: Vec<_> = (0..rows).map(row).collect();
            format!("INSERT INTO rows VALUES {}", rows.join(", "))
        };
        let mut plays = 0;
        let begin = Instant::now();
        let mut tx = db.begin().await.expect("a transaction");
        for (batch, screen) in &batches {
            let batch = batch.batch();
            let all: Vec<_> = batch.plays.iter().enumerate().collect();
            for some in all.chunks(AT_ONCE) {
                let mut insert = sql(text(some.len()));
                for (position, play) in some {
                    let item = batch.items[play.item as usize];
                    insert = insert.bind(screen.id).bind(batch.sequence).bind(*position).bind(play.start);
                    insert = insert.bind("2026-11-24").bind("main").bind(item.creative).bind(item.asset);
                    insert = insert.bind(item.booking).bind(item.booking).bind(play.planned).bind(play.actual);
                    insert = insert.bind("success").bind("loop").bind(true).bind("").bind(screen.venue.id);
                    insert = insert.bind("bank").bind(&screen.venue.area).bind(&screen.venue.department);
                }
                plays += tx.exec(insert).await.expect("rows");
            }
        }
        tx.commit().await.expect("durable");
        let ms = begin.elapsed().as_secs_f64() * 1_000.0;
        let each = (bytes(&db).await - empty) as f64 / plays as f64;
        println!("| {name} | {plays} | {ms:.0} | {:.0} | {each:.0} |", plays as f64 / ms * 1_000.0);
    }
}

/// A bundle as the package has it: made, and examined at once. Memory is what it takes at most beside what was taken before.
async fn prove(county: &County, filter: Filter, name: &str) {
    let log = &county.app.plays;
    let memory = |field: &str| -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find(|line| line.starts_with(field)).expect("a line of it");
        line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("kB") / 1_024
    };
    // Forget the highest so far.
    std::fs::write("/proc/self/clear_refs", "5").expect("our own");
    let before = memory("VmRSS");
    let begin = Instant::now();
    let file = log.bundle(&filter, clock::now()).await.expect("a bundle");
    let (made, taken) = (begin.elapsed().as_secs_f64() * 1_000.0, memory("VmHWM") - before);
    let begin = Instant::now();
    let hands = Threads::of_machine();
    let verdict = bundle::verify_by(&file, &Trust::publisher(log.publishing_key()), &hands);
    let examined = begin.elapsed().as_secs_f64() * 1_000.0;
    assert!(verdict.is_intact(), "{:?}", verdict.findings.first());
    let records = verdict.summary.map_or(0, |summary| summary.records);
    println!(
        "| a bundle of {name}: {} MB, made in {made:.0} ms with {taken} MB, examined with {} MB | {records} | {examined:.1} | |",
        file.len() >> 20,
        memory("VmHWM") - before,
    );
}

/// Look-ups, five times each.
async fn look(county: &County, days: usize) {
    let log = &county.app.plays;
    let screen = county.players[county.players.len() / 2].screen.id;
    let middle = county.first_day + Days::new(days as u64 / 2);
    let last = county.first_day + Days::new(days as u64 - 1);
    let all = Filter::default;
    let creative = Some(county.creatives[3]);
    let page = async |filter: Filter, order: Order, at: Option<UtcMillis>| {
        let cursor = at.map(|started| Cursor { started, screen, sequence: 1, position: 0 });
        log.page(&filter, order, cursor, 101).await.expect("a page").len()
    };
    let then = county.begin.plus(days as i64 * 43_200_000);
    println!();
    println!("| look-up | found | median ms | worst ms |");
    println!("|---|---:|---:|---:|");
    macro_rules! measure {
        ($name:expr, $ask:expr) => {{
            let mut took = Vec::new();
            let mut found = 0;
            for _ in 0..5 {
                let begin = Instant::now();
                found = $ask;
                took.push(begin.elapsed().as_secs_f64() * 1_000.0);
            }
            took.sort_by(f64::total_cmp);
            println!("| {} | {found} | {:.1} | {:.1} |", $name, took[2], took[4]);
        }};
    }
    let day = |filter: Filter| Filter { day_from: Some(middle), day_to: Some(middle), ..filter };
    measure!("the newest hundred", page(all(), Order::NewestFirst, None).await);
    measure!("a hundred from the middle, all screens", page(all(), Order::NewestFirst, Some(then)).await);
    measure!(
        "a screen's day: a hundred",
        page(day(Filter { screen: Some(screen), ..all() }), Order::NewestFirst, None).await
    );
    measure!("a screen's day: all of it", {
        let filter = day(Filter { screen: Some(screen), ..all() });
        log.page(&filter, Order::OldestFirst, None, 100_000).await.expect("a day").len()
    });
    for (name, area) in [("village", VILLAGE), ("town", TOWN), ("county", "330482000000")] {
        let filter = || Filter { creative, area: Some(area.into()), ..all() };
        measure!(format!("a creative in a {name}: the newest hundred"), page(filter(), Order::NewestFirst, None).await);
        measure!(
            format!("a creative in a {name}: a hundred of a day"),
            page(day(filter()), Order::NewestFirst, None).await
        );
        measure!(format!("a creative in a {name}: sums by day"), {
            log.summary(&filter(), Group::Day).await.expect("sums").len()
        });
    }
    let never = Filter { creative: Some(xuanping_core::id::CreativeId::new(uuid::Uuid::nil())), ..all() };
    measure!("a creative that was never shown", page(never.clone(), Order::NewestFirst, None).await);
    for (name, area) in [("village", VILLAGE), ("town", TOWN), ("county", "330482000000")] {
        let area = area.parse().expect("an area");
        let case = Case { around: Around::Area(area), date: last, days: 14, fraud_type: None };
        measure!(format!("look-back around a case, {name}, all days"), {
            log.exposure(&case, &Scope::default()).await.expect("an exposure").0.screens.len()
        });
    }
    for km in [1, 5, 20] {
        // At a venue in the middle of the first column, which counties of every size have.
        let centre = "29.198,115".parse().expect("a position");
        let around = Around::Near(Circle { centre, metres: km * 1_000 });
        let case = Case { around, date: last, days: 14, fraud_type: None };
        measure!(format!("look-back within {km} km of a case, all days"), {
            log.exposure(&case, &Scope::default()).await.expect("an exposure").0.screens.len()
        });
    }
    for (name, filter) in [
        ("failed for its file", Filter { status: Some(PlayStatus::ContentFailure), ..all() }),
        ("counted as failed", Filter { counted_as: Some(CountedAs::Failed), ..all() }),
        (
            "counted as failed, in a town",
            Filter { counted_as: Some(CountedAs::Failed), area: Some(TOWN.into()), ..all() },
        ),
        ("interrupted (there are none)", Filter { counted_as: Some(CountedAs::Interrupted), ..all() }),
        ("not believed (there are none)", Filter { counted_as: Some(CountedAs::NotCounted), ..all() }),
    ] {
        measure!(format!("plays {name}, whole county: the newest hundred"), {
            page(filter.clone(), Order::NewestFirst, None).await
        });
        measure!(format!("plays {name}: how many"), log.count(&filter).await.expect("a count").expect("few").plays);
    }
    prove(county, day(Filter { area: Some(TOWN.into()), ..all() }), "a town's day").await;
    prove(county, day(Filter { area: Some(VILLAGE.into()), ..all() }), "a village's day").await;
    let begin = Instant::now();
    let looked = log.find_gaps(middle, then.plus(86_400_000)).await.expect("gaps");
    let each = begin.elapsed().as_secs_f64() * 1_000.0 / looked.screens as f64;
    println!("| a night's search for gaps, each screen's day | {} | {each:.1} | |", looked.found);
    measure!("sums of everything by creative", log.summary(&all(), Group::Creative).await.expect("sums").len());
}
