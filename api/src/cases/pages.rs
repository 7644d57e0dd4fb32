//! Pages of cases: the institution's own (`/org/cases`), the federations' (`/admin/cases`, `/admin/queue`), and the form
//! of a decision (pages.md 5.6, 6.1, 6.3). Without a script; a form that fails says why and sends back to itself.

mod decision;
pub(crate) mod forms;
mod leaving;
mod own_appeals;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::ids::AssessmentId;
use domain::institution::appeal::appealable;
use domain::institution::{InstitutionState, InstitutionTransition, PaperKind, may_file};
use store::cases::{CaseView, appeals, exit, papers, terms};
use store::scope::Scope;
use uuid::Uuid;

use super::documents::{self, CaseDocument};
use super::json::alarms_of;
use crate::access::browser::{FormToken, OnPage};
use crate::access::pages::staff_page;
use crate::access::permissions::{SeeAlarms, SeeRecords};
use crate::app::App;
use crate::assessments;
use crate::extract::Path;
use crate::frame::{Brand, Frame, Visit, both};
use crate::problem::Problem;

/// Cases and alarms on one page.
const SHOWN: u64 = 100;

/// Routes of these pages.
pub(crate) fn routes() -> Router<App> {
    let mut router = both(Router::new(), "/org/cases", get(list));
    router = both(router, "/admin/cases", get(list));
    router = both(router, "/org/cases/{no}", get(show));
    router = both(router, "/admin/cases/{no}", get(show));
    router = both(router, "/admin/appeals", get(own_appeals::list));
    router = both(
        router,
        "/org/appeals",
        get(own_appeals::list).post(own_appeals::lodge),
    );
    router = both(router, "/admin/queue", get(queue));
    router = both(router, "/cases/{no}/papers", post(forms::paper));
    router = both(router, "/cases/{no}/appeals", post(forms::appeal));
    router = both(router, "/appeals/{no}/acts", post(forms::appeal_act));
    router = both(
        router,
        "/cases/{no}/withdrawal/decline",
        post(leaving::decline),
    );
    router = both(
        router,
        "/cases/{no}/withdrawal/take-back",
        post(leaving::take_back),
    );
    router = both(
        router,
        "/admin/decisions/{id}",
        get(decision::show).post(decision::send),
    );
    router = both(
        router,
        "/admin/decisions/{id}/reports",
        post(decision::report),
    );
    both(
        router,
        "/admin/decisions/{id}/service",
        post(decision::serve),
    )
}

