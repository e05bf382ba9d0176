//! 复制为新活动: a new draft with the same goal, owner, stages and bookings, moved so that it begins on another day.

use chrono::{Days, NaiveDate};
use serde_json::json;
use xuanping_core::{
    campaign::{Booking, Stage},
    id::{BookingId, CampaignId},
    recurrence::{Schedule, ScheduleForm},
    time::UtcMillis,
};

use super::{Campaign, CampaignDraft, CampaignError, Campaigns, store};
use crate::{
    accounts::{
        Actor,
        audit::{self, Outcome},
    },
    entropy,
};

/// A move by so many days, forwards or back.
#[derive(Debug, Clone, Copy)]
struct Shift {
    days: Days,
    back: bool,
}

impl Shift {
    fn between(from: NaiveDate, to: NaiveDate) -> Self {
        let days = (to - from).num_days();
        Self { days: Days::new(days.unsigned_abs()), back: days < 0 }
    }

    fn date(self, date: NaiveDate) -> Result<NaiveDate, CampaignError> {
        let moved = if self.back { date.checked_sub_days(self.days) } else { date.checked_add_days(self.days) };
        moved.ok_or(CampaignError::NoSuchDay)
    }

    fn schedule(self, schedule: Schedule) -> Result<Schedule, CampaignError> {
        let form = ScheduleForm::from(schedule);
        let moved = ScheduleForm {
            from: self.date(form.from)?,
            until: form.until.map(|until| self.date(until)).transpose()?,
            ..form
        };
        Ok(Schedule::try_from(moved)?)
    }
}

impl Campaigns {
    /// Copies a campaign as it is being edited. The copy has nothing of the original's reviews, and is its copier's work.
    pub async fn copy(
        &self,
        id: CampaignId,
        name: String,
        starts: NaiveDate,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Campaign, CampaignError> {
        let original = self.get(id).await?;
        let shift = Shift::between(original.starts, starts);
        let stages = original
            .stages
            .iter()
            .map(|stage| Ok(Stage { from: shift.date(stage.from)?, until: shift.date(stage.until)?, ..*stage }));
        let draft = CampaignDraft {
            name,
            goal: original.goal,
            owner_department: original.owner_department,
            starts,
            ends: shift.date(original.ends)?,
            stages: stages.collect::<Result<_, CampaignError>>()?,
        };
        let mut copy = self.drafted(draft, by, now).await?;
        for booking in original.bookings {
            copy.bookings.push(Booking {
                id: BookingId::new(entropy::uuid(now)?),
                campaign: copy.id,
                schedule: shift.schedule(booking.schedule)?,
                stages: copy.stages.clone(),
                // Older bookings may have a cap that counts for nothing.
                most_per_day: booking.most_per_day.filter(|_| booking.mode.may_be_capped()),
                ..booking
            });
        }
        let mut tx = self.db.begin().await?;
        store::insert(&mut tx, &copy).await?;
        store::put_bookings(&mut tx, &copy).await?;
        let details = json!({ "id": copy.id, "from": id, "bookings": copy.bookings.len() });
        audit::record(&mut tx, by, "campaigns.copy", &copy.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(copy)
    }
}
