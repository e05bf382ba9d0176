//! The manifest: a tiny signed pointer "this screen plays that playlist until then".
//!
//! Its version only ever grows and it expires, so a replayed older one (rollback) or one kept back (freeze) is noticed;
//! these are TUF's rules. An expired manifest is still obeyed (a player never needs the server in order to play), but the
//! player says so.
//!
//! A manifest is one COSE_Sign1 that its player keeps on its own disk and can check by itself, whoever handed it over. The
//! publisher decides and stores payloads; it signs one when the player asks. Ed25519 draws nothing, so asking again gives
//! the same bytes. A batch of manifests under one signed root would be signed sooner, but every player, and whoever writes
//! one, would have to check paths as well.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{EvidenceOrders, Instruction, Item, WallSettings};
use crate::{
    digest::Digest,
    geometry::{Size, Zone, ZoneName, reach},
    id::{ScreenId, TakeoverId},
    sign::{Context, PublicKey, SecretKey, SignatureError},
    time::UtcMillis,
};

/// Version of the manifest encoding written by this crate for manifests that say nothing of what came with version 2.
pub const MANIFEST_VERSION: u32 = 1;
/// The version with settings of the wall, evidence pictures or instructions: a player that does not know it must not leave the
/// wall lit, or undone what it was told, silently.
pub const MANIFEST_VERSION_2: u32 = 2;

/// What one screen is told to do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Manifest {
    /// What [`Manifest::format_of`] says.
    #[n(0)]
    pub format: u32,
    /// The screen it is for; any other ignores it.
    #[n(1)]
    pub screen: ScreenId,
    /// Grows with every new manifest of this screen.
    #[n(2)]
    pub version: u64,
    /// When it was signed.
    #[n(3)]
    pub issued: UtcMillis,
    /// From when on the player should worry that it hears nothing new.
    #[n(4)]
    pub expires: UtcMillis,
    /// The playlist to play, if the screen has a programme.
    #[n(5)]
    pub playlist: Option<Digest>,
    /// How the screen is set up.
    #[n(6)]
    pub orders: ScreenOrders,
    /// Takeovers in force or announced, most urgent first.
    #[n(7)]
    pub takeovers: Vec<Takeover>,
    /// What the screen is to do once.
    #[n(8)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub instructions: Vec<Instruction>,
}

/// The set-up of a screen as its player needs it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ScreenOrders {
    /// The name that operators know it by.
    #[n(0)]
    pub name: String,
    /// IANA zone.
    #[n(1)]
    pub timezone: String,
    /// Its zones.
    #[n(2)]
    pub zones: Vec<Zone>,
    /// How it runs over the day.
    #[n(3)]
    #[cbor(default, skip_if = "WallSettings::is_usual")]
    pub wall: WallSettings,
    /// The pictures that it takes of itself; `None`: none.
    #[n(7)]
    pub evidence: Option<EvidenceOrders>,
    /// The pixels of the whole wall, where its zones do not reach all its edges; else they tell. A page needs them to know how large
    /// the black around them is. Says nothing of the format: who does not know it shows the same pixels at the same places.
    #[n(8)]
    pub size: Option<Size>,
}

impl ScreenOrders {
    /// What [`ScreenOrders::size`] has to say of a wall of this size with these zones.
    pub fn size_beyond(zones: &[Zone], wall: Size) -> Option<Size> {
        (reach(zones) != wall).then_some(wall)
    }

    /// Whether every pixel of the wall is in some zone. Zones share none.
    pub fn covers_the_wall(&self) -> bool {
        let area = |size: Size| u64::from(size.width) * u64::from(size.height);
        let covered: u64 = self.zones.iter().map(|zone| area(zone.rect.size())).sum();
        covered >= area(self.size.unwrap_or(reach(&self.zones)))
    }
}

/// How loud a takeover is. Higher replaces lower on the same screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum TakeoverLevel {
    /// 提示.
    #[n(0)]
    Notice,
    /// 预警.
    #[n(1)]
    Warning,
    /// 紧急.
    #[n(2)]
    Emergency,
}

