use proptest::prelude::*;

use super::*;
use crate::plan_check::verify_certificate;

fn booking(n: u128) -> BookingId {
    BookingId::new(uuid::Uuid::from_u128(n))
}

fn part(n: u128, demand: Demand, entries: &[(u32, u32, Option<FraudType>)]) -> Part {
    let entries = entries
        .iter()
        .map(|&(key, ms, fraud_type)| Entry { key, duration: Millis(ms), fraud_type, creative: key })
        .collect();
    Part { booking: booking(n), demand, entries }
}

fn share(n: u128, weight: u32, entries: &[(u32, u32, Option<FraudType>)]) -> Part {
    part(n, Demand::Share(weight), entries)
}

fn guarantee(per_hour: Option<u16>, minutes: Option<u16>) -> Demand {
    Demand::Guarantee(Guarantee::checked(per_hour, minutes).unwrap())
}

fn asked(parts: Vec<Part>) -> Request {
    Request::checked(parts, Bounds::default()).unwrap()
}

fn answered(parts: Vec<Part>) -> Answer {
    arrange(&asked(parts))
}

#[test]
fn weights_are_shares_of_airtime_not_of_plays() {
    let answer = answered(vec![share(1, 1, &[(0, 30_000, None)]), share(2, 1, &[(1, 10_000, None)])]);
    let plays = |key| answer.slots.iter().filter(|s| s.item == key).count();
    assert_eq!((plays(0), plays(1)), (1, 3));
    assert_eq!(answer.report.bookings[0].share, 500_000);
    assert!((answer.report.bookings[1].plays_per_hour(answer.report.length) - 180.0).abs() < 1e-9);
    assert_eq!(answer.report.bookings[0].worst_gap, Millis(60_000), "from start to start");
    assert_eq!(answer.verdict, Verdict::Feasible);
}

#[test]
fn the_creatives_of_a_booking_share_its_part() {
    let answer =
        answered(vec![share(1, 2, &[(0, 10_000, None), (1, 10_000, None)]), share(2, 1, &[(2, 10_000, None)])]);
    let mut items: Vec<_> = answer.slots.iter().map(|s| s.item).collect();
    items.sort_unstable();
    assert_eq!(items, [0, 1, 2]);
}

#[test]
fn one_entry_alone_is_a_loop_of_one_slot() {
    let answer = answered(vec![share(1, 7, &[(5, 8_000, Some(FraudType::Romance))])]);
    assert_eq!(answer.slots, [Slot { item: 5, duration: Millis(8_000) }]);
    assert_eq!((answer.report.equal_neighbours, answer.report.bookings[0].share), (0, 1_000_000));
}

#[test]
fn a_loop_grows_no_longer_than_it_may_except_for_one_round_of_everything() {
    let heavy = |bounds| {
        let parts = vec![share(1, 100, &[(0, 7_000, None)]), share(2, 1, &[(1, 61_000, None)])];
        arrange(&Request::checked(parts, bounds).unwrap())
    };
    assert!(heavy(Bounds::default()).report.length <= Millis::from_secs(20 * 60));
    assert_eq!(heavy(Bounds { longest: Millis(1), most_slots: 200 }).slots.len(), 2);
    assert!(heavy(Bounds { longest: Millis(u32::MAX), most_slots: 50 }).slots.len() <= 50);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let refused = |parts| Request::checked(parts, Bounds::default()).map(|_| ()).unwrap_err();
    assert_eq!(refused(vec![]), InvalidRequest::Empty);
    assert_eq!(refused(vec![share(1, 1, &[])]), InvalidRequest::Empty);
    assert_eq!(refused(vec![share(1, 0, &[(3, 1, None)])]), InvalidRequest::NoWeight);
    assert_eq!(refused(vec![share(1, 1, &[(3, 0, None)])]), InvalidRequest::NoDuration { key: 3 });
    let twice = vec![share(1, 1, &[(3, 1, None)]), share(2, 1, &[(3, 1, None)])];
    assert_eq!(refused(twice), InvalidRequest::Twice { key: 3 });
    assert_eq!(refused(vec![share(1, 1, &[(0, u32::MAX, None), (1, 1, None)])]), InvalidRequest::TooLong);
}

