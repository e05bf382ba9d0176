//! What the browser's player must agree with, byte for byte and instant for instant: questions and this core's answers, as
//! JSON files that both this suite and the player's own (Node, and a real browser) are run against. `layout.json` is for the
//! console's form.
//! `XUANPING_BLESS=1` writes them anew; they only change when a format or a rule does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod vectors {
    pub mod format2;
    pub mod keys;
    pub mod layouts;
    pub mod programmes;
    pub mod signed;
}

use std::{fs, path::Path};

use serde_json::{Value, json};
use vectors::{
    format2, keys, layouts,
    programmes::{self, Asked},
    signed,
};
use xuanping_core::{
    campaign::EventTrigger,
    geometry::ZoneName,
    playlist::{Item, OnAir, OnWall, Playlist, Show, Source, TrustedManifest, on_screen, on_wall},
    time::UtcMillis,
};

/// Compares with the committed file of that name: `head`, and one case a line.
fn committed(name: &str, head: Value, cases: &[Value]) {
    assert!(!cases.is_empty());
    let head = head.as_object().unwrap().iter().map(|(key, value)| format!("\"{key}\": {value},\n"));
    let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
    let text = format!("{{\n{}\"cases\": [\n{}\n]\n}}\n", head.collect::<String>(), lines.join(",\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name).with_extension("json");
    if std::env::var_os("XUANPING_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{}: no longer what the core answers; XUANPING_BLESS=1 writes it anew", path.display());
}

fn zone_code(zone: ZoneName) -> &'static str {
    match zone {
        ZoneName::Main => "main",
        ZoneName::Ticker => "ticker",
        ZoneName::Audio => "audio",
    }
}

fn item_in_words(item: &Item) -> Value {
    let show = match item.show {
        Show::Picture { size } => json!({ "is": "picture", "size": size }),
        Show::Strip { size, pixels_per_second } => {
            json!({ "is": "strip", "size": size, "pixelsPerSecond": pixels_per_second })
        }
        Show::Clip { size } => json!({ "is": "clip", "size": size }),
        Show::Sound => json!({ "is": "sound" }),
    };
    json!({
        "booking": item.booking, "creative": item.creative, "asset": item.asset, "bytes": item.bytes, "show": show,
        "duration": item.duration.0, "kind": item.kind, "ends": item.ends.map(|e| e.0),
    })
}

fn on_air_in_words(answer: OnAir) -> Value {
    match answer {
        OnAir::Play { item, start, end, daypart, looped, slot } => json!({
            "is": "play", "item": item, "start": start.0, "end": end.0,
            "daypart": [daypart.start.0, daypart.end.0], "looped": looped, "slot": slot,
        }),
        OnAir::Hold { item, until } => json!({ "is": "hold", "item": item, "until": until.0 }),
        OnAir::Nothing { until } => json!({ "is": "nothing", "until": until.map(|u| u.0) }),
    }
}

fn on_wall_in_words(answer: &OnWall<'_>) -> Value {
    match answer {
        OnWall::Play { item, source, start, end, until } => json!({
            "is": "play", "item": item_in_words(item), "start": start.0, "end": end.0, "until": until.0,
            "takeover": match source { Source::Playlist => None, Source::Takeover(id) => Some(id) },
        }),
        OnWall::Hold { item, until } => json!({ "is": "hold", "item": item_in_words(item), "until": until.0 }),
        OnWall::Nothing { black, until } => json!({ "is": "nothing", "black": black, "until": until.map(|u| u.0) }),
    }
}

#[test]
fn what_is_on_air_at_an_instant() {
    let mut head = serde_json::Map::new();
    let mut cases = Vec::new();
    for Asked { name, playlist, instants } in programmes::all() {
        assert_eq!(Playlist::from_bytes(&playlist.to_bytes()).as_ref(), Ok(&playlist), "{name}");
        head.insert(name.into(), json!(hex::encode(playlist.to_bytes())));
        for zone in [ZoneName::Main, ZoneName::Ticker, ZoneName::Audio] {
            let mut asked: Vec<i64> = Vec::new();
            for from in &instants {
                // Each change of the answer, its last and its first instant.
                let mut at = UtcMillis(*from);
                for _ in 0..12 {
                    asked.push(at.0);
                    let Some(until) = playlist.on_air(zone, at).until() else { break };
                    assert!(until > at, "{name} {zone:?} at {at:?}");
                    asked.push(until.0 - 1);
                    at = until;
                }
            }
            asked.sort_unstable();
            asked.dedup();
            for at in asked {
                let answer = on_air_in_words(playlist.on_air(zone, UtcMillis(at)));
                cases.push(json!({ "playlist": name, "zone": zone_code(zone), "at": at, "answer": answer }));
            }
        }
    }
    let text = json!(cases).to_string();
    for is in ["play", "hold", "nothing"] {
        assert!(text.contains(&format!("\"is\":\"{is}\"")));
    }
    committed("on_air", json!({ "playlists": head }), &cases);
}

#[test]
fn what_is_on_the_wall_at_an_instant() {
    let manifests = signed::manifests_with_takeovers();
    let all = programmes::all();
    let mut cases = Vec::new();
    let mut head = serde_json::Map::new();
    for (name, manifest) in &manifests {
        let bytes = manifest.sign(&signed::publisher());
        assert!(TrustedManifest::accept(bytes.clone(), &signed::publisher().public(), signed::screen(), None).is_ok());
        head.insert((*name).into(), json!(hex::encode(bytes)));
        for playlist in [None, all.iter().find(|a| a.name == "county")] {
            for zone in [ZoneName::Main, ZoneName::Ticker, ZoneName::Audio] {
                let mut at = UtcMillis(programmes::DAY + 8 * programmes::HOUR - 30_000);
                for _ in 0..45 {
                    let answer = on_wall(playlist.map(|a| &a.playlist), &manifest.takeovers, zone, at);
                    cases.push(json!({
                        "manifest": name, "playlist": playlist.map(|a| a.name), "zone": zone_code(zone), "at": at.0,
                        "answer": on_wall_in_words(&answer),
                    }));
                    let (OnWall::Play { until, .. }
                    | OnWall::Hold { until, .. }
                    | OnWall::Nothing { until: Some(until), .. }) = answer
                    else {
                        break;
                    };
                    assert!(until > at);
                    at = until;
                }
            }
        }
    }
    let county = hex::encode(all.iter().find(|a| a.name == "county").unwrap().playlist.to_bytes());
    let publisher = signed::publisher().public().to_string();
    let head = json!({ "manifests": head, "playlists": { "county": county }, "publisher": publisher,
                       "screen": signed::screen() });
    committed("on_wall", head, &cases);
}

/// Manifests as they are signed, with what must be known to check them.
fn signed_manifests<'a>(
    manifests: impl IntoIterator<Item = (&'a str, &'a xuanping_core::playlist::Manifest)>,
) -> Value {
    let key = signed::publisher();
    let signed: serde_json::Map<_, _> = manifests
        .into_iter()
        .map(|(name, manifest)| {
            let bytes = manifest.sign(&key);
            TrustedManifest::accept(bytes.clone(), &key.public(), signed::screen(), None).expect(name);
            (name.to_owned(), json!(hex::encode(bytes)))
        })
        .collect();
    let county = hex::encode(programmes::all()[0].playlist.to_bytes());
    json!({ "manifests": signed, "playlists": { "county": county }, "publisher": key.public().to_string(),
            "screen": signed::screen() })
}

