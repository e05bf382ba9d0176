//! The planner's shell: keeps a plan of all screens in memory, finds out what a change touches, lets the pure core build that
//! on all cores, stores what is new, and has the screens told for which it is news.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, PoisonError},
};

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use xuanping_core::{
    campaign::Booking,
    digest::Digest,
    id::{BookingId, ScreenId},
    plan_check,
    planner::{self, GroupNumber, Plan, Site},
    playlist::{Playlist, Programme},
    time::{DateRange, UtcMillis},
};

use super::{
    HORIZON_DAYS, PlaylistError, Playlists, REISSUE_AFTER, arrears,
    arrears::OfScreen,
    issue::{Order, Orders, due},
    programme::{Facts, zone_of},
    store,
    workers::on_all_cores,
};
use crate::{clock, screens::Candidate};

/// The county's own time: when its days roll.
pub const COUNTY_ZONE: Tz = chrono_tz::Asia::Shanghai;

/// So many new playlists are written at a time: each waits for the disk.
const WRITERS: usize = 16;

/// What may be different since planning was last asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replan {
    /// Anything: every screen is read again, and every day is begun anew.
    Everything,
    /// Bookings, creatives or renditions, but no screen.
    Bookings,
    /// This screen too.
    Screen(ScreenId),
}

/// What planning remembers from one time to the next.
#[derive(Debug, Default)]
pub(super) struct Planned {
    plan: Plan,
    facts: Facts,
    arrears: HashMap<ScreenId, OfScreen>,
}

/// A group that needs another playlist.
struct DueGroup {
    group: GroupNumber,
    programme: Programme,
    horizon: DateRange,
}

impl Playlists {
    /// Plans what a change touches, and issues manifests to those for whom something changed or whose last one is old.
    pub async fn replan(&self, what: Replan, now: UtcMillis) -> Result<(), PlaylistError> {
        let mut kept = self.planned.lock().await;
        // A planning that fails, or is dropped, leaves nothing behind: the next one begins from nothing.
        let before = kept.take();
        let what = if before.is_some() { what } else { Replan::Everything };
        let mut planned = before.unwrap_or_default();
        self.plan(&mut planned, what, now).await?;
        *kept = Some(planned);
        Ok(())
    }

    async fn plan(&self, planned: &mut Planned, what: Replan, now: UtcMillis) -> Result<(), PlaylistError> {
        let mut bookings = self.campaigns.in_force().await?;
        // What ended is in force for ever, and would be compared with every screen for ever.
        bookings.retain(|b| !ended(b, clock::date_in(now, COUNTY_ZONE)));
        self.read(planned, what, &bookings, now).await?;
        let touched = planned.plan.take_touched();
        if matches!(what, Replan::Screen(_)) && touched.groups.is_empty() {
            // It joined others that look alike and play the same: there is nothing to plan.
            return self.tell_some(planned, &touched.screens, what, now).await;
        }
        let facts = {
            let plan = &planned.plan;
            let groups = plan.groups();
            let surfaces = groups.iter().map(|&group| plan.look_of(group).surface());
            // Whatever is submitted is rendered for every screen there is, not only for those that a booking reaches
            // already: a reviewer sees the very pixels, and what is published is on the walls at once.
            self.facts(bookings.iter().flat_map(|b| b.creatives.iter().copied()), surfaces, now).await?
        };
        let all = what == Replan::Everything || facts != planned.facts;
        planned.facts = facts;
        let groups = if all { planned.plan.groups() } else { touched.groups };
        let changed = self.build(planned, &groups, now).await?;
        let mut touched: HashSet<ScreenId> = touched.screens.iter().map(|(screen, _)| *screen).collect();
        if let Replan::Screen(id) = what {
            touched.insert(id);
        }
        self.tell(planned, &touched, &changed, now).await?;
        if what == Replan::Everything {
            self.memo.forget_unused();
        }
        Ok(())
    }

