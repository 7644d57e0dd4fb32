//! The profile of an institution as anybody sees it: can I trust it, and use it (pages.md 3.3)?

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use certs::qr::Level;
use domain::cohort::CohortState;
use domain::institution::{InstitutionState, InstitutionTransition};
use store::institutions::Admission;
use store::public_catalogue::{self, ClassesOf, Decision, PublicCohort};

use super::pages::{day, grade_word, mark, provision_words};
use crate::app::App;
use crate::assessments::publishing::{self, PublishedAssessment};
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::grades::score::ScoreView;
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = Router::new().route("/institutions/{code}/qr.svg", get(qr));
    both(router, "/institutions/{code}", get(show))
}

struct AdmissionView {
    state: &'static str,
    icon: &'static str,
    class: &'static str,
    banner: Option<String>,
    federation: String,
    since: String,
    grade: String,
    address: String,
    phone: String,
}

struct SiteView {
    name: String,
    address: String,
    provisions: Vec<&'static str>,
}

/// A link with a word beside it.
pub(crate) struct LinkView {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) detail: String,
}

/// A class as a row.
pub(crate) struct CohortView {
    pub(crate) code: String,
    pub(crate) program: String,
    pub(crate) institution: LinkView,
    pub(crate) dates: String,
    pub(crate) state: &'static str,
    /// Free places, or why nobody can join.
    pub(crate) free: String,
}

impl CohortView {
    /// In the words of the page; `open` tells whether the institution may take trainees now.
    pub(crate) fn new(f: &Frame, row: PublicCohort, open: bool) -> Self {
        let state = row.state.parse::<CohortState>().ok();
        let free = match state {
            Some(CohortState::Enrolling) if open => {
                (i64::from(row.places) - row.taken).max(0).to_string()
            }
            Some(CohortState::Enrolling) => f.t("暂停招生", "no enrolment").to_owned(),
            Some(CohortState::Announced) => f.t("尚未开始报名", "not open yet").to_owned(),
            _ => f.t("报名已结束", "closed").to_owned(),
        };
        Self {
            state: state.map_or("", |state| f.lang().pick(state.zh(), state.as_str())),
            free,
            code: row.code,
            program: row.program_name,
            institution: LinkView {
                address: format!("/institutions/{}", row.credit_code),
                name: row.institution_name,
                detail: row.site_name,
            },
            dates: format!("{} – {}", day(f, &row.start_on), day(f, &row.end_on)),
        }
    }
}

/// A decision as a line.
pub(crate) struct DecisionView {
    pub(crate) on: String,
    pub(crate) act: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) document: Option<String>,
    pub(crate) leaf: Option<i64>,
    pub(crate) name: String,
    pub(crate) address: String,
}

/// A decision in the words of the page.
pub(crate) fn decision_view(f: &Frame, row: Decision) -> Result<DecisionView, Problem> {
    let state = |code: &Option<String>| {
        code.as_deref()
            .and_then(|code| code.parse::<InstitutionState>().ok())
            .map_or("", |state| f.lang().pick(state.zh(), state.en()))
    };
    let act = row.act.parse::<InstitutionTransition>().map_or_else(
        |_| appeal_word(f, &row.act),
        |act| f.lang().pick(act.zh(), act.en()),
    );
    Ok(DecisionView {
        on: f.date(domain::calendar::today(row.at()?)),
        act,
        from: state(&row.from_state),
        to: state(&row.to_state),
        document: row.document,
        leaf: row.leaf_index,
        name: row.name,
        address: format!("/institutions/{}", row.credit_code),
    })
}

/// What an appeal did, in the words of the page: that an act is under appeal, and the result, are public.
fn appeal_word(f: &Frame, act: &str) -> &'static str {
    let (zh, en) = match act {
        "appeal_lodged" => ("机构提出申诉", "appeal lodged"),
        "appeal_upheld" => ("申诉成立", "appeal upheld"),
        "appeal_varied" => ("申诉后变更原决定", "decision varied on appeal"),
        "appeal_dismissed" => ("维持原决定", "appeal dismissed"),
        "stay" => ("申诉期间中止执行", "stayed during the appeal"),
        "stay_end" => ("中止结束", "end of the stay"),
        _ => ("", ""),
    };
    f.lang().pick(zh, en)
}

