//! Exposure look-back: what was shown around a place in the days before a case. The office asks it after every loss: did
//! the people of this village see a warning of this kind at all, how often, and where?

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use xuanping_core::{
    campaign::AreaCode,
    id::{CreativeId, ScreenId},
    position::Circle,
    vocabulary::FraudType,
};

use super::{Filter, PlayError, Plays, names::Names};
use crate::{accounts::Scope, screens::ScreenFilter};

/// The place and time of a case.
#[derive(Debug, Clone)]
pub struct Case {
    /// What counts as around it.
    pub around: Around,
    /// The day it happened: what was shown that day counts too.
    pub date: NaiveDate,
    /// How many days are looked back over, the day itself included.
    pub days: u16,
    /// What kind of fraud it was.
    pub fraud_type: Option<FraudType>,
}

/// Around a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// Its village, township or county.
    Area(AreaCode),
    /// Everything within a distance of where it happened.
    Near(Circle),
}

impl Case {
    /// The first day that is looked at.
    pub fn first_day(&self) -> NaiveDate {
        let back = Days::new(u64::from(self.days.saturating_sub(1)));
        self.date.checked_sub_days(back).unwrap_or(self.date)
    }

    /// Everything shown around it in its days, of whatever kind.
    pub fn filter(&self, within: &Scope) -> Filter {
        let (area, near) = match self.around {
            Around::Area(area) => (Some(area.to_string()), None),
            Around::Near(circle) => (None, Some(circle)),
        };
        Filter {
            area,
            near,
            day_from: Some(self.first_day()),
            day_to: Some(self.date),
            scope: within.clone(),
            ..Filter::default()
        }
    }
}

/// What a creative came to on a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What.
    pub creative: CreativeId,
    /// Where.
    pub screen: ScreenId,
    /// Shown its full length so often.
    pub plays: i64,
    /// Time on the wall, in milliseconds.
    pub shown_ms: i64,
    /// On how many days that was.
    pub days: i64,
    /// The last of them; `None`: it never was shown in full.
    pub last: Option<NaiveDate>,
}

/// What was shown around a place.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// By creative, the most shown first; of the case's fraud type before others.
    pub creatives: Vec<CreativeLine>,
    /// By screen, the most shown first.
    pub screens: Vec<ScreenLine>,
    /// Of the case's fraud type (or of all, if none was named).
    pub matching: Total,
    /// Screens in service there now.
    pub in_service: usize,
}

/// A sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// Plays in full.
    pub plays: i64,
    /// Time on the wall, in milliseconds.
    pub shown_ms: i64,
    /// On how many screens.
    pub screens: usize,
    /// The last day on which any was shown.
    pub last: Option<NaiveDate>,
}

/// A creative's line.
#[derive(Debug, Clone)]
pub struct CreativeLine {
    /// Which.
    pub creative: CreativeId,
    /// Of the case's fraud type.
    pub matches: bool,
    /// What it comes to.
    pub total: Total,
}

/// A screen's line.
#[derive(Debug, Clone)]
pub struct ScreenLine {
    /// Which.
    pub screen: ScreenId,
    /// Everything it showed.
    pub all: Total,
    /// Of the case's fraud type.
    pub matching: Total,
}

impl Total {
    /// Parts of showings are time on the wall, and nothing else: a screen that never showed it in full did not show it.
    fn add(&mut self, shown: &Shown) {
        self.plays += shown.plays;
        self.shown_ms += shown.shown_ms;
        self.last = self.last.max(shown.last);
    }
}

