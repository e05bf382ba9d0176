//! Areas, departments and venues.

use serde_json::json;
use xuanping_core::{id::VenueId, time::UtcMillis, vocabulary::VenueType};

use super::{Area, AreaLevel, Department, ScreenError, Screens, Venue, store};
use crate::{
    accounts::{
        Actor, Principal,
        audit::{self, Outcome},
    },
    db::Tx,
    entropy,
};

/// Why a place's data are not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceFault {
    /// Not a 12-digit code.
    #[error("not a 12-digit area code")]
    AreaCode,
    /// The area above is not known.
    #[error("the area above is not known")]
    AreaParent,
    /// No such area.
    #[error("no such area")]
    UnknownArea,
    /// No such department.
    #[error("no such department")]
    UnknownDepartment,
    /// Empty or too long.
    #[error("the name is empty or too long")]
    Name,
    /// Not `HH:MM-HH:MM`.
    #[error("opening hours are not HH:MM-HH:MM")]
    Opening,
    /// The area already has a venue of this name.
    #[error("the area already has a venue of this name")]
    VenueTaken,
}

/// An area to be added.
#[derive(Debug, Clone)]
pub struct NewArea {
    /// 12-digit code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Year of the code list.
    pub source_year: i64,
}

/// A venue to be added.
#[derive(Debug, Clone)]
pub struct NewVenue {
    /// Its name.
    pub name: String,
    /// What sort of place.
    pub kind: VenueType,
    /// 12-digit area code.
    pub area: String,
    /// Department code.
    pub department: String,
    /// Street address.
    pub address: String,
    /// `HH:MM-HH:MM`.
    pub opening: String,
}

/// What to change of a venue; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct VenueChange {
    /// Its name.
    pub name: Option<String>,
    /// What sort of place.
    pub kind: Option<VenueType>,
    /// 12-digit area code.
    pub area: Option<String>,
    /// Department code.
    pub department: Option<String>,
    /// Street address.
    pub address: Option<String>,
    /// `HH:MM-HH:MM`.
    pub opening: Option<String>,
}

/// The digits of a code that say something: 6 for a county, 9 for a township, 12 for a village.
pub(super) fn significant(code: &str) -> &str {
    match code {
        _ if code.ends_with("000000") => &code[..6],
        _ if code.ends_with("000") => &code[..9],
        _ => code,
    }
}

/// Whether area `outer` is `inner` or contains it. Both are valid codes.
pub(super) fn contains(outer: &str, inner: &str) -> bool {
    inner.starts_with(significant(outer))
}

pub(super) fn level(code: &str) -> AreaLevel {
    match significant(code).len() {
        6 => AreaLevel::County,
        9 => AreaLevel::Township,
        _ => AreaLevel::Village,
    }
}

pub(super) fn parent(code: &str) -> Option<String> {
    match level(code) {
        AreaLevel::County => None,
        AreaLevel::Township => Some(format!("{}000000", &code[..6])),
        AreaLevel::Village => Some(format!("{}000", &code[..9])),
    }
}

fn checked_code(code: &str) -> Result<(), PlaceFault> {
    let fits = code.len() == 12 && code.bytes().all(|b| b.is_ascii_digit()) && !code.starts_with("000000");
    if fits { Ok(()) } else { Err(PlaceFault::AreaCode) }
}

fn checked_name(name: &str) -> Result<String, PlaceFault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 60 { Err(PlaceFault::Name) } else { Ok(name.to_owned()) }
}

/// `HH:MM-HH:MM`; the end may be 24:00, or earlier than the start (open past midnight).
fn checked_opening(text: &str) -> Result<(), PlaceFault> {
    let time = |text: &str| -> Option<u32> {
        let (h, m) = text.split_once(':')?;
        let two_digits = h.len() == 2 && m.len() == 2;
        let minutes = h.parse::<u32>().ok()? * 60 + m.parse::<u32>().ok().filter(|m| *m < 60)?;
        (two_digits && minutes <= 1440).then_some(minutes)
    };
    let (from, to) = text.split_once('-').ok_or(PlaceFault::Opening)?;
    match (time(from), time(to)) {
        (Some(from), Some(to)) if from != to && from < 1440 => Ok(()),
        _ => Err(PlaceFault::Opening),
    }
}

impl Screens {
    /// The area tree, parents before children.
    pub async fn areas(&self) -> Result<Vec<Area>, ScreenError> {
        Ok(store::places::areas(&self.db).await?)
    }

    /// Adds an area, or renames it.
    pub async fn put_area(&self, new: NewArea, actor: &Actor, now: UtcMillis) -> Result<Area, ScreenError> {
        checked_code(&new.code)?;
        let name = checked_name(&new.name)?;
        let parent = parent(&new.code);
        if let Some(parent) = &parent
            && !store::places::area_exists(&self.db, parent).await?
        {
            return Err(PlaceFault::AreaParent.into());
        }
        let area = Area { level: level(&new.code), code: new.code, name, parent, source_year: new.source_year };
        let mut tx = self.db.begin().await?;
        store::places::put_area(&mut tx, &area).await?;
        audit::record(&mut tx, actor, "screens.put-area", &area.code, Outcome::Done, json!({ "name": area.name }), now)
            .await?;
        tx.commit().await?;
        Ok(area)
    }

    /// The departments by name.
    pub async fn departments(&self) -> Result<Vec<Department>, ScreenError> {
        Ok(store::places::departments(&self.db).await?)
    }

