//! The planner's shell: gathers the facts, groups screens by programme, lets the pure core build, stores what is new.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::PoisonError,
};

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use xuanping_core::{
    campaign::{Booking, CreativeFacts, Matcher, ScreenFacts, Stage, Unplayable},
    digest::Digest,
    geometry::{Size, Zone, ZoneName},
    id::{BookingId, CreativeId, ScreenId},
    plan_check,
    playlist::{self, Playlist, Programme, ProgrammeBooking, ProgrammeItem},
    recurrence::OpeningHours,
    time::{DateRange, UtcMillis},
    vocabulary::ScreenKind,
};

use super::{HORIZON_DAYS, PlaylistError, Playlists, REISSUE_AFTER, arrears, issue::Orders, store};
use crate::{
    campaigns::facts_of,
    clock,
    content::{Creative, NoRendition, Rendition, ScreenClass, State},
    screens::{Screen, ScreenFilter},
};

/// The county's own time: when its days roll.
pub const COUNTY_ZONE: Tz = chrono_tz::Asia::Shanghai;

/// Everything that decides a programme; equal keys share a playlist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: ScreenKind,
    size: Size,
    zones: Vec<Zone>,
    clips: bool,
    timezone: String,
    opening: OpeningHours,
    /// Positions in the list of bookings in force.
    bookings: Vec<usize>,
    /// What is made up for of quotas.
    missed: BTreeMap<BookingId, u32>,
}

/// What every programme of one planning draws on.
pub(super) struct Facts {
    bookings: Vec<Booking>,
    creatives: HashMap<CreativeId, Creative>,
    renditions: HashMap<ScreenClass, HashMap<CreativeId, Result<Rendition, NoRendition>>>,
    now: UtcMillis,
}

impl Facts {
    /// A creative of this planning.
    pub(super) fn creative(&self, id: CreativeId) -> Option<&Creative> {
        self.creatives.get(&id)
    }

    /// Adds creatives that no booking names.
    pub(super) fn add(&mut self, creatives: Vec<Creative>) {
        self.creatives.extend(creatives.into_iter().map(|c| (c.id, c)));
    }
}

impl Playlists {
    /// Plans all screens, or one, and issues manifests to those for whom something changed.
    pub async fn replan(&self, only: Option<ScreenId>, now: UtcMillis) -> Result<(), PlaylistError> {
        let _one_at_a_time = self.planning.lock().await;
        let mut bookings = self.campaigns.in_force().await?;
        // What ended is in force for ever, and would be compared with every screen for ever.
        bookings.retain(|b| !ended(b, clock::date_in(now, COUNTY_ZONE)));
        let mut facts = self.facts(bookings, now).await?;
        let mut groups: BTreeMap<Key, Vec<(Screen, ScreenFacts)>> = BTreeMap::new();
        let screens = self.screens_to_plan(only).await?;
        match only {
            None => self.forget_all_but(&screens, now),
            Some(id) if screens.is_empty() => self.forget(id),
            Some(_) => {}
        }
        // Whatever is submitted is rendered for every screen there is, not only for those that a booking reaches already:
        // a reviewer sees the very pixels, and what is published is on the walls at once.
        let classes = screens.iter().flat_map(|s| ScreenClass::of_screen(s.kind, s.size, s.layout, s.sound));
        let classes: Vec<_> = classes.collect::<BTreeSet<_>>().into_iter().collect();
        self.content.meet_classes(&classes, now).await?;
        let choices: Vec<_> = facts.bookings.iter().map(|b| b.selector.matcher()).collect();
        let arrears = self.arrears(only).await?;
        for screen in screens {
            let Some(about) = facts_of(&screen) else { continue };
            let mut key = key_of(&screen, &about, &choices);
            if let Some(arrears) = arrears.get(&screen.id) {
                let today = clock::date_in(now, zone_of(&screen.timezone));
                key.missed = arrears::left(arrears, key.bookings.iter().map(|&i| &facts.bookings[i]), today);
            }
            groups.entry(key).or_default().push((screen, about));
        }
        for (key, members) in groups {
            let Some((_, about)) = members.first() else { continue };
            let zone = zone_of(&key.timezone);
            let horizon = DateRange::starting(clock::date_in(now, zone), HORIZON_DAYS);
            let bookings: Vec<_> = key.bookings.iter().map(|&i| facts.bookings[i].clone()).collect();
            let mut programme = self.programme(&mut facts, about, &key.opening, zone, &bookings).await?;
            arrears::tell(&mut programme, &key.missed);
            let (playlist, _) = playlist::build(&programme, horizon);
            judge(&playlist, &programme, horizon);
            let digest = self.keep(&playlist, horizon, now).await?;
            self.issue(&members, Orders::Play(digest), now).await?;
        }
        Ok(())
    }

    /// Forgets old manifests of screens that are not in service: they would count as overdue for ever.
    fn forget_all_but(&self, screens: &[Screen], now: UtcMillis) {
        let in_service: HashSet<_> = screens.iter().map(|s| s.id).collect();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.retain(|id, sender| {
            let young = || sender.borrow().as_ref().is_none_or(|issued| now.since(issued.issued) < REISSUE_AFTER);
            in_service.contains(id) || young()
        });
    }

    async fn screens_to_plan(&self, only: Option<ScreenId>) -> Result<Vec<Screen>, PlaylistError> {
        Ok(match only {
            None => self.screens.list(&ScreenFilter::default()).await?,
            Some(id) => Some(self.screens.get(id).await?).into_iter().filter(|s| s.retired_at.is_none()).collect(),
        })
    }

