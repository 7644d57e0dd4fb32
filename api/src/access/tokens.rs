//! Opaque tokens: random texts that mean nothing by themselves and are kept as HMACs.

use std::fmt;

use zeroize::Zeroizing;

use crate::app::App;

/// What a token is for. The kind stands before the token, so that scanners of leaked secrets know it, and goes into
/// its HMAC, so that a token of one kind is no token of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Renews the access token of a program.
    Refresh,
    /// Cookie of a browser.
    Browser,
    /// A device that its owner used before.
    Device,
    /// Invitation or password reset.
    OneTime,
    /// Sign-in code of a trainee: short, because it is typed.
    SignIn,
    /// Recovery code of a second factor.
    Recovery,
    /// Goes with a sign-in code that was sent.
    Ticket,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Refresh => "mzr_",
            Self::Browser => "mzb_",
            Self::Device => "mzd_",
            Self::OneTime => "mzo_",
            Self::Ticket => "mzt_",
            Self::SignIn | Self::Recovery => "",
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Refresh => "token.refresh",
            Self::Browser => "token.browser",
            Self::Device => "token.device",
            Self::OneTime => "token.one_time",
            Self::SignIn => "token.sign_in",
            Self::Recovery => "token.recovery",
            Self::Ticket => "token.ticket",
        }
    }

    /// Characters of five random bits after the prefix: 260 bits, or 60 for a code that a person types, lives for
    /// hours, opens once, and is tried under a limit.
    const fn length(self) -> usize {
        match self {
            Self::SignIn | Self::Recovery => 12,
            _ => 52,
        }
    }
}

/// A token as its holder has it.
#[derive(Clone)]
pub struct Token {
    kind: Kind,
    text: Zeroizing<String>,
}

/// Shows its kind only.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, ***)", self.kind)
    }
}

impl Token {
    /// A new token.
    pub fn fresh(app: &App, kind: Kind) -> Self {
        let random = Zeroizing::new(app.random.bytes::<33>());
        let mut text = kind.prefix().to_owned();
        text.extend(
            data_encoding::BASE32_NOPAD
                .encode(random.as_ref())
                .to_ascii_lowercase()
                .chars()
                .take(kind.length()),
        );
        Self {
            kind,
            text: Zeroizing::new(text),
        }
    }

    /// A token as somebody gave it, or `None` when it cannot be one. What people type may have spaces, hyphens and
    /// capitals.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        let typed = matches!(kind, Kind::SignIn | Kind::Recovery);
        let text: String = if typed {
            text.chars()
                .take(64)
                .filter(|one| !one.is_whitespace() && *one != '-')
                .collect::<String>()
                .to_ascii_lowercase()
        } else {
            text.trim().chars().take(64).collect()
        };
        let body = text.strip_prefix(kind.prefix())?;
        let good = body.len() == kind.length()
            && body
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
        good.then(|| Self {
            kind,
            text: Zeroizing::new(text),
        })
    }

    /// The token as its holder keeps it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The token in groups of four, for paper.
    pub fn grouped(&self) -> String {
        let letters: Vec<char> = self.text.to_ascii_uppercase().chars().collect();
        letters
            .chunks(4)
            .map(|group| group.iter().collect::<String>())
            .collect::<Vec<_>>()
            .join("-")
    }

    /// What the database is told of it.
    pub fn mac(&self, app: &App) -> [u8; 32] {
        app.store.vault().blind_index(self.kind.label(), &self.text)
    }

    /// What the database may know of it: a token that was made before the key changed opens as long as it would have.
    pub fn macs(&self, app: &App) -> Vec<[u8; 32]> {
        app.store
            .vault()
            .blind_indexes(self.kind.label(), &self.text)
    }
}
