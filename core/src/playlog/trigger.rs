//! What put a play on the wall.

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    data::Type,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};
use serde::{Deserialize, Serialize};

use crate::id::ShowId;

/// What put a play on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// The loop of a daypart.
    Loop,
    /// A takeover.
    Takeover,
    /// An event: somebody asked for this showing.
    Event(ShowId),
    /// Its fixed time.
    Fixed,
    /// The player itself, without an order: what it shows when nothing better is there.
    Local,
}

/// A [`Trigger`] without its particulars: how it is counted and named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Trigger))]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// The loop of a daypart.
    Loop,
    /// A takeover.
    Takeover,
    /// An event.
    Event,
    /// Its fixed time.
    Fixed,
    /// The player itself.
    Local,
}

impl Trigger {
    /// Without particulars.
    pub const fn kind(self) -> TriggerKind {
        match self {
            Self::Loop => TriggerKind::Loop,
            Self::Takeover => TriggerKind::Takeover,
            Self::Event(_) => TriggerKind::Event,
            Self::Fixed => TriggerKind::Fixed,
            Self::Local => TriggerKind::Local,
        }
    }

    /// The showing that was asked for.
    pub const fn show(self) -> Option<ShowId> {
        match self {
            Self::Event(show) => Some(show),
            Self::Loop | Self::Takeover | Self::Fixed | Self::Local => None,
        }
    }
}

impl TriggerKind {
    /// Its number in FORMAT.md.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Loop => 0,
            Self::Takeover => 1,
            Self::Event => 2,
            Self::Fixed => 3,
            Self::Local => 4,
        }
    }

    pub(super) const fn of_code(code: u64) -> Option<Self> {
        Some(match code {
            0 => Self::Loop,
            1 => Self::Takeover,
            2 => Self::Event,
            3 => Self::Fixed,
            4 => Self::Local,
            _ => return None,
        })
    }
}

/// Its number, or for an event an array of number and show id.
impl<C> Encode<C> for Trigger {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), EncodeError<W::Error>> {
        let code = self.kind().code();
        match self {
            Self::Event(show) => {
                e.array(2)?.u8(code)?;
                show.encode(e, ctx)
            }
            Self::Loop | Self::Takeover | Self::Fixed | Self::Local => e.u8(code)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Trigger {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        let unknown = || DecodeError::message("no such trigger");
        let of_event = d.datatype()? == Type::Array;
        if of_event && d.array()? != Some(2) {
            return Err(unknown());
        }
        let kind = TriggerKind::of_code(d.u64()?).ok_or_else(unknown)?;
        match (kind, of_event) {
            (TriggerKind::Event, true) => Ok(Self::Event(ShowId::decode(d, ctx)?)),
            (TriggerKind::Loop, false) => Ok(Self::Loop),
            (TriggerKind::Takeover, false) => Ok(Self::Takeover),
            (TriggerKind::Fixed, false) => Ok(Self::Fixed),
            (TriggerKind::Local, false) => Ok(Self::Local),
            _ => Err(unknown()),
        }
    }
}
