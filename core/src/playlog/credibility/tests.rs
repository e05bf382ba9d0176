//! Each rule by what somebody would do to break it.

use std::sync::Arc;

use chrono::NaiveDate;
use uuid::Uuid;

use super::*;
use crate::{
    geometry::Size,
    id::{BookingId, BootId, CreativeId, ScreenId},
    playlist::{Day, Daypart, Loop, PLAYLIST_VERSION, Show, Slot, TakeoverItem, TakeoverLevel, ZoneProgramme},
    vocabulary::CreativeKind,
};

/// 2025-06-02 00:00 in Shanghai, a Monday.
pub(in crate::playlog) const MIDNIGHT: UtcMillis = UtcMillis(1_748_793_600_000);
pub(in crate::playlog) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 24 * HOUR;

pub(in crate::playlog) fn item(n: u128, secs: u32) -> Item {
    Item {
        booking: BookingId::new(Uuid::from_u128(n)),
        creative: CreativeId::new(Uuid::from_u128(n)),
        asset: Digest::of(&n.to_be_bytes()),
        bytes: 1,
        show: Show::Picture { size: Size { width: 1, height: 1 } },
        duration: Millis::from_secs(secs),
        kind: CreativeKind::Poster,
        ends: None,
    }
}

/// All day long, for so many days: these items in turn in the main zone.
pub(in crate::playlog) fn programme(items: Vec<Item>, days: u64, timezone: &str) -> Playlist {
    let slots = (0..).zip(&items).map(|(item, each)| Slot { item, duration: each.duration }).collect();
    let tz: chrono_tz::Tz = timezone.parse().unwrap();
    let first = NaiveDate::from_ymd_opt(2025, 6, 2).unwrap();
    let days = first.iter_days().take(days as usize).map(|date| {
        let UtcInterval { start, end } = crate::recurrence::day_of(date, tz);
        Day { date, dayparts: vec![Daypart { start, end, looped: 0 }], events: Vec::new() }
    });
    let zones = vec![ZoneProgramme { zone: ZoneName::Main, days: days.collect() }];
    let version = PLAYLIST_VERSION;
    Playlist { version, timezone: timezone.into(), items, loops: vec![Loop { slots, hold: None }], zones }
}

/// Two posters of ten and five seconds.
fn playlist() -> Playlist {
    programme(vec![item(1, 10), item(2, 5)], 8, "Asia/Shanghai")
}

const LIST: Digest = Digest::ZERO;

pub(in crate::playlog) fn reference(playlist: Option<Digest>, item: &Item) -> ItemRef {
    ItemRef { playlist, booking: item.booking, creative: item.creative, asset: item.asset }
}

/// So many milliseconds after noon.
fn noon(ms: i64) -> UtcMillis {
    MIDNIGHT.plus(12 * HOUR + ms)
}

/// The first poster, whole.
fn play(ms: i64) -> Play {
    Play {
        item: 0,
        zone: ZoneName::Main,
        start: noon(ms),
        monotonic: (DAY + ms) as u64,
        planned: Millis(10_000),
        actual: Millis(10_000),
        status: PlayStatus::Success,
        trigger: Trigger::Loop,
        evidence: Vec::new(),
    }
}

fn batch(items: Vec<ItemRef>, plays: Vec<Play>) -> Batch {
    Batch {
        screen: ScreenId::new(Uuid::from_u128(1)),
        boot: BootId::new(Uuid::from_u128(1)),
        sequence: 1,
        previous: Digest::ZERO,
        sealed: noon(HOUR),
        items,
        plays,
        walls: Vec::new(),
        machine: None,
    }
}

fn known() -> Known {
    let reign = Reign { from: MIDNIGHT, until: None, heard: None };
    let issued = IssuedPlaylist { playlist: Arc::new(playlist()), reigns: vec![reign] };
    Known {
        enrolled: MIDNIGHT,
        received: noon(HOUR),
        playlists: HashMap::from([(LIST, issued)]),
        takeovers: HashMap::new(),
        before: Vec::new(),
    }
}

fn items() -> Vec<ItemRef> {
    playlist().items.iter().map(|item| reference(Some(LIST), item)).collect()
}

fn judged(known: &Known, plays: Vec<Play>) -> Vec<Judgement> {
    judge(&batch(items(), plays), known, &mut Covered::default())
}

fn flags(known: &Known, plays: Vec<Play>) -> Vec<Option<Flag>> {
    judged(known, plays).iter().map(|each| each.flag).collect()
}

fn completed(judged: &[Judgement]) -> usize {
    judged.iter().filter(|each| each.counts == Counts::Completed).count()
}

