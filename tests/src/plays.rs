//! What the play log says, and what it should say: the stories' own arithmetic over a playlist.

use serde::Deserialize;
use xuanping_core::{
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId, ScreenId},
    playlist::{OnAir, Playlist},
    playlog::{PlayStatus, Trigger},
    time::{Millis, UtcInterval, UtcMillis},
};

/// A line of the play log, as the console's API gives it out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlayRecord {
    /// Whose.
    pub screen: ScreenId,
    /// Number of its batch.
    pub sequence: u64,
    /// Place in the batch.
    pub position: u32,
    /// When it went up.
    pub started: UtcMillis,
    /// Where.
    pub zone: ZoneName,
    /// What.
    pub creative: CreativeId,
    /// Digest of the very file.
    pub asset: String,
    /// For which booking (or takeover).
    pub booking: BookingId,
    /// For which campaign.
    pub campaign: Option<CampaignId>,
    /// How long it was to be shown.
    pub planned: Millis,
    /// How long it was.
    pub actual: Millis,
    /// How it went.
    pub status: PlayStatus,
    /// What put it up.
    pub trigger: Trigger,
    /// Whether it counts.
    pub counted: bool,
}

impl PlayRecord {
    /// Whether it was shown its full length.
    pub fn completed(&self) -> bool {
        self.status == PlayStatus::Success && self.actual.0 + 500 >= self.planned.0
    }

    /// When it was on the wall.
    pub fn shown(&self) -> UtcInterval {
        UtcInterval { start: self.started, end: self.started + self.actual }
    }
}

/// One showing that a playlist plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedPlay {
    /// When its slot begins and ends.
    pub slot: UtcInterval,
    /// What is shown.
    pub creative: CreativeId,
}

/// Every showing of a zone whose slot touches `span`, in order, by asking the playlist instant by instant.
pub fn planned(playlist: &Playlist, zone: ZoneName, span: UtcInterval) -> Vec<PlannedPlay> {
    let mut all = Vec::new();
    let mut at = span.start;
    while at < span.end {
        let shown = playlist.on_air(zone, at);
        if let OnAir::Play { item, start, end, .. } = shown {
            let creative = playlist.items[item as usize].creative;
            all.push(PlannedPlay { slot: UtcInterval { start, end }, creative });
        }
        match shown.until() {
            Some(next) if next > at => at = next,
            _ => break,
        }
    }
    all
}
