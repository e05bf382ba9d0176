//! Whom a selector reaches, asked live while somebody edits a booking or a takeover.

use std::collections::HashMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    campaign::{AreaCode, Selector, Unplayable},
    id::{CreativeId, ScreenId},
    vocabulary::{CreativeKind, ScreenKind, VenueType},
};

use super::super::{Campaigns, Reach, Reached};
use crate::{
    accounts::{Allowed, Publish},
    http::{Body, Problem},
};

pub(super) fn routes() -> OpenApiRouter<Campaigns> {
    OpenApiRouter::new().routes(routes!(reach))
}

/// A selector to try, with what would be shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachForm {
    #[serde(default)]
    selector: Selector,
    #[serde(default)]
    creatives: Vec<CreativeId>,
}

/// Whom it reaches.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReachView {
    screens: usize,
    venues: usize,
    by_type: Vec<TypeCount>,
    /// By township, in the order of the codes.
    by_area: Vec<AreaCount>,
    /// The reached screens, 500 at most.
    sample: Vec<ReachedScreen>,
    /// What cannot be shown on some of them.
    unplayable: Vec<UnplayableView>,
    /// How many of them can show nothing of it.
    empty_handed_screens: usize,
    /// Those, together where the reasons are the same; the most screens first.
    empty_handed: Vec<EmptyHandedView>,
}

/// How many screens of a venue type.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeCount {
    r#type: VenueType,
    name: String,
    screens: usize,
}

/// How many screens in an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaCount {
    code: AreaCode,
    /// The code itself if the area was never registered.
    name: String,
    screens: usize,
}

/// A reached screen.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReachedScreen {
    id: ScreenId,
    name: String,
    venue: String,
    kind: ScreenKind,
}

/// A creative that some screens cannot show.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnplayableView {
    creative: CreativeId,
    reason: Unplayable,
    /// In Chinese.
    detail: String,
    /// On how many of the reached screens.
    screens: usize,
}

/// Screens that would have nothing to show, all for the same reasons.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmptyHandedView {
    reasons: Vec<KindReason>,
    screens: usize,
    /// The screens, 500 at most.
    sample: Vec<ReachedScreen>,
}

/// Why creatives of a kind cannot be shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindReason {
    kind: CreativeKind,
    reason: Unplayable,
    /// In Chinese.
    detail: String,
}

impl From<Reached> for ReachedScreen {
    fn from(one: Reached) -> Self {
        Self { id: one.id, name: one.name, venue: one.venue, kind: one.kind }
    }
}

impl ReachView {
    fn new(reach: Reach, areas: &HashMap<String, String>) -> Self {
        let empty_handed_screens = reach.empty_handed_screens();
        let by_type = reach.by_type.into_iter();
        let by_area = reach.by_area.into_iter();
        let unplayable = reach.unplayable.into_iter();
        let reason =
            |(kind, reason): (CreativeKind, Unplayable)| KindReason { kind, reason, detail: reason.to_string() };
        let mut empty_handed: Vec<_> = reach
            .empty_handed
            .into_iter()
            .map(|(reasons, alike)| EmptyHandedView {
                reasons: reasons.into_iter().map(reason).collect(),
                screens: alike.screens,
                sample: alike.sample.into_iter().map(Into::into).collect(),
            })
            .collect();
        empty_handed.sort_by_key(|alike| std::cmp::Reverse(alike.screens));
        Self {
            screens: reach.screens.len(),
            venues: reach.venues,
            by_type: by_type.map(|(t, screens)| TypeCount { r#type: t, name: t.name_zh().into(), screens }).collect(),
            by_area: by_area
                .map(|(code, screens)| {
                    let text = code.to_string();
                    AreaCount { code, name: areas.get(&text).cloned().unwrap_or(text), screens }
                })
                .collect(),
            sample: reach.sample.into_iter().map(Into::into).collect(),
            unplayable: unplayable
                .map(|((creative, reason), screens)| UnplayableView {
                    creative,
                    reason,
                    detail: reason.to_string(),
                    screens,
                })
                .collect(),
            empty_handed_screens,
            empty_handed,
        }
    }
}

#[utoipa::path(post, path = "/api/v1/reach", tag = "campaigns", request_body = ReachForm,
    responses((status = 200, body = ReachView)), extensions(("x-roles" = json!(["editor", "reviewer"]))))]
async fn reach(
    State(campaigns): State<Campaigns>,
    _: Allowed<Publish>,
    Body(form): Body<ReachForm>,
) -> Result<Body<ReachView>, Problem> {
    let reach = campaigns.reach(&form.selector, &form.creatives).await?;
    Ok(Body(ReachView::new(reach, &campaigns.area_names().await?)))
}
