//! The body of a bulletin that tells a decision: made from the decision alone, which is a leaf of the public log. No free
//! text enters it, so that no natural person is named.

use domain::bulletin::BulletinKind;
use domain::institution::{Cause, InstitutionState, InstitutionTransition as T};
use serde::{Deserialize, Serialize};
use store::cases::decisions::Told;

use crate::app::App;
use crate::frame::Frame;
use crate::problem::Problem;

/// What such a bulletin says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecisionBody {
    /// Position of the decision in the public log.
    pub(crate) decision: u64,
    /// The transition.
    pub(crate) transition: String,
    /// Name of the institution.
    pub(crate) name: String,
    /// Its credit code.
    pub(crate) credit_code: String,
    /// The federation that decided, by name.
    pub(crate) federation_name: String,
    /// Day of the decision.
    pub(crate) decided_on: String,
    /// State before.
    pub(crate) from: Option<String>,
    /// State after.
    pub(crate) to: Option<String>,
    /// Cause.
    pub(crate) cause: Option<String>,
    /// Grade, where the decision gave one.
    pub(crate) grade: Option<String>,
    /// Last day of the notice, the term or the suspension; until when it may not apply again after an exit.
    pub(crate) until: Option<String>,
    /// Number of the official document.
    pub(crate) document: Option<String>,
    /// Who issued it.
    pub(crate) issuer: Option<String>,
}

/// Whether the decision still has its effect.
pub(super) fn stands(told: &Told) -> bool {
    !told.undone && told.stayed.as_deref() != Some(told.act.as_str())
}

/// The body, from the decision.
pub(super) fn body(app: &App, leaf: u64, told: &Told) -> Result<DecisionBody, Problem> {
    let transition: T = told.act.parse().map_err(Problem::internal)?;
    let until = match transition {
        T::T06 | T::T19 => told.notice_until.clone(),
        T::T13 | T::T17 => told.term_until.clone(),
        T::T16 => told.suspended_until.clone(),
        T::T20 | T::T22 => told.bar_until.clone(),
        _ => None,
    };
    Ok(DecisionBody {
        decision: leaf,
        transition: told.act.clone(),
        name: told.name.clone(),
        credit_code: told.credit_code.clone(),
        federation_name: crate::institutions::profile::federation_name(app, &told.federation),
        decided_on: told.effective_on.clone(),
        from: told.from_state.clone(),
        to: told.to_state.clone(),
        cause: told.cause.clone(),
        grade: matches!(transition, T::T09 | T::T10)
            .then(|| told.grade.clone())
            .flatten(),
        until,
        document: told.document.clone(),
        issuer: told.issuer.clone(),
    })
}

/// The lines of its page: word and value.
pub(super) fn lines(f: &Frame, kind: BulletinKind, body: &DecisionBody) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut add = |zh: &str, en: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push((f.t(zh, en).to_owned(), value));
        }
    };
    let state = |word: &Option<String>| {
        let state: InstitutionState = word.as_deref()?.parse().ok()?;
        Some(f.t(state.zh(), state.en()).to_owned())
    };
    let act = body.transition.parse::<T>().ok();
    let day = |text: &String| crate::institutions::pages::day(f, text);
    add("机构", "Institution", Some(body.name.clone()));
    add(
        "统一社会信用代码",
        "Credit code",
        Some(body.credit_code.clone()),
    );
    add(
        "决定",
        "Decision",
        act.map(|act| f.t(act.zh(), act.en()).to_owned()),
    );
    add("作出机关", "Decided by", Some(body.federation_name.clone()));
    add("决定日期", "Decided on", Some(day(&body.decided_on)));
    add("原状态", "State before", state(&body.from));
    add("现状态", "State after", state(&body.to));
    let cause = body
        .cause
        .as_deref()
        .and_then(|cause| cause.parse::<Cause>().ok());
    add(
        "原因",
        "Cause",
        cause.map(|cause| f.t(cause.zh(), cause.en()).to_owned()),
    );
    add(
        "等级",
        "Grade",
        body.grade
            .as_deref()
            .map(|grade| crate::institutions::pages::grade_word(f.lang(), grade)),
    );
    let (zh, en) = match (kind, act) {
        (BulletinKind::Rectification, _) => ("整改截止", "To be rectified by"),
        (BulletinKind::Suspension, _) => ("暂停至", "Suspended until"),
        (_, Some(T::T20 | T::T22)) => ("此日前不得重新申请", "No new application before"),
        _ => ("公示截止", "Notice until"),
    };
    add(zh, en, body.until.as_ref().map(day));
    add("文号", "Document", body.document.clone());
    add("发文机关", "Issuer", body.issuer.clone());
    lines
}
