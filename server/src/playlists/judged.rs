//! `xuanping-server verify-playlist`: the playlists in force, judged against what was promised, by the checker that shares
//! no code with the planner. Reads the database and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use xuanping_core::{
    digest::Digest,
    plan_check::{self, PlanFault},
    playlist::{Playlist, Programme},
    time::{DateRange, UtcMillis},
};

use super::{PlaylistError, Playlists, arrears, programme::look_of, timeline::Names};
use crate::{clock, screens::Candidate};

/// One playlist in force and what the judge has to say.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Which.
    pub playlist: Digest,
    /// The screens that play it.
    pub screens: Vec<String>,
    /// Its days.
    pub days: Option<DateRange>,
    /// How many bookings, loops and dayparts were looked at.
    pub looked_at: (usize, usize, usize),
    /// What it does not keep, a sentence each; none: it keeps everything.
    pub faults: Vec<String>,
}

impl Playlists {
    /// Judges every playlist in force against the bookings in force. A playlist that was planned before the last change
    /// is judged by what is promised now.
    pub async fn judged(&self, now: UtcMillis) -> Result<Vec<Judged>, PlaylistError> {
        let bookings = self.campaigns.in_force().await?;
        let arrears = self.arrears(None).await?;
        let screens = self.screens.candidates().await?;
        let ids = bookings.iter().flat_map(|b| b.creatives.iter().copied());
        let facts = self.facts(ids, screens.iter().map(|s| s.facts.surface()), now).await?;
        let mut by_playlist: BTreeMap<Digest, Vec<&Candidate>> = BTreeMap::new();
        for screen in &screens {
            if let Some(playlist) = self.issued(screen.facts.screen).and_then(|issued| issued.playlist) {
                by_playlist.entry(playlist).or_default().push(screen);
            }
        }
        let promised: BTreeSet<_> = bookings.iter().flat_map(|booking| booking.creatives.iter().copied()).collect();
        let mut names = self.names_of(&promised.into_iter().collect::<Vec<_>>()).await?;
        let mut all = Vec::new();
        for (digest, screens) in by_playlist {
            let playlist = self.playlist(digest).await?;
            // Several programmes may come to one playlist: each is judged, with what was missed when its days begin.
            let mut programmes: Vec<Programme> = Vec::new();
            for screen in &screens {
                let reached: Vec<_> = bookings.iter().filter(|b| b.selector.matches(&screen.facts)).collect();
                let mut look = look_of(screen);
                if let Some(missed) = arrears.get(&screen.facts.screen) {
                    let hours = arrears::Hours::new(&screen.opening, &screen.timezone);
                    let first =
                        days_of(&playlist).map_or_else(|| clock::date_in(now, hours.timezone), |days| days.first);
                    look.missed = arrears::left(missed, reached.iter().copied(), hours, first);
                }
                let programme = facts.programme(&look, reached);
                if !programmes.contains(&programme) {
                    programmes.push(programme);
                }
            }
            if playlist.items.iter().any(|item| !names.creatives.contains_key(&item.creative)) {
                names.creatives.extend(self.names_for(&playlist).await?.creatives);
            }
            all.push(judge(digest, &playlist, &programmes, &screens, &names));
        }
        Ok(all)
    }
}

/// The days of a playlist.
pub(super) fn days_of(playlist: &Playlist) -> Option<DateRange> {
    let days: Vec<_> = playlist.zones.iter().flat_map(|zone| zone.days.iter().map(|day| day.date)).collect();
    days.iter().min().zip(days.iter().max()).and_then(|(first, last)| DateRange::checked(*first, *last))
}

fn judge(
    digest: Digest,
    playlist: &Playlist,
    programmes: &[Programme],
    screens: &[&Candidate],
    names: &Names,
) -> Judged {
    let days = days_of(playlist);
    let mut faults: Vec<String> = Vec::new();
    for programme in programmes {
        for fault in days.map(|days| plan_check::check(playlist, programme, days)).unwrap_or_default() {
            let said = sentence(&fault, programme, names);
            if !faults.contains(&said) {
                faults.push(said);
            }
        }
    }
    let bookings: BTreeSet<_> = programmes.iter().flat_map(|p| &p.bookings).map(|b| b.booking).collect();
    let dayparts = playlist.zones.iter().flat_map(|zone| &zone.days).map(|day| day.dayparts.len()).sum();
    Judged {
        playlist: digest,
        screens: screens.iter().map(|s| format!("{} {}", s.venue, s.name)).collect(),
        days,
        looked_at: (bookings.len(), playlist.loops.len(), dayparts),
        faults,
    }
}

/// A fault as an auditor reads it.
fn sentence(fault: &PlanFault, programme: &Programme, names: &Names) -> String {
    let time = |at: &UtcMillis| {
        let local =
            at.to_datetime().map(|at| at.with_timezone(&programme.timezone).format("%m-%d %H:%M:%S").to_string());
        local.unwrap_or_default()
    };
    let who = |booking: &xuanping_core::id::BookingId| format!("“{}”", names.booking(*booking).0);
    let place = |zone: &xuanping_core::geometry::ZoneName| super::words::zone(*zone);
    match fault {
        PlanFault::Frame(what) => format!("播放单的框架不对（{what}）"),
        PlanFault::Item { item, wrong } => format!("第 {} 个条目不对（{wrong}）", item + 1),
        PlanFault::NotPromised { zone, at, creative } => {
            let what = creative.map_or_else(String::new, |id| format!("《{}》", names.title(id)));
            format!("{}在 {} 播放了没有安排的内容{what}", place(zone), time(at))
        }
        PlanFault::Withheld { zone, at, booking, creative } => {
            format!("{}自 {} 起应播{}的《{}》而没有播", place(zone), time(at), who(booking), names.title(*creative))
        }
        PlanFault::LoopTooLong { looped, at } => format!("第 {} 个轮播在 {} 的时段里放不下一轮", looped + 1, time(at)),
        PlanFault::EqualNeighbours { looped } => format!("第 {} 个轮播里有本可分开的同类骗术相邻", looped + 1),
        PlanFault::EqualAtSeam { zone, at } => {
            format!("{}在 {} 前后接连播放同类骗术，本可错开", place(zone), time(at))
        }
        PlanFault::Share { looped, booking, has, target } => {
            let percent = |thousandths: &u32| f64::from(*thousandths) / 10.0;
            let (has, target) = (percent(has), percent(target));
            format!("第 {} 个轮播里{}占时 {has}%，按权重应为 {target}%", looped + 1, who(booking))
        }
        PlanFault::Loop { looped, wrong } => format!("第 {} 个轮播不对（{wrong}）", looped + 1),
        PlanFault::Guarantee { booking, zone, at } => {
            format!("{}的保证频次在{}自 {} 起没有做到", who(booking), place(zone), time(at))
        }
        PlanFault::FixedTime { booking, zone, at } => {
            format!("{}应在 {} 于{}定点播出而没有", who(booking), time(at), place(zone))
        }
        PlanFault::Quota { booking, zone, has, owed } => {
            format!("{}在{}应播 {owed} 次，只排了 {has} 次", who(booking), place(zone))
        }
        PlanFault::Cap { booking, zone, date, has } => {
            format!("{}在{} {date} 排了 {has} 次，超出了应有的次数", who(booking), place(zone))
        }
        PlanFault::Events { zone, date } => format!("{}{date} 的事件触发内容与安排不符", place(zone)),
    }
}
