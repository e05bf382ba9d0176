//! Areas, departments and venues.

use serde_json::json;
use xuanping_core::{
    campaign::AreaCode,
    id::VenueId,
    position::{InvalidPosition, Position},
    recurrence::{InvalidOpening, OpeningHours},
    time::UtcMillis,
    vocabulary::VenueType,
};

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
    #[error("the department's code is empty or too long")]
    DepartmentCode,
    /// Empty or too long.
    #[error("the name is empty or too long")]
    Name,
    /// Opening hours that cannot be read.
    #[error("opening hours: {0}")]
    Opening(InvalidOpening),
    /// A position that cannot be read.
    #[error("position: {0}")]
    Position(InvalidPosition),
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
    /// As [`OpeningHours`] is written.
    pub opening: String,
    /// As [`Position`] is written; empty: not known.
    pub position: String,
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
    /// As [`OpeningHours`] is written.
    pub opening: Option<String>,
    /// As [`Position`] is written; empty: not known any more.
    pub position: Option<String>,
}

/// Whether area `outer` is `inner` or contains it; what is no area code contains nothing.
pub(super) fn contains(outer: &str, inner: &str) -> bool {
    matches!((outer.parse::<AreaCode>(), inner.parse::<AreaCode>()), (Ok(outer), Ok(inner)) if outer.contains(inner))
}

/// The level of an area in the console's tree, whose root is a county; the few prefectures without counties (东莞) are
/// roots as well.
pub(super) fn level(code: AreaCode) -> AreaLevel {
    use xuanping_core::campaign::AreaLevel as Core;
    match code.level() {
        Core::Province | Core::Prefecture | Core::County => AreaLevel::County,
        Core::Township => AreaLevel::Township,
        Core::Village => AreaLevel::Village,
    }
}

/// The area above, unless it is a root.
pub(super) fn parent(code: AreaCode) -> Option<AreaCode> {
    code.parent().filter(|_| level(code) != AreaLevel::County)
}

fn checked_name(name: &str) -> Result<String, PlaceFault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 60 { Err(PlaceFault::Name) } else { Ok(name.to_owned()) }
}

/// As much of a street address as anybody writes.
fn checked_address(address: &str) -> String {
    address.trim().chars().take(200).collect()
}

fn checked_position(text: &str) -> Result<Option<Position>, PlaceFault> {
    if text.trim().is_empty() { Ok(None) } else { text.parse().map(Some).map_err(PlaceFault::Position) }
}

fn checked_opening(text: &str) -> Result<OpeningHours, PlaceFault> {
    text.parse().map_err(PlaceFault::Opening)
}

impl Screens {
    /// The area tree, parents before children.
    pub async fn areas(&self) -> Result<Vec<Area>, ScreenError> {
        Ok(store::places::areas(&self.db).await?)
    }

