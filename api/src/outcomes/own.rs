//! A trainee's own work: what is on record, and one tap whether it is so (workflow.md 4). The same from the link of a
//! follow-up message, which works once.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::contest::ContestGround;
use domain::evidence::{EpisodeState, Source};
use domain::ids::{EpisodeId, PersonId};
use serde::{Deserialize, Serialize};
use store::episodes::{self as rows, Episode, NewEvidence};
use utoipa::ToSchema;

use super::claims::{EpisodeReceipt, KIND, settle};
use super::{contests, terms};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::grades::monitoring;
use crate::privacy::trainee;
use crate::problem::{Code, Problem};

/// A piece of one's own work on record.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OwnEpisode {
    /// Its id.
    pub id: String,
    /// Credit code of the employer, or what stands for one.
    pub employer: String,
    /// Form of work.
    pub work_type: String,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day worked.
    pub last_day: Option<NaiveDate>,
    /// `claimed corroborated verified contested void ended`.
    pub state: String,
    /// Until when a contest should be decided.
    pub decided_by: Option<NaiveDate>,
    /// Whether one said before that it is so.
    pub confirmed_by_me: bool,
}

/// Whether an episode is so.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnAnswerRequest {
    /// It is so.
    pub holds: bool,
    /// Why not: `never_worked other_work other_dates unpaid`; with `holds: false`, and only then.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "never_worked")]
    pub reason: Option<ContestGround>,
}

/// One's own work, oldest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<OwnEpisode>, Problem> {
    let person = trainee(actor)?;
    of_person(app, person).await
}

pub(crate) async fn of_person(app: &App, person: PersonId) -> Result<Vec<OwnEpisode>, Problem> {
    let reader = app.store.reader();
    let all = rows::of_person(reader, person).await?;
    let ids: Vec<EpisodeId> = all.iter().map(|one| one.id).collect();
    let evidence = rows::evidence(reader, &ids).await?;
    let confirmed = |id| {
        let mut own = evidence.iter().filter(|one| one.episode == id);
        own.any(|one| one.source == Source::Trainee)
    };
    let shown = all.into_iter().map(|one| OwnEpisode {
        confirmed_by_me: confirmed(one.id),
        id: one.id.to_string(),
        employer: one.employer,
        work_type: one.work_type.as_str().to_owned(),
        start_on: one.start_on,
        last_day: one.last_day,
        state: one.state.as_str().to_owned(),
        decided_by: one.contest_due_on,
    });
    Ok(shown.collect())
}

/// Says of an episode on one's own record whether it is so.
pub async fn answer(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: EpisodeId,
    request: &OwnAnswerRequest,
) -> Result<Receipt, Problem> {
    let person = trainee(actor)?;
    let known = request.reason.is_none_or(ContestGround::is_by_trainee);
    if !known || request.holds == request.reason.is_some() {
        return Err(Problem::field(
            "/reason",
            "reason",
            "不属实时请选择原因:never_worked、other_work、other_dates、unpaid;属实时不填。",
            "Choose a reason when it is not so: never_worked, other_work, other_dates or unpaid; none when it is.",
        ));
    }
    let begun = app
        .begin(actor, key, "answer_own_episode", &(id, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let (mut episode, mut sources) = locked(&act, person, id).await?;
    if matches!(episode.state, EpisodeState::Void)
        || (!request.holds && episode.state == EpisodeState::Contested)
    {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "这条记录正在核查或已作废;对作废不服可以申诉。",
            "This record is being looked at or was declared void; you may appeal against that.",
        ));
    }
    if let Some(ground) = request.reason {
        contests::contest(&mut act, &mut episode, ground).await?;
    } else {
        let before = episode.state;
        confirm(&mut act, &mut episode, &mut sources).await?;
        act.record(Entry {
            kind: KIND,
            id: id.uuid(),
            act: "add_evidence",
            from: Some(before.as_str()),
            to: Some(episode.state.as_str()),
            reason_code: Some(Source::Trainee.as_str()),
            ..Entry::default()
        })
        .await?;
    }
    monitoring::update_in(app, &act.tx, &[person]).await?;
    let receipt = EpisodeReceipt {
        id: id.to_string(),
        state: episode.state.as_str().to_owned(),
        merged: false,
        due_on: episode.contest_due_on.map(|day| day.to_string()),
        conflicts: 0,
        revision: episode.revision,
    };
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// One's own episode with its sources, locked.
pub(super) async fn locked(
    act: &Act,
    person: PersonId,
    id: EpisodeId,
) -> Result<(Episode, Vec<Source>), Problem> {
    rows::lock(&act.tx, id).await?;
    store::persons::lock(&act.tx, &[person]).await?;
    let all = rows::of_person(&act.tx, person).await?;
    let episode = all.into_iter().find(|one| one.id == id);
    let episode = episode.ok_or_else(Problem::not_found)?;
    let evidence = rows::evidence(&act.tx, &[id]).await?;
    Ok((episode, evidence.iter().map(|one| one.source).collect()))
}

/// Takes the trainee's word as evidence; the same word twice is one source.
async fn confirm(
    act: &mut Act,
    episode: &mut Episode,
    sources: &mut Vec<Source>,
) -> Result<(), Problem> {
    if !sources.contains(&Source::Trainee) {
        let evidence = NewEvidence {
            id: act.new_id(),
            episode: episode.id,
            source: Source::Trainee,
            snapshot: None,
            file: None,
            text_index: None,
            by: act.actor.person,
            at: act.now,
        };
        rows::add_evidence(&act.tx, &evidence).await?;
        sources.push(Source::Trainee);
    }
    settle(act, episode, sources).await?;
    terms::keep_up(act, episode).await
}
