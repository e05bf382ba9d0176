//! Days in the life of a wall, played through without a clock: what is shown, and what is put on record about it.

use std::collections::HashMap;

use chrono::NaiveDate;
use proptest::prelude::*;
use uuid::Uuid;
use xuanping_core::{
    geometry::{Size, Zone},
    id::{BookingId, CreativeId, ScreenId, TakeoverId},
    playlist::{
        Day, DayLevel, Daypart, EventItem, Loop, MANIFEST_VERSION, PLAYLIST_VERSION_WITH_EVENTS, Percent, ScreenOrders,
        Slot, Takeover, TakeoverItem, TakeoverLevel, TrustedManifest, WallSettings, ZoneProgramme,
    },
    playlog::{PlayStatus, Trigger},
    recurrence::DayWindow,
    time::{Millis, UtcMillis},
};

use super::*;
use crate::stage::{Content, Layer, Picture, Scene};

mod evidence;
mod instructions;

/// 2025-06-02 08:00 in Shanghai, a Monday: the loop of poster (25 s) and clip (15 s) begins.
const EIGHT: i64 = 1_748_793_600_000 + 8 * 3_600_000;
const POSTER: u128 = 1;
const CLIP: u128 = 2;
/// Before each film: 5 s and 4 s.
const WARNING: u128 = 3;
const REMINDER: u128 = 4;

fn item(n: u128, kind: CreativeKind, secs: u32) -> Item {
    let size = Size { width: 4, height: 2 };
    Item {
        booking: BookingId::new(Uuid::from_u128(n)),
        creative: CreativeId::new(Uuid::from_u128(n)),
        asset: Digest::of(&n.to_be_bytes()),
        bytes: 1,
        show: if kind == CreativeKind::Clip { Show::Clip { size } } else { Show::Picture { size } },
        duration: Millis::from_secs(secs),
        kind,
        ends: None,
    }
}

fn playlist() -> Playlist {
    let slot = |item, secs| Slot { item, duration: Millis::from_secs(secs) };
    let date = NaiveDate::from_ymd_opt(2025, 6, 2).unwrap();
    let event = |item| EventItem {
        trigger: EventTrigger::PreShow,
        item,
        start: UtcMillis(EIGHT),
        end: UtcMillis(EIGHT + 3_600_000),
    };
    let dayparts = vec![Daypart { start: UtcMillis(EIGHT), end: UtcMillis(EIGHT + 3_600_000), looped: 0 }];
    Playlist {
        version: PLAYLIST_VERSION_WITH_EVENTS,
        timezone: "Asia/Shanghai".into(),
        items: vec![
            item(POSTER, CreativeKind::Poster, 25),
            item(CLIP, CreativeKind::Clip, 15),
            item(WARNING, CreativeKind::Poster, 5),
            item(REMINDER, CreativeKind::Poster, 4),
        ],
        loops: vec![Loop { slots: vec![slot(0, 25), slot(1, 15)], hold: Some(0) }],
        zones: vec![ZoneProgramme {
            zone: ZoneName::Main,
            days: vec![Day { date, dayparts, events: vec![event(2), event(3)] }],
        }],
    }
}

fn manifest(version: u64, playlist: Option<Digest>) -> TrustedManifest {
    let rect = Rect { x: 0, y: 0, width: 4, height: 2 };
    let manifest = Manifest {
        format: MANIFEST_VERSION,
        screen: ScreenId::new(Uuid::nil()),
        version,
        issued: UtcMillis(EIGHT),
        expires: UtcMillis(EIGHT + 48 * 3_600_000),
        playlist,
        orders: ScreenOrders {
            name: "大厅屏".into(),
            timezone: "Asia/Shanghai".into(),
            zones: vec![Zone { name: ZoneName::Main, rect }],
            wall: WallSettings::default(),
            evidence: None,
            size: None,
        },
        takeovers: Vec::new(),
        instructions: Vec::new(),
    };
    TrustedManifest { manifest, signed: Vec::new() }
}

/// Whether files come when they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Files {
    Come,
    Never,
}

/// A wall with everything around it.
struct World {
    state: State,
    now: Moment,
    files: Files,
    /// What the state asked of the worker and wrote on record, in order.
    asked: Vec<Action>,
    open: HashMap<PlayKey, Entry>,
    record: Vec<Entry>,
}

