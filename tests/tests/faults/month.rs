//! A month without a network: everything waits on the disk in sealed batches. The wall goes on as quickly as ever, and when
//! the network is back all of it is told, in order and once.

use std::time::Duration;

use xuanping_core::{
    geometry::ZoneName,
    playlog::{ItemRef, Play, PlayStatus, Trigger},
    time::Millis,
};
use xuanping_player::journal::Entry;
use xuanping_tests::{
    clock,
    databases::Database,
    office::Office,
    player::{Player, SMALL},
    waiting::{PATIENCE, until},
    witnessed::{Show, Witnessed},
};

/// A play every twenty seconds, for thirty days.
const PLAYS: usize = 30 * 4_320;
/// For telling all of it, on a machine that is busy with other faults.
const TELLING: Duration = Duration::from_mins(20);
/// An hour of them is a batch.
const IN_EACH: usize = 180;

#[test]
fn a_month_without_a_network_is_told_in_order_and_once() {
    let mut office = Office::open(Database::Sqlite);
    let mut walls = [Witnessed::paired(&office, Player::start(&office.server.url(), SMALL), "城东")];
    let show = Show::on(&office, &mut walls);
    let [mut wall] = walls;
    let device = wall.player.device();
    let manifest = until("a manifest", PATIENCE, || device.manifest().map_err(|refusal| refusal.body.to_string()));
    let told = |office: &Office| {
        let summary = office.auditor.get(&format!("plays/summary?group=screen&screen={}", wall.screen)).unwrap();
        let line = &summary["items"][0];
        ["completed", "interrupted", "failed", "not_counted"]
            .iter()
            .filter_map(|field| line[field].as_u64())
            .sum::<u64>()
    };
    office.server.kill();
    wall.player.kill(None);
    let before = wall.player.journalled().len();

    let item = &wall.playlist.as_ref().unwrap().items[0];
    let item =
        ItemRef { playlist: manifest.playlist, booking: item.booking, creative: item.creative, asset: item.asset };
    let month = clock::now().plus(-30 * 86_400_000);
    let plays: Vec<_> = (0..PLAYS as i64)
        .map(|n| Entry {
            item,
            play: Play {
                item: 0,
                zone: ZoneName::Main,
                start: month.plus(n * 20_000),
                monotonic: n.unsigned_abs() * 20_000,
                planned: Millis(10_000),
                actual: Millis(10_000),
                status: PlayStatus::Success,
                trigger: Trigger::Loop,
                evidence: Vec::new(),
            },
        })
        .collect();
    wall.player.has_played(wall.screen, &plays, IN_EACH);
    wall.player.forget_picture();
    wall.player.restart();
    wall.player.shows("its programme with a month to tell", |picture| show.has(picture));
    println!("the first picture took {:?} ms", wall.player.first_pictures());

    office.server.restart();
    let begun = clock::now();
    let least = (PLAYS + before) as u64;
    until("the whole month to be told", TELLING, || match told(&office) {
        so_far if so_far >= least => Ok(()),
        so_far => Err(format!("{so_far} of {least}")),
    });
    println!("{least} plays took {} ms to be told", clock::now().since(begun));
    show.goes_on(&wall.player, "its programme after all was told");
    wall.player.kill(None);
    // Every batch once and in order: their numbers have no gap, and there are no more plays than were shown.
    let plays = office.auditor.plays(&format!("screen={}", wall.screen));
    wall.sequences_are_whole(&plays);
    let old = plays.iter().filter(|play| play.started < month.plus(PLAYS as i64 * 20_000 - 60_000)).count();
    assert_eq!(old, PLAYS - 3, "of the month, but for its last minute");
}
