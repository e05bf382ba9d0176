//! What the player is doing, as a value: `step(event, now)` changes it and returns what must be done about it.
//!
//! Nothing here reads a clock, a file or the network, so every bad day can be played through in a test. What should be on
//! the wall is `core::playlist::on_wall`'s decision; this only follows it, and keeps the record of what really was.

mod assets;
mod evidence;
mod showing;
mod shows;
#[cfg(test)]
mod tests;
mod view;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use assets::Assets;
use evidence::{Evidence, Unlit};
use showing::ZoneState;
use xuanping_core::{
    campaign::EventTrigger,
    digest::Digest,
    geometry::{Rect, Zone, ZoneName},
    id::{InstructionId, ShowId},
    playlist::{Item, Manifest, OnWall, Playlist, Show, on_screen, on_wall},
    vocabulary::CreativeKind,
    wire::CouldNot,
};

use crate::{
    clock::Moment,
    event::{Event, Fault, Media, Pairing, Trouble},
    evidence::{Cause, Name, NotTaken, Taken},
    journal::{Entry, PlayKey},
    stage::Identity,
};

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A play went up: journal it.
    Open(PlayKey, Entry),
    /// A play is over: journal it.
    Finish(PlayKey, Entry),
    /// Take a picture of the wall, which shows this play.
    Picture(PlayKey, Cause),
    /// A play that is up names this picture from now on: journal it, then keep the picture.
    Named(PlayKey, Entry, Arc<Name>),
    /// No play names this picture.
    Discard(Arc<Name>),
    /// There was no picture to be had for this instruction.
    CouldNot(InstructionId, CouldNot),
    /// Read, verify and decode this picture or strip soon.
    Load(Item),
    /// Have the media worker prepare this for a zone.
    PrepareMedia(ZoneName, Item),
    /// Start what was prepared, `late` milliseconds into it.
    StartMedia(ZoneName, Digest, u64),
    /// Stop what plays in a zone.
    StopMedia(ZoneName, Digest),
    /// Forget what was prepared for a zone.
    DropMedia(ZoneName, Digest),
    /// These files are needed, most urgent first. Replaces the list before.
    Fetch(Vec<Want>),
    /// This playlist is needed.
    FetchPlaylist(Digest),
    /// The programme is complete here; everything not in this set may be deleted.
    Keep(HashSet<Digest>),
    /// Forget everything: cache, journal, key.
    Wipe,
    /// End the process.
    Exit,
}

/// A file to be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Want {
    /// Its name.
    pub asset: Digest,
    /// Its length in bytes.
    pub bytes: u64,
    /// Ahead of everything else, beside whatever else is being downloaded: a takeover's.
    pub urgent: bool,
}

/// What this player can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// There is a media worker: clips and sound.
    pub media: bool,
}

/// A new playlist whose first files are not here yet is followed after so many milliseconds, if the one before has
/// nothing to show any more.
const PATIENCE: u64 = 15_000;
/// While the right picture is being decoded, the one before stays, at the longest for so many milliseconds.
const LINGER: u64 = 2_000;
/// How often a long play's progress is worth noting, in milliseconds.
pub const PROGRESS_EVERY: u64 = 5_000;

/// The player.
#[derive(Debug)]
pub struct State {
    pairing: Pairing,
    abilities: Abilities,
    manifest: Option<Manifest>,
    playlist: Option<(Digest, Arc<Playlist>)>,
    arriving: Option<(Digest, Arc<Playlist>, u64)>,
    zones: BTreeMap<ZoneName, ZoneState>,
    assets: Assets,
    troubles: BTreeMap<Trouble, String>,
    picture_wanted: bool,
    dark: bool,
    /// The wall's hours, or no volume at all, keep every zone from being seen and heard; worked out whenever something turns.
    off: bool,
    /// What the wall says of itself, and until when on the monotonic clock.
    identity: Option<(Arc<Identity>, u64)>,
    evidence: Evidence,
    next_key: PlayKey,
    stopping: bool,
}

impl State {
    /// A player that has just been switched on.
    pub fn new(abilities: Abilities) -> Self {
        Self {
            pairing: Pairing::Asking,
            abilities,
            manifest: None,
            playlist: None,
            arriving: None,
            zones: BTreeMap::new(),
            assets: Assets::default(),
            troubles: BTreeMap::new(),
            picture_wanted: false,
            dark: false,
            off: false,
            identity: None,
            evidence: Evidence::default(),
            next_key: 1,
            stopping: false,
        }
    }

