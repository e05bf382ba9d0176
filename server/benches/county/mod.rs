//! A made-up county that plays: screens in venues in villages, a loop of twelve, and players that show it truthfully, a frame
//! late now and then.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use chrono::{Days, NaiveDate};
use tempfile::TempDir;
use uuid::Uuid;
use xuanping_core::{
    campaign::{Mode, Selector, Weight},
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{AccountId, BootId, CreativeId, MachineBootId, VenueId},
    playlog::{Batch, ItemRef, Play, PlayStatus, SignedBatch, Trigger},
    recurrence::{DayWindow, ScheduleForm},
    sign::SecretKey,
    time::{Millis, UtcMillis},
    vocabulary::{CreativeKind, FraudType, ScreenKind, VenueType},
    wire::{Capabilities, EnrolmentState},
};
use xuanping_server::{
    accounts::Actor,
    app::App,
    campaigns::{BookingDraft, CampaignDraft, Unreached},
    clock,
    content::{Draft, Step},
    db::{Db, Target, sql},
    screens::{Department, NewArea, NewToken, NewVenue, Screen},
};

pub const TOWN: &str = "330482101000";
pub const VILLAGE: &str = "330482101201";
const HOUR: i64 = 3_600_000;
const SCREENS_OF_A_VENUE: usize = 4;
const VENUES_OF_A_VILLAGE: usize = 3;
const VILLAGES_OF_A_TOWN: usize = 10;

/// A batch, and whose it is.
pub type Sealed = (Arc<Screen>, Vec<u8>);

pub struct County {
    pub app: App,
    pub db: Db,
    _folder: TempDir,
    pub players: Vec<Player>,
    pub venues: Vec<VenueId>,
    pub creatives: Vec<CreativeId>,
    /// Midnight of the first of seven days.
    pub begin: UtcMillis,
    pub first_day: NaiveDate,
    /// What is on air, hour by hour.
    hours: Vec<Vec<(UtcMillis, u32, Millis)>>,
    items: Vec<ItemRef>,
}

pub struct Player {
    pub screen: Screen,
    key: SecretKey,
    sequence: u64,
    previous: Digest,
    noise: u64,
}

fn by(n: u128) -> Actor {
    Actor::Person { id: AccountId::new(Uuid::from_u128(n)), name: "某人".into() }
}

impl County {
    pub async fn new(screens: usize) -> Self {
        let folder = TempDir::new().expect("a folder");
        let db = database(folder.path()).await;
        let app = App::with_database(db.clone(), folder.path()).await.expect("the server opens");
        let zone = chrono_tz::Asia::Shanghai;
        // The plays are those of the days to come; what is planned now is on air then.
        let first_day = clock::today(zone) + Days::new(1);
        let begin = xuanping_core::recurrence::day_of(first_day, zone).start;
        let before = clock::now();
        let venues = venues(&app, screens.div_ceil(SCREENS_OF_A_VENUE), before).await;
        let mut creatives = Vec::new();
        for n in 0..12 {
            creatives.push(slogan(&app, n, before).await);
        }
        let mut players = Vec::new();
        for n in 0..screens {
            players.push(Player::new(&app, n, venues[n / SCREENS_OF_A_VENUE], before).await);
        }
        publish(&app, &creatives, clock::today(zone), before).await;
        app.jobs.drain(&app.handlers()).await.expect("jobs");
        let issued = app.playlists.issued(players[0].screen.id).expect("a manifest");
        let digest = issued.playlist.expect("a playlist");
        let playlist = app.playlists.playlist(digest).await.expect("the playlist");
        let mut hours: Vec<Vec<(UtcMillis, u32, Millis)>> = vec![Vec::new(); 7 * 24];
        let parts = playlist.zones[0].days.iter().flat_map(|day| &day.dayparts);
        for part in parts {
            let looped = &playlist.loops[part.looped as usize];
            let mut at = part.start;
            for slot in looped.slots.iter().cycle() {
                let end = at + slot.duration;
                if end > part.end {
                    break;
                }
                if let Some(hour) =
                    usize::try_from(at.since(begin).div_euclid(HOUR)).ok().and_then(|hour| hours.get_mut(hour))
                {
                    hour.push((at, slot.item, slot.duration));
                }
                at = end;
            }
        }
        let items = playlist.items.iter().map(|item| ItemRef {
            playlist: Some(digest),
            booking: item.booking,
            creative: item.creative,
            asset: item.asset,
        });
        let items = items.collect();
        Self { app, db, _folder: folder, players, venues, creatives, begin, first_day, hours, items }
    }

