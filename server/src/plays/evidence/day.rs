//! A screen's pictures beside what it signed: which of them a batch names, which moments brought none.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{
    digest::Digest,
    id::{CreativeId, InstructionId, ScreenId},
    playlist::EvidenceOrders,
    playlog::{ItemRef, Play},
    recurrence::day_of,
    time::{UtcInterval, UtcMillis},
};

use super::{
    super::{flags, opened::local_day},
    KeptPicture, PlayError, Plays, store,
};
use crate::{accounts::Principal, screens::Screen};

/// A play names a picture that was taken while it was on, or so long before or after by a clock that was put right.
const NEAR: i64 = 60_000;
/// No showing lasts longer, mostly: so much earlier the plays begin that may name a day's first pictures.
const BEFORE: i64 = 2 * 3_600_000;

/// A picture as people look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EvidencePicture)]
pub struct Shown {
    /// Of its bytes; its file is at `/screens/{id}/evidence/{digest}`.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// When it was taken, by its player's clock.
    pub taken: UtcMillis,
    /// When it came.
    pub received: UtcMillis,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The moment because of which it was taken.
    pub moment: Option<UtcMillis>,
    /// The instruction because of which it was taken.
    #[schema(value_type = Option<String>)]
    pub instruction: Option<InstructionId>,
    /// The signed batch that names it; none yet, or never.
    pub proof: Option<Proof>,
    /// When its file was removed, its time being over; its digest stays in the batch.
    pub removed_at: Option<UtcMillis>,
}

/// Where a picture is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EvidenceProof)]
pub struct Proof {
    /// The batch's number in its screen's chain.
    pub sequence: u64,
    /// When the play that names it began.
    pub started: UtcMillis,
    /// What that play showed.
    pub creative: CreativeId,
    /// Whether the play is believed.
    pub believed: bool,
}

/// A moment at which a picture was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EvidenceMoment)]
pub struct Moment {
    /// When.
    pub at: UtcMillis,
    /// What came of it.
    pub state: MomentState,
}

/// What came of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvidenceMomentState)]
pub enum MomentState {
    /// A picture.
    Taken,
    /// The screen has not reported of that time yet.
    Waiting,
    /// Nothing: the wall was dark or off, nothing was on, or the picture was lost.
    Missing,
}

/// A picture that a batch names and that never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EvidenceNamed)]
pub struct Named {
    /// Of its bytes.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Where it is named.
    pub proof: Proof,
}

/// A screen's pictures of a local day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EvidenceDay {
    /// IANA zone the day is counted in.
    pub timezone: String,
    /// The pictures, by the time they were taken.
    pub pictures: Vec<Shown>,
    /// The moments at which one was due, as far as they have passed, ascending.
    pub moments: Vec<Moment>,
    /// Named in a batch, and not here (yet).
    pub absent: Vec<Named>,
}

/// A play that names pictures.
#[derive(Debug, Clone)]
struct Naming {
    sequence: u64,
    play: Play,
    item: ItemRef,
    believed: bool,
}

impl Naming {
    fn proof(&self) -> Proof {
        Proof {
            sequence: self.sequence,
            started: self.play.start,
            creative: self.item.creative,
            believed: self.believed,
        }
    }

    fn names(&self, picture: &KeptPicture) -> bool {
        let end = self.play.start + self.play.actual;
        let near = self.play.start.plus(-NEAR) <= picture.taken && picture.taken <= end.plus(NEAR);
        near && self.play.evidence.contains(&picture.digest)
    }
}

fn shown(picture: KeptPicture, namings: &[Naming]) -> Shown {
    let proof = namings.iter().find(|naming| naming.names(&picture)).map(Naming::proof);
    Shown {
        digest: picture.digest,
        taken: picture.taken,
        received: picture.received,
        width: picture.width,
        height: picture.height,
        moment: picture.moment,
        instruction: picture.instruction,
        proof,
        removed_at: picture.removed,
    }
}

/// What is named of a day and not among the pictures.
fn absent(pictures: &[KeptPicture], namings: &[Naming], day: UtcInterval) -> Vec<Named> {
    let of_day = namings.iter().filter(|naming| day.contains(naming.play.start));
    let all = of_day.flat_map(|naming| naming.play.evidence.iter().map(move |digest| (naming, *digest)));
    all.filter(|(naming, digest)| !pictures.iter().any(|p| p.digest == *digest && naming.names(p)))
        .map(|(naming, digest)| Named { digest, proof: naming.proof() })
        .collect()
}

