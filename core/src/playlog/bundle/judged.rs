//! The server's judgements in a bundle of version 3, with all that is needed to judge the plays again, and where each
//! screen's chain ended: so that nobody has to take the office's word for which plays count, nor for there being no more.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use minicbor::{Decode, Encode};

use super::{
    BundleBatch, BundleError, BundleScreen, CheckKind, Fault, Finding, FrameKind, PlayRef, Remark, verify::Examination,
};
use crate::{
    digest::Digest,
    id::{ScreenId, TakeoverId},
    playlist::Playlist,
    playlog::{
        Covered, SignedBatch,
        credibility::{self, Flag, IssuedPlaylist, IssuedTakeovers, Known, Reign, judge_again, last_of_each_zone},
        flags,
    },
    time::UtcMillis,
};

/// What the server held of the plays, and all that it knew when it did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleJudged {
    /// The version of the rules it judged by ([`credibility::RULES`]).
    #[n(0)]
    pub rules: u32,
    /// The playlists' frames, ascending by digest.
    #[n(1)]
    pub playlists: Vec<BundlePlaylist>,
    /// What it knew of the screens, in their order.
    #[n(2)]
    pub screens: Vec<BundleTold>,
    /// What it held of the batches, in their order.
    #[n(3)]
    pub batches: Vec<BundleHeld>,
}

/// A playlist's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundlePlaylist {
    /// SHA-256 of its body, which is the playlist's name.
    #[n(0)]
    pub digest: Digest,
    /// Bytes of its body.
    #[n(1)]
    pub length: u32,
}

/// What a screen was told.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleTold {
    /// When it was enrolled.
    #[n(0)]
    pub enrolled: UtcMillis,
    /// The number of its newest batch in the log, as of the checkpoint of the proofs.
    #[n(1)]
    pub newest: u64,
    /// Playlists that were issued to it.
    #[n(2)]
    pub playlists: Vec<BundleReigns>,
    /// Takeovers that were, in each manifest that had them.
    #[n(3)]
    pub takeovers: Vec<BundleTakeover>,
}

/// When a playlist was in force at a screen.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleReigns {
    /// Position in [`BundleJudged::playlists`].
    #[n(0)]
    pub playlist: u32,
    /// When.
    #[n(1)]
    pub reigns: Vec<Reign>,
}

/// A takeover at a screen, as one manifest had it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleTakeover {
    /// Which.
    #[n(0)]
    pub id: TakeoverId,
    /// All takeovers of that manifest, and for how long.
    #[n(1)]
    pub issued: IssuedTakeovers,
}

/// What was held of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleHeld {
    /// When it came in.
    #[n(0)]
    pub received: UtcMillis,
    /// The rule that each play broke, as [`flags`] writes them.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub flags: Vec<u8>,
}

/// When a batch came in, and the rule that each of its plays broke.
pub type Held = (UtcMillis, Vec<Option<Flag>>);

/// What a bundle's judgements are made from.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// Of each screen that has a batch here.
    pub screens: BTreeMap<ScreenId, Told>,
    /// Playlists that screens were issued, byte for byte, by name.
    pub playlists: BTreeMap<Digest, Vec<u8>>,
    /// Of each batch, by screen and number: when it came in, and the rule that each of its plays broke.
    pub batches: BTreeMap<(ScreenId, u64), Held>,
}

/// What a screen was told.
#[derive(Debug, Clone)]
pub struct Told {
    /// When it was enrolled.
    pub enrolled: UtcMillis,
    /// The number of its newest batch in the log, as of the checkpoint of the proofs.
    pub newest: u64,
    /// When playlists were in force.
    pub playlists: BTreeMap<Digest, Vec<Reign>>,
    /// Takeovers in each manifest that had them.
    pub takeovers: BTreeMap<TakeoverId, Vec<IssuedTakeovers>>,
}

