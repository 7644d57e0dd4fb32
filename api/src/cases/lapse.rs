//! T03: an application whose term for completion has passed lapses, without a bar.

use domain::access::Actor;
use domain::ids::TimelineId;
use domain::institution::{InstitutionState, InstitutionTransition};
use store::WriteTx;
use store::institutions::Admission;
use store::journal::TimelineEntry;

use crate::app::App;
use crate::problem::Problem;

/// Lets an application lapse: found by the registry's own job, or when the institution applies again.
pub(crate) async fn lapse(
    tx: &WriteTx,
    app: &App,
    admission: &mut Admission,
    actor: Option<&Actor>,
) -> Result<(), Problem> {
    let (now, today) = (app.now(), app.today());
    admission.state = InstitutionState::Rejected;
    admission.state_since = now;
    admission.due_on = None;
    admission.revision = store::institutions::update(tx, admission).await?;
    store::cases::terms::meet(tx, admission.id.uuid(), &[], today).await?;
    let entry = TimelineEntry {
        id: TimelineId::new(app.random.id(now)),
        object_kind: crate::institutions::admission::KIND.to_owned(),
        object_id: admission.id.uuid(),
        at: now,
        effective_on: today,
        act: InstitutionTransition::T03.as_str().to_owned(),
        from: Some(InstitutionState::Returned.as_str().to_owned()),
        to: Some(InstitutionState::Rejected.as_str().to_owned()),
        reason_code: Some("lapsed".to_owned()),
        reason: None,
        document: None,
        document_number: None,
        policy: app.policy.name(),
        evidence: "[]".to_owned(),
        role: actor
            .map_or("registry", |actor| actor.role.as_str())
            .to_owned(),
        organisation: actor.and_then(|actor| actor.institution.map(|id| id.to_string())),
        actor: actor.cloned(),
        second_person: None,
        leaf_index: None,
    };
    Ok(store::journal::record(tx, &entry).await?)
}
