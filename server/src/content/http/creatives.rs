//! Creatives: list, write, review.

use axum::{body::Bytes, extract::State, http::StatusCode};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use xuanping_core::{
    digest::Digest,
    geometry::{Size, ZoneName},
    id::CreativeId,
    playlist::Show,
    time::{Millis, UtcMillis},
    vocabulary::{CreativeKind, FraudType, ScreenKind},
};

use super::uploads::MediaView;
use crate::{
    accounts::{Allowed, Draft as MayDraft, Principal, Review, SignedIn},
    clock,
    content::{Content, Creative, Draft, Filter, Fit, Made, State as CreativeState, Step, StepTaken},
    http::{Body, PathOf, Problem, QueryOf},
};

/// A creative as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreativeView {
    id: CreativeId,
    kind: CreativeKind,
    title: String,
    fraud_type: FraudType,
    /// A slogan's text.
    text: Option<String>,
    /// Any other's file.
    #[schema(value_type = Option<String>)]
    upload: Option<Digest>,
    duration_ms: u32,
    #[schema(value_type = Option<String>, format = Date)]
    valid_from: Option<NaiveDate>,
    #[schema(value_type = Option<String>, format = Date)]
    valid_until: Option<NaiveDate>,
    fit: Fit,
    state: CreativeState,
    /// What a review is bound to: send it back with an approval.
    #[schema(value_type = String)]
    content_hash: Digest,
    /// Name of whoever made it.
    author: String,
    created_at: UtcMillis,
    updated_at: UtcMillis,
}

impl From<Creative> for CreativeView {
    fn from(c: Creative) -> Self {
        let content_hash = c.content.hash();
        Self {
            id: c.id,
            kind: c.content.kind,
            title: c.content.title,
            fraud_type: c.content.fraud_type,
            text: c.content.text,
            upload: c.content.upload,
            duration_ms: c.content.duration.0,
            valid_from: c.content.valid_from,
            valid_until: c.content.valid_until,
            fit: c.content.fit,
            state: c.state,
            content_hash,
            author: c.author,
            created_at: c.created_at,
            updated_at: c.updated_at,
        }
    }
}

/// A creative with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreativeDetail {
    #[serde(flatten)]
    creative: CreativeView,
    /// Name of the uploaded file.
    file_name: Option<String>,
    file_bytes: Option<u64>,
    media: Option<MediaView>,
    /// Oldest first.
    history: Vec<HistoryLine>,
    /// Whether the caller could approve it if it is waiting: had no hand in it.
    may_approve: bool,
}

/// One step of a creative's history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryLine {
    at: UtcMillis,
    by: String,
    step: Step,
    from: CreativeState,
    to: CreativeState,
    #[schema(value_type = String)]
    content_hash: Digest,
    reason: Option<String>,
}

impl From<StepTaken> for HistoryLine {
    fn from(s: StepTaken) -> Self {
        let StepTaken { at, by, step, from, to, content_hash, reason } = s;
        Self { at, by, step, from, to, content_hash, reason }
    }
}

async fn detail(content: &Content, creative: Creative, me: &Principal) -> Result<Body<CreativeDetail>, Problem> {
    let upload = match creative.content.upload {
        Some(digest) => content.upload(digest).await?,
        None => None,
    };
    let history = content.history(creative.id).await?.into_iter().map(Into::into).collect();
    Ok(Body(CreativeDetail {
        file_name: upload.as_ref().map(|u| u.name.clone()),
        file_bytes: upload.as_ref().map(|u| u.bytes),
        media: upload.as_ref().map(|u| (&u.media).into()),
        history,
        may_approve: me.has_any(<Review as crate::accounts::Permission>::ROLES) && !creative.hands.contains(&me.id),
        creative: creative.into(),
    }))
}

/// Which creatives.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CreativeQuery {
    kind: Option<CreativeKind>,
    state: Option<CreativeState>,
    fraud_type: Option<FraudType>,
    /// Words in title or text.
    q: Option<String>,
    /// The `next` of the page before.
    cursor: Option<CreativeId>,
    /// At most so many, 1 to 200; 50 without.
    limit: Option<u32>,
}

/// A page of creatives, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreativePage {
    items: Vec<CreativeView>,
    /// `cursor` of the next page.
    next: Option<CreativeId>,
}

#[utoipa::path(get, path = "/api/v1/creatives", tag = "content", params(CreativeQuery),
    responses((status = 200, body = CreativePage)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
pub(super) async fn list(
    State(content): State<Content>,
    _: Allowed<SignedIn>,
    QueryOf(query): QueryOf<CreativeQuery>,
) -> Result<Body<CreativePage>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let filter = Filter {
        kind: query.kind,
        state: query.state,
        fraud_type: query.fraud_type,
        words: query.q.map(|q| q.trim().to_owned()).filter(|q| !q.is_empty()),
        before: query.cursor,
        limit,
    };
    let found = content.list(&filter).await?;
    let next = (found.len() == limit as usize).then(|| found.last().map(|c| c.id)).flatten();
    Ok(Body(CreativePage { items: found.into_iter().map(Into::into).collect(), next }))
}

