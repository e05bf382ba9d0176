//! How a player becomes a screen: by a code shown on its wall and typed by an operator, or by a one-time token made
//! beforehand for mass roll-out. Both bind the key that the player drew for itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::json;
use xuanping_core::{
    digest::Digest,
    geometry::{Layout, Size, Sound},
    id::{AccountId, ScreenId, VenueId},
    playlist::WallSettings,
    sign::PublicKey,
    time::UtcMillis,
    vocabulary::ScreenKind,
    wire::{Capabilities, EnrolmentState},
};

use super::{
    EVIDENCE_PER_DAY, NewVenue, SCREEN_CHANGED, Screen, ScreenError, Screens, Venue, store, store::screens::Put,
};
use crate::{
    accounts::{
        Actor, Principal,
        audit::{self, Outcome},
    },
    entropy,
};

/// How long a code works, in milliseconds.
const CODE_LIFE: i64 = 15 * 60_000;
/// Wrong codes within [`ATTEMPTS_WINDOW`] after which a person must wait: 8 digits cannot be guessed at this rate.
const ATTEMPTS: usize = 10;
const ATTEMPTS_WINDOW: i64 = 10 * 60_000;

/// Codes shown at the same time: far more than an office types in a quarter of an hour. Anybody may introduce a player, so
/// without a limit anybody could fill the database.
const MOST_WAITING: i64 = 2_000;
/// The pixels of an 8K display. What claims more is mistaken, and every poster would be drawn in its size.
const MOST_PIXELS: u64 = 7_680 * 4_320;

/// A player that waits for its code to be typed.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its key.
    pub public_key: PublicKey,
    /// What it says of its wall.
    pub capabilities: Capabilities,
    /// Its code.
    pub code: String,
    /// Until when.
    pub expires: UtcMillis,
    /// When it was typed, if it was.
    pub used: Option<UtcMillis>,
}

/// Which venue a new screen hangs in.
#[derive(Debug, Clone)]
pub enum VenueChoice {
    /// One that exists.
    Existing(VenueId),
    /// One that is made at the same time.
    New(NewVenue),
}

/// What an operator says when typing a code.
#[derive(Debug, Clone)]
pub struct PairRequest {
    /// The eight digits; blanks are ignored.
    pub code: String,
    /// Where it hangs.
    pub venue: VenueChoice,
    /// Its name, unique within the venue.
    pub name: String,
    /// How it is divided.
    pub layout: Layout,
    /// Whether it may make noise.
    pub sound: Sound,
}

/// What an enrolment token stands for.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Where the screen will hang.
    pub venue: VenueId,
    /// Its name.
    pub name: String,
    /// How it is divided.
    pub layout: Layout,
    /// Whether it may make noise.
    pub sound: Sound,
    /// How long the token is good, in milliseconds.
    pub life: i64,
}

/// Wrong codes per person, in memory: a restart forgives, which costs an attacker far more than it gives.
#[derive(Clone, Default)]
pub(super) struct Attempts(Arc<Mutex<HashMap<AccountId, Vec<UtcMillis>>>>);

impl Attempts {
    /// Counts a code as wrong before it is looked up, so that many at once are not all looked up.
    fn begin(&self, who: AccountId, now: UtcMillis) -> Result<(), ScreenError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = all.entry(who).or_default();
        wrong.retain(|at| now.since(*at) < ATTEMPTS_WINDOW);
        match wrong.first() {
            Some(first) if wrong.len() >= ATTEMPTS => Err(ScreenError::TooManyCodes(first.plus(ATTEMPTS_WINDOW))),
            _ => {
                wrong.push(now);
                Ok(())
            }
        }
    }

    /// The code was one that a player shows, or did.
    fn take_back(&self, who: AccountId, began: UtcMillis) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wrong) = all.get_mut(&who) else { return };
        if let Some(place) = wrong.iter().rposition(|at| *at == began) {
            wrong.remove(place);
        }
    }
}

/// Whether a screen of this kind may have so many pixels.
pub(super) fn check_size(kind: ScreenKind, size: Size) -> Result<(), ScreenError> {
    let speaker = kind == ScreenKind::Speaker;
    let sized = Size::checked(size.width, size.height).is_some();
    if speaker != (size == Size { width: 0, height: 0 }) || (!speaker && !sized) {
        return Err(ScreenError::BadCapabilities("size"));
    }
    if u64::from(size.width) * u64::from(size.height) > MOST_PIXELS {
        return Err(ScreenError::BadCapabilities("size"));
    }
    Ok(())
}

