//! A small county for tests: three areas, two departments, and by and by venues, screens, slogans and campaigns, made
//! through the domains' own doors.

use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{Days, NaiveDate};
use tempfile::TempDir;
use uuid::Uuid;
use xuanping_core::{
    campaign::{Mode, Selector, Weight},
    geometry::{Layout, Size, Sound},
    id::{AccountId, BootId, CampaignId, CreativeId, ScreenId, VenueId},
    playlist::TakeoverLevel,
    recurrence::{DayWindow, ScheduleForm},
    sign::SecretKey,
    time::UtcMillis,
    vocabulary::{CreativeKind, FraudType, ScreenKind, VenueType},
    wire::{Capabilities, EnrolmentState, PlayerAbilities, PlayerStatus},
};

use crate::{
    accounts::{Actor, Principal, Role, Scope},
    app::App,
    campaigns::{BookingDraft, Campaign, CampaignDraft, CampaignError, Campaigns, NewTakeover, Published, Unreached},
    clock,
    content::{Draft, Fit, Step},
    db::Db,
    screens::{Department, NewArea, NewToken, NewVenue, Screen},
};

pub const COUNTY: &str = "330482000000";
pub const EAST: &str = "330482100000";
pub const WEST: &str = "330482101000";

/// What a player says that has nothing to tell.
pub fn report() -> PlayerStatus {
    PlayerStatus {
        boot: BootId::new(Uuid::from_u128(5)),
        now: clock::now(),
        device_timezone: None,
        manifest_version: 1,
        playlist: None,
        zones: Vec::new(),
        unreported_plays: 0,
        missing_assets: 0,
        last_error: None,
        software: "test".into(),
        dark: false,
        health: None,
        abilities: PlayerAbilities::default(),
        obeyed: Vec::new(),
        size: None,
    }
}

pub struct County {
    pub app: App,
    pub folder: TempDir,
    keys: AtomicU8,
}

pub fn editor() -> Actor {
    Actor::Person { id: AccountId::new(Uuid::from_u128(1)), name: "编辑".into() }
}

pub fn reviewer() -> Actor {
    Actor::Person { id: AccountId::new(Uuid::from_u128(2)), name: "审核员".into() }
}

/// Somebody signed in.
pub fn person(role: Role) -> Principal {
    Principal {
        id: AccountId::new(Uuid::from_u128(9)),
        name: "p".into(),
        display_name: "某人".into(),
        roles: vec![role],
        scope: Scope::default(),
        must_set_password: false,
    }
}

/// Today in the county.
pub fn today() -> NaiveDate {
    clock::today(chrono_tz::Asia::Shanghai)
}

/// So many days from today.
pub fn day(offset: i64) -> NaiveDate {
    let days = Days::new(offset.unsigned_abs());
    if offset < 0 { today() - days } else { today() + days }
}

/// A door strip: what every county has most of.
pub fn strip() -> Capabilities {
    Capabilities {
        kind: ScreenKind::LedStrip,
        size: Size { width: 320, height: 16 },
        clips: false,
        sound: false,
        software: "test".into(),
        host: "test".into(),
    }
}

/// Every day, all day, for these creatives everywhere.
pub fn booking(name: &str, creatives: Vec<CreativeId>) -> BookingDraft {
    BookingDraft {
        name: name.into(),
        creatives,
        selector: Selector::everything(),
        schedule: ScheduleForm {
            from: today(),
            until: None,
            weekdays: Some((1..=7).collect()),
            rrule: None,
            except: std::collections::BTreeSet::new(),
            also: std::collections::BTreeSet::new(),
            windows: vec![DayWindow::ALL_DAY],
        },
        mode: Mode::Share { weight: Weight::ONE },
        most_per_day: None,
    }
}

/// For ten minutes, everywhere.
pub fn takeover(title: &str, creatives: Vec<CreativeId>) -> NewTakeover {
    NewTakeover {
        title: title.into(),
        level: TakeoverLevel::Warning,
        creatives,
        selector: Selector::everything(),
        minutes: 10,
    }
}

impl County {
    pub async fn new(db: &Db) -> Self {
        let folder = TempDir::new().unwrap();
        let app = App::with_database(db.clone(), folder.path()).await.unwrap();
        let (now, by) = (clock::now(), Actor::CommandLine);
        for (code, name) in [(COUNTY, "某县"), (EAST, "东镇"), (WEST, "西镇")] {
            let area = NewArea { code: code.into(), name: name.into(), source_year: 2023 };
            app.screens.put_area(area, &by, now).await.unwrap();
        }
        for (code, name) in [("fin", "金融服务中心"), ("health", "卫健局")] {
            let department = Department { code: code.into(), name: name.into() };
            app.screens.put_department(department, &by, now).await.unwrap();
        }
        Self { app, folder, keys: AtomicU8::new(1) }
    }

