//! Clips on the wall: shown by a worker process, recorded by what it really presented, whatever becomes of that process.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use xuanping_core::{geometry::ZoneName, playlog::PlayStatus, time::UtcMillis};
use xuanping_tests::{
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    pictures::{alike, frames, same},
    player::{Player, SMALL},
    processes::runs,
    samples::sample,
    waiting::{LONG, PATIENCE, until, until_true},
};

on_both_databases!(a_clip_is_on_the_wall_and_its_worker_may_die, a_spot_that_nobody_can_hear_is_not_called_played);

fn a_clip_is_on_the_wall_and_its_worker_may_die(database: Database) {
    let office = Office::open(database);
    let mut player = Player::start(&office.server.url(), SMALL);
    let screen = office.pair_in_bank(&player, "城东", "full");
    assert_eq!(office.operator.screen(screen).unwrap()["clips"], true, "the player has found its media worker");
    // Two seconds of VP9, which is transcoded first.
    let film = office.editor.upload("two-seconds.webm", sample("broken/vp9.webm")).unwrap();
    assert_eq!(film["media"]["codec"], "vp9", "{film}");
    let clip = office.approved(office.editor.make_clip("两秒", &film).unwrap());
    let poster = office.approved_poster("贷款", sample("posters/loan-wide.png"));
    let (_, playable) = office.editor.rendition(clip, ZoneName::Main, SMALL.size);
    let (_, still) = office.editor.rendition(poster, ZoneName::Main, SMALL.size);
    let (campaign, _) = office.campaign("日常", &[clip, poster], &Wish::default());
    office.publish(campaign).unwrap();

    let still = xuanping_tests::pictures::decode(&still);
    let moving = frames(&playable, SMALL.size);
    assert!(moving.iter().all(|frame| alike(frame, &still).is_err()), "the poster cannot be taken for the clip");
    let shows_clip = |player: &Player| {
        player.shows("a frame of the clip", |wall| {
            moving.iter().map(|frame| alike(wall, frame)).min().expect("the clip has frames")
        });
    };
    let completed_since = |moment: UtcMillis| {
        until("the clip, whole, in the log", LONG, || {
            let plays = office.auditor.plays(&format!("screen={screen}&creative={clip}"));
            let whole = plays.iter().any(|play| play.started >= moment && play.completed() && play.counted);
            if whole { Ok(()) } else { Err(format!("{plays:?}")) }
        });
    };
    shows_clip(&player);
    player.shows("the poster after the clip", |wall| same(wall, &still));
    completed_since(UtcMillis(0));
    // Machines that test have no graphics chip that decodes; which does is said to people here and there.
    let situation = player.tell(&["status"]).unwrap();
    assert!(situation.contains("视频：软件解码（"), "{situation}");
    let decoding = until("the office to know how it decodes", PATIENCE, || {
        let screen = office.operator.screen(screen).unwrap();
        screen["status"]["health"]["decoding"].as_object().cloned().ok_or_else(|| screen.to_string())
    });
    assert_eq!(decoding["hardware"], false, "{decoding:?}");

    // The worker is killed in the middle of a clip: the wall goes on, and that showing is not called whole.
    shows_clip(&player);
    let worker = player.media_worker().expect("a worker plays the clip");
    let killed = clock::now();
    kill_process(Pid::from_raw(worker as i32).unwrap(), Signal::KILL).unwrap();
    player.shows("the poster all the same", |wall| same(wall, &still));
    completed_since(killed);
    shows_clip(&player);
    let plays = office.auditor.plays(&format!("screen={screen}&creative={clip}"));
    let when_killed = plays.iter().find(|play| play.started <= killed && killed.since(play.started) < 2_000);
    if let Some(play) = when_killed.filter(|play| play.started.plus(play.planned.as_i64()).since(killed) > 700) {
        assert!(!play.completed(), "it was cut short: {play:?}");
        assert_ne!(play.status, PlayStatus::Success, "{play:?}");
    }

    // The player is killed: its worker goes with it.
    let worker = player.media_worker().expect("a worker plays the clip");
    player.kill(None);
    until_true("the worker to be gone", PATIENCE, || !runs(worker));
}

fn a_spot_that_nobody_can_hear_is_not_called_played(database: Database) {
    let office = Office::open(database);
    let player = Player::start_without_sound_card(&office.server.url(), SMALL);
    let screen = office.pair_in_bank(&player, "城东", "full");
    let sound = office.editor.upload("campus.mp3", sample("audio/campus.mp3")).unwrap();
    let spot = office.approved(office.editor.make_audio_spot("校园广播", &sound).unwrap());
    let (campaign, _) = office.campaign("广播", &[spot], &Wish::default());
    // A screen that is not to be heard has no zone for it: that is said before anything is published.
    let reach = office.editor.reach(&json!({}), &[spot]).unwrap();
    assert_eq!(reach["unplayable"][0]["creative"], json!(spot), "{reach}");
    assert_eq!(office.publish(campaign).unwrap_err().kind, "nothing-playable");

    office.operator.allow_sound(screen).unwrap();
    assert_eq!(office.publish(campaign).unwrap(), 1);
    let plays = until("the spot's showing in the log", LONG, || {
        let plays = office.auditor.plays(&format!("screen={screen}&creative={spot}"));
        if plays.is_empty() { Err("nothing yet".to_owned()) } else { Ok(plays) }
    });
    assert!(plays.iter().all(|play| play.status == PlayStatus::HardwareFailure && !play.completed()), "{plays:?}");
}