    /// Takes one event at one instant. Afterwards the state is what it should be at that instant.
    pub fn step(&mut self, event: Event, now: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.stopping {
            return actions;
        }
        match event {
            Event::Tick => {}
            Event::Pairing(news) => self.pairing = news,
            Event::Manifest(trusted) => self.follow(trusted.manifest, &mut actions),
            Event::Playlist(digest, playlist) => self.arrived(digest, playlist, now),
            Event::Rotten(asset) => self.assets.rotten(asset, now),
            Event::Stored(assets) => self.assets.stored(assets),
            Event::Loaded(asset, result) => self.assets.loaded(asset, result, now),
            Event::Verified(zone, item, verified) => {
                // The loop has given a good file to the worker; a bad one never gets there.
                if let Err(fault) = verified {
                    self.assets.media_unready(zone, item.asset, Some(fault), now);
                }
            }
            Event::Pictured(play, picture) => self.pictured(play, picture, now, &mut actions),
            Event::Media(zone, asset, news) => self.media(zone, asset, news, now, &mut actions),
            // The loop's to answer.
            Event::Asked(..) | Event::KeyChanged(_) => {}
            Event::Dark(dark) => {
                self.dark = dark;
                for zone in self.zones.values_mut() {
                    zone.events.clear();
                }
            }
            Event::Identify(identity, ms) => self.identity = Some((identity, now.monotonic + ms)),
            Event::PictureAsked(id, until) => self.evidence.asked(id, until, now),
            Event::Show(trigger, show) => self.insert(trigger, show, now),
            Event::PictureWanted(wanted) => self.picture_wanted = wanted,
            Event::Trouble(from, Some(text)) => {
                self.troubles.insert(from, text);
            }
            Event::Trouble(from, None) => {
                self.troubles.remove(&from);
            }
            Event::Retired => {
                self.finish_all(now, &mut actions);
                self.stopping = true;
                actions.push(Action::Wipe);
                return actions;
            }
            Event::Stop => {
                self.finish_all(now, &mut actions);
                self.stopping = true;
                actions.push(Action::Exit);
                return actions;
            }
        }
        self.advance(now, &mut actions);
        actions
    }

    fn follow(&mut self, manifest: Manifest, actions: &mut Vec<Action>) {
        if self.manifest.as_ref().is_some_and(|m| manifest.version <= m.version) {
            return;
        }
        let arriving = self.arriving.as_ref().map(|(digest, ..)| *digest);
        let playing = self.playlist.as_ref().map(|(digest, _)| *digest);
        match manifest.playlist {
            None => {
                self.playlist = None;
                self.arriving = None;
            }
            Some(digest) if playing == Some(digest) => self.arriving = None,
            Some(digest) if arriving == Some(digest) => {}
            Some(digest) => {
                self.arriving = None;
                actions.push(Action::FetchPlaylist(digest));
            }
        }
        self.manifest = Some(manifest);
    }

    fn arrived(&mut self, digest: Digest, playlist: Arc<Playlist>, now: Moment) {
        let wanted = self.manifest.as_ref().and_then(|m| m.playlist) == Some(digest);
        if wanted && self.playlist.as_ref().is_none_or(|(playing, _)| *playing != digest) {
            self.arriving = Some((digest, playlist, now.monotonic));
        }
    }

    fn media(&mut self, name: ZoneName, asset: Digest, news: Media, now: Moment, actions: &mut Vec<Action>) {
        let zone = self.zones.get_mut(&name);
        match news {
            Media::Ready => self.assets.media_ready(name, asset),
            Media::Started => {
                if let Some(zone) = zone {
                    zone.media_started(asset, now, &mut self.next_key, actions);
                }
            }
            Media::Failed(fault) => {
                self.assets.play_failed(asset, fault, now);
                if let Some(zone) = zone {
                    zone.media_failed(asset, fault, now);
                }
            }
            Media::Unready(fault) => self.assets.media_unready(name, asset, fault, now),
            Media::Progress(_) | Media::Ended(_) => {
                if let Some(zone) = zone {
                    zone.media_news(asset, news, now);
                }
            }
        }
    }

    /// A picture came. If its play is still up, that play names it; else another has to be taken.
    fn pictured(&mut self, key: PlayKey, picture: Result<Taken, NotTaken>, now: Moment, actions: &mut Vec<Action>) {
        let expected = self.evidence.came(key);
        let taken = picture.ok().map(|taken| {
            let zone = self.zones.get_mut(&ZoneName::Main).filter(|_| expected && !self.dark);
            (zone.and_then(|zone| zone.name(key, taken.digest, now)), taken.name)
        });
        match taken {
            Some((Some(entry), name)) => {
                self.evidence.done(name.cause);
                actions.push(Action::Named(key, entry, name));
            }
            Some((None, name)) => {
                self.evidence.failed(expected);
                actions.push(Action::Discard(name));
            }
            None => self.evidence.failed(expected),
        }
    }

