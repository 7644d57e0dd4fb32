//! What a bulletin is built from: a run, or a decision of one's own federation that still stands.

use std::collections::BTreeSet;

use domain::bulletin::{BulletinAct, BulletinKind};
use domain::ids::{AdmissionId, GradingRunId, LeafIndex};
use domain::institution::InstitutionTransition;
use store::cases::decisions::{self, Told};
use store::grading::publications::{self, PublicationState};
use store::grading::{FreezeKind, Run};

use super::acts::WriteBulletinRequest;
use super::{build, decided};
use crate::act::Act;
use crate::problem::{Code, Problem};

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

/// Nobody reads in a bulletin what the registry itself does not tell yet: results are under notice when the bulletin opens
/// its own, published when it is published, and the newest of their period. A comparison of provinces rests on an annual run,
/// and on results that every province in it has told.
pub(super) async fn may_be_told(
    act: &Act,
    kind: BulletinKind,
    federation: &str,
    run: GradingRunId,
    what: BulletinAct,
) -> Result<(), Problem> {
    let gone = || Problem::internal("a bulletin without its run");
    let run = store::grading::run(&act.tx, run).await?.ok_or_else(gone)?;
    let freeze = store::grading::freeze(&act.tx, run.freeze)
        .await?
        .ok_or_else(gone)?;
    if freeze.kind != FreezeKind::Annual {
        return Err(untold(
            "not-annual",
            "季度监测不产生等级,不能据此发布通报。",
            "A quarterly run gives no grades, and no bulletin is told from it.",
        ));
    }
    let everywhere = kind == BulletinKind::Provinces;
    let federations = if everywhere {
        let all = store::grading::results(&act.tx, run.id, None).await?;
        all.into_iter().map(|row| row.federation).collect()
    } else {
        BTreeSet::from([federation.to_owned()])
    };
    let mut of_run = false;
    for of in federations {
        let newest = publications::of_period(&act.tx, &of, freeze.freeze_on, false).await?;
        let open = newest.first().filter(|one| match one.state {
            PublicationState::Figures => false,
            PublicationState::Notice => what == BulletinAct::OpenNotice,
            PublicationState::Published => true,
        });
        // A correction of one province leaves the results of the others as they were told.
        let told = match open {
            Some(one) if one.run == run.id => {
                of_run = true;
                true
            }
            Some(one) if everywhere => {
                figures(act, run.id, &of).await? == figures(act, one.run, &of).await?
            }
            _ => false,
        };
        if !told {
            return Err(not_public(&of));
        }
    }
    // A run that was only computed to compare is told by nobody, whatever it says.
    if of_run {
        Ok(())
    } else {
        Err(untold(
            "results-not-public",
            "各省公示或公布的都不是这次评级的结果,请按各省已公示的评级重新起草。",
            "No province has told the results of this run: draft it from one that a province has told.",
        ))
    }
}

fn not_public(federation: &str) -> Problem {
    untold(
        "results-not-public",
        &format!(
            "{federation} 这次评级的结果还没有公示(通报公示前)或公布(通报发布前),或已由更正的评级取代;请先办理结果,或按最新的评级重新起草。"
        ),
        &format!(
            "The results of this run in {federation} are not under notice yet (for the notice of a bulletin), not published (for its publication), or were replaced by a correction; tell the results first, or draft it from the newest run."
        ),
    )
}

/// What a comparison of provinces tells from a run: grades and counts of the institutions of one.
async fn figures(
    act: &Act,
    run: GradingRunId,
    federation: &str,
) -> Result<BTreeSet<(AdmissionId, String, u32, u32)>, Problem> {
    let rows = store::grading::results(&act.tx, run, Some(federation)).await?;
    let mut told = BTreeSet::new();
    for row in rows {
        let entry = serde_json::from_str(&row.entry).map_err(Problem::internal)?;
        let counts = ["observed", "n"].map(|name| build::figure(&entry, name));
        told.insert((row.admission, row.grade, counts[0], counts[1]));
    }
    Ok(told)
}

fn untold(code: &'static str, zh: &str, en: &str) -> Problem {
    Problem::new(Code::TransitionRefused)
        .with_detail(zh, en)
        .with_error("", code, zh, en)
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