    /// What all screens send at the end of an hour, signed; and when that is.
    pub fn hour(&mut self, hour: usize) -> (Vec<Sealed>, UtcMillis, usize) {
        let end = self.begin.plus((hour as i64 + 1) * HOUR);
        let (on_air, items) = (&self.hours[hour], &self.items);
        let half = self.players.len().div_ceil(2);
        let sealed: Vec<_> = std::thread::scope(|scope| {
            let work = self.players.chunks_mut(half).map(|some| {
                scope.spawn(move || some.iter_mut().map(|player| player.seal(on_air, items, end)).collect::<Vec<_>>())
            });
            let work: Vec<_> = work.collect();
            work.into_iter().flat_map(|work| work.join().expect("sealed")).collect()
        });
        let plays = on_air.len() * sealed.len();
        (sealed, end, plays)
    }
}

/// One play in so many does not come about: a file is damaged.
const ONE_FAILS_IN: u64 = 500_000;

/// Bytes of a database: all its pages, wherever they are just now.
pub async fn bytes(db: &Db) -> i64 {
    let size = match db {
        Db::Sqlite { .. } => "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
        Db::Postgres(_) => "SELECT pg_database_size(current_database()) AS bytes",
    };
    db.one(sql(size)).await.expect("pages").int("bytes").expect("a number")
}

/// Where a cluster for tests runs (`scripts/with-postgres`), if the figures are to be PostgreSQL's.
pub fn cluster() -> Option<String> {
    std::env::var("XUANPING_TEST_POSTGRES").ok()
}

