//! Renditions: every creative that may be shown, made ready for every class of screen that takes it.
//! They are made when a creative is submitted (so that the reviewer sees the very pixels) and when a new class appears;
//! what came of each, file or reason, is a row that names the content it was made of.

use std::{
    collections::{HashMap, HashSet},
    io,
};

use xuanping_core::{
    digest::Digest,
    geometry::{Size, ZoneName},
    id::CreativeId,
    playlist::Show,
    time::{Millis, UtcMillis},
    vocabulary::CreativeKind,
};

use super::{
    Content, ContentError,
    class::ScreenClass,
    creative::{Creative, State},
    media::Media,
    render::{self, RENDERER, Rendered, poster},
    store, transcode,
};
use crate::{clock, db::code_of};

/// Job: renders one creative for every known class. Key: the creative's id.
pub const RENDER_CREATIVE: &str = "render_creative";
/// Job: renders every approved creative for one class. Key: [`ScreenClass::key`].
pub const RENDER_CLASS: &str = "render_class";
/// Job: makes a clip or sound playable, which can take minutes. Key: the creative's id.
pub const TRANSCODE: &str = "transcode";
/// Job left for whoever plans playlists, when what can be played has changed. Key: `all`.
pub const REPLAN: &str = "replan";

/// How long planning waits for more renditions to come after one, in milliseconds: a new class of screens has dozens made
/// one after the other, and each plan gives its screens a new playlist.
const SETTLE: i64 = 4_000;

/// A file that players download, and how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rendition {
    /// Whose.
    pub creative: CreativeId,
    /// The file.
    pub asset: Digest,
    /// Its length.
    pub bytes: u64,
    /// How to show it.
    pub show: Show,
    /// How long one showing lasts.
    pub duration: Millis,
}

/// Why a creative has no rendition for a class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRendition {
    /// It is not approved.
    #[error("it is {0:?}, not approved")]
    NotApproved(State),
    /// This kind of creative cannot be shown by this class at all.
    #[error("this class of screen does not take this kind of creative")]
    NotForThisClass,
    /// It will be there as soon as the job is done.
    #[error("it is being rendered")]
    Pending,
    /// It cannot be made; what to do about it, in Chinese.
    #[error("it cannot be rendered: {0}")]
    Impossible(String),
}

impl NoRendition {
    /// What an official reads.
    pub fn detail_zh(&self) -> String {
        match self {
            Self::NotApproved(state) => format!("素材当前为“{}”，审核通过后才能播放。", state.name_zh()),
            Self::NotForThisClass => "这类屏幕不能播放这种素材。".into(),
            Self::Pending => "正在为这类屏幕制作版本，完成后自动播放。".into(),
            Self::Impossible(detail) => detail.clone(),
        }
    }
}

/// What came of rendering a creative for a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Which creative.
    pub creative: CreativeId,
    /// For which class.
    pub class: ScreenClass,
    /// Of exactly which content.
    pub content_hash: Digest,
    /// By which version of the renderer.
    pub renderer: i64,
    /// The rendition, or in Chinese why there is none.
    pub outcome: Result<Rendition, String>,
}

impl Made {
    fn is_current(&self, creative: &Creative) -> bool {
        self.renderer == RENDERER && self.content_hash == creative.content.hash()
    }
}

/// What screens of each class are given for each creative.
pub type Given = HashMap<ScreenClass, HashMap<CreativeId, Result<Rendition, NoRendition>>>;

impl Content {
    /// What screens of these classes are given for these creatives. A class that was never asked for before is noted, and
    /// rendered for by a job that ends with [`REPLAN`].
    pub async fn given(
        &self,
        classes: &[ScreenClass],
        creatives: &HashMap<CreativeId, Creative>,
        now: UtcMillis,
    ) -> Result<Given, ContentError> {
        self.meet_classes(classes, now).await?;
        let mut given = Given::with_capacity(classes.len());
        for &class in classes {
            let made: HashMap<_, _> =
                store::renditions_for_class(&self.db, class).await?.into_iter().map(|m| (m.creative, m)).collect();
            let answer = |creative: &Creative| {
                if creative.state != State::Approved {
                    return Err(NoRendition::NotApproved(creative.state));
                }
                if !class.takes(creative.content.kind) {
                    return Err(NoRendition::NotForThisClass);
                }
                let made =
                    made.get(&creative.id).filter(|made| made.is_current(creative)).ok_or(NoRendition::Pending)?;
                made.outcome.clone().map_err(NoRendition::Impossible)
            };
            given.insert(class, creatives.values().map(|creative| (creative.id, answer(creative))).collect());
        }
        Ok(given)
    }

    /// What was rendered of a creative as it is now.
    pub async fn renditions_of(&self, creative: &Creative) -> Result<Vec<Made>, ContentError> {
        let made = store::renditions_of(&self.db, creative.id).await?;
        Ok(made.into_iter().filter(|made| made.is_current(creative)).collect())
    }

