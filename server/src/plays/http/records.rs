//! Looking at the play log: records page by page, summaries, findings.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId, ScreenId, VenueId},
    playlog::{PlayStatus, TriggerKind},
    position::{Circle, InvalidPosition},
    time::{Millis, UtcMillis},
    vocabulary::{CreativeKind, FraudType, VenueType},
};

use super::super::{
    Counted, CountedAs, Cursor, Filter, Finding, FindingKind, Flag, Group, Order, PlayRecord, Plays, SummaryLine,
    names::Names, sheet::Format,
};
use crate::{
    accounts::{Allowed, Principal, ReadPlays},
    http::{Body, Problem, QueryOf},
};

/// Records on a page unless asked otherwise, and at most.
const USUAL_PAGE: u32 = 100;
const LONGEST_PAGE: u32 = 500;

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(count)).routes(routes!(summary)).routes(routes!(findings))
}

/// Query strings that all have the same filter. Unknown members are refused: a mistyped filter must not mean "all".
macro_rules! filtered {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[into_params(parameter_in = Query)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// On this screen.
            screen: Option<ScreenId>,
            /// In this venue.
            venue: Option<VenueId>,
            /// In this area or below: 12 digits.
            area: Option<String>,
            /// With `area`: in that very area, not below it.
            #[serde(default)]
            area_only: bool,
            /// With `within_m`: in venues around this point, WGS-84 `29.12345,115.67890`.
            near: Option<String>,
            /// How many metres around `near`, at most 100,000.
            within_m: Option<u32>,
            /// In venues of this department.
            department: Option<String>,
            /// In venues of this type.
            venue_type: Option<VenueType>,
            /// Of this creative.
            creative: Option<CreativeId>,
            /// For this campaign.
            campaign: Option<CampaignId>,
            /// Of takeovers only.
            #[serde(default)]
            takeover: bool,
            /// Of creatives against this kind of fraud.
            fraud_type: Option<FraudType>,
            /// From this local day on.
            day_from: Option<NaiveDate>,
            /// Until this local day, included.
            day_to: Option<NaiveDate>,
            /// That began in this local hour, 0–23.
            hour: Option<u8>,
            /// Out of the batch of this number; with `screen`.
            sequence: Option<u64>,
            /// That went like this.
            status: Option<PlayStatus>,
            /// That are in this column of summaries.
            #[param(inline)]
            counted_as: Option<CountedAs>,
            /// That break this rule.
            flag: Option<Flag>,
            /// Only those that count.
            #[serde(default)]
            counted_only: bool,
            $($(#[$field_doc])* pub(super) $field: $type,)*
        }

        impl $name {
            /// The filter, within what the person may see.
            pub(super) fn filter(&self, who: &Principal) -> Result<Filter, Problem> {
                checked(Filter {
                    screen: self.screen,
                    venue: self.venue,
                    area: self.area.clone().filter(|area| !area.is_empty()),
                    area_only: self.area_only,
                    near: circle(self.near.as_deref(), self.within_m)?,
                    department: self.department.clone().filter(|code| !code.is_empty()),
                    venue_type: self.venue_type,
                    creative: self.creative,
                    campaign: self.campaign,
                    takeover: self.takeover,
                    fraud_type: self.fraud_type,
                    day_from: self.day_from,
                    day_to: self.day_to,
                    hour: self.hour,
                    sequence: self.sequence,
                    status: self.status,
                    counted_as: self.counted_as,
                    flag: self.flag,
                    counted_only: self.counted_only,
                    scope: who.scope.clone(),
                })
            }
        }
    )+};
}

filtered! {
    /// Which records, and where in the list.
    PlayQuery {
        /// `next` of the page before.
        cursor: Option<String>,
        /// Records on a page: 100, at most 500.
        limit: Option<u32>,
    }
    /// Which records, and what to have a line for.
    SummaryQuery {
        /// What to have a line for.
        #[param(inline)]
        group: Group,
    }
    /// Which records, and as what.
    ExportQuery {
        /// `people`, `outsmart`, `ndjson`, `xlsx` or `parquet`.
        #[param(inline)]
        format: Format,
    }
    /// Which records.
    BundleQuery {}
    /// Which records.
    CountQuery {}
}