/// Word of an act in terms and alarms.
pub(crate) fn act_word(f: &Frame, act: &str) -> String {
    let (zh, en) = match act {
        "completeness" => (
            "申请受理或要求补正",
            "accept the application or ask for completion",
        ),
        "assessment_draw" => ("抽取评估人员", "draw the assessor"),
        "assessment_accept" => ("申报关系并承接评估", "declare and accept the assessment"),
        "assessment_open" => ("开始现场评估", "open the fieldwork"),
        "assessment_countersign" => ("会签走访记录", "countersign the visit"),
        "assessment_report" => ("提交评估报告", "hand in the assessment report"),
        "assessment_reply" => ("答复评估报告", "reply to the assessment report"),
        "assessment_final" => ("评估定稿", "make the assessment final"),
        "assessment_publish" => ("公布评估结果", "publish the assessment"),
        "objection" => ("办结异议", "decide an objection"),
        "cohort_confirm" => ("确认开班公告", "confirm the announcement of a class"),
        "cohort_finish" => ("办理结班", "finish the class"),
        "cohort_accept" => ("验收班期", "accept the class"),
        "survey_send" => ("发送满意度调查", "send the survey"),
        "county_opinion" => ("出具县级意见", "give the county's opinion"),
        "prefecture_visit" => ("实地考察申请机构", "visit the applicant"),
        "routine_inspection" => ("日常检查", "inspect the institution"),
        "survey_draw" => (
            "抽取满意度电话复核样本",
            "draw whom a third party calls about the survey",
        ),
        "survey_suspend" => ("暂停采用满意度并核查", "suspend the survey and audit it"),
        "episode_verify" => ("核实就业申报", "verify a claim of work"),
        "episode_contest" => ("办结就业记录的争议", "decide a contest of work"),
        "follow_up" => ("就业回访", "ask whether a trainee still works there"),
        "finding_major" => ("处置评估发现的较大问题", "answer a major finding"),
        "finding_critical" => ("处置评估发现的严重问题", "answer a critical finding"),
        "completion" => ("补正", "complete the application"),
        "admission_decision" => ("入库审核决定", "decide on the admission"),
        "admission_notice" => ("公示期满后决定", "decide after the notice of admission"),
        "serve" => ("送达决定", "serve the decision"),
        "reply" => ("提交情况说明", "reply to the warning"),
        "decide" => ("作出决定", "decide"),
        "plan" => ("提交整改方案", "hand in the plan"),
        "report" => ("提交整改报告", "report the rectification"),
        "inspection" => ("整改检查", "inspect"),
        "hearing" => ("听取陈述或听证", "hear the institution"),
        "hearing_request" => ("申请听证或放弃", "ask for a hearing or waive it"),
        "suspension_end" => ("暂停期满处理", "decide at the end of the suspension"),
        "exit_decision" => ("退出决定", "decide on the exit"),
        "warn" => ("预警或说明不预警的理由", "warn, or decide why not"),
        "exit" => (
            "提出退出或另作决定",
            "propose the exit, or decide otherwise",
        ),
        "quarterly_run" => ("季度监测的冻结和计算", "quarterly freeze and run"),
        "withdrawal" => ("答复退出申请", "answer the wish to leave"),
        "exit_elsewhere" => (
            "该机构在他省退出,请核查",
            "it left in another province: look at it",
        ),
        "certificate_suspension" => (
            "恢复或撤销暂停使用的证书",
            "resume or revoke a certificate on hold",
        ),
        "certificate_review" => ("证书核查", "review certificates"),
        "transfer" => ("转班", "transfer the class"),
        "end_with_credit" => ("终止并承认学时", "end the class with credit"),
        "teach_out" => ("监督授完", "supervise the teach-out"),
        "appeal_accept" => ("受理申诉", "accept the appeal or not"),
        "appeal_decide" => ("申诉决定", "decide the appeal"),
        "appeal_execute" => ("执行申诉决定", "carry out the appeal decision"),
        "annual_run" => ("年度评级的冻结和计算", "annual freeze and run"),
        "results_figures" => ("评级结果交机构核对", "figures to the institutions"),
        "results_notice" => ("公示评级结果", "notice of the results"),
        "results_publish" => ("决定并公布等级", "decide and publish the grades"),
        "held_grade" => (
            "决定公布时暂缓的等级",
            "decide grades held back at publication",
        ),
        "bulletin_objection" => ("答复对通报的异议", "answer an objection to a bulletin"),
        "T16-confirm" => ("紧急暂停的第二人确认", "confirm the emergency stop"),
        other => {
            return other.parse::<InstitutionTransition>().map_or_else(
                |_| other.to_owned(),
                |act| f.t(act.zh(), act.en()).to_owned(),
            );
        }
    };
    f.t(zh, en).to_owned()
}

fn role_word(f: &Frame, role: &str) -> String {
    role.parse::<domain::access::Role>().map_or_else(
        |_| role.to_owned(),
        |role| f.t(role.zh(), role.en()).to_owned(),
    )
}

struct CaseLine {
    href: String,
    number: String,
    name: String,
    kind: &'static str,
    stage: &'static str,
    state: &'static str,
    opened: String,
}

fn line(f: &Frame, org: bool, view: CaseView) -> CaseLine {
    let case = view.case;
    let base = if org { "/org/cases" } else { "/admin/cases" };
    CaseLine {
        href: format!("{base}/{}", case.number),
        number: case.number,
        name: view.name,
        kind: f.lang().pick(case.kind.zh(), case.kind.en()),
        stage: f.lang().pick(case.stage.zh(), case.stage.en()),
        state: if case.open {
            f.lang().pick("办理中", "open")
        } else {
            f.lang().pick("已办结", "closed")
        },
        opened: f.date(domain::calendar::today(case.opened_at)),
    }
}

#[derive(Template)]
#[template(path = "cases.html")]
struct ListPage {
    f: Frame,
    org: bool,
    rows: Vec<CaseLine>,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeRecords>,
) -> Result<Response, Problem> {
    let org = by.actor.role.is_institution();
    let title = visit.lang.pick("案件", "Cases");
    let f = Frame::new(&app, &visit, Brand::Registry, title);
    let scope = Scope::of(&by.actor);
    let rows = store::cases::list(app.store.reader(), &scope, false, None, SHOWN).await?;
    let rows = rows.into_iter().map(|view| line(&f, org, view)).collect();
    staff_page(&app, StatusCode::OK, &ListPage { f, org, rows }, None)
}

struct PaperLine {
    kind: &'static str,
    text: String,
    role: String,
    on: String,
    passed: Option<bool>,
    members: String,
    /// Addresses of the documents that the reader may open.
    documents: Vec<String>,
}

struct TermLine {
    act: String,
    holder: String,
    due: String,
    days_left: i64,
}

