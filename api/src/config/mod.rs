//! One configuration, read once and passed down: a file, the environment and the command line (see [`load`]).

pub mod border;
pub mod file;
pub mod load;
pub mod safety;
pub mod secrets;
pub mod witnesses;

use std::sync::Arc;

use border::Border;
use witnesses::Witnesses;

use std::path::PathBuf;

/// Where messages to people go: invitations, password resets, sign-in codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeliveryTarget {
    /// Files in the folder `outbox` of the data folder, readable by the owner alone; an office sends them on.
    #[default]
    Outbox,
    /// Files in another folder.
    Folder(PathBuf),
    /// The terminal of the process.
    Console,
    /// A gateway of the operator's own network that takes JSON by HTTP POST. Only this address is ever called.
    Http(String),
}

impl std::str::FromStr for DeliveryTarget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "outbox" => Ok(Self::Outbox),
            "console" => Ok(Self::Console),
            address if address.starts_with("http://") => Ok(Self::Http(address.to_owned())),
            _ => Err("messages go to outbox, console, or http://…"),
        }
    }
}

/// The secret of a gateway: read from a file, shown to nobody else.
#[derive(Clone)]
pub struct DeliverySecret(Arc<zeroize::Zeroizing<String>>);

impl DeliverySecret {
    /// From the first line of a file.
    pub fn new(text: zeroize::Zeroizing<String>) -> Self {
        Self(Arc::new(text))
    }

    /// The secret.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// Shows nothing.
impl std::fmt::Debug for DeliverySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeliverySecret(***)")
    }
}

/// Names, addresses and limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// Public address of the registry, without a trailing slash: links, QR texts, DID.
    pub public_url: String,
    /// Host in QR texts: the host of `public_url`.
    pub host: String,
    /// Name of the registry site.
    pub site_name: String,
    /// English name of the registry site.
    pub site_name_en: String,
    /// Neutral name on the verification pages: a scan tells nothing about disability.
    pub verify_name: String,
    /// English neutral name.
    pub verify_name_en: String,
    /// Telephone of the help line.
    pub phone: String,
    /// Whether time is written by hand (the demo makes its past): the log then only keeps its own order.
    pub scripted_clock: bool,
    /// First line of checkpoints.
    pub log_origin: String,
    /// Whether staff must have a second factor (trust.md AU-5). The demo and tests switch it off; who has enrolled one
    /// must prove it in any case.
    pub require_second_factor: bool,
    /// Percent of the disk of the data folder that must be free for `/readyz` to say yes; 0 does not look.
    pub disk_free_percent: u64,
    /// Cookies without `Secure` and without the `__Host-` prefix, because the demo speaks http on the loopback.
    pub loopback_cookies: bool,
    /// Where messages to people go.
    pub delivery: DeliveryTarget,
    /// What an http gateway is shown as `Authorization: Bearer`.
    pub delivery_secret: Option<DeliverySecret>,
    /// This program, started again with little memory to read old workbooks; without it they are refused.
    pub program: Option<PathBuf>,
    /// Which part of the service this process gives.
    pub role: Role,
    /// What the border lets in.
    pub border: Arc<Border>,
    /// Who cosigns checkpoints, and how many must.
    pub witnesses: Arc<Witnesses>,
    /// Fonts, templates and Braille of certificates on paper.
    pub paper: Arc<file::Paper>,
}

/// Which part of the service a process gives (field.md 22).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// Only what anybody may see.
    Public,
    /// Only what is done at the desks.
    Registry,
}

impl Config {
    /// Configuration for a public address such as `https://mingzheng.example`.
    pub fn for_public_url(public_url: &str) -> Result<Self, &'static str> {
        let url = public_url.trim_end_matches('/');
        let host = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"))
            .ok_or("the public address begins with https:// or http://")?;
        let good = !host.is_empty()
            && host.bytes().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']')
            });
        if !good {
            return Err("the public address is a scheme and a host, without a path");
        }
        Ok(Self {
            public_url: url.to_owned(),
            host: host.to_owned(),
            site_name: "全国残疾人职业培训登记平台".to_owned(),
            site_name_en: "National Registry of Vocational Training for Disabled People".to_owned(),
            verify_name: "全国职业培训证书查验".to_owned(),
            verify_name_en: "National Vocational Training Certificate Check".to_owned(),
            phone: "010-00000000".to_owned(),
            scripted_clock: false,
            log_origin: format!("{}/log", host.to_ascii_lowercase()),
            require_second_factor: true,
            disk_free_percent: 5,
            // Only a loopback host may be spoken to by http (`safety`).
            loopback_cookies: url.starts_with("http://"),
            delivery: DeliveryTarget::default(),
            delivery_secret: None,
            program: std::env::current_exe().ok(),
            role: Role::All,
            border: Arc::default(),
            witnesses: Arc::default(),
            paper: Arc::default(),
        })
    }
}
