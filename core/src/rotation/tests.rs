use proptest::prelude::*;

use super::*;

fn booking(n: u128) -> BookingId {
    BookingId::new(uuid::Uuid::from_u128(n))
}

fn part(n: u128, weight: u8, entries: &[(u32, u32, Option<FraudType>)]) -> Part {
    let entries =
        entries.iter().map(|&(key, ms, fraud_type)| Entry { key, duration: Millis(ms), fraud_type }).collect();
    Part { booking: booking(n), weight: weight.try_into().unwrap(), entries }
}

fn arranged(parts: Vec<Part>, bounds: Bounds) -> (Vec<Slot>, Report) {
    match arrange(&Request::checked(parts, bounds).unwrap()) {
        Answer::Feasible { slots, report } => (slots, report),
        other => panic!("{other:?}"),
    }
}

#[test]
fn weights_are_shares_of_airtime_not_of_plays() {
    let parts = vec![part(1, 1, &[(0, 30_000, None)]), part(2, 1, &[(1, 10_000, None)])];
    let (slots, report) = arranged(parts, Bounds::default());
    let plays = |key| slots.iter().filter(|s| s.item == key).count();
    assert_eq!((plays(0), plays(1)), (1, 3));
    assert_eq!(report.bookings[0].share, 500_000);
    assert!((report.bookings[1].plays_per_hour(report.length) - 180.0).abs() < 1e-9);
    assert_eq!(report.bookings[0].worst_gap, Millis(30_000));
}

#[test]
fn the_creatives_of_a_booking_share_its_part() {
    let parts = vec![part(1, 2, &[(0, 10_000, None), (1, 10_000, None)]), part(2, 1, &[(2, 10_000, None)])];
    let (slots, _) = arranged(parts, Bounds::default());
    let mut items: Vec<_> = slots.iter().map(|s| s.item).collect();
    items.sort_unstable();
    assert_eq!(items, [0, 1, 2]);
}

#[test]
fn one_entry_alone_is_a_loop_of_one_slot() {
    let (slots, report) = arranged(vec![part(1, 7, &[(5, 8_000, Some(FraudType::Romance))])], Bounds::default());
    assert_eq!(slots, [Slot { item: 5, duration: Millis(8_000) }]);
    assert_eq!((report.equal_neighbours, report.bookings[0].share), (0, 1_000_000));
}

#[test]
fn a_loop_grows_no_longer_than_it_may_except_for_one_round_of_everything() {
    let heavy = |bounds| arranged(vec![part(1, 100, &[(0, 7_000, None)]), part(2, 1, &[(1, 61_000, None)])], bounds);
    assert!(heavy(Bounds::default()).1.length <= Millis::from_secs(20 * 60));
    assert_eq!(heavy(Bounds { longest: Millis(1), most_slots: 200 }).0.len(), 2);
    assert!(heavy(Bounds { longest: Millis(u32::MAX), most_slots: 50 }).0.len() <= 50);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let asked = |parts| Request::checked(parts, Bounds::default()).map(|_| ()).unwrap_err();
    assert_eq!(asked(vec![]), InvalidRequest::Empty);
    assert_eq!(asked(vec![part(1, 1, &[])]), InvalidRequest::Empty);
    assert_eq!(asked(vec![part(1, 1, &[(3, 0, None)])]), InvalidRequest::NoDuration { key: 3 });
    assert_eq!(asked(vec![part(1, 1, &[(3, 1, None)]), part(2, 1, &[(3, 1, None)])]), InvalidRequest::Twice { key: 3 });
    let forever = part(1, 1, &[(0, u32::MAX, None), (1, 1, None)]);
    assert_eq!(asked(vec![forever]), InvalidRequest::TooLong);
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let fraud_type = proptest::option::weighted(0.7, proptest::sample::select(&FraudType::ALL[..4]));
    let entry = (1_000..90_000u32, fraud_type);
    let each = (1..=100u8, proptest::collection::vec(entry, 1..8));
    proptest::collection::vec(each, 1..8).prop_map(|parts| {
        let mut key = 0;
        let mut number = 0;
        let parts = parts.into_iter().map(|(weight, entries)| {
            number += 1;
            let entries: Vec<_> = entries
                .into_iter()
                .map(|(ms, fraud_type)| {
                    key += 1;
                    (key, ms, fraud_type)
                })
                .collect();
            part(number, weight, &entries)
        });
        parts.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_entry_plays_for_its_own_length_and_the_same_question_has_the_same_answer(parts in parts()) {
        let (slots, report) = arranged(parts.clone(), Bounds::default());
        for entry in parts.iter().flat_map(|part| &part.entries) {
            let slot = Slot { item: entry.key, duration: entry.duration };
            prop_assert!(slots.contains(&slot));
        }
        prop_assert_eq!(slots.iter().map(|s| u64::from(s.duration.0)).sum::<u64>(), u64::from(report.length.0));
        prop_assert_eq!(arranged(parts, Bounds::default()), (slots, report));
    }

    #[test]
    fn equal_fraud_types_are_neighbours_only_where_no_order_could_part_them(parts in parts()) {
        let (slots, report) = arranged(parts.clone(), Bounds::default());
        let entries: Vec<_> = parts.iter().flat_map(|part| &part.entries).collect();
        let sort = |slot: &Slot| {
            let entry = entries.iter().find(|e| e.key == slot.item).unwrap();
            (entry.fraud_type, entry.fraud_type.is_none().then_some(entry.key))
        };
        let most = slots.iter().map(|a| slots.iter().filter(|b| sort(a) == sort(b)).count()).max().unwrap();
        let equal = (0..slots.len()).filter(|&i| sort(&slots[i]) == sort(&slots[(i + 1) % slots.len()])).count();
        if most * 2 <= slots.len() {
            prop_assert_eq!(equal, 0);
            prop_assert_eq!(report.equal_neighbours, 0);
        } else if slots.len() > 1 {
            // The least there can be when one sort has more than half of the slots.
            prop_assert_eq!(equal, 2 * most - slots.len());
        }
    }

    #[test]
    fn shares_are_kept_to_within_one_play_where_the_loop_has_room(
        weights in proptest::collection::vec((1..=10u8, 5_000..20_000u32), 1..6),
    ) {
        let parts: Vec<_> =
            (0..).zip(&weights).map(|(n, (weight, ms))| part(n.into(), *weight, &[(n, *ms, None)])).collect();
        let (_, report) = arranged(parts, Bounds::default());
        let longest = weights.iter().map(|(_, ms)| f64::from(*ms)).fold(0.0, f64::max);
        for booking in report.bookings {
            let off_by = (f64::from(booking.share) - f64::from(booking.target)).abs() / 1e6 * f64::from(report.length.0);
            prop_assert!(off_by <= longest + 1.0, "{booking:?} is off by {off_by} ms");
        }
    }

    #[test]
    fn a_booking_alone_in_its_class_is_spread_over_the_loop(plays in 2..12u8) {
        // One light booking among heavy ones: its gaps are nearly even.
        let others: Vec<_> = (1..=8).map(|n| part(n.into(), plays, &[(n, 10_000, None)])).collect();
        let mut all = others;
        all.push(part(99, 1, &[(99, 10_000, None)]));
        let (slots, report) = arranged(all, Bounds::default());
        let count = slots.iter().filter(|s| s.item == 1).count() as u32;
        let ideal = report.length.0 / count;
        let gap = report.bookings[0].worst_gap.0 + 10_000;
        prop_assert!(gap <= ideal + 2 * 10_000, "gap {gap} ideal {ideal}");
    }
}