    /// The same county after a restart of the server.
    pub async fn restarted(self, db: &Db) -> Self {
        let app = App::with_database(db.clone(), self.folder.path()).await.unwrap();
        Self { app, ..self }
    }

    pub async fn venue(&self, name: &str, kind: VenueType, area: &str) -> VenueId {
        let venue = NewVenue {
            name: name.into(),
            kind,
            area: area.into(),
            department: "fin".into(),
            address: String::new(),
            opening: "00:00-24:00".into(),
            position: String::new(),
        };
        self.app.screens.add_venue(venue, None, &Actor::CommandLine, clock::now()).await.unwrap().id
    }

    /// A new strip in a venue.
    pub async fn strip(&self, venue: VenueId, name: &str) -> Screen {
        self.screen(venue, name, strip(), Layout::Full).await.0
    }

    /// A new screen in a venue, and its key.
    pub async fn screen(
        &self,
        venue: VenueId,
        name: &str,
        capabilities: Capabilities,
        layout: Layout,
    ) -> (Screen, SecretKey) {
        let (now, screens) = (clock::now(), &self.app.screens);
        let token = NewToken { venue, name: name.into(), layout, sound: Sound::Off, life: 60_000 };
        let token = screens.issue_token(token, &Actor::CommandLine, now).await.unwrap();
        let key = SecretKey::from_seed(&[self.keys.fetch_add(1, Ordering::Relaxed); 32]);
        let state = screens.introduce(key.public(), capabilities, Some(&token), now).await.unwrap();
        let EnrolmentState::Enrolled { screen } = state else { panic!("{state:?}") };
        (screens.get(screen).await.unwrap(), key)
    }

    /// A slogan that nobody has looked at yet.
    pub async fn draft(&self, text: &str) -> CreativeId {
        let draft = Draft {
            kind: CreativeKind::Slogan,
            title: text.into(),
            fraud_type: FraudType::FakeLoan,
            text: Some(text.into()),
            upload: None,
            duration: None,
            valid_from: None,
            valid_until: None,
            fit: Fit::default(),
        };
        self.app.content.create(draft, &editor(), clock::now()).await.unwrap().id
    }

    /// An approved slogan.
    pub async fn slogan(&self, text: &str) -> CreativeId {
        let id = self.draft(text).await;
        for (step, by) in [(Step::Submit, editor()), (Step::Approve, reviewer())] {
            self.app.content.step(id, step, None, None, &by, clock::now()).await.unwrap();
        }
        id
    }

    /// A campaign of the next thirty days, not published.
    pub async fn campaign(&self, name: &str) -> Campaign {
        let draft = CampaignDraft {
            name: name.into(),
            goal: String::new(),
            owner_department: "fin".into(),
            starts: today(),
            ends: day(30),
            stages: Vec::new(),
        };
        self.app.campaigns.create(draft, &editor(), clock::now()).await.unwrap()
    }

    pub async fn publish(&self, id: CampaignId) {
        let (by, now) = (reviewer(), clock::now());
        self.app.campaigns.publish(id, Unreached::Allow, &by, today(), now).await.unwrap();
    }

    /// A published campaign with this one booking.
    pub async fn on_air(&self, name: &str, booking: BookingDraft) -> CampaignId {
        let id = self.campaign(name).await.id;
        self.app.campaigns.add_booking(id, booking, &editor(), clock::now()).await.unwrap();
        self.publish(id).await;
        id
    }

    pub async fn retire(&self, screen: ScreenId) {
        self.app.screens.retire(screen, &person(Role::Admin), clock::now()).await.unwrap();
    }

    /// Does everything that waits to be done: renditions, then planning.
    pub async fn work(&self) {
        self.app.jobs.drain(&self.app.handlers()).await.unwrap();
    }

    /// How often something is in the audit trail.
    pub async fn trail(&self, action: &str) -> usize {
        let all = crate::accounts::audit::list(&self.app.db, None, 200).await.unwrap();
        all.into_iter().filter(|e| e.action == action).count()
    }
}

impl Campaigns {
    /// Submitted by the editor, and approved by whoever reviews.
    pub async fn publish(
        &self,
        id: CampaignId,
        unreached: Unreached,
        reviewer: &Actor,
        today: NaiveDate,
        now: UtcMillis,
    ) -> Result<Published, CampaignError> {
        let (submitted, _) = self.submit(id, unreached, &editor(), today, now).await?;
        self.approve(id, submitted.hash(), unreached, reviewer, today, now).await
    }
}
