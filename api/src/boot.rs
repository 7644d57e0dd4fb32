//! Opens a registry: keys, database, reference data, and the application made of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::calendar::WorkingCalendar;
use domain::policy::{EvidencePolicy, WorkflowPolicy};
use domain::privacy::PrivacyPolicy;
use store::vault::{KeyKind, Vault};
use store::{DatabaseUrl, Durability, Store};

use crate::access::sessions::Sessions;
use crate::app::App;
use crate::border::Border;
use crate::clock::{Clock, Random};
use crate::config::{Config, DeliveryTarget};
use crate::keyring::{self, Keyring, Seal, VaultKeys};
use crate::log::append::Appender;
use crate::log::standing::Standing;
use crate::problem::Problem;
use crate::reference::{RegionTable, seed};
use crate::server::health::Readiness;

/// Where a registry lives and how it is called.
#[derive(Clone)]
pub struct Settings {
    /// Folder of keys and, with SQLite, of the database.
    pub data: PathBuf,
    /// Database; `registry.sqlite` in the folder when not given.
    pub database: Option<DatabaseUrl>,
    /// File of the passphrase of the keys; `passphrase` in the folder when not given.
    pub passphrase_file: Option<PathBuf>,
    /// Workflow policy instead of the national baseline.
    pub policy_file: Option<PathBuf>,
    /// Names and addresses.
    pub config: Config,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Whether missing keys are made: only for a new registry.
    pub create: bool,
    /// Whether commits wait for the disk; only the demo, while it is made, does without.
    pub durability: Durability,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("create", &self.create)
            .finish_non_exhaustive()
    }
}

