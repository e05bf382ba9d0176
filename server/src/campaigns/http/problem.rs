//! What went wrong with a campaign, in the words of whoever can mend it.

use super::super::{CampaignError, LONGEST_REASON};
use crate::{http::Problem, screens::LONGEST_TAG};

impl From<CampaignError> for Problem {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::UnknownCampaign => Self::not_found("宣传活动"),
            CampaignError::UnknownBooking => Self::not_found("排期"),
            CampaignError::UnknownTakeover => Self::not_found("紧急插播"),
            CampaignError::Text(field) => Self::invalid(
                field,
                if field == "goal" { "目标最多 500 个字。" } else { "名称不能为空，最多 60 个字。" },
            ),
            CampaignError::Inverted => Self::invalid("ends", "结束日期早于开始日期，请改正日期。"),
            CampaignError::UnknownDepartment => Self::invalid("owner_department", "责任单位不存在，请重新选择。"),
            CampaignError::Schedule(why) => {
                Self::invalid(&format!("schedule.{}", why.field()), format!("{why}。")).with("reason", why.code())
            }
            CampaignError::OutsideCampaign => {
                Self::invalid("schedule.from", "排期的日期超出了宣传活动的起止日期，请调整排期或活动日期。")
            }
            CampaignError::Weight(_) => Self::invalid("mode.share.weight", "权重须为 1 至 100 的整数。"),
            CampaignError::Guarantee(e) => Self::invalid("mode.guarantee", format!("{e}。")),
            CampaignError::FixedTimes(e) => Self::invalid("mode.fixed.times", format!("{e}。")),
            CampaignError::Quota(e) => Self::invalid("mode.quota.plays", format!("{e}。")),
            CampaignError::Cap => Self::invalid("most_per_day", "每日上限须为 1 至 10000 的整数，不限请留空。"),
            CampaignError::CappedEvent => Self::invalid(
                "most_per_day",
                "事件触发的排期每场之前都要播，不能设每日上限。请清空每日上限；只想在部分场次之前播放，请缩短播放时段。",
            ),
            CampaignError::NoCreatives => Self::invalid("creatives", "请至少选择一个素材。"),
            CampaignError::UnknownCreative(_) => Self::invalid("creatives", "所选素材已不存在，请重新选择。"),
            CampaignError::TooMany { field, most } => {
                Self::invalid(field, format!("最多可选 {most} 项，请减少后重试。"))
            }
            CampaignError::UnknownPlace(field) => {
                Self::invalid(field, "投放范围中的区划或责任单位不存在，请重新选择。")
            }
            CampaignError::BadTag(field) => {
                Self::invalid(field, format!("标签不能为空，最多 {LONGEST_TAG} 个字，请重新选择。"))
            }
            CampaignError::EditedMeanwhile => Self::conflict(
                "edited-meanwhile",
                "活动刚刚被修改",
                "您查看之后有人修改了该活动，本次操作未生效。请刷新页面，确认内容后重试。",
            ),
            CampaignError::Stages(why) => Self::invalid(&why.field(), format!("{why}。")).with("reason", why.code()),
            CampaignError::NoSuchDay => Self::invalid("starts", "日期超出了可用范围，请重新选择。"),
            CampaignError::AlreadyInReview => Self::conflict(
                "already-in-review",
                "已在审核中",
                "该活动已提交审核，请等待审核结果；修改活动会撤回本次提交。",
            ),
            CampaignError::NotInReview => Self::conflict(
                "not-in-review",
                "不在审核中",
                "该活动未提交审核，或提交后又有修改。请刷新页面查看最新状态。",
            ),
            CampaignError::NothingNew => {
                Self::conflict("nothing-new", "没有改动", "活动内容与正在播出的版本一致，无需再次提交。")
            }
            CampaignError::OwnWork => {
                Self::conflict("own-work", "不能审核自己参与的活动", "您编辑或提交过该活动，请由另一位审核员审核。")
            }
            CampaignError::NotAPerson => {
                Self::conflict("not-a-person", "需要由人审核", "请使用审核员个人账号登录后再审核。")
            }
            CampaignError::Reason => Self::invalid("reason", format!("请写明退回理由，最多 {LONGEST_REASON} 个字。")),
            CampaignError::NoBookings => {
                Self::conflict("no-bookings", "尚无排期", "请先添加至少一条排期，再提交审核。")
            }
            CampaignError::NotApproved { titles } => Self::conflict(
                "creatives-not-approved",
                "素材未通过审核",
                format!(
                    "以下素材尚未审核通过或已撤下，不能播出：{}。请先送审通过，或从排期中移除。",
                    titles.join("、")
                ),
            )
            .with("titles", titles),
            CampaignError::NoScreens { name } => Self::conflict(
                "no-screens",
                "没有覆盖任何屏幕",
                match name.as_str() {
                    "" => "所选范围内没有屏幕，请放宽场所类型、区划等条件。".to_owned(),
                    name => format!("排期“{name}”的投放范围内没有屏幕，请放宽场所类型、区划等条件。"),
                },
            )
            .with("field", "selector"),
            CampaignError::NothingPlayable { name } => Self::conflict(
                "nothing-playable",
                "屏幕无法播放所选素材",
                format!("“{name}”范围内的屏幕都不能播放所选素材（例如 LED 条屏只能显示标语）。请更换素材或范围。"),
            )
            .with("field", "creatives"),
            CampaignError::Over => {
                Self::conflict("campaign-over", "宣传活动已结束", "结束日期已过，请先延长活动日期再提交。")
            }
            CampaignError::NotPublished => {
                Self::conflict("not-published", "尚未发布", "该活动不在发布状态，无需撤下。")
            }
            CampaignError::Expiry => Self::invalid("expires_in_minutes", "紧急插播时长须为 1 分钟至 24 小时。"),
            CampaignError::TakeoverOver => {
                Self::conflict("takeover-over", "紧急插播已结束", "该紧急插播已到期或已撤销，无需再次撤销。")
            }
            CampaignError::Screens(e) => e.into(),
            CampaignError::Content(e) => e.into(),
            CampaignError::Db(e) => e.into(),
            CampaignError::Entropy(e) => e.into(),
        }
    }
}
