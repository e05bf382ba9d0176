//! Evidence pictures: taken in, proven by a signed batch or not, looked at by whom it concerns.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use xuanping_core::{
    id::InstructionId,
    playlist::EvidenceOrders,
    wire::{EvidenceNote, PlayerAbilities, PlayerStatus},
};

use super::*;
use crate::county::report;
use crate::{
    accounts::{Principal, Role, Scope},
    db::testing::for_each_database,
    plays::evidence::{EvidenceRefusal, MomentState},
    screens::ScreenChange,
};

const DAY: i64 = 86_400_000;

fn person(scope: Scope) -> Principal {
    Principal {
        id: AccountId::new(Uuid::from_u128(9)),
        name: "p".into(),
        display_name: "某人".into(),
        roles: vec![Role::Auditor],
        scope,
        must_set_password: false,
    }
}

/// A wall of one colour.
fn picture(colour: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let wall = RgbImage::from_pixel(320, 16, Rgb([colour, 0, 0]));
    DynamicImage::ImageRgb8(wall).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn note(picture: &[u8], taken: UtcMillis) -> EvidenceNote {
    EvidenceNote { digest: Digest::of(picture), taken, moment: None, instruction: None }
}

impl County {
    async fn bring(
        &self,
        player: &Player,
        note: EvidenceNote,
        picture: &[u8],
        now: UtcMillis,
    ) -> Result<(), EvidenceRefusal> {
        self.app.plays.keep_picture(&player.screen, note, picture.to_vec().into(), now).await
    }

    /// The player says that it can take pictures, and is told to.
    async fn takes_pictures(&self, player: &Player) {
        let status =
            PlayerStatus { abilities: PlayerAbilities { evidence: true, instructions: true, keys: false }, ..report() };
        self.app.screens.report(player.screen.id, &status, clock::now());
        self.app.screens.store_reports().await.unwrap();
        self.work().await;
    }

    async fn day(&self, player: &Player, date: NaiveDate, now: UtcMillis) -> EvidenceDay {
        self.app.plays.evidence_day(player.screen.id, date, &person(Scope::default()), now).await.unwrap()
    }
}

#[tokio::test]
async fn a_picture_is_proven_once_a_batch_of_its_screen_names_it_and_no_sooner() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (mut player, mut other) = (county.player(1, 0).await, county.player(2, 0).await);
        county.publish().await;
        let now = clock::now();
        let shown = showings(3);
        let taken = shown[1].start.plus(2_000);
        let date = clock::date_in(taken, chrono_tz::Asia::Shanghai);
        let (wall, never) = (picture(200), picture(100));
        for _ in 0..2 {
            // A player that did not hear our answer sends it again.
            county.bring(&player, note(&wall, taken), &wall, now).await.unwrap();
        }
        let day = county.day(&player, date, now).await;
        assert_eq!(day.pictures.len(), 1);
        assert_eq!((day.pictures[0].digest, day.pictures[0].proof), (Digest::of(&wall), None));
        assert_eq!((day.pictures[0].width, day.pictures[0].height), (320, 16));

        // Another screen's batch proves nothing of this one.
        let item = county.given_ref(&other).await;
        let mut theirs = showings(3);
        theirs[1].evidence = vec![Digest::of(&wall)];
        let batch = other.seal(vec![item], theirs);
        county.ingest(&other, &batch).await.unwrap();
        assert_eq!(county.day(&player, date, now).await.pictures[0].proof, None);
        let absent = county.day(&other, date, now).await.absent;
        assert_eq!(absent.iter().map(|named| named.digest).collect::<Vec<_>>(), [Digest::of(&wall)], "it never came");

        let item = county.given_ref(&player).await;
        let mut own = shown.clone();
        own[1].evidence = vec![Digest::of(&never), Digest::of(&wall)];
        let batch = player.seal(vec![item], own);
        county.ingest(&player, &batch).await.unwrap();
        let day = county.day(&player, date, now).await;
        let proof = day.pictures[0].proof.expect("named");
        assert_eq!((proof.sequence, proof.started, proof.creative), (1, shown[1].start, county.creative));
        assert!(proof.believed);
        assert_eq!(day.absent.iter().map(|named| named.digest).collect::<Vec<_>>(), [Digest::of(&never)]);
        let newest = county.app.plays.newest_evidence(player.screen.id, 3, &person(Scope::default())).await.unwrap();
        assert_eq!(newest.pictures, day.pictures);

        // The same wall at another time: the play that names it was on then, and not now.
        let again = taken.plus(80_000);
        county.bring(&player, note(&wall, again), &wall, now).await.unwrap();
        let all = county.app.plays.newest_evidence(player.screen.id, 3, &person(Scope::default())).await.unwrap();
        assert_eq!(all.pictures.iter().map(|p| p.proof.is_some()).collect::<Vec<_>>(), [false, true]);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_picture_of_the_wall_at_a_possible_time_is_refused() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let player = county.player(1, 0).await;
        let now = clock::now();
        let wall = picture(1);
        let good = note(&wall, now);
        let refused =
            async |note: EvidenceNote, bytes: &[u8]| county.bring(&player, note, bytes, now).await.unwrap_err();
        let other = EvidenceNote { digest: Digest::of(b"other"), ..good };
        assert!(matches!(refused(other, &wall).await, EvidenceRefusal::OtherDigest));
        let text = b"no picture at all";
        assert!(matches!(refused(note(text, now), text).await, EvidenceRefusal::NoPicture));
        let large = vec![0; EvidenceNote::MOST_BYTES + 1];
        assert!(matches!(refused(note(&large, now), &large).await, EvidenceRefusal::TooLarge));
        let impossible = [
            EvidenceNote { taken: now.plus(DAY), ..good },
            EvidenceNote { taken: player.screen.enrolled_at.plus(-DAY), ..good },
            EvidenceNote { moment: Some(now.plus(-3_600_000)), ..good },
            EvidenceNote { moment: Some(now.plus(1)), ..good },
            EvidenceNote { moment: Some(now), instruction: Some(InstructionId::new(Uuid::from_u128(1))), ..good },
        ];
        for wrong in impossible {
            assert!(matches!(refused(wrong, &wall).await, EvidenceRefusal::ImpossibleTime), "{wrong:?}");
        }
        let files = std::fs::read_dir(county.folder.path().join("blobs")).unwrap().count();
        for n in 0..100 {
            county.bring(&player, EvidenceNote { taken: now.plus(n), ..good }, &wall, now).await.unwrap();
        }
        assert!(matches!(refused(good, &wall).await, EvidenceRefusal::TooMany));
        county.bring(&player, good, &wall, now.plus(DAY + 1)).await.unwrap();
        let more = std::fs::read_dir(county.folder.path().join("blobs")).unwrap().count() - files;
        assert!(more <= 1, "the same bytes are one file");
        let change = db.exec(sql("UPDATE evidence_pictures SET taken_at = 0")).await;
        assert!(change.is_err(), "what came is never changed");
        assert!(db.exec(sql("DELETE FROM evidence_pictures")).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn moments_that_brought_no_picture_are_told_once_they_are_over_and_those_to_come_never() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        county.takes_pictures(&player).await;
        let told = county.app.playlists.issued(player.screen.id).unwrap().says.clone().unwrap();
        let orders = told.orders.evidence.expect("it is told to");
        assert_eq!(orders.per_day, crate::screens::EVIDENCE_PER_DAY);

        let tomorrow = clock::today(chrono_tz::Asia::Shanghai).checked_add_days(Days::new(1)).unwrap();
        let midnight = xuanping_core::recurrence::day_of(tomorrow, chrono_tz::Asia::Shanghai).start;
        assert_eq!(county.day(&player, tomorrow, midnight).await.moments, [], "nobody is told what is to come");
        let over = midnight.plus(DAY);
        let moments: Vec<_> = county.day(&player, tomorrow, over).await.moments;
        let playlist = county.app.playlists.playlist(told.playlist.unwrap()).await.unwrap();
        let anybody = orders.moments_on(told.screen, tomorrow, told.orders.tz(), &playlist, &told.orders.wall);
        assert_eq!(moments.iter().map(|m| m.at).collect::<Vec<_>>(), anybody, "whoever holds the manifest finds them");
        assert!(moments.iter().all(|m| m.state == MomentState::Waiting));
        let first = anybody[0];
        assert_eq!(county.day(&player, tomorrow, first).await.moments, [], "not even just then");
        assert_eq!(county.day(&player, tomorrow, first.plus(1)).await.moments.len(), 1);

        let wall = picture(7);
        let taken = EvidenceNote { moment: Some(first), ..note(&wall, first.plus(3_000)) };
        county.bring(&player, taken, &wall, over).await.unwrap();
        let item = county.given_ref(&player).await;
        let mut batch = player.batch(vec![item], showings(1));
        batch.sealed = over.plus(EvidenceOrders::PATIENCE.as_i64());
        let batch = SignedBatch::sign(batch, &player.key);
        county.app.plays.ingest(&player.screen, batch.signed().to_vec(), over.plus(3_600_000)).await.unwrap();
        (player.sequence, player.previous) = (2, batch.digest());
        let states: Vec<_> = county.day(&player, tomorrow, over).await.moments.iter().map(|m| m.state).collect();
        assert_eq!(states, [MomentState::Taken, MomentState::Missing]);

        // A screen that is to take none is told so, and nothing is due from then on.
        let none = ScreenChange { evidence_per_day: Some(0), ..ScreenChange::default() };
        county.app.screens.change(player.screen.id, none, &person(Scope::default()), clock::now()).await.unwrap();
        county.work().await;
        assert_eq!(county.day(&player, tomorrow, over).await.moments, []);
        let too_many = ScreenChange { evidence_per_day: Some(25), ..ScreenChange::default() };
        let refused =
            county.app.screens.change(player.screen.id, too_many, &person(Scope::default()), clock::now()).await;
        assert!(matches!(refused, Err(ScreenError::TooMuchEvidence)));
    })
    .await;
}

