//! Walking through plays out of their batches finds exactly what sorting all plays does.

use super::*;
use crate::{
    db::testing::for_each_database,
    plays::{
        commit::Ready,
        counters::DayCounts,
        numbers::{Item, Place},
        opened::{day_number, keep, local_day},
        store::days::{Addition, DayKey},
        walk::Walk,
    },
};
use chrono::Timelike as _;
use xuanping_core::{
    id::{BookingId, CampaignId},
    playlog::{ChainHead, TriggerKind},
};

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

const NOON: UtcMillis = UtcMillis(1_764_043_200_000);
const ZONES: [&str; 3] = ["Asia/Shanghai", "Asia/Shanghai", "Asia/Urumqi"];

fn id(n: u64) -> Uuid {
    Uuid::from_u128(u128::from(n) << 64 | 7)
}

fn place(n: u64) -> Place {
    let areas = ["330482100000", "330482100201", "330482101000", "330483100000"];
    let kinds = [VenueType::BankHall, VenueType::Clinic];
    Place {
        venue: VenueId::new(id(100 + n)),
        venue_type: kinds[n as usize % 2],
        area: areas[n as usize % 4].into(),
        department: ["fin", "edu"][n as usize / 2 % 2].into(),
        timezone: ZONES[n as usize % 3].into(),
    }
}

fn item(n: u64) -> Item {
    Item {
        booking: BookingId::new(id(200 + n)),
        creative: CreativeId::new(id(300 + n / 2)),
        asset: Digest::of(&n.to_be_bytes()),
        campaign: (!n.is_multiple_of(3)).then(|| CampaignId::new(id(400 + n % 3))),
    }
}

/// Stores batches of screens as if they had been judged; answers their plays, by start.
async fn stored(county: &County, seed: u64, screens: u64, batches: u64) -> Vec<PlayRecord> {
    let mut dice = Dice(seed);
    let mut all = Vec::new();
    let plays = &county.app.plays;
    for screen in 0..screens {
        let mut player = county.player(screen as u8 + 1, 0).await;
        let mut at = NOON.plus(dice.below(3_600_000) as i64);
        for _ in 0..batches {
            let place = place((screen + dice.below(6) / 5) % 5);
            let items: Vec<Item> = (0..3).map(|n| item(n * 2 + dice.below(2))).collect();
            let refs: Vec<ItemRef> = items
                .iter()
                .map(|item| ItemRef {
                    playlist: Some(Digest::of(b"p")),
                    booking: item.booking,
                    creative: item.creative,
                    asset: item.asset,
                })
                .collect();
            let mut shown = Vec::new();
            for _ in 0..dice.below(40) {
                at = at.plus(dice.one(&[6_000, 6_000, 6_000, 0, 90_000, 3_600_000]));
                // A clock gone wild now and then, and plays at the very same instant.
                let start = if dice.below(60) == 0 { NOON.plus(dice.below(20) as i64 * 86_400_000) } else { at };
                let mut status = dice.one(&[PlayStatus::Success, PlayStatus::Success, PlayStatus::Interrupted]);
                // Now and then a file does not play; and a showing says that it was whole, and was not.
                if dice.below(90) == 0 {
                    status = PlayStatus::ContentFailure;
                }
                let actual = Millis(if dice.below(40) == 0 { 2_000 } else { 6_000 });
                shown.push(Play { item: dice.below(3) as u32, status, actual, ..play(start) });
            }
            at = at.plus(dice.one(&[1_000, 60_000, 86_400_000]));
            let head = ChainHead { screen: player.screen.id, sequence: player.sequence - 1, digest: player.previous };
            let batch = player.seal(refs.clone(), shown);
            let (screen_number, place_number, numbers) =
                plays.numbers.give(player.screen.id, &place, &items).await.unwrap();
            let numbered: Vec<_> = numbers.iter().copied().zip(refs).collect();
            let flags: Vec<_> =
                (0..batch.batch().plays.len()).map(|_| (dice.below(5) == 0).then_some(Flag::WallOff)).collect();
            let said: Vec<_> =
                batch.batch().plays.iter().zip(&flags).map(|(p, flag)| (p.status, p.completed(), *flag)).collect();
            let kept = keep(&batch, screen_number, place_number, &numbered, &said, NOON);
            let mut days: std::collections::BTreeMap<i64, DayCounts> = std::collections::BTreeMap::new();
            for ((position, p), flag) in (0..).zip(&batch.batch().plays).zip(&flags) {
                let day = local_day(p.start, place.zone());
                let item = &items[p.item as usize];
                let zone: chrono_tz::Tz = place.zone();
                let hour = p.start.to_datetime().unwrap().with_timezone(&zone).hour();
                let count = days.entry(day_number(day)).or_default().hour((numbers[p.item as usize], p.zone), hour);
                match (flag, p.completed()) {
                    (Some(_), _) => count.not_counted += 1,
                    (None, true) => count.completed += 1,
                    (None, false) if p.status == PlayStatus::ContentFailure => count.failed += 1,
                    (None, false) => count.interrupted += 1,
                }
                if flag.is_none() && p.status != PlayStatus::ContentFailure {
                    count.shown_ms += u64::from(p.actual.0);
                }
                all.push(PlayRecord {
                    screen: player.screen.id,
                    sequence: batch.batch().sequence,
                    position,
                    started: p.start,
                    day,
                    zone: p.zone,
                    creative: item.creative,
                    asset: item.asset,
                    booking: item.booking,
                    campaign: item.campaign,
                    planned: p.planned,
                    actual: p.actual,
                    status: p.status,
                    trigger: TriggerKind::Loop,
                    counted: flag.is_none() && p.completed(),
                    flag: *flag,
                    venue: place.venue,
                    venue_type: place.venue_type,
                    area: place.area.clone(),
                    department: place.department.clone(),
                });
            }
            let addition = |(day, counts)| Addition {
                key: DayKey { day, place: place_number, screen: screen_number },
                sequence: batch.batch().sequence,
                counts,
            };
            let ready = Ready {
                screen: player.screen.clone(),
                head,
                next: ChainHead::of(&batch),
                told: NOON,
                kept,
                days: days.into_iter().map(addition).collect(),
                taken: Vec::new(),
                findings: Vec::new(),
            };
            assert!(plays.commits.store(&plays.db, &plays.screens, ready).await.unwrap());
        }
    }
    all.sort_by_key(Cursor::after);
    all
}

