use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    campaign::Guarantee,
    id::BookingId,
    rotation::{Bounds, Demand, Entry, Part, Request, counts},
    time::Millis,
    vocabulary::FraudType,
};

fn part() -> impl Strategy<Value = (Demand, Vec<(u32, usize)>)> {
    let demand = prop_oneof![
        (1..9_u32).prop_map(Demand::Share),
        (1..12_u16, 2..30_u16).prop_map(|(n, m)| Demand::Guarantee(Guarantee::checked(Some(n), Some(m)).unwrap())),
    ];
    (demand, proptest::collection::vec((1..9_u32, 0..5_usize), 1..3))
}

fn layout() -> impl Strategy<Value = Layout> {
    proptest::collection::vec(part(), 1..7).prop_filter_map("refused at the edge", |parts| {
        let mut key = 0;
        let mut entry = |(length, kind): (u32, usize)| {
            key += 1;
            let fraud_type = (kind > 0).then(|| FraudType::ALL[kind]);
            Entry { key: key - 1, duration: Millis(length * 5_000), fraud_type, creative: key % 5 }
        };
        let parts = parts.into_iter().zip(1..).map(|((demand, entries), n)| Part {
            booking: BookingId::new(Uuid::from_u128(n)),
            demand,
            entries: entries.into_iter().map(&mut entry).collect(),
        });
        let bounds = Bounds { longest: Millis::from_secs(900), most_slots: 80 };
        let request = Request::checked(parts.collect(), bounds).ok()?;
        Some(counts::layouts(&request).first)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_small_change_costs_what_the_whole_order_costs(
        layout in layout(),
        changes in proptest::collection::vec((any::<usize>(), any::<usize>(), any::<bool>()), 1..40),
    ) {
        let mut order: Vec<usize> =
            layout.counts.iter().enumerate().flat_map(|(i, n)| std::iter::repeat_n(i, *n as usize)).collect();
        let mut judge = Judge::new(&layout);
        let mut cost = judge.cost(&order);
        for (a, b, swap) in changes {
            let (a, b) = (a % order.len(), b % order.len());
            let (first, last) = (a.min(b), a.max(b));
            let mut other = order.clone();
            if swap { other.swap(a, b) } else { other[first..=last].rotate_left(1) }
            let whole = Judge::new(&layout).cost(&other);
            prop_assert_eq!(judge.cheaper(&other, first, last), (whole < cost).then_some(whole));
            if whole < cost {
                order = other;
                cost = judge.cost(&order);
            }
        }
        prop_assert_eq!(Judge::new(&layout).cost(&order), cost);
    }
}
