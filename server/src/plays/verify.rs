//! `xuanping-server verify`: examines an exported bundle on any machine and says in words what was checked and what is
//! wrong. It needs no server, no database and no network; the examination itself is pure and lives in `core`.

use std::{
    fs,
    io::{self, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use xuanping_core::{
    playlog::{
        bundle::{self, CheckKind, Fault, Finding, Remark, Trust, Verdict},
        credibility::Flag,
    },
    sign::PublicKey,
    tlog::{InvalidWitnessed, Witnessed},
};

use super::threads::Threads;

/// Findings printed at most; the first ones say enough.
const PRINTED: usize = 20;

/// How to examine a bundle.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// The exported bundle.
    pub file: PathBuf,
    /// The office's publishing key, 64 hexadecimal digits, as it was made public. Without it anybody could have made the
    /// bundle; the answer then names the key to compare.
    #[arg(long)]
    pub key: Option<PublicKey>,
    /// The file that a witness keeps (`xuanping-server witness`): the bundle's batches must be in the very log that the
    /// witness saw. Without it, the office could show you another log than others.
    #[arg(long)]
    pub witness: Option<PathBuf>,
    /// Write the records to this file as CSV, if the bundle is intact.
    #[arg(long)]
    pub csv: Option<PathBuf>,
    /// How many threads examine it; without, one for each core. The answer is the same.
    #[arg(long)]
    pub threads: Option<NonZeroUsize>,
    /// In which language to answer.
    #[arg(long, value_enum, default_value_t = Language::Zh)]
    pub lang: Language,
}

/// The language of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// 中文.
    Zh,
    /// English.
    En,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is as it was exported.
    Intact,
    /// Something is not.
    Bad,
    /// The file cannot be read at all, or the table not written.
    Unreadable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Intact => 0,
            Outcome::Bad => 1,
            Outcome::Unreadable => 2,
        })
    }
}

fn witnessed(path: &Path) -> Result<Witnessed, (PathBuf, String)> {
    let fault = |why: String| (path.to_owned(), why);
    let text = fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    text.parse().map_err(|error: InvalidWitnessed| fault(error.to_string()))
}

impl Verify {
    /// Examines the file and writes the answer.
    pub fn run(&self, out: &mut impl Write) -> io::Result<Outcome> {
        let zh = self.lang == Language::Zh;
        let path = self.file.display();
        let file = match fs::read(&self.file) {
            Ok(file) => file,
            Err(error) if zh => {
                writeln!(out, "无法读取文件 {path}：{error}")?;
                return Ok(Outcome::Unreadable);
            }
            Err(error) => {
                writeln!(out, "cannot read {path}: {error}")?;
                return Ok(Outcome::Unreadable);
            }
        };
        let witness = match self.witness.as_deref().map(witnessed).transpose() {
            Ok(witness) => witness,
            Err((path, why)) if zh => {
                writeln!(out, "无法使用见证文件 {}：{why}", path.display())?;
                return Ok(Outcome::Unreadable);
            }
            Err((path, why)) => {
                writeln!(out, "cannot use the witness file {}: {why}", path.display())?;
                return Ok(Outcome::Unreadable);
            }
        };
        let hands = self.threads.map_or_else(Threads::of_machine, Threads::new);
        let verdict = bundle::verify_by(&file, &Trust { publisher: self.key, witness }, &hands);
        if zh {
            print_zh(&verdict, &self.file, out)?;
        } else {
            print_en(&verdict, &self.file, out)?;
        }
        if !verdict.is_intact() {
            return Ok(Outcome::Bad);
        }
        match &self.csv {
            Some(target) => self.write_csv(&file, target, out),
            None => Ok(Outcome::Intact),
        }
    }

    fn write_csv(&self, file: &[u8], target: &Path, out: &mut impl Write) -> io::Result<Outcome> {
        // The byte order mark makes spreadsheets read it as UTF-8.
        let table = format!("\u{feff}{}", bundle::records_of(file).unwrap_or_default());
        let path = target.display();
        match (fs::write(target, table), self.lang) {
            (Ok(()), Language::Zh) => writeln!(out, "播放记录已写入 {path}")?,
            (Ok(()), Language::En) => writeln!(out, "records written to {path}")?,
            (Err(error), Language::Zh) => {
                writeln!(out, "无法写入 {path}：{error}")?;
                return Ok(Outcome::Unreadable);
            }
            (Err(error), Language::En) => {
                writeln!(out, "cannot write {path}: {error}")?;
                return Ok(Outcome::Unreadable);
            }
        }
        Ok(Outcome::Intact)
    }
}