    /// The play that is up in the main zone, and since when.
    fn main_play(&self) -> Option<(PlayKey, Moment)> {
        self.zones.get(&ZoneName::Main).and_then(ZoneState::playing)
    }

    /// Makes the zones show what they should show now.
    fn advance(&mut self, now: Moment, actions: &mut Vec<Action>) {
        self.adopt(now);
        self.identity.take_if(|(_, until)| now.monotonic >= *until);
        let Some(manifest) = &self.manifest else {
            return;
        };
        let playlist = self.playlist.as_ref().map(|(digest, playlist)| (*digest, playlist.as_ref()));
        let kept_dark = |zone: &Zone| manifest.orders.kept_dark(&manifest.takeovers, zone.name, now.wall).0;
        self.off = !manifest.orders.zones.is_empty() && manifest.orders.zones.iter().all(kept_dark);
        // A zone that the screen no longer has, or that moved: what it showed is interrupted.
        let zones: BTreeMap<ZoneName, Rect> = manifest.orders.zones.iter().map(|z| (z.name, z.rect)).collect();
        let gone: Vec<_> = self.zones.keys().filter(|name| !zones.contains_key(name)).copied().collect();
        for name in gone {
            if let Some(mut zone) = self.zones.remove(&name) {
                zone.finish(now, actions);
            }
        }
        let mut needed = Vec::new();
        for (name, rect) in zones {
            let zone = self.zones.entry(name).or_insert_with(|| ZoneState::new(name, rect));
            zone.rect = rect;
            let shows = |at| on_screen(&manifest.orders, playlist.map(|(_, p)| p), &manifest.takeovers, name, at);
            let answer = shows(now.wall);
            let (planned, until) = match self.dark || self.identity.is_some() {
                // Nothing is shown, nothing is heard, and nothing counts.
                true => {
                    zone.events.wait();
                    (showing::Planned::Nothing { black: true }, None)
                }
                false => {
                    let (planned, until) = showing::planned(answer, playlist.map(|(d, _)| d));
                    zone.with_events(planned, until, now)
                }
            };
            zone.until = until;
            let stand_in = planned.lacking(&self.assets).zip(playlist).and_then(|(_, (_, playlist))| {
                playlist.stand_in(name, now.wall, |item| !is_media(item) && !self.assets.lacks(item))
            });
            zone.stand_in = stand_in.and_then(|item| self.assets.picture(&item.asset)?.ok().map(|p| (item.show, p)));
            needed.extend(stand_in.cloned().map(|item| (name, item)));
            zone.follow(planned, now, &mut self.next_key, actions);
            let coming = until.map(shows);
            let coming = coming.and_then(|answer| showing::planned(answer, None).0.item().cloned());
            needed.extend(zone.waits_for().cloned().map(|item| (name, item)));
            needed.extend(zone.events.next().cloned().map(|item| (name, item)));
            needed.extend(coming.map(|item| (name, item)));
        }
        self.assets.need(needed, self.abilities, now, actions);
        self.evidence.turn(manifest, playlist, Unlit { dark: self.dark, off: self.off }, now);
        actions.extend(self.evidence.in_vain().into_iter().map(|(id, why)| Action::CouldNot(id, why)));
        for zone in self.zones.values_mut() {
            zone.begin(&mut self.assets, now, &mut self.next_key, actions);
        }
        let picture = self.evidence.begin(self.main_play(), now);
        actions.extend(picture.map(|(play, cause)| Action::Picture(play, cause)));
        self.fetch(now, actions);
    }

    /// What an event asks for gets its turn as soon as no takeover has the wall.
    fn insert(&mut self, trigger: EventTrigger, show: ShowId, now: Moment) {
        let Some((digest, playlist)) = self.playlist.as_ref().filter(|_| !self.dark) else { return };
        for (name, zone) in &mut self.zones {
            zone.events.add(playlist.on_event(*name, trigger, now.wall), *digest, show, now);
        }
    }

    /// How many showings an event would ask for now.
    pub fn due_at_event(&self, trigger: EventTrigger, now: Moment) -> usize {
        let Some((_, playlist)) = self.playlist.as_ref().filter(|_| !self.dark) else { return 0 };
        self.zones.keys().map(|name| playlist.on_event(*name, trigger, now.wall).len()).sum()
    }

