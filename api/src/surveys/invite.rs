//! Sending the survey of a class, reminding, suspending, closing.

use std::collections::HashMap;

use axum::http::StatusCode;
use chrono::Duration;
use domain::access::Actor;
use domain::ids::{AdmissionId, CohortId, EnrolmentId, SurveyId};
use serde::{Deserialize, Serialize};
use store::one_time_tokens::Contact;
use store::scope::Scope;
use store::surveys as rows;
use utoipa::ToSchema;

use super::calls;
use crate::access::delivery;
use crate::access::tokens::{Kind, Token};
use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::{not_interested, not_interested_about};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// What was sent.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SurveyReceipt {
    /// The class.
    pub cohort: String,
    /// Invitations that were made now.
    pub invited: u32,
    /// Of these to be handed over at the counter: no contact of their own is on record.
    pub at_counter: u32,
    /// Enrolments whose contact is that of others of the class, too.
    #[serde(default)]
    pub shared: Vec<String>,
    /// Enrolments whose contact is the institution's own: handed over at the counter instead.
    #[serde(default)]
    pub of_institution: Vec<String>,
    /// Until when they open (RFC 3339, UTC).
    pub ends_at: String,
}

struct Letter {
    enrolment: EnrolmentId,
    contact: Option<Contact>,
    token: Token,
}

/// What of a list of contacts wants a look.
struct Doubtful {
    shared: Vec<String>,
    of_institution: Vec<String>,
}

/// Finds contacts that several share, and takes out those of the institution's staff: they go to the counter.
fn doubtful(letters: &mut [Letter], staff: &[zeroize::Zeroizing<String>]) -> Doubtful {
    let mut found = Doubtful {
        shared: Vec::new(),
        of_institution: Vec::new(),
    };
    for letter in letters.iter_mut() {
        let own = |contact: &mut Contact| staff.contains(&contact.value);
        if letter.contact.take_if(own).is_some() {
            found.of_institution.push(letter.enrolment.to_string());
        }
    }
    let mut times: HashMap<&str, u32> = HashMap::new();
    let contacts = letters.iter().filter_map(|one| one.contact.as_ref());
    for contact in contacts {
        *times.entry(&contact.value).or_default() += 1;
    }
    for letter in letters.iter() {
        let several = |contact: &Contact| times.get(contact.value.as_str()).is_some_and(|n| *n > 1);
        if letter.contact.as_ref().is_some_and(several) {
            found.shared.push(letter.enrolment.to_string());
        }
    }
    found
}

/// Sends the survey to all trainees of a class who were not asked yet; `again` reminds those who did not answer.
pub async fn send(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    cohort: CohortId,
    again: bool,
) -> Result<Receipt, Problem> {
    let name = if again {
        "remind_survey"
    } else {
        "send_survey"
    };
    let mut act = match app.begin(actor, key, name, &(cohort, again)).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let scope = Scope::of(actor);
    let class = store::cohorts::find(&act.tx, &scope, cohort)
        .await?
        .ok_or_else(Problem::not_found)?;
    not_interested_about(&act, cohort.uuid()).await?;
    let numbers = act.app.evidence.survey;
    let ends_at = act.now + Duration::days(i64::from(numbers.open_days));
    let mut letters = Vec::new();
    let vault = act.app.store.vault();
    for one in rows::to_ask(&act.tx, vault, &scope, cohort, act.today).await? {
        let token = Token::fresh(&act.app, Kind::OneTime);
        let mac = token.mac(&act.app);
        let made = if again {
            one.asked && rows::remind(&act.tx, one.enrolment, &mac, numbers.reminders).await?
        } else if one.asked {
            false
        } else {
            let id: SurveyId = act.new_id();
            rows::invite(&act.tx, id, one.enrolment, &mac, act.now, ends_at).await?;
            true
        };
        if made {
            letters.push(Letter {
                enrolment: one.enrolment,
                contact: one.contact,
                token,
            });
        }
    }
    let institution = class.institution.uuid();
    let staff = store::contacts::of_staff(&act.tx, vault, institution).await?;
    let doubtful = doubtful(&mut letters, &staff);
    store::cases::terms::meet(&act.tx, cohort.uuid(), &["survey_send"], act.today).await?;
    act.record(Entry {
        kind: "cohort",
        id: cohort.uuid(),
        act: name,
        ..Entry::default()
    })
    .await?;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let receipt = SurveyReceipt {
        cohort: cohort.to_string(),
        invited: count(letters.len()),
        at_counter: count(letters.iter().filter(|one| one.contact.is_none()).count()),
        shared: doubtful.shared,
        of_institution: doubtful.of_institution,
        ends_at: ends_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    };
    let answer = act
        .finish(StatusCode::OK, &receipt, ("cohort", cohort))
        .await?;
    // After the commit: what did not arrive is sent again by a reminder.
    for letter in letters {
        deliver(app, &letter).await;
    }
    Ok(answer)
}

