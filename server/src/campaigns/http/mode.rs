//! How often, as it comes over the wire: any number is read, so that a number out of range is refused with its field.

use serde::Deserialize;
use utoipa::ToSchema;
use xuanping_core::{
    campaign::{EventTrigger, FixedTimes, Guarantee, Mode, Period, QuotaForm},
    recurrence::TimeOfDay,
};

use crate::campaigns::CampaignError;

/// How often.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ModeForm {
    /// A share of the airtime.
    Share {
        /// 1 to 100, relative to the other bookings on air at the same time.
        weight: u32,
    },
    /// So often in any hour, never further apart; at least one of both.
    Guarantee {
        /// 1 to 360.
        per_hour: Option<u32>,
        /// 1 to 1440, from start to start.
        max_gap_minutes: Option<u32>,
    },
    /// At these local times.
    Fixed {
        /// 1 to 24 different ones.
        times: Vec<TimeOfDay>,
    },
    /// Once at each event.
    Event {
        /// Which.
        trigger: EventTrigger,
    },
    /// So many showings in a period.
    Quota {
        /// 1 to 1000.
        plays: u32,
        /// In each.
        per: Period,
    },
    /// Where no share plays.
    Filler {},
}

impl TryFrom<ModeForm> for Mode {
    type Error = CampaignError;

    fn try_from(form: ModeForm) -> Result<Self, CampaignError> {
        // What does not fit the number is out of range: zero says so.
        let small = |number: u32| u16::try_from(number).unwrap_or(0);
        Ok(match form {
            ModeForm::Share { weight } => Mode::Share { weight: u8::try_from(weight).unwrap_or(0).try_into()? },
            ModeForm::Guarantee { per_hour, max_gap_minutes } => {
                Mode::Guarantee(Guarantee::checked(per_hour.map(small), max_gap_minutes.map(small))?)
            }
            ModeForm::Fixed { times } => Mode::Fixed { times: FixedTimes::try_from(times)? },
            ModeForm::Event { trigger } => Mode::Event { trigger },
            ModeForm::Quota { plays, per } => Mode::Quota(QuotaForm { plays: small(plays), per }.try_into()?),
            ModeForm::Filler {} => Mode::Filler {},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(form: &str) -> CampaignError {
        let form: ModeForm = serde_json::from_str(form).unwrap();
        Mode::try_from(form).unwrap_err()
    }

    #[test]
    fn what_is_out_of_range_is_refused_by_its_field() {
        for weight in [0, 101, 300] {
            let form = format!(r#"{{"share":{{"weight":{weight}}}}}"#);
            assert!(matches!(refused(&form), CampaignError::Weight(_)));
        }
        assert!(matches!(refused(r#"{"guarantee":{}}"#), CampaignError::Guarantee(_)));
        assert!(matches!(refused(r#"{"guarantee":{"per_hour":70000}}"#), CampaignError::Guarantee(_)));
        assert!(matches!(refused(r#"{"guarantee":{"max_gap_minutes":0}}"#), CampaignError::Guarantee(_)));
        assert!(matches!(refused(r#"{"fixed":{"times":[]}}"#), CampaignError::FixedTimes(_)));
        assert!(matches!(refused(r#"{"quota":{"plays":0,"per":"month"}}"#), CampaignError::Quota(_)));
    }
}
