use uuid::Uuid;

use super::*;
use crate::{id::TakeoverId, recurrence::DayWindow, time::UtcInterval};

/// 2025-06-02 00:00 in Shanghai, a Monday.
const DAY: i64 = 1_748_793_600_000;
const HOUR: i64 = 3_600_000;
const WEEK: i64 = 7 * 24 * HOUR;

fn item(n: u128, kind: CreativeKind, secs: u32) -> Item {
    Item {
        booking: BookingId::new(Uuid::from_u128(n)),
        creative: CreativeId::new(Uuid::from_u128(n)),
        asset: Digest::of(&n.to_be_bytes()),
        bytes: 1,
        show: Show::Picture { size: Size { width: 1, height: 1 } },
        duration: Millis::from_secs(secs),
        kind,
        ends: None,
    }
}

fn at(hours: i64, secs: i64) -> UtcMillis {
    UtcMillis(DAY + hours * HOUR + secs * 1000)
}

/// Monday 08:00–09:00: a poster of 25 s and a clip of 15 s in turn. The hour is 90 rounds long.
fn playlist(end: UtcMillis) -> Playlist {
    let slot = |item, secs| Slot { item, duration: Millis::from_secs(secs) };
    let date = |d| NaiveDate::from_ymd_opt(2025, 6, d).unwrap();
    Playlist {
        version: PLAYLIST_VERSION,
        timezone: "Asia/Shanghai".into(),
        items: vec![item(1, CreativeKind::Poster, 25), item(2, CreativeKind::Clip, 15)],
        loops: vec![Loop { slots: vec![slot(0, 25), slot(1, 15)], hold: Some(0) }],
        zones: vec![ZoneProgramme {
            zone: ZoneName::Main,
            days: vec![
                Day { date: date(2), dayparts: vec![Daypart { start: at(8, 0), end, looped: 0 }], events: vec![] },
                Day { date: date(3), dayparts: Vec::new(), events: vec![] },
            ],
        }],
    }
}

fn takeover(
    n: u128,
    level: TakeoverLevel,
    starts: UtcMillis,
    expires: UtcMillis,
    items: Vec<TakeoverItem>,
) -> Takeover {
    Takeover { id: TakeoverId::new(Uuid::from_u128(n)), level, starts, expires, items }
}

fn main_item(n: u128, secs: u32) -> TakeoverItem {
    TakeoverItem { zone: ZoneName::Main, item: item(n, CreativeKind::Poster, secs) }
}

#[test]
fn the_loop_is_anchored_to_the_start_of_the_daypart() {
    let playlist = playlist(at(9, 0));
    let daypart = UtcInterval { start: at(8, 0), end: at(9, 0) };
    assert_eq!(
        playlist.on_air(ZoneName::Main, at(8, 70)),
        OnAir::Play { item: 1, start: at(8, 65), end: at(8, 80), daypart, looped: 0, slot: 1 }
    );
    assert_eq!(playlist.on_air(ZoneName::Ticker, at(8, 70)), OnAir::Nothing { until: None });
}

#[test]
fn a_slot_that_cannot_finish_is_not_started_and_the_poster_is_held() {
    let until = at(8, 70);
    let playlist = playlist(until);
    assert!(matches!(playlist.on_air(ZoneName::Main, at(8, 64)), OnAir::Play { item: 0, .. }));
    assert_eq!(playlist.on_air(ZoneName::Main, at(8, 65)), OnAir::Hold { item: 0, until });
}

#[test]
fn outside_of_dayparts_there_is_nothing_until_the_next_one_a_week_later_if_need_be() {
    let playlist = playlist(at(9, 0));
    assert_eq!(playlist.on_air(ZoneName::Main, at(3, 0)), OnAir::Nothing { until: Some(at(8, 0)) });
    // The horizon is Monday and Tuesday; past it Tuesday, the last day, stands in for days it does not have.
    let next_monday = UtcMillis(DAY + WEEK + 8 * HOUR);
    assert_eq!(playlist.on_air(ZoneName::Main, at(9, 0)), OnAir::Nothing { until: Some(next_monday) });
    assert!(
        matches!(playlist.on_air(ZoneName::Main, next_monday), OnAir::Play { item: 0, start, .. } if start == next_monday)
    );
}

#[test]
fn past_the_horizon_what_has_ended_is_left_out_and_the_loop_closes_up() {
    let mut playlist = playlist(at(9, 0));
    let later = |secs: i64| UtcMillis(DAY + WEEK + 8 * HOUR + secs * 1000);
    playlist.items[0].ends = Some(at(9, 0));
    // Only the clip is left, and no still to hold.
    assert!(matches!(
        playlist.on_air(ZoneName::Main, later(16)),
        OnAir::Play { item: 1, start, slot: 1, .. } if start == later(15)
    ));
    playlist.items[1].ends = Some(UtcMillis(DAY + WEEK));
    assert_eq!(playlist.on_air(ZoneName::Main, later(16)), OnAir::Nothing { until: None });
    // Within the horizon the days decide.
    assert!(matches!(playlist.on_air(ZoneName::Main, at(8, 0)), OnAir::Play { item: 0, .. }));
}

