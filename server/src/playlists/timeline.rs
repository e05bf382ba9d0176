//! A playlist's day as people look at it: dayparts and loops to scale, and what each booking gets out of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use xuanping_core::{
    campaign::{Booking, EventTrigger, Mode},
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId, TakeoverId},
    playlist::{BuildReport, Daypart, EventItem, Item, Loop, LoopReport, Playlist},
    rotation::Demand,
    time::{Millis, UtcMillis},
};

use super::{
    PlaylistError, Playlists,
    arrears::{self, Hours, OfScreen},
    words::{self, BookingNamesById},
};
use crate::campaigns::{Campaign, booking_of};

/// One local day of one screen.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DayTimeline {
    /// The day.
    pub date: NaiveDate,
    /// IANA zone it is counted in.
    pub timezone: String,
    /// Zone by zone.
    pub zones: Vec<ZoneTimeline>,
    /// What each booking gets that day, the most shown first.
    pub bookings: Vec<BookingDay>,
    /// What gets nothing, and why. Only known of a plan that is not published yet.
    pub not_played: Vec<NotPlayedView>,
}

/// One zone's day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ZoneTimeline {
    /// Which.
    pub zone: ZoneName,
    /// Ascending; in between nothing is scheduled.
    pub dayparts: Vec<DaypartView>,
    /// What waits for events, by time; it is in no daypart.
    pub events: Vec<EventView>,
}

/// Something that is shown once at each event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventView {
    /// Which event.
    pub trigger: EventTrigger,
    /// Events from then on…
    pub start: UtcMillis,
    /// …until then.
    pub end: UtcMillis,
    /// What is shown.
    pub creative: CreativeId,
    /// Its title.
    pub title: String,
    /// For which booking.
    pub booking: BookingId,
}

/// A stretch of time with the loop that runs in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DaypartView {
    /// From.
    pub start: UtcMillis,
    /// Until.
    pub end: UtcMillis,
    /// One round of the loop; of a single showing, its length.
    pub loop_length: Millis,
    /// A showing at its own time, not a loop.
    pub single: bool,
    /// What follows what.
    pub slots: Vec<TimelineSlot>,
}

/// One position of a loop.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimelineSlot {
    /// What is shown.
    pub creative: CreativeId,
    /// Its title.
    pub title: String,
    /// For which booking.
    pub booking: BookingId,
    /// How that booking plays.
    pub kind: Option<ModeKind>,
    /// How long.
    pub duration: Millis,
}

/// What a booking gets in a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BookingDay {
    /// Which.
    pub booking: BookingId,
    /// Its name.
    pub name: String,
    /// Its campaign.
    pub campaign: Option<CampaignId>,
    /// The campaign's name.
    pub campaign_name: Option<String>,
    /// Showings that day.
    pub plays: u64,
    /// Showings an hour while it is on air.
    pub plays_per_hour: f64,
    /// Time on the wall that day, in milliseconds.
    pub airtime: u64,
    /// How it plays.
    pub mode: Option<Mode>,
    /// Its part of the time while it is on air, in percent.
    pub share: f64,
    /// Of a share: what its weight asks for, in percent of the same time. Only known of a plan that is not published yet.
    pub target: Option<f64>,
    /// The longest time from start to start while it is on air, in milliseconds; of a guarantee in a plan that is not
    /// published yet, in all the days that were planned, as it is judged. None: it never begins twice on end.
    pub worst_gap: Option<u64>,
    /// Of a quota that this screen is behind with: how far, in a Chinese sentence.
    pub catching_up: Option<String>,
    /// Of a guarantee: whether it is kept on all the days that were planned. Only known of a plan that is not published yet.
    pub kept: Option<bool>,
}

/// How a booking plays, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeKind {
    /// At fixed times.
    Fixed,
    /// Once at each event.
    Event,
    /// Guaranteed frequency.
    Guarantee,
    /// A number in a period.
    Quota,
    /// By weight.
    Share,
    /// What is left.
    Filler,
}

impl From<&Mode> for ModeKind {
    fn from(mode: &Mode) -> Self {
        match mode {
            Mode::Fixed { .. } => Self::Fixed,
            Mode::Event { .. } => Self::Event,
            Mode::Guarantee(_) => Self::Guarantee,
            Mode::Quota(_) => Self::Quota,
            Mode::Share { .. } => Self::Share,
            Mode::Filler {} => Self::Filler,
        }
    }
}

