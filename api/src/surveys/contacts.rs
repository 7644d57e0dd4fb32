//! The number that a trainee gave the federation: the survey goes there, and not to what the institution wrote in its roster
//! (grading.md 5).

use axum::http::StatusCode;
use domain::Phone;
use domain::access::Actor;
use domain::ids::EnrolmentId;
use domain::survey::ContactMeans;
use serde::{Deserialize, Serialize};
use store::contacts as rows;
use utoipa::ToSchema;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::privacy::recorded_consents::of_whole_person;
use crate::problem::Problem;

/// A number that the trainee gave.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifiedContactRequest {
    /// Mobile number, as the trainee gave it.
    pub phone: String,
    /// `counter`, `visit`, `call`: how the officer heard it from the trainee.
    #[schema(value_type = String, example = "counter")]
    pub means: ContactMeans,
}

/// Shows nothing.
impl std::fmt::Debug for VerifiedContactRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifiedContactRequest(***)")
    }
}

/// That it was recorded.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct VerifiedContactReceipt {
    /// The enrolment.
    pub enrolment: String,
    /// The number, masked.
    pub phone: String,
    /// How it was heard.
    pub means: String,
}

/// Records the number of a trainee who is trained or lives in one's area.
pub async fn record(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    enrolment: EnrolmentId,
    request: &VerifiedContactRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    let phone = faults.parse::<Phone>("/phone", request.phone.trim());
    faults.finish()?;
    let phone = phone.ok_or_else(|| Problem::internal("a fault was not told"))?;
    // What is compared is keyed there: the number is not kept with the request.
    let digested = (enrolment, phone.expose(), request.means);
    let begun = app
        .begin(actor, key, "record_verified_contact", &digested)
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let vault = app.store.vault();
    // The number opens the record of the whole person.
    let subject = of_whole_person(&act, enrolment).await?;
    not_interested_about(&act, enrolment.uuid()).await?;
    for institution in rows::institutions_of(&act.tx, subject.person).await? {
        let staff = rows::of_staff(&act.tx, vault, institution).await?;
        if staff.iter().any(|number| number.as_str() == phone.expose()) {
            return Err(Problem::field(
                "/phone",
                "number-of-institution",
                "这是培训机构工作人员的号码;请填写学员本人或家人的号码,没有的留在窗口办理。",
                "This is the number of somebody who works for the institution; give the trainee's own or the family's, or leave it to the counter.",
            ));
        }
    }
    let (by, now) = (actor.person, act.now);
    if !rows::keep(
        &act.tx,
        vault,
        subject.person,
        &phone,
        request.means,
        by,
        now,
    )
    .await?
    {
        return Err(Problem::not_found());
    }
    act.record(Entry {
        kind: "enrolment",
        id: enrolment.uuid(),
        act: "verified_contact",
        reason_code: Some(request.means.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = VerifiedContactReceipt {
        enrolment: enrolment.to_string(),
        phone: phone.mask(),
        means: request.means.as_str().to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, ("enrolment", enrolment))
        .await
}
