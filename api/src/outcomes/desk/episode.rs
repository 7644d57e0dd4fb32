//! One piece of work: its evidence, who claims it, its follow-ups, and what the reader may do about it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Actor;
use domain::evidence::{
    EpisodeAct, EpisodeFacts, EpisodeState, FollowUpOutcome, Source, act as decide, proof,
};
use domain::grading::Tier;
use domain::ids::{EpisodeId, FileId};
use domain::institution::appealed::Grievance;
use store::ConnectionTrait;
use store::cases::grievances as appeals;
use store::episodes::{self as rows, Episode, Evidence};
use store::evidence_lists::{self as lists, Conflicts};
use store::journal::TimelineEntry;
use store::scope::Scope;

use super::{Cells, base, beside, frame, masked};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{ClaimEpisodes, DecideEpisodes, Permission as _, SeeEvidence};
use crate::app::App;
use crate::cases::pages::forms::{day, given};
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit};
use crate::grades::counts::work_word;
use crate::outcomes::acts::{self, EpisodeActRequest};
use crate::problem::{Code, Problem};

/// Most conflicts beside an episode.
const CONFLICTS: u64 = 20;
/// What stands for an employer where there is none begins with this.
const OWN: &str = "own:";

struct Proven {
    source: &'static str,
    tier: &'static str,
    on: String,
    /// Address of the document, for who may open it.
    document: Option<String>,
}

struct Asked {
    id: String,
    after_days: u32,
    due: String,
    late: bool,
    outcome: Option<&'static str>,
    /// Whether the reader may write what it found now.
    open: bool,
}

struct Told {
    on: String,
    act: String,
    to: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "evidence_episode.html")]