/// What the statement says of the judgements, and the playlists in the order of their frames.
pub(super) fn listed<'j>(
    judged: &'j Judged,
    screens: &[BundleScreen],
    batches: &[(ScreenId, u64)],
) -> Result<(BundleJudged, Vec<&'j [u8]>), BundleError> {
    let mut playlists = Vec::new();
    for (digest, bytes) in &judged.playlists {
        let length = u32::try_from(bytes.len()).map_err(|_| BundleError::TooLarge)?;
        playlists.push(BundlePlaylist { digest: *digest, length });
    }
    let told = screens.iter().map(|screen| {
        let told = judged.screens.get(&screen.id).ok_or(BundleError::NothingTold(screen.id))?;
        let reigns = told.playlists.iter().filter_map(|(digest, reigns)| {
            let position = playlists.binary_search_by_key(digest, |playlist| playlist.digest).ok()?;
            Some(BundleReigns { playlist: position as u32, reigns: reigns.clone() })
        });
        let takeovers = told
            .takeovers
            .iter()
            .flat_map(|(id, all)| all.iter().map(|issued| BundleTakeover { id: *id, issued: issued.clone() }));
        let (playlists, takeovers) = (reigns.collect(), takeovers.collect());
        Ok(BundleTold { enrolled: told.enrolled, newest: told.newest, playlists, takeovers })
    });
    let screens = told.collect::<Result<_, _>>()?;
    let held = batches.iter().map(|&(screen, sequence)| {
        let held = judged.batches.get(&(screen, sequence)).ok_or(BundleError::NotJudged { screen, sequence })?;
        Ok(BundleHeld { received: held.0, flags: flags::write(held.1.iter().copied()) })
    });
    let batches = held.collect::<Result<_, _>>()?;
    let bodies = judged.playlists.values().map(Vec::as_slice).collect();
    Ok((BundleJudged { rules: credibility::RULES, playlists, screens, batches }, bodies))
}

/// What a statement gets wrong about its judgements.
pub(super) fn contradiction(judged: &BundleJudged, screens: usize, batches: &[BundleBatch]) -> Option<&'static str> {
    let places = judged.screens.iter().flat_map(|told| &told.playlists);
    if judged.screens.len() != screens || judged.batches.len() != batches.len() {
        Some("判定与屏幕或批次的数量不符")
    } else if !judged.playlists.is_sorted_by(|a, b| a.digest < b.digest) {
        Some("播放单未按摘要排列")
    } else if places.into_iter().any(|of| of.playlist as usize >= judged.playlists.len()) {
        Some("判定所依据的播放单未列出")
    } else if judged.batches.iter().zip(batches).any(|(held, batch)| {
        let read = flags::read(&held.flags, batch.play_marks.len() / 4);
        read.is_none_or(|read| flags::write(read) != held.flags)
    }) {
        Some("判定无法读取")
    } else {
        None
    }
}

/// Playlists of a bundle, in the order of the statement; `None` for one that does not read.
pub(super) type Playlists = Vec<Option<(Digest, Arc<Playlist>)>>;

