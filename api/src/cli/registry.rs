//! Opening a registry from the command line, and acting in it under a name.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certs::verdict::Lang;
use clap::Args;
use domain::access::Actor;
use serde_json::Value;
use store::Durability;

use crate::access::sign_in::{self, Credentials};
use crate::access::{Presence, accounts, permissions::Permission};
use crate::act::Receipt;
use crate::app::App;
use crate::audit::denials::{self, Denial};
use crate::boot::{self, BootError, Settings};
use crate::clock::SystemClock;
use crate::config::file::ConfigFile;
use crate::config::load::{Fault, Loaded, Named, load};
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem, Sentence};

/// Where the registry is.
#[derive(Args, Clone, Debug)]
pub struct RegistryArgs {
    /// 配置文件 / configuration file (TOML); see `mingzheng config show-defaults`
    #[arg(long, value_name = "FILE", env = "MINGZHENG_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// 数据目录 / data folder: keys and, with SQLite, the database
    #[arg(long, value_name = "DIR", env = "MINGZHENG_DATA", global = true)]
    data: Option<PathBuf>,
    /// 数据库地址,缺省为数据目录中的 SQLite / database URL (sqlite: or postgres://)
    #[arg(
        long,
        value_name = "URL",
        env = "MINGZHENG_DATABASE",
        hide_env_values = true,
        global = true
    )]
    pub database: Option<String>,
    /// 平台对外地址 / public address of the registry
    #[arg(long, value_name = "URL", env = "MINGZHENG_PUBLIC_URL", global = true)]
    pub public_url: Option<String>,
    /// 密钥口令文件 / file with the passphrase of the keys
    #[arg(
        long,
        value_name = "FILE",
        env = "MINGZHENG_PASSPHRASE_FILE",
        global = true
    )]
    pub passphrase_file: Option<PathBuf>,
    /// 工作流程政策文件,缺省为全国基准 / workflow policy instead of the national baseline
    #[arg(
        long,
        value_name = "FILE",
        env = "MINGZHENG_POLICY_FILE",
        global = true
    )]
    pub policy_file: Option<PathBuf>,
}

/// Under which name to act.
#[derive(Args, Clone, Debug)]
pub struct ActingArgs {
    /// 以哪个账号办理 / account to act under
    #[arg(long = "as", value_name = "NAME", env = "MINGZHENG_ACCOUNT")]
    pub account: String,
    /// 账号口令文件 / file with the password of the account
    #[arg(long, value_name = "FILE", env = "MINGZHENG_PASSWORD_FILE")]
    pub password_file: PathBuf,
    /// 动态口令或恢复码;已登记第二因素的账号必填 / code of the second factor, for an account that has one
    #[arg(long, value_name = "CODE")]
    pub second_factor: Option<String>,
    /// 幂等编号,重复执行时沿用 / idempotency key: keep it when you repeat the command
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// 只试办,不写入 / try it: every check runs and the answer is shown, but nothing is written
    #[arg(long)]
    pub dry_run: bool,
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The registry does not open.
    #[error("{0}")]
    Boot(#[from] BootError),
    /// A use case refused.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// An argument or a file is wrong.
    #[error("{0}")]
    Usage(String),
    /// The configuration has faults, or is unsafe to serve with.
    #[error("{}", faults_text(.0, None))]
    Config(Vec<Fault>),
    /// What should be checked does not answer.
    #[error("{0}")]
    CannotCheck(String),
    /// Something could not be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// One line for each fault: field, code, what to do, and where it was said.
pub fn faults_text(faults: &[Fault], lang: Option<Lang>) -> String {
    let mut text = match lang {
        Some(Lang::Zh) => "配置有问题:".to_owned(),
        Some(Lang::En) => "the configuration has faults:".to_owned(),
        None => "配置有问题 / the configuration has faults:".to_owned(),
    };
    for fault in faults {
        let words = match lang {
            Some(Lang::Zh) => fault.zh.clone(),
            Some(Lang::En) => fault.en.clone(),
            None => format!("{} / {}", fault.zh, fault.en),
        };
        text.push_str(&format!(
            "\n  {} [{}] {words} ({})",
            fault.field, fault.code, fault.source
        ));
    }
    text
}

impl CommandError {
    /// The message, in one language where it was asked for.
    pub fn message(&self, lang: Option<Lang>) -> String {
        if let Self::Config(faults) = self {
            return faults_text(faults, lang);
        }
        let (Self::Problem(problem), Some(lang)) = (self, lang) else {
            return self.to_string();
        };
        let one = |sentence: &Sentence| match lang {
            Lang::Zh => sentence.zh.clone(),
            Lang::En => sentence.en.clone(),
        };
        let mut text = format!("{}: {}", problem.code().as_str(), one(&problem.detail()));
        for error in problem.errors() {
            let detail = one(&error.detail);
            text.push_str(&format!("\n  {} [{}] {detail}", error.pointer, error.code));
        }
        text
    }

    /// Exit code (pages.md 7): 1 negative answer, 2 wrong use, 3 cannot check, 4 not allowed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Config(_)
            | Self::Io(_)
            | Self::Boot(BootError::Missing | BootError::Policy(_)) => 2,
            Self::Boot(_) | Self::CannotCheck(_) => 3,
            Self::Problem(problem) => match problem.code() {
                Code::Forbidden
                | Code::Unauthenticated
                | Code::InvalidCredentials
                | Code::SecondFactorRequired
                | Code::StepUpRequired => 4,
                Code::Unavailable
                | Code::Internal
                | Code::Clock
                | Code::LogInconsistent
                | Code::KeyUnavailable => 3,
                Code::InvalidRequest | Code::MalformedRequest => 2,
                _ => 1,
            },
        }
    }
}

