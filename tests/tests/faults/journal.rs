//! The journal's last segment ends at any byte: what was written whole before it is told, and nothing else.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use xuanping_core::playlog::Play;
use xuanping_tests::{
    clock,
    databases::Database,
    office::Office,
    player::{Player, SMALL},
    witnessed::{Show, Witnessed},
};

/// Players started side by side.
const AT_ONCE: u64 = 6;

#[test]
fn a_journal_that_ends_at_any_byte_keeps_every_play_before_it() {
    let mut office = Office::open(Database::Sqlite);
    let mut walls = [Witnessed::paired(&office, Player::start(&office.server.url(), SMALL), "城东")];
    let show = Show::on(&office, &mut walls);
    let [mut wall] = walls;
    office.server.kill();
    // A fresh segment, and a few plays in it.
    wall.player.stop();
    wall.player.restart();
    show.goes_on(&wall.player, "its programme without the server");
    thread::sleep(Duration::from_secs(12));
    wall.dies(None);
    let all = wall.player.journalled();
    let died = clock::now();
    let length = fs::metadata(newest_segment(&wall.player)).expect("a segment").len();
    println!("{} plays; {length} bytes in the last segment", all.len());
    let next = AtomicU64::new(0);
    let mut told: Vec<(u64, usize)> = thread::scope(|scope| {
        let cutter = || {
            let mut told = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at > length {
                    return told;
                }
                told.push((at, cut(&wall.player, at, &all, died)));
            }
        };
        let cutters: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(cutter)).collect();
        cutters.into_iter().flat_map(|cutter| cutter.join().expect("one that cuts")).collect()
    });
    told.sort_unstable();
    assert!(told.is_sorted_by_key(|(_, plays)| *plays), "a longer journal tells of fewer plays: {told:?}");
    assert_eq!(told.last(), Some(&(length, all.len())), "nothing was cut off, and something is missing");
    let plays_in_segment = told.last().expect("some").1 - told.first().expect("some").1;
    assert!(plays_in_segment >= 2, "too little is in the segment to tell anything: {plays_in_segment} plays");
}

/// How many plays a player tells of whose journal was cut off there: the first so many, and no others.
fn cut(dead: &Player, at: u64, all: &[Play], died: xuanping_core::time::UtcMillis) -> usize {
    let mut player = dead.copied();
    let segment = newest_segment(&player);
    fs::File::options().write(true).open(segment).expect("a segment").set_len(at).expect("a shorter one");
    player.restart();
    player.forget_picture();
    player.shows("something", |_| Ok(()));
    player.kill(None);
    let mut plays = player.journalled();
    plays.retain(|play| play.start < died);
    // A play that was on the wall when the power failed is closed when it is found, and may be cut shorter.
    let same = |a: &Play, b: &Play| (a.zone, a.start, a.planned) == (b.zone, b.start, b.planned);
    assert!(plays.len() <= all.len() && plays.iter().zip(all).all(|(a, b)| same(a, b)), "cut at {at}: {plays:?}");
    plays.len()
}

fn newest_segment(player: &Player) -> PathBuf {
    let folder = fs::read_dir(player.data().join("journal")).expect("the journal").flatten().map(|entry| entry.path());
    folder.filter(|path| path.extension().is_some_and(|ending| ending == "plays")).max().expect("a segment")
}
