//! Taking a batch in: signature, chain, then everything in one transaction, then the signed receipt.
//!
//! The order is the promise: a receipt exists only for what is durable, so a player that keeps its journal until the
//! receipt loses nothing, and a batch that comes again finds itself stored and gets the same receipt.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use chrono_tz::Tz;
use serde_json::json;
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::{BookingId, CampaignId, ScreenId, TakeoverId},
    playlist::Playlist,
    playlog::{
        Batch, BatchError, ChainHead, ChainRefusal, Covered, ItemRef, Play, Receipt, SignedBatch,
        credibility::{Before, Flag, IssuedPlaylist, IssuedTakeovers, Known, Reign, last_of_each_zone},
        utc_day,
    },
    time::UtcMillis,
};

use super::{
    FindingKind, PlayError, Plays,
    commit::Ready,
    flags,
    judge::{Circumstances, Judged, judge, tally},
    numbers::{Item, Place},
    opened::{day_number, keep},
    store::{
        self,
        days::{Addition, DayKey},
        findings::NewFinding,
    },
};
use crate::{db::DbError, playlists::PlaylistError, screens::Screen};

/// How often two processes may get in each other's way over one screen before we give up and let the player try again.
const TRIES: usize = 5;
/// Playlists kept in memory; more than a county has in force at once.
const MOST_REMEMBERED: usize = 256;

/// Why a batch is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Can never be accepted; a finding was kept.
    #[error("refused: {0:?}")]
    Refused(FindingKind),
    /// Another batch has this number; a finding was kept.
    #[error("batch {sequence} is another one than the stored one")]
    Conflict {
        /// The number.
        sequence: u64,
    },
    /// Batches are missing before it.
    #[error("batch {sequence} came where {expected} was expected")]
    OutOfOrder {
        /// The number that would continue the chain.
        expected: u64,
        /// Its number.
        sequence: u64,
    },
    /// Another process takes in batches of the same screen; try again.
    #[error("the screen's chain is being continued by another process")]
    Busy,
    /// Something of ours failed; nothing was stored.
    #[error(transparent)]
    Play(#[from] PlayError),
}

impl From<DbError> for IngestError {
    fn from(error: DbError) -> Self {
        Self::Play(error.into())
    }
}

impl Plays {
    /// Takes a batch in and answers its signed receipt. Sending the same batch again gives the same receipt.
    pub async fn ingest(&self, screen: &Screen, signed: Vec<u8>, now: UtcMillis) -> Result<Vec<u8>, IngestError> {
        let received = Digest::of(&signed);
        let keys = self.screens.keys(screen).await.map_err(PlayError::from)?;
        let batch = match keys.verify(signed.clone()) {
            Ok(batch) => batch,
            Err(error) => {
                let kind = match error {
                    BatchError::Signature(_) => FindingKind::BadSignature,
                    _ => FindingKind::Malformed,
                };
                let new = NewFinding {
                    screen,
                    kind,
                    sequence: None,
                    batch: received,
                    details: json!({ "why": error.to_string(), "bytes": signed.len() }),
                    signed: Some(signed),
                };
                store::findings::note(&self.db, new, now).await?;
                return Err(IngestError::Refused(kind));
            }
        };
        // What was issued is looked up before the transaction, which on SQLite keeps every other writer waiting.
        let mut known = None;
        for _ in 0..TRIES {
            let head = store::batches::head(&self.db, screen.id).await?;
            let said = batch.batch();
            // Stored by another request in between? Then its chain has moved on when we try to, and we look again.
            if said.sequence <= head.sequence
                && let Some(stored) = self.stored(screen.id, said.sequence).await?
            {
                if stored.name == Some(received) && said.screen == screen.id {
                    return Ok(self.receipt(screen, said.sequence, received, stored.received));
                }
                return Err(self.refuse(screen, &batch, FindingKind::Conflict, now).await?);
            }
            let next = match head.accept(&batch) {
                Ok(next) => next,
                Err(refusal) => return Err(self.refuse_link(screen, &batch, refusal, now).await?),
            };
            if !keys.allow(next.sequence, next.digest) {
                return Err(self.refuse(screen, &batch, FindingKind::BrokenChain, now).await?);
            }
            let known = match &known {
                Some(known) => known,
                None => known.insert(self.circumstances(screen, &batch, now).await?),
            };
            // A chain's batches are judged one after another: had another process gone on with it, we could not either.
            let mut covered = self.covered(screen.id, said).await?;
            let judged = judge(said, known, &mut covered);
            let ready =
                self.ready(screen, &batch, News { head, next, judged: &judged, covered: &covered }, now).await?;
            if self.commits.store(&self.db, &self.screens, ready).await.map_err(PlayError::from)? {
                return Ok(self.receipt(screen, next.sequence, next.digest, now));
            }
            // Somebody else was faster: look again; but with the keys that the screen has now.
            let fresh = self.screens.get(screen.id).await.map_err(PlayError::from)?;
            if fresh.key_from != screen.key_from || fresh.public_key != screen.public_key {
                return Err(IngestError::Busy);
            }
        }
        Err(IngestError::Busy)
    }

