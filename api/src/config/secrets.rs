//! Secrets: long enough, known to nobody else, and in files that only their owner may read (trust.md KY-9).

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// Fewest bytes of a secret.
pub const SHORTEST: usize = 32;

/// Beginnings of secrets that stand in manuals, and of the test keys of RFC 8032.
const SAMPLES: &[&str] = &[
    "9d61b19deffd5a60ba844af492ec2cc4",
    "4ccd089b28ff96da9db6c346ec114e0f",
    "c5aa8df43f9f837bedb7442f31dcb7b1",
    "000102030405060708090a0b0c0d0e0f",
    "00112233445566778899aabbccddeeff",
    "0123456789abcdef0123456789abcdef",
    "deadbeefdeadbeef",
    "changeme",
    "change-me",
    "change_me",
    "changeit",
    "replace-me",
    "your-secret",
    "your_secret",
    "yoursecret",
    "example",
    "placeholder",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "abcdefghijklmnopqrstuvwxyz",
    "12345678901234567890",
];
/// Short ones, whole.
const WORDS: &[&str] = &[
    "password",
    "postgres",
    "secret",
    "admin",
    "mingzheng",
    "root",
    "test",
    "demo",
];

/// What is wrong with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short.
    #[error(
        "少于 32 个字节,请换成至少 32 个随机字符 / fewer than 32 bytes: put at least 32 random characters"
    )]
    Short,
    /// Everybody knows it.
    #[error("是手册中的示例,请换成随机内容 / a sample that everybody knows: put random characters")]
    Sample,
}

/// Refuses what is short, what repeats itself, and what stands in manuals.
pub fn check(secret: &[u8]) -> Result<(), Weak> {
    if is_sample(secret) {
        return Err(Weak::Sample);
    }
    if secret.len() < SHORTEST {
        return Err(Weak::Short);
    }
    Ok(())
}

/// Whether everybody knows it: a sample of a manual, or a few characters over and over.
pub fn is_sample(secret: &[u8]) -> bool {
    let text = String::from_utf8_lossy(secret).trim().to_ascii_lowercase();
    let mut kinds = text.bytes().collect::<Vec<_>>();
    kinds.sort_unstable();
    kinds.dedup();
    let monotonous = text.len() >= SHORTEST && kinds.len() < 6;
    monotonous
        || WORDS.contains(&text.as_str())
        || SAMPLES.iter().any(|sample| text.starts_with(sample))
}

/// Why a secret file is not used; the name is without its folder.
#[derive(Debug, thiserror::Error)]
pub enum SecretFile {
    /// Not readable.
    #[error("文件 {0} 无法读取 / the file {0} cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    /// Others may read it.
    #[error("文件 {0} 他人可读,请先 chmod 600 / others may read the file {0}: run chmod 600 on it")]
    Open(String),
    /// It holds a weak secret.
    #[error("文件 {0} 的内容{1} / in {0}")]
    Weak(String, Weak),
}

/// First line of a file that only its owner may read.
pub fn read(path: &Path) -> Result<Zeroizing<String>, SecretFile> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let unreadable = |error| SecretFile::Unreadable(name.clone(), error);
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(SecretFile::Open(name));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    Ok(Zeroizing::new(
        text.lines().next().unwrap_or_default().trim().to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_secrets_and_samples_are_refused() {
        assert_eq!(check(b"0a1b2c3d4e5f"), Err(Weak::Short));
        assert_eq!(check(b"postgres"), Err(Weak::Sample));
        assert_eq!(check(&[b'a'; 64]), Err(Weak::Sample));
        assert_eq!(
            check(b"CHANGEME-CHANGEME-CHANGEME-CHANGEME"),
            Err(Weak::Sample)
        );
        assert_eq!(
            check(b"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
            Err(Weak::Sample)
        );
        assert_eq!(check(b"7f3a9c0e5b1d8264af90c3e7125d6b88"), Ok(()));
    }
}
