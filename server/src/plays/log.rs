//! The Merkle log of all play batches: numbers are given to what came in, and about once a minute the log says in a signed
//! checkpoint what it is. From then on nobody, not even the office, can change, drop or slip in a batch unseen.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use tokio::sync::Mutex;
use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    time::UtcMillis,
    tlog::{
        Checkpoint, Edge, LogProof, NoteError, Signer, TILE_WIDTH, TileId, TilePath, Tiles, VerifierKey, inclusion,
        tiles_for_inclusion,
    },
};

use super::store::log::{self as store, StoredCheckpoint};
use crate::{
    accounts::{
        Actor,
        audit::{self, Outcome},
    },
    clock,
    db::{Db, DbError},
    signing::{self, KeyError},
};

/// How often the log says what it is, if it has grown.
const CHECKPOINT_EVERY: Duration = Duration::from_mins(1);
/// Batches that get their numbers in one transaction.
const NUMBERED_AT_ONCE: u32 = 2_000;

/// The log. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    db: Db,
    signer: Arc<Signer>,
    /// One at a time gives out numbers.
    numbering: Arc<Mutex<()>>,
}

/// Why something about the log did not happen.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The database holds less of the tree than it must.
    #[error("tile {} of level {} of the play log is damaged in the database", .0.index, .0.level)]
    Damaged(TileId),
    /// The stored checkpoints are signed by another key than the log has: its key file was replaced.
    #[error("the play log's checkpoints are of another key: restore keys/log.key from the backup")]
    OtherKey,
    /// A batch that should have a number has none.
    #[error("batch {sequence} of screen {screen} is not in the play log")]
    NotLogged {
        /// Whose.
        screen: ScreenId,
        /// Which.
        sequence: u64,
    },
    /// A cosignature is not taken.
    #[error("cosignature refused: {0}")]
    Cosignature(CosignatureRefusal),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Why a cosignature is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureRefusal {
    /// Not a checkpoint of this log as it was signed.
    #[error("not a checkpoint of this log")]
    OtherCheckpoint,
    /// Signed by nobody whose cosignatures are taken, or wrongly.
    #[error("not signed by a registered witness")]
    UnknownWitness,
}

impl Log {
    /// The log in this database, with the key in this folder.
    pub fn open(db: Db, keys: &Path) -> Result<Self, KeyError> {
        let signer = Arc::new(signing::open_log(keys)?);
        Ok(Self { db, signer, numbering: Arc::default() })
    }

    /// What others check its checkpoints with.
    pub fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// Numbers what came in and signs checkpoints, for as long as the server runs.
    pub async fn keep(&self) {
        loop {
            if let Err(error) = self.grow(clock::now()).await {
                tracing::error!(%error, "the play log could not be continued");
            }
            tokio::time::sleep(CHECKPOINT_EVERY).await;
        }
    }

    /// Gives every waiting batch its number, and signs what the log is then.
    pub async fn grow(&self, now: UtcMillis) -> Result<(), LogError> {
        let _alone = self.numbering.lock().await;
        while self.grow_some(now).await? == NUMBERED_AT_ONCE as usize {}
        Ok(())
    }

    /// In one transaction: so what is signed is on the disk, and what is on the disk is signed.
    async fn grow_some(&self, now: UtcMillis) -> Result<usize, LogError> {
        let mut tx = self.db.begin().await?;
        let waiting = store::take_waiting(&mut tx, NUMBERED_AT_ONCE).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let size = store::size(&mut tx).await?;
        // A log that is signed by another key is another log to everybody who followed it: rather none.
        if let Some(newest) = store::checkpoint_in(&mut tx, size).await? {
            Checkpoint::open(&newest.note, self.verifier()).map_err(|_| LogError::OtherKey)?;
        }
        let mut tiles: Tiles = BTreeMap::new();
        for tile in Edge::tiles(size) {
            tiles.insert(tile, store::tile_in(&mut tx, tile).await?);
        }
        let mut edge = Edge::restore(size, |tile| tiles.get(&tile).cloned()).ok_or_else(|| {
            let narrow = tiles.iter().find(|(tile, hashes)| hashes.len() < usize::from(tile.width_in(size)));
            LogError::Damaged(narrow.map_or(TileId { level: 0, index: 0 }, |(tile, _)| *tile))
        })?;
        let mut changed = BTreeMap::new();
        for entry in &waiting {
            store::number(&mut tx, edge.size(), *entry).await?;
            edge.append(entry.hash(), &mut changed);
        }
        for (tile, hashes) in &changed {
            store::put_tile(&mut tx, *tile, hashes).await?;
        }
        let note = self.signer.checkpoint(edge.size(), edge.root()).to_string();
        store::put_checkpoint(&mut tx, &StoredCheckpoint { size: edge.size(), note }, now).await?;
        tx.commit().await?;
        Ok(waiting.len())
    }