pub(super) fn print_zh(verdict: &Verdict, file: &Path, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "播放凭证包：{}", file.display())?;
    if let Some(summary) = &verdict.summary {
        writeln!(out, "  导出时间：{}", summary.exported)?;
        writeln!(out, "  导出条件：{}", summary.filter)?;
        writeln!(out, "  屏幕：{}", summary.screens.join("、"))?;
        writeln!(out, "  批次 {} 个，播放 {} 次，记录 {} 条", summary.batches, summary.plays, summary.records)?;
        let checked = if summary.publisher_expected { "，与指定的一致" } else { "" };
        writeln!(out, "  发布密钥：{}{checked}", summary.publisher)?;
    }
    writeln!(out, "检查项目：")?;
    for check in &verdict.checks {
        match check.failed {
            0 => writeln!(out, "  ✓ {} × {}", check.kind, check.done)?,
            failed => writeln!(out, "  ✗ {} × {}，其中 {failed} 项不符", check.kind, check.done)?,
        }
    }
    for remark in verdict.remarks.iter().take(PRINTED) {
        writeln!(out, "  注意：{remark}")?;
    }
    if verdict.is_intact() {
        return writeln!(out, "结论：完好。内容与导出时一致，每次播放均由所列屏幕的密钥签名。");
    }
    writeln!(out, "发现问题：")?;
    for finding in verdict.findings.iter().take(PRINTED) {
        writeln!(out, "  ✗ {finding}")?;
    }
    more(verdict, out, "  ……另有", "处")?;
    if verdict.is_unaltered() {
        return writeln!(out, "结论：文件未被改动，但导出单位所作的判定或所附的首尾批次不成立，请要求其说明。");
    }
    writeln!(out, "结论：不可信。文件在导出之后被改动或损坏，请向导出单位重新索取。")
}

pub(super) fn print_en(verdict: &Verdict, file: &Path, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Play record bundle: {}", file.display())?;
    if let Some(summary) = &verdict.summary {
        writeln!(out, "  exported: {}", summary.exported)?;
        writeln!(out, "  asked for: {}", summary.filter)?;
        writeln!(out, "  screens: {}", summary.screens.join(", "))?;
        writeln!(out, "  {} batches, {} plays, {} records", summary.batches, summary.plays, summary.records)?;
        let checked = if summary.publisher_expected { ", the one expected" } else { "" };
        writeln!(out, "  publishing key: {}{checked}", summary.publisher)?;
    }
    writeln!(out, "Checked:")?;
    for check in &verdict.checks {
        let name = check_en(check.kind);
        match check.failed {
            0 => writeln!(out, "  ok   {name} × {}", check.done)?,
            failed => writeln!(out, "  FAIL {name} × {}, {failed} of them wrong", check.done)?,
        }
    }
    for remark in verdict.remarks.iter().take(PRINTED) {
        writeln!(out, "  note: {}", remark_en(remark))?;
    }
    if verdict.is_intact() {
        return writeln!(out, "Verdict: intact. It is as it was exported; every play is signed with its screen's key.");
    }
    writeln!(out, "Found:")?;
    for finding in verdict.findings.iter().take(PRINTED) {
        writeln!(out, "  FAIL {}", finding_en(finding))?;
    }
    more(verdict, out, "  … and", "more")?;
    if verdict.is_unaltered() {
        return writeln!(
            out,
            "Verdict: nothing was changed, but what the office holds of plays, or what it left out, does not stand. Ask why."
        );
    }
    writeln!(
        out,
        "Verdict: not to be trusted. The file was changed or damaged after it was exported; ask for it again."
    )
}

fn more(verdict: &Verdict, out: &mut impl Write, before: &str, after: &str) -> io::Result<()> {
    match verdict.findings.len().checked_sub(PRINTED) {
        None | Some(0) => Ok(()),
        Some(rest) => writeln!(out, "{before} {rest} {after}"),
    }
}

const fn check_en(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Statement => "signature of the export statement",
        CheckKind::Frames => "structure of the file",
        CheckKind::Digests => "digest of each part",
        CheckKind::Keys => "screens' changes of key",
        CheckKind::Batches => "screens' signatures on play batches",
        CheckKind::Chain => "links between batches",
        CheckKind::Records => "records compared with the signed batches",
        CheckKind::Log => "batches in the public log",
        CheckKind::Witness => "what the witness saw of the log",
        CheckKind::Judgements => "which plays count, judged again",
        CheckKind::Edges => "batches before and after",
        CheckKind::Times => "times of plays",
    }
}

