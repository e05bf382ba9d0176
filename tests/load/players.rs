//! From the button to the walls: so many players wait for news, somebody starts a takeover, and each is answered with a manifest
//! that names it.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use xuanping_core::{
    id::{CreativeId, TakeoverId},
    playlist::Manifest,
    sign::{Context, PublicKey},
};
use xuanping_tests::{clock, console::Console};

use super::{
    walls::{MANIFEST, Wall},
    wire::{Connection, Watch, signed_get, unless_still},
};

/// For how long players ask to wait, in seconds: as the real one does.
const WAIT: u64 = 25;
/// Longer than that, nobody is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a takeover is started and withdrawn.
const TIMES: usize = 5;

/// All players, each on a connection of its own.
struct Players<'w> {
    walls: &'w mut [Wall],
    connections: Vec<Connection>,
    /// What each asks next, signed beforehand; the tag is still to be added.
    next: Vec<Vec<u8>>,
    watch: Watch,
    publisher: PublicKey,
}

/// What a player was told, and when.
struct Told {
    at: Instant,
    signed: Vec<u8>,
}

impl Players<'_> {
    /// Signs what each asks next.
    fn prepare(&mut self) {
        let now = clock::now();
        let path = format!("{MANIFEST}?wait={WAIT}");
        self.next = self.walls.iter().map(|wall| signed_get(&wall.key, &path, now)).collect();
    }

    fn ask(&mut self, place: usize) {
        let mut request = std::mem::take(&mut self.next[place]);
        if request.is_empty() {
            request = signed_get(&self.walls[place].key, &format!("{MANIFEST}?wait={WAIT}"), clock::now());
        }
        self.connections[place].send(&unless_still(request, &self.walls[place].tag));
    }

    /// Takes in what was answered by now, and asks again; what is new goes to `told`.
    fn work(&mut self, patience: Duration, told: &mut [Option<Told>]) -> usize {
        let ready: Vec<usize> = self.watch.ready(patience).collect();
        let mut news = 0;
        for place in ready {
            let Some(answer) = self.connections[place].read() else { continue };
            match answer.status {
                304 => {}
                200 => {
                    let at = Instant::now();
                    answer.header("etag").expect("a tag").clone_into(&mut self.walls[place].tag);
                    if told[place].replace(Told { at, signed: answer.body.to_vec() }).is_none() {
                        news += 1;
                    }
                }
                other => panic!("{other}: {}", String::from_utf8_lossy(answer.body)),
            }
            self.ask(place);
        }
        news
    }

    /// Lets somebody do something of which all are told; answers what it answered, how long it took to answer, and how long
    /// each player took to be told, ascending.
    fn when<T: Send>(
        &mut self,
        done: impl FnOnce() -> T + Send,
        is_right: impl Fn(&T, &Manifest) -> bool,
    ) -> (T, Duration, Vec<Duration>) {
        self.prepare();
        let mut told: Vec<Option<Told>> = self.walls.iter().map(|_| None).collect();
        let (answer, began, answered) = thread::scope(|scope| {
            let button = scope.spawn(move || {
                let began = Instant::now();
                let answer = done();
                (answer, began, began.elapsed())
            });
            let give_up = Instant::now() + PATIENCE;
            let mut missing = told.len();
            while missing > 0 {
                assert!(Instant::now() < give_up, "{missing} players were not told");
                missing -= self.work(Duration::from_millis(100), &mut told);
            }
            button.join().expect("the office is answered")
        });
        let mut took: Vec<Duration> = Vec::with_capacity(told.len());
        for (told, wall) in told.iter().flatten().zip(&*self.walls) {
            let payload = self.publisher.verify(Context::Manifest, &told.signed).expect("signed by the publisher");
            let manifest = Manifest::from_payload(&payload).expect("a manifest");
            assert_eq!(format!("\"{}\"", manifest.version), wall.tag, "told once");
            assert!(is_right(&answer, &manifest), "{manifest:?}");
            took.push(told.at.duration_since(began));
        }
        took.sort();
        (answer, answered, took)
    }

    /// Nothing happens for a while.
    fn rest(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let mut told: Vec<Option<Told>> = self.walls.iter().map(|_| None).collect();
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.work(left.min(Duration::from_millis(100)), &mut told);
        }
    }
}

/// Measures and prints.
pub fn measure(server: SocketAddr, walls: &mut [Wall], publisher: PublicKey, editor: &Console, creative: CreativeId) {
    let number = walls.len();
    let mut connections = Vec::with_capacity(number);
    let began = Instant::now();
    for (place, wall) in walls.iter().enumerate() {
        let mut connection = Connection::open(server);
        // As if they had come by and by: each asks again at another moment.
        let wait = 1 + place as u64 % WAIT;
        let path = format!("{MANIFEST}?wait={wait}");
        connection.send(&unless_still(signed_get(&wall.key, &path, clock::now()), &wall.tag));
        connections.push(connection);
    }
    eprintln!("{number} players connected within {:.1} s", began.elapsed().as_secs_f64());
    let watch = Watch::over(&connections);
    let next = walls.iter().map(|_| Vec::new()).collect();
    let mut players = Players { walls, connections, next, watch, publisher };
    players.rest(Duration::from_secs(WAIT + 5));
    println!(
        "\n| {number} players | the office is answered | median | 99 of 100 | the last |\n|---|---:|---:|---:|---:|"
    );
    let everyone = serde_json::json!({});
    let mut worst = Duration::ZERO;
    for time in 1..=TIMES {
        let start = || editor.take_over("骗局预警", &[creative], &everyone, 10).expect("it starts");
        let names = |(id, _): &(TakeoverId, u64), told: &Manifest| told.takeovers.iter().any(|t| t.id == *id);
        let ((id, screens), answered, took) = players.when(start, names);
        assert_eq!(screens, number as u64, "all were told");
        say(&format!("takeover {time}"), answered, &took);
        worst = worst.max(took[number * 99 / 100]);
        // Whoever makes sure that all were told has nothing to do.
        players.rest(Duration::from_secs(12));
        let end = || editor.withdraw_takeover(id).expect("it ends");
        let ((), answered, took) = players.when(end, |(), told| told.takeovers.is_empty());
        say(&format!("withdrawn {time}"), answered, &took);
        players.rest(Duration::from_secs(12));
    }
    println!("\nWorst p99 of a takeover: {:.0} ms (budget: 1000 ms).", worst.as_secs_f64() * 1_000.0);
}

fn say(what: &str, answered: Duration, took: &[Duration]) {
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let last = took.len() - 1;
    println!(
        "| {what} | {:.0} ms | {:.0} ms | {:.0} ms | {:.0} ms |",
        ms(answered),
        ms(took[last / 2]),
        ms(took[last * 99 / 100]),
        ms(took[last])
    );
}