impl Examination<'_> {
    /// Reads the playlists, and answers what follows them in the file.
    pub(super) fn playlists<'f>(&mut self, file: &'f [u8]) -> (Playlists, &'f [u8]) {
        let mut playlists = Playlists::new();
        let Some(judged) = &self.statement.judged else {
            self.verdict.remarks.push(Remark::NoJudgements);
            return (playlists, file);
        };
        let mut rest = file;
        for listed in &judged.playlists {
            let (body, after) = self.frame(rest, FrameKind::Playlist, listed.length, None);
            rest = after;
            let read = body.map(|body| {
                let same = Digest::of(body) == listed.digest;
                self.verdict.count(CheckKind::Digests, same);
                if !same {
                    self.verdict.findings.push(Finding::of(Fault::Digest(Digest::of(body))));
                    return None;
                }
                let read = Playlist::from_bytes(body).ok().map(|playlist| (listed.digest, Arc::new(playlist)));
                if read.is_none() {
                    self.verdict.findings.push(Finding::of(Fault::Playlist(listed.digest)));
                }
                read
            });
            playlists.push(read.flatten());
        }
        if judged.rules != credibility::RULES {
            self.verdict.remarks.push(Remark::OtherRules(judged.rules));
        }
        (playlists, rest)
    }

    /// The judgements, if plays can be judged again. Where something is missing or damaged a judgement would be of other
    /// things.
    pub(super) fn judgements(&self, playlists: &Playlists, batches: usize) -> Option<&BundleJudged> {
        let known = |judged: &&BundleJudged| judged.rules == credibility::RULES;
        let whole = playlists.iter().all(Option::is_some) && batches == self.statement.batches.len();
        self.statement.judged.as_ref().filter(known).filter(|_| whole)
    }

    /// Judges a screen's plays, and answers of how many only batches that are not here could say whether it is right.
    pub(super) fn judge_screen(
        &mut self,
        number: u32,
        own: &[usize],
        judged: &BundleJudged,
        playlists: &Playlists,
        batches: &BTreeMap<(u32, u64), SignedBatch>,
    ) -> u64 {
        let Some(told) = judged.screens.get(number as usize) else { return 0 };
        let statement = self.statement;
        let mut undecided = 0;
        let mut covered = Covered::default();
        let mut before: Option<(&SignedBatch, Vec<Option<Flag>>)> = None;
        let mut from_the_first = true;
        let own = own.iter().filter_map(|at| statement.batches.get(*at).zip(judged.batches.get(*at)));
        for (described, held) in own {
            let Some(signed) = batches.get(&(described.screen, described.sequence)) else { continue };
            let batch = signed.batch();
            let Some(held_flags) = flags::read(&held.flags, batch.plays.len()) else { continue };
            let follows = match &before {
                Some((last, _)) => last.is_followed_by(batch),
                None => batch.sequence == 1,
            };
            from_the_first &= follows;
            let mut known = known(told, held.received, playlists);
            if let Some((last, flags)) = before.as_ref().filter(|_| follows) {
                known.before = last_of_each_zone(last.batch(), flags);
            }
            let again = judge_again(batch, &known, &held_flags, &mut covered);
            let mut wrong = 0;
            for (play, (held, found)) in (0..).zip(held_flags.iter().zip(again.iter().map(|each| each.flag))) {
                if *held == found {
                    continue;
                }
                if is_undecided(*held, found, follows, from_the_first) {
                    undecided += 1;
                    continue;
                }
                wrong += 1;
                let screen = statement.screens.get(number as usize).map(|screen| screen.id);
                let record = screen.and_then(|screen| {
                    let at = PlayRef { screen, sequence: described.sequence, play };
                    self.names.line(batch, at.play).map(|line| line.trim_end().to_owned())
                });
                self.find(Fault::Judgement { held: *held, found }, Some(described), Some(play), record);
            }
            self.verdict.count_many(CheckKind::Judgements, again.len() as u64, wrong);
            before = Some((signed, held_flags));
        }
        undecided
    }

    /// Whether the batches before and after what was asked for are here, so that none is hidden at an edge.
    pub(super) fn edges(&mut self, recorded: &BTreeSet<(u32, u64)>, of_screens: &[Vec<usize>]) {
        let statement = self.statement;
        let Some(judged) = &statement.judged else { return };
        let mut last_of_all = 0;
        for (told, own) in judged.screens.iter().zip(of_screens) {
            let batch = |at: Option<&usize>| statement.batches.get(*at?);
            let (Some(first), Some(last)) = (batch(own.first()), batch(own.last())) else { continue };
            let asked_for = |batch: &BundleBatch| recorded.contains(&(batch.screen, batch.sequence));
            let begins = first.sequence == 1 || !asked_for(first);
            let ends = last.sequence == told.newest || (last.sequence < told.newest && !asked_for(last));
            for (whole, batch, after) in [(begins, first, false), (ends, last, true)] {
                self.verdict.count(CheckKind::Edges, whole);
                if !whole {
                    self.find(Fault::NoNeighbour { after }, Some(batch), None, None);
                }
            }
            last_of_all += u64::from(last.sequence == told.newest);
        }
        if last_of_all > 0 {
            self.verdict.remarks.push(Remark::NewestSaid { screens: last_of_all });
        }
    }
}

/// What was known when a batch came in at that time: nothing that was told only later.
fn known(told: &BundleTold, received: UtcMillis, playlists: &Playlists) -> Known {
    let told_by_then = |reign: &&Reign| reign.from <= received;
    let issued = told.playlists.iter().filter_map(|of| {
        let (digest, playlist) = playlists.get(of.playlist as usize)?.clone()?;
        let reigns: Vec<Reign> = of.reigns.iter().filter(told_by_then).copied().collect();
        (!reigns.is_empty()).then_some((digest, IssuedPlaylist { playlist, reigns }))
    });
    let mut takeovers: HashMap<TakeoverId, Vec<IssuedTakeovers>> = HashMap::new();
    for BundleTakeover { id, issued } in told.takeovers.iter().filter(|each| told_by_then(&&each.issued.reign)) {
        takeovers.entry(*id).or_default().push(issued.clone());
    }
    Known { enrolled: told.enrolled, received, playlists: issued.collect(), takeovers, before: Vec::new() }
}

/// Whether what was held may be right by what is in batches that are not here: the one before (`follows`: it is here), or
/// any before (`from_the_first`: all are). Without them less can be held against a play, and nothing else.
fn is_undecided(held: Option<Flag>, found: Option<Flag>, follows: bool, from_the_first: bool) -> bool {
    let elsewhere = match held {
        Some(Flag::Repeated | Flag::ClockSetBack) => !from_the_first,
        Some(Flag::Overlaps | Flag::WrongLength) => !follows,
        _ => false,
    };
    let less =
        matches!(found, None | Some(Flag::TimelineDisagrees | Flag::WrongLength | Flag::Repeated | Flag::ClockSetBack));
    elsewhere && less
}
