//! Lines that are worse than none: they lie, drip, end halfway, say nothing, or lose three packets in ten.

use std::{env, process::Command, thread, time::Duration};

use xuanping_tests::{
    between::{Between, Lie, Line},
    clock,
    databases::Database,
    office::Office,
    player::{Player, SMALL},
    waiting::{LONG, left_out, until},
    witnessed::{Show, Witnessed, nothing_is_wrong},
};

/// What can be wrong with a line.
const BAD: [Line; 5] = [
    Line::Lies(Lie { status: "500 Internal Server Error", kind: "internal" }),
    Line::Drips,
    Line::CutShort,
    Line::HalfClosed,
    Line::Silent,
];

#[test]
fn a_bad_line_stops_no_wall_and_loses_and_doubles_no_play() {
    let office = Office::open(Database::Sqlite);
    let between = Between::before(&office.server.url());
    let mut walls = [Witnessed::paired(&office, Player::start(&between.url(), SMALL), "城东")];
    let show = Show::on(&office, &mut walls);
    let [mut wall] = walls;
    let mut seen = Some(clock::now());
    for line in BAD {
        between.is(line);
        show.goes_on(&wall.player, &format!("its programme while the line is {line:?}"));
        until("the player to have met the bad line", LONG, || match between.told() {
            0 => Err("not once".to_owned()),
            _ => Ok(()),
        });
        // Born on a bad line it has what it had.
        wall.dies(seen);
        wall.player.forget_picture();
        wall.player.restart();
        wall.player.shows("its programme from its cache", |picture| show.has(picture));
        seen = Some(clock::now());
        thread::sleep(Duration::from_secs(10));
        show.goes_on(&wall.player, &format!("its programme, started while the line is {line:?}"));
        between.is(Line::Good);
        // What a bad line holds on to, it holds for a minute.
        let again = clock::now();
        until("a play from after the line was good again in the log", LONG, || {
            let newest = office.auditor.plays(&format!("screen={}", wall.screen)).last().map(|play| play.started);
            if newest > Some(again) { Ok(()) } else { Err(format!("{newest:?} after {line:?}")) }
        });
    }
    wall.dies(seen);
    wall.player.restart();
    let (found, _) = wall.reckoning(&office);
    assert!(found.due > 10, "too little was on the wall to tell anything: {found:?}");
    nothing_is_wrong(&office, &wall.player);
}

/// Set in the namespace where a line may be spoilt without spoiling anybody else's.
const ALONE: &str = "XUANPING_ALONE";

#[test]
fn three_packets_in_ten_may_be_lost() {
    if env::var_os(ALONE).is_none() {
        let this = env::current_exe().expect("this program");
        let name = "lines::three_packets_in_ten_may_be_lost";
        let inside = r#"ip link set lo up && exec "$0" --exact --nocapture "$1""#;
        let mut alone = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            alone.args(["--user", "--map-root-user"]);
        }
        let ended = alone.args(["--net", "sh", "-c", inside]).arg(this).arg(name).env(ALONE, "1").status();
        assert!(ended.expect("unshare (util-linux) is there").success());
        return;
    }
    let office = Office::open(Database::Sqlite);
    let between = Between::before(&office.server.url());
    let mut walls = [Witnessed::paired(&office, Player::start(&between.url(), SMALL), "城东")];
    let show = Show::on(&office, &mut walls);
    let [mut wall] = walls;
    if !loses_packets(between.port()) {
        left_out("lost packets, because this machine's kernel cannot lose them");
        return;
    }
    let mut seen = Some(clock::now());
    // The office changes the programme, and a life ends, on the line that loses so much.
    for life in 1..=3 {
        show.goes_on(&wall.player, &format!("its programme in life {life} with three packets in ten lost"));
        thread::sleep(Duration::from_secs(20));
        wall.dies(seen);
        wall.player.forget_picture();
        wall.player.restart();
        wall.player.shows("its programme from its cache", |picture| show.has(picture));
        seen = Some(clock::now());
    }
    thread::sleep(Duration::from_secs(20));
    wall.dies(seen);
    wall.player.restart();
    let (found, _) = wall.reckoning(&office);
    assert!(found.due > 5, "too little was on the wall to tell anything: {found:?}");
}

/// Has three in ten of the packets to and from a port lost.
fn loses_packets(port: u16) -> bool {
    let rules = format!(
        "add table inet bad
         add chain inet bad line {{ type filter hook input priority 0; }}
         add rule inet bad line tcp dport {port} numgen random mod 10 < 3 drop
         add rule inet bad line tcp sport {port} numgen random mod 10 < 3 drop"
    );
    Command::new("nft").arg(rules).status().is_ok_and(|ended| ended.success())
}
