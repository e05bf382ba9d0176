//! What was promised: campaigns with their bookings, whom they reach, and takeovers.
//!
//! A campaign is edited as a draft; approving it freezes its bookings into an insert-only revision, and only revisions are
//! planned. So an editor at work never changes what is on the walls, and nothing gets there that one person alone wanted.

mod bookings;
mod copying;
pub mod http;
mod lifecycle;
mod publishing;
mod reach;
mod selectors;
mod store;
mod takeovers;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use xuanping_core::{
    campaign::{Booking, InvalidFixedTimes, InvalidGuarantee, InvalidQuota, InvalidStages, InvalidWeight, Stage},
    id::{AccountId, BookingId, CampaignId, CreativeId, TakeoverId},
    recurrence::InvalidSchedule,
    time::UtcMillis,
};

pub use bookings::BookingDraft;
pub use lifecycle::{CampaignState, LONGEST_REASON, LifeStep, LifeStepTaken, Review, Revision, Standing};
pub use reach::{EmptyHanded, Reach, Reached, facts_of};
pub use takeovers::{NewTakeover, TakeoverOrder};

use crate::{
    accounts::{
        Actor,
        audit::{self, Outcome},
    },
    content::{Content, ContentError},
    db::{Db, DbError},
    entropy::{self, NoEntropy},
    jobs::Jobs,
    screens::{ScreenError, Screens},
};

/// Job left when what is promised has changed. Key: `all`. The same job that content leaves.
pub use crate::content::REPLAN;

/// The campaigns of this server. Cheap to clone.
#[derive(Clone)]
pub struct Campaigns {
    db: Db,
    jobs: Jobs,
    screens: Screens,
    content: Content,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub goal: String,
    /// Code of the department that answers for it.
    pub owner_department: String,
    /// First local day.
    pub starts: NaiveDate,
    /// Last local day.
    pub ends: NaiveDate,
    /// Its stages, in their order.
    pub stages: Vec<Stage>,
    /// What of it is planned.
    pub state: CampaignState,
    /// How far the reviewing of its draft is.
    pub review: Review,
    /// Everybody who edited or submitted it since it was last published: none of them can approve it.
    pub hands: BTreeSet<AccountId>,
    /// Who made it.
    pub author: String,
    /// Made.
    pub created_at: UtcMillis,
    /// Last edited.
    pub updated_at: UtcMillis,
    /// What was published last.
    pub published: Option<Revision>,
    /// The bookings as they are being edited, in their order.
    pub bookings: Vec<Booking>,
}

/// What a campaign is called and when it is.
#[derive(Debug, Clone)]
pub struct CampaignDraft {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub goal: String,
    /// Code of the department that answers for it.
    pub owner_department: String,
    /// First local day.
    pub starts: NaiveDate,
    /// Last local day.
    pub ends: NaiveDate,
    /// Its stages, in their order.
    pub stages: Vec<Stage>,
}

/// The most stages of a campaign: four kinds, each of them thrice.
const MOST_STAGES: usize = 12;

/// What to do about bookings that reach no screen yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreached {
    /// Refuse, naming the booking: most likely a mistake.
    Refuse,
    /// Publish all the same: screens that are enrolled later join by themselves.
    Allow,
}

/// What publishing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The revision.
    pub revision: i64,
    /// How many screens it reaches.
    pub screens: usize,
}

