//! The bytes of everything that is stored, signed or sent as CBOR, fixed for good: a change here is a change of format and
//! needs a new version. Golden files only grow. And: decoders take any bytes without panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, path::Path};

use chrono::NaiveDate;
use proptest::prelude::*;
use uuid::Uuid;
use xuanping_core::{
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{BookingId, BootId, CreativeId, InstructionId, MachineBootId, ScreenId, ShowId, TakeoverId},
    playlist::{
        Day, DayLevel, Daypart, Errand, EvidenceOrders, Instruction, Item, Lamps, Loop, MANIFEST_VERSION,
        MANIFEST_VERSION_2, Manifest, PLAYLIST_VERSION, Percent, Playlist, ScreenOrders, Show, Slot, Takeover,
        TakeoverItem, TakeoverLevel, Transition, TrustedManifest, WallSettings, ZoneProgramme,
    },
    playlog::{
        Batch, ChainHead, ItemRef, KeyPermit, KeyReceipt, LogEntry, Play, PlayStatus, Receipt, SignedBatch,
        SignedKeyChange, Trigger, WallChange, WallReason, WallState,
        bundle::{self, BundleBooking, BundleCreative, BundleScreen, Contents, Judged, PlayRef, ProvenBy, Told, Trust},
        credibility::{IssuedTakeovers, Reign},
    },
    recurrence::DayWindow,
    sign::{Context, SecretKey, unverified_payload},
    time::{Millis, UtcMillis},
    tlog::{Edge, LogProof, Signer, Tiles, inclusion},
    vocabulary::CreativeKind,
};

/// 2025-06-02 00:00 in Shanghai.
const DAY: i64 = 1_748_793_600_000;
const HOUR: i64 = 3_600_000;

fn publisher() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

fn device() -> SecretKey {
    SecretKey::from_seed(&[2; 32])
}

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0000 + n)
}

fn screen() -> ScreenId {
    ScreenId::new(uuid(1))
}

fn item(n: u128, kind: CreativeKind, show: Show, ends: Option<UtcMillis>) -> Item {
    Item {
        booking: BookingId::new(uuid(0x20)),
        creative: CreativeId::new(uuid(0x30 + n)),
        asset: Digest::of(&[n as u8]),
        bytes: 100_000 + n as u64,
        show,
        duration: Millis(10_000),
        kind,
        ends,
    }
}

fn playlist() -> Playlist {
    let size = Size { width: 1920, height: 960 };
    let strip = Show::Strip { size: Size { width: 2400, height: 120 }, pixels_per_second: 120 };
    let part = |from: i64, to: i64, looped| Daypart {
        start: UtcMillis(DAY + from * HOUR),
        end: UtcMillis(DAY + to * HOUR),
        looped,
    };
    let day = |date: &str, dayparts| Day { date: date.parse::<NaiveDate>().unwrap(), dayparts, events: Vec::new() };
    let slot = |item| Slot { item, duration: Millis(10_000) };
    Playlist {
        version: PLAYLIST_VERSION,
        timezone: "Asia/Shanghai".into(),
        items: vec![
            item(0, CreativeKind::Poster, Show::Picture { size }, None),
            item(1, CreativeKind::Clip, Show::Clip { size }, Some(UtcMillis(DAY + 48 * HOUR))),
            item(2, CreativeKind::Slogan, strip, None),
            item(3, CreativeKind::Audio, Show::Sound, None),
        ],
        loops: vec![
            Loop { slots: vec![slot(0), slot(1)], hold: Some(0) },
            Loop { slots: vec![slot(2)], hold: Some(2) },
            Loop { slots: vec![slot(3)], hold: None },
        ],
        zones: vec![
            ZoneProgramme {
                zone: ZoneName::Main,
                days: vec![
                    day("2025-06-02", vec![part(8, 12, 0), part(14, 24, 0)]),
                    day("2025-06-03", vec![part(32, 44, 0)]),
                ],
            },
            ZoneProgramme { zone: ZoneName::Ticker, days: vec![day("2025-06-02", vec![part(0, 24, 1)])] },
            ZoneProgramme { zone: ZoneName::Audio, days: vec![day("2025-06-02", vec![part(9, 10, 2)])] },
        ],
    }
}