#[test]
fn what_was_shown_as_it_should_be_counts() {
    let second = Play { item: 1, planned: Millis(5_000), actual: Millis(4_990), ..play(10_010) };
    let judged = judged(&known(), vec![play(3), second, play(15_000)]);
    assert_eq!(judged.iter().map(|j| j.flag).collect::<Vec<_>>(), [None; 3]);
    assert_eq!((completed(&judged), judged[1].shown), (3, Millis(4_990)));
}

#[test]
fn plays_of_no_length_do_not_count_however_many_there_are() {
    let nothing = |ms| Play { planned: Millis(0), actual: Millis(0), ..play(ms) };
    let judged = judged(&known(), (0..1_000).map(nothing).collect());
    assert!(judged.iter().all(|each| each.flag == Some(Flag::WrongLength) && each.counts == Counts::Not));
}

#[test]
fn the_length_that_counts_is_the_items_and_not_what_the_player_says_was_planned() {
    let short = Play { planned: Millis(1_000), actual: Millis(1_000), ..play(0) };
    let long = Play { planned: Millis(40_000), actual: Millis(40_000), ..play(15_000) };
    assert_eq!(flags(&known(), vec![short, long]), [Some(Flag::WrongLength); 2]);
}

#[test]
fn a_play_does_not_last_longer_than_its_slot() {
    let hour = Play { actual: Millis(3_600_000), ..play(0) };
    let judged_hour = judged(&known(), vec![hour.clone(), play(15_000)]);
    assert_eq!(judged_hour[0].flag, Some(Flag::WrongLength));
    // Without a play after it that would show whether the clock was set back, that is what is said of it.
    let alone = judged(&known(), vec![Play { start: noon(-HOUR), ..hour }]);
    assert_eq!((alone[0].flag, alone[0].counts), (Some(Flag::ClockSetBack), Counts::Not));
}

#[test]
fn a_slot_counts_once() {
    // A poster of ten seconds in a slot of thirty: shown three times, whole each time.
    let mut playlist = playlist();
    playlist.loops[0].slots[0].duration = Millis(30_000);
    let mut known = known();
    known.playlists.get_mut(&LIST).unwrap().playlist = Arc::new(playlist);
    // The loop is 35 s long, and noon is 10 s into it.
    let slot = |n: i64| Play { start: noon(n * 10_000 - 10_000), ..play(n * 10_000) };
    let all = judged(&known, (0..3).map(slot).collect());
    let again = Some(Flag::WrongLength);
    assert_eq!(all.iter().map(|j| j.flag).collect::<Vec<_>>(), [None, again, again]);
    assert_eq!(completed(&all), 1);
}

#[test]
fn the_same_plays_in_a_later_batch_count_once() {
    let plays: Vec<_> = (0..20).map(|n| play(n * 15_000)).collect();
    let (mut known, mut covered) = (known(), Covered::default());
    let first = judge(&batch(items(), plays.clone()), &known, &mut covered);
    assert_eq!(completed(&first), 20);
    known.before = vec![Before { play: plays[19].clone(), item: items()[0], believed: true }];
    for _ in 0..5 {
        let again = judge(&batch(items(), plays.clone()), &known, &mut covered);
        assert!(again.iter().all(|each| each.flag == Some(Flag::Repeated)), "{again:?}");
    }
    // As if the clock had been set back: the same, by its own name.
    let later = |play: Play| Play { monotonic: play.monotonic + HOUR as u64, ..play };
    let again = judge(&batch(items(), plays.into_iter().map(later).collect()), &known, &mut covered);
    assert!(again.iter().all(|each| each.flag == Some(Flag::ClockSetBack)), "{again:?}");
}

#[test]
fn two_items_at_once_in_one_zone_overlap() {
    let early = Play { item: 1, planned: Millis(5_000), actual: Millis(5_000), ..play(9_000) };
    assert_eq!(flags(&known(), vec![play(0), early, play(15_000)]), [None, Some(Flag::Overlaps), None]);
}