    /// Adds a department, or renames it.
    pub async fn put_department(&self, new: Department, actor: &Actor, now: UtcMillis) -> Result<(), ScreenError> {
        checked_name(&new.name)?;
        checked_name(&new.code)?;
        let mut tx = self.db.begin().await?;
        store::places::put_department(&mut tx, &new).await?;
        let details = json!({ "name": new.name });
        audit::record(&mut tx, actor, "screens.put-department", &new.code, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The venues by area and name.
    pub async fn venues(&self) -> Result<Vec<Venue>, ScreenError> {
        Ok(store::places::venues(&self.db).await?)
    }

    /// One venue.
    pub async fn venue(&self, id: VenueId) -> Result<Venue, ScreenError> {
        store::places::venue(&self.db, id).await?.ok_or(ScreenError::UnknownVenue)
    }

    /// Adds a venue.
    pub async fn add_venue(
        &self,
        new: NewVenue,
        within: Option<&Principal>,
        actor: &Actor,
        now: UtcMillis,
    ) -> Result<Venue, ScreenError> {
        let venue = self.checked_venue(new, within, now).await?;
        let mut tx = self.db.begin().await?;
        Self::insert_venue(&mut tx, &venue, actor, now).await?;
        tx.commit().await?;
        Ok(venue)
    }

    /// A venue ready to be inserted: all its references exist and the person may add it.
    pub(super) async fn checked_venue(
        &self,
        new: NewVenue,
        within: Option<&Principal>,
        now: UtcMillis,
    ) -> Result<Venue, ScreenError> {
        checked_opening(&new.opening)?;
        let venue = Venue {
            id: VenueId::new(entropy::uuid(now)?),
            name: checked_name(&new.name)?,
            kind: new.kind,
            area: new.area,
            department: new.department,
            address: new.address.trim().chars().take(200).collect(),
            opening: new.opening,
            screens: 0,
        };
        self.check_references(&venue, within).await?;
        Ok(venue)
    }

    async fn check_references(&self, venue: &Venue, within: Option<&Principal>) -> Result<(), ScreenError> {
        if !store::places::area_exists(&self.db, &venue.area).await? {
            return Err(PlaceFault::UnknownArea.into());
        }
        if !self.departments().await?.iter().any(|d| d.code == venue.department) {
            return Err(PlaceFault::UnknownDepartment.into());
        }
        match within {
            Some(who) if !Self::covers(who, &venue.area, &venue.department) => Err(ScreenError::OutOfScope),
            _ => Ok(()),
        }
    }

    pub(super) async fn insert_venue(
        tx: &mut Tx,
        venue: &Venue,
        actor: &Actor,
        now: UtcMillis,
    ) -> Result<(), ScreenError> {
        if !store::places::insert_venue(tx, venue, now).await? {
            return Err(PlaceFault::VenueTaken.into());
        }
        let details = json!({ "id": venue.id, "type": venue.kind, "area": venue.area });
        audit::record(tx, actor, "screens.add-venue", &venue.name, Outcome::Done, details, now).await?;
        Ok(())
    }

    /// Changes a venue; its screens are planned anew.
    pub async fn change_venue(
        &self,
        id: VenueId,
        change: VenueChange,
        who: &Principal,
        now: UtcMillis,
    ) -> Result<Venue, ScreenError> {
        let mut venue = self.venue(id).await?;
        if !Self::covers(who, &venue.area, &venue.department) {
            return Err(ScreenError::OutOfScope);
        }
        if let Some(name) = change.name {
            venue.name = checked_name(&name)?;
        }
        if let Some(opening) = change.opening {
            checked_opening(&opening)?;
            venue.opening = opening;
        }
        venue.kind = change.kind.unwrap_or(venue.kind);
        venue.area = change.area.unwrap_or(venue.area);
        venue.department = change.department.unwrap_or(venue.department);
        venue.address = change.address.unwrap_or(venue.address);
        self.check_references(&venue, Some(who)).await?;
        let mut tx = self.db.begin().await?;
        store::places::update_venue(&mut tx, &venue).await?;
        for screen in store::screens::of_venue(&mut tx, id).await? {
            self.jobs.enqueue(&mut tx, super::SCREEN_CHANGED, &screen.to_string(), now).await?;
        }
        let details = json!({ "id": id });
        audit::record(&mut tx, &who.into(), "screens.change-venue", &venue.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        self.jobs.wake();
        Ok(venue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_contains_itself_and_what_shares_its_significant_digits() {
        assert!(contains("990123000000", "990123101002"));
        assert!(contains("990123101000", "990123101002"));
        assert!(contains("990123101002", "990123101002"));
        assert!(!contains("990123101000", "990123102001"));
        assert!(!contains("990123101002", "990123101000"));
        assert_eq!(parent("990123101002").as_deref(), Some("990123101000"));
        assert_eq!(parent("990123101000").as_deref(), Some("990123000000"));
        assert_eq!(parent("990123000000"), None);
    }

    #[test]
    fn opening_hours_are_two_different_times_of_day() {
        for good in ["08:30-17:30", "00:00-24:00", "18:00-02:00"] {
            assert_eq!(checked_opening(good), Ok(()), "{good}");
        }
        for bad in ["", "8:30-17:30", "08:30", "08:60-10:00", "24:00-08:00", "09:00-09:00", "08:00-25:00", "a-b"] {
            assert_eq!(checked_opening(bad), Err(PlaceFault::Opening), "{bad}");
        }
    }
}
