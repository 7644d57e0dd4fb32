//! Argon2id off the async threads, at most one less than the cores at once (trust.md AU-1).

use std::sync::OnceLock;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::app::App;
use crate::cores::PASSWORDS;
use crate::problem::{Code, Problem};

const SHORTEST: usize = 12;
const LONGEST: usize = 128;
/// Memory in KiB and passes: the lower bound of trust.md AU-1.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// How many sign-ins may wait for a slot; the rest is told to come again at once.
pub(crate) const QUEUE: usize = 32;
/// How long a sign-in waits.
const SIGN_IN_PATIENCE: Duration = Duration::from_secs(5);
/// How long a new password waits: whoever chooses one is signed in or holds a code, and should not type it again.
const CHOICE_PATIENCE: Duration = Duration::from_secs(30);

/// Passwords that a guesser tries within this many guesses are refused: far beyond every common one, its spellings and
/// its doublings, and far below what twelve characters of anybody's own choosing take.
const FEWEST_GUESSES: u64 = 10_000_000;

fn hasher() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(Problem::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks the rules for a new password and hashes it; `pointer` names its field, `name` is no good password either.
pub async fn hash(
    app: &App,
    pointer: &'static str,
    password: &str,
    name: &str,
) -> Result<String, Problem> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Problem::field(
            pointer,
            "length",
            "密码须为 12 至 128 个字符,什么字符都可以。",
            "A password has 12 to 128 characters of any kind.",
        ));
    }
    let salt: [u8; 16] = app.random.bytes();
    let (password, name) = (password.to_owned(), name.to_owned());
    off_thread(app, CHOICE_PATIENCE, move || {
        if is_common(&password, &name) {
            return Err(Problem::field(
                pointer,
                "common",
                "这个密码太常见或太容易猜到,请换一个,例如几个不相关的词。",
                "This password is common or easy to guess; choose another, such as several unrelated words.",
            ));
        }
        let hash = hasher()?
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(Problem::internal)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether a password is common or made of common parts: frequency lists, keyboard rows, repetitions, dates, and the
/// names at hand (`zxcvbn`). Composition does not matter (trust.md AU-1).
fn is_common(password: &str, name: &str) -> bool {
    let inputs = [name, "mingzheng", "mingzheng2026", "canlian", "zhengshu"];
    zxcvbn::zxcvbn(password, &inputs).guesses() < FEWEST_GUESSES
}

/// Whether the password fits the hash; `None` stands for an unknown account and takes the same time: one run of Argon2
/// each (trust.md AU-2).
pub async fn verify(app: &App, password: &str, hash: Option<String>) -> Result<bool, Problem> {
    let known = hash.is_some();
    let password = password.to_owned();
    let fits = off_thread(app, SIGN_IN_PATIENCE, move || {
        // Asked for whoever signs in: the first of a process makes it, and whether their account is known must not show.
        let nobody = hash_of_nobody()?;
        let parsed = PasswordHash::new(hash.as_deref().unwrap_or(nobody));
        Ok(hasher()?
            .verify_password(password.as_bytes(), &parsed.map_err(Problem::internal)?)
            .is_ok())
    })
    .await?;
    Ok(fits && known)
}

/// What the password for an unknown account is held against: made once, under the parameters of all others.
fn hash_of_nobody() -> Result<&'static str, Problem> {
    static HASH: OnceLock<String> = OnceLock::new();
    if let Some(hash) = HASH.get() {
        return Ok(hash);
    }
    let made = hasher()?
        .hash_password_with_salt(b"nobody", &[0; 16])
        .map_err(Problem::internal)?
        .to_string();
    Ok(HASH.get_or_init(|| made))
}

async fn off_thread<T: Send + 'static>(
    app: &App,
    patience: Duration,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    // A short queue and a short wait, then the asker tries again later: a flood of sign-ins must not fill the memory.
    let busy = || Problem::new(Code::TooManyRequests).retry_after(5);
    let waiting = &app.border.passwords_waiting;
    let waiting = waiting.try_acquire().map_err(|_| busy())?;
    let place = tokio::time::timeout(patience, PASSWORDS.place())
        .await
        .map_err(|_| busy())??;
    drop(waiting);
    place.off_thread(work).await.map_err(Problem::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_refused_and_any_composition_is_taken() {
        for common in [
            "123456789012",
            "passwordpassword",
            "password1234",
            "qwertyuiop123",
            "111111111111",
            "iloveyou1234",
            "abcdefghijkl",
            "1qaz2wsx3edc",
            "administrator1",
            "county-330106-1",
        ] {
            assert!(is_common(common, "county-330106-1"), "{common}");
        }
        for good in [
            "a-long-password-of-tests",
            "梨花落尽春又了满地残阳翠色和烟老",
            "correct horse battery staple",
            "kq7 vx2 mzp 9rd",
            "tulipanenzwiebel kochen",
        ] {
            assert!(!is_common(good, "county-330106-1"), "{good}");
        }
    }

    #[test]
    fn hashes_are_of_the_kind_and_cost_that_the_threat_model_asks_for() {
        let hash = hasher()
            .and_then(|hasher| {
                hasher
                    .hash_password_with_salt(b"anything at all", &[7; 16])
                    .map_err(Problem::internal)
            })
            .expect("a hash")
            .to_string();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
    }
}
