//! SQL of campaigns, bookings, revisions and takeovers.

use std::collections::HashMap;

use serde::Serialize;
use xuanping_core::{
    campaign::Booking,
    id::{BookingId, CampaignId, TakeoverId},
    time::UtcMillis,
};

use super::{BookingNames, Campaign, CampaignState, LifeStepTaken, Revision, TakeoverOrder, booking_of};
use crate::{
    accounts::Actor,
    db::{Db, DbError, Row, Statement, Tx, code_of, sql},
};

const CAMPAIGN: &str = "c.id, c.name, c.goal, c.owner_department, c.starts, c.ends, c.stages, c.state, c.review, c.hands, \
    c.author, c.created_at, c.updated_at, r.revision, r.published_at, r.published_by, r.starts AS r_starts, \
    r.ends AS r_ends, r.bookings AS r_bookings \
    FROM campaigns c LEFT JOIN campaign_revisions r ON r.campaign_id = c.id \
    AND r.revision = (SELECT MAX(n.revision) FROM campaign_revisions n WHERE n.campaign_id = c.id)";
const BOOKING: &str = "id, campaign_id, name, creatives, selector, schedule, mode, most_per_day";

fn json_of<T: Serialize>(column: &str, value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|e| DbError::Column { column: column.into(), why: e.to_string() })
}

fn read(row: &Row) -> Result<Campaign, DbError> {
    let published = match row.opt_int("revision")? {
        Some(number) => Some(Revision {
            number,
            at: row.instant("published_at")?,
            by: row.text("published_by")?,
            starts: row.parse("r_starts")?,
            ends: row.parse("r_ends")?,
            bookings: row.json("r_bookings")?,
        }),
        None => None,
    };
    Ok(Campaign {
        id: row.parse("id")?,
        name: row.text("name")?,
        goal: row.text("goal")?,
        owner_department: row.text("owner_department")?,
        starts: row.parse("starts")?,
        ends: row.parse("ends")?,
        stages: row.json("stages")?,
        state: row.code("state")?,
        review: row.json("review")?,
        hands: row.json("hands")?,
        author: row.text("author")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        published,
        bookings: Vec::new(),
    })
}

/// A campaign with its bookings, which carry its stages.
fn whole(row: &Row, mut bookings: Vec<Booking>) -> Result<Campaign, DbError> {
    let campaign = read(row)?;
    for booking in &mut bookings {
        booking.stages.clone_from(&campaign.stages);
    }
    Ok(Campaign { bookings, ..campaign })
}

fn read_booking(row: &Row) -> Result<Booking, DbError> {
    Ok(Booking {
        id: row.parse("id")?,
        campaign: row.parse("campaign_id")?,
        name: row.text("name")?,
        creatives: row.json("creatives")?,
        selector: row.json("selector")?,
        schedule: row.json("schedule")?,
        mode: row.json("mode")?,
        most_per_day: row.opt_int("most_per_day")?.and_then(|most| u32::try_from(most).ok()),
        stages: Vec::new(),
    })
}

pub(super) async fn list(db: &Db) -> Result<Vec<Campaign>, DbError> {
    let campaigns = db.all(sql(format!("SELECT {CAMPAIGN} ORDER BY c.created_at DESC, c.id DESC"))).await?;
    let mut bookings: HashMap<CampaignId, Vec<Booking>> = HashMap::new();
    let rows = db.all(sql(format!("SELECT {BOOKING} FROM bookings ORDER BY campaign_id, position"))).await?;
    for row in &rows {
        let booking = read_booking(row)?;
        bookings.entry(booking.campaign).or_default().push(booking);
    }
    campaigns.iter().map(|row| whole(row, bookings.remove(&row.parse("id")?).unwrap_or_default())).collect()
}

fn one(id: CampaignId) -> (Statement, Statement) {
    let campaign = sql(format!("SELECT {CAMPAIGN} WHERE c.id = $1")).bind(id);
    let bookings = sql(format!("SELECT {BOOKING} FROM bookings WHERE campaign_id = $1 ORDER BY position")).bind(id);
    (campaign, bookings)
}

pub(super) async fn get(db: &Db, id: CampaignId) -> Result<Option<Campaign>, DbError> {
    let (campaign, bookings) = one(id);
    let Some(row) = db.opt(campaign).await? else { return Ok(None) };
    let bookings = db.all(bookings).await?.iter().map(read_booking).collect::<Result<_, _>>()?;
    whole(&row, bookings).map(Some)
}

/// A campaign to be changed: nobody else changes it before the transaction ends.
pub(super) async fn get_alone(tx: &mut Tx, id: CampaignId) -> Result<Option<Campaign>, DbError> {
    tx.alone(&format!("campaign/{id}")).await?;
    let (campaign, bookings) = one(id);
    let Some(row) = tx.opt(campaign).await? else { return Ok(None) };
    let bookings = tx.all(bookings).await?.iter().map(read_booking).collect::<Result<_, _>>()?;
    whole(&row, bookings).map(Some)
}

