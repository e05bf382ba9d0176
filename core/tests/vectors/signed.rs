//! Signed things, good and bad.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use uuid::Uuid;
use xuanping_core::{
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{BookingId, BootId, CreativeId, ScreenId, TakeoverId},
    playlist::{
        DayLevel, Errand, Instruction, MANIFEST_VERSION, Manifest, ManifestRefusal, ScreenOrders, Takeover,
        TakeoverItem, TakeoverLevel, TrustedManifest, WallSettings,
    },
    playlog::{
        Batch, ChainHead, ItemRef, Play, PlayStatus, Receipt, SignedBatch, Trigger, WallChange, WallReason, WallState,
    },
    sign::{Context, SecretKey, unverified_payload},
    time::{Millis, UtcMillis},
    vocabulary::CreativeKind,
    wire::{RequestProof, Retirement, SignedTime},
};

use super::{
    format2,
    programmes::{DAY, HOUR, item},
};

pub fn publisher() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

pub fn device() -> SecretKey {
    SecretKey::from_seed(&[2; 32])
}

pub fn screen() -> ScreenId {
    ScreenId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0001))
}

pub fn takeover(n: u128, level: TakeoverLevel, from: i64, to: i64, items: Vec<TakeoverItem>) -> Takeover {
    let id = TakeoverId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0040 + n));
    let at = |seconds: i64| UtcMillis(DAY + 8 * HOUR + seconds * 1000);
    Takeover { id, level, starts: at(from), expires: at(to), items }
}

pub fn shown(zone: ZoneName, n: u128, kind: CreativeKind, secs: u32) -> TakeoverItem {
    TakeoverItem { zone, item: item(n, kind, secs) }
}

pub fn manifest(version: u64, takeovers: Vec<Takeover>) -> Manifest {
    Manifest {
        format: MANIFEST_VERSION,
        screen: screen(),
        version,
        issued: UtcMillis(DAY),
        expires: UtcMillis(DAY + 48 * HOUR),
        playlist: Some(Digest::of(b"some playlist")),
        orders: ScreenOrders {
            name: "城关支行大厅屏".into(),
            timezone: "Asia/Shanghai".into(),
            zones: Layout::MainAndTicker.zones(Size { width: 1920, height: 1080 }, Sound::On),
            wall: WallSettings::default(),
            evidence: None,
            size: None,
        },
        takeovers,
        instructions: Vec::new(),
    }
}

pub fn manifests_with_takeovers() -> Vec<(&'static str, Manifest)> {
    use TakeoverLevel::{Emergency, Notice, Warning};
    let poster = |n, secs| shown(ZoneName::Main, n, CreativeKind::Poster, secs);
    let line = shown(ZoneName::Ticker, 70, CreativeKind::Slogan, 12);
    vec![
        ("none", manifest(7, Vec::new())),
        ("announced", manifest(8, vec![takeover(1, Notice, 20, 80, vec![poster(60, 7), poster(61, 8), line.clone()])])),
        (
            "one over the other",
            manifest(
                9,
                vec![
                    takeover(2, Emergency, 30, 50, vec![poster(62, 10)]),
                    takeover(3, Warning, 10, 70, vec![poster(63, 10), line]),
                    takeover(4, Warning, 40, 90, vec![shown(ZoneName::Audio, 71, CreativeKind::Audio, 9)]),
                    takeover(5, Notice, 0, 100, vec![poster(64, 30)]),
                    takeover(6, Emergency, 60, 60, vec![poster(65, 30)]),
                ],
            ),
        ),
    ]
}

fn in_words(manifest: &Manifest) -> Value {
    let takeovers: Vec<_> = manifest
        .takeovers
        .iter()
        .map(|t| {
            let items: Vec<_> = t.items.iter().map(|i| json!([i.zone, super::super::item_in_words(&i.item)])).collect();
            json!({ "id": t.id, "level": t.level, "starts": t.starts.0, "expires": t.expires.0, "items": items })
        })
        .collect();
    let orders = &manifest.orders;
    let wall = &orders.wall;
    let levels = |levels: &[DayLevel]| -> Vec<_> {
        levels.iter().map(|level| json!({ "from": level.from.minutes(), "percent": level.percent })).collect()
    };
    let off: Vec<_> =
        wall.off.iter().map(|window| json!({ "from": window.from.minutes(), "to": window.to.minutes() })).collect();
    json!({
        "screen": manifest.screen, "version": manifest.version, "issued": manifest.issued.0,
        "expires": manifest.expires.0, "playlist": manifest.playlist,
        "orders": {
            "name": orders.name, "timezone": orders.timezone, "zones": orders.zones,
            "wall": {
                "off": off, "brightness": levels(&wall.brightness), "volume": levels(&wall.volume),
                "transition": wall.transition,
            },
            "evidence": orders.evidence.map(|e| json!({ "nonce": e.nonce, "perDay": e.per_day })),
            "size": orders.size,
        },
        "takeovers": takeovers,
        "instructions": manifest.instructions.iter().map(instruction_in_words).collect::<Vec<_>>(),
    })
}

