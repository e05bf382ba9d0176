//! Screens of the county that is measured: paired one by one like any, and each with what it needs to ask.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use xuanping_core::{
    geometry::Size,
    id::VenueId,
    sign::SecretKey,
    vocabulary::ScreenKind,
    wire::{Capabilities, EnrolmentState},
};
use xuanping_tests::{
    clock,
    device::Device,
    office::{HILLS, Office, RIVERSIDE},
    waiting::LONG,
};

use super::wire::{Connection, Watch, signed_get};

/// What is asked.
pub const MANIFEST: &str = "/player/v1/manifest";
/// Screens of a venue.
const OF_A_VENUE: usize = 100;
/// How many are paired at a time.
const HANDS: usize = 8;

/// A screen.
pub struct Wall {
    /// Its device's key.
    pub key: SecretKey,
    /// The tag of the newest manifest it has.
    pub tag: String,
}

/// Pairs so many screens, half of them strips over doors, half of them panels.
pub fn pair(office: &Office, number: usize) -> Vec<Wall> {
    let venues: Vec<VenueId> = (0..number.div_ceil(OF_A_VENUE))
        .map(|n| {
            let area = [RIVERSIDE, HILLS][n % 2];
            office.operator.add_venue(&format!("第{n}支行"), "bank_hall", area, "finance").expect("a venue")
        })
        .collect();
    let began = Instant::now();
    let numbers: Vec<usize> = (0..number).collect();
    let walls = thread::scope(|scope| {
        let hands = numbers.chunks(number.div_ceil(HANDS)).map(|some| {
            let venues = &venues;
            scope.spawn(move || some.iter().map(|n| pair_one(office, *n, venues[n / OF_A_VENUE])).collect::<Vec<_>>())
        });
        let hands: Vec<_> = hands.collect();
        hands.into_iter().flat_map(|hand| hand.join().expect("they are paired")).collect()
    });
    let each = began.elapsed().as_secs_f64() * 1_000.0 / number as f64;
    eprintln!("{number} screens paired, {each:.1} ms each with {HANDS} at a time");
    walls
}

fn pair_one(office: &Office, number: usize, venue: VenueId) -> Wall {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let (kind, size) = match number % 2 {
        0 => (ScreenKind::LedStrip, Size { width: 512, height: 32 }),
        _ => (ScreenKind::Lcd, Size { width: 960, height: 540 }),
    };
    let device = Device::new(&office.server.url(), SecretKey::from_seed(&seed));
    let capabilities =
        Capabilities { kind, size, clips: false, sound: false, software: "load".into(), host: "load".into() };
    let EnrolmentState::Waiting { code, .. } = device.introduce(capabilities).expect("a code").state else {
        panic!("it is no screen yet")
    };
    office.operator.pair(&code, venue, &format!("屏{number}"), "full").expect("the code is taken");
    Wall { key: SecretKey::from_seed(&seed), tag: String::new() }
}

/// Asks for every screen's manifest until two times in succession, some seconds apart, all are the same. Answers one of them.
pub fn settled(server: SocketAddr, walls: &mut [Wall]) -> Vec<u8> {
    let began = Instant::now();
    loop {
        let mut same = true;
        let mut manifest = Vec::new();
        let mut connection = Connection::open(server);
        let mut watch = Watch::over([&connection]);
        for wall in &mut *walls {
            let mut request = signed_get(&wall.key, &format!("{MANIFEST}?wait=25"), clock::now());
            request.extend_from_slice(b"\r\n");
            connection.send(&request);
            let answer = loop {
                assert!(began.elapsed() < LONG, "there is no end of news");
                if watch.ready(Duration::from_secs(1)).count() > 0
                    && let Some(answer) = connection.read()
                {
                    break answer;
                }
            };
            if answer.status == 404 {
                same = false;
                continue;
            }
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(answer.body));
            let tag = answer.header("etag").expect("a tag");
            same &= wall.tag == tag;
            tag.clone_into(&mut wall.tag);
            manifest = answer.body.to_vec();
        }
        if same {
            return manifest;
        }
        thread::sleep(Duration::from_secs(6));
    }
}