/// The farthest that "near" can be, in metres: a county and its neighbours.
const FARTHEST: u32 = 100_000;

/// Somewhere around a point, if that was said.
pub(super) fn circle(near: Option<&str>, within: Option<u32>) -> Result<Option<Circle>, Problem> {
    match (near.filter(|near| !near.is_empty()), within) {
        (None, None) => Ok(None),
        (Some(near), Some(metres)) if (1..=FARTHEST).contains(&metres) => {
            let centre = near.parse().map_err(|why: InvalidPosition| Problem::invalid("near", why.to_string()))?;
            Ok(Some(Circle { centre, metres }))
        }
        (None, Some(_)) => Err(Problem::invalid("near", "请填写中心点坐标（纬度,经度）。")),
        (Some(_), _) => Err(Problem::invalid("within_m", format!("距离须为 1 至 {FARTHEST} 米。"))),
    }
}

fn checked(filter: Filter) -> Result<Filter, Problem> {
    let twelve_digits = |area: &String| area.len() == 12 && area.bytes().all(|b| b.is_ascii_digit());
    if filter.area.as_ref().is_some_and(|area| !twelve_digits(area)) {
        return Err(Problem::invalid("area", "区划代码须为 12 位数字。"));
    }
    if filter.day_from.zip(filter.day_to).is_some_and(|(from, to)| to < from) {
        return Err(Problem::invalid("day_to", "结束日期不能早于开始日期。"));
    }
    if filter.hour.is_some_and(|hour| hour > 23) {
        return Err(Problem::invalid("hour", "时段须为 0 至 23 时。"));
    }
    Ok(filter)
}

/// A play.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayView {
    screen: ScreenId,
    screen_name: String,
    venue: VenueId,
    venue_name: String,
    venue_type: VenueType,
    /// 12-digit code.
    area: String,
    area_name: String,
    /// Code.
    department: String,
    /// Number of the batch.
    sequence: u64,
    /// Position in the batch, from 0.
    position: u32,
    started: UtcMillis,
    /// The venue's local date.
    day: NaiveDate,
    zone: ZoneName,
    creative: CreativeId,
    /// None if there is no such creative: see `flag`.
    creative_title: Option<String>,
    creative_kind: Option<CreativeKind>,
    /// SHA-256 of the file that was shown.
    asset: String,
    /// The booking, or the takeover under its id.
    booking: BookingId,
    booking_name: Option<String>,
    /// None for a takeover.
    campaign: Option<CampaignId>,
    campaign_name: Option<String>,
    /// Milliseconds that it was meant to last.
    planned: Millis,
    /// Milliseconds that it was shown.
    actual: Millis,
    status: PlayStatus,
    trigger: TriggerKind,
    /// Shown its full length, and nothing against it.
    counted: bool,
    /// Why it is not believed.
    flag: Option<Flag>,
}

impl PlayView {
    pub(super) fn new(record: PlayRecord, names: &Names) -> Self {
        let screen = names.screen(record.screen);
        let creative = names.creative(record.creative);
        Self {
            screen: record.screen,
            screen_name: screen.map(|s| s.name.clone()).unwrap_or_default(),
            venue: record.venue,
            venue_name: screen.map(|s| s.venue.clone()).unwrap_or_default(),
            venue_type: record.venue_type,
            area_name: names.area(&record.area).unwrap_or_default().to_owned(),
            area: record.area,
            department: record.department,
            sequence: record.sequence,
            position: record.position,
            started: record.started,
            day: record.day,
            zone: record.zone,
            creative: record.creative,
            creative_title: creative.map(|c| c.title.clone()),
            creative_kind: creative.map(|c| c.kind),
            asset: record.asset.to_string(),
            booking: record.booking,
            booking_name: names.booking(record.booking).map(str::to_owned),
            campaign: record.campaign,
            campaign_name: record.campaign.and_then(|id| names.campaign(id)).map(|c| c.name.clone()),
            planned: record.planned,
            actual: record.actual,
            status: record.status,
            trigger: record.trigger,
            counted: record.counted,
            flag: record.flag,
        }
    }
}

