//! Forms of an assessment. Each handler names the permission of whoever sends it; the use cases decide.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};
use domain::access::Actor;
use domain::assessment::{RelationKind, Severity};
use domain::ids::{AssessmentId, EnrolmentId};

use super::base_of;
use crate::access::browser::{OnPage, OwnForm};
use crate::access::permissions::{Assess, CommissionAssessments, ReplyToAssessments};
use crate::act::Receipt;
use crate::app::App;
use crate::assessments::annulment::{self, AnnulRequest};
use crate::assessments::commissioning::{self, CommissionRequest, ReplaceAssessorRequest};
use crate::assessments::declaring::{self, DeclarationRequest, RelationRequest};
use crate::assessments::publishing::{self, DismissFindingRequest};
use crate::assessments::reporting::{
    self, FinalRequest, FindingRequest, ReplyRequest, ReportRequest,
};
use crate::assessments::sample;
use crate::assessments::supplements::{self, SupplementRequest};
use crate::assessments::visits::{
    self, CountersignRequest, DraftRequest, MemberRequest, VisitRequest,
};
use crate::cases::pages::forms::{day, given, points};
use crate::extract::{IdempotencyKey, Path};
use crate::frame::Visit;
use crate::problem::{Code, Problem};

/// China's offset from UTC, in seconds.
const CHINA: i32 = 8 * 3_600;

fn malformed() -> Problem {
    Problem::new(Code::MalformedRequest)
}

/// Back to the assessment.
fn back(visit: &Visit, actor: &Actor, id: &str) -> Response {
    let base = base_of(actor);
    let en = visit.lang.pick("", "/en");
    Redirect::to(&format!("{en}{base}/{id}")).into_response()
}

fn score(form: &OwnForm) -> Result<u32, Problem> {
    form.text("score").parse().map_err(|_| {
        Problem::field(
            "/score",
            "range",
            "请填写 0 至 100 之间的整数。",
            "Give a whole number from 0 to 100.",
        )
    })
}

fn required(form: &OwnForm, name: &str) -> Result<NaiveDate, Problem> {
    day(form, name)?.ok_or_else(|| {
        Problem::field(
            format!("/{name}"),
            "missing",
            "请填写日期。",
            "Give the day.",
        )
    })
}

/// Commissions an assessment of the institution with a credit code.
pub(super) async fn commission(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<CommissionAssessments>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let scope = store::scope::Scope::of(&by.actor);
    let code = form.text("credit_code").to_uppercase();
    let admission = store::institutions::newest_of_code(app.store.reader(), &scope, &code)
        .await?
        .ok_or_else(|| {
            Problem::field(
                "/credit_code",
                "unknown-institution",
                "辖区内没有这个统一社会信用代码的机构。",
                "No institution of this area has this credit code.",
            )
        })?;
    let request = CommissionRequest {
        period_from: required(&form, "period_from")?,
        period_until: required(&form, "period_until")?,
    };
    let done = commissioning::commission(&app, &by.actor, &key, admission, &request).await?;
    let id = done.value()["id"].as_str().unwrap_or_default().to_owned();
    Ok(back(&visit, &by.actor, &id))
}

/// Acts of the commissioner.
pub(super) async fn commissioner(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<CommissionAssessments>,
    Path(id): Path<AssessmentId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let seen = form.text("revision").parse().map_err(|_| malformed())?;
    let (app, actor) = (&app, &by.actor);
    let reason = form.text("reason").to_owned();
    match form.text("act") {
        "draw" => commissioning::draw(app, actor, &key, id, seen).await?,
        "replace" => {
            let request = ReplaceAssessorRequest { reason };
            commissioning::replace(app, actor, &key, id, seen, &request).await?
        }
        "publish" => publishing::publish(app, actor, &key, id, seen).await?,
        "dismiss" => {
            let request = DismissFindingRequest { reason };
            publishing::dismiss(app, actor, &key, id, seen, &request).await?
        }
        "annul" => {
            let request = AnnulRequest { reason };
            annulment::propose(app, actor, &key, id, seen, &request).await?
        }
        _ => return Err(malformed()),
    };
    Ok(back(&visit, actor, &id.to_string()))
}

/// Acts of the institution.
pub(super) async fn institution(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ReplyToAssessments>,
    Path(id): Path<AssessmentId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let (app, actor) = (&app, &by.actor);
    match form.text("act") {
        "reply" => {
            let seen = form.text("revision").parse().map_err(|_| malformed())?;
            let request = ReplyRequest {
                text: form.text("text").to_owned(),
            };
            reporting::reply(app, actor, &key, id, seen, &request).await?
        }
        "countersign" => {
            let record = form.text("visit").parse().map_err(|_| malformed())?;
            let signed = match form.text("signed") {
                "yes" => true,
                "no" => false,
                _ => return Err(malformed()),
            };
            let request = CountersignRequest {
                signed,
                reason: given(&form, "reason"),
            };
            visits::countersign(app, actor, &key, id, record, &request).await?
        }
        _ => return Err(malformed()),
    };
    Ok(back(&visit, actor, &id.to_string()))
}

/// Acts of the assessor.
pub(super) async fn assessor(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<Assess>,
    Path(id): Path<AssessmentId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let seen = form.text("revision").parse().map_err(|_| malformed())?;
    assess(&app, &by.actor, &key, id, seen, &form).await?;
    let own = format!("{id}");
    match form.text("act") {
        // Whoever steps aside does not see it any more.
        "declaration" if form.text("kind") != "none" => {
            Ok(Redirect::to(visit.lang.pick("/assess", "/en/assess")).into_response())
        }
        _ => Ok(back(&visit, &by.actor, &own)),
    }
}

