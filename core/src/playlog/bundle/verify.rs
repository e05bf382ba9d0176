//! The examination of a bundle: from the outside in, going on after each finding as far as sense can be made.

use std::{
    cell::LazyCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use minicbor::Decoder;

use super::{
    BundleBatch, CheckKind, FRAME_HEAD, Fault, Finding, FrameKind, MAGICS, PlayRef, Remark, Statement, Summary,
    Verdict, body_of, damage, describe, frame_head, judged, keys,
    records::{self, Names},
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

/// Examines a bundle.
pub fn verify(file: &[u8], trust: &Trust) -> Verdict {
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
    let keys = keys::examined(&statement, &mut verdict);
    let mut examination = Examination { names: Names::of(&statement), statement: &statement, keys, trust, verdict };
    examination.run(rest);
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

pub(super) struct Examination<'s> {
    pub(super) statement: &'s Statement,
    pub(super) names: Names,
    /// Of the screens, in their order.
    pub(super) keys: Vec<ScreenKeys>,
    pub(super) trust: &'s Trust,
    pub(super) verdict: Verdict,
}

impl Examination<'_> {
    fn run(&mut self, file: &[u8]) {
        let statement = self.statement;
        // The records are last in the file, and are what names a damaged play: so they are read first.
        let batches_length: usize = statement.batches.iter().map(|batch| FRAME_HEAD + batch.length as usize).sum();
        let text = file.get(batches_length.min(file.len())..).and_then(|rest| rest.get(FRAME_HEAD..));
        let text = text.map(|body| &body[..body.len().min(statement.records.length as usize)]).unwrap_or_default();
        let text = String::from_utf8_lossy(text).into_owned();
        let lines: Vec<&str> = text.split_inclusive('\n').skip(1).collect();
        // Only asked for when something is damaged.
        let words = LazyCell::new(|| {
            lines.iter().filter_map(|line| Some((records::play_of(line)?, line.trim_end()))).collect::<HashMap<_, _>>()
        });

        let mut rest = file;
        let mut batches: BTreeMap<(u32, u64), SignedBatch> = BTreeMap::new();
        for described in &statement.batches {
            let (body, after) = self.frame(rest, FrameKind::Batch, described.length, Some(described));
            rest = after;
            if let Some(batch) = body.and_then(|body| self.batch(body, described, |play| words.get(play).copied())) {
                batches.insert((described.screen, described.sequence), batch);
            }
        }
        let (body, rest) = self.frame(rest, FrameKind::Records, statement.records.length, None);
        if let Some(body) = body {
            let passed = Digest::of(body) == statement.records.digest;
            self.verdict.count(CheckKind::Digests, passed);
            if !passed {
                self.verdict.findings.push(Finding::of(Fault::Digest(Digest::of(body))));
            }
            let recorded = self.records(&text, &lines, &batches);
            self.edges(&recorded);
        }
        let rest = self.log(rest, &batches);
        let rest = self.judged(rest, &batches);
        self.verdict.count(CheckKind::Frames, rest.is_empty());
        if !rest.is_empty() {
            self.verdict.findings.push(Finding::of(Fault::Trailing(rest.len() as u64)));
        }
        self.chains(&batches);
        self.joints(&batches);
        for ((screen, _), batch) in &batches {
            self.times(*screen, batch);
        }
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
    fn batch<'w>(
        &mut self,
        body: &[u8],
        described: &BundleBatch,
        words: impl Fn(&PlayRef) -> Option<&'w str>,
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
                let words = words(&at).map(str::to_owned);
                words.or_else(|| hit.intact.map(|intact| self.in_words(&intact)))
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

    /// Each line against the play it claims to be of. Answers the batches that there are lines of.
    fn records(
        &mut self,
        text: &str,
        lines: &[&str],
        batches: &BTreeMap<(u32, u64), SignedBatch>,
    ) -> BTreeSet<(u32, u64)> {
        let mut recorded = BTreeSet::new();
        let mut newest = None;
        if !text.starts_with(records::HEADER) {
            self.verdict.findings.push(Finding::of(Fault::Record));
        }
        let numbers: HashMap<_, _> =
            (0_u32..).zip(&self.statement.screens).map(|(number, screen)| (screen.id, number)).collect();
        let mut before = None;
        let mut made_again = String::new();
        for line in lines {
            let claimed = records::play_of(line);
            let place = claimed.and_then(|at| Some((*numbers.get(&at.screen)?, at.sequence)));
            // Lines of a batch stand together.
            if place != newest {
                newest = place;
                recorded.extend(place);
            }
            let batch = place.and_then(|place| batches.get(&place));
            made_again.clear();
            let made = claimed
                .zip(batch)
                .and_then(|(at, batch)| self.names.write_line(&mut made_again, batch.batch(), at.play));
            // Ascending, so that no play is counted twice.
            let passed = made.is_some() && made_again == *line && before < claimed;
            self.verdict.count(CheckKind::Records, passed);
            if !passed {
                let described = claimed.and_then(|at| {
                    let of = |batch: &&BundleBatch| {
                        let screen = self.statement.screens.get(batch.screen as usize);
                        batch.sequence == at.sequence && screen.is_some_and(|screen| screen.id == at.screen)
                    };
                    self.statement.batches.iter().find(of).cloned()
                });
                let play = claimed.map(|at| at.play);
                self.find(Fault::Record, described.as_ref(), play, Some(line.trim_end().to_owned()));
            }
            before = before.max(claimed);
        }
        let (found, stated) = (lines.len() as u64, self.statement.records.count);
        self.verdict.count(CheckKind::Records, found == stated);
        if found != stated {
            self.verdict.findings.push(Finding::of(Fault::RecordCount { found, stated }));
        }
        recorded
    }

    fn chains(&mut self, batches: &BTreeMap<(u32, u64), SignedBatch>) {
        for (number, screen) in (0..).zip(&self.statement.screens) {
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