/// Plays, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayPage {
    items: Vec<PlayView>,
    /// Cursor of the next page; none on the last.
    next: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/plays", tag = "plays", params(PlayQuery),
    responses((status = 200, body = PlayPage)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn list(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<PlayQuery>,
) -> Result<Body<PlayPage>, Problem> {
    let filter = query.filter(&me)?;
    let cursor = query.cursor.as_deref().map(str::parse::<Cursor>).transpose();
    let cursor = cursor.map_err(|_| Problem::invalid("cursor", "翻页标记有误，请从第一页重新查询。"))?;
    let limit = query.limit.unwrap_or(USUAL_PAGE).clamp(1, LONGEST_PAGE);
    // One more than asked for tells whether there is a next page.
    let mut records = plays.page(&filter, Order::NewestFirst, cursor, limit + 1).await?;
    let more = records.len() > limit as usize;
    records.truncate(limit as usize);
    let next = records.last().filter(|_| more).map(|last| Cursor::after(last).to_string());
    let mut names = Names::open(&plays).await?;
    names.learn(&plays, &records).await?;
    Ok(Body(PlayPage { items: records.into_iter().map(|r| PlayView::new(r, &names)).collect(), next }))
}

/// What plays come to, together.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayCount {
    /// How many; none: too many to be counted with a filter that no counter tells apart.
    plays: Option<i64>,
    /// On how many screens.
    screens: Option<usize>,
    /// Milliseconds on the wall; none: not known of these alone.
    shown_ms: Option<i64>,
}

impl From<Option<Counted>> for PlayCount {
    fn from(counted: Option<Counted>) -> Self {
        Self {
            plays: counted.map(|counted| counted.plays),
            screens: counted.map(|counted| counted.screens),
            shown_ms: counted.and_then(|counted| counted.shown_ms),
        }
    }
}

