//! What is known of a piece of work, from a claim or from a register, becomes an episode or joins one.

use std::cmp::Ordering;

use chrono::NaiveDate;
use domain::evidence::{EpisodeState, Source};
use domain::grading::WorkType;
use domain::ids::{AdmissionId, FileId, RegisterSnapshotId};
use store::episodes::{self as rows, Claim, Episode, Evidence, NewEvidence, Place};
use store::registers::Prior;

use super::claims::{EpisodeReceipt, KIND, settle};
use super::conflicts;
use crate::act::{Act, Entry};
use crate::problem::Problem;

/// What is known of a piece of work, from a claim or from a register.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) employer: String,
    pub(crate) work_type: WorkType,
    pub(crate) start_on: NaiveDate,
    pub(crate) last_day: Option<NaiveDate>,
    pub(crate) work_region: Option<String>,
    pub(crate) source: Source,
    /// The day it tells about.
    pub(crate) as_of: NaiveDate,
    pub(crate) snapshot: Option<RegisterSnapshotId>,
    pub(crate) file: Option<FileId>,
    /// Keyed digests of the contract's text, the newest first; none without a text.
    pub(crate) text_index: Vec<[u8; 32]>,
    pub(crate) related: bool,
}

fn overlap(one: &Episode, known: &Known) -> bool {
    one.last_day.is_none_or(|last| known.start_on <= last)
        && known.last_day.is_none_or(|last| one.start_on <= last)
}

