//! Gaps that were found: the list, and what they come to by cause.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{geometry::ZoneName, id::ScreenId, playlog::shown::Cause, time::UtcMillis};

use super::super::{
    Plays,
    gaps::{CauseLine, FoundGap, GapFilter, LookedThrough},
    names::Names,
};
use crate::{
    accounts::{Allowed, Principal, ReadPlays},
    http::{Body, Problem, QueryOf},
};

/// Gaps on a page unless asked otherwise, and at most.
const USUAL_PAGE: u32 = 50;
const LONGEST_PAGE: u32 = 500;

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new().routes(routes!(gaps)).routes(routes!(causes))
}

/// Which gaps, and where in the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct GapQuery {
    /// Of this screen.
    screen: Option<ScreenId>,
    /// For this cause.
    cause: Option<Cause>,
    /// From this local day on.
    day_from: Option<NaiveDate>,
    /// Until this local day, included.
    day_to: Option<NaiveDate>,
    /// Only those that stand: a screen that was silent may have reported since.
    #[serde(default)]
    open: bool,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Gaps on a page: 50, at most 500.
    limit: Option<u32>,
}

impl GapQuery {
    fn filter(&self, who: &Principal) -> Result<GapFilter, Problem> {
        if self.day_from.zip(self.day_to).is_some_and(|(from, to)| to < from) {
            return Err(Problem::invalid("day_to", "结束日期不能早于开始日期。"));
        }
        Ok(GapFilter {
            screen: self.screen,
            cause: self.cause,
            day_from: self.day_from,
            day_to: self.day_to,
            open_only: self.open,
            scope: who.scope.clone(),
        })
    }

    fn behind(&self) -> Result<Option<(NaiveDate, i64)>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let parts = cursor.split_once('_').and_then(|(day, id)| Some((day.parse().ok()?, id.parse().ok()?)));
        parts.map(Some).ok_or_else(|| Problem::invalid("cursor", "翻页标记有误，请从第一页重新查询。"))
    }
}

/// A stretch of a screen's day in which something should have been shown and was not.
#[derive(Debug, Serialize, ToSchema)]
struct GapView {
    id: i64,
    screen: ScreenId,
    screen_name: String,
    venue_name: String,
    /// The venue's local date.
    day: NaiveDate,
    /// IANA zone it is counted in.
    timezone: String,
    zone: ZoneName,
    /// Why, likely.
    cause: Cause,
    start: UtcMillis,
    end: UtcMillis,
    /// Milliseconds that were missing between.
    missing_ms: i64,
    /// In so many gaps.
    gaps: u32,
    found_at: UtcMillis,
    /// When what came since left nothing of it.
    resolved_at: Option<UtcMillis>,
}

impl GapView {
    fn new(found: &FoundGap, names: &Names) -> Self {
        let screen = names.screen(found.screen);
        Self {
            id: found.id,
            screen: found.screen,
            screen_name: screen.map(|s| s.name.clone()).unwrap_or_default(),
            venue_name: screen.map(|s| s.venue.clone()).unwrap_or_default(),
            day: found.day,
            timezone: screen.map(|s| s.timezone.to_string()).unwrap_or_default(),
            zone: found.gap.zone,
            cause: found.gap.cause,
            start: found.gap.start,
            end: found.gap.end,
            missing_ms: found.gap.missing_ms,
            gaps: found.gap.gaps,
            found_at: found.found_at,
            resolved_at: found.resolved_at,
        }
    }
}

/// Gaps, those of the newest day first.
#[derive(Debug, Serialize, ToSchema)]
struct GapPage {
    items: Vec<GapView>,
    /// Cursor of the next page; none on the last.
    next: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/plays/gaps", tag = "plays", params(GapQuery),
    responses((status = 200, body = GapPage)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn gaps(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<GapQuery>,
) -> Result<Body<GapPage>, Problem> {
    let limit = query.limit.unwrap_or(USUAL_PAGE).clamp(1, LONGEST_PAGE);
    let mut found = plays.gaps(&query.filter(&me)?, query.behind()?, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| format!("{}_{}", last.day, last.id));
    let mut names = Names::open(&plays).await?;
    names.learn_screens(&plays, found.iter().map(|gap| gap.screen).collect()).await?;
    Ok(Body(GapPage { items: found.iter().map(|gap| GapView::new(gap, &names)).collect(), next }))
}

/// What gaps come to.
#[derive(Debug, Serialize, ToSchema)]
struct GapCauses {
    /// By cause, that with most time missing first.
    items: Vec<CauseLine>,
    /// Days among these that were looked through, the newest first. Others are yet to be.
    looked_through: Vec<LookedThrough>,
}

#[utoipa::path(get, path = "/api/v1/plays/gaps/causes", tag = "plays", params(GapQuery),
    responses((status = 200, body = GapCauses)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn causes(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<GapQuery>,
) -> Result<Body<GapCauses>, Problem> {
    let items = plays.gap_causes(&query.filter(&me)?).await?;
    let looked_through = plays.looked_through(query.day_from, query.day_to).await?;
    Ok(Body(GapCauses { items, looked_through }))
}
