//! 更换密钥 of a wall that is a browser: whatever is lost, reloaded or killed in between, every play is in the log once, and an auditor
//! verifies one chain over all its keys.

use std::path::Path;

use image::RgbaImage;
use serde_json::{Value, json};
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::ScreenId,
    playlist::Playlist,
    playlog::{Batch, SignedBatch},
    sign::{PublicKey, claimed_signer},
};
use xuanping_tests::{
    between::{Between, Line},
    chance::Chance,
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    pictures::{decode, same},
    plays::{Life, account},
    samples::sample,
    verifier::{Verifier, frames},
    waiting::{LONG, PATIENCE, until},
    webplayer::WebPlayer,
};

use crate::{
    browser::Person,
    evidence::{instruct, newest},
    web::{SIZE, pair_at},
};

/// How often the page is reloaded or its machine killed while the key is changed with nothing else in the way.
const BLOWS: usize = 6;

/// A browser that plays, with everything that was seen of it.
struct Wall {
    browser: WebPlayer,
    address: String,
    screen: ScreenId,
    posters: Vec<RgbaImage>,
    life: Life,
    lives: Vec<Life>,
    /// What its storage held when it was looked at: batches by their names.
    sealed: Vec<Digest>,
}

impl Wall {
    /// Shows two posters by turns, over this line.
    fn playing(office: &Office, line: &Between) -> Self {
        let mut browser = WebPlayer::start(SIZE);
        let begun = clock::now();
        let screen = pair_at(office, &mut browser, &line.url());
        let posters = [("贷款", "loan"), ("退款", "refund")];
        let posters =
            posters.map(|(title, file)| office.approved_poster(title, sample(&format!("posters/{file}-wide.png"))));
        // Before it is published: so there is one playlist, and no other before it.
        let pixels = posters.map(|poster| decode(&office.editor.rendition(poster, ZoneName::Main, SIZE).1)).to_vec();
        let (campaign, _) = office.campaign("日常", &posters, &Wish::default());
        office.publish(campaign).unwrap();
        let life = Life { begun, seen: None, alive: begun, dead: begun };
        let address = format!("{}/web/?report=1", line.url());
        let mut wall = Self { browser, address, screen, posters: pixels, life, lives: Vec::new(), sealed: Vec::new() };
        wall.is_seen("its programme");
        until("the office to know that it can change its key", PATIENCE, || {
            let seen = office.operator.screen(screen).map_err(|e| format!("{e:?}"))?;
            if seen["status"]["abilities"]["keys"] == true { Ok(()) } else { Err(seen["status"].to_string()) }
        });
        wall
    }

    fn is_seen(&mut self, what: &str) {
        let Self { browser, posters, .. } = self;
        browser.shows(what, |page| {
            let shown = posters.iter().any(|poster| same(page, poster).is_ok());
            if shown { Ok(()) } else { Err("none of the posters".into()) }
        });
        self.life.seen.get_or_insert_with(clock::now);
    }

    /// Its keys as the page keeps them, and what it has not delivered.
    fn kept(&mut self) -> Kept {
        let kept: Kept = serde_json::from_value(self.browser.does("keyring", json!({}))).expect("what was asked for");
        assert!(!kept.leaks, "a key can be taken out of the browser");
        assert_eq!(kept.refused, 0, "something that the server will never take");
        self.sealed.extend(kept.batches.iter().map(|signed| Digest::of(signed)));
        kept
    }

    fn keeps<T>(&mut self, what: &str, look: impl Fn(&Kept) -> Option<T>) -> T {
        until(what, LONG, || {
            let kept = self.kept();
            look(&kept).ok_or_else(|| kept.to_string())
        })
    }

    /// The page is loaded anew, or its machine loses power.
    fn begins_anew(&mut self, killed: bool) {
        // What the page was about to write is nobody's to count on.
        self.life.alive = clock::now().plus(-1_500);
        let begun = clock::now();
        if killed {
            self.browser.does("kill", json!({}));
            self.life.dead = clock::now();
            self.browser.does("start", json!({}));
            self.browser.does("open", json!({ "address": self.address }));
        } else {
            self.browser.does("reload", json!({}));
            self.life.dead = clock::now();
        }
        let begun = if killed { self.life.dead } else { begun };
        let next = Life { begun, seen: None, alive: begun, dead: begun };
        self.lives.push(std::mem::replace(&mut self.life, next));
    }
}

/// What the page keeps.
#[derive(serde::Deserialize)]
struct Kept {
    /// Fingerprint of the key that signs its requests.
    asking: Digest,
    /// Of the one that is to take its place.
    next: Option<Digest>,
    /// How many changes it has made.
    changes: usize,
    leaks: bool,
    /// Batches without a receipt, as they are signed.
    batches: Vec<Vec<u8>>,
    refused: usize,
}

