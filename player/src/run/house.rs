//! What is done now and then beside showing: status, live picture, progress of long plays.

use std::sync::Arc;

use xuanping_core::wire::{Decoding, Health, PlayerAbilities, PlayerStatus};

use super::life::Life;
use crate::{
    clock::{Moment, device_timezone},
    health,
    journal::Record,
    state::PROGRESS_EVERY,
};

/// How often the wall is shown to whoever watches.
const PICTURE_EVERY: u64 = 2_000;
/// How often the snapshot of the status is renewed.
const STATUS_EVERY: u64 = 500;
/// How often the machine is looked at.
const HEALTH_EVERY: u64 = 10_000;

impl Life<'_> {
    /// What is done now and then: status, live picture, how the machine is doing, progress of long plays.
    pub(super) fn keep_house(&mut self, now: Moment) {
        if now.monotonic >= self.next_progress {
            self.next_progress = now.monotonic + PROGRESS_EVERY;
            for (key, shown) in self.state.progress(now) {
                self.write(&Record::Showing(key, shown));
            }
        }
        if let Some((journal, _)) = &self.journal {
            journal.watched(self.state.picture_wanted());
        }
        if now.monotonic >= self.next_health {
            self.next_health = now.monotonic + HEALTH_EVERY;
            self.health = Health { cache_bytes: self.cache.bytes(), ..health::read(&self.config.data) };
        }
        let Some(sync) = &self.sync else { return };
        if now.monotonic >= self.next_status && self.enrolled.is_some() {
            self.next_status = now.monotonic + STATUS_EVERY;
            sync.status(self.status(now));
        }
        let pixels = self.stage.frame().size().width > 0;
        if self.state.picture_wanted() && pixels && now.monotonic >= self.next_picture {
            self.next_picture = now.monotonic + PICTURE_EVERY;
            sync.picture(Arc::new(self.stage.frame().clone()));
        }
    }

    pub(super) fn status(&self, now: Moment) -> PlayerStatus {
        PlayerStatus {
            boot: self.boot,
            now: now.wall,
            device_timezone: device_timezone(),
            manifest_version: self.state.manifest_version(),
            playlist: self.state.playlist(),
            zones: self.state.zone_states(),
            unreported_plays: self.journal.as_ref().map_or(0, |(journal, _)| journal.state().unreported),
            missing_assets: self.state.missing_assets(),
            last_error: self.state.trouble(now),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            dark: self.state.is_dark(),
            health: Some(Health {
                clock_correction: self.clock.correction(),
                damaged_files: self.state.damaged_files(),
                frames_shown: self.pacing.shown(),
                frames_dropped: self.pacing.dropped(),
                frame_p99: self.pacing.p99(),
                clip_frames_shown: self.clips.paced().shown,
                clip_frames_dropped: self.clips.paced().dropped,
                decoding: self
                    .clips
                    .decoder()
                    .map(|decoder| Decoding { decoder: decoder.name.clone(), hardware: decoder.hardware }),
                ..self.health.clone()
            }),
            abilities: PlayerAbilities { evidence: true, instructions: true, keys: true },
            obeyed: self.done.told(),
            size: Some(self.stage.frame().size()).filter(|size| size.width > 0),
        }
    }
}
