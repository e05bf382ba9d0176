//! 导出包: a single file from which an auditor verifies play records without server, network or trust in either.
//!
//! A statement signed by the server's publishing key says what is inside, with the screens' public keys; then come the
//! batches exactly as the screens signed them, and the records in words. No byte of the file is left uncovered.
//! The layout is in `FORMAT.md`, one folder up.

mod damage;
mod hands;
mod judged;
mod keys;
mod lines;
mod logged;
mod records;
mod verdict;
mod verify;

pub use hands::{Hands, OneByOne};
pub use judged::{BundleHeld, BundleJudged, BundlePlaylist, BundleReigns, BundleTakeover, BundleTold, Judged, Told};
pub use keys::BundleKeyChange;
pub use verdict::{Check, CheckKind, Fault, Finding, Remark, Summary, Verdict};
pub use verify::{Trust, verify, verify_by};

use std::collections::BTreeMap;

use chrono_tz::Tz;
use minicbor::{Decode, Encode};

use super::{Play, SignedBatch, SignedKeyChange};
use crate::{
    digest::Digest,
    id::{BookingId, CreativeId, ScreenId},
    sign::PublicKey,
    time::UtcMillis,
    tlog::{LogProof, VerifierKey},
};

/// First line of every bundle: of version 1 without and of version 2 with proofs of the log, of version 3 with judgements too, of
/// version 4 with screens that have changed their keys.
const MAGICS: [&[u8]; 4] =
    [b"xuanping-bundle/1\n", b"xuanping-bundle/2\n", b"xuanping-bundle/3\n", b"xuanping-bundle/4\n"];

/// What the bytes after the magic line are made of: `kind`, length as four bytes with the highest first, body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// COSE_Sign1 of a [`Statement`]. Once, first.
    Statement = 1,
    /// A signed play batch, as its screen sent it.
    Batch = 2,
    /// The records in words, CSV. Once, after the batches.
    Records = 3,
    /// A `.tlog-proof` file: that a batch is in the log. One for each, in the order of the batches, after the records.
    Proof = 4,
    /// A playlist that plays are judged by. At the end.
    Playlist = 5,
}

/// Bytes before a frame's body.
const FRAME_HEAD: usize = 5;

/// What the server signs of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Statement {
    /// 1; 2 if there are proofs of the log; 3 if there are judgements too; 4 if a screen has changed its key.
    #[n(0)]
    pub version: u32,
    /// The key that signs.
    #[n(1)]
    pub publisher: PublicKey,
    /// When it was made.
    #[n(2)]
    pub exported: UtcMillis,
    /// What was asked for, in words.
    #[n(3)]
    pub filter: String,
    /// IANA zone of the times in the records.
    #[n(4)]
    pub timezone: String,
    /// The screens concerned.
    #[n(5)]
    pub screens: Vec<BundleScreen>,
    /// The creatives concerned.
    #[n(6)]
    pub creatives: Vec<BundleCreative>,
    /// The bookings (and takeovers) concerned.
    #[n(7)]
    pub bookings: Vec<BundleBooking>,
    /// The batches inside, in the order of their frames: by screen as listed above, then by sequence.
    #[n(8)]
    pub batches: Vec<BundleBatch>,
    /// The records frame.
    #[n(9)]
    pub records: BundleRecords,
    /// The proofs of the log.
    #[n(10)]
    pub log: Option<BundleLog>,
    /// The server's judgements.
    #[n(11)]
    pub judged: Option<BundleJudged>,
    /// Changes of key, by screen, each as both keys signed it.
    #[n(12)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub keys: Vec<BundleKeyChange>,
}

/// The log that the batches are in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleLog {
    /// Its key, as signed notes write it: name, id and key with plus signs between.
    #[n(0)]
    pub key: String,
    /// The proofs' frames, in the order of the batches.
    #[n(1)]
    pub proofs: Vec<BundleProof>,
}

/// A proof's frame.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleProof {
    /// Bytes of its body.
    #[n(0)]
    pub length: u32,
    /// SHA-256 of its body.
    #[n(1)]
    pub digest: Digest,
}

/// A screen, and the key its batches are signed with: the first one, if it has changed it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleScreen {
    /// Which.
    #[n(0)]
    pub id: ScreenId,
    /// What it is called.
    #[n(1)]
    pub name: String,
    /// The venue it hangs in.
    #[n(2)]
    pub venue: String,
    /// Its public key; its first one, if it has changed it.
    #[n(3)]
    pub key: PublicKey,
}