#[utoipa::path(get, path = "/api/v1/plays/count", tag = "plays", params(CountQuery),
    responses((status = 200, body = PlayCount)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn count(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<CountQuery>,
) -> Result<Body<PlayCount>, Problem> {
    Ok(Body(plays.count(&query.filter(&me)?).await?.into()))
}

/// A line of a summary.
#[derive(Debug, Serialize, ToSchema)]
pub struct SummaryView {
    /// An id, a code, a date or an hour; empty for takeovers among campaigns.
    key: String,
    /// What people call it.
    name: String,
    /// Plays shown their full length.
    completed: i64,
    /// Plays shown for a part.
    interrupted: i64,
    /// Plays that failed.
    failed: i64,
    /// Plays that are not believed.
    not_counted: i64,
    /// Milliseconds on the wall.
    shown_ms: i64,
}

/// Lines by key. `status` and `counted_only` do not change them: they have a column for each.
#[derive(Debug, Serialize, ToSchema)]
pub struct Summary {
    items: Vec<SummaryView>,
}

#[utoipa::path(get, path = "/api/v1/plays/summary", tag = "plays", params(SummaryQuery),
    responses((status = 200, body = Summary)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn summary(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<SummaryQuery>,
) -> Result<Body<Summary>, Problem> {
    let lines = plays.summary(&query.filter(&me)?, query.group).await?;
    let mut names = Names::open(&plays).await?;
    match query.group {
        Group::Screen => names.learn_screens(&plays, lines.iter().filter_map(|l| l.key.parse().ok()).collect()).await?,
        Group::Creative => {
            names.learn_creatives(&plays, lines.iter().filter_map(|l| l.key.parse().ok()).collect()).await?;
        }
        _ => {}
    }
    let items = lines.into_iter().map(|line| SummaryView {
        name: name_of(&line, query.group, &names).unwrap_or_else(|| line.key.clone()),
        key: line.key,
        completed: line.completed,
        interrupted: line.interrupted,
        failed: line.failed,
        not_counted: line.not_counted,
        shown_ms: line.shown_ms,
    });
    Ok(Body(Summary { items: items.collect() }))
}

fn name_of(line: &SummaryLine, group: Group, names: &Names) -> Option<String> {
    let key = line.key.as_str();
    match group {
        Group::Creative => names.creative(key.parse().ok()?).map(|c| c.title.clone()),
        Group::Campaign if key.is_empty() => Some("紧急插播".into()),
        Group::Campaign => names.campaign(key.parse().ok()?).map(|c| c.name.clone()),
        Group::Screen => names.screen(key.parse().ok()?).map(|s| format!("{} {}", s.venue, s.name)),
        Group::VenueType => VenueType::ALL.iter().find(|t| t.code() == key).map(|t| t.name_zh().to_owned()),
        Group::Area => names.area(key).map(str::to_owned),
        Group::Department => names.department(key).map(str::to_owned),
        Group::Day => None,
        Group::Hour => Some(format!("{key} 时")),
    }
}

/// Which findings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FindingQuery {
    /// Of this screen.
    screen: Option<ScreenId>,
    /// Only those that have not solved themselves.
    #[serde(default)]
    open: bool,
    /// `next` of the page before.
    cursor: Option<i64>,
    /// Findings on a page: 100, at most 500.
    limit: Option<u32>,
}

/// Something a person should look into.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    id: i64,
    screen: ScreenId,
    screen_name: String,
    venue_name: String,
    kind: FindingKind,
    /// What it means, in Chinese.
    title: String,
    /// The batch's number, if it could be read.
    sequence: Option<i64>,
    /// SHA-256 of the bytes as they came.
    batch: String,
    first_at: UtcMillis,
    last_at: UtcMillis,
    /// How often it was met.
    times: i64,
    #[schema(value_type = Object)]
    details: serde_json::Value,
    /// When it solved itself.
    resolved_at: Option<UtcMillis>,
}

impl FindingView {
    fn new(finding: Finding, names: &Names) -> Self {
        let screen = names.screen(finding.screen);
        Self {
            id: finding.id,
            screen: finding.screen,
            screen_name: screen.map(|s| s.name.clone()).unwrap_or_default(),
            venue_name: screen.map(|s| s.venue.clone()).unwrap_or_default(),
            kind: finding.kind,
            title: finding.kind.name_zh().to_owned(),
            sequence: finding.sequence,
            batch: finding.batch.to_string(),
            first_at: finding.first_at,
            last_at: finding.last_at,
            times: finding.times,
            details: finding.details,
            resolved_at: finding.resolved_at,
        }
    }
}

/// Findings, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingPage {
    items: Vec<FindingView>,
    /// Cursor of the next page; none on the last.
    next: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/plays/findings", tag = "plays", params(FindingQuery),
    responses((status = 200, body = FindingPage)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn findings(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<FindingQuery>,
) -> Result<Body<FindingPage>, Problem> {
    let limit = query.limit.unwrap_or(USUAL_PAGE).clamp(1, LONGEST_PAGE);
    let filter = Filter { screen: query.screen, scope: me.scope.clone(), ..Filter::default() };
    let mut found = plays.findings(&filter, query.open, query.cursor, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.id);
    let mut names = Names::open(&plays).await?;
    names.learn_screens(&plays, found.iter().map(|f| f.screen).collect()).await?;
    Ok(Body(FindingPage { items: found.into_iter().map(|f| FindingView::new(f, &names)).collect(), next }))
}
