//! The automatic list of conflicts. Each side has a row of its own and learns that there is another, never whose.

use chrono::Days;
use domain::evidence::{ConflictKind, EpisodeState};
use store::episodes::{self as rows, Claim, Conflict, Episode, Place};
use store::registers::Prior;
use store::scope::NATIONAL;
use uuid::Uuid;

use crate::act::Act;
use crate::grades::policies::in_force;
use crate::problem::Problem;

/// Looks at an episode that was just claimed; answers how many conflicts concern this enrolment.
pub(super) async fn look(
    act: &mut Act,
    place: &Place,
    episode: &Episode,
    text_index: &[[u8; 32]],
    prior: &Prior,
) -> Result<usize, Problem> {
    let mut found = Vec::new();
    if episode.start_on < place.start_on {
        found.push(side(
            act,
            ConflictKind::EmployedBefore,
            Some(episode),
            place,
            place.enrolment.uuid(),
        ));
    }
    if episode.related == Some(place.admission) {
        found.push(side(
            act,
            ConflictKind::RelatedEmployer,
            Some(episode),
            place,
            place.enrolment.uuid(),
        ));
    }
    claims_elsewhere(act, place, episode, prior, &mut found);
    superseded(act, place, &prior.places, &mut found).await?;
    if let Some(index) = text_index.first() {
        let same = rows::same_text(&act.tx, text_index, place.person).await?;
        if !same.is_empty() {
            found.push(side(
                act,
                ConflictKind::SameContract,
                Some(episode),
                place,
                pair(act, index),
            ));
        }
        for claim in rows::claims(&act.tx, &same).await? {
            found.push(Conflict {
                id: act.new_id(),
                kind: ConflictKind::SameContract,
                pair: pair(act, index),
                enrolment: claim.enrolment,
                episode: Some(claim.episode),
                institution: claim.institution,
                site_region: claim.site_region,
                state: "open".to_owned(),
                words: None,
                found_at: act.now,
            });
        }
    }
    rows::add_conflicts(&act.tx, &found).await?;
    Ok(found
        .iter()
        .filter(|one| one.enrolment == place.enrolment)
        .count())
}

/// A job that ends soon after it was verified; answers whether this one does.
pub(super) async fn ended(act: &mut Act, episode: &Episode) -> Result<bool, Problem> {
    let days = u64::from(act.app.evidence.evidence.ended_after_check_days);
    let soon = episode
        .decided_on
        .and_then(|on| on.checked_add_days(Days::new(days)))
        .zip(episode.last_day)
        .is_some_and(|(limit, last)| {
            episode.decided_on.is_some_and(|on| last >= on) && last <= limit
        });
    if !soon {
        return Ok(false);
    }
    let claims = rows::claims(&act.tx, &[episode.id]).await?.into_iter();
    let found: Vec<Conflict> = claims
        .map(|claim| of_claim(act, ConflictKind::EndedAfterCheck, claim))
        .collect();
    rows::add_conflicts(&act.tx, &found).await?;
    Ok(true)
}

/// What concerns one claim alone.
pub(super) fn of_claim(act: &Act, kind: ConflictKind, claim: Claim) -> Conflict {
    Conflict {
        id: act.new_id(),
        kind,
        pair: claim.enrolment.uuid(),
        enrolment: claim.enrolment,
        episode: Some(claim.episode),
        institution: claim.institution,
        site_region: claim.site_region,
        state: "open".to_owned(),
        words: None,
        found_at: act.now,
    }
}

fn side(
    act: &Act,
    kind: ConflictKind,
    episode: Option<&Episode>,
    place: &Place,
    pair: Uuid,
) -> Conflict {
    Conflict {
        id: act.new_id(),
        kind,
        pair,
        enrolment: place.enrolment,
        episode: episode.map(|one| one.id),
        institution: place.institution,
        site_region: place.site_region.clone(),
        state: "open".to_owned(),
        words: None,
        found_at: act.now,
    }
}

/// What two sides have in common, keyed: neither can compute the other from it.
fn pair(act: &Act, of: &[u8]) -> Uuid {
    let text = data_encoding::HEXLOWER.encode(of);
    let mac = act
        .app
        .store
        .vault()
        .blind_index("evidence_conflict.pair", &text);
    let mut short = [0; 16];
    short.copy_from_slice(&mac[..16]);
    Uuid::from_bytes(short)
}

fn pair_of(act: &Act, one: &Place, two: &Place) -> Uuid {
    let (a, b) = (one.enrolment.uuid(), two.enrolment.uuid());
    let (a, b) = (a.min(b), a.max(b));
    pair(act, &[a.into_bytes(), b.into_bytes()].concat())
}

/// Other institutions that claim this person for overlapping days.
fn claims_elsewhere(
    act: &Act,
    place: &Place,
    episode: &Episode,
    prior: &Prior,
    found: &mut Vec<Conflict>,
) {
    let overlapping: Vec<&Episode> = prior
        .episodes
        .iter()
        .filter(|one| {
            one.state != EpisodeState::Void
                && one.last_day.is_none_or(|last| episode.start_on <= last)
                && episode.last_day.is_none_or(|last| one.start_on <= last)
        })
        .collect();
    for claim in &prior.claims {
        let theirs = overlapping
            .iter()
            .find(|one| one.id == claim.episode)
            .copied();
        let (Some(theirs), false) = (theirs, claim.institution == place.institution) else {
            continue;
        };
        let Some(other) = prior
            .places
            .iter()
            .find(|one| one.enrolment == claim.enrolment)
        else {
            continue;
        };
        let pair = pair_of(act, place, other);
        let kind = ConflictKind::TwoClaims;
        found.push(side(act, kind, Some(episode), place, pair));
        found.push(side(act, kind, Some(theirs), other, pair));
    }
}

/// Courses of one person close enough for rule X7 to look at both (grading.md 2). The engine decides; people are told early.
async fn superseded(
    act: &Act,
    place: &Place,
    places: &[Place],
    found: &mut Vec<Conflict>,
) -> Result<(), Problem> {
    let others: Vec<&Place> = places
        .iter()
        .filter(|one| one.enrolment != place.enrolment && one.institution != place.institution)
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let policy = in_force(&act.tx, NATIONAL, act.today).await?.policy;
    let within = Days::new(policy.emp_days().into());
    for other in others {
        let (first, second) = if (place.end_on, place.enrolment) <= (other.end_on, other.enrolment)
        {
            (place, other)
        } else {
            (other, place)
        };
        let reach = first.end_on.checked_add_days(within);
        if reach.is_some_and(|reach| second.start_on <= reach) {
            let pair = pair_of(act, place, other);
            found.push(side(act, ConflictKind::Superseded, None, place, pair));
            found.push(side(act, ConflictKind::Superseded, None, other, pair));
        }
    }
    Ok(())
}