#[test]
fn what_a_screen_shows_whose_wall_is_off_at_times() {
    let walls = format2::walls();
    let county = programmes::all().swap_remove(0).playlist;
    let mut cases = Vec::new();
    for (name, manifest, instants) in &walls {
        let (orders, takeovers) = (&manifest.orders, &manifest.takeovers);
        for zone in [ZoneName::Main, ZoneName::Audio] {
            let mut asked = Vec::new();
            for from in instants {
                let mut at = UtcMillis(*from);
                for _ in 0..12 {
                    asked.push(at.0);
                    let answer = on_screen(orders, Some(&county), takeovers, zone, at);
                    let (OnWall::Play { until, .. }
                    | OnWall::Hold { until, .. }
                    | OnWall::Nothing { until: Some(until), .. }) = answer
                    else {
                        break;
                    };
                    assert!(until > at, "{name} {zone:?} at {at:?}");
                    asked.push(until.0 - 1);
                    at = until;
                }
            }
            asked.sort_unstable();
            asked.dedup();
            for at in asked {
                let answer = on_screen(orders, Some(&county), takeovers, zone, UtcMillis(at));
                let (at, tz) = (UtcMillis(at), orders.tz());
                cases.push(json!({
                    "manifest": name, "playlist": "county", "zone": zone_code(zone), "at": at.0,
                    "answer": on_wall_in_words(&answer), "brightness": orders.wall.brightness_at(at, tz),
                    "volume": orders.wall.volume_at(at, tz), "next": orders.wall.next_level(at, tz).map(|n| n.0),
                }));
            }
        }
    }
    let black = |case: &&Value| case["answer"]["black"] == true;
    assert!(cases.iter().filter(black).count() > 20 && cases.iter().any(|case| case["answer"]["is"] == "play"));
    committed("on_screen", signed_manifests(walls.iter().map(|(name, manifest, _)| (*name, manifest))), &cases);
}

