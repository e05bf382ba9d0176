//! Which files are here, which are decoded, and which are bad. A bad one is remembered, so that it is neither tried for
//! ever nor forgotten: damage is fetched anew at once and then ever more rarely.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use xuanping_core::{digest::Digest, geometry::ZoneName, playlist::Item};

use super::{Abilities, Action, Want, cannot, is_media};
use crate::{clock::Moment, event::Fault, stage::Picture};

/// Wait after the second failure of one file, in milliseconds; doubled with each further one.
const FIRST_WAIT: u64 = 30_000;
/// The longest wait.
const LONGEST_WAIT: u64 = 3_600_000;

#[derive(Debug, Clone)]
enum Decoded {
    Loading,
    Ready(Arc<Picture>),
}

#[derive(Debug, Clone, Copy)]
struct Bad {
    fault: Fault,
    times: u32,
    retry: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Worker {
    Preparing,
    Ready,
}

#[derive(Debug, Default)]
pub(super) struct Assets {
    stored: HashSet<Digest>,
    decoded: HashMap<Digest, Decoded>,
    bad: HashMap<Digest, Bad>,
    media: HashMap<(ZoneName, Digest), Worker>,
    unable: HashSet<Digest>,
    wanted: Vec<Want>,
    said: Option<Vec<Want>>,
    damaged: u32,
    /// Files that went bad on the disk since this was last noticed long ago, and when the last did.
    rotten: Option<(u32, u64)>,
}

/// How long a file that went bad is worth telling of after it was fetched anew, in milliseconds.
const TOLD: u64 = 24 * 3_600_000;

impl Assets {
    pub(super) fn stored(&mut self, assets: Vec<Digest>) {
        self.stored.extend(assets);
    }

    pub(super) fn is_stored(&self, asset: &Digest) -> bool {
        self.stored.contains(asset)
    }

    pub(super) fn loaded(&mut self, asset: Digest, result: Result<Arc<Picture>, Fault>, now: Moment) {
        match result {
            Ok(picture) => {
                self.bad.remove(&asset);
                // Otherwise it was given up meanwhile, and would only take memory.
                if let Some(decoded) = self.decoded.get_mut(&asset) {
                    *decoded = Decoded::Ready(picture);
                }
            }
            Err(fault) => {
                self.decoded.remove(&asset);
                self.failed(asset, fault, now);
            }
        }
    }

    pub(super) fn media_ready(&mut self, zone: ZoneName, asset: Digest) {
        self.bad.remove(&asset);
        if let Some(worker) = self.media.get_mut(&(zone, asset)) {
            *worker = Worker::Ready;
        }
    }

    /// What was being prepared is not any more; through no fault of its own it is prepared again at once.
    pub(super) fn media_unready(&mut self, zone: ZoneName, asset: Digest, fault: Option<Fault>, now: Moment) {
        self.media.remove(&(zone, asset));
        if let Some(fault) = fault {
            self.failed(asset, fault, now);
        }
    }

    /// What played failed. What is prepared of the same file is a thing of its own.
    pub(super) fn play_failed(&mut self, asset: Digest, fault: Fault, now: Moment) {
        self.failed(asset, fault, now);
    }

    /// What the worker had prepared begins: the next showing needs it anew.
    pub(super) fn media_used(&mut self, zone: ZoneName, asset: Digest) {
        self.media.remove(&(zone, asset));
    }

    fn failed(&mut self, asset: Digest, fault: Fault, now: Moment) {
        let times = self.bad.get(&asset).map_or(0, |bad| bad.times) + 1;
        if fault == Fault::Damaged {
            self.damaged = self.damaged.saturating_add(1);
            self.rots(now);
        }
        let gone = matches!(fault, Fault::Missing | Fault::Damaged);
        if gone {
            self.stored.remove(&asset);
        }
        let wait = match times {
            1 if gone => 0,
            times => (FIRST_WAIT << (times - 1).min(12)).min(LONGEST_WAIT),
        };
        self.bad.insert(asset, Bad { fault, times, retry: now.monotonic + wait });
    }

    /// A file went bad on the disk while nobody needed it. It is fetched anew at once: nothing failed yet.
    pub(super) fn rotten(&mut self, asset: Digest, now: Moment) {
        self.stored.remove(&asset);
        self.rots(now);
    }

    fn rots(&mut self, now: Moment) {
        let before = self.rotten.filter(|(_, last)| now.monotonic.saturating_sub(*last) < TOLD).map_or(0, |(n, _)| n);
        self.rotten = Some((before + 1, now.monotonic));
    }

