//! Service of decisions (送达): the institution's terms begin with it.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::ids::AdmissionId;
use domain::institution::InstitutionTransition;
use serde::{Deserialize, Serialize};
use store::cases::decisions;
use store::cases::papers::Service;
use utoipa::ToSchema;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::{locked, terms};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::KIND;
use crate::problem::{Code, Problem};

/// How a decision reached the institution.
const METHODS: &[&str] = &["account", "sms", "post", "in_person", "notice"];

/// A service to record.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServeRequest {
    /// The act; its newest decision is meant.
    #[schema(value_type = String, example = "T11")]
    pub transition: InstitutionTransition,
    /// `account`, `sms`, `post`, `in_person`, `notice`.
    pub method: String,
    /// Day on which it reached the institution.
    pub served_on: NaiveDate,
    /// Receipt: who took it (by post, not by name), number of the letter.
    pub receipt: String,
}

/// A recorded service.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ServedReceipt {
    /// The act.
    pub transition: String,
    /// Day of service.
    pub served_on: String,
    /// Last day to appeal, where an appeal lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appeal_until: Option<String>,
}

/// Records a service.
pub async fn serve(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &ServeRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/receipt", &request.receipt, 2, 200);
    if !METHODS.contains(&request.method.as_str()) {
        faults.add(
            "/method",
            "unknown-value",
            "送达方式为 account、sms、post、in_person、notice 之一。",
            "The method is one of account, sms, post, in_person, notice.",
        );
    }
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "serve_decision", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = locked(&act, id).await?;
    super::facts::not_interested(&act, &admission).await?;
    let decision = if request.transition.is_public() {
        decisions::newest(&act.tx, id, request.transition).await?
    } else {
        None
    };
    let Some(decision) = decision else {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            format!("没有可以送达的“{}”决定。", request.transition.zh()),
            format!("There is no {} to serve.", request.transition.en()),
        ));
    };
    if request.served_on < decision.on || request.served_on > act.today {
        return Err(Problem::field(
            "/served_on",
            "range",
            "送达日应在作出决定之日至今天之间。",
            "The day of service lies between the decision and today.",
        ));
    }
    let service = Service {
        id: act.new_id(),
        admission: id,
        act: request.transition,
        decision: decision.id,
        method: request.method.clone(),
        served_on: request.served_on,
        receipt: request.receipt.trim().to_owned(),
        recorded_by: actor.person,
        recorded_at: act.now,
    };
    store::cases::papers::serve(&act.tx, &service).await?;
    if let Some(case) = store::cases::open_of(&act.tx, id).await?
        && case.stage == request.transition
    {
        store::cases::terms::meet(&act.tx, case.id.uuid(), &["serve"], act.today).await?;
        terms::of_service(&act, &case, request.served_on).await?;
    }
    act.record(Entry {
        kind: KIND,
        id: admission.id.uuid(),
        act: "serve",
        reason_code: Some(request.transition.as_str()),
        effective_on: Some(request.served_on),
        evidence: &[service.id.to_string()],
        ..Entry::default()
    })
    .await?;
    let appeal_until = domain::institution::appeal::appealable(request.transition)
        .then(|| crate::cases::facts::appeal_until(&act, request.served_on).to_string());
    let receipt = ServedReceipt {
        transition: request.transition.as_str().to_owned(),
        served_on: request.served_on.to_string(),
        appeal_until,
    };
    act.finish(StatusCode::CREATED, &receipt, (KIND, id)).await
}