    /// The newest checkpoint; of the log without entries, if there are none.
    pub async fn checkpoint(&self) -> Result<String, LogError> {
        let empty = || self.signer.checkpoint(0, xuanping_core::tlog::empty_root()).to_string();
        Ok(store::newest(&self.db).await?.map_or_else(empty, |newest| newest.note))
    }

    /// The bytes of a tile, as the specification has them; `None` if the log has not grown so far.
    pub async fn tile(&self, path: TilePath) -> Result<Option<Vec<u8>>, LogError> {
        match path {
            TilePath::Hashes { tile, width } => {
                let hashes = store::tile(&self.db, tile).await?;
                let wide_enough = hashes.get(..usize::from(width));
                Ok(wide_enough.map(|hashes| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()))
            }
            TilePath::Entries { index, width } => {
                let Some(first) = index.checked_mul(TILE_WIDTH) else { return Ok(None) };
                let entries = store::entries(&self.db, first, u64::from(width)).await?;
                let bundle = entries.iter().flat_map(|entry| {
                    let bytes = entry.to_bytes();
                    // An entry has some sixty bytes.
                    [(bytes.len() as u16).to_be_bytes().to_vec(), bytes].concat()
                });
                Ok((entries.len() == usize::from(width)).then(|| bundle.collect()))
            }
        }
    }

    /// The checkpoint that these batches are proven under: the newest that witnesses have signed, if it covers them, else the
    /// newest of all.
    pub async fn covering(
        &self,
        batches: &[(ScreenId, u64)],
        now: UtcMillis,
    ) -> Result<Option<StoredCheckpoint>, LogError> {
        self.grow(now).await?;
        let indexes = self.indexes(batches).await?;
        let covers = |checkpoint: &StoredCheckpoint| indexes.iter().all(|index| *index < checkpoint.size);
        match store::newest_cosigned(&self.db).await?.filter(covers) {
            Some(cosigned) => Ok(Some(cosigned)),
            None => Ok(store::newest(&self.db).await?),
        }
    }

    /// The number of a screen's newest batch that the log has in its first so many entries; 0 if there is none.
    pub async fn newest_of(&self, screen: ScreenId, size: u64) -> Result<u64, LogError> {
        Ok(store::newest_of(&self.db, screen, size).await?)
    }

    async fn indexes(&self, batches: &[(ScreenId, u64)]) -> Result<Vec<u64>, LogError> {
        let mut indexes = Vec::with_capacity(batches.len());
        for (screen, sequence) in batches.iter().copied() {
            let index = store::index_of(&self.db, screen, sequence).await?;
            indexes.push(index.ok_or(LogError::NotLogged { screen, sequence })?);
        }
        Ok(indexes)
    }

    /// A proof for each of these batches, all under the checkpoint that covers them.
    pub async fn prove(&self, batches: &[(ScreenId, u64)], now: UtcMillis) -> Result<Vec<LogProof>, LogError> {
        match self.covering(batches, now).await? {
            Some(checkpoint) => self.prove_under(&checkpoint, batches).await,
            None => Ok(Vec::new()),
        }
    }