impl World {
    /// At eight o'clock, with the programme begun.
    fn at_eight(abilities: Abilities, files: Files) -> Self {
        let mut world = Self {
            state: State::new(abilities),
            now: Moment { wall: UtcMillis(EIGHT), monotonic: 1_000 },
            files,
            asked: Vec::new(),
            open: HashMap::new(),
            record: Vec::new(),
        };
        world.tell(Event::Pairing(Pairing::Enrolled(ScreenId::new(Uuid::nil()))));
        world.tell(Event::Manifest(Box::new(manifest(1, Some(Digest::of(b"playlist"))))));
        world
    }

    fn tell(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for action in self.state.step(event, self.now) {
                events.extend(self.perform(action));
            }
        }
    }

    fn perform(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Open(key, entry) => {
                assert!(self.open.insert(key, entry).is_none(), "a key is used twice");
                None
            }
            Action::Finish(key, entry) => {
                // A play that never went up has no opening.
                if self.open.remove(&key).is_none() {
                    assert_eq!(entry.play.actual, Millis(0), "shown, but never opened");
                }
                self.record.push(entry);
                None
            }
            Action::FetchPlaylist(digest) => Some(Event::Playlist(digest, Arc::new(playlist()))),
            Action::Fetch(wants) if self.files == Files::Come => {
                Some(Event::Stored(wants.into_iter().map(|w| w.asset).collect()))
            }
            Action::Load(item) => {
                let picture = Picture::black(Size { width: 4, height: 2 });
                Some(Event::Loaded(item.asset, Ok(Arc::new(picture))))
            }
            action => {
                self.asked.push(action);
                None
            }
        }
    }

    /// Lets time pass, waking whenever something changes by itself.
    fn pass(&mut self, ms: u64) {
        let end = self.now.wall.plus(ms as i64);
        while let Some(next) = self.state.next_change(self.now).filter(|next| *next <= end) {
            let step = next.since(self.now.wall).max(1) as u64;
            self.now = Moment { wall: self.now.wall.plus(step as i64), monotonic: self.now.monotonic + step };
            self.tell(Event::Tick);
        }
        let rest = end.since(self.now.wall).max(0) as u64;
        self.now = Moment { wall: end, monotonic: self.now.monotonic + rest };
        self.tell(Event::Tick);
    }

    fn media(&mut self, news: Media) {
        self.tell(Event::Media(ZoneName::Main, clip(), news));
    }

    /// What is on record: creative, status, how long.
    fn recorded(&self) -> Vec<(u128, PlayStatus, u32)> {
        let entry = |e: &Entry| (e.item.creative.uuid().as_u128(), e.play.status, e.play.actual.0);
        self.record.iter().map(entry).collect()
    }

    fn shows_standby(&self) -> bool {
        self.state.scene(self.now) == Scene::Standby
    }
}

fn clip() -> Digest {
    Digest::of(&CLIP.to_be_bytes())
}

const ABLE: Abilities = Abilities { media: true };

#[test]
fn a_poster_shown_its_whole_length_is_a_success() {
    let mut world = World::at_eight(ABLE, Files::Come);
    assert!(!world.shows_standby());
    world.pass(25_000);
    assert_eq!(world.recorded(), [(POSTER, PlayStatus::Success, 25_000)]);
}

#[test]
fn a_manifest_that_is_not_newer_is_not_followed() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.tell(Event::Manifest(Box::new(manifest(7, Some(Digest::of(b"playlist"))))));
    world.tell(Event::Manifest(Box::new(manifest(6, None))));
    world.tell(Event::Manifest(Box::new(manifest(7, None))));
    assert_eq!((world.state.manifest_version(), world.state.playlist()), (7, Some(Digest::of(b"playlist"))));
    assert!(!world.shows_standby());
}

#[test]
fn what_never_came_is_on_record_as_content_failure_and_the_wall_stands_by() {
    let mut world = World::at_eight(ABLE, Files::Never);
    world.pass(40_000);
    assert!(world.shows_standby());
    let failed = [(POSTER, PlayStatus::ContentFailure, 0), (CLIP, PlayStatus::ContentFailure, 0)];
    assert_eq!(world.recorded(), failed);
}

#[test]
fn while_a_clip_is_not_here_the_poster_before_it_stands_in_and_on_record_is_only_that_the_clip_failed() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.tell(Event::Verified(ZoneName::Main, item(CLIP, CreativeKind::Clip, 15), Err(Fault::Damaged)));
    world.files = Files::Never;
    world.tell(Event::Verified(ZoneName::Main, item(CLIP, CreativeKind::Clip, 15), Err(Fault::Damaged)));
    world.pass(30_000);
    assert!(!world.shows_standby(), "long after the clip should have begun");
    world.pass(10_000);
    let expected = [(POSTER, PlayStatus::Success, 25_000), (CLIP, PlayStatus::ContentFailure, 0)];
    assert_eq!(world.recorded(), expected);
}

