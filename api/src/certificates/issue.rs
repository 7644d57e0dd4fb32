//! Issuing: gates, signatures, rows, leaves and commit in one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::StatusCode;
use certs::certificate::Claims;
use certs::keys::Signer;
use certs::log::{Hash, LeafEntry};
use chrono::{DateTime, Utc};
use domain::access::Actor;
use domain::cohort::{CohortRules, Standing};
use domain::gates::{CertificateFacts, GateFailure, batch_gates, certificate_gates};
use domain::ids::{BatchId, CertificateId, EnrolmentId, LeafIndex};
use domain::{CertificateNo, PublicId, SkillLevel};
use serde::{Deserialize, Serialize};
use store::certificates::{Batch, CandidateRow, Certificate, CohortForIssue, NewCertificate};
use store::scope::Scope;
use utoipa::ToSchema;

use super::status_index;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::log::append::Tiles;
use crate::papers;
use crate::problem::{Code, FieldError, Problem, Sentence};

/// The stored answer to an approval; the full answer is rebuilt from it, byte for byte (design decision 15).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IssuedReceipt {
    /// The batch.
    pub batch: BatchId,
    /// Size of the log with all its leaves.
    pub tree_size: u64,
}

/// An issued batch with proofs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IssuedBatch {
    /// The batch.
    pub batch: String,
    /// Size of the log that covers it.
    pub tree_size: u64,
    /// Signed checkpoint of exactly that size.
    pub checkpoint: String,
    /// Certificates in the order of their leaves.
    pub certificates: Vec<IssuedCertificate>,
}

/// One issued certificate with its proof.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IssuedCertificate {
    /// The random id on the paper.
    pub id: String,
    /// Number.
    pub certificate_no: String,
    /// Enrolment.
    pub enrolment: String,
    /// Masked name of the holder.
    pub holder: String,
    /// SHA-256 of the signed bytes, hexadecimal.
    pub sha256: String,
    /// Position in the public log.
    pub leaf_index: u64,
    /// Inclusion proof to the checkpoint: base64 hashes, leaf side first (RFC 6962).
    pub inclusion_proof: Vec<String>,
}

/// A key that signs, shared between the acts that use it.
pub(crate) type SharedSigner = Arc<dyn Signer>;

/// How often an issue is tried when its key is changed over meanwhile (trust.md KY-5).
pub(crate) const TRIES: u32 = 3;

/// Whether the act found no usable key, which may be because the key was changed over between opening and signing: tried
/// again it opens the new one.
pub(crate) fn may_be_rotated(problem: &Problem) -> bool {
    problem.code() == Code::KeyUnavailable
}

/// Why certificates are issued.
#[derive(Clone, Copy)]
pub(crate) enum Occasion<'a> {
    /// A batch: each ends after the months of its kind.
    Batch(BatchId),
    /// In place of others: each keeps the end of the one that it replaces.
    Replacement(&'a HashMap<EnrolmentId, Option<DateTime<Utc>>>),
}

/// What was issued, in the order of the trainees.
pub(crate) struct Issued {
    /// The first leaf; the others follow one by one.
    pub(crate) first: LeafIndex,
    /// The certificates.
    pub(crate) ids: Vec<CertificateId>,
}

/// What the gates said.
pub(super) struct Gates {
    /// Failures of the whole batch.
    pub(super) batch: Option<Vec<GateFailure>>,
    /// Failures of single trainees.
    pub(super) refused: Vec<(EnrolmentId, Vec<GateFailure>)>,
    /// The character of a name that no font of the paper has.
    pub(super) unprintable: HashMap<EnrolmentId, char>,
    /// The character of a name that every certificate of the class carries.
    pub(super) class_unprintable: Option<char>,
}

