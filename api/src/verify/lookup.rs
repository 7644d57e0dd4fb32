//! From questions to answers: one snapshot of the database for all of them, then the arithmetic.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use certs::keys::KeySet;
use certs::log::{Hash, LeafEntry};
use certs::qr::QrText;
use certs::verdict::{
    CertificateState, CheckName, Facts, InstitutionFact, LogFact, Presented, Reason, Standing,
    StatusFact, examine,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::certificate::{CertificateReason, CertificateStatus};
use domain::ids::CertificateId;
use domain::institution::InstitutionState;
use domain::{CertificateNo, PersonName, PublicId};
use sha2::{Digest as _, Sha256};
use store::certificates::PublicCertificate;
use store::privacy::consents::Permitted;
use subtle::ConstantTimeEq as _;

use super::{Answer, KnownCertificate};
use crate::app::App;
use crate::log::{cosigned, proven};
use crate::neutral::{area, neutral_or};
use crate::problem::Problem;

/// Most questions that are answered at once.
pub const MOST_QUESTIONS: usize = 1000;
/// What stands in for a kind of certificate whose name would tell of a disability.
const PLAIN_TYPE: &str = "职业培训证书";
/// For how long an answer of the registry itself counts as fresh.
const FRESH: TimeDelta = TimeDelta::minutes(5);
/// Above this many questions the arithmetic leaves the threads that serve requests.
const FEW: usize = 8;

/// What somebody asks about a certificate.
#[derive(Clone)]
pub enum Question {
    /// The id on it: the registry's own copy is examined.
    Id(PublicId),
    /// The text of its QR code: the text's own signature is examined.
    Text(String),
    /// Its number and the full name of its holder.
    NumberAndName {
        /// Number.
        number: CertificateNo,
        /// Full name.
        name: PersonName,
    },
}

/// Shows nothing: what was sent in is not for logs.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Id(_) => "Question::Id",
            Self::Text(_) => "Question::Text",
            Self::NumberAndName { .. } => "Question::NumberAndName",
        })
    }
}

/// The verdict about the certificate with this id. With `cose` those bytes are examined, otherwise the registry's own copy.
pub async fn by_id(app: &App, id: &PublicId, cose: Option<&[u8]>) -> Result<Answer, Problem> {
    let question = match cose {
        None => Question::Id(*id),
        // As text, so that an id that is not the signed one is noticed.
        Some(cose) => {
            let host = app.config.host.parse().map_err(Problem::internal)?;
            Question::Text(certs::qr::qr_text(&host, id, cose))
        }
    };
    one(app, question).await
}

/// The verdict about the text of a QR code; an address without signed data is answered like its id.
pub async fn by_text(app: &App, text: &str) -> Result<Answer, Problem> {
    one(app, Question::Text(text.to_owned())).await
}

/// The verdict by number and full name. A wrong name is answered exactly like an unknown number (trust.md EN-2).
pub async fn by_number_and_name(
    app: &App,
    number: CertificateNo,
    name: PersonName,
) -> Result<Answer, Problem> {
    one(app, Question::NumberAndName { number, name }).await
}