/// A new creative.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateCreative {
    kind: CreativeKind,
    title: String,
    fraud_type: FraudType,
    /// A slogan's text, one line of at most 100 characters.
    text: Option<String>,
    /// The `digest` that `POST /uploads` answered.
    #[schema(value_type = Option<String>)]
    upload: Option<Digest>,
    /// How long a poster stands, 3,000 to 120,000; 10,000 without.
    duration_ms: Option<u32>,
    #[schema(value_type = Option<String>, format = Date)]
    valid_from: Option<NaiveDate>,
    #[schema(value_type = Option<String>, format = Date)]
    valid_until: Option<NaiveDate>,
    /// How a poster is fitted; whole without.
    #[serde(default)]
    fit: Fit,
}

#[utoipa::path(post, path = "/api/v1/creatives", tag = "content", request_body = CreateCreative,
    responses((status = 201, body = CreativeDetail)), extensions(("x-roles" = json!(["editor"]))))]
pub(super) async fn create(
    State(content): State<Content>,
    me: Allowed<MayDraft>,
    Body(new): Body<CreateCreative>,
) -> Result<(StatusCode, Body<CreativeDetail>), Problem> {
    let draft = Draft {
        kind: new.kind,
        title: new.title,
        fraud_type: new.fraud_type,
        text: new.text,
        upload: new.upload,
        duration: new.duration_ms.map(Millis),
        valid_from: new.valid_from,
        valid_until: new.valid_until,
        fit: new.fit,
    };
    let creative = content.create(draft, &(&me.0).into(), clock::now()).await?;
    Ok((StatusCode::CREATED, detail(&content, creative, &me.0).await?))
}

#[utoipa::path(get, path = "/api/v1/creatives/{id}", tag = "content", params(("id" = CreativeId, Path)),
    responses((status = 200, body = CreativeDetail)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
pub(super) async fn show(
    State(content): State<Content>,
    me: Allowed<SignedIn>,
    PathOf(id): PathOf<CreativeId>,
) -> Result<Body<CreativeDetail>, Problem> {
    detail(&content, content.creative(id).await?, &me.0).await
}

/// What to change. A missing member is left as it is; dates can be taken away with `null`. Any change makes it a draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeCreative {
    title: Option<String>,
    fraud_type: Option<FraudType>,
    text: Option<String>,
    #[schema(value_type = Option<String>)]
    upload: Option<Digest>,
    duration_ms: Option<u32>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    valid_from: Day,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    valid_until: Day,
    fit: Option<Fit>,
}

/// A day in a change.
#[derive(Debug, Clone, Copy, Default)]
enum Day {
    /// The member is not there: leave what is.
    #[default]
    Left,
    /// A date, or `null` to take it away.
    Set(Option<NaiveDate>),
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<NaiveDate>::deserialize(deserializer).map(Self::Set)
    }
}

impl Day {
    fn or(self, now: Option<NaiveDate>) -> Option<NaiveDate> {
        match self {
            Self::Left => now,
            Self::Set(day) => day,
        }
    }
}

#[utoipa::path(patch, path = "/api/v1/creatives/{id}", tag = "content", params(("id" = CreativeId, Path)),
    request_body = ChangeCreative, responses((status = 200, body = CreativeDetail)),
    extensions(("x-roles" = json!(["editor"]))))]
pub(super) async fn change(
    State(content): State<Content>,
    me: Allowed<MayDraft>,
    PathOf(id): PathOf<CreativeId>,
    Body(change): Body<ChangeCreative>,
) -> Result<Body<CreativeDetail>, Problem> {
    let whole = |now: &crate::content::creative::Content| Draft {
        kind: now.kind,
        title: change.title.unwrap_or_else(|| now.title.clone()),
        fraud_type: change.fraud_type.unwrap_or(now.fraud_type),
        text: change.text.or_else(|| now.text.clone()),
        upload: change.upload.or(now.upload),
        duration: Some(change.duration_ms.map_or(now.duration, Millis)),
        valid_from: change.valid_from.or(now.valid_from),
        valid_until: change.valid_until.or(now.valid_until),
        fit: change.fit.unwrap_or(now.fit),
    };
    let creative = content.edit(id, whole, &(&me.0).into(), clock::now()).await?;
    detail(&content, creative, &me.0).await
}

async fn take(
    content: &Content,
    id: CreativeId,
    step: Step,
    given: StepBody,
    me: &Principal,
) -> Result<Body<CreativeDetail>, Problem> {
    let creative = content.step(id, step, given.reason, given.content_hash, &me.into(), clock::now()).await?;
    detail(content, creative, me).await
}

/// What a reviewer may say with a step. The whole body may be left out where no reason is needed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepBody {
    /// Why: needed for a rejection.
    #[serde(default)]
    reason: Option<String>,
    /// The `content_hash` that the reviewer looked at; refused if the content has changed since.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    content_hash: Option<Digest>,
}