fn hour_of(record: &PlayRecord) -> u32 {
    // Whichever of the two places the screen hung in, it is written beside the day.
    let zone = (0..5).map(place).find(|place| place.venue == record.venue).unwrap().zone();
    record.started.to_datetime().unwrap().with_timezone(&zone).hour()
}

fn is_in(column: CountedAs, record: &PlayRecord) -> bool {
    let failed = matches!(record.status, PlayStatus::ContentFailure | PlayStatus::HardwareFailure);
    let whole = record.status == PlayStatus::Success && record.actual.0 + 500 >= record.planned.0;
    match (column, record.flag.is_some()) {
        (CountedAs::NotCounted, flagged) => flagged,
        (_, true) => false,
        (CountedAs::Failed, _) => failed,
        (CountedAs::Completed, _) => whole,
        (CountedAs::Interrupted, _) => !failed && !whole,
        (CountedAs::Shown, _) => !failed,
    }
}

fn is_wanted(filter: &Filter, record: &PlayRecord) -> bool {
    fn is<T: PartialEq>(wanted: Option<&T>, has: &T) -> bool {
        wanted.is_none_or(|wanted| wanted == has)
    }
    let digits = |area: &str| if area.ends_with("000000") { 6 } else { 9 };
    let within =
        |area: &Option<String>| area.as_ref().is_none_or(|area| record.area.starts_with(&area[..digits(area)]));
    is(filter.screen.as_ref(), &record.screen)
        && is(filter.venue.as_ref(), &record.venue)
        && is(filter.venue_type.as_ref(), &record.venue_type)
        && is(filter.department.as_ref(), &record.department)
        && is(filter.scope.department.as_ref(), &record.department)
        && within(&filter.area)
        && within(&filter.scope.area)
        && is(filter.creative.as_ref(), &record.creative)
        && filter.campaign.is_none_or(|campaign| record.campaign == Some(campaign))
        && filter.day_from.is_none_or(|day| record.day >= day)
        && filter.day_to.is_none_or(|day| record.day <= day)
        && (!filter.area_only || is(filter.area.as_ref(), &record.area))
        && (!filter.takeover || record.campaign.is_none())
        && filter.hour.is_none_or(|hour| u32::from(hour) == hour_of(record))
        && is(filter.sequence.as_ref(), &record.sequence)
        && (filter.flag.is_none() || filter.flag == record.flag)
        && filter.counted_as.is_none_or(|column| is_in(column, record))
        && is(filter.status.as_ref(), &record.status)
        && (record.counted || !filter.counted_only)
}