/// A new database: in that cluster, or else a file of SQLite in this folder.
async fn database(folder: &Path) -> Db {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let Some(cluster) = cluster() else {
        return Db::open(&Target::Sqlite(folder.join("xuanping.db"))).await.expect("SQLite opens");
    };
    let name = format!("bench{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let first = Db::open(&Target::Postgres(format!("{cluster}/postgres"))).await.expect("the cluster answers");
    // Asked like a question: databases are not made within transactions.
    first.opt(sql(format!("CREATE DATABASE {name}"))).await.expect("a new database");
    first.close().await;
    Db::open(&Target::Postgres(format!("{cluster}/{name}"))).await.expect("PostgreSQL opens")
}

async fn venues(app: &App, number: usize, now: UtcMillis) -> Vec<VenueId> {
    let villages = number.div_ceil(VENUES_OF_A_VILLAGE);
    let town = |village: usize| village / VILLAGES_OF_A_TOWN + 101;
    let code = |village: usize| format!("330482{}{}", town(village), village % VILLAGES_OF_A_TOWN + 201);
    let mut areas: BTreeSet<String> = (0..villages).map(code).collect();
    areas.extend((0..villages).map(|village| format!("330482{}000", town(village))));
    areas.insert("330482000000".into());
    for code in areas {
        let area = NewArea { name: format!("区划{code}"), code, source_year: 2023 };
        app.screens.put_area(area, &by(1), now).await.expect("an area");
    }
    let department = Department { code: "fin".into(), name: "金融服务中心".into() };
    app.screens.put_department(department, &by(1), now).await.expect("a department");
    let mut venues = Vec::new();
    for n in 0..number {
        let venue = NewVenue {
            name: format!("点位{n}"),
            kind: [VenueType::BankHall, VenueType::Clinic][n % 2],
            area: code(n / VENUES_OF_A_VILLAGE),
            department: "fin".into(),
            address: String::new(),
            opening: "00:00-24:00".into(),
            // A kilometre from one to the next, in rows of fifty.
            position: format!("{:.6},{:.6}", 29.0 + (n % 50) as f64 * 0.009, 115.0 + (n / 50) as f64 * 0.010_3),
        };
        venues.push(app.screens.add_venue(venue, None, &by(1), now).await.expect("a venue").id);
    }
    venues
}

async fn slogan(app: &App, n: usize, now: UtcMillis) -> CreativeId {
    let draft = Draft {
        kind: CreativeKind::Slogan,
        title: format!("标语{n}"),
        fraud_type: [FraudType::FakeLoan, FraudType::FakeInvestment][n % 2],
        // To be read in ten seconds.
        text: Some(format!("凡是要求转账汇款到安全账户的一律都是诈骗切勿轻信谨防上当受骗县反诈中心提醒{}", n % 10)),
        upload: None,
        duration: None,
        valid_from: None,
        valid_until: None,
        fit: xuanping_server::content::Fit::default(),
    };
    let id = app.content.create(draft, &by(1), now).await.expect("a draft").id;
    app.content.step(id, Step::Submit, None, None, &by(1), now).await.expect("submitted");
    app.content.step(id, Step::Approve, None, None, &by(2), now).await.expect("approved");
    id
}

async fn publish(app: &App, creatives: &[CreativeId], today: NaiveDate, now: UtcMillis) {
    let until = today + Days::new(60);
    let draft = CampaignDraft {
        name: "宣传月".into(),
        goal: String::new(),
        owner_department: "fin".into(),
        starts: today,
        ends: until,
        stages: Vec::new(),
    };
    let campaign = app.campaigns.create(draft, &by(1), now).await.expect("a campaign");
    for (n, creative) in creatives.iter().enumerate() {
        let booking = BookingDraft {
            name: format!("排期{n}"),
            creatives: vec![*creative],
            selector: Selector::everything(),
            schedule: ScheduleForm {
                from: today,
                until: Some(until),
                weekdays: Some((1..=7).collect()),
                rrule: None,
                except: BTreeSet::new(),
                also: BTreeSet::new(),
                windows: vec![DayWindow::ALL_DAY],
            },
            mode: Mode::Share { weight: Weight::ONE },
            most_per_day: None,
        };
        app.campaigns.add_booking(campaign.id, booking, &by(1), now).await.expect("a booking");
    }
    let submitted = app.campaigns.submit(campaign.id, Unreached::Refuse, &by(1), today, now).await.expect("submitted");
    let seen = submitted.0.hash();
    app.campaigns.approve(campaign.id, seen, Unreached::Refuse, &by(2), today, now).await.expect("published");
}

impl Player {
    /// The player with this number enrols itself in a venue, by a token.
    pub async fn new(app: &App, n: usize, venue: VenueId, now: UtcMillis) -> Self {
        let (layout, sound) = (Layout::Full, Sound::Off);
        let token = NewToken { venue, name: format!("屏{n}"), layout, sound, life: 60_000 };
        let token = app.screens.issue_token(token, &by(1), now).await.expect("a token");
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&(n as u64).to_be_bytes());
        let key = SecretKey::from_seed(&seed);
        let capabilities = Capabilities {
            kind: ScreenKind::LedStrip,
            size: Size { width: 1024, height: 16 },
            clips: false,
            sound: false,
            software: "bench".into(),
            host: "bench".into(),
        };
        let state = app.screens.introduce(key.public(), capabilities, Some(&token), now).await.expect("enrolled");
        let EnrolmentState::Enrolled { screen } = state else { panic!("{state:?}") };
        let screen = app.screens.get(screen).await.expect("the screen");
        Self { key, screen, sequence: 1, previous: Digest::ZERO, noise: n as u64 }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.noise = self.noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.noise >> 33) % end
    }

    fn seal(&mut self, on_air: &[(UtcMillis, u32, Millis)], items: &[ItemRef], end: UtcMillis) -> Sealed {
        // Up to a frame late, by two clocks that are read one after the other.
        let late: Vec<u64> = (0..=on_air.len()).map(|_| self.below(17)).collect();
        let mut named: Vec<u32> = Vec::new();
        let mut plays = Vec::with_capacity(on_air.len());
        for (n, (at, item, length)) in on_air.iter().enumerate() {
            let place = named.iter().position(|named| named == item).unwrap_or_else(|| {
                named.push(*item);
                named.len() - 1
            });
            let failed = self.below(ONE_FAILS_IN) == 0;
            plays.push(Play {
                item: place as u32,
                zone: ZoneName::Main,
                start: at.plus(late[n] as i64 + self.below(2) as i64),
                monotonic: at.0 as u64 + late[n],
                planned: *length,
                actual: if failed { Millis(0) } else { Millis(length.0 + late[n + 1] as u32 - late[n] as u32) },
                status: if failed { PlayStatus::ContentFailure } else { PlayStatus::Success },
                trigger: Trigger::Loop,
                evidence: Vec::new(),
            });
        }
        let batch = Batch {
            screen: self.screen.id,
            boot: BootId::new(Uuid::from_u128(5)),
            sequence: self.sequence,
            previous: self.previous,
            sealed: end,
            items: named.into_iter().map(|item| items[item as usize]).collect(),
            plays,
            walls: Vec::new(),
            machine: Some(MachineBootId::new(Uuid::from_u128(6))),
        };
        let signed = SignedBatch::sign(batch, &self.key);
        self.sequence += 1;
        self.previous = signed.digest();
        (Arc::new(self.screen.clone()), signed.signed().to_vec())
    }
}
