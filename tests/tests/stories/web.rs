//! A wall that is a browser: what cannot run a program of ours, played by a page, with the same proofs.

use std::net::TcpListener;

use reqwest::Method;
use serde_json::json;
use xuanping_core::{geometry::ZoneName, id::ScreenId, playlog::PlayStatus, sign::PublicKey};
use xuanping_tests::{
    console::{Wish, plain_client},
    databases::Database,
    office::{Office, RIVERSIDE},
    pictures::{decode, same},
    samples::sample,
    verifier::Verifier,
    waiting::{PATIENCE, until},
    webplayer::WebPlayer,
};

pub const SIZE: (u32, u32) = (480, 270);

/// Pairs the browser by the code on its page.
pub fn pair(office: &Office, browser: &mut WebPlayer) -> ScreenId {
    pair_at(office, browser, &office.server.url())
}

/// The same, with the server at this address.
pub fn pair_at(office: &Office, browser: &mut WebPlayer, url: &str) -> ScreenId {
    browser.does("open", json!({ "address": format!("{url}/web/?report=1") }));
    let code = browser.pairing_code();
    let venue = office.operator.add_venue("政务大厅", "bank_hall", RIVERSIDE, "finance").unwrap();
    office.operator.pair(&code, venue, "自助机", "full").unwrap()
}

#[test]
fn a_browser_plays_and_proves_it_and_goes_on_without_the_server() {
    let mut office = Office::open(Database::Sqlite);
    let mut browser = WebPlayer::start(SIZE);
    let screen = pair(&office, &mut browser);

    // The page's own code gives the Rust core's answers to every committed question.
    let said = browser.does("vectors", json!({}));
    assert_eq!(said["wrong"], json!([]));
    assert!(said["asked"].as_u64().is_some_and(|asked| asked > 1000), "{said}");

    // The very pixels of the posters are on the page, in turn.
    let loan = office.approved_poster("贷款", sample("posters/loan-wide.png"));
    let refund = office.approved_poster("退款", sample("posters/refund-wide.png"));
    let (campaign, _) = office.campaign("日常", &[loan, refund], &Wish::default());
    let pixels = [loan, refund].map(|creative| decode(&office.editor.rendition(creative, ZoneName::Main, SIZE).1));
    office.publish(campaign).unwrap();
    for picture in pixels.iter().chain(&pixels) {
        browser.shows("a poster", |page| same(page, picture));
    }

    // A boot page that can only fetch a picture gets the same pixels, or any size it asks for, until the address is revoked.
    let links = format!("screens/{screen}/links");
    let link = office.operator.send(Method::POST, &links, &json!({})).unwrap();
    let address = format!("{}{}", office.server.url(), link["picture"].as_str().unwrap());
    let fetch = |address: &str| plain_client().get(address).send().unwrap();
    let boot = decode(&fetch(&address).bytes().unwrap());
    same(&boot, &pixels[0]).or_else(|_| same(&boot, &pixels[1])).unwrap();
    let large = decode(&fetch(&format!("{address}?width=1280&height=720")).bytes().unwrap());
    assert_eq!(large.dimensions(), (1280, 720));
    let revoked = format!("{links}/{}", link["token"].as_str().unwrap());
    office.operator.send(Method::DELETE, &revoked, &json!({})).unwrap();
    assert_eq!(fetch(&address).status(), 404);

    // They are in the log, counted, and nothing was found wrong with them.
    let counted = |office: &Office, least: usize| {
        until("completed plays in the log", PATIENCE, || {
            let plays = office.auditor.plays(&format!("screen={screen}"));
            let completed = plays.iter().filter(|play| play.completed()).count();
            if completed >= least { Ok(plays.len()) } else { Err(format!("{completed} of {}", plays.len())) }
        })
    };
    counted(&office, 2);

    // Without the server it goes on; a page that is loaded anew without the server, too.
    office.server.kill();
    browser.does("reload", json!({}));
    for picture in pixels.iter().chain(&pixels) {
        browser.shows("a poster without the server", |page| same(page, picture));
    }
    // So does a machine that is switched off and on.
    browser.does("kill", json!({}));
    browser.does("start", json!({}));
    browser.does("open", json!({ "address": format!("{}/web/?report=1", office.server.url()) }));
    for picture in pixels.iter().chain(&pixels) {
        browser.shows("a poster after the machine was started again", |page| same(page, picture));
    }
    office.server.restart();
    counted(&office, 6);

    // Out of sight nothing counts: what should have been on is a failure of the display.
    assert_eq!(browser.does("cover", json!({})), "hidden");
    until("a failure of the display in the log", PATIENCE, || {
        let plays = office.auditor.plays(&format!("screen={screen}"));
        let failed = plays.iter().filter(|play| play.status == PlayStatus::HardwareFailure).count();
        if failed > 0 { Ok(()) } else { Err(format!("none of {}", plays.len())) }
    });
    browser.does("uncover", json!({}));
    browser.shows("a poster again", |page| same(page, &pixels[0]).or_else(|_| same(page, &pixels[1])));

    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
    let identity = browser.does("identity", json!({}));
    let publisher: PublicKey = identity["publisher"].as_str().unwrap().parse().unwrap();
    let bundle = office.auditor.file(&format!("plays/bundle?screen={screen}")).unwrap();
    let said = Verifier::who_knows(publisher).verify(&bundle);
    assert_eq!(said.code, 0, "{}", said.words);

    // Retired in the console: it forgets who it was, and asks to be paired anew.
    office.operator.send(Method::POST, &format!("screens/{screen}/retire"), &json!({})).unwrap();
    browser.pairing_code();
}

#[test]
fn only_sites_on_the_list_may_frame_the_player() {
    // Free a moment ago; nobody else here looks for one.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let site = format!("http://127.0.0.1:{port}");
    let office = Office::open_with(Database::Sqlite, &["--web-embedder", &site]);
    let mut browser = WebPlayer::start(SIZE);
    let screen = pair(&office, &mut browser);
    let loan = office.approved_poster("贷款", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[loan], &Wish::default());
    office.publish(campaign).unwrap();
    let picture = decode(&office.editor.rendition(loan, ZoneName::Main, SIZE).1);
    browser.shows("the poster", |page| same(page, &picture));

    let address = format!("{}/web/", office.server.url());
    browser.does("host", json!({ "port": port, "address": address }));
    browser.does("open", json!({ "address": site }));
    browser.shows("the poster in the county's website", |page| same(page, &picture));
    assert_eq!(browser.does("frame", json!({}))[1], json!(address));

    // Not even the page that the browser has kept for days without a network is framed by a neighbour of that site.
    browser.does("host", json!({ "port": other, "address": address }));
    browser.does("open", json!({ "address": format!("http://127.0.0.1:{other}") }));
    assert_eq!(browser.does("frame", json!({}))[1], "chrome-error://chromewebdata/");
    // The same site by another name is another site.
    browser.does("open", json!({ "address": format!("http://localhost:{port}") }));
    assert_eq!(browser.does("frame", json!({}))[1], "chrome-error://chromewebdata/");
    // And the console is framed by nobody.
    let headers = plain_client().get(office.server.url()).send().unwrap().headers().clone();
    assert_eq!(headers["x-frame-options"], "DENY");
    assert!(office.operator.screen(screen).is_ok());
}
