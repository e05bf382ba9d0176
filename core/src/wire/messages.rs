//! The JSON bodies, and the signed answer to "what time is it?".

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    geometry::{Size, ZoneName},
    id::{BootId, CreativeId, InstructionId, ScreenId},
    sign::{Context, PublicKey, SecretKey, SignatureError},
    time::UtcMillis,
    vocabulary::ScreenKind,
};

/// What a player says of the wall it owns when it asks to be enrolled. The operator may correct it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Capabilities {
    /// What the display is.
    pub kind: ScreenKind,
    /// Pixels of the output; 0×0 for a loudspeaker.
    pub size: Size,
    /// Whether clips can be played (the media worker is installed).
    pub clips: bool,
    /// Whether sound can be played.
    pub sound: bool,
    /// Program version, for support.
    pub software: String,
    /// Host name, for the operator to tell two players apart.
    pub host: String,
}

/// `POST /player/v1/enrolments`: a player without a screen introduces itself. Signed with the key it brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentRequest {
    /// The key the player drew for itself.
    pub public_key: PublicKey,
    /// Its wall.
    pub capabilities: Capabilities,
    /// A one-time token made beforehand, for roll-out without anybody typing codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// The answer to it, and to `GET /player/v1/enrolments/mine`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Where the enrolment stands.
    pub state: EnrolmentState,
    /// The key that signs manifests and receipts: pinned by the player from the first answer on.
    pub publisher: PublicKey,
}

/// Where an enrolment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum EnrolmentState {
    /// Waiting for an operator to type the code.
    Waiting {
        /// Eight digits, to be shown on the screen.
        code: String,
        /// When the code stops working; the player then asks again and shows the new one.
        expires: UtcMillis,
    },
    /// Paired.
    Enrolled {
        /// The screen this player now is.
        screen: ScreenId,
    },
}

/// `POST /player/v1/status`, every so often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlayerStatus {
    /// The run of the process.
    pub boot: BootId,
    /// Wall clock of the player.
    pub now: UtcMillis,
    /// IANA zone of the device itself, if it has one.
    pub device_timezone: Option<String>,
    /// Version of the manifest that is followed; 0 without one.
    pub manifest_version: u64,
    /// Playlist that is played.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub playlist: Option<Digest>,
    /// What is on the wall now.
    pub zones: Vec<ZoneStatus>,
    /// Plays not yet acknowledged by a receipt.
    pub unreported_plays: u64,
    /// Assets of the playlist that are not in the cache yet.
    pub missing_assets: u32,
    /// The newest error a person should know of, in Chinese.
    pub last_error: Option<String>,
    /// Program version.
    pub software: String,
    /// Somebody at the machine has made the wall black.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "openapi", schema(default = false))]
    pub dark: bool,
    /// How the machine is doing; a player of an older version does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// What it understands of its manifest that not every player does.
    #[serde(default, skip_serializing_if = "PlayerAbilities::are_none")]
    #[cfg_attr(feature = "openapi", schema(default))]
    pub abilities: PlayerAbilities,
    /// The instructions that it did last, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(default))]
    pub obeyed: Vec<Obeyed>,
    /// The pixels of its wall as it finds them now; a loudspeaker, a page (which is made to fit) and a player of an older
    /// version do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
}

/// What a player understands of manifests beside what all do: it is told nothing that it would have to refuse. Players of
/// older versions say nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct PlayerAbilities {
    /// It takes evidence pictures.
    pub evidence: bool,
    /// It does what its manifest tells it to do once.
    pub instructions: bool,
    /// It can change its key.
    pub keys: bool,
}

/// Something that a player did because its manifest told it to, or could not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Obeyed {
    /// What.
    pub id: InstructionId,
    /// When, by its clock.
    pub at: UtcMillis,
    /// Why it could not; left out if it did. Servers of older versions do not look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub could_not: Option<CouldNot>,
}

