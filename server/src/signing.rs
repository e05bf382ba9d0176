//! The publishing key: what makes players obey; and the play log's own key beside it. Only this room holds it; everything else asks it to sign.
//!
//! It is a small interface on purpose, so that it can move into another process or a hardware module (design.md §4).

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use xuanping_core::{
    playlog::{KeyPermit, KeyReceipt, Receipt},
    sign::{Context, PublicKey, SecretKey},
    tlog::Signer,
    wire::{Retirement, SignedTime},
};

use crate::entropy::{self, NoEntropy};

/// Signs on behalf of the office. Cheap to clone.
#[derive(Clone)]
pub struct Publisher(Arc<SecretKey>);

/// Why there is no publishing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("key {path}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not 32 bytes of hexadecimal.
    #[error(
        "key {0} is damaged: restore it from the backup; a new one would orphan every enrolled player and every auditor"
    )]
    Damaged(PathBuf),
    /// Others may read the file.
    #[error("key {0} is readable by others: chmod 600 it")]
    Exposed(PathBuf),
    /// No randomness for a first key.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl Publisher {
    /// Reads `<folder>/publisher.key`, or draws the first one.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        Ok(Self(Arc::new(read_or_draw(folder, "publisher")?)))
    }

    /// What players and auditors verify with.
    pub fn public(&self) -> PublicKey {
        self.0.public()
    }

    /// Signs a screen's manifest, given as [`Manifest::to_payload`](xuanping_core::playlist::Manifest::to_payload) has it.
    /// The same payload always gives the same bytes.
    pub fn manifest(&self, payload: Vec<u8>) -> Vec<u8> {
        self.0.sign(Context::Manifest, payload)
    }

    /// Signs the receipt of a durable batch.
    pub fn receipt(&self, receipt: &Receipt) -> Vec<u8> {
        receipt.sign(&self.0)
    }

    /// Signs that a screen is to change its key.
    pub fn key_permit(&self, permit: &KeyPermit) -> Vec<u8> {
        permit.sign(&self.0)
    }

    /// Signs that a change of key is recorded.
    pub fn key_receipt(&self, receipt: &KeyReceipt) -> Vec<u8> {
        receipt.sign(&self.0)
    }

    /// Signs the time.
    pub fn time(&self, time: &SignedTime) -> Vec<u8> {
        time.sign(&self.0)
    }

    /// Signs that a screen is out of service; as text, for a problem's member.
    pub fn retirement(&self, retirement: &Retirement) -> String {
        retirement.sign(&self.0)
    }

    /// Signs the statement of an exported bundle.
    pub fn bundle(&self, statement: Vec<u8>) -> Vec<u8> {
        self.0.sign(Context::Bundle, statement)
    }
}

/// The signer of the play log: `<folder>/log.key`, drawn the first time. The log is named after the key, so that no two
/// have one name.
pub fn open_log(folder: &Path) -> Result<Signer, KeyError> {
    let key = read_or_draw(folder, "log")?;
    let name = format!("xuanping-{}/log", hex::encode(&key.public().fingerprint().as_bytes()[..6]));
    let name = name.parse().map_err(|_| KeyError::Damaged(folder.join("log.key")))?;
    Ok(Signer::new(name, key))
}

/// The key in `<folder>/<name>.key`, 32 bytes in hexadecimal; drawn and written if there is none.
pub fn read_or_draw(folder: &Path, name: &str) -> Result<SecretKey, KeyError> {
    let path = folder.join(format!("{name}.key"));
    let fault = |source| KeyError::File { path: path.clone(), source };
    fs::create_dir_all(folder).map_err(fault)?;
    if path.exists() {
        let mode = fs::metadata(&path).map_err(fault)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed(path));
        }
        let text = zeroize::Zeroizing::new(fs::read_to_string(&path).map_err(fault)?);
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *seed).map_err(|_| KeyError::Damaged(path))?;
        return Ok(SecretKey::from_seed(&seed));
    }
    let seed = zeroize::Zeroizing::new(entropy::bytes::<32>()?);
    // Written whole under another name first: a half-written key would orphan whoever trusts it.
    let partial = folder.join(format!("{name}.key.new"));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial).map_err(fault)?;
    file.write_all(hex::encode(*seed).as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
    fs::rename(&partial, &path).map_err(fault)?;
    fs::File::open(folder).and_then(|dir| dir.sync_all()).map_err(fault)?;
    Ok(SecretKey::from_seed(&seed))
}
