//! Public addresses: who may make and revoke them, and what they open.

use super::*;
use crate::db::testing::for_each_database;

#[tokio::test]
async fn a_public_address_shows_its_screen_until_it_is_revoked_or_the_screen_retired() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let screen = house.screen(1, venue).await.id;
        let one = house.screens.add_link(screen, &operator(), now).await.unwrap();
        let other = house.screens.add_link(screen, &operator(), now).await.unwrap();
        assert_ne!(one.token, other.token);
        assert_eq!(house.screens.links(screen).await.unwrap().len(), 2);
        assert_eq!(house.screens.linked(&one.token).await.unwrap(), Some(screen));
        for wrong in ["", "a", &one.token[1..], &"a".repeat(26)] {
            assert_eq!(house.screens.linked(wrong).await.unwrap(), None, "{wrong}");
        }
        house.screens.revoke_link(screen, &one.token, &operator(), now).await.unwrap();
        assert_eq!(house.screens.linked(&one.token).await.unwrap(), None);
        let again = house.screens.revoke_link(screen, &one.token, &operator(), now).await;
        assert!(matches!(again, Err(ScreenError::UnknownLink)));
        house.screens.retire(screen, &operator(), now).await.unwrap();
        assert_eq!(house.screens.linked(&other.token).await.unwrap(), None);
        assert!(matches!(house.screens.add_link(screen, &operator(), now).await, Err(ScreenError::Retired)));
    })
    .await;
}

#[tokio::test]
async fn public_addresses_are_made_within_the_own_scope_and_ten_at_most() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let screen = house.screen(1, venue).await.id;
        let health = principal(3, crate::accounts::Role::Operator, Some("health"), None);
        assert!(matches!(house.screens.add_link(screen, &health, now).await, Err(ScreenError::OutOfScope)));
        let link = house.screens.add_link(screen, &operator(), now).await.unwrap();
        let revoked = house.screens.revoke_link(screen, &link.token, &health, now).await;
        assert!(matches!(revoked, Err(ScreenError::OutOfScope)));
        for _ in 1..MOST_LINKS {
            house.screens.add_link(screen, &operator(), now).await.unwrap();
        }
        assert!(matches!(house.screens.add_link(screen, &operator(), now).await, Err(ScreenError::TooManyLinks)));
    })
    .await;
}
