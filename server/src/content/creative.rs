//! 素材 and its life: draft → in review → approved or rejected → withdrawn. A review is bound to the exact content that was
//! reviewed; whoever wrote, changed or submitted it cannot be the one who approves it; any change voids the approval.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use xuanping_core::{
    digest::Digest,
    id::{AccountId, CreativeId},
    time::{Millis, UtcMillis},
    vocabulary::{CreativeKind, FraudType},
};

use crate::accounts::Actor;

/// Where a creative stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CreativeState)]
pub enum State {
    /// 草稿: being written.
    Draft,
    /// 待审: waiting for a reviewer.
    InReview,
    /// 已通过: may be shown.
    Approved,
    /// 已退回: a reviewer sent it back with a reason.
    Rejected,
    /// 已撤下: was approved and must not be shown any more.
    Withdrawn,
}

/// What people do with a creative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CreativeStep)]
pub enum Step {
    /// 新建.
    Create,
    /// 修改: voids any review.
    Edit,
    /// 提交审核.
    Submit,
    /// 审核通过.
    Approve,
    /// 退回.
    Reject,
    /// 撤下.
    Withdraw,
}

impl State {
    /// What an official calls it.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Draft => "草稿",
            Self::InReview => "待审",
            Self::Approved => "已通过",
            Self::Rejected => "已退回",
            Self::Withdrawn => "已撤下",
        }
    }

    /// The state after a step, if the step is possible here.
    pub const fn after(self, step: Step) -> Result<Self, StepRefusal> {
        match (self, step) {
            (_, Step::Edit) | (Self::Draft, Step::Create) => Ok(Self::Draft),
            // What was withdrawn is reviewed again before it is used again (重播重审).
            (Self::Draft | Self::Rejected | Self::Withdrawn, Step::Submit) => Ok(Self::InReview),
            (Self::InReview, Step::Approve) => Ok(Self::Approved),
            (Self::InReview, Step::Reject) => Ok(Self::Rejected),
            (Self::Approved, Step::Withdraw) => Ok(Self::Withdrawn),
            _ => Err(StepRefusal::WrongState { state: self, step }),
        }
    }
}

impl Step {
    /// What an official calls it.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Create => "新建",
            Self::Edit => "修改",
            Self::Submit => "提交审核",
            Self::Approve => "审核通过",
            Self::Reject => "退回",
            Self::Withdraw => "撤下",
        }
    }
}

/// Why a step is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepRefusal {
    /// Not possible in this state.
    #[error("{step:?} is not possible while {state:?}")]
    WrongState {
        /// Where it stands.
        state: State,
        /// What was asked.
        step: Step,
    },
    /// The reviewer had a hand in it.
    #[error("whoever wrote, changed or submitted a creative cannot review it")]
    OwnWork,
    /// The content is not what the reviewer saw.
    #[error("the content changed since it was looked at")]
    ContentChanged,
    /// A rejection says why.
    #[error("a rejection needs a reason")]
    NoReason,
    /// Only a person reviews.
    #[error("only a person can review")]
    NotAPerson,
}

/// What a creative says and shows: everything that a review covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What it is.
    pub kind: CreativeKind,
    /// What people call it.
    pub title: String,
    /// What it warns of.
    pub fraud_type: FraudType,
    /// A slogan's text.
    pub text: Option<String>,
    /// Any other's file.
    pub upload: Option<Digest>,
    /// How long one showing lasts. For a slogan the least that it stands; how long it scrolls, its rendition says.
    pub duration: Millis,
    /// First local day on which it may be shown.
    pub valid_from: Option<NaiveDate>,
    /// Last local day on which it may be shown.
    pub valid_until: Option<NaiveDate>,
    /// How a poster is fitted into a zone of another shape.
    pub fit: Fit,
}

/// How a poster is fitted into a zone of another shape. Shapes that are nearly alike fill the zone with any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PosterFit)]
pub enum Fit {
    /// 完整显示: all of it, on a ground that goes on in the colour of its edge.
    #[default]
    Whole,
    /// 裁切铺满: fills the zone; what is over is cut off evenly.
    Fill,
    /// 拉伸铺满: fills the zone with all of it, out of shape.
    Stretch,
}

