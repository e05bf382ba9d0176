//! When a picture of the wall is to be taken. The moments are the signed orders'; a picture is taken of a play that has been up
//! for a while and must still be up when the picture is on the disk, for that play names it.

use std::collections::VecDeque;

use chrono::NaiveDate;
use xuanping_core::{
    digest::Digest,
    id::InstructionId,
    playlist::{EvidenceOrders, Manifest, Playlist},
    time::UtcMillis,
    wire::CouldNot,
};

use crate::{clock::Moment, evidence::Cause, journal::PlayKey};

/// A play is pictured when it has been up for so long, in milliseconds: whatever it gave way to is gone by then.
const SETTLED: u64 = 1_000;
/// How often a picture may fail, or come when its play was over, before it is given up.
const TRIES: u8 = 5;
/// A picture that the office wants is given up when nothing could be pictured for so long, in milliseconds: longer than a wall
/// says who it is.
const ASKED_FOR: u64 = 150_000;
/// Pictures that wait at most.
const MOST: usize = 32;

/// Why a wall gives no light.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unlit {
    /// Somebody at the machine made it black.
    pub dark: bool,
    /// Its hours do.
    pub off: bool,
}

/// What pictures wait to be taken, and when the next is due.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    moments: Option<(Basis, Vec<UtcMillis>)>,
    /// Moments until then, and this one, are over: waited for, or not to be caught up with.
    turned: Option<UtcMillis>,
    waiting: VecDeque<Waiting>,
    taking: Option<PlayKey>,
    /// What the office asked for in vain, and why, until it is told.
    in_vain: Vec<(InstructionId, CouldNot)>,
}

/// What the moments of a day were worked out from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Basis {
    manifest: u64,
    playlist: Digest,
    date: NaiveDate,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    cause: Cause,
    until: u64,
    tries: u8,
}

impl Evidence {
    /// Turns to `now`: what became due waits, unless the wall is dark; what waited in vain is given up. What is asked of a wall that
    /// is off, by its hours or by somebody at the machine, is given up at once.
    pub fn turn(
        &mut self,
        manifest: &Manifest,
        playlist: Option<(Digest, &Playlist)>,
        Unlit { dark, off }: Unlit,
        now: Moment,
    ) {
        self.work_out(manifest, playlist, now);
        // A clock that was set back lives a stretch again; a moment in it is one more picture, not a missing one.
        let from = self.turned.unwrap_or(now.wall).min(now.wall);
        self.turned = Some(now.wall);
        let moments = self.moments.iter().flat_map(|(_, moments)| moments);
        let due: Vec<_> = moments.copied().filter(|at| from < *at && *at <= now.wall).collect();
        if dark || off {
            self.give_up(CouldNot::WallOff, |_| true);
        }
        if dark {
            self.waiting.clear();
            return;
        }
        for at in due {
            let late = u64::try_from(now.wall.since(at)).unwrap_or(0);
            let left = u64::from(EvidenceOrders::PATIENCE.0).saturating_sub(late);
            self.want(Cause::Moment(at), now.monotonic + left);
        }
        self.give_up(CouldNot::NothingShown, |waiting| waiting.until <= now.monotonic);
        self.waiting.retain(|waiting| now.monotonic < waiting.until);
    }

    /// Gives up what the office asked for and that is so.
    fn give_up(&mut self, why: CouldNot, which: impl Fn(&Waiting) -> bool) {
        let in_vain = &mut self.in_vain;
        self.waiting.retain(|waiting| match waiting.cause {
            Cause::Instruction(id) if which(waiting) => {
                in_vain.push((id, why));
                false
            }
            _ => true,
        });
    }

    /// What was given up since this was asked last.
    pub fn in_vain(&mut self) -> Vec<(InstructionId, CouldNot)> {
        std::mem::take(&mut self.in_vain)
    }

    /// The office wants one, before this instant.
    pub fn asked(&mut self, id: InstructionId, until: UtcMillis, now: Moment) {
        let left = u64::try_from(until.since(now.wall)).unwrap_or(0).min(ASKED_FOR);
        // The next manifest has it too.
        if self.waiting.iter().any(|waiting| waiting.cause == Cause::Instruction(id)) {
            return;
        }
        if self.waiting.len() >= MOST {
            self.in_vain.push((id, CouldNot::NoPicture));
        }
        self.want(Cause::Instruction(id), now.monotonic + left);
    }

    fn want(&mut self, cause: Cause, until: u64) {
        if self.waiting.len() < MOST {
            self.waiting.push_back(Waiting { cause, until, tries: 0 });
        }
    }

    fn work_out(&mut self, manifest: &Manifest, playlist: Option<(Digest, &Playlist)>, now: Moment) {
        let tz = manifest.orders.tz();
        let date = now.wall.to_datetime().map(|at| at.with_timezone(&tz).date_naive());
        let (Some(orders), Some((digest, playlist)), Some(date)) = (manifest.orders.evidence, playlist, date) else {
            self.moments = None;
            return;
        };
        let basis = Basis { manifest: manifest.version, playlist: digest, date };
        if self.moments.as_ref().is_none_or(|(known, _)| *known != basis) {
            let moments = orders.moments_on(manifest.screen, date, tz, playlist, &manifest.orders.wall);
            self.moments = Some((basis, moments));
        }
    }

    /// The picture to be taken now of the play that is up since then, if any is. It is being taken from now on.
    pub fn begin(&mut self, up: Option<(PlayKey, Moment)>, now: Moment) -> Option<(PlayKey, Cause)> {
        let (key, _) = up.filter(|(_, since)| now.since(*since) >= SETTLED && self.taking.is_none())?;
        let cause = self.waiting.front()?.cause;
        self.taking = Some(key);
        Some((key, cause))
    }

    /// A picture of this play came, or did not. Whether it was the one being taken.
    pub fn came(&mut self, key: PlayKey) -> bool {
        let expected = self.taking == Some(key);
        if expected {
            self.taking = None;
        }
        expected
    }

    /// A play names the picture that came.
    pub fn done(&mut self, cause: Cause) {
        self.waiting.retain(|waiting| waiting.cause != cause);
    }

    /// The picture that came, if it was the one being taken, is none. It is tried again, but not for ever.
    pub fn failed(&mut self, expected: bool) {
        if expected && let Some(mut waiting) = self.waiting.pop_front() {
            waiting.tries += 1;
            if waiting.tries < TRIES {
                self.waiting.push_front(waiting);
            } else if let Cause::Instruction(id) = waiting.cause {
                self.in_vain.push((id, CouldNot::NoPicture));
            }
        }
    }

    /// When, on the wall clock, the next picture is due, or can be taken of the play that is up.
    pub fn next_change(&self, up: Option<(PlayKey, Moment)>, now: Moment) -> Option<UtcMillis> {
        let moments = self.moments.iter().flat_map(|(_, moments)| moments);
        let next = moments.copied().filter(|at| self.turned.is_none_or(|turned| turned < *at)).min();
        let settled = up.filter(|_| !self.waiting.is_empty() && self.taking.is_none()).map(|(_, since)| {
            let left = SETTLED.saturating_sub(now.since(since));
            now.wall.plus(i64::try_from(left).unwrap_or(0))
        });
        let asked = self.waiting.iter().filter(|waiting| matches!(waiting.cause, Cause::Instruction(_)));
        let given_up = asked.map(|waiting| {
            let left = waiting.until.saturating_sub(now.monotonic);
            now.wall.plus(i64::try_from(left).unwrap_or(0))
        });
        next.into_iter().chain(settled).chain(given_up).min()
    }
}