fn manifest() -> Manifest {
    let picture = Show::Picture { size: Size { width: 1920, height: 960 } };
    Manifest {
        format: MANIFEST_VERSION,
        screen: screen(),
        version: 7,
        issued: UtcMillis(DAY),
        expires: UtcMillis(DAY + 24 * HOUR),
        playlist: Some(playlist().digest()),
        orders: ScreenOrders {
            name: "城关支行大厅屏".into(),
            timezone: "Asia/Shanghai".into(),
            zones: Layout::MainAndTicker.zones(Size { width: 1920, height: 1080 }, Sound::On),
            wall: WallSettings::default(),
            evidence: None,
            size: None,
        },
        takeovers: vec![Takeover {
            id: TakeoverId::new(uuid(0x40)),
            level: TakeoverLevel::Emergency,
            starts: UtcMillis(DAY + HOUR),
            expires: UtcMillis(DAY + 2 * HOUR),
            items: vec![TakeoverItem { zone: ZoneName::Main, item: item(0, CreativeKind::Poster, picture, None) }],
        }],
        instructions: Vec::new(),
    }
}

/// The same of a wall with settings.
fn manifest_of_a_set_wall() -> Manifest {
    let time = |text: &str| text.parse().unwrap();
    let level = |from, percent| DayLevel { from: time(from), percent: Percent::new(percent).unwrap() };
    let mut manifest = manifest();
    manifest.format = MANIFEST_VERSION_2;
    manifest.orders.wall = WallSettings {
        off: vec![DayWindow { from: time("22:30"), to: time("06:00") }],
        brightness: vec![level("07:00", 100), level("19:00", 60)],
        volume: vec![level("08:00", 70)],
        transition: Transition::Fade,
    };
    manifest
}

/// The same of a wall whose right part stays free.
fn manifest_of_a_free_layout() -> Manifest {
    let wall = Size { width: 1920, height: 1080 };
    let layout: Layout = "main=1280x960+0+0,ticker=1280x120+0+960".parse().unwrap();
    let mut manifest = manifest();
    manifest.orders.zones = layout.zones(wall, Sound::On);
    manifest.orders.size = ScreenOrders::size_beyond(&manifest.orders.zones, wall);
    manifest
}

/// The same of a screen that takes pictures of itself.
fn manifest_with_evidence() -> Manifest {
    let mut manifest = manifest();
    manifest.format = MANIFEST_VERSION_2;
    manifest.orders.evidence = Some(EvidenceOrders { nonce: Digest::of(b"nonce"), per_day: 2 });
    manifest
}

/// The first example of FORMAT.md.
fn batch() -> Batch {
    let play = |n: i64, actual, status, evidence| Play {
        item: 0,
        zone: ZoneName::Main,
        start: UtcMillis(DAY + 8 * HOUR + n * 20_000),
        monotonic: 60_000 + n as u64 * 20_000,
        planned: Millis(10_000),
        actual: Millis(actual),
        status,
        trigger: Trigger::Loop,
        evidence,
    };
    Batch {
        screen: screen(),
        boot: BootId::new(uuid(0x50)),
        sequence: 1,
        previous: Digest::ZERO,
        sealed: UtcMillis(DAY + 8 * HOUR + 60_000),
        items: vec![ItemRef {
            playlist: Some(playlist().digest()),
            booking: BookingId::new(uuid(0x20)),
            creative: CreativeId::new(uuid(0x30)),
            asset: Digest::of(&[0]),
        }],
        plays: vec![
            play(0, 10_000, PlayStatus::Success, vec![Digest::of(b"picture")]),
            play(1, 4_200, PlayStatus::Interrupted, Vec::new()),
        ],
        walls: Vec::new(),
        machine: None,
    }
}

fn signed_batch() -> SignedBatch {
    SignedBatch::sign_version1(batch(), &device()).unwrap()
}

/// The second example of FORMAT.md: the next batch, of version 2, with something of everything.
fn batch_of_columns() -> Batch {
    let loop_play = |n: i64, late: i64| Play {
        item: (n % 2) as u32,
        zone: ZoneName::Main,
        start: UtcMillis(DAY + 9 * HOUR + n * 10_000 + late),
        monotonic: 3_660_000 + (n * 10_000 + late) as u64,
        planned: Millis(10_000),
        actual: Millis(10_000),
        status: PlayStatus::Success,
        trigger: Trigger::Loop,
        evidence: Vec::new(),
    };
    let event = Play {
        item: 2,
        zone: ZoneName::Audio,
        planned: Millis(5_000),
        actual: Millis(2_000),
        status: PlayStatus::Interrupted,
        trigger: Trigger::Event(ShowId::new(uuid(0x70))),
        ..loop_play(1, 400)
    };
    let item = |playlist, n: u128| ItemRef {
        playlist,
        booking: BookingId::new(uuid(0x20)),
        creative: CreativeId::new(uuid(0x30 + n)),
        asset: Digest::of(&[n as u8]),
    };
    let listed = Some(playlist().digest());
    Batch {
        sequence: 2,
        previous: signed_batch().digest(),
        sealed: UtcMillis(DAY + 9 * HOUR + 60_000),
        items: vec![item(listed, 0), item(listed, 1), item(None, 3)],
        plays: vec![
            loop_play(0, 3),
            Play { evidence: vec![Digest::of(b"picture")], ..loop_play(1, 12) },
            loop_play(2, 12),
            Play { actual: Millis(10_016), ..loop_play(3, 12) },
            event,
        ],
        walls: vec![WallChange { from: UtcMillis(DAY + 8 * HOUR), state: WallState::On, why: WallReason::Hours }],
        machine: Some(MachineBootId::new(uuid(0x60))),
        ..batch()
    }
}

