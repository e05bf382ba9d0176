//! The first thing anybody does with Xuanping: start the demo, look at it, stop it, start it again.

use std::{
    path::Path,
    process::{Command, ExitStatus},
};

use serde_json::Value;
use xuanping_tests::{
    console::{Console, OWN_PASSWORD},
    demo::Demo,
    processes::runs,
    programs,
    verifier::Said,
    waiting::{LONG, PATIENCE, until, until_true},
};

#[test]
fn the_demo_shows_a_county_at_work_stops_whole_and_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let mut demo = Demo::start(&data);
    let admin = Console::first_sign_in(&demo.url(), "guanli", &demo.beside("guanli"));
    let screens = three_screens_at_work(&admin);
    let wide = |screen: &&Value| screen["size"]["width"] == 512 && screen["size"]["height"] == 32;
    assert_eq!(screens.iter().filter(wide).count(), 1, "one of them is the door's LED strip");
    let campaigns = admin.get("campaigns").unwrap()["items"].as_array().unwrap().len();
    let creatives = admin.get("creatives?limit=200").unwrap()["items"].as_array().unwrap().len();
    assert!(campaigns >= 1 && creatives >= 30 + 8 + 3 + 2, "{campaigns} campaigns, {creatives} creatives");
    until("plays in the log", LONG, || {
        let plays = admin.plays("counted_only=true");
        if plays.len() > 2 { Ok(()) } else { Err(format!("{} plays", plays.len())) }
    });
    // Clips are the last to be rendered, and what is ready late is planned late.
    until("everything planned as promised", LONG, || {
        let judged = judged(&data);
        // Nothing follows where nothing is left to be done.
        let kept = judged.code == 0 && judged.words.ends_with("共 3 份播放单，0 份有不符之处。\n");
        if kept { Ok(()) } else { Err(judged.words) }
    });
    stops_whole(&mut demo, Demo::interrupt);
    let judged = judged(&data);
    assert_eq!(judged.code, 0, "{}", judged.words);
    assert_eq!(judged.words.matches("已核对 0 条排期").count(), 0, "each has something to judge: {}", judged.words);

    let mut again = Demo::start(&data);
    assert!(again.beside("guanli").contains("已设置"), "{:?}", again.printed);
    let mut admin = Console::nobody(&again.url());
    admin.sign_in("guanli", OWN_PASSWORD).unwrap();
    let ids = |screens: &[Value]| screens.iter().map(|screen| screen["id"].to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&three_screens_at_work(&admin)), ids(&screens), "the same screens, not new ones");
    assert_eq!(admin.get("campaigns").unwrap()["items"].as_array().unwrap().len(), campaigns);
    assert_eq!(admin.get("creatives?limit=200").unwrap()["items"].as_array().unwrap().len(), creatives);
    stops_whole(&mut again, Demo::terminate);
}

/// What the independent checker says of the playlists that the demo published.
fn judged(data: &Path) -> Said {
    let output = Command::new(programs::server()).args(["verify-playlist", "--data"]).arg(data).output();
    let output = output.expect("the program starts");
    let code = output.status.code().expect("it ended by itself");
    Said { code, words: String::from_utf8(output.stdout).expect("text") }
}

/// Waits until three screens are online and their pictures are in the console.
fn three_screens_at_work(admin: &Console) -> Vec<Value> {
    until("three screens at work", LONG, || {
        let listed = admin.get("screens").map_err(|refusal| refusal.body.to_string())?;
        let screens = listed["items"].as_array().expect("a list").clone();
        let shows = |screen: &Value| {
            let status = &screen["status"]["zones"];
            screen["state"] == "online"
                && status.as_array().is_some_and(|zones| zones.iter().any(|z| !z["creative"].is_null()))
        };
        if screens.len() != 3 || !screens.iter().all(shows) {
            return Err(listed.to_string());
        }
        for screen in &screens {
            let id = screen["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            let picture = admin.wall(id)?;
            // It may be made smaller for the way, and keeps its shape.
            let side = |name: &str| screen["size"][name].as_u64().expect("a size");
            let (width, height) = (u64::from(picture.width()), u64::from(picture.height()));
            assert_eq!(width * side("height"), height * side("width"), "a picture of {width}×{height} for {screen}");
        }
        Ok(screens)
    })
}

/// Ctrl-C, or SIGTERM, ends everything that it started.
fn stops_whole(demo: &mut Demo, stop: impl FnOnce(&mut Demo) -> ExitStatus) {
    let started = demo.started();
    let players = started.iter().filter(|(_, name)| name == "xuanping-player").count();
    assert_eq!(players, 3, "three players were started: {started:?}");
    let status = stop(demo);
    assert!(status.success(), "{status}");
    until_true("everything it started to be gone", PATIENCE, || !started.iter().any(|(pid, _)| runs(*pid)));
}
