//! The planner's shell: keeps a plan of all screens in memory, finds out what a change touches, lets the pure core build that
//! on all cores, stores what is new, and has the screens told for which it is news.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, PoisonError},
};

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use xuanping_core::{
    campaign::Booking,
    digest::Digest,
    id::{BookingId, ScreenId},
    plan_check::{self, PlanFault},
    planner::{self, GroupNumber, Plan, Site},
    playlist::{BuildReport, Playlist, Programme},
    rotation::Care,
    time::{DateRange, UtcMillis},
};

use super::{
    HORIZON_DAYS, PlaylistError, Playlists, REISSUE_AFTER, arrears,
    arrears::OfScreen,
    issue::{Order, Orders, due},
    programme::{self, Facts, zone_of},
    store,
};
use crate::{clock, content::ScreenClass, screens::Candidate, workers::on_all_cores};

/// The county's own time: when its days roll.
pub const COUNTY_ZONE: Tz = chrono_tz::Asia::Shanghai;

/// So many new playlists are written at a time: each waits for the disk.
const WRITERS: usize = 16;

/// So many groups are built, stored and told at a time; in tests so few that all of it happens more than once.
const BUILT_AT_ONCE: usize = if cfg!(test) { 2 } else { 256 };

/// What may be different since planning was last asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replan<'a> {
    /// Anything: every screen is read again, and every day is begun anew.
    Everything,
    /// Bookings, creatives or renditions, but no screen.
    Bookings,
    /// These screens too.
    Screens(&'a [ScreenId]),
}

impl<'a> Replan<'a> {
    /// The screens that it is about.
    fn screens(self) -> &'a [ScreenId] {
        match self {
            Self::Screens(ids) => ids,
            Self::Everything | Self::Bookings => &[],
        }
    }
}

/// What planning remembers from one time to the next.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    facts: Facts,
    arrears: HashMap<ScreenId, OfScreen>,
    /// For which programme playlists were made, by their digests, as far as somebody asked.
    programmes: HashMap<Digest, Digest>,
}

/// A group that needs another playlist.
struct DueGroup {
    group: GroupNumber,
    programme: Programme,
    horizon: DateRange,
}

/// A playlist that was just made.
struct MadePlaylist {
    bytes: Vec<u8>,
    digest: Digest,
    programme: Digest,
    horizon: DateRange,
}

impl Playlists {
    /// Plans what a change touches, and issues manifests to those for whom something changed or whose last one is old.
    pub async fn replan(&self, what: Replan<'_>, now: UtcMillis) -> Result<(), PlaylistError> {
        let mut kept = self.planned.lock().await;
        // A planning that fails, or is dropped, leaves nothing behind: the next one begins from nothing.
        let before = kept.take();
        let what = if before.is_some() { what } else { Replan::Everything };
        let mut planned = before.unwrap_or_default();
        self.plan(&mut planned, what, now).await?;
        *kept = Some(planned);
        Ok(())
    }