fn remark_en(remark: &Remark) -> String {
    match remark {
        Remark::NotIncluded { screen, first, last } => {
            format!("batches {first}–{last} of screen \"{screen}\" are not in the bundle")
        }
        Remark::ClockChanged { screen, sequence, play } => format!(
            "times around play {} of batch {sequence} of screen \"{screen}\" disagree: its clock may have been set",
            play + 1
        ),
        Remark::WitnessUnchecked(key) => {
            format!("no witness file was given; the log's key is {key}")
        }
        Remark::NoJudgements => "made by an older version, without what plays were judged by".into(),
        Remark::OtherRules(rules) => {
            format!("plays were judged by version {rules} of the rules, by which this program cannot judge again")
        }
        Remark::Undecided { plays } => {
            format!("what was held of {plays} plays depends on batches that are not in the bundle: not checked")
        }
        Remark::NewestSaid { screens } => format!(
            "of {screens} screens the last batch is the newest in the log as of its checkpoint, as the office says: \
             compare with the public log"
        ),
        Remark::NoLog => "made by an older version, without proofs of the log".into(),
        Remark::PublisherUnchecked(key) => {
            format!("no publishing key was given; compare this one with the key the office made public: {key}")
        }
    }
}

fn finding_en(finding: &Finding) -> String {
    let mut place = Vec::new();
    place.extend(finding.screen.as_ref().map(|(_, name)| format!("screen \"{name}\"")));
    place.extend(finding.sequence.map(|sequence| format!("batch {sequence}")));
    place.extend(finding.period.map(|(first, last)| format!("({first} to {last})")));
    place.extend(finding.play.map(|play| format!("play {}", play + 1)));
    place.extend(finding.record.as_ref().map(|record| format!("[{record}]")));
    let place = if place.is_empty() { String::new() } else { format!("{}: ", place.join(" ")) };
    format!("{place}{}", fault_en(&finding.fault))
}

fn fault_en(fault: &Fault) -> String {
    match fault {
        Fault::Magic => "the file does not begin like a bundle".into(),
        Fault::Frame => "what is here has not the kind or length that the statement lists".into(),
        Fault::Trailing(bytes) => format!("{bytes} bytes too many at the end"),
        Fault::StatementUnreadable => "the statement cannot be read".into(),
        Fault::StatementSignature(why) => format!("the statement's signature is not valid: {why}"),
        Fault::OtherPublisher(key) => format!("the statement is signed by another key: {key}"),
        Fault::StatementInconsistent(_) => "the statement contradicts itself".into(),
        Fault::Digest(found) => format!("changed: its digest is now {found}"),
        Fault::Batch(why) => format!("the play batch cannot be trusted: {why}"),
        Fault::OtherBatch => "the play batch is another than the statement lists".into(),
        Fault::KeyChange(why) => format!("the change of key does not hold: {why}"),
        Fault::Chain(why) => format!("the chain is broken: {why}"),
        Fault::Proof(why) => format!("the proof of the log does not hold: {why}"),
        Fault::Checkpoint(why) => format!("the log's checkpoint is not to be believed: {why}"),
        Fault::OtherLog(key) => format!("not the log that the witness follows: {key}"),
        Fault::NoLog => "there are no proofs of the log to compare with the witness".into(),
        Fault::NotWitnessed { size } => format!(
            "the witness never saw the log at {size} batches; if the export is new, let the witness look and export again"
        ),
        Fault::Forked { size } => format!("the log was forked: at {size} batches the witness saw something else"),
        Fault::Record => "the record is not what the screen signed".into(),
        Fault::Playlist(name) => format!("playlist {name} cannot be read"),
        Fault::Judgement { held, found } => {
            format!("judged otherwise: held \"{}\", by the rules \"{}\"", flag_en(*held), flag_en(*found))
        }
        Fault::NoNeighbour { after } => {
            let side = if *after { "after" } else { "before" };
            format!("the batch {side} it is not here: something may have been left out at this edge")
        }
        Fault::RecordCount { found, stated } => format!("{found} records where the statement says {stated}"),
    }
}

const fn flag_en(flag: Option<Flag>) -> &'static str {
    match flag {
        None => "credible",
        Some(Flag::UnknownItem) => "never given to this screen",
        Some(Flag::ImpossibleTime) => "impossible time",
        Some(Flag::NotInForce) => "not in force then",
        Some(Flag::NotOnAir) => "not on air then",
        Some(Flag::WrongLength) => "wrong length",
        Some(Flag::Overlaps) => "overlaps the one before",
        Some(Flag::WallOff) => "the wall was off",
        Some(Flag::TimelineDisagrees) => "the machine had not run for that long",
        Some(Flag::Repeated) => "reported before",
        Some(Flag::ClockSetBack) => "clock set back",
    }
}
