//! What came with version 2 of playlist, manifest and batch: walls over the day, evidence pictures, instructions, events.

use serde_json::{Value, json};
use uuid::Uuid;
use xuanping_core::{
    campaign::EventTrigger,
    digest::Digest,
    geometry::ZoneName,
    id::{InstructionId, MachineBootId, ShowId},
    playlist::{
        DayLevel, Errand, EventItem, EvidenceOrders, Instruction, Lamps, Manifest, PLAYLIST_VERSION_WITH_EVENTS,
        Percent, Playlist, TakeoverLevel, Transition, WallSettings,
    },
    playlog::{Batch, ItemRef, Play, PlayStatus, Trigger, WallChange, WallReason, WallState},
    recurrence::{DayWindow, TimeOfDay},
    time::{Millis, UtcMillis},
    vocabulary::CreativeKind,
};

use super::{
    keys,
    programmes::{Asked, DAY, HOUR, all},
    signed::{device, manifest, manifests_with_takeovers, publisher, shown, takeover},
};

fn time(text: &str) -> TimeOfDay {
    text.parse().unwrap()
}

fn window(from: &str, to: &str) -> DayWindow {
    DayWindow { from: time(from), to: time(to) }
}

pub fn level(from: &str, percent: u8) -> DayLevel {
    DayLevel { from: time(from), percent: Percent::new(percent).unwrap() }
}

pub fn evidence(per_day: u8) -> EvidenceOrders {
    EvidenceOrders { nonce: Digest::of(b"nobody can foresee this"), per_day }
}

pub fn instruction(n: u128, what: Errand) -> Instruction {
    let id = InstructionId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0080 + n));
    Instruction { id, expires: UtcMillis(DAY + 9 * HOUR), what }
}

pub fn identify(seconds: u8) -> Errand {
    let mut line = Lamps::dark(20);
    for lamp in 0..16 {
        line.light(lamp, lamp);
    }
    Errand::Identify { seconds, code: "4711".into(), lines: vec![line, Lamps::dark(0)] }
}

/// The manifest with this wall.
pub fn with_wall(mut manifest: Manifest, wall: WallSettings, timezone: &str) -> Manifest {
    manifest.orders.wall = wall;
    manifest.orders.timezone = timezone.into();
    manifest.format = Manifest::format_of(&manifest.orders, &manifest.instructions);
    manifest
}

/// The manifest with all that there is.
pub fn with_everything(mut manifest: Manifest) -> Manifest {
    manifest.instructions =
        vec![instruction(0, identify(20)), instruction(1, Errand::Capture), instruction(2, Errand::Restart)];
    manifest.orders.evidence = Some(evidence(2));
    with_wall(manifest, evening(), "Asia/Shanghai")
}

/// Off at night and over noon, fainter and quieter in the evening, silent before eight.
fn evening() -> WallSettings {
    WallSettings {
        off: vec![window("22:00", "24:00"), window("00:00", "06:30"), window("12:00", "13:30")],
        brightness: vec![level("07:00", 100), level("19:00", 40)],
        volume: vec![level("08:01", 70), level("20:00", 0)],
        transition: Transition::Fade,
    }
}

/// Manifests whose walls are not always on, each with the instants from which on it is asked.
pub fn walls() -> Vec<(&'static str, Manifest, Vec<i64>)> {
    let poster = |n| shown(ZoneName::Main, n, CreativeKind::Poster, 7);
    let announced = vec![
        takeover(1, TakeoverLevel::Emergency, 16 * 3_600, 16 * 3_600 + 60, vec![poster(60)]),
        takeover(2, TakeoverLevel::Warning, 20, 80, vec![poster(61)]),
    ];
    let night = WallSettings { off: vec![window("01:30", "03:15")], ..WallSettings::default() };
    let slow = WallSettings { off: vec![window("23:50", "00:05")], transition: Transition::Slide, ..night.clone() };
    let at = |hours: &[i64]| hours.iter().map(|h| DAY + h * HOUR).collect::<Vec<_>>();
    let on = |year: i32, month, day| {
        let midnight = chrono::NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap();
        midnight.and_utc().timestamp_millis()
    };
    vec![
        ("evening", with_wall(manifest(11, Vec::new()), evening(), "Asia/Shanghai"), at(&[-1, 6, 8, 12, 19, 22])),
        ("emergency", with_wall(manifest(12, announced), evening(), "Asia/Shanghai"), at(&[7, 23, 24])),
        ("over midnight", with_wall(manifest(13, Vec::new()), slow, "Asia/Shanghai"), at(&[23, 24])),
        (
            "clocks change",
            with_wall(manifest(14, Vec::new()), night.clone(), "America/New_York"),
            vec![on(2025, 3, 9), on(2025, 11, 2) + 4 * HOUR],
        ),
        (
            "half an hour",
            with_wall(manifest(15, Vec::new()), night, "Australia/Lord_Howe"),
            vec![on(2025, 4, 5) + 12 * HOUR, on(2025, 10, 4) + 12 * HOUR],
        ),
    ]
}