/// Checks every gate for every trainee (workflow.md section 3).
pub(super) fn gates(
    app: &App,
    cohort: &CohortForIssue,
    candidates: &[CandidateRow],
) -> Result<Gates, Problem> {
    let state = cohort.state.parse().map_err(Problem::internal)?;
    let standing = match standing(&cohort.admission_state) {
        // A class that is taught to its end under the county's eyes gets its certificates.
        Standing::Exited if cohort.taught_out => Standing::NoNewClasses,
        standing => standing,
    };
    let ids: Vec<EnrolmentId> = candidates
        .iter()
        .map(|candidate| candidate.enrolment)
        .collect();
    let mut batch = batch_gates(
        state,
        cohort.certificate_type.is_some(),
        cohort.published,
        standing,
        &ids,
    )
    .err();
    let class_unprintable = papers::missing_in_names(app, cohort);
    if class_unprintable.is_some() {
        batch
            .get_or_insert_default()
            .push(GateFailure::ClassNotPrintable);
    }
    let rules = CohortRules::from(app.policy.as_ref());
    let mut refused = Vec::new();
    let unprintable = unprintable(app, candidates);
    for candidate in candidates {
        let facts = CertificateFacts {
            enrolment: candidate.enrolment,
            cohort: state,
            planned_hours: cohort.planned_hours,
            state: candidate.state,
            attendance: candidate.attendance,
            assessment: candidate.assessment,
            citizen_id_valid: candidate.has_citizen_id,
            consent_withdrawn: candidate.consent_withdrawn,
            already_certified: candidate.generation > 0,
            certificate_type: cohort.certificate_type.clone(),
            program_published: cohort.published,
            standing,
        };
        let mut failures = certificate_gates(&facts, &rules).err().unwrap_or_default();
        if unprintable.contains_key(&candidate.enrolment) {
            failures.push(GateFailure::NameNotPrintable);
        }
        if !failures.is_empty() {
            refused.push((candidate.enrolment, failures));
        }
    }
    Ok(Gates {
        batch,
        refused,
        unprintable,
        class_unprintable,
    })
}

/// Trainees whose name could not be printed, each with the first character that no font has.
fn unprintable(app: &App, candidates: &[CandidateRow]) -> HashMap<EnrolmentId, char> {
    candidates
        .iter()
        .filter_map(|candidate| {
            let one = papers::missing_glyph(app, candidate.name.expose())?;
            Some((candidate.enrolment, one))
        })
        .collect()
}

/// Standing of an institution by the state of its admission.
fn standing(state: &str) -> Standing {
    match state {
        "provisional" => Standing::Provisional,
        "graded" | "warned" => Standing::Full,
        "rectifying" | "exit_notice" => Standing::NoNewClasses,
        "suspended" => Standing::Suspended,
        "exited" => Standing::Exited,
        _ => Standing::NotAdmitted,
    }
}

/// Problem of a whole batch.
pub(super) fn batch_problem(failures: &[GateFailure], unprintable: Option<char>) -> Problem {
    let code = match failures.first() {
        Some(GateFailure::InstitutionSuspended) => Code::InstitutionSuspended,
        Some(GateFailure::InstitutionNotAdmitted | GateFailure::InstitutionExited) => {
            Code::InstitutionNotAdmitted
        }
        Some(GateFailure::CohortNotAccepted) => Code::CohortNotAccepted,
        _ => Code::GatesFailed,
    };
    let problem = Problem::new(code);
    failures.iter().fold(problem, |problem, f| {
        let detail = sentence(*f, unprintable);
        problem.with_error("", f.as_str(), &detail.zh, &detail.en)
    })
}

/// What a gate says, with the character that cannot be printed.
fn sentence(failure: GateFailure, unprintable: Option<char>) -> Sentence {
    let names = matches!(
        failure,
        GateFailure::NameNotPrintable | GateFailure::ClassNotPrintable
    );
    match unprintable.filter(|_| names) {
        Some(one) => {
            let one = format!("{one} (U+{:04X})", u32::from(one));
            Sentence::new(
                format!("{} {one}", failure.zh()),
                format!("{} {one}", failure.en()),
            )
        }
        None => Sentence::new(failure.zh(), failure.en()),
    }
}

/// Problem of single trainees.
pub(super) fn gates_problem(
    refused: &[(EnrolmentId, Vec<GateFailure>)],
    unprintable: &HashMap<EnrolmentId, char>,
) -> Problem {
    let errors = refused.iter().flat_map(|(enrolment, failures)| {
        failures.iter().map(move |failure| FieldError {
            pointer: format!("/enrolments/{enrolment}"),
            code: failure.as_str().to_owned(),
            detail: sentence(*failure, unprintable.get(enrolment).copied()),
        })
    });
    Problem::new(Code::GatesFailed).with_errors(errors)
}

