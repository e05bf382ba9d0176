//! How a wall runs over the local day: when it is off, how bright and how loud it is, how one still follows another.
//!
//! An operator says it once for a screen; it travels with the manifest, so a player knows it offline. While the wall is
//! off it is black and silent and nothing counts as played; an emergency is shown all the same.

use chrono::{DateTime, Days, NaiveDate, Timelike as _};
use chrono_tz::Tz;
use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Serialize};

use super::{OnWall, Playlist, ScreenOrders, Takeover, TakeoverLevel, in_force, on_wall};
use crate::{
    geometry::ZoneName,
    recurrence::{DayWindow, TimeOfDay, WindowFault, day_of, local_end, local_start},
    time::{UtcInterval, UtcMillis},
};

/// How a wall runs. What is not said is usual: always on, as bright and loud as can be, one still cut to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(map)]
#[serde(deny_unknown_fields, default)]
pub struct WallSettings {
    /// 熄屏时段: every day at these local times the wall is black.
    #[n(0)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub off: Vec<DayWindow>,
    /// 亮度, in percent of full, never quite none: each from its time on until the next one's, the last of a day into the next
    /// morning.
    #[n(1)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub brightness: Vec<DayLevel>,
    /// 音量, likewise.
    #[n(2)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub volume: Vec<DayLevel>,
    /// 切换效果.
    #[n(3)]
    #[cbor(default, skip_if = "Transition::is_cut")]
    pub transition: Transition,
}

/// A level from a time of day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(array)]
#[serde(deny_unknown_fields)]
pub struct DayLevel {
    /// Local time.
    #[n(0)]
    pub from: TimeOfDay,
    /// How much.
    #[n(1)]
    pub percent: Percent,
}

/// 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "u8", into = "u8")]
#[cfg_attr(feature = "openapi", schema(value_type = u8, minimum = 0, maximum = 100))]
pub struct Percent(u8);

/// How one still of a zone gives way to the next. Text that runs, clips, and whatever replaces them are always cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// 直接切换: from one frame to the next.
    #[default]
    #[n(0)]
    Cut,
    /// 淡入淡出: the next shows through the one before.
    #[n(1)]
    Fade,
    /// 推移: the next pushes the one before out to the left.
    #[n(2)]
    Slide,
}

/// Why settings of a wall are not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWallSettings {
    /// The off hours.
    #[error("熄屏时段：{0}")]
    Off(WindowFault),
    /// The wall would never be on.
    #[error("熄屏时段占满了全天，屏幕将永远不亮。")]
    AlwaysOff,
    /// A table has more than [`WallSettings::MOST_LEVELS`] rows, or not every row is later than the one before.
    #[error("亮度表和音量表每张最多 24 行，时间须从早到晚、互不相同，且早于 24:00。")]
    Levels,
}

impl Percent {
    /// All of it.
    pub const FULL: Self = Self(100);
    /// Nothing of it.
    pub const SILENT: Self = Self(0);
    /// The least that can still be seen.
    pub const FAINTEST: Self = Self(1);

