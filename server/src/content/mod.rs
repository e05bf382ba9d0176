//! 内容: what is shown. Uploads are probed, creatives are written and reviewed, renditions are made for every class of screen.
//! Nothing reaches a player that was not probed, re-encoded, and approved by a person who had no hand in it.

mod child;
pub mod class;
pub mod creative;
pub mod http;
pub mod media;
pub mod probe;
pub mod render;
pub mod renditions;
#[cfg(test)]
mod samples;
pub mod slogans;
mod still;
mod store;
#[cfg(test)]
mod tests;
mod transcode;
pub mod uploads;

use std::{collections::BTreeSet, sync::Arc};

use chrono::NaiveDate;
use serde_json::json;
use tokio::sync::Semaphore;
use xuanping_core::{
    digest::Digest,
    id::CreativeId,
    time::{Millis, UtcMillis},
    vocabulary::{CreativeKind, FraudType},
};

pub use self::{
    class::ScreenClass,
    creative::{Creative, Fit, State, Step, StepRefusal, StepTaken},
    renditions::{Given, Made, NoRendition, RENDER_CLASS, RENDER_CREATIVE, REPLAN, Rendition, TRANSCODE},
    still::StillOf,
    store::Filter,
    uploads::Upload,
};
use self::{
    creative::Content as Said,
    probe::ProbeRefusal,
    render::{Font, Style, fonts::Typesetter, strip},
};
use crate::{
    accounts::{Actor, audit},
    blobs::Blobs,
    clock,
    db::{Db, DbError},
    entropy::{self, NoEntropy},
    jobs::{Handlers, Jobs},
};

/// Longest title, in characters.
pub const LONGEST_TITLE: usize = 60;
/// Longest slogan, in characters: at 300 ms each, half a minute of reading.
pub const LONGEST_TEXT: usize = 100;
/// How long a poster stands unless its author says otherwise.
pub const USUAL_POSTER: Millis = Millis(10_000);
/// Shortest and longest time that a poster may stand, in milliseconds.
pub const POSTER_RANGE: std::ops::RangeInclusive<u32> = 3_000..=120_000;

/// The content domain. Cheap to clone.
#[derive(Clone)]
pub struct Content {
    db: Db,
    blobs: Blobs,
    jobs: Jobs,
    fonts: Arc<Typesetter>,
    style: Arc<Style>,
    /// Decoding and drawing pictures take turns: two cores also have people and players to answer, and a poster of
    /// 60 million pixels takes 180 MB.
    drawing: Arc<Semaphore>,
    /// So many clips are probed at once at most.
    filming: Arc<Semaphore>,
}

/// A new creative, or all of a changed one.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is.
    pub kind: CreativeKind,
    /// What people call it.
    pub title: String,
    /// What it warns of.
    pub fraud_type: FraudType,
    /// A slogan's text.
    pub text: Option<String>,
    /// Any other's upload.
    pub upload: Option<Digest>,
    /// How long a poster stands.
    pub duration: Option<Millis>,
    /// First local day on which it may be shown.
    pub valid_from: Option<NaiveDate>,
    /// Last local day on which it may be shown.
    pub valid_until: Option<NaiveDate>,
    /// How a poster is fitted into a zone of another shape; the usual way for anything else.
    pub fit: Fit,
}

