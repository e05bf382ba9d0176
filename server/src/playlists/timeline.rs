//! A playlist's day as people look at it: dayparts and loops to scale, and what each booking gets out of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use xuanping_core::{
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId},
    playlist::{BuildReport, Daypart, Item, Loop, Playlist},
    time::{Millis, UtcMillis},
};

use super::{PlaylistError, Playlists};

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
}

/// A stretch of time with the loop that runs in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DaypartView {
    /// From.
    pub start: UtcMillis,
    /// Until.
    pub end: UtcMillis,
    /// One round of the loop.
    pub loop_length: Millis,
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
}

/// Something that gets nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotPlayedView {
    /// Which booking.
    pub booking: BookingId,
    /// Which creative of it; none: nothing of it.
    pub creative: Option<CreativeId>,
    /// Why, in Chinese.
    pub reason: String,
}

/// Names to put on a timeline.
pub(super) struct Names {
    pub creatives: BTreeMap<CreativeId, String>,
    pub bookings: BTreeMap<BookingId, (String, Option<(CampaignId, String)>)>,
}

impl Playlists {
    /// Titles of a playlist's creatives and names of its bookings.
    pub(super) async fn names_for(&self, playlist: &Playlist) -> Result<Names, PlaylistError> {
        let mut ids: Vec<_> = playlist.items.iter().map(|i| i.creative).collect();
        ids.sort_unstable();
        ids.dedup();
        let creatives = self.content.creatives(&ids).await?.into_iter().map(|c| (c.id, c.content.title)).collect();
        let names = self.campaigns.names().await?;
        let bookings = names.into_iter().map(|n| (n.booking, (n.name, n.campaign))).collect();
        Ok(Names { creatives, bookings })
    }
}

/// The day of a playlist; a day outside its horizon is empty.
pub(super) fn day(playlist: &Playlist, date: NaiveDate, names: &Names, report: Option<&BuildReport>) -> DayTimeline {
    let mut tally: BTreeMap<BookingId, Tally> = BTreeMap::new();
    let mut zones = Vec::new();
    for programme in &playlist.zones {
        let dayparts = programme.days.iter().find(|d| d.date == date).map_or(&[][..], |d| &d.dayparts);
        let mut views = Vec::new();
        for part in dayparts {
            let Some(looped) = playlist.loops.get(part.looped as usize) else { continue };
            count(playlist, part, looped, &mut tally);
            views.push(view(playlist, part, looped, names));
        }
        zones.push(ZoneTimeline { zone: programme.zone, dayparts: views });
    }
    let mut bookings: Vec<_> = tally.into_iter().map(|(booking, tally)| tally.view(booking, names)).collect();
    bookings.sort_by_key(|b| std::cmp::Reverse(b.airtime));
    let not_played = report.map_or(&[][..], |r| &r.not_played).iter().map(|n| NotPlayedView {
        booking: n.booking,
        creative: n.creative,
        reason: n.reason.to_string(),
    });
    DayTimeline { date, timezone: playlist.timezone.clone(), zones, bookings, not_played: not_played.collect() }
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
            duration: slot.duration,
        })
    });
    DaypartView { start: part.start, end: part.end, loop_length: looped.length(), slots: slots.collect() }
}

#[derive(Default)]
struct Tally {
    plays: u64,
    airtime: u64,
    /// The dayparts in which it is on air, in any zone: from when until when, in UTC milliseconds.
    on_air: Vec<(i64, i64)>,
}

impl Tally {
    fn view(self, booking: BookingId, names: &Names) -> BookingDay {
        let (name, campaign) = names.bookings.get(&booking).cloned().unwrap_or_default();
        let (campaign, campaign_name) = campaign.unzip();
        let plays_per_hour = self.plays as f64 * 3_600_000.0 / covered(self.on_air).max(1) as f64;
        BookingDay { booking, name, campaign, campaign_name, plays: self.plays, plays_per_hour, airtime: self.airtime }
    }
}

/// Adds a daypart's showings: whole rounds, then the slots of the last round that still fit.
fn count(playlist: &Playlist, part: &Daypart, looped: &Loop, tally: &mut BTreeMap<BookingId, Tally>) {
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
        tally.entry(booking).or_default().on_air.push((part.start.0, part.end.0));
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