impl Kept {
    /// Whether a batch by this key waits to be delivered.
    fn waits_by(&self, key: Digest) -> bool {
        self.batches.iter().any(|signed| claimed_signer(signed) == Some(key))
    }
}

impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { asking, next, changes, batches, .. } = self;
        write!(f, "asks by {asking}, next {next:?}, {changes} changes, {} batches wait", batches.len())
    }
}

/// The key that the server knows.
fn known(office: &Office, screen: ScreenId) -> Digest {
    let seen = office.operator.screen(screen).expect("the operator may look");
    serde_json::from_value(seen["fingerprint"].clone()).expect("a fingerprint")
}

fn is_changed(office: &Office, wall: &mut Wall, told: &Value) -> Digest {
    until("the office to hear that the key is changed", LONG, || {
        let newest = newest(office, wall.screen, "change_key");
        let done = newest["state"] == "done" && newest["id"] == told["id"];
        if done { Ok(()) } else { Err(format!("{newest} {}", wall.kept())) }
    });
    let key = wall.keeps("the new key alone", |kept| kept.next.is_none().then_some(kept.asking));
    assert_eq!(known(office, wall.screen), key);
    assert!(office.operator.screen(wall.screen).unwrap()["key_changed_at"].is_i64());
    key
}

/// Waits until the log has a play that began after now.
fn goes_on(office: &Office, wall: &Wall, what: &str) {
    let now = clock::now();
    until(what, LONG, || {
        let plays = office.auditor.plays(&format!("screen={}", wall.screen));
        if plays.iter().any(|play| play.started > now) { Ok(()) } else { Err(format!("{} plays", plays.len())) }
    });
}

#[test]
fn a_browser_changes_its_key_whatever_is_lost_in_between_and_the_whole_chain_is_proven() {
    let mut chance = Chance::seeded();
    let mut office = Office::open(Database::Sqlite);
    let line = Between::before(&office.server.url());
    let mut wall = Wall::playing(&office, &line);
    let first = wall.kept().asking;
    assert_eq!(known(&office, wall.screen), first);
    goes_on(&office, &wall, "plays under the first key in the log");

    // The server is away when it is to hear of the new key, and hears of no plays either.
    line.is(Line::Without(&["keys", "play-batches"]));
    let is_lost = |more: usize| {
        let least = line.told() + more;
        until("requests to be lost", PATIENCE, || {
            if line.told() >= least { Ok(()) } else { Err(line.told().to_string()) }
        });
    };
    // A batch that was on its way already is none that waits.
    is_lost(1);
    wall.keeps("plays that the first key has sealed", |kept| kept.waits_by(first).then_some(()));
    let told = instruct(&office, wall.screen, "change_key");
    let second = wall.keeps("a second key", |kept| kept.next);
    let asking =
        wall.keeps("plays that the second key has sealed", |kept| kept.waits_by(second).then_some(kept.asking));
    assert_eq!(asking, first);
    is_lost(3);
    wall.begins_anew(false);
    office.server.kill();
    wall.begins_anew(true);
    wall.is_seen("its programme without the server");
    let kept = wall.kept();
    assert_eq!((kept.asking, kept.next, kept.changes), (first, Some(second), 1), "neither key is lost");
    assert!(kept.waits_by(first) && kept.waits_by(second), "{kept}");
    office.server.restart();
    assert_eq!(known(&office, wall.screen), first);
    // Now it hears of the key, and later of what the first one had sealed before.
    line.is(Line::Without(&["play-batches"]));
    assert_eq!(is_changed(&office, &mut wall, &told), second);
    let kept = wall.kept();
    assert!(kept.waits_by(first) && kept.waits_by(second), "{kept}");
    line.is(Line::Good);
    wall.keeps("everything to be delivered", |kept| (!kept.waits_by(first)).then_some(()));

    // The server hears of a third key, and the page does not hear that it has.
    line.is(Line::Unheard(&["keys"]));
    let told = instruct(&office, wall.screen, "change_key");
    let third = wall.keeps("a third key", |kept| kept.next);
    until("the server to know it", PATIENCE, || {
        let known = known(&office, wall.screen);
        if known == third { Ok(()) } else { Err(known.to_string()) }
    });
    wall.begins_anew(false);
    wall.is_seen("its programme under a key that opens nothing any more");
    let kept = wall.kept();
    assert_eq!((kept.asking, kept.next), (second, Some(third)));
    office.server.kill();
    office.server.restart();
    wall.begins_anew(true);
    line.is(Line::Good);
    assert_eq!(is_changed(&office, &mut wall, &told), third);
    goes_on(&office, &wall, "plays under the third key in the log");

    // And a fourth, whose making, telling and hearing are cut off wherever it happens to be.
    let told = instruct(&office, wall.screen, "change_key");
    for blow in 0..BLOWS {
        std::thread::sleep(std::time::Duration::from_millis(chance.between(0, 1_500)));
        wall.begins_anew(blow % 3 == 2);
    }
    let fourth = is_changed(&office, &mut wall, &told);
    wall.is_seen("its programme under the fourth key");
    assert_eq!(wall.kept().changes, 3);
    goes_on(&office, &wall, "plays under the fourth key in the log");

    is_whole(&office, &mut wall, &[first, second, third, fourth]);
}