#[test]
fn six_times_an_hour_and_never_more_than_twelve_minutes_apart() {
    let warning = part(1, guarantee(Some(6), Some(12)), &[(0, 15_000, Some(FraudType::FakeInvestment))]);
    let others: Vec<_> =
        (2..8).map(|n| share(n, 10, &[(n as u32, 20_000, Some(FraudType::ALL[n as usize]))])).collect();
    let answer = answered([vec![warning], others].concat());
    assert_eq!(answer.verdict, Verdict::Feasible);
    assert!(answer.report.bookings[0].worst_gap <= Millis::from_secs(720), "{:?}", answer.report);
    assert!(answer.report.bookings[0].plays_per_hour(answer.report.length) >= 6.0);
    // Not more than needed either: the others keep what they were given.
    assert!(answer.report.bookings[0].share < 40_000, "{:?}", answer.report.bookings[0]);
    assert_eq!(answer.report.equal_neighbours, 0);
}

#[test]
fn a_filler_plays_where_no_share_does() {
    let warning = || part(1, guarantee(Some(6), None), &[(0, 15_000, None)]);
    let filler = || part(2, Demand::Filler, &[(1, 10_000, None)]);
    let alone = answered(vec![warning(), filler()]);
    assert!(alone.report.bookings[1].share > 900_000, "{:?}", alone.report);
    let beside = answered(vec![warning(), filler(), share(3, 1, &[(2, 10_000, None)])]);
    assert_eq!(beside.report.bookings[1].plays, 0);
    assert_eq!(beside.verdict, Verdict::Feasible);
}

#[test]
fn too_much_is_proven_with_its_sum() {
    // 30 × 75 s and 25 × 72 s in an hour: 62.5 % and 50 %.
    let first = part(1, guarantee(Some(30), None), &[(0, 75_000, None)]);
    let second = part(2, guarantee(Some(25), None), &[(1, 72_000, None)]);
    let request = asked(vec![first, second]);
    let Verdict::ProvenInfeasible(proof) = arrange(&request).verdict else { panic!("no proof") };
    assert!(matches!(proof, Certificate::TooMuch { percent: 113, .. }), "{proof:?}");
    assert_eq!(verify_certificate(&request, &proof), Ok(()));
    assert_eq!(proof.colliding().len(), 2);
}

#[test]
fn a_film_too_long_for_a_gap_is_named_with_it() {
    let warning = part(1, guarantee(None, Some(5)), &[(0, 10_000, None)]);
    let film = share(2, 1, &[(1, 300_000, None)]);
    let request = asked(vec![warning, film]);
    let Verdict::ProvenInfeasible(proof) = arrange(&request).verdict else { panic!("no proof") };
    assert_eq!(verify_certificate(&request, &proof), Ok(()));
    assert_eq!(proof.colliding(), [booking(1), booking(2)]);
    // That a filler does not fit in between proves nothing where shares play.
    let Certificate::NoRoomBetween { tight, gap, own, longest, .. } = proof else { panic!("{proof:?}") };
    let other = part(3, Demand::Filler, &[(2, 300_000, None)]);
    let beside = asked([request.parts().to_vec(), vec![other]].concat());
    let filler = Certificate::NoRoomBetween { tight, gap, own, long: booking(3), longest };
    assert_eq!(verify_certificate(&beside, &filler), Err(crate::plan_check::ProofFault::LeavesRoom));
}

#[test]
fn two_three_and_any_third_never_fit_and_it_is_proven_by_looking_at_every_way() {
    // Slots of one minute: every second, every third, every seventh; density 41/42.
    let every = |n: u128, minutes| part(n, guarantee(None, Some(minutes)), &[(n as u32, 60_000, None)]);
    let request = asked(vec![every(1, 2), every(2, 3), every(3, 7)]);
    let Verdict::ProvenInfeasible(proof) = arrange(&request).verdict else { panic!("no proof") };
    assert!(matches!(proof, Certificate::NoWay { .. }), "{proof:?}");
    assert_eq!(verify_certificate(&request, &proof), Ok(()));
    for possible in [[2, 4, 4], [3, 3, 3], [2, 4, 8]] {
        let parts = (1..).zip(possible).map(|(n, minutes)| every(n, minutes)).collect();
        assert_eq!(answered(parts).verdict, Verdict::Feasible, "{possible:?}");
    }
}

