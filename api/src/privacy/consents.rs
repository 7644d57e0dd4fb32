//! Consents of a trainee: giving and withdrawing are the same effort (PIPL art. 15; pages.md 4.3).

use axum::http::StatusCode;
use chrono::{Days, NaiveDate};
use domain::access::Actor;
use domain::ids::PersonId;
use domain::privacy::ConsentPurpose;
use serde::{Deserialize, Serialize};
use store::privacy::consents::{Consent, NewConsent, Told};
use store::privacy::erasure;
use utoipa::ToSchema;

use super::trainee;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::Problem;

/// To what a consent is given, or for what it is withdrawn.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentRequest {
    /// `training outcome_follow_up show_full_name link_replacement`.
    #[schema(value_type = String, example = "outcome_follow_up")]
    pub purpose: ConsentPurpose,
    /// Last day, where it should end by itself.
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

/// How a purpose stands after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConsentReceipt {
    /// The purpose.
    pub purpose: String,
    /// Whether there is consent now.
    pub given: bool,
    /// Until when the record of it is kept as proof, once withdrawn.
    pub retain_until: Option<NaiveDate>,
    /// What follows from withdrawing or refusing, in Chinese.
    pub consequence: String,
    /// The same in English.
    pub consequence_en: String,
}

/// One purpose with the consents there were.
#[derive(Debug)]
pub struct Purpose {
    /// The purpose.
    pub purpose: ConsentPurpose,
    /// Whether there is consent today.
    pub given: bool,
    /// Every consent to it, oldest first.
    pub consents: Vec<Consent>,
}

/// Every purpose with its state, in fixed order; a purpose that was never agreed to is there as well.
pub async fn of_trainee(app: &App, actor: &Actor) -> Result<Vec<Purpose>, Problem> {
    let person = trainee(actor)?;
    let all = store::privacy::consents::of_person(app.store.reader(), app.store.vault(), person);
    let all = all.await?;
    let today = app.today();
    Ok(ConsentPurpose::ALL
        .iter()
        .map(|purpose| {
            let consents: Vec<Consent> = all
                .iter()
                .filter(|consent| consent.purpose == *purpose)
                .cloned()
                .collect();
            Purpose {
                purpose: *purpose,
                given: consents.iter().any(|consent| consent.holds(today)),
                consents,
            }
        })
        .collect())
}

fn receipt(purpose: ConsentPurpose, given: bool, retain: Option<NaiveDate>) -> ConsentReceipt {
    ConsentReceipt {
        purpose: purpose.as_str().to_owned(),
        given,
        retain_until: retain,
        consequence: purpose.consequence_zh().to_owned(),
        consequence_en: purpose.consequence_en().to_owned(),
    }
}

/// Refuses a last day that is over.
pub(super) fn check_until(app: &App, until: Option<NaiveDate>) -> Result<(), Problem> {
    if until.is_some_and(|until| until < app.today()) {
        return Err(Problem::field(
            "/until",
            "date",
            "截止日期不能早于今天。",
            "The last day cannot be before today.",
        ));
    }
    Ok(())
}

/// The trainee agrees.
pub async fn give(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &ConsentRequest,
) -> Result<Receipt, Problem> {
    let person = trainee(actor)?;
    check_until(app, request.until)?;
    let mut act = match app
        .begin(actor, key, "give_consent", &(person, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let receipt = given(&mut act, person, request, Told::by_themselves()).await?;
    act.finish(StatusCode::CREATED, &receipt, ("person", person))
        .await
}

/// Keeps a consent.
pub(super) async fn given(
    act: &mut Act,
    person: PersonId,
    request: &ConsentRequest,
    told: Told<'_>,
) -> Result<ConsentReceipt, Problem> {
    // Whoever puts the person into a class or issues about them waits, or is waited for.
    store::persons::lock(&act.tx, &[person]).await?;
    let consent = NewConsent {
        id: act.new_id(),
        person,
        enrolment: None,
        purpose: request.purpose,
        told,
        from: act.today,
        until: request.until,
    };
    store::privacy::consents::insert_all(&act.tx, &[consent], act.now).await?;
    act.record(Entry {
        kind: "person",
        id: person.uuid(),
        act: "give_consent",
        reason_code: Some(request.purpose.as_str()),
        ..Entry::default()
    })
    .await?;
    Ok(receipt(request.purpose, true, None))
}

/// The trainee withdraws: nothing further is done on the ground of this consent.
pub async fn withdraw(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &ConsentRequest,
) -> Result<Receipt, Problem> {
    let person = trainee(actor)?;
    let purpose = request.purpose;
    let mut act = match app
        .begin(actor, key, "withdraw_consent", &(person, purpose))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let receipt = withdrawn(&mut act, person, purpose, Told::by_themselves()).await?;
    act.finish(StatusCode::OK, &receipt, ("person", person))
        .await
}

/// Keeps a withdrawal, with what follows from it.
pub(super) async fn withdrawn(
    act: &mut Act,
    person: PersonId,
    purpose: ConsentPurpose,
    told: Told<'_>,
) -> Result<ConsentReceipt, Problem> {
    store::persons::lock(&act.tx, &[person]).await?;
    let days = act.app.privacy.privacy.consent_proof_days.of(purpose);
    let retain = act
        .today
        .checked_add_days(Days::new(u64::from(days)))
        .unwrap_or(act.today);
    let refusal = store::privacy::consents::Refusal {
        id: act.new_id(),
        on: act.today,
        retain_until: retain,
        told,
    };
    store::privacy::consents::withdraw(&act.tx, person, purpose, &refusal, act.now).await?;
    // Whoever does not want to be asked later is not kept in the telephone list; a running class still needs the number,
    // and the retention job takes it when the class is over.
    if purpose == ConsentPurpose::OutcomeFollowUp && !erasure::in_training(&act.tx, person).await? {
        erasure::forget_contact(&act.tx, person).await?;
    }
    act.record(Entry {
        kind: "person",
        id: person.uuid(),
        act: "withdraw_consent",
        reason_code: Some(purpose.as_str()),
        ..Entry::default()
    })
    .await?;
    Ok(receipt(purpose, false, Some(retain)))
}
