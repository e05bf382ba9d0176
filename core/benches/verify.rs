//! Examining a bundle offline: how many plays a second, beside the least that anybody has to do who trusts nobody, which is
//! to hash the file and to check the signatures. Budget (design.md): a million plays a second.

#![allow(missing_docs, clippy::expect_used)] // A program for people who measure.

mod stopwatch;
// The very file that the server examines with.
#[allow(dead_code, reason = "planning uses the rest")]
#[path = "../../server/src/workers.rs"]
mod workers;

use std::{collections::BTreeMap, num::NonZeroUsize};

use chrono_tz::Asia;
use uuid::Uuid;
use xuanping_core::{
    digest::Digest,
    geometry::{Size, ZoneName},
    id::{BookingId, BootId, CreativeId, MachineBootId, ScreenId},
    playlist::{Day, Daypart, Item, Loop, PLAYLIST_VERSION, Playlist, Show, Slot, ZoneProgramme},
    playlog::{
        Batch, ItemRef, LogEntry, Play, PlayStatus, SignedBatch, Trigger,
        bundle::{
            self, BundleBooking, BundleCreative, BundleScreen, Contents, Hands, Judged, PlayRef, ProvenBy, Told, Trust,
        },
        credibility::Reign,
    },
    recurrence::day_of,
    sign::{Context, SecretKey},
    time::{Millis, UtcInterval, UtcMillis},
    tlog::{Edge, LogProof, Signer, Tiles, inclusion},
    vocabulary::CreativeKind,
};

use self::stopwatch::once;

const START: i64 = 1_764_000_000_000;
const SCREENS: u128 = 20;
/// Plays in a batch, and batches of a screen: what a player sends at once if it seals every half minute, every quarter of an
/// hour, every half hour, and after a morning without a network.
const SIZES: [(i64, u64); 4] = [(3, 200), (90, 50), (180, 25), (500, 10)];

/// How many do the work, as in the program.
#[derive(Clone, Copy)]
struct Threads(NonZeroUsize);

impl Hands for Threads {
    fn each<T: Send>(&self, pieces: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        workers::each(self.0, pieces, work)
    }
}

fn key(n: u128) -> SecretKey {
    SecretKey::from_seed(&[n as u8 + 1; 32])
}

fn screen(n: u128) -> ScreenId {
    ScreenId::new(Uuid::from_u128(0x5c0 + n))
}

/// Twelve posters of ten seconds each, day after day.
fn playlist() -> Playlist {
    let item = |n: u128| Item {
        booking: BookingId::new(Uuid::from_u128(0xb00 + n)),
        creative: CreativeId::new(Uuid::from_u128(0xc0 + n)),
        asset: Digest::of(&n.to_be_bytes()),
        bytes: 1_000,
        show: Show::Picture { size: Size { width: 1920, height: 1080 } },
        duration: Millis(10_000),
        kind: CreativeKind::Poster,
        ends: None,
    };
    let first = UtcMillis(START).to_datetime().expect("a date").with_timezone(&Asia::Shanghai).date_naive();
    let days = first.iter_days().take(8).map(|date| {
        let UtcInterval { start, end } = day_of(date, Asia::Shanghai);
        Day { date, dayparts: vec![Daypart { start, end, looped: 0 }], events: Vec::new() }
    });
    Playlist {
        version: PLAYLIST_VERSION,
        timezone: "Asia/Shanghai".into(),
        items: (0..12).map(item).collect(),
        loops: vec![Loop { slots: (0..12).map(|item| Slot { item, duration: Millis(10_000) }).collect(), hold: None }],
        zones: vec![ZoneProgramme { zone: ZoneName::Main, days: days.collect() }],
    }
}

fn items(playlist: &Playlist) -> Vec<ItemRef> {
    let name = Some(playlist.digest());
    let reference =
        |item: &Item| ItemRef { playlist: name, booking: item.booking, creative: item.creative, asset: item.asset };
    playlist.items.iter().map(reference).collect()
}

/// What the server held of these batches, which are all as they should be.
fn judged(playlist: &Playlist, batches: &[SignedBatch], of_screen: u64) -> Judged {
    let always = Reign { from: UtcMillis(START), until: None, heard: None };
    let told = || Told {
        enrolled: UtcMillis(START),
        newest: of_screen,
        playlists: [(playlist.digest(), vec![always])].into(),
        takeovers: BTreeMap::new(),
    };
    let held = |batch: &SignedBatch| {
        let said = batch.batch();
        ((said.screen, said.sequence), (said.sealed.plus(1_000), vec![None; said.plays.len()]))
    };
    Judged {
        screens: (0..SCREENS).map(|n| (screen(n), told())).collect(),
        playlists: [(playlist.digest(), playlist.to_bytes())].into(),
        batches: batches.iter().map(held).collect(),
    }
}

fn play(n: i64) -> Play {
    Play {
        item: (n % 12) as u32,
        zone: ZoneName::Main,
        start: UtcMillis(START + n * 10_000),
        monotonic: 1_000 + n as u64 * 10_000,
        planned: Millis(10_000),
        actual: Millis(10_000),
        status: PlayStatus::Success,
        trigger: Trigger::Loop,
        evidence: Vec::new(),
    }
}

