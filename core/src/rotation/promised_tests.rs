//! Promises against proven answers: small loops with guarantees, shares or fillers, whose best order an exact solver found or
//! excluded, and requests of which it is known whether any loop keeps them. See `optima/README.md` for how they were made.

use serde::Deserialize;

use super::{layout::Layout, *};

#[derive(Deserialize)]
struct Line {
    name: String,
    group: Group,
    parts: Vec<Given>,
    optimum_ppm: Option<u64>,
    fewest_neighbours: Option<u32>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
enum Group {
    /// Some order of these counts keeps all promises.
    Kept,
    /// No order of these counts does.
    Broken,
    /// Some loop keeps all promises.
    Fits,
    /// No loop whatsoever does.
    Never,
}

#[derive(Deserialize)]
struct Given {
    demand: String,
    per_hour: Option<u16>,
    max_gap_minutes: Option<u16>,
    weight: Option<u32>,
    entries: Vec<Shown>,
}

#[derive(Deserialize)]
struct Shown {
    key: u32,
    duration: u32,
    class: usize,
    count: Option<u32>,
}

impl Line {
    fn request(&self) -> Request {
        let part = |(n, given): (u128, &Given)| Part {
            booking: BookingId::new(uuid::Uuid::from_u128(n)),
            demand: match given.demand.as_str() {
                "guarantee" => Demand::Guarantee(Guarantee::checked(given.per_hour, given.max_gap_minutes).unwrap()),
                "share" => Demand::Share(given.weight.unwrap()),
                _ => Demand::Filler,
            },
            entries: given.entries.iter().map(Shown::entry).collect(),
        };
        let bounds = Bounds { longest: Millis::from_secs(3_600), ..Bounds::default() };
        Request::checked((1..).zip(&self.parts).map(part).collect(), bounds).unwrap()
    }

    fn layout(&self) -> Layout {
        let counts = self.parts.iter().flat_map(|part| &part.entries).map(|entry| entry.count.unwrap());
        Layout::new(&self.request(), counts.collect())
    }
}

impl Shown {
    fn entry(&self) -> Entry {
        let (key, duration) = (self.key, Millis(self.duration));
        Entry { key, duration, fraud_type: Some(FraudType::ALL[self.class]), creative: key }
    }
}

fn lines(groups: &[Group]) -> Vec<Line> {
    let all = include_str!("optima/promised.jsonl").lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    all.filter(|line| groups.contains(&line.group)).collect()
}

#[test]
fn whatever_order_keeps_the_promises_is_found_parted_and_within_a_tenth_of_the_best_on_average() {
    for care in [Care::Full, Care::Quick] {
        let (mut sum, mut worst) = (0.0, (0.0, String::new()));
        let lines = lines(&[Group::Kept]);
        assert!(lines.len() >= 30);
        let mut missed = Vec::new();
        for line in &lines {
            let layout = line.layout();
            let found = search::order(&layout, search::Effort::Whole, care);
            let (kept, fewest) = (found.cost.broken == 0, line.fewest_neighbours.unwrap());
            if !kept || found.cost.alike > fewest {
                missed.push((line.name.clone(), found.cost.broken, found.cost.alike, fewest));
            }
            let ratio = found.cost.worst as f64 / layout.length as f64;
            let over = ratio / (line.optimum_ppm.unwrap() as f64 / 1e6);
            assert!(!kept || found.cost.alike >= fewest, "{}: fewer neighbours than any order has", line.name);
            assert!(!kept || found.cost.alike > fewest || over >= 1.0 - 1e-5, "{}: better than the best", line.name);
            sum += over;
            if over > worst.0 {
                worst = (over, line.name.clone());
            }
        }
        assert_eq!(missed, [], "promises broken or neighbours alike though an order avoids both");
        let mean = sum / lines.len() as f64;
        assert!(mean <= 1.10, "worst gap over optimum, mean: {mean}; at most {worst:?}");
    }
}

#[test]
fn no_order_is_said_to_keep_what_none_keeps() {
    for line in lines(&[Group::Broken]) {
        let found = search::order(&line.layout(), search::Effort::Whole, Care::Full);
        assert!(found.cost.broken > 0, "{}", line.name);
    }
}

#[test]
fn a_request_that_some_loop_keeps_is_feasible_and_one_that_none_keeps_never_is() {
    for line in lines(&[Group::Kept, Group::Fits, Group::Never]) {
        let verdict = arrange(&line.request()).verdict;
        assert_eq!(verdict == Verdict::Feasible, line.group != Group::Never, "{}: {verdict:?}", line.name);
    }
}
