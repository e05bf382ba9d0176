//! A selector made ready to be asked about very many screens: planning asks two hundred bookings about a hundred thousand.
//!
//! Types, groups and kinds become bits, areas ranges of codes, long lists sorted ones. Asking allocates nothing and takes
//! the logarithm of the lists' lengths. What it answers is what [`Selector::matches`] answers (tested against it).

use super::{AreaCode, Exclusion, ScreenFacts, Selector};
use crate::{
    id::ScreenId,
    vocabulary::{ScreenKind, VenueGroup, VenueType},
};

/// A compiled [`Selector`].
#[derive(Debug, Clone)]
pub struct Matcher {
    conditions: Lists,
    exclude: Lists,
    named_only: bool,
    /// In order.
    screens: Vec<ScreenId>,
    /// In order.
    exclude_screens: Vec<ScreenId>,
}

impl Matcher {
    /// Compiles a selector.
    pub fn new(selector: &Selector) -> Self {
        let Selector { venue_types, venue_groups, areas, departments, tags, screen_kinds, .. } = selector;
        let out = &selector.exclude;
        Self {
            conditions: Lists::new(venue_types, venue_groups, areas, departments, tags, screen_kinds),
            exclude: Lists::of_exclusion(out),
            named_only: selector.names_screens_only(),
            screens: in_order(&selector.screens),
            exclude_screens: in_order(&selector.exclude_screens),
        }
    }

    /// Whether the screen is chosen.
    pub fn matches(&self, screen: &ScreenFacts) -> bool {
        let chosen = (!self.named_only && self.conditions.all_hold(screen)) || holds(&self.screens, &screen.screen);
        chosen && !self.exclude.any_hits(screen) && !holds(&self.exclude_screens, &screen.screen)
    }
}

/// What one property of a screen says to a selector, besides all its other properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Says {
    /// Its condition holds, or there is none.
    pub admitted: bool,
    /// It is reason enough to leave the screen out.
    pub excluded: bool,
}

/// The same question property by property: a screen is chosen if all admit it (or it is named) and none excludes it. Of
/// very many screens most have the same few properties, so the planner asks about each property once.
impl Matcher {
    pub(crate) fn on_type(&self, venue_type: VenueType) -> Says {
        let bit = type_bit(venue_type);
        let (wanted, out) = (self.conditions.types, self.exclude.types);
        Says { admitted: wanted == 0 || wanted & bit != 0, excluded: out & bit != 0 }
    }

    pub(crate) fn on_kind(&self, kind: ScreenKind) -> Says {
        let bit = kind_bit(kind);
        let (wanted, out) = (self.conditions.kinds, self.exclude.kinds);
        Says { admitted: wanted == 0 || wanted & bit != 0, excluded: out & bit != 0 }
    }

    pub(crate) fn on_area(&self, area: AreaCode) -> Says {
        let wanted = &self.conditions.areas;
        Says { admitted: wanted.is_empty() || within(wanted, area), excluded: within(&self.exclude.areas, area) }
    }

    pub(crate) fn on_department(&self, department: Option<&String>) -> Says {
        let has = |list: &[String]| department.is_some_and(|own| holds(list, own));
        let wanted = &self.conditions.departments;
        Says { admitted: wanted.is_empty() || has(wanted), excluded: has(&self.exclude.departments) }
    }

    pub(crate) fn on_tags(&self, tags: &[String]) -> Says {
        let has = |list: &[String]| tags.iter().any(|own| holds(list, own));
        let wanted = &self.conditions.tags;
        Says { admitted: wanted.is_empty() || has(wanted), excluded: has(&self.exclude.tags) }
    }

    /// Whether nothing but names chooses.
    pub(crate) fn is_by_name_only(&self) -> bool {
        self.named_only
    }

    /// The screens that it names: those chosen whatever their properties, those left out whatever their properties.
    pub(crate) fn names(&self) -> (&[ScreenId], &[ScreenId]) {
        (&self.screens, &self.exclude_screens)
    }
}

/// The lists of a selector or of its exclusion.
#[derive(Debug, Clone)]
struct Lists {
    types: u64,
    kinds: u8,
    /// First and last code of each area's subtree; in order, none overlapping.
    areas: Vec<(AreaCode, AreaCode)>,
    departments: Vec<String>,
    tags: Vec<String>,
}

