//! Everything that the tables say of plays, compared with what the screens signed: an administrator can edit a table, but
//! nobody's signature. Changes nothing.

use std::{collections::BTreeMap, fmt};

use xuanping_core::{
    id::ScreenId,
    playlog::{Batch, BatchError, ChainHead, ChainRefusal, LogEntry, Play, PlayStatus, SignedBatch},
    sign::PublicKey,
    tlog::{Checkpoint, Edge, Tiles},
};

use super::{
    PlayError, PlayRecord, Plays,
    judge::Count,
    store::{
        self,
        recount::{DayOf, Kept},
    },
};
use crate::screens::ScreenError;

/// Batches read at once.
const AT_ONCE: u32 = 64;
/// Entries of the log read at once.
const ENTRIES: u64 = 4096;
/// A screen that goes on reporting meanwhile is looked at again, so often.
const TRIES: usize = 5;
/// No place is further east or west of Greenwich, in milliseconds.
const EAST: i64 = 14 * 3_600_000;
const WEST: i64 = 12 * 3_600_000;

/// What was looked at, and what does not agree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recount {
    /// Screens.
    pub screens: u64,
    /// Batches.
    pub batches: u64,
    /// Plays in them.
    pub plays: u64,
    /// Entries of the Merkle log.
    pub entries: u64,
    /// What does not agree.
    pub differences: Vec<Difference>,
}

/// Something that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Of which screen; `None` for the log as a whole.
    pub screen: Option<ScreenId>,
    /// In which batch.
    pub sequence: Option<u64>,
    /// At which position there.
    pub play: Option<u32>,
    /// What.
    pub what: Mismatch,
}

/// What does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// Plays of a screen that is not registered.
    UnknownScreen,
    /// The stored bytes are no batch signed by the screen.
    Bytes(BatchError),
    /// The batch does not follow the one before it.
    Chain(ChainRefusal),
    /// The chain ends elsewhere than is written down: the newest batches are gone.
    End,
    /// Name or number of plays of a batch are not those of its bytes.
    Described,
    /// A play has no row.
    NoRow,
    /// A row says something else than what was signed.
    Row,
    /// There are rows without a signed play.
    Surplus(u64),
    /// A counter, hours taken together, is not what the plays come to.
    Counter {
        /// Which.
        of: DayOf,
        /// What it says.
        stored: Count,
        /// What the signed plays come to.
        signed: Count,
    },
    /// The log has another batch under this number.
    Entry,
    /// The log's entries do not lead to the checkpoint that was signed.
    Root,
}

