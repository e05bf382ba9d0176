//! Stories of playlists on both databases: what is planned, what is issued, and how players come by it.

mod current;
mod evidence;
mod foresight;
mod instructions;
mod layouts;
mod planning;
mod players;
mod tags;
mod takeovers;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::Body as HttpBody,
    http::{Request, StatusCode, header},
    response::Response,
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use xuanping_core::{
    campaign::{Mode, Selector},
    geometry::{Layout, Size, ZoneName},
    id::TakeoverId,
    playlist::{OnAir, TakeoverLevel, TrustedManifest},
    sign::SecretKey,
    time::DateRange,
    vocabulary::VenueType,
    wire::{Capabilities, RequestProof},
};

use super::*;
use crate::{
    accounts::Role,
    campaigns::{BookingDraft, NewTakeover},
    county::{County, EAST, WEST, booking, day, editor, person, strip, takeover, today},
    db::testing::for_each_database,
    screens::{Screen, VenueChange},
};

const HOUR: i64 = 3_600_000;

impl County {
    async fn replan(&self, now: UtcMillis) {
        self.app.playlists.replan(Replan::Everything, now).await.unwrap();
    }

    fn issued(&self, screen: &Screen) -> Arc<Issued> {
        self.app.playlists.issued(screen.id).expect("a manifest")
    }

    fn versions(&self, screens: &[&Screen]) -> Vec<u64> {
        screens.iter().map(|screen| self.issued(screen).version).collect()
    }

    /// The manifest in force as its player accepts it.
    fn manifest(&self, screen: &Screen) -> Manifest {
        let signed = self.app.playlists.signed(&self.issued(screen));
        TrustedManifest::accept(signed, &self.app.publisher.public(), screen.id, None).unwrap().manifest
    }

    async fn playlist(&self, screen: &Screen) -> Playlist {
        self.app.playlists.playlist(self.issued(screen).playlist.unwrap()).await.unwrap()
    }

    fn takeovers(&self, screen: &Screen) -> Vec<TakeoverId> {
        self.manifest(screen).takeovers.into_iter().map(|t| t.id).collect()
    }

    async fn start(&self, new: NewTakeover) -> TakeoverId {
        let now = clock::now();
        let id = self.app.campaigns.start_takeover(new, &editor(), now).await.unwrap().id;
        self.app.playlists.issue_takeovers(now).await.unwrap();
        id
    }
}

fn west() -> Selector {
    Selector { areas: vec![WEST.parse().unwrap()], ..Selector::default() }
}

/// Two strips in the east and one in the west, one slogan everywhere and one in the west only, planned.
async fn three(county: &County) -> [Screen; 3] {
    let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
    let clinic = county.venue("西镇诊所", VenueType::Clinic, WEST).await;
    let screens = [county.strip(bank, "甲").await, county.strip(bank, "乙").await, county.strip(clinic, "丙").await];
    let (everywhere, western) = (county.slogan("不转账").await, county.slogan("不轻信").await);
    county.on_air("全县", booking("全县", vec![everywhere])).await;
    county.on_air("西镇", BookingDraft { selector: west(), ..booking("西镇", vec![western]) }).await;
    county.work().await;
    screens
}

fn router(county: &County) -> Router {
    let (router, _) = http::routes(county.app.playlists.clone()).split_for_parts();
    router.layer(Extension(county.app.screens.clone()))
}

async fn ask(county: &County, key: &SecretKey, path: &str, etag: Option<&str>) -> Response {
    let mut request = Request::get(path);
    for (name, value) in RequestProof::make(key, "GET", path, clock::now(), b"").headers() {
        request = request.header(name, value);
    }
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    router(county).oneshot(request.body(HttpBody::empty()).unwrap()).await.unwrap()
}

async fn bytes_of(response: Response) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}
