//! Areas, departments, venues, and the screens in them: what there is, who answers for it, and which device key is which
//! screen.
//!
//! A player draws its own key and shows a code; an operator types the code; from then on that key *is* the screen. The
//! database holds public keys only, so nobody who reads it can impersonate a screen.

mod callers;
mod change;
mod device;
mod enrolment;
pub mod http;
mod keys;
mod links;
mod live;
mod places;
mod store;
mod tags;
#[cfg(test)]
mod tests;

use std::{ops::Deref, sync::Arc};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{
    campaign::ScreenFacts,
    digest::Digest,
    geometry::{Layout, LayoutFault, Size, Sound},
    id::{ScreenId, VenueId},
    playlist::{EvidenceOrders, InvalidWallSettings, WallSettings},
    position::Position,
    recurrence::OpeningHours,
    sign::PublicKey,
    time::UtcMillis,
    vocabulary::{ScreenKind, VenueType},
    wire::PlayerStatus,
};

pub use change::ScreenChange;
pub use device::{Device, Player, Stranger, retired, unknown_device};
pub use enrolment::{NewToken, PairRequest, VenueChoice, Waiting};
pub use keys::keys_of;
pub use links::{Link, MOST_LINKS};
pub use live::Picture;
pub use places::{NewArea, NewVenue, PlaceFault, VenueChange};
pub use store::screens::ScreenFilter;
pub use tags::{LONGEST_TAG, MOST_TAGS, TagInUse, checked_tag};

use crate::{
    accounts::Principal,
    db::{Db, DbError},
    entropy::NoEntropy,
    jobs::Jobs,
    signing::Publisher,
};

/// Job left when a screen joins, changes or leaves; the key is the screen's id.
pub const SCREEN_CHANGED: &str = "screen_changed";

/// A player that was not heard of for this long counts as offline, in milliseconds: three missed reports.
pub const OFFLINE_AFTER: i64 = 45_000;

/// How many evidence pictures a day a screen takes by itself unless people say otherwise.
pub const EVIDENCE_PER_DAY: u8 = 2;

/// How often players report, in milliseconds.
pub const STATUS_EVERY: u32 = 15_000;

/// The screens of this server. Cheap to clone: every request does.
#[derive(Clone)]
pub struct Screens(Arc<Shared>);

/// What all clones of [`Screens`] share.
pub struct Shared {
    db: Db,
    jobs: Jobs,
    publisher: Publisher,
    live: live::Live,
    attempts: enrolment::Attempts,
    callers: callers::Callers,
}

impl Deref for Screens {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// An administrative area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Area {
    /// 12-digit statistical code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Which level of the tree.
    pub level: AreaLevel,
    /// The code of the area above; none for the county.
    pub parent: Option<String>,
    /// Year of the code list it is from.
    pub source_year: i64,
}

/// Level of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AreaLevel {
    /// 县: 6 significant digits.
    County,
    /// 乡镇、街道: 9.
    Township,
    /// 村、社区: 12.
    Village,
}

/// A body that answers for a line of venues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// Short stable code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// A place with screens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Venue {
    /// Its id.
    pub id: VenueId,
    /// Its name.
    pub name: String,
    /// What sort of place.
    #[serde(rename = "type")]
    pub kind: VenueType,
    /// 12-digit area code.
    pub area: String,
    /// Department code.
    pub department: String,
    /// Street address.
    pub address: String,
    /// When its screens may be on.
    pub opening: OpeningHours,
    /// Where it lies: WGS-84 latitude and longitude, if anybody said.
    #[schema(value_type = Option<String>)]
    pub position: Option<Position>,
    /// How many screens it has, retired ones not counted.
    pub screens: i64,
}

/// A registered screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Its id.
    pub id: ScreenId,
    /// The name operators know it by.
    pub name: String,
    /// Where it hangs.
    pub venue: Venue,
    /// What it is.
    pub kind: ScreenKind,
    /// Its pixels.
    pub size: Size,
    /// How it is divided.
    pub layout: Layout,
    /// Whether it may make noise.
    pub sound: Sound,
    /// Whether its player can play clips.
    pub clips: bool,
    /// Free tags, each once, in the order people gave them.
    pub tags: Vec<String>,
    /// IANA zone its schedule is in.
    pub timezone: String,
    /// How it runs over the day.
    pub wall: WallSettings,
    /// How many evidence pictures a day it takes by itself.
    pub evidence_per_day: u8,
    /// The key it signs with now.
    pub public_key: PublicKey,
    /// Number of the first batch that this key signs.
    pub key_from: u64,
    /// Since when it has it; `None`: since it was enrolled.
    pub key_changed_at: Option<UtcMillis>,
    /// Host name of its player.
    pub host: String,
    /// When it was paired.
    pub enrolled_at: UtcMillis,
    /// When it was retired, if it was.
    pub retired_at: Option<UtcMillis>,
    /// The last report, and when it came.
    pub status: Option<(UtcMillis, PlayerStatus)>,
}

impl Screen {
    /// Whether the player was heard of lately.
    pub fn is_online(&self, now: UtcMillis) -> bool {
        self.status.as_ref().is_some_and(|(seen, _)| now.since(*seen) < OFFLINE_AFTER)
    }
}

/// What a screen is called, in service or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// Which.
    pub id: ScreenId,
    /// Its name.
    pub name: String,
    /// That of its venue.
    pub venue: String,
    /// IANA zone its days are counted in.
    pub timezone: String,
    /// Its device's key of now.
    pub public_key: PublicKey,
    /// Whether it had another one before.
    pub key_changed: bool,
}

