//! Argon2id hashes, one-time passwords, and what a password must be like.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};

use tokio::sync::Semaphore;

use crate::entropy::{self, NoEntropy};

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("密码至少 10 个字符。")]
    Short,
    /// Too long to be typed by anybody.
    #[error("密码最多 128 个字符。")]
    Long,
    /// All of one sort.
    #[error("密码须至少包含字母、数字、符号中的两类。")]
    OneSort,
    /// Contains the sign-in name.
    #[error("密码不得包含登录名。")]
    ContainsName,
}

/// Checks a password that a person chose.
pub fn check(password: &str, name: &str) -> Result<(), WeakPassword> {
    let length = password.chars().count();
    if length < 10 {
        return Err(WeakPassword::Short);
    }
    if length > 128 {
        return Err(WeakPassword::Long);
    }
    let sorts = [
        password.chars().any(char::is_alphabetic),
        password.chars().any(char::is_numeric),
        password.chars().any(|c| !c.is_alphanumeric()),
    ];
    if sorts.iter().filter(|present| **present).count() < 2 {
        return Err(WeakPassword::OneSort);
    }
    if password.to_lowercase().contains(&name.to_lowercase()) {
        return Err(WeakPassword::ContainsName);
    }
    Ok(())
}

/// A one-time password: 16 legible characters (79 bits) in groups of four.
pub fn one_time() -> Result<String, NoEntropy> {
    let text = entropy::text(16, entropy::LEGIBLE)?;
    Ok([&text[0..4], &text[4..8], &text[8..12], &text[12..16]].join("-"))
}

/// Hashes on a thread for slow work: it takes tens of milliseconds on purpose.
pub async fn hash(password: String) -> Result<String, PasswordFault> {
    blocking(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|e| PasswordFault(e.to_string()))
    })
    .await
}

/// Compares. With no hash (no such account) it works as long as with one, so that timing tells nobody which names exist.
pub async fn matches(password: String, hash: Option<String>) -> Result<bool, PasswordFault> {
    blocking(move || {
        let Some(hash) = hash else {
            Argon2::default().hash_password(password.as_bytes()).map_err(|e| PasswordFault(e.to_string()))?;
            return Ok(false);
        };
        let hash = PasswordHash::new(&hash).map_err(|e| PasswordFault(e.to_string()))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
}

/// The hash function or its thread failed.
#[derive(Debug, thiserror::Error)]
#[error("password hashing: {0}")]
pub struct PasswordFault(String);

/// How many passwords are hashed at once: each takes 19 MiB, and anybody may ask to sign in.
static TURNS: Semaphore = Semaphore::const_new(4);

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordFault> + Send + 'static,
) -> Result<T, PasswordFault> {
    let _turn = TURNS.acquire().await.map_err(|e| PasswordFault(e.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|e| PasswordFault(e.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_with_their_reason() {
        assert_eq!(check("a1b2c3", "li"), Err(WeakPassword::Short));
        assert_eq!(check("abcdefghijkl", "li"), Err(WeakPassword::OneSort));
        assert_eq!(check("wangwei-2026", "WangWei"), Err(WeakPassword::ContainsName));
        assert_eq!(check(&"a1".repeat(65), "li"), Err(WeakPassword::Long));
        assert_eq!(check("反诈宣传-2026年冬", "li"), Ok(()));
    }

    #[tokio::test]
    async fn a_hash_matches_its_own_password_only() {
        let made = hash("correct horse".into()).await.unwrap();
        assert!(made.starts_with("$argon2id$"));
        assert!(matches("correct horse".into(), Some(made.clone())).await.unwrap());
        assert!(!matches("wrong horse".into(), Some(made)).await.unwrap());
        assert!(!matches("correct horse".into(), None).await.unwrap());
    }
}