    /// Adds an area, or renames it.
    pub async fn put_area(&self, new: NewArea, actor: &Actor, now: UtcMillis) -> Result<Area, ScreenError> {
        let code: AreaCode = new.code.parse().map_err(|_| PlaceFault::AreaCode)?;
        let name = checked_name(&new.name)?;
        let parent = parent(code).map(|parent| parent.to_string());
        if let Some(parent) = &parent
            && !store::places::area_exists(&self.db, parent).await?
        {
            return Err(PlaceFault::AreaParent.into());
        }
        let area = Area { level: level(code), code: new.code, name, parent, source_year: new.source_year };
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
    pub async fn put_department(
        &self,
        new: Department,
        actor: &Actor,
        now: UtcMillis,
    ) -> Result<Department, ScreenError> {
        let code = checked_name(&new.code).map_err(|_| PlaceFault::DepartmentCode)?;
        let new = Department { code, name: checked_name(&new.name)? };
        let mut tx = self.db.begin().await?;
        store::places::put_department(&mut tx, &new).await?;
        let details = json!({ "name": new.name });
        audit::record(&mut tx, actor, "screens.put-department", &new.code, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(new)
    }

    /// The venues by area and name.
    pub async fn venues(&self) -> Result<Vec<Venue>, ScreenError> {
        Ok(store::places::venues(&self.db).await?)
    }

    /// Where the venues lie that somebody gave a position.
    pub async fn positions(&self) -> Result<Vec<(VenueId, Position)>, ScreenError> {
        Ok(store::places::positions(&self.db).await?)
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
        let opening = checked_opening(&new.opening)?;
        let venue = Venue {
            id: VenueId::new(entropy::uuid(now)?),
            name: checked_name(&new.name)?,
            kind: new.kind,
            area: new.area,
            department: new.department,
            address: checked_address(&new.address),
            opening,
            position: checked_position(&new.position)?,
            screens: 0,
        };
        self.check_references(Some(&venue.area), Some(&venue.department)).await?;
        match within {
            Some(who) if !Self::covers(who, &venue.area, &venue.department) => Err(ScreenError::OutOfScope),
            _ => Ok(venue),
        }
    }

    async fn check_references(&self, area: Option<&str>, department: Option<&str>) -> Result<(), ScreenError> {
        if let Some(area) = area
            && !store::places::area_exists(&self.db, area).await?
        {
            return Err(PlaceFault::UnknownArea.into());
        }
        if let Some(department) = department
            && !store::places::department_exists(&self.db, department).await?
        {
            return Err(PlaceFault::UnknownDepartment.into());
        }
        Ok(())
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
        let name = change.name.as_deref().map(checked_name).transpose()?;
        let opening = change.opening.as_deref().map(checked_opening).transpose()?;
        let position = change.position.as_deref().map(checked_position).transpose()?;
        self.check_references(change.area.as_deref(), change.department.as_deref()).await?;
        let mut tx = self.db.begin().await?;
        // Two changes of one venue at once: the later one starts from what the earlier one made of it.
        tx.alone(&format!("venue/{id}")).await?;
        let mut venue = store::places::venue_in(&mut tx, id).await?.ok_or(ScreenError::UnknownVenue)?;
        if !Self::covers(who, &venue.area, &venue.department) {
            return Err(ScreenError::OutOfScope);
        }
        venue.name = name.unwrap_or(venue.name);
        venue.opening = opening.unwrap_or(venue.opening);
        venue.position = position.unwrap_or(venue.position);
        venue.kind = change.kind.unwrap_or(venue.kind);
        venue.area = change.area.unwrap_or(venue.area);
        venue.department = change.department.unwrap_or(venue.department);
        venue.address = change.address.as_deref().map(checked_address).unwrap_or(venue.address);
        if !Self::covers(who, &venue.area, &venue.department) {
            return Err(ScreenError::OutOfScope);
        }
        if !store::places::update_venue(&mut tx, &venue).await? {
            return Err(PlaceFault::VenueTaken.into());
        }
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
    fn an_area_contains_itself_and_what_lies_below_it() {
        assert!(contains("990123000000", "990123101002"));
        assert!(contains("990123101000", "990123101002"));
        assert!(contains("990123101002", "990123101002"));
        assert!(!contains("990123101000", "990123102001"));
        assert!(!contains("990123101002", "990123101000"));
        for nonsense in ["", "000", "000000", "三000", "99012310100"] {
            assert!(!contains(nonsense, "990123101002") && !contains("990123000000", nonsense), "{nonsense}");
        }
    }

    #[test]
    fn the_tree_has_counties_as_its_roots() {
        let code = |text: &str| text.parse::<AreaCode>().unwrap();
        let above = |text: &str| parent(code(text)).map(|p| p.to_string());
        assert_eq!(above("990123101002").as_deref(), Some("990123101000"));
        assert_eq!(above("990123101000").as_deref(), Some("990123000000"));
        assert_eq!(above("990123000000"), None);
        // 东莞: townships of a prefecture.
        assert_eq!(above("441900003000").as_deref(), Some("441900000000"));
        assert_eq!((above("441900000000"), level(code("441900000000"))), (None, AreaLevel::County));
    }
}