    async fn plan(&self, planned: &mut Planned, what: Replan<'_>, now: UtcMillis) -> Result<(), PlaylistError> {
        let mut bookings = self.campaigns.in_force().await?;
        // What ended is in force for ever, and would be compared with every screen for ever.
        bookings.retain(|b| !ended(b, clock::date_in(now, COUNTY_ZONE)));
        self.read(planned, what, &bookings, now).await?;
        let touched = planned.plan.take_touched();
        if matches!(what, Replan::Screens(_)) && touched.groups.is_empty() {
            // They joined others that look alike and play the same: there is nothing to plan.
            return self.tell_some(planned, &touched.screens, what.screens(), now).await;
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
        // When a day begins nobody waits: then loops are polished.
        let care = if what == Replan::Everything { Care::Full } else { Care::Quick };
        let mut touched: HashSet<ScreenId> = touched.screens.iter().map(|(screen, _)| *screen).collect();
        touched.extend(what.screens());
        // Who listens is told first, and nobody waits until everything is built.
        let groups = self.listened_to_first(&planned.plan, groups);
        let mut changed = HashSet::new();
        for chunk in groups.chunks(BUILT_AT_ONCE) {
            changed.extend(self.build(planned, chunk, care, now).await?);
            if groups.len() > BUILT_AT_ONCE {
                let these = chunk.iter().copied().collect();
                self.tell(planned, &touched, &changed, Some(&these), now).await?;
            }
        }
        self.tell(planned, &touched, &changed, None, now).await?;
        if what == Replan::Everything {
            self.memo.forget_unused();
            let issued = self.known_screens().into_iter().filter_map(|s| self.issued(s.facts.screen)?.playlist);
            let newest = planned.plan.groups().into_iter().filter_map(|group| planned.plan.newest(group));
            let in_use: HashSet<Digest> = issued.chain(newest).collect();
            planned.programmes.retain(|playlist, _| in_use.contains(playlist));
            let looks = planned.plan.groups().into_iter().map(|group| planned.plan.look_of(group));
            let in_use: HashSet<ScreenClass> = looks.flat_map(|look| programme::classes(look.surface())).collect();
            self.content.forget_classes_but(&in_use).await?;
        }
        Ok(())
    }

    /// Brings the plan's screens and bookings up to date.
    async fn read(
        &self,
        planned: &mut Planned,
        what: Replan<'_>,
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
            Replan::Screens(ids) => {
                planned.plan.set_bookings(bookings);
                let found = self.screens.candidates_among(ids).await?;
                let mut gone: BTreeSet<ScreenId> = ids.iter().copied().collect();
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                for screen in found {
                    let id = screen.facts.screen;
                    planned.plan.put(&site(&screen, &planned.arrears, bookings, now));
                    known.insert(id, Arc::new(screen));
                    gone.remove(&id);
                }
                for id in gone {
                    planned.plan.remove(id);
                    known.remove(&id);
                    self.forget(id);
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
        care: Care,
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
        let (due, made, digests) = in_time(move || {
            // Bookings of which a screen can show nothing make another group, and the same playlist.
            let names = on_all_cores(&due, |each| (each.programme.fingerprint(), each.horizon));
            let mut first: HashMap<(Digest, DateRange), usize> = HashMap::new();
            let distinct: Vec<usize> = (0..due.len()).filter(|&n| *first.entry(names[n]).or_insert(n) == n).collect();
            let made = on_all_cores(&distinct, |&nth| {
                let each = &due[nth];
                let (playlist, report, bytes, digest) = planner::make(&each.programme, each.horizon, &memo, care);
                judge((&playlist, &report), &each.programme, each.horizon);
                MadePlaylist { bytes, digest, programme: names[nth].0, horizon: each.horizon }
            });
            let by_name: HashMap<_, _> =
                made.iter().map(|made| ((made.programme, made.horizon), made.digest)).collect();
            let digests: Vec<Digest> = names.iter().filter_map(|name| by_name.get(name).copied()).collect();
            (due, made, digests)
        })
        .await?;
        planned.programmes.extend(made.iter().map(|made| (made.digest, made.programme)));
        self.keep(made, now).await?;
        for (each, digest) in due.into_iter().zip(digests) {
            planned.plan.keep(each.group, each.programme, each.horizon, digest);
        }
        Ok(changed)
    }

    /// Groups of which a player waits for news come first.
    pub(super) fn listened_to_first(&self, plan: &Plan, mut groups: Vec<GroupNumber>) -> Vec<GroupNumber> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let listening = current.iter().filter(|(_, sender)| sender.receiver_count() > 0).map(|(screen, _)| *screen);
        let listened_to: HashSet<GroupNumber> = listening.filter_map(|screen| plan.group_of(screen)).collect();
        groups.sort_by_key(|group| !listened_to.contains(group));
        groups
    }

    /// Issues to these screens, to those in groups that play something else now, and to all whose manifest is old; only to
    /// those among these groups, if they are given.
    async fn tell(
        &self,
        planned: &mut Planned,
        touched: &HashSet<ScreenId>,
        changed: &HashSet<GroupNumber>,
        among: Option<&HashSet<GroupNumber>>,
        now: UtcMillis,
    ) -> Result<(), PlaylistError> {
        let overriding = self.campaigns.active_takeovers(now).await?;
        let screens = self.known_screens();
        let concerns = |plan: &Plan, id: ScreenId| {
            touched.contains(&id) || plan.group_of(id).is_some_and(|group| changed.contains(&group))
        };
        let concerned = screens.iter().map(|screen| screen.facts.screen).filter(|id| concerns(&planned.plan, *id));
        let playing: HashSet<Digest> = concerned.filter_map(|id| self.issued(id)?.playlist).collect();
        self.learn(&mut planned.programmes, playing).await?;
        let mut orders = Vec::new();
        for screen in screens {
            let id = screen.facts.screen;
            let Some(group) = planned.plan.group_of(id) else { continue };
            if among.is_some_and(|among| !among.contains(&group)) {
                continue;
            }
            let Some(newest) = planned.plan.newest(group) else { continue };
            let last = self.issued(id);
            // After a restart all is planned anew, and mostly it comes to the same: then nobody is woken for it.
            let same = |playing: Digest| {
                let programme = planned.programmes.get(&newest);
                programme.is_some() && programme == planned.programmes.get(&playing)
            };
            let concerned = concerns(&planned.plan, id);
            let news = concerned && !last.as_ref().and_then(|last| last.playlist).is_some_and(same);
            if news || due(id, last.as_deref(), now) {
                orders.push(Order { screen, orders: Orders::Play(newest) });
            } else if concerned
                || last.as_ref().and_then(|l| l.says.as_ref()).is_none_or(|says| !says.takeovers.is_empty())
                || overriding.iter().any(|takeover| takeover.selector.matches(&screen.facts))
            {
                // A rendition for it may be ready now, or its time is over.
                orders.push(Order { screen, orders: Orders::AsBefore });
            }
        }
        self.issue(&orders, now).await?;
        Ok(())
    }

    /// Issues to these screens, and to those that planning was asked for.
    async fn tell_some(
        &self,
        planned: &Planned,
        touched: &[(ScreenId, GroupNumber)],
        asked: &[ScreenId],
        now: UtcMillis,
    ) -> Result<(), PlaylistError> {
        let ids: HashSet<ScreenId> = touched.iter().map(|(id, _)| *id).chain(asked.iter().copied()).collect();
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
        let mut kept = self.planned.lock().await;
        let Some(planned) = &mut *kept else { return Ok(()) };
        self.tell(planned, &HashSet::new(), &HashSet::new(), None, now).await
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

    /// Finds out for which programmes these playlists were made, where that is not known yet.
    async fn learn(
        &self,
        programmes: &mut HashMap<Digest, Digest>,
        mut playlists: HashSet<Digest>,
    ) -> Result<(), PlaylistError> {
        playlists.retain(|playlist| !programmes.contains_key(playlist));
        programmes.extend(store::programmes_of(&self.db, playlists.into_iter().collect()).await?);
        Ok(())
    }

    /// Stores playlists under their digests; nothing happens to those that are there.
    async fn keep(&self, playlists: Vec<MadePlaylist>, now: UtcMillis) -> Result<(), PlaylistError> {
        let mut new: BTreeMap<Digest, MadePlaylist> = playlists.into_iter().map(|made| (made.digest, made)).collect();
        for digest in store::playlists_among(&self.db, new.keys().copied().collect()).await? {
            new.remove(&digest);
        }
        let mut writing = tokio::task::JoinSet::new();
        let rows: Vec<_> = new.values().map(|made| (made.digest, made.programme, made.horizon)).collect();
        for MadePlaylist { bytes, .. } in new.into_values() {
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
        store::insert_playlists(&self.db, &rows, now).await?;
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
        let hours = arrears::Hours::new(&screen.opening, &screen.timezone);
        arrears::left(arrears, bookings.iter(), hours, clock::date_in(now, hours.timezone))
    });
    Site { facts: screen.facts.clone(), timezone: screen.timezone.clone(), opening: screen.opening.clone(), missed }
}

/// Planning takes its time, and others are to be answered meanwhile.
pub(super) async fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PlaylistError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| PlaylistError::Io(std::io::Error::other(e)))
}

/// In debug builds every playlist is judged by the independent checker before it is published: a promise that is not kept
/// without a word of it in the planner's report is a mistake, as is anything else.
fn judge((playlist, report): (&Playlist, &BuildReport), programme: &Programme, horizon: DateRange) {
    if cfg!(debug_assertions) {
        let mut faults = plan_check::check(playlist, programme, horizon);
        faults.retain(|fault| !is_told(fault, report));
        debug_assert!(faults.is_empty(), "{faults:?}");
    }
}

/// Whether the planner said itself that this promise is not kept.
fn is_told(fault: &PlanFault, report: &BuildReport) -> bool {
    match *fault {
        PlanFault::Guarantee { booking, zone, at } => {
            report.guarantees.iter().any(|kept| (kept.booking, kept.zone, kept.broken_at) == (booking, zone, Some(at)))
        }
        PlanFault::FixedTime { booking, zone, .. } | PlanFault::Quota { booking, zone, .. } => {
            report.not_placed.iter().any(|short| (short.booking, short.zone) == (booking, zone))
        }
        _ => false,
    }
}

/// Whether a booking is over, wherever a screen may be: two days after its last, in which it may run across midnight.
fn ended(booking: &Booking, today: NaiveDate) -> bool {
    let last = booking.schedule.recurrence().until;
    last.and_then(|last| last.checked_add_days(Days::new(2))).is_some_and(|over| over < today)
}
