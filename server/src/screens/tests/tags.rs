//! Tags: who may hang them, what follows, what pickers offer.

use super::*;
use crate::db::testing::for_each_database;

#[tokio::test]
async fn tags_are_kept_as_they_were_given_and_offered_with_how_many_screens_have_them() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let (one, two) = (house.screen(1, venue).await, house.screen(2, venue).await);
        assert_eq!((one.tags.len(), house.screens.tags().await.unwrap()), (0, vec![]));
        let change = async |id, tags: &[&str]| house.screens.change(id, tagged(tags), &operator(), now).await;
        let changed = change(one.id, &[" 重点 ", "门口 \"东\" \\ %", "重点"]).await.unwrap();
        assert_eq!(changed.tags, ["重点", "门口 \"东\" \\ %"]);
        change(two.id, &["重点"]).await.unwrap();
        let kept = house.screens.get(one.id).await.unwrap();
        assert_eq!((&kept.tags, &kept.layout), (&changed.tags, &one.layout), "nothing else changed");
        assert_eq!(house.screens.list(&ScreenFilter::default()).await.unwrap()[0].tags, changed.tags);
        let offered = async || -> Vec<_> {
            house.screens.tags().await.unwrap().into_iter().map(|t| (t.tag, t.screens)).collect()
        };
        assert_eq!(offered().await, [("重点".to_owned(), 2), ("门口 \"东\" \\ %".to_owned(), 1)]);
        house.screens.change(one.id, named("新名"), &operator(), now).await.unwrap();
        assert_eq!(house.screens.get(one.id).await.unwrap().tags, changed.tags, "renaming leaves them");
        change(one.id, &[]).await.unwrap();
        house.screens.retire(two.id, &operator(), now).await.unwrap();
        assert_eq!(offered().await, []);
    })
    .await;
}

#[tokio::test]
async fn a_screen_whose_tags_changed_is_planned_anew_and_a_bad_tag_changes_nothing() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let screen = house.screen(1, venue).await;
        let before = house.jobs.waiting().await.unwrap();
        let other = house.screen(2, venue).await;
        assert_eq!(house.jobs.waiting().await.unwrap(), before + 1);
        db.exec(crate::db::sql("DELETE FROM jobs")).await.unwrap();
        house.screens.change(screen.id, tagged(&["重点"]), &operator(), now).await.unwrap();
        assert_eq!(house.jobs.waiting().await.unwrap(), 1);
        let change =
            async |tags: &[&str], who: &Principal| house.screens.change(other.id, tagged(tags), who, now).await;
        assert!(matches!(change(&["好", " "], &operator()).await, Err(ScreenError::BadTag)));
        let many: Vec<_> = (0..21).map(|n| format!("标签{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(matches!(change(&many, &operator()).await, Err(ScreenError::TooManyTags)));
        let health = principal(3, crate::accounts::Role::Operator, Some("health"), None);
        assert!(matches!(change(&["好"], &health).await, Err(ScreenError::OutOfScope)));
        assert_eq!(house.screens.get(other.id).await.unwrap().tags, Vec::<String>::new());
        assert_eq!(house.jobs.waiting().await.unwrap(), 1, "nothing to plan");
    })
    .await;
}