/// A creative's name.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleCreative {
    /// Which.
    #[n(0)]
    pub id: CreativeId,
    /// Its title.
    #[n(1)]
    pub title: String,
}

/// A booking's name and campaign; for a takeover its title and 紧急插播.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleBooking {
    /// Which.
    #[n(0)]
    pub id: BookingId,
    /// Its name.
    #[n(1)]
    pub name: String,
    /// The campaign's name.
    #[n(2)]
    pub campaign: String,
}

/// A batch inside.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BundleBatch {
    /// Position in [`Statement::screens`].
    #[n(0)]
    pub screen: u32,
    /// Its number in the screen's chain.
    #[n(1)]
    pub sequence: u64,
    /// Bytes of its frame's body.
    #[n(2)]
    pub length: u32,
    /// SHA-256 of its frame's body.
    #[n(3)]
    pub digest: Digest,
    /// Earliest start of a play in it.
    #[n(4)]
    pub first: Option<UtcMillis>,
    /// Latest start of a play in it.
    #[n(5)]
    pub last: Option<UtcMillis>,
    /// Four bytes for each entry of its item table: the beginning of SHA-256 of the entry's CBOR. With these, and with
    /// `play_marks`, a damaged batch can be searched for what was damaged; they prove nothing by themselves.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub item_marks: Vec<u8>,
    /// Four bytes for each play, likewise.
    #[n(7)]
    #[cbor(with = "minicbor::bytes")]
    pub play_marks: Vec<u8>,
    /// Where in the frame's body the first entry of the item table is; 0 in batches of version 2.
    #[n(8)]
    pub items_at: u32,
    /// Where in the frame's body the first play is; 0 in batches of version 2.
    #[n(9)]
    pub plays_at: u32,
}

/// The records frame.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleRecords {
    /// How many records.
    #[n(0)]
    pub count: u64,
    /// Bytes of its frame's body.
    #[n(1)]
    pub length: u32,
    /// SHA-256 of its frame's body.
    #[n(2)]
    pub digest: Digest,
}

/// One play of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayRef {
    /// Whose.
    pub screen: ScreenId,
    /// The batch's number.
    pub sequence: u64,
    /// Position in the batch's plays, from 0.
    pub play: u32,
}

/// What a bundle is made from.
#[derive(Debug, Clone)]
pub struct Contents {
    /// When it is made.
    pub exported: UtcMillis,
    /// What was asked for, in words.
    pub filter: String,
    /// The zone in which people read the records' times.
    pub timezone: Tz,
    /// Every screen that has a batch here.
    pub screens: Vec<BundleScreen>,
    /// Names of the creatives played.
    pub creatives: Vec<BundleCreative>,
    /// Names of the bookings and takeovers played.
    pub bookings: Vec<BundleBooking>,
    /// The batches, in any order, each once.
    pub batches: Vec<SignedBatch>,
    /// The plays that were asked for: these become records. Others in the same batches stay in the batches.
    pub records: Vec<PlayRef>,
    /// Changes of the screens' keys, those of one screen in their order. With some, judgements are needed.
    pub keys: Vec<SignedKeyChange>,
    /// Proofs that the batches are in the log; without, a bundle of version 1 is made.
    pub log: Option<ProvenBy>,
}

/// A log, and proofs that batches are in it.
#[derive(Debug, Clone)]
pub struct ProvenBy {
    /// The log's key.
    pub key: VerifierKey,
    /// One for each batch, by screen and number.
    pub proofs: BTreeMap<(ScreenId, u64), LogProof>,
    /// What the server held of the plays; without, a bundle of version 2 is made.
    pub judged: Option<Judged>,
}

