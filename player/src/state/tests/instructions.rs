//! What the office tells a screen to do once.

use xuanping_core::{id::InstructionId, wire::CouldNot};

use super::*;
use crate::{
    evidence::{Cause, NotTaken},
    stage::Identity,
};

/// What could not be done, and why.
fn in_vain(world: &World) -> Vec<(InstructionId, CouldNot)> {
    let all = world.asked.iter().filter_map(|action| match action {
        Action::CouldNot(id, why) => Some((*id, *why)),
        _ => None,
    });
    all.collect()
}

fn identity() -> Arc<Identity> {
    Arc::new(Identity { code: "0427".into(), lines: Vec::new() })
}

#[test]
fn while_a_wall_says_who_it_is_nothing_counts_and_what_it_covered_is_interrupted() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.pass(5_000);
    world.tell(Event::Identify(identity(), 10_000));
    assert_eq!(world.state.scene(world.now), Scene::Identity(identity()));
    assert_eq!(world.recorded(), [(POSTER, PlayStatus::Interrupted, 5_000)]);
    world.pass(9_999);
    assert_eq!(world.state.scene(world.now), Scene::Identity(identity()));
    assert_eq!(world.open.len(), 0, "nothing is on the wall that could count");
    world.pass(1);
    assert!(matches!(world.state.scene(world.now), Scene::Zones(_)), "it ends by itself");
    world.pass(10_000);
    // The poster's slot ends at 25 seconds: it was seen for its last ten.
    assert_eq!(world.recorded()[1], (POSTER, PlayStatus::Interrupted, 10_000));
}

#[test]
fn a_wall_made_dark_stays_dark_whoever_asks_who_it_is() {
    let mut world = World::at_eight(ABLE, Files::Come);
    world.tell(Event::Dark(true));
    world.tell(Event::Identify(identity(), 10_000));
    assert_eq!(world.state.scene(world.now), Scene::Dark);
    world.pass(10_000);
    world.tell(Event::Dark(false));
    assert!(matches!(world.state.scene(world.now), Scene::Zones(_)), "it is over meanwhile");
}

#[test]
fn a_picture_that_the_office_wants_is_taken_of_the_next_play_that_is_up_and_not_after_its_time() {
    let mut world = World::at_eight(ABLE, Files::Come);
    let id = InstructionId::new(Uuid::from_u128(7));
    let pictures = |world: &World| {
        let wanted = world.asked.iter().filter_map(|action| match action {
            Action::Picture(_, cause) => Some(*cause),
            _ => None,
        });
        wanted.collect::<Vec<_>>()
    };
    world.tell(Event::PictureAsked(id, world.now.wall.plus(60_000)));
    assert_eq!(pictures(&world), [], "what it gave way to may still be seen");
    world.pass(1_000);
    assert_eq!(pictures(&world), [Cause::Instruction(id)]);

    let mut covered = World::at_eight(ABLE, Files::Come);
    covered.tell(Event::Identify(identity(), 20_000));
    covered.tell(Event::PictureAsked(id, covered.now.wall.plus(15_000)));
    covered.pass(60_000);
    assert_eq!(pictures(&covered), [], "its time was over before there was a play");
    assert_eq!(in_vain(&covered), [(id, CouldNot::NothingShown)], "and that is told, once");
}

#[test]
fn of_a_wall_that_is_off_there_is_no_picture_and_the_office_hears_why_at_once() {
    let id = InstructionId::new(Uuid::from_u128(7));
    let mut world = World::at_eight(ABLE, Files::Come);
    world.tell(Event::Dark(true));
    world.tell(Event::PictureAsked(id, world.now.wall.plus(600_000)));
    assert_eq!(in_vain(&world), [(id, CouldNot::WallOff)]);
    world.tell(Event::Dark(false));
    world.pass(60_000);
    assert_eq!(in_vain(&world).len(), 1, "and it is not taken later, when nobody waits for it");
    assert!(!world.asked.iter().any(|action| matches!(action, Action::Picture(..))));
}

#[test]
fn a_wall_without_anything_to_show_has_no_picture_and_says_so_before_the_instruction_expires() {
    let id = InstructionId::new(Uuid::from_u128(7));
    let mut world = World::at_eight(ABLE, Files::Never);
    world.tell(Event::PictureAsked(id, world.now.wall.plus(600_000)));
    // The same manifest's next version has it too.
    world.tell(Event::PictureAsked(id, world.now.wall.plus(600_000)));
    world.pass(149_000);
    assert_eq!(in_vain(&world), []);
    world.pass(2_000);
    assert_eq!(in_vain(&world), [(id, CouldNot::NothingShown)]);
}

#[test]
fn a_picture_that_fails_again_and_again_could_not_be_taken() {
    let id = InstructionId::new(Uuid::from_u128(7));
    let mut world = World::at_eight(ABLE, Files::Come);
    world.tell(Event::PictureAsked(id, world.now.wall.plus(600_000)));
    for _ in 0..5 {
        let mut play = None;
        for _ in 0..60 {
            world.pass(1_000);
            let place = world.asked.iter().position(|action| matches!(action, Action::Picture(..)));
            if let Some(Action::Picture(key, _)) = place.map(|place| world.asked.remove(place)) {
                play = Some(key);
                break;
            }
        }
        world.tell(Event::Pictured(play.expect("a picture is wanted"), Err(NotTaken)));
    }
    assert_eq!(in_vain(&world), [(id, CouldNot::NoPicture)]);
}
