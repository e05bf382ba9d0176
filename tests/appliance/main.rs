//! `make appliance-test`: a display PC in a box. A machine that has nothing but Debian and the player's package, emulated
//! down to its graphics card, enrols with a real server and shows the programme; then life happens to it. After each
//! blow, what its graphics card sends to the display is the programme, pixel by pixel, and in the end the log is whole.
//!
//! `PLUGS=` says how often the plug is pulled (20), `DISPLAYS=` how often the display's cable (3), `NIGHTS=` how many nights the
//! network is away (7).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod machine;

use std::{
    env,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use image::{
    RgbaImage,
    imageops::{FilterType, resize},
};
use machine::{DISPLAY, Machine, Rtc};
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::{CreativeId, ScreenId},
    playlist::Playlist,
    time::{UtcInterval, UtcMillis},
};
use xuanping_tests::{
    chance::Chance,
    clock,
    console::{Console, OWN_PASSWORD, Wish},
    databases::Database,
    device::Device,
    office::{Office, RIVERSIDE},
    pictures::{alike, decode, same},
    plays::{Life, PlayRecord, account},
    programs,
    samples::sample,
    verifier::Verifier,
    waiting::{LONG, until},
};

/// The emulated machine may take that long from the switch to its first picture.
const BOOT: Duration = Duration::from_mins(8);
/// Two machines' clocks that were set to whole seconds, and one that runs in an emulator.
const SKEW: i64 = 3_000;
const DAY: i64 = 86_400_000;

