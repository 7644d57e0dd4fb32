//! `/admin/decisions/{id}`: one transition of an admission, with its cause, papers, and a place for everybody in class;
//! and the service of a decision.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Role;
use domain::ids::AdmissionId;
use domain::institution::{
    Cause, InstitutionTransition, Plan, ReportKind, RunningCohort, TABLE, may_report, plans_allowed,
};
use store::cases::{exit, reports, terms};
use store::scope::Scope;

use super::TermLine;
use super::forms::{day, document, given, points};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{
    ActOnInstitution, AuditSurveys, Permission as _, RecordReports, ServeDecisions,
};
use crate::app::App;
use crate::cases::facts::RUNNING;
use crate::cases::reports::{self as recorded, RecordReportRequest};
use crate::cases::services::{self, ServeRequest};
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Brand, Frame, Visit};
use crate::institutions::admission::{self, ArrangementRequest, TransitionRequest};
use crate::problem::{Code, Problem};

struct ReportLine {
    kind: &'static str,
    favourable: bool,
    on: String,
    role: String,
    members: String,
    text: String,
}

struct ClassLine {
    id: String,
    code: String,
    name: String,
    taught: u32,
    planned: u32,
    plans: Vec<(&'static str, &'static str)>,
}

#[derive(Template)]
#[template(path = "decision.html")]
struct DecisionPage {
    f: Frame,
    id: String,
    name: String,
    code: String,
    state: &'static str,
    grade: String,
    stayed: Option<&'static str>,
    case: Option<String>,
    revision: i32,
    /// Acts that the table has from this state for the reader's level.
    acts: Vec<(&'static str, &'static str, bool)>,
    causes: Vec<(&'static str, &'static str)>,
    served: Vec<(&'static str, &'static str)>,
    classes: Vec<ClassLine>,
    /// What is owed about the admission.
    terms: Vec<TermLine>,
    reports: Vec<ReportLine>,
    /// Reports that the reader may record now.
    reportable: Vec<(&'static str, &'static str)>,
    /// The newest assessment with a grave finding that nobody has answered.
    assessment: String,
    /// Whether the reader audits surveys.
    audits: bool,
    form: String,
    key: String,
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ActOnInstitution>,
    form: FormToken,
    Path(id): Path<AdmissionId>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let row = store::institutions::find(reader, &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let f = Frame::new(&app, &visit, Brand::Registry, row.institution.name.clone());
    let pick = |zh, en| f.lang().pick(zh, en);
    let local = store::cohorts::local_federation(reader, &row.site_region).await?;
    let local = local.map_or(Role::CountyOfficer, |local| local.role);
    let mine: Vec<InstitutionTransition> = TABLE
        .iter()
        .filter(|line| line.from.contains(&row.state))
        .filter(|line| line.who.iter().any(|who| who.role(local) == by.actor.role))
        .map(|line| line.act)
        .filter(|act| *act != InstitutionTransition::T23)
        .collect();
    let causes = Cause::ALL
        .iter()
        .filter(|cause| mine.iter().any(|act| cause.fits(*act)))
        .map(|cause| (cause.as_str(), pick(cause.zh(), cause.en())))
        .collect();
    let mut classes = Vec::new();
    if mine.contains(&InstitutionTransition::T19) {
        for class in exit::classes(reader, id, RUNNING).await? {
            let running = RunningCohort {
                hours_taught: class.hours_taught,
                planned_hours: class.planned_hours,
            };
            let half = app.policy.workflow.teach_out_permille;
            // A transfer is always offered: after fraud it is the only plan.
            let allowed = plans_allowed(running, false, half);
            let plans = Plan::ALL
                .iter()
                .filter(|plan| **plan == Plan::Transfer || allowed.contains(plan))
                .map(|plan| (plan.as_str(), pick(plan.zh(), plan.en())))
                .collect();
            classes.push(ClassLine {
                id: class.id.to_string(),
                code: class.code,
                name: class.name,
                taught: class.hours_taught,
                planned: class.planned_hours,
                plans,
            });
        }
    }
    let mut reportable = Vec::new();
    for kind in ReportKind::ALL {
        let holder = crate::cases::terms::holder(reader, &row, *kind).await?;
        if may_report(*kind, row.state, holder, by.actor.role).is_ok() {
            reportable.push((kind.as_str(), pick(kind.zh(), kind.en())));
        }
    }
    // What federations say to each other is not for the institution to read.
    let reports = if by.actor.role.is_institution() {
        Vec::new()
    } else {
        reports::of(reader, id).await?
    };
    let case = store::cases::open_of(reader, id).await?;
    let page = DecisionPage {
        id: id.to_string(),
        name: row.institution.name.clone(),
        code: row.institution.credit_code.clone(),
        state: pick(row.state.zh(), row.state.en()),
        grade: row.grade.map_or("-", |grade| grade.as_str()).to_owned(),
        stayed: row.stayed.map(|act| pick(act.zh(), act.en())),
        case: case.map(|case| case.number),
        revision: row.revision,
        audits: AuditSurveys::allows(by.actor.role),
        acts: mine
            .iter()
            .map(|act| {
                (
                    act.as_str(),
                    pick(act.zh(), act.en()),
                    act.waits_for_second(),
                )
            })
            .collect(),
        causes,
        served: InstitutionTransition::ALL
            .iter()
            .filter(|act| act.is_served() || **act == InstitutionTransition::T17)
            .map(|act| (act.as_str(), pick(act.zh(), act.en())))
            .collect(),
        classes,
        terms: super::term_lines(&f, app.today(), terms::open_of(reader, id.uuid()).await?),
        reports: reports
            .into_iter()
            .map(|one| ReportLine {
                kind: pick(one.kind.zh(), one.kind.en()),
                favourable: one.favourable,
                on: f.date(one.held_on),
                role: f.t(one.role.zh(), one.role.en()).to_owned(),
                members: one.members.join(f.t("、", ", ")),
                text: one.text,
            })
            .collect(),
        reportable,
        assessment: crate::assessments::pages::unanswered(&app, &by.actor, id).await?,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// Takes the transition.
pub(super) async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ActOnInstitution>,
    Path(id): Path<AdmissionId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let malformed = || Problem::new(Code::MalformedRequest);
    let classes = exit::classes(app.store.reader(), id, RUNNING).await?;
    let arrangements = classes
        .iter()
        .filter_map(|class| {
            let plan = form.text(&format!("plan_{}", class.id)).parse().ok()?;
            Some(ArrangementRequest {
                cohort: class.id,
                plan,
                receiving: given(&form, &format!("receiving_{}", class.id)),
            })
        })
        .collect();
    let cause = given(&form, "cause").map(|cause| cause.parse()).transpose();
    let sets_aside = given(&form, "sets_aside")
        .map(|act| act.parse())
        .transpose();
    let mut fraud_cohorts = Vec::new();
    for code in points(&form, "fraud_cohorts") {
        fraud_cohorts.push(code.parse().map_err(|_| malformed())?);
    }
    let request = TransitionRequest {
        reason: given(&form, "reason"),
        document: document(&form, "document", app.today()),
        minutes: document(&form, "minutes", app.today()),
        cause: cause.map_err(|_| malformed())?,
        evidence_sha256: given(&form, "evidence_sha256"),
        findings: points(&form, "findings"),
        until: day(&form, "until")?,
        data_due_on: day(&form, "data_due_on")?,
        hearing: given(&form, "hearing"),
        arrangements,
        fraud_cohorts,
        sets_aside: sets_aside.map_err(|_| malformed())?,
        assessment: given(&form, "assessment")
            .map(|id| id.parse())
            .transpose()
            .map_err(|_| malformed())?,
        ..TransitionRequest::of(form.text("transition").parse().map_err(|_| malformed())?)
    };
    let revision = form.text("revision").parse().map_err(|_| malformed())?;
    admission::transition(&app, &by.actor, &key, id, revision, &request).await?;
    let base = visit.lang.pick("/admin/decisions", "/en/admin/decisions");
    Ok(Redirect::to(&format!("{base}/{id}")).into_response())
}

/// Records a service.
pub(super) async fn serve(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ServeDecisions>,
    Path(id): Path<AdmissionId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = ServeRequest {
        transition: form
            .text("transition")
            .parse()
            .map_err(|_| Problem::new(Code::MalformedRequest))?,
        method: form.text("method").to_owned(),
        served_on: day(&form, "served_on")?.unwrap_or_else(|| app.today()),
        receipt: form.text("receipt").to_owned(),
    };
    services::serve(&app, &by.actor, &key, id, &request).await?;
    let base = visit.lang.pick("/admin/decisions", "/en/admin/decisions");
    Ok(Redirect::to(&format!("{base}/{id}")).into_response())
}

/// Records an opinion, a visit or an inspection.
pub(super) async fn report(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<RecordReports>,
    Path(id): Path<AdmissionId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let malformed = || Problem::new(Code::MalformedRequest);
    let request = RecordReportRequest {
        kind: form.text("kind").parse().map_err(|_| malformed())?,
        favourable: match form.text("favourable") {
            "yes" => true,
            "no" => false,
            _ => return Err(malformed()),
        },
        text: form.text("text").to_owned(),
        members: points(&form, "members"),
        held_on: day(&form, "held_on")?,
        document: document(&form, "document", app.today()),
    };
    recorded::record(&app, &by.actor, &key, id, &request).await?;
    let base = visit.lang.pick("/admin/decisions", "/en/admin/decisions");
    Ok(Redirect::to(&format!("{base}/{id}")).into_response())
}