struct EpisodePage {
    f: Frame,
    org: bool,
    path: String,
    beside: Vec<(String, &'static str)>,
    state: &'static str,
    work: &'static str,
    /// Nothing where nobody employs.
    employer: Option<String>,
    region: Option<String>,
    days: String,
    due: Option<String>,
    overdue: bool,
    confirmed: Option<String>,
    verified: Option<String>,
    related: bool,
    claims: Vec<Cells>,
    /// Claims of others that the reader is not told more about.
    beyond: u64,
    evidence: Vec<Proven>,
    follow_ups: Vec<Asked>,
    conflicts: Vec<(String, &'static str, &'static str)>,
    history: Vec<Told>,
    acts: Vec<EpisodeAct>,
    sources: Vec<(&'static str, &'static str)>,
    outcomes: Vec<(&'static str, &'static str)>,
    revision: i32,
    form: String,
    key: String,
}

impl EpisodePage {
    fn may(&self, act: &str) -> bool {
        self.acts.iter().any(|one| one.as_str() == act)
    }
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeEvidence>,
    form: FormToken,
    Path(id): Path<EpisodeId>,
) -> Result<Response, Problem> {
    let (reader, scope) = (app.store.reader(), Scope::of(&by.actor));
    let one = rows::find(reader, &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let org = by.actor.role.is_institution();
    let list = format!("{}/episodes", base(&by.actor));
    let title = visit.lang.pick("一条就业记录", "One piece of work");
    let f =
        frame(&app, &visit, title).under(&list, visit.lang.pick("就业记录", "Work of trainees"));
    let pick = |zh, en| f.lang().pick(zh, en);
    let evidence = rows::evidence(reader, &[id]).await?;
    let documents = crate::outcomes::documents(&app, &by.actor, &evidence).await?;
    let (claims, beyond) = lists::claimants(reader, &scope, id).await?;
    let names = masked(&app, claims.iter().map(|one| one.person)).await?;
    let which = Conflicts {
        episode: Some(id),
        ..Conflicts::default()
    };
    let conflicts = lists::conflicts(reader, &scope, which, None, CONFLICTS).await?;
    // Who else spoke about it is the federations' to know.
    let history = if org {
        Vec::new()
    } else {
        store::journal::timeline(reader, id.uuid()).await?
    };
    let upheld = one.state == EpisodeState::Void
        && appeals::upheld(reader, Grievance::OutcomeVoid, &[id.uuid()])
            .await?
            .contains(&id.uuid());
    let today = app.today();
    let due = if one.contest_due_on.is_some() {
        one.contest_due_on
    } else {
        one.due_on
    };
    let page = EpisodePage {
        path: format!("{list}/{id}"),
        beside: beside(&f, &by.actor, ""),
        state: pick(one.state.zh(), one.state.en()),
        work: work_word(&f, one.work_type),
        employer: Some(one.employer.clone()).filter(|text| !text.starts_with(OWN)),
        region: one
            .work_region
            .as_deref()
            .map(|code| app.regions.full_name(code).to_owned()),
        days: format!(
            "{} – {}",
            f.date(one.start_on),
            one.last_day
                .map_or_else(|| pick("至今", "today").to_owned(), |day| f.date(day))
        ),
        overdue: due.is_some_and(|due| due < today),
        due: due.map(|day| f.date(day)),
        confirmed: one.confirmed_on.map(|day| f.date(day)),
        verified: one.decided_on.map(|day| f.date(day)),
        related: one.related.is_some(),
        claims: claims.iter().map(|one| Cells::of(one, &names)).collect(),
        beyond,
        follow_ups: follow_ups(&app, &f, &by.actor, &one).await?,
        conflicts: conflicts
            .iter()
            .map(|conflict| {
                let state = if conflict.open {
                    pick("待核查", "open")
                } else {
                    pick("已办结", "closed")
                };
                let href = format!("{}/conflicts/{}", base(&by.actor), conflict.id);
                (href, pick(conflict.kind.zh(), conflict.kind.en()), state)
            })
            .collect(),
        history: history.iter().map(|entry| told(&f, entry)).collect(),
        acts: possible(reader, &by.actor, &one, &evidence, upheld).await?,
        evidence: proven(&f, org, &evidence, &documents),
        sources: Source::ALL
            .iter()
            .filter(|source| !source.is_imported() && source.tier() != Tier::C)
            .map(|source| (source.as_str(), pick(source.zh(), source.en())))
            .collect(),
        outcomes: FollowUpOutcome::ALL
            .iter()
            .filter(|outcome| **outcome != FollowUpOutcome::Register)
            .map(|outcome| (outcome.as_str(), pick(outcome.zh(), outcome.en())))
            .collect(),
        revision: one.revision,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        org,
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// Evidence, oldest first; an institution sees which kinds there are and not who brought what when, beside the documents
/// that it brought itself.
fn proven(
    f: &Frame,
    org: bool,
    evidence: &[Evidence],
    documents: &HashMap<FileId, String>,
) -> Vec<Proven> {
    let mut seen: Vec<Source> = Vec::new();
    let mut told = Vec::new();
    for one in evidence {
        let document = one.file.filter(|file| documents.contains_key(file));
        if org && document.is_none() && seen.contains(&one.source) {
            continue;
        }
        seen.push(one.source);
        let (zh, en) = match one.source.tier() {
            Tier::A => ("登记数据", "a register"),
            Tier::B => ("独立证据", "independent"),
            Tier::C => ("申报", "a claim"),
        };
        told.push(Proven {
            source: f.lang().pick(one.source.zh(), one.source.en()),
            tier: f.lang().pick(zh, en),
            on: if org {
                String::new()
            } else {
                f.date(one.as_of)
            },
            document: document.map(|file| format!("/desk/files/{file}")),
        });
    }
    told
}

async fn follow_ups(
    app: &App,
    f: &Frame,
    actor: &Actor,
    episode: &Episode,
) -> Result<Vec<Asked>, Problem> {
    use domain::evidence::EpisodeState as S;
    let lasts = matches!(episode.state, S::Claimed | S::Corroborated | S::Verified);
    let today = app.today();
    let found = rows::follow_ups(app.store.reader(), episode.id).await?;
    Ok(found
        .into_iter()
        .map(|one| Asked {
            id: one.id.to_string(),
            after_days: one.after_days,
            late: one.outcome.is_none() && lasts && one.due_on < today,
            due: f.date(one.due_on),
            open: one.outcome.is_none()
                && lasts
                && one.due_on <= today
                && DecideEpisodes::allows(actor.role),
            outcome: one
                .outcome
                .map(|outcome| f.lang().pick(outcome.zh(), outcome.en())),
        })
        .collect())
}

/// What the table allows the reader now; what belongs to another level is not offered.
async fn possible(
    db: &impl ConnectionTrait,
    actor: &Actor,
    episode: &Episode,
    evidence: &[Evidence],
    appeal_upheld: bool,
) -> Result<Vec<EpisodeAct>, Problem> {
    use EpisodeAct as A;
    let sources: Vec<Source> = evidence.iter().map(|one| one.source).collect();
    let facts = EpisodeFacts {
        state: episode.state,
        proof: proof(&sources),
        confirmed: episode.confirmed_on.is_some(),
        ended: episode.last_day.is_some(),
        appeal_upheld,
    };
    let held = |act: A| match act {
        A::AddEvidence | A::Confirm | A::Dismiss | A::Uphold => DecideEpisodes::allows(actor.role),
        A::Contest | A::End => ClaimEpisodes::allows(actor.role),
    };
    let mut offered: Vec<EpisodeAct> = A::ALL
        .iter()
        .copied()
        .filter(|act| held(*act) && decide(facts, *act).is_ok())
        .collect();
    for act in [A::Confirm, A::Dismiss, A::Uphold] {
        if offered.contains(&act)
            && acts::of_level(db, actor.role, episode, act)
                .await?
                .is_some()
        {
            offered.retain(|one| *one != act);
        }
    }
    Ok(offered)
}

fn told(f: &Frame, entry: &TimelineEntry) -> Told {
    let pick = |zh, en| f.lang().pick(zh, en);
    let act = match entry.act.as_str() {
        "claim" => pick("申报或导入", "claimed or imported").to_owned(),
        "follow_up" => pick("回访", "follow-up").to_owned(),
        other => other.parse::<EpisodeAct>().map_or_else(
            |_| other.to_owned(),
            |act| pick(act.zh(), act.en()).to_owned(),
        ),
    };
    let to = entry.to.as_deref().unwrap_or_default();
    let to = to
        .parse::<domain::evidence::EpisodeState>()
        .map_or(to, |state| pick(state.zh(), state.en()));
    let code = entry.reason_code.as_deref().unwrap_or_default();
    let code = code
        .parse::<Source>()
        .map(|one| pick(one.zh(), one.en()))
        .or_else(|_| {
            code.parse::<FollowUpOutcome>()
                .map(|one| pick(one.zh(), one.en()))
        })
        .unwrap_or_default();
    Told {
        on: f.date(domain::calendar::today(entry.at)),
        act,
        to: to.to_owned(),
        reason: entry.reason.clone().unwrap_or_else(|| code.to_owned()),
    }
}

/// Takes an act on it.
pub(super) async fn act(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ClaimEpisodes>,
    Path(id): Path<EpisodeId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let malformed = || Problem::new(Code::MalformedRequest);
    let key: IdempotencyKey = form.text("key").parse()?;
    let revision = form.text("revision").parse().map_err(|_| malformed())?;
    let source = match given(&form, "source") {
        Some(text) => Some(text.parse().map_err(|_| malformed())?),
        None => None,
    };
    let request = EpisodeActRequest {
        act: form.text("act").parse().map_err(|_| malformed())?,
        source,
        reason: given(&form, "reason"),
        last_day: day(&form, "last_day")?,
    };
    acts::act_on(&app, &by.actor, &key, id, revision, &request).await?;
    Ok(back(&visit, &by.actor, id.to_string().as_str()))
}

/// To the page of an episode.
pub(super) fn back(visit: &Visit, actor: &Actor, id: &str) -> Response {
    let en = visit.lang.pick("", "/en");
    Redirect::to(&format!("{en}{}/episodes/{id}", base(actor))).into_response()
}
