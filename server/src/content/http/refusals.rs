//! This domain's errors as problem+json, once.

use axum::http::StatusCode;

use crate::{
    content::{ContentError, StepRefusal, glyph_list, probe::ProbeRefusal, render::Font},
    http::Problem,
};

impl From<ContentError> for Problem {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Unknown => Self::not_found("素材"),
            ContentError::UploadUnknown => Self::invalid("upload", "找不到该文件，请重新上传。"),
            ContentError::UploadKind { .. } => {
                Self::invalid("upload", "文件类型与素材类型不符：海报用图片，宣传片用视频，音频用声音文件。")
            }
            ContentError::Invalid { field, detail_zh } => Self::invalid(field, detail_zh),
            ContentError::MissingGlyphs(glyphs) => {
                let list: Vec<String> = glyphs.iter().map(|c| format!("“{c}”(U+{:04X})", u32::from(*c))).collect();
                let detail = format!("字库中没有这些字：{}。请改用其他字（表情符号也不能显示）。", list.join("、"));
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "missing-glyphs", "有字无法显示", detail)
                    .with("field", "text")
                    .with("glyphs", glyph_list(&[(Font::NotoSansCjk, glyphs)]))
            }
            ContentError::Step(refusal) => refusal.into(),
            ContentError::Raced => Self::conflict(
                "changed-meanwhile",
                "素材刚被他人修改",
                "操作没有完成。请刷新页面，确认最新内容后再试。",
            ),
            ContentError::Probe(refusal) => refusal.into(),
            ContentError::BrokenOff => Self::new(
                StatusCode::BAD_REQUEST,
                "upload-broken-off",
                "上传中断",
                "文件没有传完，未保存。请检查网络后重新上传。",
            ),
            ContentError::Io(e) if e.kind() == std::io::ErrorKind::NotFound => Self::not_found("文件"),
            ContentError::Io(e)
                if matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) =>
            {
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "disk-full",
                    "服务器磁盘已满",
                    "文件没有保存。请联系系统管理员清理磁盘后重新上传。",
                )
            }
            ContentError::Transcode(e) if e.is_final() => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "upload-undecodable", "文件无法处理", e.detail_zh())
            }
            ContentError::Transcode(e) => Self::internal(&e),
            ContentError::Render(e) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "cannot-render", "无法生成画面", e.detail_zh())
            }
            ContentError::Io(e) => Self::internal(&e),
            ContentError::Db(e) => e.into(),
            ContentError::Entropy(e) => e.into(),
        }
    }
}

impl From<ProbeRefusal> for Problem {
    fn from(refusal: ProbeRefusal) -> Self {
        let status = match &refusal {
            ProbeRefusal::Unchecked(cause) => return Self::internal(cause),
            ProbeRefusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ProbeRefusal::NotMedia { .. } | ProbeRefusal::Unaccepted { .. } | ProbeRefusal::Renamed { .. } => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, refusal.code(), "文件未被接受", refusal.detail_zh())
    }
}

impl From<StepRefusal> for Problem {
    fn from(refusal: StepRefusal) -> Self {
        match refusal {
            StepRefusal::WrongState { state, step } => Self::conflict(
                "wrong-state",
                "当前状态不能这样操作",
                format!("素材当前为“{}”，不能{}。请刷新页面查看最新状态。", state.name_zh(), step.name_zh()),
            ),
            StepRefusal::OwnWork => Self::new(
                StatusCode::FORBIDDEN,
                "own-work",
                "不能审核本人的素材",
                "编写、修改或提交过该素材的人不能审核通过它。请由另一位审核员审核。",
            ),
            StepRefusal::ContentChanged => Self::conflict(
                "content-changed",
                "内容已变化",
                "您查看之后内容已被修改。请刷新页面，重新查看后再审核。",
            ),
            StepRefusal::NoReason => Self::invalid("reason", "请填写退回原因，便于编辑修改。"),
            StepRefusal::NotAPerson => {
                Self::new(StatusCode::FORBIDDEN, "not-permitted", "没有权限", "只有审核员本人可以审核。")
            }
        }
    }
}