/// What came of a moment, by a screen that has reported until then.
fn came_of(at: UtcMillis, pictures: &[KeptPicture], reported_until: Option<UtcMillis>) -> Moment {
    let told = reported_until.is_some_and(|until| at + EvidenceOrders::PATIENCE <= until);
    let state = match pictures.iter().any(|picture| picture.moment == Some(at)) {
        true => MomentState::Taken,
        false if told => MomentState::Missing,
        false => MomentState::Waiting,
    };
    Moment { at, state }
}

impl Plays {
    /// The pictures of a local day of a screen that this person may look at.
    pub async fn evidence_day(
        &self,
        screen: ScreenId,
        date: NaiveDate,
        who: &Principal,
        now: UtcMillis,
    ) -> Result<EvidenceDay, PlayError> {
        let screen = self.seen_by(screen, who).await?;
        let day = day_of(date, screen.timezone.parse().unwrap_or(chrono_tz::Tz::Asia__Shanghai));
        // One that was due just before midnight may have been taken just after it.
        let around = UtcInterval { start: day.start, end: day.end + EvidenceOrders::PATIENCE };
        let taken = store::evidence::taken_within(&self.db, screen.id, around).await?;
        let namings = self.namings(&screen, around).await?;
        let reported_until = store::batches::reported_until(&self.db, screen.id).await?;
        let moments = self.playlists.evidence_moments(&screen, date, now).await?;
        let moments = moments.into_iter().map(|at| came_of(at, &taken, reported_until)).collect();
        let absent = absent(&taken, &namings, day);
        let of_day = taken.into_iter().filter(|picture| day.contains(picture.taken));
        let pictures = of_day.map(|picture| shown(picture, &namings)).collect();
        Ok(EvidenceDay { timezone: screen.timezone, pictures, moments, absent })
    }

    /// The newest pictures of a screen that this person may look at, the newest first.
    pub async fn newest_evidence(
        &self,
        screen: ScreenId,
        most: u32,
        who: &Principal,
    ) -> Result<EvidenceDay, PlayError> {
        let screen = self.seen_by(screen, who).await?;
        let mut pictures = Vec::new();
        for picture in store::evidence::newest(&self.db, screen.id, most).await? {
            pictures.push(self.proven(&screen, picture).await?);
        }
        Ok(EvidenceDay { timezone: screen.timezone, pictures, moments: Vec::new(), absent: Vec::new() })
    }

    /// A picture with the signed batch that names it, if one does.
    pub(super) async fn proven(&self, screen: &Screen, picture: KeptPicture) -> Result<Shown, PlayError> {
        let around = UtcInterval { start: picture.taken, end: picture.taken.plus(1) };
        let namings = self.namings(screen, around).await?;
        Ok(shown(picture, &namings))
    }

    /// The plays that name pictures taken within this time, a day at most, out of the bytes that the screen signed.
    async fn namings(&self, screen: &Screen, taken: UtcInterval) -> Result<Vec<Naming>, PlayError> {
        let around = UtcInterval { start: taken.start.plus(-BEFORE), end: taken.end.plus(NEAR) };
        let timezone = screen.timezone.parse().unwrap_or(chrono_tz::Tz::Asia__Shanghai);
        let mut namings = Vec::new();
        let keys = self.screens.keys(screen).await?;
        for kept in self.around(screen.id, local_day(taken.start, timezone)).await? {
            // One that is damaged since it was stored proves nothing.
            let signed = self.signed(&kept).await?.unwrap_or_default();
            let Ok(batch) = keys.verify(signed) else { continue };
            let batch = batch.batch();
            let flags = flags::read(&kept.flags, batch.plays.len()).unwrap_or_default();
            for (position, play) in batch.plays.iter().enumerate().filter(|(_, play)| !play.evidence.is_empty()) {
                let Some(item) = batch.items.get(play.item as usize) else { continue };
                if around.contains(play.start) {
                    let believed = flags.get(position) == Some(&None);
                    namings.push(Naming { sequence: batch.sequence, play: play.clone(), item: *item, believed });
                }
            }
        }
        Ok(namings)
    }
}