impl RegistryArgs {
    /// File, variables and these arguments, with everything that is wrong with them.
    pub fn load(&self, more: Vec<Named>) -> Loaded {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let from_variable = |name: &str, value: &Option<String>| {
            value.is_some() && std::env::var(name).ok() == *value
        };
        let mut named = vec![
            Named {
                field: "registry.data",
                value: path(&self.data),
                source: "--data",
            },
            Named {
                field: "registry.database",
                value: self.database.clone(),
                source: if from_variable("MINGZHENG_DATABASE", &self.database) {
                    "MINGZHENG_DATABASE"
                } else {
                    "--database"
                },
            },
            Named {
                field: "registry.public_url",
                value: self.public_url.clone(),
                source: "--public-url",
            },
            Named {
                field: "registry.passphrase_file",
                value: path(&self.passphrase_file),
                source: "--passphrase-file",
            },
            Named {
                field: "registry.policy_file",
                value: path(&self.policy_file),
                source: "--policy-file",
            },
        ];
        named.extend(more);
        load(self.config.as_deref(), std::env::vars(), named)
    }

    /// Takes another data folder.
    pub fn set_data(&mut self, folder: &Path) {
        self.data = Some(folder.to_owned());
    }

    /// Arguments that give another process the same configuration, but for its folder.
    pub fn address_arguments(&self) -> Vec<std::ffi::OsString> {
        let mut arguments = Vec::new();
        if let Some(file) = &self.config {
            arguments.extend(["--config".into(), file.into()]);
        }
        if let Some(url) = &self.public_url {
            arguments.extend(["--public-url".into(), url.into()]);
        }
        arguments
    }

    /// The configuration, when nothing is wrong with it.
    pub fn sound(&self, more: Vec<Named>) -> Result<ConfigFile, CommandError> {
        let loaded = self.load(more);
        if loaded.faults.is_empty() {
            Ok(loaded.file)
        } else {
            Err(CommandError::Config(loaded.faults))
        }
    }

    /// The data folder, if one was given on the command line: a demo never takes the one of the file.
    pub fn given_data(&self) -> Option<PathBuf> {
        self.data.clone()
    }

    /// The settings that these arguments mean.
    pub fn settings(&self, create: bool) -> Result<Settings, CommandError> {
        let mut settings = settings_of(&self.sound(Vec::new())?, create)?;
        // At the command line the asker sits at the machine with the keys; `serve` does not come this way.
        settings.config.require_second_factor = false;
        Ok(settings)
    }

    /// Opens the registry, which must be there.
    pub async fn open(&self) -> Result<App, CommandError> {
        Ok(boot::open(&self.settings(false)?).await?)
    }
}

/// The settings that a sound configuration means.
pub fn settings_of(file: &ConfigFile, create: bool) -> Result<Settings, CommandError> {
    Ok(Settings {
        data: file.registry.data.clone(),
        database: file.database().map_err(CommandError::Usage)?,
        passphrase_file: file.registry.passphrase_file.clone(),
        policy_file: file.registry.policy_file.clone(),
        config: file
            .config()
            .map_err(|error| CommandError::Usage(error.to_owned()))?,
        clock: Arc::new(SystemClock),
        create,
        durability: Durability::Full,
    })
}

/// An open registry and who acts in it.
pub struct Acting {
    /// The registry.
    pub app: App,
    /// Who acts.
    pub actor: Actor,
    /// The key of this act.
    pub key: IdempotencyKey,
}

impl std::fmt::Debug for Acting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acting")
    }
}

impl Acting {
    /// Opens the registry and signs in; refused without permission `P`.
    pub async fn begin<P: Permission>(
        registry: &RegistryArgs,
        acting: &ActingArgs,
    ) -> Result<Self, CommandError> {
        let mut app = registry.open().await?;
        app.dry_run = acting.dry_run;
        let presence = acting.sign_in(&app).await?;
        let actor = presence.holding::<P>(&app);
        sign_in::sign_out(&app, &presence.actors[0], presence.session.id).await?;
        if actor.is_err() {
            denied(&app, &presence, format!("command {}", P::NAME)).await;
        }
        let actor = actor?;
        let key = match &acting.key {
            Some(key) => key.parse()?,
            None => app.random.id(app.now()).to_string().parse()?,
        };
        Ok(Self { app, actor, key })
    }
}