pub(super) async fn campaign_of(db: &Db, booking: BookingId) -> Result<Option<CampaignId>, DbError> {
    let row = db.opt(sql("SELECT campaign_id FROM bookings WHERE id = $1").bind(booking)).await?;
    row.map(|row| row.parse("campaign_id")).transpose()
}

pub(super) async fn insert(tx: &mut Tx, c: &Campaign) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO campaigns (id, name, goal, owner_department, starts, ends, state, author, created_at, updated_at,
                                    stages, review, hands)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
        .bind(c.id)
        .bind(&c.name)
        .bind(&c.goal)
        .bind(&c.owner_department)
        .bind(c.starts.to_string())
        .bind(c.ends.to_string())
        .bind(code_of(&c.state))
        .bind(&c.author)
        .bind(c.created_at)
        .bind(c.updated_at)
        .bind(json_of("stages", &c.stages)?)
        .bind(json_of("review", &c.review)?)
        .bind(json_of("hands", &c.hands)?),
    )
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, c: &Campaign) -> Result<(), DbError> {
    tx.exec(
        sql("UPDATE campaigns SET name = $2, goal = $3, owner_department = $4, starts = $5, ends = $6, state = $7,
                                  updated_at = $8, stages = $9, review = $10, hands = $11 WHERE id = $1")
        .bind(c.id)
        .bind(&c.name)
        .bind(&c.goal)
        .bind(&c.owner_department)
        .bind(c.starts.to_string())
        .bind(c.ends.to_string())
        .bind(code_of(&c.state))
        .bind(c.updated_at)
        .bind(json_of("stages", &c.stages)?)
        .bind(json_of("review", &c.review)?)
        .bind(json_of("hands", &c.hands)?),
    )
    .await?;
    Ok(())
}

/// Replaces the draft's bookings.
pub(super) async fn put_bookings(tx: &mut Tx, campaign: &Campaign) -> Result<(), DbError> {
    tx.exec(sql("DELETE FROM bookings WHERE campaign_id = $1").bind(campaign.id)).await?;
    for (position, b) in campaign.bookings.iter().enumerate() {
        tx.exec(
            sql("INSERT INTO bookings (id, campaign_id, position, name, creatives, selector, schedule, mode, most_per_day)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(b.id)
            .bind(campaign.id)
            .bind(position)
            .bind(&b.name)
            .bind(json_of("creatives", &b.creatives)?)
            .bind(json_of("selector", &b.selector)?)
            .bind(json_of("schedule", &b.schedule)?)
            .bind(json_of("mode", &b.mode)?)
            .bind(b.most_per_day.map(i64::from)),
        )
        .await?;
    }
    Ok(())
}

/// Stores what a campaign has just been published as; nothing if it was not.
pub(super) async fn insert_revision(tx: &mut Tx, campaign: &Campaign) -> Result<(), DbError> {
    let Some(revision) = &campaign.published else { return Ok(()) };
    tx.exec(
        sql(
            "INSERT INTO campaign_revisions (campaign_id, revision, bookings, published_at, published_by, starts, ends)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(campaign.id)
        .bind(revision.number)
        .bind(json_of("bookings", &revision.bookings)?)
        .bind(revision.at)
        .bind(&revision.by)
        .bind(revision.starts.to_string())
        .bind(revision.ends.to_string()),
    )
    .await?;
    Ok(())
}

pub(super) async fn insert_step(tx: &mut Tx, campaign: CampaignId, s: &LifeStepTaken) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO campaign_steps (campaign_id, number, at, account_name, step, revision, hash, reason)
             VALUES ($1, (SELECT COALESCE(MAX(n.number), 0) + 1 FROM campaign_steps n WHERE n.campaign_id = $1),
                     $2, $3, $4, $5, $6, $7)")
        .bind(campaign)
        .bind(s.at)
        .bind(&s.by)
        .bind(code_of(&s.step))
        .bind(s.revision)
        .bind(s.hash.map(|hash| hash.to_string()))
        .bind(s.reason.clone()),
    )
    .await?;
    Ok(())
}

pub(super) async fn history(db: &Db, campaign: CampaignId) -> Result<Vec<LifeStepTaken>, DbError> {
    let steps = sql("SELECT at, account_name, step, revision, hash, reason FROM campaign_steps
                     WHERE campaign_id = $1 ORDER BY number");
    let read = |row: &Row| {
        Ok(LifeStepTaken {
            at: row.instant("at")?,
            by: row.text("account_name")?,
            step: row.code("step")?,
            revision: row.opt_int("revision")?,
            hash: row.opt_parse("hash")?,
            reason: row.opt_text("reason")?,
        })
    };
    db.all(steps.bind(campaign)).await?.iter().map(read).collect()
}

pub(super) async fn in_force(db: &Db) -> Result<Vec<Booking>, DbError> {
    let rows = db
        .all(
            sql("SELECT r.bookings FROM campaign_revisions r JOIN campaigns c ON c.id = r.campaign_id
                 WHERE c.state = $1
                   AND r.revision = (SELECT MAX(n.revision) FROM campaign_revisions n WHERE n.campaign_id = c.id)
                 ORDER BY r.campaign_id")
            .bind(code_of(&CampaignState::Published)),
        )
        .await?;
    let mut all = Vec::new();
    for row in &rows {
        all.extend(row.json::<Vec<Booking>>("bookings")?);
    }
    Ok(all)
}

pub(super) async fn first_published(db: &Db, booking: &Booking) -> Result<Option<UtcMillis>, DbError> {
    let query =
        sql("SELECT MIN(published_at) AS at FROM campaign_revisions WHERE campaign_id = $1 AND bookings LIKE $2");
    db.one(query.bind(booking.campaign).bind(format!("%{}%", booking.id))).await?.opt_instant("at")
}

pub(super) async fn names(db: &Db) -> Result<Vec<BookingNames>, DbError> {
    let rows = db
        .all(sql("SELECT c.name, r.bookings FROM campaign_revisions r JOIN campaigns c ON c.id = r.campaign_id
                  ORDER BY r.campaign_id, r.revision"))
        .await?;
    // A later revision's names win.
    let mut all = std::collections::BTreeMap::new();
    for row in &rows {
        let campaign = row.text("name")?;
        for b in row.json::<Vec<Booking>>("bookings")? {
            let names = BookingNames { booking: b.id, name: b.name, campaign: Some((b.campaign, campaign.clone())) };
            all.insert(b.id, names);
        }
    }
    for row in &db.all(sql("SELECT id, title FROM takeovers")).await? {
        let booking = booking_of(row.parse("id")?);
        all.insert(booking, BookingNames { booking, name: row.text("title")?, campaign: None });
    }
    Ok(all.into_values().collect())
}

const TAKEOVER: &str = "id, title, level, creatives, selector, starts, expires, started_by, withdrawn_at, withdrawn_by";

fn read_takeover(row: &Row) -> Result<TakeoverOrder, DbError> {
    Ok(TakeoverOrder {
        id: row.parse("id")?,
        title: row.text("title")?,
        level: row.code("level")?,
        creatives: row.json("creatives")?,
        selector: row.json("selector")?,
        starts: row.instant("starts")?,
        expires: row.instant("expires")?,
        started_by: row.text("started_by")?,
        withdrawn: row.opt_instant("withdrawn_at")?.zip(row.opt_text("withdrawn_by")?),
    })
}

/// The last 100, and whatever else is still active.
pub(super) async fn takeovers(db: &Db, now: UtcMillis) -> Result<Vec<TakeoverOrder>, DbError> {
    let listed = sql(format!(
        "SELECT {TAKEOVER} FROM takeovers
         WHERE (expires > $1 AND withdrawn_at IS NULL)
            OR id IN (SELECT n.id FROM takeovers n ORDER BY n.starts DESC, n.id DESC LIMIT 100)
         ORDER BY starts DESC, id DESC"
    ));
    db.all(listed.bind(now)).await?.iter().map(read_takeover).collect()
}

/// Neither withdrawn nor expired, however many.
pub(super) async fn active_takeovers(db: &Db, now: UtcMillis) -> Result<Vec<TakeoverOrder>, DbError> {
    let active = sql(format!(
        "SELECT {TAKEOVER} FROM takeovers WHERE expires > $1 AND withdrawn_at IS NULL ORDER BY starts DESC, id DESC"
    ));
    db.all(active.bind(now)).await?.iter().map(read_takeover).collect()
}

pub(super) async fn takeover(db: &Db, id: TakeoverId) -> Result<Option<TakeoverOrder>, DbError> {
    let row = db.opt(sql(format!("SELECT {TAKEOVER} FROM takeovers WHERE id = $1")).bind(id)).await?;
    row.as_ref().map(read_takeover).transpose()
}

pub(super) async fn insert_takeover(tx: &mut Tx, t: &TakeoverOrder) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO takeovers (id, title, level, creatives, selector, starts, expires, started_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(t.id)
        .bind(&t.title)
        .bind(code_of(&t.level))
        .bind(json_of("creatives", &t.creatives)?)
        .bind(json_of("selector", &t.selector)?)
        .bind(t.starts)
        .bind(t.expires)
        .bind(&t.started_by),
    )
    .await?;
    Ok(())
}

/// Whether it was withdrawn now, and not before.
pub(super) async fn withdraw_takeover(
    tx: &mut Tx,
    id: TakeoverId,
    by: &Actor,
    now: UtcMillis,
) -> Result<bool, DbError> {
    let withdrawn = sql("UPDATE takeovers SET withdrawn_at = $2, withdrawn_by = $3
                         WHERE id = $1 AND withdrawn_at IS NULL AND expires > $2");
    Ok(tx.exec(withdrawn.bind(id).bind(now).bind(by.name())).await? == 1)
}