/// Why a player could not do what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CouldNot {
    /// Nothing verified was on the wall until it was too late.
    NothingShown,
    /// The wall was off: by its hours, or by somebody at the machine.
    WallOff,
    /// There was no picture to be had: the wall refused it, or the disk did.
    NoPicture,
    /// What a newer player says and this program does not know.
    #[serde(other)]
    Other,
}

impl PlayerAbilities {
    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// How a player's machine is doing. What it cannot find out is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Health {
    /// Of its hottest sensor, in °C.
    pub temperature: Option<i16>,
    /// Bytes that it can still write where its data lies.
    pub disk_free: Option<u64>,
    /// Bytes of that disk.
    pub disk_total: Option<u64>,
    /// Bytes of memory that the player holds.
    pub memory: Option<u64>,
    /// The display at its connector.
    pub display: Option<DisplayState>,
    /// By how much it corrects its own clock by the server's signed time, in milliseconds.
    pub clock_correction: i64,
    /// Whether a time service keeps its clock.
    pub clock_synchronised: Option<bool>,
    /// Files in the cache that were found damaged since the process began: fetched again, but such a disk is dying.
    pub damaged_files: u32,
    /// Bytes of content that it keeps.
    pub cache_bytes: Option<u64>,
    /// Frames of what scrolls that were shown in their turn since the process began.
    pub frames_shown: u64,
    /// Frames of what scrolls that were due and came too late for their turn.
    pub frames_dropped: u64,
    /// 99 of 100 of them were followed by the next within so many microseconds; left out if nothing scrolled.
    pub frame_p99: Option<u32>,
    /// Frames that were shown of clips that ran to their end since the process began.
    pub clip_frames_shown: u64,
    /// Frames of these clips that were left out because they would have come too late.
    pub clip_frames_dropped: u64,
    /// What decoded the newest clip; left out before the first one.
    pub decoding: Option<Decoding>,
}

/// How a player decodes clips.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decoding {
    /// The decoder, as GStreamer names it.
    pub decoder: String,
    /// The graphics chip does it; else the processor.
    pub hardware: bool,
}

/// The display at the player's connector, as the kernel says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DisplayState {
    /// Connected, and shown a picture.
    On,
    /// Connected, and asleep.
    Asleep,
    /// Nothing is connected.
    Unplugged,
}

/// What one zone shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ZoneStatus {
    /// Which.
    pub zone: ZoneName,
    /// The creative; `None` when nothing is scheduled or it cannot be shown.
    pub creative: Option<CreativeId>,
}

/// The answer to a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReply {
    /// Somebody is looking at this screen in the console: send `PUT /player/v1/picture` (PNG of the whole wall) every
    /// two seconds until the next status says otherwise.
    pub picture_wanted: bool,
    /// When to send the next status, in milliseconds.
    pub next_in: u32,
}

/// `GET /player/v1/time?nonce=…`: CBOR payload of a COSE_Sign1 by the publishing key. Needs no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignedTime {
    /// The nonce asked with: a 32-byte digest, 64 hexadecimal digits in the query.
    #[n(0)]
    pub nonce: Digest,
    /// The server's clock.
    #[n(1)]
    pub now: UtcMillis,
}

impl SignedTime {
    /// Signs it.
    pub fn sign(&self, key: &SecretKey) -> Vec<u8> {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        key.sign(Context::Time, minicbor::to_vec(self).unwrap_or_default())
    }

    /// Checks signature, form and nonce.
    pub fn verify(signed: &[u8], server: &PublicKey, nonce: Digest) -> Result<UtcMillis, SignatureError> {
        let payload = server.verify(Context::Time, signed)?;
        let time: Self = minicbor::decode(&payload).map_err(|_| SignatureError::Malformed)?;
        if time.nonce == nonce { Ok(time.now) } else { Err(SignatureError::Mismatch) }
    }
}

