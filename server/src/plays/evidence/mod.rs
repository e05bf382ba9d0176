//! 印证图片: what screens really showed, in pictures that they took of themselves at moments they could not choose.
//!
//! A picture by itself proves nothing: it counts as proven when a batch that its screen signed names its digest, and that is
//! looked up in the signed bytes whenever it is shown. Moments that were due and brought no picture are told too.

mod case;
mod day;
mod picture;
mod retention;

pub use case::CasePicture;
pub use day::{EvidenceDay, Moment, MomentState, Named, Proof, Shown};
pub use picture::{EvidenceRefusal, MediaType};
pub use retention::{EVIDENCE_DAYS, FEWEST_EVIDENCE_DAYS};

use axum::body::Bytes;
use xuanping_core::{
    digest::Digest,
    id::{InstructionId, ScreenId},
    playlist::EvidenceOrders,
    time::UtcMillis,
    wire::{EvidenceNote, MAX_SKEW},
};

use super::{PlayError, Plays, store};
use crate::{
    accounts::Principal,
    screens::{Screen, ScreenError, Screens},
};

/// Pictures that a screen may send in a day: more than orders and people ask of it.
const MOST_A_DAY: i64 = 100;
const DAY: i64 = 86_400_000;

/// A picture that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPicture {
    /// When it was taken, by its player's clock.
    pub taken: UtcMillis,
    /// Of its bytes.
    pub digest: Digest,
    /// When it came.
    pub received: UtcMillis,
    /// What sort of file.
    pub media_type: MediaType,
    /// Its length.
    pub bytes: usize,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The moment of the screen's orders because of which it was taken.
    pub moment: Option<UtcMillis>,
    /// The instruction because of which it was taken.
    pub instruction: Option<InstructionId>,
    /// When its file was removed, its time being over.
    pub removed: Option<UtcMillis>,
}

impl Plays {
    /// Keeps a picture that a screen sends. The same one again changes nothing.
    pub async fn keep_picture(
        &self,
        screen: &Screen,
        note: EvidenceNote,
        bytes: Bytes,
        now: UtcMillis,
    ) -> Result<(), EvidenceRefusal> {
        if bytes.len() > EvidenceNote::MOST_BYTES {
            return Err(EvidenceRefusal::TooLarge);
        }
        if Digest::of(&bytes) != note.digest {
            return Err(EvidenceRefusal::OtherDigest);
        }
        check_times(screen, &note, now)?;
        if store::evidence::received_since(&self.db, screen.id, now.plus(-DAY)).await? >= MOST_A_DAY {
            return Err(EvidenceRefusal::TooMany);
        }
        let looked_at = bytes.clone();
        // Decoding takes a processor for a moment: others are answered meanwhile.
        let looked_at = tokio::task::spawn_blocking(move || picture::look_at(&looked_at)).await;
        let (media_type, width, height) = looked_at.map_err(|_| EvidenceRefusal::NoPicture)??;
        self.pictures.put(&bytes).await?;
        let (taken, digest, received) = (note.taken, note.digest, now);
        let (moment, instruction, length, removed) = (note.moment, note.instruction, bytes.len(), None);
        let kept = KeptPicture {
            taken,
            digest,
            received,
            media_type,
            bytes: length,
            width,
            height,
            moment,
            instruction,
            removed,
        };
        store::evidence::insert(&self.db, screen.id, &kept).await?;
        // The same bytes may just have been removed, as those of a picture whose time was over.
        if !self.pictures.contains(digest).await? {
            self.pictures.put(&bytes).await?;
        }
        Ok(())
    }

    /// The screen, if this person may look at its records.
    pub(super) async fn seen_by(&self, screen: ScreenId, who: &Principal) -> Result<Screen, PlayError> {
        let screen = self.screens.get(screen).await?;
        if Screens::covers(who, &screen.venue.area, &screen.venue.department) {
            Ok(screen)
        } else {
            Err(ScreenError::OutOfScope.into())
        }
    }

    /// A picture's file and what sort it is; `None` if the screen never sent it. For whoever may look at the screen's records.
    pub async fn picture_file(
        &self,
        screen: ScreenId,
        digest: Digest,
        who: &Principal,
    ) -> Result<Option<((tokio::fs::File, u64), MediaType)>, PlayError> {
        let screen = self.seen_by(screen, who).await?;
        let Some((media_type, removed)) = store::evidence::media_type(&self.db, screen.id, digest).await? else {
            return Ok(None);
        };
        if removed.is_some() {
            return Err(PlayError::PictureRemoved);
        }
        let file = match self.pictures.open_blob(digest).await {
            // Of before they had a folder of their own.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.blobs.open_blob(digest).await,
            file => file,
        };
        Ok(Some((file?, media_type)))
    }
}

/// When it was taken must be a time at which the screen could have: after it was paired, not after now, and soon after the
/// moment because of which it says it was.
fn check_times(screen: &Screen, note: &EvidenceNote, now: UtcMillis) -> Result<(), EvidenceRefusal> {
    let possible = screen.enrolled_at.plus(-MAX_SKEW) <= note.taken && note.taken <= now.plus(MAX_SKEW);
    let late = note.moment.map(|moment| note.taken.since(moment));
    let soon = late.is_none_or(|late| (0..=EvidenceOrders::PATIENCE.as_i64() + MAX_SKEW).contains(&late));
    let one_cause = note.moment.is_none() || note.instruction.is_none();
    if possible && soon && one_cause { Ok(()) } else { Err(EvidenceRefusal::ImpossibleTime) }
}