#[test]
fn a_programme_that_can_go_on_goes_on_until_the_first_files_of_the_next_are_here() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.media(Media::Ready);
    let mut next = playlist();
    next.items.iter_mut().for_each(|item| item.asset = Digest::of(item.asset.as_bytes()));
    let (old, new) = (Digest::of(b"playlist"), Digest::of(b"next"));
    world.files = Files::Never;
    // It is fetched, and its files are not.
    for action in world.state.step(Event::Manifest(Box::new(manifest(2, Some(new)))), world.now) {
        assert!(!matches!(action, Action::Open(..) | Action::Finish(..)));
    }
    world.tell(Event::Playlist(new, Arc::new(next.clone())));
    world.pass(3_600_000 / 2);
    assert_eq!(world.state.playlist(), Some(old), "half an hour later");
    assert!(!world.shows_standby());
    world.tell(Event::Stored(next.items.iter().map(|item| item.asset).collect()));
    assert_eq!(world.state.playlist(), Some(new));
}

#[test]
fn a_file_that_rotted_and_was_fetched_anew_is_told_of_for_a_day() {
    let mut world = World::at_eight(ABLE, Files::Come);
    assert_eq!(world.state.trouble(world.now), None);
    world.tell(Event::Rotten(Digest::of(&POSTER.to_be_bytes())));
    assert!(!world.shows_standby(), "what is up stays up");
    assert!(world.state.trouble(world.now).is_some_and(|text| text.contains("损坏")));
    world.now.monotonic += 25 * 3_600_000;
    assert_eq!(world.state.trouble(world.now), None);
}

#[test]
fn a_clip_is_a_success_only_as_far_as_the_worker_presented_it() {
    for (presented, status) in [(14_600, PlayStatus::Success), (14_400, PlayStatus::Interrupted)] {
        let mut world = World::at_eight(ABLE, Files::Come);
        world.media(Media::Ready);
        world.pass(25_000);
        assert!(world.asked.contains(&Action::StartMedia(ZoneName::Main, clip(), 0)), "{:?}", world.asked);
        world.media(Media::Started);
        world.pass(14_000);
        world.media(Media::Ended(Millis(presented)));
        world.pass(1_000);
        assert_eq!(world.recorded()[1], (CLIP, status, presented));
    }
}

#[test]
fn a_worker_that_dies_in_the_middle_is_a_hardware_failure_with_what_was_shown() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.media(Media::Ready);
    world.pass(25_000);
    world.media(Media::Started);
    world.pass(4_000);
    world.media(Media::Progress(Millis(4_000)));
    world.media(Media::Failed(Fault::Hardware));
    assert!(world.shows_standby(), "never a frozen frame that nobody plays");
    world.pass(11_000);
    assert_eq!(world.recorded()[1], (CLIP, PlayStatus::HardwareFailure, 4_000));
    assert!(!world.shows_standby(), "the poster is next");
}

#[test]
fn a_clip_that_cannot_be_prepared_again_does_not_disturb_the_one_that_plays() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.media(Media::Ready);
    world.pass(25_000);
    world.media(Media::Started);
    world.pass(5_000);
    world.media(Media::Unready(Some(Fault::Hardware)));
    world.pass(5_000);
    world.media(Media::Progress(Millis(10_000)));
    world.pass(4_000);
    world.media(Media::Ended(Millis(15_000)));
    world.pass(1_000);
    assert_eq!(world.recorded()[1], (CLIP, PlayStatus::Success, 15_000));
}

#[test]
fn without_a_worker_clips_are_on_record_as_hardware_failures() {
    let mut world = World::at_eight(Abilities { media: false }, Files::Come);
    world.pass(40_000);
    assert_eq!(world.recorded()[1], (CLIP, PlayStatus::HardwareFailure, 0));
    assert!(world.asked.iter().all(|a| !matches!(a, Action::PrepareMedia(..))));
}

#[test]
fn a_wall_clock_that_jumps_neither_lengthens_nor_invents_a_play() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.pass(10_000);
    // Somebody sets the clock: ten minutes and five seconds on, the poster is in another round.
    world.now.wall = world.now.wall.plus(605_000);
    world.tell(Event::Tick);
    assert_eq!(world.recorded(), [(POSTER, PlayStatus::Interrupted, 10_000)]);
    // And back to before the programme.
    world.now.wall = UtcMillis(EIGHT - 60_000);
    world.tell(Event::Tick);
    assert!(world.recorded().iter().all(|(_, status, actual)| *status != PlayStatus::Success && *actual <= 10_000));
    assert!(world.shows_standby());
}

