//! Everything that the tables say of plays, compared with what the screens signed: an administrator can edit a table, but
//! nobody's signature. Changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use chrono::{NaiveDate, Timelike as _};
use chrono_tz::Tz;
use xuanping_core::{
    id::{CreativeId, ScreenId},
    playlog::{Batch, BatchError, ChainHead, ChainRefusal, LogEntry, ScreenKeys, SignedBatch},
    tlog::{Checkpoint, Edge, Tiles},
};

use super::{
    Order, PlayError, Plays,
    convert::add,
    counters::{DayCounts, HOURS, Line, sum},
    flags::{self, Marks},
    judge::Count,
    numbers::{Items, Places},
    opened::{day_number, day_of_number},
    packed,
    store::{
        self,
        batches::{Kept, Span},
        days::{DayKey, Sought},
    },
};
use crate::screens::ScreenError;

/// Batches read at once.
const AT_ONCE: u32 = 64;
/// Days read at once.
const DAYS: u32 = 500;
/// Rows of dictionaries read at once.
const ITEMS: u32 = 1000;
/// Entries of the log read at once.
const ENTRIES: u64 = 4096;
/// A screen that goes on reporting meanwhile is looked at again, so often.
const TRIES: usize = 5;

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
    /// What.
    pub what: Mismatch,
}

