//! The fields of the configuration: unit, default and effect of each.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::border::{Border, Limits, Lookup, Pools, Sizes, Timeouts};
use super::witnesses::WitnessesFile;
use super::{Config, DeliverySecret, Role, secrets};

/// The file with every field and its default, as `mingzheng config show-defaults` prints it.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// Where the registry lies.
    pub registry: Registry,
    /// How it is called.
    pub site: Site,
    /// How it is served.
    pub server: Server,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How large things may be.
    pub sizes: Sizes,
    /// Requests of one source.
    pub limits: Limits,
    /// Requests at once.
    pub pools: Pools,
    /// Questions by number and name.
    pub lookup: Lookup,
    /// Witnesses of the public log.
    pub witnesses: WitnessesFile,
    /// Certificates on paper.
    pub paper: Paper,
}

/// Certificates on paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paper {
    /// Folders of fonts. Default `/usr/share/fonts/opentype/noto`, where the package `fonts-noto-cjk` puts them.
    pub fonts: Vec<PathBuf>,
    /// Folder of templates of one's own: `TYPE.PROVINCE.typ`, `TYPE.typ` or `PROVINCE.typ`. Default: none, the bundled one.
    pub templates: Option<PathBuf>,
    /// Program that writes Braille, of the package `liblouis-bin`. Default `lou_translate`; empty: no Braille.
    pub braille_program: String,
    /// Its table. Default `zhcn-g1.ctb`: current Chinese Braille with tones.
    pub braille_table: String,
}

impl Default for Paper {
    fn default() -> Self {
        Self {
            fonts: vec![PathBuf::from("/usr/share/fonts/opentype/noto")],
            templates: None,
            braille_program: "lou_translate".to_owned(),
            braille_table: "zhcn-g1.ctb".to_owned(),
        }
    }
}

/// Where the registry lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registry {
    /// Folder of keys and, with SQLite, of the database. Default `registry`.
    pub data: PathBuf,
    /// Database without a password: `sqlite:PATH` or `postgres://USER@HOST/NAME`. Default: SQLite in the folder.
    pub database: Option<DatabaseText>,
    /// File whose first line is the database URL, password included; mode 0600. Default: none.
    pub database_file: Option<PathBuf>,
    /// File of the passphrase of the keys; mode 0600, at least 32 bytes. Default: `passphrase` in the folder.
    pub passphrase_file: Option<PathBuf>,
    /// Workflow policy instead of the national baseline. Default: none.
    pub policy_file: Option<PathBuf>,
    /// Public address, scheme and host: QR texts, links, issuer of session tokens. Default `https://mingzheng.example`.
    pub public_url: String,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            data: PathBuf::from("registry"),
            database: None,
            database_file: None,
            passphrase_file: None,
            policy_file: None,
            public_url: "https://mingzheng.example".to_owned(),
        }
    }
}

/// A database address that may hold a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatabaseText(pub String);

impl DatabaseText {
    /// The password in it, if there is one.
    pub fn password(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?;
        let (user, _) = authority.rsplit_once('@')?;
        user.split_once(':').map(|(_, password)| password)
    }

    /// The address with `***` for a password.
    pub fn masked(&self) -> String {
        match self.password() {
            Some(password) if !password.is_empty() => {
                self.0.replacen(&format!(":{password}@"), ":***@", 1)
            }
            _ => self.0.clone(),
        }
    }
}

/// Shows no password.
impl std::fmt::Debug for DatabaseText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

/// How the registry is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Site {
    /// Name of the registry site. Default 全国残疾人职业培训登记平台.
    pub name: String,
    /// Its English name.
    pub name_en: String,
    /// Neutral name of the verification pages: a scan tells nothing about disability. Default 全国职业培训证书查验.
    pub verify_name: String,
    /// Its English name.
    pub verify_name_en: String,
    /// Telephone of the help line. Default 010-00000000.
    pub phone: String,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            name: "全国残疾人职业培训登记平台".to_owned(),
            name_en: "National Registry of Vocational Training for Disabled People".to_owned(),
            verify_name: "全国职业培训证书查验".to_owned(),
            verify_name_en: "National Vocational Training Certificate Check".to_owned(),
            phone: "010-00000000".to_owned(),
        }
    }
}