/// Something that gets nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotPlayedView {
    /// Which booking.
    pub booking: BookingId,
    /// Its name.
    pub name: String,
    /// Which creative of it; none: nothing of it.
    pub creative: Option<CreativeId>,
    /// Why, in Chinese.
    pub reason: String,
}

/// Names to put on a timeline.
pub(super) struct Names {
    pub creatives: BTreeMap<CreativeId, String>,
    pub bookings: BTreeMap<BookingId, (String, Option<(CampaignId, String)>)>,
    /// How the bookings in force, and those of the draft looked at, play.
    pub modes: BTreeMap<BookingId, Mode>,
    /// How far the screen is behind with its quotas.
    pub catching_up: BTreeMap<BookingId, String>,
}

impl Names {
    /// Name and campaign of a booking.
    pub fn booking(&self, id: BookingId) -> (String, Option<(CampaignId, String)>) {
        self.bookings.get(&id).cloned().unwrap_or_default()
    }

    /// A takeover's name.
    pub fn takeover(&self, id: TakeoverId) -> String {
        self.booking(booking_of(id)).0
    }

    /// A creative's title.
    pub fn title(&self, id: CreativeId) -> String {
        self.creatives.get(&id).cloned().unwrap_or_default()
    }

    /// How a booking plays.
    pub fn mode(&self, id: BookingId) -> Option<&Mode> {
        self.modes.get(&id)
    }

    /// Says of these bookings how far a screen is behind with them on a day.
    pub fn add_arrears(&mut self, arrears: &OfScreen, bookings: &[Booking], hours: Hours<'_>, date: NaiveDate) {
        for booking in bookings {
            let behind = arrears.get(&booking.id).filter(|each| each.left(booking, hours, date) > 0);
            let Some(each) = behind else { continue };
            if let Some(quota) = arrears::quota(booking) {
                self.catching_up.insert(booking.id, words::catching_up(quota, each.progress, each.first));
            }
        }
    }

    /// Just the bookings' names.
    pub fn plain(&self) -> BookingNamesById {
        self.bookings.iter().map(|(id, (name, _))| (*id, name.clone())).collect()
    }

    /// Adds a campaign's draft: its names and modes win.
    pub fn add_draft(&mut self, campaign: &Campaign) {
        for booking in &campaign.bookings {
            let name = (booking.name.clone(), Some((campaign.id, campaign.name.clone())));
            self.bookings.insert(booking.id, name);
            self.modes.insert(booking.id, booking.mode.clone());
        }
    }

    /// Adds bookings' modes, and names where there are none yet.
    pub fn add(&mut self, bookings: &[Booking]) {
        for booking in bookings {
            self.modes.insert(booking.id, booking.mode.clone());
            self.bookings.entry(booking.id).or_insert_with(|| (booking.name.clone(), None));
        }
    }
}

impl Playlists {
    /// Titles of a playlist's creatives and names of its bookings.
    pub(super) async fn names_for(&self, playlist: &Playlist) -> Result<Names, PlaylistError> {
        let mut ids: Vec<_> = playlist.items.iter().map(|i| i.creative).collect();
        ids.sort_unstable();
        ids.dedup();
        self.names_of(&ids).await
    }

    pub(super) async fn names_of(&self, ids: &[CreativeId]) -> Result<Names, PlaylistError> {
        let creatives = self.content.creatives(ids).await?.into_iter().map(|c| (c.id, c.content.title)).collect();
        let names = self.campaigns.names().await?;
        let bookings = names.into_iter().map(|n| (n.booking, (n.name, n.campaign))).collect();
        let mut names = Names { creatives, bookings, modes: BTreeMap::new(), catching_up: BTreeMap::new() };
        names.add(&self.campaigns.in_force().await?);
        Ok(names)
    }

    /// Names of all bookings, a campaign's draft included.
    pub(super) async fn booking_names(&self, draft: CampaignId) -> Result<Names, PlaylistError> {
        let mut names = self.names_of(&[]).await?;
        names.add_draft(&self.campaigns.get(draft).await?);
        Ok(names)
    }
}

