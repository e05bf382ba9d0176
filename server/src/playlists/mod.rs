//! From what was promised to what screens obey: the planner's shell, the manifests, and the players' way to them.
//!
//! Screens with the same programme share one playlist, so planning costs per distinct programme. A playlist is a blob
//! named by its digest; the manifest that points to it is signed for one screen and wakes that screen's player at once.

mod arrears;
mod changes;
mod current;
mod draft;
mod evidence;
pub mod http;
pub mod instructions;
mod issue;
mod judged;
mod plan;
mod programme;
mod reigns;
mod store;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::{Mutex, watch};
use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    playlist::{Manifest, Memo, Playlist},
    time::UtcMillis,
};

pub use arrears::{Arrears, Hours, pace, quota};
pub use changes::Told;
pub use current::CurrentPicture;
pub use draft::{Broken, Collided, Foreseen};
pub use judged::Judged;
pub use plan::{COUNTY_ZONE, Replan};
pub use timeline::{DayTimeline, TimelineSlot};

use self::plan::Planned;
use crate::{
    blobs::Blobs,
    campaigns::{CampaignError, Campaigns, REPLAN},
    clock,
    content::{Content, ContentError},
    db::{Db, DbError},
    entropy::NoEntropy,
    jobs::Handlers,
    screens::{Candidate, SCREEN_CHANGED, ScreenError, Screens},
    signing::Publisher,
};

/// How many local days a playlist covers, today included.
pub const HORIZON_DAYS: u32 = 8;

/// So many screens that joined or changed are planned for together: those of one batch of manifests.
const SCREENS_AT_ONCE: usize = issue::BATCH;

/// A manifest is signed anew after this long even if nothing changed, in milliseconds; and
const REISSUE_AFTER: i64 = 6 * 3_600_000;
/// so much later for the last of the screens: they take turns, so that they do not all wake at once.
const REISSUE_WITHIN: i64 = 6 * 3_600_000;
/// How long a manifest is good, in milliseconds: a player that hears nothing new for so long should worry.
const MANIFEST_LIFE: i64 = 48 * 3_600_000;

/// The playlists of this server. Cheap to clone: every request does.
#[derive(Clone)]
pub struct Playlists(Arc<Shared>);

/// What all clones of [`Playlists`] share.
pub struct Shared {
    db: Db,
    blobs: Blobs,
    screens: Screens,
    content: Content,
    campaigns: Campaigns,
    publisher: Publisher,
    /// The manifest in force of each screen, and who waits for its next.
    current: RwLock<HashMap<ScreenId, Announced>>,
    /// The screens in service as planning read them last; empty before the first planning.
    known: RwLock<BTreeMap<ScreenId, Arc<Candidate>>>,
    /// One planning at a time: the later one starts from what the earlier one found out.
    planned: Mutex<Option<Planned>>,
    /// Loops arranged before.
    memo: Arc<Memo>,
    /// One batch of manifests at a time.
    issuing: Mutex<()>,
    /// Still pictures for boot pages.
    pictures: current::Pictures,
}

impl Deref for Playlists {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The manifest in force of a screen, for whoever follows it.
type Announced = watch::Sender<Option<Arc<Issued>>>;

/// A manifest as it was decided for a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Its version, the ETag of the player's question.
    pub version: u64,
    /// When it was decided.
    pub issued: UtcMillis,
    /// What it points to.
    pub playlist: Option<Digest>,
    /// What it says, unless it was signed with another key than that of today.
    pub says: Option<Manifest>,
    /// The same as bytes.
    words: Words,
}

/// A manifest's bytes. Deciding what a hundred thousand screens do takes a moment; signing it all would take seconds. So
/// each is signed when its player asks, and as the same words give the same signature, nothing is lost by not storing it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Words {
    /// What is signed whenever it is asked for.
    Payload(Vec<u8>),
    /// COSE_Sign1, of times in which signatures were stored.
    Signed(Vec<u8>),
}