    /// Reads what programmes are made of.
    pub(super) async fn facts(&self, bookings: Vec<Booking>, now: UtcMillis) -> Result<Facts, PlaylistError> {
        let mut ids: Vec<CreativeId> = bookings.iter().flat_map(|b| b.creatives.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let creatives = self.content.creatives(&ids).await?.into_iter().map(|c| (c.id, c)).collect();
        Ok(Facts { bookings, creatives, renditions: HashMap::new(), now })
    }

    /// What these bookings come to on screens like this one.
    pub(super) async fn programme(
        &self,
        facts: &mut Facts,
        screen: &ScreenFacts,
        opening: &OpeningHours,
        timezone: Tz,
        bookings: &[Booking],
    ) -> Result<Programme, PlaylistError> {
        let mut planned = Vec::with_capacity(bookings.len());
        for booking in bookings {
            let mut items = Vec::new();
            let mut left_out = Vec::new();
            for &id in &booking.creatives {
                match self.item(facts, screen, id).await? {
                    Ok(item) => items.push(item),
                    Err(why) => left_out.push((id, why)),
                }
            }
            planned.push(ProgrammeBooking {
                booking: booking.id,
                mode: booking.mode.clone(),
                most_per_day: booking.most_per_day,
                intensity: intensity(booking),
                missed: 0,
                schedule: booking.schedule.clone(),
                items,
                left_out,
            });
        }
        Ok(Programme { timezone, zones: screen.zones.clone(), opening: opening.clone(), bookings: planned })
    }

    /// A creative as this screen shows it, or why it cannot.
    pub(super) async fn item(
        &self,
        facts: &mut Facts,
        screen: &ScreenFacts,
        id: CreativeId,
    ) -> Result<Result<ProgrammeItem, Unplayable>, PlaylistError> {
        let Some(creative) = facts.creatives.get(&id).cloned() else { return Ok(Err(Unplayable::NotApproved)) };
        let about =
            CreativeFacts { creative: id, kind: creative.content.kind, approved: creative.state == State::Approved };
        match screen.place(&about) {
            Ok(zone) => self.item_in(facts, screen, &creative, zone).await,
            Err(why) => Ok(Err(why)),
        }
    }

    /// A creative as one zone of this screen shows it, wherever creatives of its kind usually go.
    pub(super) async fn item_in(
        &self,
        facts: &mut Facts,
        screen: &ScreenFacts,
        creative: &Creative,
        zone: ZoneName,
    ) -> Result<Result<ProgrammeItem, Unplayable>, PlaylistError> {
        let id = creative.id;
        let size = screen.zones.iter().find(|z| z.name == zone).map_or(Size { width: 0, height: 0 }, |z| z.rect.size());
        let class = ScreenClass { kind: screen.kind, zone, size };
        if !facts.renditions.contains_key(&class) {
            let ids: Vec<_> = facts.creatives.keys().copied().collect();
            let made = self.content.renditions_for(class, &ids, facts.now).await?.into_iter().collect();
            facts.renditions.insert(class, made);
        }
        let made = facts.renditions.get(&class).and_then(|made| made.get(&id));
        Ok(match made {
            Some(Ok(rendition)) => Ok(ProgrammeItem {
                creative: id,
                zone,
                asset: rendition.asset,
                bytes: rendition.bytes,
                show: rendition.show,
                duration: rendition.duration,
                kind: creative.content.kind,
                fraud_type: Some(creative.content.fraud_type),
                valid_from: creative.content.valid_from,
                valid_until: creative.content.valid_until,
            }),
            Some(Err(NoRendition::NotForThisClass)) => Err(Unplayable::NoZone),
            Some(Err(NoRendition::NotApproved(_) | NoRendition::Unknown)) => Err(Unplayable::NotApproved),
            Some(Err(NoRendition::Impossible(_))) => Err(Unplayable::Impossible),
            Some(Err(NoRendition::Pending)) | None => Err(Unplayable::NotReady),
        })
    }

    /// Stores a playlist under its digest; nothing happens if it is there.
    async fn keep(&self, playlist: &Playlist, days: DateRange, now: UtcMillis) -> Result<Digest, PlaylistError> {
        let bytes = playlist.to_bytes();
        let digest = Digest::of(&bytes);
        if !store::playlist_exists(&self.db, digest).await? {
            self.blobs.put(&bytes).await?;
            store::insert_playlist(&self.db, digest, days, now).await?;
        }
        Ok(digest)
    }
}

/// How strongly a booking plays on which days.
fn intensity(booking: &Booking) -> Vec<(DateRange, u16)> {
    let days = |stage: &Stage| Some((DateRange::checked(stage.from, stage.until)?, stage.intensity.percent()));
    booking.stages.iter().filter_map(days).collect()
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

pub(super) fn zone_of(name: &str) -> Tz {
    name.parse().unwrap_or(COUNTY_ZONE)
}

fn key_of(screen: &Screen, facts: &ScreenFacts, choices: &[Matcher]) -> Key {
    let reached = choices.iter().enumerate().filter(|(_, choice)| choice.matches(facts)).map(|(i, _)| i);
    Key {
        kind: screen.kind,
        size: screen.size,
        zones: facts.zones.clone(),
        clips: screen.clips,
        timezone: screen.timezone.clone(),
        opening: screen.venue.opening.clone(),
        bookings: reached.collect(),
        missed: BTreeMap::new(),
    }
}
