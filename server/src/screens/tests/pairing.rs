//! How a player becomes a screen, and stops being one.

use xuanping_core::wire::EnrolmentState;

use super::*;
use crate::db::testing::for_each_database;

const MINUTE: i64 = 60_000;

#[tokio::test]
async fn a_typed_code_makes_the_players_key_a_screen() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let code = house.code(1, now).await;
        assert!(code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        assert_eq!(house.code(1, now.plus(MINUTE)).await, code, "it goes on showing the same one");
        assert_ne!(house.code(2, now).await, code);

        let spaced = format!(" {} {}", &code[..4], &code[4..]);
        assert_eq!(house.screens.waiting(&spaced, &operator(), now).await.unwrap().capabilities, hall());
        let screen = house.screens.pair(pairing(&spaced, venue, " 大厅屏 "), &operator(), now).await.unwrap();
        assert_eq!((screen.name.as_str(), screen.venue.id, screen.venue.screens), ("大厅屏", venue, 1));
        assert_eq!((screen.kind, screen.size, screen.clips), (ScreenKind::Lcd, hall().size, true));

        let again = house.screens.introduce(key(1).public(), hall(), None, now).await.unwrap();
        assert_eq!(again, EnrolmentState::Enrolled { screen: screen.id }, "a player that restarts is the same screen");
        let known = house.screens.enrolment_of(key(1).public().fingerprint(), now).await.unwrap();
        assert_eq!(known, Some((key(1).public(), EnrolmentState::Enrolled { screen: screen.id })));
        assert_eq!(house.screens.enrolment_of(key(9).public().fingerprint(), now).await.unwrap(), None);
        assert_eq!(house.trail("screens.pair").await, 1);
        assert_eq!(house.jobs.waiting().await.unwrap(), 1, "it is planned");
    })
    .await;
}

#[tokio::test]
async fn a_code_that_is_wrong_used_or_expired_says_which() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let (used, late) = (house.code(1, now).await, house.code(2, now).await);
        let pair =
            async |code: &str, name: &str, at| house.screens.pair(pairing(code, venue, name), &operator(), at).await;
        for wrong in ["", "1234567", "123456789", "abcdefgh", "１２３４５６７８"] {
            assert!(matches!(pair(wrong, "屏", now).await, Err(ScreenError::WrongCode)), "{wrong}");
        }
        pair(&used, "甲", now).await.unwrap();
        assert!(matches!(pair(&used, "乙", now).await, Err(ScreenError::CodeUsed)));
        assert!(matches!(pair(&late, "乙", now.plus(15 * MINUTE)).await, Err(ScreenError::CodeExpired)));
        let fresh = house.code(2, now.plus(15 * MINUTE)).await;
        assert_ne!(fresh, late, "the player shows a new one");
        pair(&fresh, "乙", now.plus(16 * MINUTE)).await.unwrap();
        // Long after, the code may be somebody else's.
        house.code(3, now.plus(80 * MINUTE)).await;
        assert!(matches!(pair(&late, "丙", now.plus(80 * MINUTE)).await, Err(ScreenError::WrongCode)));
    })
    .await;
}

#[tokio::test]
async fn of_two_operators_who_type_a_code_at_once_one_gets_the_screen_and_the_other_is_told() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let code = house.code(1, now).await;
        let mut typing = tokio::task::JoinSet::new();
        for n in 0..6 {
            let (screens, request) = (house.screens.clone(), pairing(&code, venue, &format!("屏{n}")));
            typing.spawn(async move { screens.pair(request, &principal(n, Role::Operator, None, None), now).await });
        }
        let (done, refused): (Vec<_>, Vec<_>) = typing.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        assert!(refused.iter().all(|r| matches!(r, Err(ScreenError::CodeUsed))), "{refused:?}");
        assert_eq!(house.screens.list(&ScreenFilter::default()).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn two_screens_of_one_venue_never_get_the_same_name() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let mut typing = tokio::task::JoinSet::new();
        for n in 1..=4 {
            let (screens, request) = (house.screens.clone(), pairing(&house.code(n, now).await, venue, "大厅屏"));
            typing.spawn(async move { screens.pair(request, &operator(), now).await.map(|s| s.id) });
        }
        let (done, refused): (Vec<_>, Vec<_>) = typing.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        assert!(refused.iter().all(|r| matches!(r, Err(ScreenError::NameTaken))), "{refused:?}");
        // Whoever is refused can try again with the same code; elsewhere, and once it is free, the name is good.
        let other = house.venue("西镇支行", WEST).await;
        house.screens.pair(pairing(&house.code(5, now).await, other, "大厅屏"), &operator(), now).await.unwrap();
        let first = *done[0].as_ref().unwrap();
        let second = house.screen(6, venue).await;
        let rename = async || house.screens.change(second.id, named("大厅屏"), &operator(), now).await;
        assert!(matches!(rename().await, Err(ScreenError::NameTaken)));
        house.screens.retire(first, &operator(), now).await.unwrap();
        assert_eq!(rename().await.unwrap().name, "大厅屏");
    })
    .await;
}

