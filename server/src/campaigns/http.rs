//! Endpoints of campaigns and bookings. Takeovers' endpoints are with playlists, which issues them at once.

mod mode;
mod reach;

use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    campaign::{Booking, Selector},
    id::{BookingId, CampaignId, CreativeId},
    recurrence::ScheduleForm,
    time::UtcMillis,
};

use self::mode::ModeForm;
use super::{BookingDraft, Campaign, CampaignDraft, CampaignError, CampaignState, Campaigns, Unreached};
use crate::{
    accounts::{Allowed, Draft, Publish, SignedIn},
    clock,
    http::{Body, PathOf, Problem, QueryOf},
    screens::LONGEST_TAG,
};

/// All routes of this domain.
pub fn routes(state: Campaigns) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update))
        .routes(routes!(add_booking))
        .routes(routes!(change_booking, remove_booking))
        .merge(reach::routes())
        .routes(routes!(publish))
        .routes(routes!(withdraw))
        .with_state(state)
}

/// A campaign as the list shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignView {
    id: CampaignId,
    name: String,
    goal: String,
    owner_department: String,
    starts: NaiveDate,
    ends: NaiveDate,
    state: CampaignState,
    /// Where its dates put it today.
    phase: Phase,
    author: String,
    created_at: UtcMillis,
    updated_at: UtcMillis,
    /// The newest published revision.
    revision: Option<i64>,
    published_at: Option<UtcMillis>,
    /// Edited since it was last published.
    unpublished_changes: bool,
    bookings: Vec<Booking>,
}

/// Where a campaign's dates put it today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before its first day.
    Upcoming,
    /// Between its days.
    Running,
    /// After its last day.
    Ended,
}

impl CampaignView {
    fn new(c: Campaign, today: NaiveDate) -> Self {
        let phase = match () {
            () if today < c.starts => Phase::Upcoming,
            () if today > c.ends => Phase::Ended,
            () => Phase::Running,
        };
        Self {
            id: c.id,
            name: c.name,
            goal: c.goal,
            owner_department: c.owner_department,
            starts: c.starts,
            ends: c.ends,
            state: c.state,
            phase,
            author: c.author,
            created_at: c.created_at,
            updated_at: c.updated_at,
            revision: c.published.map(|(revision, _)| revision),
            published_at: c.published.map(|(_, at)| at),
            unpublished_changes: c.published.is_some_and(|(_, at)| c.updated_at > at),
            bookings: c.bookings,
        }
    }
}

/// Today in the county. Schedules are written in its local time.
fn today() -> NaiveDate {
    crate::clock::today(chrono_tz::Asia::Shanghai)
}

/// Campaigns, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignList {
    items: Vec<CampaignView>,
}

#[utoipa::path(get, path = "/api/v1/campaigns", tag = "campaigns", responses((status = 200, body = CampaignList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn list(State(campaigns): State<Campaigns>, _: Allowed<SignedIn>) -> Result<Body<CampaignList>, Problem> {
    let items = campaigns.list().await?.into_iter().map(|c| CampaignView::new(c, today())).collect();
    Ok(Body(CampaignList { items }))
}

/// What a campaign is called and when it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignForm {
    name: String,
    #[serde(default)]
    goal: String,
    /// Department code.
    owner_department: String,
    /// First local day.
    starts: NaiveDate,
    /// Last local day.
    ends: NaiveDate,
}

impl From<CampaignForm> for CampaignDraft {
    fn from(f: CampaignForm) -> Self {
        Self { name: f.name, goal: f.goal, owner_department: f.owner_department, starts: f.starts, ends: f.ends }
    }
}

#[utoipa::path(post, path = "/api/v1/campaigns", tag = "campaigns", request_body = CampaignForm,
    responses((status = 201, body = CampaignView)), extensions(("x-roles" = json!(["editor"]))))]
async fn create(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    Body(form): Body<CampaignForm>,
) -> Result<(StatusCode, Body<CampaignView>), Problem> {
    let campaign = campaigns.create(form.into(), &(&me).into(), clock::now()).await?;
    Ok((StatusCode::CREATED, Body(CampaignView::new(campaign, today()))))
}

#[utoipa::path(get, path = "/api/v1/campaigns/{id}", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 200, body = CampaignView)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn get(
    State(campaigns): State<Campaigns>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<CampaignId>,
) -> Result<Body<CampaignView>, Problem> {
    Ok(Body(CampaignView::new(campaigns.get(id).await?, today())))
}

