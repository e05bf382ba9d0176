//! The Merkle log as it stands behind the server: what comes in gets a number, tools of others can follow it over HTTP,
//! an auditor's witness signs it, and refuses it when its past was rewritten.

use std::process::ExitCode;

use tokio::net::TcpListener;
use xuanping_core::{
    playlog::{
        LogEntry,
        bundle::{Fault, Trust, verify},
    },
    tlog::{
        Checkpoint, Cosigner, KeyName, TileId, TilePath, Tiles, Witnessed, check_inclusion, root, tiles_for_consistency,
    },
};

use super::*;
use crate::{
    db::{
        sql,
        testing::{for_each_database, unprotected},
    },
    plays::{log::LogError, witness::Witness},
};

/// A county with a player that has sent so many batches.
async fn county_with(db: &Db, batches: usize) -> (County, Player) {
    let county = County::new(db).await;
    let mut player = county.player(1, 0).await;
    county.publish().await;
    send(&county, &mut player, batches).await;
    (county, player)
}

async fn send(county: &County, player: &mut Player, batches: usize) {
    let item = county.given_ref(player).await;
    for _ in 0..batches {
        let batch = player.seal(vec![item], showings(1));
        county.ingest(player, &batch).await.unwrap();
    }
}

/// The server over HTTP, until the test ends.
async fn serve(county: &County) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = county.app.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/log")
}

fn witness(log: &str, state: &TempDir) -> Witness {
    let name: KeyName = "审计局/witness".parse().unwrap();
    let (log, state) = (log.parse().unwrap(), state.path().to_owned());
    Witness { log, key: None, state, name: Some(name), once: true, every: 1 }
}

async fn look(witness: &Witness) -> ExitCode {
    witness.run(std::future::pending(), &mut Vec::new()).await
}