    /// Follows the newest playlist as soon as what it shows now is in the cache. Until then the one before goes on, as long as
    /// it has something to show; without that, only for so long as patience lasts.
    fn adopt(&mut self, now: Moment) {
        let Some((_, arriving, since)) = &self.arriving else { return };
        let late = now.monotonic.saturating_sub(*since) >= PATIENCE;
        let goes_on = self.playlist.as_ref().is_some_and(|(_, playing)| !late || self.has_something(playing, now));
        if !goes_on || self.is_whole(arriving, now) {
            self.playlist = self.arriving.take().map(|(digest, playlist, _)| (digest, playlist));
        }
    }

    /// Whether all that a playlist shows now is in the cache.
    fn is_whole(&self, playlist: &Playlist, now: Moment) -> bool {
        let takeovers = self.manifest.as_ref().map_or(&[][..], |m| &m.takeovers);
        playlist.zones.iter().all(|zone| {
            let answer = on_wall(Some(playlist), takeovers, zone.zone, now.wall);
            showing::planned(answer, None).0.item().is_none_or(|item| self.assets.is_stored(&item.asset))
        })
    }

    /// Whether a playlist shows anything now that is in the cache.
    fn has_something(&self, playlist: &Playlist, now: Moment) -> bool {
        on_air_now(playlist, now).into_iter().any(|item| self.assets.is_stored(&item.asset))
    }

    /// Says which files are needed, if that changed since it was last said.
    fn fetch(&mut self, now: Moment, actions: &mut Vec<Action>) {
        let takeovers = self.manifest.iter().flat_map(|m| &m.takeovers).flat_map(|t| &t.items);
        let mut wants: Vec<_> = takeovers
            .map(|i| Want { asset: i.item.asset, bytes: i.item.bytes, urgent: true })
            .chain(self.zones.values().filter_map(|z| z.planned().item()).map(want))
            .chain(self.zones.values().flat_map(|z| z.events.items()).map(want))
            .chain(self.arriving.iter().flat_map(|(_, playlist, _)| on_air_now(playlist, now)).map(want))
            .chain(self.arriving.iter().flat_map(|(_, playlist, _)| &playlist.items).map(want))
            .chain(self.playlist.iter().flat_map(|(_, playlist)| &playlist.items).map(want))
            .collect();
        let mut seen = HashSet::new();
        wants.retain(|want| seen.insert(want.asset));
        if let Some(missing) = self.assets.changed_wants(wants, now) {
            actions.push(Action::Fetch(missing));
            let mut keep = seen;
            keep.extend(self.playlist.iter().map(|(digest, _)| *digest));
            keep.extend(self.arriving.iter().map(|(digest, ..)| *digest));
            keep.extend(self.manifest.as_ref().and_then(|m| m.playlist));
            // Only when the newest playlist is here is it known what may go.
            let newest = self.manifest.as_ref().and_then(|m| m.playlist);
            let known = self.playlist.iter().map(|(d, _)| *d).chain(self.arriving.iter().map(|(d, ..)| *d));
            if newest.is_none_or(|newest| known.into_iter().any(|d| d == newest)) {
                actions.push(Action::Keep(keep));
            }
        }
    }

    fn finish_all(&mut self, now: Moment, actions: &mut Vec<Action>) {
        for zone in self.zones.values_mut() {
            zone.finish(now, actions);
        }
    }
}

fn want(item: &Item) -> Want {
    Want { asset: item.asset, bytes: item.bytes, urgent: false }
}

fn on_air_now(playlist: &Playlist, now: Moment) -> Vec<&Item> {
    let zones = playlist.zones.iter();
    zones
        .filter_map(|zone| match on_wall(Some(playlist), &[], zone.zone, now.wall) {
            OnWall::Play { item, .. } | OnWall::Hold { item, .. } => Some(item),
            OnWall::Nothing { .. } => None,
        })
        .collect()
}

/// Whether an item needs the media worker.
fn is_media(item: &Item) -> bool {
    matches!(item.show, Show::Clip { .. } | Show::Sound)
        || matches!(item.kind, CreativeKind::Clip | CreativeKind::Audio)
}

/// What stands against an item at once, whatever its file: this machine cannot play it.
fn cannot(item: &Item, abilities: Abilities) -> Option<Fault> {
    (is_media(item) && !abilities.media).then_some(Fault::Hardware)
}
