//! Episodes of work and what their evidence is worth.

use super::rows::{Context, optional, reference};
use super::{Episode, NONE, Standing};
use crate::grading::day::Day;
use crate::grading::fault::{FaultCode, Faults, Path};
use crate::grading::fields::{Slot, open};
use crate::grading::indicator::{Contest, Tier, WorkType};
use crate::grading::json::Node;

pub(super) fn episode<'a>(
    node: &Node<'a>,
    path: &Path<'_>,
    context: &mut Context<'a, '_>,
    faults: &mut Faults,
) -> Option<Episode> {
    let names = [
        "id",
        "person",
        "type",
        "employer",
        "start",
        "last_day",
        "related_to_institution",
        "evidence",
        "contest",
        "claimed_at",
        "decided_at",
    ];
    let [
        _,
        person,
        kind,
        employer,
        start,
        last,
        related,
        evidence,
        contest,
        claimed,
        decided,
    ] = open(node, path, names, 9, faults)?;
    let person = person.text(faults);
    let kind = kind.word(WorkType::ALL, WorkType::as_str, faults);
    employer.text(faults);
    let first_day = start.date(faults);
    let last_day = optional(last, |slot| slot.date(faults));
    if let (Some(first), Ok(Some(end))) = (first_day, &last_day)
        && *end < first
    {
        faults.hint(
            last.path(),
            FaultCode::ImpossibleDate,
            "start <= last_day".to_owned(),
        );
    }
    let related = optional(related, |slot| {
        reference(slot, &context.institutions, faults)
    });
    let proof = proof(evidence, context, faults);
    let contest = optional(contest, |slot| {
        slot.word(Contest::ALL, Contest::as_str, faults)
    });
    let claimed_at = optional(claimed, |slot| slot.date(faults));
    let decided_at = optional(decided, |slot| slot.date(faults));
    if let (Ok(Some(claim)), Ok(Some(decision))) = (&claimed_at, &decided_at)
        && decision < claim
    {
        let hint = "claimed_at <= decided_at".to_owned();
        faults.hint(decided.path(), FaultCode::ImpossibleDate, hint);
    }
    let proof = proof?;
    let contested = matches!(contest.ok()?, Some(Contest::Open | Contest::Upheld));
    let undecided =
        claimed_at.ok()?.is_some() && decided_at.ok()?.is_none_or(|on| on > context.freeze);
    Some(Episode {
        person: context.persons.number(person?.clone()),
        start: first_day?,
        last: last_day.ok()?.unwrap_or(Day::LATEST),
        related: related.ok()?.unwrap_or(NONE),
        sources_from: proof.from,
        sources_count: proof.count,
        kind: kind?,
        standing: match (proof.verified && !contested, undecided) {
            (false, _) => Standing::Nothing,
            (true, true) => Standing::Undecided,
            (true, false) => Standing::Verified,
        },
        tier_a: proof.tier_a,
    })
}

struct Proof {
    verified: bool,
    tier_a: bool,
    from: u32,
    count: u32,
}

/// Verified is at least one A, or two B from different sources; C never verifies (grading.md section 3).
fn proof<'a>(
    slot: Slot<'_, 'a, '_>,
    context: &mut Context<'a, '_>,
    faults: &mut Faults,
) -> Option<Proof> {
    let nodes = slot.list(faults)?;
    let from = context.sources.len();
    let (mut tier_a, mut first_b, mut two_b, mut whole) = (false, None, false, true);
    for (at, node) in nodes.iter().enumerate() {
        let place = slot.path().index(at);
        let Some([tier, source]) = open(node, &place, ["tier", "source"], 2, faults) else {
            whole = false;
            continue;
        };
        let tier = tier.word(Tier::ALL, Tier::as_str, faults);
        let source = source.text(faults);
        let (Some(tier), Some(source)) = (tier, source) else {
            whole = false;
            continue;
        };
        if tier == Tier::C {
            continue;
        }
        let source = context.words.number(source.clone());
        context.sources.push(source);
        match tier {
            Tier::A => tier_a = true,
            _ => two_b |= *first_b.get_or_insert(source) != source,
        }
    }
    whole.then_some(Proof {
        verified: tier_a || two_b,
        tier_a,
        from: u32::try_from(from).ok()?,
        count: u32::try_from(context.sources.len() - from).ok()?,
    })
}