/// A county in which something is booked before every show, the days beyond the horizon included.
pub fn cinema() -> Asked {
    let mut asked = all().swap_remove(0);
    let playlist = &mut asked.playlist;
    playlist.version = PLAYLIST_VERSION_WITH_EVENTS;
    let event = |item, from: i64, to: i64| EventItem {
        trigger: EventTrigger::PreShow,
        item,
        start: UtcMillis(DAY + from * HOUR),
        end: UtcMillis(DAY + to * HOUR),
    };
    for (number, day) in (0..).zip(&mut playlist.zones[0].days) {
        let from = number * 24 + 18;
        // Reaching past midnight; the last one of what ends.
        day.events = vec![event(0, from, from + 8), event(1, from, from + 2), event(4, from, from + 2)];
    }
    // Twice the same at once.
    let again = playlist.zones[0].days[0].events[0];
    playlist.zones[0].days[0].events.push(again);
    asked.name = "cinema";
    asked.instants = [-1, 17, 18, 20, 25, 26, 42, 7 * 24 + 19, 8 * 24 + 1, 9 * 24 + 19, 15 * 24 + 19, 400 * 24 + 25]
        .map(|hours| DAY + hours * HOUR)
        .to_vec();
    asked
}

/// Manifests of version 2, most of which nobody could mean.
pub fn manifests() -> Vec<(&'static str, Vec<u8>)> {
    let good = with_everything(manifests_with_takeovers().pop().unwrap().1);
    let changed = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        manifest.sign(&publisher())
    };
    let told = |what: Errand| changed(&|m| m.instructions = vec![instruction(7, what.clone())]);
    let permitted = |permit| Errand::ChangeKey { permit };
    let identifying = |change: &dyn Fn(&mut u8, &mut String, &mut Vec<Lamps>)| {
        let mut what = identify(5);
        if let Errand::Identify { seconds, code, lines } = &mut what {
            change(seconds, code, lines);
        }
        told(what)
    };
    let cases = [
        ("everything of version 2", good.sign(&publisher())),
        ("a wall alone", changed(&|m| (m.instructions, m.orders.evidence) = (Vec::new(), None))),
        ("pictures alone", changed(&|m| (m.instructions, m.orders.wall) = (Vec::new(), WallSettings::default()))),
        ("instructions alone", changed(&|m| (m.orders.wall, m.orders.evidence) = (WallSettings::default(), None))),
        ("eight instructions", changed(&|m| m.instructions = vec![m.instructions[1].clone(); 8])),
        ("nine instructions", changed(&|m| m.instructions = vec![m.instructions[1].clone(); 9])),
        ("version 1 with what came with version 2", changed(&|m| m.format = 1)),
        ("version 2 with nothing of it", { Manifest { format: 2, ..manifest(3, Vec::new()) }.sign(&publisher()) }),
        ("no pictures a day", changed(&|m| m.orders.evidence = Some(evidence(0)))),
        ("twenty-four pictures a day", changed(&|m| m.orders.evidence = Some(evidence(24)))),
        ("twenty-five pictures a day", changed(&|m| m.orders.evidence = Some(evidence(25)))),
        ("off for ever", changed(&|m| m.orders.wall.off = vec![DayWindow::ALL_DAY])),
        ("off for no time", changed(&|m| m.orders.wall.off[0].to = m.orders.wall.off[0].from)),
        ("off twice at once", changed(&|m| m.orders.wall.off.push(m.orders.wall.off[0]))),
        ("levels backwards", changed(&|m| m.orders.wall.volume.reverse())),
        ("a level at 24:00", changed(&|m| m.orders.wall.volume = vec![level("24:00", 1)])),
        ("a permit to change the key", told(permitted(keys::permit(&device()).1))),
        ("a permit of which only its reader can tell what it is", told(permitted(vec![0]))),
        ("a permit of 512 bytes", told(permitted(vec![0; 512]))),
        ("a permit of 513 bytes", told(permitted(vec![0; 513]))),
        ("a permit of nothing", told(permitted(Vec::new()))),
        ("identify for no time", identifying(&|seconds, _, _| *seconds = 0)),
        ("identify for too long", identifying(&|seconds, _, _| *seconds = 121)),
        ("identify without a code", identifying(&|_, code, _| code.clear())),
        ("identify with letters", identifying(&|_, code, _| code.push('x'))),
        ("identify with five lines", identifying(&|_, _, lines| *lines = vec![Lamps::dark(1); 5])),
        ("identify with half a line", identifying(&|_, _, lines| lines[0].bits.truncate(5))),
        ("identify with a line too wide", identifying(&|_, _, lines| lines[0] = Lamps::dark(2_049))),
    ];
    cases.into()
}