/// Whether the certificate with this id was issued to somebody of this full name; not found when there is none.
pub async fn name_matches(app: &App, id: &PublicId, name: &PersonName) -> Result<bool, Problem> {
    let found = store::certificates::public_by_id(app.store.public(), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    is_holder(app, &found, name)
}

/// Whether a certificate under a compromised key counts all the same, since the log covers it from before (trust.md KY-4): by
/// the verdict itself. Nobody asked, so no check of the holder's certificate is counted.
pub(crate) async fn covered_from_before(app: &App, id: &PublicId) -> Result<bool, Problem> {
    let read = read(app, vec![Question::Id(*id)]).await?;
    let Some(row) = read.rows.first() else {
        return Ok(false);
    };
    let key = read.answer(row, app.now())?.verdict.check(CheckName::Key);
    Ok(key.reason == Reason::KeyCompromisedCovered)
}

async fn one(app: &App, question: Question) -> Result<Answer, Problem> {
    answer_all(app, vec![question])
        .await?
        .pop()
        .ok_or_else(|| Problem::internal("a question was left without an answer"))
}

/// Answers up to [`MOST_QUESTIONS`] questions, in their order, from one moment of the registry.
pub async fn answer_all(app: &App, questions: Vec<Question>) -> Result<Vec<Answer>, Problem> {
    let few = questions.len() <= FEW;
    let read = read(app, questions).await?;
    let now = app.now();
    let (counted, today) = (Arc::clone(&app.counted), app.today());
    let judge = move || {
        let answers = read.rows.iter().map(|row| read.answer(row, now));
        let answers = answers.collect::<Result<Vec<_>, Problem>>()?;
        // Only what was shown: a forgery under somebody's id is no check of their certificate.
        let shown = read.rows.iter().zip(&answers);
        let shown = shown.filter(|(_, answer)| answer.certificate.is_some());
        counted.note(
            shown.filter_map(|(row, _)| Some(row.known.as_ref()?.id)),
            today,
        );
        Ok(answers)
    };
    if few {
        judge()
    } else {
        crate::cores::off_thread(judge)
            .await
            .map_err(Problem::internal)?
    }
}

/// A question, and the certificate that it is about.
struct Row {
    /// The text; `None` when the registry's own copy is examined.
    text: Option<String>,
    known: Option<Arc<PublicCertificate>>,
}

impl Row {
    /// Hash of the certificate in the text.
    fn hash(&self) -> Option<[u8; 32]> {
        let text = certs::qr::parse_qr_text(self.text.as_deref()?).ok()?;
        Some(Sha256::digest(text.cose?).into())
    }
}

/// What the log says of certificates whose records were lost when the registry was restored (trust.md BK-4).
async fn lost(
    app: &App,
    db: &store::PublicSnapshot,
    rows: &[Row],
    tree_size: u64,
    witnessed: bool,
) -> Result<HashMap<[u8; 32], LogFact>, Problem> {
    let unknown = || {
        rows.iter()
            .filter(|row| row.known.is_none() && row.text.is_some())
    };
    if unknown().next().is_none() || !store::recovery::any_lost(db).await? {
        return Ok(HashMap::new());
    }
    let hashes: Vec<[u8; 32]> = unknown().filter_map(Row::hash).collect();
    let mut facts = HashMap::new();
    for one in store::recovery::lost(db, &hashes).await? {
        let seen = match store::witnessed::first_covering(db, one.leaf).await? {
            Some(row) => {
                let mut times = cosigned::times(app, db, &[row.size]).await?;
                times.remove(&row.size)
            }
            None => None,
        };
        let fact = match seen {
            None if witnessed => LogFact::Pending,
            seen => LogFact::Included {
                sha256: one.sha256,
                index: one.leaf.0,
                tree_size,
                witnessed: seen.is_some(),
                covered_at: seen.unwrap_or(one.logged_at),
            },
        };
        facts.insert(one.sha256, fact);
    }
    Ok(facts)
}

/// All that the registry knows for a set of questions.
struct Read {
    keys: KeySet,
    rows: Vec<Row>,
    own_copies: HashMap<CertificateId, Vec<u8>>,
    /// What the holders agree to.
    permitted: HashMap<CertificateId, Permitted>,
    tree_size: u64,
    /// Whether a quorum of witnesses is asked for (trust.md LG-9).
    witnessed: bool,
    /// When a quorum had cosigned the checkpoints over the certificates, by size.
    cosigned: HashMap<u64, DateTime<Utc>>,
    /// Certificates whose leaves are all that is left of them, with what the log says.
    lost: HashMap<[u8; 32], LogFact>,
    /// Leaves whose rows are not what the log's signed tree holds.
    strangers: HashSet<u64>,
}

/// What to look up for a question.
enum Wanted {
    Id(PublicId),
    Number(CertificateNo, PersonName),
    Nothing,
}

/// Reads keys, certificates, own copies and the size of the log: six queries, however many questions there are, and what the
/// log's proofs and cosignatures need that this process has not checked before.
async fn read(app: &App, questions: Vec<Question>) -> Result<Read, Problem> {
    let wanted: Vec<(Option<String>, Wanted)> = questions.into_iter().map(wanted).collect();
    let (mut ids, mut numbers) = (Vec::new(), Vec::new());
    for (_, wanted) in &wanted {
        match wanted {
            Wanted::Id(id) => ids.push(*id),
            Wanted::Number(number, _) => numbers.push(number.clone()),
            Wanted::Nothing => {}
        }
    }
    ids.sort_unstable();
    ids.dedup();
    numbers.sort_unstable();
    numbers.dedup();
    let db = app.store.public_snapshot().await?;
    let keys = crate::certificates::keys::key_set_in(&db).await?;
    let by_id: HashMap<PublicId, Arc<PublicCertificate>> =
        store::certificates::public_by_public_ids(&db, &ids)
            .await?
            .into_iter()
            .map(|found| (found.public_id, Arc::new(found)))
            .collect();
    let by_number: HashMap<CertificateNo, Arc<PublicCertificate>> =
        store::certificates::public_by_numbers(&db, &numbers)
            .await?
            .into_iter()
            .map(|found| (found.certificate_no.clone(), Arc::new(found)))
            .collect();
    let rows: Vec<Row> = wanted
        .into_iter()
        .map(|(text, wanted)| {
            let known = match wanted {
                Wanted::Id(id) => by_id.get(&id),
                Wanted::Number(number, name) => {
                    // Also computed for a number that nobody has: the same work, the same time (trust.md EN-2).
                    let found = by_number.get(&number);
                    let fits = if let Some(found) = found {
                        is_holder(app, found, &name)?
                    } else {
                        let vault = app.store.vault();
                        std::hint::black_box(store::certificates::holder_index(
                            vault, &number, &name,
                        ));
                        false
                    };
                    found.filter(|_| fits)
                }
                Wanted::Nothing => None,
            };
            Ok(Row {
                text,
                known: known.cloned(),
            })
        })
        .collect::<Result<_, Problem>>()?;
    let mut own: Vec<CertificateId> = rows
        .iter()
        .filter(|row| row.text.is_none())
        .filter_map(|row| Some(row.known.as_ref()?.id))
        .collect();
    own.sort_unstable();
    own.dedup();
    let own_copies = store::certificates::own_copies(&db, app.store.vault(), &own)
        .await?
        .into_iter()
        .collect();
    let mut shown: Vec<CertificateId> = rows
        .iter()
        .filter_map(|row| Some(row.known.as_ref()?.id))
        .collect();
    shown.sort_unstable();
    shown.dedup();
    let permitted = store::privacy::consents::permitted(&db, &shown, app.today()).await?;
    let tree_size = store::log::latest_checkpoint(&db)
        .await?
        .map_or(0, |checkpoint| checkpoint.size);
    let witnessed = app.config.witnesses.policy.quorum() > 0;
    let lost = lost(app, &db, &rows, tree_size, witnessed).await?;
    let sizes: Vec<u64> = rows
        .iter()
        .filter_map(|row| row.known.as_deref()?.witnessed_size)
        .collect();
    let cosigned = cosigned::times(app, &db, &sizes).await?;
    let leaves: Vec<(u64, Hash)> = rows
        .iter()
        .filter_map(|row| row.known.as_deref())
        .filter(|known| covered(known, &cosigned, witnessed).is_some())
        .map(|known| (known.leaf_index.0, Hash::leaf(&known.leaf_entry)))
        .collect();
    let strangers = proven::strangers(app, &db, &leaves).await?;
    db.end().await?;
    Ok(Read {
        keys,
        rows,
        own_copies,
        permitted,
        tree_size,
        witnessed,
        cosigned,
        lost,
        strangers,
    })
}

fn wanted(question: Question) -> (Option<String>, Wanted) {
    let text = match question {
        Question::Id(id) => return (None, Wanted::Id(id)),
        Question::NumberAndName { number, name } => return (None, Wanted::Number(number, name)),
        Question::Text(text) => text,
    };
    match certs::qr::parse_qr_text(&text) {
        // An address without signed data: the registry's own copy is examined.
        Ok(QrText {
            cose: None,
            public_id: Some(id),
            ..
        }) => (None, Wanted::Id(id)),
        // The signed id, not verified as yet: it only says what to look up.
        Ok(QrText {
            cose: Some(cose), ..
        }) => match certs::certificate::decode(&cose) {
            Ok(decoded) => (
                Some(text),
                Wanted::Id(decoded.unverified_claims().public_id),
            ),
            Err(_) => (Some(text), Wanted::Nothing),
        },
        _ => (Some(text), Wanted::Nothing),
    }
}

impl Read {
    fn answer(&self, row: &Row, now: DateTime<Utc>) -> Result<Answer, Problem> {
        let own_copy = row
            .known
            .as_ref()
            .and_then(|known| self.own_copies.get(&known.id));
        let presented = match (&row.text, own_copy) {
            (Some(text), _) => Presented::Text(text),
            (None, Some(cose)) => Presented::Cose(cose),
            (None, None) => Presented::Nothing,
        };
        let facts = match &row.known {
            Some(known) => self.facts(known, now)?,
            // The registry itself was asked, and its log holds no leaf for what it does not know; but for what was lost.
            None => Facts {
                status: Some(StatusFact::NotFound { as_of: now }),
                log: Some(self.lost_fact(row)),
                institution: None,
            },
        };
        let verdict = examine(presented, &self.keys).judge(&facts, now);
        let withheld = row.known.as_ref().is_some_and(|known| known.withheld);
        let shown = row.known.as_ref().filter(|_| !withheld);
        let shown = shown.filter(|known| match &row.text {
            None => true,
            // Beside a forgery the true certificate's data would only lend it credit.
            Some(_) => verdict
                .claims
                .as_ref()
                .is_some_and(|claims| *claims.sha256() == known.cose_sha256),
        });
        Ok(Answer {
            certificate: shown.map(|known| self.known(known)),
            presented: row.text.is_some(),
            withheld,
            registered: row.known.as_ref().map(|known| known.cose_sha256),
            past: None,
            verdict,
        })
    }

    fn lost_fact(&self, row: &Row) -> LogFact {
        let hash = row.hash().filter(|_| !self.lost.is_empty());
        hash.and_then(|hash| self.lost.get(&hash).copied())
            .unwrap_or(LogFact::NotLogged)
    }

    fn facts(&self, known: &PublicCertificate, now: DateTime<Utc>) -> Result<Facts, Problem> {
        Ok(Facts {
            status: Some(StatusFact::Known {
                state: state_of(known)?,
                sha256: Some(known.cose_sha256),
                as_of: now,
                fresh_until: now + FRESH,
            }),
            log: Some(self.log_fact(known)?),
            institution: known.institution_state_at_issue.as_deref().map(|at_issue| {
                InstitutionFact {
                    at_issue: standing(at_issue),
                    apart: Some(known.issued_apart),
                    today: standing(&known.institution_state),
                }
            }),
        })
    }

    /// What the log's own entry says, not what the table of certificates says about it.
    fn log_fact(&self, known: &PublicCertificate) -> Result<LogFact, Problem> {
        let Some((covered_at, witnessed)) = covered(known, &self.cosigned, self.witnessed) else {
            return Ok(LogFact::Pending);
        };
        if self.strangers.contains(&known.leaf_index.0) {
            return Ok(LogFact::Unproven);
        }
        match LeafEntry::decode(&known.leaf_entry) {
            Ok(LeafEntry::Issue { certificate, .. }) => Ok(LogFact::Included {
                sha256: certificate,
                index: known.leaf_index.0,
                tree_size: self.tree_size,
                covered_at,
                witnessed,
            }),
            _ => Err(inconsistent(known, "leaf")),
        }
    }

    fn key_print(&self, kid: &str) -> Option<String> {
        let record = self.keys.find(&kid.parse().ok()?)?;
        let digest = Sha256::digest(record.public_key.as_bytes());
        let groups: Vec<String> = digest[..16]
            .chunks(2)
            .map(|pair| data_encoding::HEXLOWER.encode(pair))
            .collect();
        Some(groups.join(" "))
    }

    fn known(&self, known: &PublicCertificate) -> KnownCertificate {
        let permitted = self.permitted.get(&known.id).copied().unwrap_or_default();
        KnownCertificate {
            public_id: known.public_id,
            certificate_no: known.certificate_no.clone(),
            holder_masked: known.holder_masked.clone(),
            certificate_type: neutral_or(&known.certificate_type, PLAIN_TYPE),
            program_code: known.program_code.clone(),
            program_name: neutral_or(&known.program_name, &known.program_code),
            occupation_name: neutral_or(&known.occupation_name, &known.occupation_code),
            hours: known.hours,
            skill_level: known.skill_level,
            institution_name: neutral_or(&known.institution_name, &known.credit_code),
            credit_code: known.credit_code.clone(),
            institution_today: standing(&known.institution_state),
            institution_since: known.institution_since,
            federation: known.federation.clone(),
            issuing_area: area(&known.federation_name).unwrap_or_else(|| known.federation.clone()),
            replaces: known.replaces.clone(),
            issued_at: known.issued_at,
            expires_at: known.expires_at,
            key_print: self.key_print(&known.kid),
            kid: known.kid.clone(),
            leaf_index: known.leaf_index.0,
            tree_size: self.tree_size,
            name_consent: permitted.full_name,
            replaced_by: permitted.replacement,
            under_appeal: known.under_appeal,
        }
    }
}

/// Since when the log covers it, and whether witnesses say so. Cosigned once is cosigned for good, also where witnesses are
/// asked no more. Without any the registry's own commit stands in (design decision 14).
fn covered(
    known: &PublicCertificate,
    cosigned: &HashMap<u64, DateTime<Utc>>,
    asked: bool,
) -> Option<(DateTime<Utc>, bool)> {
    let witnessed_at = known.witnessed_size.and_then(|size| cosigned.get(&size));
    match (witnessed_at, known.covered_at) {
        (Some(at), _) => Some((*at, true)),
        (None, Some(at)) if !asked => Some((at, false)),
        (None, _) => None,
    }
}

fn is_holder(app: &App, known: &PublicCertificate, name: &PersonName) -> Result<bool, Problem> {
    let index = store::certificates::holder_index_at(
        app.store.vault(),
        known.holder_version,
        &known.certificate_no,
        name,
    )?;
    // Nobody is the holder any more whose name was erased: computed all the same, for the same time.
    let kept = known.holder_index.unwrap_or_default();
    Ok(bool::from(index.ct_eq(&kept)) && known.holder_index.is_some())
}

fn state_of(known: &PublicCertificate) -> Result<CertificateState, Problem> {
    Ok(match known.status {
        CertificateStatus::Issued => CertificateState::Issued,
        CertificateStatus::Suspended => CertificateState::Suspended {
            until: known.suspended_until,
        },
        CertificateStatus::Superseded => CertificateState::Superseded {
            at: Some(known.status_since),
        },
        CertificateStatus::Revoked => CertificateState::Revoked {
            at: Some(known.status_since),
            reason: Some(
                known
                    .status_reason
                    .as_deref()
                    .and_then(|reason| reason.parse::<CertificateReason>().ok())
                    .ok_or_else(|| inconsistent(known, "reason"))?,
            ),
        },
    })
}

fn inconsistent(known: &PublicCertificate, what: &str) -> Problem {
    Problem::internal(format!("certificate {}: wrong {what}", known.id))
}

/// Standing of an institution as a verifier understands it.
pub(crate) fn standing(state: &str) -> Standing {
    match state.parse::<InstitutionState>() {
        Ok(InstitutionState::Suspended) => Standing::Suspended,
        Ok(InstitutionState::Exited) => Standing::Exited,
        Ok(state) if state.is_admitted() => Standing::Authorised,
        _ => Standing::NotAdmitted,
    }
}
