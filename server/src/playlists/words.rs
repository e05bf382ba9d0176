//! What cannot live together, in the words of an office.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use xuanping_core::{
    campaign::{Guarantee, Mode, Period, Progress, Quota},
    geometry::ZoneName,
    id::BookingId,
    playlist::WayOut,
    rotation::Certificate,
    time::Millis,
};

/// Names of bookings.
pub(super) type BookingNamesById = BTreeMap<BookingId, String>;

fn name(names: &BookingNamesById, id: BookingId) -> String {
    format!("“{}”", names.get(&id).map_or("未命名排期", String::as_str))
}

fn list(names: &BookingNamesById, ids: impl Iterator<Item = BookingId>) -> String {
    ids.map(|id| name(names, id)).collect::<Vec<_>>().join("、")
}

/// What a zone is called.
pub(super) const fn zone(name: ZoneName) -> &'static str {
    match name {
        ZoneName::Main => "主区",
        ZoneName::Ticker => "字幕条",
        ZoneName::Audio => "声音",
    }
}

/// A length of time as people say it.
pub(super) fn length(ms: Millis) -> String {
    let seconds = (f64::from(ms.0) / 1000.0).round() as u32;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} 秒"),
        (0, m, 0) => format!("{m} 分钟"),
        (0, m, s) => format!("{m} 分 {s} 秒"),
        (h, 0, 0) => format!("{h} 小时"),
        (h, m, _) => format!("{h} 小时 {m} 分钟"),
    }
}

/// Why bookings cannot live together.
pub(super) fn collision(certificate: Option<&Certificate>, bookings: &[BookingId], names: &BookingNamesById) -> String {
    match certificate {
        Some(Certificate::TooMuch { needs, percent }) if needs.len() == 1 => {
            let who = list(names, needs.iter().map(|need| need.booking));
            format!("{who}一项就需要 {percent}% 的时间，排不下。")
        }
        Some(Certificate::TooMuch { needs, percent }) => {
            let each = needs.iter().map(|need| format!("{}需要 {}%", name(names, need.booking), need.percent));
            format!("{}，合计需要 {percent}% 的时间，不能同时保证。", each.collect::<Vec<_>>().join("，"))
        }
        Some(Certificate::LongerThanGap { booking, gap, longest }) => {
            let (who, longest, gap) = (name(names, *booking), length(*longest), length(*gap));
            format!("{who}有一件素材长 {longest}，超过了它自己要求的最长间隔 {gap}。")
        }
        Some(Certificate::NoRoomBetween { tight, gap, own, long, longest }) => {
            let (tight, gap, own) = (name(names, *tight), length(*gap), length(*own));
            let (long, longest) = (name(names, *long), length(*longest));
            format!("{tight}要求每隔 {gap}以内播一次（自身 {own}），而{long}有一件素材长 {longest}，两次之间放不下。")
        }
        Some(Certificate::NoWay { tasks, states }) => {
            let who = list(names, tasks.iter().map(|(booking, ..)| *booking));
            format!("{who}单独都排得下，但间隔要求互相错不开（已逐一验证 {states} 种情形）。")
        }
        None => {
            let who = list(names, bookings.iter().copied());
            format!("没有找到能同时满足{who}的排法（不等于不可能），请适当放宽。")
        }
    }
}

/// A guarantee in words.
pub(super) fn guarantee(guarantee: Guarantee) -> String {
    let often = guarantee.per_hour().map(|n| format!("每小时不少于 {n} 次"));
    let apart = guarantee.max_gap().map(|gap| format!("间隔不超过 {}", length(gap)));
    [often, apart].into_iter().flatten().collect::<Vec<_>>().join("、")
}

/// How far a screen is with a quota that it is behind with, counted before a day.
pub(super) fn catching_up(quota: Quota, progress: Progress, first: NaiveDate) -> String {
    let period = match quota.per() {
        Period::Day => "本日",
        Period::Week => "本周",
        Period::Month => "本月",
    };
    let (plays, Progress { due, made, .. }) = (quota.plays(), progress);
    let (month, day) = first.pred_opt().map_or((first.month(), first.day()), |before| (before.month(), before.day()));
    let short = due.saturating_sub(made);
    format!("{period}应播 {plays} 次；截至 {month} 月 {day} 日应播 {due} 次，已播 {made} 次，缺 {short} 次，补播中")
}

/// A quota in words.
fn quota(quota: Quota) -> String {
    let period = match quota.per() {
        Period::Day => "每天",
        Period::Week => "每周",
        Period::Month => "每月",
    };
    format!("{period}不少于 {} 次", quota.plays())
}

/// What would work.
pub(super) fn way_out(way: &WayOut, names: &BookingNamesById) -> Option<String> {
    let to = match &way.to {
        Mode::Guarantee(to) => guarantee(*to),
        Mode::Quota(to) => quota(*to),
        Mode::Fixed { .. } | Mode::Event { .. } | Mode::Share { .. } | Mode::Filler {} => return None,
    };
    Some(format!("把{}放宽为{to}", name(names, way.booking)))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use xuanping_core::rotation::Need;

    use super::*;

    fn id(n: u128) -> BookingId {
        BookingId::new(Uuid::from_u128(n))
    }

    #[test]
    fn how_far_a_quota_is_behind_is_said_in_one_sentence() {
        let quota = Quota::try_from(xuanping_core::campaign::QuotaForm { plays: 70, per: Period::Week }).unwrap();
        let progress = Progress { due: 30, made: 20, missed: 12 };
        assert_eq!(
            catching_up(quota, progress, "2025-06-05".parse().unwrap()),
            "本周应播 70 次；截至 6 月 4 日应播 30 次，已播 20 次，缺 10 次，补播中"
        );
    }

    #[test]
    fn the_arithmetic_is_said_with_the_names() {
        let names = BookingNamesById::from([(id(1), "银行警示".into()), (id(2), "县长寄语".into())]);
        let need = |n, percent| Need {
            booking: id(n),
            starts: 30,
            within: Millis(3_600_000),
            length: Millis(75_000),
            percent,
        };
        let proof = Certificate::TooMuch { needs: vec![need(1, 63), need(2, 50)], percent: 113 };
        assert_eq!(
            collision(Some(&proof), &proof.colliding(), &names),
            "“银行警示”需要 63%，“县长寄语”需要 50%，合计需要 113% 的时间，不能同时保证。"
        );
        let to = Guarantee::checked(Some(24), Some(5)).unwrap();
        let way = |to: Mode| WayOut { booking: id(1), from: to.clone(), to };
        let said = way_out(&way(Mode::Guarantee(to)), &names);
        assert_eq!(said.as_deref(), Some("把“银行警示”放宽为每小时不少于 24 次、间隔不超过 5 分钟"));
        let quota = Quota::try_from(xuanping_core::campaign::QuotaForm { plays: 70, per: Period::Week }).unwrap();
        assert_eq!(way_out(&way(Mode::Quota(quota)), &names).as_deref(), Some("把“银行警示”放宽为每周不少于 70 次"));
        let film = Certificate::NoRoomBetween {
            tight: id(1),
            gap: Millis(300_000),
            own: Millis(15_000),
            long: id(2),
            longest: Millis(290_500),
        };
        assert_eq!(
            collision(Some(&film), &film.colliding(), &names),
            "“银行警示”要求每隔 5 分钟以内播一次（自身 15 秒），而“县长寄语”有一件素材长 4 分 51 秒，两次之间放不下。"
        );
    }
}
