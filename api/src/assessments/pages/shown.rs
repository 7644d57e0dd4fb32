//! One assessment on a page, and the contact of one trainee of the sample.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::access::{Actor, Role};
use domain::assessment::{
    AssessmentAct, AssessmentState, ChecklistItem, Countersignature, Standing, possible,
};
use domain::ids::AssessmentId;
use store::assessments::Assessment;
use store::assessments::candidates::Candidate;
use store::assessments::{supplements, visits};

use super::base_of;
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{Assess, SeeAssessments};
use crate::app::App;
use crate::assessments::json;
use crate::assessments::sample::{self, Contact, ContactRequest, SampledTrainee, everywhere};
use crate::assessments::visits::VisitItem;
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit};
use crate::problem::Problem;

struct CandidateLine {
    place: String,
    organisation: String,
    standing: &'static str,
}

struct VisitLine {
    id: String,
    when: String,
    place: String,
    members: String,
    record: String,
    answer: &'static str,
    reason: Option<String>,
    until: String,
    open: bool,
}

struct FindingLine {
    severity: &'static str,
    text: String,
    /// How many trainees of the sample it rests on; not told to the institution.
    rests_on: usize,
}

struct SampleLine {
    enrolment: String,
    place: i32,
    name: String,
    cohort: String,
    ended: String,
    hours: String,
}

struct DraftLine {
    item: &'static str,
    words: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "assessment.html")]
struct AssessmentPage {
    f: Frame,
    /// Path of this page.
    path: String,
    name: String,
    state: &'static str,
    period: String,
    due: Option<String>,
    overdue: bool,
    listed_size: u64,
    draw: Option<(u64, String)>,
    candidates: Vec<CandidateLine>,
    visits: Vec<VisitLine>,
    report: Option<(u8, String, String)>,
    findings: Vec<FindingLine>,
    supplements: Vec<(String, String)>,
    reply: Option<String>,
    last: Option<(u8, String, String)>,
    published: Option<String>,
    consequence: Option<String>,
    annulled: Option<String>,
    /// Where a decision on a grave finding is taken.
    decide: Option<String>,
    sample: Vec<SampleLine>,
    contact: Option<(String, String)>,
    drafts: Vec<DraftLine>,
    draft_report: String,
    acts: Vec<&'static str>,
    revision: i32,
    form: String,
    key: String,
}

impl AssessmentPage {
    /// Whether the table has an act for the reader now.
    fn may(&self, act: &str) -> bool {
        self.acts.contains(&act)
    }
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeAssessments>,
    form: FormToken,
    Path(id): Path<AssessmentId>,
) -> Result<Response, Problem> {
    let page = page(&app, &visit, &by.actor, &form, id, None).await?;
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// Reads name and telephone of one trainee of the sample, and shows them on the page.
pub(super) async fn contact(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<Assess>,
    token: FormToken,
    Path(id): Path<AssessmentId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let enrolment = form
        .text("enrolment")
        .parse()
        .map_err(|_| Problem::not_found())?;
    let request = ContactRequest {
        words: form.text("words").to_owned(),
    };
    let found = sample::contact(&app, &by.actor, &key, id, enrolment, &request).await?;
    let page = page(&app, &visit, &by.actor, &token, id, Some(found)).await?;
    staff_page(&app, StatusCode::OK, &page, Some(&token))
}

async fn page(
    app: &App,
    visit: &Visit,
    actor: &Actor,
    form: &FormToken,
    id: AssessmentId,
    contact: Option<Contact>,
) -> Result<AssessmentPage, Problem> {
    let reader = app.store.reader();
    let (row, list) = json::find(app, actor, id).await?;
    let admission = store::institutions::find(reader, &everywhere(), row.admission)
        .await?
        .ok_or_else(Problem::not_found)?;
    let base = base_of(actor);
    let f = Frame::desk(app, visit, admission.institution.name.clone()).under(
        base,
        visit.lang.pick("第三方评估", "Third-party assessments"),
    );
    let pick = |zh, en| f.lang().pick(zh, en);
    let (sample, drafts) = own(app, &f, actor, &row).await?;
    let grave = actor.role.is_federation() && super::is_unanswered(&row)?;
    let findings = crate::assessments::publishing::findings(&row)?;
    let mut visit_lines = Vec::new();
    for one in visits::of(reader, id).await? {
        visit_lines.push(visit_line(&f, app, one)?);
    }
    let institution = actor.role.is_institution();
    Ok(AssessmentPage {
        path: format!("{base}/{id}"),
        name: admission.institution.name.clone(),
        state: pick(row.state.zh(), row.state.en()),
        period: format!("{} – {}", f.date(row.period_from), f.date(row.period_until)),
        overdue: row.due_on.is_some_and(|day| day < app.today()),
        due: row.due_on.map(|day| f.date(day)),
        listed_size: row.listed_size,
        draw: row
            .draw
            .map(|root| (root.size, data_encoding::HEXLOWER.encode(&root.hash))),
        candidates: list.iter().map(|one| candidate(&f, one)).collect(),
        visits: visit_lines,
        report: row
            .report
            .as_ref()
            .map(|report| (report.score, report.text.clone(), f.date(report.on))),
        findings: findings
            .iter()
            .map(|one| FindingLine {
                severity: pick(one.severity.zh(), one.severity.en()),
                text: one.text.clone(),
                rests_on: if institution { 0 } else { one.enrolments.len() },
            })
            .collect(),
        supplements: supplements::of(reader, id)
            .await?
            .into_iter()
            .map(|one| (f.date(one.on), one.text))
            .collect(),
        reply: row.reply.clone(),
        last: row
            .last
            .as_ref()
            .map(|last| (last.score, last.answer.clone(), f.date(last.on))),
        published: row.published_on.map(|day| f.date(day)),
        consequence: row.consequence.as_ref().map(|(what, on)| {
            let what = match what.parse::<domain::institution::InstitutionTransition>() {
                Ok(act) => pick(act.zh(), act.en()),
                Err(_) => pick("不予处置", "no consequence"),
            };
            format!("{what} · {}", f.date(*on))
        }),
        annulled: row.annulled_reason.clone(),
        decide: grave.then(|| format!("/admin/decisions/{}", row.admission)),
        draft_report: joined(&drafts),
        sample,
        drafts,
        contact: contact.map(|one| {
            let none = || pick("没有", "none").to_owned();
            (
                one.name.unwrap_or_else(none),
                one.phone.unwrap_or_else(none),
            )
        }),
        acts: acts(&row, actor.role, grave),
        revision: row.revision,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    })
}

/// The acts of the table, without those that have nothing to act on.
fn acts(row: &Assessment, role: Role, grave: bool) -> Vec<&'static str> {
    possible(row.state, role)
        .filter(|act| *act != AssessmentAct::Dismiss || grave)
        .map(AssessmentAct::as_str)
        .collect()
}

