//! 投放范围: which screens a booking or a takeover is for.
//!
//! What people write is a [`Selector`]; to ask it about many screens, compile it once with [`Selector::matcher`].

use serde::{Deserialize, Serialize};

use super::{AreaCode, Matcher, ScreenFacts};
use crate::{
    id::ScreenId,
    vocabulary::{ScreenKind, VenueGroup, VenueType},
};

/// A choice of screens. A condition that is empty does not restrict; those that are not empty all have to hold. Venue
/// types and venue groups are one condition: they are branches of one tree.
///
/// Screens named in `screens` are added to those that meet the conditions; with `screens` given and no condition at all,
/// it is just these. Whatever `exclude` and `exclude_screens` say wins over everything else, over `screens` too: who
/// excluded something must never see it play. The empty selector chooses every screen.
///
/// Fields that came later are left out of the JSON while they are empty, so that a stored selector reads and compares as
/// it always did.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Selector {
    /// In venues of one of these types, or of a type of one of `venue_groups`.
    pub venue_types: Vec<VenueType>,
    /// In venues of any type of one of these groups, or of one of `venue_types`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue_groups: Vec<VenueGroup>,
    /// In one of these areas or below it.
    pub areas: Vec<AreaCode>,
    /// Answered for by one of these departments (by their stable codes).
    pub departments: Vec<String>,
    /// With one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Screens of one of these kinds.
    pub screen_kinds: Vec<ScreenKind>,
    /// These as well.
    pub screens: Vec<ScreenId>,
    /// Never what meets one of these.
    #[serde(skip_serializing_if = "Exclusion::is_empty")]
    pub exclude: Exclusion,
    /// Never these.
    pub exclude_screens: Vec<ScreenId>,
}

/// What is left out: a screen that meets any one entry of any one list is out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Exclusion {
    /// In venues of one of these types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue_types: Vec<VenueType>,
    /// In venues of any type of one of these groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue_groups: Vec<VenueGroup>,
    /// In one of these areas or below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<AreaCode>,
    /// Answered for by one of these departments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub departments: Vec<String>,
    /// With one of these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Screens of one of these kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub screen_kinds: Vec<ScreenKind>,
}

impl Exclusion {
    /// Whether it leaves out nothing.
    pub fn is_empty(&self) -> bool {
        self.venue_types.is_empty()
            && self.venue_groups.is_empty()
            && self.areas.is_empty()
            && self.departments.is_empty()
            && self.tags.is_empty()
            && self.screen_kinds.is_empty()
    }

    /// Whether it leaves the screen out.
    pub fn hits(&self, screen: &ScreenFacts) -> bool {
        in_tree(&self.venue_types, &self.venue_groups, screen)
            || in_areas(&self.areas, screen)
            || of_departments(&self.departments, screen)
            || has_tag(&self.tags, screen)
            || self.screen_kinds.contains(&screen.kind)
    }
}

impl Selector {
    /// Every screen.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether the screen is chosen. Takes time with the lengths of the lists: for many screens use a [`Matcher`].
    pub fn matches(&self, screen: &ScreenFacts) -> bool {
        if self.exclude_screens.contains(&screen.screen) || self.exclude.hits(screen) {
            return false;
        }
        if self.screens.contains(&screen.screen) {
            return true;
        }
        !self.names_screens_only() && self.conditions_hold(screen)
    }

    /// The same choice, made ready to be asked about very many screens.
    pub fn matcher(&self) -> Matcher {
        Matcher::new(self)
    }

    /// Whether it is just the screens in `screens`.
    pub(super) fn names_screens_only(&self) -> bool {
        let without_conditions = self.venue_types.is_empty()
            && self.venue_groups.is_empty()
            && self.areas.is_empty()
            && self.departments.is_empty()
            && self.tags.is_empty()
            && self.screen_kinds.is_empty();
        !self.screens.is_empty() && without_conditions
    }

    fn conditions_hold(&self, screen: &ScreenFacts) -> bool {
        let any_venue = self.venue_types.is_empty() && self.venue_groups.is_empty();
        (any_venue || in_tree(&self.venue_types, &self.venue_groups, screen))
            && (self.areas.is_empty() || in_areas(&self.areas, screen))
            && (self.departments.is_empty() || of_departments(&self.departments, screen))
            && (self.tags.is_empty() || has_tag(&self.tags, screen))
            && (self.screen_kinds.is_empty() || self.screen_kinds.contains(&screen.kind))
    }
}

fn in_tree(types: &[VenueType], groups: &[VenueGroup], screen: &ScreenFacts) -> bool {
    types.contains(&screen.venue_type) || groups.contains(&screen.venue_type.group())
}

fn in_areas(areas: &[AreaCode], screen: &ScreenFacts) -> bool {
    areas.iter().any(|area| area.contains(screen.area))
}

fn of_departments(departments: &[String], screen: &ScreenFacts) -> bool {
    screen.department.as_ref().is_some_and(|own| departments.contains(own))
}

fn has_tag(tags: &[String], screen: &ScreenFacts) -> bool {
    screen.tags.iter().any(|own| tags.contains(own))
}