#[test]
fn what_an_event_asks_for() {
    let cinema = format2::cinema();
    assert_eq!(Playlist::from_bytes(&cinema.playlist.to_bytes()).as_ref(), Ok(&cinema.playlist));
    let mut cases = Vec::new();
    for zone in [ZoneName::Main, ZoneName::Ticker] {
        for at in cinema.instants.iter().flat_map(|at| [at - 1, *at, at + 1]) {
            let items = cinema.playlist.on_event(zone, EventTrigger::PreShow, UtcMillis(at));
            let items: Vec<_> = items.into_iter().map(item_in_words).collect();
            cases.push(json!({ "zone": zone_code(zone), "at": at, "items": items }));
        }
    }
    let most = cases.iter().filter_map(|case| case["items"].as_array()).map(Vec::len).max();
    assert_eq!(most, Some(3));
    committed("on_event", json!({ "playlist": hex::encode(cinema.playlist.to_bytes()) }), &cases);
}

#[test]
fn what_stands_in_for_a_file_that_is_not_there() {
    let Asked { playlist, instants, .. } = programmes::all().swap_remove(0);
    let mut cases = Vec::new();
    for at in instants.iter().flat_map(|at| (0..6).map(move |n| at + n * 17_000)) {
        for lost in [&[][..], &[0], &[2], &[0, 4], &[0, 2, 4]] {
            let usable = |item: &Item| !lost.iter().any(|n: &usize| playlist.items[*n].asset == item.asset);
            for zone in [ZoneName::Main, ZoneName::Ticker] {
                let stands_in = playlist.stand_in(zone, UtcMillis(at), usable).map(|item| item.asset);
                cases.push(json!({ "zone": zone_code(zone), "at": at, "lost": lost, "asset": stands_in }));
            }
        }
    }
    let different: std::collections::HashSet<_> = cases.iter().map(|case| case["asset"].to_string()).collect();
    assert!(different.len() > 2, "{different:?}");
    committed("stand_in", json!({ "playlist": hex::encode(playlist.to_bytes()) }), &cases);
}

#[test]
fn at_which_moments_a_screen_takes_a_picture_of_itself() {
    let county = programmes::all().swap_remove(0).playlist;
    let cases = format2::moment_cases(&county);
    let walls = format2::walls();
    assert!(cases.iter().any(|case| case["moments"].as_array().is_some_and(|moments| moments.len() > 2)));
    committed("evidence", signed_manifests(walls.iter().map(|(name, manifest, _)| (*name, manifest))), &cases);
}

#[test]
fn which_playlists_are_read_and_which_refused() {
    let cases: Vec<Value> = programmes::good_and_bad()
        .into_iter()
        .map(|(name, bytes)| {
            let read = Playlist::from_bytes(&bytes);
            let digest = read.as_ref().ok().map(|_| xuanping_core::digest::Digest::of(&bytes).to_string());
            let items = read.as_ref().ok().map(|p| p.items.iter().map(item_in_words).collect::<Vec<_>>());
            json!({ "name": name, "bytes": hex::encode(&bytes), "digest": digest, "items": items })
        })
        .collect();
    assert!(cases.iter().filter(|c| c["digest"].is_null()).count() >= 20, "most are bad");
    committed("playlist", json!({}), &cases);
}

#[test]
fn which_manifests_are_followed_and_which_refused() {
    committed("manifest", json!({ "publisher": signed::publisher().public().to_string() }), &signed::manifest_cases());
}

#[test]
fn the_bytes_of_batches_and_their_chain() {
    let head = json!({ "seed": hex::encode(signed::device().seed()), "key": signed::device().public().to_string() });
    committed("batch", head, &signed::batch_cases());
}

#[test]
fn receipts_and_times_that_are_believed() {
    committed("word", json!({ "publisher": signed::publisher().public().to_string() }), &signed::word_cases());
}

#[test]
fn how_a_device_signs_a_request() {
    let head = json!({ "seed": hex::encode(signed::device().seed()), "key": signed::device().public().to_string() });
    committed("request", head, &signed::request_cases());
}

#[test]
fn how_one_key_of_a_screen_gives_way_to_another() {
    let seeds = keys::seeds();
    let cases = [keys::permit_cases(), keys::change_cases(), keys::refused_changes(), keys::receipt_cases()].concat();
    committed("keys", json!({ "publisher": signed::publisher().public().to_string(), "seeds": seeds }), &cases);
}

#[test]
fn how_a_screen_may_be_divided() {
    committed("layout", json!({}), &layouts::cases());
}
