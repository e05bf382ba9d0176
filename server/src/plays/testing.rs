//! Counters without plays, for tests of what reads them.

use chrono::NaiveDate;
use uuid::Uuid;
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::{BookingId, CreativeId, ScreenId, VenueId},
    vocabulary::VenueType,
};

use super::{
    counters::DayCounts,
    judge::Count,
    numbers::{Item, Numbers, Place},
    opened::day_number,
    store::days::{self, Addition, DayKey},
};
use crate::db::Db;

/// As if some screen had shown something so often in an hour of a day.
pub async fn count(db: &Db, day: &str, hour: u32, completed: u64, interrupted: u64) {
    let place = Place {
        venue: VenueId::new(Uuid::nil()),
        venue_type: VenueType::BankHall,
        area: "330482100000".into(),
        department: "fin".into(),
        timezone: "Asia/Shanghai".into(),
    };
    let item = Item {
        booking: BookingId::new(Uuid::nil()),
        creative: CreativeId::new(Uuid::nil()),
        asset: Digest::ZERO,
        campaign: None,
    };
    let numbers = Numbers::new(db.clone());
    let (screen, place, items) = numbers.give(ScreenId::new(Uuid::nil()), &place, &[item]).await.unwrap();
    let mut counts = DayCounts::default();
    *counts.hour((items[0], ZoneName::Main), hour) = Count { completed, interrupted, ..Count::default() };
    let day = day_number(day.parse::<NaiveDate>().unwrap());
    let addition = Addition { key: DayKey { day, place, screen }, sequence: 1, counts };
    let mut tx = db.begin().await.unwrap();
    days::add(&mut tx, &[&addition]).await.unwrap();
    tx.commit().await.unwrap();
}
