//! What was shown: play batches are verified, chained, stored and counted exactly once; people query and export them.
//!
//! The signed bytes are the record, and there is no row for a play: it is read out of its batch whenever it is asked for. What
//! is stored beside batches (facts of the time, flags, counters) is made from them in the same transaction. A batch that is refused leaves a finding, so that nothing disappears without a word.

pub mod archive;
mod bundle;
mod catch_up;
mod columns;
mod commit;
mod convert;
mod counters;
mod day;
pub mod evidence;
pub mod exposure;
mod flags;
pub mod gaps;
mod grounds;
pub mod http;
mod ingest;
pub mod judge;
pub mod keys;
pub mod log;
mod looked_up;
pub mod names;
mod numbers;
mod opened;
mod packed;
mod play_rows;
mod query;
mod recount;
pub mod sheet;
mod store;
mod sums;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod threads;
pub mod verify;
mod walk;
pub mod witness;
mod words;
pub mod workbook;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId, ScreenId, VenueId},
    playlog::{BatchError, PlayStatus, TriggerKind, credibility::Flag},
    sign::PublicKey,
    time::{Millis, UtcMillis},
    vocabulary::VenueType,
};

pub use bundle::MOST_RECORDS;
pub use day::ShownDay;
pub use evidence::EvidenceDay;
pub use ingest::IngestError;
pub use keys::KeyChangeError;
pub use log::{Log, LogError};
pub use query::{Counted, CountedAs, Cursor, Filter, Group, Order};
pub use recount::Recount;

use crate::{
    accounts::{
        Actor,
        audit::{self, Outcome},
    },
    blobs::Blobs,
    campaigns::{CampaignError, Campaigns},
    content::{Content, ContentError},
    db::{Db, DbError},
    playlists::{PlaylistError, Playlists},
    screens::{ScreenError, Screens},
    signing::Publisher,
};

/// The play log of this server. Cheap to clone.
#[derive(Clone)]
pub struct Plays {
    db: Db,
    /// Evidence pictures of before they had a folder of their own are among these.
    blobs: Blobs,
    pictures: Blobs,
    publisher: Publisher,
    /// One bundle is made at a time: a large one takes hundreds of megabytes.
    bundling: std::sync::Arc<tokio::sync::Mutex<()>>,
    screens: Screens,
    content: Content,
    campaigns: Campaigns,
    playlists: Playlists,
    log: Log,
    numbers: numbers::Numbers,
    commits: commit::Commits,
    playlists_read: ingest::Memory,
}

/// One play as it was recorded, with the facts of its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayRecord {
    /// On which screen.
    pub screen: ScreenId,
    /// In which batch.
    pub sequence: u64,
    /// At which position there, from 0.
    pub position: u32,
    /// When it started.
    pub started: UtcMillis,
    /// The venue's local date then.
    pub day: NaiveDate,
    /// Where on the screen.
    pub zone: ZoneName,
    /// What.
    pub creative: CreativeId,
    /// The exact file.
    pub asset: Digest,
    /// For which booking or takeover.
    pub booking: BookingId,
    /// For which campaign; `None` for a takeover.
    pub campaign: Option<CampaignId>,
    /// How long it was meant to last.
    pub planned: Millis,
    /// How long it was shown.
    pub actual: Millis,
    /// How it went.
    pub status: PlayStatus,
    /// What put it on the wall.
    pub trigger: TriggerKind,
    /// Shown its full length, and nothing against it.
    pub counted: bool,
    /// Why it is not believed.
    pub flag: Option<Flag>,
    /// In which venue the screen hung.
    pub venue: VenueId,
    /// What sort of place that was.
    pub venue_type: VenueType,
    /// Its area code.
    pub area: String,
    /// Its department.
    pub department: String,
}

impl PlayRecord {
    /// For how long it is believed to have been on the wall, in milliseconds.
    pub fn shown_ms(&self) -> i64 {
        let on_wall = matches!(self.status, PlayStatus::Success | PlayStatus::Interrupted) && self.flag.is_none();
        if on_wall { self.actual.as_i64() } else { 0 }
    }
}

