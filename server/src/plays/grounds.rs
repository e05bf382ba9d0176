//! What the judgements in a bundle rest on: what screens were told, and what was held of their batches. The same as was asked
//! when the batches came in, so that whoever has the bundle can judge them again.

use std::collections::{BTreeMap, BTreeSet};

use xuanping_core::{
    id::ScreenId,
    playlog::{
        SignedBatch,
        bundle::{Judged, Told},
        credibility::Flag,
    },
    time::UtcMillis,
};

use super::{
    PlayError, Plays,
    ingest::{Named, named},
};

/// Whoever judges later asks of every reign when the screen was heard of after it.
const EVER: UtcMillis = UtcMillis(i64::MAX);

/// When a batch came in, and the rule that each of its plays broke; by screen and number.
pub(super) type Held = BTreeMap<(ScreenId, u64), (UtcMillis, Vec<Option<Flag>>)>;

impl Plays {
    /// What these batches were judged by. `newest` are the newest ones of their screens in the log.
    pub(super) async fn grounds(
        &self,
        batches: &[SignedBatch],
        held: Held,
        newest: &BTreeMap<ScreenId, u64>,
    ) -> Result<Judged, PlayError> {
        let mut items: BTreeMap<ScreenId, BTreeSet<Named>> = BTreeMap::new();
        for batch in batches.iter().map(SignedBatch::batch) {
            items.entry(batch.screen).or_default().extend(batch.items.iter().map(named));
        }
        let mut judged = Judged { batches: held, ..Judged::default() };
        for (screen, items) in items {
            let mut told = Told {
                enrolled: self.screens.get(screen).await?.enrolled_at,
                newest: newest.get(&screen).copied().unwrap_or(0),
                playlists: BTreeMap::new(),
                takeovers: BTreeMap::new(),
            };
            for named in items {
                match named {
                    Named::Playlist(digest) => {
                        let Some(issued) = self.issued_playlist(screen, digest, EVER).await? else { continue };
                        told.playlists.insert(digest, issued.reigns);
                        if let std::collections::btree_map::Entry::Vacant(place) = judged.playlists.entry(digest) {
                            place.insert(self.playlists.bytes(digest).await?);
                        }
                    }
                    Named::Takeover(id) => {
                        told.takeovers.insert(id, self.issued_takeovers(screen, id, EVER).await?);
                    }
                }
            }
            judged.screens.insert(screen, told);
        }
        Ok(judged)
    }
}