async fn assess(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    seen: i32,
    form: &OwnForm,
) -> Result<Receipt, Problem> {
    match form.text("act") {
        "declaration" => {
            let request = declaration(form)?;
            declaring::declare(app, actor, key, id, seen, &request).await
        }
        "fieldwork" => declaring::open(app, actor, key, id, seen).await,
        "draft" => {
            let request = DraftRequest {
                item: form.text("item").parse().map_err(|_| malformed())?,
                text: form.text("text").to_owned(),
            };
            visits::draft(app, actor, key, id, &request).await
        }
        "visit" => visits::record(app, actor, key, id, seen, &visited(form)?).await,
        "report" => {
            let places = sample::list(app, actor, id).await?;
            let place = |number: i32| {
                let found = places.iter().find(|one| one.place == number)?;
                found.enrolment.parse().ok()
            };
            let request = ReportRequest {
                score: score(form)?,
                text: form.text("text").to_owned(),
                findings: findings(form, place)?,
            };
            reporting::report(app, actor, key, id, seen, &request).await
        }
        "supplement" => {
            let request = SupplementRequest {
                text: form.text("text").to_owned(),
            };
            supplements::add(app, actor, key, id, seen, &request).await
        }
        "final" => {
            let request = FinalRequest {
                score: score(form)?,
                answer: form.text("answer").to_owned(),
            };
            reporting::finish(app, actor, key, id, seen, &request).await
        }
        _ => Err(malformed()),
    }
}

/// One relation, or the declaration that there is none.
fn declaration(form: &OwnForm) -> Result<DeclarationRequest, Problem> {
    let kind = form.text("kind");
    if kind == "none" {
        return Ok(DeclarationRequest {
            relations: Vec::new(),
        });
    }
    let kind: RelationKind = kind.parse().map_err(|_| malformed())?;
    Ok(DeclarationRequest {
        relations: vec![RelationRequest {
            kind,
            ended_on: day(form, "ended_on")?,
            words: form.text("words").to_owned(),
        }],
    })
}

/// A day and a time of day in China.
fn moment(on: NaiveDate, form: &OwnForm, name: &str) -> Result<DateTime<Utc>, Problem> {
    let time = NaiveTime::parse_from_str(form.text(name), "%H:%M").map_err(|_| {
        Problem::field(
            format!("/{name}"),
            "time",
            "时间写成 09:30 的样子。",
            "Write a time as 09:30.",
        )
    })?;
    let zone = FixedOffset::east_opt(CHINA).ok_or_else(|| Problem::internal("no such offset"))?;
    let local = on.and_time(time).and_local_timezone(zone).single();
    local
        .map(|local| local.with_timezone(&Utc))
        .ok_or_else(malformed)
}

/// A visit; members stand one a line: name, organisation, credit code, with commas between them.
fn visited(form: &OwnForm) -> Result<VisitRequest, Problem> {
    let on = required(form, "visited_on")?;
    let mut members = Vec::new();
    for (at, line) in points(form, "members").iter().enumerate() {
        let parts: Vec<&str> = line.split([',', ',']).map(str::trim).collect();
        let [name, organisation, credit_code] = parts[..] else {
            return Err(Problem::field(
                format!("/members/{at}"),
                "member",
                "每行写:姓名,机构,统一社会信用代码。",
                "Write on each line: name, organisation, credit code.",
            ));
        };
        members.push(MemberRequest {
            name: name.to_owned(),
            organisation: organisation.to_owned(),
            credit_code: credit_code.to_owned(),
            relations: Vec::new(),
        });
    }
    if !members.is_empty() && form.text("impartial") != "yes" {
        return Err(Problem::field(
            "/impartial",
            "missing",
            "请确认每位成员都已声明与该机构无利害关系;有利害关系的不能参加。",
            "Confirm that every member declared that there is no interest; who has one does not come along.",
        ));
    }
    Ok(VisitRequest {
        place: form.text("place").to_owned(),
        arrived_at: moment(on, form, "arrived")?,
        left_at: moment(on, form, "left")?,
        members,
        record: form.text("record").to_owned(),
    })
}

/// Findings stand one a line; `#3` names the third of the sample.
fn findings(
    form: &OwnForm,
    place: impl Fn(i32) -> Option<EnrolmentId>,
) -> Result<Vec<FindingRequest>, Problem> {
    let mut all = Vec::new();
    for severity in Severity::ALL {
        for line in points(form, severity.as_str()) {
            let (mut words, mut enrolments) = (Vec::new(), Vec::new());
            for word in line.split_whitespace() {
                match word.strip_prefix('#').map(str::parse::<i32>) {
                    Some(Ok(number)) => {
                        enrolments.push(place(number).ok_or_else(|| {
                            Problem::field(
                                format!("/{severity}"),
                                "outside-sample",
                                &format!("样本中没有 #{number}。"),
                                &format!("There is no #{number} in the sample."),
                            )
                        })?);
                    }
                    _ => words.push(word),
                }
            }
            all.push(FindingRequest {
                severity: *severity,
                text: words.join(" "),
                enrolments,
            });
        }
    }
    Ok(all)
}