/// Why something about a campaign is refused.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// There is no such campaign.
    #[error("no such campaign")]
    UnknownCampaign,
    /// There is no such booking.
    #[error("no such booking")]
    UnknownBooking,
    /// There is no such takeover.
    #[error("no such takeover")]
    UnknownTakeover,
    /// Empty or too long.
    #[error("{0} is empty or too long")]
    Text(&'static str),
    /// The end is before the start.
    #[error("the campaign ends before it starts")]
    Inverted,
    /// No such department.
    #[error("no such department")]
    UnknownDepartment,
    /// A booking's schedule.
    #[error(transparent)]
    Schedule(#[from] InvalidSchedule),
    /// A booking's days lie outside the campaign's.
    #[error("the booking's days lie outside the campaign's")]
    OutsideCampaign,
    /// The weight is not 1..=100.
    #[error(transparent)]
    Weight(#[from] InvalidWeight),
    /// A guarantee of nothing, or beyond what can be promised.
    #[error(transparent)]
    Guarantee(#[from] InvalidGuarantee),
    /// Fixed times that are none, too many or twice the same.
    #[error(transparent)]
    FixedTimes(#[from] InvalidFixedTimes),
    /// A quota of nothing or of too much.
    #[error(transparent)]
    Quota(#[from] InvalidQuota),
    /// The most showings on a day are not 1..=10,000.
    #[error("the most showings on a day are not 1..=10000")]
    Cap,
    /// A most of showings a day for what is promised before every show.
    #[error("what is shown before every show cannot be capped")]
    CappedEvent,
    /// A booking without creatives.
    #[error("no creatives")]
    NoCreatives,
    /// A creative that does not exist.
    #[error("no such creative: {0}")]
    UnknownCreative(CreativeId),
    /// A list that is longer than anybody needs.
    #[error("{field} has more than {most} entries")]
    TooMany {
        /// Which list, as a JSON path.
        field: &'static str,
        /// How many it may have.
        most: usize,
    },
    /// A selector names an area or a department that there is not.
    #[error("{0} names what there is not")]
    UnknownPlace(&'static str),
    /// A selector names a tag that no screen can have.
    #[error("{0} names what can be no tag")]
    BadTag(&'static str),
    /// The stages.
    #[error(transparent)]
    Stages(#[from] InvalidStages),
    /// A date that no calendar has.
    #[error("there is no such day")]
    NoSuchDay,
    /// Somebody edited the campaign since it was looked at.
    #[error("the campaign was edited meanwhile")]
    EditedMeanwhile,
    /// It waits for a reviewer already.
    #[error("the campaign is in review already")]
    AlreadyInReview,
    /// Nobody has submitted it.
    #[error("the campaign is not in review")]
    NotInReview,
    /// It is what is on the walls.
    #[error("nothing changed since the campaign was published")]
    NothingNew,
    /// The reviewer had a hand in it.
    #[error("whoever edited or submitted a campaign cannot approve it")]
    OwnWork,
    /// Only a person reviews.
    #[error("only a person can review")]
    NotAPerson,
    /// A rejection says why, at no great length.
    #[error("a rejection needs a reason, of {LONGEST_REASON} characters at most")]
    Reason,
    /// Nothing to publish.
    #[error("the campaign has no bookings")]
    NoBookings,
    /// Creatives that may not go on air.
    #[error("creatives are not approved: {}", titles.join(", "))]
    NotApproved {
        /// Their titles.
        titles: Vec<String>,
    },
    /// A booking that reaches nobody.
    #[error("booking {name} reaches no screen")]
    NoScreens {
        /// Which, by name; empty for a takeover.
        name: String,
    },
    /// A booking of whose screens none can show any of its creatives.
    #[error("booking {name} has nothing that its screens can show")]
    NothingPlayable {
        /// Which, by name.
        name: String,
    },
    /// The campaign has ended.
    #[error("the campaign has ended")]
    Over,
    /// It is not published.
    #[error("the campaign is not published")]
    NotPublished,
    /// The expiry is not 1 minute to 24 hours away.
    #[error("a takeover lasts 1 minute to 24 hours")]
    Expiry,
    /// Already withdrawn or expired.
    #[error("the takeover is over")]
    TakeoverOver,
    /// Screens.
    #[error(transparent)]
    Screens(#[from] ScreenError),
    /// Content.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl Campaigns {
    /// The campaigns in this database.
    pub fn new(db: Db, jobs: Jobs, screens: Screens, content: Content) -> Self {
        Self { db, jobs, screens, content }
    }

    /// All campaigns, the newest first.
    pub async fn list(&self) -> Result<Vec<Campaign>, CampaignError> {
        Ok(store::list(&self.db).await?)
    }

    /// One campaign.
    pub async fn get(&self, id: CampaignId) -> Result<Campaign, CampaignError> {
        store::get(&self.db, id).await?.ok_or(CampaignError::UnknownCampaign)
    }

    /// Makes a campaign.
    pub async fn create(&self, draft: CampaignDraft, by: &Actor, now: UtcMillis) -> Result<Campaign, CampaignError> {
        let campaign = self.drafted(draft, by, now).await?;
        let mut tx = self.db.begin().await?;
        store::insert(&mut tx, &campaign).await?;
        let details = serde_json::json!({ "id": campaign.id });
        audit::record(&mut tx, by, "campaigns.create", &campaign.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// A campaign that is nowhere stored yet.
    async fn drafted(&self, draft: CampaignDraft, by: &Actor, now: UtcMillis) -> Result<Campaign, CampaignError> {
        let draft = self.checked(draft).await?;
        Ok(Campaign {
            id: CampaignId::new(entropy::uuid(now)?),
            name: draft.name,
            goal: draft.goal,
            owner_department: draft.owner_department,
            starts: draft.starts,
            ends: draft.ends,
            stages: draft.stages,
            state: CampaignState::Draft,
            review: Review::Open,
            hands: by.account().into_iter().collect(),
            author: by.name().to_owned(),
            created_at: now,
            updated_at: now,
            published: None,
            bookings: Vec::new(),
        })
    }

    /// Changes what a campaign is called and when it is. Dates and stages take effect with the next publishing.
    pub async fn update(
        &self,
        id: CampaignId,
        draft: CampaignDraft,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Campaign, CampaignError> {
        let draft = self.checked(draft).await?;
        let mut tx = self.db.begin().await?;
        let mut campaign = store::get_alone(&mut tx, id).await?.ok_or(CampaignError::UnknownCampaign)?;
        campaign.name = draft.name;
        campaign.goal = draft.goal;
        campaign.owner_department = draft.owner_department;
        campaign.starts = draft.starts;
        campaign.ends = draft.ends;
        campaign.set_stages(draft.stages);
        if campaign.bookings.iter().any(|b| !campaign.covers(b)) {
            return Err(CampaignError::OutsideCampaign);
        }
        if let Some(voided) = campaign.edited(by, now) {
            store::insert_step(&mut tx, id, &voided).await?;
        }
        store::update(&mut tx, &campaign).await?;
        let details = serde_json::json!({ "id": id });
        audit::record(&mut tx, by, "campaigns.update", &campaign.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    async fn checked(&self, mut draft: CampaignDraft) -> Result<CampaignDraft, CampaignError> {
        draft.name = draft.name.trim().to_owned();
        if draft.name.is_empty() || draft.name.chars().count() > 60 {
            return Err(CampaignError::Text("name"));
        }
        if draft.goal.chars().count() > 500 {
            return Err(CampaignError::Text("goal"));
        }
        if draft.ends < draft.starts {
            return Err(CampaignError::Inverted);
        }
        if draft.stages.len() > MOST_STAGES {
            return Err(CampaignError::TooMany { field: "stages", most: MOST_STAGES });
        }
        Stage::check_list(&draft.stages, draft.starts, draft.ends)?;
        let departments = self.screens.departments().await?;
        if !departments.iter().any(|d| d.code == draft.owner_department) {
            return Err(CampaignError::UnknownDepartment);
        }
        Ok(draft)
    }

    /// The bookings to be planned: the newest revisions of all published campaigns.
    pub async fn in_force(&self) -> Result<Vec<Booking>, CampaignError> {
        Ok(store::in_force(&self.db).await?)
    }

    /// When a booking was published for the first time; none: never.
    pub async fn first_published(&self, booking: &Booking) -> Result<Option<UtcMillis>, CampaignError> {
        Ok(store::first_published(&self.db, booking).await?)
    }

    /// Names for the bookings and campaigns of every revision ever published, and of takeovers: for records and reports.
    pub async fn names(&self) -> Result<Vec<BookingNames>, CampaignError> {
        Ok(store::names(&self.db).await?)
    }
}

impl Campaign {
    /// Gives it other stages; its bookings carry them to whoever plans.
    fn set_stages(&mut self, stages: Vec<Stage>) {
        for booking in &mut self.bookings {
            booking.stages.clone_from(&stages);
        }
        self.stages = stages;
    }

    /// Whether a booking's days lie within the campaign's.
    fn covers(&self, booking: &Booking) -> bool {
        let days = booking.schedule.recurrence();
        self.starts <= days.from && days.until.is_some_and(|until| until <= self.ends)
    }
}

/// What people call a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingNames {
    /// The booking, or a takeover under its id as booking.
    pub booking: BookingId,
    /// Its name.
    pub name: String,
    /// Its campaign, unless it is a takeover.
    pub campaign: Option<(CampaignId, String)>,
}

/// The id under which a takeover's plays are recorded.
pub fn booking_of(takeover: TakeoverId) -> BookingId {
    BookingId::new(takeover.uuid())
}