#[test]
fn a_proof_that_was_tampered_with_does_not_hold() {
    let request = asked(vec![
        part(1, guarantee(Some(40), None), &[(0, 60_000, None)]),
        part(2, guarantee(Some(30), None), &[(1, 60_000, None)]),
    ]);
    let Verdict::ProvenInfeasible(Certificate::TooMuch { needs, percent }) = arrange(&request).verdict else {
        panic!("no proof")
    };
    let verify = |needs: Vec<Need>, percent| verify_certificate(&request, &Certificate::TooMuch { needs, percent });
    assert_eq!(verify(needs.clone(), percent), Ok(()));
    assert!(verify(needs.clone(), percent + 1).is_err());
    assert!(verify(needs[..1].to_vec(), 100).is_err());
    assert!(verify(vec![needs[0], needs[0]], percent).is_err(), "nobody counts twice");
    let longer = vec![Need { length: Millis(70_000), ..needs[0] }, needs[1]];
    assert!(verify(longer, percent).is_err());
}

fn entries() -> impl Strategy<Value = Vec<Showable>> {
    let fraud_type = proptest::option::weighted(0.7, proptest::sample::select(&FraudType::ALL[..4]));
    proptest::collection::vec((1_000..90_000u32, fraud_type), 1..8)
}

/// Length and fraud type of an entry.
type Showable = (u32, Option<FraudType>);

fn numbered(parts: Vec<(Demand, Vec<Showable>)>) -> Vec<Part> {
    let mut key = 0;
    let mut one = |(ms, fraud_type)| {
        key += 1;
        (key, ms, fraud_type)
    };
    let number = |(n, (demand, entries)): (u128, (Demand, Vec<_>))| {
        let entries: Vec<_> = entries.into_iter().map(&mut one).collect();
        part(n, demand, &entries)
    };
    (1..).zip(parts).map(number).collect()
}

fn shares() -> impl Strategy<Value = Vec<Part>> {
    let each = (1..=100u32).prop_map(Demand::Share);
    proptest::collection::vec((each, entries()), 1..8).prop_map(numbered)
}

fn anything() -> impl Strategy<Value = Vec<Part>> {
    let demand = prop_oneof![
        3 => (1..=100u32).prop_map(Demand::Share),
        2 => (1..30u16, 2..40u16).prop_map(|(n, gap)| guarantee(Some(n), Some(gap))),
        1 => (1..60u16).prop_map(|n| guarantee(Some(n), None)),
        1 => (1..60u16).prop_map(|gap| guarantee(None, Some(gap))),
        1 => Just(Demand::Filler),
    ];
    proptest::collection::vec((demand, entries()), 1..7).prop_map(numbered)
}

/// The start of every showing of a part over three rounds.
fn starts(parts: &[Part], slots: &[Slot], part: usize) -> Vec<i64> {
    let mut at = 0;
    let mut starts = Vec::new();
    for slot in slots.iter().chain(slots).chain(slots) {
        if parts[part].entries.iter().any(|e| e.key == slot.item) {
            starts.push(at);
        }
        at += slot.duration.as_i64();
    }
    starts
}

/// What should not follow itself.
fn sort(entry: &Entry) -> (Option<FraudType>, Option<u32>) {
    (entry.fraud_type, entry.fraud_type.is_none().then_some(entry.creative))
}

fn sort_of(parts: &[Part], slot: &Slot) -> (Option<FraudType>, Option<u32>) {
    sort(parts.iter().flat_map(|part| &part.entries).find(|e| e.key == slot.item).unwrap())
}

/// Neighbours of one sort, seam included.
fn alike(parts: &[Part], slots: &[Slot]) -> usize {
    let next = slots.iter().cycle().skip(1);
    if slots.len() < 2 {
        0
    } else {
        slots.iter().zip(next).filter(|(a, b)| sort_of(parts, a) == sort_of(parts, b)).count()
    }
}