impl Content {
    /// The digest that reviews are bound to.
    pub fn hash(&self) -> Digest {
        // Never reorder: stored reviews name this digest.
        let mut fields = serde_json::json!([
            "xuanping creative 1",
            self.kind,
            self.title,
            self.fraud_type,
            self.text,
            self.upload,
            self.duration,
            self.valid_from,
            self.valid_until,
        ]);
        // What is fitted as usual has the digest that it had before there was a choice.
        if let (Some(fields), true) = (fields.as_array_mut(), self.fit != Fit::default()) {
            fields.push(serde_json::json!(self.fit));
        }
        Digest::of(fields.to_string().as_bytes())
    }
}

/// A creative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creative {
    /// Its id.
    pub id: CreativeId,
    /// What it says and shows.
    pub content: Content,
    /// Where it stands.
    pub state: State,
    /// Grows with every change of any sort.
    pub revision: i64,
    /// The name of whoever made it.
    pub author: String,
    /// Everybody who ever wrote, changed or submitted it: none of them can approve it.
    pub hands: BTreeSet<AccountId>,
    /// When it was made.
    pub created_at: UtcMillis,
    /// When anything about it last changed.
    pub updated_at: UtcMillis,
}

/// One line of a creative's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTaken {
    /// When.
    pub at: UtcMillis,
    /// The name of whoever took it.
    pub by: String,
    /// What.
    pub step: Step,
    /// Where it stood before.
    pub from: State,
    /// Where it stood afterwards.
    pub to: State,
    /// Exactly which content.
    pub content_hash: Digest,
    /// Why, for a rejection.
    pub reason: Option<String>,
}

impl Creative {
    /// Takes a step, or says why not. `seen` is the hash of the content that a reviewer looked at, where that is known.
    pub fn take(
        &mut self,
        step: Step,
        by: &Actor,
        reason: Option<String>,
        seen: Option<Digest>,
        now: UtcMillis,
    ) -> Result<StepTaken, StepRefusal> {
        let from = self.state;
        let to = from.after(step)?;
        let content_hash = self.content.hash();
        if matches!(step, Step::Approve | Step::Reject) {
            if seen.is_some_and(|seen| seen != content_hash) {
                return Err(StepRefusal::ContentChanged);
            }
            let reviewer = by.account().ok_or(StepRefusal::NotAPerson)?;
            if step == Step::Approve && self.hands.contains(&reviewer) {
                return Err(StepRefusal::OwnWork);
            }
        }
        let reason = reason.map(|r| r.trim().to_owned()).filter(|r| !r.is_empty());
        if step == Step::Reject && reason.is_none() {
            return Err(StepRefusal::NoReason);
        }
        if matches!(step, Step::Create | Step::Edit | Step::Submit) {
            self.hands.extend(by.account());
        }
        self.state = to;
        self.revision += 1;
        self.updated_at = now;
        Ok(StepTaken { at: now, by: by.name().to_owned(), step, from, to, content_hash, reason })
    }

