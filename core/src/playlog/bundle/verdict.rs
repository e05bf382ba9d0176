//! What an examination of a bundle found: every kind of check with its count, and every finding with its place.

use std::fmt;

use crate::{
    digest::Digest,
    id::ScreenId,
    playlog::{BatchError, ChainRefusal, KeyChangeFault, credibility::Flag},
    sign::{PublicKey, SignatureError},
    time::UtcMillis,
    tlog::{CheckpointError, InvalidProof},
};

/// The outcome. The file is as it was exported if, and only if, [`Verdict::is_intact`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// What the file says of itself; believe it only if the verdict is intact and the publisher is the office's.
    pub summary: Option<Summary>,
    /// What was checked, in the order it was.
    pub checks: Vec<Check>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What is not wrong and worth knowing.
    pub remarks: Vec<Remark>,
}

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The key that signed it.
    pub publisher: PublicKey,
    /// Whether the caller said which key to expect, and it is this one.
    pub publisher_expected: bool,
    /// When it was exported.
    pub exported: UtcMillis,
    /// What was asked for.
    pub filter: String,
    /// Names of the screens in it.
    pub screens: Vec<String>,
    /// How many batches.
    pub batches: u64,
    /// How many plays are in them.
    pub plays: u64,
    /// How many records were asked for.
    pub records: u64,
}

/// One kind of check, done so many times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub kind: CheckKind,
    /// How often it was done.
    pub done: u64,
    /// How often it failed.
    pub failed: u64,
}

/// What is checked. `Display` names it in Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckKind {
    /// The statement's signature.
    Statement,
    /// Each frame is there, of its kind and length, in its place, and nothing else is.
    Frames,
    /// SHA-256 of each frame as the statement says.
    Digests,
    /// Each change of key: signed by the old key, the new one and the office, and where it says in the chain.
    Keys,
    /// Each batch's signature by its screen's key, and its form.
    Batches,
    /// Each batch follows the one before it.
    Chain,
    /// Each record in words equals the play in its signed batch; their number.
    Records,
    /// Each batch is in the log: the proof leads from it to a checkpoint that the log's key signed.
    Log,
    /// The witness saw the log as the checkpoint says it was.
    Witness,
    /// Of each play, what was held of it against what is found by the same rules.
    Judgements,
    /// The batches before and after what was asked for are there, or there are none.
    Edges,
    /// Each play ended before its batch was sealed and does not overlap the one before it in its zone.
    Times,
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Statement => "导出声明的签名",
            Self::Frames => "文件结构",
            Self::Digests => "各部分的摘要",
            Self::Keys => "屏幕更换密钥的签名与衔接",
            Self::Batches => "播放批次的屏幕签名",
            Self::Chain => "批次之间的链接",
            Self::Records => "播放记录与批次逐条比对",
            Self::Log => "批次已在公开日志中",
            Self::Witness => "与见证方所见一致",
            Self::Judgements => "逐次播放的可信判定重新推算",
            Self::Edges => "首尾相邻批次",
            Self::Times => "播放时间",
        })
    }
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// The screen concerned: id and name.
    pub screen: Option<(ScreenId, String)>,
    /// The batch concerned.
    pub sequence: Option<u64>,
    /// Earliest and latest start of a play in that batch, as the statement says.
    pub period: Option<(UtcMillis, UtcMillis)>,
    /// The first play concerned, counted from 0.
    pub play: Option<u32>,
    /// That play in words, as far as it can still be read.
    pub record: Option<String>,
}