fn check_capabilities(given: &Capabilities) -> Result<(), ScreenError> {
    check_size(given.kind, given.size)?;
    if given.host.chars().count() > 100 || given.software.chars().count() > 100 {
        return Err(ScreenError::BadCapabilities("text"));
    }
    Ok(())
}

pub(super) fn checked_screen_name(name: &str) -> Result<String, ScreenError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 40 { Err(ScreenError::BadName) } else { Ok(name.to_owned()) }
}

impl Screens {
    /// A player introduces itself: it is already a screen, or its token makes it one, or it gets a code to show.
    pub async fn introduce(
        &self,
        key: PublicKey,
        capabilities: Capabilities,
        token: Option<&str>,
        now: UtcMillis,
    ) -> Result<EnrolmentState, ScreenError> {
        check_capabilities(&capabilities)?;
        if let Some(screen) = self.by_fingerprint(key.fingerprint()).await? {
            return match screen.retired_at {
                None => Ok(EnrolmentState::Enrolled { screen: screen.id }),
                // Its player wipes the key and comes back with a new one.
                Some(_) => Err(ScreenError::Retired),
            };
        }
        if self.former_key(key.fingerprint()).await?.is_some() {
            return Err(ScreenError::KeyReplaced);
        }
        if let Some(token) = token {
            let screen = self.redeem(key, &capabilities, token, now).await?;
            return Ok(EnrolmentState::Enrolled { screen });
        }
        if let Some(shown) = store::pairings::of_key(&self.db, key.fingerprint(), now).await? {
            return Ok(EnrolmentState::Waiting { code: shown.code, expires: shown.expires });
        }
        let mut tx = self.db.begin().await?;
        store::pairings::forget_expired(&mut tx, now).await?;
        if store::pairings::count_waiting(&mut tx, now).await? >= MOST_WAITING {
            return Err(ScreenError::TooManyWaiting);
        }
        let expires = now.plus(CODE_LIFE);
        loop {
            let code = entropy::text(8, entropy::DIGITS)?;
            let waiting = Waiting { public_key: key, capabilities: capabilities.clone(), code, expires, used: None };
            if store::pairings::insert(&mut tx, &waiting).await? {
                tx.commit().await?;
                return Ok(EnrolmentState::Waiting { code: waiting.code, expires });
            }
        }
    }

    /// What stands for the player that signs with this key; `None` if it should introduce itself (again).
    pub async fn enrolment_of(
        &self,
        key: Digest,
        now: UtcMillis,
    ) -> Result<Option<(PublicKey, EnrolmentState)>, ScreenError> {
        if let Some(screen) = self.by_fingerprint(key).await?.filter(|s| s.retired_at.is_none()) {
            return Ok(Some((screen.public_key, EnrolmentState::Enrolled { screen: screen.id })));
        }
        let waiting = store::pairings::of_key(&self.db, key, now).await?;
        Ok(waiting.map(|w| (w.public_key, EnrolmentState::Waiting { code: w.code, expires: w.expires })))
    }

