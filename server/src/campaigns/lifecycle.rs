//! A campaign's life: draft → in review → approved → running → ended, and withdrawn. A review is bound to the exact dates,
//! stages and bookings; any edit voids it; whoever had a hand in the campaign since its last publishing cannot approve it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use xuanping_core::{campaign::Booking, digest::Digest, time::UtcMillis};

use super::{Campaign, CampaignError, Unreached};
use crate::accounts::Actor;

/// The longest reason for sending a campaign back, in characters.
pub const LONGEST_REASON: usize = 300;

/// What of a campaign is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// Never published.
    Draft,
    /// Its newest revision is planned.
    Published,
    /// Was published, is not planned any more.
    Withdrawn,
}

/// Where a campaign stands on a day: what is on the walls counts for more than what is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 草稿: never published, being written.
    Draft,
    /// 待审: not on the walls, waiting for a reviewer.
    InReview,
    /// 已通过: approved; its first day is still to come.
    Approved,
    /// 进行中: approved, within its days.
    Running,
    /// 已结束: its last day is over.
    Ended,
    /// 已撤下: was published and taken off the walls.
    Withdrawn,
}

/// How far the reviewing of a campaign's draft is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// Nobody has asked for a review since the last edit.
    #[default]
    Open,
    /// Submitted.
    Waiting {
        /// When.
        at: UtcMillis,
        /// The name of whoever did.
        by: String,
        /// Exactly which dates, stages and bookings.
        hash: Digest,
        /// Whether bookings that reach no screen yet are meant.
        unreached: Unreached,
    },
    /// Sent back.
    Returned {
        /// When.
        at: UtcMillis,
        /// The name of the reviewer.
        by: String,
        /// Why.
        reason: String,
    },
}

/// What people do with a campaign, as its history tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CampaignStep)]
pub enum LifeStep {
    /// 提交审核.
    Submit,
    /// 审核通过并发布.
    Approve,
    /// 退回.
    Reject,
    /// 修改: told only where it voided a review.
    Edit,
    /// 撤下.
    Withdraw,
    /// 发布: before campaigns were reviewed.
    Publish,
}

/// One line of a campaign's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifeStepTaken {
    /// When.
    pub at: UtcMillis,
    /// The name of whoever took it.
    pub by: String,
    /// What.
    pub step: LifeStep,
    /// The revision that an approval made.
    pub revision: Option<i64>,
    /// Exactly which dates, stages and bookings, where a review was asked for or given.
    pub hash: Option<Digest>,
    /// Why, for a rejection.
    pub reason: Option<String>,
}

/// What was published last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number, from 1.
    pub number: i64,
    /// When.
    pub at: UtcMillis,
    /// The name of whoever approved it.
    pub by: String,
    /// First local day.
    pub starts: NaiveDate,
    /// Last local day.
    pub ends: NaiveDate,
    /// The bookings, with the stages of that time.
    pub bookings: Vec<Booking>,
}

impl Campaign {
    /// Where it stands on a day.
    pub fn standing(&self, today: NaiveDate) -> Standing {
        let waiting = matches!(self.review, Review::Waiting { .. });
        match (self.state, &self.published) {
            (CampaignState::Published, published) => {
                let (starts, ends) = published.as_ref().map_or((self.starts, self.ends), |r| (r.starts, r.ends));
                match () {
                    () if today < starts => Standing::Approved,
                    () if today > ends => Standing::Ended,
                    () => Standing::Running,
                }
            }
            (CampaignState::Draft | CampaignState::Withdrawn, _) if waiting => Standing::InReview,
            (CampaignState::Draft, _) => Standing::Draft,
            (CampaignState::Withdrawn, _) => Standing::Withdrawn,
        }
    }

    /// The digest that a review is bound to.
    pub fn hash(&self) -> Digest {
        // Never reorder: reviews that wait name this digest.
        let fields = json!(["xuanping campaign 1", self.starts, self.ends, self.stages, self.bookings]);
        Digest::of(fields.to_string().as_bytes())
    }

    /// Whether its draft is other than what was published last.
    pub fn has_changed(&self) -> bool {
        self.published
            .as_ref()
            .is_none_or(|r| (r.starts, r.ends, &r.bookings) != (self.starts, self.ends, &self.bookings))
    }