#[tokio::test]
async fn only_who_may_see_a_screens_records_sees_its_pictures() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let player = county.player(1, 0).await;
        let wall = picture(3);
        let now = clock::now();
        county.bring(&player, note(&wall, now), &wall, now).await.unwrap();
        let (plays, id, digest) = (&county.app.plays, player.screen.id, Digest::of(&wall));
        let here = person(Scope { area: Some("330482100000".into()), department: None });
        let elsewhere = person(Scope { area: Some("330482101000".into()), department: None });
        let (file, kind) = plays.picture_file(id, digest, &here).await.unwrap().unwrap();
        assert_eq!((file.1, kind.name()), (wall.len() as u64, "image/png"));
        assert!(plays.picture_file(id, Digest::of(b"another"), &here).await.unwrap().is_none());
        let out = |error: PlayError| matches!(error, PlayError::Screens(ScreenError::OutOfScope));
        assert!(out(plays.picture_file(id, digest, &elsewhere).await.unwrap_err()));
        assert!(out(plays.newest_evidence(id, 3, &elsewhere).await.unwrap_err()));
        let today = clock::today(chrono_tz::Asia::Shanghai);
        assert!(out(plays.evidence_day(id, today, &elsewhere, now).await.unwrap_err()));
        // A file of another sort is never served as a picture, though it is a blob.
        assert!(plays.picture_file(id, county.given_digest().await, &here).await.unwrap().is_none());
    })
    .await;
}