#[test]
fn the_highest_level_rules_and_of_equal_ones_the_latest() {
    let until = at(10, 0);
    let all = [
        takeover(1, TakeoverLevel::Warning, at(8, 10), until, vec![main_item(11, 10)]),
        takeover(2, TakeoverLevel::Emergency, at(8, 30), at(8, 60), vec![main_item(12, 10)]),
        takeover(3, TakeoverLevel::Warning, at(8, 20), until, vec![main_item(13, 10)]),
        takeover(4, TakeoverLevel::Notice, at(8, 40), until, vec![main_item(14, 10)]),
    ];
    let rules = |secs| in_force(&all, at(8, secs)).map(|t| t.id.uuid().as_u128());
    assert_eq!([0, 10, 20, 30, 59, 60].map(rules), [None, Some(1), Some(3), Some(2), Some(2), Some(3)]);
    assert_eq!(in_force(&all, until), None);
}

#[test]
fn items_of_a_takeover_take_turns_from_its_start_and_are_cut_when_it_expires() {
    let playlist = playlist(at(9, 0));
    let all = [takeover(1, TakeoverLevel::Warning, at(8, 10), at(8, 47), vec![main_item(11, 10), main_item(12, 20)])];
    let shown = |secs| match on_wall(Some(&playlist), &all, ZoneName::Main, at(8, secs)) {
        OnWall::Play { item, source, start, until, .. } => {
            (item.creative.uuid().as_u128(), source, start.since(at(8, 0)) / 1000, until.since(at(8, 0)) / 1000)
        }
        other => panic!("{other:?}"),
    };
    let taken = Source::Takeover(all[0].id);
    // The playlist's poster is interrupted when the announced takeover starts.
    assert_eq!(shown(5), (1, Source::Playlist, 0, 10));
    assert_eq!(shown(10), (11, taken, 10, 20));
    assert_eq!(shown(25), (12, taken, 20, 40));
    assert_eq!(shown(46), (11, taken, 40, 47));
    // Afterwards the loop is where it would have been.
    assert_eq!(shown(47), (1, Source::Playlist, 40, 65));
}

#[test]
fn a_takeover_blackens_zones_it_has_nothing_for_and_works_without_a_playlist() {
    let all = [takeover(1, TakeoverLevel::Notice, at(8, 10), at(9, 0), vec![main_item(11, 10)])];
    let ticker = |secs| on_wall(None, &all, ZoneName::Ticker, at(8, secs));
    assert_eq!(ticker(0), OnWall::Nothing { black: false, until: Some(at(8, 10)) });
    assert_eq!(ticker(10), OnWall::Nothing { black: true, until: Some(at(9, 0)) });
    assert!(matches!(on_wall(None, &all, ZoneName::Main, at(8, 10)), OnWall::Play { .. }));
    assert_eq!(on_wall(None, &all, ZoneName::Main, at(9, 0)), OnWall::Nothing { black: false, until: None });
}

#[test]
fn a_wall_that_is_off_is_black_for_all_but_an_emergency() {
    let playlist = playlist(at(9, 0));
    let orders = |off: &[(&str, &str)]| ScreenOrders {
        name: "屏".into(),
        timezone: "Asia/Shanghai".into(),
        zones: Vec::new(),
        wall: WallSettings {
            off: off
                .iter()
                .map(|(from, to)| DayWindow { from: from.parse().unwrap(), to: to.parse().unwrap() })
                .collect(),
            ..WallSettings::default()
        },
        evidence: None,
        size: None,
    };
    let takeover = |level, from, to| Takeover {
        id: TakeoverId::new(Uuid::from_u128(9)),
        level,
        starts: at(8, from),
        expires: at(8, to),
        items: vec![TakeoverItem { zone: ZoneName::Main, item: item(5, CreativeKind::Poster, 10) }],
    };
    let shown = |orders: &ScreenOrders, takeovers: &[Takeover], secs| match on_screen(
        orders,
        Some(&playlist),
        takeovers,
        ZoneName::Main,
        at(8, secs),
    ) {
        OnWall::Play { until, .. } | OnWall::Hold { until, .. } => ("lit", Some(until)),
        OnWall::Nothing { black, until } => (if black { "black" } else { "standby" }, until),
    };
    let lunch = orders(&[("08:11", "08:20")]);
    assert_eq!(shown(&lunch, &[], 650), ("lit", Some(at(8, 660))), "the poster is cut when the wall goes off");
    assert_eq!(shown(&lunch, &[], 660), ("black", Some(at(8, 1200))));
    assert_eq!(shown(&lunch, &[], 1200).0, "lit");
    let warning = [takeover(TakeoverLevel::Warning, 700, 800)];
    assert_eq!(shown(&lunch, &warning, 750).0, "black");
    let emergency = [takeover(TakeoverLevel::Emergency, 700, 800)];
    assert_eq!(shown(&lunch, &emergency, 670), ("black", Some(at(8, 700))), "it will light the wall");
    assert_eq!(shown(&lunch, &emergency, 750).0, "lit");
    assert_eq!(shown(&orders(&[]), &emergency, 750), shown(&lunch, &emergency, 750));
}

