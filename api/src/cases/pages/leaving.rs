//! The wish to leave on the page of its case.

use axum::extract::State;
use axum::response::Response;
use domain::access::{Actor, Role};
use domain::ids::AdmissionId;
use store::cases::Case;
use store::cases::withdrawals as rows;
use store::scope::Scope;

use super::forms;
use crate::access::browser::{OnPage, OwnForm};
use crate::access::permissions::{AnswerLeaving, ApplyInstitution};
use crate::app::App;
use crate::cases::withdrawals::{self, EndWithdrawalRequest};
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit};
use crate::problem::Problem;

/// What the page says of it.
pub(super) struct Leaving {
    pub(super) reason: String,
    /// End of the address and word of the button.
    pub(super) act: Option<(&'static str, &'static str)>,
}

/// The open wish that was filed in this case.
pub(super) async fn of(
    app: &App,
    f: &Frame,
    case: &Case,
    role: Role,
) -> Result<Option<Leaving>, Problem> {
    let asked = rows::open_of(app.store.reader(), case.admission).await?;
    Ok(asked
        .filter(|asked| asked.case == case.id)
        .map(|asked| Leaving {
            reason: asked.reason,
            act: match role {
                Role::InstitutionOperator => {
                    Some(("take-back", f.lang().pick("撤回退出申请", "Take it back")))
                }
                Role::ProvinceOfficer => Some(("decline", f.lang().pick("不同意退出", "Decline"))),
                _ => None,
            },
        }))
}

async fn asked(
    app: &App,
    actor: &Actor,
    number: &str,
    form: &OwnForm,
) -> Result<(AdmissionId, IdempotencyKey, EndWithdrawalRequest), Problem> {
    let reader = app.store.reader();
    let view = store::cases::find_by_number(reader, &Scope::of(actor), number)
        .await?
        .ok_or_else(Problem::not_found)?;
    let request = EndWithdrawalRequest {
        reason: form.text("reason").to_owned(),
    };
    Ok((view.case.admission, form.text("key").parse()?, request))
}

/// The province declines.
pub(super) async fn decline(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<AnswerLeaving>,
    Path(number): Path<String>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let (id, key, request) = asked(&app, &by.actor, &number, &form).await?;
    withdrawals::decline(&app, &by.actor, &key, id, &request).await?;
    Ok(forms::back(&visit, by.actor.role, &number))
}

/// The institution takes it back.
pub(super) async fn take_back(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ApplyInstitution>,
    Path(number): Path<String>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let (id, key, request) = asked(&app, &by.actor, &number, &form).await?;
    withdrawals::take_back(&app, &by.actor, &key, id, &request).await?;
    Ok(forms::back(&visit, by.actor.role, &number))
}
