//! Taking a change of key in: from a certain batch of the screen's chain on, another key signs.
//!
//! The chain's end is held while the change is recorded, and whoever stores a batch looks at the keys once more when he holds it:
//! so no batch gets in with a key that its number is not for, whoever is quicker.

use xuanping_core::playlog::{KeyChange, KeyChangeFault, KeyReceipt, SignedKeyChange};
use xuanping_core::time::UtcMillis;

use super::{PlayError, Plays, store};
use crate::{
    db::DbError,
    screens::{Screen, ScreenError},
};

/// Why a change of key is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum KeyChangeError {
    /// It is none, or the chain is another.
    #[error("refused: {0}")]
    Refused(#[from] KeyChangeFault),
    /// The screen is out of service.
    #[error("the screen was retired")]
    Retired(Box<Screen>),
    /// Something else stands against it, or failed.
    #[error(transparent)]
    Play(#[from] PlayError),
}

impl From<ScreenError> for KeyChangeError {
    fn from(error: ScreenError) -> Self {
        Self::Play(error.into())
    }
}

impl From<DbError> for KeyChangeError {
    fn from(error: DbError) -> Self {
        Self::Play(error.into())
    }
}

impl Plays {
    /// What a change says, if all three signatures hold.
    pub fn read_change(&self, signed: &[u8]) -> Result<SignedKeyChange, KeyChangeError> {
        Ok(SignedKeyChange::verify(signed.to_vec(), &self.publisher.public())?)
    }

    /// Records a change of key and answers its signed receipt. The same change again gives the same receipt.
    pub async fn change_key(&self, change: &SignedKeyChange, now: UtcMillis) -> Result<Vec<u8>, KeyChangeError> {
        let said = change.change();
        let mut tx = self.db.begin().await?;
        let screen = self.screens.changing(&mut tx, said.screen).await?;
        if screen.retired_at.is_some() {
            return Err(KeyChangeError::Retired(Box::new(screen)));
        }
        if let Some(recorded) = self.screens.recorded(&mut tx, change).await? {
            return Ok(self.key_receipt(change, recorded));
        }
        let head = store::batches::hold(&mut tx, said.screen).await?;
        self.screens.record_change(&mut tx, &screen, change, now).await?;
        if !follows(said, head.sequence, head.digest) {
            return Err(KeyChangeFault::OtherPrevious.into());
        }
        tx.commit().await?;
        tracing::info!(screen = %said.screen, from = said.from, "a screen has changed its key");
        Ok(self.key_receipt(change, now))
    }

    fn key_receipt(&self, change: &SignedKeyChange, recorded: UtcMillis) -> Vec<u8> {
        let receipt = KeyReceipt { screen: change.change().screen, change: change.digest(), recorded };
        self.publisher.key_receipt(&receipt)
    }
}

/// Whether a change fits a chain that ends so far: batches of the old key may still be on their way, none of the new one's can be
/// there already.
fn follows(change: &KeyChange, end: u64, name: xuanping_core::digest::Digest) -> bool {
    match (change.from - 1).cmp(&end) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => change.previous == name,
        std::cmp::Ordering::Greater => true,
    }
}