/// Why a bundle cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A batch is of a screen that is not listed.
    #[error("screen {0} has a batch and is not listed")]
    UnknownScreen(ScreenId),
    /// The same batch number of one screen twice.
    #[error("batch {sequence} of screen {screen} is given twice")]
    BatchTwice {
        /// Whose.
        screen: ScreenId,
        /// Which.
        sequence: u64,
    },
    /// A batch has no proof of the log, and others have.
    #[error("batch {sequence} of screen {screen} has no proof of the log")]
    NotProven {
        /// Whose.
        screen: ScreenId,
        /// Which.
        sequence: u64,
    },
    /// There are judgements, and none of a batch.
    #[error("batch {sequence} of screen {screen} is not judged")]
    NotJudged {
        /// Whose.
        screen: ScreenId,
        /// Which.
        sequence: u64,
    },
    /// There are judgements, and it is not said what a screen was told.
    #[error("it is not said what screen {0} was told")]
    NothingTold(ScreenId),
    /// A screen has changed its key, and there are no judgements: bundles of such versions know of no changes.
    #[error("screen {0} has changed its key, and nothing is judged")]
    KeysUnjudged(ScreenId),
    /// A record refers to a play that is in none of the batches.
    #[error("play {} of batch {} of screen {} is not in the batches", .0.play, .0.sequence, .0.screen)]
    NoSuchPlay(PlayRef),
    /// The records take more than 4 GiB.
    #[error("too many records for one bundle")]
    TooLarge,
}

/// Makes a bundle. `sign` makes a COSE_Sign1 for [`Context::Bundle`](crate::sign::Context::Bundle) with the secret key of
/// `publisher`.
pub fn write(
    mut contents: Contents,
    publisher: PublicKey,
    sign: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> Result<Vec<u8>, BundleError> {
    contents.screens.sort_by_key(|screen| screen.id);
    contents.screens.dedup_by_key(|screen| screen.id);
    let mut batches: BTreeMap<(u32, u64), &SignedBatch> = BTreeMap::new();
    for batch in &contents.batches {
        let (screen, sequence) = (batch.batch().screen, batch.batch().sequence);
        let listed = contents.screens.binary_search_by_key(&screen, |s| s.id);
        let position = listed.map_err(|_| BundleError::UnknownScreen(screen))?;
        if batches.insert((position as u32, sequence), batch).is_some() {
            return Err(BundleError::BatchTwice { screen, sequence });
        }
    }
    let listed = batches.iter().map(|((screen, sequence), batch)| describe(*screen, *sequence, batch)).collect();
    let proofs = contents.log.as_ref().map(|log| proofs(log, batches.values().copied())).transpose()?;
    let places: Vec<_> = batches.values().map(|batch| (batch.batch().screen, batch.batch().sequence)).collect();
    let judged = contents.log.as_ref().and_then(|log| log.judged.as_ref());
    let judged = judged.map(|judged| judged::listed(judged, &contents.screens, &places)).transpose()?;
    let (judged, playlists) = judged.unzip();
    let keys = keys::listed(&contents.keys, &contents.screens)?;
    if let Some(change) = contents.keys.first().filter(|_| judged.is_none()) {
        return Err(BundleError::KeysUnjudged(change.change().screen));
    }
    let version: u32 = 1 + u32::from(proofs.is_some()) + u32::from(judged.is_some()) + u32::from(!keys.is_empty());
    let mut statement = Statement {
        version,
        publisher,
        exported: contents.exported,
        filter: contents.filter,
        timezone: contents.timezone.name().into(),
        screens: contents.screens,
        creatives: contents.creatives,
        bookings: contents.bookings,
        batches: listed,
        records: BundleRecords { count: 0, length: 0, digest: Digest::ZERO },
        log: proofs.as_ref().map(|(log, _)| log.clone()),
        judged,
        keys,
    };
    contents.records.sort_unstable();
    contents.records.dedup();
    let names = records::Names::of(&statement);
    let mut text = records::HEADER.to_owned();
    for of_batch in contents.records.chunk_by(|a, b| (a.screen, a.sequence) == (b.screen, b.sequence)) {
        let Some(first) = of_batch.first() else { continue };
        let position = statement.screens.binary_search_by_key(&first.screen, |s| s.id).ok();
        let batch = position.and_then(|position| batches.get(&(position as u32, first.sequence)));
        let lines = names.lines_of(batch.ok_or(BundleError::NoSuchPlay(*first))?.batch());
        for record in of_batch {
            lines.write_line(&mut text, record.play).ok_or(BundleError::NoSuchPlay(*record))?;
        }
    }
    statement.records = BundleRecords {
        count: contents.records.len() as u64,
        length: u32::try_from(text.len()).map_err(|_| BundleError::TooLarge)?,
        digest: Digest::of(text.as_bytes()),
    };
    // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
    let signed = sign(minicbor::to_vec(&statement).unwrap_or_default());
    let mut file = format!("xuanping-bundle/{version}\n").into_bytes();
    push_frame(&mut file, FrameKind::Statement, &signed)?;
    for batch in batches.values() {
        push_frame(&mut file, FrameKind::Batch, batch.signed())?;
    }
    push_frame(&mut file, FrameKind::Records, text.as_bytes())?;
    for proof in proofs.iter().flat_map(|(_, proofs)| proofs) {
        push_frame(&mut file, FrameKind::Proof, proof.as_bytes())?;
    }
    for playlist in playlists.into_iter().flatten() {
        push_frame(&mut file, FrameKind::Playlist, playlist)?;
    }
    Ok(file)
}

/// What the statement says of the proofs, and the proofs, in the order of the batches.
fn proofs<'b>(
    log: &ProvenBy,
    batches: impl Iterator<Item = &'b SignedBatch>,
) -> Result<(BundleLog, Vec<String>), BundleError> {
    let mut listed = Vec::new();
    let mut files = Vec::new();
    for batch in batches {
        let (screen, sequence) = (batch.batch().screen, batch.batch().sequence);
        let proof = log.proofs.get(&(screen, sequence)).ok_or(BundleError::NotProven { screen, sequence })?.to_string();
        // A proof has some sixty lines at most.
        listed.push(BundleProof { length: proof.len() as u32, digest: Digest::of(proof.as_bytes()) });
        files.push(proof);
    }
    Ok((BundleLog { key: log.key.to_string(), proofs: listed }, files))
}