impl County {
    /// Some blob that is no picture of a wall.
    async fn given_digest(&self) -> Digest {
        self.app.blobs.put(b"a rendition").await.unwrap().digest
    }
}

#[tokio::test]
async fn a_picture_whose_time_is_over_goes_and_what_was_signed_of_it_stays() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (mut player, other) = (county.player(1, 0).await, county.player(2, 0).await);
        county.publish().await;
        let (now, plays) = (clock::now(), &county.app.plays);
        let (old, same, new) = (picture(1), picture(2), picture(3));
        let shown = showings(3);
        let taken = shown[1].start.plus(2_000);
        for wall in [&old, &same] {
            county.bring(&player, note(wall, taken), wall, now).await.unwrap();
        }
        let item = county.given_ref(&player).await;
        let mut naming = shown.clone();
        naming[1].evidence = vec![Digest::of(&old)];
        let batch = player.seal(vec![item], naming);
        county.ingest(&player, &batch).await.unwrap();
        // Half a year later another screen's wall looks just as one did then, and a third picture comes.
        let late = now.plus(190 * DAY);
        county.bring(&other, note(&same, late), &same, late).await.unwrap();
        county.bring(&player, note(&new, late), &new, late).await.unwrap();
        let before = plays.bundle(&Filter::default(), now).await.unwrap();

        assert_eq!(plays.expire_evidence(200, now.plus(200 * DAY - 1)).await.unwrap(), 0, "not a moment too soon");
        let over = now.plus(201 * DAY);
        assert_eq!(plays.expire_evidence(200, over).await.unwrap(), 2);
        assert_eq!(plays.expire_evidence(200, over).await.unwrap(), 0, "once");
        let who = person(Scope::default());
        let file = async |screen, wall: &[u8]| plays.picture_file(screen, Digest::of(wall), &who).await;
        assert!(matches!(file(player.screen.id, &old).await, Err(PlayError::PictureRemoved)));
        assert!(!plays.pictures.contains(Digest::of(&old)).await.unwrap(), "the file is gone");
        // Of those two it is one file: it stays for whom it is not too old.
        assert!(matches!(file(player.screen.id, &same).await, Err(PlayError::PictureRemoved)));
        assert!(file(other.screen.id, &same).await.unwrap().is_some());
        assert!(file(player.screen.id, &new).await.unwrap().is_some());

        // Who looks still sees that there was one, when, and what proves it; and what was exported is what is exported.
        let date = clock::date_in(taken, chrono_tz::Asia::Shanghai);
        let day = county.day(&player, date, now).await;
        let gone = day.pictures.iter().find(|picture| picture.digest == Digest::of(&old)).unwrap();
        assert_eq!((gone.removed_at, gone.proof.map(|proof| proof.sequence)), (Some(over), Some(1)));
        assert_eq!(day.absent, [], "it came");
        assert_eq!(plays.bundle(&Filter::default(), now).await.unwrap(), before);
        assert_eq!(plays.recount().await.unwrap().differences, []);
        let trail = crate::accounts::audit::list(&db, None, 200).await.unwrap();
        let told: Vec<_> = trail.iter().filter(|entry| entry.action == "plays.expire_evidence").collect();
        assert_eq!((told.len(), &told[0].details["pictures"]), (1, &serde_json::json!(2)));
        for edit in ["DELETE FROM evidence_removed", "UPDATE evidence_removed SET removed_at = 0"] {
            assert!(db.exec(sql(edit)).await.unwrap_err().to_string().contains("insert-only"));
        }
        // Bytes that come again after that are kept again.
        county.bring(&player, note(&old, over), &old, over).await.unwrap();
        assert!(file(player.screen.id, &old).await.unwrap().is_some());
    })
    .await;
}
