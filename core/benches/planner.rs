//! The planner over a whole prefecture: 100,000 screens in 2,000 areas and 200 campaigns, eight days, from nothing and after
//! one change, beside planning each screen by itself. Budgets (design.md): 2 s, 100 ms on two cores.
//!
//! Measured is everything from screens and bookings in memory to signed manifests in memory. Not in it: reading and
//! writing the database, storing playlists, waking players.

#![allow(missing_docs, clippy::expect_used)] // A program for people who measure.

mod county;
mod stopwatch;
// The very file that the server plans with.
#[path = "../../server/src/playlists/workers.rs"]
mod workers;

use std::collections::HashSet;

use xuanping_core::{
    campaign::{Booking, Mode, Weight},
    digest::Digest,
    id::ScreenId,
    planner::{GroupNumber, Plan, Site, Touched, make},
    playlist::{MANIFEST_VERSION, Manifest, Programme, ScreenOrders, WallSettings, build},
    rotation::Memo,
    sign::SecretKey,
    time::UtcMillis,
};

use self::stopwatch::once;

/// What one round of planning took, in milliseconds, and what there was to do.
#[derive(Debug, Default)]
struct Took {
    grouping: f64,
    programmes: f64,
    playlists: f64,
    signing: f64,
    groups: usize,
    made: usize,
    manifests: usize,
}

impl Took {
    fn all(&self) -> f64 {
        self.grouping + self.programmes + self.playlists + self.signing
    }

    fn print(&self, name: &str) {
        println!(
            "{name:<44} {:>8.1} ms = group {:>6.1} + programmes {:>6.1} + playlists {:>7.1} + sign {:>7.1}   ({} groups, {} \
             playlists, {} manifests)",
            self.all(),
            self.grouping,
            self.programmes,
            self.playlists,
            self.signing,
            self.groups,
            self.made,
            self.manifests
        );
    }
}

/// From what was touched to signed manifests, as the server does it.
fn replan(plan: &mut Plan, memo: &Memo, key: &SecretKey, touched: &Touched, version: u64) -> Took {
    let mut took = Took { groups: touched.groups.len(), ..Took::default() };
    let (due, ms) = once(|| {
        let due = touched.groups.iter().filter_map(|&group| {
            let programme = county::programme(plan.look_of(group), &plan.bookings_of(group));
            plan.made(group, &programme, county::horizon()).is_none().then_some((group, programme))
        });
        due.collect::<Vec<(GroupNumber, Programme)>>()
    });
    took.programmes = ms;
    took.made = due.len();
    let (made, ms) = once(|| workers::on_all_cores(&due, |(_, programme)| make(programme, county::horizon(), memo).3));
    took.playlists = ms;
    let mut playlists: Vec<Option<Digest>> = vec![None; plan.groups().last().map_or(0, |last| last + 1)];
    for ((group, programme), digest) in due.into_iter().zip(made) {
        plan.keep(group, programme, county::horizon(), digest);
    }
    for group in plan.groups() {
        playlists[group] = plan.newest(group);
    }
    let (signed, ms) = once(|| {
        workers::on_all_cores(&touched.screens, |(screen, group)| {
            manifest(*screen, playlists[*group], version, plan, *group).sign(key)
        })
    });
    took.signing = ms;
    took.manifests = signed.len();
    took
}

fn manifest(screen: ScreenId, playlist: Option<Digest>, version: u64, plan: &Plan, group: GroupNumber) -> Manifest {
    let look = plan.look_of(group);
    Manifest {
        format: MANIFEST_VERSION,
        screen,
        version,
        issued: UtcMillis(1_763_856_000_000),
        expires: UtcMillis(1_764_028_800_000),
        playlist,
        orders: ScreenOrders {
            name: "某某银行某某支行 大堂屏".into(),
            timezone: look.timezone.clone(),
            zones: look.zones.clone(),
            wall: WallSettings::default(),
        },
        takeovers: Vec::new(),
    }
}

