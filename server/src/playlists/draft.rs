//! What screens would play if something were published: built on the spot, nothing stored or issued. And what cannot live
//! together then, with the smallest change that works.

use std::collections::HashMap;

use chrono::NaiveDate;
use xuanping_core::{
    campaign::Booking,
    geometry::ZoneName,
    id::{BookingId, CampaignId},
    planner::{GroupNumber, Plan},
    playlist::{self, BuildReport, Collision, GuaranteeKept, Memo, Playlist, Programme, WayOut},
    rotation::{self, Care, Certificate, Request},
    time::{DateRange, UtcInterval, UtcMillis},
};

use super::{
    HORIZON_DAYS, PlaylistError, Playlists, arrears,
    plan::{in_time, site},
    programme::{look, zone_of},
};
use crate::{
    campaigns::{Campaign, facts_of},
    clock,
    screens::Screen,
    workers::on_all_cores,
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
    /// What would work: for each booking the mildest change of it alone. `None`: too many collide to look for it.
    pub ways_out: Option<Vec<WayOut>>,
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
/// For so many collisions a way out is looked for,
const MOST: usize = 12;
/// and proven by building so many of the programmes in which they are.
const PROVEN_ON: usize = 4;

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
        let hours = arrears::Hours::new(&screen.venue.opening, &screen.timezone);
        look.missed = arrears::left(&arrears, bookings.iter(), hours, horizon.first);
        let programme = facts.programme(&look, &bookings);
        let memo = self.memo.clone();
        Ok(Some(
            in_time(move || {
                // The very loops that are or will be published.
                let (playlist, report) = playlist::build_with(&programme, horizon, &memo, Care::Quick);
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
        self.foresee_with(id, now, MOST).await
    }

    /// The same without looking for ways out.
    pub(super) async fn collisions(&self, id: CampaignId, now: UtcMillis) -> Result<Foreseen, PlaylistError> {
        self.foresee_with(id, now, 0).await
    }

    async fn foresee_with(&self, id: CampaignId, now: UtcMillis, most: usize) -> Result<Foreseen, PlaylistError> {
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
        in_time(move || foresee(&programmes, &memo, most)).await
    }
}

/// The first day on which publishing a campaign's draft would change anything.
pub(super) fn first_day(campaign: &Campaign, today: NaiveDate) -> NaiveDate {
    campaign.starts.max(today)
}

fn foresee(programmes: &[(Programme, DateRange, Vec<String>)], memo: &Memo, most: usize) -> Foreseen {
    let mut foreseen = Foreseen { programmes: programmes.len(), ..Foreseen::default() };
    let mut found: Vec<(Collision, Vec<usize>)> = Vec::new();
    // With the care that it will be published with.
    let report = |(programme, horizon, _): &(Programme, DateRange, Vec<String>)| {
        playlist::build_with(programme, *horizon, memo, Care::Quick).1
    };
    let reports = on_all_cores(programmes, report);
    for (number, ((_, _, names), report)) in programmes.iter().zip(reports).enumerate() {
        foreseen.screens += names.len();
        let mut blamed: Vec<(ZoneName, BookingId)> = Vec::new();
        for collision in report.collisions {
            let bookings =
                collision.certificate.as_ref().map_or_else(|| promised(&collision.request), Certificate::colliding);
            blamed.extend(bookings.iter().map(|b| (collision.zone, *b)));
            blamed.extend(promised(&collision.request).into_iter().map(|b| (collision.zone, b)));
            let known = foreseen
                .collisions
                .iter()
                .position(|k| k.certificate == collision.certificate && k.bookings == bookings);
            if let Some(position) = known {
                if found[position].1.len() < PROVEN_ON && !found[position].1.contains(&number) {
                    found[position].1.push(number);
                }
                let known = &mut foreseen.collisions[position];
                known.screens += names.len();
                known.sample.extend(names.iter().take(SAMPLE.saturating_sub(known.sample.len())).cloned());
                continue;
            }
            foreseen.collisions.push(Collided {
                zone: collision.zone,
                at: collision.at,
                certificate: collision.certificate.clone(),
                bookings,
                ways_out: None,
                screens: names.len(),
                sample: names.iter().take(SAMPLE).cloned().collect(),
            });
            found.push((collision, vec![number]));
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
    found.truncate(most);
    let searched: Vec<_> = found.iter().zip(&foreseen.collisions).collect();
    let ways = on_all_cores(&searched, |((collision, numbers), collided)| {
        let concerned: Vec<_> = numbers.iter().map(|&number| (&programmes[number].0, programmes[number].1)).collect();
        playlist::ways_out(collision, &collided.bookings, &concerned, memo)
    });
    for (collided, ways) in foreseen.collisions.iter_mut().zip(ways) {
        collided.ways_out = Some(ways);
    }
    foreseen
}

/// The bookings of a request that were promised something.
fn promised(request: &Request) -> Vec<BookingId> {
    let guaranteed = request.parts().iter().filter(|part| matches!(part.demand, rotation::Demand::Guarantee(_)));
    guaranteed.map(|part| part.booking).collect()
}
