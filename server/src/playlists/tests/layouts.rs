//! Screens that are divided by hand: what is made for their zones, and what their players are told.

use xuanping_core::{
    geometry::{Rect, Sound, ZoneName},
    playlist::Show,
    vocabulary::ScreenKind,
};

use super::*;
use crate::{content::ScreenClass, screens::ScreenChange};

const UPRIGHT: Size = Size { width: 360, height: 640 };
/// A line across the middle; below it the wall stays free.
const OWN: &str = "main=360x240+0+0,ticker=320x40+20+260";

fn divided(text: &str) -> ScreenChange {
    ScreenChange { layout: Some(text.parse().unwrap()), ..ScreenChange::default() }
}

async fn divide(county: &County, screen: &Screen, text: &str) {
    county.app.screens.change(screen.id, divided(text), &person(Role::Operator), clock::now()).await.unwrap();
    county.work().await;
}

#[tokio::test]
async fn zones_get_files_of_their_own_size_and_players_hear_where_they_lie() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let upright = Capabilities { kind: ScreenKind::Lcd, size: UPRIGHT, ..strip() };
        let (screen, _) = county.screen(bank, "立屏", upright, OWN.parse().unwrap()).await;
        let slogan = county.slogan("陌生来电要转账，先打96110问一问，不听不信").await;
        county.on_air("全县", booking("全县", vec![slogan])).await;
        county.work().await;

        let told = |county: &County| county.issued(&screen).says.clone().expect("it says something").orders;
        let shown = async |zone| {
            let playlist = county.playlist(&screen).await;
            let of_zone = playlist.zones.iter().find(|programme| programme.zone == zone)?;
            let first = of_zone.days.first()?.dayparts.first()?;
            let slot = playlist.loops[first.looped as usize].slots[0];
            Some(playlist.items[slot.item as usize].show)
        };
        let orders = told(&county);
        assert_eq!(orders.zones, OWN.parse::<Layout>().unwrap().zones(UPRIGHT, Sound::Off));
        assert_eq!((orders.size, orders.covers_the_wall()), (Some(UPRIGHT), false), "how far the black reaches");
        let strip = shown(ZoneName::Ticker).await.unwrap();
        assert!(matches!(strip, Show::Strip { size: Size { width: 321.., height: 40 }, .. }), "{strip:?}");
        assert_eq!(shown(ZoneName::Main).await, None, "slogans are in the ticker");

        // Without a ticker the very same slogan is a card in the main zone.
        divide(&county, &screen, "main=200x300+160+20").await;
        assert_eq!(told(&county).zones[0].rect, Rect { x: 160, y: 20, width: 200, height: 300 });
        let card = Show::Picture { size: Size { width: 200, height: 300 } };
        assert_eq!(shown(ZoneName::Main).await, Some(card));
        // A usual layout reaches all edges, and its manifest says no more than it ever did.
        divide(&county, &screen, "ticker_and_main").await;
        assert_eq!((told(&county).size, told(&county).covers_the_wall()), (None, true));
        let strip = shown(ZoneName::Ticker).await.unwrap();
        assert!(matches!(strip, Show::Strip { size: Size { height: 70, .. }, .. }), "{strip:?}");
    })
    .await;
}

#[tokio::test]
async fn layouts_that_were_only_tried_are_not_rendered_for_for_ever() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let upright = Capabilities { kind: ScreenKind::Lcd, size: UPRIGHT, ..strip() };
        let (screen, _) = county.screen(bank, "立屏", upright, Layout::Full).await;
        let slogan = county.slogan("不转账").await;
        county.on_air("全县", booking("全县", vec![slogan])).await;
        county.work().await;
        for tried in ["main=360x200+0+0", "main=360x202+0+0", "main=360x204+0+0", OWN] {
            divide(&county, &screen, tried).await;
        }
        let classes = async || county.app.content.classes().await.unwrap();
        assert_eq!(classes().await.len(), 6);
        county.replan(clock::now()).await;
        let kind = ScreenKind::Lcd;
        let main = ScreenClass { kind, zone: ZoneName::Main, size: Size { width: 360, height: 240 } };
        let ticker = ScreenClass { kind, zone: ZoneName::Ticker, size: Size { width: 320, height: 40 } };
        assert_eq!(classes().await, [main, ticker]);
        // Whoever goes back finds what was made before.
        let full = ScreenClass { kind, zone: ZoneName::Main, size: UPRIGHT };
        let creative = county.app.content.creatives(&[slogan]).await.unwrap().remove(0);
        let made = county.app.content.renditions_of(&creative).await.unwrap();
        let before = made.into_iter().find(|made| made.class == full).expect("it stays");
        divide(&county, &screen, "full").await;
        assert!(classes().await.contains(&full));
        let again = county.app.content.renditions_of(&creative).await.unwrap();
        assert!(again.contains(&before));
    })
    .await;
}
