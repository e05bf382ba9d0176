//! Which device key is which screen in service, remembered: a hundred thousand players ask every half minute whether there is
//! anything new, and that must not be a question to the database each time.
//!
//! Only keys of screens in service are remembered, and every signature is verified all the same. Whoever retires a screen or
//! changes its key sets the old key aside before it is so: for a while nothing is remembered of it, so that nobody who read the
//! row just before can bring it back. Beyond that nothing is believed for longer than ten minutes.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    sign::{PublicKey, ReadyKey},
    time::UtcMillis,
};

use super::{ScreenError, Screens};

/// How long a key is believed to be a screen's, in milliseconds: between half of this and all of it, so that not all are read
/// again at once.
const BELIEVED: i64 = 10 * 60_000;
/// How long nothing is remembered of a key that was set aside, in milliseconds: longer than any request takes that had read it.
const ASIDE: i64 = 2 * 60_000;

/// Whose request it is.
#[derive(Clone)]
pub(super) struct Caller {
    pub screen: ScreenId,
    pub key: ReadyKey,
}

/// What is remembered.
#[derive(Default)]
pub(super) struct Callers(RwLock<Remembered>);

#[derive(Default)]
struct Remembered {
    /// Until when, and who.
    by_key: HashMap<Digest, (UtcMillis, Caller)>,
    /// Keys of which nothing is to be remembered until then.
    aside: HashMap<Digest, UtcMillis>,
}

impl Callers {
    fn get(&self, fingerprint: Digest, now: UtcMillis) -> Option<Caller> {
        let remembered = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (until, caller) = remembered.by_key.get(&fingerprint)?;
        (now < *until).then(|| caller.clone())
    }

    pub fn put(&self, fingerprint: Digest, caller: Caller, now: UtcMillis) {
        let mut remembered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.aside.get(&fingerprint).is_some_and(|until| now < *until) {
            return;
        }
        let turn = i64::from(fingerprint.as_bytes()[0]);
        let until = now.plus(BELIEVED / 2 + BELIEVED / 2 * turn / 255);
        remembered.by_key.insert(fingerprint, (until, caller));
    }

    /// Forgets a key that is about to be no screen's any more.
    pub fn set_aside(&self, key: &PublicKey, now: UtcMillis) {
        let mut remembered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        remembered.by_key.remove(&key.fingerprint());
        remembered.aside.retain(|_, until| now < *until);
        remembered.aside.insert(key.fingerprint(), now.plus(ASIDE));
    }
}

impl Screens {
    /// The screen in service with this key; `None` for everybody else.
    pub(super) async fn caller(&self, fingerprint: Digest, now: UtcMillis) -> Result<Option<Caller>, ScreenError> {
        if let Some(caller) = self.callers.get(fingerprint, now) {
            return Ok(Some(caller));
        }
        let Some(screen) = self.by_fingerprint(fingerprint).await?.filter(|screen| screen.retired_at.is_none()) else {
            return Ok(None);
        };
        let Some(key) = screen.public_key.ready() else { return Ok(None) };
        let caller = Caller { screen: screen.id, key };
        self.callers.put(fingerprint, caller.clone(), now);
        Ok(Some(caller))
    }
}
