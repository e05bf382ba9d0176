//! The examination of a bundle: from the outside in, going on after each finding as far as sense can be made.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::LazyLock,
};

use minicbor::Decoder;

use super::{
    BundleBatch, CheckKind, FRAME_HEAD, Fault, Finding, FrameKind, MAGICS, PlayRef, Remark, Statement, Summary,
    Verdict, body_of, damage, describe, frame_head,
    hands::{Hands, OneByOne, PIECES},
    judged, keys,
    lines::{self, Lines},
    logged::{Proofs, first_checkpoint},
    records::Names,
};
use crate::{
    digest::Digest,
    geometry::ZoneName,
    playlog::{Play, ScreenKeys, SignedBatch, check_chain},
    sign::{Context, PublicKey, unverified_payload},
    time::UtcMillis,
    tlog::Witnessed,
};

/// Whom the reader trusts already.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The office's publishing key, as it was made public. Without it, the verdict names the key that signed.
    pub publisher: Option<PublicKey>,
    /// What a witness saw of the log.
    pub witness: Option<Witnessed>,
}

impl Trust {
    /// Only the office's key.
    pub const fn publisher(key: PublicKey) -> Self {
        Self { publisher: Some(key), witness: None }
    }
}

/// Examines a bundle, one thing after the other.
pub fn verify(file: &[u8], trust: &Trust) -> Verdict {
    verify_by(file, trust, &OneByOne)
}

/// Examines a bundle with these hands; the verdict is the same whoever does it.
pub fn verify_by(file: &[u8], trust: &Trust, hands: &impl Hands) -> Verdict {
    let mut verdict = Verdict::default();
    let body = body_of(file);
    verdict.count(CheckKind::Frames, body.is_some());
    if body.is_none() {
        verdict.findings.push(Finding::of(Fault::Magic));
    }
    // All first lines are of one length: behind a damaged one, the rest is looked at all the same.
    let (version, body) = body.unwrap_or((0, file.get(MAGICS[0].len()..).unwrap_or_default()));
    let Some((statement, rest)) = statement(body, trust.publisher, &mut verdict) else {
        verdict.findings.push(Finding::of(Fault::StatementUnreadable));
        return verdict;
    };
    if version != 0 && version != statement.version {
        verdict.findings.push(Finding::of(Fault::Magic));
    }
    if let Some(contradiction) = contradiction(&statement) {
        verdict.findings.push(Finding::of(Fault::StatementInconsistent(contradiction)));
    }
    let (names, keys) = (Names::of(&statement), keys::examined(&statement, &mut verdict));
    let mut examination = Examination { names: &names, keys: &keys, statement: &statement, trust, verdict };
    examination.run(rest, hands);
    examination.verdict
}

/// Reads the statement, checks its signature, and returns what follows it in the file.
fn statement<'f>(file: &'f [u8], expected: Option<PublicKey>, verdict: &mut Verdict) -> Option<(Statement, &'f [u8])> {
    let (head, body) = file.split_at_checked(FRAME_HEAD)?;
    // Its true end is where its CBOR ends: so a damaged length does not hide the rest.
    let mut decoder = Decoder::new(body);
    decoder.skip().ok()?;
    let (signed, rest) = body.split_at_checked(decoder.position())?;
    let framed = head == frame_head(FrameKind::Statement, signed.len() as u32);
    verdict.count(CheckKind::Frames, framed);
    if !framed {
        verdict.findings.push(Finding::of(Fault::Frame));
    }
    let payload = unverified_payload(signed)?;
    let statement: Statement = minicbor::decode(&payload).ok()?;
    let mut faults = Vec::new();
    if let Some(expected) = expected.filter(|key| *key != statement.publisher) {
        faults.push(Fault::OtherPublisher(statement.publisher));
        faults.extend(expected.verify(Context::Bundle, signed).err().map(Fault::StatementSignature));
    } else {
        let outcome = statement.publisher.verify(Context::Bundle, signed);
        faults.extend(outcome.err().map(Fault::StatementSignature));
    }
    verdict.count(CheckKind::Statement, faults.is_empty());
    verdict.findings.extend(faults.into_iter().map(Finding::of));
    if expected.is_none() {
        verdict.remarks.push(Remark::PublisherUnchecked(statement.publisher));
    }
    verdict.summary = Some(Summary {
        publisher: statement.publisher,
        publisher_expected: expected == Some(statement.publisher),
        exported: statement.exported,
        filter: statement.filter.clone(),
        screens: statement.screens.iter().map(|screen| screen.name.clone()).collect(),
        batches: statement.batches.len() as u64,
        plays: statement.batches.iter().map(|batch| batch.play_marks.len() as u64 / 4).sum(),
        records: statement.records.count,
    });
    Some((statement, rest))
}

