//! A display that goes away under a window ends the player, whose unit starts it again; it goes on where it should be, and
//! nothing counts that nobody could see.

use std::process::{Child, Command, Stdio};

use xuanping_tests::{
    clock,
    databases::Database,
    office::Office,
    programs,
    virtual_display::{VirtualDisplay, in_window},
    waiting::{LONG, PATIENCE, until},
};

const DISPLAY: (u32, u32) = (320, 180);

struct Shown(Child);

impl Shown {
    fn by(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("the player's program starts"))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_display_that_goes_away_ends_the_player_at_once_and_one_that_is_back_is_shown_the_programme() {
    let office = Office::open(Database::Sqlite);
    let token = office.hall_token("前厅");
    let folder = tempfile::tempdir().unwrap();
    let mut display = VirtualDisplay::open(folder.path(), DISPLAY);
    let mut command = Command::new(programs::player());
    command.args(["--server", &office.server.url(), "--token", &token, "--kind", "lcd", "--mute"]);
    command.args(["--seal-interval", "1s", "--retry-limit", "1s", "--data"]).arg(folder.path().join("data"));

    in_window(&mut command, &display);
    let mut player = Shown::by(&mut command);
    until("the screen to be enrolled", PATIENCE, || {
        let screens = office.operator.get("screens").map_err(|e| format!("{e:?}"))?;
        if screens.to_string().contains("前厅") { Ok(()) } else { Err(screens.to_string()) }
    });
    let (poster, _) = office.shows_a_poster_above_a_line();
    let played_since = |moment| {
        until("the poster whole in the log", LONG, || {
            let plays = office.auditor.plays(&format!("creative={poster}"));
            let whole = plays.iter().any(|play| play.started >= moment && play.completed() && play.counted);
            if whole { Ok(plays) } else { Err(format!("{plays:?}")) }
        })
    };
    played_since(clock::now());
    display.fail();
    let gone = clock::now();
    let status = programs::ended(&mut player.0, "the player");
    assert!(!status.success(), "its unit would not start it again");

    std::thread::sleep(std::time::Duration::from_secs(4));
    let _display = display.again(DISPLAY);
    let back = clock::now();
    let _player = Shown::by(&mut command);
    let plays = played_since(back);
    let unseen = plays.iter().filter(|play| play.started >= gone && play.started < back);
    assert_eq!(unseen.count(), 0, "{plays:?}");
    let longest = |play: &&xuanping_tests::plays::PlayRecord| {
        play.started < gone && play.started.plus(play.actual.as_i64()) > gone.plus(1_000)
    };
    assert_eq!(plays.iter().filter(longest).count(), 0, "{plays:?}");
}
