//! 远程指令: what an office tells one screen to do once. It waits here until the screen's next manifest, which is issued at once;
//! that it was done is the screen's own word, in its status.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use xuanping_core::{
    id::{InstructionId, ScreenId},
    playlist::{Errand, Instruction},
    playlog::KeyPermit,
    time::UtcMillis,
    wire::CouldNot,
};

use super::{
    PlaylistError, Playlists,
    issue::{Order, Orders},
    store,
};
use crate::{
    accounts::{
        Principal,
        audit::{self, Outcome},
    },
    content::render::strip,
    db::DbError,
    entropy::{self, NoEntropy},
    screens::{ScreenError, Screens},
};

/// How long a screen has to hear of it, in milliseconds.
const LIFE: i64 = 10 * 60_000;
/// Digits of the code that a screen shows of itself.
const CODE: usize = 4;
/// So many are shown of a screen.
const SHOWN: u32 = 8;

/// What a screen can be told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InstructionKind)]
pub enum Kind {
    /// 显示身份: its area, venue, name and a code, big on the wall.
    Identify,
    /// 立即取证: an evidence picture.
    Capture,
    /// 重启播放器: the program ends and is started again.
    Restart,
    /// 更换密钥: it makes a new key, which takes the old one's place.
    ChangeKey,
}

/// An instruction as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Which.
    pub id: InstructionId,
    /// To whom.
    pub screen: ScreenId,
    /// What.
    pub kind: Kind,
    /// For how long it says who it is.
    pub seconds: u8,
    /// What it shows then, beside the lines.
    pub code: String,
    /// Area with venue, and name.
    pub lines: Vec<String>,
    /// When.
    pub created_at: UtcMillis,
    /// By whom.
    pub created_by: String,
    /// From when on it is not done any more.
    pub expires: UtcMillis,
    /// The office's signed word that it may change its key; empty for others.
    pub permit: Vec<u8>,
    /// When the screen says it did it, or could not.
    pub done: Option<UtcMillis>,
    /// Why it could not.
    pub could_not: Option<CouldNot>,
}