#[derive(Template)]
#[template(path = "institution.html")]
struct DetailPage {
    f: Frame,
    name: String,
    code: String,
    admissions: Vec<AdmissionView>,
    sites: Vec<SiteView>,
    offers: Vec<LinkView>,
    cohorts: Vec<CohortView>,
    issued: u64,
    decisions: Vec<DecisionView>,
    scores: Vec<ScoreView>,
    assessments: Vec<AssessmentLine>,
    notices: Vec<String>,
}

/// A published third-party assessment.
struct AssessmentLine {
    score: u8,
    period: String,
    organisation: String,
    findings: String,
    on: String,
    lot: String,
}

fn assessment_line(f: &Frame, one: PublishedAssessment) -> AssessmentLine {
    let day = |text: &str| super::pages::day(f, text);
    let counts = one.findings;
    AssessmentLine {
        score: one.score,
        period: format!("{} – {}", day(&one.period_from), day(&one.period_until)),
        organisation: one.organisation,
        findings: format!(
            "{} {} · {} {} · {} {}",
            f.t("一般问题", "minor findings"),
            counts.minor,
            f.t("较大问题", "major"),
            counts.major,
            f.t("严重问题", "critical"),
            counts.critical
        ),
        on: day(&one.published_on),
        lot: format!("/api/v1/lots/{}", one.id),
    }
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let reader = app.store.public();
    let admissions = public_catalogue::institution(reader, &code).await?;
    let first = admissions.first().ok_or_else(Problem::not_found)?;
    let (id, name) = (first.institution.id, first.institution.name.clone());
    let open = admissions.iter().any(Admission::may_open);
    let f = Frame::new(&app, &visit, Brand::Registry, name.clone())
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/institutions", visit.lang.pick("培训机构", "Institutions"));
    let sites = store::institutions::sites(reader, id).await?;
    let sites = sites
        .into_iter()
        .map(|site| SiteView {
            address: format!("{}{}", app.regions.full_name(&site.region), site.address),
            provisions: provision_words(&f, &[site.provisions]),
            name: site.name,
        })
        .collect();
    let offers = store::offers::public(reader, None, Some(&code)).await?;
    let offers = offers
        .into_iter()
        .map(|offer| LinkView {
            address: format!("/programs/{}", offer.program_code),
            name: offer.program_name,
            detail: format!("{} {}", offer.hours, visit.lang.pick("学时", "hours")),
        })
        .collect();
    let cohorts = public_catalogue::cohorts(reader, ClassesOf::Institution(&code))
        .await?
        .into_iter()
        .map(|row| CohortView::new(&f, row, open))
        .collect();
    let decisions = public_catalogue::decisions(reader, Some(&code), 100)
        .await?
        .into_iter()
        .map(|row| decision_view(&f, row))
        .collect::<Result<_, _>>()?;
    let issued = public_catalogue::issued(reader, id).await?;
    let notices = admissions
        .iter()
        .filter_map(|row| notice(&f, row))
        .collect();
    let admissions = admissions
        .into_iter()
        .map(|row| admission_view(&app, &f, row))
        .collect();
    let scores = crate::grades::score::scores(&app, &f, id.uuid(), None).await?;
    let assessments = publishing::of_institution(&app, &code)
        .await?
        .into_iter()
        .map(|one| assessment_line(&f, one))
        .collect();
    let view = DetailPage {
        f,
        name,
        code,
        admissions,
        sites,
        offers,
        cohorts,
        issued,
        decisions,
        scores,
        assessments,
        notices,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

/// The address of the profile as a QR code, for the printed page.
async fn qr(State(app): State<App>, Path(code): Path<String>) -> Result<Response, Problem> {
    let found = public_catalogue::institution(app.store.public(), &code).await?;
    if found.is_empty() {
        return Err(Problem::not_found());
    }
    let text = format!("{}/institutions/{code}", app.config.public_url);
    let svg = certs::qr::svg(&text, Level::M).map_err(Problem::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    Ok((headers, svg).into_response())
}

/// Name of a federation, from the province down.
pub(crate) fn federation_name(app: &App, code: &str) -> String {
    if code == "660000" {
        "新疆生产建设兵团残疾人联合会".to_owned()
    } else {
        format!("{}残疾人联合会", app.regions.full_name(code))
    }
}

fn admission_view(app: &App, f: &Frame, row: Admission) -> AdmissionView {
    let (icon, class) = mark(row.state);
    AdmissionView {
        state: f.lang().pick(row.state.zh(), row.state.en()),
        icon,
        class,
        banner: banner(f, &row),
        federation: federation_name(app, &row.federation),
        since: f.date(domain::calendar::today(row.state_since)),
        grade: row.grade.map_or_else(
            || f.t("尚未定级", "not graded yet").to_owned(),
            |grade| grade_word(f.lang(), grade.as_str()),
        ),
        address: format!("{}{}", app.regions.full_name(&row.site_region), row.address),
        phone: row.phone,
    }
}

fn last_day(f: &Frame, day: Option<chrono::NaiveDate>) -> String {
    day.map_or_else(
        || f.t("另行通知", "further notice").to_owned(),
        |day| f.date(day),
    )
}

/// A notice that is in its public period now.
fn notice(f: &Frame, row: &Admission) -> Option<String> {
    if row.state != InstitutionState::AdmissionNotice {
        return None;
    }
    let until = last_day(f, row.notice_until);
    let (zh, en) = (
        format!("入库公示,截止 {until};有异议请在截止前向受理残联提出。"),
        format!(
            "Notice of admission until {until}; send objections to the federation before it ends."
        ),
    );
    Some(f.t(&zh, &en).to_owned())
}

/// What a state means for people now.
fn banner(f: &Frame, row: &Admission) -> Option<String> {
    use InstitutionState as S;
    if let Some(act) = row.stayed {
        let (zh, en) = (
            format!(
                "申诉审理中:“{}”的效力已中止,以申诉结果为准;现状态为“{}”。",
                act.zh(),
                row.state.zh()
            ),
            format!(
                "Under appeal: the {} is stayed until the outcome; the state is {} meanwhile.",
                act.en(),
                row.state.en()
            ),
        );
        return Some(f.t(&zh, &en).to_owned());
    }
    let (zh, en) = match row.state {
        S::AdmissionNotice => {
            let until = last_day(f, row.notice_until);
            (
                format!("入库公示中,至 {until} 止,还不能招生;有异议请向受理残联提出。"),
                format!(
                    "Notice of admission until {until}; no enrolment yet, objections go to the federation."
                ),
            )
        }
        S::Suspended => {
            let until = last_day(f, row.suspended_until);
            (
                format!(
                    "已暂停,最长至 {until}。暂停期间不能招生、不能开新班;在读学员由受理残联安排继续培训或转班。"
                ),
                format!(
                    "Suspended, until {until} at the latest. No enrolment and no new class meanwhile; the federation arranges for trainees now in class."
                ),
            )
        }
        S::Warned => (
            "预警中:可以招生和开班,受理残联正在跟踪。".to_owned(),
            "Warned: it may train; the federation watches it.".to_owned(),
        ),
        S::Rectifying if row.may_open() => (
            "限期整改中:可以招生和开班,受理残联正在督促整改。".to_owned(),
            "Under an order to rectify: it may train; the federation watches it.".to_owned(),
        ),
        S::Rectifying => (
            "限期整改中:已开的班照常进行,不能开新班。".to_owned(),
            "Under an order to rectify: running classes go on, no new ones.".to_owned(),
        ),
        S::ExitNotice => {
            let until = last_day(f, row.notice_until);
            (
                format!("退出公示中,至 {until} 止:不能招生和开新班;在读学员转班、结班或授完。有异议请向受理残联提出。"),
                format!(
                    "Notice of removal until {until}: no enrolment and no new class; trainees now in class are transferred, credited or taught to the end. Objections go to the federation."
                ),
            )
        }
        S::Exited => (
            "已退出目录,不能招生;已签发的证书不受影响。".to_owned(),
            "Has left the catalogue, takes no trainees; certificates issued before are not affected."
                .to_owned(),
        ),
        _ => return None,
    };
    Some(f.t(&zh, &en).to_owned())
}
