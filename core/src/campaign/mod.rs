//! What was promised: bookings say which creatives play on which screens, when, and how often.
//!
//! A booking reaches screens through its [`Selector`]; whether a creative can be shown on a reached screen, and in which
//! zone, is decided here once for server, console and planner.

mod area;
mod matcher;
mod mode;
mod pace;
mod reach;
mod selector;
mod stage;

pub use area::{AreaCode, AreaLevel, InvalidAreaCode};
pub use matcher::Matcher;
pub(crate) use matcher::Says;
pub use mode::{
    EventTrigger, FixedTimes, Guarantee, GuaranteeForm, InvalidFixedTimes, InvalidGuarantee, InvalidQuota,
    InvalidWeight, Milder, Mode, Period, Quota, QuotaForm, Weight,
};
pub use pace::{Calendar, Pace, Progress};
pub use reach::{CreativeFacts, ScreenFacts, Surface, Unplayable, zone_for};
pub use selector::{Exclusion, Selector};
pub use stage::{Intensity, InvalidIntensity, InvalidStages, Stage, StageKind};

use serde::{Deserialize, Serialize};

use crate::{
    id::{BookingId, CampaignId, CreativeId},
    recurrence::Schedule,
};

/// 排期.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Booking {
    /// Which.
    pub id: BookingId,
    /// The campaign it belongs to.
    pub campaign: CampaignId,
    /// What people call it.
    pub name: String,
    /// What plays; they share the booking's part equally.
    pub creatives: Vec<CreativeId>,
    /// Where.
    pub selector: Selector,
    /// When.
    pub schedule: Schedule,
    /// How often.
    pub mode: Mode,
    /// Never more showings than this on one local day, in each zone of a screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_per_day: Option<u32>,
    /// The stages of its campaign when that was published: on their days it plays more or less than its mode says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
}

#[cfg(test)]
mod choices;
#[cfg(test)]
mod tests;
