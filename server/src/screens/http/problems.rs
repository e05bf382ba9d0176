//! What a person reads when something about screens is refused.

use axum::http::StatusCode;
use xuanping_core::{playlist::EvidenceOrders, wire::ProblemType};

use super::super::{LONGEST_TAG, MOST_LINKS, MOST_TAGS, PlaceFault, ScreenError};
use crate::http::Problem;

impl From<PlaceFault> for Problem {
    fn from(fault: PlaceFault) -> Self {
        match fault {
            PlaceFault::AreaCode => {
                Self::invalid("code", "区划代码须为 12 位数字（县级 6 位、乡镇 9 位、村级 12 位，后补 0）。")
            }
            PlaceFault::AreaParent => Self::invalid("code", "上级区划尚未登记，请先添加上级区划。"),
            PlaceFault::UnknownArea => Self::invalid("area", "所选区划不存在，请重新选择。"),
            PlaceFault::UnknownDepartment => Self::invalid("department", "所选责任单位不存在，请重新选择。"),
            PlaceFault::DepartmentCode => Self::invalid("code", "单位代码不能为空，最多 60 个字符。"),
            PlaceFault::Name => Self::invalid("name", "名称不能为空，最多 60 个字。"),
            PlaceFault::Opening(why) => Self::invalid("opening", why.to_string()),
            PlaceFault::Position(why) => Self::invalid("position", why.to_string()),
            PlaceFault::VenueTaken => {
                Self::conflict("venue-exists", "点位已存在", "该区划内已有同名点位，请直接选用，或换一个名称。")
                    .with("field", "name")
            }
        }
    }
}

impl From<ScreenError> for Problem {
    fn from(error: ScreenError) -> Self {
        match error {
            ScreenError::Place(fault) => fault.into(),
            ScreenError::UnknownScreen => Self::not_found("屏幕"),
            ScreenError::UnknownLink => Self::not_found("对外链接"),
            ScreenError::TooManyLinks => Self::conflict(
                "too-many-links",
                "链接过多",
                format!("每块屏幕最多 {MOST_LINKS} 个对外链接，请先撤销不用的。"),
            ),
            ScreenError::UnknownVenue => Self::not_found("点位"),
            ScreenError::OutOfScope => Self::new(
                StatusCode::FORBIDDEN,
                "out-of-scope",
                "不在您的管理范围内",
                "该点位不属于您负责的单位或区划，请联系系统管理员调整管理范围。",
            ),
            ScreenError::WrongCode => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "pairing-code-wrong",
                "配对码不正确",
                "没有屏幕正在显示这个配对码，请核对屏幕上的 8 位数字。",
            )
            .with("field", "code"),
            ScreenError::CodeExpired => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "pairing-code-expired",
                "配对码已过期",
                "配对码 15 分钟内有效。屏幕会自动换上新的配对码，请输入新的 8 位数字。",
            )
            .with("field", "code"),
            ScreenError::CodeUsed => Self::conflict(
                "pairing-code-used",
                "配对码已被使用",
                "该屏幕已完成配对，请在屏幕列表中查看；若并非您本人操作，请停用该屏幕后重新配对。",
            )
            .with("field", "code"),
            ScreenError::TooManyCodes(until) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-codes",
                "输错次数过多",
                "连续输错配对码次数过多，请 10 分钟后再试。",
            )
            .with("until", until.0),
            ScreenError::Retired => Self::wire(
                StatusCode::GONE,
                ProblemType::ScreenRetired,
                "屏幕已停用",
                "该屏幕已在控制台停用。如需恢复，请重新配对。",
            ),
            ScreenError::KeyReplaced => Self::wire(
                StatusCode::UNAUTHORIZED,
                ProblemType::KeyReplaced,
                "密钥已更换",
                "该屏幕的密钥已更换，原密钥不再有效。若播放器由旧的磁盘副本启动，请停用该屏幕后重新配对。",
            ),
            ScreenError::KeyInUse => Self::wire(
                StatusCode::UNPROCESSABLE_ENTITY,
                ProblemType::KeyChangeRefused,
                "更换密钥被拒绝",
                "新密钥已被使用过，或与已上报的播放批次不符。",
            ),
            ScreenError::DamagedKeys(_) => Self::internal(&error),
            ScreenError::BadToken => Self::wire(
                StatusCode::FORBIDDEN,
                ProblemType::TokenRefused,
                "登记令牌无效",
                "登记令牌不正确、已被使用或已过期，请在服务器上重新生成，或改用配对码。",
            ),
            ScreenError::TooManyWaiting => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too-many-waiting",
                "等待配对的屏幕过多",
                "等待配对的屏幕过多，请先在控制台完成已有屏幕的配对，播放器会自动重试；批量安装请使用登记令牌。",
            ),
            ScreenError::NameTaken => {
                Self::conflict("screen-name-taken", "屏幕名称重复", "该点位已有同名屏幕，请换一个名称。")
                    .with("field", "name")
            }
            ScreenError::BadName => Self::invalid("name", "屏幕名称不能为空，最多 40 个字。"),
            ScreenError::BadTag => Self::invalid("tags", format!("标签不能为空，最多 {LONGEST_TAG} 个字。")),
            ScreenError::TooManyTags => Self::invalid("tags", format!("每块屏幕最多 {MOST_TAGS} 个标签。")),
            ScreenError::TooMuchEvidence => {
                Self::invalid("evidence_per_day", format!("印证图片每天最多 {} 张。", EvidenceOrders::MOST))
            }
            ScreenError::BadWall(why) => Self::invalid("wall", why.to_string()),
            ScreenError::BadLayout(why) => Self::invalid("layout", why.to_string()),
            ScreenError::BadCapabilities(what) => {
                Self::invalid("capabilities", format!("播放器上报的屏幕参数有误（{what}）。"))
            }
            ScreenError::Db(e) => e.into(),
            ScreenError::Entropy(e) => e.into(),
        }
    }
}