fn instruction_in_words(told: &Instruction) -> Value {
    let what = match &told.what {
        Errand::Identify { seconds, code, lines } => {
            let lines: Vec<_> =
                lines.iter().map(|l| json!({ "width": l.width, "bits": hex::encode(&l.bits) })).collect();
            json!({ "is": "identify", "seconds": seconds, "code": code, "lines": lines })
        }
        Errand::Capture => json!({ "is": "capture" }),
        Errand::Restart => json!({ "is": "restart" }),
        Errand::ChangeKey { permit } => json!({ "is": "change_key", "permit": hex::encode(permit) }),
    };
    json!({ "id": told.id, "expires": told.expires.0, "what": what })
}

pub fn manifest_cases() -> Vec<Value> {
    let good = manifests_with_takeovers().pop().unwrap().1;
    let signed = good.sign(&publisher());
    let payload = minicbor::to_vec(&good).unwrap();
    let without = Manifest { playlist: None, ..manifest(3, Vec::new()) };
    let flipped = |at: usize| {
        let mut bytes = signed.clone();
        bytes[at] ^= 1;
        bytes
    };
    let other = ScreenId::new(Uuid::from_u128(9));
    let unknown = Manifest { format: 99, ..good.clone() };
    let on_a_wall = |width, height| {
        let mut told = manifest(4, Vec::new());
        told.orders.zones = "main=1280x960+0+0".parse::<Layout>().unwrap().zones(Size { width, height }, Sound::Off);
        told.orders.size = Some(Size { width, height });
        told.sign(&publisher())
    };
    // COSE_Sign1 begins 84 58 26 <38 bytes> a0 59 …
    let header_entry = [&signed[..41], &[0xa1, 0x04, 0x41, 0x00], &signed[42..]].concat();
    let longer_length = [&signed[..1], &[0x59, 0x00, 0x26], &signed[3..]].concat();
    let mut cases: Vec<(&str, Vec<u8>, ScreenId, Option<u64>)> = vec![
        ("good", signed.clone(), screen(), None),
        ("good, the same version again", signed.clone(), screen(), Some(9)),
        ("without a playlist", without.sign(&publisher()), screen(), Some(2)),
        ("an older one", signed.clone(), screen(), Some(10)),
        ("for another screen", signed.clone(), other, None),
        ("by another key", good.sign(&device()), screen(), None),
        ("signed as a receipt", publisher().sign(Context::Receipt, payload.clone()), screen(), None),
        ("a flipped bit in the payload", flipped(80), screen(), None),
        ("a flipped bit in the signature", flipped(signed.len() - 5), screen(), None),
        ("a flipped bit in the key's name", flipped(20), screen(), None),
        ("a byte too many", [&signed[..], &[0]].concat(), screen(), None),
        ("a byte too few", signed[..signed.len() - 1].to_vec(), screen(), None),
        ("tagged", [&[0xd2], &signed[..]].concat(), screen(), None),
        ("with an unprotected header", header_entry, screen(), None),
        ("with a length written longer", longer_length, screen(), None),
        ("nothing", Vec::new(), screen(), None),
        ("a payload that is no manifest", publisher().sign(Context::Manifest, vec![0x80]), screen(), None),
        ("an empty payload", publisher().sign(Context::Manifest, Vec::new()), screen(), None),
        ("a payload cut short", publisher().sign(Context::Manifest, payload[..60].to_vec()), screen(), None),
        ("a wall of which some stays free", on_a_wall(1920, 1080), screen(), None),
        ("a wall of no height", on_a_wall(1920, 0), screen(), None),
        ("a wall as long as there are", on_a_wall(16_384, 1), screen(), None),
        ("a wall that is longer", on_a_wall(1, 16_385), screen(), None),
        ("a format to come", unknown.sign(&publisher()), screen(), None),
    ];
    cases.extend(format2::manifests().into_iter().map(|(name, bytes)| (name, bytes, screen(), None)));
    cases
        .into_iter()
        .map(|(name, bytes, screen, followed)| {
            let result = TrustedManifest::accept(bytes.clone(), &publisher().public(), screen, followed);
            let refused = result.as_ref().err().map(|refusal| match refusal {
                ManifestRefusal::Signature(_) => "signature",
                ManifestRefusal::Malformed(_) => "malformed",
                ManifestRefusal::OtherScreen(_) => "other screen",
                ManifestRefusal::Rollback { .. } => "rollback",
            });
            json!({
                "name": name, "signed": hex::encode(bytes), "screen": screen, "followed": followed,
                "refused": refused, "says": result.ok().map(|trusted| in_words(&trusted.manifest)),
            })
        })
        .collect()
}