impl Plays {
    /// Recounts everything from the signed bytes. Reads all of them: an hour's work for a nation, seconds for a county.
    pub async fn recount(&self) -> Result<Recount, PlayError> {
        let mut recount = Recount::default();
        for screen in store::recount::screens(&self.db).await? {
            let key = match self.screens.get(screen).await {
                Ok(known) => known.public_key,
                Err(ScreenError::UnknownScreen) => {
                    recount.find(screen, None, None, Mismatch::UnknownScreen);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for attempt in 1.. {
                let head = store::batches::head(&self.db, screen).await?;
                let one = self.recount_screen(screen, &key, head).await?;
                // Counted while it reported: what differs may only be new.
                let stood_still = store::batches::head(&self.db, screen).await? == head;
                if stood_still || one.differences.is_empty() || attempt == TRIES {
                    recount.add(one);
                    break;
                }
            }
        }
        self.recount_log(&mut recount).await?;
        Ok(recount)
    }

    async fn recount_screen(&self, screen: ScreenId, key: &PublicKey, head: ChainHead) -> Result<Recount, PlayError> {
        let mut found = Recount { screens: 1, ..Recount::default() };
        let mut end = ChainHead::start(screen);
        let mut after = 0;
        let mut counted: BTreeMap<DayOf, Count> = BTreeMap::new();
        loop {
            let kept = store::recount::batches(&self.db, screen, after, AT_ONCE).await?;
            let Some(last) = kept.last() else { break };
            after = last.sequence;
            for kept in kept {
                found.batches += 1;
                let sequence = kept.sequence;
                let (batch, described) = match opened(kept, key) {
                    Ok(opened) => opened,
                    Err(why) => {
                        found.find(screen, Some(sequence), None, Mismatch::Bytes(why));
                        continue;
                    }
                };
                if let Err(refusal) = end.accept(&batch) {
                    found.find(screen, Some(sequence), None, Mismatch::Chain(refusal));
                }
                end = ChainHead::of(&batch);
                if !described.agrees || batch.batch().sequence != sequence {
                    found.find(screen, Some(sequence), None, Mismatch::Described);
                }
                let entry = store::recount::entry(&self.db, screen, sequence).await?;
                if entry.is_some_and(|entry| entry != LogEntry::of(&batch)) {
                    found.find(screen, Some(sequence), None, Mismatch::Entry);
                }
                let rows = store::recount::rows(&self.db, screen, sequence).await?;
                compare(&mut found, batch.batch(), &described.not_counted, &rows, &mut counted);
            }
        }
        if end != head {
            found.find(screen, None, None, Mismatch::End);
        }
        let rows = store::recount::number_of_rows(&self.db, screen).await?;
        if rows > found.plays {
            found.find(screen, None, None, Mismatch::Surplus(rows - found.plays));
        }
        let stored = store::recount::counters(&self.db, screen).await?;
        let lines: std::collections::BTreeSet<&DayOf> = stored.keys().chain(counted.keys()).collect();
        for of in lines {
            let (stored, signed) = [&stored, &counted].map(|lines| lines.get(of).copied().unwrap_or_default()).into();
            if stored != signed {
                found.find(screen, None, None, Mismatch::Counter { of: *of, stored, signed });
            }
        }
        Ok(found)
    }

    /// The log's tree, built anew from its entries, against the newest checkpoint.
    async fn recount_log(&self, recount: &mut Recount) -> Result<(), PlayError> {
        let Some(newest) = store::log::newest(&self.db).await? else { return Ok(()) };
        let mut edge = Edge::new();
        while edge.size() < newest.size {
            let most = ENTRIES.min(newest.size - edge.size());
            let entries = store::log::entries(&self.db, edge.size(), most).await?;
            if entries.len() as u64 != most {
                break;
            }
            let mut unused = Tiles::new();
            for entry in entries {
                edge.append(entry.hash(), &mut unused);
            }
        }
        recount.entries = edge.size();
        let signed = Checkpoint::open(&newest.note, self.log.verifier());
        let same = signed.is_ok_and(|(said, _)| (said.size, said.root) == (edge.size(), edge.root()));
        if !same {
            recount.differences.push(Difference { screen: None, sequence: None, play: None, what: Mismatch::Root });
        }
        Ok(())
    }
}

/// What the table says of a batch beside its bytes.
struct Described {
    agrees: bool,
    not_counted: Vec<u32>,
}

fn opened(kept: Kept, key: &PublicKey) -> Result<(SignedBatch, Described), BatchError> {
    let batch = SignedBatch::verify(kept.signed, key)?;
    let agrees = batch.digest() == kept.digest && batch.batch().plays.len() as u64 == kept.plays;
    Ok((batch, Described { agrees, not_counted: kept.not_counted }))
}

/// Each play against its row; adds what the plays come to.
fn compare(
    found: &mut Recount,
    batch: &Batch,
    not_counted: &[u32],
    rows: &[PlayRecord],
    counted: &mut BTreeMap<DayOf, Count>,
) {
    for (position, play) in (0..).zip(&batch.plays) {
        found.plays += 1;
        let Ok(row) = rows.binary_search_by_key(&position, |row| row.position).map(|at| &rows[at]) else {
            found.find(batch.screen, Some(batch.sequence), Some(position), Mismatch::NoRow);
            continue;
        };
        let flagged = not_counted.contains(&position);
        if !says(row, batch, play, flagged) {
            found.find(batch.screen, Some(batch.sequence), Some(position), Mismatch::Row);
        }
        // What is in no signature (campaign, day, venue) is as the row has it: a row moved elsewhere leaves its counter.
        let line = counted.entry((row.creative, row.campaign, row.day, row.venue)).or_default();
        count(line, play, flagged);
    }
}

fn says(row: &PlayRecord, batch: &Batch, play: &Play, flagged: bool) -> bool {
    let Some(item) = batch.items.get(play.item as usize) else { return false };
    let shown = (row.creative, row.asset, row.booking) == (item.creative, item.asset, item.booking);
    let when = (row.started, row.zone, row.planned, row.actual) == (play.start, play.zone, play.planned, play.actual);
    let how = (row.status, row.trigger) == (play.status, play.trigger.kind());
    let judged = row.flag.is_some() == flagged && row.counted == (!flagged && play.completed());
    let date = |off: i64| play.start.plus(off).to_datetime().unwrap_or_default().date_naive();
    shown && when && how && judged && (date(-WEST)..=date(EAST)).contains(&row.day)
}

/// As ingest counts (`judge::tally`), said anew on purpose.
fn count(line: &mut Count, play: &Play, flagged: bool) {
    if flagged {
        line.not_counted += 1;
        return;
    }
    match play.status {
        PlayStatus::HardwareFailure | PlayStatus::ContentFailure => line.failed += 1,
        PlayStatus::Success if play.completed() => line.completed += 1,
        PlayStatus::Success | PlayStatus::Interrupted => line.interrupted += 1,
    }
    if matches!(play.status, PlayStatus::Success | PlayStatus::Interrupted) {
        line.shown_ms += u64::from(play.actual.0);
    }
}

impl Recount {
    fn find(&mut self, screen: ScreenId, sequence: Option<u64>, play: Option<u32>, what: Mismatch) {
        self.differences.push(Difference { screen: Some(screen), sequence, play, what });
    }

    fn add(&mut self, other: Self) {
        self.screens += other.screens;
        self.batches += other.batches;
        self.plays += other.plays;
        self.differences.extend(other.differences);
    }
}

impl fmt::Display for Recount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "不符：{difference}。")?;
        }
        write!(
            f,
            "已按屏幕签名的原始数据重新核对 {} 块屏幕、{} 个批次、{} 次播放、日志 {} 条：",
            self.screens, self.batches, self.plays, self.entries
        )?;
        match self.differences.len() {
            0 => f.write_str("全部一致。"),
            some => write!(f, "{some} 处不符。原始签名数据以批次为准，请保留现场并查明是谁改动了数据库。"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(screen) = self.screen {
            write!(f, "屏幕 {screen} ")?;
        }
        if let Some(sequence) = self.sequence {
            write!(f, "批次 {sequence} ")?;
        }
        if let Some(play) = self.play {
            write!(f, "第 {} 次播放 ", u64::from(play) + 1)?;
        }
        match &self.what {
            Mismatch::UnknownScreen => f.write_str("未登记，却有播放记录"),
            Mismatch::Bytes(why) => write!(f, "原始数据已损坏或签名不符（{why}）"),
            Mismatch::Chain(why) => write!(f, "与上一批次不衔接（{why}）"),
            Mismatch::End => f.write_str("最新的批次与记录的末尾不符，可能被删除"),
            Mismatch::Described => f.write_str("登记的摘要、序号或播放数与原始数据不符"),
            Mismatch::NoRow => f.write_str("记录被删除"),
            Mismatch::Row => f.write_str("记录与屏幕签名的内容不符"),
            Mismatch::Surplus(rows) => write!(f, "多出 {rows} 条没有签名的记录"),
            Mismatch::Counter { of: (creative, _, day, _), stored, signed } => {
                write!(f, "素材 {creative} 在 {day} 的统计为 {}，按签名应为 {}", said(stored), said(signed))
            }
            Mismatch::Entry => f.write_str("在日志中的条目是另一个批次"),
            Mismatch::Root => f.write_str("日志的条目与已签发的检查点不符"),
        }
    }
}

fn said(count: &Count) -> String {
    let Count { completed, interrupted, failed, not_counted, shown_ms } = count;
    format!("完整 {completed}、中断 {interrupted}、失败 {failed}、不计 {not_counted}、时长 {shown_ms} 毫秒")
}