/// What does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// Plays of a screen that is not registered.
    UnknownScreen,
    /// What is stored of the screen's changes of key is not what was signed.
    Keys,
    /// The stored bytes are no batch signed by the screen.
    Bytes(BatchError),
    /// The batch does not follow the one before it.
    Chain(ChainRefusal),
    /// The chain ends elsewhere than is written down: the newest batches are gone.
    End,
    /// What stands beside a batch to find it by (number of plays, first and last start, sorts of plays) is not so.
    Described,
    /// What is held against a batch's plays does not read.
    Flags,
    /// A row of a dictionary is gone, or says something else than when its number was given.
    Dictionary(&'static str, i64),
    /// A day is said to be in other batches than it is.
    Sought(NaiveDate),
    /// A counter is not what the plays come to.
    Counter {
        /// Of which creative; `None`: of a number that stands for nothing.
        creative: Option<CreativeId>,
        /// On which local day.
        day: NaiveDate,
        /// What it says, of the hours that differ.
        stored: Count,
        /// What the signed plays come to in them.
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
        let places = self.recount_dictionaries(&mut recount).await?;
        for (number, screen) in store::numbers::screens(&self.db).await? {
            let keys = match self.screens.get(screen).await {
                Ok(known) => match self.screens.keys(&known).await {
                    Ok(keys) => keys,
                    Err(ScreenError::DamagedKeys(_)) => {
                        recount.find(screen, None, Mismatch::Keys);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                },
                Err(ScreenError::UnknownScreen) => {
                    recount.find(screen, None, Mismatch::UnknownScreen);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for attempt in 1.. {
                let head = store::batches::head(&self.db, screen).await?;
                let one = self.recount_screen(number, screen, &keys, &places, head).await?;
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

    /// The dictionaries: each row against its digest.
    async fn recount_dictionaries(&self, recount: &mut Recount) -> Result<Places, PlayError> {
        let mut wrong = |which, no| {
            let what = Mismatch::Dictionary(which, no);
            recount.differences.push(Difference { screen: None, sequence: None, what });
        };
        let mut places = Places::new();
        for place in store::numbers::places(&self.db).await? {
            if place.digest != Some(place.said.digest()) {
                wrong("地点", place.no);
            }
            places.insert(place.no, std::sync::Arc::new(place.said));
        }
        for no in store::numbers::nobody(&self.db).await? {
            wrong("屏幕", no);
        }
        let mut after = i64::MIN;
        loop {
            let some = store::numbers::items_after(&self.db, after, ITEMS).await?;
            let Some(last) = some.last() else { return Ok(places) };
            after = last.no;
            for item in some.iter().filter(|item| item.digest != Some(item.said.digest())) {
                wrong("播放内容", item.no);
            }
        }
    }

    async fn recount_screen(
        &self,
        number: i64,
        screen: ScreenId,
        keys: &ScreenKeys,
        places: &Places,
        head: ChainHead,
    ) -> Result<Recount, PlayError> {
        let mut found = Recount { screens: 1, ..Recount::default() };
        let mut end = ChainHead::start(screen);
        let mut after = 0;
        let mut counted = Counted::new();
        let mut creatives = HashMap::new();
        loop {
            let some = store::batches::after(&self.db, number, after, AT_ONCE).await?;
            let Some(last) = some.last() else { break };
            after = last.sequence;
            // As the database has them, not as we remember them.
            let items = some.iter().filter_map(|kept| packed::numbers(&kept.items)).flatten().collect::<BTreeSet<_>>();
            let items = store::numbers::items(&self.db, &items.into_iter().collect::<Vec<_>>()).await?;
            let items: Items = items.into_iter().map(|item| (item.no, std::sync::Arc::new(item.said))).collect();
            creatives.extend(items.iter().map(|(number, item)| (*number, item.creative)));
            for kept in some {
                found.batches += 1;
                let batch = match opened(&kept, &items, keys) {
                    Ok(batch) => batch,
                    Err(why) => {
                        found.find(screen, Some(kept.sequence), Mismatch::Bytes(why));
                        continue;
                    }
                };
                if let Err(refusal) = end.accept(&batch) {
                    found.find(screen, Some(kept.sequence), Mismatch::Chain(refusal));
                }
                end = ChainHead::of(&batch);
                let entry = store::log::entry_of(&self.db, screen, kept.sequence).await?;
                if entry.is_some_and(|entry| entry != LogEntry::of(&batch)) {
                    found.find(screen, Some(kept.sequence), Mismatch::Entry);
                }
                let zone = places.get(&kept.place).map(|place| place.zone());
                found.compare(screen, &kept, batch.batch(), zone, &mut counted);
            }
        }
        if end != head {
            found.find(screen, None, Mismatch::End);
        }
        self.recount_days(&mut found, screen, number, counted, &creatives).await?;
        Ok(found)
    }

    /// What days are said to be against what the batches come to.
    async fn recount_days(
        &self,
        found: &mut Recount,
        screen: ScreenId,
        number: i64,
        mut counted: Counted,
        creatives: &HashMap<i64, CreativeId>,
    ) -> Result<(), PlayError> {
        let sought = Sought { screen: Some(number), places: None, from: i64::MIN, to: i64::MAX, counts: true };
        let mut behind = None;
        loop {
            let (some, more) = store::days::page(&self.db, &sought, Order::OldestFirst, behind, DAYS).await?;
            for row in some {
                let (span, signed) = counted.remove(&row.key).unwrap_or((row.span, DayCounts::default()));
                if span != row.span {
                    found.find(screen, None, Mismatch::Sought(day_of_number(row.key.day)));
                }
                // Counters that do not read say nothing.
                let stored = DayCounts::read(&row.counts).unwrap_or_default();
                found.differing(screen, row.key, &stored, &signed, creatives);
            }
            behind = more;
            if behind.is_none() {
                break;
            }
        }
        for (key, (_, signed)) in counted {
            found.differing(screen, key, &DayCounts::default(), &signed, creatives);
        }
        Ok(())
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
            recount.differences.push(Difference { screen: None, sequence: None, what: Mismatch::Root });
        }
        Ok(())
    }
}

/// What plays come to by day, and in which batches they are.
type Counted = BTreeMap<DayKey, (Span, DayCounts)>;

fn opened(kept: &Kept, items: &Items, keys: &ScreenKeys) -> Result<SignedBatch, BatchError> {
    let signed = kept.signed(items);
    let signed = signed.ok_or_else(|| BatchError::Malformed("what is stored of it does not fit together".into()))?;
    keys.verify(signed)
}

impl Recount {
    fn find(&mut self, screen: ScreenId, sequence: Option<u64>, what: Mismatch) {
        self.differences.push(Difference { screen: Some(screen), sequence, what });
    }

    fn add(&mut self, other: Self) {
        self.screens += other.screens;
        self.batches += other.batches;
        self.plays += other.plays;
        self.differences.extend(other.differences);
    }

    /// What stands beside a batch against the batch; adds what its plays come to. What is in no signature (where the screen
    /// hung, what is held against plays) is as the row has it: one that is edited leaves its counters.
    fn compare(&mut self, screen: ScreenId, kept: &Kept, batch: &Batch, zone: Option<Tz>, counted: &mut Counted) {
        self.plays += batch.plays.len() as u64;
        let sequence = Some(kept.sequence);
        let flags = flags::read(&kept.flags, batch.plays.len()).unwrap_or_else(|| {
            self.find(screen, sequence, Mismatch::Flags);
            vec![None; batch.plays.len()]
        });
        let numbers = packed::numbers(&kept.items).unwrap_or_default();
        let mut marks = Marks::default();
        let (mut first, mut last) = (None, None);
        for (play, flag) in batch.plays.iter().zip(flags) {
            marks.add(play.status, play.completed(), flag);
            first = first.min(Some(play.start)).or(Some(play.start));
            last = last.max(Some(play.start));
            let local = play.start.to_datetime().unwrap_or_default().with_timezone(&zone.unwrap_or(Tz::Asia__Shanghai));
            let key = DayKey { day: day_number(local.date_naive()), place: kept.place, screen: kept.screen };
            let only = Span { screen: kept.screen, from: kept.sequence, to: kept.sequence };
            let (span, counts) = counted.entry(key).or_insert_with(|| (only, DayCounts::default()));
            (span.from, span.to) = (span.from.min(kept.sequence), span.to.max(kept.sequence));
            if let Some(number) = numbers.get(play.item as usize) {
                add(counts.hour((*number, play.zone), local.hour()), play, flag.is_some());
            }
        }
        let starts = (first.unwrap_or(kept.received), last.unwrap_or(kept.received));
        let whose = batch.screen == screen && batch.sequence == kept.sequence && zone.is_some();
        let said = (kept.plays, kept.marks, (kept.first, kept.last));
        if said != (batch.plays.len(), marks, starts) || !whose || numbers.len() != batch.items.len() {
            self.find(screen, sequence, Mismatch::Described);
        }
    }

    fn differing(
        &mut self,
        screen: ScreenId,
        key: DayKey,
        stored: &DayCounts,
        signed: &DayCounts,
        creatives: &HashMap<i64, CreativeId>,
    ) {
        let none = [Count::default(); HOURS];
        let lines: BTreeSet<&Line> = stored.0.keys().chain(signed.0.keys()).collect();
        for line in lines {
            let (mut said, mut right) = (*stored.0.get(line).unwrap_or(&none), *signed.0.get(line).unwrap_or(&none));
            for (said, right) in said.iter_mut().zip(&mut right) {
                if said == right {
                    (*said, *right) = (Count::default(), Count::default());
                }
            }
            if said != right {
                let (stored, signed) = (sum(&said), sum(&right));
                let (creative, day) = (creatives.get(&line.0).copied(), day_of_number(key.day));
                self.find(screen, None, Mismatch::Counter { creative, day, stored, signed });
            }
        }
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
        match &self.what {
            Mismatch::UnknownScreen => f.write_str("未登记，却有播放记录"),
            Mismatch::Bytes(why) => write!(f, "原始数据已损坏或签名不符（{why}）"),
            Mismatch::Chain(why) => write!(f, "与上一批次不衔接（{why}）"),
            Mismatch::End => f.write_str("最新的批次与记录的末尾不符，可能被删除"),
            Mismatch::Described => f.write_str("登记的播放数、起止时间或播放情况与原始数据不符"),
            Mismatch::Keys => f.write_str("登记的更换密钥与原始签名不符，其批次无法核对"),
            Mismatch::Flags => f.write_str("登记的不计入标记已损坏"),
            Mismatch::Dictionary(which, no) => write!(f, "字典中的{which} {no} 被改动或删除"),
            Mismatch::Sought(day) => write!(f, "{day} 的播放登记在其他批次之下"),
            Mismatch::Counter { creative, day, stored, signed } => {
                match creative {
                    Some(creative) => write!(f, "素材 {creative} ")?,
                    None => f.write_str("未知素材")?,
                }
                write!(f, "在 {day} 的统计为 {}，按签名应为 {}", said(stored), said(signed))
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
