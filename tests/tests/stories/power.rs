//! The power fails at any moment, of players and of the server, again and again: every completed play is in the log once.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use image::RgbaImage;
use xuanping_core::{
    geometry::ZoneName,
    id::{CreativeId, ScreenId},
    playlist::Playlist,
    playlog::Play,
};
use xuanping_tests::{
    chance::Chance,
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    pictures::{decode, same},
    player::{Player, SMALL},
    plays::{Life, PlayRecord, account},
    samples::sample,
    verifier::Verifier,
    waiting::{LONG, PATIENCE, until},
};

on_both_databases!(every_completed_play_is_in_the_log_exactly_once_whoever_is_killed);

/// Kills of players, altogether, and of the server.
const PLAYER_KILLS: usize = 51;
const SERVER_KILLS: usize = 20;
const PLAYERS: usize = 3;

/// A player with everything that was seen of it.
struct Witnessed {
    player: Player,
    screen: ScreenId,
    lives: Vec<Life>,
    /// What its journal held when it was dead.
    journalled: Vec<Play>,
}

fn every_completed_play_is_in_the_log_exactly_once_whoever_is_killed(database: Database) {
    let mut chance = Chance::seeded();
    let mut office = Office::open(database);
    let url = office.server.url();
    let names = ["贷款", "退款", "冒充公检法"];
    let files = ["loan", "refund", "police"].map(|name| sample(&format!("posters/{name}-wide.png")));
    let film = office.editor.upload("two-seconds.webm", sample("broken/vp9.webm")).unwrap();
    let clip = office.approved(office.editor.make_clip("两秒", &film).unwrap());
    let posters: Vec<CreativeId> = names.iter().zip(files).map(|(n, f)| office.approved_poster(n, f)).collect();
    let mut walls: Vec<_> = (0..PLAYERS)
        .map(|number| {
            let player = Player::start(&url, SMALL);
            let screen = office.pair_in_bank(&player, &format!("{number}号"), "full");
            Witnessed { player, screen, lives: Vec::new(), journalled: Vec::new() }
        })
        .collect();
    let pixels: Vec<RgbaImage> =
        posters.iter().map(|p| decode(&office.editor.rendition(*p, ZoneName::Main, SMALL.size).1)).collect();
    office.editor.rendition(clip, ZoneName::Main, SMALL.size);
    let everything: Vec<CreativeId> = posters.iter().copied().chain([clip]).collect();
    let (campaign, _) = office.campaign("日常", &everything, &Wish::default());
    assert_eq!(office.publish(campaign).unwrap(), PLAYERS as u64);
    for wall in &walls {
        wall.player.shows("its programme", |picture| is_one_of(picture, &pixels));
    }
    let playlists: Vec<Playlist> = walls.iter().map(|wall| programme(&wall.player)).collect();

    // The bad night.
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut luck = chance.fork();
        let (server, over_now) = (&mut office.server, &over);
        let night: Vec<_> = walls
            .iter_mut()
            .map(|wall| {
                let (mut luck, pixels) = (chance.fork(), &pixels);
                scope.spawn(move || wall.live_through(PLAYER_KILLS / PLAYERS, &mut luck, pixels))
            })
            .collect();
        let killer = scope.spawn(move || {
            let mut kills = 0;
            while kills < SERVER_KILLS || !over_now.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(luck.between(0, 4_000)));
                server.kill();
                thread::sleep(Duration::from_millis(luck.between(0, 800)));
                server.restart();
                kills += 1;
            }
            kills
        });
        for wall in night {
            wall.join().expect("a player's night");
        }
        over.store(true, Ordering::Relaxed);
        assert!(killer.join().expect("the server's night") >= SERVER_KILLS);
    });

    // The morning: everything is told, once, and nothing else.
    let (mut due, mut clips) = (0, 0);
    for (wall, playlist) in walls.iter().zip(&playlists) {
        let filter = format!("screen={}", wall.screen);
        until("everything the player was seen to do in the log", LONG, || wall.is_told(&office.auditor.plays(&filter)));
        let mut plays = office.auditor.plays(&filter);
        let last = wall.lives.last().expect("it lived").dead;
        plays.retain(|play| play.started < last);
        let found = account(playlist, ZoneName::Main, &wall.lives, &plays);
        assert!(found.complaints.is_empty(), "{}", found.complaints.join("\n"));
        println!(
            "{}: {} due, {} completed, {} interrupted",
            wall.screen, found.due, found.completed, found.interrupted
        );
        due += found.due;
        clips += plays.iter().filter(|play| play.creative == clip && play.completed()).count();
        wall.sequences_are_whole(&plays);
    }
    assert!(due > PLAYERS && clips > 0, "too little was on the walls to tell anything: {due} due, {clips} clips whole");
    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
    let bundle = office.auditor.file("plays/bundle").unwrap();
    let said = Verifier::who_knows(walls[0].player.device().publisher()).verify(&bundle);
    assert_eq!(said.code, 0, "{}", said.words);
}

fn programme(player: &Player) -> Playlist {
    let device = player.device();
    let manifest = until("a manifest", PATIENCE, || device.manifest().map_err(|refusal| refusal.body.to_string()));
    device.playlist(manifest.playlist.expect("it has a programme"))
}

fn is_one_of(picture: &RgbaImage, pixels: &[RgbaImage]) -> Result<(), String> {
    let shown = pixels.iter().any(|wanted| same(picture, wanted).is_ok());
    if shown { Ok(()) } else { Err("none of the posters".into()) }
}

impl Witnessed {
    /// So many lives, each ended by SIGKILL at any moment: in the middle of starting, of a play, of changing over.
    fn live_through(&mut self, kills: usize, luck: &mut Chance, pixels: &[RgbaImage]) {
        // The programme is on the wall when the night begins.
        let mut seen = Some(clock::now());
        for _ in 0..kills {
            // Short lives end while starting, long ones hold whole plays of three seconds.
            let longest = if luck.between(0, 10) < 4 { 1_500 } else { 12_000 };
            let end = Instant::now() + Duration::from_millis(luck.between(0, longest));
            while let Some(left) = end.checked_duration_since(Instant::now()) {
                if seen.is_none() && self.player.picture().is_some_and(|wall| is_one_of(&wall, pixels).is_ok()) {
                    seen = Some(clock::now());
                }
                thread::sleep(left.min(Duration::from_millis(50)));
            }
            self.lives.push(self.player.kill(seen));
            self.journalled.extend(self.player.journalled());
            self.player.forget_picture();
            self.player.restart();
            seen = None;
        }
    }

    /// Whether the log has whatever was in the journal when the power failed.
    fn is_told(&self, log: &[PlayRecord]) -> Result<(), String> {
        for play in &self.journalled {
            let same = |record: &&PlayRecord| {
                (record.zone, record.started, record.planned, record.actual, record.status)
                    == (play.zone, play.start, play.planned, play.actual, play.status)
            };
            match log.iter().filter(same).count() {
                1 => {}
                0 => return Err(format!("{play:?} is not in the log")),
                times => panic!("{play:?} is in the log {times} times"),
            }
        }
        Ok(())
    }

    /// Batches are numbered without gaps and hold each position once.
    fn sequences_are_whole(&self, plays: &[PlayRecord]) {
        let mut places: Vec<_> = plays.iter().map(|play| (play.sequence, play.position)).collect();
        places.sort_unstable();
        let mut before = (0, 0);
        for place in places {
            let follows = place == (before.0, before.1 + 1) || (place.0 == before.0 + 1 && place.1 == 0);
            assert!(follows, "{:?} follows {before:?} in the log of {}", place, self.screen);
            before = place;
        }
    }
}
