//! A wall with everything that was seen of it, and the reckoning: every completed play is in the log once, nothing else is.

use std::{
    thread,
    time::{Duration, Instant},
};

use image::RgbaImage;
use xuanping_core::{
    geometry::ZoneName,
    id::{CreativeId, ScreenId},
    playlist::Playlist,
    playlog::Play,
    time::UtcMillis,
};

use crate::{
    chance::Chance,
    clock,
    console::Wish,
    office::Office,
    pictures::{decode, same},
    player::{Player, SMALL},
    plays::{Account, Life, PlayRecord, account},
    samples::sample,
    verifier::Verifier,
    waiting::{LONG, PATIENCE, until},
};

/// A player with everything that was seen of it.
pub struct Witnessed {
    /// The player.
    pub player: Player,
    /// Its screen.
    pub screen: ScreenId,
    /// What it is to show.
    pub playlist: Option<Playlist>,
    /// The lives that were ended.
    pub lives: Vec<Life>,
    /// What its journal held whenever it was dead.
    pub journalled: Vec<Play>,
}

/// A campaign on every wall of an office: three posters of three seconds and a clip of two.
pub struct Show {
    /// The posters' pixels on a small wall.
    pub pixels: Vec<RgbaImage>,
    /// The clip.
    pub clip: CreativeId,
}

impl Show {
    /// Makes it, publishes it, and waits until it is on all these walls, which are all there are.
    pub fn on(office: &Office, walls: &mut [Witnessed]) -> Self {
        let names = ["贷款", "退款", "冒充公检法"];
        let files = ["loan", "refund", "police"].map(|name| sample(&format!("posters/{name}-wide.png")));
        let film = office.editor.upload("two-seconds.webm", sample("broken/vp9.webm")).expect("a film is taken");
        let clip = office.approved(office.editor.make_clip("两秒", &film).expect("a clip"));
        let posters: Vec<_> = names.iter().zip(files).map(|(n, f)| office.approved_poster(n, f)).collect();
        let pixels: Vec<RgbaImage> =
            posters.iter().map(|p| decode(&office.editor.rendition(*p, ZoneName::Main, SMALL.size).1)).collect();
        office.editor.rendition(clip, ZoneName::Main, SMALL.size);
        let everything: Vec<CreativeId> = posters.iter().copied().chain([clip]).collect();
        let (campaign, _) = office.campaign("日常", &everything, &Wish::default());
        assert_eq!(office.publish(campaign).expect("it is published"), walls.len() as u64);
        let show = Self { pixels, clip };
        for wall in walls {
            wall.player.shows("its programme", |picture| show.has(picture));
            wall.playlist = Some(programme(&wall.player));
        }
        show
    }

    /// Whether a picture is one of the posters.
    pub fn has(&self, picture: &RgbaImage) -> Result<(), String> {
        let shown = self.pixels.iter().any(|wanted| same(picture, wanted).is_ok());
        if shown { Ok(()) } else { Err("none of the posters".into()) }
    }

    /// Waits until a wall has shown two of the posters from now on.
    #[track_caller]
    pub fn goes_on(&self, player: &Player, when: &str) {
        for poster in &self.pixels[..2] {
            player.forget_picture();
            player.shows(when, |wall| same(wall, poster));
        }
    }
}

fn programme(player: &Player) -> Playlist {
    let device = player.device();
    let manifest = until("a manifest", PATIENCE, || device.manifest().map_err(|refusal| refusal.body.to_string()));
    device.playlist(manifest.playlist.expect("it has a programme"))
}

impl Witnessed {
    /// A small wall in a bank hall by the river, paired.
    pub fn paired(office: &Office, player: Player, name: &str) -> Self {
        let screen = office.pair_in_bank(&player, name, "full");
        Self { player, screen, playlist: None, lives: Vec::new(), journalled: Vec::new() }
    }

    /// So many lives, each ended by SIGKILL at any moment: in the middle of starting, of a play, of changing over.
    pub fn live_through(&mut self, kills: usize, luck: &mut Chance, show: &Show) {
        // The programme is on the wall when the night begins.
        let mut seen = Some(clock::now());
        for _ in 0..kills {
            // Short lives end while starting, long ones hold whole plays of three seconds.
            let longest = if luck.between(0, 10) < 4 { 1_500 } else { 12_000 };
            let end = Instant::now() + Duration::from_millis(luck.between(0, longest));
            while let Some(left) = end.checked_duration_since(Instant::now()) {
                if seen.is_none() && self.player.picture().is_some_and(|wall| show.has(&wall).is_ok()) {
                    seen = Some(clock::now());
                }
                thread::sleep(left.min(Duration::from_millis(50)));
            }
            self.dies(seen);
            self.player.forget_picture();
            self.player.restart();
            seen = None;
        }
    }

    /// Whether the log has whatever was in the journal when the power failed.
    pub fn is_told(&self, log: &[PlayRecord]) -> Result<(), String> {
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
    pub fn sequences_are_whole(&self, plays: &[PlayRecord]) {
        let mut places: Vec<_> = plays.iter().map(|play| (play.sequence, play.position)).collect();
        places.sort_unstable();
        let mut before = (0, 0);
        for place in places {
            let follows = place == (before.0, before.1 + 1) || (place.0 == before.0 + 1 && place.1 == 0);
            assert!(follows, "{:?} follows {before:?} in the log of {}", place, self.screen);
            before = place;
        }
    }

    /// Ends a life, which was seen since `seen`, and reads what its journal holds.
    pub fn dies(&mut self, seen: Option<UtcMillis>) {
        self.lives.push(self.player.kill(seen));
        self.journalled.extend(self.player.journalled());
    }

    /// Waits until the log has whatever was journalled, then compares it with what should have been on air while the player
    /// lived: each completed play is there once, and nothing else is.
    #[track_caller]
    pub fn reckoning(&self, office: &Office) -> (Account, Vec<PlayRecord>) {
        let filter = format!("screen={}", self.screen);
        until("everything the player was seen to do in the log", LONG, || self.is_told(&office.auditor.plays(&filter)));
        let mut plays = office.auditor.plays(&filter);
        self.sequences_are_whole(&plays);
        let last = self.lives.last().expect("it lived").dead;
        plays.retain(|play| play.started < last);
        let playlist = self.playlist.as_ref().expect("it had a programme");
        let found = account(playlist, ZoneName::Main, &self.lives, &plays);
        assert!(found.complaints.is_empty(), "{}", found.complaints.join("\n"));
        println!(
            "{}: {} due, {} completed, {} interrupted",
            self.screen, found.due, found.completed, found.interrupted
        );
        (found, plays)
    }
}

/// Nothing was found that a person should look into, and the whole log is proven to a stranger.
#[track_caller]
pub fn nothing_is_wrong(office: &Office, player: &Player) {
    let findings = office.auditor.get("plays/findings").expect("the findings");
    assert!(findings["items"].as_array().expect("a list").is_empty(), "{findings}");
    let bundle = office.auditor.file("plays/bundle").expect("a bundle");
    let said = Verifier::who_knows(player.device().publisher()).verify(&bundle);
    assert_eq!(said.code, 0, "{}", said.words);
}