/// Why planning or issuing failed.
#[derive(Debug, thiserror::Error)]
pub enum PlaylistError {
    /// There is no such playlist.
    #[error("no such playlist")]
    Unknown,
    /// A stored playlist does not read back.
    #[error("playlist {0} is damaged: {1}")]
    Damaged(Digest, String),
    /// The blob store failed.
    #[error("blob store: {0}")]
    Io(#[from] std::io::Error),
    /// Screens.
    #[error(transparent)]
    Screens(#[from] ScreenError),
    /// Content.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Campaigns.
    #[error(transparent)]
    Campaigns(#[from] CampaignError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl Playlists {
    /// The playlists in this database; call [`Playlists::load`] before serving.
    pub fn new(
        db: Db,
        blobs: Blobs,
        screens: Screens,
        content: Content,
        campaigns: Campaigns,
        publisher: Publisher,
    ) -> Self {
        Self(Arc::new(Shared {
            db,
            blobs,
            screens,
            content,
            campaigns,
            publisher,
            current: RwLock::default(),
            known: RwLock::default(),
            planned: Mutex::default(),
            memo: Arc::default(),
            issuing: Mutex::default(),
            pictures: current::Pictures::default(),
        }))
    }

    /// Takes the manifests in force from the database, so that players are answered before anything is planned.
    pub async fn load(&self) -> Result<(), PlaylistError> {
        let mut newest = store::newest_manifests(&self.db).await?;
        for (_, issued) in &mut newest {
            if let Some(payload) = self.payload(&issued.words) {
                issued.says = Manifest::from_payload(&payload).ok();
                issued.words = Words::Payload(payload);
            }
        }
        self.announce(newest);
        Ok(())
    }

    /// Says that this domain does its jobs.
    pub fn register(&self, handlers: &mut Handlers) {
        let all = self.clone();
        handlers.register(REPLAN, move |_| {
            let playlists = all.clone();
            async move { playlists.replan(Replan::Bookings, clock::now()).await }
        });
        let some = self.clone();
        handlers.register_many(SCREEN_CHANGED, SCREENS_AT_ONCE, move |keys: Vec<String>| {
            let playlists = some.clone();
            async move {
                // A key that is no id can only be an old mistake: there is nothing to plan for it, ever.
                let ids: Vec<ScreenId> = keys.iter().filter_map(|key| key.parse().ok()).collect();
                playlists.replan(Replan::Screens(&ids), clock::now()).await
            }
        });
    }

    /// Keeps horizons rolling and manifests fresh, for ever. When a day begins everything is planned anew; looks once a
    /// minute whose turn it is to be told.
    pub async fn keep_fresh(&self) {
        let mut planned_on = None;
        loop {
            let (now, today) = (clock::now(), clock::today(plan::COUNTY_ZONE));
            let fresh = if planned_on == Some(today) {
                self.refresh(now).await
            } else {
                self.begin_day(now).await.map(|()| planned_on = Some(today))
            };
            if let Err(error) = fresh {
                tracing::error!(%error, "planning failed; screens go on with what they have");
            }
            tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        }
    }

    async fn begin_day(&self, now: UtcMillis) -> Result<(), PlaylistError> {
        self.replan(Replan::Everything, now).await?;
        // Housekeeping that fails is no reason to plan everything once more.
        if let Err(error) = self.thin(now).await {
            tracing::error!(%error, "old manifests could not be thinned; the next day tries again");
        }
        Ok(())
    }

    /// The manifest in force of a screen.
    pub fn issued(&self, screen: ScreenId) -> Option<Arc<Issued>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.get(&screen).and_then(|sender| sender.borrow().clone())
    }

    /// The manifest that was in force at a screen at an instant; of the future, the one in force now. `None`: it had none yet.
    pub(crate) async fn told_by(&self, screen: ScreenId, at: UtcMillis) -> Result<Option<Arc<Issued>>, PlaylistError> {
        match self.issued(screen) {
            Some(issued) if at < issued.issued => {}
            issued => return Ok(issued),
        }
        let Some(mut issued) = store::manifest_at(&self.db, screen, at).await? else { return Ok(None) };
        let payload = self.payload(&issued.words);
        issued.says = payload.and_then(|payload| Manifest::from_payload(&payload).ok());
        Ok(Some(Arc::new(issued)))
    }

    /// Follows a screen's manifest from now on.
    pub fn follow(&self, screen: ScreenId) -> watch::Receiver<Option<Arc<Issued>>> {
        if let Some(sender) = self.current.read().unwrap_or_else(PoisonError::into_inner).get(&screen) {
            return sender.subscribe();
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.entry(screen).or_default().subscribe()
    }

    /// The bytes of a playlist.
    pub async fn bytes(&self, digest: Digest) -> Result<Vec<u8>, PlaylistError> {
        if !store::playlist_exists(&self.db, digest).await? {
            return Err(PlaylistError::Unknown);
        }
        Ok(self.blobs.read(digest).await?)
    }

    /// A playlist.
    pub async fn playlist(&self, digest: Digest) -> Result<Playlist, PlaylistError> {
        let bytes = self.bytes(digest).await?;
        Playlist::from_bytes(&bytes).map_err(|e| PlaylistError::Damaged(digest, e.to_string()))
    }

    /// Whether a playlist was ever issued to a screen.
    pub async fn was_issued(&self, screen: ScreenId, playlist: Digest) -> Result<bool, PlaylistError> {
        Ok(store::was_issued(&self.db, screen, playlist).await?)
    }
}
