//! Enrolling from a roster: every fault of every row at once, good rows written in one transaction.
//!
//! Persons are found or made by the blind index of their identity number. The people of a roster are locked before
//! their other classes are looked at, so that two rosters at once cannot put one person into two classes; whoever
//! comes second reads again and reports the row.

mod mismatches;
mod plan;
mod write;

use std::borrow::Cow;

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::{CohortId, RosterId};
use plan::Keys;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::cohorts::Cohort;
use store::rosters::Roster;
use utoipa::ToSchema;

use super::acts::list_open;
use super::enrolments::in_standing;
use super::{find, lock, rules};
use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cores;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, FieldError, Problem, Sentence};
use crate::rosters::{self, Fault, Limits, ParsedRoster, RosterRefused, RosterRow, Sheet};

/// Largest upload in bytes (trust.md OV-3).
pub const UPLOAD_LIMIT: usize = 8 << 20;
/// Faults told in one answer; the others are counted and stand at the roster's own address.
const FAULTS_TOLD: usize = 1_000;

domain::text_enum! {
    /// What to write of a roster.
    Import("import") {
        /// Nothing: check only.
        None = "none",
        /// The rows without a fault.
        Good = "good",
        /// All rows, and only if none has a fault.
        All = "all",
    }
}

/// A file as it came.
pub struct Upload {
    /// Name given by the sender; it may name a person, and only its ending is kept.
    pub file_name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Shows no content.
impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({} bytes)", self.bytes.len())
    }
}

/// One fault of one row, without any value of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RosterFault {
    /// The row, counted from 1 as a spreadsheet shows it.
    pub row: u32,
    /// Header word of the column.
    pub column: Cow<'static, str>,
    /// Meaning of the column (`name`, `citizen_id`, ...).
    pub field: Cow<'static, str>,
    /// `/rows/{row}/{field}`.
    pub pointer: String,
    /// Stable code.
    pub code: Cow<'static, str>,
    /// What is wrong and what to do, in Chinese.
    pub zh: Cow<'static, str>,
    /// The same in English.
    pub en: Cow<'static, str>,
}

/// What a roster holds and what became of it. `added + changed + unchanged + faulty + skipped` is the rows of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RosterReceipt {
    /// Number of the upload; none for rows without a file.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub roster: Option<RosterId>,
    /// The cohort.
    #[schema(value_type = String, format = "uuid")]
    pub cohort: CohortId,
    /// What was asked for: `none`, `good`, `all`.
    pub import: String,
    /// Whether anything could be written: false for a check.
    pub imported: bool,
    /// Rows below the header, empty ones included.
    pub rows: u32,
    /// Rows without a fault.
    pub good: u32,
    /// Rows that add a trainee.
    pub added: u32,
    /// Rows that change one.
    pub changed: u32,
    /// Rows that change nothing.
    pub unchanged: u32,
    /// Rows with a fault.
    pub faulty: u32,
    /// Sample and empty rows.
    pub skipped: u32,
    /// The first thousand faults, by row.
    pub faults: Vec<RosterFault>,
    /// How many faults there are.
    pub faults_total: u32,
    /// What a person should know, in Chinese and English.
    pub notices: Vec<Notice>,
    /// Header words of columns that were not used.
    pub ignored_columns: Vec<String>,
}

/// Something that was understood in a way that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Checks an uploaded roster, and writes as much of it as asked for.
pub async fn upload_roster(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    upload: Upload,
    import: Import,
) -> Result<Receipt, Problem> {
    let cohort = find(app, actor, id).await?;
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&upload.bytes));
    let file_type = ending(&upload.file_name);
    let (_, parsed) = read(app, &cohort, upload).await?;
    let file = File {
        digest,
        file_type,
        rows: parsed.row_count,
        faulty: parsed.faulty,
        skipped: parsed.sample + parsed.blank,
        faults: parsed.faults.iter().map(RosterFault::from).collect(),
        notices: parsed
            .notices
            .iter()
            .map(|notice| Notice {
                zh: notice.zh(),
                en: notice.en(),
            })
            .collect(),
        ignored_columns: parsed
            .ignored_columns
            .into_iter()
            .map(|column| column.header)
            .collect(),
    };
    run(app, actor, key, id, parsed.rows, Some(&file), import).await
}

/// Enrols rows that did not come from a file: all of them or, if one has a fault, none.
pub async fn enrol_rows(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    cohort: CohortId,
    rows: Vec<RosterRow>,
) -> Result<Receipt, Problem> {
    run(app, actor, key, cohort, rows, None, Import::All).await
}

