//! A person at the console, speaking the same API as the pages do. Methods are named after what people do.

use std::{io::Write as _, net::TcpStream};

use image::RgbaImage;
use reqwest::{
    Method,
    blocking::{Client, RequestBuilder, Response},
};
use serde_json::{Value, json};
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId, ScreenId, TakeoverId, VenueId},
};

use crate::{clock::county_day, pictures::decode, plays::PlayRecord, waiting};

/// A refusal, as problem+json.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Last part of the stable `type`.
    pub kind: String,
    /// Everything it says.
    pub body: Value,
}

/// What of a campaign a reviewer saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen(String);

/// What an operation answers.
pub type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// The response if it is a success, otherwise the refusal in it: always a problem+json, with words for a person.
    pub(crate) fn unless_well(response: Response) -> Answer<Response> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let media_type = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
        let text = response.text().unwrap_or_default();
        assert!(
            media_type.starts_with("application/problem+json"),
            "{status}: a refusal is a problem+json, not {text:?}"
        );
        let body: Value = serde_json::from_str(&text).expect("JSON");
        let kind = body["type"].as_str().and_then(|t| t.strip_prefix("urn:xuanping:problem:"));
        let kind = kind.unwrap_or_else(|| panic!("{body}: a refusal has a stable type")).to_owned();
        let says = |name: &str| body[name].as_str().is_some_and(|text| text.chars().any(|c| c > '\u{2e7f}'));
        assert!(says("title") && says("detail"), "{body}: a refusal says in Chinese what to do");
        Err(Self { status: status.as_u16(), kind, body })
    }

    /// The field it is about.
    pub fn field(&self) -> &str {
        self.body["field"].as_str().unwrap_or_default()
    }
}

/// An HTTP client without cookies, proxies or patience beyond a minute.
pub fn plain_client() -> Client {
    static CLIENT: std::sync::OnceLock<Client> = std::sync::OnceLock::new();
    CLIENT
        .get_or_init(|| {
            // Whoever links reqwest without a provider has to name one, even where nothing is encrypted.
            let _ = rustls::crypto::ring::default_provider().install_default();
            Client::builder()
                .no_proxy()
                // A killed server leaves connections behind that look usable.
                .pool_max_idle_per_host(0)
                .timeout(std::time::Duration::from_mins(2))
                .build()
                .expect("a client")
        })
        .clone()
}

/// A signed-in person.
pub struct Console {
    url: String,
    cookie: String,
}

/// An own password, set at the first sign-in.
pub const OWN_PASSWORD: &str = "宣传防骗-2026-青溪";

/// The first zone with this name among a screen's.
pub fn zone_code(zone: ZoneName) -> &'static str {
    match zone {
        ZoneName::Main => "main",
        ZoneName::Ticker => "ticker",
        ZoneName::Audio => "audio",
    }
}

/// What makes a booking, beside what it shows.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Its name.
    pub name: String,
    /// Which screens: a selector.
    pub selector: Value,
    /// When: a schedule.
    pub schedule: Value,
    /// How often.
    pub mode: Value,
}

impl Default for Wish {
    /// On every screen, all day, for a month.
    fn default() -> Self {
        Self {
            name: "全天".into(),
            selector: json!({}),
            schedule: all_day(),
            mode: json!({ "share": { "weight": 10 } }),
        }
    }
}