/// Content that replaces everything in its zones from `starts` until it expires or the next manifest lacks it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Takeover {
    /// Which.
    #[n(0)]
    pub id: TakeoverId,
    /// How loud.
    #[n(1)]
    pub level: TakeoverLevel,
    /// From this instant.
    #[n(2)]
    pub starts: UtcMillis,
    /// Until, and without, this instant.
    #[n(3)]
    pub expires: UtcMillis,
    /// What is shown, zone by zone; a zone that is not named stays empty (black) meanwhile. Several items of one zone take
    /// turns in this order, over and over, anchored to `starts`.
    #[n(4)]
    pub items: Vec<TakeoverItem>,
}

/// One item of a takeover, and the zone it is shown in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct TakeoverItem {
    /// Where.
    #[n(0)]
    pub zone: ZoneName,
    /// What. Its booking id is the takeover's id.
    #[n(1)]
    pub item: Item,
}

/// A manifest whose signature was checked, with the bytes it came in (to be kept on disk and checked again at start).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedManifest {
    /// What it says.
    pub manifest: Manifest,
    /// COSE_Sign1 as received.
    pub signed: Vec<u8>,
}

/// Why a manifest is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestRefusal {
    /// Not signed by the publishing key.
    #[error("manifest refused: {0}")]
    Signature(#[from] SignatureError),
    /// Signed, but not what this program understands.
    #[error("manifest not understood: {0}")]
    Malformed(String),
    /// Meant for another screen.
    #[error("manifest is for screen {0}")]
    OtherScreen(ScreenId),
    /// Older than the one already followed: a rollback.
    #[error("manifest version {offered} is older than {followed}")]
    Rollback {
        /// The one refused.
        offered: u64,
        /// The one in force.
        followed: u64,
    },
}

impl Manifest {
    /// The version that says all there is in these orders and instructions.
    pub fn format_of(orders: &ScreenOrders, instructions: &[Instruction]) -> u32 {
        let usual = orders.wall.is_usual() && orders.evidence.is_none() && instructions.is_empty();
        if usual { MANIFEST_VERSION } else { MANIFEST_VERSION_2 }
    }

    /// Signs it.
    pub fn sign(&self, key: &SecretKey) -> Vec<u8> {
        key.sign(Context::Manifest, self.to_payload())
    }

    /// The bytes that are signed. Ed25519 draws nothing: whenever these are signed with one key, the same bytes come out,
    /// so a manifest is decided and stored without its signature, and signed whenever its player asks.
    pub fn to_payload(&self) -> Vec<u8> {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        minicbor::to_vec(self).unwrap_or_default()
    }

    /// Reads the payload of a manifest whose signature was checked.
    pub fn from_payload(payload: &[u8]) -> Result<Self, ManifestRefusal> {
        let manifest: Self = minicbor::decode(payload).map_err(|e| ManifestRefusal::Malformed(e.to_string()))?;
        if manifest.format != Self::format_of(&manifest.orders, &manifest.instructions) {
            return Err(ManifestRefusal::Malformed(format!("format {}", manifest.format)));
        }
        let wall = manifest.orders.wall.clone().checked();
        wall.map_err(|e| ManifestRefusal::Malformed(e.to_string()))?;
        if let Some(evidence) = manifest.orders.evidence.filter(|evidence| !evidence.is_sensible()) {
            return Err(ManifestRefusal::Malformed(format!("{} evidence pictures a day", evidence.per_day)));
        }
        if let Some(Size { width, height }) = manifest.orders.size
            && Size::checked(width, height).is_none()
        {
            return Err(ManifestRefusal::Malformed(format!("a wall of {width}×{height}")));
        }
        let instructions = &manifest.instructions;
        if instructions.len() > Instruction::MOST || !instructions.iter().all(Instruction::is_sensible) {
            return Err(ManifestRefusal::Malformed("instructions that nobody means".into()));
        }
        Ok(manifest)
    }
}

impl TrustedManifest {
    /// Checks signature, format and addressee, and that it is not older than `followed`.
    pub fn accept(
        signed: Vec<u8>,
        publisher: &PublicKey,
        screen: ScreenId,
        followed: Option<u64>,
    ) -> Result<Self, ManifestRefusal> {
        let payload = publisher.verify(Context::Manifest, &signed)?;
        let manifest = Manifest::from_payload(&payload)?;
        if manifest.screen != screen {
            return Err(ManifestRefusal::OtherScreen(manifest.screen));
        }
        if let Some(followed) = followed.filter(|&followed| manifest.version < followed) {
            return Err(ManifestRefusal::Rollback { offered: manifest.version, followed });
        }
        Ok(Self { manifest, signed })
    }
}
