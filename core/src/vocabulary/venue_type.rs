//! 场所类型: our own code list. Each code carries the OpenOOH 1.2.1 integer it corresponds to and how well it does
//! (OpenOOH has gaps for lottery points, village squares, building sites; its strings are deprecated, so only integers).

use serde::{Deserialize, Serialize};

/// What sort of place a venue is (requirements.md C1–C15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is named by name_zh below")]
pub enum VenueType {
    BankHall,
    Atm,
    BusTerminal,
    BusShelter,
    BusInterior,
    BusExterior,
    TaxiRoof,
    TrainStation,
    Hospital,
    Clinic,
    Pharmacy,
    Lottery,
    MarriageRegistry,
    HotelLobby,
    Mall,
    Market,
    StreetShop,
    TelecomShop,
    School,
    College,
    GovernmentOffice,
    ServiceCentre,
    PoliceStation,
    Residential,
    ResidentialLift,
    CinemaLobby,
    CinemaHall,
    Park,
    VillageSquare,
    VillageSpeaker,
    ConstructionSite,
    ScenicSpot,
}

/// How well an OpenOOH code fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OpenOohMatch {
    /// The same thing.
    Exact,
    /// The nearest wider category.
    Broader,
    /// OpenOOH has nothing for it.
    None,
}