fn seen(state: &TempDir) -> Witnessed {
    std::fs::read_to_string(state.path().join("witness.txt")).unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_batch_gets_one_number_and_the_tree_over_them_is_signed() {
    for_each_database(async |db| {
        let (county, mut player) = county_with(&db, 3).await;
        let log = county.app.plays.log();
        assert_eq!(log.root().await.unwrap(), (0, xuanping_core::tlog::empty_root()));
        log.grow(clock::now()).await.unwrap();
        log.grow(clock::now()).await.unwrap();
        let (size, first) = log.root().await.unwrap();
        assert_eq!(size, 3);
        // A batch that comes again is no news.
        let again = SignedBatch::verify(county.signed(player.screen.id, 2).await, &player.screen.public_key).unwrap();
        county.ingest(&player, &again).await.unwrap();
        log.grow(clock::now()).await.unwrap();
        assert_eq!(log.root().await.unwrap(), (3, first));
        send(&county, &mut player, 300).await;
        log.grow(clock::now()).await.unwrap();
        let (size, second) = log.root().await.unwrap();
        assert_eq!(size, 303);
        // The root is that of the entries, which anybody can fetch.
        let mut entries = Vec::new();
        for (index, width) in [(0, 256), (1, 47)] {
            let bytes = log.tile(TilePath::Entries { index, width }).await.unwrap().unwrap();
            let mut rest = &bytes[..];
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
                entries.push(xuanping_core::tlog::leaf_hash(entry));
                rest = after;
            }
        }
        let mut tiles = Tiles::new();
        let mut edge = xuanping_core::tlog::Edge::new();
        for hash in entries {
            edge.append(hash, &mut tiles);
        }
        assert_eq!((edge.size(), edge.root()), (303, second));
        // Tiles that are not there yet are not made up.
        let beyond = TilePath::Hashes { tile: TileId { level: 0, index: 1 }, width: 48 };
        assert_eq!(log.tile(beyond).await.unwrap(), None);
        assert_eq!(log.tile(TilePath::Entries { index: 1, width: 48 }).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_stranger_follows_the_log_over_http_and_proves_a_batch() {
    for_each_database(async |db| {
        let (county, player) = county_with(&db, 5).await;
        county.app.plays.log().grow(clock::now()).await.unwrap();
        let base = serve(&county).await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let get = async |path: &str| {
            let answer = reqwest::get(format!("{base}/{path}")).await.unwrap();
            (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
        };
        let key = String::from_utf8(get("key").await.1).unwrap();
        let note = String::from_utf8(get("checkpoint").await.1).unwrap();
        let (checkpoint, _) = Checkpoint::open(&note, &key.trim().parse().unwrap()).unwrap();
        assert_eq!(checkpoint.size, 5);
        let mut tiles = Tiles::new();
        for tile in tiles_for_consistency(0, 5) {
            let (status, bytes) = get(&TilePath::Hashes { tile, width: tile.width_in(5) }.to_string()).await;
            assert_eq!(status, 200);
            tiles.insert(tile, bytes.chunks_exact(32).map(|h| Digest::try_from(h).unwrap()).collect());
        }
        assert_eq!(root(&tiles, 5), Ok(checkpoint.root));
        let signed = county.signed(player.screen.id, 3).await;
        let entry = LogEntry::new(player.screen.id, 3, Digest::of(&signed));
        let proof = xuanping_core::tlog::inclusion(&tiles, 2, 5).unwrap();
        assert_eq!(check_inclusion(entry.hash(), 2, 5, &proof, checkpoint.root), Ok(()));
        for nonsense in
            ["tile/0/000", "tile/0/000.p/6", "tile/9/000", "tile/0/00", "tile/entries/000.p/0", "tile/0/%2e%2e/key"]
        {
            assert_eq!(get(nonsense).await.0, 404, "{nonsense}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_witness_signs_what_grows_and_bundles_then_prove_what_it_saw() {
    for_each_database(async |db| {
        let (county, mut player) = county_with(&db, 4).await;
        let log = county.app.plays.log();
        log.grow(clock::now()).await.unwrap();
        let base = serve(&county).await;
        let state = TempDir::new().unwrap();
        let witness = witness(&base, &state);
        // It is not registered: it remembers for itself, and the log does not take its line.
        assert_eq!(look(&witness).await, ExitCode::SUCCESS);
        assert_eq!(seen(&state).newest().unwrap().0, 4);
        assert!(!log.checkpoint().await.unwrap().contains("审计局"));
        log.add_witness(&seen(&state).witness, &editor(), clock::now()).await.unwrap();
        send(&county, &mut player, 3).await;
        log.grow(clock::now()).await.unwrap();
        assert_eq!(look(&witness).await, ExitCode::SUCCESS);
        assert!(log.checkpoint().await.unwrap().contains("— 审计局/witness "));
        // What was exported then is proven under the checkpoint that the witness signed, and not under a later one.
        let filter = Filter { screen: Some(player.screen.id), ..Filter::default() };
        let trust = Trust { publisher: Some(county.app.publisher.public()), witness: Some(seen(&state)) };
        let file = county.app.plays.bundle(&filter, clock::now()).await.unwrap();
        let verdict = verify(&file, &trust);
        // That nothing came after its newest batch is the office's word.
        let said = xuanping_core::playlog::bundle::Remark::NewestSaid { screens: 1 };
        assert_eq!((&verdict.findings[..], &verdict.remarks[..]), (&[][..], &[said][..]));
        // What came in since is in the log, and the witness has yet to look.
        send(&county, &mut player, 1).await;
        let file = county.app.plays.bundle(&filter, clock::now()).await.unwrap();
        let faults: Vec<_> = verify(&file, &trust).findings.into_iter().map(|finding| finding.fault).collect();
        assert_eq!(faults, [Fault::NotWitnessed { size: 8 }]);
        assert_eq!(look(&witness).await, ExitCode::SUCCESS);
        let trust = Trust { witness: Some(seen(&state)), ..trust };
        assert!(verify(&file, &trust).is_intact());
    })
    .await;
}

#[tokio::test]
async fn a_witness_refuses_a_log_whose_past_was_rewritten_and_keeps_the_proof_of_it() {
    for_each_database(async |db| {
        let (county, mut player) = county_with(&db, 6).await;
        let log = county.app.plays.log();
        log.grow(clock::now()).await.unwrap();
        let base = serve(&county).await;
        let state = TempDir::new().unwrap();
        let witness = witness(&base, &state);
        assert_eq!(look(&witness).await, ExitCode::SUCCESS);
        let before = std::fs::read_to_string(state.path().join("witness.txt")).unwrap();
        // Somebody with the whole database at hand puts another batch in the place of the third, and builds the log anew.
        unprotected(&db, &["play_batches", "log_entries"]).await;
        db.exec(
            sql("INSERT INTO log_waiting (screen_no, sequence, digest)
                 SELECT screen_no, sequence, CASE WHEN sequence = 3 THEN $1 ELSE digest END FROM log_entries")
            .bind(&Digest::of(b"another").as_bytes()[..]),
        )
        .await
        .unwrap();
        for table in ["log_checkpoints", "log_tiles", "log_entries"] {
            db.exec(sql(format!("DELETE FROM {table}"))).await.unwrap();
        }
        send(&county, &mut player, 2).await;
        log.grow(clock::now()).await.unwrap();
        assert_eq!(log.root().await.unwrap().0, 8);
        assert_eq!(look(&witness).await, ExitCode::from(1));
        assert_eq!(std::fs::read_to_string(state.path().join("witness.txt")).unwrap(), before);
        let refused = std::fs::read_dir(state.path()).unwrap().filter_map(Result::ok);
        let refused: Vec<_> = refused.filter(|e| e.file_name().to_string_lossy().starts_with("refused-")).collect();
        assert_eq!(refused.len(), 1);
        let kept = std::fs::read_to_string(refused[0].path()).unwrap();
        let (shown, _) = Checkpoint::open(&kept, log.verifier()).unwrap();
        assert_eq!(shown.size, 8, "signed by the log itself: it cannot deny it");
    })
    .await;
}

#[tokio::test]
async fn only_registered_witnesses_add_their_line_and_only_to_our_checkpoints() {
    for_each_database(async |db| {
        let (county, mut player) = county_with(&db, 2).await;
        let log = county.app.plays.log();
        log.grow(clock::now()).await.unwrap();
        let cosigner = |n: u8| Cosigner::new("某审计/w".parse().unwrap(), SecretKey::from_seed(&[n; 32]));
        let cosigned = |note: &str, by: &Cosigner| {
            let mut note = note.parse().unwrap();
            by.cosign(&mut note, 1_764_000_000);
            note.to_string()
        };
        let ours = log.checkpoint().await.unwrap();
        let refused = async |note: String| {
            let answer = log.take_cosignature(&note).await;
            assert!(matches!(answer, Err(LogError::Cosignature(_))), "{answer:?}");
        };
        refused(cosigned(&ours, &cosigner(60))).await;
        log.add_witness(cosigner(60).verifier(), &editor(), clock::now()).await.unwrap();
        // Another key under the same name, and a line moved from elsewhere.
        refused(cosigned(&ours, &cosigner(61))).await;
        refused(ours.clone()).await;
        refused("nonsense".into()).await;
        send(&county, &mut player, 1).await;
        log.grow(clock::now()).await.unwrap();
        let newer = log.checkpoint().await.unwrap();
        let line = cosigned(&ours, &cosigner(60)).lines().last().unwrap().to_owned();
        refused(format!("{newer}{line}\n")).await;
        // And the right one, twice: there is one line.
        for _ in 0..2 {
            log.take_cosignature(&cosigned(&newer, &cosigner(60))).await.unwrap();
        }
        assert_eq!(log.checkpoint().await.unwrap().matches("某审计/w").count(), 1);
    })
    .await;
}