#[test]
fn what_was_replaced_long_ago_is_not_believed_of_a_screen_that_was_heard_of_since() {
    let with = |until: i64, heard: Option<i64>| {
        let mut known = known();
        let reign =
            Reign { from: MIDNIGHT, until: Some(MIDNIGHT.plus(until)), heard: heard.map(|ms| MIDNIGHT.plus(ms)) };
        known.playlists.get_mut(&LIST).unwrap().reigns = vec![reign];
        known
    };
    let flag = |until, heard| flags(&with(until, heard), vec![play(0)])[0];
    let old = Some(Flag::NotInForce);
    assert_eq!(flag(HOUR, None), None, "it was not heard of since: it may not have known");
    assert_eq!(flag(HOUR, Some(11 * HOUR)), None, "it may still fetch what is new");
    assert_eq!(flag(-30 * HOUR, Some(-30 * HOUR)), old);
    assert_eq!(flag(-30 * HOUR, Some(13 * HOUR)), None, "it was heard of only afterwards");
    // Before it was issued at all.
    let mut early = known();
    early.playlists.get_mut(&LIST).unwrap().reigns = vec![Reign { from: noon(2 * HOUR), until: None, heard: None }];
    assert_eq!(flags(&early, vec![play(0)]), [old]);
}

fn with_takeover(reign: Reign) -> (Known, ItemRef) {
    let shown = item(9, 10);
    let takeover = Takeover {
        id: TakeoverId::new(shown.booking.uuid()),
        level: TakeoverLevel::Emergency,
        starts: noon(0),
        expires: noon(600_000),
        items: vec![TakeoverItem { zone: ZoneName::Main, item: shown.clone() }],
    };
    let mut known = known();
    known.takeovers.insert(takeover.id, vec![IssuedTakeovers { takeovers: vec![takeover], reign }]);
    (known, reference(None, &shown))
}

#[test]
fn a_takeover_counts_in_its_time_in_its_zone_and_until_it_is_withdrawn() {
    let taken = |ms| Play { trigger: Trigger::Takeover, ..play(ms) };
    let in_force = Reign { from: noon(-1_000), until: None, heard: None };
    let (known, item) = with_takeover(in_force);
    let ticker = Play { zone: ZoneName::Ticker, ..taken(20_000) };
    let plays = vec![taken(-60_000), taken(0), ticker, taken(602_000)];
    let judged = |known: &Known, plays| {
        let all = judge(&batch(vec![item], plays), known, &mut Covered::default());
        all.iter().map(|each| each.flag).collect::<Vec<_>>()
    };
    let wrong = Some(Flag::NotOnAir);
    assert_eq!(judged(&known, plays), [wrong, None, wrong, wrong]);
    let withdrawn = Reign { until: Some(noon(-7 * HOUR)), heard: Some(noon(-6 * HOUR)), ..in_force };
    assert_eq!(judged(&with_takeover(withdrawn).0, vec![taken(0)]), [Some(Flag::NotInForce)]);
    let unheard = Reign { heard: None, ..withdrawn };
    assert_eq!(judged(&with_takeover(Reign { from: noon(-8 * HOUR), ..unheard }).0, vec![taken(0)]), [None]);
    // An item of the loop under a takeover's name.
    let smuggled = ItemRef { creative: items()[0].creative, ..item };
    let all = judge(&batch(vec![smuggled], vec![taken(0)]), &known, &mut Covered::default());
    assert_eq!(all[0].flag, Some(Flag::UnknownItem));
}

#[test]
fn a_display_that_fails_takes_nothing_from_what_is_heard() {
    let off = |why| [WallChange { from: noon(-HOUR), state: WallState::Off, why }];
    let heard = Play { zone: ZoneName::Audio, ..play(0) };
    assert!(dark(&off(WallReason::Fault), &play(0)));
    assert!(!dark(&off(WallReason::Fault), &heard));
    assert!(dark(&off(WallReason::Hours), &heard), "off hours are silent");
}

#[test]
fn what_was_played_to_a_dark_wall_does_not_count() {
    let change = |ms, state| WallChange { from: noon(ms), state, why: WallReason::Hours };
    let mut batch = batch(items(), vec![play(0), play(15_000), play(30_000), play(45_000)]);
    batch.walls = vec![
        change(-HOUR, WallState::On),
        change(20_000, WallState::Off),
        change(39_700, WallState::On),
        change(45_000, WallState::Unknown),
    ];
    let judged = judge(&batch, &known(), &mut Covered::default());
    let off = Some(Flag::WallOff);
    assert_eq!(judged.iter().map(|each| each.flag).collect::<Vec<_>>(), [None, off, off, None]);
    // For less than half a second of it the wall was off: it was seen whole.
    batch.walls[2].from = noon(30_400);
    assert_eq!(judge(&batch, &known(), &mut Covered::default())[2].flag, None);
}