impl VenueType {
    /// Every venue type, in the order a list shows them.
    pub const ALL: &'static [Self] = &[
        Self::BankHall,
        Self::Atm,
        Self::BusTerminal,
        Self::BusShelter,
        Self::BusInterior,
        Self::BusExterior,
        Self::TaxiRoof,
        Self::TrainStation,
        Self::Hospital,
        Self::Clinic,
        Self::Pharmacy,
        Self::Lottery,
        Self::MarriageRegistry,
        Self::HotelLobby,
        Self::Mall,
        Self::Market,
        Self::StreetShop,
        Self::TelecomShop,
        Self::School,
        Self::College,
        Self::GovernmentOffice,
        Self::ServiceCentre,
        Self::PoliceStation,
        Self::Residential,
        Self::ResidentialLift,
        Self::CinemaLobby,
        Self::CinemaHall,
        Self::Park,
        Self::VillageSquare,
        Self::VillageSpeaker,
        Self::ConstructionSite,
        Self::ScenicSpot,
    ];

    /// The stable code, as in JSON and in the database.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BankHall => "bank_hall",
            Self::Atm => "atm",
            Self::BusTerminal => "bus_terminal",
            Self::BusShelter => "bus_shelter",
            Self::BusInterior => "bus_interior",
            Self::BusExterior => "bus_exterior",
            Self::TaxiRoof => "taxi_roof",
            Self::TrainStation => "train_station",
            Self::Hospital => "hospital",
            Self::Clinic => "clinic",
            Self::Pharmacy => "pharmacy",
            Self::Lottery => "lottery",
            Self::MarriageRegistry => "marriage_registry",
            Self::HotelLobby => "hotel_lobby",
            Self::Mall => "mall",
            Self::Market => "market",
            Self::StreetShop => "street_shop",
            Self::TelecomShop => "telecom_shop",
            Self::School => "school",
            Self::College => "college",
            Self::GovernmentOffice => "government_office",
            Self::ServiceCentre => "service_centre",
            Self::PoliceStation => "police_station",
            Self::Residential => "residential",
            Self::ResidentialLift => "residential_lift",
            Self::CinemaLobby => "cinema_lobby",
            Self::CinemaHall => "cinema_hall",
            Self::Park => "park",
            Self::VillageSquare => "village_square",
            Self::VillageSpeaker => "village_speaker",
            Self::ConstructionSite => "construction_site",
            Self::ScenicSpot => "scenic_spot",
        }
    }

    /// The name an official uses.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::BankHall => "银行营业厅",
            Self::Atm => "自助银行",
            Self::BusTerminal => "汽车客运站",
            Self::BusShelter => "公交站台",
            Self::BusInterior => "公交车厢",
            Self::BusExterior => "公交车身",
            Self::TaxiRoof => "出租车顶灯",
            Self::TrainStation => "火车站",
            Self::Hospital => "医院",
            Self::Clinic => "诊所、卫生院",
            Self::Pharmacy => "药店",
            Self::Lottery => "彩票投注站",
            Self::MarriageRegistry => "婚姻登记处",
            Self::HotelLobby => "宾馆酒店大堂",
            Self::Mall => "商场",
            Self::Market => "集贸市场",
            Self::StreetShop => "沿街门店",
            Self::TelecomShop => "通信营业厅",
            Self::School => "中小学校",
            Self::College => "大中专院校",
            Self::GovernmentOffice => "党政机关",
            Self::ServiceCentre => "便民服务中心",
            Self::PoliceStation => "派出所",
            Self::Residential => "居民小区",
            Self::ResidentialLift => "小区电梯",
            Self::CinemaLobby => "影院大厅",
            Self::CinemaHall => "影院放映厅",
            Self::Park => "公园广场",
            Self::VillageSquare => "村（社区）广场",
            Self::VillageSpeaker => "农村广播",
            Self::ConstructionSite => "建筑工地",
            Self::ScenicSpot => "旅游景区",
        }
    }

    /// The OpenOOH 1.2.1 integer and how well it fits.
    pub const fn openooh(self) -> (Option<u32>, OpenOohMatch) {
        match self {
            Self::BankHall => (Some(1001), OpenOohMatch::Exact),
            Self::Atm => (Some(1001), OpenOohMatch::Broader),
            Self::BusTerminal => (Some(10202), OpenOohMatch::Exact),
            Self::BusShelter => (Some(303), OpenOohMatch::Exact),
            Self::BusInterior => (Some(10201), OpenOohMatch::Exact),
            Self::BusExterior => (Some(10203), OpenOohMatch::Exact),
            Self::TaxiRoof => (Some(307), OpenOohMatch::Exact),
            Self::TrainStation => (Some(10604), OpenOohMatch::Exact),
            Self::Hospital => (Some(504), OpenOohMatch::Exact),
            Self::Clinic => (Some(504), OpenOohMatch::Broader),
            Self::Pharmacy => (Some(207), OpenOohMatch::Exact),
            Self::Lottery => (Some(216), OpenOohMatch::Broader),
            Self::MarriageRegistry => (Some(701), OpenOohMatch::Broader),
            Self::HotelLobby => (Some(80701), OpenOohMatch::Exact),
            Self::Mall => (Some(205), OpenOohMatch::Exact),
            Self::Market => (Some(205), OpenOohMatch::Broader),
            Self::StreetShop => (Some(216), OpenOohMatch::Broader),
            Self::TelecomShop => (Some(215), OpenOohMatch::Broader),
            Self::School => (Some(601), OpenOohMatch::Exact),
            Self::College => (Some(602), OpenOohMatch::Exact),
            Self::GovernmentOffice => (Some(701), OpenOohMatch::Broader),
            Self::ServiceCentre => (Some(701), OpenOohMatch::Broader),
            Self::PoliceStation => (Some(904), OpenOohMatch::Exact),
            Self::Residential => (Some(1101), OpenOohMatch::Exact),
            Self::ResidentialLift => (Some(110102), OpenOohMatch::Exact),
            Self::CinemaLobby => (Some(80201), OpenOohMatch::Exact),
            Self::CinemaHall => (Some(802), OpenOohMatch::Broader),
            Self::Park => (Some(801), OpenOohMatch::Broader),
            Self::VillageSquare => (Some(302), OpenOohMatch::Broader),
            Self::VillageSpeaker => (None, OpenOohMatch::None),
            Self::ConstructionSite => (None, OpenOohMatch::None),
            Self::ScenicSpot => (Some(801), OpenOohMatch::Broader),
        }
    }

    /// The type with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|t| t.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_and_equals_its_json_form() {
        for &t in VenueType::ALL {
            assert_eq!(VenueType::from_code(t.code()), Some(t));
            assert_eq!(serde_json::to_value(t).ok(), Some(t.code().into()));
            assert_eq!(t.openooh().0.is_none(), t.openooh().1 == OpenOohMatch::None);
        }
    }
}