/// What can be wrong. `Display` says it in Chinese.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The first line is not a bundle's.
    #[error("文件开头不是导出包的标识")]
    Magic,
    /// The file ends too early, or what is there is not what the statement lists.
    #[error("此处的内容与声明所列的类型或长度不符，文件可能被截断或改动")]
    Frame,
    /// There are bytes after the end.
    #[error("文件末尾多出 {0} 个字节")]
    Trailing(u64),
    /// The statement cannot be read at all.
    #[error("导出声明无法读取")]
    StatementUnreadable,
    /// The statement's signature.
    #[error("导出声明的签名无效：{}", signature_zh(*.0))]
    StatementSignature(SignatureError),
    /// The statement is signed by another key than expected.
    #[error("导出声明由另一把密钥签发：{0}")]
    OtherPublisher(PublicKey),
    /// The statement refers to what it does not list.
    #[error("导出声明自相矛盾：{0}")]
    StatementInconsistent(&'static str),
    /// A frame is not what was exported.
    #[error("内容被改动：摘要与声明不符，现为 {0}")]
    Digest(Digest),
    /// A batch is not what the screen signed.
    #[error("播放批次不可信：{}", batch_zh(.0))]
    Batch(BatchError),
    /// A batch is another than the statement says.
    #[error("播放批次与声明所列的屏幕、序号或时间不符")]
    OtherBatch,
    /// A screen's change of key is not one.
    #[error("更换密钥不成立：{}", key_zh(*.0))]
    KeyChange(KeyChangeFault),
    /// The chain is broken.
    #[error("播放批次的链接中断：{}", chain_zh(.0))]
    Chain(ChainRefusal),
    /// A record in words is not what its batch says.
    #[error("播放记录与屏幕签名的批次不符")]
    Record,
    /// The proof does not show that the batch is in the log.
    #[error("日志证明不成立：{}", proof_zh(*.0))]
    Proof(InvalidProof),
    /// The checkpoint is not one that the log's key signed.
    #[error("日志检查点不可信：{0}")]
    Checkpoint(CheckpointError),
    /// The log's key cannot be read, or is not the one that the witness follows.
    #[error("不是见证方所跟踪的日志：{0}")]
    OtherLog(String),
    /// A witness was named, and the bundle proves nothing about the log.
    #[error("包内没有日志证明，无法与见证方核对")]
    NoLog,
    /// The witness never saw the log at this size.
    #[error("见证方没有见过 {size} 个批次时的日志；若导出不久，请待见证方更新后重新导出")]
    NotWitnessed {
        /// How many entries the checkpoint says.
        size: u64,
    },
    /// The witness saw another log.
    #[error("日志被分叉：有 {size} 个批次时，见证方见到的内容与此不同")]
    Forked {
        /// How many entries both have.
        size: u64,
    },
    /// A playlist does not read.
    #[error("播放单 {0} 无法读取")]
    Playlist(Digest),
    /// What was held of a play is not what its rules come to.
    #[error("判定不符：导出单位记为“{}”，按规则推算为“{}”", flag_zh(*held), flag_zh(*found))]
    Judgement {
        /// What the server held.
        held: Option<Flag>,
        /// What is found.
        found: Option<Flag>,
    },
    /// A screen's batches begin, or end (`after`), with what was asked for, and there were others.
    #[error("{}的批次不在包内，无法确认首尾没有遗漏", if *after { "其后" } else { "此前" })]
    NoNeighbour {
        /// Which of both is missing.
        after: bool,
    },
    /// There are more or fewer records than the statement says.
    #[error("播放记录有 {found} 条，声明为 {stated} 条")]
    RecordCount {
        /// Lines found.
        found: u64,
        /// Lines stated.
        stated: u64,
    },
}

/// Worth knowing, and no proof of anything wrong. `Display` says it in Chinese.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// Batches between the first and the last are not in the bundle: nothing in them was asked for, or they are withheld.
    #[error("屏幕“{screen}”的批次 {first}–{last} 不在包内")]
    NotIncluded {
        /// The screen's name.
        screen: String,
        /// First number missing.
        first: u64,
        /// Last number missing.
        last: u64,
    },
    /// Times that the screen's clock cannot have shown in this order without having been set meanwhile.
    #[error("屏幕“{screen}”批次 {sequence} 第 {} 次播放的时间前后不一，期间时钟可能被校准过", play + 1)]
    ClockChanged {
        /// The screen's name.
        screen: String,
        /// The batch.
        sequence: u64,
        /// The play, counted from 0.
        play: u32,
    },
    /// Nobody said which publishing key to expect.
    #[error("未指定发布密钥；请与主管单位公布的密钥核对：{0}")]
    PublisherUnchecked(PublicKey),
    /// Nobody said which witness to ask, so the log might show others something else.
    #[error("未指定见证文件：日志密钥为 {0}；如有审计方的见证文件，请一并核对")]
    WitnessUnchecked(String),
    /// Made before judgements were in bundles.
    #[error("旧版导出，包内没有可信判定的依据")]
    NoJudgements,
    /// Judged by rules that this program does not know.
    #[error("可信判定依据第 {0} 版规则，本程序无法重新推算")]
    OtherRules(u32),
    /// Held against plays because of batches that are not in the bundle.
    #[error("有 {plays} 次播放的判定取决于包外的批次，未能核对")]
    Undecided {
        /// How many plays.
        plays: u64,
    },
    /// That no batch came after the last is what the office says: it can be compared with the log's entries.
    #[error("有 {screens} 块屏幕的最后批次据导出单位声明是日志检查点时最新的一批，可与公开日志核对")]
    NewestSaid {
        /// How many screens.
        screens: u64,
    },
    /// Made before there was a log.
    #[error("旧版导出，包内没有日志证明")]
    NoLog,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether nothing was changed since it was exported, though what the office says of it may be wrong.
    pub fn is_unaltered(&self) -> bool {
        self.findings.iter().all(|each| matches!(each.fault, Fault::Judgement { .. } | Fault::NoNeighbour { .. }))
    }

    pub(super) fn count(&mut self, kind: CheckKind, passed: bool) {
        self.count_many(kind, 1, u64::from(!passed));
    }

    pub(super) fn count_many(&mut self, kind: CheckKind, done: u64, failed: u64) {
        match self.checks.iter_mut().find(|check| check.kind == kind) {
            Some(check) => {
                check.done += done;
                check.failed += failed;
            }
            None => self.checks.push(Check { kind, done, failed }),
        }
    }
}

