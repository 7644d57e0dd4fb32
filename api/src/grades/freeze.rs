//! Freezing a period: the registry's rows become evidence E once, and the first run is computed on it.

use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::grading::{Evidence, Policy, Reason};
use domain::ids::GradingRunId;
use domain::institution::ResultKind;
use serde::{Deserialize, Serialize};
use store::grading::snapshot::{self, Found, Pseudonyms, Whom};
use store::grading::{Freeze, FreezeKind, ResultRow, Run};
use store::scope::NATIONAL;
use utoipa::ToSchema;
use uuid::Uuid;

use super::counts::Counts;
use super::files::{self, Pieces, Written};
use super::periods;
use super::policies::{Loaded, in_force, named};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, FieldError, Problem, Sentence};

/// Kind of thing in timelines.
pub(crate) const KIND: &str = "grading_run";

/// A period to freeze.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeRequest {
    /// `annual` or `quarterly`; only annual runs give grades.
    #[schema(value_type = String, example = "annual")]
    pub kind: FreezeKind,
    /// The freeze date, today or before: the annual day of the policy (31 March), or the last day of a quarter.
    pub freeze_on: NaiveDate,
    /// Policy of the first run, to compare; the baseline in force on that day when not given.
    #[serde(default)]
    pub policy: Option<String>,
    /// The run that the first run corrects: a date whose annual grades are published is not frozen again without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub corrects: Option<GradingRunId>,
}

/// A run as its maker is told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RunReceipt {
    /// The run.
    pub run: String,
    /// Its evidence.
    pub freeze: String,
    /// SHA-256 of E, hexadecimal.
    pub evidence_sha256: String,
    /// SHA-256 of R, hexadecimal.
    pub results_sha256: String,
    /// Name of the policy.
    pub policy: String,
    /// Numbers of institutions with grade A, B, C, D, P.
    pub grades: [usize; 5],
    /// Trainees without a card number on record.
    pub without_card: u64,
}

/// What a computation gives.
pub(crate) struct Computed {
    pub(crate) results: Written,
    pub(crate) rows: Vec<ResultRow>,
    pub(crate) grades: [usize; 5],
}

/// Runs the engine and cuts R into the entries of its institutions.
pub(crate) fn compute(evidence: &Evidence, policy: &Policy) -> Result<Computed, Problem> {
    #[derive(Deserialize)]
    struct File<'a> {
        #[serde(borrow)]
        institutions: Vec<&'a serde_json::value::RawValue>,
    }
    #[derive(Deserialize)]
    struct EmpFigures {
        n: u32,
    }
    #[derive(Deserialize)]
    struct Figures {
        #[serde(rename = "EMP")]
        emp: EmpFigures,
    }
    #[derive(Deserialize)]
    struct Of {
        id: Uuid,
        federation: String,
        grade: String,
        previous_grade: Option<String>,
        composite_milli: Option<u32>,
        rank: Option<u32>,
        reasons: Vec<String>,
        indicators: Figures,
    }
    let run = domain::grading::grade(evidence, policy);
    let bytes = run.to_json(false).map_err(Problem::internal)?;
    let file: File<'_> = serde_json::from_slice(&bytes).map_err(Problem::internal)?;
    let mut counts: HashMap<String, String> = HashMap::new();
    for mix in run.mixes() {
        let text = serde_json::to_string(&Counts::of(&mix)).map_err(Problem::internal)?;
        counts.insert(mix.institution, text);
    }
    let mut rows = Vec::with_capacity(file.institutions.len());
    for raw in file.institutions {
        let of: Of = serde_json::from_str(raw.get()).map_err(Problem::internal)?;
        // Who has left stands in R, since its trainees do, and in nothing that is shown of the run.
        if of.reasons.iter().any(|one| one == Reason::PExited.as_str()) {
            continue;
        }
        rows.push(ResultRow {
            admission: of.id.into(),
            federation: of.federation,
            grade: of.grade,
            previous_grade: of.previous_grade,
            composite_milli: of.composite_milli,
            rank: of.rank,
            emp_n: of.indicators.emp.n,
            entry: raw.get().to_owned(),
            counts: counts.remove(&of.id.to_string()),
        });
    }
    Ok(Computed {
        grades: run.grades(),
        results: Pieces::of(&bytes).map_err(Problem::internal)?,
        rows,
    })
}