impl ActingArgs {
    /// Signs in under the name. Whoever calls signs out.
    pub(super) async fn sign_in(&self, app: &App) -> Result<Presence, CommandError> {
        let password = read_secret(&self.password_file)?;
        let given = Credentials {
            name: &self.account,
            password: &password,
            code: self.second_factor.as_deref(),
        };
        Ok(accounts::sign_in_with(app, given).await?.presence)
    }
}

/// Writes into the audit that a command was refused.
pub(super) async fn denied(app: &App, presence: &Presence, act: String) {
    crate::audit::origin::know(&presence.actors[0]);
    let denial = Denial {
        act,
        ..Denial::here()
    };
    denials::record(app, denial).await;
}

/// First line of a file that only its owner may read.
pub fn read_secret(path: &Path) -> Result<String, CommandError> {
    use std::os::unix::fs::PermissionsExt as _;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let meta = std::fs::metadata(path).map_err(|error| {
        CommandError::Usage(format!(
            "口令文件无法读取 / the password file {name} cannot be read: {error}"
        ))
    })?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(CommandError::Usage(format!(
            "口令文件他人可读,请先 chmod 600 / others may read the password file {name}: run chmod 600 on it"
        )));
    }
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Reads a JSON file of a request.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, CommandError> {
    let bytes = std::fs::read(path).map_err(|error| {
        CommandError::Usage(format!("文件无法读取 / the file cannot be read: {error}"))
    })?;
    Ok(crate::extract::json(&bytes)?)
}

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct Printing {
    /// One JSON value instead of lines.
    pub json: bool,
    /// Only this language; both when not given.
    pub lang: Option<Lang>,
}

impl Printing {
    /// One of two texts, or both.
    pub fn words(self, zh: &str, en: &str) -> String {
        match self.lang {
            Some(Lang::Zh) => zh.to_owned(),
            Some(Lang::En) => en.to_owned(),
            None => format!("{zh} / {en}"),
        }
    }

    /// Writes text to standard output; a reader that closed the pipe has what it wanted.
    pub fn text(self, text: &str) -> Result<(), CommandError> {
        match std::io::stdout().lock().write_all(text.as_bytes()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Prints what an act answered.
    pub fn receipt(self, receipt: &Receipt) -> Result<(), CommandError> {
        self.value(&receipt.value())
    }

    /// Prints a value: as JSON, or as `name: value` lines and tables.
    pub fn value(self, value: &Value) -> Result<(), CommandError> {
        let text = if self.json {
            format!("{value}\n")
        } else {
            plain(value)
        };
        self.text(&text)
    }

    /// Prints something that serialises.
    pub fn show(self, value: &impl serde::Serialize) -> Result<(), CommandError> {
        let refused = |error: serde_json::Error| CommandError::Usage(error.to_string());
        if self.json {
            // Not by a tree of values: ten thousand verdicts are fifty megabytes of text.
            let text = serde_json::to_string(value).map_err(refused)?;
            return self.text(&(text + "\n"));
        }
        self.value(&serde_json::to_value(value).map_err(refused)?)
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Array(rows) if rows.is_empty() => "(没有 / none)\n".to_owned(),
        Value::Array(rows) if rows.iter().all(Value::is_object) => table(rows),
        Value::Object(fields) => {
            let mut text = String::new();
            for (name, value) in fields {
                match value {
                    Value::Null => {}
                    Value::Array(rows) if rows.iter().any(Value::is_object) => {
                        text.push_str(&format!("{name}:\n{}", table(rows)));
                    }
                    other => text.push_str(&format!("{name}: {}\n", cell(other))),
                }
            }
            text
        }
        other => format!("{}\n", cell(other)),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Columns as wide as their widest cell; a Chinese character takes two places.
fn table(rows: &[Value]) -> String {
    let mut names: Vec<&String> = Vec::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for (name, value) in row {
            if !value.is_null() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let lines: Vec<Vec<String>> =
        std::iter::once(names.iter().map(|name| (*name).clone()).collect())
            .chain(rows.iter().map(|row| {
                names
                    .iter()
                    .map(|name| cell(row.get(name.as_str()).unwrap_or(&Value::Null)))
                    .collect()
            }))
            .collect();
    let width = |text: &str| {
        text.chars()
            .map(|one| if one.is_ascii() { 1 } else { 2 })
            .sum::<usize>()
    };
    let widths: Vec<usize> = (0..names.len())
        .map(|column| {
            lines
                .iter()
                .map(|line| width(&line[column]))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < line.len() {
                text.push_str(&" ".repeat(widths[column] - width(cell) + 2));
            }
        }
        text.push('\n');
    }
    text
}