#[test]
fn a_playlist_with_a_wrong_reference_is_refused() {
    let read = |change: fn(&mut Playlist)| {
        let mut playlist = playlist(at(9, 0));
        change(&mut playlist);
        Playlist::from_bytes(&playlist.to_bytes()).map(|_| ())
    };
    assert_eq!(read(|_| {}), Ok(()));
    assert_eq!(read(|p| p.version = 9), Err(DecodeError::Version(9)));
    let wrong: [fn(&mut Playlist); 9] = [
        |p| p.loops[0].slots[0].item = 2,
        |p| p.loops[0].slots.clear(),
        |p| p.loops[0].slots[0].duration = Millis(1),
        |p| p.loops[0].hold = Some(1),
        |p| p.items[0].duration = Millis(0),
        |p| p.zones[0].days[0].dayparts[0].looped = 1,
        |p| p.zones[0].days[0].dayparts[0].end = UtcMillis(0),
        |p| p.zones.push(p.zones[0].clone()),
        |p| p.timezone = "Mars/Olympus".into(),
    ];
    for (n, change) in wrong.into_iter().enumerate() {
        assert!(matches!(read(change), Err(DecodeError::Inconsistent(_))), "{n}");
    }
    let mut longer = playlist(at(9, 0)).to_bytes();
    longer.push(0);
    assert!(matches!(Playlist::from_bytes(&longer), Err(DecodeError::Malformed(_))));
}

#[test]
fn a_manifest_says_the_walls_size_only_where_its_zones_do_not_tell_and_knows_whether_they_leave_some_free() {
    use crate::geometry::{Layout, Sound};
    let hall = Size { width: 1920, height: 1080 };
    let orders = |layout: &str, sound| {
        let zones = layout.parse::<Layout>().unwrap().zones(hall, sound);
        ScreenOrders {
            name: "屏".into(),
            timezone: "Asia/Shanghai".into(),
            size: ScreenOrders::size_beyond(&zones, hall),
            zones,
            wall: WallSettings::default(),
            evidence: None,
        }
    };
    for (layout, size, covers) in [
        ("full", None, true),
        ("main_and_ticker", None, true),
        ("ticker_and_main", None, true),
        ("main=1280x1080+0+0", Some(hall), false),
        ("main=1280x1080+640+0", None, false),
        ("main=1280x960+0+0,ticker=1920x120+0+960", None, false),
        ("main=1920x1000+0+80,ticker=1920x80+0+0", None, true),
    ] {
        for sound in [Sound::On, Sound::Off] {
            let orders = orders(layout, sound);
            assert_eq!((orders.size, orders.covers_the_wall()), (size, covers), "{layout}");
            assert_eq!(Manifest::format_of(&orders, &[]), MANIFEST_VERSION, "no news for who does not know it");
        }
    }
}

#[test]
fn a_manifest_is_followed_only_by_its_screen_from_its_publisher_and_never_backwards() {
    use crate::{id::ScreenId, sign::SecretKey};
    let (publisher, other) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
    let screen = ScreenId::new(Uuid::from_u128(1));
    let manifest = Manifest {
        format: MANIFEST_VERSION,
        screen,
        version: 5,
        issued: at(0, 0),
        expires: at(24, 0),
        playlist: None,
        orders: ScreenOrders {
            name: "屏".into(),
            timezone: "Asia/Shanghai".into(),
            zones: Vec::new(),
            wall: WallSettings::default(),
            evidence: None,
            size: None,
        },
        takeovers: Vec::new(),
        instructions: Vec::new(),
    };
    let night = DayWindow { from: "22:00".parse().unwrap(), to: "06:00".parse().unwrap() };
    let mut unsaid = manifest.clone();
    unsaid.orders.wall.off = vec![night];
    let accept = |signed, screen, followed| TrustedManifest::accept(signed, &publisher.public(), screen, followed);
    let signed = manifest.sign(&publisher);
    assert!(accept(signed.clone(), screen, Some(5)).is_ok());
    assert_eq!(accept(signed.clone(), screen, Some(6)), Err(ManifestRefusal::Rollback { offered: 5, followed: 6 }));
    // Settings of the wall under a version whose readers do not know them.
    assert!(matches!(accept(unsaid.sign(&publisher), screen, None), Err(ManifestRefusal::Malformed(_))));
    unsaid.format = MANIFEST_VERSION_2;
    assert!(accept(unsaid.sign(&publisher), screen, None).is_ok());
    unsaid.orders.wall.off = vec![night, night];
    assert!(matches!(accept(unsaid.sign(&publisher), screen, None), Err(ManifestRefusal::Malformed(_))));
    let elsewhere = ScreenId::new(Uuid::from_u128(2));
    assert_eq!(accept(signed.clone(), elsewhere, None), Err(ManifestRefusal::OtherScreen(screen)));
    assert!(matches!(accept(manifest.sign(&other), screen, None), Err(ManifestRefusal::Signature(_))));
    let newer = Manifest { format: 2, ..manifest };
    assert!(matches!(accept(newer.sign(&publisher), screen, None), Err(ManifestRefusal::Malformed(_))));
}