fn bundle() -> Vec<u8> {
    bundle_in(vec![signed_batch()], None)
}

/// Two batches of one chain, of either version.
fn mixed_bundle() -> Vec<u8> {
    bundle_in(vec![signed_batch(), SignedBatch::sign(batch_of_columns(), &device())], None)
}

/// The same with the batch in a log, as its second entry.
fn logged_bundle() -> Vec<u8> {
    bundle_in(vec![signed_batch()], Some(proven_batch()))
}

fn proven_batch() -> ProvenBy {
    let signer = Signer::new("xuanping.example/log".parse().unwrap(), SecretKey::from_seed(&[3; 32]));
    let signed = signed_batch();
    let (mut edge, mut tiles) = (Edge::new(), Tiles::new());
    let other = LogEntry::new(ScreenId::new(uuid(2)), 1, Digest::of(b"another batch"));
    for entry in [other, LogEntry::of(&signed), other] {
        edge.append(entry.hash(), &mut tiles);
    }
    let hashes = inclusion(&tiles, 1, 3).unwrap();
    let checkpoint = signer.checkpoint(3, edge.root()).to_string();
    let proofs = [((screen(), 1), LogProof { index: 1, hashes, checkpoint })].into();
    ProvenBy { key: signer.verifier().clone(), proofs, judged: None }
}

/// The same with what the server held of it.
fn judged_bundle() -> Vec<u8> {
    bundle_in(vec![signed_batch()], Some(judged_batch()))
}

fn judged_batch() -> ProvenBy {
    let digest = playlist().digest();
    let reign = Reign { from: UtcMillis(DAY), until: Some(UtcMillis(DAY + 20 * HOUR)), heard: None };
    let told = Told {
        enrolled: UtcMillis(DAY - HOUR),
        newest: 1,
        playlists: [(digest, vec![reign])].into(),
        takeovers: manifest()
            .takeovers
            .iter()
            .map(|takeover| (takeover.id, vec![IssuedTakeovers { takeovers: vec![takeover.clone()], reign }]))
            .collect(),
    };
    let received = UtcMillis(DAY + 9 * HOUR);
    let held = vec![None, None];
    let judged = Judged {
        screens: [(screen(), told)].into(),
        playlists: [(digest, playlist().to_bytes())].into(),
        batches: [((screen(), 1), (received, held))].into(),
    };
    let mut proven = proven_batch();
    proven.judged = Some(judged);
    proven
}

/// The office permits the screen to change its key, and after its first batch it does.
fn key_permit() -> KeyPermit {
    let instruction = InstructionId::new(uuid(0x83));
    KeyPermit { screen: screen(), key: device().public().fingerprint(), instruction }
}

fn key_change() -> SignedKeyChange {
    let permit = (key_permit(), key_permit().sign(&publisher()));
    let new = SecretKey::from_seed(&[4; 32]);
    SignedKeyChange::sign(&ChainHead::of(&signed_batch()), UtcMillis(DAY + 9 * HOUR), permit, &device(), &new)
}

fn bundle_in(batches: Vec<SignedBatch>, log: Option<ProvenBy>) -> Vec<u8> {
    bundle_with(batches, Vec::new(), log)
}

fn bundle_with(batches: Vec<SignedBatch>, keys: Vec<SignedKeyChange>, log: Option<ProvenBy>) -> Vec<u8> {
    let contents = Contents {
        exported: UtcMillis(DAY + 24 * HOUR),
        filter: "城关支行大厅屏 2025-06-02".into(),
        timezone: chrono_tz::Asia::Shanghai,
        screens: vec![BundleScreen {
            id: screen(),
            name: "大厅屏".into(),
            venue: "城关支行".into(),
            key: device().public(),
        }],
        creatives: vec![BundleCreative { id: CreativeId::new(uuid(0x30)), title: "刷单就是诈骗".into() }],
        bookings: vec![BundleBooking {
            id: BookingId::new(uuid(0x20)),
            name: "银行网点".into(),
            campaign: "集中宣传月".into(),
        }],
        batches,
        records: vec![PlayRef { screen: screen(), sequence: 1, play: 0 }],
        keys,
        log,
    };
    bundle::write(contents, publisher().public(), |payload| publisher().sign(Context::Bundle, payload)).unwrap()
}