#[test]
fn an_office_has_a_browser_change_its_key_by_clicking() {
    let office = Office::open(Database::Sqlite);
    let line = Between::before(&office.server.url());
    let mut wall = Wall::playing(&office, &line);
    let first = wall.kept().asking;
    let operator = Person { office: &office, name: "operator", folder: Path::new(env!("CARGO_TARGET_TMPDIR")) };
    operator.does("changeKey", json!({ "screen": "自助机" }));
    let second = wall.keeps("the new key alone", |kept| kept.next.is_none().then_some(kept.asking));
    assert_ne!(second, first);
    assert_eq!(known(&office, wall.screen), second);
    goes_on(&office, &wall, "plays under the second key in the log");
}

/// Every play of the wall is in the log once and nothing else is, under the keys in their order; nobody finds anything wrong.
fn is_whole(office: &Office, wall: &mut Wall, keys: &[Digest]) {
    std::thread::sleep(std::time::Duration::from_secs(12));
    wall.begins_anew(false);
    // From then on plays may be the next page's.
    let last = wall.life.begun;
    let filter = format!("screen={}", wall.screen);
    until("everything of before in the log", LONG, || {
        let plays = office.auditor.plays(&filter);
        if plays.iter().any(|play| play.started > last) { Ok(()) } else { Err(format!("{} plays", plays.len())) }
    });
    let bundle = office.auditor.file(&format!("plays/bundle?screen={}", wall.screen)).unwrap();
    assert!(bundle.starts_with(b"xuanping-bundle/4\n"));
    let publisher: PublicKey = wall.browser.does("identity", json!({}))["publisher"].as_str().unwrap().parse().unwrap();
    let said = Verifier::who_knows(publisher).verify(&bundle);
    assert_eq!(said.code, 0, "{}", said.words);
    assert!(said.words.contains("更换密钥"), "{}", said.words);

    let exported = Exported::read(&bundle);
    assert!((1..).zip(&exported.batches).all(|(number, (batch, ..))| batch.sequence == number), "in order");
    let mut signers: Vec<Digest> = exported.batches.iter().map(|(.., signer)| *signer).collect();
    signers.dedup();
    assert_eq!(signers, keys, "each key after the one before, and none again");
    for name in &wall.sealed {
        let times = exported.batches.iter().filter(|(_, digest, _)| digest == name).count();
        assert_eq!(times, 1, "a batch that the page had sealed");
    }

    let mut plays = office.auditor.plays(&filter);
    assert!(plays.iter().all(|play| play.counted || !play.completed()));
    plays.retain(|play| play.started < last);
    let playlist: Digest = until("the playlist that it follows", PATIENCE, || {
        let seen = office.operator.screen(wall.screen).map_err(|e| format!("{e:?}"))?;
        serde_json::from_value(seen["status"]["playlist"].clone()).map_err(|e| format!("{e}: {seen}"))
    });
    let playlist = exported.playlists.iter().find(|bytes| Digest::of(bytes) == playlist).expect("the bundle has it");
    let playlist = Playlist::from_bytes(playlist).expect("a playlist");
    let found = account(&playlist, ZoneName::Main, &wall.lives, &plays);
    assert!(found.complaints.is_empty(), "{}", found.complaints.join("\n"));
    assert!(found.due >= 5, "too little was on the wall to tell anything: {found:?}");
    println!("{} due, {} completed, {} interrupted", found.due, found.completed, found.interrupted);

    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
    let recount = office.server.command(&["admin", "recount"]);
    assert!(recount.contains("全部一致"), "{recount}");
}

/// What of a bundle is looked at here.
struct Exported {
    /// Each with its name and the key that says it signed it.
    batches: Vec<(Batch, Digest, Digest)>,
    playlists: Vec<Vec<u8>>,
}

impl Exported {
    /// After our own verifier found nothing wrong with it.
    fn read(bundle: &[u8]) -> Self {
        let frames = frames(bundle);
        let of_kind = |wanted| frames.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, body)| *body);
        let batches = of_kind(2)
            .map(|body| (SignedBatch::said_by(body).unwrap(), Digest::of(body), claimed_signer(body).unwrap()));
        Self { batches: batches.collect(), playlists: of_kind(5).map(<[u8]>::to_vec).collect() }
    }
}