/// Why a registry does not open; each sentence tells what to do.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// No registry here.
    #[error(
        "这个数据目录里没有登记簿,请先运行 mingzheng migrate 建立 / there is no registry in this data folder: run `mingzheng migrate` first"
    )]
    Missing,
    /// A key file.
    #[error(transparent)]
    Key(#[from] keyring::KeyringError),
    /// The database.
    #[error("数据库无法打开 / the database does not open: {0}")]
    Store(#[from] store::StoreError),
    /// The policy file.
    #[error("政策文件无法读取 / the policy file cannot be read: {0}")]
    Policy(String),
    /// Reference data or log.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// The data folder.
    #[error("数据目录无法使用 / the data folder cannot be used: {0}")]
    Folder(std::io::Error),
}

/// Opens a registry, brings its schema and reference data up to date.
pub async fn open(settings: &Settings) -> Result<App, BootError> {
    let random = Random::system();
    let keys = settings.data.join("keys");
    let passphrase = settings
        .passphrase_file
        .clone()
        .unwrap_or_else(|| settings.data.join("passphrase"));
    if !keyring::exists(&keys) {
        if !settings.create {
            return Err(BootError::Missing);
        }
        std::fs::create_dir_all(&settings.data).map_err(BootError::Folder)?;
        keyring::create(&keys, &passphrase, &random)?;
    }
    let seal = Arc::new(keyring::Seal::open(&keys, &passphrase, &random)?);
    let secrets = keyring::vault_keys(&keys, &seal)?;
    let vault = vault(&keys, &seal, &secrets, &random)?;
    let url = settings
        .database
        .clone()
        .unwrap_or_else(|| DatabaseUrl::sqlite_file(&settings.data.join("registry.sqlite")));
    let store = Store::open(&url, Arc::new(vault), settings.durability).await?;
    let keyring = Keyring::open(&keys, &passphrase, seal, &settings.config.log_origin)?;
    let sessions = Sessions::new(keyring.session_seed(), &settings.config.public_url)?;
    let policy_text = policy_text(settings.policy_file.as_deref())?;
    let policy = WorkflowPolicy::from_json(&policy_text)
        .map_err(|error| BootError::Policy(error.to_string()))?;
    let privacy = PrivacyPolicy::from_json(seed::PRIVACY_POLICY)
        .map_err(|error| BootError::Policy(error.to_string()))?;
    let evidence = EvidencePolicy::from_json(seed::EVIDENCE_POLICY)
        .map_err(|error| BootError::Policy(error.to_string()))?;
    let calendar = WorkingCalendar::from_json(seed::CALENDAR).map_err(Problem::internal)?;
    let mut app = App {
        store,
        clock: Arc::clone(&settings.clock),
        random,
        keyring: Arc::new(keyring),
        sessions: Arc::new(sessions),
        config: Arc::new(config_of(settings)),
        policy: Arc::new(policy),
        calendar: Arc::new(calendar),
        privacy: Arc::new(privacy),
        evidence: Arc::new(evidence),
        regions: Arc::new(RegionTable::default()),
        border: Arc::new(Border::new(Arc::clone(&settings.config.border))),
        files: Arc::new(crate::files::Folder::new(&settings.data.join("files"))),
        denials: Arc::default(),
        courier: Arc::default(),
        counted: Arc::default(),
        standing: Arc::new(Standing::new(&settings.data)),
        readiness: Readiness::default(),
        proven: Arc::default(),
        cosigned: Arc::default(),
        dry_run: false,
    };
    load_reference(&app, &policy_text).await?;
    let regions = store::reference::all_regions(app.store.reader()).await?;
    app.regions = Arc::new(RegionTable::new(regions));
    Ok(app)
}

/// The configuration with what depends on the data folder.
fn config_of(settings: &Settings) -> Config {
    let mut config = settings.config.clone();
    if config.delivery == DeliveryTarget::Outbox {
        config.delivery = DeliveryTarget::Folder(settings.data.join("outbox"));
    }
    config
}

/// The vault with every version of its keys. One that another process makes later is read from its file when it is first
/// met: the one file that may be read inside a transaction, once for each version.
fn vault(
    keys: &Path,
    seal: &Arc<Seal>,
    secrets: &VaultKeys,
    random: &Random,
) -> Result<Vault, BootError> {
    let missing = || BootError::Key(keyring::KeyringError::Name("the vault has no key"));
    let (first, master) = secrets.master.first_key_value().ok_or_else(missing)?;
    let blind = secrets
        .blind
        .get(first)
        .or_else(|| secrets.blind.values().next());
    let (folder, seal) = (keys.to_owned(), Arc::clone(seal));
    let vault = Vault::new(
        *first,
        master,
        **blind.ok_or_else(missing)?,
        random.source(),
    )
    .with_source(Arc::new(move |kind, version| {
        keyring::vault_key(&folder, &seal, kind, version)
            .ok()
            .flatten()
    }));
    for (version, key) in &secrets.master {
        vault.add(KeyKind::Master, *version, key);
    }
    for (version, key) in &secrets.blind {
        vault.add(KeyKind::BlindIndex, *version, key);
    }
    Ok(vault)
}

fn policy_text(file: Option<&Path>) -> Result<String, BootError> {
    match file {
        Some(file) => {
            std::fs::read_to_string(file).map_err(|error| BootError::Policy(error.to_string()))
        }
        None => Ok(seed::WORKFLOW_POLICY.to_owned()),
    }
}

/// Loads `seed-data/`; a policy that was not known becomes a leaf of the log.
async fn load_reference(app: &App, policy_text: &str) -> Result<(), Problem> {
    let now = app.now();
    let mut tx = app.store.write().await?;
    let mut leaves = seed::load(&tx, policy_text, now).await?;
    leaves.extend(crate::trust::own_keys::register(&tx, app, now).await?);
    let mut list_differs = crate::trust::list::differs(&tx, app).await?;
    if (list_differs || !leaves.is_empty()) && !app.standing.is_compared() {
        // Only who is about to sign asks others; not inside a transaction.
        store::rollback(tx).await?;
        app.standing.ensure(app).await?;
        tx = app.store.write().await?;
        leaves = seed::load(&tx, policy_text, now).await?;
        leaves.extend(crate::trust::own_keys::register(&tx, app, now).await?);
        list_differs = crate::trust::list::differs(&tx, app).await?;
    }
    if app.standing.behind().is_some() {
        // It has to open, so that it can be recovered; what is new waits until then.
        return Ok(store::rollback(tx).await?);
    }
    let had_leaves = !leaves.is_empty();
    if had_leaves {
        let mut appender = Appender::begin(&tx, app, now).await?;
        appender.push_all(leaves)?;
        appender.finish(&tx).await?;
    }
    if list_differs || had_leaves {
        crate::trust::list::keep_up(&tx, app, now).await?;
    }
    Ok(store::commit(tx).await?)
}
