//! Instructions in the console.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    id::{InstructionId, ScreenId},
    playlist::{Errand, Instruction},
    time::UtcMillis,
    wire::CouldNot,
};

use super::super::{
    Playlists,
    instructions::{Given, InstructionRefusal, Kind},
};
use crate::{
    accounts::{Allowed, Instruct, SignedIn},
    clock,
    http::{Body, PathOf, Problem},
};

/// For how long a screen says who it is unless asked otherwise, in seconds.
const SECONDS: u8 = 20;

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(list, give))
}

impl From<InstructionRefusal> for Problem {
    fn from(refusal: InstructionRefusal) -> Self {
        match refusal {
            InstructionRefusal::CannotObey => Self::conflict(
                "player-cannot-obey",
                "播放器不支持远程指令",
                "播放器版本较旧，或尚未上报过状态，无法执行远程指令。",
            ),
            InstructionRefusal::CannotChangeKey => Self::conflict(
                "player-cannot-change-key",
                "播放器不支持更换密钥",
                "播放器版本较旧，密钥无法远程更换；请先升级播放器（浏览器播放的屏幕请刷新页面）。如怀疑密钥外泄，可停用该屏幕后重新配对。",
            ),
            InstructionRefusal::ChangingKey => Self::conflict(
                "key-change-pending",
                "正在更换密钥",
                "该屏幕已有一条更换密钥的指令尚未执行，请等待执行或过期。",
            ),
            InstructionRefusal::NotYet => {
                Self::conflict("no-manifest-yet", "屏幕尚未收到播放指令", "请等屏幕开始播放后再试。")
            }
            InstructionRefusal::TooMany => Self::conflict(
                "too-many-instructions",
                "待执行的指令过多",
                format!("每块屏幕最多 {} 条待执行指令，请等待执行或过期。", Instruction::MOST),
            ),
            InstructionRefusal::Seconds => {
                Self::invalid("seconds", format!("显示时长须为 1 至 {} 秒。", Errand::LONGEST))
            }
            InstructionRefusal::Playlists(e) => e.into(),
        }
    }
}

/// What a screen is to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveInstruction {
    kind: Kind,
    /// For how long it says who it is: 20 seconds, at most 120.
    seconds: Option<u8>,
}

/// How far an instruction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstructionState {
    /// 已下达: the screen may still do it.
    Told,
    /// 已执行.
    Done,
    /// 未能执行: the screen says that it could not.
    CouldNot,
    /// 过期: it did not hear of it in time.
    Expired,
}

/// An instruction.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstructionView {
    id: InstructionId,
    kind: Kind,
    state: InstructionState,
    /// What the wall shows, to be compared.
    code: Option<String>,
    created_at: UtcMillis,
    /// Who gave it.
    created_by: String,
    expires: UtcMillis,
    /// When the screen says it did it, or could not.
    done_at: Option<UtcMillis>,
    /// Why it could not.
    could_not: Option<CouldNot>,
}

impl InstructionView {
    fn new(given: Given, now: UtcMillis) -> Self {
        let state = match given.done {
            Some(_) if given.could_not.is_some() => InstructionState::CouldNot,
            Some(_) => InstructionState::Done,
            None if given.expires <= now => InstructionState::Expired,
            None => InstructionState::Told,
        };
        Self {
            id: given.id,
            kind: given.kind,
            state,
            code: Some(given.code).filter(|code| !code.is_empty()),
            created_at: given.created_at,
            created_by: given.created_by,
            expires: given.expires,
            done_at: given.done,
            could_not: given.could_not,
        }
    }
}

/// A screen's newest instructions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstructionList {
    items: Vec<InstructionView>,
}

#[utoipa::path(get, path = "/api/v1/screens/{id}/instructions", tag = "playlists", params(("id" = ScreenId, Path)),
    responses((status = 200, body = InstructionList)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn list(
    State(playlists): State<Playlists>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<ScreenId>,
) -> Result<Body<InstructionList>, Problem> {
    let now = clock::now();
    let given = playlists.instructions(id).await?.into_iter();
    Ok(Body(InstructionList { items: given.map(|given| InstructionView::new(given, now)).collect() }))
}

#[utoipa::path(post, path = "/api/v1/screens/{id}/instructions", tag = "playlists",
    params(("id" = ScreenId, Path)), request_body = GiveInstruction,
    responses((status = 201, body = InstructionView), (status = 409)),
    extensions(("x-roles" = json!(["operator", "editor", "reviewer", "admin"]))))]
async fn give(
    State(playlists): State<Playlists>,
    Allowed(me, _): Allowed<Instruct>,
    PathOf(id): PathOf<ScreenId>,
    Body(new): Body<GiveInstruction>,
) -> Result<(StatusCode, Body<InstructionView>), Problem> {
    let now = clock::now();
    let given = playlists.instruct(id, new.kind, new.seconds.unwrap_or(SECONDS), &me, now).await?;
    Ok((StatusCode::CREATED, Body(InstructionView::new(given, now))))
}