/// How the registry is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port to listen on. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Which part of the service this process gives. Default `all`.
    pub role: Role,
    /// Who encrypts the way here; an address that others reach is refused without a statement. Default `loopback`.
    pub transport: Transport,
    /// Networks of the proxies whose `X-Forwarded-For` is believed. Default: none, and the header changes nothing.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether staff who approve, sign, export or see personal data must have a second factor. Default `true`.
    pub require_second_factor: bool,
    /// Where messages to people go: `outbox` (files in the data folder), `console`, or the http address of a gateway of the
    /// operator's own network. Default `outbox`.
    pub delivery: String,
    /// File whose first line a gateway is shown as `Authorization: Bearer`; mode 0600, at least 32 bytes. Default: none.
    pub delivery_secret_file: Option<PathBuf>,
    /// Processes that serve the same people side by side: each gives a source its share of the limits, so that all together
    /// give what is configured (trust.md RL-2). Guesses at an account or a number are counted in the database. Default 1.
    pub nodes: u32,
    /// Address and port of `/metrics` and of the details of `/readyz`, for the operator's network only. Default: off.
    pub metrics_listen: Option<SocketAddr>,
    /// Percent of the disk of the data folder below which `/readyz` says no, though certificates are still verified; 0 does
    /// not look (trust.md HL-1). Default 5.
    pub disk_free_percent: u64,
}

/// Who encrypts the way to this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Nobody needs to: only this machine reaches it.
    #[default]
    Loopback,
    /// A proxy named in `trusted_proxies` ends TLS.
    Proxy,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            role: Role::All,
            transport: Transport::Loopback,
            trusted_proxies: Vec::new(),
            require_second_factor: true,
            delivery: "outbox".to_owned(),
            delivery_secret_file: None,
            nodes: 1,
            metrics_listen: None,
            disk_free_percent: 5,
        }
    }
}

/// The database named in a file.
pub(super) fn database_of(path: &Path) -> Result<DatabaseText, String> {
    let text = secrets::read(path).map_err(|error| error.to_string())?;
    let database = DatabaseText(text.to_string());
    database
        .0
        .parse::<store::DatabaseUrl>()
        .map_err(|error| format!("数据库地址不对 / {error}"))?;
    if let Some(password) = database.password() {
        secrets::check(password.as_bytes()).map_err(|weak| format!("数据库密码{weak}"))?;
    }
    Ok(database)
}

impl ConfigFile {
    /// The database, from its own field or its file; none means SQLite in the data folder.
    pub fn database(&self) -> Result<Option<store::DatabaseUrl>, String> {
        let text = match (&self.registry.database, &self.registry.database_file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => database_of(path)?,
            (None, None) => return Ok(None),
        };
        text.0.parse().map(Some).map_err(str::to_owned)
    }

    /// The secret of the gateway, where one is named.
    pub fn delivery_secret(&self) -> Result<Option<DeliverySecret>, &'static str> {
        let Some(path) = &self.server.delivery_secret_file else {
            return Ok(None);
        };
        let text = secrets::read(path).map_err(
            |_| "the file of the gateway's secret is there and readable by its owner alone",
        )?;
        secrets::check(text.as_bytes())
            .map_err(|_| "the secret of the gateway is at least 32 random bytes")?;
        Ok(Some(DeliverySecret::new(text)))
    }

    /// What the process is made of.
    pub fn config(&self) -> Result<Config, &'static str> {
        let base = Config::for_public_url(&self.registry.public_url)?;
        Ok(Config {
            site_name: self.site.name.clone(),
            site_name_en: self.site.name_en.clone(),
            verify_name: self.site.verify_name.clone(),
            verify_name_en: self.site.verify_name_en.clone(),
            phone: self.site.phone.clone(),
            role: self.server.role,
            require_second_factor: self.server.require_second_factor,
            disk_free_percent: self.server.disk_free_percent,
            delivery: self.server.delivery.parse()?,
            witnesses: Arc::new(self.witnesses.witnesses()?),
            paper: Arc::new(self.paper.clone()),
            delivery_secret: self.delivery_secret()?,
            border: Arc::new(Border {
                proxies: self.server.trusted_proxies.clone(),
                timeouts: self.timeouts.clone(),
                sizes: self.sizes.clone(),
                limits: self.limits.shared(self.server.nodes),
                pools: self.pools.clone(),
                lookup: self.lookup.shared(self.server.nodes),
            }),
            ..base
        })
    }
}