    /// Notes an edit, which voids a review.
    pub(super) fn edited(&mut self, by: &Actor, now: UtcMillis) -> Option<LifeStepTaken> {
        self.hands.extend(by.account());
        self.updated_at = now;
        let voided = matches!(self.review, Review::Waiting { .. });
        // What a reviewer wrote stays to be read until the campaign is submitted again.
        if voided {
            self.review = Review::Open;
        }
        voided.then(|| step(LifeStep::Edit, by, now))
    }

    /// Asks for a review of what is there now.
    pub(super) fn submit(
        &mut self,
        unreached: Unreached,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<LifeStepTaken, CampaignError> {
        if matches!(self.review, Review::Waiting { .. }) {
            return Err(CampaignError::AlreadyInReview);
        }
        if self.state == CampaignState::Published && !self.has_changed() {
            return Err(CampaignError::NothingNew);
        }
        let hash = self.hash();
        self.hands.extend(by.account());
        self.review = Review::Waiting { at: now, by: by.name().to_owned(), hash, unreached };
        Ok(LifeStepTaken { hash: Some(hash), ..step(LifeStep::Submit, by, now) })
    }

    /// Approves what a reviewer saw; answers what it is about to be published under.
    pub(super) fn approve(
        &mut self,
        seen: Digest,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<(i64, LifeStepTaken), CampaignError> {
        let hash = self.seen_in_review(seen)?;
        let reviewer = by.account().ok_or(CampaignError::NotAPerson)?;
        if self.hands.contains(&reviewer) {
            return Err(CampaignError::OwnWork);
        }
        let number = self.published.as_ref().map_or(0, |revision| revision.number) + 1;
        self.state = CampaignState::Published;
        self.review = Review::Open;
        self.hands.clear();
        self.updated_at = now;
        self.published = Some(Revision {
            number,
            at: now,
            by: by.name().to_owned(),
            starts: self.starts,
            ends: self.ends,
            bookings: self.bookings.clone(),
        });
        let taken = LifeStepTaken { hash: Some(hash), revision: Some(number), ..step(LifeStep::Approve, by, now) };
        Ok((number, taken))
    }

    /// Sends back what a reviewer saw.
    pub(super) fn reject(
        &mut self,
        seen: Digest,
        reason: &str,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<LifeStepTaken, CampaignError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(CampaignError::Reason);
        }
        let hash = self.seen_in_review(seen)?;
        by.account().ok_or(CampaignError::NotAPerson)?;
        self.review = Review::Returned { at: now, by: by.name().to_owned(), reason: reason.to_owned() };
        let reason = Some(reason.to_owned());
        Ok(LifeStepTaken { hash: Some(hash), reason, ..step(LifeStep::Reject, by, now) })
    }

    /// Takes it off the walls. A review that waits is void: what was taken off does not come back by itself.
    pub(super) fn withdraw(&mut self, by: &Actor, now: UtcMillis) -> Result<LifeStepTaken, CampaignError> {
        if self.state != CampaignState::Published {
            return Err(CampaignError::NotPublished);
        }
        self.state = CampaignState::Withdrawn;
        if matches!(self.review, Review::Waiting { .. }) {
            self.review = Review::Open;
        }
        Ok(step(LifeStep::Withdraw, by, now))
    }

    /// What waits for a review, if it is what the reviewer saw.
    fn seen_in_review(&self, seen: Digest) -> Result<Digest, CampaignError> {
        let now = self.hash();
        if seen != now {
            return Err(CampaignError::EditedMeanwhile);
        }
        match &self.review {
            Review::Waiting { hash, .. } if *hash == now => Ok(now),
            Review::Waiting { .. } => Err(CampaignError::EditedMeanwhile),
            Review::Open | Review::Returned { .. } => Err(CampaignError::NotInReview),
        }
    }
}

fn step(step: LifeStep, by: &Actor, at: UtcMillis) -> LifeStepTaken {
    LifeStepTaken { at, by: by.name().to_owned(), step, revision: None, hash: None, reason: None }
}

#[cfg(test)]
mod tests;
