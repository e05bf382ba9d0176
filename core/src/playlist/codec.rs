//! Playlist ↔ bytes. Decoding is for hostile input: bounded, complete, and every index checked, so that whoever holds a
//! [`Playlist`] need not check again.

use super::{PLAYLIST_VERSION, PLAYLIST_VERSION_WITH_EVENTS, Playlist};
use crate::{digest::Digest, vocabulary::CreativeKind};

/// Why bytes are not a playlist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the CBOR that we write.
    #[error("not a playlist: {0}")]
    Malformed(String),
    /// A version this program does not know.
    #[error("playlist version {0} is not known here; update the player")]
    Version(u32),
    /// An index points nowhere, dayparts overlap, a loop is empty …
    #[error("inconsistent playlist: {0}")]
    Inconsistent(&'static str),
    /// Larger than any playlist we would make.
    #[error(transparent)]
    TooLarge(#[from] LimitExceeded),
}

/// A limit on hostile input was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} exceeds the limit of {limit}")]
pub struct LimitExceeded {
    /// Of what.
    pub what: &'static str,
    /// The limit.
    pub limit: usize,
}

impl Playlist {
    /// Bytes of the largest playlist that is accepted.
    pub const MAX_BYTES: usize = 8 << 20;

    /// The bytes whose digest is the playlist's name. The same value always gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.about());
        match minicbor::encode(self, &mut bytes) {
            Ok(()) => bytes,
            // Cannot be: the writer's error type is uninhabited and no field refuses to encode.
            Err(_) => Vec::new(),
        }
    }

    /// About as many bytes as it has; rather more, so that writing them moves none.
    fn about(&self) -> usize {
        let slots: usize = self.loops.iter().map(|looped| 12 + 8 * looped.slots.len()).sum();
        let days = self.zones.iter().flat_map(|zone| &zone.days);
        let days: usize = days.map(|day| 16 + 23 * day.dayparts.len() + 24 * day.events.len()).sum();
        64 + 160 * self.items.len() + slots + days
    }

    /// The playlist's name.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// Reads and checks a playlist.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(LimitExceeded { what: "playlist bytes", limit: Self::MAX_BYTES }.into());
        }
        let mut decoder = minicbor::Decoder::new(bytes);
        let playlist: Self = decoder.decode().map_err(|e| DecodeError::Malformed(e.to_string()))?;
        if decoder.position() != bytes.len() {
            return Err(DecodeError::Malformed("bytes after the end".into()));
        }
        playlist.check()?;
        Ok(playlist)
    }

    fn check(&self) -> Result<(), DecodeError> {
        if ![PLAYLIST_VERSION, PLAYLIST_VERSION_WITH_EVENTS].contains(&self.version) {
            return Err(DecodeError::Version(self.version));
        }
        let require = |holds: bool, what| if holds { Ok(()) } else { Err(DecodeError::Inconsistent(what)) };
        let item = |index: u32| self.items.get(index as usize);
        require(self.timezone.parse::<chrono_tz::Tz>().is_ok(), "the time zone is not known")?;
        for each in &self.items {
            require(each.duration.0 > 0, "an item lasts no time")?;
        }
        for looped in &self.loops {
            require(!looped.slots.is_empty(), "a loop is empty")?;
            for slot in &looped.slots {
                let shown = item(slot.item).ok_or(DecodeError::Inconsistent("a slot names no item"))?;
                require(slot.duration >= shown.duration, "a slot is shorter than its item")?;
            }
            let length: u64 = looped.slots.iter().map(|s| u64::from(s.duration.0)).sum();
            require(length <= u64::from(u32::MAX), "a loop is longer than 49 days")?;
            if let Some(hold) = looped.hold {
                let held = item(hold).ok_or(DecodeError::Inconsistent("a hold names no item"))?;
                require(matches!(held.kind, CreativeKind::Poster | CreativeKind::Slogan), "a hold is not a still")?;
            }
        }
        require(self.version == Self::version_of(&self.zones), "the version does not fit its events")?;
        for (i, zone) in self.zones.iter().enumerate() {
            require(self.zones.iter().skip(i + 1).all(|z| z.zone != zone.zone), "a zone occurs twice")?;
            let consecutive = zone.days.windows(2).all(|w| w[0].date.succ_opt() == Some(w[1].date));
            require(consecutive, "days are not consecutive")?;
            let dayparts: Vec<_> = zone.days.iter().flat_map(|d| &d.dayparts).collect();
            for part in &dayparts {
                require(part.start < part.end, "a daypart ends before it starts")?;
                require((part.looped as usize) < self.loops.len(), "a daypart names no loop")?;
            }
            require(dayparts.windows(2).all(|w| w[0].end <= w[1].start), "dayparts overlap")?;
            for event in zone.days.iter().flat_map(|d| &d.events) {
                item(event.item).ok_or(DecodeError::Inconsistent("an event names no item"))?;
                require(event.start < event.end, "an event ends before it starts")?;
            }
        }
        Ok(())
    }
}

/// Local dates as days since 1970-01-01.
pub(super) mod date {
    use chrono::{Days, NaiveDate};
    use minicbor::{
        Decoder, Encoder,
        decode::Error as DecodeError,
        encode::{Error as EncodeError, Write},
    };

    const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();

    pub fn encode<C, W: Write>(date: &NaiveDate, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.i64((*date - EPOCH).num_days())?.ok()
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<NaiveDate, DecodeError> {
        EPOCH.checked_add_days(Days::new(d.u64()?)).ok_or_else(|| DecodeError::message("no such date"))
    }
}