/// Every day of the next month, all day.
pub fn all_day() -> Value {
    json!({ "from": county_day(0), "until": county_day(30), "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "windows": [{ "from": "00:00", "to": "24:00" }] })
}

impl Console {
    /// Signs in with the one-time password and sets an own one, as everybody has to.
    pub fn first_sign_in(url: &str, name: &str, one_time_password: &str) -> Self {
        let mut console = Self::nobody(url);
        let me = console.sign_in(name, one_time_password).expect("the one-time password is accepted");
        assert_eq!(me["must_set_password"], true, "a one-time password is good for one thing only");
        let given = json!({ "current": one_time_password, "new": OWN_PASSWORD });
        let response = console.request(Method::POST, "session/password").json(&given).send().expect("an answer");
        console.keep_cookie(&Refusal::unless_well(response).expect("the own password is accepted"));
        console
    }

    /// Signs in; the session is this console's from then on.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Answer<Value> {
        let given = json!({ "name": name, "password": password });
        let response = self.request(Method::POST, "session").json(&given).send().expect("an answer");
        let response = Refusal::unless_well(response)?;
        self.keep_cookie(&response);
        Ok(response.json().expect("JSON"))
    }

    fn keep_cookie(&mut self, response: &Response) {
        let cookie = response.headers().get("set-cookie").and_then(|v| v.to_str().ok()).expect("a session");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        cookie.split(';').next().expect("a cookie").clone_into(&mut self.cookie);
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        plain_client().request(method, format!("{}/api/v1/{path}", self.url)).header("cookie", &self.cookie)
    }

    /// Reads something.
    pub fn get(&self, path: &str) -> Answer<Value> {
        let response = self.request(Method::GET, path).send().expect("an answer");
        Ok(Refusal::unless_well(response)?.json().expect("JSON"))
    }

    /// Reads a file.
    pub fn file(&self, path: &str) -> Answer<Vec<u8>> {
        let response = self.request(Method::GET, path).send().expect("an answer");
        Ok(Refusal::unless_well(response)?.bytes().expect("a whole file").to_vec())
    }

    /// Sends JSON; answers `Null` to an empty answer.
    pub fn send(&self, method: Method, path: &str, body: &Value) -> Answer<Value> {
        let response = self.request(method, path).json(body).send().expect("an answer");
        let text = Refusal::unless_well(response)?.text().expect("a whole answer");
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") })
    }

    fn post(&self, path: &str, body: &Value) -> Answer<Value> {
        self.send(Method::POST, path, body)
    }

    /// Somebody who has not signed in.
    pub fn nobody(url: &str) -> Self {
        Self { url: url.to_owned(), cookie: String::new() }
    }

    /// Makes an account; answers its one-time password.
    pub fn create_account(&self, name: &str, roles: &[&str]) -> Answer<String> {
        let body = json!({ "name": name, "display_name": name, "roles": roles });
        Ok(text(&self.post("accounts", &body)?, "one_time_password"))
    }

    /// Adds an area.
    pub fn put_area(&self, code: &str, name: &str) -> Answer<()> {
        self.post("areas", &json!({ "code": code, "name": name, "source_year": 2023 })).map(drop)
    }

    /// Adds a department.
    pub fn put_department(&self, code: &str, name: &str) -> Answer<()> {
        self.post("departments", &json!({ "code": code, "name": name })).map(drop)
    }

    /// Adds a venue of a type in an area, open all day.
    pub fn add_venue(&self, name: &str, kind: &str, area: &str, department: &str) -> Answer<VenueId> {
        let body =
            json!({ "name": name, "type": kind, "area": area, "department": department, "opening": "00:00-24:00" });
        Ok(id(&self.post("venues", &body)?, "id"))
    }

    /// Types a pairing code.
    pub fn pair(&self, code: &str, venue: VenueId, name: &str, layout: &str) -> Answer<ScreenId> {
        let body = json!({ "code": code, "venue_id": venue, "name": name, "layout": layout, "sound": "off" });
        Ok(id(&self.post("pairings", &body)?, "id"))
    }

    /// Types a pairing code and says in which new venue the screen hangs.
    pub fn pair_in_new_venue(&self, code: &str, venue: Value, name: &str, layout: &str) -> Answer<ScreenId> {
        let body = json!({ "code": code, "venue": venue, "name": name, "layout": layout, "sound": "off" });
        Ok(id(&self.post("pairings", &body)?, "id"))
    }

    /// Lets a screen be heard.
    pub fn allow_sound(&self, screen: ScreenId) -> Answer<()> {
        self.send(Method::PATCH, &format!("screens/{screen}"), &json!({ "sound": "on" })).map(drop)
    }

    /// Says how a screen runs over the day.
    pub fn set_wall(&self, screen: ScreenId, wall: &Value) -> Answer<()> {
        self.send(Method::PATCH, &format!("screens/{screen}"), &json!({ "wall": wall })).map(drop)
    }

    /// Makes an audio spot of an uploaded sound.
    pub fn make_audio_spot(&self, title: &str, upload: &Value) -> Answer<CreativeId> {
        self.create(&json!({ "kind": "audio", "title": title, "fraud_type": "general", "upload": upload["digest"] }))
    }

    /// Writes a slogan.
    pub fn write_slogan(&self, title: &str, words: &str) -> Answer<CreativeId> {
        self.create(&json!({ "kind": "slogan", "title": title, "fraud_type": "general", "text": words }))
    }

    /// Uploads a file; answers all that is said of it.
    pub fn upload(&self, name: &str, file: Vec<u8>) -> Answer<Value> {
        let response = self.request(Method::POST, &format!("uploads?name={name}")).body(file).send();
        Ok(Refusal::unless_well(response.expect("an answer"))?.json().expect("JSON"))
    }

    /// Begins to upload a file and sends only the first `part` bytes of it; the connection lasts as long as the answer.
    pub fn begin_upload(&self, name: &str, file: &[u8], part: usize) -> TcpStream {
        let host = self.url.strip_prefix("http://").expect("an address");
        let mut connection = TcpStream::connect(host).expect("the server listens");
        let head = format!(
            "POST /api/v1/uploads?name={name} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nContent-Length: {}\r\n\r\n",
            self.cookie,
            file.len()
        );
        connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&file[..part])).expect("it is sent");
        connection
    }

    /// Makes a poster of an uploaded picture, to stand for three seconds.
    pub fn make_poster(&self, title: &str, upload: &Value) -> Answer<CreativeId> {
        self.create(&json!({ "kind": "poster", "title": title, "fraud_type": "general", "upload": upload["digest"],
                             "duration_ms": 3000 }))
    }

    /// Makes a clip of an uploaded film.
    pub fn make_clip(&self, title: &str, upload: &Value) -> Answer<CreativeId> {
        self.create(&json!({ "kind": "clip", "title": title, "fraud_type": "general", "upload": upload["digest"] }))
    }

    fn create(&self, body: &Value) -> Answer<CreativeId> {
        Ok(id(&self.post("creatives", body)?, "id"))
    }

    /// Submits a creative for review.
    pub fn submit(&self, creative: CreativeId) -> Answer<()> {
        self.post(&format!("creatives/{creative}/submit"), &json!({})).map(drop)
    }

    /// Approves it.
    pub fn approve(&self, creative: CreativeId) -> Answer<()> {
        self.post(&format!("creatives/{creative}/approve"), &json!({})).map(drop)
    }

    /// Makes a campaign that runs for a month from today.
    pub fn make_campaign(&self, name: &str) -> Answer<CampaignId> {
        self.make_campaign_between(name, &county_day(0), &county_day(30))
    }

    /// Makes a campaign between two local days.
    pub fn make_campaign_between(&self, name: &str, starts: &str, ends: &str) -> Answer<CampaignId> {
        let body = json!({ "name": name, "goal": "人人知晓 96110", "owner_department": "publicity",
                           "starts": starts, "ends": ends });
        Ok(id(&self.post("campaigns", &body)?, "id"))
    }

    /// Books creatives; answers the new booking.
    pub fn book(&self, campaign: CampaignId, creatives: &[CreativeId], wish: &Wish) -> Answer<BookingId> {
        let body = json!({ "name": wish.name, "creatives": creatives, "selector": wish.selector,
                           "schedule": wish.schedule, "mode": wish.mode });
        let changed = self.post(&format!("campaigns/{campaign}/bookings"), &body)?;
        Ok(id(changed["bookings"].as_array().and_then(|all| all.last()).expect("the booking is there"), "id"))
    }

    /// Asks which screens a selector reaches.
    pub fn reach(&self, selector: &Value, creatives: &[CreativeId]) -> Answer<Value> {
        self.post("reach", &json!({ "selector": selector, "creatives": creatives }))
    }

    /// Submits a campaign for review; answers what of it is to be approved.
    pub fn submit_campaign(&self, campaign: CampaignId) -> Answer<Seen> {
        let answer = self.post(&format!("campaigns/{campaign}/submit"), &json!({}))?;
        Ok(Seen(answer["campaign"]["hash"].as_str().expect("a hash").to_owned()))
    }

    /// Approves a campaign, which publishes it; answers how many screens it reaches.
    pub fn approve_campaign(&self, campaign: CampaignId, Seen(hash): &Seen) -> Answer<u64> {
        let answer = self.post(&format!("campaigns/{campaign}/approve"), &json!({ "hash": hash }))?;
        Ok(answer["screens"].as_u64().expect("a count"))
    }

    /// What a screen will play today if the campaign is published.
    pub fn timeline(&self, campaign: CampaignId, screen: ScreenId) -> Answer<Value> {
        self.get(&format!("campaigns/{campaign}/timeline?screen={screen}&date={}", county_day(0)))
    }

    /// Starts a takeover; answers it and how many screens were told.
    pub fn take_over(
        &self,
        title: &str,
        creatives: &[CreativeId],
        selector: &Value,
        minutes: u32,
    ) -> Answer<(TakeoverId, u64)> {
        let body = json!({ "title": title, "level": "emergency", "creatives": creatives, "selector": selector,
                           "expires_in_minutes": minutes });
        let started = self.post("takeovers", &body)?;
        Ok((id(&started["takeover"], "id"), started["screens"].as_u64().expect("a count")))
    }

    /// Ends a takeover.
    pub fn withdraw_takeover(&self, takeover: TakeoverId) -> Answer<()> {
        self.post(&format!("takeovers/{takeover}/withdraw"), &json!({})).map(drop)
    }

    /// A screen as the list shows it.
    pub fn screen(&self, screen: ScreenId) -> Answer<Value> {
        self.get(&format!("screens/{screen}"))
    }

    /// What its wall shows, as the console sees it, or why there is no picture yet. Asking has the player send one.
    pub fn wall(&self, screen: ScreenId) -> Result<RgbaImage, String> {
        let picture = self.file(&format!("screens/{screen}/picture")).map_err(|refusal| refusal.body.to_string())?;
        if picture.is_empty() { Err("no picture yet".to_owned()) } else { Ok(decode(&picture)) }
    }

    /// The file that a creative is in a zone of this size, as soon as the server has made it.
    #[track_caller]
    pub fn rendition(&self, creative: CreativeId, zone: ZoneName, size: (u32, u32)) -> (Digest, Vec<u8>) {
        let digest = waiting::until("a rendition", waiting::LONG, || {
            let all = self.get(&format!("creatives/{creative}/renditions")).map_err(|r| r.body.to_string())?;
            let fits = |made: &&Value| {
                made["zone"] == zone_code(zone)
                    && made["zone_size"] == json!({ "width": size.0, "height": size.1 })
                    && !made["digest"].is_null()
            };
            let found = all["items"].as_array().and_then(|items| items.iter().find(fits));
            found.map(|made| id::<Digest>(made, "digest")).ok_or_else(|| all.to_string())
        });
        let file = self.file(&format!("renditions/{digest}")).expect("the rendition is there");
        assert_eq!(Digest::of(&file), digest, "a rendition is named by its digest");
        (digest, file)
    }

    /// Every record that a filter (`screen=…&status=…`) finds, the oldest first, over all pages.
    pub fn plays(&self, filter: &str) -> Vec<PlayRecord> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("plays?limit=500&{filter}{cursor}")).expect("the play log can be read");
            let items = page["items"].as_array().expect("a list");
            found.extend(items.iter().map(|item| serde_json::from_value::<PlayRecord>(item.clone()).expect("a play")));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        found.reverse();
        found
    }
}

/// A text member.
fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

/// An id in a member.
fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value, name: &str) -> T {
    text(value, name).parse().unwrap_or_else(|error| panic!("{name} in {value}: {error:?}"))
}