fn filters(all: &[PlayRecord]) -> Vec<Filter> {
    let some = &all[all.len() / 2];
    let any = Filter::default;
    let day = |n: u64| Some(some.day + Days::new(n));
    vec![
        any(),
        Filter { screen: Some(some.screen), ..any() },
        Filter { screen: Some(some.screen), day_from: Some(some.day), day_to: Some(some.day), ..any() },
        Filter { venue: Some(some.venue), ..any() },
        Filter { area: Some("330482000000".into()), ..any() },
        Filter { area: Some("330482100000".into()), creative: Some(some.creative), ..any() },
        Filter { venue_type: Some(VenueType::Clinic), day_to: day(1), ..any() },
        Filter { department: Some("edu".into()), status: Some(PlayStatus::Interrupted), ..any() },
        Filter { creative: Some(some.creative), counted_only: true, ..any() },
        Filter { campaign: some.campaign.or(Some(CampaignId::new(id(401)))), ..any() },
        Filter { creative: Some(CreativeId::new(Uuid::nil())), ..any() },
        Filter { screen: Some(ScreenId::new(Uuid::nil())), ..any() },
        Filter { day_from: Some(some.day), day_to: Some(some.day), ..any() },
        Filter { day_from: day(1), counted_only: true, ..any() },
        Filter { status: Some(PlayStatus::HardwareFailure), ..any() },
        Filter { status: Some(PlayStatus::ContentFailure), ..any() },
        Filter { status: Some(PlayStatus::ContentFailure), venue: Some(some.venue), ..any() },
        Filter { counted_as: Some(CountedAs::Completed), hour: Some(3), ..any() },
        Filter { counted_as: Some(CountedAs::Interrupted), ..any() },
        Filter { counted_as: Some(CountedAs::Interrupted), venue: Some(some.venue), day_to: day(3), ..any() },
        Filter { counted_as: Some(CountedAs::Failed), creative: Some(some.creative), ..any() },
        Filter { counted_as: Some(CountedAs::NotCounted), ..any() },
        Filter { counted_as: Some(CountedAs::Shown), screen: Some(some.screen), ..any() },
        Filter { counted_as: Some(CountedAs::NotCounted), hour: Some(20), department: Some("fin".into()), ..any() },
        Filter { flag: Some(Flag::WallOff), screen: Some(some.screen), sequence: Some(some.sequence), ..any() },
        Filter { flag: Some(Flag::Overlaps), ..any() },
        Filter { takeover: true, ..any() },
        Filter { takeover: true, campaign: some.campaign.or(Some(CampaignId::new(id(401)))), ..any() },
        Filter { area: Some("330482100000".into()), area_only: true, ..any() },
        Filter {
            scope: crate::accounts::Scope { area: Some("330482101000".into()), department: None },
            campaign: Some(CampaignId::new(id(401))),
            ..any()
        },
    ]
}

#[tokio::test]
async fn whatever_is_asked_for_comes_complete_and_in_order_whatever_the_page() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let all = stored(&county, 11, 7, 9).await;
        assert!(all.len() > 700, "{}", all.len());
        for filter in filters(&all) {
            for (order, page) in [(Order::OldestFirst, 60), (Order::NewestFirst, 97), (Order::NewestFirst, 1_000)] {
                let mut right: Vec<_> = all.iter().filter(|record| is_wanted(&filter, record)).cloned().collect();
                if order == Order::NewestFirst {
                    right.reverse();
                }
                let mut met = Vec::new();
                let mut cursor = None;
                loop {
                    let some = county.app.plays.page(&filter, order, cursor, page).await.unwrap();
                    let Some(last) = some.last() else { break };
                    cursor = Some(Cursor::after(last));
                    met.extend(some);
                }
                assert_eq!(met.len(), right.len(), "{order:?} {filter:?}");
                assert_eq!(met, right, "{order:?} {filter:?}");
            }
            let plays = &county.app.plays;
            // Figures say what is behind them, whether counters tell it or the plays have to be looked at.
            let counted = plays.count(&filter).await.unwrap().unwrap();
            let right: Vec<_> = all.iter().filter(|record| is_wanted(&filter, record)).collect();
            let screens: std::collections::BTreeSet<_> = right.iter().map(|record| record.screen).collect();
            assert_eq!((counted.plays, counted.screens), (right.len() as i64, screens.len()), "{filter:?}");
            if let Some(shown_ms) = counted.shown_ms {
                assert_eq!(shown_ms, right.iter().map(|record| record.shown_ms()).sum::<i64>(), "{filter:?}");
            }
            let right: Vec<_> = all.iter().filter(|record| is_wanted(&filter, record)).collect();
            // By days, and with everything that is anywhere in line.
            for most_screens in [usize::MAX, 0] {
                let (db, numbers) = (&plays.db, &plays.numbers);
                let looked_up = plays.looked_up(&filter).await.unwrap();
                let walk = Walk::with(db, numbers, &looked_up, Order::OldestFirst, None, most_screens);
                let mut walk = walk.await.unwrap();
                let mut streamed = Vec::new();
                loop {
                    let some = walk.next(50).await.unwrap();
                    if some.is_empty() {
                        break;
                    }
                    streamed.extend(some);
                }
                assert_eq!(streamed.iter().collect::<Vec<_>>(), right, "{most_screens} {filter:?}");
            }
        }
    })
    .await;
}