fn from_nothing(sites: &[Site], bookings: &[Booking], key: &SecretKey) -> (Plan, Memo, Took) {
    let mut plan = Plan::new();
    let memo = Memo::default();
    let (touched, ms) = once(|| {
        plan.set(sites, bookings);
        plan.take_touched()
    });
    let mut took = replan(&mut plan, &memo, key, &touched, 1);
    took.grouping = ms;
    (plan, memo, took)
}

/// Each screen by itself: every selector asked, its own playlist built. A few screens, for all would take too long.
fn naively(sites: &[Site], bookings: &[Booking], key: &SecretKey, sample: usize) -> f64 {
    let step = (sites.len() / sample).max(1);
    let some: Vec<&Site> = sites.iter().step_by(step).take(sample).collect();
    let (_, ms) = once(|| {
        workers::on_all_cores(&some, |site| {
            let mut plan = Plan::new();
            plan.put(site);
            let group = plan.groups()[0];
            let reached: Vec<&Booking> = bookings.iter().filter(|b| b.selector.matches(&site.facts)).collect();
            let programme = county::programme(plan.look_of(group), &reached);
            let (playlist, _) = build(&programme, county::horizon());
            let digest = Digest::of(&playlist.to_bytes());
            manifest(site.facts.screen, Some(digest), 1, &plan, group).sign(key)
        })
    });
    ms / some.len() as f64
}

fn main() {
    let key = SecretKey::from_seed(&[7; 32]);
    for screens in std::env::args().filter_map(|a| a.parse::<u32>().ok()) {
        let sites: Vec<Site> = (0..screens).map(county::site).collect();
        let bookings: Vec<Booking> = (0..county::CAMPAIGNS).map(|n| county::booking(n, screens)).collect();
        println!("== {screens} screens, {} areas, {} campaigns, 8 days", county::AREAS, county::CAMPAIGNS);
        let (mut plan, memo, took) = from_nothing(&sites, &bookings, &key);
        took.print("from nothing");
        println!("   distinct loops arranged: {}", memo.len());
        // Each booking in turn gets another weight or mode; then it is as it was.
        let mut all: Vec<(f64, u32, Took)> = Vec::new();
        for n in (0..county::CAMPAIGNS).step_by(if screens > 100_000 { 21 } else { 7 }) {
            let mut changed = bookings[n as usize].clone();
            changed.mode = match changed.mode {
                Mode::Share { weight } => Mode::Share { weight: Weight::try_from(weight.get() + 1).expect("a weight") },
                _ => Mode::Share { weight: Weight::ONE },
            };
            let (touched, ms) = once(|| {
                plan.book(changed);
                plan.take_touched()
            });
            let mut took = replan(&mut plan, &memo, &key, &touched, 2);
            took.grouping = ms;
            all.push((took.all(), n, took));
            plan.book(bookings[n as usize].clone());
            let touched = plan.take_touched();
            replan(&mut plan, &memo, &key, &touched, 3);
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (name, at) in [("median", all.len() / 2), ("9 of 10", all.len() * 9 / 10), ("worst", all.len() - 1)] {
            all[at].2.print(&format!("one booking changed, {name} (booking {})", all[at].1));
        }
        let within = all.iter().filter(|(ms, ..)| *ms <= 100.0).count();
        println!("   {within} of {} bookings changed within 100 ms", all.len());
        // A screen that joins: alike to another one.
        let mut newcomer = sites[sites.len() / 2].clone();
        newcomer.facts.screen = county::screen_id(u32::MAX);
        let (touched, ms) = once(|| {
            plan.put(&newcomer);
            plan.take_touched()
        });
        let mut took = replan(&mut plan, &memo, &key, &touched, 4);
        took.grouping = ms;
        took.print("a screen joins a known programme");
        let each = naively(&sites, &bookings, &key, 200);
        println!(
            "each screen by itself (200 sampled, both cores)  {each:>8.2} ms a screen, so {:.0} s for all (extrapolated)\n",
            each * f64::from(screens) / 1_000.0
        );
        let distinct: HashSet<_> = plan.groups().into_iter().filter_map(|group| plan.newest(group)).collect();
        println!("   {} distinct playlists", distinct.len());
    }
}
