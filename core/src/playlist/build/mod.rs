//! From what was promised to what a screen obeys: `build(programme, horizon) -> (playlist, report)`.
//!
//! What is asked of each zone is planned by itself, for it has nothing to do with files and sizes and so is asked by many
//! programmes; then what was planned gets its places in the playlist's tables. Nothing is drawn or looked up: the same
//! programme gives the same bytes, in whatever order its bookings are listed, and everything that got nothing is in the
//! report with its reason.

mod days;
mod kept;
mod loops;
mod memo;
mod pins;
mod presence;
mod programme;
mod seams;
mod tables;
mod way_out;
mod zone;
mod zone_request;

pub use memo::Memo;
pub use programme::{
    BuildReport, Collision, GuaranteeKept, LoopReport, NotPlaced, NotPlayed, Programme, ProgrammeBooking,
    ProgrammeItem, Unscheduled,
};
pub use way_out::{WayOut, ways_out};

use self::{
    tables::Tables,
    zone_request::{Listed, ZoneRequest},
};
use super::{Playlist, ZoneProgramme};
use crate::{geometry::ZoneName, rotation::Care, time::DateRange};

/// Makes the playlist for `horizon` and says what it could not do.
pub fn build(programme: &Programme, horizon: DateRange) -> (Playlist, BuildReport) {
    build_with(programme, horizon, &Memo::default(), Care::Full)
}

/// The same with what other programmes asked for already, and with so much care.
pub fn build_with(programme: &Programme, horizon: DateRange, memo: &Memo, care: Care) -> (Playlist, BuildReport) {
    let listed = Listed::all(programme);
    let mut tables = Tables::new(programme, &listed);
    let mut names: Vec<ZoneName> = programme.zones.iter().map(|zone| zone.name).collect();
    names.sort_unstable();
    names.dedup();
    let mut zones: Vec<ZoneProgramme> = Vec::new();
    for &name in &names {
        let (request, places) = ZoneRequest::of(programme, &listed, name, horizon);
        let plan = memo.zone(&request, care);
        zones.push(tables.enter(name, &plan, &places));
    }
    tables.finish(zones)
}