#[test]
fn a_clock_that_is_set_back_keeps_what_is_up_for_as_much_longer_and_the_record_says_so() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.pass(10_000);
    world.now.wall = world.now.wall.plus(-9_000);
    world.pass(23_000);
    assert!(world.recorded().is_empty(), "at 24 s of the wall's clock it is up");
    world.pass(1_000);
    assert_eq!(world.recorded(), [(POSTER, PlayStatus::Success, 34_000)]);
}

fn show(n: u128) -> ShowId {
    ShowId::new(Uuid::from_u128(n))
}

#[test]
fn what_is_booked_before_a_film_is_shown_once_in_its_order_and_then_the_loop_goes_on_where_it_would_be() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.pass(10_000);
    assert_eq!(world.state.due_at_event(EventTrigger::PreShow, world.now), 2);
    world.tell(Event::Show(EventTrigger::PreShow, show(7)));
    world.pass(15_000);
    assert_eq!(
        world.recorded(),
        [
            (POSTER, PlayStatus::Interrupted, 10_000),
            (WARNING, PlayStatus::Success, 5_000),
            (REMINDER, PlayStatus::Success, 4_000),
            (POSTER, PlayStatus::Interrupted, 6_000),
        ]
    );
    let triggers: Vec<_> = world.record.iter().map(|entry| entry.play.trigger).collect();
    let event = Trigger::Event(show(7));
    assert_eq!(triggers, [Trigger::Loop, event, event, Trigger::Loop]);
}

#[test]
fn a_takeover_cuts_what_is_shown_before_a_film_which_is_then_shown_whole() {
    let mut world = World::at_eight(ABLE, Files::Come);
    let mut trusted = manifest(2, Some(Digest::of(b"playlist")));
    trusted.manifest.takeovers = vec![Takeover {
        id: TakeoverId::new(Uuid::from_u128(9)),
        level: TakeoverLevel::Emergency,
        starts: UtcMillis(EIGHT + 12_000),
        expires: UtcMillis(EIGHT + 15_000),
        items: vec![TakeoverItem { zone: ZoneName::Main, item: item(9, CreativeKind::Poster, 3) }],
    }];
    world.tell(Event::Manifest(Box::new(trusted)));
    world.pass(10_000);
    world.tell(Event::Show(EventTrigger::PreShow, show(7)));
    world.pass(14_000);
    assert_eq!(
        world.recorded()[1..],
        [
            (WARNING, PlayStatus::Interrupted, 2_000),
            (9, PlayStatus::Success, 3_000),
            (WARNING, PlayStatus::Success, 5_000),
            (REMINDER, PlayStatus::Success, 4_000),
        ]
    );
}

#[test]
fn while_somebody_wants_it_dark_nothing_is_shown_and_nothing_is_on_record() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.pass(10_000);
    world.tell(Event::Dark(true));
    assert_eq!(world.state.scene(world.now), Scene::Dark);
    world.tell(Event::Show(EventTrigger::PreShow, show(7)));
    world.pass(75_000);
    assert_eq!(world.recorded(), [(POSTER, PlayStatus::Interrupted, 10_000)]);
    assert!(world.open.is_empty() && world.state.trouble(world.now).is_some());
    world.tell(Event::Dark(false));
    assert!(matches!(world.state.scene(world.now), Scene::Zones(_)));
    assert_eq!(world.open.len(), 1, "the poster that is due now");
}

#[test]
fn while_the_wall_is_off_it_is_black_and_nothing_counts_as_played() {
    let mut world = World::at_eight(ABLE, Files::Come);
    let mut set = manifest(2, Some(Digest::of(b"playlist")));
    let off = DayWindow { from: "08:01".parse().unwrap(), to: "08:05".parse().unwrap() };
    set.manifest.orders.wall = WallSettings { off: vec![off], ..WallSettings::default() };
    world.tell(Event::Manifest(Box::new(set)));
    // Poster to 25 s, a clip whose worker is silent to 40 s, the poster again: cut after 20 s.
    world.pass(60_000);
    let cut = (POSTER, PlayStatus::Interrupted, 20_000);
    assert_eq!(world.recorded().last(), Some(&cut));
    let before = world.recorded().len();
    let black = |world: &World| match world.state.scene(world.now) {
        Scene::Zones(layers) => layers.iter().all(|layer| layer.content == Content::Black),
        _ => false,
    };
    assert!(black(&world));
    world.pass(239_000);
    assert!(black(&world) && world.open.is_empty() && world.state.is_off());
    assert_eq!(world.recorded().len(), before);
    world.pass(1_000);
    assert!(!black(&world) && !world.state.is_off(), "08:05: it is on again");
}