/// Sums up; `matches` says whether a creative is of the case's fraud type.
fn summed(shown: &[Shown], matches: impl Fn(CreativeId) -> bool) -> Exposure {
    let mut creatives: BTreeMap<CreativeId, (Total, BTreeSet<ScreenId>)> = BTreeMap::new();
    let mut screens: BTreeMap<ScreenId, (Total, Total)> = BTreeMap::new();
    let mut matching = Total::default();
    let mut matching_screens = BTreeSet::new();
    for each in shown {
        let whole = each.plays > 0;
        let of_creative = creatives.entry(each.creative).or_default();
        of_creative.0.add(each);
        of_creative.1.extend(whole.then_some(each.screen));
        let of_screen = screens.entry(each.screen).or_default();
        of_screen.0.add(each);
        if matches(each.creative) {
            of_screen.1.add(each);
            matching.add(each);
            matching_screens.extend(whole.then_some(each.screen));
        }
    }
    matching.screens = matching_screens.len();
    let line = |(creative, (total, on)): (CreativeId, (Total, BTreeSet<ScreenId>))| CreativeLine {
        creative,
        matches: matches(creative),
        total: Total { screens: on.len(), ..total },
    };
    let mut creatives: Vec<CreativeLine> = creatives.into_iter().map(line).collect();
    creatives.retain(|line| line.total.plays > 0);
    creatives.sort_by_key(|line| std::cmp::Reverse((line.matches, line.total.plays)));
    let line = |(screen, (all, matching)): (ScreenId, (Total, Total))| ScreenLine { screen, all, matching };
    let mut screens: Vec<ScreenLine> = screens.into_iter().map(line).collect();
    screens.retain(|line| line.all.plays > 0);
    screens.sort_by_key(|line| std::cmp::Reverse((line.matching.plays, line.all.plays)));
    Exposure { creatives, screens, matching, in_service: 0 }
}

impl Plays {
    /// What was shown around a case's place in the days before, within this scope; and the names for it.
    pub async fn exposure(&self, case: &Case, within: &Scope) -> Result<(Exposure, Names), PlayError> {
        let shown = self.shown(&case.filter(within)).await?;
        let mut names = Names::open(self).await?;
        names.learn_screens(self, shown.iter().map(|each| each.screen).collect()).await?;
        names.learn_creatives(self, shown.iter().map(|each| each.creative).collect()).await?;
        let matches = |creative: CreativeId| {
            let own = names.creative(creative).map(|creative| creative.fraud_type);
            case.fraud_type.is_none_or(|wanted| own == Some(wanted))
        };
        let mut exposure = summed(&shown, matches);
        exposure.in_service = self.in_service_around(case).await?;
        Ok((exposure, names))
    }
}

impl Plays {
    /// How many screens in service hang around a case's place now.
    async fn in_service_around(&self, case: &Case) -> Result<usize, PlayError> {
        Ok(match case.around {
            Around::Area(area) => {
                self.screens.list(&ScreenFilter { area: Some(area), ..ScreenFilter::default() }).await?.len()
            }
            Around::Near(circle) => {
                let holds = circle.holds();
                let venues = self.screens.venues().await?.into_iter();
                let there = venues.filter(|venue| venue.position.is_some_and(&holds));
                there.map(|venue| usize::try_from(venue.screens).unwrap_or(0)).sum()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn shown(creative: u128, screen: u128, plays: i64, last: u32) -> Shown {
        let day = |n: u32| NaiveDate::from_ymd_opt(2026, 11, n).unwrap();
        Shown {
            creative: CreativeId::new(Uuid::from_u128(creative)),
            screen: ScreenId::new(Uuid::from_u128(screen)),
            plays,
            shown_ms: plays * 6_000,
            days: 1,
            last: (plays > 0).then(|| day(last)),
        }
    }

    #[test]
    fn warnings_of_the_kind_come_first_and_what_was_never_shown_in_full_does_not_count() {
        let all = [shown(1, 1, 10, 5), shown(1, 2, 4, 9), shown(2, 1, 100, 20), shown(3, 1, 0, 21)];
        let exposure = summed(&all, |creative| creative.uuid().as_u128() == 1);
        let lines: Vec<_> = exposure.creatives.iter().map(|l| (l.matches, l.total.plays, l.total.screens)).collect();
        assert_eq!(lines, [(true, 14, 2), (false, 100, 1)]);
        let last = NaiveDate::from_ymd_opt(2026, 11, 9);
        assert_eq!(exposure.matching, Total { plays: 14, shown_ms: 84_000, screens: 2, last });
        let screens: Vec<_> = exposure.screens.iter().map(|l| (l.matching.plays, l.all.plays)).collect();
        assert_eq!(screens, [(10, 110), (4, 4)]);
    }

    #[test]
    fn a_look_back_over_so_many_days_ends_with_the_day_itself() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let first = |days| {
            let around = Around::Area("330482100000".parse().unwrap());
            Case { around, date, days, fraud_type: None }.first_day().to_string()
        };
        assert_eq!((first(1).as_str(), first(14).as_str()), ("2026-11-24", "2026-11-11"));
    }
}
