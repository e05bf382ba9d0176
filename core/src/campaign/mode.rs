//! 播放方式: how often a booking plays. Whoever comes first in [`Mode::precedence`] is served first.

use serde::{Deserialize, Serialize};

use crate::{recurrence::TimeOfDay, time::Millis};

/// How often a booking plays.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mode {
    /// 定点: at these local times of each of its days. Nothing else plays then; times outside its windows are skipped.
    Fixed {
        /// Ascending, each once; 24 at most.
        times: FixedTimes,
    },
    /// 事件: once before each event, when the player is told of it (requirements.md C12: before every film).
    Event {
        /// Which event.
        trigger: EventTrigger,
    },
    /// 保证: so often in any hour, and never further apart than this.
    Guarantee(Guarantee),
    /// 定量: so many showings in a period, spread over it; what a screen missed is caught up, see [`Pace`](super::Pace).
    Quota(Quota),
    /// 轮播: a share of the airtime that others leave, in proportion to the weights of all shares on air at the same time.
    Share {
        /// Its weight.
        weight: Weight,
    },
    /// 垫播: plays where no share does.
    Filler {},
}

/// What a player can be told of.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, minicbor::Encode, minicbor::Decode,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum EventTrigger {
    /// A film is about to begin.
    #[n(0)]
    PreShow,
}

impl EventTrigger {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::PreShow];
}

impl Mode {
    /// Whether a booking may have a most of showings a day. What is promised before *every* show is not counted out of the
    /// evening's last ones: whoever wants fewer shortens the windows.
    pub const fn may_be_capped(&self) -> bool {
        !matches!(self, Self::Event { .. })
    }

    /// 1 is served first: fixed times, events, guarantees, quotas, shares, fillers. (A takeover comes before all.)
    pub const fn precedence(&self) -> u8 {
        match self {
            Self::Fixed { .. } => 1,
            Self::Event { .. } => 2,
            Self::Guarantee(_) => 3,
            Self::Quota(_) => 4,
            Self::Share { .. } => 5,
            Self::Filler {} => 6,
        }
    }
}

/// At least so many showings in any hour, a longest gap, or both. In JSON `{"per_hour":6,"max_gap_minutes":12}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "GuaranteeForm", into = "GuaranteeForm")]
pub struct Guarantee {
    per_hour: Option<u16>,
    /// In milliseconds; in half minutes when relaxed, whole minutes when entered.
    max_gap: Option<Millis>,
}

/// A guarantee as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GuaranteeForm {
    /// At least so many showings in any hour, 1..=360.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u16>,
    /// Minutes from the start of one showing to the start of the next, at most; 1..=1440.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_gap_minutes: Option<u16>,
}

/// Which half of a guarantee gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milder {
    /// How often.
    Often,
    /// How far apart.
    Apart,
    /// Both at once.
    Both,
}

/// Why a guarantee is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("保证播放须填写每小时次数（1 到 360）或最长间隔（1 到 1440 分钟），至少一项")]
pub struct InvalidGuarantee;

impl Guarantee {
    const MINUTE: u32 = 60_000;

    /// Checked.
    pub fn checked(per_hour: Option<u16>, max_gap_minutes: Option<u16>) -> Result<Self, InvalidGuarantee> {
        let hourly = per_hour.is_none_or(|n| (1..=360).contains(&n));
        let apart = max_gap_minutes.is_none_or(|m| (1..=1440).contains(&m));
        let any = per_hour.is_some() || max_gap_minutes.is_some();
        let max_gap = max_gap_minutes.map(|minutes| Millis(u32::from(minutes) * Self::MINUTE));
        (hourly && apart && any).then_some(Self { per_hour, max_gap }).ok_or(InvalidGuarantee)
    }

    /// At least so many showings begin in any hour.
    pub const fn per_hour(self) -> Option<u16> {
        self.per_hour
    }

    /// The longest time from the start of one showing to the start of the next.
    pub const fn max_gap(self) -> Option<Millis> {
        self.max_gap
    }

    /// As much more or less often: `percent` 100 changes nothing, 200 is twice as often.
    pub fn scaled(self, percent: u16) -> Self {
        let percent = u32::from(percent.max(1));
        let often = |n: u16| (u32::from(n) * percent).div_ceil(100).clamp(1, 360) as u16;
        let minutes = |gap: Millis| (gap.0 / Self::MINUTE * 100 / percent).clamp(1, 1440);
        Self {
            per_hour: self.per_hour.map(often),
            max_gap: self.max_gap.map(|gap| Millis(minutes(gap) * Self::MINUTE)),
        }
    }

    /// A little stricter, by so many steps: what leaves room for interruptions at the seams of a day.
    pub fn stricter(self, steps: u16) -> Self {
        let often = |n: u16| n.saturating_add(steps.max(n * steps / 20)).min(360);
        let closer = |gap: Millis| {
            let minutes = gap.0 / Self::MINUTE;
            Millis(minutes.saturating_sub(u32::from(steps).max(minutes * u32::from(steps) / 20)).max(1) * Self::MINUTE)
        };
        Self { per_hour: self.per_hour.map(often), max_gap: self.max_gap.map(closer) }
    }

    /// Ever milder guarantees, each a small step from the one before: down to once an hour, up to a gap of a day.
    pub fn milder(self, what: Milder) -> Vec<Self> {
        let mut ladder = Vec::new();
        let mut now = self;
        while ladder.len() < 400 {
            let fewer = |n: u16| n.saturating_sub((n / 20).max(1)).max(1);
            let wider = |gap: Millis| {
                let minutes = gap.0 / Self::MINUTE;
                Millis((minutes + (minutes / 12).max(1)).min(1440) * Self::MINUTE)
            };
            let next = match what {
                Milder::Often => Self { per_hour: now.per_hour.map(fewer), ..now },
                Milder::Apart => Self { max_gap: now.max_gap.map(wider), ..now },
                Milder::Both => Self { per_hour: now.per_hour.map(fewer), max_gap: now.max_gap.map(wider) },
            };
            if next == now {
                break;
            }
            ladder.push(next);
            now = next;
        }
        ladder
    }

