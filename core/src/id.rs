//! Identifiers, one type per thing, so that a venue can never be passed where a screen is meant.
//!
//! All are UUIDs: 16 bytes on the wire, hyphenated text in JSON and in the database. The caller draws them (version 7,
//! in the server), because this crate has no entropy.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text was not a hyphenated UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} id")]
pub struct InvalidId {
    kind: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cbor(transparent)]
        #[serde(transparent)]
        pub struct $name(#[n(0)] #[cbor(with = "uuid_bytes")] Uuid);

        impl $name {
            /// Wraps an already drawn UUID.
            pub const fn new(uuid: Uuid) -> Self { Self(uuid) }
            /// The UUID.
            pub const fn uuid(self) -> Uuid { self.0 }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId { kind: $kind })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

ids! {
    /// A person who signs in to the console.
    AccountId = "account";
    /// 点位: a place with screens.
    VenueId = "venue";
    /// 屏幕: one registered display or speaker.
    ScreenId = "screen";
    /// 素材: a slogan, poster, clip or audio spot.
    CreativeId = "creative";
    /// 宣传活动.
    CampaignId = "campaign";
    /// 排期. A takeover's plays carry the takeover's id here.
    BookingId = "booking";
    /// 紧急插播.
    TakeoverId = "takeover";
    /// One run of a player process between power-on and power-off: drawn at start, in every batch.
    BootId = "boot";
    /// One run of a player's machine, as its kernel names it: what the monotonic clock counts from.
    MachineBootId = "machine boot";
    /// One thing that an office tells one screen to do once.
    InstructionId = "instruction";
    /// One showing that an event asked for, drawn by whoever asked.
    ShowId = "show";
}

mod uuid_bytes {
    use minicbor::{
        Decoder, Encoder,
        decode::Error as DecodeError,
        encode::{Error as EncodeError, Write},
    };
    use uuid::Uuid;

    pub fn encode<C, W: Write>(id: &Uuid, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(id.as_bytes())?.ok()
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Uuid, DecodeError> {
        Uuid::from_slice(d.bytes()?).map_err(|_| DecodeError::message("an id is 16 bytes"))
    }
}