/// What only whoever holds it sees: the sample while the fieldwork lasts, and the drafts.
async fn own(
    app: &App,
    f: &Frame,
    actor: &Actor,
    row: &Assessment,
) -> Result<(Vec<SampleLine>, Vec<DraftLine>), Problem> {
    let open = row.state == AssessmentState::Fieldwork && row.due_on >= Some(app.today());
    let Some(assessor) = row
        .assessor
        .filter(|_| actor.role == Role::Assessor && open)
    else {
        return Ok((Vec::new(), Vec::new()));
    };
    let sample = sample::list(app, actor, row.id).await?;
    let kept = visits::drafts(app.store.reader(), row.id, assessor).await?;
    let drafts = ChecklistItem::ALL
        .iter()
        .map(|item| DraftLine {
            item: item.as_str(),
            words: f.lang().pick(item.zh(), item.en()),
            text: kept
                .iter()
                .find(|(one, _)| one == item)
                .map_or_else(String::new, |(_, text)| text.clone()),
        })
        .collect();
    Ok((sample.into_iter().map(sample_line).collect(), drafts))
}

fn sample_line(one: SampledTrainee) -> SampleLine {
    let hours = one.minutes.map_or(0, |minutes| minutes / 60);
    SampleLine {
        hours: format!("{hours}/{}", one.planned_hours),
        enrolment: one.enrolment,
        place: one.place,
        name: one.name,
        cohort: one.cohort_name,
        ended: one.ended_on,
    }
}

/// The drafts as the beginning of a report.
fn joined(drafts: &[DraftLine]) -> String {
    let given = drafts.iter().filter(|one| !one.text.is_empty());
    let parts: Vec<String> = given
        .map(|one| format!("【{}】{}", one.words, one.text))
        .collect();
    parts.join("\n")
}

fn candidate(f: &Frame, one: &Candidate) -> CandidateLine {
    let standing: Standing = one.standing;
    CandidateLine {
        place: one
            .place
            .map_or_else(|| "-".to_owned(), |place| place.to_string()),
        organisation: one.organisation.clone(),
        standing: f.lang().pick(standing.zh(), standing.en()),
    }
}

fn visit_line(f: &Frame, app: &App, one: visits::Visit) -> Result<VisitLine, Problem> {
    let answer: Countersignature = one.countersignature;
    let open = answer == Countersignature::Open && app.today() <= one.answer_until;
    let when = format!("{} – {}", f.moment(one.arrived_at), f.moment(one.left_at));
    let until = f.date(one.answer_until);
    let item = VisitItem::try_from(one)?;
    let members: Vec<String> = item
        .members
        .into_iter()
        .map(|one| format!("{}({})", one.name, one.organisation))
        .collect();
    Ok(VisitLine {
        id: item.id,
        when,
        place: item.place,
        members: members.join(f.t("、", ", ")),
        record: item.record,
        answer: f.lang().pick(answer.zh(), answer.en()),
        reason: item.reason,
        until,
        open,
    })
}