/// The stable `type` of a problem+json (RFC 9457) that a player acts on. Everything else it treats as "try later".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemType {
    /// 401: the request's time is too far from the server's: ask the time, sign again.
    ClockSkew,
    /// 401: the server does not know this key (any more): a player that waits for its code asks for a new one; a screen
    /// says so and plays on, for a server restored from an old backup answers so too.
    UnknownDevice,
    /// 410: the screen was retired. With a signed [`super::Retirement`] about this device: stop playing, forget everything,
    /// show the pairing screen. Without one: it is not believed.
    ScreenRetired,
    /// 403: the enrolment token is wrong, used or expired: introduce yourself without it, and show the code.
    TokenRefused,
    /// 409: another batch with this sequence number is already stored. Report it; never resend under the same number.
    BatchConflict,
    /// 409: batches are missing before this one: resend from `expected`.
    BatchOutOfOrder,
    /// 422: the batch cannot be accepted, ever.
    BatchRefused,
    /// 401: the screen has another key by now. Whoever has changed it says so again, signed by the new one.
    KeyReplaced,
    /// 422: this change of key is not one, ever.
    KeyChangeRefused,
}

impl ProblemType {
    /// The URN in the `type` member.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::ClockSkew => "urn:xuanping:problem:clock-skew",
            Self::UnknownDevice => "urn:xuanping:problem:unknown-device",
            Self::ScreenRetired => "urn:xuanping:problem:screen-retired",
            Self::TokenRefused => "urn:xuanping:problem:enrolment-token-invalid",
            Self::BatchConflict => "urn:xuanping:problem:batch-conflict",
            Self::BatchOutOfOrder => "urn:xuanping:problem:batch-out-of-order",
            Self::BatchRefused => "urn:xuanping:problem:batch-refused",
            Self::KeyReplaced => "urn:xuanping:problem:key-replaced",
            Self::KeyChangeRefused => "urn:xuanping:problem:key-change-refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A report as the first players made it.
    fn oldest() -> Value {
        json!({
            "boot": "01890a5d-ac96-774b-bcce-b302099a8057", "now": 1_700_000_000_000_i64, "device_timezone": null,
            "manifest_version": 3, "playlist": null, "zones": [], "unreported_plays": 0, "missing_assets": 0,
            "last_error": null, "software": "0.1.0",
        })
    }

    #[test]
    fn a_report_of_the_oldest_players_is_read() {
        let status: PlayerStatus = serde_json::from_value(oldest()).unwrap();
        assert_eq!((status.health, status.dark, status.obeyed), (None, false, vec![]));
        assert_eq!(status.abilities, PlayerAbilities::default());
    }

    #[test]
    fn a_report_that_lacks_any_one_or_all_of_what_later_players_say_is_read_and_so_is_one_that_says_more() {
        let full = Health {
            temperature: Some(40),
            disk_free: Some(1),
            disk_total: Some(2),
            memory: Some(3),
            display: Some(DisplayState::On),
            clock_correction: 4,
            clock_synchronised: Some(true),
            damaged_files: 5,
            cache_bytes: Some(6),
            frames_shown: 7,
            frames_dropped: 8,
            frame_p99: Some(9),
            clip_frames_shown: 10,
            clip_frames_dropped: 11,
            decoding: Some(Decoding { decoder: "vah264dec".to_owned(), hardware: true }),
        };
        let Value::Object(said) = serde_json::to_value(&full).unwrap() else { panic!("an object") };
        let Value::Object(nothing) = serde_json::to_value(Health::default()).unwrap() else { panic!("an object") };
        let read = |health: Value| {
            let mut status = oldest();
            status["health"] = health;
            serde_json::from_value::<PlayerStatus>(status).unwrap().health.unwrap()
        };
        for field in said.keys() {
            let mut without = said.clone();
            without.remove(field);
            let mut expected = said.clone();
            expected[field] = nothing[field].clone();
            assert_eq!(serde_json::to_value(read(Value::Object(without))).unwrap(), Value::Object(expected), "{field}");
        }
        assert_eq!(read(json!({})), Health::default());
        let mut more = said.clone();
        more.insert("of_the_future".to_owned(), json!(1));
        assert_eq!(read(Value::Object(more)), full);
    }
}