/// An examination, or a piece of one: what is known to all, and what was found.
pub(super) struct Examination<'s> {
    pub(super) statement: &'s Statement,
    pub(super) names: &'s Names,
    /// Of the screens, in their order.
    pub(super) keys: &'s [ScreenKeys],
    pub(super) trust: &'s Trust,
    pub(super) verdict: Verdict,
}

/// A piece of the work that is left when the batches are read, heavy ones first.
enum Piece<'p, 'f> {
    /// Position of a screen, and of its batches in the statement.
    Screen(u32, &'p [usize]),
    /// The digest of all records.
    Digest(&'f [u8]),
    /// Some of the records.
    Lines(&'f [u8]),
    /// Positions of some of the proofs.
    Proofs(Range<usize>),
}

enum Done<'f> {
    Screen(Box<OfScreen>),
    Digest(Digest),
    Lines(Lines<'f>),
    Proofs(Proofs),
}

/// What the batches of a screen come to.
struct OfScreen {
    judged: Verdict,
    undecided: u64,
    chain: Verdict,
    times: Verdict,
}

/// Where in `file` each frame with a body of these lengths begins, to the end, and what follows the last.
fn frames(file: &[u8], lengths: impl Iterator<Item = u32>) -> (Vec<&[u8]>, &[u8]) {
    let mut rest = file;
    let begins = |length: u32| {
        let begin = rest;
        rest = rest.get(FRAME_HEAD + length as usize..).unwrap_or_default();
        begin
    };
    let begin = lengths.map(begins).collect();
    (begin, rest)
}

impl Examination<'_> {
    /// A piece of this examination, in which nothing was found yet.
    pub(super) fn piece(&self) -> Self {
        Self { verdict: Verdict::default(), ..*self }
    }

    fn run(&mut self, file: &[u8], hands: &impl Hands) {
        let statement = self.statement;
        let (batch_frames, rest) = frames(file, statement.batches.iter().map(|batch| batch.length));
        // The records come later in the file, and are what names a damaged play.
        let text = rest.get(FRAME_HEAD..).unwrap_or_default();
        let text = &text[..text.len().min(statement.records.length as usize)];
        let batches = self.batches(&batch_frames, text, hands);

        let (records, rest) = self.frame(rest, FrameKind::Records, statement.records.length, None);
        let listed = statement.log.as_ref().map_or(&[][..], |log| &log.proofs);
        let proofs = statement.batches.len().min(listed.len());
        let (proof_frames, rest) = frames(rest, listed.iter().take(proofs).map(|proof| proof.length));
        let (mut log, mut judged) = (self.piece(), self.piece());
        let key = log.log_key();
        let first = key.as_ref().zip(listed.first());
        let first = first.map(|(key, listed)| first_checkpoint(proof_frames.first(), listed.length, key));
        let first = first.unwrap_or_default();
        let (playlists, rest) = judged.playlists(rest);
        let judgements = self.judgements(&playlists, batches.len());
        let told = statement.judged.as_ref().map_or(0, |judged| judged.screens.len());
        let mut of_screens = vec![Vec::new(); statement.screens.len().max(told)];
        for (at, batch) in statement.batches.iter().enumerate() {
            if let Some(own) = of_screens.get_mut(batch.screen as usize) {
                own.push(at);
            }
        }
        let numbers: HashMap<_, _> =
            (0..).zip(&statement.screens).map(|(number, screen)| (screen.id, number)).collect();

        let lines = records.map(lines::pieces).unwrap_or_default();
        let step = (proofs / PIECES).clamp(1, PIECES);
        let proofs = (0..proofs).step_by(step).map(|from| from..(from + step).min(proofs));
        let screens = (0..).zip(&of_screens).map(|(number, own)| Piece::Screen(number, own));
        let pieces = screens.chain(records.map(Piece::Digest)).chain(lines.into_iter().map(Piece::Lines));
        let pieces: Vec<Piece<'_, '_>> = pieces.chain(proofs.map(Piece::Proofs)).collect();
        let here = &*self;
        let done = hands.each(pieces.len(), |n| match &pieces[n] {
            Piece::Screen(number, own) => {
                let (mut judged, mut chain, mut times) = (here.piece(), here.piece(), here.piece());
                let again = judgements.map(|held| judged.judge_screen(*number, own, held, &playlists, &batches));
                chain.chain(*number, &batches);
                for (_, batch) in batches.range((*number, 0)..=(*number, u64::MAX)) {
                    times.times(*number, batch);
                }
                let (chain, times) = (chain.verdict, times.verdict);
                Done::Screen(Box::new(OfScreen { judged: judged.verdict, undecided: again.unwrap_or(0), chain, times }))
            }
            Piece::Digest(body) => Done::Digest(Digest::of(body)),
            Piece::Lines(text) => Done::Lines(here.piece().lines(text, None, &numbers, &batches)),
            Piece::Proofs(range) => {
                let frames = range.clone().map(|n| (&statement.batches[n], &listed[n], proof_frames[n]));
                Done::Proofs(here.piece().proofs(frames, key.as_ref(), first.clone(), &batches))
            }
        });
        let (mut screens, mut lines, mut proofs, mut digest) = (Vec::new(), Vec::new(), Vec::new(), None);
        for done in done {
            match done {
                Done::Screen(screen) => screens.push(screen),
                Done::Digest(of_records) => digest = Some(of_records),
                Done::Lines(some) => lines.push(some),
                Done::Proofs(some) => proofs.push(some),
            }
        }

        if let Some((body, digest)) = records.zip(digest) {
            let passed = digest == statement.records.digest;
            self.verdict.count(CheckKind::Digests, passed);
            if !passed {
                self.verdict.findings.push(Finding::of(Fault::Digest(digest)));
            }
            let recorded = self.records(body, lines, &numbers, &batches);
            self.edges(&recorded, &of_screens);
        }
        self.verdict.append(log.verdict);
        self.log(proofs);
        self.verdict.append(judged.verdict);
        let mut undecided = 0;
        let mut of_chains = self.piece();
        let mut of_times = self.piece();
        for screen in screens {
            self.verdict.append(screen.judged);
            undecided += screen.undecided;
            of_chains.verdict.append(screen.chain);
            of_times.verdict.append(screen.times);
        }
        if undecided > 0 {
            self.verdict.remarks.push(Remark::Undecided { plays: undecided });
        }
        self.verdict.count(CheckKind::Frames, rest.is_empty());
        if !rest.is_empty() {
            self.verdict.findings.push(Finding::of(Fault::Trailing(rest.len() as u64)));
        }
        self.verdict.append(of_chains.verdict);
        self.joints(&batches);
        self.verdict.append(of_times.verdict);
    }

    /// The batches that are what their screens signed.
    fn batches(&mut self, frames: &[&[u8]], text: &[u8], hands: &impl Hands) -> BTreeMap<(u32, u64), SignedBatch> {
        // Only asked for when something is damaged.
        let words = LazyLock::new(|| lines::words(text));
        let (here, all) = (&*self, &self.statement.batches);
        let read = hands.each(all.len(), |n| {
            let (mut piece, described) = (here.piece(), &all[n]);
            let (body, _) = piece.frame(frames[n], FrameKind::Batch, described.length, Some(described));
            let batch = body.and_then(|body| piece.batch(body, described, |play| words.get(play).cloned()));
            (piece.verdict, batch)
        });
        let mut batches = BTreeMap::new();
        for (described, (verdict, batch)) in all.iter().zip(read) {
            self.verdict.append(verdict);
            batches.extend(batch.map(|batch| ((described.screen, described.sequence), batch)));
        }
        batches
    }

    /// The body of the next frame, if there are bytes enough for it, and what follows it.
    pub(super) fn frame<'f>(
        &mut self,
        file: &'f [u8],
        kind: FrameKind,
        length: u32,
        of: Option<&BundleBatch>,
    ) -> (Option<&'f [u8]>, &'f [u8]) {
        let split = file.split_at_checked(FRAME_HEAD).and_then(|(head, rest)| {
            let (body, rest) = rest.split_at_checked(length as usize)?;
            Some((head == frame_head(kind, length), body, rest))
        });
        let framed = matches!(split, Some((true, ..)));
        self.verdict.count(CheckKind::Frames, framed);
        if !framed {
            self.find(Fault::Frame, of, None, None);
        }
        split.map_or((None, &[]), |(_, body, rest)| (Some(body), rest))
    }

    /// A batch, if it is what its screen signed and what the statement says.
    fn batch(
        &mut self,
        body: &[u8],
        described: &BundleBatch,
        words: impl Fn(&PlayRef) -> Option<String>,
    ) -> Option<SignedBatch> {
        let digest = Digest::of(body);
        let same = digest == described.digest;
        self.verdict.count(CheckKind::Digests, same);
        let screen = self.statement.screens.get(described.screen as usize)?;
        let key = self.keys.get(described.screen as usize)?.of(described.sequence);
        let verified = SignedBatch::verify(body.to_vec(), &key);
        self.verdict.count(CheckKind::Batches, verified.is_ok());
        if !same || verified.is_err() {
            let hit = damage::find(body, described);
            let play = hit.as_ref().map(|hit| hit.play);
            let record = hit.and_then(|hit| {
                let at = PlayRef { screen: screen.id, sequence: described.sequence, play: hit.play };
                words(&at).or_else(|| hit.intact.map(|intact| self.in_words(&intact)))
            });
            if !same {
                self.find(Fault::Digest(digest), Some(described), play, record.clone());
            }
            if let Err(error) = verified {
                self.find(Fault::Batch(error), Some(described), play, record);
                return None;
            }
        }
        let batch = verified.ok()?;
        // Its digest and length were compared above; every figure about it is made again from what the screen signed.
        let made = describe(described.screen, described.sequence, &batch);
        let made = BundleBatch { digest: described.digest, length: described.length, ..made };
        if batch.batch().screen != screen.id || batch.batch().sequence != described.sequence || made != *described {
            self.find(Fault::OtherBatch, Some(described), None, None);
        }
        Some(batch)
    }

    fn in_words(&self, play: &Play) -> String {
        format!("{},{}", self.names.time(play.start), play.actual)
    }

    fn chain(&mut self, number: u32, batches: &BTreeMap<(u32, u64), SignedBatch>) {
        let Some(screen) = self.statement.screens.get(number as usize) else { return };
        let own = batches.range((number, 0)..=(number, u64::MAX)).map(|(_, batch)| batch);
        let report = check_chain(own);
        self.verdict.count_many(CheckKind::Chain, report.links, report.broken.len() as u64);
        for refusal in report.broken {
            self.verdict.findings.push(Finding {
                screen: Some((screen.id, screen.name.clone())),
                sequence: refusal.sequence(),
                ..Finding::of(Fault::Chain(refusal))
            });
        }
        for (first, last) in report.missing {
            self.verdict.remarks.push(Remark::NotIncluded { screen: screen.name.clone(), first, last });
        }
    }

    /// A clock that is set, or a machine without one, is a normal event: so these are remarks.
    fn times(&mut self, screen: u32, signed: &SignedBatch) {
        let batch = signed.batch();
        let mut ended: HashMap<ZoneName, UtcMillis> = HashMap::new();
        for (number, play) in (0..).zip(&batch.plays) {
            let end = play.start + play.actual;
            let overlaps = ended.insert(play.zone, end).is_some_and(|before| play.start + Play::TOLERANCE < before);
            let odd = overlaps || end > batch.sealed + Play::TOLERANCE;
            self.verdict.count(CheckKind::Times, !odd);
            if odd {
                let name = self.statement.screens.get(screen as usize).map(|screen| screen.name.clone());
                self.verdict.remarks.push(Remark::ClockChanged {
                    screen: name.unwrap_or_default(),
                    sequence: batch.sequence,
                    play: number,
                });
            }
        }
    }

    pub(super) fn find(&mut self, fault: Fault, of: Option<&BundleBatch>, play: Option<u32>, record: Option<String>) {
        let screen = of.and_then(|batch| self.statement.screens.get(batch.screen as usize));
        self.verdict.findings.push(Finding {
            fault,
            screen: screen.map(|screen| (screen.id, screen.name.clone())),
            sequence: of.map(|batch| batch.sequence),
            period: of.and_then(|batch| batch.first.zip(batch.last)),
            play,
            record,
        });
    }
}

/// What a statement gets wrong about itself.
fn contradiction(statement: &Statement) -> Option<&'static str> {
    let ascending = statement
        .batches
        .windows(2)
        .all(|pair| (pair[0].screen, pair[0].sequence) < (pair[1].screen, pair[1].sequence));
    // A screen that is there twice could have two keys, and two pasts.
    let each_once = statement.screens.windows(2).all(|pair| pair[0].id < pair[1].id);
    let proofs = statement.log.as_ref().map(|log| log.proofs.len());
    let judged = statement.judged.as_ref();
    if !(1..=4).contains(&statement.version) {
        Some("版本未知，请使用更新的程序")
    } else if proofs != (statement.version >= 2).then_some(statement.batches.len()) {
        Some("日志证明与批次的数量不符")
    } else if judged.is_some() != (statement.version >= 3) {
        Some("判定与版本不符")
    } else if !each_once {
        Some("屏幕未按编号排列，或有重复")
    } else if !ascending {
        Some("批次未按屏幕和序号排列")
    } else if statement.batches.iter().any(|batch| batch.screen as usize >= statement.screens.len()) {
        Some("批次所属的屏幕未列出")
    } else if statement.timezone.parse::<chrono_tz::Tz>().is_err() {
        Some("时区未知")
    } else {
        let judged =
            judged.and_then(|judged| judged::contradiction(judged, statement.screens.len(), &statement.batches));
        judged.or_else(|| keys::contradiction(statement))
    }
}
