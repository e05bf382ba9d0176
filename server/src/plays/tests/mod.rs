//! Stories of the play log on both databases: a real county with a published campaign, and a player that holds the keys.

mod archive;
mod archive_check;
mod catch_up;
mod convert;
mod evidence;
mod exports;
mod figures;
mod gaps;
mod http;
mod ingest;
mod keys;
mod log;
mod lookback;
mod looking;
mod peers;
mod recount;
mod together;
mod walk;

use chrono::Days;
use tempfile::TempDir;
use uuid::Uuid;
use xuanping_core::{
    campaign::{Mode, Selector, Weight},
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{AccountId, BootId, CreativeId, VenueId},
    playlist::{Item, TakeoverLevel},
    playlog::{Batch, ItemRef, Play, PlayStatus, Receipt, SignedBatch, Trigger},
    recurrence::{DayWindow, ScheduleForm},
    sign::SecretKey,
    time::{Millis, UtcMillis},
    vocabulary::{CreativeKind, FraudType, ScreenKind, VenueType},
    wire::{Capabilities, EnrolmentState},
};

use super::*;
use crate::{
    app::App,
    campaigns::{BookingDraft, CampaignDraft, NewTakeover, Unreached},
    clock,
    content::{Draft, Step},
    db::{Db, sql},
    playlists::Replan,
    screens::{Department, NewArea, NewToken, NewVenue, Screen},
};

/// A title that a spreadsheet would run.
const TITLE: &str = "=HYPERLINK(\"http://坏\",\"点我\")";
const CAMPAIGN: &str = "@反诈,宣传月";

struct County {
    app: App,
    folder: TempDir,
    creative: CreativeId,
    venues: [VenueId; 2],
}

/// What a player knows and does, as far as the play log is concerned.
struct Player {
    key: SecretKey,
    screen: Screen,
    sequence: u64,
    previous: Digest,
}

fn editor() -> Actor {
    Actor::Person { id: AccountId::new(Uuid::from_u128(1)), name: "编辑".into() }
}

fn reviewer() -> Actor {
    Actor::Person { id: AccountId::new(Uuid::from_u128(2)), name: "审核员".into() }
}

impl County {
    async fn new(db: &Db) -> Self {
        let folder = TempDir::new().unwrap();
        let app = App::with_database(db.clone(), folder.path()).await.unwrap();
        let (now, by) = (clock::now(), editor());
        for (code, name) in [("330482000000", "某县"), ("330482100000", "东镇"), ("330482101000", "西镇")] {
            let area = NewArea { code: code.into(), name: name.into(), source_year: 2023 };
            app.screens.put_area(area, &by, now).await.unwrap();
        }
        let department = Department { code: "fin".into(), name: "金融服务中心".into() };
        app.screens.put_department(department, &by, now).await.unwrap();
        let mut venues = Vec::new();
        for (name, kind, area) in
            [("东镇支行", VenueType::BankHall, "330482100000"), ("西镇诊所", VenueType::Clinic, "330482101000")]
        {
            let venue = NewVenue {
                name: name.into(),
                kind,
                area: area.into(),
                department: "fin".into(),
                address: String::new(),
                opening: "00:00-24:00".into(),
                position: String::new(),
            };
            venues.push(app.screens.add_venue(venue, None, &by, now).await.unwrap().id);
        }
        let creative = approved(&app, TITLE).await;
        Self { app, folder, creative, venues: [venues[0], venues[1]] }
    }

    /// A new LED strip in one of the two venues, paired by token.
    async fn player(&self, number: u8, venue: usize) -> Player {
        let (now, screens) = (clock::now(), &self.app.screens);
        let token = NewToken {
            venue: self.venues[venue],
            name: format!("+屏{number}"),
            layout: Layout::Full,
            sound: Sound::Off,
            life: 60_000,
        };
        let token = screens.issue_token(token, &editor(), now).await.unwrap();
        let key = SecretKey::from_seed(&[number; 32]);
        let capabilities = Capabilities {
            kind: ScreenKind::LedStrip,
            size: Size { width: 320, height: 16 },
            clips: false,
            sound: false,
            software: "test".into(),
            host: "test".into(),
        };
        let state = screens.introduce(key.public(), capabilities, Some(&token), now).await.unwrap();
        let EnrolmentState::Enrolled { screen } = state else { panic!("{state:?}") };
        Player { key, screen: screens.get(screen).await.unwrap(), sequence: 1, previous: Digest::ZERO }
    }

    /// A campaign for every screen, published and planned since yesterday: just after midnight, what was shown a few minutes
    /// ago was on air too.
    async fn publish(&self) {
        let today = clock::today(chrono_tz::Asia::Shanghai).checked_sub_days(Days::new(1)).unwrap();
        let (now, campaigns) = (clock::now(), &self.app.campaigns);
        let until = today.checked_add_days(Days::new(30)).unwrap();
        let draft = CampaignDraft {
            name: CAMPAIGN.into(),
            goal: String::new(),
            owner_department: "fin".into(),
            starts: today,
            ends: until,
            stages: Vec::new(),
        };
        let campaign = campaigns.create(draft, &editor(), now).await.unwrap();
        let booking = BookingDraft {
            name: "全天".into(),
            creatives: vec![self.creative],
            selector: Selector::everything(),
            schedule: ScheduleForm {
                from: today,
                until: Some(until),
                weekdays: Some((1..=7).collect()),
                rrule: None,
                except: std::collections::BTreeSet::new(),
                also: std::collections::BTreeSet::new(),
                windows: vec![DayWindow::ALL_DAY],
            },
            mode: Mode::Share { weight: Weight::ONE },
            most_per_day: None,
        };
        campaigns.add_booking(campaign.id, booking, &editor(), now).await.unwrap();
        campaigns.publish(campaign.id, Unreached::Refuse, &reviewer(), today, now).await.unwrap();
        self.work().await;
        let yesterday = clock::now().plus(-24 * 3_600_000);
        self.app.playlists.replan(Replan::Everything, yesterday).await.unwrap();
    }