    /// How much milder another one is, in thousandths of this one: the larger of both changes.
    pub fn distance(self, milder: Self) -> u32 {
        let often =
            self.per_hour.zip(milder.per_hour).map_or(0, |(a, b)| u32::from(a - b.min(a)) * 1000 / u32::from(a));
        let apart = self.max_gap.zip(milder.max_gap);
        let apart = apart.map_or(0, |(a, b)| u64::from(b.0.saturating_sub(a.0)) * 1000 / u64::from(b.0.max(1)));
        often.max(apart as u32)
    }
}

impl TryFrom<GuaranteeForm> for Guarantee {
    type Error = InvalidGuarantee;

    fn try_from(form: GuaranteeForm) -> Result<Self, InvalidGuarantee> {
        Self::checked(form.per_hour, form.max_gap_minutes)
    }
}

impl From<Guarantee> for GuaranteeForm {
    fn from(guarantee: Guarantee) -> Self {
        let minutes = |gap: Millis| (gap.0 / Guarantee::MINUTE) as u16;
        Self { per_hour: guarantee.per_hour, max_gap_minutes: guarantee.max_gap.map(minutes) }
    }
}

/// Local times of day, ascending, each once, 1 to 24 of them; none is 24:00. In JSON a list of `HH:MM`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<TimeOfDay>", into = "Vec<TimeOfDay>")]
pub struct FixedTimes(Vec<TimeOfDay>);

/// Why fixed times are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("定点播放须填写 1 到 24 个不同的时间，从 00:00 到 23:59")]
pub struct InvalidFixedTimes;

impl FixedTimes {
    /// Ascending.
    pub fn times(&self) -> &[TimeOfDay] {
        &self.0
    }
}

impl TryFrom<Vec<TimeOfDay>> for FixedTimes {
    type Error = InvalidFixedTimes;

    fn try_from(mut times: Vec<TimeOfDay>) -> Result<Self, InvalidFixedTimes> {
        times.sort_unstable();
        let distinct = times.windows(2).all(|pair| pair[0] < pair[1]);
        let good = distinct && (1..=24).contains(&times.len()) && !times.contains(&TimeOfDay::END);
        good.then_some(Self(times)).ok_or(InvalidFixedTimes)
    }
}

impl From<FixedTimes> for Vec<TimeOfDay> {
    fn from(times: FixedTimes) -> Self {
        times.0
    }
}

/// At least so many showings in each period. In JSON `{"plays":3,"per":"day"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "QuotaForm", into = "QuotaForm")]
pub struct Quota {
    plays: u16,
    per: Period,
}

/// A quota as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuotaForm {
    /// Showings, 1..=1000.
    pub plays: u16,
    /// In each of these.
    pub per: Period,
}

/// What a quota is counted in, by the local calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// From the first to the last.
    Month,
}

/// Why a quota is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("定量播放的次数须在 1 到 1000 之间")]
pub struct InvalidQuota;

impl Quota {
    /// Showings in each period.
    pub const fn plays(self) -> u16 {
        self.plays
    }

    /// What it is counted in.
    pub const fn per(self) -> Period {
        self.per
    }
}

impl TryFrom<QuotaForm> for Quota {
    type Error = InvalidQuota;

    fn try_from(form: QuotaForm) -> Result<Self, InvalidQuota> {
        let good = (1..=1000).contains(&form.plays);
        good.then_some(Self { plays: form.plays, per: form.per }).ok_or(InvalidQuota)
    }
}

impl From<Quota> for QuotaForm {
    fn from(quota: Quota) -> Self {
        Self { plays: quota.plays, per: quota.per }
    }
}

/// A share of airtime relative to other bookings, 1..=100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Weight(u8);

/// The weight was 0 or above 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("权重须在 1 到 100 之间")]
pub struct InvalidWeight;

impl Weight {
    /// 1: as good as any other.
    pub const ONE: Self = Self(1);

    /// The number, 1..=100.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Weight {
    type Error = InvalidWeight;

    fn try_from(weight: u8) -> Result<Self, InvalidWeight> {
        (1..=100).contains(&weight).then_some(Self(weight)).ok_or(InvalidWeight)
    }
}

impl From<Weight> for u8 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

/// How the checked types look in the API document: as the forms people write.
#[cfg(feature = "openapi")]
mod schema {
    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type},
    };

    use super::{FixedTimes, Guarantee, GuaranteeForm, Quota, QuotaForm, Weight};
    use crate::recurrence::TimeOfDay;

    impl PartialSchema for Weight {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(100)).build().into()
        }
    }

    impl ToSchema for Weight {}

    impl PartialSchema for FixedTimes {
        fn schema() -> RefOr<Schema> {
            ArrayBuilder::new().items(TimeOfDay::schema()).min_items(Some(1)).max_items(Some(24)).build().into()
        }
    }

    impl ToSchema for FixedTimes {}

    impl PartialSchema for Guarantee {
        fn schema() -> RefOr<Schema> {
            GuaranteeForm::schema()
        }
    }

    impl ToSchema for Guarantee {}

    impl PartialSchema for Quota {
        fn schema() -> RefOr<Schema> {
            QuotaForm::schema()
        }
    }

    impl ToSchema for Quota {
        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            QuotaForm::schemas(schemas);
        }
    }
}
