//! Playlists to ask about: days on which clocks change, loops that do not fit, and days past the horizon.

use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use uuid::Uuid;
use xuanping_core::{
    campaign::EventTrigger,
    digest::Digest,
    geometry::{Size, ZoneName},
    id::{BookingId, CreativeId},
    playlist::{
        Day, Daypart, EventItem, Item, Loop, PLAYLIST_VERSION, PLAYLIST_VERSION_WITH_EVENTS, Playlist, Show, Slot,
        ZoneProgramme,
    },
    recurrence::local_start,
    time::{Millis, UtcMillis},
    vocabulary::CreativeKind,
};

/// 2025-06-02 00:00 in Shanghai, a Monday.
pub const DAY: i64 = 1_748_793_600_000;
pub const HOUR: i64 = 3_600_000;

/// A playlist and the instants from which on its answers are asked.
pub struct Asked {
    pub name: &'static str,
    pub playlist: Playlist,
    pub instants: Vec<i64>,
}

pub fn item(n: u128, kind: CreativeKind, secs: u32) -> Item {
    let size = Size { width: 1920, height: 960 };
    let show = match kind {
        CreativeKind::Poster => Show::Picture { size },
        CreativeKind::Slogan => Show::Strip { size: Size { width: 2400, height: 120 }, pixels_per_second: 120 },
        CreativeKind::Clip => Show::Clip { size },
        CreativeKind::Audio => Show::Sound,
    };
    Item {
        booking: BookingId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0020 + n / 2)),
        creative: CreativeId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0030 + n)),
        asset: Digest::of(&n.to_be_bytes()),
        bytes: 100_000 + n as u64,
        show,
        duration: Millis::from_secs(secs),
        kind,
        ends: None,
    }
}