fn chain(of: u128, items: &[ItemRef], plays: i64, batches: u64) -> Vec<SignedBatch> {
    let mut chain: Vec<SignedBatch> = Vec::new();
    for sequence in 1..=batches {
        let base = (sequence as i64 - 1) * plays;
        let batch = Batch {
            screen: screen(of),
            boot: BootId::new(Uuid::from_u128(0xb007)),
            sequence,
            previous: chain.last().map_or(Digest::ZERO, SignedBatch::digest),
            sealed: UtcMillis(START + (base + plays) * 10_000),
            items: items.to_vec(),
            plays: (0..plays).map(|n| play(base + n)).collect(),
            walls: Vec::new(),
            machine: Some(MachineBootId::new(Uuid::from_u128(0x3ac))),
        };
        chain.push(SignedBatch::sign(batch, &key(of)));
    }
    chain
}

fn proven(batches: &[SignedBatch]) -> ProvenBy {
    let signer = Signer::new("bench.example/log".parse().expect("a name"), SecretKey::from_seed(&[200; 32]));
    let (mut edge, mut tiles) = (Edge::new(), Tiles::new());
    for batch in batches {
        edge.append(LogEntry::of(batch).hash(), &mut tiles);
    }
    let checkpoint = signer.checkpoint(edge.size(), edge.root()).to_string();
    let proofs: BTreeMap<_, _> = (0..)
        .zip(batches)
        .map(|(index, batch)| {
            let hashes = inclusion(&tiles, index, edge.size()).expect("all tiles are here");
            let proof = LogProof { index, hashes, checkpoint: checkpoint.clone() };
            ((batch.batch().screen, batch.batch().sequence), proof)
        })
        .collect();
    ProvenBy { key: signer.verifier().clone(), proofs, judged: None }
}

/// Of all sizes, or of one: `cargo bench -p xuanping-core --bench verify -- 90`.
fn main() {
    let only: Vec<i64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for (plays, batches) in SIZES {
        if only.is_empty() || only.contains(&plays) {
            examine(plays, batches);
        }
    }
}

fn examine(in_batch: i64, of_screen: u64) {
    let (playlist, publisher) = (playlist(), key(100));
    let items = items(&playlist);
    let batches: Vec<SignedBatch> = (0..SCREENS).flat_map(|n| chain(n, &items, in_batch, of_screen)).collect();
    let judged = judged(&playlist, &batches, of_screen);
    let records = batches.iter().flat_map(|batch| {
        let (screen, sequence) = (batch.batch().screen, batch.batch().sequence);
        (0..in_batch as u32).map(move |play| PlayRef { screen, sequence, play })
    });
    let contents = Contents {
        exported: UtcMillis(START),
        filter: "全部".into(),
        timezone: chrono_tz::Asia::Shanghai,
        screens: (0..SCREENS)
            .map(|n| BundleScreen {
                id: screen(n),
                name: format!("屏 {n}"),
                venue: "支行".into(),
                key: key(n).public(),
            })
            .collect(),
        creatives: items.iter().map(|item| BundleCreative { id: item.creative, title: "素材".into() }).collect(),
        bookings: items
            .iter()
            .map(|item| BundleBooking { id: item.booking, name: "排期".into(), campaign: "宣传月".into() })
            .collect(),
        records: records.collect(),
        keys: Vec::new(),
        log: Some(proven(&batches)),
        batches: batches.clone(),
    };
    let with = |judged: Option<Judged>| {
        let log = contents.log.clone().map(|log| ProvenBy { judged, ..log });
        let contents = Contents { log, ..contents.clone() };
        bundle::write(contents, publisher.public(), |payload| publisher.sign(Context::Bundle, payload))
            .expect("a bundle")
    };
    let (file, judged) = (with(None), with(Some(judged)));
    let plays = SCREENS as f64 * of_screen as f64 * in_batch as f64;
    println!(
        "{in_batch} plays a batch: {plays} plays in {} batches of {} screens, {} bytes",
        batches.len(),
        SCREENS,
        file.len()
    );
    let trust = Trust::publisher(publisher.public());
    let runs = |name: &str, run: &dyn Fn() -> bool| {
        let mut took: Vec<f64> = (0..9)
            .map(|_| {
                let (good, ms) = once(run);
                assert!(good, "{name}");
                ms
            })
            .collect();
        took.sort_by(f64::total_cmp);
        println!("{name:<50} median {:>7.1} ms   {:>9.0} plays/s", took[4], plays / took[4] * 1_000.0);
    };
    runs("hash the file and check the signatures", &|| {
        let whole = Digest::of(&file) != Digest::ZERO;
        whole
            && batches.iter().all(|batch| {
                let of = (0..SCREENS).find(|n| screen(*n) == batch.batch().screen).expect("its screen");
                key(of).public().verify(Context::PlayBatch2, batch.signed()).is_ok()
            })
    });
    for threads in [NonZeroUsize::MIN, workers::cores()] {
        let (hands, by) = (Threads(threads), format!("threads: {threads}"));
        let intact = |file: &[u8]| bundle::verify_by(file, &trust, &hands).is_intact();
        runs(&format!("version 2, all but judgements, {by}"), &|| intact(&file));
        runs(&format!("version 3, every play judged again, {by}"), &|| intact(&judged));
    }
}