fn number(name: &str, usual: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn main() {
    let (plugs, nights) = (number("PLUGS", 20), number("NIGHTS", 7));
    let made = env::var_os("CARGO_TARGET_DIR").map_or_else(|| programs::repository().join("target"), PathBuf::from);
    let script = Command::new(programs::repository().join("scripts/appliance")).status().expect("the script starts");
    assert!(script.success(), "the machine's disk could not be made");
    let begun = Instant::now();
    let mut chance = Chance::seeded();

    let mut show = Show::prepare(made.join("appliance"));
    show.first_day();
    for number in 1..=plugs {
        show.plug(number, &mut chance);
    }
    show.unplugged_displays(number("DISPLAYS", 3), &mut chance);
    show.dead_clock(&mut chance);
    if nights > 0 {
        show.nights(u32::try_from(nights).expect("a few nights"), &mut chance);
    }
    show.reckoning();
    println!("everything held; {} minutes", begun.elapsed().as_secs() / 60);
}

/// The machine, its office, and everything that was seen of it.
struct Show {
    office: Office,
    machine: Machine,
    posters: Vec<RgbaImage>,
    device: Option<Device>,
    screen: Option<ScreenId>,
    /// By the machine's own clock.
    ahead: u32,
    seen: Option<UtcMillis>,
    begun: UtcMillis,
    lives: Vec<(Option<Digest>, Life)>,
    /// The lives that began with a clock of 1970.
    guessed: Vec<Life>,
    /// While the display was not plugged in.
    dark: Vec<UtcInterval>,
    boots: Vec<Duration>,
    album: PathBuf,
}

impl Show {
    fn prepare(made: PathBuf) -> Self {
        let office = Office::open(Database::Sqlite);
        office.operator.add_venue("溪滨彩票站", "lottery", RIVERSIDE, "publicity").expect("a venue");
        let wanted = ["admin", "issue-token", "--venue", "溪滨彩票站", "--name", "柜台上方", "--layout", "full"];
        let token = office.server.command(&wanted);
        // From inside the machine, the emulator's router leads to this machine's own loopback.
        let server = office.server.url().replace("127.0.0.1", "10.0.2.2");
        let settings = format!(
            "data = '/var/lib/xuanping'\nserver = '{server}'\noutput = 'auto'\nkind = 'lcd'\nallow_plain_http = true\n\
             token = '{}'\nseal_interval = '5s'\nretry_limit = '5s'\n",
            token.trim()
        );
        let album = made.join("album");
        let _ = std::fs::remove_dir_all(&album);
        std::fs::create_dir_all(&album).expect("a folder for pictures");
        let machine = Machine::new(&made, &settings);
        let (device, screen, seen) = (None, None, None);
        let (lives, guessed, dark, boots, posters) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (ahead, begun) = (0, UtcMillis(0));
        Self { office, machine, posters, device, screen, ahead, seen, begun, lives, guessed, dark, boots, album }
    }

    fn now(&self) -> UtcMillis {
        clock::now().plus(i64::from(self.ahead) * DAY)
    }

    fn switch_on(&mut self, rtc: Rtc, cable: bool) {
        self.begun = self.now();
        self.seen = None;
        self.machine.switch_on(rtc, cable);
    }

    /// Waits until the display shows one of the posters, pixel by pixel; keeps a picture of it.
    fn shows_the_programme(&mut self, occasion: &str) -> Duration {
        let (machine, posters) = (&mut self.machine, &self.posters);
        let picture = until(&format!("the programme on the display ({occasion})"), BOOT, || {
            let shown = machine.screen().ok_or("nothing is sent to the display")?;
            let closest = posters.iter().map(|poster| same(&shown, poster));
            match closest.min_by_key(|result| result.clone().err().map_or(0, |words| words.len())) {
                Some(Ok(())) => Ok(shown),
                other => Err(format!("{other:?}")),
            }
        });
        picture.save(self.album.join(format!("{occasion}.png"))).expect("the picture is kept");
        self.seen = Some(self.now());
        self.machine.uptime()
    }

    /// It plays on; nothing else than the programme is ever on the display.
    fn watch(&mut self, how_long: Duration) -> u32 {
        let until = Instant::now() + how_long;
        let mut looked = 0;
        while Instant::now() < until {
            let shown = self.machine.screen().expect("the display is fed");
            if !self.posters.iter().any(|poster| same(&shown, poster).is_ok()) {
                let path = self.album.join("wrong.png");
                shown.save(&path).expect("the picture is kept");
                panic!("something else than the programme was on the display: {}", path.display());
            }
            looked += 1;
            thread::sleep(Duration::from_millis(300));
        }
        looked
    }

    /// What it is to follow, as the server has it.
    fn programme(&self) -> Option<Digest> {
        self.device.as_ref().and_then(|device| device.manifest().ok()?.playlist)
    }

    /// Pulls the plug of a machine that followed this playlist; `None`: that cannot be said of all this life.
    fn pull_the_plug(&mut self, follows: Option<Digest>) {
        let shift = |at: UtcMillis| at.plus(i64::from(self.ahead) * DAY);
        let (alive, dead) = self.machine.pull_the_plug();
        self.machine.keep_words(&self.album.join(format!("life {:02}.log", self.lives.len() + 1)));
        let (alive, dead) = (shift(alive), shift(dead));
        self.lives.push((follows, Life { begun: self.begun, seen: self.seen, alive, dead }));
    }

    fn first_day(&mut self) {
        self.switch_on(Rtc::Ahead(0), true);
        let screen = until("the machine to enrol with its token", BOOT, || {
            let screens = self.office.operator.get("screens").map_err(|e| format!("{e:?}"))?;
            let id = screens["items"][0]["id"].as_str().ok_or("no screen yet")?;
            id.parse::<ScreenId>().map_err(|e| e.to_string())
        });
        let enrolled = self.machine.uptime();
        self.screen = Some(screen);
        let names = ["贷款", "退款", "冒充公检法"];
        let files = ["loan", "refund", "police"].map(|name| sample(&format!("posters/{name}-wide.png")));
        let office = &self.office;
        let posters: Vec<CreativeId> = names.iter().zip(files).map(|(n, f)| office.approved_poster(n, f)).collect();
        let (campaign, _) = office.campaign("日常", &posters, &Wish::default());
        office.publish(campaign).expect("the campaign is published");
        let size = DISPLAY;
        self.posters = posters.iter().map(|p| decode(&office.editor.rendition(*p, ZoneName::Main, size).1)).collect();
        self.shows_the_programme("first day");
        let seen = self.watch(Duration::from_secs(20));
        // What the console's live picture shows is what the display shows.
        let live = until("the live picture in the console to be one of the posters", LONG, || {
            let live = self.office.operator.wall(screen)?;
            let smaller = |poster: &RgbaImage| resize(poster, live.width(), live.height(), FilterType::Triangle);
            let found = self.posters.iter().any(|poster| alike(&live, &smaller(poster)).is_ok());
            if found { Ok(live) } else { Err("none of them".into()) }
        });
        live.save(self.album.join("live picture.png")).expect("the picture is kept");
        println!(
            "first day: enrolled {} s after the switch, programme on the display, {seen} looks",
            enrolled.as_secs()
        );
        // Its first playlists came one after the other, as the posters were made ready.
        self.pull_the_plug(None);
        self.device = Some(Device::new(&self.office.server.url(), self.machine.key()));
    }

    /// The plug is pulled at some moment: while it boots, just when it shows, or long after.
    fn plug(&mut self, number: u64, chance: &mut Chance) {
        self.switch_on(Rtc::Ahead(0), true);
        let usual = self.boots.last().map_or(30_000, |boot| boot.as_millis() as u64);
        if chance.between(0, 4) == 0 {
            let moment = Duration::from_millis(chance.between(0, usual * 5 / 4));
            thread::sleep(moment);
            println!("plug {number:2}: pulled {:5.1} s after the switch, whatever it was doing", moment.as_secs_f32());
        } else {
            let boot = self.shows_the_programme(&format!("plug {number:02}"));
            self.boots.push(boot);
            let moment = Duration::from_millis(chance.between(0, 20_000));
            let looks = self.watch(moment);
            println!(
                "plug {number:2}: right on the display {:5.1} s after the switch; pulled {:4.1} s later ({looks} looks)",
                boot.as_secs_f32(),
                moment.as_secs_f32()
            );
        }
        let follows = self.programme();
        self.pull_the_plug(follows);
    }

    /// Somebody pulls the display's cable, and puts it back: the programme is there again, and what nobody saw is not counted.
    fn unplugged_displays(&mut self, times: u64, chance: &mut Chance) {
        self.switch_on(Rtc::Ahead(0), true);
        self.shows_the_programme("display plugged in");
        for time in 1..=times {
            self.watch(Duration::from_millis(chance.between(1_000, 8_000)));
            let pulled = self.now();
            self.machine.display_cable(false);
            until("the display to be without a picture", LONG, || match self.machine.screen() {
                Some(shown) if self.posters.iter().any(|poster| same(&shown, poster).is_ok()) => {
                    Err("the programme".into())
                }
                _ => Ok::<_, String>(()),
            });
            // Longer than a poster stands.
            thread::sleep(Duration::from_millis(chance.between(8_000, 16_000)));
            let back = self.now();
            self.machine.display_cable(true);
            let begun = Instant::now();
            self.shows_the_programme(&format!("display plugged in again {time}"));
            self.dark.push(UtcInterval { start: pulled, end: back });
            println!(
                "display {time}: away for {:4.1} s, right again {:.1} s after it was back",
                back.since(pulled) as f32 / 1_000.0,
                begun.elapsed().as_secs_f32()
            );
        }
        self.watch(Duration::from_secs(5));
        self.pull_the_plug(None);
    }

    /// The battery of its clock is dead.
    fn dead_clock(&mut self, chance: &mut Chance) {
        self.switch_on(Rtc::Dead, true);
        let boot = self.shows_the_programme("clock of 1970");
        self.watch(Duration::from_millis(chance.between(10_000, 25_000)));
        println!("a clock of 1970: right on the display {:.1} s after the switch", boot.as_secs_f32());
        let follows = self.programme();
        self.pull_the_plug(follows);
        self.guessed.extend(self.lives.last().map(|(_, life)| *life));
    }

    /// The network is away for a week; power is cut every night.
    fn nights(&mut self, nights: u32, chance: &mut Chance) {
        let follows = self.programme();
        self.office.server.stop();
        for night in 1..=nights {
            self.ahead += 1;
            self.switch_on(Rtc::Ahead(self.ahead), false);
            let boot = self.shows_the_programme(&format!("night {night}"));
            let looks = self.watch(Duration::from_millis(chance.between(8_000, 20_000)));
            println!(
                "day {night} without network: right on the display {:5.1} s after the switch ({looks} looks)",
                boot.as_secs_f32()
            );
            if night < nights {
                self.pull_the_plug(follows);
            }
        }
        // The network comes back while it plays.
        self.office.server.restart_days_later(nights);
        self.sign_in_again();
        self.machine.cable(true);
        let screen = self.screen.expect("it is enrolled");
        until("everything of the week to be delivered", LONG, || {
            let screen = self.office.operator.screen(screen).map_err(|e| format!("{e:?}"))?;
            let left = &screen["status"]["unreported_plays"];
            if screen["state"] == "online" && left.as_u64().is_some_and(|left| left < 6) {
                Ok(())
            } else {
                Err(screen.to_string())
            }
        });
        println!("back after {nights} days: everything was delivered while it played on");
        // It has followed the old programme up to some moment, and then perhaps another one.
        self.pull_the_plug(None);
    }

    fn sign_in_again(&mut self) {
        let url = self.office.server.url();
        let sign_in = |name: &str| {
            let mut console = Console::nobody(&url);
            console.sign_in(name, OWN_PASSWORD).expect("the own password is known");
            console
        };
        self.office.operator = sign_in("operator");
        self.office.auditor = sign_in("auditor");
    }

    /// The log holds every play that was on the display, once, and nothing else.
    fn reckoning(&mut self) {
        // Whatever was still in the journal is delivered by the next life.
        self.switch_on(Rtc::Ahead(self.ahead), true);
        self.shows_the_programme("reckoning");
        let screen = self.screen.expect("it is enrolled");
        let last = self.lives.last().expect("it lived").1.dead;
        until("a play of this life in the log", LONG, || {
            let plays = self.office.auditor.plays(&format!("screen={screen}"));
            let newest = plays.iter().map(|play| play.started).max();
            if newest > Some(last) { Ok(()) } else { Err(format!("{newest:?}")) }
        });
        let device = Device::new(&self.office.server.url(), self.machine_key()).days_later(self.ahead);
        let publisher = device.publisher();
        self.device = Some(device);
        let plays = self.office.auditor.plays(&format!("screen={screen}"));
        self.judge(&plays);
        let findings = self.office.auditor.get("plays/findings").expect("the findings");
        // Out of step as long as it could only guess the time, and nothing else.
        let guessed = |finding: &&serde_json::Value| {
            let started = finding["details"]["started"].as_i64().map(UtcMillis);
            let within = |life: &Life| started.is_some_and(|at| life.begun <= at && at <= life.dead);
            finding["kind"] == "not_on_air" && self.guessed.iter().any(within)
        };
        // Told of what was on a wall without display: that is what the office is to know.
        let unseen = |finding: &&serde_json::Value| {
            let started = finding["details"]["started"].as_i64().map(UtcMillis);
            let near = |dark: &UtcInterval| started.is_some_and(|at| dark.start.plus(-10_000) <= at && at <= dark.end);
            finding["kind"] == "wall_off" && self.dark.iter().any(near)
        };
        let items = findings["items"].as_array().expect("a list").iter();
        let others: Vec<_> = items.filter(|finding| !guessed(finding) && !unseen(finding)).collect();
        assert!(others.is_empty(), "{others:?}");
        let bundle = self.office.auditor.file("plays/bundle").expect("a bundle");
        let said = Verifier::who_knows(publisher).verify(&bundle);
        assert_eq!(said.code, 0, "{}", said.words);
        println!("── xuanping-server verify ──\n{}", said.words);
        let mut boots = self.boots.clone();
        boots.sort();
        if let (Some(first), Some(middle), Some(slowest)) = (boots.first(), boots.get(boots.len() / 2), boots.last()) {
            println!(
                "from the switch to the right picture (emulated): {:.1} s at best, {:.1} s mostly, {:.1} s at worst",
                first.as_secs_f32(),
                middle.as_secs_f32(),
                slowest.as_secs_f32()
            );
        }
        println!("{} plays in the log, pictures of the display in {}", plays.len(), self.album.display());
    }

    fn machine_key(&self) -> xuanping_core::sign::SecretKey {
        let device = self.device.as_ref().expect("it is enrolled");
        xuanping_core::sign::SecretKey::from_seed(&device.key.seed())
    }

    /// Compares the records with what each playlist planned for the lives that followed it.
    fn judge(&self, plays: &[PlayRecord]) {
        let device = self.device.as_ref().expect("it is enrolled");
        let mut due = 0;
        for (follows, life) in &self.lives {
            let Some(digest) = follows else { continue };
            let playlist: Playlist = device.playlist(*digest);
            // Nothing that its clock may have been off by is held against it, either way.
            let judged = Life {
                begun: life.begun.plus(-SKEW),
                seen: life.seen.map(|seen| seen.plus(SKEW)),
                alive: life.alive.plus(-SKEW),
                dead: life.dead.plus(SKEW),
            };
            // Until the server has said what time it is, a machine without a clock is out of step with its programme. What
            // it shows then is in the log at the time when it was on the wall, and does not count.
            let guessed = |play: &PlayRecord| {
                !play.counted && self.guessed.iter().any(|l| l.begun <= play.started && play.started <= l.dead)
            };
            let within = |play: &&PlayRecord| judged.begun <= play.started && play.started <= judged.dead;
            let records: Vec<_> = plays.iter().filter(within).filter(|play| !guessed(play)).cloned().collect();
            let found = account(&playlist, ZoneName::Main, &[judged], &records);
            assert!(found.complaints.is_empty(), "{life:?}\n{}", found.complaints.join("\n"));
            due += found.due;
        }
        for dark in &self.dark {
            let within = |play: &&PlayRecord| {
                play.shown().start >= dark.start.plus(SKEW) && play.shown().end <= dark.end.plus(-SKEW)
            };
            let counted = plays.iter().filter(within).find(|play| play.counted);
            assert!(counted.is_none(), "nobody saw it, the display was not there: {counted:?}");
        }
        let mut places: Vec<_> = plays.iter().map(|play| (play.sequence, play.position)).collect();
        places.sort_unstable();
        let mut before = (0, 0);
        for place in places {
            let follows = place == (before.0, before.1 + 1) || (place.0 == before.0 + 1 && place.1 == 0);
            assert!(follows, "{place:?} follows {before:?} in the log");
            before = place;
        }
        let lives: Vec<_> = self.lives.iter().map(|(_, life)| (life.begun.plus(-SKEW), life.dead.plus(SKEW))).collect();
        for play in plays.iter().filter(|play| play.started < self.begun) {
            let lived = lives.iter().any(|(begun, dead)| *begun <= play.started && play.shown().end <= *dead);
            assert!(lived, "shown while the machine was off: {play:?}");
        }
        println!("the log is whole: {due} showings were due and are there once, in {} batches without a gap", before.0);
        assert!(due > 0, "nothing was due: nothing was tested");
    }
}