#[test]
fn a_wall_of_which_some_stays_free_stands_by_in_its_zones_alone() {
    let mut world = World::at_eight(ABLE, Files::Never);
    let rect = world.state.seen().next().unwrap().rect;
    assert_eq!(world.state.scene(world.now), Scene::Standby, "its zones are the whole wall");
    let mut free = manifest(2, Some(Digest::of(b"playlist")));
    free.manifest.orders.size = Some(Size { width: 8, height: 2 });
    world.tell(Event::Manifest(Box::new(free)));
    let alone = Scene::Zones(vec![Layer { rect, content: Content::Standby }]);
    assert_eq!(world.state.scene(world.now), alone);
    world.tell(Event::Stop);
    assert_eq!(world.state.scene(world.now), alone, "while it ends, too");
}

#[test]
fn light_and_sound_follow_their_tables() {
    let mut world = World::at_eight(ABLE, Files::Come);
    let level = |from: &str, percent| DayLevel { from: from.parse().unwrap(), percent: Percent::new(percent).unwrap() };
    let mut set = manifest(2, Some(Digest::of(b"playlist")));
    set.manifest.orders.zones.push(Zone { name: ZoneName::Audio, rect: Rect { x: 0, y: 0, width: 0, height: 0 } });
    set.manifest.orders.wall = WallSettings {
        brightness: vec![level("07:00", 100), level("08:01", 30)],
        volume: vec![level("08:02", 55)],
        ..WallSettings::default()
    };
    let heard = |world: &World| world.state.volume(world.now).map(Percent::get);
    assert_eq!(heard(&world), None, "a screen without a zone for sound is silent");
    world.tell(Event::Manifest(Box::new(set)));
    let lit = |world: &World| world.state.light(world.now).brightness.get();
    assert_eq!((lit(&world), heard(&world)), (100, Some(55)));
    assert!(world.state.next_change(world.now).is_some_and(|at| at <= UtcMillis(EIGHT + 60_000)));
    world.pass(60_000);
    assert_eq!(lit(&world), 30);
}

#[test]
fn a_retired_screen_forgets_everything() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.tell(Event::Retired);
    assert_eq!(world.asked.last(), Some(&Action::Wipe));
    assert!(world.open.is_empty() && world.shows_standby());
}

fn anything() -> impl Strategy<Value = (u64, i64, Option<u8>)> {
    (0..9_000_u64, prop_oneof![9 => Just(0), 1 => -700_000..700_000_i64], proptest::option::of(0..9_u8))
}

proptest! {
    #[test]
    fn whatever_happens_every_play_is_on_record_once_and_no_longer_than_it_was_up(
        days in proptest::collection::vec(anything(), 1..60)
    ) {
        let mut world = World::at_eight(ABLE, Files::Come);
        let begun = world.now.monotonic;
        let mut set_back = 0;
        for (ms, jump, news) in days {
            set_back += u32::try_from((-jump).max(0)).expect("small");
            world.pass(ms);
            world.now.wall = world.now.wall.plus(jump);
            match news {
                Some(0) => world.media(Media::Ready),
                Some(1) => world.media(Media::Started),
                Some(2) => world.media(Media::Progress(Millis(ms as u32))),
                Some(3) => world.media(Media::Ended(Millis(15_000))),
                Some(4) => world.media(Media::Failed(Fault::Hardware)),
                Some(5) => world.media(Media::Unready(None)),
                Some(6) => world.media(Media::Unready(Some(Fault::Unplayable))),
                Some(8) => world.tell(Event::Show(EventTrigger::PreShow, show(u128::from(ms)))),
                Some(7) => world.tell(Event::Loaded(Digest::of(&POSTER.to_be_bytes()), Err(Fault::Damaged))),
                _ => {}
            }
        }
        world.tell(Event::Stop);
        prop_assert!(world.open.is_empty(), "what was opened is finished");
        let passed = world.now.monotonic - begun;
        let mut shown = 0;
        for entry in &world.record {
            // A clock that is set back while something is up keeps it up: by as much, and a look of the loop.
            prop_assert!(entry.play.actual.0 <= entry.play.planned.0.saturating_add(9_000 + set_back), "{entry:?}");
            shown += u64::from(entry.play.actual.0);
        }
        // One zone shows one thing at a time.
        prop_assert!(shown <= passed, "{shown} ms on record in {passed} ms");
    }
}
