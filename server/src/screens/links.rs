//! 对外链接: an unguessable public address of what a screen shows, for boot pages and websites that can only fetch a picture.
//!
//! It opens nothing but that picture, so it is kept as it is: people come back for it months later.

use serde_json::json;
use xuanping_core::{id::ScreenId, time::UtcMillis};

use super::{ScreenError, Screens, store};
use crate::{
    accounts::{
        Principal,
        audit::{self, Outcome},
    },
    entropy,
};

/// The most links of one screen.
pub const MOST_LINKS: usize = 10;

/// 31 letters and digits to the 26th power: more than 2^128.
const TOKEN_LENGTH: usize = 26;

/// A public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What the address contains.
    pub token: String,
    /// When it was made.
    pub created_at: UtcMillis,
    /// By whom.
    pub created_by: String,
}

impl Screens {
    /// The links of a screen, oldest first.
    pub async fn links(&self, id: ScreenId) -> Result<Vec<Link>, ScreenError> {
        Ok(store::links::of_screen(&self.db, id).await?)
    }

    /// Makes a new one.
    pub async fn add_link(&self, id: ScreenId, who: &Principal, now: UtcMillis) -> Result<Link, ScreenError> {
        let screen = self.within_scope(id, who).await?;
        if screen.retired_at.is_some() {
            return Err(ScreenError::Retired);
        }
        let token = entropy::text(TOKEN_LENGTH, entropy::LEGIBLE)?;
        let link = Link { token, created_at: now, created_by: who.display_name.clone() };
        let mut tx = self.db.begin().await?;
        if store::links::count(&mut tx, id).await? >= MOST_LINKS as i64 {
            return Err(ScreenError::TooManyLinks);
        }
        store::links::insert(&mut tx, id, &link).await?;
        let details = json!({ "id": id, "venue": screen.venue.name });
        audit::record(&mut tx, &who.into(), "screens.link", &screen.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// Revokes one: from now on its address shows nothing.
    pub async fn revoke_link(
        &self,
        id: ScreenId,
        token: &str,
        who: &Principal,
        now: UtcMillis,
    ) -> Result<(), ScreenError> {
        let screen = self.within_scope(id, who).await?;
        let mut tx = self.db.begin().await?;
        if !store::links::delete(&mut tx, id, token).await? {
            return Err(ScreenError::UnknownLink);
        }
        let details = json!({ "id": id, "venue": screen.venue.name });
        audit::record(&mut tx, &who.into(), "screens.unlink", &screen.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The screen in service that a link shows.
    pub async fn linked(&self, token: &str) -> Result<Option<ScreenId>, ScreenError> {
        if token.len() != TOKEN_LENGTH {
            return Ok(None);
        }
        Ok(store::links::screen_of(&self.db, token).await?)
    }

    async fn within_scope(&self, id: ScreenId, who: &Principal) -> Result<super::Screen, ScreenError> {
        let screen = self.get(id).await?;
        if Self::covers(who, &screen.venue.area, &screen.venue.department) {
            Ok(screen)
        } else {
            Err(ScreenError::OutOfScope)
        }
    }
}