impl Verdict {
    /// Adds what another piece of the same examination came to.
    pub(super) fn append(&mut self, piece: Self) {
        for Check { kind, done, failed } in piece.checks {
            self.count_many(kind, done, failed);
        }
        self.findings.extend(piece.findings);
        self.remarks.extend(piece.remarks);
    }
}

impl Finding {
    /// A finding that concerns the file as a whole.
    pub(super) const fn of(fault: Fault) -> Self {
        Self { fault, screen: None, sequence: None, period: None, play: None, record: None }
    }
}

/// One Chinese line: where, then what.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = &self.screen {
            write!(f, "屏幕“{name}”")?;
        }
        if let Some(sequence) = self.sequence {
            write!(f, "批次 {sequence}")?;
        }
        if let Some((first, last)) = self.period {
            write!(f, "({first} 至 {last})")?;
        }
        if let Some(play) = self.play {
            write!(f, "第 {} 次播放", play + 1)?;
        }
        if let Some(record) = &self.record {
            write!(f, "[{record}]")?;
        }
        let placed = self.screen.is_some() || self.sequence.is_some() || self.play.is_some();
        write!(f, "{}{}", if placed { ":" } else { "" }, self.fault)
    }
}

fn flag_zh(flag: Option<Flag>) -> &'static str {
    flag.map_or("可信", Flag::name_zh)
}

fn signature_zh(error: SignatureError) -> &'static str {
    match error {
        SignatureError::Malformed => "不是签名数据的格式",
        SignatureError::WrongKey => "不是由所列的密钥签名",
        SignatureError::Mismatch => "签名与内容不符",
    }
}

fn key_zh(fault: KeyChangeFault) -> String {
    match fault {
        KeyChangeFault::Malformed => "不是更换密钥的格式".into(),
        KeyChangeFault::Old(error) => format!("原密钥的签名，{}", signature_zh(error)),
        KeyChangeFault::New(error) => format!("新密钥的签名，{}", signature_zh(error)),
        KeyChangeFault::Permit(error) => format!("主管单位的许可，{}", signature_zh(error)),
        KeyChangeFault::OtherPermit => "主管单位许可的是另一次更换".into(),
        KeyChangeFault::NotNext => "所更换的不是屏幕当时的密钥".into(),
        KeyChangeFault::OtherPrevious => "更换时的前一批次不是现有的前一批次".into(),
    }
}

fn proof_zh(error: InvalidProof) -> String {
    match error {
        InvalidProof::Malformed => "不是日志证明的格式".into(),
        InvalidProof::OutOfRange => "序号超出日志长度".into(),
        InvalidProof::Length { found } => format!("摘要数量不对（{found} 个）"),
        InvalidProof::OtherRoot => "推算出的根与检查点不符，该批次不在日志的这个位置".into(),
        InvalidProof::Forked => "不是原日志的延续".into(),
    }
}

fn batch_zh(error: &BatchError) -> String {
    match error {
        BatchError::TooLarge => "超过允许的大小".into(),
        BatchError::Signature(error) => signature_zh(*error).into(),
        BatchError::Malformed(_) => "签名有效，但不是播放批次的格式".into(),
        BatchError::Version(version) => format!("版本 {version} 未知"),
        BatchError::UnknownItem { play } => format!("第 {} 次播放没有对应的素材", play + 1),
        BatchError::ItemTwice { item } => format!("素材表第 {} 项重复", item + 1),
    }
}

fn chain_zh(refusal: &ChainRefusal) -> String {
    match refusal {
        ChainRefusal::OtherScreen(screen) => format!("属于另一块屏幕 {screen}"),
        ChainRefusal::NotNewer { sequence, newest } => format!("序号 {sequence} 不大于 {newest}"),
        ChainRefusal::Gap { expected, sequence } => format!("应为 {expected}，实为 {sequence}"),
        ChainRefusal::WrongPrevious { sequence } => format!("批次 {sequence} 所指的前一批次不是现有的前一批次"),
    }
}
