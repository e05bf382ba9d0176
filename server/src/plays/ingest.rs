//! Taking a batch in: signature, chain, then everything in one transaction, then the signed receipt.
//!
//! The order is the promise: a receipt exists only for what is durable, so a player that keeps its journal until the
//! receipt loses nothing, and a batch that comes again finds itself stored and gets the same receipt.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono_tz::Tz;
use serde_json::json;
use xuanping_core::{
    digest::Digest,
    id::TakeoverId,
    playlist::Playlist,
    playlog::{BatchError, ChainHead, ChainRefusal, ItemRef, Play, Receipt, SignedBatch},
    time::UtcMillis,
};

use super::{
    FindingKind, Flag, PlayError, Plays,
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
            let judged = judge(batch.batch(), known);
            if let Some(stored) = self.store(screen, &batch, head, next, &judged, now).await? {
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
        head: ChainHead,
        next: ChainHead,
        judged: &[Judged<'_>],
        now: UtcMillis,
    ) -> Result<Option<store::batches::StoredBatch>, IngestError> {
        let not_counted = judged.iter().filter(|j| j.flag.is_some()).map(|j| j.position).collect();
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
        for (flag, kind) in [
            (Flag::UnknownItem, FindingKind::UnknownItem),
            (Flag::ImpossibleTime, FindingKind::ImpossibleTime),
            (Flag::NotOnAir, FindingKind::NotOnAir),
            (Flag::Overlaps, FindingKind::Overlaps),
        ] {
            let flagged: Vec<_> = judged.iter().filter(|j| j.flag == Some(flag)).collect();
            let Some(first) = flagged.first() else { continue };
            let new = NewFinding {
                screen,
                kind,
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
        let (issued, playlists) = self.issued(screen, &batch.batch().items).await?;
        Ok(Circumstances {
            // A screen's zone was checked when it was registered; the county's is right for all but a damaged row.
            timezone: screen.timezone.parse().unwrap_or(Tz::Asia__Shanghai),
            enrolled: screen.enrolled_at,
            received: now,
            issued,
            playlists,
            before: self.last_plays(screen, batch.batch().sequence - 1).await?,
            campaigns: names.into_iter().filter_map(|n| Some((n.booking, n.campaign?.0))).collect(),
        })
    }

    /// The last play of each zone in a stored batch.
    async fn last_plays(&self, screen: &Screen, sequence: u64) -> Result<Vec<Play>, PlayError> {
        if sequence == 0 {
            return Ok(Vec::new());
        }
        let signed = store::batches::signed(&self.db, screen.id, sequence).await?;
        // What was stored was verified; one that is damaged since says nothing here.
        let Ok(before) = SignedBatch::verify(signed, &screen.public_key) else { return Ok(Vec::new()) };
        let mut last: Vec<Play> = Vec::new();
        for play in before.batch().plays.iter().rev() {
            if !last.iter().any(|known| known.zone == play.zone) {
                last.push(play.clone());
            }
        }
        Ok(last)
    }

    /// Which of these items were really issued to the screen, and the playlists that they are in.
    async fn issued(
        &self,
        screen: &Screen,
        items: &[ItemRef],
    ) -> Result<(HashSet<ItemRef>, HashMap<Digest, Playlist>), PlayError> {
        let mut issued = HashSet::new();
        let mut playlists = HashMap::new();
        let mut by_playlist: BTreeMap<Option<Digest>, Vec<&ItemRef>> = BTreeMap::new();
        for item in items {
            by_playlist.entry(item.playlist).or_default().push(item);
        }
        for (playlist, items) in by_playlist {
            match playlist {
                Some(digest) => {
                    if !self.playlists.was_issued(screen.id, digest).await? {
                        continue;
                    }
                    let playlist = match self.playlists.playlist(digest).await {
                        Ok(playlist) => playlist,
                        Err(PlaylistError::Unknown) => continue,
                        Err(error) => return Err(error.into()),
                    };
                    let holds = |item: &ItemRef| {
                        playlist
                            .items
                            .iter()
                            .any(|i| i.booking == item.booking && i.creative == item.creative && i.asset == item.asset)
                    };
                    issued.extend(items.into_iter().copied().filter(holds));
                    playlists.insert(digest, playlist);
                }
                None => {
                    for item in items {
                        let takeover = TakeoverId::new(item.booking.uuid());
                        let shown = self.playlists.issued_in_takeover(screen.id, takeover).await?;
                        if shown.iter().any(|i| i.creative == item.creative && i.asset == item.asset) {
                            issued.insert(*item);
                        }
                    }
                }
            }
        }
        Ok((issued, playlists))
    }
}