/// At which moments of which days a screen takes pictures of itself.
pub fn moment_cases(playlist: &Playlist) -> Vec<Value> {
    let mut cases = Vec::new();
    for (name, manifest, _) in walls() {
        for (per_day, date) in [(1, "2025-06-02"), (3, "2025-06-03"), (24, "2025-06-08"), (2, "2025-07-01")] {
            let orders = evidence(per_day);
            let day: chrono::NaiveDate = date.parse().unwrap();
            let tz = manifest.orders.tz();
            let moments = orders.moments_on(manifest.screen, day, tz, playlist, &manifest.orders.wall);
            let moments: Vec<i64> = moments.iter().map(|at| at.0).collect();
            let days = day.signed_duration_since(chrono::NaiveDate::default()).num_days();
            cases.push(json!({
                "manifest": name, "nonce": orders.nonce, "perDay": per_day, "date": days, "moments": moments,
            }));
        }
    }
    cases
}

/// Batches with all that version 2 can say.
pub fn batches(first: &Batch) -> Vec<(&'static str, Batch)> {
    let play = |item, zone, start: i64, trigger| Play {
        item,
        zone,
        start: UtcMillis(DAY + 8 * HOUR + start),
        monotonic: 60_000 + start as u64,
        planned: Millis(10_000),
        actual: Millis(10_000),
        status: PlayStatus::Success,
        trigger,
        evidence: Vec::new(),
    };
    let show = ShowId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0070));
    let triggers = [Trigger::Event(show), Trigger::Fixed, Trigger::Local, Trigger::Takeover, Trigger::Loop];
    let wall = |from: i64, state, why| WallChange { from: UtcMillis(DAY + 8 * HOUR + from), state, why };
    let walls = vec![
        wall(-5, WallState::On, WallReason::NotKnown),
        wall(10_000, WallState::Off, WallReason::Fault),
        wall(20_000, WallState::On, WallReason::Fault),
        wall(30_000, WallState::Off, WallReason::Hours),
        wall(40_000, WallState::Unknown, WallReason::Order),
    ];
    let mut every: Vec<Play> =
        (0..).zip(triggers).map(|(n, trigger)| play(n % 3, ZoneName::Main, i64::from(n) * 10_009, trigger)).collect();
    every.push(play(1, ZoneName::Audio, 12_345, Trigger::Event(show)));
    every[1].evidence = vec![Digest::of(b"one"), Digest::of(b"two")];
    every[5].evidence = vec![Digest::of(b"three")];
    let machine = MachineBootId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0051));
    // A loop of five, in which now and then something else comes first, is late, is cut, or has another length.
    let mut clock = 0;
    let hour = (0..360_i64).map(|n| {
        let mut one = play((n * 7 % 5) as u32, ZoneName::Main, clock, Trigger::Loop);
        let odd = n % 37;
        match odd {
            5 => (one.actual, one.status) = (Millis(3_000), PlayStatus::Interrupted),
            11 => one.item = 4,
            17 => (one.planned, one.actual) = (Millis(15_000), Millis(15_499)),
            23 => (one.actual, one.status) = (Millis(0), PlayStatus::ContentFailure),
            _ => one.actual = Millis(10_000 + (n % 3) as u32 * 4),
        }
        // A clock that was set back by a minute, once.
        clock += i64::from(one.planned.0) + n % 4 - if n == 200 { 60_000 } else { 0 };
        one.monotonic = 4_294_900_000 + n as u64 * 10_001;
        one
    });
    let many: Vec<ItemRef> =
        (0..5).map(|n| ItemRef { asset: Digest::of(&[n, 9]), ..first.items[usize::from(n) % 2] }).collect();
    vec![
        (
            "every trigger, wall state and picture",
            Batch { plays: every, walls, machine: Some(machine), ..first.clone() },
        ),
        (
            "an hour of a loop with everything that goes wrong",
            Batch { items: many, plays: hour.collect(), ..first.clone() },
        ),
    ]
}
