//! Short words of the registry, in which nothing personal fits.

use std::fmt;
use std::str::FromStr;

/// A short ASCII word of the registry: a state, a transition id, a policy id. It begins with a letter and has up to 40 of
/// `A-Z a-z 0-9 . _ @ -`, so no identity number, telephone number or Chinese name fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Word(String);

/// Text that is no word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "应为字母开头、40 字符以内的英文代码 / a word begins with a letter and has up to 40 letters, digits or . _ @ -"
)]
pub struct BadWord;

impl Word {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'@' | b'-');
        let word = text.len() <= 40
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(allowed);
        if word {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadWord)
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
