//! Stories of screens on both databases: a small county, people with scopes, and players that hold their own keys.

mod devices;
mod layouts;
mod links;
mod pairing;
mod places;
mod tags;

use tempfile::TempDir;
use uuid::Uuid;
use xuanping_core::{id::AccountId, sign::SecretKey, wire::Capabilities};

use super::*;
use crate::{
    accounts::{Actor, Role, Scope},
    clock,
};

const COUNTY: &str = "330482000000";
const EAST: &str = "330482100000";
const EAST_VILLAGE: &str = "330482100201";
const WEST: &str = "330482101000";

struct House {
    screens: Screens,
    jobs: Jobs,
    _keys: TempDir,
}

/// A county of two townships with one department, and nothing in it.
async fn house(db: &Db) -> House {
    let keys = TempDir::new().unwrap();
    let jobs = Jobs::new(db.clone());
    let screens = Screens::new(db.clone(), jobs.clone(), Publisher::open(keys.path()).unwrap());
    let now = clock::now();
    for (code, name) in [(COUNTY, "某县"), (EAST, "东镇"), (EAST_VILLAGE, "东镇一村"), (WEST, "西镇")] {
        let area = NewArea { code: code.into(), name: name.into(), source_year: 2023 };
        screens.put_area(area, &Actor::CommandLine, now).await.unwrap();
    }
    for (code, name) in [("fin", "金融服务中心"), ("health", "卫健局")] {
        let department = Department { code: code.into(), name: name.into() };
        screens.put_department(department, &Actor::CommandLine, now).await.unwrap();
    }
    House { screens, jobs, _keys: keys }
}

fn principal(n: u128, role: Role, department: Option<&str>, area: Option<&str>) -> Principal {
    Principal {
        id: AccountId::new(Uuid::from_u128(n)),
        name: format!("p{n}"),
        display_name: format!("{n}号"),
        roles: vec![role],
        scope: Scope { department: department.map(Into::into), area: area.map(Into::into) },
        must_set_password: false,
    }
}

/// An operator of the whole county.
fn operator() -> Principal {
    principal(1, Role::Operator, None, None)
}

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn hall() -> Capabilities {
    Capabilities {
        kind: ScreenKind::Lcd,
        size: Size { width: 1920, height: 1080 },
        clips: true,
        sound: true,
        software: "test".into(),
        host: "hall".into(),
    }
}

fn new_venue(name: &str, area: &str) -> NewVenue {
    NewVenue {
        name: name.into(),
        kind: VenueType::BankHall,
        area: area.into(),
        department: "fin".into(),
        address: "某路 1 号".into(),
        opening: "08:30-17:30".into(),
        position: String::new(),
    }
}

fn pairing(code: &str, venue: VenueId, name: &str) -> PairRequest {
    PairRequest {
        code: code.into(),
        venue: VenueChoice::Existing(venue),
        name: name.into(),
        layout: Layout::MainAndTicker,
        sound: Sound::On,
    }
}

fn named(name: &str) -> ScreenChange {
    ScreenChange { name: Some(name.into()), ..ScreenChange::default() }
}

fn tagged(tags: &[&str]) -> ScreenChange {
    ScreenChange { tags: Some(tags.iter().map(|&tag| tag.into()).collect()), ..ScreenChange::default() }
}

impl House {
    async fn venue(&self, name: &str, area: &str) -> VenueId {
        self.screens.add_venue(new_venue(name, area), None, &Actor::CommandLine, clock::now()).await.unwrap().id
    }

    /// The code that this key's player shows.
    async fn code(&self, n: u8, now: UtcMillis) -> String {
        match self.screens.introduce(key(n).public(), hall(), None, now).await.unwrap() {
            xuanping_core::wire::EnrolmentState::Waiting { code, .. } => code,
            enrolled @ xuanping_core::wire::EnrolmentState::Enrolled { .. } => panic!("{enrolled:?}"),
        }
    }

    /// A screen in a venue, paired by code.
    async fn screen(&self, n: u8, venue: VenueId) -> Screen {
        let now = clock::now();
        let code = self.code(n, now).await;
        self.screens.pair(pairing(&code, venue, &format!("屏{n}")), &operator(), now).await.unwrap()
    }

    async fn trail(&self, action: &str) -> usize {
        let all = crate::accounts::audit::list(&self.screens.db, None, 200).await.unwrap();
        all.into_iter().filter(|e| e.action == action).count()
    }
}
