//! What a screen shows at an instant once takeovers have had their say. Takeovers come with the manifest, so they need no
//! playlist and work from the cache; the same question always has the same answer.

use super::{Item, OnAir, Playlist, Takeover};
use crate::{geometry::ZoneName, id::TakeoverId, time::UtcMillis};

/// Whose content is on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The playlist's.
    Playlist,
    /// A takeover's.
    Takeover(TakeoverId),
}

/// What a zone shows at an instant. In each, `until` is when the question should be asked again: never later than the
/// answer changes, a takeover's announced start included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnWall<'a> {
    /// An item plays.
    Play {
        /// What.
        item: &'a Item,
        /// Whose.
        source: Source,
        /// When this showing began.
        start: UtcMillis,
        /// When it ends if nothing interrupts it.
        end: UtcMillis,
        /// Ask again.
        until: UtcMillis,
    },
    /// A still is held for the rest of a daypart. Not a play.
    Hold {
        /// What.
        item: &'a Item,
        /// Ask again.
        until: UtcMillis,
    },
    /// Nothing. `black` during a takeover that has nothing for this zone; otherwise the standby picture.
    Nothing {
        /// Whether the zone stays black.
        black: bool,
        /// Ask again; `None`: only when a new manifest comes.
        until: Option<UtcMillis>,
    },
}

impl OnWall<'_> {
    /// The same, to be asked again at `by` at the latest.
    pub(super) fn asked_again_by(mut self, by: Option<UtcMillis>) -> Self {
        match &mut self {
            Self::Play { until, .. } | Self::Hold { until, .. } => *until = by.map_or(*until, |by| by.min(*until)),
            Self::Nothing { until, .. } => *until = until.iter().copied().chain(by).min(),
        }
        self
    }
}

/// The takeover that rules a screen at `at`: of those in force the highest level, of these the latest start.
pub fn in_force(takeovers: &[Takeover], at: UtcMillis) -> Option<&Takeover> {
    let running = takeovers.iter().filter(|t| t.starts <= at && at < t.expires);
    running.max_by_key(|t| (t.level, t.starts, t.id))
}

/// What `zone` shows at `at`, given the playlist in force and the manifest's takeovers.
///
/// A takeover rules every zone of the screen. Its items of a zone take turns from its start on; the last one is cut short
/// when it expires.
pub fn on_wall<'a>(
    playlist: Option<&'a Playlist>,
    takeovers: &'a [Takeover],
    zone: ZoneName,
    at: UtcMillis,
) -> OnWall<'a> {
    let ruling = in_force(takeovers, at);
    // The next takeover that would replace what rules now.
    let announced = takeovers
        .iter()
        .filter(|t| t.starts > at && t.starts < t.expires && ruling.is_none_or(|r| t.level >= r.level))
        .map(|t| t.starts)
        .min();
    let sooner = |until: UtcMillis| announced.map_or(until, |start| start.min(until));
    if let Some(takeover) = ruling {
        let until = sooner(takeover.expires);
        return match turn(takeover, zone, at) {
            Some((item, start, end)) => {
                OnWall::Play { item, source: Source::Takeover(takeover.id), start, end, until: end.min(until) }
            }
            None => OnWall::Nothing { black: true, until: Some(until) },
        };
    }
    let nothing = |until: Option<UtcMillis>| OnWall::Nothing {
        black: false,
        until: [until, announced].into_iter().flatten().min(),
    };
    let Some(playlist) = playlist else { return nothing(None) };
    let item = |index: u32| playlist.items.get(index as usize);
    match playlist.on_air(zone, at) {
        OnAir::Play { item: index, start, end, .. } => item(index).map_or(nothing(Some(end)), |item| OnWall::Play {
            item,
            source: Source::Playlist,
            start,
            end,
            until: sooner(end),
        }),
        OnAir::Hold { item: index, until } => {
            item(index).map_or(nothing(Some(until)), |item| OnWall::Hold { item, until: sooner(until) })
        }
        OnAir::Nothing { until } => nothing(until),
    }
}

/// Whose turn it is in a takeover.
fn turn(takeover: &Takeover, zone: ZoneName, at: UtcMillis) -> Option<(&Item, UtcMillis, UtcMillis)> {
    let items = || takeover.items.iter().filter(|i| i.zone == zone).map(|i| &i.item);
    let length: i64 = items().map(|item| item.duration.as_i64()).sum();
    if length == 0 {
        return None;
    }
    let mut start = at.plus(-at.since(takeover.starts).rem_euclid(length));
    for item in items() {
        let end = start + item.duration;
        if at < end {
            return Some((item, start, end));
        }
        start = end;
    }
    None
}
