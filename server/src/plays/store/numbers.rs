//! The dictionaries: screens, places and items under small numbers. Rows are only ever added.

use std::collections::BTreeSet;

use xuanping_core::{
    digest::Digest,
    id::{CampaignId, CreativeId, ScreenId},
};

use super::super::numbers::{Item, Place};
use crate::db::{Db, DbError, Row, Statement, Tx, sql};

/// A row of a dictionary as it stands: its number, its digest, its contents.
#[derive(Debug)]
pub struct Entry<T> {
    /// The number.
    pub no: i64,
    /// What the row says its digest is.
    pub digest: Option<Digest>,
    /// The rest.
    pub said: T,
}

fn digest(row: &Row) -> Result<Option<Digest>, DbError> {
    Ok(Digest::try_from(&*row.bytes("digest")?).ok())
}

fn place(row: &Row) -> Result<Entry<Place>, DbError> {
    let said = Place {
        venue: row.parse("venue_id")?,
        venue_type: row.code("venue_type")?,
        area: row.text("area")?,
        department: row.text("department")?,
        timezone: row.text("timezone")?,
    };
    Ok(Entry { no: row.int("no")?, digest: digest(row)?, said })
}

fn item(row: &Row) -> Result<Entry<Item>, DbError> {
    let said = Item {
        booking: row.parse("booking_id")?,
        creative: row.parse("creative_id")?,
        asset: row.parse("asset")?,
        campaign: row.opt_parse("campaign_id")?,
    };
    Ok(Entry { no: row.int("no")?, digest: digest(row)?, said })
}

/// The number of a screen that something is stored of.
pub async fn screen(db: &Db, screen: ScreenId) -> Result<Option<i64>, DbError> {
    let one = sql("SELECT no FROM play_screens WHERE screen_id = $1").bind(screen);
    db.opt(one).await?.map(|row| row.int("no")).transpose()
}

/// All screens that something is stored of.
pub async fn screens(db: &Db) -> Result<Vec<(i64, ScreenId)>, DbError> {
    let all = sql("SELECT no, screen_id FROM play_screens ORDER BY screen_id");
    db.all(all).await?.iter().map(|row| Ok((row.int("no")?, row.parse("screen_id")?))).collect()
}