#[utoipa::path(patch, path = "/api/v1/campaigns/{id}", tag = "campaigns", params(("id" = CampaignId, Path)),
    request_body = CampaignForm, responses((status = 200, body = CampaignView)),
    extensions(("x-roles" = json!(["editor"]))))]
async fn update(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<CampaignId>,
    Body(form): Body<CampaignForm>,
) -> Result<Body<CampaignView>, Problem> {
    let campaign = campaigns.update(id, form.into(), &(&me).into(), clock::now()).await?;
    Ok(Body(CampaignView::new(campaign, today())))
}

/// What a booking is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookingForm {
    name: String,
    creatives: Vec<CreativeId>,
    #[serde(default)]
    selector: Selector,
    /// Without `until` it ends with the campaign.
    schedule: ScheduleForm,
    mode: ModeForm,
    /// Never more showings than this on one day, 1 to 10,000.
    most_per_day: Option<u32>,
}

impl TryFrom<BookingForm> for BookingDraft {
    type Error = CampaignError;

    fn try_from(form: BookingForm) -> Result<Self, CampaignError> {
        Ok(Self {
            mode: form.mode.try_into()?,
            name: form.name,
            creatives: form.creatives,
            selector: form.selector,
            schedule: form.schedule,
            most_per_day: form.most_per_day,
        })
    }
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/bookings", tag = "campaigns",
    params(("id" = CampaignId, Path)), request_body = BookingForm, responses((status = 201, body = CampaignView)),
    extensions(("x-roles" = json!(["editor"]))))]
async fn add_booking(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<CampaignId>,
    Body(form): Body<BookingForm>,
) -> Result<(StatusCode, Body<CampaignView>), Problem> {
    let campaign = campaigns.add_booking(id, form.try_into()?, &(&me).into(), clock::now()).await?;
    Ok((StatusCode::CREATED, Body(CampaignView::new(campaign, today()))))
}

#[utoipa::path(put, path = "/api/v1/bookings/{id}", tag = "campaigns", params(("id" = BookingId, Path)),
    request_body = BookingForm, responses((status = 200, body = CampaignView)),
    extensions(("x-roles" = json!(["editor"]))))]
async fn change_booking(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<BookingId>,
    Body(form): Body<BookingForm>,
) -> Result<Body<CampaignView>, Problem> {
    let campaign = campaigns.change_booking(id, form.try_into()?, &(&me).into(), clock::now()).await?;
    Ok(Body(CampaignView::new(campaign, today())))
}

#[utoipa::path(delete, path = "/api/v1/bookings/{id}", tag = "campaigns", params(("id" = BookingId, Path)),
    responses((status = 200, body = CampaignView)), extensions(("x-roles" = json!(["editor"]))))]
async fn remove_booking(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Draft>,
    PathOf(id): PathOf<BookingId>,
) -> Result<Body<CampaignView>, Problem> {
    let campaign = campaigns.remove_booking(id, &(&me).into(), clock::now()).await?;
    Ok(Body(CampaignView::new(campaign, today())))
}

/// What publishing came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedView {
    revision: i64,
    /// How many screens it reaches.
    screens: usize,
}

/// How strict publishing is.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PublishQuery {
    /// Publish bookings that reach no screen yet, too: screens enrolled later join by themselves.
    #[serde(default)]
    allow_unreached: bool,
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/publish", tag = "campaigns",
    params(("id" = CampaignId, Path), PublishQuery),
    responses((status = 200, body = PublishedView)), extensions(("x-roles" = json!(["editor", "reviewer"]))))]
async fn publish(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Publish>,
    PathOf(id): PathOf<CampaignId>,
    QueryOf(query): QueryOf<PublishQuery>,
) -> Result<Body<PublishedView>, Problem> {
    let unreached = if query.allow_unreached { Unreached::Allow } else { Unreached::Refuse };
    let done = campaigns.publish(id, unreached, &(&me).into(), today(), clock::now()).await?;
    Ok(Body(PublishedView { revision: done.revision, screens: done.screens }))
}