/// The day of a playlist; a day outside its horizon is empty.
pub(super) fn day(playlist: &Playlist, date: NaiveDate, names: &Names, report: Option<&BuildReport>) -> DayTimeline {
    let mut tally: BTreeMap<BookingId, Tally> = BTreeMap::new();
    let mut zones = Vec::new();
    for programme in &playlist.zones {
        let dayparts = programme.days.iter().find(|d| d.date == date).map_or(&[][..], |d| &d.dayparts);
        let mut views = Vec::new();
        let mut gaps = Gaps::default();
        for part in dayparts {
            let Some(looped) = playlist.loops.get(part.looped as usize) else { continue };
            let loop_report = report.and_then(|r| r.loops.get(part.looped as usize)?.as_deref());
            count(playlist, part, looped, loop_report, &mut tally);
            gaps.part(playlist, part, looped);
            views.push(view(playlist, part, looped, names));
        }
        for (booking, worst) in gaps.worst {
            let entry = tally.entry(booking).or_default();
            entry.worst_gap = entry.worst_gap.max(Some(worst));
        }
        let events = programme.days.iter().find(|d| d.date == date).map_or(&[][..], |d| &d.events);
        let events: Vec<EventView> = events.iter().filter_map(|event| event_view(playlist, event, names)).collect();
        for event in &events {
            tally.entry(event.booking).or_default();
        }
        zones.push(ZoneTimeline { zone: programme.zone, dayparts: views, events });
    }
    let mut bookings: Vec<_> = tally.into_iter().map(|(booking, tally)| tally.view(booking, names, report)).collect();
    bookings.sort_by_key(|b| std::cmp::Reverse(b.airtime));
    let not_played = report.map_or(&[][..], |r| &r.not_played).iter().map(|n| NotPlayedView {
        booking: n.booking,
        name: names.booking(n.booking).0,
        creative: n.creative,
        reason: n.reason.to_string(),
    });
    DayTimeline { date, timezone: playlist.timezone.clone(), zones, bookings, not_played: not_played.collect() }
}

fn event_view(playlist: &Playlist, event: &EventItem, names: &Names) -> Option<EventView> {
    let item = item(playlist, event.item)?;
    let (creative, booking) = (item.creative, item.booking);
    let (trigger, start, end) = (event.trigger, event.start, event.end);
    Some(EventView { trigger, start, end, creative, title: names.title(creative), booking })
}

fn item(playlist: &Playlist, index: u32) -> Option<&Item> {
    playlist.items.get(index as usize)
}

fn view(playlist: &Playlist, part: &Daypart, looped: &Loop, names: &Names) -> DaypartView {
    let slots = looped.slots.iter().filter_map(|slot| {
        let item = item(playlist, slot.item)?;
        Some(TimelineSlot {
            creative: item.creative,
            title: names.creatives.get(&item.creative).cloned().unwrap_or_default(),
            booking: item.booking,
            kind: names.mode(item.booking).map(ModeKind::from),
            duration: slot.duration,
        })
    });
    let slots: Vec<TimelineSlot> = slots.collect();
    // A showing that has its daypart to itself.
    let single = slots.len() == 1 && part.end.since(part.start) == looped.length().as_i64();
    DaypartView { start: part.start, end: part.end, loop_length: looped.length(), single, slots }
}

#[derive(Default)]
struct Tally {
    plays: u64,
    airtime: u64,
    /// The dayparts in which it is on air, in any zone: from when until when, in UTC milliseconds.
    on_air: Vec<(i64, i64)>,
    /// All the time of these dayparts, and what weights ask for of it.
    time: u64,
    due: Option<f64>,
    worst_gap: Option<u64>,
}

