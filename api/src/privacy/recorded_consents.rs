//! Consents and withdrawals that came on paper or by voice, of people without an account or by their guardian (field.md 15):
//! the county records them. The person sees who did, and withdraws them as they would their own.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::ids::EnrolmentId;
use domain::privacy::{Channel, ConsentPurpose, GivenBy};
use serde::{Deserialize, Serialize};
use store::privacy::consents::Told;
use store::privacy::household;
use store::privacy::subjects::Subject;
use store::scope::Scope;
use utoipa::ToSchema;

use super::consents::{self, ConsentRequest};
use super::requests::household_differs;
use crate::access::trainees::opens_record;
use crate::act::{Act, Begin, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::Problem;

/// What somebody said at the counter, on a visit or in a letter.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordConsentRequest {
    /// Whether they agree; `false` records a withdrawal or a refusal.
    pub given: bool,
    /// `training outcome_follow_up show_full_name link_replacement`.
    #[schema(value_type = String, example = "outcome_follow_up")]
    pub purpose: ConsentPurpose,
    /// Last day, where it should end by itself.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// `self guardian village`.
    #[schema(value_type = String, example = "guardian")]
    pub given_by: GivenBy,
    /// Relation of somebody else to the trainee, 1 to 50 characters; names nobody.
    #[serde(default)]
    pub relation: Option<String>,
    /// What proves it and where it is kept, 2 to 200 characters.
    pub proof: String,
    /// `paper` or `voice`.
    #[schema(value_type = String, example = "paper")]
    pub channel: Channel,
}

/// Shows the purpose only.
impl std::fmt::Debug for RecordConsentRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordConsentRequest({})", self.purpose)
    }
}

fn check(app: &App, request: &RecordConsentRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.text("/proof", &request.proof, 2, 200);
    if request.given_by != GivenBy::Own {
        let relation = request.relation.as_deref().unwrap_or_default();
        faults.words("/relation", relation, 1, 50);
    } else if request.relation.is_some() {
        faults.add(
            "/relation",
            "not-here",
            "本人办理的不填写关系。",
            "A relation belongs to somebody else who speaks for the trainee.",
        );
    }
    if request.channel == Channel::Web {
        faults.add(
            "/channel",
            "channel",
            "请写明是书面(paper)还是口头(voice)。",
            "Say whether it came on paper or by voice.",
        );
    }
    if !request.given && request.until.is_some() {
        faults.add(
            "/until",
            "not-here",
            "撤回不填写截止日期。",
            "A withdrawal has no last day.",
        );
    }
    faults.finish()?;
    consents::check_until(app, request.until)
}

/// Records a consent or a withdrawal of a trainee who is trained or lives in one's area.
pub async fn record(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    enrolment: EnrolmentId,
    request: &RecordConsentRequest,
) -> Result<Receipt, Problem> {
    check(app, request)?;
    let begun = app
        .begin(actor, key, "record_consent", &(enrolment, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let person = of_whole_person(&act, enrolment).await?.person;
    not_interested_about(&act, enrolment.uuid()).await?;
    // Whoever erases the person waits, or has destroyed the key.
    store::persons::lock(&act.tx, &[person]).await?;
    let data_key = store::privacy::data_key(&act.tx, app.store.vault(), person.uuid())
        .await?
        .ok_or_else(Problem::not_found)?;
    let told = Told {
        given_by: request.given_by,
        relation: request.relation.as_deref().map(str::trim),
        proof: Some(request.proof.trim()),
        key: Some(&data_key),
        channel: request.channel,
        scan: None,
        recorded_by: actor.federation.as_deref(),
    };
    let purpose = request.purpose;
    let receipt = if request.given {
        let consent = ConsentRequest {
            purpose,
            until: request.until,
        };
        consents::given(&mut act, person, &consent, told).await?
    } else {
        consents::withdrawn(&mut act, person, purpose, told).await?
    };
    act.detail = format!(
        "purpose={purpose} given={} given_by={} channel={}",
        request.given, request.given_by, request.channel
    );
    act.finish(StatusCode::OK, &receipt, ("enrolment", enrolment))
        .await
}

/// Whose enrolment it is, for what concerns the whole person: by the place where they were trained, or by a household that no
/// other record gainsays.
pub(crate) async fn of_whole_person(act: &Act, enrolment: EnrolmentId) -> Result<Subject, Problem> {
    let actor = &act.actor;
    let subject = store::privacy::subjects::subject(&act.tx, &Scope::of(actor), enrolment)
        .await?
        .ok_or_else(Problem::not_found)?;
    let who = (enrolment, subject.person);
    opens_record(&act.tx, actor, who, subject.state).await?;
    let own = actor.federation.as_deref().unwrap_or("");
    if !store::scope::looks_after(&act.tx, own, &subject.place).await? {
        let household = household::of_person(&act.tx, subject.person).await?;
        let household = household.ok_or_else(Problem::not_found)?;
        if !store::scope::looks_after(&act.tx, own, &household).await? {
            return Err(household_differs());
        }
    }
    Ok(subject)
}
