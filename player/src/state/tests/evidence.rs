//! Pictures of the wall at the moments that the orders name.

use xuanping_core::playlist::{EvidenceOrders, MANIFEST_VERSION_2};

use super::*;
use crate::evidence::{Cause, Name, NotTaken, Taken};

/// A wall whose orders ask for so many pictures, and the moments that lie before it, from eight o'clock on.
fn pictured(per_day: u8) -> (World, Vec<UtcMillis>) {
    let mut world = World::at_eight(ABLE, Files::Come);
    let mut orders = manifest(2, Some(Digest::of(b"playlist")));
    let evidence = EvidenceOrders { nonce: Digest::of(b"nonce"), per_day };
    orders.manifest.orders.evidence = Some(evidence);
    orders.manifest.format = MANIFEST_VERSION_2;
    let said = &orders.manifest;
    let (date, tz) = (NaiveDate::from_ymd_opt(2025, 6, 2).unwrap(), said.orders.tz());
    let moments = evidence.moments_on(said.screen, date, tz, &playlist(), &said.orders.wall);
    assert_eq!(moments.len(), usize::from(per_day), "the loop runs for an hour");
    world.tell(Event::Manifest(Box::new(orders)));
    (world, moments)
}

/// The newest picture that is to be taken, if it was not taken from the list before.
fn wanted(world: &mut World) -> Option<(PlayKey, Cause)> {
    let place = world.asked.iter().position(|action| matches!(action, Action::Picture(..)))?;
    match world.asked.remove(place) {
        Action::Picture(play, cause) => Some((play, cause)),
        _ => None,
    }
}

fn taken(cause: Cause, at: Moment) -> Taken {
    let digest = Digest::of(&at.monotonic.to_be_bytes());
    Taken { digest, name: Arc::new(Name { taken: at.wall, cause, digest }) }
}

impl World {
    /// Lets time pass until this instant.
    fn until(&mut self, at: UtcMillis) {
        self.pass(at.since(self.now.wall).max(0) as u64);
    }

    /// Lets time pass until a picture is wanted.
    fn until_wanted(&mut self) -> (PlayKey, Cause) {
        for _ in 0..60 {
            if let Some(wanted) = wanted(self) {
                return wanted;
            }
            self.pass(1_000);
        }
        panic!("no picture is wanted: {:?}", self.asked);
    }
}

#[test]
fn at_its_moment_a_picture_is_taken_of_the_play_that_is_up_and_that_play_names_it() {
    let (mut world, moments) = pictured(2);
    for moment in moments {
        world.until(moment.plus(-1));
        assert_eq!(wanted(&mut world), None, "nobody takes one before");
        let (play, cause) = world.until_wanted();
        assert_eq!(cause, Cause::Moment(moment));
        world.pass(300);
        let picture = taken(cause, world.now);
        world.tell(Event::Pictured(play, Ok(picture.clone())));
        let named = |action: &Action| match action {
            Action::Named(key, entry, name) => Some((*key, entry.play.evidence.clone(), name.clone())),
            _ => None,
        };
        let named: Vec<_> = world.asked.drain(..).filter_map(|action| named(&action)).collect();
        assert_eq!(named, [(play, vec![picture.digest], picture.name)], "journalled, then kept");
        let before = world.record.len();
        world.pass(40_000);
        let naming: Vec<_> = world.record[before..].iter().filter(|e| e.play.evidence == [picture.digest]).collect();
        assert_eq!(naming.len(), 1, "one play names it, and is otherwise as any");
        assert_eq!(naming[0].play.status, PlayStatus::Success);
        assert_eq!(wanted(&mut world), None, "once is enough");
    }
}

#[test]
fn a_picture_that_comes_when_its_play_is_over_is_discarded_and_the_next_play_is_pictured() {
    let (mut world, moments) = pictured(1);
    world.until(moments[0]);
    let (play, cause) = world.until_wanted();
    world.pass(60_000);
    assert_eq!(wanted(&mut world), None, "one at a time");
    let late = taken(cause, world.now);
    world.tell(Event::Pictured(play, Ok(late.clone())));
    assert!(world.asked.contains(&Action::Discard(late.name)));
    let (next, again) = world.until_wanted();
    assert_eq!((again, next != play), (cause, true));
    world.tell(Event::Pictured(next, Ok(taken(again, world.now))));
    world.pass(40_000);
    assert_eq!(world.record.iter().filter(|entry| !entry.play.evidence.is_empty()).count(), 1);
}

#[test]
fn a_wall_that_is_dark_takes_no_picture_and_does_not_catch_up() {
    let (mut world, moments) = pictured(1);
    world.until(moments[0].plus(-5_000));
    world.tell(Event::Dark(true));
    world.pass(60_000);
    world.tell(Event::Dark(false));
    world.pass(60_000);
    assert_eq!(wanted(&mut world), None);
}

#[test]
fn pictures_that_fail_are_given_up_after_a_few_tries() {
    let (mut world, moments) = pictured(1);
    world.until(moments[0]);
    for _ in 0..5 {
        let (play, _) = world.until_wanted();
        world.tell(Event::Pictured(play, Err(NotTaken)));
    }
    world.pass(120_000);
    assert_eq!(wanted(&mut world), None);
}

#[test]
fn what_a_clock_that_is_set_ahead_skips_is_not_caught_up_with() {
    let (mut world, moments) = pictured(2);
    world.now.wall = moments[1].plus(i64::from(EvidenceOrders::PATIENCE.0));
    world.tell(Event::Tick);
    world.pass(60_000);
    assert_eq!(wanted(&mut world), None);
}
