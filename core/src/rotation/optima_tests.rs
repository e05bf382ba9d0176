//! Against proven optima: small loops whose best order an exact solver found, and small promises that are known to fit or
//! not. See `optima/README.md` for how they were made.

use serde::Deserialize;

use super::{layout::Layout, *};

#[derive(Deserialize)]
struct Instance {
    name: String,
    entries: Vec<Given>,
    separated_optimum_ppm: u64,
    fewest_neighbours: u32,
}

#[derive(Deserialize)]
struct Given {
    key: u32,
    duration: u32,
    count: u32,
    class: u32,
}

#[derive(Deserialize)]
struct Feasibility {
    name: String,
    entries: Vec<Promised>,
    feasible: bool,
}

#[derive(Deserialize)]
struct Promised {
    key: u32,
    duration: u32,
    max_gap: u32,
}

fn booking(n: u32) -> BookingId {
    BookingId::new(uuid::Uuid::from_u128(u128::from(n) + 1))
}

impl Instance {
    fn layout(&self) -> Layout {
        let part = |given: &Given| Part {
            booking: booking(given.key),
            demand: Demand::Share(1),
            // A class without a fraud type is its creative's number.
            entries: vec![Entry {
                key: given.key,
                duration: Millis(given.duration),
                fraud_type: None,
                creative: given.class,
            }],
        };
        let request = Request::checked(self.entries.iter().map(part).collect(), Bounds::default()).unwrap();
        Layout::new(&request, self.entries.iter().map(|given| given.count).collect())
    }
}

#[test]
fn the_worst_gap_is_within_a_tenth_of_the_optimum_on_average() {
    let full = mean_over_optimum(Care::Full);
    assert!(full <= 1.10, "worst gap over optimum, mean: {full}");
    // When somebody waits for it.
    let quick = mean_over_optimum(Care::Quick);
    assert!(quick <= 1.12, "worst gap over optimum, mean: {quick}");
}

fn mean_over_optimum(care: Care) -> f64 {
    let instances: Vec<Instance> =
        include_str!("optima/optima.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(instances.len() >= 50);
    let mut sum = 0.0;
    for instance in &instances {
        let layout = instance.layout();
        let found = search::order(&layout, search::Effort::Whole, care);
        assert_eq!(found.cost.alike, instance.fewest_neighbours, "{}", instance.name);
        let ratio = found.cost.worst as f64 / layout.length as f64;
        let optimum = instance.separated_optimum_ppm as f64 / 1e6;
        assert!(ratio >= optimum - 1e-5, "{}: better than the optimum, so one of us counts wrongly", instance.name);
        sum += ratio / optimum;
    }
    sum / instances.len() as f64
}

#[test]
fn what_is_known_to_fit_is_found_and_what_is_known_not_to_is_proven() {
    let cases: Vec<Feasibility> =
        include_str!("optima/infeasible.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for case in cases {
        // A guarantee is in whole minutes: times are scaled so that they are.
        let scale = 60;
        let part = |given: &Promised| Part {
            booking: booking(given.key),
            demand: Demand::Guarantee(
                Guarantee::checked(None, Some(u16::try_from(given.max_gap * scale / 60_000).unwrap())).unwrap(),
            ),
            entries: vec![Entry {
                key: given.key,
                duration: Millis(given.duration * scale),
                fraud_type: None,
                creative: given.key,
            }],
        };
        let bounds = Bounds { longest: Millis(u32::MAX / 2), most_slots: 400 };
        let request = Request::checked(case.entries.iter().map(part).collect(), bounds).unwrap();
        let verdict = arrange(&request).verdict;
        match verdict {
            Verdict::Feasible => assert!(case.feasible, "{}", case.name),
            Verdict::ProvenInfeasible(_) => assert!(!case.feasible, "{}", case.name),
            Verdict::NotFound { .. } => panic!("{}: neither found nor excluded", case.name),
        }
    }
}