/// A line of a summary.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SummaryLine {
    /// What the line is about: an id, a code or a date; empty for plays without (a takeover has no campaign).
    pub key: String,
    /// Plays shown their full length.
    pub completed: i64,
    /// Plays shown for a part.
    pub interrupted: i64,
    /// Plays that failed.
    pub failed: i64,
    /// Plays that are not believed.
    pub not_counted: i64,
    /// Time on the wall, in milliseconds.
    pub shown_ms: i64,
}

/// What sort of thing a person should look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Refused: not signed with the screen's key.
    BadSignature,
    /// Refused: cannot be read.
    Malformed,
    /// Refused: of another screen.
    OtherScreen,
    /// Refused: does not follow the batch before it.
    BrokenChain,
    /// Refused: another batch has this number already.
    Conflict,
    /// Batches are missing before this one; solved when they come.
    Gap,
    /// Stored, but it holds plays of items that the screen was never given.
    UnknownItem,
    /// Stored, but it holds plays at times that cannot be.
    ImpossibleTime,
    /// Stored, but it holds plays that the playlist did not have then.
    NotOnAir,
    /// Stored, but it holds plays that overlap in their zone.
    Overlaps,
    /// Stored, but it holds plays of a playlist or takeover that was not in force then.
    NotInForce,
    /// Stored, but it holds plays that lasted otherwise than their slot.
    WrongLength,
    /// Stored, but it holds plays on a wall that was off.
    WallOff,
    /// Stored, but it holds plays that the machine had not run long enough for.
    TimelineDisagrees,
    /// Stored, but it holds plays of time that was reported before.
    Repeated,
    /// Stored; its clock was set back, and what it showed twice is counted once.
    ClockSetBack,
}

impl From<Flag> for FindingKind {
    fn from(flag: Flag) -> Self {
        match flag {
            Flag::UnknownItem => Self::UnknownItem,
            Flag::ImpossibleTime => Self::ImpossibleTime,
            Flag::NotInForce => Self::NotInForce,
            Flag::NotOnAir => Self::NotOnAir,
            Flag::WrongLength => Self::WrongLength,
            Flag::Overlaps => Self::Overlaps,
            Flag::WallOff => Self::WallOff,
            Flag::TimelineDisagrees => Self::TimelineDisagrees,
            Flag::Repeated => Self::Repeated,
            Flag::ClockSetBack => Self::ClockSetBack,
        }
    }
}

impl FindingKind {
    /// What an official reads.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::BadSignature => "签名无效，已拒收",
            Self::Malformed => "内容无法识别，已拒收",
            Self::OtherScreen => "属于其他屏幕，已拒收",
            Self::BrokenChain => "与上一批次不衔接，已拒收",
            Self::Conflict => "同一批次号出现两份不同内容，已拒收",
            Self::Gap => "前面的批次尚未收到",
            Self::UnknownItem => "含未下发素材的播放，已保存但不计入",
            Self::ImpossibleTime => "含时间不可能的播放，已保存但不计入",
            Self::NotOnAir => "含当时不在轮播中的播放，已保存但不计入",
            Self::Overlaps => "含与前一次重叠的播放，已保存但不计入",
            Self::NotInForce => "含当时未生效的播放单或插播的播放，已保存但不计入",
            Self::WrongLength => "含时长与排定时段不符的播放，已保存但不计入",
            Self::WallOff => "含屏幕关闭时的播放，已保存但不计入",
            Self::TimelineDisagrees => "含与机器实际运行时间不符的播放，已保存但不计入",
            Self::Repeated => "含重复上报时段的播放，已保存但不计入",
            Self::ClockSetBack => "播放器时钟回拨，重复的时段只计一次",
        }
    }
}

/// Something a person should look into.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub screen: ScreenId,
    /// What.
    pub kind: FindingKind,
    /// The batch's number, if it could be read.
    pub sequence: Option<i64>,
    /// Digest of the bytes as they came.
    pub batch: Digest,
    /// When it was first met.
    pub first_at: UtcMillis,
    /// When it was last met.
    pub last_at: UtcMillis,
    /// How often.
    pub times: i64,
    /// More.
    pub details: serde_json::Value,
    /// When it solved itself.
    pub resolved_at: Option<UtcMillis>,
}