    /// What is known of a batch that is stored.
    async fn stored(&self, screen: ScreenId, sequence: u64) -> Result<Option<Stored>, PlayError> {
        let Some(kept) = self.kept(screen, sequence).await? else { return Ok(None) };
        let signed = self.signed(&kept).await?;
        Ok(Some(Stored { name: signed.map(|signed| Digest::of(&signed)), received: kept.received }))
    }

    /// What a stored batch's receipt says is settled with it, so signing again gives the same bytes.
    fn receipt(&self, screen: &Screen, sequence: u64, batch: Digest, received: UtcMillis) -> Vec<u8> {
        self.publisher.receipt(&Receipt { screen: screen.id, sequence, batch, received })
    }

    async fn refuse_link(
        &self,
        screen: &Screen,
        batch: &SignedBatch,
        refusal: ChainRefusal,
        now: UtcMillis,
    ) -> Result<IngestError, IngestError> {
        match refusal {
            ChainRefusal::OtherScreen(_) => self.refuse(screen, batch, FindingKind::OtherScreen, now).await,
            ChainRefusal::WrongPrevious { .. } => self.refuse(screen, batch, FindingKind::BrokenChain, now).await,
            // Not stored under its number and yet not newer: number 0.
            ChainRefusal::NotNewer { .. } => self.refuse(screen, batch, FindingKind::Malformed, now).await,
            ChainRefusal::Gap { expected, sequence } => {
                let new = NewFinding {
                    screen,
                    kind: FindingKind::Gap,
                    sequence: Some(sequence),
                    batch: batch.digest(),
                    details: json!({ "expected": expected, "offered": sequence }),
                    // The player keeps it and sends it again.
                    signed: None,
                };
                store::findings::note(&self.db, new, now).await?;
                Ok(IngestError::OutOfOrder { expected, sequence })
            }
        }
    }

    /// Keeps a batch that will never be accepted, with its bytes: they are signed and may tell something.
    async fn refuse(
        &self,
        screen: &Screen,
        batch: &SignedBatch,
        kind: FindingKind,
        now: UtcMillis,
    ) -> Result<IngestError, IngestError> {
        let said = batch.batch();
        let new = NewFinding {
            screen,
            kind,
            sequence: Some(said.sequence),
            batch: batch.digest(),
            details: json!({ "screen": said.screen, "previous": said.previous, "plays": said.plays.len() }),
            signed: Some(batch.signed().to_vec()),
        };
        store::findings::note(&self.db, new, now).await?;
        Ok(match kind {
            FindingKind::Conflict => IngestError::Conflict { sequence: said.sequence },
            kind => IngestError::Refused(kind),
        })
    }

