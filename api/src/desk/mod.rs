//! `/desk`: who I am here, and what waits for a second person (pages.md 2, 6.1).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::{Actor, Role};
use domain::ids::ProposalId;

use crate::access::Presence;
use crate::access::browser::{FormToken, OnPage, OwnForm, prove_address};
use crate::access::pages::staff_page;
use crate::access::permissions::{
    Assess, BulkExport, CheckByTelephone, DecideProposals, HandlePersonRequests, ImportRegisters,
    ManageAccounts, ManageGradingPolicies, Permission, ReadAudit, RunSurveys, SeeAlarms,
    SeeAssessments, SeeEvidence, SeeGrades, SeeKeys, SeeProposals, SeeRecords, SeeResidents,
    SeeSelf, WriteBulletins,
};
use crate::app::App;
use crate::extract::{IdempotencyKey, Locale, Path};
use crate::frame::{Brand, Frame, Visit, both};
use crate::problem::{Code, Problem};
use crate::proposals::{self, RefuseProposalRequest};

/// How many proposals the page shows.
const SHOWN: u64 = 100;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/desk", get(show));
    both(router, "/desk/proposals/{id}", post(decide))
}

struct Row {
    id: String,
    subject: String,
    act: String,
    kind: &'static str,
    proposer: String,
    proposed_at: String,
    due_at: Option<String>,
    own: bool,
    key: String,
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    f: Frame,
    name: String,
    role: &'static str,
    organisation: String,
    level: &'static str,
    region: String,
    form: String,
    /// Further pages of the posts held here.
    links: Vec<(&'static str, &'static str)>,
    /// `None` for those who decide nothing.
    rows: Option<Vec<Row>>,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeSelf>,
    form: FormToken,
) -> Result<Response, Problem> {
    // Who one is may be seen by password alone; what waits may not.
    if let Err(problem) = by.presence.holding::<SeeProposals>(&app)
        && let Some(address) = prove_address(visit.lang, &by.presence, &problem)
    {
        return Ok(Redirect::to(&format!("{address}?to={}", visit.path)).into_response());
    }
    let view = desk(&app, &visit, &by, &form).await?;
    staff_page(&app, StatusCode::OK, &view, None)
}

async fn desk(
    app: &App,
    visit: &Visit,
    by: &OnPage<SeeSelf>,
    form: &FormToken,
) -> Result<DeskPage, Problem> {
    let lang = visit.lang;
    let title = lang.pick("工作台", "Desk");
    let f = Frame::new(app, visit, Brand::Registry, title);
    let decider = match by.presence.holding::<SeeProposals>(app) {
        Ok(actor) => Some(actor),
        Err(problem) if problem.code() == Code::Forbidden => None,
        Err(problem) => return Err(problem),
    };
    let rows = match &decider {
        Some(actor) => Some(waiting(app, &f, actor).await?),
        None => None,
    };
    let (organisation, level) = organisation(app, &by.actor).await?;
    let region = match by.actor.federation.as_deref() {
        Some(store::scope::NATIONAL) => lang.pick("全国", "whole country").to_owned(),
        Some(code) => app.regions.full_name(code).to_owned(),
        None => lang.pick("本机构", "own institution").to_owned(),
    };
    Ok(DeskPage {
        name: by.presence.person_name.clone(),
        role: lang.pick(by.actor.role.zh(), by.actor.role.en()),
        organisation,
        level: match level.as_str() {
            "national" => lang.pick("国家", "national"),
            "province" => lang.pick("省", "province"),
            "prefecture" => lang.pick("市", "prefecture"),
            "county" => lang.pick("县", "county"),
            _ => lang.pick("机构", "institution"),
        },
        region,
        form: form.text.clone(),
        links: links(&by.presence, lang),
        rows,
        f,
    })
}

