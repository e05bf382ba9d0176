//! 阶段: a campaign prepares, is shown a lot, is summed up, and goes on as routine (requirements.md S1). How strongly its
//! bookings play follows from the stage that a day lies in; a day in no stage is an ordinary one.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What a stage of a campaign is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// 准备: material is made, screens are got ready.
    Preparation,
    /// 集中宣传: as much as there can be.
    Concentrated,
    /// 总结评估: what came of it.
    Evaluation,
    /// 常态: from now on, moderately.
    Routine,
}

impl StageKind {
    /// What an official calls it.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Preparation => "准备",
            Self::Concentrated => "集中宣传",
            Self::Evaluation => "总结评估",
            Self::Routine => "常态",
        }
    }
}

/// How strongly a campaign plays, in percent of what its bookings say, 10..=300.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Intensity(u16);

/// The intensity was not 10..=300 percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("强度须在 10% 到 300% 之间")]
pub struct InvalidIntensity;

impl Intensity {
    /// 100 %: exactly what the bookings say.
    pub const FULL: Self = Self(100);

    /// The percentage, 10..=300.
    pub const fn percent(self) -> u16 {
        self.0
    }

    /// So many at 100 %, at this intensity: rounded half up, and never nothing of something.
    pub fn of(self, count: u32) -> u32 {
        let scaled = (u64::from(count) * u64::from(self.0) + 50) / 100;
        u32::try_from(scaled).unwrap_or(u32::MAX).max(count.min(1))
    }
}

impl Default for Intensity {
    fn default() -> Self {
        Self::FULL
    }
}

impl TryFrom<u16> for Intensity {
    type Error = InvalidIntensity;

    fn try_from(percent: u16) -> Result<Self, InvalidIntensity> {
        (10..=300).contains(&percent).then_some(Self(percent)).ok_or(InvalidIntensity)
    }
}

impl From<Intensity> for u16 {
    fn from(intensity: Intensity) -> Self {
        intensity.0
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Intensity {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .description(Some("Percent of what the bookings say."))
            .minimum(Some(10))
            .maximum(Some(300))
            .build()
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Intensity {}

/// Some days of a campaign with an intensity of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What it is for.
    pub kind: StageKind,
    /// First local day.
    pub from: NaiveDate,
    /// Last local day.
    pub until: NaiveDate,
    /// How strongly the campaign plays meanwhile.
    pub intensity: Intensity,
}

/// Why a list of stages is refused. The number is the stage's place in the list, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStages {
    /// It ends before it begins.
    #[error("阶段的结束日期早于开始日期")]
    Inverted(usize),
    /// It lies outside the campaign.
    #[error("阶段的日期超出了宣传活动的起止日期")]
    Outside(usize),
    /// It does not come after the one before it in the list.
    #[error("各阶段须按先后排列，日期不能重叠")]
    Overlapping(usize),
}

impl InvalidStages {
    /// Where the fault is, as a JSON path.
    pub fn field(self) -> String {
        match self {
            Self::Inverted(n) => format!("stages.{n}.until"),
            Self::Outside(n) | Self::Overlapping(n) => format!("stages.{n}.from"),
        }
    }

    /// A stable name for the reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Inverted(_) => "inverted",
            Self::Outside(_) => "outside",
            Self::Overlapping(_) => "overlapping",
        }
    }
}

