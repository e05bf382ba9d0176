//! What bookings come to on screens of one look: which creatives are given in which rendition, and why the others are not.

use std::collections::{BTreeSet, HashMap};

use chrono_tz::Tz;
use xuanping_core::{
    campaign::{Booking, CreativeFacts, ScreenFacts, Stage, Surface, Unplayable},
    geometry::{Size, ZoneName},
    id::CreativeId,
    planner::Look,
    playlist::{Programme, ProgrammeBooking, ProgrammeItem},
    recurrence::OpeningHours,
    time::{DateRange, UtcMillis},
};

use super::{COUNTY_ZONE, PlaylistError, Playlists, arrears};
use crate::{
    content::{Creative, Given, NoRendition, ScreenClass, State},
    screens::Candidate,
};

/// Creatives and what screens are given of them, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    creatives: HashMap<CreativeId, Creative>,
    given: Given,
}

impl Playlists {
    /// Reads what these creatives come to on such surfaces.
    pub(super) async fn facts(
        &self,
        creatives: impl Iterator<Item = CreativeId> + Send,
        surfaces: impl Iterator<Item = Surface<'_>> + Send,
        now: UtcMillis,
    ) -> Result<Facts, PlaylistError> {
        let classes: BTreeSet<ScreenClass> = surfaces.flat_map(classes).collect();
        let ids: BTreeSet<CreativeId> = creatives.collect();
        let creatives = self.content.creatives(&ids.into_iter().collect::<Vec<_>>()).await?;
        let creatives = creatives.into_iter().map(|creative| (creative.id, creative)).collect();
        let given = self.content.given(&classes.into_iter().collect::<Vec<_>>(), &creatives, now).await?;
        Ok(Facts { creatives, given })
    }
}

/// The classes of a surface's zones.
pub(super) fn classes(surface: Surface<'_>) -> impl Iterator<Item = ScreenClass> {
    surface.zones.iter().map(move |zone| ScreenClass { kind: surface.kind, zone: zone.name, size: zone.rect.size() })
}

/// How a screen looks to whoever plans.
pub(super) fn look(facts: &ScreenFacts, timezone: &str, opening: &OpeningHours) -> Look {
    Look {
        kind: facts.kind,
        zones: facts.zones.clone(),
        clips: facts.clips,
        timezone: timezone.to_owned(),
        opening: opening.clone(),
        missed: std::collections::BTreeMap::new(),
    }
}

/// The same of a screen in service.
pub(super) fn look_of(screen: &Candidate) -> Look {
    look(&screen.facts, &screen.timezone, &screen.opening)
}

/// A zone by name; the county's if there is none of that name.
pub(super) fn zone_of(name: &str) -> Tz {
    name.parse().unwrap_or(COUNTY_ZONE)
}

impl Facts {
    /// A creative of this planning.
    pub(super) fn creative(&self, id: CreativeId) -> Option<&Creative> {
        self.creatives.get(&id)
    }

    /// What these bookings come to on screens of this look.
    pub(super) fn programme<'b>(&self, look: &Look, bookings: impl IntoIterator<Item = &'b Booking>) -> Programme {
        let bookings = bookings.into_iter().map(|booking| {
            let mut items = Vec::new();
            let mut left_out = Vec::new();
            for &id in &booking.creatives {
                match self.item(look.surface(), id) {
                    Ok(item) => items.push(item),
                    Err(why) => left_out.push((id, why)),
                }
            }
            ProgrammeBooking {
                booking: booking.id,
                mode: booking.mode.clone(),
                most_per_day: booking.most_per_day,
                intensity: intensity(booking),
                missed: 0,
                schedule: booking.schedule.clone(),
                items,
                left_out,
            }
        });
        let mut programme = Programme {
            timezone: zone_of(&look.timezone),
            zones: look.zones.clone(),
            opening: look.opening.clone(),
            bookings: bookings.collect(),
        };
        arrears::tell(&mut programme, &look.missed);
        programme
    }

    /// A creative as this screen shows it, or why it cannot.
    pub(super) fn item(&self, surface: Surface<'_>, id: CreativeId) -> Result<ProgrammeItem, Unplayable> {
        let creative = self.creatives.get(&id).ok_or(Unplayable::NotApproved)?;
        let about =
            CreativeFacts { creative: id, kind: creative.content.kind, approved: creative.state == State::Approved };
        self.item_in(surface, creative, surface.place(&about)?)
    }

    /// A creative as one zone of this screen shows it, wherever creatives of its kind usually go.
    pub(super) fn item_in(
        &self,
        surface: Surface<'_>,
        creative: &Creative,
        zone: ZoneName,
    ) -> Result<ProgrammeItem, Unplayable> {
        let id = creative.id;
        let zones = surface.zones.iter();
        let size =
            zones.filter(|z| z.name == zone).map(|z| z.rect.size()).next().unwrap_or(Size { width: 0, height: 0 });
        let class = ScreenClass { kind: surface.kind, zone, size };
        match self.given.get(&class).and_then(|given| given.get(&id)) {
            Some(Ok(rendition)) => Ok(ProgrammeItem {
                creative: id,
                zone,
                asset: rendition.asset,
                bytes: rendition.bytes,
                show: rendition.show,
                duration: rendition.duration,
                kind: creative.content.kind,
                fraud_type: Some(creative.content.fraud_type),
                valid_from: creative.content.valid_from,
                valid_until: creative.content.valid_until,
            }),
            Some(Err(NoRendition::NotForThisClass)) => Err(Unplayable::NoZone),
            Some(Err(NoRendition::NotApproved(_))) => Err(Unplayable::NotApproved),
            Some(Err(NoRendition::Impossible(_))) => Err(Unplayable::Impossible),
            Some(Err(NoRendition::Pending)) | None => Err(Unplayable::NotReady),
        }
    }
}

/// How strongly a booking plays on which days.
pub(super) fn intensity(booking: &Booking) -> Vec<(DateRange, u16)> {
    let days = |stage: &Stage| Some((DateRange::checked(stage.from, stage.until)?, stage.intensity.percent()));
    booking.stages.iter().filter_map(days).collect()
}
