//! Loads a folder like `content-samples/` through the domains' own doors: nothing is written that a person in the console
//! could not have written, and every creative is approved by somebody other than its author.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use chrono::{Days, NaiveDate};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use xuanping_core::{
    campaign::{AreaCode, Mode, Selector},
    digest::Digest,
    id::CreativeId,
    recurrence::{DayWindow, ScheduleForm},
    time::{Millis, UtcMillis},
    vocabulary::{CreativeKind, FraudType, VenueType},
};

use crate::{
    accounts::Actor,
    app::App,
    campaigns::{BookingDraft, CampaignDraft, CampaignError, CampaignState, Unreached},
    content::{ContentError, Creative, Draft, Filter, Fit, State, Step},
    screens::{Department, NewArea, NewVenue, ScreenError},
};

/// So many creatives are read at once.
const PAGE: u32 = 200;

/// What was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Areas added.
    pub areas: usize,
    /// Venues added.
    pub venues: usize,
    /// Creatives added and approved.
    pub creatives: usize,
    /// Bookings published.
    pub bookings: usize,
}

/// Why a folder could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {source}")]
    Json {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Something in a file refers to nothing.
    #[error("{0}")]
    Reference(String),
    /// Screens refused something.
    #[error("{what}: {source}")]
    Screens {
        /// What.
        what: String,
        /// Why.
        source: ScreenError,
    },
    /// Content refused something.
    #[error("{what}: {source}")]
    Content {
        /// What.
        what: String,
        /// Why.
        source: ContentError,
    },
    /// Campaigns refused something.
    #[error(transparent)]
    Campaigns(#[from] CampaignError),
}

#[derive(Deserialize)]
struct County {
    source_year: i64,
    areas: Vec<AreaEntry>,
    departments: Vec<Department>,
    venues: Vec<VenueEntry>,
}

#[derive(Deserialize)]
struct AreaEntry {
    code: String,
    name: String,
}

#[derive(Deserialize)]
struct VenueEntry {
    name: String,
    r#type: VenueType,
    area: String,
    department: String,
    address: String,
    opening: String,
    #[serde(default)]
    position: String,
}

#[derive(Deserialize)]
struct CreativeEntry {
    key: String,
    kind: CreativeKind,
    title: String,
    fraud_type: FraudType,
    file: Option<String>,
    text: Option<String>,
    duration_ms: Option<u32>,
}

#[derive(Deserialize)]
struct CampaignEntry {
    name: String,
    goal: String,
    owner_department: String,
    starts: String,
    ends: String,
    bookings: Vec<BookingEntry>,
}

#[derive(Deserialize)]
struct BookingEntry {
    name: String,
    creatives: Vec<String>,
    venue_types: Vec<VenueType>,
    areas: Vec<AreaCode>,
    weekdays: Vec<u8>,
    windows: Vec<DayWindow>,
    mode: Mode,
    #[serde(default)]
    most_per_day: Option<u32>,
}

/// Who writes and who approves what is loaded: two different people.
pub struct People {
    /// Drafts and submits.
    pub editor: Actor,
    /// Approves and publishes.
    pub reviewer: Actor,
}

/// Loads a folder. What is there already (by code, name or title) is left as it is.
pub async fn import(
    app: &App,
    folder: &Path,
    people: &People,
    today: NaiveDate,
    now: UtcMillis,
) -> Result<Imported, ImportError> {
    let mut done = Imported::default();
    let county: County = read_json(&folder.join("county.json")).await?;
    load_places(app, &county, people, now, &mut done).await?;
    let creatives: Vec<CreativeEntry> = read_json(&folder.join("creatives.json")).await?;
    let known = load_creatives(app, folder, creatives, people, now, &mut done).await?;
    let campaign: CampaignEntry = read_json(&folder.join("campaign.json")).await?;
    load_campaign(app, campaign, &known, people, today, now, &mut done).await?;
    Ok(done)
}

async fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ImportError> {
    let text = tokio::fs::read(path).await.map_err(|source| ImportError::File { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|source| ImportError::Json { path: path.to_owned(), source })
}

async fn load_places(
    app: &App,
    county: &County,
    people: &People,
    now: UtcMillis,
    done: &mut Imported,
) -> Result<(), ImportError> {
    let fault = |what: &str| {
        let what = what.to_owned();
        move |source| ImportError::Screens { what, source }
    };
    let known = app.screens.areas().await.map_err(fault("areas"))?;
    let mut areas: Vec<_> = county.areas.iter().filter(|a| known.iter().all(|k| k.code != a.code)).collect();
    areas.sort_by_key(|a| &a.code);
    for area in areas {
        let new = NewArea { code: area.code.clone(), name: area.name.clone(), source_year: county.source_year };
        app.screens.put_area(new, &people.editor, now).await.map_err(fault(&area.name))?;
        done.areas += 1;
    }
    let known = app.screens.departments().await.map_err(fault("departments"))?;
    for department in county.departments.iter().filter(|d| known.iter().all(|k| k.code != d.code)) {
        app.screens.put_department(department.clone(), &people.editor, now).await.map_err(fault(&department.name))?;
    }
    let known = app.screens.venues().await.map_err(fault("venues"))?;
    for venue in &county.venues {
        if known.iter().any(|v| v.area == venue.area && v.name == venue.name) {
            continue;
        }
        let new = NewVenue {
            name: venue.name.clone(),
            kind: venue.r#type,
            area: venue.area.clone(),
            department: venue.department.clone(),
            address: venue.address.clone(),
            opening: venue.opening.clone(),
            position: venue.position.clone(),
        };
        app.screens.add_venue(new, None, &people.editor, now).await.map_err(fault(&venue.name))?;
        done.venues += 1;
    }
    Ok(())
}

/// Answers which creative is which key.
async fn load_creatives(
    app: &App,
    folder: &Path,
    entries: Vec<CreativeEntry>,
    people: &People,
    now: UtcMillis,
    done: &mut Imported,
) -> Result<HashMap<String, CreativeId>, ImportError> {
    let fault = |what: &str| {
        let what = what.to_owned();
        move |source| ImportError::Content { what, source }
    };
    let there = all_creatives(app).await.map_err(fault("creatives"))?;
    let mut known = HashMap::new();
    for entry in entries {
        if let Some(old) = there.iter().find(|c| c.content.kind == entry.kind && c.content.title == entry.title) {
            for (step, by) in unfinished(app, old, people).await.map_err(fault(&entry.key))? {
                app.content.step(old.id, step, None, None, by, now).await.map_err(fault(&entry.key))?;
            }
            known.insert(entry.key, old.id);
            continue;
        }
        let upload = match &entry.file {
            Some(file) => Some(upload(app, &folder.join(file), people, now).await?),
            None => None,
        };
        let draft = Draft {
            kind: entry.kind,
            title: entry.title,
            fraud_type: entry.fraud_type,
            text: entry.text,
            upload,
            duration: entry.duration_ms.filter(|_| entry.kind == CreativeKind::Poster).map(Millis),
            valid_from: None,
            valid_until: None,
            fit: Fit::default(),
        };
        let creative = app.content.create(draft, &people.editor, now).await.map_err(fault(&entry.key))?;
        let steps = [(Step::Submit, &people.editor), (Step::Approve, &people.reviewer)];
        for (step, by) in steps {
            app.content.step(creative.id, step, None, None, by, now).await.map_err(fault(&entry.key))?;
        }
        known.insert(entry.key, creative.id);
        done.creatives += 1;
    }
    Ok(known)
}

/// What a loading that was cut off left undone of a creative. One that a person has had in hands since is left alone.
async fn unfinished<'a>(
    app: &App,
    creative: &Creative,
    people: &'a People,
) -> Result<Vec<(Step, &'a Actor)>, ContentError> {
    if !matches!(creative.state, State::Draft | State::InReview) {
        return Ok(Vec::new());
    }
    let history = app.content.history(creative.id).await?;
    let own = history.iter().all(|taken| taken.by == people.editor.name());
    let taken: Vec<_> = history.into_iter().map(|taken| taken.step).collect();
    let (submit, approve) = ((Step::Submit, &people.editor), (Step::Approve, &people.reviewer));
    Ok(match taken.as_slice() {
        [Step::Create] if own => vec![submit, approve],
        [Step::Create, Step::Submit] if own => vec![approve],
        _ => Vec::new(),
    })
}

/// Every creative there is, page after page.
async fn all_creatives(app: &App) -> Result<Vec<Creative>, ContentError> {
    let mut all: Vec<Creative> = Vec::new();
    loop {
        let page = Filter { before: all.last().map(|c| c.id), limit: PAGE, ..Filter::default() };
        let found = app.content.list(&page).await?;
        let last = found.len() < PAGE as usize;
        all.extend(found);
        if last {
            return Ok(all);
        }
    }
}

async fn upload(app: &App, path: &Path, people: &People, now: UtcMillis) -> Result<Digest, ImportError> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let fault = |source| ImportError::Content { what: name.clone(), source };
    let unread = |source| ImportError::File { path: path.to_owned(), source };
    let mut file = tokio::fs::File::open(path).await.map_err(unread)?;
    let mut receiving = app.content.receive(&name).await.map_err(fault)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut buffer).await.map_err(unread)?;
        if read == 0 {
            break;
        }
        receiving.write(&buffer[..read]).await.map_err(fault)?;
    }
    Ok(receiving.finish(&people.editor, now).await.map_err(fault)?.upload.digest)
}