impl Lists {
    fn new(
        types: &[VenueType],
        groups: &[VenueGroup],
        areas: &[AreaCode],
        departments: &[String],
        tags: &[String],
        kinds: &[ScreenKind],
    ) -> Self {
        let types = types.iter().copied().chain(groups.iter().flat_map(|group| group.types()));
        Self {
            types: types.map(type_bit).fold(0, |all, bit| all | bit),
            kinds: kinds.iter().copied().map(kind_bit).fold(0, |all, bit| all | bit),
            areas: disjoint(areas),
            departments: in_order(departments),
            tags: in_order(tags),
        }
    }

    fn of_exclusion(out: &Exclusion) -> Self {
        Self::new(&out.venue_types, &out.venue_groups, &out.areas, &out.departments, &out.tags, &out.screen_kinds)
    }

    /// As conditions: an empty one does not restrict. The cheapest and most telling are asked first.
    fn all_hold(&self, screen: &ScreenFacts) -> bool {
        (self.types == 0 || self.of_type(screen))
            && (self.kinds == 0 || self.of_kind(screen))
            && (self.areas.is_empty() || self.in_area(screen))
            && (self.departments.is_empty() || self.of_department(screen))
            && (self.tags.is_empty() || self.tagged(screen))
    }

    /// As exclusions: an empty one hits nothing.
    fn any_hits(&self, screen: &ScreenFacts) -> bool {
        self.of_type(screen)
            || self.of_kind(screen)
            || self.in_area(screen)
            || self.of_department(screen)
            || self.tagged(screen)
    }

    fn of_type(&self, screen: &ScreenFacts) -> bool {
        self.types & type_bit(screen.venue_type) != 0
    }

    fn of_kind(&self, screen: &ScreenFacts) -> bool {
        self.kinds & kind_bit(screen.kind) != 0
    }

    fn in_area(&self, screen: &ScreenFacts) -> bool {
        within(&self.areas, screen.area)
    }

    fn of_department(&self, screen: &ScreenFacts) -> bool {
        !self.departments.is_empty() && screen.department.as_ref().is_some_and(|own| holds(&self.departments, own))
    }

    fn tagged(&self, screen: &ScreenFacts) -> bool {
        !self.tags.is_empty() && screen.tags.iter().any(|own| holds(&self.tags, own))
    }
}

fn within(subtrees: &[(AreaCode, AreaCode)], area: AreaCode) -> bool {
    let after = subtrees.partition_point(|(first, _)| *first <= area);
    after.checked_sub(1).and_then(|at| subtrees.get(at)).is_some_and(|(_, last)| area <= *last)
}

/// Fewer than 64 types there are (tested).
const fn type_bit(venue_type: VenueType) -> u64 {
    1 << venue_type as u32
}

const fn kind_bit(kind: ScreenKind) -> u8 {
    1 << kind as u32
}

fn in_order<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort_unstable();
    list.dedup();
    list
}

fn holds<T: Ord>(in_order: &[T], wanted: &T) -> bool {
    !in_order.is_empty() && in_order.binary_search(wanted).is_ok()
}

/// The subtrees of areas without those that lie in another one. Two subtrees either lie one in the other or apart.
fn disjoint(areas: &[AreaCode]) -> Vec<(AreaCode, AreaCode)> {
    let mut ranges: Vec<_> = areas.iter().map(|area| area.subtree()).collect();
    // No two areas begin with the same code; the wider one comes before what lies in it.
    ranges.sort_unstable();
    let mut apart: Vec<(AreaCode, AreaCode)> = Vec::with_capacity(ranges.len());
    for range in ranges {
        if apart.last().is_none_or(|(_, last)| *last < range.0) {
            apart.push(range);
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_venue_type_and_screen_kind_has_a_bit_of_its_own() {
        let types = VenueType::ALL.iter().fold(0, |all, &t| all | type_bit(t));
        assert_eq!(types.count_ones() as usize, VenueType::ALL.len());
        let kinds = [ScreenKind::Lcd, ScreenKind::LedStrip, ScreenKind::LedWall, ScreenKind::Speaker];
        assert_eq!(kinds.into_iter().fold(0, |all, k| all | kind_bit(k)).count_ones(), 4);
    }
}
