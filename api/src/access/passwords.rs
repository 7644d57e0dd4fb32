//! Argon2id off the async threads, at most one less than the cores at once (trust.md AU-1).

use std::sync::LazyLock;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::clock::Random;
use crate::problem::{Code, Problem};

const SHORTEST: usize = 12;
const LONGEST: usize = 128;
/// Memory in KiB and passes: the lower bound of trust.md AU-1.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

static SLOTS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Semaphore::new(cores.saturating_sub(1).max(1))
});

/// The worst of the common passwords of twelve and more characters.
const COMMON: &[&str] = &[
    "123456789012",
    "1234567890123",
    "passwordpassword",
    "password1234",
    "qwertyuiop123",
    "qwertyuiopasdf",
    "111111111111",
    "000000000000",
    "aaaaaaaaaaaa",
    "adminadminadmin",
    "administrator",
    "administrator1",
    "iloveyou1234",
    "abcdefghijkl",
    "changemechangeme",
];

fn hasher() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(Problem::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks the rules for a new password and hashes it.
pub async fn hash(password: &str, random: &Random) -> Result<String, Problem> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Problem::field(
            "/password",
            "length",
            "密码须为 12 至 128 个字符,什么字符都可以。",
            "A password has 12 to 128 characters of any kind.",
        ));
    }
    if COMMON.contains(&password.to_lowercase().as_str()) {
        return Err(Problem::field(
            "/password",
            "common",
            "这个密码太常见,请换一个。",
            "This password is too common; choose another.",
        ));
    }
    let salt: [u8; 16] = random.bytes();
    let password = password.to_owned();
    off_thread(move || {
        let hash = hasher()?
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(Problem::internal)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password fits the hash; `None` stands for an unknown account and takes the same time.
pub async fn verify(password: &str, hash: Option<String>) -> Result<bool, Problem> {
    let known = hash.is_some();
    let password = password.to_owned();
    let fits = off_thread(move || {
        let text = match hash {
            Some(hash) => hash,
            None => hasher()?
                .hash_password_with_salt(b"nobody", &[0; 16])
                .map_err(Problem::internal)?
                .to_string(),
        };
        let parsed = PasswordHash::new(&text).map_err(Problem::internal)?;
        Ok(hasher()?
            .verify_password(password.as_bytes(), &parsed)
            .is_ok())
    })
    .await?;
    Ok(fits && known)
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    // A short wait, then the asker tries again later: a flood of sign-ins must not fill the memory.
    let slot = tokio::time::timeout(Duration::from_secs(5), SLOTS.acquire())
        .await
        .map_err(|_| Problem::new(Code::TooManyRequests).retry_after(5))?
        .map_err(Problem::internal)?;
    let outcome = tokio::task::spawn_blocking(work)
        .await
        .map_err(Problem::internal)?;
    drop(slot);
    outcome
}