async fn deliver(app: &App, letter: &Letter) {
    let text = format!(
        "请评价您参加的培训,约 3 分钟,您的名字不会告诉培训机构: / Please rate your training; the institution is not told your name: {}/s/{}",
        app.config.public_url,
        letter.token.text()
    );
    let subject = "培训满意度调查 / Survey of your training";
    let name = letter.enrolment.to_string();
    // `delivery` has logged a failure; the trainee is asked again by the reminder.
    let _ = delivery::send(app, letter.contact.as_ref(), &name, subject, &text).await;
}

/// Suspend a survey, or take that back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendSurveyRequest {
    /// Why it is suspended; left out to take the suspension back.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A suspension.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SuspensionReceipt {
    /// The admission.
    pub admission: String,
    /// Whether its survey is suspended.
    pub suspended: bool,
}

/// Suspends the survey of an institution, by an officer's decision.
pub async fn suspend(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    admission: AdmissionId,
    request: &SuspendSurveyRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.reason(request.reason.as_deref());
    faults.finish()?;
    let begun = app
        .begin(actor, key, "suspend_survey", &(admission, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = crate::cases::locked(&act, admission).await?;
    not_interested(&act, &held).await?;
    let reason = request.reason.as_deref();
    rows::suspend(&act.tx, admission, reason, actor.person, act.now).await?;
    store::cases::terms::meet(&act.tx, admission.uuid(), &["survey_suspend"], act.today).await?;
    act.record(Entry {
        kind: "admission",
        id: admission.uuid(),
        act: "suspend_survey",
        reason,
        ..Entry::default()
    })
    .await?;
    let receipt = SuspensionReceipt {
        admission: admission.to_string(),
        suspended: reason.is_some(),
    };
    act.finish(StatusCode::OK, &receipt, ("admission", admission))
        .await
}

/// Confirmed by the county: nobody can reach this trainee.
pub async fn not_contactable(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    enrolment: EnrolmentId,
) -> Result<Receipt, Problem> {
    let mut act = match app
        .begin(actor, key, "survey_not_contactable", &enrolment)
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    store::episodes::place(&act.tx, &Scope::of(actor), enrolment)
        .await?
        .ok_or_else(Problem::not_found)?;
    not_interested_about(&act, enrolment.uuid()).await?;
    if !rows::not_contactable(&act.tx, enrolment).await? {
        let (zh, en) = match rows::of_enrolment(&act.tx, enrolment).await? {
            Some(_) => (
                "这位学员已经作答,不能确认联系不上;答卷照常计入。",
                "This trainee has answered, and was reached; the answer counts.",
            ),
            None => (
                "还没有给这位学员发出调查。",
                "No survey was sent to this trainee yet.",
            ),
        };
        return Err(Problem::new(Code::TransitionRefused).with_detail(zh, en));
    }
    act.record(Entry {
        kind: "enrolment",
        id: enrolment.uuid(),
        act: "not_contactable",
        ..Entry::default()
    })
    .await?;
    let receipt = serde_json::json!({ "enrolment": enrolment.to_string(), "contactable": false });
    act.finish(StatusCode::OK, &receipt, ("enrolment", enrolment))
        .await
}

/// What closing did.
#[derive(Debug, Serialize)]
pub struct Closed {
    /// Invitations that ended without an answer.
    pub expired: u64,
    /// Responses from which identity was taken away.
    pub separated: u64,
}

/// Closes surveys whose time is over and takes identity away from their responses.
pub async fn close(app: &App) -> Result<Closed, Problem> {
    let tx = app.store.write().await?;
    let (expired, separated) = rows::close(&tx, app.now()).await?;
    let least = app.evidence.survey.institution_least;
    rows::keep_shown(&tx, least, app.today()).await?;
    calls::owe_draws(app, &tx).await?;
    store::commit(tx).await?;
    Ok(Closed { expired, separated })
}

/// How often the worker looks; the dates decide, so that a restart or a second node does nothing twice.
const EVERY: std::time::Duration = std::time::Duration::from_hours(1);

/// Closes surveys as their time ends, until it is dropped: identity stays no longer than it is needed.
pub async fn work(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(problem) = close(&app).await {
            tracing::error!(
                code = problem.code().as_str(),
                "Surveys could not be closed"
            );
        }
    }
}
