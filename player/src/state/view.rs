//! What the rest of the player asks of the state: what the wall should look and sound like, when that changes by itself, and what
//! people are told. None of it changes anything.

use xuanping_core::{
    digest::Digest,
    geometry::{Size, ZoneName},
    playlist::{Percent, Playlist, Transition, on_wall},
    time::{Millis, UtcMillis},
    wire::ZoneStatus,
};

use super::{PATIENCE, State, showing, showing::ZoneState};
use crate::{
    clock::Moment,
    event::Pairing,
    journal::PlayKey,
    stage::{Content, Layer, Light, Scene},
};

impl State {
    /// What the wall should look like now.
    pub fn scene(&self, now: Moment) -> Scene {
        if self.stopping {
            return self.standby();
        }
        if self.dark {
            return Scene::Dark;
        }
        if let Some((identity, _)) = &self.identity {
            return Scene::Identity(identity.clone());
        }
        match &self.pairing {
            Pairing::Code(code) => return Scene::Pairing { code: Some(code.clone()) },
            Pairing::Asking if self.manifest.is_none() => return Scene::Pairing { code: None },
            Pairing::Asking | Pairing::Enrolled(_) => {}
        }
        let layers: Vec<_> = self.seen().map(|z| Layer { rect: z.rect, content: z.content(now) }).collect();
        let nothing = layers.iter().all(|layer| layer.content == Content::Standby);
        if nothing { self.standby() } else { Scene::Zones(layers) }
    }

    /// The zones that have pixels.
    pub(super) fn seen(&self) -> impl Iterator<Item = &ZoneState> {
        self.zones.values().filter(|zone| zone.rect.width > 0 && zone.rect.height > 0)
    }

    /// The standby picture: over the whole wall, or in each zone if some of the wall is to stay free.
    fn standby(&self) -> Scene {
        let covered = self.manifest.as_ref().is_none_or(|manifest| manifest.orders.covers_the_wall());
        if covered {
            return Scene::Standby;
        }
        Scene::Zones(self.seen().map(|z| Layer { rect: z.rect, content: Content::Standby }).collect())
    }

    /// The pixels of a zone; `None` if it has none.
    pub fn zone_size(&self, zone: ZoneName) -> Option<Size> {
        let rect = self.zones.get(&zone)?.rect;
        (rect.width > 0 && rect.height > 0).then(|| rect.size())
    }

    /// Whether the screen may be heard: it has a zone for sound.
    fn is_audible(&self) -> bool {
        let zones = self.manifest.iter().flat_map(|m| &m.orders.zones);
        zones.map(|zone| zone.name).any(|name| name == ZoneName::Audio)
    }

    /// How loud it may be now; `None`: silent.
    pub fn volume(&self, now: Moment) -> Option<Percent> {
        let orders = self.manifest.as_ref().filter(|_| self.is_audible()).map(|m| &m.orders)?;
        Some(orders.wall.volume_at(now.wall, orders.tz()))
    }

    /// How the wall is to be drawn now.
    pub fn light(&self, now: Moment) -> Light {
        let orders = self.manifest.as_ref().map(|m| &m.orders);
        Light {
            // A wall that is to be dark has off hours: at no brightness plays would count that nobody sees.
            brightness: orders.map_or(Percent::FULL, |o| o.wall.brightness_at(now.wall, o.tz()).max(Percent::FAINTEST)),
            transition: orders.map_or(Transition::Cut, |o| o.wall.transition),
        }
    }

    /// When, on the wall clock, something changes by itself.
    pub fn next_change(&self, now: Moment) -> Option<UtcMillis> {
        let zones = self.zones.values().filter_map(|zone| zone.until);
        let patience = self
            .arriving
            .as_ref()
            .map(|(_, _, since)| since + PATIENCE)
            .filter(|late| *late > now.monotonic)
            .map(|late| now.wall.plus((late - now.monotonic) as i64));
        // What comes next of a playlist that waits may be here already.
        let turn = self.arriving.iter().flat_map(|(_, playlist, _)| next_turns(playlist, now)).min();
        let retries = self.assets.next_retry(now).map(|at| now.wall.plus(at.saturating_sub(now.monotonic) as i64));
        let linger = self.zones.values().filter_map(|zone| zone.lingers_until(now));
        let level = self.manifest.as_ref().and_then(|m| m.orders.wall.next_level(now.wall, m.orders.tz()));
        let identity = self.identity.as_ref();
        let identity = identity.map(|(_, until)| now.wall.plus(until.saturating_sub(now.monotonic) as i64));
        let picture = self.evidence.next_change(self.main_play(), now);
        zones.chain(patience).chain(turn).chain(retries).chain(linger).chain(level).chain(picture).chain(identity).min()
    }

    /// Plays now on the wall and how long they have been: for the journal's progress notes.
    pub fn progress(&self, now: Moment) -> Vec<(PlayKey, Millis)> {
        self.zones.values().filter_map(|zone| zone.progress(now)).collect()
    }

    /// The venue's time zone, once it is known.
    pub fn timezone(&self) -> Option<&str> {
        self.manifest.as_ref().map(|m| m.orders.timezone.as_str())
    }

    /// Version of the manifest that is followed; 0 without one.
    pub fn manifest_version(&self) -> u64 {
        self.manifest.as_ref().map_or(0, |m| m.version)
    }

    /// The playlist that is played.
    pub fn playlist(&self) -> Option<Digest> {
        self.playlist.as_ref().map(|(digest, _)| *digest)
    }

    /// What each zone shows.
    pub fn zone_states(&self) -> Vec<ZoneStatus> {
        self.zones.iter().map(|(name, zone)| ZoneStatus { zone: *name, creative: zone.creative() }).collect()
    }

    /// Files of the programme that are not here yet.
    pub fn missing_assets(&self) -> u32 {
        self.assets.missing()
    }

    /// Files found damaged so far.
    pub fn damaged_files(&self) -> u32 {
        self.assets.damaged()
    }

    /// Whether somebody at the machine has made the wall black.
    pub fn is_dark(&self) -> bool {
        self.dark
    }

    /// Whether the wall's hours, or no volume at all, keep everything from being seen and heard.
    pub fn is_off(&self) -> bool {
        self.off
    }

    /// What the screen's orders call it.
    pub fn name(&self) -> Option<&str> {
        self.manifest.as_ref().map(|m| m.orders.name.as_str())
    }

    /// Whether somebody is looking.
    pub fn picture_wanted(&self) -> bool {
        self.picture_wanted
    }

    /// What a person should know of, in Chinese, most important first.
    pub fn trouble(&self, now: Moment) -> Option<String> {
        let expired = self.manifest.as_ref().is_some_and(|m| m.expires < now.wall);
        let expired = expired.then(|| "播放指令已过期，正按最后一份有效播放单继续播放，请检查网络。".to_owned());
        let bad = self.assets.trouble();
        if self.dark {
            return Some(
                "现场人员已手动熄屏，期间不播放、不计数；在播放器上运行 xuanping-player resume 恢复。".to_owned(),
            );
        }
        let rotten = self.assets.rot(now);
        self.troubles.values().cloned().chain(bad).chain(expired).chain(rotten).next()
    }
}

/// When each zone of a playlist turns to something else.
fn next_turns(playlist: &Playlist, now: Moment) -> Vec<UtcMillis> {
    let answers = playlist.zones.iter().map(|zone| on_wall(Some(playlist), &[], zone.zone, now.wall));
    answers.filter_map(|answer| showing::planned(answer, None).1).filter(|at| *at > now.wall).collect()
}
