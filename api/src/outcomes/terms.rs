//! Who owes which act on a trainee's work until when: to verify it, to decide a contest, to ask whether it lasts
//! (field.md 10, workflow.md 4). Silence past the day is an alarm to the level that owes it, then to the next one up.

use chrono::NaiveDate;
use domain::access::Role;
use domain::evidence::EpisodeState;
use domain::ids::AdmissionId;
use store::cases::terms as rows;
use store::episodes::{self, Episode};
use uuid::Uuid;

use crate::act::Act;
use crate::cases::terms::{Of, above_county, term};
use crate::problem::Problem;

/// Verify a claim.
const VERIFY: &str = "episode_verify";
/// Decide a contest.
const CONTEST: &str = "episode_contest";
/// Ask whether the trainee still works there.
const FOLLOW_UP: &str = "follow_up";

/// An act that is owed.
struct Owed {
    object_kind: &'static str,
    object: Uuid,
    kind: &'static str,
    holder: Role,
    due_on: NaiveDate,
}

/// Ends the terms of what was done or became pointless, and begins those of what is owed now.
pub(super) async fn keep_up(act: &Act, episode: &Episode) -> Result<(), Problem> {
    let follow_ups = episodes::follow_ups(&act.tx, episode.id).await?;
    let mut things = vec![episode.id.uuid()];
    things.extend(follow_ups.iter().map(|one| one.id));
    let open = rows::open_of_all(&act.tx, &things).await?;
    let mut owed = Vec::new();
    match (episode.state, episode.due_on, episode.contest_due_on) {
        (EpisodeState::Claimed | EpisodeState::Corroborated, Some(due_on), _) => {
            owed.push(of_episode(episode, VERIFY, Role::CountyOfficer, due_on));
        }
        (EpisodeState::Contested, _, Some(due_on)) => {
            let holder = if episode.confirmed_on.is_some() {
                let place = episodes::first_place(&act.tx, episode.id).await?;
                above_county(act, &place).await?
            } else {
                Role::CountyOfficer
            };
            owed.push(of_episode(episode, CONTEST, holder, due_on));
        }
        _ => {}
    }
    let lasts = matches!(
        episode.state,
        EpisodeState::Claimed | EpisodeState::Corroborated | EpisodeState::Verified
    );
    if lasts {
        let waiting = follow_ups.iter().filter(|one| one.outcome.is_none());
        owed.extend(waiting.map(|one| Owed {
            object_kind: FOLLOW_UP,
            object: one.id,
            kind: FOLLOW_UP,
            holder: Role::CountyOfficer,
            due_on: one.due_on,
        }));
    }
    let same = |one: &rows::Term, owed: &Owed| {
        (one.object, one.kind.as_str(), one.due_on) == (owed.object, owed.kind, owed.due_on)
    };
    let over: Vec<Uuid> = open
        .iter()
        .filter(|one| !owed.iter().any(|owed| same(one, owed)))
        .map(|one| one.id)
        .collect();
    rows::meet_these(&act.tx, &over, act.today).await?;
    owed.retain(|owed| !open.iter().any(|one| same(one, owed)));
    if owed.is_empty() {
        return Ok(());
    }
    let admission = match open.first() {
        Some(one) => one.admission,
        None => episodes::first_claimant(&act.tx, episode.id).await?,
    };
    let new: Vec<rows::Term> = owed
        .iter()
        .map(|owed| begun(act, admission, owed))
        .collect();
    Ok(rows::begin_all(&act.tx, &new).await?)
}

fn of_episode(episode: &Episode, kind: &'static str, holder: Role, due_on: NaiveDate) -> Owed {
    Owed {
        object_kind: super::claims::KIND,
        object: episode.id.uuid(),
        kind,
        holder,
        due_on,
    }
}

fn begun(act: &Act, admission: AdmissionId, owed: &Owed) -> rows::Term {
    let of = Of {
        admission,
        kind: owed.object_kind,
        id: owed.object,
    };
    term(act, of, owed.kind, owed.holder, act.today, owed.due_on)
}
