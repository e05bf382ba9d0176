//! What screens would play if something were published: built on the spot, nothing stored or issued. And what cannot live
//! together then, with the smallest change that works.

use std::collections::HashMap;

use chrono::NaiveDate;
use xuanping_core::{
    campaign::Booking,
    geometry::ZoneName,
    id::{BookingId, CampaignId},
    planner::{GroupNumber, Plan},
    playlist::{self, BuildReport, GuaranteeKept, Playlist, Programme},
    rotation::{self, Certificate, Memo, Relaxation, Request},
    time::{DateRange, UtcInterval, UtcMillis},
};

use super::{
    HORIZON_DAYS, PlaylistError, Playlists, arrears,
    plan::{in_time, site},
    programme::{look, zone_of},
    workers::on_all_cores,
};
use crate::{
    campaigns::{Campaign, facts_of},
    clock,
    screens::Screen,
};

/// A playlist that was built to be looked at.
pub(super) struct Built {
    pub programme: Programme,
    pub playlist: Playlist,
    pub report: BuildReport,
}

/// Bookings that cannot live together, on however many screens.
#[derive(Debug, Clone)]
pub struct Collided {
    /// Where.
    pub zone: ZoneName,
    /// The first daypart in which they meet.
    pub at: UtcInterval,
    /// The proof; without one, a way may exist that was not found.
    pub certificate: Option<Certificate>,
    /// The bookings that collide: those of the proof, else every guarantee of the loop.
    pub bookings: Vec<BookingId>,
    /// What would work: for each booking the mildest change of it alone.
    pub relaxations: Vec<Relaxation>,
    /// How many screens.
    pub screens: usize,
    /// The first few, by name.
    pub sample: Vec<String>,
}

/// A guarantee that is broken somewhere, though no loop alone is to blame.
#[derive(Debug, Clone)]
pub struct Broken {
    /// What became of it.
    pub kept: GuaranteeKept,
    /// How many screens.
    pub screens: usize,
}

/// What publishing a campaign would not keep.
#[derive(Debug, Clone, Default)]
pub struct Foreseen {
    /// Screens that it reaches.
    pub screens: usize,
    /// How many different programmes they have.
    pub programmes: usize,
    /// Guarantees among all bookings there that are kept everywhere.
    pub kept: usize,
    /// What cannot live together.
    pub collisions: Vec<Collided>,
    /// What is broken at the seams of the day.
    pub broken: Vec<Broken>,
}

/// So many screens are named.
const SAMPLE: usize = 5;
/// For so many collisions a way out is looked for.
const MOST: usize = 12;

impl Playlists {
    /// What a screen plays with these bookings in these days.
    pub(super) async fn built(
        &self,
        screen: &Screen,
        bookings: Vec<Booking>,
        horizon: DateRange,
        now: UtcMillis,
    ) -> Result<Option<Built>, PlaylistError> {
        let Some(about) = facts_of(screen) else { return Ok(None) };
        let bookings: Vec<_> = bookings.into_iter().filter(|b| b.selector.matches(&about)).collect();
        let ids = bookings.iter().flat_map(|b| b.creatives.iter().copied());
        let facts = self.facts(ids, std::iter::once(about.surface()), now).await?;
        let arrears = self.arrears_of(screen.id).await?;
        let mut look = look(&about, &screen.timezone, &screen.venue.opening);
        look.missed = arrears::left(&arrears, bookings.iter(), horizon.first);
        let programme = facts.programme(&look, &bookings);
        Ok(Some(
            in_time(move || {
                let (playlist, report) = playlist::build(&programme, horizon);
                Built { programme, playlist, report }
            })
            .await?,
        ))
    }

    /// As if published now: the draft in place of this campaign's published bookings, everything else as it is.
    pub(super) async fn with_draft(&self, campaign: &Campaign) -> Result<Vec<Booking>, PlaylistError> {
        let mut bookings = self.campaigns.in_force().await?;
        bookings.retain(|b| b.campaign != campaign.id);
        bookings.extend(campaign.bookings.clone());
        Ok(bookings)
    }