#[test]
fn a_machine_cannot_have_shown_more_than_it_ran() {
    // Days that never were: the wall clock goes from slot to slot, the machine's own clock hardly at all.
    let made_up = |n: i64| Play { monotonic: (DAY + n * 100) as u64, ..play(n * 15_000) };
    let mut batch = batch(items(), (0..40).map(made_up).collect());
    batch.machine = Some(crate::id::MachineBootId::new(Uuid::from_u128(7)));
    let judged = judge(&batch, &known(), &mut Covered::default());
    let disagrees = Some(Flag::TimelineDisagrees);
    assert_eq!(judged[0].flag, None, "there is nothing yet that it disagrees with");
    assert!(judged[1..].iter().all(|each| each.flag == disagrees && each.counts == Counts::Not), "{judged:?}");
    // Within one run of a machine its clock never goes back either.
    batch.plays = vec![play(0), Play { monotonic: 1_000, ..play(15_000) }, play(30_000)];
    let flags = |batch: &Batch| {
        judge(batch, &known(), &mut Covered::default()).iter().map(|each| each.flag).collect::<Vec<_>>()
    };
    assert_eq!(flags(&batch), [None, disagrees, None]);
    // Of players that do not say which run it was nothing is known: it may have begun anew.
    batch.machine = None;
    assert_eq!(flags(&batch), [None; 3]);
}

#[test]
fn a_wall_clock_that_is_set_is_no_disagreement_of_the_machine_with_itself() {
    // Ahead by three loops after two seconds, and the item that is on the wall then.
    let cut = Play { actual: Millis(2_000), status: PlayStatus::Interrupted, ..play(0) };
    let after = Play { monotonic: (DAY + 2_000) as u64, ..play(45_000) };
    let mut batch = batch(items(), vec![cut, after, Play { monotonic: (DAY + 17_000) as u64, ..play(60_000) }]);
    batch.machine = Some(crate::id::MachineBootId::new(Uuid::from_u128(7)));
    let judged = judge(&batch, &known(), &mut Covered::default());
    assert_eq!(judged.iter().map(|each| each.flag).collect::<Vec<_>>(), [None; 3]);
}

#[test]
fn what_was_judged_is_judged_again_alike_and_one_wrong_judgement_is_one() {
    let plays: Vec<_> = (0..6).map(|n| play(n * 15_000)).collect();
    let batch = batch(items(), plays);
    let again = |held: &[Option<Flag>]| {
        let judged = judge_again(&batch, &known(), held, &mut Covered::default());
        judged.iter().map(|each| each.flag).collect::<Vec<_>>()
    };
    assert_eq!(again(&[None; 6]), [None; 6]);
    let mut held = [None; 6];
    held[2] = Some(Flag::WallOff);
    assert_eq!(again(&held), [None; 6], "it differs in that one, and the others are as they were");
}

#[test]
fn what_was_asked_for_at_an_event_counts_if_the_playlist_has_it_then() {
    use crate::{campaign::EventTrigger, id::ShowId, playlist::EventItem};
    let mut playlist = playlist();
    playlist.items.push(item(3, 20));
    playlist.zones[0].days[0].events =
        vec![EventItem { trigger: EventTrigger::PreShow, item: 2, start: noon(0), end: noon(HOUR) }];
    let asked = reference(Some(LIST), &playlist.items[2]);
    let mut known = known();
    known.playlists.get_mut(&LIST).unwrap().playlist = Arc::new(playlist);
    let trigger = Trigger::Event(ShowId::new(Uuid::from_u128(1)));
    let shown = |ms| Play { trigger, planned: Millis(20_000), actual: Millis(20_000), ..play(ms) };
    let in_loop = Play { trigger: Trigger::Loop, ..shown(60_000) };
    let plays = vec![shown(7_000), in_loop, shown(-HOUR)];
    let judged = judge(&batch(vec![asked], plays), &known, &mut Covered::default());
    let wrong = Some(Flag::NotOnAir);
    assert_eq!(judged.iter().map(|each| each.flag).collect::<Vec<_>>(), [None, wrong, wrong]);
    assert_eq!(judged[0].counts, Counts::Completed);
}

#[test]
fn a_player_cannot_have_shown_more_than_there_was_time() {
    // Whatever it signs: here everything at once, a hundred times, with clocks of its choosing.
    let mut covered = Covered::default();
    let mut whole = 0;
    for round in 0..100_i64 {
        let shifted = |n: i64| {
            let play = play(n * 15_000 + round * 17 % 900);
            Play { monotonic: play.monotonic + (round * 100_000) as u64, ..play }
        };
        let batch = batch(items(), (0..40).map(shifted).collect());
        whole += completed(&judge(&batch, &known(), &mut covered));
    }
    assert_eq!(whole, 40);
}