/// Why a screen is not told.
#[derive(Debug, thiserror::Error)]
pub enum InstructionRefusal {
    /// Its player does not know of instructions.
    #[error("the player does not understand instructions")]
    CannotObey,
    /// Its player cannot change its key.
    #[error("the player cannot change its key")]
    CannotChangeKey,
    /// It was told to change its key, and has not yet.
    #[error("the screen is about to change its key")]
    ChangingKey,
    /// It has no manifest yet.
    #[error("the screen was told nothing yet")]
    NotYet,
    /// It has too many to do.
    #[error("too many instructions wait")]
    TooMany,
    /// Not for so long.
    #[error("seconds out of range")]
    Seconds,
    /// Something else.
    #[error(transparent)]
    Playlists(#[from] PlaylistError),
}

impl From<ScreenError> for InstructionRefusal {
    fn from(error: ScreenError) -> Self {
        Self::Playlists(error.into())
    }
}

impl From<DbError> for InstructionRefusal {
    fn from(error: DbError) -> Self {
        Self::Playlists(error.into())
    }
}

impl From<NoEntropy> for InstructionRefusal {
    fn from(error: NoEntropy) -> Self {
        Self::Playlists(error.into())
    }
}

impl Given {
    /// As the manifest says it.
    fn as_told(&self) -> Instruction {
        let what = match self.kind {
            Kind::Identify => Errand::Identify {
                seconds: self.seconds,
                code: self.code.clone(),
                lines: self.lines.iter().map(|line| strip::lamps(line)).collect(),
            },
            Kind::Capture => Errand::Capture,
            Kind::Restart => Errand::Restart,
            Kind::ChangeKey => Errand::ChangeKey { permit: self.permit.clone() },
        };
        Instruction { id: self.id, expires: self.expires, what }
    }
}

impl Playlists {
    /// Tells a screen within the person's scope to do something, at once.
    pub async fn instruct(
        &self,
        screen: ScreenId,
        kind: Kind,
        seconds: u8,
        who: &Principal,
        now: UtcMillis,
    ) -> Result<Given, InstructionRefusal> {
        if !(1..=Errand::LONGEST).contains(&seconds) {
            return Err(InstructionRefusal::Seconds);
        }
        let found = self.screens.get(screen).await?;
        if !Screens::covers(who, &found.venue.area, &found.venue.department) {
            return Err(ScreenError::OutOfScope.into());
        }
        let candidate = self.screens.candidate(screen).await?.ok_or(ScreenError::Retired)?;
        let can = found.status.as_ref().map(|(_, status)| status.abilities).unwrap_or_default();
        if !can.instructions {
            return Err(InstructionRefusal::CannotObey);
        }
        if kind == Kind::ChangeKey && !can.keys {
            return Err(InstructionRefusal::CannotChangeKey);
        }
        if self.issued(screen).is_none() {
            return Err(InstructionRefusal::NotYet);
        }
        self.note_done(screen).await?;
        let areas = self.screens.areas().await?;
        let area = areas.into_iter().find(|area| area.code == found.venue.area).map(|area| area.name);
        let place = area.into_iter().chain([found.venue.name.clone()]).collect::<Vec<_>>().join(" · ");
        let identifies = kind == Kind::Identify;
        let id = InstructionId::new(entropy::uuid(now)?);
        // For the key that it has now, once: what is signed here is good for no other.
        let permit = KeyPermit { screen, key: found.public_key.fingerprint(), instruction: id };
        let permit = (kind == Kind::ChangeKey).then(|| self.screens.key_permit(&permit));
        let given = Given {
            id,
            screen,
            kind,
            seconds,
            code: if identifies { entropy::text(CODE, entropy::DIGITS)? } else { String::new() },
            lines: if identifies { vec![place, found.name.clone()] } else { Vec::new() },
            created_at: now,
            created_by: who.display_name.clone(),
            expires: now.plus(LIFE),
            permit: permit.unwrap_or_default(),
            done: None,
            could_not: None,
        };
        let mut tx = self.db.begin().await?;
        tx.alone(&format!("instructions/{screen}")).await?;
        if store::instructions::count_pending(&mut tx, screen, now).await? >= Instruction::MOST as i64 {
            return Err(InstructionRefusal::TooMany);
        }
        if kind == Kind::ChangeKey && store::instructions::is_changing_key(&mut tx, screen, now).await? {
            return Err(InstructionRefusal::ChangingKey);
        }
        store::instructions::insert(&mut tx, &given).await?;
        let details = json!({ "id": screen, "instruction": given.kind, "venue": found.venue.name });
        audit::record(&mut tx, &who.into(), "screens.instruct", &found.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        let order = Order { screen: candidate.into(), orders: Orders::AsBefore };
        self.issue(&[order], now).await?;
        Ok(given)
    }

    /// The newest instructions of a screen, the newest first.
    pub async fn instructions(&self, screen: ScreenId) -> Result<Vec<Given>, PlaylistError> {
        self.note_done(screen).await?;
        Ok(store::instructions::newest(&self.db, screen, SHOWN).await?)
    }

    /// What each screen is still to do, as manifests say it.
    pub(super) async fn pending_instructions(
        &self,
        now: UtcMillis,
    ) -> Result<HashMap<ScreenId, Vec<Instruction>>, PlaylistError> {
        let mut pending: HashMap<ScreenId, Vec<Instruction>> = HashMap::new();
        for given in store::instructions::pending(&self.db, now).await? {
            pending.entry(given.screen).or_default().push(given.as_told());
        }
        for told in pending.values_mut() {
            told.truncate(Instruction::MOST);
        }
        Ok(pending)
    }

    /// Notes what the screen says it did since this was last looked at.
    async fn note_done(&self, screen: ScreenId) -> Result<(), PlaylistError> {
        let found = self.screens.get(screen).await?;
        let Some((_, status)) = found.status.filter(|(_, status)| !status.obeyed.is_empty()) else { return Ok(()) };
        let open = store::instructions::newest(&self.db, screen, SHOWN).await?;
        let open = open.into_iter().filter(|given| given.done.is_none());
        for given in open {
            if let Some(obeyed) = status.obeyed.iter().find(|obeyed| obeyed.id == given.id) {
                store::instructions::done(&self.db, screen, *obeyed).await?;
            }
        }
        Ok(())
    }
}
