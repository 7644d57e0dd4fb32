//! Forms of a case: papers, appeals, acts on appeals.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Role;
use domain::ids::AppealId;
use domain::institution::appeal::{AppealAct, AppealState};
use domain::institution::{InstitutionTransition, PaperKind};
use store::cases::appeals::Appeal;
use store::scope::Scope;

use super::AppealLine;
use crate::access::browser::{OnPage, OwnForm};
use crate::access::permissions::{ActOnAppeals, KeepCases, LodgeAppeals};
use crate::app::App;
use crate::cases::appeal_acts::{self, AppealActRequest, VariationRequest};
use crate::cases::appeals::{self, LodgeAppealRequest};
use crate::cases::papers::{self, FilePaperRequest};
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit};
use crate::institutions::admission::DocumentRequest;
use crate::problem::{Code, Problem};

/// Word of an act in the history of a case.
pub(super) fn word_of(f: &Frame, act: &str) -> String {
    let (zh, en) = match act {
        "extend" => ("延长整改期", "term extended"),
        "ask_withdrawal" => ("申请退出", "asked to leave"),
        "decline_withdrawal" => ("不同意退出", "wish to leave declined"),
        "take_back_withdrawal" => ("撤回退出申请", "wish to leave taken back"),
        other => match other.parse::<PaperKind>() {
            Ok(kind) => (kind.zh(), kind.en()),
            Err(_) => return super::act_word(f, other),
        },
    };
    f.t(zh, en).to_owned()
}

/// An appeal as a line, with the acts that the reader may take.
pub(super) async fn appeal_line(
    app: &App,
    f: &Frame,
    appeal: &Appeal,
    reader: Role,
) -> Result<AppealLine, Problem> {
    use AppealAct as A;
    use AppealState as S;
    let terms = store::cases::terms::open_of(app.store.reader(), appeal.id.uuid()).await?;
    let executor = match appeal.against.transition() {
        Some(_) => Role::ProvinceOfficer,
        None => appeal.hearing_role,
    };
    let acts: &[A] = if reader == executor && appeal.state == S::Decided {
        &[A::Execute]
    } else if reader == Role::InstitutionOperator && appeal.appellant == reader {
        match appeal.state {
            S::Lodged | S::Accepted | S::Heard => &[A::Withdraw],
            _ => &[],
        }
    } else if reader == appeal.hearing_role {
        match appeal.state {
            S::Lodged => &[A::Accept, A::Refuse],
            S::Accepted => &[A::Hear, A::Extend],
            S::Heard => &[A::Decide, A::Extend],
            _ => &[],
        }
    } else {
        &[]
    };
    Ok(AppealLine {
        id: appeal.id.to_string(),
        number: appeal.number.clone(),
        against: f.lang().pick(appeal.against.zh(), appeal.against.en()),
        state: f.lang().pick(appeal.state.zh(), appeal.state.en()),
        hearing: f
            .t(appeal.hearing_role.zh(), appeal.hearing_role.en())
            .to_owned(),
        stayed: appeal.stayed,
        points: appeal.points.clone(),
        outcome: appeal
            .outcome
            .map(|outcome| f.lang().pick(outcome.zh(), outcome.en())),
        decision: appeal.text.clone(),
        due: terms.first().map(|term| f.date(term.due_on)),
        acts: acts
            .iter()
            .map(|act| (act.as_str(), f.lang().pick(act.zh(), act.en())))
            .collect(),
        revision: appeal.revision,
    })
}

/// A text of a form that may be left out.
pub(crate) fn given(form: &OwnForm, name: &str) -> Option<String> {
    let text = form.text(name);
    (!text.is_empty()).then(|| text.to_owned())
}

/// A day of a form that may be left out.
pub(crate) fn day(form: &OwnForm, name: &str) -> Result<Option<chrono::NaiveDate>, Problem> {
    given(form, name)
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| {
            Problem::field(
                format!("/{name}"),
                "date",
                "日期写成 2026-03-01 的样子。",
                "Write a date as 2026-03-01.",
            )
        })
}