/// Refuses a batch that is decided already.
pub(super) fn must_be_proposed(batch: &Batch) -> Result<(), Problem> {
    if batch.state == "proposed" {
        return Ok(());
    }
    let (zh, en) = match batch.state.as_str() {
        "approved" => ("这一批证书已经签发。", "This batch has been issued."),
        _ => (
            "这一批已被退回,请机构重新提交。",
            "This batch was refused; the institution may propose anew.",
        ),
    };
    Err(Problem::new(Code::TransitionRefused).with_detail(zh, en))
}

/// Approves a batch: every gate again under lock, then signatures, rows and leaves, all or nothing.
pub async fn approve(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: BatchId,
) -> Result<Receipt, Problem> {
    let receipt = approve_stored(app, actor, key, id).await?;
    if app.dry_run {
        // Nothing was kept of which the answer could be made.
        return Ok(receipt);
    }
    let stored: IssuedReceipt = receipt.parse()?;
    let answer = issued_batch(app, stored.batch, stored.tree_size).await?;
    Ok(Receipt {
        status: receipt.status,
        json: serde_json::to_string(&answer).map_err(Problem::internal)?,
    })
}

/// The act itself; its stored receipt is small.
pub async fn approve_stored(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: BatchId,
) -> Result<Receipt, Problem> {
    for _ in 1..TRIES {
        match approve_once(app, actor, key, id).await {
            Err(problem) if may_be_rotated(&problem) => {}
            other => return other,
        }
    }
    approve_once(app, actor, key, id).await
}