/// Terms that run, as lines.
fn term_lines(f: &Frame, today: chrono::NaiveDate, all: Vec<terms::Term>) -> Vec<TermLine> {
    all.into_iter()
        .map(|one| TermLine {
            act: act_word(f, &one.kind),
            holder: f.t(one.holder.zh(), one.holder.en()).to_owned(),
            due: f.date(one.due_on),
            days_left: (one.due_on - today).num_days(),
        })
        .collect()
}

struct AppealLine {
    id: String,
    number: String,
    against: &'static str,
    state: &'static str,
    hearing: String,
    stayed: bool,
    points: String,
    outcome: Option<&'static str>,
    decision: Option<String>,
    due: Option<String>,
    acts: Vec<(&'static str, &'static str)>,
    revision: i32,
}

struct ActLine {
    on: String,
    act: String,
    role: String,
    reason: Option<String>,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    f: Frame,
    org: bool,
    number: String,
    name: String,
    code: String,
    admission: String,
    admission_state: &'static str,
    stage: &'static str,
    cause: Option<&'static str>,
    open: bool,
    findings: Vec<String>,
    evidence: Option<String>,
    term_until: Option<String>,
    papers: Vec<PaperLine>,
    /// The act served, when, and addresses of the decision.
    services: Vec<(String, String, Vec<String>)>,
    terms: Vec<TermLine>,
    plans: Vec<(String, &'static str, String)>,
    reviews: Vec<(String, String, String)>,
    /// Reason of the open wish to leave, with the act that the reader may take on it.
    leaving: Option<leaving::Leaving>,
    appeals: Vec<AppealLine>,
    history: Vec<ActLine>,
    /// Papers that the reader may file now.
    fileable: Vec<(&'static str, &'static str)>,
    /// Decisions that the reader may appeal against now.
    appealable: Vec<(&'static str, &'static str)>,
    form: String,
    key: String,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeRecords>,
    form: FormToken,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let view = store::cases::find_by_number(reader, &Scope::of(&by.actor), &number)
        .await?
        .ok_or_else(Problem::not_found)?;
    let f = Frame::new(
        &app,
        &visit,
        Brand::Registry,
        format!("{} {number}", view.name),
    );
    let (case, role) = (&view.case, by.actor.role);
    let today = app.today();
    let admission_state = view
        .admission_state
        .parse::<InstitutionState>()
        .map_or("", |state| f.lang().pick(state.zh(), state.en()));
    let services = papers::services_of(reader, case.admission).await?;
    let mut own = appeals::of(reader, case.admission).await?;
    own.retain(|one| one.case == Some(case.id));
    let mut lines = Vec::with_capacity(own.len());
    for one in &own {
        lines.push(forms::appeal_line(&app, &f, one, role).await?);
    }
    let fileable = PaperKind::ALL
        .iter()
        .filter(|kind| may_file(**kind, case.stage, case.open, role).is_ok())
        .map(|kind| (kind.as_str(), f.lang().pick(kind.zh(), kind.en())))
        .collect();
    let institution = role == domain::access::Role::InstitutionOperator;
    let appealable = InstitutionTransition::ALL
        .iter()
        .filter(|act| institution && appealable(**act) && act.belongs_to_case())
        .map(|act| (act.as_str(), f.lang().pick(act.zh(), act.en())))
        .collect();
    let cohorts = exit::plans_of(reader, case.id).await?;
    let documents = documents::of(&app, &by.actor, case).await?;
    let addresses = |of: Uuid| -> Vec<String> {
        let own = documents.get(&of).into_iter().flatten();
        own.map(CaseDocument::address).collect()
    };
    let page = CasePage {
        org: role.is_institution(),
        name: view.name.clone(),
        code: view.credit_code.clone(),
        admission: case.admission.to_string(),
        admission_state,
        stage: f.lang().pick(case.stage.zh(), case.stage.en()),
        cause: case
            .cause
            .map(|cause| f.lang().pick(cause.zh(), cause.en())),
        open: case.open,
        findings: case.findings.clone(),
        evidence: case
            .evidence_sha256
            .as_ref()
            .map(|hash| data_encoding::HEXLOWER.encode(hash)),
        term_until: case.term_until.map(|day| f.date(day)),
        papers: papers::of(reader, case.id)
            .await?
            .into_iter()
            .map(|one| PaperLine {
                documents: addresses(one.id.uuid()),
                kind: f.lang().pick(one.kind.zh(), one.kind.en()),
                role: f.t(one.role.zh(), one.role.en()).to_owned(),
                on: f.date(one.held_on),
                text: one.text,
                passed: one.passed,
                members: one.members.join(f.t("、", ", ")),
            })
            .collect(),
        services: services
            .into_iter()
            .map(|one| {
                (
                    f.t(one.act.zh(), one.act.en()).to_owned(),
                    f.date(one.served_on),
                    addresses(one.id),
                )
            })
            .collect(),
        terms: term_lines(&f, today, terms::open_of(reader, case.id.uuid()).await?),
        plans: cohorts
            .into_iter()
            .map(|one| {
                let plan = f.lang().pick(one.plan.zh(), one.plan.en());
                (one.receiving.unwrap_or_default(), plan, f.date(one.due_on))
            })
            .collect(),
        reviews: exit::reviews(reader, case.id)
            .await?
            .into_iter()
            .map(|one| (one.certificate_no, one.status, one.due_on))
            .collect(),
        leaving: leaving::of(&app, &f, case, role).await?,
        appeals: lines,
        history: store::journal::timeline(reader, case.id.uuid())
            .await?
            .into_iter()
            .map(|one| ActLine {
                on: f.moment(one.at),
                act: forms::word_of(&f, &one.act),
                role: role_word(&f, &one.role),
                reason: one.reason,
            })
            .collect(),
        fileable,
        appealable,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        number,
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

struct QueueLine {
    href: String,
    number: Option<String>,
    act: String,
    name: String,
    region: String,
    due: String,
    overdue: bool,
    holder: String,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    f: Frame,
    /// What is wrong with the public log, for the level that runs it.
    log: Vec<String>,
    rows: Vec<QueueLine>,
}

async fn queue(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeAlarms>,
) -> Result<Response, Problem> {
    let title = visit.lang.pick("待办与逾期", "Due and overdue");
    let f = Frame::new(&app, &visit, Brand::Registry, title);
    let rows = alarms_of(&app, &by.actor, 500).await?;
    let org = by.actor.role.is_institution();
    let assesses = by.actor.role == domain::access::Role::Assessor;
    let rows = rows
        .into_iter()
        .map(|row| QueueLine {
            href: match &row.number {
                None if row.assessment.is_some() || row.act == "assessment_countersign" => {
                    let base = assessments::pages::base(org, assesses);
                    match row.assessment {
                        Some(id) => format!("{base}/{}", AssessmentId::new(id)),
                        None => base.to_owned(),
                    }
                }
                Some(number) if org => format!("/org/cases/{number}"),
                Some(number) => format!("/admin/cases/{number}"),
                None if row.act.starts_with("appeal_") => {
                    let base = if org {
                        "/org/appeals"
                    } else {
                        "/admin/appeals"
                    };
                    base.to_owned()
                }
                None if org => "/org/cases".to_owned(),
                // A first signature has no holder; it waits at the desk.
                None if row.holder.is_none() => "/desk".to_owned(),
                // What a whole federation owes has no admission.
                None if row.act == "bulletin_objection" => "/admin/bulletins".to_owned(),
                None if row.admission_id.is_nil() => "/admin/gradings".to_owned(),
                None => format!(
                    "/admin/decisions/{}",
                    domain::ids::AdmissionId::new(row.admission_id)
                ),
            },
            act: match (&row.holder, row.act.parse::<InstitutionTransition>()) {
                (None, Ok(_)) => format!(
                    "{} {}",
                    f.t("第二人审批:", "second signature:"),
                    act_word(&f, &row.act)
                ),
                _ => act_word(&f, &row.act),
            },
            region: app.regions.full_name(&row.site_region).to_owned(),
            due: crate::institutions::pages::day(&f, &row.due_on),
            overdue: row.kind == "overdue",
            holder: row
                .holder
                .as_deref()
                .map_or_else(String::new, |role| role_word(&f, role)),
            number: row.number.or(row.certificate),
            name: row.name,
        })
        .collect();
    let log = match by.actor.federation.as_deref() {
        Some(store::scope::NATIONAL) => log_alarms(&app, &f).await?,
        _ => Vec::new(),
    };
    staff_page(&app, StatusCode::OK, &QueuePage { f, log, rows }, None)
}

/// The alarms of the public log (trust.md LG-7, LG-10).
async fn log_alarms(app: &App, f: &Frame) -> Result<Vec<String>, Problem> {
    let mut told = Vec::new();
    if let Some(behind) = app.standing.behind() {
        told.push(format!(
            "{} {} / {}",
            f.t(
                "数据库落后于已公布的日志,暂停签发,请管理员运行 mingzheng log recover:",
                "The database is behind the published log and nothing is issued; the operator runs mingzheng log recover:",
            ),
            behind.size,
            behind.known
        ));
    }
    if let Some(lost) = crate::log::standing::quorum::lost(app).await? {
        told.push(format!(
            "{} {}",
            f.t(
                "公开日志的见证方不足法定数,新签发的证书暂不完全有效;自",
                "The quorum of the log's witnesses is lost and what is issued is not fully valid yet; since",
            ),
            f.moment(lost.since)
        ));
    }
    Ok(told)
}