/// What is known of a file beside its good rows.
struct File {
    /// Goes into the record of the request under a key, and is kept nowhere else: a list of persons can be guessed.
    digest: String,
    file_type: String,
    rows: u32,
    faulty: u32,
    skipped: u32,
    faults: Vec<RosterFault>,
    notices: Vec<Notice>,
    ignored_columns: Vec<String>,
}

enum Attempt {
    Done(Receipt),
    /// Another transaction made or enrolled one of these people meanwhile: read again.
    Raced,
}

async fn run(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    rows: Vec<RosterRow>,
    file: Option<&File>,
    import: Import,
) -> Result<Receipt, Problem> {
    let roster = keyed(app, rows).await?;
    for _ in 0..4 {
        if let Attempt::Done(receipt) = attempt(app, actor, key, id, &roster, file, import).await? {
            return Ok(receipt);
        }
    }
    Err(Problem::new(Code::Conflict).retry_after(1))
}

/// Rows with what is computed of each.
struct Keyed {
    rows: Vec<RosterRow>,
    keys: Vec<Keys>,
}

async fn keyed(app: &App, rows: Vec<RosterRow>) -> Result<Keyed, Problem> {
    // A key of another process, so that everything here is computed under the newest.
    store::rotation::learn_versions(app.store.reader(), app.store.vault()).await?;
    let app = app.clone();
    let keyed = cores::aside(move || Keyed {
        keys: rows
            .iter()
            .map(|row| Keys::of(app.store.vault(), row))
            .collect(),
        rows,
    });
    keyed.await.map_err(Problem::internal)
}

async fn attempt(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    roster: &Keyed,
    file: Option<&File>,
    import: Import,
) -> Result<Attempt, Problem> {
    let content = match file {
        Some(file) => file.digest.clone(),
        None => digest_of(app, &roster.rows),
    };
    let mut act = match app
        .begin(actor, key, "import_roster", &(id, content, import))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(Attempt::Done(receipt)),
    };
    let cohort = lock(&act, id).await?;
    if import != Import::None {
        list_open(&act, &cohort)?;
        in_standing(&act, &cohort).await?;
    }
    let Keyed { rows, keys } = roster;
    let plan = plan::plan(&act, &cohort, rows, keys).await?;
    let refused = mismatches::count(&act, rows, &plan).await?;
    if let Some(problem) = refused {
        store::commit(act.tx).await?;
        return Err(problem);
    }
    let of_file = file.map_or(&[][..], |file| &file.faults);
    let mut faults: Vec<RosterFault> = of_file.iter().chain(&plan.faults).cloned().collect();
    faults.sort_by_key(|fault| fault.row);
    if import == Import::All && !faults.is_empty() {
        // Nothing was written but what was counted.
        store::commit(act.tx).await?;
        return Err(faulty(&faults));
    }
    let number = file.map(|_| act.new_id::<RosterId>());
    if import != Import::None && !write::write(&mut act, &cohort, rows, keys, &plan, number).await?
    {
        return Ok(Attempt::Raced);
    }
    let receipt = receipt(&cohort, rows, file, &plan, &faults, import, number);
    if let (Some(file), Some(number)) = (file, number) {
        store::rosters::insert(&act.tx, &record(&act, file, &receipt, &faults, number)?).await?;
    }
    let evidence: Vec<String> = number.iter().map(ToString::to_string).collect();
    act.record(Entry {
        kind: "cohort",
        id: id.uuid(),
        act: if receipt.imported {
            "import_roster"
        } else {
            "check_roster"
        },
        evidence: &evidence,
        ..Entry::default()
    })
    .await?;
    act.finish(StatusCode::CREATED, &receipt, ("cohort", id))
        .await
        .map(Attempt::Done)
}

/// A keyed digest of rows without a file, for the idempotency record: identity numbers are too few for a plain hash.
fn digest_of(app: &App, rows: &[RosterRow]) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(&row.canonical());
    }
    data_encoding::HEXLOWER.encode(&app.store.vault().blind_index("roster.rows", &text))
}

/// The same table with its faults marked.
pub async fn annotated(app: &App, cohort: &Cohort, upload: Upload) -> Result<Vec<u8>, Problem> {
    let (sheet, parsed) = read(app, cohort, upload).await?;
    cores::aside(move || rosters::annotate(&sheet, &parsed.faults))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)
}