/// Pages that somebody's posts open.
fn links(presence: &Presence, lang: Locale) -> Vec<(&'static str, &'static str)> {
    fn link<P: Permission>(
        presence: &Presence,
        path: &'static str,
        words: &'static str,
    ) -> Option<(&'static str, &'static str)> {
        let held = presence.actors.iter().any(|actor| P::allows(actor.role));
        held.then_some((path, words))
    }
    let org = presence
        .actors
        .iter()
        .any(|actor| actor.role.is_institution());
    let assesses = presence
        .actors
        .iter()
        .any(|actor| actor.role == Role::Assessor);
    [
        link::<SeeRecords>(
            presence,
            if org { "/org/cases" } else { "/admin/cases" },
            lang.pick("案件与申诉", "Cases and appeals"),
        ),
        link::<SeeRecords>(
            presence,
            if org {
                "/org/appeals"
            } else {
                "/admin/appeals"
            },
            lang.pick("申诉", "Appeals"),
        ),
        link::<SeeAlarms>(
            presence,
            "/admin/queue",
            lang.pick("待办与逾期", "Due and overdue"),
        ),
        link::<SeeEvidence>(
            presence,
            if org {
                "/org/episodes"
            } else {
                "/admin/episodes"
            },
            lang.pick(
                "就业记录、回访、疑点",
                "Work of trainees, follow-ups, conflicts",
            ),
        ),
        link::<SeeResidents>(
            presence,
            "/desk/residents",
            lang.pick("本地户籍在外地培训的人", "Residents trained elsewhere"),
        ),
        link::<SeeAssessments>(
            presence,
            crate::assessments::pages::base(org, assesses),
            lang.pick("第三方评估", "Third-party assessments"),
        ),
        link::<RunSurveys>(
            presence,
            "/admin/surveys",
            lang.pick("满意度调查", "Surveys"),
        ),
        link::<Assess>(
            presence,
            "/assess/calls",
            lang.pick("电话回访", "Calls about surveys"),
        ),
        link::<SeeGrades>(
            presence,
            if org {
                "/org/rating"
            } else {
                "/admin/gradings"
            },
            if org {
                lang.pick("等级与依据", "Grade and why")
            } else {
                lang.pick("评级", "Grading")
            },
        ),
        link::<ManageGradingPolicies>(
            presence,
            "/admin/policies",
            lang.pick("评级政策", "Grading policies"),
        ),
        link::<ImportRegisters>(
            presence,
            "/admin/registers",
            lang.pick("导入登记数据", "Import a register"),
        ),
        link::<WriteBulletins>(presence, "/admin/bulletins", lang.pick("通报", "Bulletins")),
        link::<HandlePersonRequests>(
            presence,
            "/desk/requests",
            lang.pick("本人申请", "Requests of persons"),
        ),
        link::<CheckByTelephone>(
            presence,
            "/desk/telephone-check",
            lang.pick("电话核对证书", "Check a certificate by telephone"),
        ),
        link::<BulkExport>(
            presence,
            "/desk/exports",
            lang.pick("批量导出", "Bulk exports"),
        ),
        link::<ManageAccounts>(presence, "/admin/accounts", lang.pick("账号", "Accounts")),
        link::<SeeKeys>(presence, "/admin/keys", lang.pick("密钥", "Keys")),
        link::<ReadAudit>(presence, "/admin/audit", lang.pick("审计记录", "Audit")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn organisation(app: &App, actor: &Actor) -> Result<(String, String), Problem> {
    let Some(code) = &actor.federation else {
        let id = actor.institution.map(|id| id.to_string());
        return Ok((id.unwrap_or_default(), String::new()));
    };
    let found = store::reference::federation(app.store.reader(), code).await?;
    Ok(found.map_or_else(
        || (code.clone(), String::new()),
        |federation| (federation.name, federation.level),
    ))
}

async fn waiting(app: &App, f: &Frame, actor: &Actor) -> Result<Vec<Row>, Problem> {
    let found = proposals::list(app, actor, None, SHOWN).await?;
    Ok(found
        .into_iter()
        .map(|row| Row {
            own: row.proposed_by == actor.person,
            id: row.id.to_string(),
            kind: match row.object_kind.as_str() {
                "admission" => f.t("培训机构", "institution"),
                "program_version" => f.t("培训项目", "programme"),
                "cohort" => f.t("班期", "cohort"),
                "certificate" => f.t("证书", "certificate"),
                "key" => f.t("密钥", "key"),
                crate::exports::bulk::KIND => f.t("批量导出", "bulk export"),
                "policy_draft" => f.t("评级政策", "grading policy"),
                "grade_publication" => f.t("评级结果", "grade results"),
                "bulletin" => f.t("通报", "bulletin"),
                crate::assessments::KIND => f.t("第三方评估", "third-party assessment"),
                _ => f.t("其他", "other"),
            },
            subject: row.subject,
            act: match row.object_kind.as_str() {
                crate::exports::bulk::KIND => f.t("导出文件", "export a file").to_owned(),
                _ => row.act,
            },
            proposer: row.proposer,
            proposed_at: f.moment(row.proposed_at),
            due_at: row.due_at.map(|at| f.moment(at)),
            // Sending the same page twice decides once.
            key: app.random.id(app.now()).to_string(),
        })
        .collect())
}

async fn decide(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<DecideProposals>,
    Path(id): Path<ProposalId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    match form.text("decision") {
        "approve" => proposals::approve(&app, &by.actor, &key, id).await?,
        "refuse" => {
            let request = RefuseProposalRequest {
                reason: form.text("reason").to_owned(),
            };
            proposals::refuse(&app, &by.actor, &key, id, &request).await?
        }
        _ => return Err(Problem::new(Code::MalformedRequest)),
    };
    Ok(Redirect::to(visit.lang.pick("/desk", "/en/desk")).into_response())
}