/// Compares with the golden file of that name: hexadecimal, 32 bytes a line.
fn golden(name: &str, bytes: &[u8]) {
    let lines: Vec<String> = bytes.chunks(32).map(hex::encode).collect();
    let text = lines.join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).with_extension("hex");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name}: the bytes changed; if they are new, {} should be\n{text}", path.display());
}

#[test]
fn a_playlist_keeps_its_bytes() {
    golden("playlist-1", &playlist().to_bytes());
    assert_eq!(Playlist::from_bytes(&playlist().to_bytes()), Ok(playlist()));
}

/// The same of a screen that is told to do something.
fn manifest_with_instructions() -> Manifest {
    let mut lamps = Lamps::dark(9);
    lamps.light(8, 15);
    let told = |n, what| Instruction { id: InstructionId::new(uuid(n)), expires: UtcMillis(DAY + HOUR), what };
    let mut manifest = manifest();
    manifest.format = MANIFEST_VERSION_2;
    manifest.instructions = vec![
        told(0x80, Errand::Identify { seconds: 15, code: "0427".into(), lines: vec![lamps] }),
        told(0x81, Errand::Capture),
        told(0x82, Errand::Restart),
    ];
    manifest
}

#[test]
fn a_manifest_keeps_its_bytes_and_its_signature() {
    let signed = manifest().sign(&publisher());
    golden("manifest-1", &signed);
    let accepted = TrustedManifest::accept(signed, &publisher().public(), screen(), Some(7)).unwrap();
    assert_eq!(accepted.manifest, manifest());
    let signed = manifest_of_a_free_layout().sign(&publisher());
    golden("manifest-1-free", &signed);
    let accepted = TrustedManifest::accept(signed, &publisher().public(), screen(), None).unwrap();
    assert_eq!(accepted.manifest, manifest_of_a_free_layout());
    let signed = manifest_of_a_set_wall().sign(&publisher());
    golden("manifest-2", &signed);
    let accepted = TrustedManifest::accept(signed, &publisher().public(), screen(), None).unwrap();
    assert_eq!(accepted.manifest, manifest_of_a_set_wall());
    let signed = manifest_with_evidence().sign(&publisher());
    golden("manifest-2-evidence", &signed);
    let accepted = TrustedManifest::accept(signed, &publisher().public(), screen(), None).unwrap();
    assert_eq!(accepted.manifest, manifest_with_evidence());
    let signed = manifest_with_instructions().sign(&publisher());
    golden("manifest-2-instructions", &signed);
    let accepted = TrustedManifest::accept(signed, &publisher().public(), screen(), None).unwrap();
    assert_eq!(accepted.manifest, manifest_with_instructions());
}

#[test]
fn a_batch_keeps_its_bytes_and_its_signature() {
    let read = |signed: &SignedBatch| SignedBatch::verify(signed.signed().to_vec(), &device().public()).unwrap();
    let first = signed_batch();
    golden("batch-1", first.signed());
    assert_eq!(read(&first).batch(), &batch());
    let second = SignedBatch::sign(batch_of_columns(), &device());
    golden("batch-2", second.signed());
    assert_eq!(read(&second).batch(), &batch_of_columns());
    assert!(first.is_followed_by(second.batch()));
}

#[test]
fn a_receipt_keeps_its_bytes_and_its_signature() {
    let digest = signed_batch().digest();
    let receipt = Receipt { screen: screen(), sequence: 1, batch: digest, received: UtcMillis(DAY + 9 * HOUR) };
    let signed = receipt.sign(&publisher());
    golden("receipt-1", &signed);
    assert_eq!(Receipt::verify(&signed, &publisher().public()), Ok(receipt));
}