    /// What of these creatives, as they are now, was tried for a class of screens and cannot be made for it.
    pub async fn impossible(&self, creatives: &[Creative]) -> Result<HashSet<(CreativeId, ScreenClass)>, ContentError> {
        let mut impossible = HashSet::new();
        for creative in creatives {
            let made = self.renditions_of(creative).await?.into_iter();
            impossible.extend(made.filter(|made| made.outcome.is_err()).map(|made| (made.creative, made.class)));
        }
        Ok(impossible)
    }

    /// How the file with this digest is shown, if it is a rendition.
    pub async fn rendition(&self, asset: Digest) -> Result<Option<Rendition>, ContentError> {
        Ok(store::rendition_by_asset(&self.db, asset).await?)
    }

    /// Every class met so far.
    pub async fn classes(&self) -> Result<Vec<ScreenClass>, ContentError> {
        Ok(store::classes(&self.db).await?)
    }

    /// Notes classes of screens; what is new is rendered for by a job.
    pub async fn meet_classes(&self, classes: &[ScreenClass], now: UtcMillis) -> Result<(), ContentError> {
        let known = store::classes(&self.db).await?;
        let new: Vec<_> = classes.iter().filter(|class| !known.contains(class)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for class in new {
            store::insert_class(&mut tx, *class, now).await?;
            self.jobs.enqueue(&mut tx, RENDER_CLASS, &class.key(), now).await?;
        }
        tx.commit().await?;
        self.jobs.wake();
        Ok(())
    }

    /// Forgets classes that no screen is of any more: whoever moves a zone about until it pleases leaves many of them, and every
    /// creative to come would be rendered for each.
    pub async fn forget_classes_but(&self, in_use: &HashSet<ScreenClass>) -> Result<(), ContentError> {
        let known = store::classes(&self.db).await?;
        let unused: Vec<_> = known.into_iter().filter(|class| !in_use.contains(class)).collect();
        if unused.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        for class in unused {
            store::forget_class(&mut tx, class).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Job [`RENDER_CREATIVE`].
    pub async fn render_creative(&self, id: CreativeId, now: UtcMillis) -> Result<(), ContentError> {
        let Some(creative) = store::creative_by_id(&self.db, id).await? else { return Ok(()) };
        let classes = store::classes(&self.db).await?;
        let wanted: Vec<_> = classes.into_iter().map(|class| (creative.clone(), class)).collect();
        self.render_all(wanted, now).await
    }

    /// Job [`RENDER_CLASS`].
    pub async fn render_class(&self, class: ScreenClass, now: UtcMillis) -> Result<(), ContentError> {
        let wanted = store::showable(&self.db).await?.into_iter().map(|creative| (creative, class)).collect();
        self.render_all(wanted, now).await
    }

    /// Job [`TRANSCODE`]: makes the one file that all classes play.
    pub async fn transcode(&self, id: CreativeId, now: UtcMillis) -> Result<(), ContentError> {
        let Some(creative) = store::creative_by_id(&self.db, id).await? else { return Ok(()) };
        let takers = store::classes(&self.db).await?.into_iter().filter(|class| class.takes(creative.content.kind));
        let wanted: Vec<_> = takers.map(|class| (creative.clone(), class)).collect();
        let made = self.renditions_of(&creative).await?;
        let missing = wanted.iter().any(|(_, class)| made.iter().all(|m| m.class != *class));
        if !missing || !matches!(creative.state, State::InReview | State::Approved) {
            return Ok(());
        }
        let outcome = match reuse(&creative, &made) {
            Some(rendition) => Ok(rendition),
            None => self.transcoded(&creative).await?,
        };
        self.keep(wanted.into_iter().map(|(creative, class)| (creative, class, outcome.clone())).collect(), now).await
    }

    /// Renders whatever of these is not there yet; clips and sound are left to their own job.
    async fn render_all(&self, wanted: Vec<(Creative, ScreenClass)>, now: UtcMillis) -> Result<(), ContentError> {
        for (creative, class) in wanted {
            if !class.takes(creative.content.kind) || !matches!(creative.state, State::InReview | State::Approved) {
                continue;
            }
            let before = store::renditions_of(&self.db, creative.id).await?;
            let before: Vec<_> = before.into_iter().filter(|made| made.is_current(&creative)).collect();
            if before.iter().any(|made| made.class == class) {
                continue;
            }
            let film = matches!(creative.content.kind, CreativeKind::Clip | CreativeKind::Audio);
            match reuse(&creative, &before) {
                Some(rendition) => self.keep(vec![(creative, class, Ok(rendition))], now).await?,
                None if film => {
                    let mut tx = self.db.begin().await?;
                    self.jobs.enqueue(&mut tx, TRANSCODE, &creative.id.to_string(), now).await?;
                    tx.commit().await?;
                    self.jobs.wake();
                }
                None => {
                    let outcome = self.render_one(&creative, class).await?;
                    self.keep(vec![(creative, class, outcome)], now).await?;
                }
            }
        }
        Ok(())
    }

    /// Keeps what came of rendering, and has playlists planned anew if that makes more playable.
    pub(super) async fn keep(
        &self,
        made: Vec<(Creative, ScreenClass, Result<Rendition, String>)>,
        now: UtcMillis,
    ) -> Result<(), ContentError> {
        let mut tx = self.db.begin().await?;
        let mut playable_changed = false;
        for (creative, class, outcome) in made {
            let content_hash = creative.content.hash();
            let state = match store::content_hash_and_state(&mut tx, creative.id).await? {
                Some((hash, state)) if hash == content_hash => state,
                // Edited while this was being made: it must not take the place of what is made of the new content.
                _ => continue,
            };
            let made = Made { creative: creative.id, class, content_hash, renderer: RENDERER, outcome };
            store::put_rendition(&mut tx, &made, now).await?;
            // Its state now: it may have been approved, and planned without this, while this was being made.
            playable_changed |= state == State::Approved;
        }
        if playable_changed {
            self.jobs.enqueue_for(&mut tx, REPLAN, "all", clock::now().plus(SETTLE)).await?;
        }
        tx.commit().await?;
        if playable_changed {
            self.jobs.wake();
        }
        Ok(())
    }

    /// Renders one creative for one class. The outer error is ours and worth another try; the inner is final.
    async fn render_one(
        &self,
        creative: &Creative,
        class: ScreenClass,
    ) -> Result<Result<Rendition, String>, ContentError> {
        let _turn = self.drawing.acquire().await.map_err(|e| ContentError::Io(io::Error::other(e)))?;
        let content = &creative.content;
        let file = match content.kind {
            CreativeKind::Slogan => {
                let text = content.text.clone().unwrap_or_default();
                let (fonts, style, fraud) = (self.fonts.clone(), self.style.clone(), content.fraud_type);
                drawn(move || render::slogan(&text, fraud, class, &style, &fonts)).await?
            }
            CreativeKind::Poster => {
                let original = self.original_of(creative).await?;
                let (bytes, duration, fit) = (self.blobs.read(original.0).await?, content.duration, content.fit);
                drawn(move || poster::poster(&bytes, class.size, duration, fit)).await?
            }
            // The same file for every class, made by the transcoding job.
            CreativeKind::Clip | CreativeKind::Audio => return self.transcoded(creative).await,
        };
        let Rendered { file, show, duration } = match file {
            Ok(rendered) => rendered,
            Err(error) => return Ok(Err(error.detail_zh())),
        };
        let stored = self.blobs.put(&file).await?;
        Ok(Ok(Rendition { creative: creative.id, asset: stored.digest, bytes: stored.bytes, show, duration }))
    }

    async fn original_of(&self, creative: &Creative) -> Result<(Digest, Media), ContentError> {
        let digest = creative.content.upload.ok_or(ContentError::UploadUnknown)?;
        let upload = store::upload_by_digest(&self.db, digest).await?.ok_or(ContentError::UploadUnknown)?;
        Ok((digest, upload.media))
    }

    async fn transcoded(&self, creative: &Creative) -> Result<Result<Rendition, String>, ContentError> {
        let (digest, media) = self.original_of(creative).await?;
        let folder = tempfile::tempdir_in(self.blobs.scratch())?;
        let out = folder.path().join("playable.mp4");
        let playable = match transcode::playable(&self.blobs.path(digest), &media, &out).await {
            Ok(playable) => playable,
            Err(error) if error.is_final() => return Ok(Err(error.detail_zh())),
            Err(error) => return Err(error.into()),
        };
        let show = playable.size().map_or(Show::Sound, |size| Show::Clip { size });
        let duration = playable.duration().unwrap_or(creative.content.duration);
        let stored = self.blobs.adopt(&out).await?;
        Ok(Ok(Rendition { creative: creative.id, asset: stored.digest, bytes: stored.bytes, show, duration }))
    }
}

/// Clips and sound are the same file for every class.
fn reuse(creative: &Creative, before: &[Made]) -> Option<Rendition> {
    let same_everywhere = matches!(creative.content.kind, CreativeKind::Clip | CreativeKind::Audio);
    before.iter().find_map(|made| made.outcome.as_ref().ok()).filter(|_| same_everywhere).copied()
}

/// Drawing takes a processor for a while, which the threads that answer requests cannot spare.
pub async fn drawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ContentError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| ContentError::Io(io::Error::other(e)))
}

impl ScreenClass {
    /// The class as a job's key, e.g. `lcd/ticker/1920x120`.
    pub fn key(self) -> String {
        format!("{}/{}/{}x{}", code_of(&self.kind), code_of(&self.zone), self.size.width, self.size.height)
    }

    /// The class with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        let mut parts = key.split('/');
        let kind = serde_json::from_value(parts.next()?.into()).ok()?;
        let zone: ZoneName = serde_json::from_value(parts.next()?.into()).ok()?;
        let (width, height) = parts.next()?.split_once('x')?;
        let size = Size { width: width.parse().ok()?, height: height.parse().ok()? };
        parts.next().is_none().then_some(Self { kind, zone, size })
    }
}
