//! What an office tells one screen to do once: with its manifest, at once, and noted when the screen says that it did it.

use xuanping_core::{
    id::InstructionId,
    playlist::{Errand, MANIFEST_VERSION, MANIFEST_VERSION_2},
    playlog::KeyPermit,
    wire::{CouldNot, Obeyed, PlayerAbilities, PlayerStatus},
};

use super::*;
use crate::county::report;
use crate::{
    accounts::{Scope, audit},
    playlists::instructions::{InstructionRefusal, Kind},
};

impl County {
    fn says(&self, screen: &Screen, instructions: bool, obeyed: Vec<Obeyed>) {
        let status = PlayerStatus {
            abilities: PlayerAbilities { instructions, ..PlayerAbilities::default() },
            obeyed,
            ..report()
        };
        self.app.screens.report(screen.id, &status, clock::now());
    }

    async fn instruct(&self, screen: &Screen, kind: Kind) -> Result<InstructionId, InstructionRefusal> {
        let who = person(Role::Operator);
        Ok(self.app.playlists.instruct(screen.id, kind, 20, &who, clock::now()).await?.id)
    }

    async fn done(&self, screen: &Screen) -> Vec<(Kind, bool)> {
        let given = self.app.playlists.instructions(screen.id).await.unwrap();
        given.into_iter().map(|given| (given.kind, given.done.is_some())).collect()
    }
}

#[tokio::test]
async fn an_instruction_goes_out_with_the_screens_manifest_at_once_and_is_done_when_the_screen_says_so() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [screen, other, _] = three(&county).await;
        county.says(&screen, true, Vec::new());
        let before = [county.issued(&screen).version, county.issued(&other).version];
        let id = county.instruct(&screen, Kind::Identify).await.unwrap();
        assert_eq!(county.versions(&[&screen, &other]), [before[0] + 1, before[1]], "nobody else is told anything");
        let manifest = county.manifest(&screen);
        assert_eq!((manifest.format, manifest.instructions.len()), (MANIFEST_VERSION_2, 1));
        assert_eq!(manifest.playlist, county.issued(&screen).playlist);
        assert!(manifest.playlist.is_some(), "it plays on");
        let told = &manifest.instructions[0];
        let Errand::Identify { seconds: 20, code, lines } = &told.what else { panic!("{told:?}") };
        assert_eq!((told.id, code.len(), lines.len()), (id, 4, 2));
        let lit = |line: &xuanping_core::playlist::Lamps| line.bits.iter().map(|byte| byte.count_ones()).sum::<u32>();
        assert!(lines.iter().all(|line| lit(line) > 20), "names can be read");
        assert_eq!(county.done(&screen).await, [(Kind::Identify, false)]);

        let capture = county.instruct(&screen, Kind::Capture).await.unwrap();
        assert_eq!(county.manifest(&screen).instructions.len(), 2);
        // Another screen cannot say that it did it.
        let now = clock::now();
        county.says(&other, true, vec![Obeyed { id: capture, at: now, could_not: None }]);
        assert_eq!(county.done(&other).await, []);
        assert_eq!(county.done(&screen).await, [(Kind::Capture, false), (Kind::Identify, false)]);
        county.says(&screen, true, vec![Obeyed { id, at: now, could_not: None }]);
        assert_eq!(county.done(&screen).await, [(Kind::Capture, false), (Kind::Identify, true)]);
        // What it no longer tells of stays noted; what is done is told no more.
        county.says(&screen, true, Vec::new());
        assert_eq!(county.done(&screen).await, [(Kind::Capture, false), (Kind::Identify, true)]);
        county.instruct(&screen, Kind::Restart).await.unwrap();
        let told = county.manifest(&screen).instructions.into_iter().map(|told| told.what).collect::<Vec<_>>();
        assert_eq!(told, [Errand::Capture, Errand::Restart]);
        // What expired is not worth a manifest of its own; the next one tells of it no more.
        county.replan(clock::now().plus(24 * HOUR)).await;
        assert_eq!(
            (county.manifest(&screen).instructions.len(), county.manifest(&screen).format),
            (0, MANIFEST_VERSION)
        );
        let trail = audit::list(&db, None, 200).await.unwrap();
        assert_eq!(trail.iter().filter(|entry| entry.action == "screens.instruct").count(), 3);
    })
    .await;
}