#[test]
fn a_change_of_key_keeps_its_bytes_and_its_signatures() {
    let signed = key_change();
    golden("key-change-1", signed.signed());
    assert_eq!(SignedKeyChange::verify(signed.signed().to_vec(), &publisher().public()), Ok(signed.clone()));
    assert_eq!(KeyPermit::verify(&signed.change().permit, &publisher().public()), Ok(key_permit()));
    let receipt = KeyReceipt { screen: screen(), change: signed.digest(), recorded: UtcMillis(DAY + 10 * HOUR) };
    golden("key-receipt-1", &receipt.sign(&publisher()));
    let mut manifest = manifest();
    manifest.format = MANIFEST_VERSION_2;
    let (id, expires) = (key_permit().instruction, UtcMillis(DAY + HOUR));
    let what = Errand::ChangeKey { permit: signed.change().permit.clone() };
    manifest.instructions = vec![Instruction { id, expires, what }];
    let signed = manifest.sign(&publisher());
    golden("manifest-2-key", &signed);
    let accepted = TrustedManifest::accept(signed, &publisher().public(), screen(), None).unwrap();
    assert_eq!(accepted.manifest, manifest);
}

#[test]
fn a_bundle_keeps_its_bytes() {
    golden("bundle-1", &bundle());
    golden("bundle-2", &logged_bundle());
    let judged = bundle::verify(&judged_bundle(), &Trust::publisher(publisher().public()));
    assert_eq!(judged.findings, []);
    golden("bundle-3", &judged_bundle());
    let changed = bundle_with(vec![signed_batch()], vec![key_change()], Some(judged_batch()));
    golden("bundle-4", &changed);
    assert_eq!(bundle::verify(&changed, &Trust::publisher(publisher().public())).findings, []);
    golden("bundle-1-mixed", &mixed_bundle());
    assert!(bundle::verify(&mixed_bundle(), &Trust::publisher(publisher().public())).is_intact());
    assert!(bundle::verify(&logged_bundle(), &Trust::publisher(publisher().public())).is_intact());
    assert!(bundle::verify(&bundle(), &Trust::publisher(publisher().public())).is_intact());
}

#[test]
fn the_examples_in_the_format_description_are_the_golden_batches() {
    let text = include_str!("../src/playlog/FORMAT.md");
    assert!(text.contains(&device().public().to_string()), "the examples' public key");
    let examples = [signed_batch(), SignedBatch::sign(batch_of_columns(), &device())];
    for (block, batch) in text.split("```hex").skip(1).zip(examples) {
        let digits: String = block
            .split("```")
            .next()
            .unwrap()
            .lines()
            .flat_map(|line| line.split('#').next().unwrap_or_default().chars())
            .filter(|c| !c.is_whitespace())
            .collect();
        let bytes = hex::decode(digits).unwrap();
        assert_eq!(hex::encode(&bytes), hex::encode(batch.signed()));
        assert!(text.contains(&Digest::of(&bytes).to_string()), "the example's digest");
    }
    assert_eq!(text.matches("```hex").count(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        decode_all(&bytes);
    }

    #[test]
    fn no_mutation_makes_a_decoder_panic(
        which in 0..8usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::weighted(0.2, any::<prop::sample::Index>()),
        insert in proptest::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut bytes = match which {
            0 => playlist().to_bytes(),
            1 => manifest().sign(&publisher()),
            2 => signed_batch().signed().to_vec(),
            3 => bundle(),
            4 => mixed_bundle(),
            6 => bundle_with(vec![signed_batch()], vec![key_change()], Some(judged_batch())),
            5 => unverified_payload(SignedBatch::sign(batch_of_columns(), &device()).signed()).unwrap(),
            _ => unverified_payload(signed_batch().signed()).unwrap(),
        };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some((at, value)) = insert {
            bytes.insert(at.index(bytes.len()), value);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        decode_all(&bytes);
    }
}

/// Everything that reads bytes from outside, also behind valid signatures: who signs may be broken, too.
fn decode_all(bytes: &[u8]) {
    if let Ok(playlist) = Playlist::from_bytes(bytes) {
        for at in [i64::MIN, 0, DAY, DAY + 30 * 24 * HOUR, i64::MAX] {
            let _ = playlist.on_air(ZoneName::Main, UtcMillis(at));
        }
    }
    let _ = TrustedManifest::accept(bytes.to_vec(), &publisher().public(), screen(), None);
    let _ = SignedBatch::verify(bytes.to_vec(), &device().public());
    let _ = Receipt::verify(bytes, &publisher().public());
    let _ = SignedKeyChange::verify(bytes.to_vec(), &publisher().public());
    let _ = bundle::verify(bytes, &Trust::default());
    for context in [Context::Manifest, Context::PlayBatch, Context::PlayBatch2, Context::Receipt] {
        let signed = publisher().sign(context, bytes.to_vec());
        let _ = TrustedManifest::accept(signed.clone(), &publisher().public(), screen(), None);
        let _ = SignedBatch::verify(signed.clone(), &publisher().public());
        let _ = Receipt::verify(&signed, &publisher().public());
    }
}
