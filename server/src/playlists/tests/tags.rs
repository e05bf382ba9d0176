//! A screen that is tagged, or loses its tag, joins and leaves by itself.

use super::*;
use crate::screens::ScreenChange;

#[tokio::test]
async fn a_screen_joins_a_booking_by_its_tag_and_leaves_with_it() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let [one, two] = [county.strip(bank, "甲").await, county.strip(bank, "乙").await];
        let (everywhere, tagged) = (county.slogan("不转账").await, county.slogan("不轻信").await);
        let choice = Selector { tags: vec!["重点".into()], ..Selector::default() };
        county.on_air("全县", booking("全县", vec![everywhere])).await;
        county.on_air("重点", BookingDraft { selector: choice, ..booking("重点", vec![tagged]) }).await;
        county.work().await;
        let creatives = async |screen: &Screen| -> BTreeSet<_> {
            county.playlist(screen).await.items.into_iter().map(|i| i.creative).collect()
        };
        let hang = async |tags: Vec<String>| {
            let change = ScreenChange { tags: Some(tags), ..ScreenChange::default() };
            county.app.screens.change(one.id, change, &person(Role::Admin), clock::now()).await.unwrap();
            county.work().await;
        };
        assert_eq!(creatives(&one).await, [everywhere].into());
        hang(vec!["重点".into()]).await;
        assert_eq!(creatives(&one).await, [everywhere, tagged].into());
        assert_eq!(creatives(&two).await, [everywhere].into());
        hang(Vec::new()).await;
        assert_eq!(creatives(&one).await, [everywhere].into());
    })
    .await;
}
