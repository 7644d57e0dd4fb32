//! Answers on paper, by telephone and in interviews, for those without a telephone of their own (field.md 15): the county
//! takes them, or an assessor from their sample. Who asked is kept; who answered goes with the closing like everybody's.

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate};
use domain::access::{Actor, Role};
use domain::grading::{SurveyBy, SurveyMode};
use domain::ids::EnrolmentId;
use domain::survey::{Circumstances, flags, items};
use serde::{Deserialize, Serialize};
use store::scope::Scope;
use store::surveys::{self as rows, Invitation, NewResponse};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::assessments::sample::everywhere;
use crate::cases::facts::not_interested;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// An answer that somebody took.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakenAnswerRequest {
    /// `sms voice paper interview`.
    #[schema(value_type = String, example = "interview")]
    pub mode: SurveyMode,
    /// `self assisted proxy`: who answered.
    #[schema(value_type = String, example = "assisted")]
    pub by: SurveyBy,
    /// The five items, 1 to 5 each; null where it was left out, at least three given.
    #[schema(value_type = Vec<Option<u8>>)]
    pub items: [Option<u8>; 5],
    /// On which day; today when not given.
    #[serde(default)]
    pub taken_on: Option<NaiveDate>,
}

/// That it was taken, not what it says.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TakenReceipt {
    /// The enrolment.
    pub enrolment: String,
    /// How.
    pub mode: String,
    /// Who answered.
    pub by: String,
    /// Day.
    pub taken_on: String,
}

/// An id that tells nothing of when the answer came: beside a time in the audit it would say whose it is.
pub(super) fn response_id(app: &App) -> Uuid {
    uuid::Builder::from_random_bytes(app.random.bytes()).into_uuid()
}

/// What decides whether a key was used for another request: not the answers, which a digest would let anybody with the
/// key guess.
#[derive(Serialize)]
struct Digested<'r> {
    enrolment: EnrolmentId,
    mode: SurveyMode,
    by: SurveyBy,
    taken_on: &'r Option<NaiveDate>,
}

/// Records an answer on paper, by telephone or in an interview; it uses the trainee's token up like any other.
pub async fn take(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    enrolment: EnrolmentId,
    request: &TakenAnswerRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    if request.mode == SurveyMode::Web {
        faults.add(
            "/mode",
            "not-taken",
            "网上的答卷由学员凭链接自己提交。",
            "On the web the trainee answers by the link.",
        );
    }
    let five = items(request.items);
    if five.is_none() {
        faults.add(
            "/items",
            "too-few",
            "至少回答三题,每题 1 至 5。",
            "At least three items, 1 to 5 each.",
        );
    }
    faults.finish()?;
    let Some(five) = five else {
        return Err(Problem::internal("a fault was not told"));
    };
    let digested = Digested {
        enrolment,
        mode: request.mode,
        by: request.by,
        taken_on: &request.taken_on,
    };
    let begun = app
        .begin(actor, key, "take_survey_answer", &digested)
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let found = invitation(&act, enrolment).await?;
    let on = day(&act, &found, request.taken_on)?;
    let how = Circumstances {
        institution_network: false,
        from_device_before: 0,
        from_network_before: 0,
        on_day_before: 0,
        seconds: u32::MAX,
        taken_by_officer: true,
    };
    let response = NewResponse {
        id: response_id(app),
        invitation: found.id,
        enrolment,
        admission: found.admission_id.into(),
        items: five,
        submitted_on: on,
        mode: request.mode,
        by: request.by,
        seconds: 0,
        device: None,
        network: None,
        flags: flags(five, how, &app.evidence.survey),
        taken_by: Some((actor.person, actor.role)),
    };
    rows::answer(&act.tx, app.store.vault(), &response)
        .await
        .map_err(|error| match error {
            store::StoreError::Stale => Problem::new(Code::SurveyClosed),
            other => other.into(),
        })?;
    super::calls::suspension_due(app, &act.tx, found.admission_id.into()).await?;
    act.record(Entry {
        kind: "enrolment",
        id: enrolment.uuid(),
        act: "survey_taken",
        reason_code: Some(request.mode.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = TakenReceipt {
        enrolment: enrolment.to_string(),
        mode: request.mode.as_str().to_owned(),
        by: request.by.as_str().to_owned(),
        taken_on: on.to_string(),
    };
    act.finish(StatusCode::CREATED, &receipt, ("enrolment", enrolment))
        .await
}

/// The open invitation of a trainee of one's area, or of one's sample.
async fn invitation(act: &Act, enrolment: EnrolmentId) -> Result<Invitation, Problem> {
    let actor = &act.actor;
    if actor.role == Role::Assessor {
        let own = store::survey_calls::in_open_sample(&act.tx, actor.person, enrolment, act.today)
            .await?;
        if !own {
            return Err(Problem::not_found());
        }
    } else {
        let place = store::episodes::place(&act.tx, &Scope::of(actor), enrolment)
            .await?
            .ok_or_else(Problem::not_found)?;
        let admission = store::institutions::find(&act.tx, &everywhere(), place.admission)
            .await?
            .ok_or_else(Problem::not_found)?;
        not_interested(act, &admission).await?;
    }
    let found = rows::of_enrolment(&act.tx, enrolment)
        .await?
        .ok_or_else(|| {
            Problem::not_found().with_detail(
                "该学员的问卷还没有发出,请先发送本班问卷。",
                "This trainee was not asked yet; send the survey of the class first.",
            )
        })?;
    if found.state != "open" || found.ends_at <= act.now.timestamp_millis() {
        return Err(Problem::new(Code::SurveyClosed));
    }
    Ok(found)
}

/// The day lies between the invitation and today.
fn day(act: &Act, found: &Invitation, given: Option<NaiveDate>) -> Result<NaiveDate, Problem> {
    let on = given.unwrap_or(act.today);
    let sent = DateTime::from_timestamp_millis(found.sent_at)
        .map(domain::calendar::today)
        .ok_or_else(|| Problem::internal("an invitation without its day"))?;
    if on < sent || on > act.today {
        return Err(Problem::field(
            "/taken_on",
            "out-of-time",
            &format!("日期应当在问卷发出日 {sent} 与今天之间。"),
            &format!("The day lies between {sent}, when the survey was sent, and today."),
        ));
    }
    Ok(on)
}