    /// What publishing a campaign's draft would not keep, on all screens that it reaches, in its first days.
    pub async fn foresee(&self, id: CampaignId, now: UtcMillis) -> Result<Foreseen, PlaylistError> {
        let campaign = self.campaigns.get(id).await?;
        let bookings = self.with_draft(&campaign).await?;
        let arrears = self.arrears(None).await?;
        let screens = self.screens.candidates().await?;
        let mut plan = Plan::new();
        plan.set_bookings(&bookings);
        for screen in &screens {
            plan.put(&site(screen, &arrears, &bookings, now));
        }
        let of_campaign = |group: &GroupNumber| plan.bookings_of(*group).iter().any(|b| b.campaign == id);
        let groups: Vec<_> = plan.groups().into_iter().filter(of_campaign).collect();
        let mut names: HashMap<GroupNumber, Vec<String>> = HashMap::new();
        for screen in &screens {
            if let Some(group) = plan.group_of(screen.facts.screen) {
                names.entry(group).or_default().push(format!("{} {}", screen.venue, screen.name));
            }
        }
        let ids = bookings.iter().flat_map(|b| b.creatives.iter().copied());
        let facts = self.facts(ids, groups.iter().map(|&group| plan.look_of(group).surface()), now).await?;
        let programmes = groups.into_iter().map(|group| {
            let look = plan.look_of(group);
            let today = clock::date_in(now, zone_of(&look.timezone));
            let horizon = DateRange::starting(first_day(&campaign, today), HORIZON_DAYS);
            let programme = facts.programme(look, plan.bookings_of(group));
            (programme, horizon, names.remove(&group).unwrap_or_default())
        });
        let (programmes, memo) = (programmes.collect::<Vec<_>>(), self.memo.clone());
        in_time(move || foresee(&programmes, &memo)).await
    }
}

fn first_day(campaign: &Campaign, today: NaiveDate) -> NaiveDate {
    campaign.starts.max(today)
}

fn foresee(programmes: &[(Programme, DateRange, Vec<String>)], memo: &Memo) -> Foreseen {
    let mut foreseen = Foreseen { programmes: programmes.len(), ..Foreseen::default() };
    let mut requests: Vec<(Request, usize)> = Vec::new();
    let reports = on_all_cores(programmes, |(programme, horizon, _)| playlist::build_with(programme, *horizon, memo).1);
    for ((_, _, names), report) in programmes.iter().zip(reports) {
        foreseen.screens += names.len();
        let mut blamed: Vec<(ZoneName, BookingId)> = Vec::new();
        for collision in report.collisions {
            let bookings =
                collision.certificate.as_ref().map_or_else(|| promised(&collision.request), Certificate::colliding);
            blamed.extend(bookings.iter().map(|b| (collision.zone, *b)));
            blamed.extend(promised(&collision.request).into_iter().map(|b| (collision.zone, b)));
            let known = foreseen
                .collisions
                .iter_mut()
                .find(|k| k.certificate == collision.certificate && k.bookings == bookings);
            if let Some(known) = known {
                known.screens += names.len();
                known.sample.extend(names.iter().take(SAMPLE.saturating_sub(known.sample.len())).cloned());
                continue;
            }
            requests.push((collision.request, foreseen.collisions.len()));
            foreseen.collisions.push(Collided {
                zone: collision.zone,
                at: collision.at,
                certificate: collision.certificate,
                bookings,
                relaxations: Vec::new(),
                screens: names.len(),
                sample: names.iter().take(SAMPLE).cloned().collect(),
            });
        }
        for kept in report.guarantees {
            if kept.broken_at.is_none() {
                foreseen.kept += 1;
            } else if !blamed.contains(&(kept.zone, kept.booking)) {
                match foreseen.broken.iter_mut().find(|b| (b.kept.booking, b.kept.zone) == (kept.booking, kept.zone)) {
                    Some(known) => known.screens += names.len(),
                    None => foreseen.broken.push(Broken { kept, screens: names.len() }),
                }
            }
        }
    }
    for (request, number) in requests.into_iter().take(MOST) {
        let collided = &mut foreseen.collisions[number];
        collided.relaxations = rotation::relaxations(&request, &collided.bookings);
    }
    foreseen
}

/// The bookings of a request that were promised something.
fn promised(request: &Request) -> Vec<BookingId> {
    let guaranteed = request.parts().iter().filter(|part| matches!(part.demand, rotation::Demand::Guarantee(_)));
    guaranteed.map(|part| part.booking).collect()
}