/// Why the content domain did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// No creative has this id.
    #[error("there is no such creative")]
    Unknown,
    /// No upload has this digest.
    #[error("there is no such upload")]
    UploadUnknown,
    /// The upload is of another kind than the creative.
    #[error("the upload is a {found:?}, not a {wanted:?}")]
    UploadKind {
        /// What the creative is.
        wanted: CreativeKind,
        /// What the upload is.
        found: CreativeKind,
    },
    /// A value cannot be accepted.
    #[error("{field}: {detail_zh}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What to do, in Chinese.
        detail_zh: String,
    },
    /// No font has glyphs for these characters.
    #[error("no glyphs for {0:?}")]
    MissingGlyphs(BTreeSet<char>),
    /// The step is not possible.
    #[error(transparent)]
    Step(#[from] StepRefusal),
    /// Somebody else changed it meanwhile.
    #[error("somebody else changed it meanwhile")]
    Raced,
    /// The file is refused.
    #[error(transparent)]
    Probe(#[from] ProbeRefusal),
    /// The sender stopped before the end of a file.
    #[error("the upload broke off")]
    BrokenOff,
    /// Making a file playable failed.
    #[error(transparent)]
    Transcode(#[from] transcode::TranscodeError),
    /// Drawing failed.
    #[error(transparent)]
    Render(#[from] render::RenderError),
    /// The disk failed.
    #[error("the blob store: {0}")]
    Io(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// No randomness for an id.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl Content {
    /// The domain on these rooms. Opening the fonts is the caller's, so that a missing one stops the start.
    pub fn new(db: Db, blobs: Blobs, jobs: Jobs, fonts: Typesetter, style: Style) -> Self {
        let (drawing, filming) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(2)));
        Self { db, blobs, jobs, fonts: Arc::new(fonts), style: Arc::new(style), drawing, filming }
    }

    /// Says that this domain does its jobs.
    pub fn register(&self, handlers: &mut Handlers) {
        let content = self.clone();
        handlers.register(RENDER_CREATIVE, move |key: String| {
            let content = content.clone();
            async move {
                // A key that is no id can only be an old mistake: there is nothing to render for it, ever.
                let Ok(id) = key.parse() else { return Ok(()) };
                content.render_creative(id, clock::now()).await
            }
        });
        let content = self.clone();
        handlers.register(TRANSCODE, move |key: String| {
            let content = content.clone();
            async move {
                let Ok(id) = key.parse() else { return Ok(()) };
                content.transcode(id, clock::now()).await
            }
        });
        let content = self.clone();
        handlers.register(RENDER_CLASS, move |key: String| {
            let content = content.clone();
            async move {
                let Some(class) = ScreenClass::from_key(&key) else { return Ok(()) };
                content.render_class(class, clock::now()).await
            }
        });
    }

    /// Has everything rendered anew that an older renderer made. Once at start.
    pub async fn refresh(&self, now: UtcMillis) -> Result<(), ContentError> {
        let mut tx = self.db.begin().await?;
        for creative in store::showable(&self.db).await? {
            self.jobs.enqueue(&mut tx, RENDER_CREATIVE, &creative.id.to_string(), now).await?;
        }
        tx.commit().await?;
        self.jobs.wake();
        Ok(())
    }

    /// Makes a draft.
    pub async fn create(&self, draft: Draft, by: &Actor, now: UtcMillis) -> Result<Creative, ContentError> {
        let said = self.checked(draft).await?;
        let mut creative = Creative {
            id: CreativeId::new(entropy::uuid(now)?),
            content: said,
            state: State::Draft,
            revision: 0,
            author: by.name().to_owned(),
            hands: BTreeSet::new(),
            created_at: now,
            updated_at: now,
        };
        let taken = creative.take(Step::Create, by, None, None, now)?;
        let mut tx = self.db.begin().await?;
        store::insert(&mut tx, &creative).await?;
        self.note(&mut tx, &creative, &taken, by).await?;
        tx.commit().await?;
        Ok(creative)
    }

    /// Changes a creative, which makes it a draft again. `change` is given what it is now and answers what it shall be.
    pub async fn edit(
        &self,
        id: CreativeId,
        change: impl FnOnce(&Said) -> Draft,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Creative, ContentError> {
        let creative = self.creative(id).await?;
        let said = self.checked(change(&creative.content)).await?;
        if said.kind != creative.content.kind {
            return Err(invalid("kind", "素材类型不能修改。请新建一个素材。"));
        }
        self.change(creative, by, |creative| creative.edit(said, by, now)).await
    }

    /// Takes a step of a creative's life. `seen` is the hash of the content that a reviewer looked at, where known.
    pub async fn step(
        &self,
        id: CreativeId,
        step: Step,
        reason: Option<String>,
        seen: Option<Digest>,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Creative, ContentError> {
        let creative = self.creative(id).await?;
        self.change(creative, by, |creative| creative.take(step, by, reason, seen, now)).await
    }

    async fn change(
        &self,
        mut creative: Creative,
        by: &Actor,
        change: impl FnOnce(&mut Creative) -> Result<StepTaken, StepRefusal>,
    ) -> Result<Creative, ContentError> {
        let read = creative.revision;
        let taken = change(&mut creative)?;
        let mut tx = self.db.begin().await?;
        if !store::update(&mut tx, &creative, read).await? {
            return Err(ContentError::Raced);
        }
        self.note(&mut tx, &creative, &taken, by).await?;
        let key = creative.id.to_string();
        if matches!(taken.to, State::InReview | State::Approved) {
            self.jobs.enqueue(&mut tx, RENDER_CREATIVE, &key, taken.at).await?;
        }
        if taken.from == State::Approved || taken.to == State::Approved {
            self.jobs.enqueue(&mut tx, REPLAN, "all", taken.at).await?;
        }
        tx.commit().await?;
        self.jobs.wake();
        Ok(creative)
    }

    /// Writes a step into the creative's history and the audit trail.
    async fn note(
        &self,
        tx: &mut crate::db::Tx,
        creative: &Creative,
        taken: &StepTaken,
        by: &Actor,
    ) -> Result<(), ContentError> {
        store::insert_step(tx, creative, taken, by).await?;
        let action = format!("content.{}", crate::db::code_of(&taken.step));
        let details =
            json!({ "title": creative.content.title, "content_hash": taken.content_hash, "reason": taken.reason });
        audit::record(tx, by, &action, &creative.id.to_string(), audit::Outcome::Done, details, taken.at).await?;
        Ok(())
    }

    /// One creative.
    pub async fn creative(&self, id: CreativeId) -> Result<Creative, ContentError> {
        store::creative_by_id(&self.db, id).await?.ok_or(ContentError::Unknown)
    }

    /// Those of these creatives that exist, in no particular order.
    pub async fn creatives(&self, ids: &[CreativeId]) -> Result<Vec<Creative>, ContentError> {
        Ok(store::creatives_by_ids(&self.db, ids).await?)
    }

    /// A page of creatives, newest first.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Creative>, ContentError> {
        Ok(store::creatives(&self.db, filter).await?)
    }

    /// How many creatives are in a state.
    pub async fn count(&self, state: State) -> Result<i64, ContentError> {
        Ok(store::count_in_state(&self.db, state).await?)
    }

    /// A creative's history, oldest first.
    pub async fn history(&self, id: CreativeId) -> Result<Vec<StepTaken>, ContentError> {
        Ok(store::steps(&self.db, id).await?)
    }

    /// Opens a blob of this domain for reading.
    pub async fn open(&self, digest: Digest) -> Result<(tokio::fs::File, u64), ContentError> {
        Ok(self.blobs.open_blob(digest).await?)
    }

    /// A small picture of a creative: PNG. `None` for sound.
    pub async fn thumbnail(&self, creative: &Creative) -> Result<Option<Vec<u8>>, ContentError> {
        if let Some(text) = creative.content.text.clone() {
            let (fonts, style, fraud) = (self.fonts.clone(), self.style.clone(), creative.content.fraud_type);
            let size = xuanping_core::geometry::Size { width: 640, height: 360 };
            let card = renditions::drawn(move || render::card::slogan(&text, fraud, size, &style, &fonts)).await??;
            return Ok(Some(card.file));
        }
        let Some(digest) = creative.content.upload else { return Ok(None) };
        let upload = self.upload(digest).await?.ok_or(ContentError::UploadUnknown)?;
        match upload.thumbnail {
            Some(thumbnail) => Ok(Some(self.blobs.read(thumbnail).await?)),
            None => Ok(None),
        }
    }

    /// Everything that makes a draft a possible creative.
    async fn checked(&self, draft: Draft) -> Result<Said, ContentError> {
        let title = draft.title.trim();
        if title.is_empty() || title.chars().count() > LONGEST_TITLE || title.chars().any(char::is_control) {
            return Err(invalid("title", format!("请填写名称，1–{LONGEST_TITLE} 个字，不含换行。")));
        }
        if let (Some(from), Some(until)) = (draft.valid_from, draft.valid_until)
            && from > until
        {
            return Err(invalid("valid_until", "有效期的结束日期早于开始日期。请调整日期。"));
        }
        let (text, duration) = match draft.kind {
            CreativeKind::Slogan => {
                if draft.upload.is_some() {
                    return Err(invalid("upload", "标语只有文字，不能附带文件。请去掉文件，或改为新建海报、视频。"));
                }
                let text = checked_text(draft.text.as_deref().unwrap_or_default())?;
                let missing = self.fonts.missing(&text);
                if !missing.is_empty() {
                    return Err(ContentError::MissingGlyphs(missing));
                }
                let duration = strip::reading_time(&text);
                (Some(text), duration)
            }
            kind => {
                if draft.text.is_some_and(|t| !t.trim().is_empty()) {
                    return Err(invalid("text", "只有标语可以填写文字内容。"));
                }
                (None, self.duration_of_upload(kind, draft.upload, draft.duration).await?)
            }
        };
        Ok(Said {
            kind: draft.kind,
            title: title.to_owned(),
            fraud_type: draft.fraud_type,
            text,
            upload: draft.upload,
            duration,
            valid_from: draft.valid_from,
            valid_until: draft.valid_until,
            fit: if draft.kind == CreativeKind::Poster { draft.fit } else { Fit::default() },
        })
    }

    async fn duration_of_upload(
        &self,
        kind: CreativeKind,
        upload: Option<Digest>,
        wanted: Option<Millis>,
    ) -> Result<Millis, ContentError> {
        let digest = upload.ok_or_else(|| invalid("upload", "请先上传文件。"))?;
        let upload = self.upload(digest).await?.ok_or(ContentError::UploadUnknown)?;
        let found = upload.media.kind();
        if found != kind {
            return Err(ContentError::UploadKind { wanted: kind, found });
        }
        if let Some(own) = upload.media.duration() {
            return Ok(own);
        }
        let wanted = wanted.unwrap_or(USUAL_POSTER);
        if POSTER_RANGE.contains(&wanted.0) {
            return Ok(wanted);
        }
        Err(invalid("duration_ms", "海报每次展示 3–120 秒。请调整展示时长。"))
    }
}

fn invalid(field: &'static str, detail_zh: impl Into<String>) -> ContentError {
    ContentError::Invalid { field, detail_zh: detail_zh.into() }
}

/// A slogan's text as it is kept: one line, single blanks.
fn checked_text(text: &str) -> Result<String, ContentError> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = text.chars().count();
    if length == 0 {
        return Err(invalid("text", "请填写标语内容。"));
    }
    if length > LONGEST_TEXT {
        return Err(invalid("text", format!("标语最多 {LONGEST_TEXT} 个字，现在有 {length} 个。请精简，或做成海报。")));
    }
    if text
        .chars()
        .any(|c| c.is_control() || ('\u{200B}'..='\u{200F}').contains(&c) || ('\u{202A}'..='\u{202E}').contains(&c))
    {
        return Err(invalid("text", "标语中有看不见的控制字符。请重新输入，不要从网页直接粘贴。"));
    }
    Ok(text)
}

/// The fonts that a text lacks glyphs in, for the problem's `glyphs` member.
pub(crate) fn glyph_list(missing: &[(Font, BTreeSet<char>)]) -> serde_json::Value {
    missing
        .iter()
        .map(|(font, glyphs)| {
            let glyphs: Vec<String> = glyphs.iter().map(char::to_string).collect();
            json!({ "font": font.code(), "font_name": font.name_zh(), "glyphs": glyphs })
        })
        .collect()
}
