//! `mingzheng demo`: a throw-away registry of a synthetic country, told from application to scan.
//!
//! Everything is done by the use cases themselves, with a clock that is set by hand; then the machine's clock takes
//! over and the registry is served.

mod cast;
mod classes;
mod country;
mod disputes;
mod past;
mod people;
mod showcase;
mod story;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};
use store::Durability;

use crate::boot::{self, BootError, Settings};
use crate::certificates::keys::{KeyReceipt, receipt};
use crate::clock::{Clock, SetClock, SystemClock};
use crate::config::Config;
use crate::config::safety::DEMO_MARK;
use crate::problem::Problem;

/// How many days the past years take before the story of the present.
pub(crate) const PAST: u64 = 1500;
/// How many days before today the story begins.
const DAYS_BEFORE: u64 = PAST + 240;

/// An account of the demo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoAccount {
    /// Role of its post.
    pub role: String,
    /// Federation of its post, or division of its institution.
    pub region: String,
    /// Name to sign in with.
    pub name: String,
    /// Password.
    pub password: String,
}

/// A certificate of the demo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoCertificate {
    /// Id on the paper.
    pub id: String,
    /// Number.
    pub number: String,
    /// Full name of the holder, invented.
    pub holder: String,
    /// What a check of it answers.
    pub state: String,
    /// Text of its QR code.
    pub qr_text: String,
    /// File with its QR code.
    pub qr_png: String,
    /// Token of a share link for its files; none for those that are not in the registry.
    pub share: Option<String>,
}

/// What the demo made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Demo {
    /// Accounts.
    pub accounts: Vec<DemoAccount>,
    /// Certificates, at least one in each state.
    pub certificates: Vec<DemoCertificate>,
    /// Issuer keys.
    pub issuer_keys: Vec<KeyReceipt>,
    /// Line of the root key, with which the trust bundle is checked.
    pub root_key: String,
}

/// The script's clock: so many days after the beginning, at an hour of the day in China.
pub(crate) struct Script {
    clock: Arc<SetClock>,
    first: DateTime<Utc>,
}

impl Script {
    /// Moves to a day of the story, ten in the morning in China.
    pub(crate) fn day(&self, day: u64) {
        let at = self
            .first
            .checked_add_days(Days::new(day))
            .unwrap_or(self.first);
        if at > self.clock.now() {
            self.clock.set(at);
        }
    }

    /// A little later.
    pub(crate) fn later(&self) {
        self.clock.advance_seconds(60);
    }

    /// Now, when the story has been told.
    pub(crate) fn end(&self) -> DateTime<Utc> {
        self.first
            .checked_add_days(Days::new(DAYS_BEFORE))
            .unwrap_or(self.first)
    }

    /// The day of the story that has a civil date.
    pub(crate) fn number(&self, date: chrono::NaiveDate) -> u64 {
        u64::try_from((date - self.date(0)).num_days()).unwrap_or(0)
    }

    /// The civil date of a day of the story.
    pub(crate) fn date(&self, day: u64) -> chrono::NaiveDate {
        domain::calendar::today(
            self.first
                .checked_add_days(Days::new(day))
                .unwrap_or(self.first),
        )
    }
}

/// Makes the registry in an empty folder; `told` hears what is being done.
pub async fn build(
    data: &Path,
    config: Config,
    mut told: impl FnMut(&'static str),
) -> Result<Demo, BootError> {
    let now = SystemClock.now();
    let morning = now
        .date_naive()
        .and_hms_opt(2, 0, 0)
        .map_or(now, |at| at.and_utc());
    let first = morning
        .checked_sub_days(Days::new(DAYS_BEFORE))
        .unwrap_or(morning);
    let clock = Arc::new(SetClock::new(first));
    let settings = Settings {
        data: data.to_owned(),
        database: None,
        passphrase_file: None,
        policy_file: None,
        config: Config {
            scripted_clock: true,
            ..config.clone()
        },
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        create: true,
        durability: Durability::Scratch,
    };
    let app = boot::open(&settings).await?;
    // Its passwords are printed: `serve` does not show such a folder to others.
    std::fs::write(data.join(DEMO_MARK), "mingzheng demo\n").map_err(BootError::Folder)?;
    let script = Script { clock, first };
    let country = country::Country::read()?;
    told("账号与密钥 / accounts and keys");
    let mut cast = cast::make(&app, &script, &country).await?;
    told("机构与项目 / institutions and programmes");
    let mut stage = story::admit(&app, &script, &country, &mut cast).await?;
    told("班期与证书 / cohorts and certificates");
    let issued = classes::run(&app, &script, &country, &cast, &mut stage).await?;
    told("状态与查验 / states and checks");
    showcase::change(&app, &script, &cast, &stage, &issued).await?;
    story::notice(&app, &script, &cast, &stage, PAST + 234).await?;
    // What was made is opened again as any registry is: commits wait for the disk from now on, and the machine's clock
    // takes over; the script never ran ahead of it.
    app.store.close().await.map_err(Problem::from)?;
    let app = boot::open(&Settings {
        config,
        clock: Arc::new(SystemClock),
        create: false,
        durability: Durability::Full,
        ..settings
    })
    .await?;
    crate::bundles::build(&app).await?;
    let certificates = showcase::show(&app, &cast, &issued, data).await?;
    let keys = store::certificates::all_keys(app.store.reader()).await?;
    let issuer_keys = keys
        .iter()
        .filter(|row| row.purpose == "issuer")
        .map(receipt)
        .collect();
    let root_key = crate::trust::list::line_of_root(&app).await?;
    app.store.close().await.map_err(Problem::from)?;
    Ok(Demo {
        accounts: cast.accounts,
        certificates,
        issuer_keys,
        root_key,
    })
}
