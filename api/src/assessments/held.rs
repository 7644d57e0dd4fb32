//! An assessment with everything that its acts depend on, read under lock.

use domain::access::{Actor, Role};
use domain::assessment::{AssessmentAct, AssessmentFacts, AssessmentState, Standing};
use domain::ids::AssessmentId;
use store::ConnectionTrait;
use store::assessments::assessors::{self, Assessor};
use store::assessments::candidates::{self, Candidate};
use store::assessments::{Assessment, Root, Sight};
use store::institutions::Admission;
use store::scope::Scope;

use crate::act::Act;
use crate::app::App;
use crate::cases::{facts, locked};
use crate::problem::{Code, Problem};

/// An assessment, its institution, and whoever holds it.
pub(crate) struct Held {
    pub(crate) row: Assessment,
    pub(crate) admission: Admission,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) assessor: Option<Assessor>,
}

/// What somebody may see of assessments.
pub(crate) fn sight<'s>(actor: &Actor, scope: &'s Scope) -> Sight<'s> {
    if actor.role == Role::Assessor {
        Sight::Assessor(actor.person)
    } else {
        Sight::Scope(scope)
    }
}

/// Refuses an assessor who no longer holds the assessment, and says why: whoever stepped aside is in conflict.
pub(crate) fn holds(actor: &Actor, candidates: &[Candidate]) -> Result<(), Problem> {
    if actor.role != Role::Assessor {
        return Ok(());
    }
    let own = candidates.iter().find(|one| one.person == actor.person);
    match own.map(|one| one.standing) {
        Some(Standing::Drawn) => Ok(()),
        Some(Standing::Conflict) => Err(Problem::new(Code::ConflictOfInterest)),
        Some(Standing::Replaced) => Err(Problem::new(Code::TransitionRefused).with_detail(
            "这项评估已由他人承担。",
            "Somebody else holds this assessment now.",
        )),
        Some(Standing::Listed) | None => Err(Problem::not_found()),
    }
}

impl Held {
    /// Under lock, for an act. The admission is locked first, as everywhere.
    pub(crate) async fn locked(
        act: &Act,
        id: AssessmentId,
        revision: i32,
    ) -> Result<Self, Problem> {
        let held = Self::found(act, id).await?;
        if held.row.revision == revision {
            Ok(held)
        } else {
            Err(Problem::new(Code::PreconditionFailed))
        }
    }

    /// The same for a second person, who saw no revision.
    pub(crate) async fn found(act: &Act, id: AssessmentId) -> Result<Self, Problem> {
        let scope = Scope::of(&act.actor);
        let sight = sight(&act.actor, &scope);
        let find = async || {
            store::assessments::find(&act.tx, &sight, id)
                .await?
                .ok_or_else(Problem::not_found)
        };
        let seen = find().await?;
        let admission = match sight {
            Sight::Scope(_) => locked(act, seen.admission).await?,
            Sight::Assessor(_) => store::institutions::lock_any(&act.tx, seen.admission)
                .await?
                .ok_or_else(Problem::not_found)?,
        };
        let row = find().await?;
        let candidates = candidates::of(&act.tx, id).await?;
        holds(&act.actor, &candidates)?;
        if act.actor.role.is_federation() {
            facts::not_interested(act, &admission).await?;
        }
        let assessor = holder(&act.tx, &row).await?;
        Ok(Self {
            row,
            admission,
            candidates,
            assessor,
        })
    }

    /// What the table asks about an act.
    pub(crate) async fn facts(
        &self,
        act: &Act,
        root: Option<Root>,
        population: bool,
    ) -> Result<AssessmentFacts, Problem> {
        let institution = self.admission.institution.id.uuid();
        let known = facts_of(
            &act.tx,
            &act.app,
            &self.row,
            self.assessor.as_ref(),
            institution,
        );
        let visits = store::assessments::visits::of(&act.tx, self.row.id).await?;
        Ok(AssessmentFacts {
            visits: super::visits::facts(&self.row, &visits),
            drawable: root.is_some(),
            next_left: self
                .candidates
                .iter()
                .any(|one| one.standing == Standing::Listed),
            population,
            ..known.await?
        })
    }

    /// Decides an act that draws nothing.
    pub(crate) async fn decide(
        &self,
        act: &Act,
        what: AssessmentAct,
    ) -> Result<AssessmentState, Problem> {
        let facts = self.facts(act, None, false).await?;
        Ok(domain::assessment::decide(&facts, what, act.actor.role)?)
    }
}

/// The accreditation that holds an assessment.
pub(crate) async fn holder(
    db: &impl ConnectionTrait,
    row: &Assessment,
) -> Result<Option<Assessor>, Problem> {
    match row.assessor {
        None => Ok(None),
        Some(id) => Ok(assessors::find(db, id).await?),
    }
}

/// What is known of state, term and holder.
pub(crate) async fn facts_of(
    db: &impl ConnectionTrait,
    app: &App,
    row: &Assessment,
    assessor: Option<&Assessor>,
    institution: uuid::Uuid,
) -> Result<AssessmentFacts, Problem> {
    let today = app.today();
    let conflict = match assessor {
        None => false,
        Some(one) => assessors::conflicted(db, one, institution, conflict_since(app)).await?,
    };
    Ok(AssessmentFacts {
        state: row.state,
        today,
        due_on: row.due_on,
        conflict,
        accredited: assessor.is_some_and(|one| one.runs(today)),
        drawable: false,
        next_left: false,
        population: false,
        visits: domain::assessment::VisitFacts::default(),
    })
}

/// A relation that was declared, or a post that ended, before this day is a conflict no more.
pub(crate) fn conflict_since(app: &App) -> chrono::NaiveDate {
    let months = chrono::Months::new(app.evidence.assessment.conflict_months);
    let today = app.today();
    today.checked_sub_months(months).unwrap_or(today)
}

/// The first checkpoint beyond a size: nobody chooses it, and it did not exist when what is drawn from was fixed.
pub(crate) async fn root_after(
    db: &impl ConnectionTrait,
    size: u64,
) -> Result<Option<Root>, Problem> {
    let found = store::log::checkpoints_after(db, size, 1).await?;
    let Some(checkpoint) = found.into_iter().next() else {
        return Ok(None);
    };
    let hash = checkpoint
        .root
        .try_into()
        .map_err(|_| Problem::internal("a root hash has another length"))?;
    Ok(Some(Root {
        size: checkpoint.size,
        hash,
    }))
}
