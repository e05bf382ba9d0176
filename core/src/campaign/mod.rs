//! What was promised: bookings say which creatives play on which screens, when, and how often.
//!
//! A booking reaches screens through its [`Selector`]; whether a creative can be shown on a reached screen, and in which
//! zone, is decided here once for server, console and planner.

mod area;
mod matcher;
mod reach;
mod selector;

pub use area::{AreaCode, AreaLevel, InvalidAreaCode};
pub use matcher::Matcher;
pub use reach::{CreativeFacts, ScreenFacts, Unplayable, zone_for};
pub use selector::{Exclusion, Selector};

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
}

/// How often a booking plays. Later modes: guarantee, fixed times, once per event, quota, filler (design.md §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// 轮播: a share of the airtime, in proportion to the weights of all bookings on air at the same time.
    Share {
        /// Its weight.
        weight: Weight,
    },
}

impl Mode {
    /// The weight with which it takes part in the rotation.
    pub const fn weight(self) -> Weight {
        match self {
            Self::Share { weight } => weight,
        }
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

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Weight {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .minimum(Some(1))
            .maximum(Some(100))
            .build()
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Weight {}

#[cfg(test)]
mod choices;
#[cfg(test)]
mod tests;
