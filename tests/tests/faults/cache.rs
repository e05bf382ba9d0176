//! Rot on the disk: files of the cache change, shrink, vanish, or are folders. Nothing of it is ever on the wall, and
//! what was lost is fetched again.

use std::{fs, path::PathBuf, thread, time::Duration};

use xuanping_core::digest::Digest;
use xuanping_tests::{
    chance::Chance,
    clock,
    databases::Database,
    office::Office,
    player::{Player, SMALL},
    waiting::{LONG, until},
    witnessed::{Show, Witnessed},
};

#[test]
fn a_rotten_cache_shows_nothing_wrong_and_is_made_whole_again() {
    let mut chance = Chance::seeded();
    let office = Office::open(Database::Sqlite);
    let mut walls = [Witnessed::paired(&office, Player::start(&office.server.url(), SMALL), "城东")];
    let show = Show::on(&office, &mut walls);
    let [mut wall] = walls;
    let whole = files(&wall.player);
    assert!(whole.len() >= 4, "three posters and a clip: {whole:?}");
    for round in 0..20 {
        for path in files(&wall.player) {
            if chance.between(0, 2) == 0 {
                spoil(&path, &mut chance);
            }
        }
        if round % 2 == 0 {
            wall.dies(None);
            wall.player.forget_picture();
            wall.player.restart();
        }
        // Whatever is shown is a poster, part of the clip, or the standby picture; that it is right is seen as soon as all
        // posters are back.
        show.goes_on(&wall.player, &format!("its programme in round {round}"));
        thread::sleep(Duration::from_secs(1));
    }
    // What is shown is whole again at once; what lies there unused, when it is looked at next.
    wall.dies(None);
    wall.player.restart();
    until("every file that is there to be what its name says", LONG, || {
        let rotten: Vec<_> = files(&wall.player).into_iter().filter(|path| !is_whole(path)).collect();
        if rotten.is_empty() { Ok(()) } else { Err(format!("{rotten:?}")) }
    });
    show.goes_on(&wall.player, "its programme in the end");
    let life = wall.player.kill(Some(clock::now()));
    wall.lives.push(life);
    let journalled = wall.player.journalled();
    wall.journalled.extend(journalled);
    wall.player.restart();
    let filter = format!("screen={}", wall.screen);
    until("every recorded play in the log", LONG, || wall.is_told(&office.auditor.plays(&filter)));
    wall.sequences_are_whole(&office.auditor.plays(&filter));
}

fn files(player: &Player) -> Vec<PathBuf> {
    let folders = fs::read_dir(player.data().join("cache")).expect("the cache").flatten();
    let folders = folders.filter(|entry| entry.file_name().len() == 2).map(|entry| entry.path());
    folders
        .flat_map(|folder| fs::read_dir(folder).expect("a folder of the cache").flatten())
        .map(|e| e.path())
        .collect()
}

fn is_whole(path: &PathBuf) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    fs::read(path).is_ok_and(|bytes| Digest::of(&bytes).to_string() == name)
}

/// One of the things that happen to files.
fn spoil(path: &PathBuf, chance: &mut Chance) {
    let Ok(mut bytes) = fs::read(path) else { return };
    if bytes.is_empty() {
        return;
    }
    let place = usize::try_from(chance.between(0, bytes.len() as u64)).expect("a place in a file");
    match chance.between(0, 5) {
        0 => {
            bytes[place] ^= 1 << chance.between(0, 8);
            fs::write(path, bytes).expect("a changed file");
        }
        1 => fs::write(path, &bytes[..place]).expect("a shorter file"),
        2 => fs::write(path, b"").expect("an empty file"),
        3 => fs::remove_file(path).expect("a file less"),
        _ => {
            fs::remove_file(path).expect("a file less");
            fs::create_dir(path).expect("a folder in its place");
        }
    }
}