    /// If it is at most 100.
    pub const fn new(percent: u8) -> Option<Self> {
        if percent <= 100 { Some(Self(percent)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl From<Percent> for u8 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

impl TryFrom<u8> for Percent {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("百分比须在 0 到 100 之间")
    }
}

impl<C> Encode<C> for Percent {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Percent {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(d.u8()?).ok_or_else(|| minicbor::decode::Error::message("a percentage above 100"))
    }
}

impl Transition {
    /// Whether nothing is seen of it.
    pub fn is_cut(&self) -> bool {
        *self == Self::Cut
    }
}

impl WallSettings {
    /// Rows of a table at most.
    pub const MOST_LEVELS: usize = 24;

    /// Whether nothing was said.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what people entered or a manifest says.
    pub fn checked(self) -> Result<Self, InvalidWallSettings> {
        if !self.off.is_empty() {
            DayWindow::check_list(&self.off).map_err(InvalidWallSettings::Off)?;
            let minutes: u32 = self.off.iter().map(|w| w.span()).map(|(from, to)| u32::from(to - from)).sum();
            if minutes >= u32::from(TimeOfDay::END.minutes()) {
                return Err(InvalidWallSettings::AlwaysOff);
            }
        }
        for levels in [&self.brightness, &self.volume] {
            let ascending = levels.windows(2).all(|pair| pair[0].from < pair[1].from);
            let in_day = levels.iter().all(|level| level.from < TimeOfDay::END);
            if levels.len() > Self::MOST_LEVELS || !ascending || !in_day {
                return Err(InvalidWallSettings::Levels);
            }
        }
        Ok(self)
    }

    /// Whether the wall is off at `at`, and until when what is said here holds.
    pub fn off_at(&self, at: UtcMillis, tz: Tz) -> (bool, Option<UtcMillis>) {
        let Some(today) = date_of(at, tz) else { return (false, None) };
        let around = [today.pred_opt(), Some(today), today.succ_opt()].into_iter().flatten();
        let stretches: Vec<UtcInterval> = around.flat_map(|date| self.off_on(date, tz)).collect();
        // Two windows may touch: what follows at once goes on.
        let mut until = None;
        while let Some(stretch) = stretches.iter().find(|s| s.contains(until.unwrap_or(at))) {
            until = Some(stretch.end);
        }
        match until {
            Some(until) => (true, Some(until)),
            None => (false, stretches.iter().map(|s| s.start).filter(|start| *start > at).min()),
        }
    }

    /// When the wall is off on a local date, those stretches into the next day that begin on it.
    pub fn off_on(&self, date: NaiveDate, tz: Tz) -> Vec<UtcInterval> {
        let midnight = date.and_time(chrono::NaiveTime::MIN);
        let stretch = |window: &DayWindow| {
            let (from, to) = window.span();
            let local = |minutes: u16| midnight + chrono::TimeDelta::minutes(i64::from(minutes));
            UtcInterval { start: local_start(local(from), tz), end: local_end(local(to), tz) }
        };
        self.off.iter().map(stretch).filter(|stretch| stretch.start < stretch.end).collect()
    }

    /// When on a local date a zone is not to be seen or heard, stretches into the next day that begin on it included.
    pub fn dark_on(&self, zone: ZoneName, date: NaiveDate, tz: Tz) -> Vec<UtcInterval> {
        let mut dark = self.off_on(date, tz);
        if zone == ZoneName::Audio && !self.volume.is_empty() {
            let day = day_of(date, tz);
            let mut from = day.start;
            while from < day.end {
                let until = self.next_level(from, tz).map_or(day.end, |next| next.min(day.end));
                if self.volume_at(from, tz) == Percent::SILENT {
                    dark.push(UtcInterval { start: from, end: until });
                }
                from = until;
            }
        }
        dark
    }

    /// How bright at `at`.
    pub fn brightness_at(&self, at: UtcMillis, tz: Tz) -> Percent {
        level_at(&self.brightness, at, tz)
    }

    /// How loud at `at`.
    pub fn volume_at(&self, at: UtcMillis, tz: Tz) -> Percent {
        level_at(&self.volume, at, tz)
    }

    /// When brightness or volume may be another next; `None`: never.
    pub fn next_level(&self, at: UtcMillis, tz: Tz) -> Option<UtcMillis> {
        let today = date_of(at, tz)?;
        let rows = || self.brightness.iter().chain(&self.volume).map(|level| level.from);
        [today, today.checked_add_days(Days::new(1))?]
            .into_iter()
            .flat_map(|date| rows().map(move |from| starts(date, from, tz)))
            .filter(|start| *start > at)
            .min()
    }
}

fn starts(date: NaiveDate, from: TimeOfDay, tz: Tz) -> UtcMillis {
    local_start(date.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::minutes(i64::from(from.minutes())), tz)
}

fn date_of(at: UtcMillis, tz: Tz) -> Option<NaiveDate> {
    Some(local(at, tz)?.date_naive())
}

fn local(at: UtcMillis, tz: Tz) -> Option<DateTime<Tz>> {
    at.to_datetime().map(|at| at.with_timezone(&tz))
}

fn level_at(levels: &[DayLevel], at: UtcMillis, tz: Tz) -> Percent {
    let Some(minute) = local(at, tz).map(|at| at.hour() * 60 + at.minute()) else { return Percent::FULL };
    let begun = levels.iter().rev().find(|level| u32::from(level.from.minutes()) <= minute);
    // Before the first row of the day, yesterday's last one goes on.
    begun.or(levels.last()).map_or(Percent::FULL, |level| level.percent)
}

impl ScreenOrders {
    /// The zone of its days; the county's if the manifest's is not known here.
    pub fn tz(&self) -> Tz {
        self.timezone.parse().unwrap_or(Tz::Asia__Shanghai)
    }
}

impl ScreenOrders {
    /// Whether a zone is kept from being seen or heard at `at`, and until when that holds: the wall is off and there is no
    /// emergency, or the volume is nothing.
    pub fn kept_dark(&self, takeovers: &[Takeover], zone: ZoneName, at: UtcMillis) -> (bool, Option<UtcMillis>) {
        let wall = &self.wall;
        let silent = || wall.volume_at(at, self.tz()) == Percent::SILENT;
        if zone == ZoneName::Audio && !wall.volume.is_empty() && silent() {
            return (true, wall.next_level(at, self.tz()));
        }
        if wall.off.is_empty() {
            return (false, None);
        }
        let (off, until) = wall.off_at(at, self.tz());
        let emergency = in_force(takeovers, at).is_some_and(|takeover| takeover.level == TakeoverLevel::Emergency);
        if off && !emergency {
            // An emergency that is announced lights the wall when it begins.
            let announced = takeovers.iter().map(|takeover| takeover.starts).filter(|start| *start > at);
            return (true, announced.chain(until).min());
        }
        (false, until)
    }
}

/// What a zone of a screen shows at `at`: [`on_wall`] for a wall that is on, black for one that is off.
pub fn on_screen<'a>(
    orders: &ScreenOrders,
    playlist: Option<&'a Playlist>,
    takeovers: &'a [Takeover],
    zone: ZoneName,
    at: UtcMillis,
) -> OnWall<'a> {
    match orders.kept_dark(takeovers, zone, at) {
        (true, until) => OnWall::Nothing { black: true, until },
        (false, until) => on_wall(playlist, takeovers, zone, at).asked_again_by(until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> TimeOfDay {
        text.parse().unwrap()
    }

    fn window(from: &str, to: &str) -> DayWindow {
        DayWindow { from: time(from), to: time(to) }
    }

    fn level(from: &str, percent: u8) -> DayLevel {
        DayLevel { from: time(from), percent: Percent::new(percent).unwrap() }
    }

    fn at(text: &str) -> UtcMillis {
        UtcMillis(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
    }

    const SHANGHAI: Tz = Tz::Asia__Shanghai;

    #[test]
    fn a_wall_is_off_through_the_night_and_says_when_it_is_on_again() {
        let night = WallSettings { off: vec![window("22:30", "06:00")], ..Default::default() }.checked().unwrap();
        let asked = |text| night.off_at(at(text), SHANGHAI);
        assert_eq!(asked("2025-06-02T22:29:59+08:00"), (false, Some(at("2025-06-02T22:30:00+08:00"))));
        assert_eq!(asked("2025-06-02T22:30:00+08:00"), (true, Some(at("2025-06-03T06:00:00+08:00"))));
        assert_eq!(asked("2025-06-03T05:59:59+08:00"), (true, Some(at("2025-06-03T06:00:00+08:00"))));
        assert_eq!(asked("2025-06-03T06:00:00+08:00"), (false, Some(at("2025-06-03T22:30:00+08:00"))));
    }

    #[test]
    fn windows_that_touch_are_one_darkness() {
        let two = [window("00:00", "06:00"), window("22:00", "24:00")];
        let night = WallSettings { off: two.to_vec(), ..Default::default() }.checked().unwrap();
        let asked = night.off_at(at("2025-06-02T23:00:00+08:00"), SHANGHAI);
        assert_eq!(asked, (true, Some(at("2025-06-03T06:00:00+08:00"))));
    }

    #[test]
    fn the_night_in_which_clocks_change_is_dark_from_its_local_start_to_its_local_end() {
        let night = WallSettings { off: vec![window("01:00", "05:00")], ..Default::default() };
        let tz = Tz::America__New_York;
        let hours = |date: &str| night.off_on(date.parse().unwrap(), tz)[0].length() / 3_600_000;
        assert_eq!((hours("2025-03-08"), hours("2025-03-09"), hours("2025-11-02")), (4, 3, 5));
    }

    #[test]
    fn sound_is_not_missed_while_it_is_set_to_nothing() {
        let wall = WallSettings { volume: vec![level("08:00", 70), level("20:00", 0)], ..WallSettings::default() };
        let date = "2025-06-02".parse().unwrap();
        let hours = |zone| -> Vec<(i64, i64)> {
            let start = at("2025-06-02T00:00:00+08:00");
            let hour = |at: UtcMillis| at.since(start) / 3_600_000;
            wall.dark_on(zone, date, SHANGHAI).iter().map(|dark| (hour(dark.start), hour(dark.end))).collect()
        };
        assert_eq!(hours(ZoneName::Audio), [(0, 8), (20, 24)]);
        assert_eq!(hours(ZoneName::Main), []);
    }

    #[test]
    fn a_level_holds_until_the_next_and_the_last_one_until_the_morning() {
        let wall = WallSettings { brightness: vec![level("07:00", 100), level("19:00", 40)], ..Default::default() };
        let asked = |text| wall.brightness_at(at(text), SHANGHAI).get();
        assert_eq!(asked("2025-06-02T06:59:59+08:00"), 40);
        assert_eq!(asked("2025-06-02T07:00:00+08:00"), 100);
        assert_eq!(asked("2025-06-02T19:00:00+08:00"), 40);
        assert_eq!(wall.next_level(at("2025-06-02T19:00:00+08:00"), SHANGHAI), Some(at("2025-06-03T07:00:00+08:00")));
        assert_eq!(WallSettings::default().brightness_at(at("2025-06-02T19:00:00+08:00"), SHANGHAI), Percent::FULL);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_reason() {
        let off = |windows: &[DayWindow]| WallSettings { off: windows.to_vec(), ..Default::default() }.checked();
        assert_eq!(off(&[DayWindow::ALL_DAY]), Err(InvalidWallSettings::AlwaysOff));
        assert!(matches!(off(&[window("01:00", "01:00")]), Err(InvalidWallSettings::Off(_))));
        let table = |rows: &[DayLevel]| WallSettings { volume: rows.to_vec(), ..Default::default() }.checked();
        assert_eq!(table(&[level("09:00", 10), level("08:00", 20)]), Err(InvalidWallSettings::Levels));
        assert_eq!(table(&[level("24:00", 10)]), Err(InvalidWallSettings::Levels));
        assert!(table(&[level("08:00", 10), level("09:00", 20)]).is_ok());
        assert!(serde_json::from_str::<Percent>("101").is_err());
    }
}