/// Numbers of screens that something is stored of and that no screen has.
pub async fn nobody(db: &Db) -> Result<Vec<i64>, DbError> {
    let all =
        sql("SELECT screen_no FROM (SELECT screen_no FROM play_batches UNION SELECT screen_no FROM play_days) stored
                   WHERE screen_no NOT IN (SELECT no FROM play_screens) ORDER BY screen_no");
    db.all(all).await?.iter().map(|row| row.int("screen_no")).collect()
}

/// How many screens anything was ever stored of.
pub async fn number_of_screens(db: &Db) -> Result<usize, DbError> {
    db.one(sql("SELECT COUNT(*) AS screens FROM play_screens")).await?.number("screens")
}

/// How many places there are.
pub async fn number_of_places(db: &Db) -> Result<usize, DbError> {
    db.one(sql("SELECT COUNT(*) AS places FROM play_places")).await?.number("places")
}

/// All places.
pub async fn places(db: &Db) -> Result<Vec<Entry<Place>>, DbError> {
    let all = sql("SELECT no, digest, venue_id, venue_type, area, department, timezone FROM play_places");
    db.all(all).await?.iter().map(place).collect()
}

/// Items after this number, at most so many.
pub async fn items_after(db: &Db, after: i64, limit: u32) -> Result<Vec<Entry<Item>>, DbError> {
    let some = sql("SELECT no, digest, booking_id, creative_id, asset, campaign_id FROM play_items
                    WHERE no > $1 ORDER BY no LIMIT $2");
    db.all(some.bind(after).bind(limit)).await?.iter().map(item).collect()
}

/// The items of these numbers, as far as they are there.
pub async fn items(db: &Db, numbers: &[i64]) -> Result<Vec<Entry<Item>>, DbError> {
    let mut all = Vec::new();
    for some in numbers.chunks(500) {
        let text = format!(
            "SELECT no, digest, booking_id, creative_id, asset, campaign_id FROM play_items WHERE no IN ({})",
            list(some)
        );
        for row in &db.all(sql(text)).await? {
            all.push(item(row)?);
        }
    }
    Ok(all)
}

/// Which items; what is not said, any.
#[derive(Debug, Clone, Default)]
pub struct ItemsOf {
    /// Of these creatives.
    pub creatives: Option<BTreeSet<CreativeId>>,
    /// For this campaign.
    pub campaign: Option<CampaignId>,
    /// Of takeovers.
    pub takeover: bool,
}

/// The numbers of items.
pub async fn items_of(db: &Db, wanted: &ItemsOf) -> Result<BTreeSet<i64>, DbError> {
    let more = match (wanted.campaign, wanted.takeover) {
        (None, false) => "",
        (None, true) => " AND campaign_id IS NULL",
        (Some(_), false) => " AND campaign_id = $1",
        // A takeover has no campaign.
        (Some(_), true) => return Ok(BTreeSet::new()),
    };
    let mut texts = Vec::new();
    match &wanted.creatives {
        None => texts.push(format!("SELECT no FROM play_items WHERE 1 = 1{more}")),
        Some(creatives) => {
            let creatives: Vec<String> = creatives.iter().map(|id| format!("'{id}'")).collect();
            for some in creatives.chunks(500) {
                // Ids of our own, so nothing has to be escaped.
                texts.push(format!("SELECT no FROM play_items WHERE creative_id IN ({}){more}", some.join(", ")));
            }
        }
    }
    let mut items = BTreeSet::new();
    for text in texts {
        let some = wanted.campaign.map(|id| id.to_string()).into_iter().fold(sql(text), Statement::bind);
        for row in &db.all(some).await? {
            items.insert(row.int("no")?);
        }
    }
    Ok(items)
}

/// Numbers of our own as an SQL list.
pub fn list(numbers: &[i64]) -> String {
    let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
    numbers.join(", ")
}

/// A screen's number, given if it has none yet.
pub async fn number_screen(tx: &mut Tx, screen: ScreenId) -> Result<i64, DbError> {
    tx.exec(sql("INSERT INTO play_screens (screen_id) VALUES ($1) ON CONFLICT (screen_id) DO NOTHING").bind(screen))
        .await?;
    tx.one(sql("SELECT no FROM play_screens WHERE screen_id = $1").bind(screen)).await?.int("no")
}

/// A place's number, given if it has none yet.
pub async fn number_place(tx: &mut Tx, place: &Place) -> Result<i64, DbError> {
    let digest = place.digest().as_bytes().to_vec();
    tx.exec(
        sql("INSERT INTO play_places (digest, venue_id, venue_type, area, department, timezone)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING")
        .bind(digest.clone())
        .bind(place.venue)
        .bind(place.venue_type.code())
        .bind(&place.area)
        .bind(&place.department)
        .bind(&place.timezone),
    )
    .await?;
    tx.one(sql("SELECT no FROM play_places WHERE digest = $1").bind(digest)).await?.int("no")
}

/// An item's number, given if it has none yet.
pub async fn number_item(tx: &mut Tx, item: &Item) -> Result<i64, DbError> {
    let digest = item.digest().as_bytes().to_vec();
    tx.exec(
        sql("INSERT INTO play_items (digest, booking_id, creative_id, asset, campaign_id) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (digest) DO NOTHING")
        .bind(digest.clone())
        .bind(item.booking)
        .bind(item.creative)
        .bind(item.asset)
        .bind(item.campaign),
    )
    .await?;
    tx.one(sql("SELECT no FROM play_items WHERE digest = $1").bind(digest)).await?.int("no")
}
