//! 场所大类: the venue types as a tree of two levels, so that a person can say "all of transport" and mean also the types
//! that are added to it later.

use serde::{Deserialize, Serialize};

use super::VenueType;

/// A group of venue types; every type is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is named by name_zh below")]
pub enum VenueGroup {
    Finance,
    Transport,
    Health,
    Commerce,
    Education,
    Government,
    Residential,
    Leisure,
    Rural,
    Construction,
}

impl VenueGroup {
    /// Every group, in the order a list shows them.
    pub const ALL: &'static [Self] = &[
        Self::Finance,
        Self::Transport,
        Self::Health,
        Self::Commerce,
        Self::Education,
        Self::Government,
        Self::Residential,
        Self::Leisure,
        Self::Rural,
        Self::Construction,
    ];

    /// The stable code, as in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Finance => "finance",
            Self::Transport => "transport",
            Self::Health => "health",
            Self::Commerce => "commerce",
            Self::Education => "education",
            Self::Government => "government",
            Self::Residential => "residential",
            Self::Leisure => "leisure",
            Self::Rural => "rural",
            Self::Construction => "construction",
        }
    }

    /// The name an official uses.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Finance => "金融网点",
            Self::Transport => "交通出行",
            Self::Health => "医疗卫生",
            Self::Commerce => "商业服务",
            Self::Education => "学校教育",
            Self::Government => "政务服务",
            Self::Residential => "居住小区",
            Self::Leisure => "文化旅游",
            Self::Rural => "乡村",
            Self::Construction => "工地",
        }
    }

    /// Its types, in the order a list shows them.
    pub fn types(self) -> impl Iterator<Item = VenueType> {
        VenueType::ALL.iter().copied().filter(move |t| t.group() == self)
    }
}

impl VenueType {
    /// The group it is in.
    pub const fn group(self) -> VenueGroup {
        match self {
            Self::BankHall | Self::Atm => VenueGroup::Finance,
            Self::BusTerminal
            | Self::BusShelter
            | Self::BusInterior
            | Self::BusExterior
            | Self::TaxiRoof
            | Self::TrainStation => VenueGroup::Transport,
            Self::Hospital | Self::Clinic | Self::Pharmacy => VenueGroup::Health,
            Self::Lottery | Self::HotelLobby | Self::Mall | Self::Market | Self::StreetShop | Self::TelecomShop => {
                VenueGroup::Commerce
            }
            Self::School | Self::College => VenueGroup::Education,
            Self::MarriageRegistry | Self::GovernmentOffice | Self::ServiceCentre | Self::PoliceStation => {
                VenueGroup::Government
            }
            Self::Residential | Self::ResidentialLift => VenueGroup::Residential,
            Self::CinemaLobby | Self::CinemaHall | Self::Park | Self::ScenicSpot => VenueGroup::Leisure,
            Self::VillageSquare | Self::VillageSpeaker => VenueGroup::Rural,
            Self::ConstructionSite => VenueGroup::Construction,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_in_exactly_one_group_and_no_group_is_empty() {
        let mut listed: Vec<_> = VenueGroup::ALL.iter().flat_map(|group| group.types()).collect();
        listed.sort_unstable();
        let mut all = VenueType::ALL.to_vec();
        all.sort_unstable();
        assert_eq!(listed, all);
        assert!(VenueGroup::ALL.iter().all(|group| group.types().next().is_some()));
    }

    #[test]
    fn a_groups_code_is_its_json_form() {
        for &group in VenueGroup::ALL {
            assert_eq!(serde_json::to_value(group).ok(), Some(group.code().into()));
            assert_eq!(serde_json::from_value::<VenueGroup>(group.code().into()).ok(), Some(group));
        }
    }
}
