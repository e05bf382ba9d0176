//! "Anything new?": how many such questions a second are answered, each signed by its screen's key and each asked when nothing
//! is new; beside nginx serving a file as long as a manifest to the same questions, which it does not check.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use xuanping_tests::clock;

use super::{
    nginx::Nginx,
    walls::{MANIFEST, Wall},
    wire::{Connection, Watch, signed_get, unless_still},
};

/// Questions of a round, each signed by itself.
const QUESTIONS: usize = 40_000;
/// Connections that stay open; on each there is one question at a time.
const AT_ONCE: usize = 64;
/// How often each of both is measured, by turns.
const ROUNDS: usize = 7;

/// What a round came to.
struct Round {
    a_second: f64,
    /// How much of a core the asking took.
    asking: f64,
    /// Bytes of an answer, head and all.
    bytes: usize,
}

/// Measures and prints.
pub fn measure(server: SocketAddr, walls: &[Wall], manifest: &[u8]) {
    let nginx = Nginx::serving(MANIFEST, manifest);
    // Warm, and to see what is answered.
    let tag = tag_of(nginx.address, &walls[0]);
    round(nginx.address, &questions(walls, None), 200);
    round(server, &questions(walls, None), 304);
    let (mut ours, mut files, mut unchanged) = (Vec::new(), Vec::new(), Vec::new());
    println!("\n| round | xuanping-server, 304 | nginx, the file | ratio | nginx, 304 |\n|---:|---:|---:|---:|---:|");
    for number in 1..=ROUNDS {
        ours.push(round(server, &questions(walls, None), 304));
        files.push(round(nginx.address, &questions(walls, None), 200));
        unchanged.push(round(nginx.address, &questions(walls, Some(&tag)), 304));
        let (our, file) = (ours[number - 1].a_second, files[number - 1].a_second);
        let same = unchanged[number - 1].a_second;
        println!("| {number} | {our:.0} | {file:.0} | {:.2} | {same:.0} |", our / file);
    }
    let median = |rounds: &[Round], of: fn(&Round) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let (our, file) = (median(&ours, |round| round.a_second), median(&files, |round| round.a_second));
    println!(
        "\n{QUESTIONS} questions a round of {} screens over {AT_ONCE} connections; {}.\n\
         A manifest has {} bytes. Medians:\n",
        walls.len(),
        Nginx::version(),
        manifest.len()
    );
    println!("| | answers a second | bytes an answer | asking took, of a core |\n|---|---:|---:|---:|");
    for (name, rounds) in [("xuanping-server, 304", &ours), ("nginx, the file", &files), ("nginx, 304", &unchanged)] {
        println!(
            "| {name} | {:.0} | {} | {:.0} % |",
            median(rounds, |round| round.a_second),
            rounds[0].bytes,
            median(rounds, |round| round.asking) * 100.0
        );
    }
    println!("\nRatio to the file: {:.2} (budget: 0.8).", our / file);
}

/// Signed now, of all screens by turns; with their own tags, or with this one.
fn questions(walls: &[Wall], tag: Option<&str>) -> Vec<Vec<u8>> {
    let now = clock::now();
    // A number that has no factor in common with any count of screens: neighbours do not ask after one another.
    let asking = (0..QUESTIONS).map(|n| &walls[n * 7_919 % walls.len()]);
    asking.map(|wall| unless_still(signed_get(&wall.key, MANIFEST, now), tag.unwrap_or(&wall.tag))).collect()
}

fn tag_of(nginx: SocketAddr, wall: &Wall) -> String {
    let mut connection = Connection::open(nginx);
    connection.send(&unless_still(signed_get(&wall.key, MANIFEST, clock::now()), "\"none\""));
    let mut watch = Watch::over([&connection]);
    while watch.ready(Duration::from_secs(1)).count() == 0 {}
    connection.read().expect("an answer").header("etag").expect("a tag").to_owned()
}

fn round(server: SocketAddr, questions: &[Vec<u8>], expected: u16) -> Round {
    let mut connections: Vec<_> = (0..AT_ONCE).map(|_| Connection::open(server)).collect();
    let mut watch = Watch::over(&connections);
    let (began, spent) = (Instant::now(), own_time());
    let mut next = questions.iter();
    for connection in &mut connections {
        connection.send(next.next().expect("more questions than connections"));
    }
    let (mut answered, mut bytes) = (0, 0);
    while answered < questions.len() {
        for place in watch.ready(Duration::from_secs(10)) {
            let Some(answer) = connections[place].read() else { continue };
            assert_eq!(answer.status, expected, "{}", String::from_utf8_lossy(answer.body));
            bytes = answer.bytes();
            answered += 1;
            if let Some(question) = next.next() {
                connections[place].send(question);
            }
        }
    }
    let took = began.elapsed().as_secs_f64();
    let asking = own_time().saturating_sub(spent).as_secs_f64() / took;
    Round { a_second: questions.len() as f64 / took, asking, bytes }
}

/// Processor time of this thread.
fn own_time() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).unwrap_or(0))
}