    /// Everything a batch comes to, ready to be stored.
    async fn ready(
        &self,
        screen: &Screen,
        batch: &SignedBatch,
        News { head, next, judged, covered }: News<'_>,
        now: UtcMillis,
    ) -> Result<Ready, PlayError> {
        let said = batch.batch();
        let items = self.named(&said.items).await?;
        let place = Place::of(screen);
        let (screen_number, place_number, numbers) = self.numbers.give(screen.id, &place, &items).await?;
        let numbered: Vec<_> = numbers.iter().copied().zip(said.items.iter().copied()).collect();
        let flags: Vec<_> = judged.iter().map(|each| (each.play.status, each.play.completed(), each.flag())).collect();
        let kept = keep(batch, screen_number, place_number, &numbered, &flags, now);
        let days = tally(judged, &numbers).into_iter().map(|(day, counts)| Addition {
            key: DayKey { day: day_number(day), place: place_number, screen: screen_number },
            sequence: next.sequence,
            counts,
        });
        let taken = covered.news().into_iter().map(|(zone, day, stretches)| (screen.id, zone, day, stretches));
        let findings = Flag::ALL.into_iter().filter_map(|flag| {
            let flagged: Vec<_> = judged.iter().filter(|j| j.flag() == Some(flag)).collect();
            let first = flagged.first()?;
            let details = json!({
                "plays": flagged.len(), "creative": first.item.creative, "playlist": first.item.playlist,
                "booking": first.item.booking, "started": first.play.start,
            });
            Some((flag.into(), details))
        });
        Ok(Ready {
            screen: screen.clone(),
            head,
            next,
            told: said.sealed.min(now),
            kept,
            days: days.collect(),
            taken: taken.collect(),
            findings: findings.collect(),
        })
    }

    /// The items of a batch with the campaigns of their bookings. An item's campaign is the one it had when it was first met.
    async fn named(&self, items: &[ItemRef]) -> Result<Vec<Item>, PlayError> {
        let known = self.numbers.known_items(items);
        let of = |item: &ItemRef, campaign| Item {
            booking: item.booking,
            creative: item.creative,
            asset: item.asset,
            campaign,
        };
        if known.iter().all(Option::is_some) {
            let known = items.iter().zip(known);
            return Ok(known.map(|(item, known)| of(item, known.and_then(|(_, campaign)| campaign))).collect());
        }
        let names = self.campaigns.names().await?;
        let campaigns: HashMap<BookingId, CampaignId> =
            names.into_iter().filter_map(|name| Some((name.booking, name.campaign?.0))).collect();
        Ok(items.iter().map(|item| of(item, campaigns.get(&item.booking).copied())).collect())
    }

    async fn circumstances(
        &self,
        screen: &Screen,
        batch: &SignedBatch,
        now: UtcMillis,
    ) -> Result<Circumstances, PlayError> {
        let latest = batch.batch().plays.iter().map(|play| play.start).max().unwrap_or(now);
        let mut known = Known {
            enrolled: screen.enrolled_at,
            received: now,
            playlists: HashMap::new(),
            takeovers: HashMap::new(),
            before: self.last_plays(screen, batch.batch().sequence - 1).await?,
        };
        let items: BTreeSet<_> = batch.batch().items.iter().map(named).collect();
        for named in items {
            match named {
                Named::Playlist(digest) => {
                    known.playlists.extend(self.issued_playlist(screen.id, digest, latest).await?.map(|i| (digest, i)));
                }
                Named::Takeover(id) => {
                    known.takeovers.insert(id, self.issued_takeovers(screen.id, id, latest).await?);
                }
            }
        }
        Ok(Circumstances {
            // A screen's zone was checked when it was registered; the county's is right for all but a damaged row.
            timezone: screen.timezone.parse().unwrap_or(Tz::Asia__Shanghai),
            known,
        })
    }

