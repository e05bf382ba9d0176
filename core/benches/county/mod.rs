//! A made-up prefecture for measuring: so many screens in 2,000 areas, and 200 campaigns that reach them in all the ways
//! there are. Nothing is drawn: the same sizes give the same screens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use uuid::Uuid;
use xuanping_core::{
    campaign::{AreaCode, Booking, CreativeFacts, FixedTimes, Guarantee, Mode, Quota, ScreenFacts, Selector, Weight},
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{BookingId, CampaignId, CreativeId, ScreenId, VenueId},
    planner::{Look, Site},
    playlist::{Programme, ProgrammeBooking, ProgrammeItem, Show},
    recurrence::{DayWindow, Recurrence, Rule, Schedule, Weekdays},
    time::{DateRange, Millis},
    vocabulary::{CreativeKind, FraudType, ScreenKind, VenueType},
};

pub const AREAS: u32 = 2_000;
pub const CAMPAIGNS: u32 = 200;
const DEPARTMENTS: [&str; 12] = [
    "finance",
    "transport",
    "health",
    "education",
    "commerce",
    "culture",
    "telecom",
    "civil",
    "police",
    "housing",
    "rural",
    "office",
];
const TAGS: [&str; 6] = ["重点", "老年人多", "学生多", "临街", "夜间", "新装"];