#[tokio::test]
async fn codes_cannot_be_guessed_one_after_the_other_nor_all_at_once() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let now = clock::now();
        let right = house.code(1, now).await;
        let mut guesses = tokio::task::JoinSet::new();
        for n in 0..40 {
            let screens = house.screens.clone();
            guesses.spawn(async move { screens.waiting(&format!("guess{n:03}"), &operator(), now).await.unwrap_err() });
        }
        let looked_up = guesses.join_all().await.into_iter().filter(|e| matches!(e, ScreenError::WrongCode)).count();
        assert_eq!(looked_up, 10);
        let locked = house.screens.waiting(&right, &operator(), now.plus(MINUTE)).await.unwrap_err();
        assert!(matches!(locked, ScreenError::TooManyCodes(until) if until == now.plus(10 * MINUTE)), "{locked}");
        let other = principal(2, Role::Operator, None, None);
        assert!(house.screens.waiting(&right, &other, now).await.is_ok(), "only who guessed has to wait");
        assert!(house.screens.waiting(&right, &operator(), now.plus(10 * MINUTE)).await.is_ok());
        for _ in 0..30 {
            assert!(house.screens.waiting(&right, &other, now).await.is_ok(), "right codes count for nothing");
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_makes_one_screen_once_and_in_time() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let issue = async |name: &str, layout| {
            let new = NewToken { venue, name: name.into(), layout, sound: Sound::Off, life: MINUTE };
            house.screens.issue_token(new, &Actor::CommandLine, now).await.unwrap()
        };
        let redeem =
            async |n: u8, token: &str, at| house.screens.introduce(key(n).public(), hall(), Some(token), at).await;
        let token = issue("大厅屏", Layout::Full).await;
        assert!(matches!(redeem(1, "wrong", now).await, Err(ScreenError::BadToken)));
        assert!(matches!(redeem(1, &token, now.plus(MINUTE)).await, Err(ScreenError::BadToken)), "too late");
        let (one, two) = tokio::join!(redeem(1, &token, now), redeem(2, &token, now));
        assert_eq!([&one, &two].iter().filter(|r| r.is_ok()).count(), 1, "{one:?} {two:?}");
        assert!([one, two].iter().any(|r| matches!(r, Err(ScreenError::BadToken))));

        // A token for a layout that the screen cannot have is not used up by trying.
        let blind = issue("音柱", Layout::AudioOnly).await;
        assert!(matches!(redeem(3, &blind, now).await, Err(ScreenError::BadLayout(_))));
        let speaker = Capabilities { kind: ScreenKind::Speaker, size: Size { width: 0, height: 0 }, ..hall() };
        assert!(house.screens.introduce(key(3).public(), speaker, Some(&blind), now).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn an_impossible_display_is_refused_and_so_is_a_layout_that_does_not_suit() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let sized = |kind, width, height| Capabilities { kind, size: Size { width, height }, ..hall() };
        let impossible = [
            sized(ScreenKind::Lcd, 0, 0),
            sized(ScreenKind::Lcd, 0, 1080),
            sized(ScreenKind::Lcd, 20_000, 1080),
            sized(ScreenKind::LedWall, 16_384, 16_384),
            sized(ScreenKind::Speaker, 1920, 1080),
            Capabilities { host: "主".repeat(101), ..hall() },
        ];
        for given in impossible {
            let refused = house.screens.introduce(key(1).public(), given.clone(), None, now).await;
            assert!(matches!(refused, Err(ScreenError::BadCapabilities(_))), "{given:?}");
        }
        let unsuitable = [
            (sized(ScreenKind::LedStrip, 512, 32), Layout::MainAndTicker),
            (sized(ScreenKind::Lcd, 1920, 1080), Layout::AudioOnly),
            (sized(ScreenKind::Speaker, 0, 0), Layout::Full),
            (sized(ScreenKind::LedWall, 320, 96), Layout::MainAndTicker),
        ];
        for (n, (given, layout)) in (1..).zip(unsuitable) {
            let state = house.screens.introduce(key(n).public(), given.clone(), None, now).await.unwrap();
            let EnrolmentState::Waiting { code, .. } = state else { panic!("{state:?}") };
            let request = PairRequest { layout, ..pairing(&code, venue, "屏") };
            let refused = house.screens.pair(request, &operator(), now).await;
            assert!(matches!(refused, Err(ScreenError::BadLayout(_))), "{given:?}");
        }
        assert_eq!(house.screens.list(&ScreenFilter::default()).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_retired_screen_is_out_for_good_and_a_new_key_starts_anew() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let screen = house.screen(1, venue).await;
        house.screens.retire(screen.id, &operator(), now).await.unwrap();
        assert!(matches!(house.screens.introduce(key(1).public(), hall(), None, now).await, Err(ScreenError::Retired)));
        assert_eq!(house.screens.enrolment_of(key(1).public().fingerprint(), now).await.unwrap(), None);
        assert_eq!(house.screens.list(&ScreenFilter::default()).await.unwrap(), []);
        assert_eq!(house.screens.get(screen.id).await.unwrap().retired_at, Some(now), "records still name it");
        assert!(matches!(house.screens.retire(screen.id, &operator(), now).await, Err(ScreenError::Retired)));
        let renamed = house.screens.change(screen.id, named("新名"), &operator(), now).await;
        assert!(matches!(renamed, Err(ScreenError::Retired)));
        assert_eq!(house.trail("screens.retire").await, 1);
        let anew = house.screen(2, venue).await;
        assert_ne!(anew.id, screen.id);
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_players_does_not_fill_the_database() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let now = clock::now();
        let mut tx = db.begin().await.unwrap();
        for n in 0..2_000_u32 {
            let mut seed = [7; 32];
            seed[..4].copy_from_slice(&n.to_be_bytes());
            let waiting = Waiting {
                public_key: SecretKey::from_seed(&seed).public(),
                capabilities: hall(),
                code: format!("{n:08}"),
                expires: now.plus(15 * MINUTE),
                used: None,
            };
            assert!(store::pairings::insert(&mut tx, &waiting).await.unwrap());
        }
        tx.commit().await.unwrap();
        let refused = house.screens.introduce(key(1).public(), hall(), None, now).await;
        assert!(matches!(refused, Err(ScreenError::TooManyWaiting)));
        house.code(1, now.plus(15 * MINUTE)).await;
    })
    .await;
}