async fn read(
    app: &App,
    cohort: &Cohort,
    upload: Upload,
) -> Result<(Sheet, ParsedRoster), Problem> {
    let place = cores::ROSTERS.place().await?;
    let (app, start_on) = (app.clone(), cohort.start_on);
    let parsed = place.aside(move || {
        let limits = Limits {
            file_bytes: UPLOAD_LIMIT,
            ..Limits::default()
        };
        let sheet = rosters::read_with(
            &upload.bytes,
            &upload.file_name,
            limits,
            app.config.program.as_deref(),
        )?;
        let context = rosters::Context {
            today: app.today(),
            start_on,
            min_age: rules(&app).min_age_years,
            region_lookup: &|text| app.regions.look_up(text),
            // Places are counted against the people already in the class.
            max_trainees: usize::MAX,
        };
        let parsed = rosters::parse(&sheet, &context);
        Ok::<_, RosterRefused>((sheet, parsed))
    });
    Ok(parsed.await.map_err(Problem::internal)??)
}

fn receipt(
    cohort: &Cohort,
    rows: &[RosterRow],
    file: Option<&File>,
    plan: &plan::Plan,
    faults: &[RosterFault],
    import: Import,
    roster: Option<RosterId>,
) -> RosterReceipt {
    let (added, changed, unchanged) = (
        count(plan.added.len()),
        count(plan.changed.len()),
        plan.unchanged,
    );
    let good = added + changed + unchanged;
    RosterReceipt {
        roster,
        cohort: cohort.id,
        import: import.as_str().to_owned(),
        imported: import != Import::None,
        rows: file.map_or_else(|| count(rows.len()), |file| file.rows),
        good,
        added,
        changed,
        unchanged,
        faulty: count(rows.len()) - good + file.map_or(0, |file| file.faulty),
        skipped: file.map_or(0, |file| file.skipped),
        faults: faults.iter().take(FAULTS_TOLD).cloned().collect(),
        faults_total: count(faults.len()),
        notices: file.map(|file| file.notices.clone()).unwrap_or_default(),
        ignored_columns: file
            .map(|file| file.ignored_columns.clone())
            .unwrap_or_default(),
    }
}

fn record(
    act: &crate::act::Act,
    file: &File,
    receipt: &RosterReceipt,
    faults: &[RosterFault],
    id: RosterId,
) -> Result<Roster, Problem> {
    Ok(Roster {
        id,
        cohort: receipt.cohort,
        file_type: file.file_type.clone(),
        rows: receipt.rows,
        good: receipt.good,
        faulty: receipt.faulty,
        skipped: receipt.skipped,
        import: receipt.import.clone(),
        added: receipt.added,
        changed: receipt.changed,
        unchanged: receipt.unchanged,
        imported: receipt.imported,
        faults: serde_json::to_string(faults).map_err(Problem::internal)?,
        uploaded_by: act.actor.person,
        uploaded_at: act.now,
    })
}

/// Nothing was written: every fault is told, the first thousand one by one.
fn faulty(faults: &[RosterFault]) -> Problem {
    let errors = faults.iter().take(FAULTS_TOLD).map(|fault| FieldError {
        pointer: fault.pointer.clone(),
        code: fault.code.clone().into_owned(),
        detail: Sentence::new(
            format!("第{}行“{}”:{}", fault.row, fault.column, fault.zh),
            format!("Row {}, {}: {}", fault.row, fault.field, fault.en),
        ),
    });
    Problem::new(Code::RosterFaults).with_errors(errors)
}

impl From<&Fault> for RosterFault {
    fn from(fault: &Fault) -> Self {
        Self {
            row: fault.row,
            column: fault.column().to_owned().into(),
            field: fault.field.name().into(),
            pointer: format!("/rows/{}/{}", fault.row, fault.field.name()),
            code: fault.code().into(),
            zh: fault.zh().into(),
            en: fault.en().into(),
        }
    }
}

/// A file that is not read at all.
impl From<RosterRefused> for Problem {
    fn from(refused: RosterRefused) -> Self {
        let code = match refused.code() {
            "upload-too-large" => Code::TooLarge,
            "upload-type" => Code::UploadType,
            "upload-expands" => Code::UploadExpands,
            "upload-encoding" => Code::UploadEncoding,
            "upload-unreadable" => Code::UploadUnreadable,
            _ => Code::RosterFaults,
        };
        let pointer = refused
            .row()
            .map_or_else(String::new, |row| format!("/rows/{row}"));
        Self::new(code)
            .with_detail(refused.zh(), refused.en())
            .with_error(pointer, refused.code(), &refused.zh(), &refused.en())
    }
}

/// The ending of a file's name when it is one that rosters have; anything else after a dot could be a name again.
fn ending(name: &str) -> String {
    name.rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .filter(|ending| ["csv", "xlsx", "xls", "txt", "tsv"].contains(&ending.as_str()))
        .unwrap_or_default()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