fn batches() -> Vec<(&'static str, Batch)> {
    let reference = |n: u128, playlist| ItemRef {
        playlist,
        booking: BookingId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0020 + n)),
        creative: CreativeId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0030 + n)),
        asset: Digest::of(&[n as u8]),
    };
    let play = |item, zone, start: i64, actual, status, trigger, evidence| Play {
        item,
        zone,
        start: UtcMillis(DAY + 8 * HOUR + start),
        monotonic: 4_294_967_290 + start as u64,
        planned: Millis(10_000),
        actual: Millis(actual),
        status,
        trigger,
        evidence,
    };
    let playlist = Some(Digest::of(b"some playlist"));
    let boot = BootId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0050));
    let batch = |sequence, items, plays| Batch {
        screen: screen(),
        boot,
        sequence,
        previous: Digest::ZERO,
        sealed: UtcMillis(DAY + 9 * HOUR),
        items,
        plays,
        walls: Vec::new(),
        machine: None,
    };
    let every = vec![
        play(0, ZoneName::Main, 0, 10_000, PlayStatus::Success, Trigger::Loop, Vec::new()),
        play(1, ZoneName::Ticker, 23, 255, PlayStatus::Interrupted, Trigger::Loop, Vec::new()),
        play(2, ZoneName::Main, 24, 256, PlayStatus::HardwareFailure, Trigger::Takeover, Vec::new()),
        play(0, ZoneName::Audio, 65_536, 65_535, PlayStatus::ContentFailure, Trigger::Loop, vec![Digest::of(b"seen")]),
    ];
    let items = vec![reference(0, playlist), reference(1, playlist), reference(2, None)];
    let many = (0..30).map(|n| play(0, ZoneName::Main, n * 10_000, 9_999, PlayStatus::Success, Trigger::Loop, vec![]));
    let first = batch(1, items, every);
    let more = format2::batches(&first);
    let mut all = vec![
        ("every status and zone", first),
        ("nothing at all", batch(2, Vec::new(), Vec::new())),
        ("thirty plays of one poster", batch(3, vec![reference(0, playlist)], many.collect())),
    ];
    all.extend(more);
    (1..).zip(all).map(|(sequence, (name, batch))| (name, Batch { sequence, ..batch })).collect()
}

pub fn batch_cases() -> Vec<Value> {
    let mut head = ChainHead::start(screen());
    batches()
        .into_iter()
        .map(|(name, batch)| {
            let batch = Batch { previous: head.digest, ..batch };
            let signed = SignedBatch::sign(batch.clone(), &device());
            SignedBatch::verify(signed.signed().to_vec(), &device().public()).expect("what is written is read");
            let payload = unverified_payload(signed.signed()).unwrap();
            head = head.accept(&signed).expect("the next link");
            let items: Vec<_> =
                batch.items.iter().map(|i| json!([i.playlist, i.booking, i.creative, i.asset])).collect();
            let plays: Vec<_> = batch
                .plays
                .iter()
                .map(|p| {
                    json!({
                        "item": p.item, "zone": p.zone, "start": p.start.0, "monotonic": p.monotonic,
                        "planned": p.planned.0, "actual": p.actual.0, "status": p.status, "trigger": p.trigger.kind(),
                        "show": p.trigger.show(), "evidence": p.evidence,
                    })
                })
                .collect();
            json!({
                "name": name,
                "batch": {
                    "screen": batch.screen, "boot": batch.boot, "sequence": batch.sequence,
                    "previous": batch.previous, "sealed": batch.sealed.0, "items": items, "plays": plays,
                    "walls": batch.walls.iter().map(wall_in_words).collect::<Vec<_>>(), "machine": batch.machine,
                },
                "payload": hex::encode(payload), "signed": hex::encode(signed.signed()), "digest": signed.digest(),
            })
        })
        .collect()
}