fn step_body(bytes: &Bytes) -> Result<StepBody, Problem> {
    if bytes.is_empty() {
        return Ok(StepBody::default());
    }
    serde_json::from_slice(bytes)
        .map_err(|e| Problem::invalid("reason", format!("提交的内容格式不对，请刷新页面后重试。（{e}）")))
}

#[utoipa::path(post, path = "/api/v1/creatives/{id}/submit", tag = "content", params(("id" = CreativeId, Path)),
    responses((status = 200, body = CreativeDetail)), extensions(("x-roles" = json!(["editor"]))))]
pub(super) async fn submit(
    State(content): State<Content>,
    me: Allowed<MayDraft>,
    PathOf(id): PathOf<CreativeId>,
) -> Result<Body<CreativeDetail>, Problem> {
    take(&content, id, Step::Submit, StepBody::default(), &me.0).await
}

#[utoipa::path(post, path = "/api/v1/creatives/{id}/approve", tag = "content", params(("id" = CreativeId, Path)),
    request_body(content = Option<StepBody>), responses((status = 200, body = CreativeDetail)),
    extensions(("x-roles" = json!(["reviewer"]))))]
pub(super) async fn approve(
    State(content): State<Content>,
    me: Allowed<Review>,
    PathOf(id): PathOf<CreativeId>,
    body: Bytes,
) -> Result<Body<CreativeDetail>, Problem> {
    take(&content, id, Step::Approve, step_body(&body)?, &me.0).await
}

#[utoipa::path(post, path = "/api/v1/creatives/{id}/reject", tag = "content", params(("id" = CreativeId, Path)),
    request_body = StepBody, responses((status = 200, body = CreativeDetail)),
    extensions(("x-roles" = json!(["reviewer"]))))]
pub(super) async fn reject(
    State(content): State<Content>,
    me: Allowed<Review>,
    PathOf(id): PathOf<CreativeId>,
    Body(body): Body<StepBody>,
) -> Result<Body<CreativeDetail>, Problem> {
    take(&content, id, Step::Reject, body, &me.0).await
}

#[utoipa::path(post, path = "/api/v1/creatives/{id}/withdraw", tag = "content", params(("id" = CreativeId, Path)),
    request_body(content = Option<StepBody>), responses((status = 200, body = CreativeDetail)),
    extensions(("x-roles" = json!(["editor", "reviewer"]))))]
pub(super) async fn withdraw(
    State(content): State<Content>,
    me: Allowed<crate::accounts::Publish>,
    PathOf(id): PathOf<CreativeId>,
    body: Bytes,
) -> Result<Body<CreativeDetail>, Problem> {
    take(&content, id, Step::Withdraw, step_body(&body)?, &me.0).await
}

/// What a class of screens shows of a creative.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RenditionView {
    screen_kind: ScreenKind,
    zone: ZoneName,
    zone_size: Size,
    /// The file: `GET /renditions/{digest}`. Missing if it cannot be made.
    #[schema(value_type = Option<String>)]
    digest: Option<Digest>,
    bytes: Option<u64>,
    /// `picture`, `strip`, `clip` or `sound`.
    show: Option<&'static str>,
    /// Size of the file's picture.
    size: Option<Size>,
    scrolls: bool,
    pixels_per_second: Option<u32>,
    duration_ms: Option<u32>,
    /// Why it cannot be made, and what to do.
    problem: Option<String>,
}

impl From<Made> for RenditionView {
    fn from(made: Made) -> Self {
        let (rendition, problem) = match made.outcome {
            Ok(rendition) => (Some(rendition), None),
            Err(problem) => (None, Some(problem)),
        };
        let (show, size, pixels_per_second) = match rendition.map(|r| r.show) {
            None => (None, None, None),
            Some(Show::Picture { size }) => (Some("picture"), Some(size), None),
            Some(Show::Strip { size, pixels_per_second }) => (Some("strip"), Some(size), Some(pixels_per_second)),
            Some(Show::Clip { size }) => (Some("clip"), Some(size), None),
            Some(Show::Sound) => (Some("sound"), None, None),
        };
        Self {
            screen_kind: made.class.kind,
            zone: made.class.zone,
            zone_size: made.class.size,
            digest: rendition.map(|r| r.asset),
            bytes: rendition.map(|r| r.bytes),
            show,
            size,
            scrolls: pixels_per_second.is_some() && size.is_some_and(|s| s.width > made.class.size.width),
            pixels_per_second,
            duration_ms: rendition.map(|r| r.duration.0),
            problem,
        }
    }
}

/// What all classes of screens show of a creative.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RenditionList {
    items: Vec<RenditionView>,
}

#[utoipa::path(get, path = "/api/v1/creatives/{id}/renditions", tag = "content", params(("id" = CreativeId, Path)),
    responses((status = 200, body = RenditionList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
pub(super) async fn renditions(
    State(content): State<Content>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<CreativeId>,
) -> Result<Body<RenditionList>, Problem> {
    let creative = content.creative(id).await?;
    let items = content.renditions_of(&creative).await?.into_iter().map(Into::into).collect();
    Ok(Body(RenditionList { items }))
}
