//! Whoever was drawn declares their relations to the institution: none in conflict, and they take it on; else the next of
//! the list is drawn.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::assessment::{AssessmentAct, Relation, RelationKind, Standing, decide, lot};
use domain::ids::AssessmentId;
use serde::{Deserialize, Serialize};
use store::assessments::candidates::{self, Declared};
use store::assessments::{Population, sample};
use utoipa::ToSchema;

use super::held::{Held, root_after};
use super::{AssessmentReceipt, KIND, keep, pass_on};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::Problem;

/// A relation to the institution.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationRequest {
    /// `employee owner supplier relative trainee other`.
    #[schema(value_type = String, example = "supplier")]
    pub kind: RelationKind,
    /// Its last day; left out while it lasts.
    #[serde(default)]
    pub ended_on: Option<NaiveDate>,
    /// In general words, without names, 2 to 200 characters.
    pub words: String,
}

/// A declaration: every relation, present and past. An empty list declares that there is none.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclarationRequest {
    /// The relations.
    pub relations: Vec<RelationRequest>,
}

/// Checks declared relations.
pub(super) fn check_relations(
    faults: &mut Faults,
    pointer: &str,
    relations: &[RelationRequest],
    today: NaiveDate,
) {
    if relations.len() > 20 {
        faults.add(
            pointer,
            "too-many",
            "最多列 20 项。",
            "At most 20 relations.",
        );
    }
    for (at, one) in relations.iter().enumerate().take(20) {
        faults.words(&format!("{pointer}/{at}/words"), &one.words, 2, 200);
        if one.ended_on.is_some_and(|day| day > today) {
            faults.add(
                &format!("{pointer}/{at}/ended_on"),
                "in-future",
                "结束日期不能晚于今天;仍在继续的不填。",
                "The end lies ahead; leave it out while the relation lasts.",
            );
        }
    }
}

/// Takes a declaration. A conflict may be declared until the report; it is kept, and the next of the list is drawn.
pub async fn declare(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &DeclarationRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    check_relations(&mut faults, "/relations", &request.relations, app.today());
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "declare_relations", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    let months = act.app.evidence.assessment.conflict_months;
    let conflicts = |one: &RelationRequest| {
        let relation = Relation {
            kind: one.kind,
            ended_on: one.ended_on,
        };
        relation.conflicts(act.today, months)
    };
    let conflict = request.relations.iter().any(conflicts);
    let what = if conflict {
        AssessmentAct::StepAside
    } else {
        AssessmentAct::Accept
    };
    let to = held.decide(&act, what).await?;
    for one in &request.relations {
        let declared = Declared {
            id: act.new_id(),
            assessment: id,
            person: actor.person,
            institution: held.admission.institution.id,
            relation: Relation {
                kind: one.kind,
                ended_on: one.ended_on,
            },
            words: &one.words,
            conflicts: conflicts(one),
            on: act.today,
        };
        candidates::declare(&act.tx, &declared).await?;
    }
    let mut row = held.row;
    let from = row.state;
    if conflict {
        pass_on(&act, &mut row, Standing::Conflict).await?;
    } else {
        row.state = to;
        row.accepted_size = Some(store::log::lock_head(&act.tx).await?.size);
        row.due_on = Some(next_step(&act));
    }
    let kinds: Vec<String> = request
        .relations
        .iter()
        .map(|one| one.kind.as_str().to_owned())
        .collect();
    let entry = Entry {
        act: what.as_str(),
        evidence: &kinds,
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    let mut receipt = AssessmentReceipt::of(&row);
    if conflict {
        // Who follows is not the business of who stepped aside.
        receipt.assessor = None;
    }
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

fn next_step(act: &Act) -> NaiveDate {
    terms::working_days(act, act.app.evidence.assessment.accept_wd)
}

/// Draws the sample from the first checkpoint after the acceptance and opens it for the time of the fieldwork.
pub async fn open(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "open_fieldwork", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    let root = match held.row.accepted_size {
        Some(size) => root_after(&act.tx, size).await?,
        None => None,
    };
    let (from_day, until) = (held.row.period_from, held.row.period_until);
    let all = sample::population(&act.tx, held.row.admission, from_day, until, act.today).await?;
    let facts = held.facts(&act, root, !all.is_empty()).await?;
    let to = decide(&facts, AssessmentAct::Open, actor.role)?;
    let mut row = held.row;
    let from = row.state;
    let (Some(root), Some(assessor)) = (root, row.assessor) else {
        return Err(Problem::internal(
            "a sample without a checkpoint or an assessor",
        ));
    };
    let numbers = act.app.evidence.assessment;
    let count = u32::try_from(all.len()).map_err(Problem::internal)?;
    let mut drawn = lot::order(lot::Urn::Enrolment, id.uuid(), &root.hash, &all);
    drawn.truncate(usize::try_from(numbers.sample_of(count)).map_err(Problem::internal)?);
    sample::insert(&act.tx, id, assessor, &drawn).await?;
    row.sample = Some(Population {
        root,
        count,
        sha256: lot::list_digest(&all),
    });
    row.state = to;
    row.due_on = Some(terms::calendar_days(act.today, numbers.fieldwork_days));
    let entry = Entry {
        act: "open",
        evidence: &[
            format!("checkpoint:{}", root.size),
            format!("drawn:{} of {count}", drawn.len()),
        ],
        ..Entry::default()
    };
    keep(&mut act, &mut row, from, entry).await?;
    let receipt = AssessmentReceipt::of(&row);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}