/// What follows the first line of a bundle, and its version.
fn body_of(file: &[u8]) -> Option<(u32, &[u8])> {
    (1..).zip(MAGICS).find_map(|(version, magic)| Some((version, file.strip_prefix(magic)?)))
}

/// The records in words of a bundle: CSV with a header line. Only worth reading after [`verify`] found the file intact.
pub fn records_of(file: &[u8]) -> Option<&str> {
    let (_, mut rest) = body_of(file)?;
    loop {
        let (head, after) = rest.split_first_chunk::<FRAME_HEAD>()?;
        let [kind, a, b, c, d] = *head;
        let (body, next) = after.split_at_checked(u32::from_be_bytes([a, b, c, d]) as usize)?;
        if kind == FrameKind::Records as u8 {
            return std::str::from_utf8(body).ok();
        }
        rest = next;
    }
}

fn push_frame(file: &mut Vec<u8>, kind: FrameKind, body: &[u8]) -> Result<(), BundleError> {
    let length = u32::try_from(body.len()).map_err(|_| BundleError::TooLarge)?;
    file.extend(frame_head(kind, length));
    file.extend(body);
    Ok(())
}

fn frame_head(kind: FrameKind, length: u32) -> [u8; FRAME_HEAD] {
    let [a, b, c, d] = length.to_be_bytes();
    [kind as u8, a, b, c, d]
}

fn describe(screen: u32, sequence: u64, signed: &SignedBatch) -> BundleBatch {
    let batch = signed.batch();
    let (items_at, plays_at) = damage::places(signed);
    BundleBatch {
        screen,
        sequence,
        // A signed batch is at most SignedBatch::MAX_BYTES long.
        length: signed.signed().len() as u32,
        digest: signed.digest(),
        first: batch.plays.iter().map(|play| play.start).min(),
        last: batch.plays.iter().map(|play| play.start).max(),
        item_marks: marks(&batch.items),
        play_marks: marks::<Play>(&batch.plays),
        items_at,
        plays_at,
    }
}

/// Of each thing the first four bytes of SHA-256 of its CBOR.
fn marks<T: Encode<()>>(things: &[T]) -> Vec<u8> {
    let mut marks = Vec::with_capacity(things.len() * 4);
    let mut cbor = Vec::new();
    for thing in things {
        cbor.clear();
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        let _ = minicbor::encode(thing, &mut cbor);
        marks.extend(mark_of(&cbor));
    }
    marks
}

fn mark_of(cbor: &[u8]) -> [u8; 4] {
    let digest = Digest::of(cbor);
    let [a, b, c, d, ..] = *digest.as_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod hands_tests;
#[cfg(test)]
mod judged_tests;
#[cfg(test)]
mod keys_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod regions_tests;
#[cfg(test)]
mod tamper_tests;
#[cfg(test)]
mod tests;
