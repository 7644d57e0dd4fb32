//! What a bulletin is built from: a run, or a decision of one's own federation that still stands.

use domain::bulletin::BulletinKind;
use domain::ids::LeafIndex;
use domain::institution::InstitutionTransition;
use store::cases::decisions::{self, Told};
use store::grading::Run;

use super::acts::WriteBulletinRequest;
use super::decided;
use crate::act::Act;
use crate::problem::Problem;

/// The run that a bulletin is built from.
pub(super) async fn run(act: &Act, request: &WriteBulletinRequest) -> Result<Run, Problem> {
    if request.decision.is_some() {
        return Err(Problem::field(
            "/decision",
            "other-ground",
            "这种通报由评级(run)生成,不由决定生成。",
            "A bulletin of this kind is built from a run, not from a decision.",
        ));
    }
    let Some(run) = request.run else {
        return Err(Problem::field(
            "/run",
            "missing-field",
            "请写明依据的评级(run)。",
            "Name the run that it is built from (run).",
        ));
    };
    store::grading::run(&act.tx, run)
        .await?
        .ok_or_else(|| Problem::field("/run", "unknown", "没有这次评级。", "There is no such run."))
}

/// The decision that a bulletin is built from: of one's own federation, of its kind, and still standing.
pub(super) async fn decision(
    act: &Act,
    request: &WriteBulletinRequest,
    federation: &str,
) -> Result<Told, Problem> {
    let at = |code, zh, en| Problem::field("/decision", code, zh, en);
    let Some(leaf) = request.decision.filter(|_| request.run.is_none()) else {
        return Err(at(
            "missing-field",
            "请只写明依据的决定在公开日志中的序号(decision)。",
            "Name the decision that it is built from by its position in the public log (decision), and no run.",
        ));
    };
    let told = decisions::told(&act.tx, LeafIndex(leaf))
        .await?
        .filter(|told| told.federation == federation)
        .ok_or_else(|| {
            at(
                "unknown",
                "本单位没有这一公开决定。",
                "One's own federation has no such public decision.",
            )
        })?;
    let fits = told
        .act
        .parse::<InstitutionTransition>()
        .is_ok_and(|act| request.kind.decisions().contains(&act));
    if !fits {
        return Err(at(
            "other-kind",
            "这一决定与通报的种类不符。",
            "The decision is not one that a bulletin of this kind tells.",
        ));
    }
    if request.kind == BulletinKind::Commendation && told.grade.as_deref() != Some("A") {
        return Err(at(
            "not-excellent",
            "只有现等级为 A 的机构可以表扬。",
            "Only an institution whose grade in force is A is commended.",
        ));
    }
    if !decided::stands(&told) {
        return Err(at(
            "set-aside",
            "这一决定已被撤销,或正在申诉中停止效力。",
            "The decision was set aside, or an appeal stays it.",
        ));
    }
    let admission = crate::cases::locked(act, told.admission_id.into()).await?;
    crate::cases::facts::not_interested(act, &admission).await?;
    Ok(told)
}
