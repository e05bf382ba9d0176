//! 当前画面: what a screen's main zone shows now as one still picture, for boot pages and websites. Drawn once per file and size,
//! however many ask.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use xuanping_core::{
    digest::Digest,
    geometry::{Size, ZoneName},
    id::ScreenId,
    playlist::{Item, Manifest, OnWall, Playlist, Show, on_screen},
    time::UtcMillis,
};

use super::{PlaylistError, Playlists};
use crate::content::StillOf;

/// The size where neither the request nor the screen says one.
const USUAL: Size = Size { width: 1920, height: 1080 };
/// How many pictures are remembered, and how many bytes of them.
const MOST_KEPT: usize = 128;
const MOST_BYTES: usize = 64 << 20;
/// How far is looked ahead for a still while a clip plays.
const LOOK_AHEAD: usize = 64;

/// A still picture of what is on the wall.
#[derive(Debug, Clone)]
pub struct CurrentPicture {
    /// PNG of exactly the size asked for.
    pub png: Bytes,
    /// What it is of: the same file and size have the same name.
    pub name: String,
    /// When it may be another.
    pub until: Option<UtcMillis>,
}

/// What a picture is of: its file, or what is made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    File(Digest),
    Standby,
    Black,
}

type Drawn = ((Subject, Size), Bytes);

/// Pictures drawn lately, the last used at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Pictures(Arc<Mutex<VecDeque<Drawn>>>);

impl Pictures {
    fn find(&self, key: (Subject, Size)) -> Option<Bytes> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| *known == key)?;
        let found = kept.remove(place)?;
        let png = found.1.clone();
        kept.push_back(found);
        Some(png)
    }

    fn keep(&self, key: (Subject, Size), png: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != key);
        kept.push_back((key, png));
        let mut bytes: usize = kept.iter().map(|(_, png)| png.len()).sum();
        while kept.len() > MOST_KEPT || bytes > MOST_BYTES {
            let Some((_, oldest)) = kept.pop_front() else { break };
            bytes -= oldest.len();
        }
    }
}

/// What stands for a zone as a still.
#[derive(Debug, PartialEq, Eq)]
enum Seen<'a> {
    /// The item's own picture; or while a clip plays that of the next one that comes.
    Item(&'a Item),
    /// Nothing that could be shown as a still.
    Standby,
    /// The wall is off, or a takeover has nothing for this zone.
    Black,
}

/// What is seen of a zone at `at`, and until when that is so.
fn seen_at<'a>(
    says: &'a Manifest,
    playlist: Option<&'a Playlist>,
    zone: ZoneName,
    at: UtcMillis,
) -> (Seen<'a>, Option<UtcMillis>) {
    let mut ask = at;
    let mut first = None;
    for _ in 0..LOOK_AHEAD {
        let (item, until, black) = match on_screen(&says.orders, playlist, &says.takeovers, zone, ask) {
            OnWall::Play { item, until, .. } | OnWall::Hold { item, until } => (Some(item), Some(until), false),
            OnWall::Nothing { until, black } => (None, until, black),
        };
        if black && first.is_none() {
            return (Seen::Black, until);
        }
        let changes = *first.get_or_insert(until);
        match (item, until) {
            (Some(item), _) if matches!(item.show, Show::Picture { .. } | Show::Strip { .. }) => {
                return (Seen::Item(item), changes);
            }
            (Some(_), Some(until)) => ask = until,
            _ => return (Seen::Standby, changes),
        }
    }
    (Seen::Standby, first.flatten())
}

impl Playlists {
    /// What the screen's main zone shows at `now` as PNG of `size`, or of the zone's own size. `None`: too many are being drawn.
    /// Black while the wall is off by its hours. A file that cannot be had is no reason to show an error on somebody's television: then it is the standby picture.
    pub async fn current_picture(
        &self,
        screen: ScreenId,
        size: Option<Size>,
        now: UtcMillis,
    ) -> Result<Option<CurrentPicture>, PlaylistError> {
        let issued = self.issued(screen);
        let says = issued.as_ref().and_then(|issued| issued.says.as_ref());
        let playlist = match says.and_then(|says| says.playlist) {
            Some(digest) => self
                .playlist(digest)
                .await
                .inspect_err(|error| tracing::error!(%screen, %error, "no playlist for a current picture"))
                .ok(),
            None => None,
        };
        let zones = says.map_or(&[][..], |says| &says.orders.zones);
        let zone = zones.iter().find(|zone| zone.name == ZoneName::Main);
        let (seen, until) =
            says.map_or((Seen::Standby, None), |says| seen_at(says, playlist.as_ref(), ZoneName::Main, now));
        let size = size.or(zone.map(|zone| zone.rect.size())).unwrap_or(USUAL);
        let subject = match seen {
            Seen::Item(item) => match self.drawn(StillOf::Rendition(item.asset, item.show), size).await {
                Ok(png) => return Ok(png.map(|png| named(Subject::File(item.asset), size, png, until))),
                Err(error) => {
                    tracing::error!(%screen, asset = %item.asset, %error, "a current picture cannot be drawn");
                    Subject::Standby
                }
            },
            Seen::Standby => Subject::Standby,
            Seen::Black => Subject::Black,
        };
        let of = if subject == Subject::Black { StillOf::Black } else { StillOf::Standby };
        let png = self.drawn(of, size).await?;
        Ok(png.map(|png| named(subject, size, png, until)))
    }

    async fn drawn(&self, of: StillOf, size: Size) -> Result<Option<Bytes>, PlaylistError> {
        let subject = match of {
            StillOf::Rendition(asset, _) => Subject::File(asset),
            StillOf::Standby => Subject::Standby,
            StillOf::Black => Subject::Black,
        };
        let key = (subject, size);
        if let Some(png) = self.pictures.find(key) {
            return Ok(Some(png));
        }
        let png = self.content.still(of, size).await?.map(Bytes::from);
        if let Some(png) = &png {
            self.pictures.keep(key, png.clone());
        }
        Ok(png)
    }
}

fn named(subject: Subject, size: Size, png: Bytes, until: Option<UtcMillis>) -> CurrentPicture {
    let what = match subject {
        Subject::File(asset) => asset.to_string(),
        Subject::Standby => "standby".to_owned(),
        Subject::Black => "black".to_owned(),
    };
    CurrentPicture { png, name: format!("{what}-{}x{}", size.width, size.height), until }
}