    /// What a person should know of files that went bad, although they are whole again.
    pub(super) fn rot(&self, now: Moment) -> Option<String> {
        let (files, last) = self.rotten?;
        (now.monotonic.saturating_sub(last) < TOLD)
            .then(|| format!("24 小时内有 {files} 个素材文件在磁盘上损坏，已重新下载；如反复出现请更换磁盘。"))
    }

    /// Whether an item cannot be shown because what it shows is not there, or is no good.
    pub(super) fn lacks(&self, item: &Item) -> bool {
        let bad = self.bad.get(&item.asset).is_some_and(|bad| bad.fault != Fault::Hardware);
        self.unable.contains(&item.asset) || !self.stored.contains(&item.asset) || bad
    }

    /// The picture, if it is decoded, or what is wrong with it.
    pub(super) fn picture(&self, asset: &Digest) -> Option<Result<Arc<Picture>, Fault>> {
        match self.decoded.get(asset) {
            Some(Decoded::Ready(picture)) => Some(Ok(picture.clone())),
            Some(Decoded::Loading) => None,
            None => self.bad.get(asset).map(|bad| Err(bad.fault)),
        }
    }

    /// Whether the worker has it ready for the zone, or what is wrong with it.
    pub(super) fn media(&self, zone: ZoneName, asset: &Digest) -> Option<Result<(), Fault>> {
        if self.unable.contains(asset) {
            return Some(Err(Fault::Hardware));
        }
        match self.media.get(&(zone, *asset)) {
            Some(Worker::Ready) => Some(Ok(())),
            Some(Worker::Preparing) => None,
            None => self.bad.get(asset).map(|bad| Err(bad.fault)),
        }
    }

    /// These are on the wall or come next: has them decoded or prepared, and forgets the decoded others.
    pub(super) fn need(
        &mut self,
        needed: Vec<(ZoneName, Item)>,
        abilities: Abilities,
        now: Moment,
        actions: &mut Vec<Action>,
    ) {
        self.decoded.retain(|asset, _| needed.iter().any(|(_, item)| item.asset == *asset));
        let given_up: Vec<_> = self
            .media
            .keys()
            .filter(|(zone, asset)| !needed.iter().any(|(name, item)| name == zone && item.asset == *asset))
            .copied()
            .collect();
        for (zone, asset) in given_up {
            self.media.remove(&(zone, asset));
            actions.push(Action::DropMedia(zone, asset));
        }
        for (zone, item) in needed {
            let asset = item.asset;
            if is_media(&item) && cannot(&item, abilities).is_some() {
                self.unable.insert(asset);
                continue;
            }
            let waits = self.bad.get(&asset).is_some_and(|bad| bad.retry > now.monotonic);
            if waits || !self.stored.contains(&asset) {
                continue;
            }
            if is_media(&item) {
                if let std::collections::hash_map::Entry::Vacant(e) = self.media.entry((zone, asset)) {
                    e.insert(Worker::Preparing);
                    actions.push(Action::PrepareMedia(zone, item));
                }
            } else if let std::collections::hash_map::Entry::Vacant(e) = self.decoded.entry(asset) {
                e.insert(Decoded::Loading);
                actions.push(Action::Load(item));
            }
        }
    }

    /// What of `wants` must be fetched; `None` if neither changed since the last time.
    pub(super) fn changed_wants(&mut self, wants: Vec<Want>, now: Moment) -> Option<Vec<Want>> {
        let waits = |asset| self.bad.get(asset).is_some_and(|bad: &Bad| bad.retry > now.monotonic);
        let missing: Vec<_> =
            wants.iter().filter(|w| !self.stored.contains(&w.asset) && !waits(&w.asset)).copied().collect();
        if self.said.as_ref() == Some(&missing) && self.wanted == wants {
            return None;
        }
        self.wanted = wants;
        self.said = Some(missing.clone());
        Some(missing)
    }

    pub(super) fn damaged(&self) -> u32 {
        self.damaged
    }

    pub(super) fn missing(&self) -> u32 {
        self.wanted.iter().filter(|w| !self.stored.contains(&w.asset)).count() as u32
    }

    /// When the next bad file may be tried again, on the monotonic clock.
    pub(super) fn next_retry(&self, now: Moment) -> Option<u64> {
        self.bad.values().map(|bad| bad.retry).filter(|retry| *retry > now.monotonic).min()
    }

    /// What a person should know of bad files.
    pub(super) fn trouble(&self) -> Option<String> {
        let bad = self.bad.values().filter(|b| b.times > 1 || b.fault == Fault::Unplayable).count();
        (bad > 0)
            .then(|| format!("有 {bad} 个素材文件损坏或无法播放，已跳过并在重新下载。"))
            .or_else(|| (!self.unable.is_empty()).then(|| "本机未安装媒体组件，宣传片和音频无法播放。".to_owned()))
    }
}