/// A document of a form: all of its fields, or none.
pub(super) fn document(
    form: &OwnForm,
    name: &str,
    today: chrono::NaiveDate,
) -> Option<DocumentRequest> {
    let number = given(form, &format!("{name}_number"))?;
    Some(DocumentRequest {
        number,
        issuer: form.text(&format!("{name}_issuer")).to_owned(),
        made_on: today,
        file: None,
    })
}

/// Points of a form, one on each line.
pub(crate) fn points(form: &OwnForm, name: &str) -> Vec<String> {
    form.text(name)
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(super) fn back(visit: &Visit, role: Role, number: &str) -> Response {
    let base = if role.is_institution() {
        visit.lang.pick("/org/cases", "/en/org/cases")
    } else {
        visit.lang.pick("/admin/cases", "/en/admin/cases")
    };
    Redirect::to(&format!("{base}/{number}")).into_response()
}

/// Files a paper.
pub(super) async fn paper(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<KeepCases>,
    Path(number): Path<String>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let view = store::cases::find_by_number(reader, &Scope::of(&by.actor), &number)
        .await?
        .ok_or_else(Problem::not_found)?;
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = FilePaperRequest {
        kind: form
            .text("kind")
            .parse()
            .map_err(|_| Problem::new(Code::MalformedRequest))?,
        text: form.text("text").to_owned(),
        passed: match form.text("passed") {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        members: points(&form, "members"),
        held_on: day(&form, "held_on")?,
        evidence_sha256: given(&form, "evidence_sha256"),
        document: None,
        file: None,
    };
    papers::file(&app, &by.actor, &key, view.case.id, &request).await?;
    Ok(back(&visit, by.actor.role, &number))
}

/// Lodges an appeal.
pub(super) async fn appeal(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<LodgeAppeals>,
    Path(number): Path<String>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let view = store::cases::find_by_number(reader, &Scope::of(&by.actor), &number)
        .await?
        .ok_or_else(Problem::not_found)?;
    let key: IdempotencyKey = form.text("key").parse()?;
    let against: InstitutionTransition = form
        .text("against")
        .parse()
        .map_err(|_| Problem::new(Code::MalformedRequest))?;
    let request = LodgeAppealRequest {
        against,
        points: form.text("points").to_owned(),
        wish: form.text("wish").to_owned(),
    };
    appeals::lodge(&app, &by.actor, &key, view.case.admission, &request).await?;
    Ok(back(&visit, by.actor.role, &number))
}

/// Takes an act on an appeal.
pub(super) async fn appeal_act(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ActOnAppeals>,
    Path(id): Path<AppealId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let malformed = || Problem::new(Code::MalformedRequest);
    let variation = VariationRequest {
        new_grade: given(&form, "new_grade")
            .map(|grade| grade.parse())
            .transpose()
            .map_err(|_| malformed())?,
        until: day(&form, "until")?,
    };
    let varied = variation.new_grade.is_some() || variation.until.is_some();
    let request = AppealActRequest {
        act: form.text("act").parse().map_err(|_| malformed())?,
        reason: given(&form, "reason"),
        document: document(&form, "document", app.today()),
        outcome: given(&form, "outcome")
            .map(|outcome| outcome.parse())
            .transpose()
            .map_err(|_| malformed())?,
        variation: varied.then_some(variation),
        redo: points(&form, "redo"),
        run: given(&form, "run")
            .map(|run| run.parse())
            .transpose()
            .map_err(|_| malformed())?,
    };
    let revision = form.text("revision").parse().map_err(|_| malformed())?;
    appeal_acts::act_on(&app, &by.actor, &key, id, revision, &request).await?;
    if form.text("case").is_empty() {
        return Ok(super::own_appeals::back(&visit, by.actor.role));
    }
    Ok(back(&visit, by.actor.role, form.text("case")))
}