    /// The player that shows this code.
    pub async fn waiting(&self, code: &str, who: &Principal, now: UtcMillis) -> Result<Waiting, ScreenError> {
        self.attempts.begin(who.id, now)?;
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let found = match code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()) {
            true => store::pairings::by_code(&self.db, &code).await?,
            false => None,
        };
        let waiting = found.ok_or(ScreenError::WrongCode)?;
        self.attempts.take_back(who.id, now);
        if waiting.used.is_some() {
            return Err(ScreenError::CodeUsed);
        }
        if waiting.expires <= now {
            return Err(ScreenError::CodeExpired);
        }
        Ok(waiting)
    }

    /// An operator types a code: the player's key becomes a screen of the venue.
    pub async fn pair(&self, request: PairRequest, who: &Principal, now: UtcMillis) -> Result<Screen, ScreenError> {
        let waiting = self.waiting(&request.code, who, now).await?;
        let actor = Actor::from(who);
        let (venue, made) = match request.venue {
            VenueChoice::Existing(id) => (self.venue(id).await?, None),
            VenueChoice::New(new) => {
                let venue = self.checked_venue(new, Some(who), now).await?;
                (venue.clone(), Some(venue))
            }
        };
        if !Self::covers(who, &venue.area, &venue.department) {
            return Err(ScreenError::OutOfScope);
        }
        let screen = new_screen(&waiting, venue, &request.name, request.layout, request.sound, now)?;
        let mut tx = self.db.begin().await?;
        if !store::pairings::use_up(&mut tx, screen.public_key.fingerprint(), now).await? {
            // Somebody typed it between our look and now.
            return Err(ScreenError::CodeUsed);
        }
        if let Some(venue) = &made {
            Self::insert_venue(&mut tx, venue, &actor, now).await?;
        }
        self.insert(&mut tx, &screen, &actor, "code", now).await?;
        tx.commit().await?;
        self.jobs.wake();
        self.get(screen.id).await
    }

    /// Makes a one-time token for a player that nobody will stand in front of. Only its digest is kept.
    pub async fn issue_token(&self, new: NewToken, actor: &Actor, now: UtcMillis) -> Result<String, ScreenError> {
        let venue = self.venue(new.venue).await?;
        let name = checked_screen_name(&new.name)?;
        let token = entropy::text(32, entropy::LEGIBLE)?;
        let mut tx = self.db.begin().await?;
        let stored = store::pairings::Token { venue: new.venue, name, layout: new.layout, sound: new.sound };
        store::pairings::put_token(&mut tx, Digest::of(token.as_bytes()), &stored, now.plus(new.life)).await?;
        let details = json!({ "venue": venue.name });
        audit::record(&mut tx, actor, "screens.issue-token", &stored.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(token)
    }

    async fn redeem(
        &self,
        key: PublicKey,
        capabilities: &Capabilities,
        token: &str,
        now: UtcMillis,
    ) -> Result<ScreenId, ScreenError> {
        let mut tx = self.db.begin().await?;
        let token = store::pairings::take_token(&mut tx, Digest::of(token.as_bytes()), now)
            .await?
            .ok_or(ScreenError::BadToken)?;
        let waiting = Waiting {
            public_key: key,
            capabilities: capabilities.clone(),
            code: String::new(),
            expires: now,
            used: None,
        };
        let venue = store::places::venue_in(&mut tx, token.venue).await?.ok_or(ScreenError::UnknownVenue)?;
        let screen = new_screen(&waiting, venue, &token.name, token.layout, token.sound, now)?;
        store::pairings::use_up(&mut tx, key.fingerprint(), now).await?;
        self.insert(&mut tx, &screen, &Actor::System, "token", now).await?;
        tx.commit().await?;
        self.jobs.wake();
        Ok(screen.id)
    }

    async fn insert(
        &self,
        tx: &mut crate::db::Tx,
        screen: &Screen,
        actor: &Actor,
        by: &str,
        now: UtcMillis,
    ) -> Result<(), ScreenError> {
        if store::screens::name_taken(tx, screen.venue.id, &screen.name).await?
            || store::screens::insert(tx, screen).await? == Put::Duplicate
        {
            return Err(ScreenError::NameTaken);
        }
        self.jobs.enqueue(tx, SCREEN_CHANGED, &screen.id.to_string(), now).await?;
        let details = json!({
            "id": screen.id, "venue": screen.venue.name, "by": by, "key": screen.public_key.fingerprint(),
        });
        audit::record(tx, actor, "screens.pair", &screen.name, Outcome::Done, details, now).await?;
        Ok(())
    }

    /// Takes a screen out of service: its player wipes its cache and key the next time it asks.
    pub async fn retire(&self, id: ScreenId, who: &Principal, now: UtcMillis) -> Result<(), ScreenError> {
        let screen = self.get(id).await?;
        if !Self::covers(who, &screen.venue.area, &screen.venue.department) {
            return Err(ScreenError::OutOfScope);
        }
        self.callers.set_aside(&screen.public_key, now);
        let mut tx = self.db.begin().await?;
        if !store::screens::retire(&mut tx, id, now).await? {
            return Err(ScreenError::Retired);
        }
        self.jobs.enqueue(&mut tx, SCREEN_CHANGED, &id.to_string(), now).await?;
        let details = json!({ "id": id, "venue": screen.venue.name });
        audit::record(&mut tx, &who.into(), "screens.retire", &screen.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        self.jobs.wake();
        Ok(())
    }
}

fn new_screen(
    waiting: &Waiting,
    venue: Venue,
    name: &str,
    layout: Layout,
    sound: Sound,
    now: UtcMillis,
) -> Result<Screen, ScreenError> {
    let given = &waiting.capabilities;
    layout.check(given.kind, given.size)?;
    Ok(Screen {
        id: ScreenId::new(entropy::uuid(now)?),
        name: checked_screen_name(name)?,
        venue,
        kind: given.kind,
        size: given.size,
        layout,
        sound,
        clips: given.clips,
        tags: Vec::new(),
        timezone: "Asia/Shanghai".into(),
        wall: WallSettings::default(),
        evidence_per_day: EVIDENCE_PER_DAY,
        public_key: waiting.public_key,
        key_from: 1,
        key_changed_at: None,
        host: given.host.clone(),
        enrolled_at: now,
        retired_at: None,
        status: None,
    })
}
