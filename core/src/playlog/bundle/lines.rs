//! The examination's part about the records: each line against the play that it claims to be of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    BundleBatch, CheckKind, Fault, Finding, PlayRef, Verdict,
    hands::PIECES,
    records::{self, LinesOf, Names},
    verify::Examination,
};
use crate::{id::ScreenId, playlog::SignedBatch};

/// Bytes of the largest piece of the records.
const LARGEST: usize = 128 << 10;

/// What some lines that stand together come to.
pub(super) struct Lines<'f> {
    verdict: Verdict,
    text: &'f [u8],
    count: u64,
    /// The batches that they are of.
    recorded: BTreeSet<(u32, u64)>,
    /// The first and the last play, in the order of plays, that they claim to be of.
    least: Option<PlayRef>,
    most: Option<PlayRef>,
}

/// Lines as they should be.
struct MadeAgain<'b> {
    names: &'b Names,
    numbers: &'b HashMap<ScreenId, u32>,
    batches: &'b BTreeMap<(u32, u64), SignedBatch>,
    newest: Option<(u32, u64)>,
    batch: Option<LinesOf<'b>>,
    line: String,
}

impl MadeAgain<'_> {
    /// Makes the line of a play, if there is one; its batch is one that there are lines of.
    fn again(&mut self, claimed: Option<PlayRef>, recorded: &mut BTreeSet<(u32, u64)>) -> bool {
        let place = claimed.and_then(|at| Some((*self.numbers.get(&at.screen)?, at.sequence)));
        // Lines of a batch stand together.
        if place != self.newest {
            self.newest = place;
            self.batch =
                place.and_then(|place| self.batches.get(&place)).map(|batch| self.names.lines_of(batch.batch()));
            recorded.extend(place);
        }
        self.line.clear();
        let made = claimed.zip(self.batch.as_ref());
        made.and_then(|(at, batch)| batch.write_line(&mut self.line, at.play)).is_some()
    }
}

/// The records without their first line, cut where lines end. A line feed is never a part of another character.
pub(super) fn pieces(text: &[u8]) -> Vec<&[u8]> {
    let (_, mut rest) = split_line(text);
    let length = (rest.len() / PIECES).clamp(1, LARGEST);
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let least = length.min(rest.len()) - 1;
        let end = least + split_line(&rest[least..]).0.len();
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The first line with its line feed, and what follows it.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    text.split_at(end)
}

/// Each play's line, as far as they can be read: for naming a damaged one.
pub(super) fn words(text: &[u8]) -> HashMap<PlayRef, String> {
    let text = String::from_utf8_lossy(text);
    let lines = text.split_inclusive('\n').skip(1);
    lines.filter_map(|line| Some((records::play_of(line)?, line.trim_end().to_owned()))).collect()
}

impl Examination<'_> {
    /// Some lines, as if `before` had been the last play before them.
    pub(super) fn lines<'f>(
        mut self,
        text: &'f [u8],
        before: Option<PlayRef>,
        numbers: &HashMap<ScreenId, u32>,
        batches: &BTreeMap<(u32, u64), SignedBatch>,
    ) -> Lines<'f> {
        let (mut count, mut least, mut most, mut before) = (0, None, None, before);
        let mut made =
            MadeAgain { names: self.names, numbers, batches, newest: None, batch: None, line: String::new() };
        let mut recorded = BTreeSet::new();
        let mut rest = text;
        while !rest.is_empty() {
            let mut claimed = records::claimed_by(rest);
            // What is made is one line: so if it stands here, nothing of what stands here is left to be read.
            let as_made = made.again(claimed, &mut recorded) && rest.starts_with(made.line.as_bytes());
            let length = if as_made { made.line.len() } else { split_line(rest).0.len() };
            let (line, after) = rest.split_at(length);
            rest = after;
            let line = || String::from_utf8_lossy(line);
            let same = as_made || {
                claimed = records::play_of(&line());
                made.again(claimed, &mut recorded) && made.line == line()
            };
            // Ascending, so that no play is counted twice.
            let passed = same && before < claimed;
            self.verdict.count(CheckKind::Records, passed);
            if !passed {
                self.unlike(claimed, line().trim_end().to_owned());
            }
            count += 1;
            before = before.max(claimed);
            most = most.max(claimed);
            least = [least, claimed].into_iter().flatten().min();
        }
        Lines { verdict: self.verdict, text, count, recorded, least, most }
    }

    fn unlike(&mut self, claimed: Option<PlayRef>, line: String) {
        let described = claimed.and_then(|at| {
            let of = |batch: &&BundleBatch| {
                let screen = self.statement.screens.get(batch.screen as usize);
                batch.sequence == at.sequence && screen.is_some_and(|screen| screen.id == at.screen)
            };
            self.statement.batches.iter().find(of)
        });
        self.find(Fault::Record, described, claimed.map(|at| at.play), Some(line));
    }

    /// All pieces together. Answers the batches that there are lines of.
    pub(super) fn records(
        &mut self,
        text: &[u8],
        pieces: Vec<Lines<'_>>,
        numbers: &HashMap<ScreenId, u32>,
        batches: &BTreeMap<(u32, u64), SignedBatch>,
    ) -> BTreeSet<(u32, u64)> {
        if !text.starts_with(records::HEADER.as_bytes()) {
            self.verdict.findings.push(Finding::of(Fault::Record));
        }
        let mut recorded = BTreeSet::new();
        let (mut before, mut found) = (None, 0);
        for mut piece in pieces {
            // Each was looked at as if nothing had been before it: which is the same, if all before it is really before.
            if piece.least.is_some() && before >= piece.least {
                piece = self.piece().lines(piece.text, before, numbers, batches);
            }
            found += piece.count;
            before = before.max(piece.most);
            recorded.extend(piece.recorded);
            self.verdict.append(piece.verdict);
        }
        let stated = self.statement.records.count;
        self.verdict.count(CheckKind::Records, found == stated);
        if found != stated {
            self.verdict.findings.push(Finding::of(Fault::RecordCount { found, stated }));
        }
        recorded
    }
}