fn slot(item: u32, secs: u32) -> Slot {
    Slot { item, duration: Millis::from_secs(secs) }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Days from `first` on, each with the same dayparts, written in local time: from, to, loop.
fn days(first: &str, count: u64, parts: &[(&str, &str, u32)], tz: Tz) -> Vec<Day> {
    let at = |date: NaiveDate, time: &str| {
        let midnight: NaiveDateTime = date.and_hms_opt(0, 0, 0).unwrap();
        let (hours, minutes) = time.split_once(':').unwrap();
        let later = chrono::TimeDelta::minutes(hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap());
        local_start(midnight + later, tz)
    };
    (0..count)
        .map(|n| date(first) + chrono::Days::new(n))
        .map(|date| {
            let dayparts = parts.iter().map(|(from, to, looped)| (at(date, from), at(date, to), *looped));
            let dayparts = dayparts.filter(|(start, end, _)| start < end);
            let dayparts = dayparts.map(|(start, end, looped)| Daypart { start, end, looped }).collect();
            Day { date, dayparts, events: Vec::new() }
        })
        .collect()
}

/// Items and loops for every purpose: a loop of still and clip, one of clips alone, one of strips, one of sound, and one
/// with things that end.
fn parts_of(timezone: &str, ends: UtcMillis) -> Playlist {
    let mut ending = item(4, CreativeKind::Poster, 20);
    ending.ends = Some(ends);
    let mut clip_that_ends = item(5, CreativeKind::Clip, 33);
    clip_that_ends.ends = Some(ends.plus(HOUR));
    Playlist {
        version: PLAYLIST_VERSION,
        timezone: timezone.into(),
        items: vec![
            item(0, CreativeKind::Poster, 25),
            item(1, CreativeKind::Clip, 15),
            item(2, CreativeKind::Slogan, 36),
            item(3, CreativeKind::Audio, 40),
            ending,
            clip_that_ends,
        ],
        loops: vec![
            Loop { slots: vec![slot(0, 25), slot(1, 17)], hold: Some(0) },
            Loop { slots: vec![slot(1, 15), slot(5, 33)], hold: None },
            Loop { slots: vec![slot(2, 36)], hold: Some(2) },
            Loop { slots: vec![slot(3, 40)], hold: None },
            Loop { slots: vec![slot(4, 20), slot(0, 25), slot(5, 33)], hold: Some(4) },
        ],
        zones: Vec::new(),
    }
}

fn county() -> Asked {
    let tz = chrono_tz::Asia::Shanghai;
    let mut playlist = parts_of("Asia/Shanghai", UtcMillis(DAY + 9 * 24 * HOUR));
    let mut main = days("2025-06-02", 5, &[("08:00", "08:02", 0), ("08:02", "08:04", 1), ("09:00", "09:03", 4)], tz);
    // The weekend is another.
    main.extend(days("2025-06-07", 2, &[("10:00", "10:01", 4), ("23:59", "24:00", 0)], tz));
    main.extend(days("2025-06-09", 1, &[], tz));
    playlist.zones = vec![
        ZoneProgramme { zone: ZoneName::Main, days: main },
        ZoneProgramme { zone: ZoneName::Ticker, days: days("2025-06-02", 8, &[("08:00", "08:05", 2)], tz) },
        // Two days only: the last one stands in for those it does not have.
        ZoneProgramme { zone: ZoneName::Audio, days: days("2025-06-02", 2, &[("08:01", "08:03", 3)], tz) },
    ];
    let instants = [-30, 0, 8, 32, 5 * 24 + 9, 6 * 24 + 23, 7 * 24, 8 * 24, 9 * 24 + 8, 10 * 24, 20 * 24, 400 * 24];
    Asked { name: "county", playlist, instants: instants.map(|h| DAY + h * HOUR).to_vec() }
}

/// Past its horizon a zone's clocks are put forward and back: at night, where dayparts lie across the change.
fn clocks_change(name: &'static str, timezone: &str, first: &str, around: &[&str]) -> Asked {
    let tz: Tz = timezone.parse().unwrap();
    let mut playlist = parts_of(timezone, UtcMillis(4_000_000_000_000));
    let parts = [("00:00", "00:01", 0), ("01:45", "02:20", 4), ("02:30", "03:10", 0), ("23:30", "24:00", 1)];
    playlist.zones = vec![ZoneProgramme { zone: ZoneName::Main, days: days(first, 7, &parts, tz) }];
    let instants = around
        .iter()
        .flat_map(|at| {
            let night = local_start(date(at).and_hms_opt(0, 0, 0).unwrap(), tz).0;
            [
                night - 40 * 60_000,
                night + 100 * 60_000,
                night + 145 * 60_000,
                night + 190 * 60_000,
                night + 250 * 60_000,
            ]
        })
        .collect();
    Asked { name, playlist, instants }
}

pub fn all() -> Vec<Asked> {
    vec![
        county(),
        clocks_change("new-york", "America/New_York", "2025-02-24", &["2025-03-09", "2025-11-02"]),
        clocks_change("lord-howe", "Australia/Lord_Howe", "2025-03-20", &["2025-04-06", "2025-10-05"]),
        clocks_change("apia", "Pacific/Apia", "2011-12-20", &["2011-12-29", "2011-12-31"]),
    ]
}

/// Named bytes, most of which are not a playlist.
pub fn good_and_bad() -> Vec<(&'static str, Vec<u8>)> {
    let good = county().playlist;
    let changed = |change: &dyn Fn(&mut Playlist)| {
        let mut playlist = good.clone();
        change(&mut playlist);
        playlist.to_bytes()
    };
    let bytes = good.to_bytes();
    let event =
        EventItem { trigger: EventTrigger::PreShow, item: 0, start: UtcMillis(DAY), end: UtcMillis(DAY + HOUR) };
    let with_event = |event: EventItem, version: u32| {
        changed(&|p| {
            p.version = version;
            p.zones[0].days[0].events.push(event);
        })
    };
    vec![
        ("good", bytes.clone()),
        ("with an event", with_event(event, PLAYLIST_VERSION_WITH_EVENTS)),
        ("no zones", changed(&|p| p.zones.clear())),
        ("empty", Vec::new()),
        ("cut short", bytes[..bytes.len() - 1].to_vec()),
        ("cut in the middle", bytes[..bytes.len() / 2].to_vec()),
        ("a byte too many", [&bytes[..], &[0]].concat()),
        ("an event under version 1", with_event(event, PLAYLIST_VERSION)),
        ("version 2 without events", changed(&|p| p.version = 2)),
        ("an event that names no item", with_event(EventItem { item: 9, ..event }, 2)),
        ("an event that ends before it starts", with_event(EventItem { end: event.start, ..event }, 2)),
        ("a version to come", changed(&|p| p.version = 99)),
        ("no such time zone", changed(&|p| p.timezone = "Asia/Atlantis".into())),
        ("an item that lasts no time", changed(&|p| p.items[0].duration = Millis(0))),
        ("an empty loop", changed(&|p| p.loops[0].slots.clear())),
        ("a slot that names no item", changed(&|p| p.loops[0].slots[0].item = 6)),
        ("a slot shorter than its item", changed(&|p| p.loops[0].slots[0].duration = Millis(24_999))),
        ("a loop of 50 days", changed(&|p| p.loops[0].slots.iter_mut().for_each(|s| s.duration = Millis(u32::MAX)))),
        ("a hold that names no item", changed(&|p| p.loops[0].hold = Some(6))),
        ("a hold that is a clip", changed(&|p| p.loops[0].hold = Some(1))),
        ("a zone twice", changed(&|p| p.zones[1].zone = ZoneName::Main)),
        ("days with a gap", changed(&|p| drop(p.zones[0].days.remove(2)))),
        ("days backwards", changed(&|p| p.zones[2].days.reverse())),
        (
            "a daypart that ends before it starts",
            changed(&|p| {
                let part = &mut p.zones[0].days[0].dayparts[0];
                part.end = part.start;
            }),
        ),
        ("a daypart that names no loop", changed(&|p| p.zones[0].days[0].dayparts[0].looped = 5)),
        ("dayparts that overlap", changed(&|p| p.zones[0].days[0].dayparts[0].end = UtcMillis(DAY + 9 * HOUR))),
        ("an array where the map should be", vec![0x80]),
        ("a map that says it has four thousand million entries", vec![0xba, 0xff, 0xff, 0xff, 0xff]),
        ("a text where the version should be", vec![0xa1, 0x00, 0x61, 0x31]),
        ("a map without anything", vec![0xa0]),
        ("arrays within arrays", vec![0x81; 4000]),
    ]
}
