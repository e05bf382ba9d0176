//! 更换密钥: the keys that a screen had and has. The first came with its enrolment; each later one with a change that the old
//! key signed, the new one proved and the office permitted (`xuanping_core::playlog::SignedKeyChange`).

use serde_json::json;
use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    playlog::{KeyPermit, ScreenKeys, SignedKeyChange},
    sign::PublicKey,
    time::UtcMillis,
};

use super::{Screen, ScreenError, Screens, store};
use crate::{
    accounts::{
        Actor,
        audit::{self, Outcome},
    },
    db::Tx,
};

impl Screens {
    /// The office's signed word that this screen is to change the key it has now.
    pub fn key_permit(&self, permit: &KeyPermit) -> Vec<u8> {
        self.publisher.key_permit(permit)
    }

    /// The changes of a screen's key in their order, each verified again.
    pub async fn key_changes(&self, screen: ScreenId) -> Result<Vec<SignedKeyChange>, ScreenError> {
        let signed = store::keys::of(&self.db, screen).await?.into_iter();
        let verified = signed.map(|signed| SignedKeyChange::verify(signed, &self.publisher.public()));
        verified.collect::<Result<_, _>>().map_err(|_| ScreenError::DamagedKeys(screen))
    }

    /// All keys of a screen, each with the batches that it signs.
    pub async fn keys(&self, screen: &Screen) -> Result<ScreenKeys, ScreenError> {
        match screen.key_changed_at {
            None => Ok(ScreenKeys::of_one(screen.public_key)),
            Some(_) => keys_of(screen.id, screen.public_key, &self.key_changes(screen.id).await?),
        }
    }

    /// The key with this fingerprint that a screen had, and has changed since.
    pub async fn former_key(&self, fingerprint: Digest) -> Result<Option<PublicKey>, ScreenError> {
        Ok(store::keys::former(&self.db, fingerprint).await?)
    }

    /// When this very change was recorded, if it was.
    pub async fn recorded(&self, tx: &mut Tx, change: &SignedKeyChange) -> Result<Option<UtcMillis>, ScreenError> {
        Ok(store::keys::recorded(tx, change.digest()).await?)
    }

    /// Whose key is to be changed, in `tx`, which is alone with the screen from now on.
    pub async fn changing(&self, tx: &mut Tx, screen: ScreenId) -> Result<Screen, ScreenError> {
        tx.alone(&format!("screen/{screen}")).await?;
        store::screens::get_in(tx, screen).await?.ok_or(ScreenError::UnknownScreen)
    }

    /// Whether each of these screens has, in `tx`, still the keys that it had when it was read.
    pub async fn have_their_keys(&self, tx: &mut Tx, screens: &[&Screen]) -> Result<bool, ScreenError> {
        let ids: Vec<ScreenId> = screens.iter().map(|screen| screen.id).collect();
        let froms = store::screens::key_froms(tx, &ids).await?;
        Ok(screens.iter().all(|screen| froms.get(&screen.id).copied().unwrap_or(1) == screen.key_from))
    }

    /// Records a change of this screen's key, which [`Self::changing`] answered. Whether it fits the screen's chain is for
    /// whoever keeps that to know.
    pub async fn record_change(
        &self,
        tx: &mut Tx,
        screen: &Screen,
        change: &SignedKeyChange,
        now: UtcMillis,
    ) -> Result<(), ScreenError> {
        let said = change.change();
        if screen.retired_at.is_some() {
            return Err(ScreenError::Retired);
        }
        if screen.public_key != said.old {
            return Err(ScreenError::KeyReplaced);
        }
        if said.from < screen.key_from || store::keys::is_known(tx, &said.new).await? {
            return Err(ScreenError::KeyInUse);
        }
        self.callers.set_aside(&said.old, now);
        store::keys::put(tx, change, now).await?;
        let details = json!({
            "id": screen.id, "from": said.from, "old": said.old.fingerprint(), "new": said.new.fingerprint(),
            "instruction": change.permit().instruction,
        });
        audit::record(tx, &Actor::System, "screens.change_key", &screen.name, Outcome::Done, details, now).await?;
        Ok(())
    }
}

/// The keys that these changes come to, beginning with the key that the first of them replaced.
pub fn keys_of(screen: ScreenId, now: PublicKey, changes: &[SignedKeyChange]) -> Result<ScreenKeys, ScreenError> {
    let mut keys = ScreenKeys::of_one(changes.first().map_or(now, |first| first.change().old));
    for change in changes {
        let said = change.change();
        if said.screen != screen || keys.change(said).is_err() {
            return Err(ScreenError::DamagedKeys(screen));
        }
    }
    Ok(keys)
}