/// Why something about plays did not happen.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// A stored batch does not verify any more.
    #[error("batch {sequence} of screen {screen} is damaged in the database: {why}")]
    Damaged {
        /// Whose.
        screen: ScreenId,
        /// Which.
        sequence: u64,
        /// Why.
        why: BatchError,
    },
    /// The time of an evidence picture is over: its file was removed.
    #[error("the picture was removed, its time being over")]
    PictureRemoved,
    /// The filter matches nothing that could be exported.
    #[error("no plays match")]
    Nothing,
    /// More than one bundle takes.
    #[error("more plays match than one bundle takes")]
    TooMany,
    /// The bundle could not be made.
    #[error(transparent)]
    Bundle(#[from] xuanping_core::playlog::bundle::BundleError),
    /// Writing a table failed.
    #[error("table: {0}")]
    Sheet(#[from] csv::Error),
    /// The Merkle log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Writing a workbook failed.
    #[error("workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// Writing or reading a Parquet table failed.
    #[error("table: {0}")]
    Columns(#[from] ::parquet::errors::ParquetError),
    /// What was written to the archive is not what was read back.
    #[error("archive: {0}")]
    Archive(String),
    /// The temporary file of an export failed.
    #[error("export: {0}")]
    File(#[from] std::io::Error),
    /// Playlists.
    #[error(transparent)]
    Playlists(#[from] PlaylistError),
    /// Campaigns.
    #[error(transparent)]
    Campaigns(#[from] CampaignError),
    /// Content.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Screens.
    #[error(transparent)]
    Screens(#[from] ScreenError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Plays {
    /// The play log in this database.
    #[allow(clippy::too_many_arguments, reason = "the domains before this one, each once")]
    pub fn new(
        db: Db,
        blobs: Blobs,
        pictures: Blobs,
        publisher: Publisher,
        screens: Screens,
        content: Content,
        campaigns: Campaigns,
        playlists: Playlists,
        log: Log,
    ) -> Self {
        let numbers = numbers::Numbers::new(db.clone());
        let (commits, playlists_read) = (commit::Commits::default(), ingest::Memory::default());
        let bundling = std::sync::Arc::default();
        Self {
            db,
            blobs,
            pictures,
            publisher,
            bundling,
            screens,
            content,
            campaigns,
            playlists,
            log,
            numbers,
            commits,
            playlists_read,
        }
    }

    /// The key that receipts and bundles are signed with: auditors keep it, to compare.
    pub fn publishing_key(&self) -> PublicKey {
        self.publisher.public()
    }

    /// The Merkle log of all batches.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// A page of plays in the order asked for, after `cursor`.
    pub async fn page(
        &self,
        filter: &Filter,
        order: Order,
        cursor: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<PlayRecord>, PlayError> {
        self.walk(filter, order, cursor).await?.next(limit as usize).await
    }

    /// All plays in the order asked for, after `cursor`, as they are asked for.
    pub(crate) async fn walk(
        &self,
        filter: &Filter,
        order: Order,
        cursor: Option<Cursor>,
    ) -> Result<walk::Walk, PlayError> {
        walk::Walk::new(&self.db, &self.numbers, &self.looked_up(filter).await?, order, cursor).await
    }

    /// Everything stored of a batch.
    async fn kept(&self, screen: ScreenId, sequence: u64) -> Result<Option<store::batches::Kept>, PlayError> {
        let Some(number) = self.numbers.screen(screen).await? else { return Ok(None) };
        Ok(store::batches::find(&self.db, number, sequence).await?)
    }

    /// The signed bytes of a stored batch; `None` if what is stored does not fit together.
    async fn signed(&self, kept: &store::batches::Kept) -> Result<Option<Vec<u8>>, PlayError> {
        let items = packed::numbers(&kept.items).unwrap_or_default().into_iter().collect();
        Ok(kept.signed(&self.numbers.items(items).await?))
    }

    /// What a person should look into on the filter's screen within its scope, the newest first, older than `before`.
    pub async fn findings(
        &self,
        filter: &Filter,
        open_only: bool,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Finding>, PlayError> {
        Ok(store::findings::list(&self.db, filter, open_only, before, limit).await?)
    }

    /// Notes in the audit trail that somebody took records out of the system.
    pub async fn note_export(
        &self,
        who: &Actor,
        format: &str,
        filter: &Filter,
        now: UtcMillis,
    ) -> Result<(), PlayError> {
        let mut tx = self.db.begin().await?;
        let details = serde_json::json!({ "filter": filter.in_words() });
        audit::record(&mut tx, who, "plays.export", format, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