impl Stage {
    /// Whether the day lies in it.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.until
    }

    /// Whether a campaign of these days (both included) may have these stages, in this order.
    pub fn check_list(stages: &[Self], starts: NaiveDate, ends: NaiveDate) -> Result<(), InvalidStages> {
        let mut before: Option<NaiveDate> = None;
        for (n, stage) in stages.iter().enumerate() {
            if stage.until < stage.from {
                return Err(InvalidStages::Inverted(n));
            }
            if stage.from < starts || ends < stage.until {
                return Err(InvalidStages::Outside(n));
            }
            if before.is_some_and(|before| stage.from <= before) {
                return Err(InvalidStages::Overlapping(n));
            }
            before = Some(stage.until);
        }
        Ok(())
    }

    /// The stage that a day lies in.
    pub fn on(stages: &[Self], day: NaiveDate) -> Option<&Self> {
        stages.iter().find(|stage| stage.contains(day))
    }

    /// How strongly a campaign with these stages plays on a day.
    pub fn intensity_on(stages: &[Self], day: NaiveDate) -> Intensity {
        Self::on(stages, day).map_or(Intensity::FULL, |stage| stage.intensity)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    fn day(n: u16) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 1).unwrap() + Days::new(n.into())
    }

    fn stage(kind: StageKind, from: u16, until: u16, percent: u16) -> Stage {
        Stage { kind, from: day(from), until: day(until), intensity: percent.try_into().unwrap() }
    }

    #[test]
    fn a_day_without_a_stage_is_played_in_full() {
        let stages = [stage(StageKind::Preparation, 2, 4, 50), stage(StageKind::Concentrated, 5, 9, 200)];
        let percents: Vec<_> = [1, 2, 4, 5, 9, 10].map(|n| Stage::intensity_on(&stages, day(n)).percent()).into();
        assert_eq!(percents, [100, 50, 50, 200, 200, 100]);
        assert_eq!(Stage::check_list(&stages, day(0), day(9)), Ok(()));
    }

    #[test]
    fn a_list_is_refused_with_the_stage_at_fault() {
        let check = |stages: &[Stage]| Stage::check_list(stages, day(0), day(10));
        let first = stage(StageKind::Preparation, 0, 4, 100);
        let inverted = stage(StageKind::Routine, 6, 5, 100);
        assert_eq!(check(&[first, inverted]), Err(InvalidStages::Inverted(1)));
        assert_eq!(check(&[stage(StageKind::Routine, 6, 11, 100)]), Err(InvalidStages::Outside(0)));
        let overlapping = stage(StageKind::Evaluation, 4, 6, 100);
        assert_eq!(check(&[first, overlapping]), Err(InvalidStages::Overlapping(1)));
        let earlier = [stage(StageKind::Routine, 5, 6, 100), first];
        assert_eq!(check(&earlier), Err(InvalidStages::Overlapping(1)), "in order of time");
        assert_eq!(InvalidStages::Overlapping(1).field(), "stages.1.from");
    }

    #[test]
    fn an_intensity_is_ten_to_three_hundred_percent() {
        for wrong in ["9", "301", "-1", "100.5", "null"] {
            assert!(serde_json::from_str::<Intensity>(wrong).is_err(), "{wrong}");
        }
        let text = r#"{"kind":"concentrated","from":"2026-03-01","until":"2026-03-07","intensity":250}"#;
        let stage: Stage = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&stage).unwrap(), text);
    }

    proptest! {
        /// On every day at most one stage of an accepted list holds, and it is the one whose intensity counts.
        #[test]
        fn of_an_accepted_list_no_two_stages_share_a_day(
            spans in prop::collection::vec((0_u16..40, 0_u16..8, 10_u16..=300), 0..6),
        ) {
            let stages: Vec<_> = spans.iter().map(|(from, long, percent)| stage(StageKind::Routine, *from, from + long, *percent)).collect();
            let accepted = Stage::check_list(&stages, day(0), day(40)).is_ok();
            let mut alone = true;
            let mut ordered = true;
            for n in 0..50 {
                let holding: Vec<_> = stages.iter().filter(|s| s.contains(day(n))).collect();
                alone &= holding.len() <= 1;
                if let [one] = holding[..] {
                    prop_assert_eq!(Stage::intensity_on(&stages, day(n)), one.intensity);
                }
            }
            for pair in stages.windows(2) {
                ordered &= pair[0].from <= pair[1].from;
            }
            let within = stages.iter().all(|s| s.until <= day(40));
            prop_assert_eq!(accepted, alone && ordered && within);
        }

        /// More intensity or more to do never comes to less, and something never comes to nothing.
        #[test]
        fn a_count_grows_with_intensity(count in 0_u32..100_000, more in 0_u32..1000, percent in 10_u16..300) {
            let (low, high): (Intensity, Intensity) = (percent.try_into().unwrap(), (percent + 1).try_into().unwrap());
            prop_assert!(low.of(count) <= high.of(count));
            prop_assert!(low.of(count) <= low.of(count + more));
            prop_assert_eq!(low.of(count) == 0, count == 0);
            prop_assert_eq!(Intensity::FULL.of(count), count);
            let exact = i64::from(count) * i64::from(percent);
            prop_assert!((i64::from(low.of(count)) * 100 - exact).abs() <= 50 || low.of(count) == 1);
        }
    }
}