    /// Brings the plan's screens and bookings up to date.
    async fn read(
        &self,
        planned: &mut Planned,
        what: Replan,
        bookings: &[Booking],
        now: UtcMillis,
    ) -> Result<(), PlaylistError> {
        match what {
            Replan::Bookings => planned.plan.set_bookings(bookings),
            Replan::Everything => {
                planned.arrears = self.arrears(None).await?;
                let screens: Vec<_> = self.screens.candidates().await?.into_iter().map(Arc::new).collect();
                let sites: Vec<_> = screens.iter().map(|s| site(s, &planned.arrears, bookings, now)).collect();
                planned.plan.set(&sites, bookings);
                let known = screens.into_iter().map(|screen| (screen.facts.screen, screen)).collect();
                self.forget_all_but(&known, now);
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
            }
            Replan::Screen(id) => {
                planned.plan.set_bookings(bookings);
                match self.screens.candidate(id).await? {
                    Some(screen) => {
                        planned.plan.put(&site(&screen, &planned.arrears, bookings, now));
                        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(screen));
                    }
                    None => {
                        planned.plan.remove(id);
                        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
                        self.forget(id);
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes the playlists that these groups do not have yet; answers which groups play something else from now on, the
    /// passing of days apart.
    async fn build(
        &self,
        planned: &mut Planned,
        groups: &[GroupNumber],
        now: UtcMillis,
    ) -> Result<HashSet<GroupNumber>, PlaylistError> {
        let plan = &planned.plan;
        let mut changed = HashSet::new();
        let mut due = Vec::new();
        for &group in groups {
            let look = plan.look_of(group);
            let horizon = DateRange::starting(clock::date_in(now, zone_of(&look.timezone)), HORIZON_DAYS);
            let programme = planned.facts.programme(look, plan.bookings_of(group));
            if plan.made(group, &programme, horizon).is_none() {
                if !plan.knows(group, &programme) {
                    changed.insert(group);
                }
                due.push(DueGroup { group, programme, horizon });
            }
        }
        let memo = self.memo.clone();
        let (due, made) = in_time(move || {
            let made = on_all_cores(&due, |each| {
                let (playlist, _, bytes, digest) = planner::make(&each.programme, each.horizon, &memo);
                judge(&playlist, &each.programme, each.horizon);
                (bytes, digest)
            });
            (due, made)
        })
        .await?;
        let digests: Vec<_> = made.iter().map(|(_, digest)| *digest).collect();
        let horizons = due.iter().map(|each| each.horizon);
        self.keep(made.into_iter().zip(horizons).collect(), now).await?;
        for (each, digest) in due.into_iter().zip(digests) {
            planned.plan.keep(each.group, each.programme, each.horizon, digest);
        }
        Ok(changed)
    }

    /// Issues to these screens, to those in groups that play something else now, and to all whose manifest is old.
    async fn tell(
        &self,
        planned: &Planned,
        touched: &HashSet<ScreenId>,
        changed: &HashSet<GroupNumber>,
        now: UtcMillis,
    ) -> Result<(), PlaylistError> {
        let overriding = self.campaigns.active_takeovers(now).await?;
        let mut orders = Vec::new();
        for screen in self.known_screens() {
            let id = screen.facts.screen;
            let Some(group) = planned.plan.group_of(id) else { continue };
            let Some(newest) = planned.plan.newest(group) else { continue };
            let last = self.issued(id);
            if touched.contains(&id) || changed.contains(&group) || due(id, last.as_deref(), now) {
                orders.push(Order { screen, orders: Orders::Play(newest) });
            } else if last.as_ref().and_then(|l| l.says.as_ref()).is_none_or(|says| !says.takeovers.is_empty())
                || overriding.iter().any(|takeover| takeover.selector.matches(&screen.facts))
            {
                // A rendition for it may be ready now, or its time is over.
                orders.push(Order { screen, orders: Orders::AsBefore });
            }
        }
        self.issue(&orders, now).await?;
        Ok(())
    }

    /// Issues to these screens, and to the one that planning was asked for.
    async fn tell_some(
        &self,
        planned: &Planned,
        touched: &[(ScreenId, GroupNumber)],
        what: Replan,
        now: UtcMillis,
    ) -> Result<(), PlaylistError> {
        let asked = if let Replan::Screen(id) = what { Some(id) } else { None };
        let ids: HashSet<ScreenId> = touched.iter().map(|(id, _)| *id).chain(asked).collect();
        let orders = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let order = |id: &ScreenId| {
                let newest = planned.plan.newest(planned.plan.group_of(*id)?)?;
                Some(Order { screen: known.get(id)?.clone(), orders: Orders::Play(newest) })
            };
            ids.iter().filter_map(order).collect::<Vec<_>>()
        };
        self.issue(&orders, now).await?;
        Ok(())
    }

    /// Issues manifests to those whose last one is old; a playlist for the days to come is in it.
    pub(super) async fn refresh(&self, now: UtcMillis) -> Result<(), PlaylistError> {
        let kept = self.planned.lock().await;
        let Some(planned) = &*kept else { return Ok(()) };
        self.tell(planned, &HashSet::new(), &HashSet::new(), now).await
    }

    /// The screens in service as planning knows them.
    pub(super) fn known_screens(&self) -> Vec<Arc<Candidate>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Forgets old manifests of screens that are not in service: they would count as overdue for ever.
    fn forget_all_but(&self, in_service: &BTreeMap<ScreenId, Arc<Candidate>>, now: UtcMillis) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.retain(|id, sender| {
            let young = || sender.borrow().as_ref().is_none_or(|issued| now.since(issued.issued) < REISSUE_AFTER);
            in_service.contains_key(id) || young()
        });
    }

    /// Stores playlists under their digests; nothing happens to those that are there.
    async fn keep(&self, playlists: Vec<((Vec<u8>, Digest), DateRange)>, now: UtcMillis) -> Result<(), PlaylistError> {
        let mut new: BTreeMap<Digest, (Vec<u8>, DateRange)> = BTreeMap::new();
        for ((bytes, digest), days) in playlists {
            new.insert(digest, (bytes, days));
        }
        for digest in store::playlists_among(&self.db, new.keys().copied().collect()).await? {
            new.remove(&digest);
        }
        let mut writing = tokio::task::JoinSet::new();
        let days: Vec<_> = new.iter().map(|(digest, (_, days))| (*digest, *days)).collect();
        for (bytes, _) in new.into_values() {
            if writing.len() >= WRITERS
                && let Some(written) = writing.join_next().await
            {
                written.map_err(std::io::Error::other)??;
            }
            let blobs = self.blobs.clone();
            writing.spawn(async move { blobs.put(&bytes).await });
        }
        while let Some(written) = writing.join_next().await {
            written.map_err(std::io::Error::other)??;
        }
        store::insert_playlists(&self.db, &days, now).await?;
        Ok(())
    }
}

/// A screen as the plan knows it.
pub(super) fn site(
    screen: &Candidate,
    arrears: &HashMap<ScreenId, OfScreen>,
    bookings: &[Booking],
    now: UtcMillis,
) -> Site {
    let missed = arrears.get(&screen.facts.screen).map_or_else(BTreeMap::<BookingId, u32>::new, |arrears| {
        arrears::left(arrears, bookings.iter(), clock::date_in(now, zone_of(&screen.timezone)))
    });
    Site { facts: screen.facts.clone(), timezone: screen.timezone.clone(), opening: screen.opening.clone(), missed }
}

/// Planning takes its time, and others are to be answered meanwhile.
pub(super) async fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PlaylistError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| PlaylistError::Io(std::io::Error::other(e)))
}

/// In debug builds every playlist is judged by the independent checker before it is published; promises that cannot be kept
/// are the planner's to report, anything else is a mistake in it.
fn judge(playlist: &Playlist, programme: &Programme, horizon: DateRange) {
    if cfg!(debug_assertions) {
        let mut faults = plan_check::check(playlist, programme, horizon);
        faults.retain(|fault| !fault.is_shortfall());
        debug_assert!(faults.is_empty(), "{faults:?}");
    }
}

/// Whether a booking is over, wherever a screen may be: two days after its last, in which it may run across midnight.
fn ended(booking: &Booking, today: NaiveDate) -> bool {
    let last = booking.schedule.recurrence().until;
    last.and_then(|last| last.checked_add_days(Days::new(2))).is_some_and(|over| over < today)
}
