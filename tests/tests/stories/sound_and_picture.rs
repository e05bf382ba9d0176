//! What is seen and what is heard of a clip are the same moment of it, from its first second to its last, whether it is
//! joined late or handed over to.

use xuanping_tests::{
    console::Wish,
    databases::Database,
    films::made,
    office::Office,
    player::{Player, SMALL},
    sound_card::{SoundCard, Way},
    waiting::{LONG, until},
};

/// Seconds of the film.
const SECONDS: usize = 12;
/// Flashes to be seen with their tones.
const PAIRS: usize = 26;
/// People notice sound that is earlier than its picture by more than this (EBU R 37: 40 ms; later by 60).
const EARLY: f64 = 40.0;
const LATE: f64 = 60.0;

/// White for three frames and a tone at every whole second but the first.
const FLASHES: [&str; 4] = [
    "-f lavfi -i color=black:s=320x180:r=25:d=12,drawbox=color=white:t=fill:enable='gte(t,0.99)*lt(mod(t+0.01,1),0.12)'",
    "-f lavfi -i aevalsrc='if(gte(t,1)*lt(mod(t,1),0.12),0.8*sin(2*PI*1000*t),0)':s=48000:d=12",
    "-c:v libx264 -pix_fmt yuv420p",
    "-c:a aac -b:a 128k",
];

#[test]
fn a_flash_and_its_tone_are_one_moment_over_whole_clips_by_alsa() {
    a_flash_and_its_tone_are_one_moment_over_whole_clips(Way::Alsa);
}

#[test]
fn a_flash_and_its_tone_are_one_moment_over_whole_clips_by_a_sound_server() {
    a_flash_and_its_tone_are_one_moment_over_whole_clips(Way::Server);
}

fn a_flash_and_its_tone_are_one_moment_over_whole_clips(way: Way) {
    let office = Office::open(Database::Sqlite);
    let card = SoundCard::open();
    let player = Player::start_heard(&office.server.url(), SMALL, &card, way);
    let screen = office.pair_in_bank(&player, "城东", "full");
    office.operator.allow_sound(screen).unwrap();
    let film = office.editor.upload("flashes.mp4", made(&FLASHES)).unwrap();
    let clip = office.approved(office.editor.make_clip("闪光", &film).unwrap());
    let (campaign, _) = office.campaign("日常", &[clip], &Wish::default());
    office.publish(campaign).unwrap();

    // Joined in the middle, then whole after itself, and again.
    let seen = until("the clip seen and heard, again and again", LONG, || {
        let pairs = pairs(&flashes(&player), &card.tones());
        if pairs.len() >= PAIRS { Ok(pairs) } else { Err(format!("{} flashes with their tones", pairs.len())) }
    });
    let apart: Vec<f64> = seen.iter().map(|pair| pair.apart).collect();
    println!("sound after picture, in milliseconds: {apart:.0?}");
    // A machine that does more than it can shows a frame late now and then.
    let good = apart.iter().filter(|apart| (-EARLY..=LATE).contains(*apart)).count();
    assert!(good * 10 >= apart.len() * 8, "sound and picture are not together: {apart:.0?}");
    let part = |from: f64, to: f64| median(seen.iter().filter(|p| (from..to).contains(&p.second)).map(|p| p.apart));
    let drift = part(8.0, 12.0) - part(0.0, 5.0);
    assert!(drift.abs() < 15.0, "from a clip's beginning to its end they come {drift:.0} ms apart: {apart:.0?}");
}

/// When the wall became white, in milliseconds since 1970.
fn flashes(player: &Player) -> Vec<f64> {
    let mut flashes = Vec::new();
    let mut white = false;
    for shown in player.noted() {
        let now = shown.light > 200;
        if now && !white {
            flashes.push(shown.wall.0 as f64);
        }
        white = now;
    }
    flashes
}

/// A flash and its tone.
struct Pair {
    /// Seconds since the clip began; clips begin every twelve seconds from midnight on.
    second: f64,
    /// How much later the tone began, in milliseconds.
    apart: f64,
}

fn pairs(flashes: &[f64], tones: &[f64]) -> Vec<Pair> {
    let nearest = |flash: f64| tones.iter().map(|tone| tone - flash).min_by(|a, b| a.abs().total_cmp(&b.abs()));
    let near = |flash: f64| nearest(flash).filter(|apart| apart.abs() < 500.0);
    let second = |flash: f64| (flash / 1_000.0).rem_euclid(SECONDS as f64);
    flashes.iter().filter_map(|&flash| Some(Pair { second: second(flash), apart: near(flash)? })).collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