/// Small numbers that look like chance and are always the same.
pub fn mix(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn pick<T: Copy>(from: &[T], n: u64) -> T {
    from[(mix(n) % from.len() as u64) as usize]
}

/// The horizon of every plan here.
pub fn horizon() -> DateRange {
    DateRange::starting(NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day"), 8)
}

/// The `n`-th village: 10 counties of 10 townships of 20 villages.
fn village(n: u32) -> AreaCode {
    code(n / 200, n / 20 % 10 + 1, n % 20 + 1)
}

fn code(county: u32, township: u32, village: u32) -> AreaCode {
    format!("3301{:02}{:03}{village:03}", county + 1, township * 100 % 1000 + township).parse().expect("a code")
}

pub fn screen_id(n: u32) -> ScreenId {
    ScreenId::new(Uuid::from_u128(1 << 100 | u128::from(n)))
}

/// The `n`-th screen: its venue's type decides most of what it is.
pub fn site(n: u32) -> Site {
    let venue = n / 2;
    let venue_type = pick(VenueType::ALL, u64::from(venue) * 7 + 1);
    let sort = venue_type as u32;
    let (kind, size, layout) = match (sort + n % 2) % 6 {
        0 => (ScreenKind::Lcd, Size { width: 1920, height: 1080 }, Layout::MainAndTicker),
        1 => (ScreenKind::Lcd, Size { width: 1920, height: 1080 }, Layout::Full),
        2 => (ScreenKind::Lcd, Size { width: 1080, height: 1920 }, Layout::Full),
        3 => (ScreenKind::LedStrip, Size { width: 320, height: 16 }, Layout::Full),
        4 => (ScreenKind::LedWall, Size { width: 960, height: 540 }, Layout::Full),
        _ => (ScreenKind::Speaker, Size { width: 1, height: 1 }, Layout::AudioOnly),
    };
    let sound = if sort.is_multiple_of(4) { Sound::On } else { Sound::Off };
    let tag = mix(u64::from(n) + 77) % 20;
    Site {
        facts: ScreenFacts {
            screen: screen_id(n),
            venue: VenueId::new(Uuid::from_u128(u128::from(venue) + 1)),
            venue_type,
            area: village((mix(u64::from(venue)) % u64::from(AREAS)) as u32),
            department: Some(DEPARTMENTS[sort as usize % DEPARTMENTS.len()].into()),
            kind,
            zones: layout.zones(size, sound),
            clips: kind != ScreenKind::LedStrip,
            tags: TAGS.get(tag as usize * 8).map(|tag| (*tag).to_owned()).into_iter().collect(),
        },
        timezone: "Asia/Shanghai".into(),
        opening: ["00:00-24:00", "08:00-20:00", "07:00-22:00"][sort as usize % 3].parse().expect("opening hours"),
        missed: BTreeMap::new(),
    }
}

/// The `n`-th campaign's booking.
pub fn booking(n: u32, screens: u32) -> Booking {
    let seed = u64::from(n) * 1_000;
    let types = |count: u64| (0..count).map(|i| pick(VenueType::ALL, seed + i)).collect::<Vec<_>>();
    let townships = |count: u64| {
        let one = |i: u64| code((mix(seed + i) % 10) as u32, (mix(seed + i + 50) % 10) as u32 + 1, 0);
        (0..count).map(one).collect::<Vec<_>>()
    };
    let counties = || vec![code((mix(seed) % 10) as u32, 0, 0)];
    let mut selector = Selector::default();
    match n % 20 {
        // A tenth is for everybody, the rest for some.
        0 | 10 => {}
        1..=9 => selector.venue_types = types(1 + seed / 1_000 % 3),
        11 if n < 100 => selector.areas = townships(1),
        11..=14 => (selector.areas, selector.venue_types) = (counties(), types(3)),
        15..=17 => selector.departments = vec![pick(&DEPARTMENTS, seed).into()],
        18 => {
            selector.tags = vec![pick(&TAGS, seed).into()];
            selector.exclude.venue_types = types(1);
        }
        _ => selector.screens = (0..3).map(|i| screen_id((mix(seed + i) % u64::from(screens)) as u32)).collect(),
    }
    let guarantee = |n, m| Guarantee::checked(n, m).expect("a guarantee");
    let mode = match mix(seed + 9) % 20 {
        0..=11 => Mode::Share { weight: Weight::try_from(1 + (n % 7) as u8).expect("a weight") },
        12..=14 => Mode::Guarantee(guarantee(Some(2 + (n % 3) as u16), None)),
        15 => Mode::Guarantee(guarantee(Some(3), Some(25))),
        16 | 17 => Mode::Fixed { times: fixed() },
        18 => Mode::Quota(quota()),
        _ => Mode::Filler {},
    };
    let windows: &[(&str, &str)] = match n % 5 {
        0 => &[("08:00", "12:00"), ("14:00", "18:00")],
        1 => &[("07:00", "22:00")],
        _ => &[("00:00", "24:00")],
    };
    let windows = windows
        .iter()
        .map(|(from, to)| DayWindow { from: from.parse().expect("a time"), to: to.parse().expect("a time") });
    let weekdays =
        if n.is_multiple_of(7) { Weekdays::from_numbers(&[1, 2, 3, 4, 5]).expect("days") } else { Weekdays::ALL };
    let from = NaiveDate::from_ymd_opt(2026, 11, 1).expect("a day");
    let until = NaiveDate::from_ymd_opt(2026, 11, 26 + n % 5);
    let recurrence = Recurrence {
        from,
        until: if n.is_multiple_of(4) { until } else { None },
        rule: Rule::Weekdays(weekdays),
        except: BTreeSet::new(),
        also: BTreeSet::new(),
    };
    Booking {
        stages: Vec::new(),
        id: BookingId::new(Uuid::from_u128(u128::from(n) + 1)),
        campaign: CampaignId::new(Uuid::from_u128(u128::from(n) + 1)),
        name: format!("排期 {n}"),
        creatives: (0..=mix(seed + 3) % 3).map(|i| creative(n, i as u32)).collect(),
        selector,
        schedule: Schedule::checked(recurrence, windows.collect()).expect("a schedule"),
        mode,
        most_per_day: None,
    }
}

fn fixed() -> FixedTimes {
    serde_json::from_str(r#"["07:30","12:00","17:30"]"#).expect("times")
}

fn quota() -> Quota {
    serde_json::from_str(r#"{"plays":20,"per":"day"}"#).expect("a quota")
}

fn creative(booking: u32, n: u32) -> CreativeId {
    CreativeId::new(Uuid::from_u128(u128::from(booking) * 8 + u128::from(n) + 1))
}

fn kind_of(creative: CreativeId) -> CreativeKind {
    let number = creative.uuid().as_u128() as u64;
    [
        CreativeKind::Slogan,
        CreativeKind::Poster,
        CreativeKind::Poster,
        CreativeKind::Clip,
        CreativeKind::Slogan,
        CreativeKind::Audio,
    ][(mix(number) % 6) as usize]
}

/// What the bookings come to on screens of this look, as the server makes it from renditions.
pub fn programme(look: &Look, bookings: &[&Booking]) -> Programme {
    let bookings = bookings.iter().map(|booking| {
        let mut items = Vec::new();
        let mut left_out = Vec::new();
        for &creative in &booking.creatives {
            let about = CreativeFacts { creative, kind: kind_of(creative), approved: true };
            match look.surface().place(&about) {
                Ok(zone) => items.push(item(look, creative, zone)),
                Err(why) => left_out.push((creative, why)),
            }
        }
        ProgrammeBooking {
            booking: booking.id,
            mode: booking.mode.clone(),
            most_per_day: booking.most_per_day,
            intensity: Vec::new(),
            missed: 0,
            schedule: booking.schedule.clone(),
            items,
            left_out,
        }
    });
    Programme {
        timezone: look.timezone.parse().expect("a zone"),
        zones: look.zones.clone(),
        opening: look.opening.clone(),
        bookings: bookings.collect(),
    }
}

fn item(look: &Look, creative: CreativeId, zone: ZoneName) -> ProgrammeItem {
    let number = creative.uuid().as_u128() as u64;
    let kind = kind_of(creative);
    let size = look.zones.iter().find(|z| z.name == zone).map_or(Size { width: 1, height: 1 }, |z| z.rect.size());
    let duration = match kind {
        CreativeKind::Clip => [15_000, 20_000, 30_000][(mix(number + 1) % 3) as usize],
        CreativeKind::Audio => 20_000,
        _ => [6_000, 8_000, 10_000, 12_000][(mix(number + 1) % 4) as usize],
    };
    let show = match kind {
        CreativeKind::Clip => Show::Clip { size },
        CreativeKind::Audio => Show::Sound,
        CreativeKind::Slogan => Show::Strip { size, pixels_per_second: 60 },
        CreativeKind::Poster => Show::Picture { size },
    };
    ProgrammeItem {
        creative,
        zone,
        asset: Digest::of(&[number.to_be_bytes(), u64::from(size.width * 7 + size.height).to_be_bytes()].concat()),
        bytes: 100_000,
        show,
        duration: Millis(duration),
        kind,
        fraud_type: Some(pick(FraudType::ALL, number + 5)),
        valid_from: None,
        valid_until: None,
    }
}