async fn approve_once(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: BatchId,
) -> Result<Receipt, Problem> {
    let signer_key = usable_key(app, actor, id).await?;
    papers::warm(app).await;
    let mut act = match app.begin(actor, key, "approve_batch", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let batch = store::certificates::batch(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    // Locked before the gates: a suspension may commit between check and issue.
    let cohort = store::certificates::cohort_for_issue(&act.tx, &Scope::of(actor), batch.cohort)
        .await?
        .ok_or_else(Problem::not_found)?;
    must_be_proposed(&batch)?;
    if batch.proposed_by == actor.person {
        return Err(Problem::new(Code::SecondPersonRequired));
    }
    not_interested_about(&act, batch.cohort.uuid()).await?;
    store::certificates::lock_people(&act.tx, id).await?;
    let candidates =
        store::certificates::candidates(&act.tx, app.store.vault(), id, act.today).await?;
    let outcome = gates(app, &cohort, &candidates)?;
    if let Some(failures) = outcome.batch {
        return Err(batch_problem(&failures, outcome.class_unprintable));
    }
    if !outcome.refused.is_empty() {
        return Err(gates_problem(&outcome.refused, &outcome.unprintable));
    }
    let found = super::hold::reasons(&act, cohort.id, cohort.planned_hours, &candidates).await?;
    super::hold::must_be_reviewed(&act, id, &found).await?;
    let occasion = Occasion::Batch(id);
    let issued = sign_and_insert(
        &mut act,
        &cohort,
        &candidates,
        occasion,
        signer_key.as_ref(),
    )
    .await?;
    let tree_size = act.tree_size().unwrap_or(0);
    store::certificates::decide_batch(
        &act.tx,
        id,
        "approved",
        actor.person,
        None,
        Some(tree_size),
        act.now,
    )
    .await?;
    act.record(Entry {
        kind: "cohort",
        id: batch.cohort.uuid(),
        act: "issue_certificates",
        evidence: &[id.to_string()],
        leaf: Some(issued.first),
        proposer: Some(batch.proposed_by),
        ..Entry::default()
    })
    .await?;
    act.finish(
        StatusCode::CREATED,
        &IssuedReceipt {
            batch: id,
            tree_size,
        },
        ("batch", id),
    )
    .await
}

/// The key of the issuing federation, opened before the transaction: inside it no file is read.
async fn usable_key(
    app: &App,
    actor: &Actor,
    id: BatchId,
) -> Result<Option<SharedSigner>, Problem> {
    let reader = app.store.reader();
    let Some(batch) = store::certificates::batch(reader, id).await? else {
        return Ok(None);
    };
    let Some(cohort) =
        store::certificates::cohort_scope(reader, &Scope::of(actor), batch.cohort).await?
    else {
        return Ok(None);
    };
    signer_of(app, &cohort).await
}

/// The active signer of a federation.
pub(crate) async fn signer_of(
    app: &App,
    federation: &str,
) -> Result<Option<SharedSigner>, Problem> {
    let Some(row) =
        store::certificates::active_issuer_key(app.store.reader(), federation, app.now()).await?
    else {
        return Ok(None);
    };
    let kid = row.kid.parse().map_err(Problem::internal)?;
    let signer = app.keyring.issuer(&kid).map_err(|error| {
        tracing::error!("issuer key {kid}: {error}");
        Problem::new(Code::KeyUnavailable)
    })?;
    if signer.public_key().as_bytes() != row.public_key {
        tracing::error!("issuer key {kid}: the file is not the key of the table");
        return Err(Problem::new(Code::KeyUnavailable));
    }
    Ok(Some(signer))
}

/// The key that is in use at the time of the leaves: asked under the lock of the log's head, which a change of a key's state
/// takes too, so that no leaf of an issue follows that of its key's end. `opened` was opened before the transaction.
async fn key_in_use(
    act: &Act,
    federation: &str,
    opened: Option<&SharedSigner>,
    at: DateTime<Utc>,
) -> Result<SharedSigner, Problem> {
    let unavailable = || Problem::new(Code::KeyUnavailable);
    let row = store::certificates::active_issuer_key(&act.tx, federation, at)
        .await?
        .ok_or_else(unavailable)?;
    let kid = row.kid.parse().map_err(Problem::internal)?;
    let signer = opened
        .filter(|opened| *opened.key_id() == kid)
        .cloned()
        // Changed over since: inside the transaction no file is read, but the new key may be open.
        .or_else(|| act.app.keyring.opened(&kid))
        .ok_or_else(unavailable)?;
    if signer.public_key().as_bytes() == row.public_key {
        Ok(signer)
    } else {
        tracing::error!("issuer key {kid}: the file is not the key of the table");
        Err(unavailable())
    }
}

/// What replaces a certificate keeps its end: past it nothing is replaced.
fn must_not_have_ended(occasion: Occasion<'_>, issued_at: DateTime<Utc>) -> Result<(), Problem> {
    let Occasion::Replacement(ends) = occasion else {
        return Ok(());
    };
    if ends.values().flatten().all(|end| *end > issued_at) {
        return Ok(());
    }
    Err(Problem::new(Code::TransitionRefused).with_detail(
        "证书的有效期已经结束。换发的证书沿用原有效期,因此不再换发。",
        "The certificate has reached its end. One that replaces it would keep that end, so none is issued any more.",
    ))
}

/// Signs for all candidates and writes rows and leaves.
pub(crate) async fn sign_and_insert(
    act: &mut Act,
    cohort: &CohortForIssue,
    candidates: &[CandidateRow],
    occasion: Occasion<'_>,
    opened: Option<&SharedSigner>,
) -> Result<Issued, Problem> {
    let app = act.app.clone();
    // A correction comes without the gates: what cannot be printed is not signed in any case.
    if let Some(one) = papers::missing_in_names(&app, cohort) {
        return Err(batch_problem(&[GateFailure::ClassNotPrintable], Some(one)));
    }
    let unprintable = unprintable(&app, candidates);
    if !unprintable.is_empty() {
        let refused: Vec<_> = unprintable
            .keys()
            .map(|enrolment| (*enrolment, vec![GateFailure::NameNotPrintable]))
            .collect();
        return Err(gates_problem(&refused, &unprintable));
    }
    let at = act.log_time().await?;
    let issued_at = chrono::SubsecRound::trunc_subsecs(at, 0);
    must_not_have_ended(occasion, issued_at)?;
    let signer = key_in_use(act, &cohort.federation, opened, at).await?;
    let kid = signer.key_id().clone();
    let issued_on = domain::calendar::today(issued_at);
    let expires_at = cohort
        .validity_months
        .and_then(|months| domain::certificate::expires_at(issued_on, months));
    let places = status_index::claim(act, candidates.len()).await?;
    let year = chrono::Datelike::year(&issued_on);
    let level = SkillLevel::try_from(cohort.skill_level).ok();
    let mut claims = Vec::with_capacity(candidates.len());
    for (candidate, (list, index)) in candidates.iter().zip(&places) {
        let number = CertificateNo::mint(&cohort.federation[..2], year, &app.random.bytes());
        claims.push(Claims {
            issued_at,
            expires_at: match occasion {
                Occasion::Batch(_) => expires_at,
                Occasion::Replacement(ends) => ends
                    .get(&candidate.enrolment)
                    .copied()
                    .unwrap_or(expires_at),
            },
            holder: candidate.name.clone(),
            certificate_no: number.map_err(Problem::internal)?,
            program: cohort.program_code.clone(),
            institution: cohort.credit_code.clone(),
            level,
            status_list: *list,
            status_index: *index,
            public_id: PublicId::from_bytes(app.random.bytes()),
        });
    }
    let worker = Arc::clone(&signer);
    let threads = std::thread::available_parallelism().unwrap_or(std::num::NonZero::<usize>::MIN);
    let (claims, signed) = crate::cores::off_thread(move || {
        let signed = certs::certificate::sign_all(&claims, worker.as_ref(), threads);
        (claims, signed)
    })
    .await
    .map_err(Problem::internal)?;
    let signed = signed.map_err(Problem::internal)?;
    let digests: Vec<[u8; 32]> = signed
        .iter()
        .map(certs::certificate::SignedCertificate::sha256)
        .collect();
    let federation: domain::FederationCode =
        cohort.federation.parse().map_err(Problem::internal)?;
    let entries = digests.iter().map(|certificate| LeafEntry::Issue {
        at,
        certificate: *certificate,
        key_id: kid.clone(),
        institution: cohort.credit_code.clone(),
        federation: federation.clone(),
        program: cohort.program_code.clone(),
    });
    let first = act.log_all(entries).await?;
    let rows: Vec<NewCertificate<'_>> = candidates
        .iter()
        .zip(&claims)
        .zip(signed.iter().zip(&digests))
        .zip(first.0..)
        .map(
            |(((candidate, claims), (signed, sha256)), leaf)| NewCertificate {
                id: act.new_id(),
                public_id: claims.public_id,
                certificate_no: claims.certificate_no.clone(),
                candidate,
                batch: match occasion {
                    Occasion::Batch(batch) => Some(batch),
                    Occasion::Replacement(_) => None,
                },
                generation: candidate.generation + 1,
                program_version: cohort.program_version,
                admission: cohort.admission,
                federation: &cohort.federation,
                kid: kid.as_str(),
                issued_at,
                expires_at: claims.expires_at,
                status_list: claims.status_list,
                status_index: claims.status_index,
                leaf_index: LeafIndex(leaf),
                cose: signed.as_bytes(),
                cose_sha256: *sha256,
            },
        )
        .collect();
    store::certificates::insert(&act.tx, app.store.vault(), &rows).await?;
    Ok(Issued {
        first,
        ids: rows.iter().map(|row| row.id).collect(),
    })
}

/// The answer for a batch at a log size: the same bytes whenever it is asked for.
pub async fn issued_batch(
    app: &App,
    batch: BatchId,
    tree_size: u64,
) -> Result<IssuedBatch, Problem> {
    let reader = app.store.reader();
    let rows = store::certificates::of_batch(reader, batch).await?;
    let checkpoint = store::log::checkpoint(reader, tree_size)
        .await?
        .ok_or_else(|| Problem::internal("no checkpoint of the batch's size"))?;
    let mut ids: Vec<certs::log::TileId> = rows
        .iter()
        .flat_map(|row| certs::log::inclusion_tiles(row.leaf_index.0, tree_size))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let tiles = Tiles::read(reader, &ids).await?;
    let certificates = rows
        .iter()
        .map(|row| {
            let proof = certs::log::inclusion_proof(&tiles, row.leaf_index.0, tree_size)
                .map_err(Problem::internal)?;
            Ok(issued_certificate(row, &proof))
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    Ok(IssuedBatch {
        batch: batch.to_string(),
        tree_size,
        checkpoint: checkpoint.note,
        certificates,
    })
}

fn issued_certificate(row: &Certificate, proof: &[Hash]) -> IssuedCertificate {
    IssuedCertificate {
        id: row.public_id.to_string(),
        certificate_no: row.certificate_no.as_str().to_owned(),
        enrolment: row.enrolment.to_string(),
        holder: row.holder_masked.clone(),
        sha256: data_encoding::HEXLOWER.encode(&row.cose_sha256),
        leaf_index: row.leaf_index.0,
        inclusion_proof: proof
            .iter()
            .map(|hash| data_encoding::BASE64.encode(hash.as_bytes()))
            .collect(),
    }
}
