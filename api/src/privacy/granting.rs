//! What a granted request of a person does: a corrected name, a deletion.

use chrono::{Months, NaiveDate};
use domain::PersonName;
use domain::privacy::{ConsentPurpose, OutcomeCode, RequestKind, RequestState};
use store::privacy::requests::PersonRequest;
use store::privacy::{consents, erasure};

use crate::act::{Act, Entry};
use crate::problem::{Code, Problem};

/// How a request ends.
pub(super) struct Outcome {
    /// Granted or granted in part.
    pub(super) state: RequestState,
    /// Why, as a code.
    pub(super) code: OutcomeCode,
    /// Until when the law wants the rest kept.
    pub(super) kept_until: Option<NaiveDate>,
    /// Whether the person's key is destroyed after the decision is written.
    pub(super) erases: bool,
}

/// Does what was asked for; an erasure itself comes after the decision, which still needs the key.
pub(super) async fn grant(act: &mut Act, request: &PersonRequest) -> Result<Outcome, Problem> {
    let done = |erases| Outcome {
        state: RequestState::Granted,
        code: OutcomeCode::Done,
        kept_until: None,
        erases,
    };
    match request.kind {
        RequestKind::Access | RequestKind::Copy => Ok(done(false)),
        RequestKind::Correction => {
            correct_name(act, request).await?;
            Ok(done(false))
        }
        RequestKind::Deletion => delete(act, request, done(true)).await,
    }
}

/// Gives the person the right name from today on; a superseding certificate then carries it (field.md 1 and 13).
async fn correct_name(act: &mut Act, request: &PersonRequest) -> Result<(), Problem> {
    let (vault, person) = (act.app.store.vault(), request.person);
    let name: PersonName = request
        .new_name
        .as_deref()
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| Problem::internal("a correction without a name"))?;
    store::persons::lock(&act.tx, &[person]).await?;
    let open = store::persons::open(&act.tx, vault, &[person], act.today)
        .await?
        .remove(&person)
        .ok_or_else(Problem::not_found)?;
    if open.name.as_str() == name.expose() {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "登记的姓名与申请更正的姓名相同,请以“无需更正”(unproven)办结。",
            "The name on record is the one asked for; refuse it as unproven.",
        ));
    }
    // The request holds the proof, sealed; the dated row points to it.
    let proof = format!("person_request:{}", request.id);
    let row = act.new_id();
    store::persons::rename(&act.tx, &open, name.expose(), act.today, Some(&proof), row).await?;
    act.record(Entry {
        kind: "person",
        id: person.uuid(),
        act: "correct_name",
        evidence: &[request.id.to_string()],
        ..Entry::default()
    })
    .await
}

/// Deletes all that no legal duty keeps: everything, or the contact data of somebody who holds a certificate.
async fn delete(act: &mut Act, request: &PersonRequest, all: Outcome) -> Result<Outcome, Problem> {
    let person = request.person;
    store::persons::lock(&act.tx, &[person]).await?;
    if erasure::in_training(&act.tx, person).await? {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "本人正在参加培训或等待录取;请先办理退出,再办理删除。",
            "The person is in a class or waits for one; record the withdrawal first, then delete.",
        ));
    }
    let proof_days = act.app.privacy.privacy.consent_proof_days;
    for purpose in ConsentPurpose::ALL {
        let days = chrono::Days::new(u64::from(proof_days.of(*purpose)));
        let retain = act.today.checked_add_days(days).unwrap_or(act.today);
        let refusal = consents::Refusal {
            id: act.new_id(),
            on: act.today,
            retain_until: retain,
            told: consents::Told::by_themselves(),
        };
        consents::withdraw(&act.tx, person, *purpose, &refusal, act.now).await?;
    }
    let years = act.app.privacy.privacy.certificate_years;
    let kept_until = erasure::last_certificate(&act.tx, person)
        .await?
        .and_then(|at| domain::calendar::today(at).checked_add_months(Months::new(12 * years)))
        .filter(|until| *until > act.today);
    let (act_name, outcome) = match kept_until {
        None => ("erase", all),
        Some(until) => {
            erasure::forget_contact(&act.tx, person).await?;
            let outcome = Outcome {
                state: RequestState::GrantedInPart,
                code: OutcomeCode::LegalDuty,
                kept_until: Some(until),
                erases: false,
            };
            ("forget_contact", outcome)
        }
    };
    act.record(Entry {
        kind: "person",
        id: person.uuid(),
        act: act_name,
        evidence: &[request.id.to_string()],
        ..Entry::default()
    })
    .await?;
    Ok(outcome)
}