    /// The last play of each zone in a stored batch.
    async fn last_plays(&self, screen: &Screen, sequence: u64) -> Result<Vec<Before>, PlayError> {
        let Some(kept) = self.kept(screen.id, sequence).await? else { return Ok(Vec::new()) };
        // What was stored was verified; one that is damaged since says nothing here.
        let Some(batch) = self.signed(&kept).await?.and_then(|signed| SignedBatch::said_by(&signed).ok()) else {
            return Ok(Vec::new());
        };
        let flags = flags::read(&kept.flags, batch.plays.len()).unwrap_or_default();
        Ok(last_of_each_zone(&batch, &flags))
    }

    /// What was taken already of the days that a batch speaks of.
    async fn covered(&self, screen: ScreenId, batch: &Batch) -> Result<Covered, PlayError> {
        let of = |play: &Play| [play.start, play.start + play.actual].map(utc_day);
        let days: BTreeSet<_> = batch.plays.iter().flat_map(of).collect();
        let zones: BTreeSet<ZoneName> = batch.plays.iter().map(|play| play.zone).collect();
        Ok(store::covered::of(&self.db, screen, &zones, &days).await?)
    }

    /// A playlist that was really issued to the screen, and when it was in force.
    pub(super) async fn issued_playlist(
        &self,
        screen: ScreenId,
        digest: Digest,
        latest: UtcMillis,
    ) -> Result<Option<IssuedPlaylist>, PlayError> {
        let mut reigns = self.playlists.reigns(screen, digest).await?;
        if reigns.is_empty() {
            return Ok(None);
        }
        let Some(playlist) = self.remembered(digest).await? else { return Ok(None) };
        for reign in &mut reigns {
            self.hear(screen, reign, latest).await?;
        }
        Ok(Some(IssuedPlaylist { playlist, reigns }))
    }

    /// A playlist, from memory if it was asked for lately: like screens share them.
    async fn remembered(&self, digest: Digest) -> Result<Option<Arc<Playlist>>, PlayError> {
        let of = |memory: &Memory| memory.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        if let Some(known) = of(&self.playlists_read) {
            return Ok(Some(known));
        }
        let playlist = match self.playlists.playlist(digest).await {
            Ok(playlist) => Arc::new(playlist),
            Err(PlaylistError::Unknown) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut memory = self.playlists_read.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= MOST_REMEMBERED {
            memory.clear();
        }
        memory.insert(digest, playlist.clone());
        Ok(Some(playlist))
    }

    /// The manifests of the screen that named a takeover.
    pub(super) async fn issued_takeovers(
        &self,
        screen: ScreenId,
        takeover: TakeoverId,
        latest: UtcMillis,
    ) -> Result<Vec<IssuedTakeovers>, PlayError> {
        let mut issued = self.playlists.issued_takeovers(screen, takeover).await?;
        for each in &mut issued {
            self.hear(screen, &mut each.reign, latest).await?;
        }
        Ok(issued)
    }

    /// Looks up when the screen was first heard of after a reign, if that matters.
    async fn hear(&self, screen: ScreenId, reign: &mut Reign, latest: UtcMillis) -> Result<(), PlayError> {
        if let Some(until) = reign.until.filter(|_| reign.asks_when_heard(latest)) {
            reign.heard = match self.numbers.screen(screen).await? {
                Some(number) => store::batches::first_received_since(&self.db, number, until).await?,
                None => None,
            };
        }
        Ok(())
    }
}

/// Playlists read lately, by name.
pub(super) type Memory = Arc<Mutex<HashMap<Digest, Arc<Playlist>>>>;

/// What a stored batch's receipt needs.
struct Stored {
    /// Its name; `None` if what is stored of it does not fit together.
    name: Option<Digest>,
    received: UtcMillis,
}

/// What a batch comes to.
struct News<'a> {
    head: ChainHead,
    next: ChainHead,
    judged: &'a [Judged<'a>],
    covered: &'a Covered,
}

/// Where an item comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    Playlist(Digest),
    Takeover(TakeoverId),
}

pub(super) fn named(item: &ItemRef) -> Named {
    item.playlist.map_or_else(|| Named::Takeover(TakeoverId::new(item.booking.uuid())), Named::Playlist)
}
