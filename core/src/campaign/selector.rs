//! 投放范围: which screens a booking or a takeover is for.

use serde::{Deserialize, Serialize};

use super::{AreaCode, ScreenFacts};
use crate::{
    id::ScreenId,
    vocabulary::{ScreenKind, VenueType},
};

/// A choice of screens. A list of conditions that is empty does not restrict; those that are not empty all have to hold.
///
/// Screens named in `screens` are added to those that meet the conditions; with `screens` given and no condition at all,
/// it is just these. Screens in `exclude_screens` are never chosen. The empty selector chooses every screen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Selector {
    /// In venues of one of these types.
    pub venue_types: Vec<VenueType>,
    /// In one of these areas or below it.
    pub areas: Vec<AreaCode>,
    /// Answered for by one of these departments (by their stable codes).
    pub departments: Vec<String>,
    /// Screens of one of these kinds.
    pub screen_kinds: Vec<ScreenKind>,
    /// These as well.
    pub screens: Vec<ScreenId>,
    /// Never these.
    pub exclude_screens: Vec<ScreenId>,
}

impl Selector {
    /// Every screen.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether the screen is chosen.
    pub fn matches(&self, screen: &ScreenFacts) -> bool {
        if self.exclude_screens.contains(&screen.screen) {
            return false;
        }
        if self.screens.contains(&screen.screen) {
            return true;
        }
        let named_only = !self.screens.is_empty() && !self.has_conditions();
        !named_only && self.conditions_hold(screen)
    }

    fn has_conditions(&self) -> bool {
        !(self.venue_types.is_empty()
            && self.areas.is_empty()
            && self.departments.is_empty()
            && self.screen_kinds.is_empty())
    }

    fn conditions_hold(&self, screen: &ScreenFacts) -> bool {
        let department = screen.department.as_ref();
        (self.venue_types.is_empty() || self.venue_types.contains(&screen.venue_type))
            && (self.areas.is_empty() || self.areas.iter().any(|area| area.contains(screen.area)))
            && (self.departments.is_empty() || department.is_some_and(|d| self.departments.contains(d)))
            && (self.screen_kinds.is_empty() || self.screen_kinds.contains(&screen.kind))
    }
}