    /// Changes the content, which makes it a draft again.
    pub fn edit(&mut self, content: Content, by: &Actor, now: UtcMillis) -> Result<StepTaken, StepRefusal> {
        self.content = content;
        self.take(Step::Edit, by, None, None, now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn person(n: u128) -> Actor {
        Actor::Person { id: id(n), name: format!("{n}") }
    }

    fn id(n: u128) -> AccountId {
        AccountId::new(Uuid::from_u128(n))
    }

    fn draft() -> Creative {
        Creative {
            id: CreativeId::new(Uuid::from_u128(7)),
            content: Content {
                kind: CreativeKind::Slogan,
                title: "不转账".into(),
                fraud_type: FraudType::General,
                text: Some("不转账".into()),
                upload: None,
                duration: Millis(6000),
                valid_from: None,
                valid_until: None,
                fit: Fit::Whole,
            },
            state: State::Draft,
            revision: 1,
            hands: [id(1)].into(),
            author: "1".into(),
            created_at: UtcMillis(0),
            updated_at: UtcMillis(0),
        }
    }

    fn take(creative: &mut Creative, step: Step, by: u128) -> Result<StepTaken, StepRefusal> {
        creative.take(step, &person(by), Some("改".into()), None, UtcMillis(1))
    }

    #[test]
    fn the_whole_life_of_a_creative() {
        let mut c = draft();
        take(&mut c, Step::Submit, 1).unwrap();
        assert_eq!(take(&mut c, Step::Reject, 2).unwrap().to, State::Rejected);
        take(&mut c, Step::Submit, 1).unwrap();
        let approved = take(&mut c, Step::Approve, 2).unwrap();
        assert_eq!((approved.to, approved.content_hash), (State::Approved, c.content.hash()));
        assert_eq!(take(&mut c, Step::Withdraw, 2).unwrap().to, State::Withdrawn);
        assert_eq!(take(&mut c, Step::Submit, 1).unwrap().to, State::InReview, "re-use means another review");
    }

    #[test]
    fn nobody_approves_what_they_wrote_changed_or_submitted() {
        let mut c = draft();
        c.edit(c.content.clone(), &person(2), UtcMillis(1)).unwrap();
        take(&mut c, Step::Submit, 3).unwrap();
        for by in [1, 2, 3] {
            assert_eq!(take(&mut c, Step::Approve, by), Err(StepRefusal::OwnWork), "{by}");
        }
        assert!(take(&mut c, Step::Approve, 4).is_ok());
    }

    #[test]
    fn a_review_is_of_the_content_that_was_seen() {
        let mut c = draft();
        let seen = c.content.hash();
        let content = Content { title: "别转账".into(), ..c.content.clone() };
        c.edit(content, &person(1), UtcMillis(1)).unwrap();
        take(&mut c, Step::Submit, 1).unwrap();
        let stale = c.take(Step::Approve, &person(2), None, Some(seen), UtcMillis(2));
        assert_eq!(stale, Err(StepRefusal::ContentChanged));
        let hash = c.content.hash();
        assert!(c.take(Step::Approve, &person(2), None, Some(hash), UtcMillis(2)).is_ok());
    }

    #[test]
    fn only_a_person_reviews() {
        let mut c = draft();
        take(&mut c, Step::Submit, 1).unwrap();
        let by_nobody = c.take(Step::Approve, &Actor::CommandLine, None, None, UtcMillis(2));
        assert_eq!(by_nobody, Err(StepRefusal::NotAPerson));
    }

    #[test]
    fn an_edit_voids_an_approval_and_a_rejection_needs_a_reason() {
        let mut c = draft();
        take(&mut c, Step::Submit, 1).unwrap();
        assert_eq!(c.take(Step::Reject, &person(2), Some("  ".into()), None, UtcMillis(2)), Err(StepRefusal::NoReason));
        take(&mut c, Step::Approve, 2).unwrap();
        c.edit(c.content.clone(), &person(1), UtcMillis(3)).unwrap();
        assert_eq!(c.state, State::Draft);
    }

    #[test]
    fn every_part_of_the_content_is_under_the_hash() {
        let base = draft().content;
        let day = NaiveDate::from_ymd_opt(2026, 5, 1);
        let changed = [
            Content { kind: CreativeKind::Poster, ..base.clone() },
            Content { title: "x".into(), ..base.clone() },
            Content { fraud_type: FraudType::FakeLoan, ..base.clone() },
            Content { text: Some("x".into()), ..base.clone() },
            Content { upload: Some(Digest::ZERO), ..base.clone() },
            Content { duration: Millis(1), ..base.clone() },
            Content { valid_from: day, ..base.clone() },
            Content { valid_until: day, ..base.clone() },
            Content { fit: Fit::Fill, ..base.clone() },
            Content { fit: Fit::Stretch, ..base.clone() },
        ];
        let hashes: std::collections::BTreeSet<_> = changed.iter().map(Content::hash).chain([base.hash()]).collect();
        assert_eq!(hashes.len(), changed.len() + 1);
    }

    proptest! {
        /// Whatever people try, in whatever order: what is approved was approved by a third person, as it now is.
        #[test]
        fn nothing_is_ever_approved_by_somebody_with_a_hand_in_it(tries in prop::collection::vec((0_usize..6, 1_u128..4), 1..40)) {
            let mut c = draft();
            let mut hands = vec![id(1)];
            for (step, by) in tries {
                let step = [Step::Edit, Step::Submit, Step::Approve, Step::Reject, Step::Withdraw, Step::Create][step];
                let before = c.clone();
                let Ok(taken) = take(&mut c, step, by) else {
                    prop_assert_eq!(before, c.clone(), "a refused step changes nothing");
                    continue;
                };
                if matches!(step, Step::Create | Step::Edit | Step::Submit) {
                    hands.push(id(by));
                }
                if c.state == State::Approved {
                    prop_assert_eq!(step, Step::Approve);
                    prop_assert!(!hands.contains(&id(by)));
                    prop_assert_eq!(taken.content_hash, c.content.hash());
                }
            }
        }
    }
}
