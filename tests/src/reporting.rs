//! A screen without a player: whoever holds its key reports what they like, batch by batch.

use xuanping_core::{
    digest::Digest,
    geometry::{Size, ZoneName},
    id::{BootId, ScreenId},
    playlog::{Batch, ItemRef, Play, PlayStatus, SignedBatch, Trigger},
    sign::SecretKey,
    time::{Millis, UtcMillis},
    vocabulary::ScreenKind,
    wire::Capabilities,
};

use crate::{
    clock,
    console::Wish,
    device::Device,
    office::{Office, RIVERSIDE},
    samples::sample,
    waiting::{LONG, until},
};

/// A screen's chain, as its owner (or its thief) continues it.
pub struct Chain {
    /// Which screen.
    pub screen: ScreenId,
    /// What it shows.
    pub item: ItemRef,
    sequence: u64,
    previous: Digest,
    shown: UtcMillis,
}

impl Chain {
    /// The next batch: one play of the poster.
    pub fn next_batch(&mut self) -> Batch {
        self.sequence += 1;
        self.shown = self.shown.plus(3 * LASTS);
        let play = Play {
            item: 0,
            zone: ZoneName::Main,
            start: self.shown,
            monotonic: self.sequence * 9_000,
            planned: Millis(LASTS as u32),
            actual: Millis(LASTS as u32),
            status: PlayStatus::Success,
            trigger: Trigger::Loop,
            evidence: Vec::new(),
        };
        Batch {
            screen: self.screen,
            boot: BootId::new(uuid::Uuid::nil()),
            sequence: self.sequence,
            previous: self.previous,
            sealed: self.shown.plus(10_001),
            items: vec![self.item],
            plays: vec![play],
            walls: Vec::new(),
            machine: None,
        }
    }

    /// Goes on after this batch.
    pub fn follow(&mut self, batch: &SignedBatch) {
        self.previous = batch.digest();
    }
}

/// Shanghai is so far east, and a day so long.
const EAST: i64 = 8 * 3_600_000;
const DAY: i64 = 24 * 3_600_000;
/// How long the poster stands, in milliseconds.
const LASTS: i64 = 3_000;

/// A bank's screen, paired, with a poster in its programme; and its chain, which begins ten minutes ago.
pub fn reporting_screen(office: &Office) -> (Device, Chain) {
    let device = Device::new(&office.server.url(), SecretKey::from_seed(&[7; 32]));
    device
        .introduce(Capabilities {
            kind: ScreenKind::Lcd,
            size: Size { width: 320, height: 180 },
            clips: false,
            sound: false,
            software: "0".into(),
            host: "test".into(),
        })
        .unwrap();
    let venue = office.operator.add_venue("城东营业厅", "bank_hall", RIVERSIDE, "finance").unwrap();
    let screen = office.operator.pair(&device.waiting_code().unwrap(), venue, "大厅屏", "full").unwrap();
    let poster = office.approved_poster("贷款", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let (digest, item) = until("the poster in the screen's programme", LONG, || {
        let manifest = device.manifest().map_err(|refusal| refusal.body.to_string())?;
        let digest = manifest.playlist.ok_or("no programme yet")?;
        device.playlist(digest).items.first().cloned().map(|item| (digest, item)).ok_or("nothing in it yet".to_owned())
    });
    let item = ItemRef { playlist: Some(digest), booking: item.booking, creative: item.creative, asset: item.asset };
    // Playlists begin with the day: just after midnight, what was ten minutes ago is not theirs.
    let midnight = UtcMillis((clock::now().0 + EAST).div_euclid(DAY) * DAY - EAST);
    // The poster is alone in its loop.
    let long_ago = UtcMillis(clock::now().plus(-600_000).max(midnight).0 / LASTS * LASTS);
    let chain = Chain { screen, item, sequence: 0, previous: Digest::ZERO, shown: long_ago };
    (device, chain)
}
