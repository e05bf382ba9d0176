//! Looking back: a screen's day, expected against actual, and what was shown around a place before a case.

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    id::{CreativeId, ScreenId},
    vocabulary::{CreativeKind, FraudType},
};

use super::{
    super::{
        Plays, ShownDay,
        evidence::CasePicture,
        exposure::{Around, Case, CreativeLine, Exposure, ScreenLine, Total},
        names::Names,
    },
    records::circle,
};
use crate::{
    accounts::{Allowed, ReadPlays},
    clock,
    http::{Body, PathOf, Problem, QueryOf},
};

/// Days looked back over unless asked otherwise, and at most.
const USUAL_DAYS: u16 = 14;
const MOST_DAYS: u16 = 366;

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new().routes(routes!(shown)).routes(routes!(exposure)).routes(routes!(pictures))
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DayQuery {
    /// The venue's local date.
    date: NaiveDate,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/shown", tag = "plays", params(("id" = ScreenId, Path), DayQuery),
    responses((status = 200, body = ShownDay), (status = 404)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn shown(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    PathOf(id): PathOf<ScreenId>,
    QueryOf(query): QueryOf<DayQuery>,
) -> Result<Body<ShownDay>, Problem> {
    Ok(Body(plays.shown_day(id, query.date, &me, clock::now()).await?))
}

/// A case: where, when, of what kind.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CaseQuery {
    /// The village, township or county around it: 12 digits. This, or `near`.
    area: Option<String>,
    /// Where it happened, WGS-84 `29.12345,115.67890`: asks for what hangs within `within_m` of it.
    near: Option<String>,
    /// How many metres around `near`, at most 100,000.
    within_m: Option<u32>,
    /// The day it happened.
    date: NaiveDate,
    /// How many days are looked back over, that day included: 14, at most 366.
    days: Option<u16>,
    /// What kind of fraud it was.
    fraud_type: Option<FraudType>,
}

impl CaseQuery {
    fn case(&self) -> Result<Case, Problem> {
        let around = match (&self.area, circle(self.near.as_deref(), self.within_m)?) {
            (None, Some(circle)) => Around::Near(circle),
            (Some(area), None) => {
                Around::Area(area.parse().map_err(|_| Problem::invalid("area", "区划代码须为 12 位数字。"))?)
            }
            _ => return Err(Problem::invalid("area", "请选择案发地所在区划，或填写坐标和距离，两者选一。")),
        };
        let days = self.days.unwrap_or(USUAL_DAYS);
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(Problem::invalid("days", format!("回溯天数须为 1 至 {MOST_DAYS}。")));
        }
        Ok(Case { around, date: self.date, days, fraud_type: self.fraud_type })
    }
}

/// A sum of plays.
#[derive(Debug, Serialize, ToSchema)]
struct ExposureTotal {
    /// Shown in full so often.
    plays: i64,
    /// Milliseconds on the wall.
    shown_ms: i64,
    /// On how many screens.
    screens: usize,
    /// The last day on which any was shown.
    last: Option<NaiveDate>,
}

impl From<Total> for ExposureTotal {
    fn from(total: Total) -> Self {
        Self { plays: total.plays, shown_ms: total.shown_ms, screens: total.screens, last: total.last }
    }
}

/// What a creative came to there.
#[derive(Debug, Serialize, ToSchema)]
struct ExposedCreative {
    creative: CreativeId,
    title: String,
    kind: Option<CreativeKind>,
    fraud_type: Option<FraudType>,
    /// Of the case's fraud type.
    matches: bool,
    total: ExposureTotal,
}

/// What a screen showed there.
#[derive(Debug, Serialize, ToSchema)]
struct ExposingScreen {
    screen: ScreenId,
    name: String,
    venue: String,
    all: ExposureTotal,
    /// Of the case's fraud type.
    matching: ExposureTotal,
}

/// What was shown around a place in the days before a case.
#[derive(Debug, Serialize, ToSchema)]
struct ExposureView {
    /// From this local day
    from: NaiveDate,
    /// to this, included.
    to: NaiveDate,
    /// Screens in service there now.
    in_service: usize,
    /// Of the case's fraud type.
    matching: ExposureTotal,
    /// Those of the case's fraud type first, the most shown first.
    creatives: Vec<ExposedCreative>,
    /// Those that showed most of the case's fraud type first.
    screens: Vec<ExposingScreen>,
}

#[utoipa::path(get, path = "/api/v1/plays/exposure", tag = "plays", params(CaseQuery),
    responses((status = 200, body = ExposureView)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn exposure(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<CaseQuery>,
) -> Result<Body<ExposureView>, Problem> {
    let case = query.case()?;
    let (exposure, names) = plays.exposure(&case, &me.scope).await?;
    Ok(Body(view(&case, exposure, &names)))
}

/// Pictures of the walls around a case.
#[derive(Debug, Serialize, ToSchema)]
struct CasePictures {
    /// Those that are proven to show a warning of its kind first, then the newest.
    items: Vec<CasePicture>,
}

#[utoipa::path(get, path = "/api/v1/plays/exposure/pictures", tag = "plays", params(CaseQuery),
    responses((status = 200, body = CasePictures)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn pictures(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<CaseQuery>,
) -> Result<Body<CasePictures>, Problem> {
    Ok(Body(CasePictures { items: plays.case_pictures(&query.case()?, &me).await? }))
}

fn view(case: &Case, exposure: Exposure, names: &Names) -> ExposureView {
    let creative = |line: CreativeLine| {
        let known = names.creative(line.creative);
        ExposedCreative {
            creative: line.creative,
            title: known.map(|c| c.title.clone()).unwrap_or_default(),
            kind: known.map(|c| c.kind),
            fraud_type: known.map(|c| c.fraud_type),
            matches: line.matches,
            total: line.total.into(),
        }
    };
    let screen = |line: ScreenLine| {
        let known = names.screen(line.screen);
        ExposingScreen {
            screen: line.screen,
            name: known.map(|s| s.name.clone()).unwrap_or_default(),
            venue: known.map(|s| s.venue.clone()).unwrap_or_default(),
            all: line.all.into(),
            matching: line.matching.into(),
        }
    };
    ExposureView {
        from: case.first_day(),
        to: case.date,
        in_service: exposure.in_service,
        matching: exposure.matching.into(),
        creatives: exposure.creatives.into_iter().map(creative).collect(),
        screens: exposure.screens.into_iter().map(screen).collect(),
    }
}