#[utoipa::path(post, path = "/api/v1/campaigns/{id}/withdraw", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 204)), extensions(("x-roles" = json!(["editor", "reviewer"]))))]
async fn withdraw(
    State(campaigns): State<Campaigns>,
    Allowed(me, _): Allowed<Publish>,
    PathOf(id): PathOf<CampaignId>,
) -> Result<StatusCode, Problem> {
    campaigns.withdraw(id, &(&me).into(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<CampaignError> for Problem {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::UnknownCampaign => Self::not_found("宣传活动"),
            CampaignError::UnknownBooking => Self::not_found("排期"),
            CampaignError::UnknownTakeover => Self::not_found("紧急插播"),
            CampaignError::Text(field) => Self::invalid(
                field,
                if field == "goal" { "目标最多 500 个字。" } else { "名称不能为空，最多 60 个字。" },
            ),
            CampaignError::Inverted => Self::invalid("ends", "结束日期早于开始日期，请改正日期。"),
            CampaignError::UnknownDepartment => Self::invalid("owner_department", "责任单位不存在，请重新选择。"),
            CampaignError::Schedule(why) => {
                Self::invalid(&format!("schedule.{}", why.field()), format!("{why}。")).with("reason", why.code())
            }
            CampaignError::OutsideCampaign => {
                Self::invalid("schedule.from", "排期的日期超出了宣传活动的起止日期，请调整排期或活动日期。")
            }
            CampaignError::Weight(_) => Self::invalid("mode.share.weight", "权重须为 1 至 100 的整数。"),
            CampaignError::Guarantee(e) => Self::invalid("mode.guarantee", format!("{e}。")),
            CampaignError::FixedTimes(e) => Self::invalid("mode.fixed.times", format!("{e}。")),
            CampaignError::Quota(e) => Self::invalid("mode.quota.plays", format!("{e}。")),
            CampaignError::Cap => Self::invalid("most_per_day", "每日上限须为 1 至 10000 的整数，不限请留空。"),
            CampaignError::NoCreatives => Self::invalid("creatives", "请至少选择一个素材。"),
            CampaignError::UnknownCreative(_) => Self::invalid("creatives", "所选素材已不存在，请重新选择。"),
            CampaignError::TooMany { field, most } => {
                Self::invalid(field, format!("最多可选 {most} 项，请减少后重试。"))
            }
            CampaignError::UnknownPlace(field) => {
                Self::invalid(field, "投放范围中的区划或责任单位不存在，请重新选择。")
            }
            CampaignError::BadTag(field) => {
                Self::invalid(field, format!("标签不能为空，最多 {LONGEST_TAG} 个字，请重新选择。"))
            }
            CampaignError::EditedMeanwhile => Self::conflict(
                "edited-meanwhile",
                "活动刚刚被修改",
                "检查期间有人修改了该活动，尚未发布。请刷新页面，确认内容后再次发布。",
            ),
            CampaignError::NoBookings => Self::conflict("no-bookings", "尚无排期", "请先添加至少一条排期，再发布。"),
            CampaignError::NotApproved { titles } => Self::conflict(
                "creatives-not-approved",
                "素材未通过审核",
                format!(
                    "以下素材尚未审核通过或已撤下，不能播出：{}。请先送审通过，或从排期中移除。",
                    titles.join("、")
                ),
            )
            .with("titles", titles),
            CampaignError::NoScreens { name } => Self::conflict(
                "no-screens",
                "没有覆盖任何屏幕",
                match name.as_str() {
                    "" => "所选范围内没有屏幕，请放宽场所类型、区划等条件。".to_owned(),
                    name => format!("排期“{name}”的投放范围内没有屏幕，请放宽场所类型、区划等条件。"),
                },
            )
            .with("field", "selector"),
            CampaignError::NothingPlayable { name } => Self::conflict(
                "nothing-playable",
                "屏幕无法播放所选素材",
                format!("“{name}”范围内的屏幕都不能播放所选素材（例如 LED 条屏只能显示标语）。请更换素材或范围。"),
            )
            .with("field", "creatives"),
            CampaignError::Over => {
                Self::conflict("campaign-over", "宣传活动已结束", "结束日期已过，请先延长活动日期再发布。")
            }
            CampaignError::NotPublished => {
                Self::conflict("not-published", "尚未发布", "该活动不在发布状态，无需撤下。")
            }
            CampaignError::Expiry => Self::invalid("expires_in_minutes", "紧急插播时长须为 1 分钟至 24 小时。"),
            CampaignError::TakeoverOver => {
                Self::conflict("takeover-over", "紧急插播已结束", "该紧急插播已到期或已撤销，无需再次撤销。")
            }
            CampaignError::Screens(e) => e.into(),
            CampaignError::Content(e) => e.into(),
            CampaignError::Db(e) => e.into(),
            CampaignError::Entropy(e) => e.into(),
        }
    }
}
