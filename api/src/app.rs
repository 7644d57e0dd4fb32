//! What every handler and use case may reach.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::WorkingCalendar;
use domain::policy::{EvidencePolicy, WorkflowPolicy};
use domain::privacy::PrivacyPolicy;
use store::Store;

use crate::access::courier::Courier;
use crate::access::sessions::Sessions;
use crate::audit::denials::Denials;
use crate::border::Border;
use crate::clock::{Clock, Random};
use crate::config::Config;
use crate::keyring::Keyring;
use crate::reference::RegionTable;

/// The application: concrete parts, cloned by handle.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub store: Store,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// The one source of randomness.
    pub random: Random,
    /// Issuer and log keys.
    pub keyring: Arc<Keyring>,
    /// Session tokens.
    pub sessions: Arc<Sessions>,
    /// Names, host, limits.
    pub config: Arc<Config>,
    /// Deadlines and limits of the workflow.
    pub policy: Arc<WorkflowPolicy>,
    /// Deadlines and retention of personal data.
    pub privacy: Arc<PrivacyPolicy>,
    /// Numbers of employment evidence and of the survey.
    pub evidence: Arc<EvidencePolicy>,
    /// Working days.
    pub calendar: Arc<WorkingCalendar>,
    /// Divisions by code and by name.
    pub regions: Arc<RegionTable>,
    /// Limits, pools and counters of this process.
    pub border: Arc<Border>,
    /// Folder of sealed evidence files.
    pub files: Arc<crate::files::Folder>,
    /// Refusals that wait to be counted into the audit.
    pub denials: Arc<Denials>,
    /// Messages that are sent after the answer.
    pub courier: Arc<Courier>,
    /// Checks of certificates that wait to be counted.
    pub counted: Arc<crate::verify::counted::Counted>,
    /// Whether the database may extend the log.
    pub standing: Arc<crate::log::standing::Standing>,
    /// Whether the process can work, as it was found last.
    pub readiness: crate::server::health::Readiness,
    /// Leaves of the log that were proven.
    pub proven: Arc<crate::log::proven::Proven>,
    /// Checkpoints whose cosignatures were checked.
    pub cosigned: Arc<crate::log::cosigned::Cosigned>,
    /// Whether acts only try: every check runs, the answer is given, nothing is kept. Set by the command line alone.
    pub dry_run: bool,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Now.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Today in China.
    pub fn today(&self) -> NaiveDate {
        domain::calendar::today(self.now())
    }
}