/// The province-level federation of a division, as six digits.
pub(crate) fn province_of(app: &App, region: &str) -> u32 {
    let code = app.regions.federation(region).unwrap_or("000000");
    code.parse().unwrap_or(0)
}

/// Reads the rows of a freeze date in one moment.
pub(crate) async fn read(
    app: &App,
    pseudonyms: &Pseudonyms,
    freeze_on: NaiveDate,
    whom: Whom<'_>,
) -> Result<Found, Problem> {
    let moment = app.store.snapshot().await?;
    let vault = app.store.vault();
    let province = |region: &str| province_of(app, region);
    let takeover = app.policy.workflow.takeover_permille;
    Ok(snapshot::read(
        &moment, vault, pseudonyms, freeze_on, whom, &province, takeover,
    )
    .await?)
}

/// The evidence of found rows; faults of rows are told by reading the written file.
pub(crate) fn evidence_of(found: &Found) -> Result<(Written, Evidence), Problem> {
    let mut pieces = Pieces::default();
    found
        .snapshot
        .write(&mut pieces)
        .map_err(Problem::internal)?;
    let written = pieces.finish().map_err(Problem::internal)?;
    if let Some(evidence) = found.snapshot.evidence(written.sha256) {
        return Ok((written, evidence));
    }
    let mut text = Vec::new();
    found.snapshot.write(&mut text).map_err(Problem::internal)?;
    let text = String::from_utf8(text).map_err(Problem::internal)?;
    match Evidence::from_json(&text) {
        Ok(evidence) => Ok((written, evidence)),
        Err(faults) => Err(faulty("/evidence", &faults)),
    }
}

/// Every fault of a policy or of evidence as a problem.
pub(crate) fn faulty(at: &str, faults: &domain::grading::Faults) -> Problem {
    let errors = faults.as_slice().iter().map(|fault| FieldError {
        pointer: format!("{at}{}", fault.pointer),
        code: fault.code.as_str().to_owned(),
        detail: Sentence::new(fault.zh(), fault.en()),
    });
    Problem::new(Code::InvalidRequest).with_errors(errors)
}

