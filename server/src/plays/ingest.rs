//! Taking a batch in: signature, chain, then everything in one transaction, then the signed receipt.
//!
//! The order is the promise: a receipt exists only for what is durable, so a player that keeps its journal until the
//! receipt loses nothing, and a batch that comes again finds itself stored and gets the same receipt.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono_tz::Tz;
use serde_json::json;
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::{ScreenId, TakeoverId},
    playlog::{
        Batch, BatchError, ChainHead, ChainRefusal, Covered, ItemRef, Play, Receipt, SignedBatch,
        credibility::{Before, Flag, IssuedPlaylist, IssuedTakeovers, Known, Reign},
        utc_day,
    },
    time::UtcMillis,
};

use super::{
    FindingKind, PlayError, Plays,
    judge::{Circumstances, Judged, judge, tally},
    store::{self, findings::NewFinding},
};
use crate::{db::DbError, playlists::PlaylistError, screens::Screen};

/// How often two processes may get in each other's way over one screen before we give up and let the player try again.
const TRIES: usize = 5;

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
        let batch = match SignedBatch::verify(signed.clone(), &screen.public_key) {
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
            // In this order: the same batch, stored by another request in between, must be found and not judged against a
            // chain that it has already lengthened.
            let head = store::batches::head(&self.db, screen.id).await?;
            if let Some(stored) = store::batches::find(&self.db, screen.id, batch.batch().sequence).await? {
                if stored.digest == received && batch.batch().screen == screen.id {
                    return Ok(self.receipt(screen, &stored));
                }
                return Err(self.refuse(screen, &batch, FindingKind::Conflict, now).await?);
            }
            let next = match head.accept(&batch) {
                Ok(next) => next,
                Err(refusal) => return Err(self.refuse_link(screen, &batch, refusal, now).await?),
            };
            let known = match &known {
                Some(known) => known,
                None => known.insert(self.circumstances(screen, &batch, now).await?),
            };
            // A chain's batches are judged one after another: had another process gone on with it, we could not either.
            let mut covered = self.covered(screen.id, batch.batch()).await?;
            let judged = judge(batch.batch(), known, &mut covered);
            let news = News { head, next, judged: &judged, covered: &covered };
            if let Some(stored) = self.store(screen, &batch, news, now).await? {
                return Ok(self.receipt(screen, &stored));
            }
            // Somebody else was faster: look again.
        }
        Err(IngestError::Busy)
    }

    /// What a stored batch's receipt says is settled with it, so signing again gives the same bytes.
    fn receipt(&self, screen: &Screen, stored: &store::batches::StoredBatch) -> Vec<u8> {
        self.publisher.receipt(&Receipt {
            screen: screen.id,
            sequence: stored.sequence,
            batch: stored.digest,
            received: stored.received,
        })
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

    /// Everything a batch comes to, in one transaction. `None`: the chain went on meanwhile, nothing was stored.
    async fn store(
        &self,
        screen: &Screen,
        batch: &SignedBatch,
        News { head, next, judged, covered }: News<'_>,
        now: UtcMillis,
    ) -> Result<Option<store::batches::StoredBatch>, IngestError> {
        let not_counted = judged.iter().filter(|j| j.flag().is_some()).map(|j| j.position).collect();
        let stored = store::batches::StoredBatch {
            screen: screen.id,
            sequence: next.sequence,
            digest: next.digest,
            received: now,
            not_counted,
        };
        let mut tx = self.db.begin().await?;
        if !store::batches::move_head(&mut tx, head, next).await? {
            return Ok(None);
        }
        store::batches::insert(&mut tx, &stored, batch).await?;
        store::log::wait(&mut tx, screen.id, next.sequence).await?;
        store::plays::insert(&mut tx, screen, next.sequence, judged).await?;
        store::counts::add(&mut tx, screen, &tally(judged)).await?;
        store::covered::put(&mut tx, screen.id, covered).await?;
        for flag in Flag::ALL {
            let flagged: Vec<_> = judged.iter().filter(|j| j.flag() == Some(flag)).collect();
            let Some(first) = flagged.first() else { continue };
            let new = NewFinding {
                screen,
                kind: flag.into(),
                sequence: Some(next.sequence),
                batch: next.digest,
                details: json!({
                    "plays": flagged.len(), "creative": first.item.creative, "playlist": first.item.playlist,
                    "booking": first.item.booking, "started": first.play.start,
                }),
                // The bytes are with the batch.
                signed: None,
            };
            store::findings::note_in(&mut tx, new, now).await?;
        }
        store::findings::resolve_gaps(&mut tx, screen.id, next.sequence, now).await?;
        tx.commit().await?;
        Ok(Some(stored))
    }

    async fn circumstances(
        &self,
        screen: &Screen,
        batch: &SignedBatch,
        now: UtcMillis,
    ) -> Result<Circumstances, PlayError> {
        let names = self.campaigns.names().await?;
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
            campaigns: names.into_iter().filter_map(|n| Some((n.booking, n.campaign?.0))).collect(),
        })
    }

    /// The last play of each zone in a stored batch.
    async fn last_plays(&self, screen: &Screen, sequence: u64) -> Result<Vec<Before>, PlayError> {
        let Some(stored) = store::batches::find(&self.db, screen.id, sequence).await? else { return Ok(Vec::new()) };
        let signed = store::batches::signed(&self.db, screen.id, sequence).await?;
        // What was stored was verified; one that is damaged since says nothing here.
        let Ok(batch) = SignedBatch::verify(signed, &screen.public_key) else { return Ok(Vec::new()) };
        let batch = batch.batch();
        let mut last: Vec<Before> = Vec::new();
        for (position, play) in (0..).zip(&batch.plays).collect::<Vec<_>>().into_iter().rev() {
            if !last.iter().any(|known| known.play.zone == play.zone) {
                let believed = !stored.not_counted.contains(&position);
                let item = batch.items.get(play.item as usize);
                last.extend(item.map(|item| Before { play: play.clone(), item: *item, believed }));
            }
        }
        Ok(last)
    }

    /// What was taken already of the days that a batch speaks of.
    async fn covered(&self, screen: ScreenId, batch: &Batch) -> Result<Covered, PlayError> {
        let of = |play: &Play| [play.start, play.start + play.actual].map(utc_day);
        let days: BTreeSet<_> = batch.plays.iter().flat_map(of).collect();
        let zones: BTreeSet<ZoneName> = batch.plays.iter().map(|play| play.zone).collect();
        Ok(store::covered::of(&self.db, screen, &zones, &days).await?)
    }

    /// A playlist that was really issued to the screen, and when it was in force.
    async fn issued_playlist(
        &self,
        screen: ScreenId,
        digest: Digest,
        latest: UtcMillis,
    ) -> Result<Option<IssuedPlaylist>, PlayError> {
        let mut reigns = self.playlists.reigns(screen, digest).await?;
        if reigns.is_empty() {
            return Ok(None);
        }
        let playlist = match self.playlists.playlist(digest).await {
            Ok(playlist) => Arc::new(playlist),
            Err(PlaylistError::Unknown) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        for reign in &mut reigns {
            self.hear(screen, reign, latest).await?;
        }
        Ok(Some(IssuedPlaylist { playlist, reigns }))
    }

    /// The manifests of the screen that named a takeover.
    async fn issued_takeovers(
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
            reign.heard = store::batches::first_received_since(&self.db, screen, until).await?;
        }
        Ok(())
    }
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
enum Named {
    Playlist(Digest),
    Takeover(TakeoverId),
}

fn named(item: &ItemRef) -> Named {
    item.playlist.map_or_else(|| Named::Takeover(TakeoverId::new(item.booking.uuid())), Named::Playlist)
}