/// Whether a loop keeps every guarantee, counted showing by showing.
fn keeps(parts: &[Part], slots: &[Slot]) -> bool {
    let length: i64 = slots.iter().map(|slot| slot.duration.as_i64()).sum();
    parts.iter().enumerate().all(|(nth, part)| {
        let Demand::Guarantee(guarantee) = part.demand else { return true };
        let starts = starts(parts, slots, nth);
        let once = starts.len() / 3;
        let gaps =
            guarantee.max_gap().is_none_or(|gap| starts.windows(2).all(|pair| pair[1] - pair[0] <= gap.as_i64()));
        // Of n showings an hour the n-th after each begins within an hour.
        let hourly = guarantee.per_hour().is_none_or(|n| {
            let nth_after = |from: usize| {
                starts[(from + usize::from(n)) % once] + (from + usize::from(n)) as i64 / once as i64 * length
            };
            once > 0 && (0..once).all(|from| nth_after(from) - starts[from] <= 3_600_000)
        });
        once > 0 && gaps && hourly
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn every_entry_plays_for_its_own_length_and_the_same_question_has_the_same_answer(parts in shares()) {
        let answer = answered(parts.clone());
        for entry in parts.iter().flat_map(|part| &part.entries) {
            let slot = Slot { item: entry.key, duration: entry.duration };
            prop_assert!(answer.slots.contains(&slot));
        }
        let length: u64 = answer.slots.iter().map(|s| u64::from(s.duration.0)).sum();
        prop_assert_eq!(length, u64::from(answer.report.length.0));
        prop_assert_eq!(answered(parts), answer);
    }

    #[test]
    fn equal_fraud_types_are_neighbours_only_where_no_order_could_part_them(parts in shares()) {
        let Answer { slots, report, .. } = answered(parts.clone());
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
        weights in proptest::collection::vec((1..=10u32, 5_000..20_000u32), 1..6),
    ) {
        let parts: Vec<_> =
            (0..).zip(&weights).map(|(n, (weight, ms))| share(n.into(), *weight, &[(n, *ms, None)])).collect();
        let report = answered(parts).report;
        for (booking, (_, ms)) in report.bookings.iter().zip(weights) {
            let off_by = (f64::from(booking.share) - f64::from(booking.target)).abs() / 1e6 * f64::from(report.length.0);
            prop_assert!(off_by <= f64::from(ms) + 1.0, "{booking:?} is off by {off_by} ms");
        }
    }

    #[test]
    fn no_play_is_a_whole_play_away_from_an_even_pace(
        weights in proptest::collection::vec((1..=20u32, prop_oneof![Just(10_000), Just(15_000)]), 1..9),
    ) {
        // Each a class of its own, so that nothing has to make way.
        let parts: Vec<_> =
            (0..).zip(&weights).map(|(n, (weight, ms))| share(n.into(), *weight, &[(n, *ms, None)])).collect();
        let slots = answered(parts).slots;
        let plays = |key: u32| slots.iter().filter(|s| s.item == key).count();
        // What has more than half the slots meets itself, and as seldom as can be comes first.
        prop_assume!((0..weights.len() as u32).all(|key| 2 * plays(key) <= slots.len()));
        prop_assert_eq!(out_of_step(&slots, weights.len() as u32), None);
    }

    #[test]
    fn where_promises_are_kept_no_equal_neighbours_are_left_that_one_swap_could_part(parts in anything()) {
        let request = asked(parts.clone());
        for care in [Care::Quick, Care::Full] {
            let answer = arrange_with(&request, care);
            if answer.verdict != Verdict::Feasible {
                continue;
            }
            let slots = answer.slots;
            let before = alike(&parts, &slots);
            prop_assert_eq!(before as u32, answer.report.equal_neighbours);
            let sizes = parts.iter().flat_map(|part| &part.entries).map(|entry| {
                slots.iter().filter(|slot| sort_of(&parts, slot) == sort(entry)).count()
            });
            let fewest = (2 * sizes.max().unwrap_or(0)).saturating_sub(slots.len());
            prop_assert!(before >= fewest || slots.len() == 1);
            for place in (0..slots.len()).filter(|_| before > fewest && slots.len() > 1) {
                if sort_of(&parts, &slots[place]) != sort_of(&parts, &slots[(place + 1) % slots.len()]) {
                    continue;
                }
                for other in 0..slots.len() {
                    for place in [place, (place + 1) % slots.len()] {
                        let mut swapped = slots.clone();
                        swapped.swap(place, other);
                        let better = alike(&parts, &swapped) < before && keeps(&parts, &swapped);
                        prop_assert!(!better, "{place} and {other} of {slots:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn with_less_care_the_same_is_promised_shared_and_parted(parts in anything()) {
        let request = asked(parts.clone());
        let (quick, full) = (arrange_with(&request, Care::Quick), arrange_with(&request, Care::Full));
        match (&quick.verdict, &full.verdict) {
            (Verdict::NotFound { .. }, Verdict::NotFound { .. }) => {}
            (quick, full) => prop_assert_eq!(quick, full),
        }
        if quick.verdict == Verdict::Feasible {
            prop_assert!(keeps(&parts, &quick.slots));
        }
    }

    #[test]
    fn with_any_lengths_and_kinds_shares_are_within_one_play(
        weights in proptest::collection::vec((1..=10u32, 4_000..60_000u32, 0..4usize), 1..20),
    ) {
        let one = |(n, (weight, ms, kind)): (u32, &(u32, u32, usize))| {
            share(n.into(), *weight, &[(n, *ms, Some(FraudType::ALL[*kind]))])
        };
        let parts: Vec<_> = (0..).zip(&weights).map(one).collect();
        let entries: u64 = weights.iter().map(|(_, ms, _)| u64::from(*ms)).sum();
        let bounds = Bounds { longest: Millis((20 * entries) as u32), most_slots: 2_000 };
        let report = arrange(&Request::checked(parts, bounds).unwrap()).report;
        for (booking, (_, ms, _)) in report.bookings.iter().zip(weights) {
            let off_by = (f64::from(booking.share) - f64::from(booking.target)).abs() / 1e6 * f64::from(report.length.0);
            prop_assert!(off_by <= f64::from(ms) + f64::from(report.length.0) / 1e6, "{booking:?} is off by {off_by} ms");
        }
    }

    #[test]
    fn whatever_is_said_to_be_feasible_keeps_every_guarantee_and_every_proof_holds(parts in anything()) {
        let request = asked(parts.clone());
        let answer = arrange(&request);
        match &answer.verdict {
            Verdict::Feasible => {
                let length = answer.report.length.0 as usize;
                for (nth, part) in parts.iter().enumerate() {
                    let Demand::Guarantee(guarantee) = part.demand else { continue };
                    let starts = starts(&parts, &answer.slots, nth);
                    let once = starts.len() / 3;
                    prop_assert!(once > 0);
                    if let Some(gap) = guarantee.max_gap() {
                        prop_assert!(starts.windows(2).all(|pair| pair[1] - pair[0] <= gap.as_i64()));
                    }
                    if let Some(n) = guarantee.per_hour() {
                        // Just after each showing, an hour is looked at, round and round.
                        for from in starts.iter().take(once) {
                            let rounds = (from + 1 + 3_600_000) / length as i64 + 1;
                            let all = (0..=rounds).flat_map(|r| starts.iter().take(once).map(move |s| s + r * length as i64));
                            let seen = all.filter(|s| *s > *from && *s <= from + 3_600_000).count();
                            prop_assert!(seen >= usize::from(n), "{seen} of {n}");
                        }
                    }
                }
            }
            Verdict::ProvenInfeasible(proof) => {
                prop_assert_eq!(verify_certificate(&request, proof), Ok(()));
                prop_assert!(!proof.colliding().is_empty());
            }
            Verdict::NotFound { tried } => prop_assert!(*tried > 0),
        }
    }
}

/// Loops that two bookings nearly fill: swaps alone do not find an order of these that is parted and in step.
#[test]
fn two_that_nearly_fill_a_loop_are_parted_and_in_step() {
    for weights in [
        &[(1, 10_000), (1, 10_000), (19, 15_000), (14, 10_000)][..],
        &[(19, 15_000), (13, 10_000), (1, 15_000)],
        &[(12, 15_000), (1, 15_000), (1, 15_000), (9, 10_000)],
        &[(1, 15_000), (14, 10_000), (7, 15_000), (19, 10_000), (1, 15_000)],
        &[(19, 10_000), (20, 10_000), (1, 10_000), (1, 15_000)],
        &[(14, 10_000), (4, 15_000), (1, 10_000), (4, 10_000), (17, 10_000)],
    ] {
        let parts: Vec<_> =
            (0..).zip(weights).map(|(n, (weight, ms))| share(n.into(), *weight, &[(n, *ms, None)])).collect();
        let slots = answered(parts.clone()).slots;
        assert_eq!(alike(&parts, &slots), 0, "{weights:?}");
        assert_eq!(out_of_step(&slots, weights.len() as u32), None, "{weights:?}");
    }
}

/// Which item is a whole play or more away from an even pace, and where.
fn out_of_step(slots: &[Slot], items: u32) -> Option<String> {
    for key in 0..items {
        let count = slots.iter().filter(|s| s.item == key).count() as f64;
        let mut played = 0.0;
        for (gone, slot) in (1..).zip(slots) {
            played += f64::from(u8::from(slot.item == key));
            let due = count * f64::from(gone) / slots.len() as f64;
            if (played - due).abs() >= 1.0 {
                return Some(format!("{key}: {played} of {due} after {gone} slots"));
            }
        }
    }
    None
}
