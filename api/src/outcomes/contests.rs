//! Contests that data raise: an episode in a register, or a document about the person, says what cannot both be true
//! (workflow.md 4). The county decides them like every other contest.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::contest::{self, ContestGround, Days};
use domain::evidence::{EpisodeAct, EpisodeState, Proof, proof};
use domain::grading::{Contest, Exclusion};
use domain::ids::EpisodeId;
use store::episodes::{self as rows, Episode};
use store::registers::Prior;

use super::claims::KIND;
use super::terms;
use crate::act::{Act, Entry};
use crate::problem::Problem;

/// Contests an episode on a ground. The person is locked; monitoring is the caller's to move.
pub(super) async fn contest(
    act: &mut Act,
    episode: &mut Episode,
    ground: ContestGround,
) -> Result<(), Problem> {
    let before = episode.state;
    episode.state = EpisodeState::Contested;
    episode.contest = Some(Contest::Open);
    let days = act.app.evidence.evidence.contest_wd;
    episode.contest_due_on = Some(act.app.calendar.add_working_days(act.today, days));
    episode.revision = rows::update(&act.tx, episode).await?;
    terms::keep_up(act, episode).await?;
    act.record(Entry {
        kind: KIND,
        id: episode.id.uuid(),
        act: EpisodeAct::Contest.as_str(),
        from: Some(before.as_str()),
        to: Some(episode.state.as_str()),
        reason_code: Some(ground.as_str()),
        ..Entry::default()
    })
    .await
}

/// Looks at a person's work after a register or a document told something new, up to the day it tells about.
pub(super) async fn match_data(
    act: &mut Act,
    prior: &mut Prior,
    facts: &[(Exclusion, NaiveDate)],
    until: NaiveDate,
) -> Result<(), Problem> {
    let mut grounds: Vec<(usize, ContestGround)> = Vec::new();
    let days = |one: &Episode| Days {
        start_on: one.start_on,
        last_day: one.last_day,
    };
    for (at, one) in prior.episodes.iter().enumerate() {
        if one.state != EpisodeState::Void
            && let Some(ground) = contest::against(days(one), facts)
        {
            grounds.push((at, ground));
        }
    }
    let most = act.app.evidence.evidence.double_job_days;
    let in_register = registered(prior);
    for (at, one) in prior.episodes.iter().enumerate() {
        for (other_at, other) in prior.episodes.iter().enumerate().skip(at + 1) {
            let stand = one.state != EpisodeState::Void && other.state != EpisodeState::Void;
            if !stand
                || one.employer == other.employer
                || !contest::two_full_time(
                    (one.work_type, days(one)),
                    (other.work_type, days(other)),
                    until,
                    most,
                )
            {
                continue;
            }
            // A register against a claim speaks against the claim; of two registers nobody can tell which is right.
            let (first, second) = (in_register(one.id), in_register(other.id));
            if first || second {
                if !first || second {
                    grounds.push((at, ContestGround::TwoFullTime));
                }
                if !second || first {
                    grounds.push((other_at, ContestGround::TwoFullTime));
                }
            }
        }
    }
    for (at, ground) in grounds {
        let Some(episode) = prior.episodes.get_mut(at) else {
            continue;
        };
        let open = !matches!(episode.state, EpisodeState::Contested | EpisodeState::Void);
        // What was looked at once on this ground and dismissed is not raised again by the same data.
        let id = episode.id.uuid();
        if open && !store::journal::has(&act.tx, id, "contest", ground.as_str()).await? {
            contest(act, episode, ground).await?;
        }
    }
    Ok(())
}

/// Which episodes stand in a register.
fn registered(prior: &Prior) -> impl Fn(EpisodeId) -> bool + use<> {
    let mut sources: HashMap<EpisodeId, Vec<_>> = HashMap::new();
    for one in &prior.evidence {
        sources.entry(one.episode).or_default().push(one.source);
    }
    move |id| {
        sources
            .get(&id)
            .is_some_and(|all| proof(all) == Proof::Register)
    }
}
