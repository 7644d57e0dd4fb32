//! Cohorts (班期): open, announce, enrol from a roster, attend, assess, accept.
//!
//! The rules stand in `domain::{cohort, enrolment, completion}`; a use case reads the facts under lock, asks them, and
//! writes in the same transaction.

pub mod acts;
pub mod assessments;
pub mod attendance;
pub mod enrolments;
pub(crate) mod export;
mod growth;
pub mod import;
mod json;
pub(crate) mod json_enrolments;
mod json_rosters;
pub mod open;
mod reopened;
mod residents;
mod transfer;

use axum::Router;
use domain::access::Actor;
use domain::cohort::{CohortRules, Refused, Standing, Unmet};
use domain::ids::CohortId;
use serde::{Deserialize, Serialize};
use store::cohorts::Cohort;
use store::scope::Scope;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::act::Act;
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::problem::{Code, FieldError, Problem, Sentence};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
        .merge(json_enrolments::routes())
        .merge(json_rosters::routes())
        .merge(residents::routes())
}

/// Pages of the desks.
pub(crate) fn pages() -> Router<App> {
    residents::pages()
}

/// Routes that anybody may use.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    json_rosters::public_routes()
}

/// What an act on a cohort answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CohortReceipt {
    /// The cohort.
    #[schema(value_type = String, format = "uuid")]
    pub cohort: CohortId,
    /// Its public code.
    pub code: String,
    /// Its state now.
    pub state: String,
    /// Its revision now.
    pub revision: i32,
    /// Until when the county should answer, where something waits for it.
    pub due_on: Option<chrono::NaiveDate>,
}

impl CohortReceipt {
    fn of(cohort: &Cohort, revision: i32) -> Self {
        Self {
            cohort: cohort.id,
            code: cohort.code.clone(),
            state: cohort.state.as_str().to_owned(),
            revision,
            due_on: cohort.due_on,
        }
    }
}

/// Numbers of policy for classes.
pub fn rules(app: &App) -> CohortRules {
    CohortRules::from(&app.policy.workflow)
}

/// The cohort in the scope of the one who acts, locked; refused to an officer with an interest in its institution.
async fn lock(act: &Act, id: CohortId) -> Result<Cohort, Problem> {
    let scope = Scope::of(&act.actor);
    let found = store::cohorts::lock(&act.tx, &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    not_interested_about(act, id.uuid()).await?;
    Ok(found)
}

/// The cohort in the scope of the one who reads.
async fn find(app: &App, actor: &Actor, id: CohortId) -> Result<Cohort, Problem> {
    store::cohorts::find(app.store.reader(), &Scope::of(actor), id)
        .await?
        .ok_or_else(Problem::not_found)
}

/// A refused act: the most telling code, both states in the sentence, every condition in the list.
impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let code = match &refused {
            Refused::NotBy { .. } => Code::Forbidden,
            Refused::NotFrom { .. } | Refused::Conditions { .. } => code_of(refused.unmet()),
        };
        Self::new(code)
            .with_detail(refused.zh(), refused.en())
            .with_errors(refused.unmet().iter().map(error))
    }
}

/// Conditions of a new class that do not hold.
fn cannot_open(unmet: &[Unmet]) -> Problem {
    let zh: Vec<String> = unmet.iter().map(Unmet::zh).collect();
    let en: Vec<String> = unmet.iter().map(Unmet::en).collect();
    Problem::new(code_of(unmet))
        .with_detail(zh.concat(), en.join(" "))
        .with_errors(unmet.iter().map(error))
}

fn error(unmet: &Unmet) -> FieldError {
    FieldError {
        pointer: String::new(),
        code: unmet.code().to_owned(),
        detail: Sentence::new(unmet.zh(), unmet.en()),
    }
}

fn code_of(unmet: &[Unmet]) -> Code {
    let of_one = |unmet: &Unmet| match unmet {
        Unmet::InstitutionMayNotOpen {
            standing: Standing::Suspended,
        } => Some(Code::InstitutionSuspended),
        Unmet::InstitutionMayNotOpen { .. } => Some(Code::InstitutionNotAdmitted),
        Unmet::OfferNotOpen => Some(Code::OfferNotOpen),
        Unmet::CohortCap { .. } | Unmet::TraineeCap { .. } => Some(Code::CapReached),
        Unmet::PlacesGrow { .. } => Some(Code::PlacesGrow),
        _ => None,
    };
    // An institution that may not act is told so, whatever else is missing.
    let mut codes: Vec<Code> = unmet.iter().filter_map(of_one).collect();
    codes.sort_by_key(|code| match code {
        Code::InstitutionSuspended => 0,
        Code::InstitutionNotAdmitted => 1,
        _ => 2,
    });
    codes.first().copied().unwrap_or(Code::TransitionRefused)
}

impl From<domain::enrolment::Refused> for Problem {
    fn from(refused: domain::enrolment::Refused) -> Self {
        Self::new(Code::TransitionRefused).with_detail(refused.zh(), refused.en())
    }
}

/// A text that people wrote: so many characters at most, no control characters but line breaks.
fn checked_text(pointer: &str, text: &str, most: usize) -> Result<(), Problem> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > most {
        return Err(Problem::field(
            pointer,
            "text-length",
            &format!("请填写1到{most}个字。"),
            &format!("Write 1 to {most} characters."),
        ));
    }
    if text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t')
    {
        return Err(Problem::field(
            pointer,
            "text-control",
            "请去掉不可见的控制字符。",
            "Remove the control characters.",
        ));
    }
    Ok(())
}