/// Freezes a period and computes the first run on it.
pub async fn take(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &FreezeRequest,
) -> Result<Receipt, Problem> {
    if request.freeze_on > app.today() {
        return Err(Problem::field(
            "/freeze_on",
            "not-frozen-yet",
            "冻结日还没有到;请在冻结日当天或之后办理。",
            "The freeze date lies ahead; freeze on that day or later.",
        ));
    }
    let kind = match request.kind {
        FreezeKind::Annual => ResultKind::Annual,
        FreezeKind::Quarterly => ResultKind::Quarterly,
    };
    let (month, day) = app.evidence.annual.freeze;
    if !kind.ends_on(request.freeze_on, (month, day)) {
        return Err(Problem::field(
            "/freeze_on",
            "no-end-of-a-period",
            &format!(
                "年度评级的冻结日是 {month} 月 {day} 日,季度监测的冻结日是季末(3、6、9、12 月的最后一天)。"
            ),
            &format!(
                "An annual run freezes on {day}.{month}. (day.month), a quarterly one on the last day of March, June, September or December."
            ),
        ));
    }
    let reader = app.store.reader();
    let (freeze_on, corrects) = (request.freeze_on, request.corrects);
    let loaded = match request.policy.as_deref() {
        Some(name) => named(reader, name).await?,
        None => in_force(reader, NATIONAL, freeze_on).await?,
    };
    let repeated = store::idempotency::find(reader, actor.account, key.as_str()).await?;
    let work = if repeated.is_none() {
        periods::may_freeze(reader, request.kind, freeze_on, corrects).await?;
        let secret = app.random.bytes::<32>();
        let pseudonyms = Pseudonyms::new(&secret);
        let found = read(app, &pseudonyms, request.freeze_on, Whom::Everybody).await?;
        let policy = loaded.policy.clone();
        let done = crate::cores::off_thread(move || {
            let (written, evidence) = evidence_of(&found)?;
            let counts = [
                evidence.institutions() as u64,
                evidence.enrolments() as u64,
                evidence.episodes() as u64,
            ];
            let computed = compute(&evidence, &policy)?;
            Ok::<_, Problem>((
                written,
                counts,
                found.without_card,
                found.undecided,
                computed,
            ))
        });
        Some((secret, done.await.map_err(Problem::internal)??))
    } else {
        None
    };
    let mut act = match app.begin(actor, key, "freeze_period", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let Some((secret, (written, counts, without_card, undecided, computed))) = work else {
        return Err(Problem::new(Code::Conflict).retry_after(1));
    };
    let id: Uuid = act.new_id();
    let sealed =
        act.app
            .store
            .vault()
            .seal_registry_secret(store::grading::FREEZE_KEY, id, &secret)?;
    let freeze = Freeze {
        id,
        kind: request.kind,
        freeze_on: request.freeze_on,
        evidence_sha256: written.sha256,
        key_enc: sealed,
        counts,
        without_card,
        undecided,
        taken_by: actor.person.uuid(),
        taken_at: act.now,
    };
    store::grading::insert_freeze(&act.tx, &freeze).await?;
    files::put(&act.tx, id, written).await?;
    let (receipt, run, rows) = keep(&mut act, &freeze, &loaded, computed, corrects).await?;
    monitored(&mut act, &freeze, &run, &rows).await?;
    act.finish(StatusCode::CREATED, &receipt, (KIND, &receipt.run))
        .await
}

/// Monitoring is shown at once, where the run is by the policy in force; annual results wait until each province opens its
/// publication. A later run on the same quarter says nothing new unless it corrects one.
pub(crate) async fn monitored(
    act: &mut Act,
    freeze: &Freeze,
    run: &Run,
    rows: &[ResultRow],
) -> Result<(), Problem> {
    if freeze.kind != FreezeKind::Quarterly {
        return Ok(());
    }
    let mut here: BTreeMap<&str, Vec<ResultRow>> = BTreeMap::new();
    for row in rows {
        here.entry(&row.federation).or_default().push(row.clone());
    }
    for (federation, rows) in here {
        let right = in_force(&act.tx, federation, freeze.freeze_on).await?;
        let known = run.corrects.is_none()
            && store::cases::results::has_quarter(&act.tx, federation, freeze.freeze_on).await?;
        if right.policy.name() == run.policy && !known {
            crate::cases::results::enter(act, freeze, run, &rows).await?;
        }
    }
    Ok(())
}

/// Writes a run with its results.
pub(crate) async fn keep(
    act: &mut Act,
    freeze: &Freeze,
    loaded: &Loaded,
    computed: Computed,
    corrects: Option<GradingRunId>,
) -> Result<(RunReceipt, Run, Vec<ResultRow>), Problem> {
    let run = Run {
        id: act.new_id(),
        freeze: freeze.id,
        policy: loaded.policy.name().to_owned(),
        policy_text: loaded.text.clone(),
        base_text: loaded.base_text.clone(),
        policy_sha256: loaded.sha256,
        results_sha256: computed.results.sha256,
        corrects: corrects.map(GradingRunId::uuid),
        computed_by: act.actor.person.uuid(),
        computed_at: act.now,
    };
    store::grading::insert_run(&act.tx, &run, &computed.rows).await?;
    files::put(&act.tx, run.id.uuid(), computed.results).await?;
    act.record(Entry {
        kind: KIND,
        id: run.id.uuid(),
        act: "compute",
        to: Some("computed"),
        effective_on: Some(freeze.freeze_on),
        evidence: &[freeze.id.to_string()],
        ..Entry::default()
    })
    .await?;
    let hex = |bytes: &[u8; 32]| data_encoding::HEXLOWER.encode(bytes);
    let receipt = RunReceipt {
        run: run.id.to_string(),
        freeze: freeze.id.to_string(),
        evidence_sha256: hex(&freeze.evidence_sha256),
        results_sha256: hex(&run.results_sha256),
        policy: run.policy.clone(),
        grades: computed.grades,
        without_card: freeze.without_card,
    };
    Ok((receipt, run, computed.rows))
}
