//! Refusals as RFC 9457 problem+json: a stable `type` for programs, a Chinese title and detail for people.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use xuanping_core::wire::ProblemType;

use crate::{db::DbError, entropy::NoEntropy};

/// A refusal. Build it from a domain's error enum, once, in that domain.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    kind: Cow<'static, str>,
    title: Cow<'static, str>,
    detail: String,
    extra: Map<String, Value>,
}

/// The JSON of a refusal, for the OpenAPI document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:xuanping:problem:<kind>`; never changes for the same reason.
    pub r#type: String,
    /// What went wrong, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do about it.
    pub detail: String,
    /// The field at fault, where there is one.
    pub field: Option<String>,
}

impl Problem {
    /// A refusal. `kind` is the last part of its URN, in kebab case; `detail` tells a person what to do.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self { status, kind: kind.into(), title: title.into(), detail: detail.into(), extra: Map::new() }
    }

    /// A refusal whose type players act on.
    pub fn wire(
        status: StatusCode,
        kind: ProblemType,
        title: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let kind = kind.urn().trim_start_matches("urn:xuanping:problem:");
        Self { status, kind: kind.into(), title: title.into(), detail: detail.into(), extra: Map::new() }
    }

    /// 422: a value that cannot be accepted, naming its field.
    pub fn invalid(field: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-value", "填写有误", detail).with("field", field)
    }

    /// 404: there is no such thing (or none that this person may see).
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            format!("找不到{what}"),
            format!("该{what}不存在，或已被删除。请刷新列表后重试。"),
        )
    }

    /// 409: right request, wrong moment.
    pub fn conflict(kind: &'static str, title: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, title, detail)
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// 500 for what is our fault; the cause goes to the log, not to the person.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "服务器内部错误",
            "操作没有完成，数据未受影响。请稍后重试；若反复出现，请联系系统管理员查看日志。",
        )
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The whole `type`.
    pub fn urn(&self) -> String {
        format!("urn:xuanping:problem:{}", self.kind)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.extra.clone();
        body.insert("type".into(), json!(self.urn()));
        body.insert("title".into(), json!(self.title));
        body.insert("status".into(), json!(self.status.as_u16()));
        body.insert("detail".into(), json!(self.detail));
        let mut response = (self.status, Json(Value::Object(body))).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json; charset=utf-8"));
        response
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        Self::internal(&error)
    }
}

impl From<NoEntropy> for Problem {
    fn from(error: NoEntropy) -> Self {
        Self::internal(&error)
    }
}
