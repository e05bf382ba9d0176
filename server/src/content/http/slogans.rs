//! The slogan check, and the list of fraud types.

use axum::extract::State;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{
    geometry::{Size, ZoneName},
    vocabulary::{FraudType, ScreenKind},
};

use crate::{
    accounts::{Allowed, SignedIn},
    content::{Content, slogans::ClassCheck},
    http::{Body, Problem},
};

/// A slogan to check.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SloganToCheck {
    text: String,
    /// What the card's head line says; `general` without.
    fraud_type: Option<FraudType>,
}

/// What the check found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SloganChecked {
    /// Empty if every character can be shown everywhere.
    missing: Vec<MissingGlyphs>,
    /// What each class of screens would show.
    classes: Vec<SloganOnClass>,
}

/// Characters that a font lacks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MissingGlyphs {
    /// `noto_sans_cjk`: no screen can show them. `unifont`: LED strips of 16 rows cannot.
    font: &'static str,
    font_name: &'static str,
    glyphs: Vec<String>,
}

/// What one class of screens would show.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SloganOnClass {
    screen_kind: ScreenKind,
    zone: ZoneName,
    zone_size: Size,
    /// Whether there is such a screen; otherwise it is a usual one, for orientation.
    known: bool,
    /// Whether it stands still.
    fits: Option<bool>,
    scrolls: Option<bool>,
    pixels_per_second: Option<u32>,
    /// How long one showing lasts.
    seconds: Option<f64>,
    size: Option<Size>,
    /// The very pixels, as a `data:` URL of a PNG.
    preview: Option<String>,
    /// Why it cannot be shown, and what to do.
    problem: Option<String>,
}

impl From<ClassCheck> for SloganOnClass {
    fn from(check: ClassCheck) -> Self {
        let (preview, problem) = match check.outcome {
            Ok(preview) => (Some(preview), None),
            Err(problem) => (None, Some(problem)),
        };
        let encode =
            |png: &Vec<u8>| format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(png));
        Self {
            screen_kind: check.class.kind,
            zone: check.class.zone,
            zone_size: check.class.size,
            known: check.known,
            fits: preview.as_ref().map(|p| !p.scrolls),
            scrolls: preview.as_ref().map(|p| p.scrolls),
            pixels_per_second: preview.as_ref().filter(|p| p.scrolls).map(|p| p.pixels_per_second),
            seconds: preview.as_ref().map(|p| f64::from(p.duration.0) / 1000.0),
            size: preview.as_ref().map(|p| p.size),
            preview: preview.as_ref().map(|p| encode(&p.png)),
            problem,
        }
    }
}

#[utoipa::path(post, path = "/api/v1/slogans/check", tag = "content", request_body = SloganToCheck,
    responses((status = 200, body = SloganChecked)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
pub(super) async fn check(
    State(content): State<Content>,
    _: Allowed<SignedIn>,
    Body(slogan): Body<SloganToCheck>,
) -> Result<Body<SloganChecked>, Problem> {
    let check = content.check_slogan(&slogan.text, slogan.fraud_type.unwrap_or(FraudType::General)).await?;
    let missing = check.missing.into_iter().map(|(font, glyphs)| MissingGlyphs {
        font: font.code(),
        font_name: font.name_zh(),
        glyphs: glyphs.iter().map(char::to_string).collect(),
    });
    Ok(Body(SloganChecked { missing: missing.collect(), classes: check.classes.into_iter().map(Into::into).collect() }))
}

/// A fraud type.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FraudTypeView {
    code: FraudType,
    name: &'static str,
}

/// All fraud types.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FraudTypeList {
    items: Vec<FraudTypeView>,
}

#[utoipa::path(get, path = "/api/v1/fraud-types", tag = "content", responses((status = 200, body = FraudTypeList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
pub(super) async fn fraud_types(_: Allowed<SignedIn>) -> Body<FraudTypeList> {
    let items = FraudType::ALL.iter().map(|&code| FraudTypeView { code, name: code.name_zh() }).collect();
    Body(FraudTypeList { items })
}