impl Tally {
    fn view(self, booking: BookingId, names: &Names, report: Option<&BuildReport>) -> BookingDay {
        let (name, campaign) = names.bookings.get(&booking).cloned().unwrap_or_default();
        let (campaign, campaign_name) = campaign.unzip();
        let plays_per_hour = self.plays as f64 * 3_600_000.0 / covered(self.on_air).max(1) as f64;
        let percent = |part: f64| part * 100.0 / self.time.max(1) as f64;
        let promised = || report.iter().flat_map(|report| &report.guarantees).filter(|g| g.booking == booking);
        let kept = promised().next().map(|_| promised().all(|g| g.broken_at.is_none()));
        // What is judged is what is shown.
        let judged = promised().map(|g| u64::from(g.worst_gap.0)).max();
        BookingDay {
            booking,
            name,
            campaign,
            campaign_name,
            plays: self.plays,
            plays_per_hour,
            airtime: self.airtime,
            mode: names.mode(booking).cloned(),
            share: percent(self.airtime as f64),
            target: self.due.map(percent),
            worst_gap: judged.or(self.worst_gap),
            catching_up: names.catching_up.get(&booking).cloned(),
            kept,
        }
    }
}

/// Adds a daypart's showings: whole rounds, then the slots of the last round that still fit.
fn count(
    playlist: &Playlist,
    part: &Daypart,
    looped: &Loop,
    report: Option<&LoopReport>,
    tally: &mut BTreeMap<BookingId, Tally>,
) {
    let lasts = u64::try_from(part.end.since(part.start)).unwrap_or(0);
    let length = u64::from(looped.length().0).max(1);
    let (rounds, rest) = (lasts / length, lasts % length);
    let mut elapsed = 0;
    let mut here = BTreeSet::new();
    for slot in &looped.slots {
        let Some(item) = item(playlist, slot.item) else { continue };
        elapsed += u64::from(slot.duration.0);
        let plays = rounds + u64::from(elapsed <= rest);
        let entry = tally.entry(item.booking).or_default();
        entry.plays += plays;
        entry.airtime += plays * u64::from(slot.duration.0);
        here.insert(item.booking);
    }
    for booking in here {
        let entry = tally.entry(booking).or_default();
        entry.on_air.push((part.start.0, part.end.0));
        entry.time += lasts;
        let share = report.and_then(|r| r.report.bookings.iter().find(|b| b.booking == booking));
        if let Some(share) = share.filter(|share| matches!(share.demand, Demand::Share(_))) {
            *entry.due.get_or_insert(0.0) += lasts as f64 * f64::from(share.target) / 1e6;
        }
    }
}

/// The longest time from start to start of each booking of a zone, found by playing its day through. A fixed time that
/// breaks in makes the gap longer; a daypart that is not the booking's ends it.
#[derive(Default)]
struct Gaps {
    last: BTreeMap<BookingId, i64>,
    worst: BTreeMap<BookingId, u64>,
    until: i64,
}

impl Gaps {
    fn part(&mut self, playlist: &Playlist, part: &Daypart, looped: &Loop) {
        let booking = |index: u32| item(playlist, index).map(|item| item.booking);
        let here: BTreeSet<BookingId> = looped.slots.iter().filter_map(|slot| booking(slot.item)).collect();
        let breaks_in = looped.slots.len() == 1 && part.end.since(part.start) == looped.length().as_i64();
        if part.start.0 != self.until {
            self.last.clear();
        } else if !breaks_in {
            self.last.retain(|booking, _| here.contains(booking));
        }
        self.until = part.end.0;
        let mut at = part.start.0;
        for slot in looped.slots.iter().cycle() {
            let end = at + slot.duration.as_i64();
            if end > part.end.0 || slot.duration.0 == 0 {
                break;
            }
            if let Some(booking) = booking(slot.item)
                && let Some(before) = self.last.insert(booking, at)
            {
                let worst = self.worst.entry(booking).or_default();
                *worst = (*worst).max((at - before).unsigned_abs());
            }
            at = end;
        }
    }
}

/// How long any of these spans lasts: two zones at the same hour are one hour.
fn covered(mut spans: Vec<(i64, i64)>) -> u64 {
    spans.sort_unstable();
    let mut until = i64::MIN;
    let mut sum = 0;
    for (start, end) in spans {
        sum += end.saturating_sub(start.max(until)).max(0).unsigned_abs();
        until = until.max(end);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::covered;

    #[test]
    fn an_hour_in_two_zones_at_once_is_one_hour() {
        assert_eq!(covered(vec![]), 0);
        assert_eq!(covered(vec![(0, 60), (0, 60)]), 60);
        assert_eq!(covered(vec![(30, 90), (0, 60), (100, 110)]), 100);
        assert_eq!(covered(vec![(0, 100), (20, 30), (90, 120)]), 120);
    }
}