fn wall_in_words(change: &WallChange) -> Value {
    let state = match change.state {
        WallState::On => "on",
        WallState::Off => "off",
        WallState::Unknown => "unknown",
    };
    let why = match change.why {
        WallReason::NotKnown => "not_known",
        WallReason::Hours => "hours",
        WallReason::Order => "order",
        WallReason::Fault => "fault",
    };
    json!({ "from": change.from.0, "state": state, "why": why })
}

pub fn word_cases() -> Vec<Value> {
    let receipt = Receipt { screen: screen(), sequence: 300, batch: Digest::of(b"batch"), received: UtcMillis(DAY) };
    let nonce = Digest::of(b"nonce");
    let time = SignedTime { nonce, now: UtcMillis(DAY + 1) };
    let mut broken = receipt.sign(&publisher());
    broken[60] ^= 1;
    let receipts = [
        ("good", receipt.sign(&publisher())),
        ("by another key", receipt.sign(&device())),
        ("a flipped bit", broken),
        ("a time in its place", time.sign(&publisher())),
        ("a payload that is no receipt", publisher().sign(Context::Receipt, vec![0xa0])),
    ];
    let times = [
        ("good", time.sign(&publisher()), nonce),
        ("to another question", time.sign(&publisher()), Digest::of(b"other")),
        ("by another key", time.sign(&device()), nonce),
        ("a receipt in its place", receipt.sign(&publisher()), nonce),
    ];
    let receipts = receipts.into_iter().map(|(name, signed)| {
        let says = Receipt::verify(&signed, &publisher().public())
            .ok()
            .map(|r| json!({ "screen": r.screen, "sequence": r.sequence, "batch": r.batch, "received": r.received.0 }));
        json!({ "word": "receipt", "name": name, "signed": hex::encode(signed), "says": says })
    });
    let times = times.into_iter().map(|(name, signed, nonce)| {
        let says = SignedTime::verify(&signed, &publisher().public(), nonce).ok().map(|at| at.0);
        json!({ "word": "time", "name": name, "signed": hex::encode(signed), "nonce": nonce, "says": says })
    });
    receipts.chain(times).chain(retirements()).collect()
}

/// For these alone a player forgets itself.
fn retirements() -> impl Iterator<Item = Value> {
    let key = device().public().fingerprint();
    let word = Retirement { screen: screen(), key, at: UtcMillis(DAY) };
    let receipt = Receipt { screen: screen(), sequence: 1, batch: key, received: UtcMillis(DAY) };
    let cases = [
        ("good", word.sign(&publisher()), key),
        ("about another device", word.sign(&publisher()), publisher().public().fingerprint()),
        ("by another key", word.sign(&device()), key),
        ("a receipt in its place", STANDARD.encode(receipt.sign(&publisher())), key),
        ("no base64", "retired!".to_owned(), key),
        ("nothing", String::new(), key),
    ];
    cases.into_iter().map(|(name, text, key)| {
        let says = Retirement::verify(&text, &publisher().public(), key).is_ok();
        json!({ "word": "retirement", "name": name, "signed": text, "key": key, "says": says })
    })
}

pub fn request_cases() -> Vec<Value> {
    let requests: [(&str, &str, &[u8]); 3] = [
        ("GET", "/player/v1/manifest?wait=25", b""),
        ("POST", "/player/v1/status", "{\"now\":1,\"last_error\":\"网络不通\"}".as_bytes()),
        ("POST", "/player/v1/play-batches", &[0, 255, 16]),
    ];
    let cases = requests.into_iter().enumerate().map(|(n, (method, path, body))| {
        let proof = RequestProof::make(&device(), method, path, UtcMillis(DAY + n as i64), body);
        let headers: serde_json::Map<_, _> =
            proof.headers().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        json!({ "method": method, "path": path, "time": proof.time.0, "body": hex::encode(body), "headers": headers })
    });
    cases.collect()
}