    /// As if screens had been told everything so many milliseconds earlier: what was shown before it was ordered is not
    /// believed.
    async fn told_earlier(&self, db: &Db, by: i64) {
        db.exec(sql("UPDATE manifests SET issued_at = issued_at - $1").bind(by)).await.unwrap();
    }

    /// Does everything that waits to be done: renditions, then planning.
    async fn work(&self) {
        self.app.jobs.drain(&self.app.handlers()).await.unwrap();
    }

    /// What the screen is told to play.
    async fn given(&self, player: &Player) -> (Digest, Item) {
        let issued = self.app.playlists.issued(player.screen.id).expect("a manifest");
        let digest = issued.playlist.expect("a playlist");
        let item = self.app.playlists.playlist(digest).await.unwrap().items.first().cloned().expect("an item");
        (digest, item)
    }

    async fn given_ref(&self, player: &Player) -> ItemRef {
        let (playlist, item) = self.given(player).await;
        reference(Some(playlist), &item)
    }

    async fn ingest(&self, player: &Player, batch: &SignedBatch) -> Result<Receipt, IngestError> {
        let receipt = self.app.plays.ingest(&player.screen, batch.signed().to_vec(), clock::now()).await?;
        Ok(Receipt::verify(&receipt, &self.app.publisher.public()).unwrap())
    }

    /// The signed bytes of a stored batch.
    async fn signed(&self, screen: ScreenId, sequence: u64) -> Vec<u8> {
        let kept = self.app.plays.kept(screen, sequence).await.unwrap().unwrap();
        self.app.plays.signed(&kept).await.unwrap().unwrap()
    }

    async fn records(&self, filter: &Filter) -> Vec<PlayRecord> {
        self.app.plays.page(filter, Order::OldestFirst, None, 10_000).await.unwrap()
    }

    async fn findings(&self) -> Vec<Finding> {
        self.app.plays.findings(&Filter::default(), false, None, 100).await.unwrap()
    }

    async fn kinds(&self) -> Vec<FindingKind> {
        self.findings().await.into_iter().map(|f| f.kind).collect()
    }
}

async fn approved(app: &App, title: &str) -> CreativeId {
    let now = clock::now();
    let draft = Draft {
        kind: CreativeKind::Slogan,
        title: title.into(),
        fraud_type: FraudType::FakeLoan,
        text: Some("不转账".into()),
        upload: None,
        duration: None,
        valid_from: None,
        valid_until: None,
        fit: crate::content::Fit::default(),
    };
    let id = app.content.create(draft, &editor(), now).await.unwrap().id;
    app.content.step(id, Step::Submit, None, None, &editor(), now).await.unwrap();
    app.content.step(id, Step::Approve, None, None, &reviewer(), now).await.unwrap();
    id
}

fn reference(playlist: Option<Digest>, item: &Item) -> ItemRef {
    ItemRef { playlist, booking: item.booking, creative: item.creative, asset: item.asset }
}

/// A complete showing of six seconds of the batch's first item.
fn play(start: UtcMillis) -> Play {
    Play {
        item: 0,
        zone: ZoneName::Main,
        start,
        // The machine runs since long ago.
        monotonic: u64::try_from(start.0).unwrap_or(0),
        planned: Millis(6000),
        actual: Millis(6000),
        status: PlayStatus::Success,
        trigger: Trigger::Loop,
        evidence: Vec::new(),
    }
}

impl Player {
    /// The next batch of the chain, which goes on from it.
    fn seal(&mut self, items: Vec<ItemRef>, plays: Vec<Play>) -> SignedBatch {
        let batch = self.sealed(items, plays);
        self.sequence += 1;
        self.previous = batch.digest();
        batch
    }

    /// The next batch of the chain, which does not go on.
    fn sealed(&self, items: Vec<ItemRef>, plays: Vec<Play>) -> SignedBatch {
        SignedBatch::sign(self.batch(items, plays), &self.key)
    }

    fn batch(&self, items: Vec<ItemRef>, plays: Vec<Play>) -> Batch {
        Batch {
            screen: self.screen.id,
            boot: BootId::new(Uuid::from_u128(5)),
            sequence: self.sequence,
            previous: self.previous,
            sealed: clock::now(),
            items,
            plays,
            walls: Vec::new(),
            machine: None,
        }
    }
}

/// When the slot that now runs began: the loop is one slot of six seconds, and local days begin at a whole one.
fn slot() -> UtcMillis {
    UtcMillis(clock::now().0 / 6000 * 6000)
}

/// This many showings, six seconds each, the last just over.
fn showings(count: i64) -> Vec<Play> {
    showings_before(slot(), count)
}

/// This many showings of which the last ends then.
fn showings_before(end: UtcMillis, count: i64) -> Vec<Play> {
    (0..count).map(|n| play(end.plus((n - count) * 6000))).collect()
}

async fn takeover(county: &County, creative: CreativeId) -> TakeoverLevel {
    let new = NewTakeover {
        title: "紧急".into(),
        level: TakeoverLevel::Emergency,
        creatives: vec![creative],
        selector: Selector::everything(),
        minutes: 10,
    };
    let now = clock::now();
    let order = county.app.campaigns.start_takeover(new, &editor(), now).await.unwrap();
    county.app.playlists.issue_takeovers(now).await.unwrap();
    order.level
}
