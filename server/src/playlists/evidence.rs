//! 印证图片: what screens are told of them, and which moments were due by it.
//!
//! A screen's nonce is drawn here, told it alone and kept for a week: nobody can know long before when it will take a picture,
//! and a new nonce in the middle of a day, which gives that day other moments, is rare. A new one is told with the next
//! manifest that is due anyway; it wakes nobody.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use chrono_tz::Tz;
use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    playlist::{EvidenceOrders, Manifest, Playlist},
    recurrence::day_of,
    time::{UtcInterval, UtcMillis},
};

use super::{Issued, PlaylistError, Playlists, issue, issue::Order, store};
use crate::{entropy, screens::Screen};

/// How long a nonce is used, in milliseconds.
const NONCE_LIFE: i64 = 7 * 86_400_000;
/// Playlists of one screen that are looked back over.
const MOST_TOLD: usize = 400;

/// The nonces that screens of a batch are told if they are told anything.
pub(super) type Nonces = HashMap<ScreenId, Digest>;

/// What a screen was told of evidence pictures, from a manifest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ToldEvidence {
    pub at: UtcMillis,
    pub orders: Option<EvidenceOrders>,
}

/// What a manifest says of pictures if that is another thing than the one before said.
pub(super) fn news(says: &Manifest, before: Option<&Manifest>) -> bool {
    says.orders.evidence != before.and_then(|before| before.orders.evidence)
}

impl Playlists {
    /// The nonces of those of these screens that take pictures: that of their last manifest, unless another is due.
    pub(super) async fn nonces(&self, screens: &[Order], now: UtcMillis) -> Result<Nonces, PlaylistError> {
        let mut nonces = Nonces::new();
        let mut asked = Vec::new();
        for order in screens.iter().filter(|order| order.screen.evidence_per_day > 0) {
            let id = order.screen.facts.screen;
            let last = self.issued(id);
            let kept = last.as_deref().filter(|last| !issue::due(id, Some(last), now)).and_then(evidence_of);
            match kept {
                Some(told) => drop(nonces.insert(id, told.nonce)),
                None => asked.push(id),
            }
        }
        let drawn = store::newest_nonces(&self.db, &asked).await?;
        for id in asked {
            let fresh = drawn.get(&id).filter(|(_, since)| now.since(*since) < NONCE_LIFE);
            let nonce = fresh.map_or_else(|| entropy::bytes().map(Digest::from_bytes), |(nonce, _)| Ok(*nonce))?;
            nonces.insert(id, nonce);
        }
        Ok(nonces)
    }

    /// The moments of a local day, as far as they have passed, at which a screen was to take a picture by what it was told.
    /// Those to come are told nobody.
    pub async fn evidence_moments(
        &self,
        screen: &Screen,
        date: NaiveDate,
        now: UtcMillis,
    ) -> Result<Vec<UtcMillis>, PlaylistError> {
        let tz: Tz = screen.timezone.parse().unwrap_or(Tz::Asia__Shanghai);
        let day = day_of(date, tz);
        let Some(passed) = UtcInterval::checked(day.start, day.end.min(now)) else { return Ok(Vec::new()) };
        let evidence = store::evidence_told(&self.db, screen.id, passed.start, passed.end).await?;
        if evidence.iter().all(|told| told.orders.is_none()) {
            return Ok(Vec::new());
        }
        let mut playlists = self.told(screen.id, MOST_TOLD).await?;
        playlists.reverse();
        let walls = self.walls_told(screen.id, passed).await?;
        // Whatever of it changed: a piece of the day in which all of it holds.
        let turns = evidence.iter().map(|told| told.at).chain(playlists.iter().map(|told| told.issued));
        let turns = turns.chain(walls.iter().map(|(at, _)| *at)).filter(|at| passed.contains(*at));
        let starts: BTreeSet<UtcMillis> = turns.chain([passed.start]).collect();
        let ends = starts.iter().skip(1).copied().chain([passed.end]);
        let mut read: HashMap<Digest, Playlist> = HashMap::new();
        let mut moments = Vec::new();
        for (start, end) in starts.iter().copied().zip(ends) {
            let told = evidence.iter().rev().find(|told| told.at <= start).and_then(|told| told.orders);
            let playlist = playlists.iter().rev().find(|told| told.issued <= start).map(|told| told.playlist);
            let (Some(orders), Some(digest)) = (told, playlist) else { continue };
            let playlist = match read.entry(digest) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => new.insert(self.playlist(digest).await?),
            };
            let wall =
                walls.iter().rev().find(|(at, _)| *at <= start).map(|(_, wall)| wall.clone()).unwrap_or_default();
            let of_day = orders.moments_on(screen.id, date, tz, playlist, &wall);
            moments.extend(of_day.into_iter().filter(|at| start <= *at && *at < end));
        }
        Ok(moments)
    }
}

fn evidence_of(issued: &Issued) -> Option<EvidenceOrders> {
    issued.says.as_ref()?.orders.evidence
}