    /// A proof for each of these batches under this checkpoint, which covers them.
    pub async fn prove_under(
        &self,
        checkpoint: &StoredCheckpoint,
        batches: &[(ScreenId, u64)],
    ) -> Result<Vec<LogProof>, LogError> {
        let indexes = self.indexes(batches).await?;
        let mut tiles = Tiles::new();
        let needed = indexes.iter().flat_map(|index| tiles_for_inclusion(*index, checkpoint.size));
        for tile in needed.collect::<std::collections::BTreeSet<_>>() {
            tiles.insert(tile, store::tile(&self.db, tile).await?);
        }
        let proof = |index: u64| {
            let hashes = inclusion(&tiles, index, checkpoint.size).map_err(|missing| LogError::Damaged(missing.0))?;
            Ok(LogProof { index, hashes, checkpoint: checkpoint.note.clone() })
        };
        indexes.into_iter().map(proof).collect()
    }

    /// Takes a witness's cosignature of one of our checkpoints.
    pub async fn take_cosignature(&self, note: &str) -> Result<(), LogError> {
        let refused = |why| LogError::Cosignature(why);
        let other = |_| refused(CosignatureRefusal::OtherCheckpoint);
        let (checkpoint, cosigned) = Checkpoint::open(note, self.verifier()).map_err(other)?;
        let known = store::witnesses(&self.db).await?;
        let valid: Result<Vec<&VerifierKey>, NoteError> = known
            .iter()
            .filter_map(|witness| match cosigned.verify(witness) {
                Ok(_) => Some(Ok(witness)),
                Err(NoteError::NotSigned) => None,
                Err(wrong) => Some(Err(wrong)),
            })
            .collect();
        let valid = valid.ok().filter(|by| !by.is_empty()).ok_or(refused(CosignatureRefusal::UnknownWitness))?;
        let mut tx = self.db.begin().await?;
        let ours = store::checkpoint_in(&mut tx, checkpoint.size).await?;
        let ours = ours.ok_or(refused(CosignatureRefusal::OtherCheckpoint))?;
        let (_, mut merged) = Checkpoint::open(&ours.note, self.verifier()).map_err(other)?;
        // One line for each witness, the newest.
        let before: Vec<&VerifierKey> =
            known.iter().chain([self.verifier()]).filter(|key| !valid.contains(key)).collect();
        merged = merged.only(&before);
        if !merged.merge(&cosigned.only(&valid)) {
            return Err(refused(CosignatureRefusal::OtherCheckpoint));
        }
        let witnesses = merged.signatures().len() - 1;
        let stored = StoredCheckpoint { size: checkpoint.size, note: merged.to_string() };
        store::put_cosigned(&mut tx, &stored, witnesses).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes this witness's cosignatures from now on.
    pub async fn add_witness(&self, witness: &VerifierKey, by: &Actor, now: UtcMillis) -> Result<(), LogError> {
        let mut tx = self.db.begin().await?;
        store::add_witness(&mut tx, witness, now).await?;
        let details = serde_json::json!({ "key": witness.to_string() });
        audit::record(&mut tx, by, "log.add_witness", witness.name().as_str(), Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Size and root of the newest checkpoint: whether two people see the same log is seen at a glance.
    pub async fn root(&self) -> Result<(u64, Digest), LogError> {
        let note = self.checkpoint().await?;
        let read = Checkpoint::open(&note, self.verifier()).map(|(checkpoint, _)| (checkpoint.size, checkpoint.root));
        read.map_err(|_| LogError::OtherKey)
    }

    /// How far the log was witnessed, and by whom there.
    pub async fn witnessed(&self) -> Result<(u64, Vec<String>), LogError> {
        let Some(newest) = store::newest_cosigned(&self.db).await? else { return Ok((0, Vec::new())) };
        let (checkpoint, note) = Checkpoint::open(&newest.note, self.verifier()).map_err(|_| LogError::OtherKey)?;
        let names = note.signatures().iter().map(|line| &line.name).filter(|name| *name != self.verifier().name());
        Ok((checkpoint.size, names.map(ToString::to_string).collect()))
    }
}