async fn load_campaign(
    app: &App,
    entry: CampaignEntry,
    known: &HashMap<String, CreativeId>,
    people: &People,
    today: NaiveDate,
    now: UtcMillis,
    done: &mut Imported,
) -> Result<(), ImportError> {
    let there = app.campaigns.list().await?.into_iter().find(|c| c.name == entry.name);
    let campaign = match there {
        // Left by a loading that was cut off.
        Some(old) if old.state == CampaignState::Draft && old.author == people.editor.name() => old,
        Some(_) => return Ok(()),
        None => {
            let draft = CampaignDraft {
                name: entry.name,
                goal: entry.goal,
                owner_department: entry.owner_department,
                starts: date(&entry.starts, today)?,
                ends: date(&entry.ends, today)?,
                stages: Vec::new(),
            };
            app.campaigns.create(draft, &people.editor, now).await?
        }
    };
    let (starts, ends) = (campaign.starts, campaign.ends);
    for booking in entry.bookings {
        if campaign.bookings.iter().any(|b| b.name == booking.name) {
            continue;
        }
        let creatives = booking.creatives.iter().map(|key| {
            known
                .get(key)
                .copied()
                .ok_or_else(|| ImportError::Reference(format!("{}: no creative {key}", booking.name)))
        });
        let draft = BookingDraft {
            creatives: creatives.collect::<Result<_, _>>()?,
            name: booking.name,
            selector: Selector { venue_types: booking.venue_types, areas: booking.areas, ..Selector::default() },
            schedule: ScheduleForm {
                from: starts,
                until: Some(ends),
                weekdays: Some(booking.weekdays),
                rrule: None,
                except: std::collections::BTreeSet::new(),
                also: std::collections::BTreeSet::new(),
                windows: booking.windows,
            },
            mode: booking.mode,
            most_per_day: booking.most_per_day,
        };
        app.campaigns.add_booking(campaign.id, draft, &people.editor, now).await?;
        done.bookings += 1;
    }
    // Screens are enrolled after their county was loaded, and join by themselves.
    let (submitted, _) = app.campaigns.submit(campaign.id, Unreached::Allow, &people.editor, today, now).await?;
    let seen = submitted.hash();
    app.campaigns.approve(campaign.id, seen, Unreached::Allow, &people.reviewer, today, now).await?;
    Ok(())
}

/// `YYYY-MM-DD`, or `relative:±Nd` from today.
fn date(text: &str, today: NaiveDate) -> Result<NaiveDate, ImportError> {
    let wrong = || ImportError::Reference(format!("not a date: {text}"));
    let Some(offset) = text.strip_prefix("relative:") else { return text.parse().map_err(|_| wrong()) };
    let days: i64 = offset.strip_suffix('d').and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
    let distance = Days::new(days.unsigned_abs());
    let moved = if days < 0 { today.checked_sub_days(distance) } else { today.checked_add_days(distance) };
    moved.ok_or_else(wrong)
}

#[cfg(test)]
mod tests;