/// A screen in service as far as choosing and counting screens goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What selectors ask.
    pub facts: ScreenFacts,
    /// Its pixels.
    pub size: Size,
    /// Its name.
    pub name: String,
    /// Its venue's name.
    pub venue: String,
    /// IANA zone its schedule is in.
    pub timezone: String,
    /// How it runs over the day.
    pub wall: WallSettings,
    /// Its venue's opening hours.
    pub opening: OpeningHours,
    /// How many evidence pictures a day it is to take by itself: none if its player does not know how.
    pub evidence_per_day: u8,
}

/// Why something about screens is refused.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// A place's data are not acceptable.
    #[error(transparent)]
    Place(#[from] PlaceFault),
    /// There is no such screen, or not within the person's scope.
    #[error("no such screen")]
    UnknownScreen,
    /// There is no such venue, or not within the person's scope.
    #[error("no such venue")]
    UnknownVenue,
    /// The venue lies outside what the operator answers for.
    #[error("outside the operator's scope")]
    OutOfScope,
    /// Not eight digits, or no player shows this code.
    #[error("no player shows this code")]
    WrongCode,
    /// The code was right but is over.
    #[error("the code has expired")]
    CodeExpired,
    /// The code was typed already.
    #[error("the code was used")]
    CodeUsed,
    /// The screen of this key was retired.
    #[error("the screen was retired")]
    Retired,
    /// The key was the screen's and was changed since.
    #[error("the screen has another key by now")]
    KeyReplaced,
    /// The new key is or was some screen's, or is to have signed batches before its time.
    #[error("the new key cannot be this screen's next")]
    KeyInUse,
    /// What is stored of a screen's keys does not verify any more.
    #[error("the stored changes of key of screen {0} are damaged")]
    DamagedKeys(ScreenId),
    /// Too many wrong codes by this person.
    #[error("too many wrong codes until {0}")]
    TooManyCodes(UtcMillis),
    /// An enrolment token is wrong, used or expired.
    #[error("the enrolment token is not valid")]
    BadToken,
    /// More players show codes than anybody can type.
    #[error("too many players wait to be paired")]
    TooManyWaiting,
    /// A screen of this venue already has the name.
    #[error("the venue already has a screen of this name")]
    NameTaken,
    /// The name is empty or too long.
    #[error("the screen's name is empty or too long")]
    BadName,
    /// A tag is empty, too long, or no text.
    #[error("a tag is empty or too long")]
    BadTag,
    /// More tags than a screen may have.
    #[error("the screen has too many tags")]
    TooManyTags,
    /// More public addresses than a screen may have.
    #[error("the screen has too many public addresses")]
    TooManyLinks,
    /// There is no such public address of this screen.
    #[error("no such public address")]
    UnknownLink,
    /// The screen cannot be divided like this.
    #[error(transparent)]
    BadLayout(#[from] LayoutFault),
    /// Off hours, levels or the transition are not acceptable.
    #[error(transparent)]
    BadWall(#[from] InvalidWallSettings),
    /// More evidence pictures a day than anybody looks at.
    #[error("more than {} evidence pictures a day", EvidenceOrders::MOST)]
    TooMuchEvidence,
    /// What the player says of its display is impossible.
    #[error("impossible display: {0}")]
    BadCapabilities(&'static str),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl Screens {
    /// The screens in this database.
    pub fn new(db: Db, jobs: Jobs, publisher: Publisher) -> Self {
        let (live, attempts, callers) = <(live::Live, enrolment::Attempts, callers::Callers)>::default();
        Self(Arc::new(Shared { db, jobs, publisher, live, attempts, callers }))
    }

    /// The screens that match, by venue and name.
    pub async fn list(&self, filter: &ScreenFilter) -> Result<Vec<Screen>, ScreenError> {
        let screens = store::screens::list(&self.db, filter).await?;
        Ok(screens.into_iter().map(|screen| self.with_newest_report(screen)).collect())
    }

    /// Every screen in service, by area, venue and name, for choosing among: several times quicker than [`Self::list`].
    pub async fn candidates(&self) -> Result<Vec<Candidate>, ScreenError> {
        Ok(store::screens::candidates(&self.db).await?)
    }

    /// One screen as [`Self::candidates`] tells of it; `None` if it is retired or unknown.
    pub async fn candidate(&self, id: ScreenId) -> Result<Option<Candidate>, ScreenError> {
        Ok(self.candidates_among(&[id]).await?.pop())
    }

    /// These screens as [`Self::candidates`] tells of them; retired and unknown ones are left out.
    pub async fn candidates_among(&self, ids: &[ScreenId]) -> Result<Vec<Candidate>, ScreenError> {
        Ok(store::screens::candidates_among(&self.db, ids).await?)
    }

    /// One screen, retired ones too.
    pub async fn get(&self, id: ScreenId) -> Result<Screen, ScreenError> {
        let screen = store::screens::get(&self.db, id).await?.ok_or(ScreenError::UnknownScreen)?;
        Ok(self.with_newest_report(screen))
    }

    /// What these screens are called, retired ones too; unknown ones are left out.
    pub async fn called(&self, ids: &[ScreenId]) -> Result<Vec<Called>, ScreenError> {
        Ok(store::screens::called(&self.db, ids).await?)
    }

    /// The screen with this device key.
    pub async fn by_fingerprint(&self, fingerprint: Digest) -> Result<Option<Screen>, ScreenError> {
        Ok(store::screens::by_fingerprint(&self.db, fingerprint).await?)
    }

    /// Whether the person's scope covers a venue.
    pub fn covers(who: &Principal, area: &str, department: &str) -> bool {
        let scope = &who.scope;
        scope.department.as_ref().is_none_or(|own| own == department)
            && scope.area.as_ref().is_none_or(|own| places::contains(own, area))
    }
}
