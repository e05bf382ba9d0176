//! Endpoints of the play log: what players report, what people look at, and what they take away.

mod evidence;
mod exports;
mod gaps;
mod log;
mod lookback;
mod package;
mod player;
mod records;
mod to_file;

pub use to_file::{Exported, TableFormat, ToFile};

use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use xuanping_core::wire::ProblemType;

use super::{IngestError, KeyChangeError, MOST_RECORDS, PlayError, Plays};
use crate::http::Problem;

/// All routes of this domain.
pub fn routes(state: Plays) -> OpenApiRouter {
    player::routes()
        .merge(evidence::routes())
        .merge(records::routes())
        .merge(exports::routes())
        .merge(package::routes())
        .merge(log::routes())
        .merge(lookback::routes())
        .merge(gaps::routes())
        .with_state(state)
}

impl From<PlayError> for Problem {
    fn from(error: PlayError) -> Self {
        match error {
            PlayError::Damaged { .. }
            | PlayError::Bundle(_)
            | PlayError::Sheet(_)
            | PlayError::Workbook(_)
            | PlayError::Columns(_)
            | PlayError::Archive(_)
            | PlayError::File(_) => Self::internal(&error),
            PlayError::PictureRemoved => Self::new(
                StatusCode::GONE,
                "picture-removed",
                "印证图片已超过保存期限",
                "图片文件已按保存期限删除；其指纹仍在屏幕签名的播放批次中。",
            ),
            PlayError::Nothing => Self::new(
                StatusCode::NOT_FOUND,
                "no-plays",
                "没有符合条件的播放记录",
                "请放宽筛选条件（如日期范围）后再导出。",
            ),
            PlayError::TooMany => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bundle-too-large",
                "记录过多，无法放入一个凭证包",
                format!("一个凭证包最多 {MOST_RECORDS} 条记录，请缩小日期范围或按屏幕分次导出。"),
            ),
            PlayError::Log(e) => e.into(),
            PlayError::Playlists(e) => e.into(),
            PlayError::Campaigns(e) => e.into(),
            PlayError::Content(e) => e.into(),
            PlayError::Screens(e) => e.into(),
            PlayError::Db(e) => e.into(),
        }
    }
}

impl From<KeyChangeError> for Problem {
    fn from(error: KeyChangeError) -> Self {
        match error {
            KeyChangeError::Refused(why) => Self::wire(
                StatusCode::UNPROCESSABLE_ENTITY,
                ProblemType::KeyChangeRefused,
                "更换密钥被拒绝",
                format!("请求中的签名、许可或批次序号不符（{why}），密钥未更换。"),
            ),
            KeyChangeError::Retired(_) => crate::screens::ScreenError::Retired.into(),
            KeyChangeError::Play(e) => e.into(),
        }
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Refused(kind) => Self::wire(
                StatusCode::UNPROCESSABLE_ENTITY,
                ProblemType::BatchRefused,
                "播放批次已拒收",
                format!("{}。请在播放器上导出日志并联系系统管理员；该批次已留存备查。", kind.name_zh()),
            )
            .with("reason", crate::db::code_of(&kind)),
            IngestError::Conflict { sequence } => Self::wire(
                StatusCode::CONFLICT,
                ProblemType::BatchConflict,
                "批次号重复而内容不同",
                "服务器已保存同号的另一批次，两份均已留存备查。请检查该播放器是否被复制或其数据被恢复过。",
            )
            .with("sequence", sequence),
            IngestError::OutOfOrder { expected, sequence } => Self::wire(
                StatusCode::CONFLICT,
                ProblemType::BatchOutOfOrder,
                "前面的批次尚未收到",
                format!("请从第 {expected} 批起依次重新上报。"),
            )
            .with("expected", expected)
            .with("sequence", sequence),
            IngestError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "try-again",
                "服务器正忙",
                "同一屏幕的批次正在处理，请稍后重新上报。",
            ),
            IngestError::Play(e) => e.into(),
        }
    }
}