/// Writes what is known: into the episode of the same employer and overlapping days, or as a new one. The person is locked,
/// and `prior` is what stands of them; it is kept up. Monitoring and terms are the
/// caller's to move.
pub(crate) async fn record(
    act: &mut Act,
    place: &Place,
    known: &Known,
    prior: &mut Prior,
) -> Result<(Episode, EpisodeReceipt), Problem> {
    let twin = prior.episodes.iter().position(|one| {
        one.employer == known.employer && one.state != EpisodeState::Void && overlap(one, known)
    });
    let merged = twin.is_some();
    let related = related(place, known, prior);
    let at = if let Some(at) = twin {
        at
    } else {
        let new = fresh(act, place, known, related);
        rows::insert(&act.tx, &new).await?;
        prior.episodes.push(new);
        prior.episodes.len() - 1
    };
    let mut episode = prior.episodes[at].clone();
    let (before, decided) = (episode.state, episode.decided_on.is_some());
    let earlier: Vec<&Evidence> = prior
        .evidence
        .iter()
        .filter(|one| one.episode == episode.id)
        .collect();
    if merged {
        join(&mut episode, known, &earlier);
    }
    episode.related = episode.related.or(related);
    let mut sources: Vec<Source> = earlier.iter().map(|one| one.source).collect();
    sources.push(known.source);
    write(act, place, known, episode.id, prior).await?;
    settle(act, &mut episode, &sources).await?;
    prior.episodes[at] = episode.clone();
    let mut found = conflicts::look(act, place, &episode, &known.text_index, prior).await?;
    // What ends a job that was proven before may have been waiting for the proof.
    if decided && conflicts::ended(act, &episode).await? {
        found += 1;
    }
    act.record(Entry {
        kind: KIND,
        id: episode.id.uuid(),
        act: if merged { "add_evidence" } else { "claim" },
        from: merged.then_some(before.as_str()),
        to: Some(episode.state.as_str()),
        reason_code: Some(known.source.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = EpisodeReceipt {
        id: episode.id.to_string(),
        state: episode.state.as_str().to_owned(),
        merged,
        due_on: episode.due_on.map(|day| day.to_string()),
        conflicts: found,
        revision: episode.revision,
    };
    Ok((episode, receipt))
}

/// The admission to which the employer belongs: because the claimant says so, because it is the institution itself, or by
/// the federation's record. Of all the institutions that trained the person this one comes first.
fn related(place: &Place, known: &Known, prior: &Prior) -> Option<AdmissionId> {
    if known.related {
        return Some(place.admission);
    }
    let belongs = |one: &&Place| {
        known.employer == one.credit_code
            || prior.related.iter().any(|party| {
                party.institution == one.institution
                    && party.employer == known.employer
                    && party.holds(known.start_on, known.last_day)
            })
    };
    std::iter::once(place)
        .chain(&prior.places)
        .find(belongs)
        .map(|one| one.admission)
}

fn fresh(act: &Act, place: &Place, known: &Known, related: Option<AdmissionId>) -> Episode {
    Episode {
        id: act.new_id(),
        person: place.person,
        work_type: known.work_type,
        employer: known.employer.clone(),
        work_region: known.work_region.clone(),
        start_on: known.start_on,
        last_day: known.last_day,
        related,
        state: EpisodeState::Claimed,
        contest: None,
        contest_due_on: None,
        claimed_on: act.today,
        due_on: Some(
            act.app
                .calendar
                .add_working_days(act.today, act.app.evidence.evidence.verify_wd),
        ),
        confirmed_on: None,
        decided_on: None,
        created_at: act.now,
        revision: 1,
    }
}

/// The evidence, and who claims it.
async fn write(
    act: &Act,
    place: &Place,
    known: &Known,
    episode: domain::ids::EpisodeId,
    prior: &mut Prior,
) -> Result<(), Problem> {
    let evidence = NewEvidence {
        id: act.new_id(),
        episode,
        source: known.source,
        snapshot: known.snapshot,
        file: known.file.map(FileId::uuid),
        text_index: known.text_index.first(),
        by: act.actor.person,
        at: act.now,
    };
    rows::add_evidence(&act.tx, &evidence).await?;
    prior.evidence.push(Evidence {
        episode,
        source: known.source,
        by: act.actor.person,
        on: act.today,
        snapshot: known.snapshot,
        file: known.file,
        as_of: known.as_of,
    });
    let claim = Claim {
        episode,
        enrolment: place.enrolment,
        institution: place.institution,
        site_region: place.site_region.clone(),
    };
    let same = |one: &Claim| one.episode == episode && one.enrolment == place.enrolment;
    if !prior.claims.iter().any(same) {
        rows::claim(&act.tx, &claim, act.now).await?;
        prior.claims.push(claim);
    }
    Ok(())
}

/// Days and form of the stronger evidence stand. Of equals, the earlier beginning stands, and the end as the newer tells
/// it: the register that showed somebody at work shows later that it is over. Of two that tell about the same day the
/// later end stands, unless one register was read anew.
fn join(episode: &mut Episode, known: &Known, earlier: &[&Evidence]) {
    let tier = known.source.tier();
    // Whoever tells about a day before the end cannot know of the end.
    let unaware =
        known.last_day.is_none() && episode.last_day.is_some_and(|last| last >= known.as_of);
    let told = if unaware {
        episode.last_day
    } else {
        known.last_day
    };
    let strongest = earlier.iter().map(|one| one.source.tier()).min();
    match strongest.map_or(Ordering::Less, |strongest| tier.cmp(&strongest)) {
        Ordering::Less => {
            episode.start_on = known.start_on;
            episode.last_day = told;
            episode.work_type = known.work_type;
        }
        Ordering::Equal => {
            episode.start_on = episode.start_on.min(known.start_on);
            let equals = earlier.iter().filter(|one| one.source.tier() == tier);
            let newest = equals.clone().map(|one| one.as_of).max();
            let mut newest_ones = equals.filter(|one| Some(one.as_of) == newest);
            let anew =
                newest_ones.all(|one| one.source == known.source && one.snapshot != known.snapshot);
            episode.last_day = match Some(known.as_of).cmp(&newest) {
                Ordering::Less => episode.last_day,
                Ordering::Equal if !anew => match (episode.last_day, told) {
                    (Some(one), Some(two)) => Some(one.max(two)),
                    _ => None,
                },
                Ordering::Equal | Ordering::Greater => told,
            };
        }
        Ordering::Greater => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn end(text: &str) -> Option<NaiveDate> {
        (!text.is_empty()).then(|| day(text))
    }

    fn snapshot(number: u128) -> RegisterSnapshotId {
        RegisterSnapshotId::new(uuid::Uuid::from_u128(number))
    }

    /// The end of a job that stands until `stands` by one piece of evidence, after another came in.
    fn after(
        (source, as_of, stands): (Source, &str, &str),
        (new_source, new_as_of, told): (Source, &str, &str),
    ) -> Option<NaiveDate> {
        let id = uuid::Uuid::nil();
        let mut episode = Episode {
            id: id.into(),
            person: id.into(),
            work_type: WorkType::Contract,
            employer: String::new(),
            work_region: None,
            start_on: day("2026-01-05"),
            last_day: end(stands),
            related: None,
            state: EpisodeState::Verified,
            contest: None,
            contest_due_on: None,
            claimed_on: day("2026-01-05"),
            due_on: None,
            confirmed_on: None,
            decided_on: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            revision: 1,
        };
        let earlier = Evidence {
            episode: id.into(),
            source,
            by: id.into(),
            on: day(as_of),
            snapshot: source.is_imported().then(|| snapshot(1)),
            file: None,
            as_of: day(as_of),
        };
        let known = Known {
            employer: String::new(),
            work_type: WorkType::Contract,
            start_on: day("2026-01-05"),
            last_day: end(told),
            work_region: None,
            source: new_source,
            as_of: day(new_as_of),
            snapshot: new_source.is_imported().then(|| snapshot(2)),
            file: None,
            text_index: Vec::new(),
            related: false,
        };
        join(&mut episode, &known, &[&earlier]);
        episode.last_day
    }

    #[test]
    fn the_newer_of_equal_evidence_tells_the_end() {
        use Source::{Institution, LabourContract, QuotaAudit, SocialInsurance};
        let q1 = (SocialInsurance, "2026-03-31", "");
        let q2 = (SocialInsurance, "2026-06-30", "2026-05-31");
        assert_eq!(after(q1, q2), end("2026-05-31"), "a later snapshot ends it");
        assert_eq!(after(q2, q1), end("2026-05-31"), "an older one is too late");
        let q3 = (SocialInsurance, "2026-09-30", "");
        assert_eq!(after(q2, q3), None, "or takes the end back");
        let same = (SocialInsurance, "2026-06-30", "");
        assert_eq!(after(same, q2), end("2026-05-31"), "one register read anew");
        let other = (QuotaAudit, "2026-06-30", "");
        assert_eq!(after(other, q2), None, "two registers about one day");
        let quota = (QuotaAudit, "2026-06-30", "2026-04-30");
        assert_eq!(after(quota, q2), end("2026-05-31"), "the later end of both");
        // A claim says nothing against a register, and a register knows nothing of what came after its day.
        let claim = (Institution, "2026-07-31", "2026-04-30");
        assert_eq!(after(q2, claim), end("2026-05-31"));
        let letter = (LabourContract, "2026-06-01", "2026-05-31");
        assert_eq!(after(letter, q1), end("2026-05-31"));
        assert_eq!(after(letter, q3), None);
    }
}