#[tokio::test]
async fn who_may_not_and_what_cannot_are_refused() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [web, screen, _] = three(&county).await;
        county.says(&web, false, Vec::new());
        assert!(matches!(county.instruct(&web, Kind::Capture).await, Err(InstructionRefusal::CannotObey)));
        assert!(
            matches!(county.instruct(&screen, Kind::Capture).await, Err(InstructionRefusal::CannotObey)),
            "never heard of"
        );
        county.says(&screen, true, Vec::new());
        let playlists = &county.app.playlists;
        let mut elsewhere = person(Role::Operator);
        elsewhere.scope = Scope { area: Some(WEST.into()), department: None };
        let now = clock::now();
        let refused = playlists.instruct(screen.id, Kind::Restart, 20, &elsewhere, now).await;
        assert!(matches!(refused, Err(InstructionRefusal::Playlists(PlaylistError::Screens(ScreenError::OutOfScope)))));
        for seconds in [0, 121] {
            let refused = playlists.instruct(screen.id, Kind::Identify, seconds, &person(Role::Operator), now).await;
            assert!(matches!(refused, Err(InstructionRefusal::Seconds)));
        }
        for _ in 0..8 {
            county.instruct(&screen, Kind::Identify).await.unwrap();
        }
        assert!(matches!(county.instruct(&screen, Kind::Identify).await, Err(InstructionRefusal::TooMany)));
        county.app.screens.retire(screen.id, &person(Role::Operator), now).await.unwrap();
        let refused = county.instruct(&screen, Kind::Identify).await;
        assert!(matches!(refused, Err(InstructionRefusal::Playlists(PlaylistError::Screens(ScreenError::Retired)))));
    })
    .await;
}

#[tokio::test]
async fn a_screen_is_told_to_change_its_key_only_if_it_can_once_at_a_time_and_for_the_key_that_it_has() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [screen, ..] = three(&county).await;
        let able = |keys, obeyed| {
            let abilities = PlayerAbilities { instructions: true, keys, ..PlayerAbilities::default() };
            county.app.screens.report(screen.id, &PlayerStatus { abilities, obeyed, ..report() }, clock::now());
        };
        able(false, Vec::new());
        let refused = county.instruct(&screen, Kind::ChangeKey).await;
        assert!(matches!(refused, Err(InstructionRefusal::CannotChangeKey)), "{refused:?}");
        able(true, Vec::new());
        let id = county.instruct(&screen, Kind::ChangeKey).await.unwrap();
        let told = county.manifest(&screen).instructions.remove(0);
        let Errand::ChangeKey { permit } = told.what else { panic!("{told:?}") };
        let permit = KeyPermit::verify(&permit, &county.app.publisher.public()).unwrap();
        let key = county.app.screens.get(screen.id).await.unwrap().public_key.fingerprint();
        assert_eq!(permit, KeyPermit { screen: screen.id, key, instruction: id });
        let again = county.instruct(&screen, Kind::ChangeKey).await;
        assert!(matches!(again, Err(InstructionRefusal::ChangingKey)), "{again:?}");
        // It says that it could not: that is noted with the reason, and is not the same as done.
        let could_not = Some(CouldNot::Other);
        able(true, vec![Obeyed { id, at: clock::now(), could_not }]);
        let given = county.app.playlists.instructions(screen.id).await.unwrap().remove(0);
        assert_eq!((given.done.is_some(), given.could_not), (true, could_not));
        county.instruct(&screen, Kind::ChangeKey).await.unwrap();
    })
    .await;
}
