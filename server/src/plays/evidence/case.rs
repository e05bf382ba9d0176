//! Pictures for a look-back: what the walls around a case really showed in the days before it.

use serde::Serialize;
use utoipa::ToSchema;
use xuanping_core::{
    id::ScreenId,
    recurrence::day_of,
    time::{UtcInterval, UtcMillis},
};

use super::{
    super::{PlayError, Plays, exposure::Case, store},
    Shown,
};
use crate::{accounts::Principal, screens::ScreenError};

/// Screens whose pictures are looked for, and pictures that are looked at and shown of each: one look into the signed batches
/// of a day for each of them.
const MOST_SCREENS: usize = 6;
const LOOKED_AT: usize = 4;
const SHOWN: usize = 2;

/// A picture of a screen around a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CasePicture {
    /// Which screen.
    pub screen: ScreenId,
    /// Its name.
    pub screen_name: String,
    /// Where it hangs.
    pub venue_name: String,
    /// IANA zone its times are read in.
    pub timezone: String,
    /// Whether it is proven to show a warning of the case's kind (or any warning, if the case has none).
    pub matches: bool,
    /// The picture.
    pub picture: Shown,
}

impl Plays {
    /// Pictures of the screens that showed most of a case's kind, in its days: those that are proven to show some first, then
    /// the newest.
    pub async fn case_pictures(&self, case: &Case, who: &Principal) -> Result<Vec<CasePicture>, PlayError> {
        let (exposure, names) = self.exposure(case, &who.scope).await?;
        let of_kind = |picture: &Shown| {
            picture.proof.is_some_and(|proof| {
                let kind = names.creative(proof.creative).map(|creative| creative.fraud_type);
                proof.believed && case.fraud_type.is_none_or(|wanted| kind == Some(wanted))
            })
        };
        let mut all = Vec::new();
        for line in exposure.screens.iter().take(MOST_SCREENS) {
            let screen = match self.seen_by(line.screen, who).await {
                Ok(screen) => screen,
                // It hung there then, and hangs elsewhere now.
                Err(PlayError::Screens(ScreenError::OutOfScope)) => continue,
                Err(error) => return Err(error),
            };
            let timezone = screen.timezone.parse().unwrap_or(chrono_tz::Tz::Asia__Shanghai);
            let start = day_of(case.first_day(), timezone).start;
            let days = UtcInterval { start, end: day_of(case.date, timezone).end.max(start) };
            let taken = store::evidence::newest_within(&self.db, screen.id, days, LOOKED_AT).await?;
            let mut some = Vec::new();
            for picture in taken {
                let picture = self.proven(&screen, picture).await?;
                some.push(CasePicture {
                    screen: screen.id,
                    screen_name: screen.name.clone(),
                    venue_name: screen.venue.name.clone(),
                    timezone: screen.timezone.clone(),
                    matches: of_kind(&picture),
                    picture,
                });
            }
            some.sort_by_key(by_worth);
            some.truncate(SHOWN);
            all.extend(some);
        }
        all.sort_by_key(by_worth);
        Ok(all)
    }
}

fn by_worth(picture: &CasePicture) -> (bool, std::cmp::Reverse<UtcMillis>) {
    (!picture.matches, std::cmp::Reverse(picture.picture.taken))
}
